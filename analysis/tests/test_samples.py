"""Medians, their intervals, ratios and means by kind of unit."""
import numpy as np
import pytest
from scipy.stats import norm
from scipy.stats.mstats import hdquantiles

from polysweep.samples import fewest, harrell_davis, kind_of, mean, median_interval, ratio


def test_ranks_of_the_interval_are_those_of_the_tables():
    """Ranks for 95 % as tabulated for the sign test: n = 6: 1, 10: 2, 20: 6, 25: 8, 50: 18, 100: 40 (and mirrored)."""
    for count, rank in ((6, 1), (10, 2), (20, 6), (25, 8), (50, 18), (100, 40)):
        middle, lo, hi = median_interval(np.random.default_rng(count).permutation(count) + 1.0)
        assert (lo, hi) == (rank, count + 1 - rank) and middle == (count + 1) / 2, count


def test_five_samples_have_no_interval():
    middle, lo, hi = median_interval([3.0, 1, 2, 5, 4])
    assert middle == 3 and np.isnan(lo) and np.isnan(hi)
    assert fewest() == 6 and fewest(0.9) == 5 and fewest(0.99) == 8 and fewest(0.5) == 2
    assert median_interval([1.0, 2, 3, 4, 5], 0.9)[1:] == (1, 5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        fewest(95)


def test_missing_repetitions_are_not_samples():
    assert median_interval([4.0, np.nan, 1, 3, 2, 6, 5, np.nan]) == (3.5, 1, 6)
    assert np.isnan(median_interval([])).all()


def test_the_interval_covers_whatever_the_distribution():
    """20 exponential samples: exact coverage 95.86 %; 20,000 trials have a standard deviation of 0.14 %, five allowed."""
    samples = np.random.default_rng(2).exponential(size=(20000, 20))
    _, lo, hi = median_interval(samples)
    assert np.mean((lo <= np.log(2)) & (np.log(2) <= hi)) == pytest.approx(0.9586, abs=0.007)


def test_harrell_davis_is_scipys_and_its_error_is_right():
    x = np.random.default_rng(3).gamma(4, size=(2, 21))
    assert np.allclose(harrell_davis(x)[0], [hdquantiles(row, [0.5])[0] for row in x], rtol=1e-12)
    values, errors = harrell_davis(np.random.default_rng(4).normal(size=(20000, 20)))
    # the mean of 20,000 squared errors, each with a relative spread of about 0.6, is known to 0.5 %; the jackknife of a
    # smooth statistic is unbiased up to a few percent at 20 samples
    assert np.sqrt((errors ** 2).mean()) == pytest.approx(values.std(), rel=0.05)


def test_ratios_cover_a_little_more_than_their_parts():
    """Two medians of 20 log-normal samples, truth 3; parts cover 95.9 %. 4,000 trials: standard deviation 0.3 %."""
    random = np.random.default_rng(5)
    a, b = 3 * random.lognormal(0, 0.1, (4000, 20)), random.lognormal(0, 0.3, (4000, 20))
    value, lo, hi = ratio(median_interval(a), median_interval(b))
    assert 0.94 < np.mean((lo <= 3) & (3 <= hi)) < 0.985 and np.median(value) == pytest.approx(3, rel=0.02)


def test_ratio_of_normal_intervals_adds_squares():
    z = norm.ppf(0.975)
    value, lo, hi = ratio(np.exp([1, 1 - z * 0.3, 1 + z * 0.3]), np.exp([0.5, 0.5 - z * 0.4, 0.5 + z * 0.4]))
    assert np.allclose(np.log([value, lo, hi]), [0.5, 0.5 - z * 0.5, 0.5 + z * 0.5], rtol=1e-12)


@pytest.mark.parametrize("unit, kind", [("s", "cost"), ("byte", "cost"), ("count", "cost"), ("1e9 s-1", "rate"),
                                        ("byte/s", "rate"), ("1", "ratio")])
def test_units_say_which_mean(unit, kind):
    assert kind_of(unit) == kind


def test_means_by_kind():
    assert mean([1, 3], "s") == 2 and mean([1, 3], "1e9 s-1") == pytest.approx(1.5) and mean([1, 4], "1") == pytest.approx(2)
    # 100 operations at 1 and at 3 operations a second take 133 s: the harmonic mean is what the sum of the work says
    assert mean([1, 3], "1 s-1", "harmonic") == pytest.approx(200 / (100 / 1 + 100 / 3))


@pytest.mark.parametrize("unit, how", [("s", "harmonic"), ("1e9 s-1", "arithmetic"), ("1", "arithmetic"), ("s", "geometric")])
def test_the_wrong_mean_is_refused(unit, how):
    with pytest.raises(ValueError, match="has a .* mean, not a"):
        mean([1.0, 2.0], unit, how)


def test_means_that_do_not_exist():
    for values, unit, how in (([], "s", None), ([1, 0], "1e9 s-1", None), ([1, -1], "1", None), ([1], "s", "middle")):
        with pytest.raises(ValueError):
            mean(values, unit, how)
