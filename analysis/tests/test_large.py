"""What makes files of many points affordable changes no number: columns of one value, results that are remembered, tests at once."""
import importlib
import weakref

import h5py
import numpy as np
import pandas as pd
import pytest
import synthetic
import xarray as xr
from scipy.stats import binomtest

import polysweep
from polysweep import cases, checks, read, section, statistics
from polysweep.commits import Checksum
from polysweep.figures import Figure
from polysweep.grid import _codes

grid_module = importlib.import_module("polysweep.grid")  # the package has a function of this name


@pytest.mark.parametrize("value", [np.nan, 2.5, 0.0, np.int64(3), np.int64(0), np.uint8(7), np.uint8(0)])
@pytest.mark.parametrize("default", [None, 2.5, 0, 3])
def test_a_column_of_one_value_is_one_value(monkeypatch, value, default):
    monkeypatch.setattr(read, "LARGE", 100)
    values = np.full(1000, value)
    small = read.compact(values)
    assert small.strides == (0,) and small.dtype == values.dtype
    np.testing.assert_array_equal(small, values)
    sums = [Checksum(1000), Checksum(1000)]
    for one, column in zip(sums, (values, small)):
        one.add("x", column, default)
    assert (sums[0].words() == sums[1].words()).all()


def test_bits_say_whether_a_column_has_one_value(monkeypatch):
    monkeypatch.setattr(read, "LARGE", 100)
    for odd in (-0.0, 1.0, np.nan):
        values = np.zeros(1000)
        values[500] = odd
        assert read.compact(values) is values
    short = np.zeros(99)
    assert read.compact(short) is short


def test_blank_columns_need_no_mask(monkeypatch):
    monkeypatch.setattr(read, "LARGE", 100)
    committed = np.arange(1000) % 2 == 0
    for value in (np.nan, 1.5):
        plain, small = (read._masked(xr.Variable("point", make(np.full(1000, value))), committed) for make in (np.array, read.compact))
        np.testing.assert_array_equal(small.values, plain.values)
        assert (small.values.strides == (0,)) == np.isnan(value)


def test_pvalues_are_those_of_scipy():
    rng = np.random.default_rng(7)
    n, p = rng.integers(1, 300, 800), rng.random(800)
    p[:80] = np.round(p[:80] * 4) / 4  # k = n p exactly, and 0 and 1
    k = rng.binomial(n, np.clip(p + rng.normal(0, 0.1, 800), 0, 1))
    wanted = [binomtest(int(a), int(b), c).pvalue if 0 < c < 1 else float(a == b * c) for a, b, c in zip(k, n, p)]
    np.testing.assert_allclose(statistics.binomial_pvalues(k, n, p), wanted, rtol=1e-9, atol=1e-300)


def test_results_are_remembered_while_asked_to():
    calls = []

    @checks.remembered
    def count(ds, more=1):
        calls.append(more)
        return [len(calls)]

    one, other = xr.Dataset(), xr.Dataset()
    count(one), count(one)
    assert len(calls) == 2
    with checks.remembering():
        first = count(one)
        first.append("changed")
        assert count(one) == [3] and count(one, more=2) == [4] and count(other) == [5]
    assert count(one) == [6]


def test_codes_are_those_of_unique():
    rng = np.random.default_rng(3)
    for values in (rng.integers(0, 9, 500), rng.choice([0.5, np.nan, -1.0], 500), rng.choice(["b", "a", "c"], 500), np.array([])):
        wanted, codes = np.unique(values, return_inverse=True)
        found = _codes(values)
        np.testing.assert_array_equal(found[0], wanted)
        np.testing.assert_array_equal(found[1], codes.reshape(-1))


def test_a_frame_of_many_points_copies_nothing(monkeypatch, w2_file):
    small = cases.every(polysweep.open(w2_file))
    for module in (read, cases):
        monkeypatch.setattr(module, "LARGE", 10)
    ds = polysweep.open(w2_file)
    frame = cases.every(ds)
    assert ds["kappa"].values.strides == (0,)
    pd.testing.assert_frame_equal(frame, small, check_dtype=False)
    assert np.shares_memory(frame["kappa"].to_numpy(), ds["kappa"].values) and frame["kappa"].to_numpy().strides == (0,)
    assert np.shares_memory(frame["success_rate"].to_numpy(), ds["success_rate"].values)
    words = frame["method"].to_numpy()
    assert len({id(word) for word in words}) == len(set(words)), "each word is there once"
    pd.testing.assert_frame_equal(polysweep.critical(ds), polysweep.critical(polysweep.open(w2_file)), check_dtype=False)


def test_rows_of_a_key_are_those_of_its_part():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"a": rng.choice(["x", "y"], 300), "b": rng.choice([1.0, np.nan, 2.0], 300), "c": rng.random(300)})
    found, wanted = cases.rows_of(frame, ["a", "b"]), list(cases.parts(frame, ["a", "b"]))
    assert [str(key) for key in found] == [str(key) for key, _ in wanted] and len(found) == 6
    for rows, (_, part) in zip(found.values(), wanted):
        pd.testing.assert_frame_equal(frame.iloc[rows], part)
    assert cases.rows_of(frame[:0], ["a"]) == {}


def test_without_a_check_there_is_no_other_column(w2_file):
    whole = polysweep.open(w2_file, columns=["success_rate"])
    ds = polysweep.open(w2_file, columns=["success_rate"], check=False)
    assert set(ds.variables) == set(whole.variables) and "theory_success" not in ds
    assert (ds["done"] == whole["done"]).all() and ds["done"].sum() < ds.sizes["point"]
    np.testing.assert_array_equal(ds["success_rate"].values, whole["success_rate"].values)


def test_a_cube_of_many_points_copies_nothing(monkeypatch, tmp_path):
    """Points in the order of some axes are the cube already; with a hole, or another order, they are copied."""
    listed = synthetic.points(["P1", "P2"], ["exact"], [2, 3, 4], [64, 128], [10, 18], 8, 20)
    synthetic.write(tmp_path / "x.h5", synthetic.fill(listed))
    ds = polysweep.open(tmp_path / "x.h5")
    orders = [np.arange(24), np.arange(24).reshape(2, 2, 2, 3).transpose(1, 3, 2, 0).ravel(), np.arange(23), np.r_[1, 0, 2:24]]
    small = [polysweep.grid(ds.isel(point=order)) for order in orders]
    monkeypatch.setattr(grid_module, "LARGE", 10)
    for order, wanted, shared in zip(orders, small, (True, True, False, False)):
        part = ds.isel(point=order)
        cube = polysweep.grid(part)
        xr.testing.assert_identical(cube, wanted)
        assert np.shares_memory(cube["success_rate"].values, part["success_rate"].values) == shared
        assert cube["success_rate"].values.flags.writeable != shared and part["success_rate"].values.flags.writeable
    blank = part.assign(gap=("point", np.broadcast_to(np.nan, 24)), one=("point", np.broadcast_to(1.0, 24)))
    cube = polysweep.grid(blank.isel(point=slice(0, 23)).assign(gap=("point", np.broadcast_to(np.nan, 23))))
    assert cube["gap"].values.strides == (0,) * 4 and cube["gap"].isnull().all() and int(cube["one"].isnull().sum()) == 1
    assert polysweep.grid(blank)["one"].values.strides == (0,) * 4


def test_a_column_without_storage_is_not_read(monkeypatch, tmp_path):
    monkeypatch.setattr(read, "LARGE", 100)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("bare", (1000,), "f8", fillvalue=2.5, chunks=(100,))
        file.create_dataset("kept", data=np.arange(1000.0))
        bare = read.values_of(file["bare"])
        assert bare.strides == (0,) and bare.shape == (1000,) and (bare == 2.5).all()
        np.testing.assert_array_equal(read.values_of(file["kept"]), np.arange(1000.0))


def test_a_figure_is_saved_before_the_next_is_drawn(monkeypatch, tmp_path, w2_file):
    """Until then it holds the points that it shows."""
    did, drawn, save = [], Figure.__post_init__, Figure.save
    monkeypatch.setattr(Figure, "__post_init__", lambda figure: (did.append(("drawn", figure.name)), drawn(figure))[1])
    monkeypatch.setattr(Figure, "save", lambda figure, directory: (did.append(("saved", figure.name)), save(figure, directory))[1])
    names = [figure.name for figure, _ in section.Section(w2_file, tmp_path).figures]
    assert len(names) > 1 and did == [(what, name) for name in names for what in ("drawn", "saved")]


@pytest.mark.parametrize("asked", [{}, {"works": {"when": "beta > 1", "then": "tie < 1"}}])
def test_what_a_report_spares_is_let_go_as_it_is_read(monkeypatch, tmp_path, asked):
    """Of the columns that no section shows there are two at a time at most, and all count in the checksums; a study that predicts may
    name them. Resolved studies have what was not asked for too, empty."""
    listed = synthetic.points(["P1"], ["exact"], [2, 3, 4], [64], [10], 8, 20)
    rows = synthetic.fill(listed, unfinished={1: "running"})
    synthetic.write(tmp_path / "x.h5", rows, study={"predict": asked, "search": {}})
    seen, most, variable = [], [0], read._variable

    def watched(dataset, slots):
        found = variable(dataset, slots)
        if dataset.name[1:] in section._SPARED and dataset.name != "/commit":
            seen.append(weakref.ref(found.values))
            most[0] = max(most[0], sum(each() is not None for each in seen))
        return found

    monkeypatch.setattr(read, "_variable", watched)
    ds = section.opened(tmp_path / "x.h5")
    assert len(seen) > 2 and (most[0] == len(seen) if asked else most[0] <= 2)
    whole = polysweep.open(tmp_path / "x.h5")
    xr.testing.assert_identical(ds, whole if asked else whole.drop_vars(set(section._SPARED) & set(whole.variables)))
    assert 0 < ds["committed"].sum() < ds.sizes["point"]
