"""How often intervals and edges hold the truth: the short form of tests/bench/coverage.py, which prints the tables.

Runs are as many as leave a failure by chance less than 1e-6 where the coverage is that of the long tables: 95.7 % at the lowest of
the intervals (1,500 runs: a standard deviation of 0.5 %), 99 % of the edges."""
from pathlib import Path

import numpy as np
import pytest
import simulated
import synthetic
from scipy.stats import binom, norm, t

from polysweep import oracle
from polysweep.statistics import clopper_pearson, over_draws, wilson

LEAST = 0.93
W2, P1 = synthetic.PRESETS["W2"], synthetic.PRESETS["P1"]


@pytest.mark.parametrize("draws", simulated.DRAWS)
def test_intervals_over_draws_hold_the_rate(draws):
    random = np.random.default_rng(11)
    for rate in simulated.RATES:
        for rho in simulated.CORRELATIONS:
            held, width = simulated.interval_coverage(random, draws, rate, rho)
            assert held >= LEAST, (rate, rho, held)
            if draws >= 16 and rho <= 0.3 and rate == 0.5:  # no wider than this against one that knows the correlation
                assert width <= 1.3 * simulated.ideal_width(draws, rate, rho), (rho, width)


def test_intervals_of_trials_that_are_taken_for_independent_do_not():
    """What the draws are counted for: Wilson's interval of the same trials."""
    random = np.random.default_rng(12)
    counts = random.binomial(12, simulated.draw_rates(random, "beta", 0.5, 0.3, (2000, 16)))
    lo, hi = wilson(counts.sum(axis=1), 192)
    assert ((lo <= 0.5) & (0.5 <= hi)).mean() < 0.75


def of_all_counts(trials, rates):
    """Coverage of Wilson's interval at each of the rates, from the law of the counts."""
    counts = np.arange(trials + 1)
    lo, hi = wilson(counts, np.full(trials + 1, trials))
    return (binom.pmf(counts[:, None], trials, rates) * ((lo[:, None] <= rates) & (rates <= hi[:, None]))).sum(axis=0)


def test_wilsons_interval_covers_as_the_manual_says():
    """Exact, without chance: on average over all rates, at the worst of those in the middle, at the worst of all."""
    manual = (Path(__file__).parents[1] / "doc" / "statistics.md").read_text()
    rates = np.linspace(0.0005, 0.9995, 1999)
    middle = (rates >= 0.05) & (rates <= 0.95)
    many, few = (of_all_counts(trials, rates) for trials in (200, 100))
    for words, value in (("200 trials {} % on average", many.mean()), ("at least {} % for rates of 0.05", many[middle].min()),
                         ("(100 trials: {} %); within", few[middle].min()), ("down to {} %", many.min()),
                         ("(100 trials: {} %) |", few.min())):
        assert words.format(f"{100 * value:.1f}") in manual, (words, value)


def test_one_draw_is_enclosed_whatever_draws_do():
    """Draws of two values, one of them 0, or one of them 1: the worst that Markov's inequality allows is a chance of 0.025."""
    def held(rate, other):
        intervals = [over_draws([x], 1000)[1:3] for x in (0.0, other)]
        return sum(chance * (lo <= rate <= hi) for chance, (lo, hi) in zip((1 - rate / other, rate / other), intervals))

    worst = min(held(rate, other) for rate in np.linspace(0.005, 0.5, 60) for other in np.linspace(rate, 1, 60))
    assert 0.974 <= worst < 0.98  # of a grid; the infimum is 0.975


def test_the_interval_by_its_formula():
    """Once more in plain loops, for draws that differ, that all agree, and below 16."""
    for x, trials in (([0.5, 0.75, 1, 0.25] * 5, 4), ([1.0] * 16, 12), ([0.2, 0.4, 0.4, 0.9], 10), ([0.0] * 40, 5)):
        count = len(x)
        w = 1 if count < 16 else 0.25
        p = (sum(x) + w / 2) / (count + w)
        square = (sum((each - p) ** 2 for each in x) + w / 2 * (p ** 2 + (1 - p) ** 2)) / (count + w - 1)
        size = p * (1 - p) * (count + w) / square * (norm.ppf(0.975) / t.ppf(0.975, count - 1)) ** 2
        size = min(max(size, count), count * trials)
        rate, lo, hi, samples = over_draws(x, trials)
        assert samples == pytest.approx(size, rel=1e-12) and rate == pytest.approx(sum(x) / count)
        assert (lo, hi) == tuple(pytest.approx(float(end), abs=1e-12) for end in clopper_pearson(size * rate, size))


def test_one_draw_and_one_trial():
    assert over_draws([0.4], 50) == (0.4, pytest.approx(0.01), pytest.approx(0.985), 1)
    rate, lo, hi, samples = over_draws([1, 0, 1, 1], 1)
    assert (rate, samples) == (0.75, 4) and (lo, hi) == tuple(pytest.approx(float(end), rel=1e-12) for end in wilson(3, 4))


@pytest.mark.parametrize("words, constants, n, d, m, beta, most", [
    ("step", P1, 1024, 34, 56, range(1, 17), (1, 1)), ("window", W2, 1024, 130, 56, range(2, 64, 2), (1, 5))])
def test_edges_hold_the_true_ones(words, constants, n, d, m, beta, most):
    row = edge_row(constants, n, d, m, beta)
    assert row["both"] >= 0.97 and row["claimed"] == 1
    assert row["lower_width"] <= most[0] and row["upper_width"] <= most[1]


@pytest.mark.parametrize("n, m", [(4096, 67), (1024, 56)])
def test_no_edge_is_claimed_where_there_is_none(n, m):
    """The largest rate is 0.872, and 0.892: 200 trials reach 0.9 somewhere by luck in a tenth to a half of all runs."""
    row = edge_row(W2, n, 66, m, (1, 2, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64))
    assert row["claimed"] <= 0.01 and row["first"] > 0.05


def edge_row(constants, n, d, m, beta, runs=300):
    beta, point = np.array(list(beta), float), dict(constants, n=n, d=d)
    rates = simulated.curves(np.random.default_rng(13), beta, m, 200, runs, **point)
    return simulated.edge_coverage(beta, oracle.success(beta, m, **point), rates, 200)
