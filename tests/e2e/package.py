"""The analysis package on a file that the program wrote: every slot believed, torn ones not, figures, grid."""
import contextlib, io, os, re, shutil, subprocess, sys, tempfile, zipfile
from pathlib import Path

import h5py
import numpy as np

import polysweep
from polysweep import oracle, report, sketches

SOURCE = Path(os.environ["POLYSWEEP_SOURCE"])
PROGRAM = Path(os.environ["POLYSWEEP_BUILD"]) / "polysweep"
STUDY = """schema: 1
study: package
seed: 9007199254740991
data: {kind: self_attention, preset: P2}
methods: [exact, softmax, linear, closed_form]
grid: {n: [64, 128, 256], classes: [8, 16], beta: [1, 2, 3, 4, 6]}
derive: {d: classes + 2}
judge: {m: "ceil(8 * log(n))", trials: 60}
predict: {mine: "log(n)"}
time: {reps: 3, max_reps: 3, warmup: 1}
"""
POINTS = 3 * 2 * (5 + 1 + 1 + 5)
HEADS = """schema: 1
study: heads
seed: 3
data: {{kind: file, path: {path}}}
methods: [exact, {{polysketch: {{r: [8, 32], draws: 3}}}}, {{tensorsketch: {{features: [36, 136], draws: 3}}}}, monomial]
grid: {{n: 96, d: 12, v: 5, head: [0, 2], beta: [2, 4], mask: causal, row_norm: layernorm, precision: [fp64, fp32]}}
"""
HEAD_POINTS = 2 * 2 * 2 * (1 + 2 + 2 + 1)
failed = []


def check(condition, what):
    if not condition:
        failed.append(what)
        print("failed:", what, file=sys.stderr)


def run(*arguments, **more):
    done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, **more)
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


def heads_of_a_file(place):
    """Three heads, of which the study takes two; each points its queries more at their own keys."""
    random, arrays = np.random.default_rng(1), place / "arrays"
    q, k = random.normal(size=(2, 3, 120, 12))
    k += np.arange(3)[:, None, None] * q
    arrays.mkdir()
    for name, array in (("q", q), ("k", k), ("v", random.normal(size=(3, 120, 5)))):
        np.save(arrays / f"{name}.npy", array)
    (place / "heads.yaml").write_text(HEADS.format(path=arrays))
    run(PROGRAM, "run", place / "heads.yaml", "-o", place / "heads.h5", "--quiet")
    return q, k


def entropy(q, k, beta):
    """Mean over queries of the entropy of <q,k>^beta over the keys up to the query's own, rows layernormed."""
    q, k = ((x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5) for x in (q, k))
    weights = np.tril(q @ k.T) ** beta
    p = weights / weights.sum(1, keepdims=True)
    return -(p * np.log(np.where(p > 0, p, 1))).sum(1).mean()


def sketches_are_what_the_package_takes_them_for(path, q, k):
    ds = polysweep.open(path)
    check(ds.sizes["point"] == HEAD_POINTS and bool(ds["done"].all()), f"{int(ds['done'].sum())} points of heads")
    check(bool(ds["committed"].all()), "commit words of sketches")
    frame = sketches.sketches(ds)
    for row in frame.itertuples():
        mine = entropy(q[row.head, :96], k[row.head, :96], int(row.beta))
        check(abs(mine - row.entropy) < 1e-11 * mine, f"entropy {row.entropy}, numpy {mine}")  # 96 rows of sums
        exact = row.method == "monomial" or row.method == "polysketch" and row.beta == 2
        check((row.err_amm <= row.rounding) == exact, f"{row.method} {row.beta} {row.precision}: err_amm {row.err_amm}")
        rows = row.d * (row.d + 1) / 2 if exact and row.method == "polysketch" else row.features
        check(row.state_bytes == rows * 6 * (4 if row.precision == "fp32" else 8), f"{row.method}: {row.state_bytes} bytes")
    found = sketches.cheapest(ds, errors=("err_out",))
    check(len(found) == 2 * 2 * 2 * 5 * 2 and (found["found"] <= found["level"]).all(), "monomials reach every level")


def a_wheel_is_whole(path, place):
    """Built from the package's folder alone, in a place where nothing else of it is: with texts, types, templates and the engine."""
    shutil.copytree(SOURCE / "analysis", place / "source", ignore=shutil.ignore_patterns("tests", "doc", "gallery", "*.egg-info", "build"))
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check", "--no-input"]
    run(*pip, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", place / "wheel", place / "source")
    wheel = next((place / "wheel").glob("polysweep-*.whl"), None)
    if not wheel:
        return
    with zipfile.ZipFile(wheel) as parts:
        names = parts.namelist()
        about = parts.read(next(name for name in names if name.endswith("/METADATA"))).decode()
    package = {path.relative_to(SOURCE / "analysis").as_posix() for path in (SOURCE / "analysis/polysweep").rglob("*")
               if path.is_file() and "__pycache__" not in path.parts}
    check(package <= set(names), f"not in the wheel: {sorted(package - set(names))}")
    check(any(name.endswith("/LICENSE") for name in names), "the licence")
    for line in ("License: BSD-3-Clause", "Project-URL: ", "Description-Content-Type: text/markdown", "Classifier: Typing :: Typed",
                 "Keywords: attention", f"Version: {polysweep.__version__}", "# polysweep", "engine=\"polysweep\""):
        check(line in about, f"{line} in what the wheel says")
    run(*pip, "install", "--no-deps", "--no-index", "--target", place / "target", wheel)
    used = (f"import polysweep, xarray; ds = xarray.open_dataset({str(path)!r}, engine='polysweep'); "
            f"assert polysweep.__file__.startswith({str(place / 'target')!r}), polysweep.__file__; "
            f"assert int(ds['done'].sum()) == ds.sizes['point'] == {POINTS}; assert 'polysweep' in xarray.backends.list_engines()")
    here = {**os.environ, "PYTHONPATH": str(place / "target")}
    run(sys.executable, "-W", "ignore", "-c", used, env=here, cwd=place)
    run(sys.executable, "-m", "polysweep.report", path, "-o", place / "of-the-wheel", "--quiet", env=here, cwd=place)
    check((place / "of-the-wheel" / "index.html").exists(), "a report by the wheel")


def one_version():
    """It stands in the package; the program and what else states one agree."""
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True).stdout
    check(said.startswith(f"polysweep {polysweep.__version__}"), f"the program says {said}, the package {polysweep.__version__}")
    stated = {"jobs/spack/spack_repo/polysweep/packages/polysweep/package.py": r'version\("(\d[^"]*)"', "analysis/CITATION.cff": r'^version: *"?([\d.]+)', "CHANGELOG.md": r"^## ([\d.]+)"}
    for name, pattern in stated.items():
        text = (SOURCE / name).read_text() if (SOURCE / name).exists() else ""
        found = re.findall(pattern, text, re.M)[:1]
        check(found in ([], [polysweep.__version__]), f"{name} says {found}, the package {polysweep.__version__}")
    for name in ("CMakeLists.txt", "analysis/pyproject.toml", "include/polysweep/base.h"):
        check(polysweep.__version__ not in (SOURCE / name).read_text(), f"{name} states a version of its own")


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
            a_wheel_is_whole(place / "one.h5", place)
            one_version()
        q, k = heads_of_a_file(place)
        if not failed:
            sketches_are_what_the_package_takes_them_for(place / "heads.h5", q, k)
    print(f"{POINTS + HEAD_POINTS} points, {len(failed)} failures")
    return 1 if failed else 0


sys.exit(main())
