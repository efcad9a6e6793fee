"""verify computes kept rows again: on one rank, on many, by a team that shares a point; one changed row is found."""
import sys, tempfile
from pathlib import Path

import h5py
import numpy

import commands
import polysweep
from commands import check, parse, run

STUDY = """schema: 1
study: rows
seed: 5
data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 3}
methods: [exact, softmax, closed_form, polysketch: {r: 6, draws: 2}, favor: {features: 64, draws: 2}]
grid: {mask: [full, causal], precision: [fp64, fp32], n: [64, 144], d: 10, beta: [2, 4], block: 64}
judge: {m: 8, trials: 10}
output: {keep: [rows]}
"""
MEMORY = ("--set", "grid={n: 4096, d: 10, beta: [4], block: 64}", "--set", "methods=[exact]")


def change(path, slot, line, row, factor=None):
    """Another value in a row of a slot, and the way back."""
    with h5py.File(path, "r+") as file:
        rows, width = file["rows"], int(file["v"][slot]) if line == "output" else 1
        at = int(rows["first_value" if line == "output" else "first_row"][slot]) + row * width
        before = rows[line][at]
        rows[line][at] = numpy.nextafter(before, numpy.inf) if factor is None else before * factor

    def undo():
        with h5py.File(path, "r+") as file:
            file["rows"][line][at] = before

    return undo


def slot_of(path, **wanted):
    with h5py.File(path) as file:
        found = numpy.ones(len(file["n"]), bool)
        for name, value in wanted.items():
            meanings = file[name].attrs.get("flag_meanings")
            if meanings is not None:
                value = numpy.bytes_(meanings).decode().split().index(value)
            found &= file[name][...] == value
        return int(numpy.flatnonzero(found)[0])


def found(path, slot, line, ranks=0):
    told = parse(run("verify", path, "--json", "--quiet", ranks=ranks, code=4))
    check(told["columns"] == {f"rows/{line}": 1} and told["differing"] == 1, told)
    check({d["slot"] for d in told["differences"]} == {slot}, told)
    check({d["column"] for d in told["differences"]} == {f"rows/{line}"}, told)


def test_same(path):
    for ranks in (0, 2, 3):
        told = parse(run("verify", path, "--json", ranks=ranks))
        with h5py.File(path) as file:
            kept = int((file["rows/sets"][...] > 0).sum())
        check(told["differing"] == 0 and told["with_rows"] == kept > 0, ranks, told)
    check(f"the kept rows of {kept}" in run("verify", path), "words")


def test_launch(path):
    """A slot whose launch is another than it says is computed again."""
    slots = polysweep.open(path).sizes["point"]
    for name, value in (("started", b"1999-12-31T23:59:59Z"), ("hosts", b"elsewhere"), ("blas_kernel", b"another")):
        with h5py.File(path, "r+") as file:
            before = file["provenance/launches"][name][0]
            file["provenance/launches"][name][0] = value
        check(parse(run("verify", path, "--json", code=4))["torn"] == slots, name)
        check(not polysweep.open(path)["committed"].values.any(), name)
        with h5py.File(path, "r+") as file:
            file["provenance/launches"][name][0] = before
    with h5py.File(path, "r+") as file:
        file["launch"][3] = 1
    check(parse(run("verify", path, "--json", code=4))["torn"] == 1, "a launch that is not there")
    check(polysweep.open(path)["committed"].values.sum() == slots - 1, "the same in Python")
    with h5py.File(path, "r+") as file:
        file["launch"][3] = 0


def test_changes(path):
    exact = slot_of(path, method="exact", precision="fp32", n=144, mask="causal")
    softmax = slot_of(path, method="softmax", precision="fp64", n=144, mask="full")
    sketch = slot_of(path, method="polysketch", precision="fp64", n=64, mask="causal")
    for slot, line, row in ((exact, "output", 287), (softmax, "special_mass", 3), (exact, "log2_den", 160)):
        undo = change(path, slot, line, row)
        found(path, slot, line, ranks=2 if line == "output" else 0)
        check(f"slot {slot} " in (words := run("verify", path, code=4)) and f"rows/{line}" in words, words)
        undo()
    undo = change(path, sketch, "log2_den", 70)
    told = parse(run("verify", path, "--json", code=4))  # states may differ by as much between teams, but it was not put
    check(told["altered"] == 1 and told["torn"] == told["differing"] == 0, told)
    try:
        polysweep.rows(path, sketch)
        check(False, "rows that are not those put were read")
    except polysweep.FileError as why:
        check(f"the rows of point {sketch} are not those that were written" in str(why), why)
    undo()
    undo = change(path, sketch, "log2_den", 70, factor=1 + 1e-9)
    found(path, sketch, "log2_den")
    undo()
    run("verify", path)


def test_team(place, study):
    """A point that fits only a team of all ranks: each compares the rows that it has."""
    path = place / "team.h5"
    needs = parse(run("plan", study, "--json", "--ranks", 1, *MEMORY))["largest"]["memory_bytes"]
    limit = ("--set", f"run.memory_per_rank={int(needs * 0.8)}")
    run("run", study, "-o", path, "--quiet", *MEMORY, *limit, ranks=2)
    told = parse(run("verify", path, "--json"))
    check(told["too_large"] == told["recomputed"] > 0 and told["with_rows"] == 0, "one rank cannot", told)
    told = parse(run("verify", path, "--json", ranks=2))
    check(told["too_large"] == 0 and told["with_rows"] == told["recomputed"] and told["differing"] == 0, told)
    slot = slot_of(path, method="exact")
    for row in (5, 2000, 4090, 8191):  # of D_0 and D_1, of both ranks
        undo = change(path, slot, "output", row)
        found(path, slot, "output", ranks=2)
        undo()


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        study, path = place / "study.yaml", place / "rows.h5"
        study.write_text(STUDY)
        run("run", study, "-o", path, "--quiet", ranks=2)
        test_same(path)
        test_launch(path)
        test_changes(path)
        test_team(place, study)
    print(commands.checks, "checks,", commands.failed, "failed", file=sys.stderr)
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
