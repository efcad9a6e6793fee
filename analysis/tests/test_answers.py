"""The sentences that a page begins with: computed, and honest about what is not settled."""
import numpy as np
import pandas as pd
import pytest
import searched
import synthetic

import polysweep
from polysweep import answers
from polysweep.cases import every
from polysweep.edge_tables import edge_frame


def critical_rows(rows, trials=200):
    """A row per (d, n, verdict, lower, upper), as `polysweep.critical` has them."""
    made = []
    for d, n, verdict, lower, upper in rows:
        made.append(dict(method="exact", d=d, n=n, trials=trials, verdict=verdict, lower_lo=lower, lower_hi=lower, upper_lo=upper,
                         upper_hi=upper, theory_points=0, theory_first=np.nan, theory_last=np.nan))
    return pd.DataFrame(made)


def test_degrees_say_from_where_to_where_and_how_often_never():
    nan = np.nan
    found = critical_rows([(34, 256, "none", nan, nan), (34, 4096, "none", nan, nan), (130, 256, "edges", 4.0, np.inf),
                           (130, 4096, "edges", 6.0, np.inf), (258, 256, "edges", 4.0, np.inf), (258, 4096, "edges", 6.0, np.inf)])
    assert answers.degrees(found, 0.9, beside=["softmax does at d >= 130"]) == [
        "exact separates from β = 4 (n = 256) to 6 (n = 4096) at d >= 130; 2 of 6 cases never; softmax does at d >= 130 "
        "(to separate: success in at least 90 % of trials)."]


def test_what_trials_leave_open_is_not_settled():
    found = critical_rows([(34, 256, "not settled", np.nan, np.nan)] * 2, trials=20)
    assert answers.degrees(found, 0.9)[0].startswith("exact: 2 of 2 not settled with 20 trials (")
    found = found.assign(theory_points=8, theory_first=[4.0, np.nan])
    assert "2 of 2 not settled with 20 trials (by exact probability from β = 4 (n = 256) in 1 of them)" in answers.degrees(found, 0.9)[0]
    window = critical_rows([(34, 256, "edges", 4.0, 9.0)])
    assert answers.degrees(window, 0.9)[0].startswith("exact separates from β = 4 (n = 256), up to β = 9 (n = 256) (")
    assert answers.degrees(pd.DataFrame(), 0.9) == []


def test_answers_of_a_file_are_those_of_its_tests(p1):
    found = polysweep.critical(p1)
    said = answers.degrees(found, 0.9, ["preset"], answers.baselines(every(p1), 0.9, ["preset", "d", "n"]))[0]
    yes = (found["verdict"] == "edges").sum()
    assert yes == (found["trials"] > 0).sum() and said.startswith("exact separates from β = ") and " everywhere" in said
    assert "linear never does" in said and "softmax does with preset P2" in said


@pytest.mark.parametrize("successes, word", [(200, "softmax does"), (100, "softmax never does"), (182, "softmax is not settled")])
def test_a_method_without_a_degree_is_judged_by_a_test(successes, word):
    points = pd.DataFrame({"method": ["softmax"], "beta": [np.nan], "trials": [200], "trials_done": [200], "success_samples": [0],
                           "success_rate": [successes / 200], "done": [1], "d": [18], "n": [64]})
    assert answers.baselines(points, 0.9, ["d", "n"]) == [word]


def test_where_names_what_the_cases_have_in_common():
    frame = pd.DataFrame({"d": [18, 18, 34, 34, 66, 66], "n": [64, 128] * 3, "mask": ["full", "causal"] * 3})
    names = ["d", "n", "mask"]
    for chosen, said in (([True] * 6, "everywhere"), ([False, False] + [True] * 4, "at d >= 34"), ([True] * 4 + [False] * 2, "at d <= 34"),
                         ([True, False] * 3, "at n = 64"), ([False, False, True, True, False, False], "at d = 34"),
                         ([True] + [False] * 5, "in 1 of 6 cases")):
        assert answers.where(frame, chosen, names) == said
    assert answers.where(frame, [True, False] * 3, ["mask"]) == "with mask full"
    assert answers.interval(-np.inf, 4.0) == "at most 4" and answers.interval(9.0, np.inf) == "at least 9"


def test_an_empty_file_says_what_is_planned_and_what_theory_knows(tmp_path):
    listed = synthetic.points(["P1"], ["exact", "softmax"], range(1, 13), [64, 128], [34], 40, 100)
    synthetic.write(tmp_path / "x.h5", synthetic.fill(listed, unfinished={k: "empty" for k in range(len(listed))}))
    ds = polysweep.open(tmp_path / "x.h5")
    plan, theory = answers.planned(every(ds), ds, 0.9)
    assert plan == "Nothing is computed yet: 26 points are planned (exact, softmax; β 1 to 12, n 64 to 128, d 34)."
    assert theory.startswith("By exact probability exact separates from β = 4 (n = 64) to 5 (n = 128) everywhere")
    assert answers.planned(every(ds).assign(done=1), ds, 0.9) == []


def test_edges_of_a_search(tmp_path):
    searched.write(tmp_path / "x.h5", synthetic.points(["P1"], ["exact"], range(1, 21), [64, 256], [34], 40, 400))
    ds = polysweep.open(tmp_path / "x.h5")
    said = answers.searched(edge_frame(ds, polysweep.edges(ds)), "beta", "success_rate", 0.9)
    assert said and said[0].startswith("Success rises through 0.9 between β = ")
    rows = pd.DataFrame({"d": [8, 16], "combination": [0, 1], "kind": "fall", "lo": [4.0, 12.0], "hi": [8.0, 16.0], "settled": True})
    assert answers.searched(rows, "n", "recall", 0.9) == [
        "Associations that are recalled to 90 %: the memory holds 4 to 8 (d = 8) and 12 to 16 (d = 16)."]
    none = rows.assign(lo=np.nan, hi=np.nan, kind="none", settled=[True, False])
    assert answers.searched(none, "beta", "success_rate", 0.9) == [
        "Where success crosses 0.9: 1 of 2 combinations have no edge, 1 not settled."]


def test_the_cheapest_sketch_is_that_of_the_least_error_that_is_reached():
    rows = [dict(error="err_out", by="state_bytes", level=level, method=method, cost=cost, of_exact=cost / 1e6, lowest=0.07)
            for level, method, cost in ((0.5, "tree", 1e3), (0.5, "tree", 2e3), (0.1, "tree", 5e4), (0.1, "", np.nan))]
    name = lambda row: row.method  # noqa: E731
    assert answers.sketches(pd.DataFrame(rows), "err_out", name) == [
        "The smallest state with an error (err_out) of at most 0.5: tree in 2 cases (1 kB to 2 kB, 0.15 % of keys and values)."]
    assert answers.sketches(pd.DataFrame(rows[2:]), "err_out", name) == [
        "The smallest state with an error (err_out) of at most 0.1: tree in 1 case (50 kB, 5 % of keys and values); no sketch reaches it in 1 "
        "of 2 cases."]
    assert answers.sketches(pd.DataFrame(rows[3:]), "err_out", name) == [
        "No sketch reaches an error (err_out) of 0.1 in any of 1 case: the lowest is 0.07."]


def test_decoding_scaling_and_seconds():
    decode = pd.DataFrame([dict(words="tree of z^4", state=1e5, state_n=393.1, seconds_n=800.0, seconds_how="inside", n_first=64, n_last=4096,
                                error=0.12)])
    assert answers.decoded(decode) == ["tree of z^4: its state of 100 kB is smaller than the key-value cache from n = 393, a token takes "
                                       "less time from n = 800 (error of the output 0.12)."]
    strong = pd.DataFrame(dict(method="exact", n=4096, team=[1, 4], base_team=1, base_s=2.0, speed_up=[1, 3.5], efficiency=[1, 0.875],
                               efficiency_lo=[np.nan, 0.85], efficiency_hi=[np.nan, 0.9]))
    assert answers.scaling(strong, pd.DataFrame()) == [
        "The same problem on 4 ranks against 1 rank: exact: 3.5 times as fast, efficiency 0.88 [0.85, 0.90]."]
    timed = pd.DataFrame(dict(method=["exact", "exact", "softmax"], n=[64, 128, 128], beta=[4.0, 4.0, np.nan], time_median_s=[0.1, 0.2, 0.05],
                              time_lo_s=[0.1, 0.19, np.nan], time_hi_s=[0.1, 0.21, np.nan]))
    assert answers.seconds(timed, lambda x: f"{x:g} s") == [
        "A point of n = 128 takes at most, by method: exact 0.2 s [0.19 s, 0.21 s]; softmax 0.05 s (medians, 95 % intervals)."]


def test_claims_and_predicted_degrees():
    claims = pd.DataFrame([dict(claim="works", about=9, computed=9, contradict=0, seem_to=2, note=""),
                           dict(claim="fails", about=9, computed=8, contradict=3, seem_to=0, note="")])
    left = pd.DataFrame(dict(prediction="rule", difference=[-0.5, 1.25], inside=[True, False]))
    assert answers.predicted(claims, left) == [
        "Works is contradicted by none of 9 points (2 seem to, which chance may explain).", "Fails is contradicted by 3 of 8 points.",
        "Rule: in 1 of 2 cases the measured edge agrees; it is -0.50 to +1.25 degrees from it."]
