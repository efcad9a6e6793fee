"""Edges of curves against a reading of them candidate by candidate, in files of grids and of searches."""
import h5py
import numpy as np
import pytest
import searched
import synthetic

import polysweep
from polysweep import oracle


@pytest.fixture(scope="module")
def p1_searched(tmp_path_factory):
    path = tmp_path_factory.mktemp("searched") / "p1.h5"
    searched.write(path, synthetic.points(["P1", "W1"], ["exact", "softmax"], range(1, 51), [64, 256, 1024], [18, 34],
                                          lambda n: int(np.ceil(8 * np.log(n))), 4000))
    return path


def dataset(tmp_path, curves, study=None, **columns):
    """A file with a curve over beta for each n; curves: {n: rates}; columns: {n: values} of others."""
    rows = []
    for k, (n, rates) in enumerate(curves.items()):
        for j, rate in enumerate(rates):
            rows.append(dict(method="exact", beta=j + 1.0, n=n, d=8, m=8, trials=1000, trials_done=1000, seed=1, success_rate=rate,
                             success_lo=rate - 0.02 if rate == rate else np.nan, success_hi=rate + 0.02, flops=float(n),
                             status="done" if rate == rate else "failed", attempt=1, edge_lo=2.5, edge_hi=np.inf,
                             **{name: values[n][j] for name, values in columns.items()}))
    synthetic.write(tmp_path / "made.h5", rows, study=study)
    return polysweep.open(tmp_path / "made.h5")


def by_hand(beta, rates, level):
    """[(kind, lo, hi, position)] and the most candidates between neighbours of one side, or beyond the last of them."""
    known = [(x, y) for x, y in zip(beta, rates) if y == y]
    found, missed = [], max([known[0][0] - beta[0], beta[-1] - known[-1][0]]) if known else len(beta)
    for (x, y), (right, z) in zip(known, known[1:]):
        if (y >= level) != (z >= level):
            found.append(("rise" if z >= level else "fall", x, right, x + (right - x) * (level - y) / (z - y)))
        else:
            missed = max(missed, sum(x < other < right for other in beta))
    return found, missed


def test_edges_of_any_curve_are_those_read_by_hand(tmp_path):
    random = np.random.default_rng(20)
    curves = {n: random.uniform(0.6, 1, 17) for n in range(16, 56)}
    for rates in list(curves.values())[::3]:
        rates[random.integers(0, 17, 4)] = np.nan
    curves[100], curves[101] = np.full(17, 0.95), np.full(17, 0.1)
    found = polysweep.edges(dataset(tmp_path, curves), level=0.83)
    most = 0
    for k, (n, rates) in enumerate(curves.items()):
        mine, missed = by_hand(np.arange(1.0, 18), rates, 0.83)
        one = found.isel(combination=k)
        assert int(one.n) == n and int(one["count"]) == len(mine) and int(one.missed) == missed
        assert int(one.evaluations) == np.isfinite(rates).sum() and int(one.candidates) == 17
        assert int(one.trials) == 1000 * np.isfinite(rates).sum() and float(one.flops) == 2 * n * np.isfinite(rates).sum()
        first = rates[np.isfinite(rates)][0]
        assert str(one.starts.values) == ("above" if first >= 0.83 else "below")
        for j, (kind, lo, hi, position) in enumerate(mine[:4]):
            assert (str(one.kind.values[j]), one.lo.values[j], one.hi.values[j]) == (kind, lo, hi)
            np.testing.assert_allclose(one.position.values[j], position, rtol=1e-12)  # two orders of the same few operations
        assert (one.kind.values[len(mine):] == "none").all() and np.isnan(one.lo.values[len(mine):]).all()
        most = max(most, len(mine))
    assert most > 4  # a combination has more edges than places


def test_a_level_that_a_candidate_meets_is_reached(tmp_path):
    found = polysweep.edges(dataset(tmp_path, {64: [0.5, 0.9, 0.95, 0.9, 0.89]}))
    assert found.kind.values[0, :2].tolist() == ["rise", "fall"] and found["count"].values[0] == 2
    assert found.position.values[0, 0] == 2 and found.lo.values[0, 1] == 4  # where it still is above


def test_theory_is_that_of_the_first_of_each_kind_at_the_level_of_the_study(tmp_path):
    ds = dataset(tmp_path, {64: [0.5, 0.95, 0.5, 0.95, 0.95]})
    found = polysweep.edges(ds)
    theory = found.theory.values[0]
    assert theory[0] == 2.5 and theory[1] == np.inf and np.isnan(theory[2:]).all()
    share = 0.4 / 0.45  # of the way from 1 to 2
    sd = np.sqrt(1 / 12 + (share - 0.5) ** 2 + ((share * 0.04 / 3.92) ** 2 + ((1 - share) * 0.04 / 3.92) ** 2) / 0.45 ** 2)
    np.testing.assert_allclose(found.theory_z.values[0, 0], (1 + share - 2.5) / sd, rtol=1e-12)  # two orders of the same operations
    assert found.theory_z.values[0, 1] == -np.inf
    assert np.isnan(polysweep.edges(ds, level=0.8).theory.values).all()


def test_any_column_and_any_axis(tmp_path):
    curves = {n: np.full(6, 0.5) for n in (64, 128, 256, 512)}
    error = {n: np.full(6, 30.0 / n) * np.arange(1, 7) for n in curves}
    ds = dataset(tmp_path, curves, err_out=error)
    along = polysweep.edges(ds, over="n", column="err_out", level=0.4)
    assert along.sizes["combination"] == 6 and (along.kind.values[:, 0] == "fall").all()
    for k, beta in enumerate(along.beta.values):
        assert along.lo.values[k, 0] < 30 * beta / 0.4 <= along.hi.values[k, 0]
    along = polysweep.edges(ds, column="err_out", level=0.4)
    assert along.kind.values[0, 0] == "none" and along.starts.values[0] == "above"
    assert (along.kind.values[1:3, 0] == "rise").all()


def test_what_is_linked_with_an_axis_keeps_no_points_apart(tmp_path):
    rows = [dict(method=method, beta=beta, n=n, d=n // 2, m=n // 8, j3=n - 1, trials=100, trials_done=100, seed=1,
                 success_rate=float(n >= 128), flops=1.0) for method in ("exact", "taylor") for beta in (2.0, 3.0) for n in (64, 128, 256)]
    synthetic.write(tmp_path / "linked.h5", rows)
    ds = polysweep.open(tmp_path / "linked.h5")
    for over, hi in (("n", 128), ("d", 64)):
        found = polysweep.edges(ds, over=over)
        assert found.sizes["combination"] == 4 and (found["count"] == 1).all() and (found.hi.values[:, 0] == hi).all()
        assert "d" not in found.coords and found.beta.values.tolist() == [2, 3, 2, 3]


def test_axes_of_the_study_keep_points_apart_that_lie_in_a_row(tmp_path):
    rows = [dict(method="exact", beta=float(beta), n=64 if beta < 5 else 128, d=8, m=8, trials=100, trials_done=100, seed=1,
                 success_rate=float(beta > 2), flops=1.0) for beta in range(1, 9)]
    synthetic.write(tmp_path / "one.h5", rows)
    synthetic.write(tmp_path / "two.h5", rows, study={"grid": {"n": [64, 128], "beta": {"from": 1, "to": 8, "step": 1}, "d": 8}})
    assert polysweep.edges(polysweep.open(tmp_path / "one.h5")).sizes["combination"] == 1
    two = polysweep.edges(polysweep.open(tmp_path / "two.h5"))
    assert two.n.values.tolist() == [64, 128] and two["count"].values.tolist() == [1, 0]
    assert two.starts.values.tolist() == ["below", "above"]


def test_of_a_search_what_was_asked_counts(tmp_path, p1_searched):
    ds = polysweep.open(p1_searched)
    found = polysweep.edges(ds)
    assert found.attrs["over"] == "beta" and found.attrs["level"] == 0.9
    needed = ds.status.values == "done"
    assert int(found.evaluations.sum()) == needed.sum() == (ds.asked.values > 0).sum() < 0.5 * len(needed)
    assert int(found.trials.sum()) == ds.trials_done.values[needed].sum()
    for k in range(found.sizes["combination"]):
        one = found.isel(combination=k)
        if str(one.method.values) != "exact":
            assert int(one.candidates) == 1 and int(one["count"]) == 0
            continue
        truth = oracle.success(np.arange(1, 51), int(one.m), **{name: float(one[name]) for name in ("a_0", "a_1", "b", "c", "kappa")},
                               n=int(one.n), d=int(one.d)) >= 0.9
        for lo, hi, kind in zip(one.lo.values, one.hi.values, one.kind.values):
            if kind != "none":
                assert truth[int(lo) - 1] != truth[int(hi) - 1] == (kind == "rise")


def test_points_that_were_filled_in_later_enter_no_edge(tmp_path, p1_searched):
    rows = searched.search(synthetic.points(["P1"], ["exact"], range(1, 31), [64], [18], 34, 4000))
    path = tmp_path / "filled.h5"
    random = np.random.default_rng(3)
    filled = [row if row["asked"] else {**searched.answer({name: row[name] for name in row if name not in ("status", "attempt", "asked",
              "trials_error")}, 1e-4, random, 0.9, 4000, 0)} for row in rows]
    tables = []
    for each in (rows, filled):
        synthetic.write(path, each, study=searched.STUDY)
        tables.append(polysweep.edges(polysweep.open(path)))
    assert tables[0].equals(tables[1])
    other = polysweep.edges(polysweep.open(path), level=0.85)  # nobody searched for it
    assert int(other.evaluations.sum()) == 30


def test_listed_points_of_a_search_stand_alone(tmp_path):
    listed = synthetic.points(["P1"], ["exact"], range(1, 31), [64], [18], 34, 4000)
    rows = searched.search(listed) + searched.search([dict(listed[0], beta=100.0)])
    study = {**searched.STUDY, "include": [{"method": "exact", "beta": 100}]}
    synthetic.write(tmp_path / "listed.h5", rows, study=study)
    found = polysweep.edges(polysweep.open(tmp_path / "listed.h5"))
    assert found.candidates.values.tolist() == [30, 1] and found.slot.values.tolist() == [0, 30]


def test_stored_edges_are_read(tmp_path, p1_searched):
    path = tmp_path / "stored.h5"
    path.write_bytes(p1_searched.read_bytes())
    assert polysweep.open_edges(path) is None
    found = polysweep.edges(polysweep.open(path))
    with h5py.File(path, "a") as file:
        store(file, found)
    stored = polysweep.open_edges(path)
    assert stored.attrs["over"] == "beta" and stored.attrs["within"] == 1
    for name in stored.data_vars:
        np.testing.assert_array_equal(stored[name].values, found[name].values)
    assert set(found.coords) == set(stored.coords) and (stored.n.values == found.n.values).all()
    assert "kind" not in polysweep.open(path).variables
    with h5py.File(path, "a") as file:
        file["edges/count"][-1] = -1
    assert polysweep.open_edges(path) is None


def store(file, found):
    group = file.create_group("edges")
    group.attrs.update(over="beta", column="success_rate", level=0.9, edges="all", within=1.0)
    words = {"kind": ("none", "rise", "fall"), "starts": ("none", "below", "above", "open", "failed")}
    rows = 4 * found.sizes["combination"]
    group["edge"] = np.arange(rows, dtype="i4")
    group["combination"] = np.repeat(np.arange(rows // 4), 4)
    for name in (*found.data_vars, "slot"):
        values = found[name].values
        values = values.reshape(-1) if values.ndim == 2 else np.repeat(values, 4)
        if name in words:
            item = group.create_dataset(name, data=np.array([words[name].index(value) for value in values], "u1"))
            item.attrs.update(flag_values=np.arange(len(words[name]), dtype="u1"), flag_meanings=" ".join(words[name]))
        elif name not in ("narrow", "candidates"):
            group[name] = values


@pytest.mark.parametrize("arguments, error", [
    (dict(over="colour"), "axis of numbers"), (dict(over="method"), "axis of numbers"), (dict(over="status_code"), "axis of numbers"),
    (dict(column="success"), "near it: successes"), (dict(within=-1), "within"), (dict(level="high"), "level"), (dict(level=np.nan), "level")])
def test_what_cannot_be_asked(p1, arguments, error):
    with pytest.raises((ValueError, TypeError), match=error):
        polysweep.edges(p1, **arguments)


def test_undecided_candidates_place_an_edge_and_bracket_none(tmp_path):
    stops = {64: ["decided", "most", "most", "decided"], 65: ["most"] * 4}
    rates = [0.5, 0.895, 0.91, 0.95]
    ds = dataset(tmp_path, {64: rates, 65: rates}, study={"judge": searched.STUDY["judge"]}, trials_stop=stops,
                 trials_error={n: [1e-4] * 4 for n in stops})
    found = polysweep.edges(ds)
    assert found["count"].values.tolist() == [1, 0] and found.open.values.tolist() == [2, 4]
    assert (found.lo.values[0, 0], found.hi.values[0, 0]) == (1, 4) and found.missed.values.tolist() == [0, 4]
    np.testing.assert_allclose(found.position.values[0, 0], 2 + 0.005 / 0.015, rtol=1e-12)
    other = polysweep.edges(ds, level=0.7)  # the rule decides nothing there, its interval does
    assert other["count"].values.tolist() == [1, 1] and (other.hi.values[:, 0] == 2).all()
    assert not polysweep.edges(ds, level=0.88).open.values[0] == 0  # held by the interval around 0.895


@pytest.mark.parametrize("which, kind, lo, missed", [("first", "rise", 2, 1), ("last", "fall", 6, 0)])
def test_one_edge_alone_was_asked_for(tmp_path, which, kind, lo, missed):
    rates = [0.5, 0.6, 0.95, 0.5, 0.96, 0.97, 0.3, 0.2]
    study = {"search": {"over": "beta", "level": 0.9, "edges": which}}
    ds = dataset(tmp_path, {64: rates}, study=study, asked={64: [0, 1, 1, 1, 1, 1, 1, 1]})
    found = polysweep.edges(ds)
    assert found["count"].values[0] == 1 and found.kind.values[0].tolist() == [kind, "none", "none", "none"]
    assert found.lo.values[0, 0] == lo and found.missed.values[0] == missed
    assert polysweep.edges(ds, level=0.91)["count"].values[0] == 4  # another question


def test_critical_never_reads_what_was_not_visited_as_below(tmp_path, p1_searched):
    ds = polysweep.open(p1_searched)
    table = polysweep.critical(ds)
    assert not (table["verdict"] == "none").any() and (table["needed"] == 0).all()
    for row in table[table["verdict"] == "edges"].itertuples():
        curve = ds.isel(point=(ds.method.values == "exact") & (ds.n.values == row.n) & (ds.d.values == row.d) & (ds.preset.values == row.preset))
        decided = curve.trials_stop.values == "decided"
        below = curve.beta.values[decided & (curve.success_rate.values < 0.9)]
        first = next(beta for beta in range(1, 51) if beta not in below)  # the lowest that may be the edge
        assert row.lower_lo == (-np.inf if first == 1 else first)
        assert row.lower_hi == curve.beta.values[decided & (curve.success_rate.values >= 0.9)].min()
        truth = oracle.success(np.arange(1, 51), row.m, n=row.n, d=row.d, **synthetic.PRESETS[row.preset]) >= 0.9
        assert row.theory_first == np.arange(1, 51)[truth][0] and row.theory_points == 50


def test_a_cube_has_holes_where_nothing_was_needed(p1_searched):
    ds = polysweep.open(p1_searched)
    cube = polysweep.grid(ds)
    left = cube.present.values & (cube.status.values == "not_needed")
    assert left.sum() == (ds.status.values == "not_needed").sum() > 0
    assert np.isnan(cube.success_rate.values[left]).all() and np.isfinite(cube.success_rate.values[cube.done.values]).all()
