"""Points whose scores are affine: what is an axis, what a case, and which line belongs to a curve."""
import importlib

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from synthetic import PRESETS

import polysweep
from polysweep import cases, oracle

grids = importlib.import_module("polysweep.grid")  # the package has a function of this name
SHAPE = dict(n=256, d=10, m=20, seed=1, trials=100, noise=0.0, den_constant=0.0, **PRESETS["P1"])
COORDINATES = ("method", "beta", "n", "d", "m", "seed", "trials", "noise", "den_constant", "a_0", "a_1", "b", "c", "kappa", "scale",
               "offset", "match", "center", "reference_scale")


def point(method, beta, scale=1.0, offset=0.0, match="none", center=0.0):
    sigma = 1.6 if match == "exp" else np.nan
    if match == "exp":
        scale, offset = oracle.affine(beta, match=(sigma, center))
    shape = {name: SHAPE[name] for name in ("n", "d", "a_0", "a_1", "b", "c", "kappa")}
    p = oracle.success(1.0 if np.isnan(beta) else beta, SHAPE["m"], method=method, scale=scale, offset=offset, **shape)
    return dict(SHAPE, method=method, beta=beta, scale=scale, offset=offset, match=match, center=center, reference_scale=sigma,
                theory_success=float(p), success_rate=float(p), done=True, status="done", committed=True)


@pytest.fixture(scope="module")
def ds():
    rows = [point("softmax", np.nan, scale) for scale in (1.0, 3.0)]
    for beta in (2.0, 3.0, 5.0, 8.0):
        rows += [point("exact", beta, scale, offset) for scale in (1.0, 3.0) for offset in (0.0, 0.8)]
        rows += [point("exact", beta, match="exp", center=center) for center in (0.0, 0.5)]
    frame = pd.DataFrame(rows)
    made = xr.Dataset({name: ("point", frame[name].to_numpy(dtype=str if frame[name].dtype.kind not in "fib" else None))
                       for name in frame}, attrs={"path": "affine.h5"})
    return made.set_coords(COORDINATES)


def test_what_follows_the_degree_is_no_axis(ds):
    assert grids.axes(ds) == ["method", "match", "center", "scale", "offset", "beta"]
    for name in ("scale", "offset"):
        assert not grids.applies(ds, name)[ds["match"].values == "exp"].any()
    cube = polysweep.grid(ds)
    assert {name: cube.sizes[name] for name in ("scale", "offset", "beta")} == dict(scale=2, offset=2, beta=4)
    cell = cube["theory_success"].sel({"method": "exact", "match": "exp", "center": 0.5, "beta": 5.0, "scale": 1.0, "offset": 0.8})
    assert float(cell) == point("exact", 5.0, match="exp", center=0.5)["theory_success"]


def test_curves_have_all_their_degrees_and_a_line(ds):
    keys = [*cases.case_columns(ds), "method", "n", "d"]
    found = {key: curve for key, curve in cases.curves(cases.table(ds), keys)}
    assert len(found) == 6 and all(len(curve) == 4 for curve in found.values())
    for curve in found.values():
        line = cases.closed_form(curve)
        assert oracle.success(curve["beta"], SHAPE["m"], **line) == pytest.approx(curve["theory_success"].to_numpy(), abs=1e-12)
        assert ("match" in line) == (curve["match"] == "exp").all()


def test_softmax_stands_beside_powers_of_its_scale(ds):
    """Whatever the offset, which cancels; beside a power that follows an exponential there are both scales, so none."""
    table = polysweep.critical(ds, level=0.9)
    plain = table[table["match"] == "none"]
    expected = {scale: point("softmax", np.nan, scale)["success_rate"] for scale in (1.0, 3.0)}
    assert len(plain) == 4 and abs(expected[1.0] - expected[3.0]) > 0.5
    for row in plain.itertuples():
        assert row.softmax == expected[row.scale]
