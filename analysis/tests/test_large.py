"""What makes files of many points affordable changes no number: columns of one value, results that are remembered, tests at once."""
import numpy as np
import pytest
import xarray as xr
from scipy.stats import binomtest

from polysweep import checks, read, statistics
from polysweep.commits import Checksum
from polysweep.grid import _codes


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
