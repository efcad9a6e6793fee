"""Packed files: the same contents to every command and reader, in a fraction of the bytes; what writes to one unpacks it first;
and whatever fails or is killed on the way, the file is what it was or complete."""
import os, signal, subprocess, sys, tempfile
from pathlib import Path

import fcntl
import h5py
import numpy
import xarray

import polysweep

import commands
from commands import PROGRAM, check, parse, run

STUDY = """schema: 1
study: packed
seed: 3
data: {preset: W2}
methods: [exact, closed_form, {tensorsketch: {r: 8, draws: 2}}]
grid: {n: [64, 128], d: 10, beta: {from: 1, to: 16, step: 1}}
judge: {m: 8, trials: 10}
time: {reps: 2, max_reps: 3, warmup: 0}
output: {keep: [rows, samples]}
"""
SEARCH = """schema: 1
study: searched
data: {preset: W2}
methods: [closed_form]
grid: {n: [64, 256], d: [10, 18], beta: {from: 1, to: 64, step: 1}}
search: {over: beta, column: theory_success}
"""
LARGE = """schema: 1
study: large
data: {preset: W2}
methods: [closed_form]
grid: {n: {from: 1024, to: 102400, step: 1024}, d: 66, beta: {from: 1, to: 100, step: 1}}
"""


def said(*arguments, ranks=0, code=0, **environment):
    """On stderr."""
    command = (["mpirun", "-n", str(ranks)] if ranks else []) + [PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})
    check(done.returncode == code, command, "ended with", done.returncode, "not", code, done.stderr)
    return done.stderr


def contents(path):
    """Every dataset's bytes, and every attribute."""
    found = {}

    def see(name, at):
        if isinstance(at, h5py.Dataset):
            found[name] = (at.dtype.str, at.shape, at[()].tobytes())
            if "_FillValue" in at.attrs:
                found[name + "@"] = repr(at.attrs["units"])

    with h5py.File(path) as file:
        file.visititems(see)
        found["/"] = {k: str(v) for k, v in file.attrs.items() if k not in ("packed", "history")}
    return found


def same(a, b, what):
    a, b = contents(a), contents(b)
    check(a.keys() == b.keys(), what, set(a) ^ set(b))
    check(not [k for k in a if a[k] != b.get(k)], what, [k for k in a if a[k] != b.get(k)][:5])


def is_packed(path):
    with h5py.File(path) as file:
        return file.attrs.get("packed", 0) == 1


def pack(file, small):
    told = parse(run("pack", file, "-o", small, "--json"))
    check(told["bytes"] == os.path.getsize(small) and told["bytes_before"] == os.path.getsize(file), told)
    same(file, small, "pack")
    return told


def number(bytes_, at, size):
    return int.from_bytes(bytes_[at : at + size], "little")


def layout(bytes_, at):
    """Version of a dataset's layout, from its header of version 1 (format specification, IV.A.1.a, IV.A.2.i and q)."""
    check(bytes_[at] == 1, "a header of version", bytes_[at])
    stretches = [(at + 16, number(bytes_, at + 8, 4))]
    for begin, size in stretches:
        message = begin
        while message < begin + size:
            kind, data = number(bytes_, message, 2), message + 8
            if kind == 0x08:
                return bytes_[data]
            if kind == 0x10:
                stretches.append((number(bytes_, data, 8), number(bytes_, data + 8, 8)))
            message = data + number(bytes_, message + 2, 2)


def test_form(small):
    """What HDF5 1.8 reads: its formats of files, headers and tables of chunks, and no filter but its own two."""
    filters, bytes_ = set(), Path(small).read_bytes()

    def see(_, at):
        if isinstance(at, h5py.Dataset):
            made = at.id.get_create_plist()
            filters.update(made.get_filter(i)[0] for i in range(made.get_nfilters()))

    with h5py.File(small) as file:
        file.visititems(see)
        bare = [k for k in ("recall", "asked") if file[k].id.get_storage_size()]
        check(not bare and file["recall"].shape == file["n"].shape, "all fill, and stored:", bare)
        at = [h5py.h5o.get_info(x.id).addr for x in file.values() if isinstance(x, h5py.Dataset)]
        versions = {layout(bytes_, address) for address in at}
        check(versions == {3}, "layouts of versions", versions, "where 4 came with HDF5 1.10")
    check(filters == {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE}, filters)
    check(bytes_[8] <= 1, "superblock of version 0 or 1")
    younger = [word for word in (b"FAHD", b"FADB", b"EAHD", b"EAIB", b"EADB") if word in bytes_]
    check(not younger, "tables of chunks of a younger HDF5:", younger)


def values(dataset):
    """Bit for bit, without attributes; xarray's own comparison takes ten times as long."""
    return {name: (v.dims, v.dtype, numpy.asarray(v.values).tobytes() if v.dtype != object else v.values.tolist())
            for name, v in dataset.variables.items()}


def test_readers(whole, small):
    with polysweep.open(whole) as a, polysweep.open(small) as b:
        check(values(a) == values(b), "polysweep.open")
    for engine in ("h5netcdf", "netcdf4"):
        with xarray.open_dataset(whole, engine=engine) as a, xarray.open_dataset(small, engine=engine) as b:
            check(values(a) == values(b), engine)
            check(b["recall"].isnull().all() and (b["asked"] == 0).all(), engine, "fill values")
    for tool in (["h5dump", "-A", "0", "-d", "/beta_c"], ["ncdump", "-v", "successes,recall"]):
        texts = [subprocess.run([*tool, str(f)], capture_output=True, text=True, check=True).stdout for f in (whole, small)]
        lines = [sorted(text.splitlines()[1:]) for text in texts]  # attributes are in another order
        lines = [[line for line in list if "packed" not in line] for list in lines]
        check(lines[0] == lines[1], tool, "says something else of a packed file", set(lines[0]) ^ set(lines[1]))


def test_commands(place, whole, small):
    check(run("show", whole, "--csv") == run("show", small, "--csv"), "show")
    check(parse(run("status", small, "--json"))["done"] == 96, "status")
    for ranks in (0, 2):
        told = parse(run("verify", small, "--json", ranks=ranks))
        check(told["recomputed"] == 96 and told["torn"] == told["differing"] == 0, told)
    told = parse(run("merge", place / "both.h5", small, whole, "--json"))
    check(told["compared"] == 96 and not told["differing"] and not is_packed(place / "both.h5"), told)
    rows = [polysweep.rows(file, 3) for file in (whole, small)]
    check(rows[0].drop_attrs().identical(rows[1].drop_attrs()), "polysweep.rows")
    check("packed already" in said("pack", small, "-o", place / "x.h5", code=2), "pack of a packed file")
    check("exists" in said("pack", whole, "-o", small, code=3), "over a file")
    check("-o" in said("pack", whole, code=2), "without a name")
    with open(f"{whole}.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check("still writing" in said("pack", whole, "-o", place / "x.h5", code=3), "in use")
    check(not (place / "x.h5").exists(), "a refusal leaves nothing")
    packing = subprocess.Popen([PROGRAM, "pack", whole, "-o", place / "x.h5", "--json"], stdout=subprocess.PIPE,
                               env={**os.environ, "POLYSWEEP_FAULT": "store.pack:0:1:stop"})
    os.waitpid(packing.pid, os.WUNTRACED)
    check("in use by another run" in said("run", place / "study.yaml", "-o", whole, code=3), "a run while it is packed")
    packing.send_signal(signal.SIGCONT)
    check(parse(packing.communicate()[0].decode())["ended"] == 96 and packing.wait() == 0, "and then it is packed")
    (place / "x.h5").unlink()


def test_repacked(place, whole):
    """What the message about a file in another form says to type."""
    for way in (["-f", "SHUF", "-f", "GZIP=6"], ["-f", "NONE", "-l", "CONTI"]):
        file = place / "repacked.h5"
        subprocess.run(["h5repack", *way, str(whole), str(file)], check=True)
        check(run("show", file, "--csv") == run("show", whole, "--csv"), "after h5repack", *way)


def test_nothing_left(study, small):
    """A run that has nothing to do leaves the file as it is, with and without what its sidecar knows."""
    before = small.read_bytes()
    for ranks in (2, 0):
        check("stays packed" in said("run", study, "-o", small, ranks=ranks), "nothing left")
    check("stays packed" in said("run", study, "-o", small, "--redo", "failed"), "nothing failed")
    check(small.read_bytes() == before, "it was written to")


def test_work_left(place, study, whole):
    cut, small = place / "cut.h5", place / "cut.small.h5"
    run("run", study, "-o", cut, "--quiet", "--where", "n == 64", ranks=2)
    check("unfinished  48" in run("pack", cut, "-o", small), "an unfinished file")
    before = small.read_bytes()
    check("48 of 96 points done; nothing of what --where" in said("run", study, "-o", small, "--where", "n == 64"), "--where")
    for fault in ("store.pack", "store.replace"):
        said("run", study, "-o", small, code=3, POLYSWEEP_FAULT=f"{fault}:0:1")
        check(small.read_bytes() == before, fault, "and the file is another")
    said("run", study, "-o", small, code=-9, POLYSWEEP_FAULT="store.pack:0:1:kill")
    check("was packed; unpacked" in said("run", study, "-o", small, ranks=2), "unpacked")
    check(not is_packed(small), "still packed")
    told = parse(run("merge", place / "again.h5", small, whole, "--json"))
    check(told["compared"] == 96 and not told["differing"], told)
    check(not list(place.glob("*.new*")), "left behind", list(place.glob("*.new*")))


def test_extend(place, study, small):
    grown = place / "grown.h5"
    grown.write_bytes(small.read_bytes())
    text = said("run", study, "-o", grown, "--extend", "--set", "grid.beta={from: 1, to: 17, step: 1}", ranks=2)
    check("96 done points kept" in text and "102 of 102" in text and not is_packed(grown), text)


def test_at_the_end(place, study):
    file, asked = place / "end.h5", ("--set", "output.pack=true")
    text = said("run", study, "-o", file, *asked, POLYSWEEP_FAULT="store.pack:0:1")
    check("note:" in text and "stays as it was" in text and not is_packed(file), text)
    said("run", study, "-o", file, *asked, code=-9, POLYSWEEP_FAULT="store.pack:0:1:kill")
    told = parse(run("status", file, "--json"))
    check((told["state"], told["done"]) == ("done", 96), "killed while packing", told)
    text = said("run", study, "-o", file, *asked, "--where", "n == 64")
    check(is_packed(file) and "packed in" in text, "packed by a launch that computed nothing", text)
    check("stays packed" in said("run", study, "-o", file, *asked, ranks=2), "again")
    cut = place / "end.cut.h5"
    said("run", study, "-o", cut, *asked, "--where", "n == 64 and beta <= 2")
    check(not is_packed(cut), "work is left")
    check("packed in" in said("run", study, "-o", cut, *asked, ranks=2) and is_packed(cut), "the last launch packs")
    run("verify", cut)


def test_search(place):
    study, file, small = (place / name for name in ("search.yaml", "search.h5", "search.small.h5"))
    study.write_text(SEARCH)
    run("run", study, "-o", file, "--quiet")
    pack(file, small)
    check(run("show", file, "--edges", "--csv") == run("show", small, "--edges", "--csv"), "show --edges")
    check(polysweep.open_edges(file).drop_attrs().identical(polysweep.open_edges(small).drop_attrs()), "open_edges")
    run("verify", small)
    for ranks in (0, 2):
        text = said("run", study, "-o", small, ranks=ranks)
        check("of 256 points done" in text and "stays packed" in text and is_packed(small), "a search on it", text)
    check("256 of 256" in said("run", study, "-o", small, "--redo", "not_needed"), "all of its grid")
    check(not is_packed(small), "unpacked for --redo")


def test_parts(place, study):
    for k in (1, 2):
        run("run", study, "-o", place / "p.h5", "--part", f"{k}/2", "--quiet", "--set", "output.pack=true")
        check(is_packed(place / f"p.{k}.h5"), "a part")
    told = parse(run("merge", place / "joined.h5", place / "p.1.h5", place / "p.2.h5", "--json"))
    check(told["done"] == told["slots"] == 96, told)


def test_bytes(place):
    """What analysis/doc/file-format.md promises."""
    study, file, small = (place / name for name in ("large.yaml", "large.h5", "large.small.h5"))
    study.write_text(LARGE)
    run("run", study, "-o", file, "--quiet", ranks=2)
    planned = parse(run("plan", study, "--json"))["file_bytes"]
    check(os.path.getsize(file) == planned, os.path.getsize(file), "bytes, planned", planned)
    told = pack(file, small)
    print(f"closed_form: {told['bytes_before'] / told['slots']:.1f} bytes a point, packed {told['bytes'] / told['slots']:.1f}")
    check(told["bytes"] <= 64 * told["slots"], told["bytes"] / told["slots"], "bytes a point")


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        study, whole, small = place / "study.yaml", place / "whole.h5", place / "small.h5"
        study.write_text(STUDY)
        run("run", study, "-o", whole, "--quiet", ranks=2)
        pack(whole, small)
        test_form(small)
        test_readers(whole, small)
        test_commands(place, whole, small)
        test_repacked(place, whole)
        test_nothing_left(study, small)
        if sys.argv[1:] == ["long"]:
            test_bytes(place)
            test_search(place)
            test_parts(place, study)
            test_extend(place, study, small)
        else:
            test_work_left(place, study, whole)
            test_at_the_end(place, study)
    print(commands.checks, "checks,", commands.failed, "failed", file=sys.stderr)
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
