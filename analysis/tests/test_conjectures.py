"""Claims and critical degrees of a study against its results, on points made here."""
import json

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.stats import binom

from polysweep.conjecture_tables import conjecture_tables
from polysweep.conjectures import counterexamples, predictions_of, rate_pvalues
from polysweep.edges import edges
from polysweep.residuals import predicted_edges, residuals
from polysweep.times import holm


def points(predict, successes, trials=200, *, beta=None, n=64, done=None, **columns):
    """A curve of `successes` over beta; predict_NAME of claims is 1 everywhere unless it is given."""
    successes = np.asarray(successes)
    count = len(successes)

    def whole(value):
        return ("point", np.broadcast_to(value, count).copy())

    variables = {"success_rate": whole(successes / trials), "successes": whole(successes), "fire_rate_d1": whole(successes / trials),
                 "fires_d1": whole(successes), "fire_rate_d0": whole(0.0), "fires_d0": whole(0), "success_samples": whole(trials),
                 "trials_done": whole(trials), "success_lo": whole(np.clip(successes / trials - 0.05, 0, 1)),
                 "success_hi": whole(np.clip(successes / trials + 0.05, 0, 1)), "done": whole(True if done is None else done),
                 "status": whole("done"), "committed": whole(True), "theory_success": whole(np.nan), "flops": whole(1.0)}
    coordinates = {"method": whole("exact"), "beta": whole(np.arange(1.0, count + 1) if beta is None else beta), "n": whole(n), "d": whole(10),
                   "trials": whole(trials), "data_draws": whole(0), "draws": whole(0), "weights": whole(0), "data_kind": whole("self_attention")}
    for name in predict:
        variables[f"predict_{name}"] = whole(columns.pop(f"predict_{name}", 1.0))
    for name, value in columns.items():
        (coordinates if name in coordinates else variables)[name] = whole(value)
    return xr.Dataset(variables, coordinates, {"provenance_resolved": json.dumps({"predict": predict, "judge": {"level": 0.9}})})


def claimed(then, successes, when="beta > 0", **more):
    return points({"c": {"when": when, "then": then}}, successes, **more)


def test_forms():
    degrees, made = predictions_of(points({"a": "log(n)", "b": {"edge": "2 * n"}, "c": {"when": "n > 2", "then": "gap > 0"}}, [1]))
    assert degrees == {"a": "log(n)", "b": "2 * n"} and made == {"c": ("n > 2", "gap > 0")}


def test_exact_tests_and_holm():
    """p-values are tails of the binomial; Holm's correction over all points, by its definition."""
    successes = np.array([0, 100, 119, 121, 140, 200])
    found = counterexamples(claimed("success_rate < 0.5", successes), "c")
    p = binom.sf(successes - 1, 200, 0.5)
    order = np.argsort(p)
    corrected = [max(min(1, (6 - j) * p[order[j]]) for j in range(k + 1)) for k in range(6)]
    stand = [slot for slot, value in zip(order, corrected) if value <= 0.05]
    assert found.table["slot"].tolist() == stand == [5, 4, 3, 2]
    assert np.allclose(found.table["p_value"], p[stand], rtol=1e-11) and np.allclose(found.table["p_corrected"], corrected[:4], rtol=1e-11)
    assert np.allclose(found.table["beyond"], successes[stand] / 200 - 0.5, rtol=1e-14)
    assert (found.about, found.computed, found.contradict, found.seem_to, found.error) == (6, 6, 4, 1, 0.05)  # 100 of 200 is not below
    assert len(counterexamples(claimed("success_rate < 0.5", successes), "c", error=1e-30).table) == 1


def test_both_sides_and_several_parts():
    successes = np.array([2, 60, 198])
    at_least, at_most = binom.cdf(successes, 200, 0.3), binom.sf(successes - 1, 200, 0.3)
    for then, p in (("0.3 <= success_rate", at_least), ("success_rate == 0.3", 2 * np.minimum(at_least, at_most)),
                    ("success_rate < 0.3 and fire_rate_d0 < 0.9 and beta > 0", 2 * at_most), ("fire_rate_d1 < 0.3 and beta != 3",
                                                                                            np.where([0, 0, 1], 0, at_most))):
        ds = claimed(then, successes)
        expected = holm(np.minimum(p, 1)) <= 0.05
        assert sorted(counterexamples(ds, "c").table["slot"]) == np.flatnonzero(expected).tolist(), then


def test_values_without_chance_contradict_as_they_are():
    gap = np.array([0.1, 0.3, np.nan, 0.5])
    found = counterexamples(claimed("gap < 0.2 and beta >= 1", np.zeros(4, int), gap=gap), "c")
    assert found.table["slot"].tolist() == [3, 1] and found.table["p_value"].isna().all() and found.without_value == 1
    assert not found.tested and not found.untested_rate
    loose = counterexamples(claimed("success_rate > 0.9 or gap > 1", [200, 179, 180, 181], gap=gap), "c")
    assert loose.untested_rate and not loose.tested and sorted(loose.table["slot"]) == [1]  # 180 of 200 is not more; its gap is NaN


def test_draws_make_fewer_samples():
    successes = np.array([80])
    ds = claimed("success_rate < 0.3", successes, success_samples=25, data_draws=16)
    assert rate_pvalues(ds, "success_rate", 0.3)[0] == pytest.approx(binom.sf(9, 25, 0.3), rel=1e-11)
    assert rate_pvalues(ds, "fire_rate_d1", 0.25)[1] == pytest.approx(_real_tail(0.4 * 16, 16, 0.25), rel=1e-9)
    both = claimed("success_rate < 0.3", successes, data_draws=16, draws=4)  # tables are fewer than rows
    assert rate_pvalues(both, "fire_rate_d1", 0.5)[0] == pytest.approx(_tail_of(1.6, 4, 0.5), rel=1e-9)


def _real_tail(k, n, p):
    """P(X <= k) for real numbers: integral of the beta density."""
    return quad(lambda x: x ** (n - k - 1) * (1 - x) ** k, 0, 1 - p, epsabs=0, epsrel=1e-11)[0] / quad(
        lambda x: x ** (n - k - 1) * (1 - x) ** k, 0, 1, epsabs=0, epsrel=1e-11)[0]


def _tail_of(k, n, p):
    """P(X >= k)."""
    return _real_tail(n - k, n, 1 - p)


def test_trials_that_a_rule_ended():
    """1 / M, M the mean likelihood of rates beyond the bound over that of the bound, by quadrature."""
    successes, e = np.array([36, 20, 3]), 0.5
    ds = claimed("success_rate < 0.5", successes, trials=40, trials_stop="decided", trials_error=0.001)
    at_most, at_least = rate_pvalues(ds, "success_rate", e)
    for k, most, least in zip(successes, at_most, at_least):
        def likelihood(p, k=k):
            return (p / e) ** k * ((1 - p) / (1 - e)) ** (40 - k)

        above, below = quad(likelihood, e, 1, epsrel=1e-11)[0] / (1 - e), quad(likelihood, 0, e, epsrel=1e-11)[0] / e
        assert most == pytest.approx(min(1, 1 / above), rel=1e-9) and least == pytest.approx(min(1, 1 / below), rel=1e-9)
    drawn = claimed("success_rate < 0.5", successes, trials=40, trials_stop="decided", trials_error=0.001, data_draws=20)
    assert rate_pvalues(drawn, "success_rate", e)[0].tolist() == [0.0005, 1, 1]
    assert rate_pvalues(drawn, "success_rate", e)[1].tolist() == [1, 1, 0.0005]
    single = claimed("success_rate < 0.5", successes, trials=40, trials_stop="decided", trials_error=0.001, data_draws=40)
    assert rate_pvalues(single, "success_rate", e)[0].tolist() == at_most.tolist()


@pytest.mark.parametrize("error", [0.05, 0.01])
def test_shares_of_an_error_make_it_up(error):
    """N points of p = error / N: Holm's N (error / N) is above error in doubles for some N."""
    for count in (n for n in range(2, 200) if error / n * n > error):
        drawn = claimed("success_rate < 0.5 and fire_rate_d1 < 0.9", np.full(count, 36), trials=40, trials_stop="decided",
                        trials_error=error / count, data_draws=20)
        assert counterexamples(drawn, "c", error).contradict == count


def test_a_claim_that_holds_is_rarely_contradicted():
    """At the very bound, 30 points, 3,000 studies: some point stands in at most 5 % of them (and 4 standard deviations)."""
    rng, runs = np.random.default_rng(5), 3000
    successes = rng.binomial(150, 0.4, (runs, 30))
    p = rate_pvalues(claimed("success_rate <= 0.4", successes.reshape(-1), trials=150), "success_rate", 0.4)[0].reshape(runs, 30)
    wrong = np.mean([(holm(row) <= 0.05).any() for row in p])
    assert 0.01 < wrong < 0.05 + 4 * np.sqrt(0.05 * 0.95 / runs)


def test_points_that_were_not_computed():
    stored = np.array([1, np.nan, 0, np.nan, np.nan])
    ds = claimed("success_rate < 0.4", [110, 0, 200, 0, 0], when="beta < 5", done=stored == stored, predict_c=stored)
    found = counterexamples(ds, "c")
    assert (found.about, found.computed) == (3, 1) and found.table["p_corrected"][0] == pytest.approx(3 * found.table["p_value"][0])
    beta_c = np.array([5, np.nan, 5, np.nan, np.nan])  # the same for all degrees: 2 and 4 are below it
    more = dict(done=stored == stored, predict_c=stored)
    assert counterexamples(claimed("success_rate < 0.4", [110, 0, 200, 0, 0], when="beta < beta_c", beta_c=beta_c, **more), "c").about == 3
    assert counterexamples(claimed("success_rate < 0.4", [110, 0, 200, 0, 0], when="beta < beta_c", beta_c=np.nan, **more), "c").about == 1
    apart = claimed("success_rate < 0.4", [110, 0, 200, 0, 0], when="beta < beta_c", beta_c=beta_c, n=[64, 64, 64, 99, 99], **more)
    assert counterexamples(apart, "c").about == 4  # no point with n = 99 says what it is there: both may be
    unlike = claimed("success_rate < 0.4", [110, 0, 200, 0, 0], when="theory_special_mass_d1 > 0.5", theory_special_mass_d1=beta_c / 10, **more)
    assert counterexamples(unlike, "c").about == 4  # it is another one at each degree


def test_names_are_checked():
    ds = claimed("success_rate < 0.5", [1])
    with pytest.raises(ValueError, match="near it: c"):
        counterexamples(ds, "cc")
    with pytest.raises(ValueError, match="claims nothing"):
        counterexamples(points({"a": "n"}, [1]), "a")
    with pytest.raises(ValueError, match="between 0 and 1"):
        counterexamples(ds, "c", error=2)


def test_residuals():
    """Rates rise from 0.7 at 3 to 0.95 at 4: the line crosses 0.9 at 3.8."""
    predict = {"near": "x", "far": {"edge": "x"}, "none": "beta + 1", "c": {"when": "n > 1", "then": "n > 2"}}
    ds = points(predict, [0, 20, 140, 190, 200, 200], predict_near=3.5, predict_far=6.0, predict_none=np.arange(6.0), edge_lo=3.25, edge_hi=np.inf)
    table = residuals(ds).set_index("prediction")
    assert list(table.index) == ["near", "far"] and (table[["lo", "hi"]] == [3, 5]).all().all()  # 0.95 - 0.05 is not surely above
    assert table["measured"].tolist() == pytest.approx([3.8, 3.8]) and table["difference"].tolist() == pytest.approx([0.3, -2.2])
    deviation = 0.55 / edges(ds)["theory_z"].values[0, 0]  # that of the edge is the same for every degree it is held against
    assert 0.25 < deviation < 1 and table["theory_z"].tolist() == pytest.approx([0.55 / deviation] * 2)
    assert table["z"].tolist() == pytest.approx([0.3 / deviation, -2.2 / deviation])
    assert table["inside"].tolist() == [True, False] and table["theory_inside"].all()
    assert table["theory_difference"].tolist() == pytest.approx([0.55, 0.55])
    lines = predicted_edges(ds)
    assert lines["near"].tolist() == [3.5] and lines["none"].isna().all() and list(lines) == ["near", "far", "none"]


def test_no_edge_and_no_prediction():
    ds = points({"a": "x"}, [0, 1, 2], predict_a=2.5)
    table = residuals(ds)
    assert table["measured"].isna().all() and not table["inside"].any() and len(table) == 1
    assert not len(residuals(points({}, [0, 200]))) and conjecture_tables(points({}, [0, 200])) == []


def test_tables():
    predict = {"a": "x", "c": {"when": "beta > 0", "then": "success_rate < 0.5"}, "broken": {"when": "beta > 0", "then": "sucess_rate < 1"}}
    tables = {table.file: (table.shown, numbers) for table, numbers in conjecture_tables(points(predict, [0, 120, 150, 199], predict_a=3.25))}
    assert list(tables) == ["predicted-claims.csv", "counterexamples.csv", "residuals.csv"]
    claims = tables["predicted-claims.csv"][0].set_index("claim")
    assert claims.loc["c", ["about", "computed", "contradict", "seem to"]].tolist() == ["4", "4", "3", "0"]
    assert "sucess_rate" in claims.loc["broken", "note"] and claims.loc["broken", "about"] == ""
    assert tables["counterexamples.csv"][0]["slot"].tolist() == ["3", "2", "1"]
    assert tables["residuals.csv"][0]["edge - predicted"].tolist() == ["+0.36, inside"]
