import importlib

import h5py
import numpy as np
import pytest
import synthetic

import polysweep
from polysweep import oracle

rows_module = importlib.import_module("polysweep.rows")  # the package has a function of this name

SHAPES = [(2, 64, 10), (1, 64, 10), (0, 0, 10), (2, 64, 10)]  # (sets, queries, v) of each slot; the third has no rows


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return write(tmp_path_factory.mktemp("rows") / "rows.h5")


def write(path):
    """Four slots, the last one running; number i of a dataset is i, but log2_den of row 3 is -inf."""
    listed = synthetic.points(["P1"], ["exact"], [1, 2, 3, 4], [64], [10], 8, 20)
    synthetic.write(path, synthetic.fill(listed, unfinished={3: "running"}))
    counts = np.array([sets * queries for sets, queries, _ in SHAPES])
    values = np.array([np.prod(shape) for shape in SHAPES])
    with h5py.File(path, "r+") as file:
        group = file.create_group("rows")
        group["first_row"], group["first_value"] = np.cumsum(counts) - counts, np.cumsum(values) - values
        group["sets"], group["queries"] = [shape[0] for shape in SHAPES], [shape[1] for shape in SHAPES]
        group["output"] = np.arange(values.sum(), dtype="f8")
        group["special_mass"] = np.arange(counts.sum(), dtype="f8")
        group["log2_den"] = np.where(np.arange(counts.sum()) == 3, -np.inf, np.arange(counts.sum()))
        for name in ("output", "special_mass", "log2_den"):
            group[name].attrs.update(units="1", long_name=name, _FillValue=np.nan)
    return path


def test_dimensions_and_values(kept):
    rows = polysweep.rows(kept, 0)
    assert dict(rows.sizes) == {"set": 2, "row": 64, "feature": 10} and int(rows["point"]) == 0
    assert rows["output"].dims == ("set", "row", "feature") and rows["log2_den"].dims == ("set", "row")
    assert float(rows["output"].sel(set=1, row=5)[7]) == (64 + 5) * 10 + 7
    assert float(rows["special_mass"].sel(set=1, row=5)) == 64 + 5
    assert float(rows["log2_den"].sel(set=0, row=3)) == -np.inf
    assert rows["set"].values.tolist() == [0, 1] and rows["row"].values.tolist() == list(range(64))
    assert rows["output"].attrs == {"units": "1", "long_name": "output"}


@pytest.mark.parametrize("n, d, j3", [(64, 10, 0), (64, 10, 7), (64, 10, 8), (64, 10, 63), (6, 3, 4), (16, 18, 5), (2, 3, 1)])
def test_rows_that_stand_for_many_tokens(n, d, j3):
    """Against all tokens: each has one row that is its own, and of unequal lengths the sum over rows is that over tokens."""
    found = rows_module._tokens(n, d, j3, rows=d - 2 if n == d - 2 else d - 1)
    token, times = (found[name][1] for name in ("token", "times"))
    everything, distinct = oracle.tokens(n, d, 0.7, 0.3, 1.0, j3), oracle.tokens(n, d, 0.7, 0.3, 1.0, j3)[token]
    alike = (everything[:, None, :] == distinct[None, :, :]).all(axis=2)
    assert (alike.sum(axis=1) == 1).all() and (alike.sum(axis=0) == times).all()
    assert times.sum() == n and (token == j3).sum() == 1 and times[token == j3] == 1
    out = oracle.attend(everything, 3.5)[0]
    # one row for all of a class: equal but for the order of sums in numpy's products
    np.testing.assert_allclose(times @ out[token], out.sum(axis=0), rtol=1e-12)


def test_rows_of_no_such_data_are_refused():
    for shape in (dict(n=64, d=10, j3=0, rows=64), dict(n=64, d=2, j3=0, rows=1), dict(n=60, d=10, j3=0, rows=9),
                  dict(n=64, d=10, j3=64, rows=9)):
        with pytest.raises(ValueError, match="distinct"):
            rows_module._tokens(**shape)


def test_a_point_begins_where_the_one_before_it_ends(kept):
    rows = polysweep.rows(kept, 1)
    assert dict(rows.sizes) == {"set": 1, "row": 64, "feature": 10}
    assert float(rows["output"][0, 0, 0]) == 1280 and float(rows["special_mass"][0, 0]) == 128


def test_a_point_without_rows(kept):
    with pytest.raises(ValueError, match="point 2 has no rows"):
        polysweep.rows(kept, 2)


def test_a_point_that_is_not_done(kept):
    with pytest.raises(ValueError, match="point 3 is not done"):
        polysweep.rows(kept, 3)


def test_a_torn_point_is_not_believed(kept, tmp_path):
    path = tmp_path / "torn.h5"
    path.write_bytes(kept.read_bytes())
    with h5py.File(path, "r+") as file:
        file["gap"][0] = 0.5
    with pytest.raises(ValueError, match="point 0 is not done"):
        polysweep.rows(path, 0)
    assert polysweep.rows(path, 1).sizes["row"] == 64


@pytest.mark.parametrize("point", [-1, 4])
def test_a_slot_that_is_not_there(kept, point):
    with pytest.raises(IndexError, match=f"no point {point}; it has 4"):
        polysweep.rows(kept, point)


def test_a_file_that_keeps_none(p1_file):
    with pytest.raises(KeyError, match="keeps no rows"):
        polysweep.rows(p1_file, 0)


def test_the_table_is_read_as_without_rows(kept):
    assert "output" not in polysweep.open(kept) and int(polysweep.open(kept)["done"].sum()) == 3
