import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
import synthetic
import xarray as xr

import polysweep


def test_everything_is_there_with_its_type(p1, p1_file):
    with h5py.File(p1_file) as file:
        for name in file:
            if not isinstance(file[name], h5py.Dataset) or name == "point":
                continue
            read = p1[name + "_code"] if name in synthetic.WORDS else p1[name]
            assert read.dtype == file[name].dtype, name
            assert np.array_equal(read.values, file[name][...], equal_nan=read.dtype.kind == "f"), name
            assert read.dims == ("point",)
            assert read.attrs["units"] == file[name].attrs["units"]


def test_checksums_keep_every_digit(p1):
    assert p1["commit"].dtype == np.uint64 and int(p1["commit"].max()) > 2 ** 53
    assert p1["seed"].dtype == np.uint64


def test_words(p1):
    assert set(np.unique(p1["method"])) == {"exact", "softmax", "linear"}
    assert set(np.unique(p1["status"])) == {"done"} and "method" in p1.coords
    assert p1["method_code"].dtype == np.uint8 and p1["method_code"].attrs["flag_meanings"].startswith("exact softmax")
    assert p1.where(p1.method == "softmax", drop=True)["beta"].isnull().all()


def test_what_is_not_committed_is_masked(w2):
    slots = [3, 10, 13]
    assert w2["committed"].values[slots].tolist() == [False, False, True]
    assert w2["status"].values[slots].tolist() == ["running", "empty", "failed"]
    assert np.isnan(w2["theory_success"].values[slots[:2]]).all() and (w2["successes"].values[slots[:2]] == 0).all()
    assert w2["successes"].dtype == np.int64
    assert (w2["n"].values[slots] == 4096).all()  # what identifies a point stays
    assert int(w2["done"].sum()) == w2.sizes["point"] - 3


@pytest.mark.parametrize("column, value", [("margin_d1", None), ("successes", 3), ("theory_success", 0.5), ("n", 65),
                                           ("commit", 42), ("success_rate", np.nan)])
def test_a_torn_slot_is_not_believed(p1_file, tmp_path, column, value):
    """One column that is not what the commit word was made of: half a run written, or a slot taken up again."""
    path = tmp_path / "torn.h5"
    path.write_bytes(p1_file.read_bytes())
    with h5py.File(path, "r+") as file:
        if column in file:
            file[column][5] = value
    ds = polysweep.open(path)
    believed = np.ones(ds.sizes["point"], bool)
    believed[5] = column == "margin_d1"  # not in this file: a column that is missing changes nothing
    assert np.array_equal(ds["committed"], believed)
    assert np.isnan(ds["gap"].values[5]) != believed[5] and ds["n"].values[5] > 0


def test_a_column_added_later_changes_no_commit_word(p1_file, tmp_path):
    path = tmp_path / "later.h5"
    path.write_bytes(p1_file.read_bytes())
    with h5py.File(path, "r+") as file:
        file.create_dataset("err_new", data=np.full(file["n"].shape, np.nan)).dims[0].attach_scale(file["point"])
    assert polysweep.open(path)["done"].all()


def test_reads_while_another_process_has_the_file_open_for_writing(p1_file, tmp_path):
    path = tmp_path / "live.h5"
    path.write_bytes(p1_file.read_bytes())
    writer = subprocess.Popen([sys.executable, "-c", "import h5py, sys\nf = h5py.File(sys.argv[1], 'r+')\n"
                               "print('open', flush=True)\nsys.stdin.read()", str(path)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env={k: v for k, v in os.environ.items() if k != "HDF5_USE_FILE_LOCKING"})
    try:
        assert writer.stdout.readline().strip() == b"open"
        with h5py.File(path, "r", locking=False):
            pass
        reader = subprocess.run([sys.executable, "-c", "import sys, polysweep\n"
                                 "print(int(polysweep.open(sys.argv[1]).done.sum()))", str(path)],
                                capture_output=True, text=True,
                                env={k: v for k, v in os.environ.items() if k != "HDF5_USE_FILE_LOCKING"})
        assert reader.stdout.strip() == "112", reader.stderr
    finally:
        writer.communicate()


def test_selected_columns(p1_file):
    ds = polysweep.open(p1_file, columns=["success_rate"])
    assert "success_rate" in ds and "theory_success" not in ds and "beta" in ds.coords and "commit" in ds
    assert ds["done"].all()


def test_own_axes_and_predictions(tmp_path):
    rows = synthetic.fill(synthetic.points(["P1"], ["exact"], [2, 4], [64], [10, 18], 8, 20))
    for row in rows:
        row["classes"] = float(row["d"] - 2)
        row["predict_mine"] = 3.5
    synthetic.write(tmp_path / "own.h5", rows, own=["classes"], predict=["predict_mine"])
    ds = polysweep.open(tmp_path / "own.h5")
    assert ds.attrs["own_axes"] == ["classes"] and "classes" in ds.coords and "predict_mine" in ds.data_vars
    assert polysweep.axes(ds) == ["d", "beta"]  # classes follows from d


def test_provenance_and_failures(w2_file, w2):
    found = polysweep.provenance(w2_file)
    assert found["study"].startswith("schema: 1") and found["resolved"]["study"] == "phase-test"
    assert len(found["launches"]) == 1 and found["launches"]["hosts"].tolist() == ["node1"]
    assert w2.attrs["provenance_study"] == found["study"] and w2.attrs["schema_name"] == "polysweep"
    failed = polysweep.failures(w2_file)
    assert failed.to_numpy().tolist() == [[13, 1, "attend", "not enough memory"]]


def test_no_failures_is_an_empty_table(p1_file):
    assert len(polysweep.failures(p1_file)) == 0


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
def test_plain_xarray_opens_it_too(p1_file, p1, engine):
    pytest.importorskip({"netcdf4": "netCDF4"}.get(engine, engine))
    with xr.open_dataset(p1_file, engine=engine) as ds:
        names = {name for name in p1.variables if not name.endswith("_code")} - {"committed", "done"}
        assert names <= set(ds.variables)
        assert ds["commit"].dtype == np.uint64


def test_foreign_and_newer_files(tmp_path, p1_rows):
    with pytest.raises(polysweep.FileError, match="no such file"):
        polysweep.open(tmp_path / "nothing.h5")
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(polysweep.FileError, match="text.h5"):
        polysweep.open(tmp_path / "text.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = [1.0]
    with pytest.raises(polysweep.FileError, match="not a result file of polysweep"):
        polysweep.open(tmp_path / "foreign.h5")
    synthetic.write(tmp_path / "newer.h5", p1_rows[:2], version=2)
    with pytest.raises(polysweep.FileError, match="newer"):
        polysweep.open(tmp_path / "newer.h5")
