"""The experiment is what README.md says: its rows, detector, presets, degrees and edges, each computed once more in plain numpy from
the README's words and tables, and compared with what the program prints and writes."""

import csv
import io
import itertools
import math
import os
import re
import sys
import tempfile
from pathlib import Path

import h5py
import numpy as np

import commands
from commands import check, run

README = (Path(os.environ["POLYSWEEP_SOURCE"]) / "README.md").read_text()
NAMES = ("a_0", "a_1", "b", "c", "kappa")


def table(head):
    """Rows of the table whose first cell is `head`, below its rule."""
    found = re.search(rf"^\| {head} .*\n\|[-|]+\n((?:\|.*\n)+)", README, flags=re.M)
    return [[cell.strip() for cell in row.strip("|\n").split("|")] for row in found[1].splitlines()]


PRESETS = {row[0]: dict(zip(NAMES, map(float, row[1:6])), said=row[6]) for row in table("preset")}


def results(study, columns, *options):
    """{column: values} of a study that is run now, words as they are."""
    Path("study.yaml").write_text(study)
    Path("study.h5").unlink(missing_ok=True)
    run("run", "study.yaml", "-o", "study.h5", "--quiet", *options)
    rows = list(csv.DictReader(io.StringIO(run("show", "study.h5", "--csv", "--columns", ",".join(columns)))))
    found = {}
    for name in columns:
        cells = [row[name] for row in rows]
        found[name] = np.array([float(cell or "nan") for cell in cells]) if name != "method" else np.array(cells)
    return found


# ---- the README's words ----


def rows_of(constants, a, n, d):
    s, x = math.sqrt(math.log(n)), np.zeros((n, d))
    x[0, 0] = a * s
    x[np.arange(n), 1 + np.arange(n) % (d - 2)] = constants["b"] * s
    x[:, d - 1] = constants["c"] * s
    return x


def attention(x, weigh):
    weights = weigh(x @ x.T)
    return weights / weights.sum(axis=1, keepdims=True)


def fires(constants, n, d, beta):
    """For each of all 2^d sign vectors: does it fire on D_0, on D_1? And f of either."""
    signs = np.array(list(itertools.product((-1, 1), repeat=d)))
    tau = (constants["c"] + constants["kappa"]) * math.sqrt(math.log(n))
    fired, special = [], []
    for a in (constants["a_0"], constants["a_1"]):
        x = rows_of(constants, a, n, d)
        p = attention(x, lambda z: z ** beta)
        fired.append(np.maximum(p @ x @ signs.T - tau, 0).sum(axis=0) > 1e-12)
        special.append(p[0, 0])
    return fired, special


# ---- against the program ----


def rows():
    """Outputs of every row, of both data sets, against attention of the rows as they are defined."""
    for preset, n, d, beta in (("W2", 24, 5, 3), ("P3", 30, 8, 2.5)):
        results(f"{{schema: 1, data: {{preset: {preset}}}, methods: [exact, softmax], grid: {{n: {n}, d: {d}, beta: {beta}}}, "
                "judge: {trials: 1}, output: {keep: [rows]}}", ["method", "beta"])
        with h5py.File("study.h5") as file:
            for slot, weigh in enumerate((lambda z: z ** beta, np.exp)):
                first = int(file["rows/first_value"][slot])
                kept = file["rows/output"][first:first + 2 * n * d].reshape(2, n, d)
                for set_, name in enumerate(("a_0", "a_1")):
                    x = rows_of(PRESETS[preset], PRESETS[preset][name], n, d)
                    far = abs(kept[set_] - attention(x, weigh) @ x).max()
                    check(far < 1e-13 * abs(x).max() * n, "rows", preset, slot, name, far)  # a sum of n terms


def detector():
    """The exact probability, from all sign vectors: tau, success, m, the gap."""
    n, d = 24, 8
    for preset, degrees in (("P1", (2, 3, 4, 16)), ("W1", (1, 4, 16, 40)), ("W2", (1, 3, 8, 40))):
        found = results(f"{{schema: 1, data: {{preset: {preset}}}, methods: [exact], grid: {{n: {n}, d: {d}, beta: {list(degrees)}}}, "
                        "judge: {trials: 400}}", ["beta", "m", "theory_success", "theory_fire_d1", "theory_fire_d0", "success_rate", "gap"])
        m = math.ceil(8 * math.log(n))
        check((found["m"] == m).all(), "m", found["m"], m)
        for i, beta in enumerate(degrees):
            (on_0, on_1), (f_0, f_1) = fires(PRESETS[preset], n, d, beta)
            success = (1 - on_0.mean()) ** m - (1 - (on_0 | on_1).mean()) ** m
            about = preset, beta, on_0.mean(), on_1.mean()
            check(abs(found["theory_success"][i] - success) < 1e-9, *about, found["theory_success"][i], success)
            check(abs(found["theory_fire_d1"][i] - 1 + (1 - on_1.mean()) ** m) < 1e-9, *about, "D_1")
            check(abs(found["theory_fire_d0"][i] - 1 + (1 - on_0.mean()) ** m) < 1e-9, *about, "D_0")
            check(abs(found["gap"][i] - PRESETS[preset]["a_1"] * f_1 + PRESETS[preset]["a_0"] * f_0) < 1e-12, *about, "gap")
            away = 5 * math.sqrt(max(success * (1 - success), 1e-3) / 400)  # of 12 points, by chance one in 10^5
            check(abs(found["success_rate"][i] - success) < away, *about, found["success_rate"][i], success)


def degrees():
    """beta_fail, beta_c and their order ln n, by f at these degrees."""
    n, d = 512, 18
    found = results(f"{{schema: 1, methods: [closed_form], data: {{preset: P1}}, grid: {{n: [{n}, 16384, 65536], d: {d}, beta: 2}}}}",
                    ["n", "beta_fail", "beta_c"])
    constants = PRESETS["P1"]
    a, b, kappa = (constants[name] for name in ("a_1", "b", "kappa"))
    x = rows_of(constants, a, n, d)

    def row(beta):
        return attention(x, lambda z: (z / z.max()) ** beta)[0]

    check(abs(a * row(found["beta_fail"][0])[0] - (kappa - b)) < 1e-9, "beta_fail", found["beta_fail"])
    own = row(found["beta_c"][0])[::d - 2].sum()  # f and the rest of its class
    check(abs(a * row(found["beta_c"][0])[0] + b * own - kappa) < 1e-9, "beta_c", found["beta_c"])
    rise = math.log(4) / math.log(1 + (a ** 2 + b ** 2) / constants["c"] ** 2)
    check(abs(found["beta_c"][2] - found["beta_c"][1] - rise) < 0.01 * rise, "beta_c ~ ln n", found["beta_c"], rise)


def presets():
    """The tables of constants and of edges, and what is said of each preset."""
    columns = ["n", "d", "beta", *NAMES, "theory_fire_d0", "beta_up_special", "beta_up_class", "edge_lo", "edge_hi"]
    edges = {re.match(r"\w\d", row[0])[0]: row for row in table("n")}
    for preset, constants in PRESETS.items():
        found = results(f"{{schema: 1, methods: [closed_form], data: {{preset: {preset}}}, "
                        "grid: {n: [256, 1024, 4096, 16384], d: [34, 130], beta: [2, 8, 1000]}}", columns)
        for name in NAMES:
            check((found[name] == constants[name]).all(), preset, name, found[name], constants[name])
        wide = 130 if "d = 130" in edges[preset][0] else 34
        here = (found["d"] == wide) & (found["beta"] == 2)
        for cell, lo, hi in zip(edges[preset][1:], found["edge_lo"][here], found["edge_hi"][here]):
            told = [word for word in cell.split(" to ")]
            real = [f"{value:.2f}" if value < 20 else f"{value:.1f}" for value in (lo, hi) if math.isfinite(value)]
            check(told == real, preset, "edges", told, real)
        narrow = found["edge_lo"][found["d"] == 34]
        check(np.isinf(narrow).all() == ("d is large enough" in constants["said"]), preset, "d = 34", narrow)
        silent = constants["a_0"] + constants["b"] <= constants["kappa"]
        check(silent == (preset[0] == "P"), preset, "a_0 + b <= kappa")
        check((found["theory_fire_d0"] == 0).all() == silent, preset, "D_0 never fires", found["theory_fire_d0"])
        check(np.isfinite(found["beta_up_special"]).all() == (constants["a_0"] + constants["b"] > constants["kappa"]), preset, "beta_up_special")
        check(np.isfinite(found["beta_up_class"]).all() == (constants["b"] > constants["kappa"]), preset, "beta_up_class")


def softmax():
    """Which presets it separates at scale 1, and that P1 wants a larger scale."""
    for preset, constants in PRESETS.items():
        found = results(f"{{schema: 1, methods: [softmax], data: {{preset: {preset}}}, "
                        "grid: {n: [256, 1024], d: [34, 130], scale: [1, 2.1]}, judge: {trials: 1}}",
                        ["d", "scale", "theory_success"])
        told = "softmax does not" not in constants["said"]
        wide = found["theory_success"][(found["d"] == 130) & (found["scale"] == 1)]
        check((wide >= 0.9).all() == told and (told or (wide < 0.1).all()), preset, "softmax at scale 1", wide)
        if not told:
            needed = 1 / (constants["a_1"] ** 2 + constants["b"] ** 2)
            check(f"scale {needed:.2f}" in README and f"{1 / needed:.2f} at scale 1" in README, "the scale that softmax needs", needed)
            check((found["theory_success"][found["scale"] == 2.1] >= 0.9).all(), preset, "softmax at scale 2.1", found)


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    for part in (rows, detector, degrees, presets, softmax):
        part()
print(f"{commands.checks} checks, {commands.failed} failed")
sys.exit(commands.failed > 0)
