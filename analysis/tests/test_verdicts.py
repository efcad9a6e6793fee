"""The arithmetic behind verdicts on published statements: crossings, slopes, means with intervals."""
import numpy as np
import pytest

from polysweep import edge_fit, verdicts


def test_a_crossing_is_between_neighbours():
    x, y = [4, 1, 2, 8, 3], [0.95, 0.0, 0.1, 0.2, np.nan]
    assert verdicts.crossing(x, y, 0.9) == (2, 4)
    assert verdicts.crossing(x, y, 0.0) == (-np.inf, 1)
    assert verdicts.crossing(x, y, 0.99) == (8, np.inf)
    assert verdicts.crossing([1, 2, 4], [1.0, 0.7, 0.3], 0.5, rising=False) == (2, 4)
    assert np.isnan(verdicts.crossing([], [], 0.5)).all()


def test_slope_is_that_of_scipy_where_places_are_sharp():
    from scipy.stats import linregress, t

    random = np.random.default_rng(3)
    x = np.log(np.array([64.0, 96, 128, 192, 256]))
    y = 0.7 * x + random.normal(0, 0.1, 5)
    found, theirs = verdicts.slope(x, y, y), linregress(x, y)
    assert found == pytest.approx((theirs.slope, theirs.slope - t.ppf(0.975, 3) * theirs.stderr,
                                   theirs.slope + t.ppf(0.975, 3) * theirs.stderr), rel=1e-12)
    assert verdicts.slope([1, 2], [0, 1], [0, 1]) is None and verdicts.slope([1, 2, 3], [0, 1, 2], [1, 2, 3]) is None


def test_the_slope_of_brackets_is_that_of_their_fit():
    """Brackets of a twentieth around a law and noise: the intervals' coverage is tested where they come from (edge_fit)."""
    x = np.log(2.0 ** np.arange(6, 12))
    lo = np.floor((1.3 + 0.5 * x + np.random.default_rng(5).normal(0, 0.04, len(x))) / 0.05) * 0.05
    theta, intervals, _ = edge_fit.fit(lo, lo + 0.05, np.column_stack([np.ones(6), x]))
    assert verdicts.slope(x, lo, lo + 0.05) == (theta[1], *intervals[1]) and intervals[1][0] <= 0.5 <= intervals[1][1]


def test_a_fall_is_between_places_that_are_surely_on_a_side():
    x, lo, hi = [4, 1, 2, 8, 16, 3], [0.86, 0.93, 0.91, 0.7, np.nan, 0.84], [0.92, 1, 0.97, 0.8, 0.5, 0.91]
    assert verdicts.sure_fall(x, lo, hi, 0.9) == (2, 8)
    assert verdicts.sure_fall(x, lo, hi, 0.95) == (-np.inf, 3) and verdicts.sure_fall(x, lo, hi, 0.6) == (8, np.inf)
    assert verdicts.sure_fall(x, lo, hi, 0.75) == (4, np.inf) and verdicts.sure_fall([1, 2], [0.5, 0.95], [0.6, 1], 0.9) == (-np.inf, 1)
    assert np.isnan(verdicts.sure_fall([1], [np.nan], [0.5], 0.9)).all() and np.isnan(verdicts.sure_fall([], [], [], 0.9)).all()


def test_intervals_of_means_are_those_of_scipy():
    from scipy.stats import t

    values = np.random.default_rng(3).normal(1, 0.2, 8)
    mean, lo, hi = verdicts.mean_interval(values, 0.01)
    assert (mean, lo, hi) == pytest.approx((values.mean(), *t.interval(0.99, 7, values.mean(), values.std(ddof=1) / np.sqrt(8))), rel=1e-12)


def test_words_are_those_of_the_guide():
    assert verdicts.WORDS == ("identity", "consistent in the range", "contradicted in the range", "not testable here")
