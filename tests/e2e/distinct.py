"""Of equal queries one: with `queries: distinct` every column of a study is what it is with all queries, on one rank and in
teams; kept rows are those of tokens, against numpy; where no queries are equal nothing changes; what a person is told."""
import os, sys, tempfile
from pathlib import Path

import h5py
import numpy
import polysweep
from polysweep import oracle

import commands
from commands import check, parse, run
from old_files import refused

STUDY = """schema: 1
study: distinct
seed: 5
data: {kind: self_attention, preset: %s}
methods: [exact, softmax, linear, topk: {keep: 20}, polysketch: {r: 6, draws: 2}, favor: {features: 16, draws: 2}]
grid: {precision: [fp64, fp32], n: [96, 224], d: 18, j3: [3, 95], block: 40, beta: [2, 4]}
judge: {m: 12, trials: 20}
output: {keep: [rows]}
"""
MIXED = """schema: 1
study: mixed
data: {kind: self_attention, preset: W2, queries: distinct}
methods: [exact, softmax, window: {local: 8}, nystrom: {landmarks: 8}, closed_form]
grid: {noise: [0, 0.1], negative: signed, mask: [full, causal], n: 96, d: 10, block: 32, beta: [2, 4]}
exclude: [{when: method == nystrom and mask == causal, why: no such form}]
judge: {m: 8, trials: 4}
"""
DISTINCT = ("--set", "data.queries=distinct")
# a row is made and kept once, and another form of the computation has other costs
OTHER = {"queries", "err_rows", "head_pruned", "content_checksum", "flops", "bytes", "head_flops", "theory_err_amm"}
# sums over rows, in double, in another order; in single precision sums over the rows of a leaf are in that
SUMS = {"value_d0", "value_d1"}


def columns(path):
    with h5py.File(path) as file:
        return {name: (item[()], numpy.bytes_(item.attrs["reproducibility"]) == b"bitwise", item.attrs["reproducibility_other"])
                for name, item in file.items() if isinstance(item, h5py.Dataset) and "reproducibility" in item.attrs}


def same_columns(one, other, what):
    a, b = columns(one), columns(other)
    check((b["queries"][0] == 1).all() and (a["queries"][0] == 0).all(), what, "which queries")
    for name in a:
        x, y = a[name][0], b[name][0]
        if name in OTHER or not numpy.isfinite(a[name][2][0]):
            continue
        if a[name][1] and name not in SUMS:
            check(numpy.array_equal(x, y, equal_nan=x.dtype.kind == "f"), what, name, "differs")
        else:  # errors are held against no less than 0.01, as verify does; fp32: what the column says of other kernels
            single = numpy.where(a["precision"][0] == 0, 1e-9, max(1e-9, a[name][2][1]))
            unit = numpy.maximum(numpy.abs(x), 0.01) * (512 * 2.0**-24 if name in SUMS else single)
            there = ~numpy.isnan(x)
            check((there == ~numpy.isnan(y)).all() and (numpy.abs(x - y) <= unit)[there].all(), what, name, x[there], y[there])
    check((b["flops"][0] < a["flops"][0]).mean() > 0.9, what, "less work")
    check((b["err_rows"][0][a["err_rows"][0] > 0] == 17).all(), what, "distinct rows are compared")


def test_columns(study):
    for preset in ("P1", "W2"):
        study.write_text(STUDY % preset)
        run("run", study, "-o", f"{preset}.h5", "--quiet")
        run("run", study, "-o", f"{preset}-few.h5", "--quiet", *DISTINCT)
        same_columns(f"{preset}.h5", f"{preset}-few.h5", preset)
        for ranks in (3,) if preset == "W2" else ():
            team = ("--set", f"run.team={ranks}")
            run("run", study, "-o", f"{preset}-{ranks}.h5", "--quiet", "--oversubscribe", *team, ranks=ranks)
            run("run", study, "-o", f"{preset}-few-{ranks}.h5", "--quiet", "--oversubscribe", *team, *DISTINCT, ranks=ranks)
            same_columns(f"{preset}-{ranks}.h5", f"{preset}-few-{ranks}.h5", f"{preset}, {ranks} ranks")
        told = parse(run("verify", f"{preset}-few.h5", "--json", ranks=2))
        check(told["differing"] == 0 and told["with_rows"] > 0, "verify", told)


def test_rows(path, few):
    """Kept rows, against those of all queries and against numpy."""
    table = polysweep.open(few)
    with h5py.File(few) as file:
        check((file["rows/queries"][...] == 17).all(), "rows of a data set")
    for point in range(0, table.sizes["point"], 3):
        all_rows, rows, at = polysweep.rows(path, point), polysweep.rows(few, point), table.isel(point=point)
        token = rows["token"].values
        check("token" not in all_rows.coords and int(rows["times"].sum()) == int(at["n"]), point, "tokens")
        for name in ("output", "special_mass", "log2_den"):
            check(numpy.array_equal(rows[name].values, all_rows[name].values[:, token]), point, name)
        if at["method"] not in ("exact", "softmax", "linear"):
            continue
        beta = 1 if numpy.isnan(at["beta"]) else float(at["beta"])
        for number, a in enumerate(("a_0", "a_1")):
            everything = oracle.tokens(int(at["n"]), 18, float(at[a]), float(at["b"]), float(at["c"]), int(at["j3"]))
            out = oracle.attend(everything, beta, str(at["method"].values))[0]
            # sums over 224 keys, in double or in single precision
            close = 1e-12 if at["precision"] == "fp64" else 1e-5
            kept = rows["output"].values[number]
            check(numpy.allclose(kept, out[token], rtol=close, atol=close), point, "numpy", abs(kept - out[token]).max())
            check(numpy.allclose(rows["times"].values @ kept, out.sum(axis=0), rtol=close, atol=close), point, "all tokens")


def test_where_nothing_is_equal(study):
    """Such points are those that they are without the key."""
    study.write_text(MIXED)
    run("run", study, "-o", "mixed.h5", "--quiet")
    found = polysweep.open("mixed.h5")
    few = (found["queries"] == "distinct").values
    expected = found["method"].isin(["exact", "softmax"]) & (found["noise"] == 0) & (found["mask"] == "full")
    check((few == expected.values).all() and few.sum() == 3, "where queries are equal", few)
    check(parse(run("verify", "mixed.h5", "--json"))["differing"] == 0, "verify")
    study.write_text(MIXED.replace(", queries: distinct", "").replace("noise: [0, 0.1]", "noise: [0, 0.1], queries: [all, distinct]"))
    run("run", study, "-o", "axis.h5", "--quiet")
    check(polysweep.open("axis.h5").sizes["point"] == found.sizes["point"] + 3, "an axis is one point where nothing is equal")
    study.write_text(STUDY % "P1")
    other = ("--set", "data={kind: gaussian}", "--set", "methods=[exact]")
    every, few = (parse(run("plan", study, "--json", *other, *more)) for more in ((), DISTINCT))
    check(every["points"] == few["points"] == 8, "another kind of data", every["points"], few["points"])


def test_studies(study):
    """The key makes another study; its default, written or not, makes none."""
    study.write_text(STUDY % "P1")
    run("run", study, "-o", "P1.h5", "--quiet", "--set", "data.queries=all")
    told = refused("run", study, "-o", "P1.h5", *DISTINCT, code=2)
    check("data.queries: distinct here, all in the file" in told, told)
    told = refused("plan", study, "--set", "data.queries=few", code=2)
    check("all, distinct" in told, told)
    check("data.queries" in run("help", "keys"), "help")


def test_plan(study):
    study.write_text(STUDY % "P1")
    wide = ("--set", "grid={n: 16384, d: 66, beta: [4, 8]}", "--set", "methods=[exact]", "--ranks", "1")
    every, few = (parse(run("plan", study, "--json", *wide, *more)) for more in ((), DISTINCT))
    # keys are made all the same; scores are fewer by n / (d - 1) = 252
    check(few["busy_s"] < every["busy_s"] / 50, "less time", few["busy_s"], every["busy_s"])


def main():
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        study = Path("distinct.yaml")
        test_columns(study)
        test_rows("P1.h5", "P1-few.h5")
        test_where_nothing_is_equal(study)
        test_studies(study)
        test_plan(study)
    print(f"{commands.checks} checks, {commands.failed} failed", file=sys.stderr)
    sys.exit(commands.failed > 0 or commands.checks == 0)


main()
