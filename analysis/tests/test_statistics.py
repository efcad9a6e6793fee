import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import binomtest, kstest

from polysweep.cases import table
from polysweep.statistics import anytime_pvalues, binomial_pvalues, consistency, wilson


def test_wilson_is_scipys():
    k, n = np.array([0, 1, 30, 59, 60, 100, 180]), np.array([60, 60, 60, 60, 60, 100, 200])
    lo, hi = wilson(k, n)
    for i in range(len(k)):
        reference = binomtest(int(k[i]), int(n[i])).proportion_ci(0.95, "wilson")
        assert lo[i] == pytest.approx(reference.low, abs=1e-12) and hi[i] == pytest.approx(reference.high, abs=1e-12)


def test_wilson_at_the_ends():
    assert np.round(wilson(100, 100), 3).tolist() == [0.963, 1.0]
    assert np.round(wilson(0, 100), 3).tolist() == [0.0, 0.037]
    assert np.isnan(wilson(0, 0)).all()


def test_pvalues():
    p = binomial_pvalues([3, 0, 1, 5, 4, 2], [10, 5, 5, 5, 5, 4], [0.3, 0, 0, 1, 1, np.nan])
    assert p[0] == pytest.approx(binomtest(3, 10, 0.3).pvalue)
    assert p[1:5].tolist() == [1, 0, 1, 0] and np.isnan(p[5])
    assert len(binomial_pvalues([], [], [])) == 0


def test_consistency_accepts_draws_of_the_theory(p1):
    found = consistency(table(p1))
    assert found.cells == p1.sizes["point"] and len(found.outside) == 0
    assert 0.001 < found.pvalue < 0.999 and found.groups == 4  # one cell for each of the four lengths
    assert "0 of 112 cells outside" in str(found)


def test_consistency_sees_one_wrong_cell_and_a_small_shift(p1):
    frame = table(p1)
    wrong = frame.copy()
    cell = wrong.index[(wrong["theory_success"] == 0) & (wrong["method"] == "exact")][0]
    wrong.loc[cell, "successes"] = 1  # impossible, whatever the number of trials
    assert list(consistency(wrong).outside.index) == [cell]
    shifted = frame.copy()
    middle = (shifted["theory_success"] > 0.05) & (shifted["theory_success"] < 0.9)
    shifted.loc[middle, "theory_success"] *= 2
    assert consistency(shifted).pvalue < 1e-3


def test_chi_squared_is_uniform_under_the_theory():
    """p-values of 300 synthetic files; a Kolmogorov-Smirnov test at 1e-4, loose because counts are discrete."""
    import pandas as pd

    random, values = np.random.default_rng(5), []
    for _ in range(300):
        p = random.uniform(0.1, 0.9, 12)
        frame = pd.DataFrame(dict(seed=1, n=np.repeat(np.arange(6), 2), d=4, done=True, method="exact", trials=200,
                                  theory_success=p, successes=random.binomial(200, p), success_rate=0.5))
        values.append(consistency(frame).pvalue)
    assert kstest(values, "uniform").pvalue > 1e-4


def test_anytime_pvalues_hold_at_a_stop_that_looks_for_a_small_one():
    random = np.random.default_rng(9)
    for p in (0.1, 0.9):
        hits = np.cumsum(random.random((2000, 400)) < p, axis=1)
        least = anytime_pvalues(hits, np.arange(1, 401), p).min(axis=1)
        for level in (0.05, 0.2):
            assert (least <= level).mean() <= level + 3 * np.sqrt(level / 2000)  # three deviations of a share of 2000
        fixed = binomial_pvalues(hits[:, 19::20].reshape(-1), np.tile(np.arange(20, 401, 20), 2000), np.full(40000, p)).reshape(2000, -1)
        assert (fixed.min(axis=1) <= 0.05).mean() > 0.15  # a test of a fixed number does not


def test_anytime_pvalues_are_the_integral_over_all_probabilities():
    for s, n, p in ((3, 10, 0.6), (0, 20, 0.2), (40, 40, 0.93), (900, 1000, 0.85)):
        ratio = quad(lambda q: np.exp(s * (np.log(q) - np.log(p)) + (n - s) * (np.log1p(-q) - np.log1p(-p))), 0, 1, points=[s / n],
                     epsabs=0, epsrel=1e-10)[0]
        assert anytime_pvalues(s, n, p) == pytest.approx(min(1, 1 / ratio), rel=1e-8)  # of the quadrature
    assert anytime_pvalues([5, 0, 1], [5, 5, 5], [1, 0, 0]).tolist() == [1, 1, 0] and np.isnan(anytime_pvalues(1, 2, np.nan))
