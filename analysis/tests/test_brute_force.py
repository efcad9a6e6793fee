"""The program against brute force over all sign vectors and in full matrices: both masks, odd and even degrees, signed scores,
both precisions, without noise and with rows that the program kept.

Counts of trials are held to the two-sided exact binomial region of 1 - 1e-7 at each of some thousand cells.
"""
import os
import subprocess
from pathlib import Path

import brute
import h5py
import numpy as np
import pytest
from synthetic import PRESETS

import polysweep
from polysweep.statistics import binomial_pvalues

BUILD = os.environ.get("POLYSWEEP_BUILD")
pytestmark = pytest.mark.skipif(not BUILD, reason="POLYSWEEP_BUILD names no build of the program")
CHANCE = 1e-6
#: the nearest to 0 that a pre-activation of these points may be for its sign to be certain: single precision is decided in double
TIED = {"fp64": 1e-9, "fp32": 2e-6}
UNIT = {"fp64": 2.0 ** -53, "fp32": 2.0 ** -24}

PLAIN = """schema: 1
study: plain
seed: 77
data: {kind: self_attention}
methods: [exact, softmax, linear]
grid: {preset: [P1, P2, W1, W2], mask: [full, causal], precision: [fp64, fp32], n: [16, 64], d: [6, 10], beta: [1, 2, 3, 4, 7]}
judge: {m: 8, trials: 1000}
"""
EARLY = """schema: 1
study: early
seed: 80
data: {kind: self_attention}
methods: [exact, softmax, linear]
grid: {preset: [P2, W1], mask: [full, causal], precision: [fp64, fp32], n: 64, d: [6, 10], beta: [1, 3, 6], j3: [5, 40]}
judge: {m: 8, trials: 1000}
"""
AFFINE = """schema: 1
study: affine
seed: 81
data: {kind: self_attention, reference_scale: 1.7}
methods: [softmax, linear, exact: {match: [none, exp], center: [0, 0.3]}]
grid: {preset: [P1, W1, W2], mask: [full, causal], precision: [fp64, fp32], n: 64, d: [6, 10], beta: [1, 2, 3, 5.5], scale: 0.6,
  offset: [0.9, -0.25]}
judge: {m: 8, trials: 1000}
"""
NOISY = """schema: 1
study: noisy
seed: 78
data: {kind: self_attention, noise: 0.25DRAWS}
methods: [exact, softmax]
grid: {preset: [P2, W1], mask: [full, causal], precision: [fp64, fp32], n: 64, d: [6, 10], beta: [2, 3, 5], negative: signed}
judge: {m: 8, trials: 1000}
output: {keep: [rows]}
"""
HEADS = """schema: 1
study: heads
seed: 79
data: {kind: file, path: heads.data.h5}
methods: [exact, softmax, linear]
grid: {mask: [full, causal], precision: [fp64, fp32], n: 80, d: 10, v: 6, head: [0, 1], beta: [1, 2, 3, 7], negative: [signed, abs]SCORES}
output: {keep: [rows]}
"""


def run(place, name, text):
    (place / f"{name}.yaml").write_text(text)
    done = subprocess.run([Path(BUILD).resolve() / "polysweep", "run", f"{name}.yaml", "-o", f"{name}.h5", "--quiet"], cwd=place,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ds = polysweep.open(place / f"{name}.h5")
    assert ds["done"].all()
    return ds


def told(*arguments):
    return subprocess.run([Path(BUILD).resolve() / "polysweep", *arguments], capture_output=True, text=True, check=True).stdout


def outputs(ds):
    """(data sets, rows, width) outputs that the file keeps of each point."""
    with h5py.File(ds.attrs["path"]) as file:
        rows = {name: file["rows"][name][...] for name in ("output", "first_value", "sets", "queries")}
    for i, width in enumerate(ds["v"].values):
        shape = int(rows["sets"][i]), int(rows["queries"][i]), int(width)
        first = int(rows["first_value"][i])
        yield rows["output"][first:first + int(np.prod(shape))].reshape(shape)


def points(ds):
    """Each point as a dictionary of plain values."""
    names = [name for name, variable in ds.variables.items() if variable.dims == ("point",)]
    columns = {name: ds[name].values for name in names}
    return [{name: column[i].item() for name, column in columns.items()} for i in range(ds.sizes["point"])]


def scores(point):
    """Scale and offset of a point; files of earlier programs have neither."""
    return {name: point[name] for name in ("scale", "offset") if name in point}


def expected(point):
    """(chances, weights on D_1) of a point without noise."""
    outs, shape = [], PRESETS[point["preset"]]
    for a in ("a_0", "a_1"):
        rows = brute.tokens(point["n"], point["d"], shape[a], shape["b"], shape["c"], point["j3"])
        out, weights = brute.attend(rows, rows, rows, point["method"], point["beta"], mask=point["mask"], **scores(point))
        outs.append(out)
    return brute.chances(*outs, shape["c"], shape["kappa"], point["m"]), weights


def unlikely(found):
    """[(count, trials, chance, ...)] outside the acceptance region."""
    p = binomial_pvalues(*zip(*[each[:3] for each in found]))
    return [each for each, value in zip(found, p) if not value >= CHANCE]


COUNTED = ("successes", "fires_d1", "fires_d0")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    place = tmp_path_factory.mktemp("plain")
    found = points(run(place, "plain", PLAIN)) + points(run(place, "early", EARLY))
    if "grid.offset" in told("help", "keys"):
        found += points(run(place, "affine", AFFINE))
    found = [(point, *expected(point)) for point in found]
    clear = [each for each in found if each[1][-1] > TIED[each[0]["precision"]]]
    assert len(clear) > 0.97 * len(found) and sum(each[0]["precision"] == "fp32" for each in clear) > 0.48 * len(found)
    return clear


def named(point):
    return tuple(point.get(name) for name in ("method", "preset", "mask", "precision", "n", "d", "beta", "j3", "scale", "offset"))


def test_counts_without_noise(plain):
    found = [(point[name], point["trials"], chance, name, named(point)) for point, chances, _ in plain
             for name, chance in zip(COUNTED, chances)]
    assert len(found) > 1700 and not unlikely(found)
    assert 0.2 < np.mean([0.01 < each[2] < 0.99 for each in found if each[3] == "successes"])  # cells that say something


def test_the_theory_is_exact(plain):
    """Of the full mask everywhere; of the causal one where the file has it. 1e-12: counted among 2^d, m-th powers."""
    for point, (success, *_), _ in plain:
        if point["mask"] == "full" or not np.isnan(point["theory_success"]):
            assert point["theory_success"] == pytest.approx(success, abs=1e-12), named(point)


def test_masses_without_noise(plain):
    """Of the special row on itself, to the tolerances of the column."""
    for point, _, weights in plain:
        limit = 1e-12 if point["precision"] == "fp64" else 5e-6
        assert point["special_mass_d1"] == pytest.approx(weights[point["j3"], point["j3"]], rel=limit), named(point)


def test_counts_of_rows_with_noise(tmp_path):
    """The head on rows that the program kept: given the rows, a trial's chance is a count of sign vectors."""
    one = ", data_draws: 1" if "data_draws" in told("help", "keys") else ""  # rows are kept of one draw
    ds, found, odd = run(tmp_path, "noisy", NOISY.replace("DRAWS", one)), [], 0
    assert np.isfinite(polysweep.rows(ds.attrs["path"], 0)["log2_den"]).all() and (ds["bad_rows"] == 0).all()  # none is divided by
    for point, kept in zip(points(ds), outputs(ds)):
        shape = PRESETS[point["preset"]]
        *chances, margin = brute.chances(*kept, shape["c"], shape["kappa"], point["m"])
        assert margin > 1e-7, named(point)
        found += [(point[name], point["trials"], chance, name, named(point)) for name, chance in zip(COUNTED, chances)]
        odd += point["beta"] % 2 == 1
    assert len(found) == 3 * 4 * 2 * 2 * 2 * 2 and odd > 20 and not unlikely(found)


def write_heads(path):
    random = np.random.default_rng(5)
    q, k, v = (random.normal(size=(2, 80, width)) for width in (10, 10, 6))
    k[1] = 0.9 * q[1][random.permutation(80)] + 0.4 * k[1]  # each query has a key of its own
    with h5py.File(path, "w") as file:
        file.update(q=q, k=k, v=v)
    return q, k, v


@pytest.mark.parametrize("given", ["", ", scale: 0.7, offset: [0.8, -1.1]"], ids=["plain", "affine"])
def test_outputs_of_given_rows(tmp_path, given):
    """Scores of both signs, odd degrees signed and absolute: every entry of every output within the rounding of its arithmetic."""
    if given and "grid.offset" not in told("help", "keys"):
        pytest.skip("this program has no offset")
    q, k, v = write_heads(tmp_path / "heads.data.h5")
    ds, negative = run(tmp_path, "heads", HEADS.replace("SCORES", given)), 0
    for point, (kept,) in zip(points(ds), outputs(ds)):
        data, how = (each[point["head"]] for each in (q, k, v)), (point["method"], point["beta"], point["negative"], point["mask"])
        data = list(data)
        out, weights = brute.attend(*data, *how, **scores(point))
        limit = brute.rounding(*data, *how, UNIT[point["precision"]], **scores(point))
        well = (np.abs(limit) < 0.1 * np.abs(out).max()).all(axis=1)  # no row whose denominator is all rounding
        assert well.mean() > 0.8 and (np.abs(kept - out) <= limit)[well].all(), (how, point["precision"], point["head"])
        negative += (weights < 0).any()
    assert negative > 10


def test_the_brute_force_sees_a_wrong_program():
    """It is not blind: another degree, another mask, a sign that is lost change what it expects."""
    shape = dict(method="exact", preset="W1", n=64, d=6, m=8, j3=5)
    base = expected(dict(shape, beta=2, mask="full"))[0][0]
    assert abs(expected(dict(shape, beta=3, mask="full"))[0][0] - base) > 0.05
    assert abs(expected(dict(shape, beta=2, mask="causal"))[0][0] - base) > 0.05
    assert abs(expected(dict(shape, beta=2, mask="full", offset=2))[0][0] - base) > 0.05
    z = np.array([[1.0, -2.0], [3.0, 0.5]])
    assert brute.weights(z, "exact", 3, "signed", "full")[0, 1] == -brute.weights(z, "exact", 3, "abs", "full")[0, 1] == -1
