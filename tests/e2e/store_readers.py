"""The result file in the readers that people use: nothing missing, no integer turned to float, no digit lost."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np
import xarray

import polysweep

WRITER = Path(os.environ["POLYSWEEP_BUILD"]) / "tests" / "store_writer"
SLOTS = 200
ROWS_SLOTS = 6

# the names that scripts may rely on, by their type; u1 are codes
FLOATS = """
beta noise a_0 a_1 b c kappa den_constant cosine classes success_rate success_lo success_hi fire_rate_d1 fire_rate_d0
margin_d1 margin_d0 active_d1 active_d0 value_d1 value_d0 special_mass_d1 special_mass_d0 leak_mass_d1 gap
theory_special_mass_d1 theory_special_mass_d0 theory_success theory_fire_d1 theory_fire_d0 beta_fail beta_c beta_ok
beta_large beta_up_special beta_up_class beta_up_class_3s beta_up success_z predict_mine predict_yours
err_amm err_attn err_out err_out_max err_bias err_amm_mean err_attn_mean err_out_mean err_out_max_mean err_bias_mean
err_amm_q90 err_attn_q90 err_out_q90 err_out_max_q90 err_bias_q90 neg_frac min_den_ratio state_bytes
err_out_good err_out_row_q50 err_out_row_q90
err_out_ref err_out_ref_mean err_out_ref_q90 err_out_ref_good err_out_ref_max err_out_ref_row_q50 err_out_ref_row_q90 cos_ref
skill_ref tv_ref neg_scores entropy_ref
time_median_s time_lo_s time_hi_s head_s io_s wait_s flops head_flops bytes gflops peak_gflops memory_bytes
predicted_s predicted_bytes start_s end_s load_balance comm_efficiency parallel_efficiency sent_bytes comm_s
""".split()
INTEGERS = """
n d v r features local draws j3 m trials head block team_asked attempt deaths launch successes fires_d1 fires_d0 tie bad_rows
den_rows err_rows cos_ref_zeros map_features exact_map team nodes ranks_per_node threads first_rank
""".split()
CODES = """
method mask precision data_kind preset row_norm negative status error_code timing time_stop
""".split()
UNSIGNED = ["seed", "commit"]
KINDS = {**dict.fromkeys(FLOATS, "<f8"), **dict.fromkeys(INTEGERS, "<i8"), **dict.fromkeys(CODES, "|u1"),
         **dict.fromkeys(UNSIGNED, "<u8")}
NCDUMP = {"<f8": "double", "<i8": "int64", "|u1": "ubyte", "<u8": "uint64"}

failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print("FAILED:", what)


def tool(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    check(done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr[:300]}")
    return done.stdout


def raw_values(path):
    with h5py.File(path) as file:
        for name, kind in KINDS.items():
            check(name in file and file[name].dtype.str == kind, f"h5py: {name} is not {kind}")
        check(file["status"].attrs["flag_meanings"].decode().split()[2] == "done", "h5py: flag_meanings of status")
        check(file.attrs["schema_version"] == 1, "h5py: schema_version")
        check(file["provenance/resolved"][()].decode().startswith("{"), "h5py: /provenance/resolved")
        check(len(file["provenance/launches/number"]) == 64, "h5py: /provenance/launches")
        return {name: file[name][...] for name in KINDS}


def check_xarray(path, engine, values):
    with xarray.open_dataset(path, engine=engine) as data:
        for name, kind in KINDS.items():
            if name not in data.variables:
                check(False, f"{engine}: {name} is missing")
                continue
            found = data[name]
            check(found.dims == ("point",), f"{engine}: {name} has dimensions {found.dims}")
            check(found.dtype.kind == np.dtype(kind).kind, f"{engine}: {name} became {found.dtype}")
            check(np.array_equal(found.values, values[name], equal_nan=kind == "<f8"), f"{engine}: values of {name}")
            check({"units", "long_name", "reproducibility"} <= set(found.attrs), f"{engine}: attributes of {name}")
        check({"beta", "n", "d", "method", "classes"} <= set(data.coords), f"{engine}: parameters are coordinates")
        check(data.attrs["schema_name"] == "polysweep", f"{engine}: schema_name")
        check(int(data["seed"][3]) == 2**64 - 1 - 3, f"{engine}: seed lost digits")


def pack(path):
    packed = path.replace(".h5", ".packed.h5")
    tool(str(WRITER), "pack", path, packed)
    check(os.path.getsize(packed) < os.path.getsize(path), f"{os.path.getsize(packed)} bytes packed")
    return packed


def expected_rows(slots):
    """What the writer put: two data sets of n = 256 + slot rows of 18 numbers, [set][row][feature]."""
    counts = [2 * (256 + slot) for slot in range(slots)]
    row = np.concatenate([slot + np.arange(count) / 1024 for slot, count in enumerate(counts)])
    value = np.concatenate([slot + np.arange(18 * count) / 2**20 for slot, count in enumerate(counts)])
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return {"output": value, "special_mass": row, "log2_den": row, "first_row": first, "first_value": 18 * first,
            "sets": np.full(slots, 2), "queries": np.array(counts) // 2}


def check_rows(place):
    """The group /rows: named dimensions, every number, the rest of the file as readable as without it."""
    path = os.path.join(place, "rows.h5")
    tool("mpirun", "-n", "2", str(WRITER), "write", path, str(ROWS_SLOTS), "0", "rows")
    packed = pack(path)
    for file in (path, packed):
        check_rows_of(file)
    with h5py.File(packed) as file:
        check(file["rows/output"].compression == "gzip", "rows/output is not packed")


def check_rows_of(path):
    expected = expected_rows(ROWS_SLOTS)
    dims = {"output": "value", "special_mass": "row", "log2_den": "row"}
    with h5py.File(path) as file:
        for name, values in expected.items():
            check(np.array_equal(file["rows"][name][...], values), f"h5py: values of rows/{name}")
    for engine in ("h5netcdf", "netcdf4"):
        with xarray.open_dataset(path, engine=engine) as data:
            check(data.sizes["point"] == ROWS_SLOTS and "success_rate" in data, f"{engine}: the root beside /rows")
        with xarray.open_dataset(path, engine=engine, group="rows") as data:
            for name, values in expected.items():
                found = data[name]
                check(found.dims == (dims.get(name, "point"),), f"{engine}: rows/{name} has dimensions {found.dims}")
                check(found.dtype.kind == values.dtype.kind, f"{engine}: rows/{name} became {found.dtype}")
                check(np.array_equal(found.values, values), f"{engine}: values of rows/{name}")
                check({"units", "long_name", "reproducibility"} <= set(found.attrs), f"{engine}: attributes of rows/{name}")
            check("row" not in data.variables and "value" not in data.variables, f"{engine}: empty dimensions have values")
    header = tool("ncdump", "-h", path)
    for name, values in expected.items():
        kind = "double" if values.dtype.kind == "f" else "int64"
        check(f"{kind} {name}({dims.get(name, 'point')}) ;" in header, f"ncdump: rows/{name}")
    check('DATASET "log2_den"' in tool("h5dump", "-H", path), "h5dump: rows/log2_den")
    for slot in (0, ROWS_SLOTS - 1):
        found = polysweep.rows(path, slot)
        check(found["output"].dims == ("set", "row", "feature"), "polysweep.rows: dimensions")
        check(found["output"].shape == (2, 256 + slot, 18), "polysweep.rows: shape")
        check(float(found["output"][1, 3, 5]) == slot + ((256 + slot + 3) * 18 + 5) / 2**20, "polysweep.rows: output")
        check(float(found["log2_den"][1, 3]) == slot + (256 + slot + 3) / 1024, "polysweep.rows: log2_den")


def main():
    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, os.path.basename(place) + ".h5")
        tool("mpirun", "-n", "2", str(WRITER), "write", path, str(SLOTS))
        values = raw_values(path)
        check((values["status"] == 2).all(), "not all slots are done")
        packed = pack(path)
        found = raw_values(packed)
        for name in KINDS:
            check(found[name].tobytes() == values[name].tobytes(), f"h5py: {name} of a packed file")
        for engine in ("h5netcdf", "netcdf4"):
            check_xarray(path, engine, values)
            check_xarray(packed, engine, values)
        header = tool("ncdump", "-h", path)
        for name, kind in KINDS.items():
            check(re.search(rf"\t{NCDUMP[kind]} {name}\(point\) ;", header), f"ncdump: {NCDUMP[kind]} {name}(point)")
            check((f"\t{name}:_FillValue" in header.replace("\t\t", "\t")) == (kind == "<f8"),
                  f"ncdump: _FillValue of {name}")
        check_rows(place)
        listing = tool("h5dump", "-H", path)
        for name in [*KINDS, "point", "study", "resolved"]:
            check(f'DATASET "{name}"' in listing, f"h5dump: {name}")
    print(f"{len(KINDS)} columns, {len(failures)} failures")
    return 1 if failures else 0


sys.exit(main())
