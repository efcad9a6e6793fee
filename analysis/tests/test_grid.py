import numpy as np
import pytest
import xarray as xr

import polysweep


def test_axes_that_vary(p1, w2):
    assert polysweep.axes(p1) == ["method", "preset", "n", "beta"]  # m follows from n, the constants from the preset
    assert polysweep.axes(w2) == ["method", "d", "beta"]


def test_every_point_finds_its_cell(p1):
    cube = polysweep.grid(p1)
    assert dict(cube.sizes) == {"method": 3, "preset": 2, "n": 4, "beta": 12}
    for k in range(p1.sizes["point"]):
        point = p1.isel(point=k)
        cell = cube.sel({"method": str(point.method.values), "preset": str(point.preset.values), "n": int(point.n)})
        cell = cell.isel(beta=0) if np.isnan(point.beta) else cell.sel(beta=float(point.beta))
        assert cell["successes"] == point["successes"] and cell["commit"] == point["commit"]


def test_what_a_method_ignores_is_repeated(p1):
    cube = polysweep.grid(p1)
    for method in ("softmax", "linear"):
        rate = cube["success_rate"].sel({"method": method})
        assert rate.notnull().all() and (rate == rate.isel(beta=0)).all()
    assert cube["present"].all()


def test_types_survive(p1):
    cube = polysweep.grid(p1)
    for name in ("successes", "commit", "seed", "status_code", "m"):
        assert cube[name].dtype == p1[name].dtype, name
    assert cube["commit"].max() == p1["commit"].max() and "m" in cube.coords


def test_ragged_grids_have_holes(w2):
    ds = w2.isel(point=np.flatnonzero(~((w2.method == "exact") & (w2.d == 66) & (w2.beta == 8)).values))
    cube = polysweep.grid(ds)
    hole = cube.sel({"method": "exact", "d": 66, "beta": 8})
    assert not hole["present"] and np.isnan(hole["theory_success"]) and hole["successes"] == 0
    assert hole["successes"].dtype == np.int64 and int((~cube["present"]).sum()) == 1


def test_one_point_and_one_method(p1):
    assert not polysweep.grid(p1.isel(point=[0])).sizes
    curve = polysweep.grid(p1.where((p1.method == "exact") & (p1.n == 64) & (p1.preset == "P1"), drop=True))
    assert dict(curve.sizes) == {"beta": 12}


def test_sketch_axes_are_repeated_for_exact():
    """r is 0 for exact: it stands beside every r of the sketch."""
    ds = xr.Dataset({"err": ("point", [0.0, 0.0, 1.0, 2.0, 3.0, 4.0])},
                    coords={"method": ("point", ["exact"] * 2 + ["polysketch"] * 4), "r": ("point", [0, 0, 16, 32, 16, 32]),
                            "beta": ("point", [2.0, 4.0, 2.0, 2.0, 4.0, 4.0])}, attrs={"own_axes": []})
    cube = polysweep.grid(ds)
    assert dict(cube.sizes) == {"method": 2, "r": 2, "beta": 2}
    assert cube["err"].sel({"method": "polysketch"}).values.tolist() == [[1, 3], [2, 4]]
    assert (cube["err"].sel({"method": "exact"}) == 0).all() and cube["present"].all()


def test_equal_points_are_refused(p1):
    with pytest.raises(ValueError, match="same coordinates"):
        polysweep.grid(xr.concat([p1, p1.isel(point=[0])], "point", data_vars="all", coords="different", compat="equals"))
