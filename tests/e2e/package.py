"""The analysis package on a file that the program wrote: every slot believed, torn ones not, figures, grid."""
import contextlib, io, os, subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy as np

import polysweep
from polysweep import oracle, report

PROGRAM = Path(os.environ["POLYSWEEP_BUILD"]) / "polysweep"
STUDY = """schema: 1
study: package
seed: 9007199254740991
data: {kind: self_attention, preset: P2}
methods: [exact, softmax, linear, closed_form]
grid: {n: [64, 128, 256], classes: [8, 16], beta: [1, 2, 3, 4, 6]}
derive: {d: classes + 2}
judge: {m: "ceil(8 * log(n))", trials: 40}
predict: {mine: "log(n)"}
time: {reps: 3, max_reps: 3, warmup: 1}
"""
POINTS = 3 * 2 * (5 + 1 + 1 + 5)
failed = []


def check(condition, what):
    if not condition:
        failed.append(what)
        print("failed:", what, file=sys.stderr)


def run(*arguments):
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True)
    check(done.returncode == 0, f"{arguments} ended with {done.returncode}: {done.stderr[-500:]}")


def every_slot_is_believed(path):
    ds = polysweep.open(path)
    check(ds.sizes["point"] == POINTS, f"{ds.sizes['point']} points instead of {POINTS}")
    wrong = int((~ds["committed"]).sum())
    check(wrong == 0, f"{wrong} commit words are not what the package computes")
    check(bool(ds["done"].all()), "not every point is done")
    check(set(np.unique(ds["method"])) == {"exact", "softmax", "linear", "closed_form"}, "methods by their words")
    check((ds["seed"].values[ds["method"] != "closed_form"] == 9007199254740991).all(), "the seed keeps its digits")
    check(ds.attrs["own_axes"] == ["classes"] and "predict_mine" in ds, "axes and predictions of the study's own")
    check(ds.attrs["provenance_study"] == STUDY, "the text of the study")
    return ds


def the_grid_is_the_studys(ds):
    cube = polysweep.grid(ds)
    check(dict(cube.sizes) == {"method": 4, "n": 3, "d": 2, "beta": 5}, f"axes of the grid: {dict(cube.sizes)}")
    check(bool(cube["present"].all()), "the grid has no holes")
    check((cube["predict_mine"].sel({"method": "exact"}) == np.log(cube["n"])).all(), "predict_mine is log n")


def theory_is_the_packages_own(ds):
    """Two independent evaluations of one finite sum; both lose some 1e-13 in (1 - p)^m."""
    frame = polysweep.cases.table(ds)
    for point in frame.itertuples():
        method = "exact" if point.method == "closed_form" else point.method
        beta = 1.0 if np.isnan(point.beta) else point.beta
        mine = oracle.success(beta, point.m, n=point.n, d=point.d, a_0=point.a_0, a_1=point.a_1, b=point.b, c=point.c,
                              kappa=point.kappa, method=method)
        check(abs(mine - point.theory_success) < 1e-11, f"theory_success of slot {point.Index}: {mine}")


def one_changed_number_is_seen(path, copy):
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "r+") as file:
        file["special_mass_d1"][5] = np.nextafter(file["special_mass_d1"][5], 2)
        file["time_median_s"][7] *= 2
        file["n"][9] += 1
    torn = np.flatnonzero(~polysweep.open(copy)["committed"].values)
    check(torn.tolist() == [5, 7, 9], f"slots that are not believed: {torn}")


def a_second_run_says_the_same(path, again):
    found = polysweep.compare(path, again)
    check(found.attrs["points"] == POINTS and found.attrs["same_build"], f"compared: {found.attrs}")
    check(bool(found["agrees"].all()), f"two runs differ in {found.loc[~found['agrees'], 'column'].tolist()}")


def the_report_runs(path, place):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = report.main([str(path), "-o", str(place)])
    check(code == 0 and f"{POINTS} of {POINTS} points done" in said.getvalue(), said.getvalue())
    for name in ("phase-beta-n.svg", "success-beta.png", "critical-degrees.csv", "critical.csv", "index.html"):
        check((place / name).exists(), f"{name} is written")


def main():
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        (place / "study.yaml").write_text(STUDY)
        for name in ("one.h5", "two.h5"):
            run("mpirun", "-n", 1 if name == "one.h5" else 2, PROGRAM, "run", place / "study.yaml", "-o", place / name,
                "--quiet", "--oversubscribe")
        if not failed:
            ds = every_slot_is_believed(place / "one.h5")
            the_grid_is_the_studys(ds)
            theory_is_the_packages_own(ds)
            one_changed_number_is_seen(place / "one.h5", place / "torn.h5")
            a_second_run_says_the_same(place / "one.h5", place / "two.h5")
            the_report_runs(place / "one.h5", place / "report")
    print(f"{POINTS} points, {len(failed)} failures")
    return 1 if failed else 0


sys.exit(main())
