"""A scaling study on real ranks: tables and figures hold the file's own times; those of a crowded node are never drawn."""
import os, subprocess, sys, tempfile
from pathlib import Path

import numpy as np

import polysweep
from polysweep import figures, report

PROGRAM = Path(os.environ["POLYSWEEP_BUILD"]) / "polysweep"
STUDY = """schema: 1
study: scaling
data: {kind: gaussian}
methods: [exact, polysketch: {r: 16}]
grid: {beta: 4, n: [1024, 2048], d: 32, mask: causal, team: [1, 2]}
time: {reps: 6, max_reps: 6}
"""
WEAK = """schema: 1
study: weak
data: {kind: gaussian}
methods: [exact]
zip: {size: {n: [1024, 1448], team: [1, 2]}}
grid: {beta: 4, d: 32, block: 64}
time: {reps: 6, max_reps: 6}
"""
failed = []


def check(condition, what):
    if not condition:
        failed.append(what)
        print("failed:", what, file=sys.stderr)


def run(place, name, text, ranks, *more):
    study, file = place / f"{name}.yaml", place / f"{name}.h5"
    study.write_text(text)
    done = subprocess.run(["mpirun", "-n", str(ranks), PROGRAM, "run", study, "-o", file, "--quiet", *more],
                          capture_output=True, text=True)
    check(done.returncode == 0, f"{name} ended with {done.returncode}: {done.stderr[-500:]}")
    return file


def drawn(ds):
    functions = (figures.strong, figures.weak, figures.decomposition, figures.roofline)
    return [figure.name for function in functions for figure in function(ds)]


def strong(file):
    ds = polysweep.open(file)
    table = polysweep.scaling.strong(ds)
    check(len(table) == 8 and table["series"].nunique() == 4, f"{len(table)} points of strong scaling")
    time = ds["time_median_s"].values[table["slot"]]
    check((table["time_s"] == time).all() and (time > 0).all(), "times are those of the file")
    base = time.reshape(4, 2)[:, :1]
    check(np.allclose(table["speed_up"], (base / time.reshape(4, 2)).ravel(), rtol=1e-14), "speed-ups are ratios of times")
    share = table[["load_balance", "comm_efficiency", "parallel_efficiency"]]
    check(((share > 0) & (share <= 1 + 1e-9)).all(axis=None), f"efficiencies lie in (0, 1]: {share}")
    names = drawn(ds)
    check({"strong-scaling", "strong-efficiency", "roofline"} <= set(names), f"figures: {names}")
    check(polysweep.scaling.fits(ds)["why"].str.contains("too few").all(), "two sizes are not fitted")


def weak(file):
    table = polysweep.scaling.weak(polysweep.open(file))
    check(table["team"].tolist() == [1, 2] and abs(table["work"].iloc[1] - 1) < 0.01, f"weak scaling: {table}")
    check(drawn(polysweep.open(file)) == ["weak-scaling", "weak-efficiency", "roofline"], "figures of weak scaling")


def crowded(file):
    ds = polysweep.open(file)
    check((ds["timing"] == "oversubscribed").all(), f"timing on a crowded node: {set(ds['timing'].values)}")
    check(not drawn(ds) and not len(polysweep.scaling.strong(ds)), "times of a crowded node are drawn")


def same_twice(one, two):
    found = polysweep.compare(one, two)
    check(found["agrees"].all() and found.attrs["points"] == 8, f"compare says: {found}")
    check(set(found.times["verdict"]) == {"not comparable"}, f"verdicts against a crowded node: {found.times}")


def main():
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        ranks = len(os.sched_getaffinity(0)) + 1
        files = [run(place, "strong", STUDY, 2), run(place, "weak", WEAK, 2),
                 run(place, "crowded", STUDY, ranks, "--oversubscribe")]
        if not failed:
            for test, file in zip((strong, weak, crowded), files):
                test(file)
            same_twice(files[0], files[2])
            check(report.main([str(files[0]), "-o", str(place / "report"), "--quiet"]) == 0, "the report")
    print(f"{len(failed)} failures")
    return 1 if failed else 0


sys.exit(main())
