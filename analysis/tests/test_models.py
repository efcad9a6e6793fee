"""Fits of scaling laws: they recover what made the timings, and their intervals cover as often as they say.

Noise: each repetition is the law's time, times an independent factor of median 1, log-normal or gamma with a relative spread
of 5 %; 20 repetitions on each of 1, 2, 4, ..., 32 ranks; parameters inside their domains.
"""
import warnings

import numpy as np
import pytest
from scaled import TEAMS, noise
from scipy.stats import binom

from polysweep.models import LAWS, fit, fit_intervals
from polysweep.samples import median_interval

TRUTH = {"amdahl": (2.0, 0.05), "usl": (2.0, 0.03, 0.0005), "gustafson": (2.0, 0.2)}
RANKS = np.array(TEAMS, float)
CASES = [(law, kind) for law in TRUTH for kind in ("lognormal", "gamma")]


def timings(law, random, kind="lognormal", spread=0.05, reps=20, ranks=RANKS):
    base, *parameters = TRUTH[law]
    return (base * LAWS[law].g(ranks, np.array(parameters)))[:, None] * noise(random, kind, spread, (len(ranks), reps))


def coverage(law, kind, trials, resamples):
    """Hits of each parameter's 95 % interval, and the mean of the estimates over the truth."""
    random, truth = np.random.default_rng([len(law), len(kind), trials]), np.array(TRUTH[law])
    hits, estimates = np.zeros(len(truth), int), np.zeros(len(truth))
    for trial in range(trials):
        table = fit(law, RANKS, timings(law, random, kind), resamples=resamples, seed=trial).table
        hits += ((table["lo"] <= truth) & (truth <= table["hi"])).to_numpy()
        estimates += table["value"].to_numpy()
    return hits, estimates / trials / truth


@pytest.mark.parametrize("law, kind", CASES)
def test_intervals_cover_in_a_few_trials(law, kind):
    """200 trials. An interval that covers 95 % hits fewer than `least` times (175), or always, with probabilities below 1e-5
    and 4e-5 by the binomial; 28 such checks are wrong for one in a thousand choices of seeds."""
    hits, ratio = coverage(law, kind, 200, 199)
    least = binom.ppf(1e-5, 200, 0.95)
    assert ((least <= hits) & (hits < 200)).all(), (law, kind, hits, least)
    assert np.allclose(ratio, 1, atol=0.05), ratio  # of kappa, the least certain: 13 % in one trial, 1 % in the mean of 200


@pytest.mark.long
@pytest.mark.parametrize("law, kind", CASES)
def test_intervals_cover_as_often_as_they_say(law, kind):
    """1,000 trials: 93 to 97 % of them, for every parameter. 8 to 10 seconds of a core for each law and noise, a minute for all."""
    hits, ratio = coverage(law, kind, 1000, 999)
    print(f"{law}, {kind} noise: " + ", ".join(f"{name} {100 * hit / 1000:.1f} %" for name, hit in
                                               zip(("T_1", *LAWS[law].parameters), hits)))
    assert ((930 <= hits) & (hits <= 970)).all(), hits
    assert np.allclose(ratio, 1, atol=0.02), ratio


@pytest.mark.parametrize("law", TRUTH)
def test_without_noise_the_law_comes_back(law):
    samples = timings(law, np.random.default_rng(1), spread=1e-9)
    found = fit(law, RANKS, samples)
    assert np.allclose(found.table["value"], TRUTH[law], rtol=1e-5)  # kappa multiplies the noise by about 1e3
    assert np.abs(found.residuals).max() < 1e-8 and found.how == "studentised bootstrap" and found.table["inside"].all()
    assert np.allclose(found.time(RANKS), samples.mean(axis=1), rtol=1e-7)


@pytest.mark.parametrize("law", TRUTH)
def test_slopes_are_derivatives(law):
    s, g, step = np.array(TRUTH[law][1:]), LAWS[law].g, 1e-7
    for i, slope in enumerate(LAWS[law].slopes(RANKS, s)):
        change = np.eye(len(s))[i] * step
        numeric = (np.log(g(RANKS, s + change)) - np.log(g(RANKS, s - change))) / (2 * step)
        assert np.allclose(slope, numeric, rtol=1e-5, atol=1e-6)  # a central difference: step^2 and rounding over step


def test_the_same_samples_give_the_same_interval_in_any_order():
    samples, turn = timings("usl", np.random.default_rng(2)), [3, 0, 5, 1, 4, 2]
    a, b = fit("usl", RANKS, samples), fit("usl", RANKS[turn], samples[turn])
    assert a.table.equals(b.table)
    assert not a.table.equals(fit("usl", RANKS, samples, seed=1).table)


def test_sizes_may_have_different_numbers_of_repetitions():
    samples = [row[:count] for row, count in zip(timings("amdahl", np.random.default_rng(3), reps=40), (40, 6, 25, 11, 20, 33))]
    found = fit("amdahl", RANKS, samples)
    assert found.samples.tolist() == [40, 6, 25, 11, 20, 33] and found.values["s"] == pytest.approx(0.05, abs=0.01)


def test_four_sizes_are_not_fitted():
    samples = timings("amdahl", np.random.default_rng(4))
    assert fit("amdahl", RANKS[:5], samples[:5])
    with pytest.raises(ValueError, match="4 different numbers of ranks are too few .* it takes 5"):
        fit("amdahl", RANKS[:4], samples[:4])
    with pytest.raises(ValueError, match="given twice"):
        fit("amdahl", [1, 2, 4, 8, 8, 16], samples)


@pytest.mark.parametrize("change, message", [
    (lambda x: x[:, :5], "5 repetitions on 1 ranks are too few"), (lambda x: x * 0, "on 1 ranks is not positive"),
    (lambda x: np.ones_like(x), "clock is too coarse")])
def test_samples_that_say_nothing_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        fit("amdahl", RANKS, change(timings("amdahl", np.random.default_rng(5))))


def test_far_extrapolation_warns():
    found = fit("usl", RANKS, timings("usl", np.random.default_rng(6)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found.time(128.0) > 0
    with pytest.warns(UserWarning, match="129 ranks are 4.03 times the largest measured team of 32"):
        found.time([1, 129])
    with pytest.warns(UserWarning, match="a guess"):
        assert found.speed_up(1000.0) < found.speed_up(32.0)  # the USL turns back


def test_a_law_that_does_not_fit_says_so():
    """Amdahl's law on timings of a USL that turns back; and on those of its own, `lack` is rarely small."""
    random = np.random.default_rng(7)
    assert fit("amdahl", RANKS, timings("usl", random, spread=0.02)).lack < 0.01
    # under the law P(lack < 0.01) is below 1 %: 5 of 100 have probability 3e-3
    assert sum(fit("amdahl", RANKS, timings("amdahl", random), resamples=199, seed=i).lack < 0.01 for i in range(100)) < 5


def test_superlinear_times_lie_outside_the_domain():
    samples = timings("amdahl", np.random.default_rng(8)) * np.array([1.3, 1, 1, 1, 1, 1])[:, None]
    table = fit("usl", RANKS, samples * RANKS[:, None] ** -0.1).table
    assert not table["inside"].all()


def test_intervals_alone_give_about_the_same():
    samples = timings("usl", np.random.default_rng(9), reps=50)
    a, b = fit("usl", RANKS, samples).table, fit_intervals("usl", RANKS, *median_interval(samples)).table
    width = a["hi"] - a["lo"]
    assert (np.abs(a["value"] - b["value"]) < 0.5 * width).all()
    assert ((b["hi"] - b["lo"]) / width).between(0.5, 2).all()  # widths of rank intervals are rough
    with pytest.raises(ValueError, match="reps: 6"):
        fit_intervals("usl", RANKS, [1.0] * 6, [np.nan] * 6, [np.nan] * 6)
