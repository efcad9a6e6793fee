"""Points of include: alone in a study, beside a grid whose single values they share, and in files of programs that did not
look at the grid for them."""
import json, sys, tempfile
from pathlib import Path

import h5py
import numpy
import polysweep

import commands
from commands import check, parse, run
from merge import said

ALONE = """schema: 1
study: alone
seed: 3
data: {kind: self_attention, preset: W2}
grid: {n: 64, negative: signed}
judge: {m: 8, trials: 10}
predict: {mine: level * 2}
include:
  - {method: exact, beta: 3, d: 10, level: 1.5}
  - {method: linear, d: 18}
  - {method: polysketch, beta: 4, d: 10, r: 4, draws: 2, level: 2}
"""
SHARED = """schema: 1
study: shared
seed: 3
data: {kind: self_attention, preset: W2, noise: 0.5}
methods: [exact]
grid: {beta: [1, 3], n: 64, d: 10, negative: signed, precision: fp32}
judge: {m: 8, trials: 10}
include: [{method: exact, beta: 2, n: 128, d: 10%s}]
"""
WRITTEN_OUT = ', "negative": "refuse", "precision": "fp64"'  # as JSON has it


def test_alone(place):
    study, file = place / "alone.yaml", place / "alone.h5"
    study.write_text(ALONE)
    check(parse(run("plan", study, "--json"))["points"] == 3, "points")
    run("run", study, "-o", file, "--quiet", ranks=2)
    ds = polysweep.open(file)
    check(ds.method.values.tolist() == ["exact", "linear", "polysketch"], ds.method.values)
    check(ds.n.values.tolist() == [64] * 3 and ds.d.values.tolist() == [10, 18, 10], "shared and own")
    check(ds.negative.values.tolist() == ["signed", "refuse", "signed"], ds.negative.values)  # linear has no degree
    numpy.testing.assert_array_equal(ds.level.values, [1.5, numpy.nan, 2])
    numpy.testing.assert_array_equal(ds.predict_mine.values, [3, numpy.nan, 4])
    check(parse(run("verify", file, "--json"))["differing"] == 0, "verify")
    run("run", study, "-o", file, "--quiet")
    check((polysweep.open(file).attempt.values == 1).all(), "run again, nothing is left")
    grown = ["--set", "methods=[exact]", "--set", "grid={n: 64, d: 10, negative: signed, beta: [2, 5]}"]
    run("run", study, "-o", file, "--quiet", "--extend", *grown)
    check(polysweep.open(file).beta.values[:3].tolist() == [2, 5, 3], "a grid before them")


def test_earlier(place):
    """A file whose points of include are what they are without the grid, with the study that said so then."""
    study, file = place / "shared.yaml", place / "shared.h5"
    study.write_text(SHARED % WRITTEN_OUT)
    run("run", study, "-o", file, "--quiet")
    with h5py.File(file, "r+") as f:
        resolved = f["provenance/resolved"]
        text = resolved[()].decode()
        check(text.count(WRITTEN_OUT) == 1, text)
        resolved[()] = numpy.bytes_(text.replace(WRITTEN_OUT, " " * len(WRITTEN_OUT)))
    study.write_text(SHARED % "")
    check(parse(run("verify", file, "--json", "--sample", 100))["differing"] == 0, "verified as it was meant")
    rows = [json.loads(line) for line in run("show", file, "--jsonl", "--columns", "precision,negative").splitlines()]
    check([row["precision"] for row in rows] == ["fp32", "fp32", "fp64"], rows)
    words = said("run", study, "-o", file, code=2)
    check("negative, signed here, exact, 2, 128, 10 in the file" in words, "the other point is named", words)
    run("merge", place / "merged.h5", file)
    study.write_text(SHARED % WRITTEN_OUT)
    run("run", study, "-o", file, "--quiet")  # the point written out is the file's
    run("run", study, "-o", place / "merged.h5", "--quiet", "--extend", "--set", "grid.beta=[1,3,5]")
    check(polysweep.open(place / "merged.h5").sizes["point"] == 4, "taken over")


def main():
    with tempfile.TemporaryDirectory() as folder:
        test_alone(Path(folder))
        test_earlier(Path(folder))
    print(commands.checks, "checks,", commands.failed, "failed", file=sys.stderr)
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
