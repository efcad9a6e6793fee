import numpy as np
import pytest

import polysweep
from polysweep import pick


@pytest.fixture(scope="module")
def cube(p1):
    return polysweep.grid(p1)


def test_values_of_dimensions(cube):
    point = pick(cube, method="exact", preset="P1", n=128, beta=4)
    assert not point.sizes and point.identical(cube.sel({"method": "exact", "preset": "P1", "n": 128, "beta": 4.0}))
    rate = pick(cube["success_rate"], {"method": "exact", "n": [512, 64]}, beta=slice(2, 5))
    assert rate.dims == ("preset", "n", "beta") and rate["n"].values.tolist() == [512, 64] and rate["beta"].values.tolist() == [2, 3, 4, 5]
    assert pick(cube, beta=slice(None, 3)).sizes["beta"] == 3 and pick(cube, n=np.int64(64)).sizes == pick(cube, n=np.array([64]))[
        {"n": 0}].sizes
    assert pick(cube) is cube


def test_numbers_as_people_write_them(cube):
    tenths = cube.isel(beta=slice(3)).assign_coords(beta=[0.1, 0.1 * 3, 0.7])
    assert float(pick(tenths, beta=0.3).beta) == 0.1 * 3
    with pytest.raises(ValueError, match="beta has no value 0.3; next to it: 0.1 and 0.3"):
        pick(tenths, beta=0.3, tolerance=0)
    assert float(pick(tenths, beta=0.45, nearest=True).beta) == 0.1 * 3 and float(pick(tenths, beta=99, nearest=True).beta) == 0.7
    assert float(pick(tenths, beta=0.71, tolerance=0.02).beta) == 0.7


def test_points_of_a_table(p1):
    found = pick(p1, method="exact", preset="P2", beta=[2, 4], n=64)
    assert found.sizes["point"] == 2 and (found["method"] == "exact").all() and found["beta"].values.tolist() == [2, 4]
    assert (pick(p1, beta=np.nan)["method"] != "exact").all() and pick(p1, n=slice(100, 300))["n"].max() == 256


def test_coordinates_that_are_no_dimensions(cube):
    assert pick(cube, d=34) is cube and pick(cube, precision="fp64") is cube
    with pytest.raises(ValueError, match="m is no dimension here, it varies along method, preset, n, beta"):
        pick(cube, m=int(cube["m"].max()))
    with pytest.raises(ValueError, match="precision has no value 'fp32'; there are: fp64"):
        pick(cube, precision="fp32")


@pytest.mark.parametrize("values, error, words", [
    ({"n": 100}, ValueError, "n has no value 100; next to it: 64 and 128"),
    ({"n": 9999}, ValueError, "n has no value 9999; next to it: 512"),
    ({"n": [64, 65]}, ValueError, "n has no value 65; next to it: 64 and 128"),
    ({"method": "exakt"}, ValueError, "method has no value 'exakt'; near it: exact"),
    ({"methd": "exact"}, ValueError, "no coordinate 'methd'; near it: method"),
    ({"beta": slice(20, 30)}, ValueError, "beta has no value between 20 and 30; next to it: 12"),
    ({"method": slice("a", "b")}, TypeError, "a slice of method needs numbers"),
    ({"n": "64"}, TypeError, "n has numbers, not '64'"), ({"method": 3}, TypeError, "method has words, not 3"),
    ({"n": None}, TypeError, "n has numbers, not None"), ({"method": None}, TypeError, "method has words, not None")])
def test_what_is_not_there_is_said(cube, p1, values, error, words):
    for data in (cube, cube["success_rate"], p1):
        with pytest.raises(error, match=words):
            pick(data, values)


def test_what_is_no_cube(p1_file, cube):
    with pytest.raises(TypeError, match=r"pick takes a Dataset or a DataArray, not a path: open the file first, polysweep.open\('"):
        pick(p1_file, n=64)
    with pytest.raises(TypeError, match="not a ndarray"):
        pick(cube["success_rate"].values, n=64)
    with pytest.raises(ValueError, match="the tolerance is at least 0"):
        pick(cube, n=64, tolerance=-1)
