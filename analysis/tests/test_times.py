"""Times of two results: intervals of ratios, a rank test of the repetitions, and who may be compared at all."""
import numpy as np
import pytest
import scaled
from scipy.stats import mannwhitneyu

import polysweep
from polysweep.times import holm


def pair(tmp_path, factor=1.0, change=lambda rows: None, reps=20):
    """Two runs of one study, the second with times `factor` as long and noise of its own."""
    paths = []
    for seed, by in ((1, 1.0), (2, factor)):
        rows = scaled.strong_rows(np.random.default_rng(seed), teams=(1, 2, 4), reps=reps)
        for row in rows:
            row["samples"] = row["samples"] * by
            row.update({name: row[name] * by for name in ("time_median_s", "time_lo_s", "time_hi_s")})
        if seed == 2:
            change(rows)
        paths.append(tmp_path / f"{seed}.h5")
        scaled.write(paths[-1], rows)
    return polysweep.compare(*paths)


def test_the_same_program_twice_is_not_faster(tmp_path):
    """12 points at once: a verdict of slower or faster has probability 5 %; this seed has none."""
    found = pair(tmp_path)
    assert len(found.times) == 12 and set(found.times["verdict"]) == {"no difference shown"}
    assert found["agrees"].all() and "science columns agree" in str(found) and "12 no difference shown" in str(found)


def test_ten_percent_are_seen_in_three_percent_of_noise(tmp_path):
    found = pair(tmp_path, 1.1).times
    assert set(found["verdict"]) == {"slower"} and found["ratio"].between(1.03, 1.17).all()
    assert ((found["ratio_lo"] < 1.1) & (1.1 < found["ratio_hi"])).sum() >= 9  # of 12, each with at least 95 %: 1e-3
    assert set(pair(tmp_path, 0.9).times["verdict"]) == {"faster"}


def test_p_is_the_rank_tests(tmp_path):
    def shifted(rows):
        rows[3]["samples"] = rows[3]["samples"] + 100.0

    row = pair(tmp_path, change=shifted).times.set_index("slot_b").loc[3]
    assert row["p_value"] == mannwhitneyu(np.arange(20), np.arange(20) + 100.0).pvalue and row["p_holm"] == 12 * row["p_value"]


def test_times_that_are_none_are_not_compared(tmp_path):
    def odd(rows):
        rows[0]["timing"], rows[1]["timing"], rows[2]["team"], rows[3]["timing"] = "oversubscribed", "beside", 3, "none"

    found = pair(tmp_path, 2.0, odd).times.set_index("slot_b")
    assert (found.loc[[0, 1, 2], "verdict"] == "not comparable").all() and found.loc[[0, 1, 2], "p_value"].isna().all()
    assert 3 not in found.index and (found.loc[4:, "verdict"] == "slower").all()


def test_without_repetitions_the_interval_decides(tmp_path):
    def dropped(rows):
        for row in rows:
            row["samples"] = row["samples"][:0]

    found = pair(tmp_path, 1.2, dropped).times
    assert found["p_value"].isna().all() and set(found["verdict"]) == {"slower"}
    assert set(pair(tmp_path, 1.0, dropped, reps=5).times["verdict"]) == {"no interval"}


def test_five_repetitions_still_rank(tmp_path):
    """A rank test of 5 against 5 can reach p = 0.008, which twelve points at once do not accept."""
    found = pair(tmp_path, 3.0, reps=5).times
    assert found["ratio_lo"].isna().all() and np.allclose(found["p_value"], 2 / 252) and (found["p_holm"] > 0.05).all()


def test_holm():
    assert np.allclose(holm([0.01, 0.04, 0.03, np.nan, 0.5]), [0.04, 0.09, 0.09, np.nan, 0.5], equal_nan=True)
    random, wrong = np.random.default_rng(1), 0
    for _ in range(2000):
        wrong += (holm(random.uniform(size=20)) < 0.05).any()
    assert wrong / 2000 == pytest.approx(0.05, abs=0.02)  # a standard deviation is 0.5 %


def test_untimed_files_have_no_times(p1_file):
    found = polysweep.compare(p1_file, p1_file)
    assert found["agrees"].all() and set(found.times["verdict"]) <= {"not comparable"}
