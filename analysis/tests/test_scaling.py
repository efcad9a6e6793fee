"""Tables of scaling studies: speed-ups with their base, which points make a series, and what is left out."""
import numpy as np
import pytest
import scaled

import polysweep
from polysweep import scaling


@pytest.fixture(scope="module")
def strong_ds(tmp_path_factory):
    path = tmp_path_factory.mktemp("strong") / "strong.h5"
    scaled.write(path, scaled.strong_rows(np.random.default_rng(1)))
    return polysweep.open(path)


@pytest.fixture(scope="module")
def weak_ds(tmp_path_factory):
    path = tmp_path_factory.mktemp("weak") / "weak.h5"
    scaled.write(path, scaled.weak_rows(np.random.default_rng(2)))
    return polysweep.open(path)


def opened(tmp_path, rows):
    scaled.write(tmp_path / "x.h5", rows)
    return polysweep.open(tmp_path / "x.h5")


def test_karp_flatt_returns_the_serial_fraction():
    p = np.array([2.0, 4, 64])
    assert np.allclose(scaling.karp_flatt(1 / (0.1 + 0.9 / p), p), 0.1, rtol=1e-12)
    assert np.isnan(scaling.karp_flatt(1.0, 1))
    # against a base of four ranks: the fraction of the time on the base
    assert scaling.karp_flatt(1 / (0.1 + 0.9 / 4), 16, 4) == pytest.approx(0.1)


def test_efficiency_of_a_group_is_a_ratio_of_sums():
    # 10 s and 1 s on one rank; on four ranks 2.5 s and 1 s: 11 rank seconds against 14, where a mean of ratios says 62.5 %
    assert scaling.group_efficiency([10, 1], [1, 1], [2.5, 1], [4, 4]) == pytest.approx(11 / 14)


def test_strong_series_hold_everything_but_the_team(strong_ds):
    table = scaling.strong(strong_ds)
    assert table.groupby("series")[["method", "n"]].nunique().eq(1).all(axis=None) and table["series"].nunique() == 4
    assert table.groupby("series")["team"].apply(list).tolist() == [list(scaled.TEAMS)] * 4
    time = strong_ds["time_median_s"].values
    for _, part in table.groupby("series"):
        assert np.allclose(part["speed_up"], time[part["slot"]][0] / time[part["slot"]], rtol=1e-14)
        assert (part["base_s"] == time[part["slot"].iloc[0]]).all() and (part["base_team"] == 1).all()
        assert np.allclose(part["efficiency"], part["speed_up"] / part["team"])
        inner = part[part["team"] > 1]
        assert (inner["speed_up_lo"] < inner["speed_up"]).all() and (inner["speed_up"] < inner["speed_up_hi"]).all()
        assert (inner["karp_flatt_lo"] < inner["karp_flatt"]).all() and part["speed_up_lo"].iloc[:1].isna().all()
        relative = part["parallel_efficiency"] / part["parallel_efficiency"].iloc[0]
        assert np.allclose(part["efficiency"], relative * part["computation_scaling"], rtol=1e-12)
    assert (table["samples"] == 20).all()


def test_a_base_of_two_ranks(tmp_path):
    rows = scaled.strong_rows(np.random.default_rng(3), teams=(2, 4, 8))
    table = scaling.strong(opened(tmp_path, rows))
    assert (table["base_team"] == 2).all() and table["efficiency"].iloc[0] == 1
    assert np.allclose(table["efficiency"], table["speed_up"] * 2 / table["team"])


def test_oversubscribed_and_shared_times_are_no_times(tmp_path):
    rows = scaled.strong_rows(np.random.default_rng(4))
    for row in rows:
        row["timing"] = {1: "shared", 2: "shared", 16: "oversubscribed", 32: "oversubscribed"}.get(row["team"], "alone")
    table = scaling.strong(opened(tmp_path, rows))
    assert set(table["team"]) == {4, 8} and table.attrs["invalid"] == 8


def timed_alone(rows, teams, launch):
    """The rows with these teams timed alone, by that launch, the others beside equal teams, by the first."""
    return [dict(row, timing="alone", launch=launch) if row["team"] in teams else dict(row, timing="beside", launch=1) for row in rows]


def test_ways_of_timing_are_not_mixed(tmp_path):
    rows = timed_alone(scaled.strong_rows(np.random.default_rng(5)), teams=(1, 2, 4), launch=2)
    table = scaling.strong(opened(tmp_path, rows))
    assert table.groupby("series")["timing"].nunique().eq(1).all() and table["series"].nunique() == 8
    assert table.attrs["apart"] == [] and scaling.apart(opened(tmp_path, rows)) == 0


KINDS = ((lambda: scaled.strong_rows(np.random.default_rng(5), lengths=(8192,), teams=(1, 2, 4)), scaling.strong),
         (lambda: scaled.weak_rows(np.random.default_rng(5), teams=(1, 2, 4)), scaling.weak))


@pytest.mark.parametrize("alone, found, apart", [((4,), [["beside"] * 2], 2), ((2, 4), [["alone"] * 2], 2), ((), [["beside"] * 3], 0)])
@pytest.mark.parametrize("rows_of, table_of", KINDS)
def test_a_curve_has_one_way_of_timing(tmp_path, rows_of, table_of, alone, found, apart):
    """In a launch without others beside, a team has the memory of the whole node: it is on no curve of teams beside each other,
    and where no other was timed so, it is counted (one of each method)."""
    ds = opened(tmp_path, timed_alone(rows_of(), alone, launch=2))
    table = table_of(ds)
    ways = [part["timing"].tolist() for _, part in table[table["method"] == "exact"].groupby("series")]
    assert ways == found and len(table.attrs["apart"]) == scaling.apart(ds) == apart
    assert table.groupby("series")["timing"].nunique().eq(1).all()


@pytest.mark.parametrize("teams", [(1, 2, 4), (1, 2), (1, 2, 3, 4)])
@pytest.mark.parametrize("rows_of, table_of", KINDS)
def test_a_launch_of_teams_beside_each_other_is_one_curve(tmp_path, rows_of, table_of, teams):
    """Of some sizes one team alone fits into the launch, that of all ranks above all: it ends the curve of the smaller ones."""
    if table_of is scaling.strong:
        rows = scaled.strong_rows(np.random.default_rng(5), lengths=(8192,), teams=teams)
    else:
        rows = scaled.weak_rows(np.random.default_rng(5), teams=teams)
    table = table_of(opened(tmp_path, timed_alone(rows, [team for team in teams if 2 * team > max(teams)], launch=1)))
    assert table.groupby("series")["team"].apply(list).tolist() == [list(teams)] * 2
    assert set(table["timing"]) == {"beside"} and table.attrs["apart"] == []


def test_teams_at_work_on_other_points_are_not_beside(tmp_path):
    """Without repetitions `beside` says that others computed something; the team of all ranks had no others."""
    rows = scaled.strong_rows(np.random.default_rng(5), lengths=(8192,), teams=(1, 2, 4))
    ds = opened(tmp_path, [dict(row, samples=row["samples"][:1]) for row in timed_alone(rows, (4,), launch=1)])
    table = scaling.strong(ds)
    assert table.groupby("series")["team"].apply(list).tolist() == [[1, 2]] * 2 and scaling.apart(ds) == len(table.attrs["apart"]) == 2


def about(rows, asked=None, reps=0):
    """The rows as a study writes them that asks for no teams (asked: for this one), without repetitions (reps: so many)."""
    return [dict(row, team_asked=asked if asked is not None else 0, samples=row["samples"][:reps]) for row in rows]


def test_a_study_that_is_not_about_time_has_no_series(tmp_path):
    """Teams follow from the cost of the points there: longer points, larger teams, and by chance the same work per rank."""
    rows = scaled.weak_rows(np.random.default_rng(5))
    for row in rows:
        row["timing"] = "alone" if row["team"] > 2 else "beside"
    ds = opened(tmp_path, about(rows))
    assert not scaling.about_time(ds) and not len(scaling.weak(ds)) and not len(scaling.strong(ds)) and not len(scaling.fits(ds))
    assert len(scaling.weak(opened(tmp_path, rows)))  # `team` is an axis
    timed = opened(tmp_path, about(rows, reps=6))  # `time` is on
    assert scaling.about_time(timed) and len(scaling.weak(timed))
    assert not scaling.about_time(opened(tmp_path, about(rows, asked=4)))  # one size for all is no axis


def test_a_study_without_teams_has_no_series(w2, p1):
    for ds in (w2, p1):
        assert not len(scaling.strong(ds)) and not len(scaling.weak(ds)) and not len(scaling.fits(ds))


def test_weak_series_keep_the_work_per_rank(weak_ds):
    table = scaling.weak(weak_ds)
    assert table.groupby("series")["team"].apply(list).tolist() == [list(scaled.TEAMS)] * 2
    assert (np.abs(table["work"] - 1) < 0.01).all() and "karp_flatt" not in table
    time = table["time_s"]
    assert np.allclose(table["efficiency"], table["base_s"] / time, rtol=1e-14)
    assert np.allclose(table["efficiency"], table["parallel_efficiency"] * table["computation_scaling"], rtol=1e-12)
    assert not len(scaling.strong(weak_ds))


def test_growing_work_per_rank_is_not_weak_scaling(tmp_path):
    """n doubled with the ranks where the work is n^2: 2 P times the work on P ranks."""
    random, rows = np.random.default_rng(6), []
    for team in scaled.TEAMS:
        rows.append(scaled.point("exact", 1024 * team, team, scaled.timed(random, "gustafson", (0.1,), 1.0, team)))
    ds = opened(tmp_path, rows)
    assert not len(scaling.weak(ds)) and len(scaling.weak(ds, bound=100)) == 6


def test_strong_studies_are_not_weak_by_chance(strong_ds):
    """8192 on one rank and 32768 on 16 have equal work per rank, but two points are no series."""
    assert not len(scaling.weak(strong_ds))


def test_fits_find_what_made_the_times(strong_ds, weak_ds):
    """The truth within five quarter-widths of the 95 % interval: 1e-6 for each of the eleven numbers."""
    truth = {("exact", "usl", "sigma"): 0.03, ("exact", "usl", "kappa"): 0.0005, ("polysketch", "amdahl", "s"): 0.08}
    found = scaling.fits(strong_ds)
    for (method, law, parameter), value in truth.items():
        for row in found[(found.method == method) & (found.law == law) & (found.parameter == parameter)].itertuples():
            assert abs(row.value - value) < 1.25 * (row.hi - row.lo), row
    assert (found["lack"][(found.method == "exact") & (found.law == "amdahl")] < 0.05).all()
    found = scaling.fits(weak_ds).set_index(["method", "parameter"])
    for method, value in (("exact", 0.12), ("polysketch", 0.05)):
        row = found.loc[(method, "s")]
        assert row["law"] == "gustafson" and row["kind"] == "weak" and abs(row["value"] - value) < 1.25 * (row["hi"] - row["lo"])


def test_no_fit_below_five_sizes(tmp_path):
    found = scaling.fits(opened(tmp_path, scaled.strong_rows(np.random.default_rng(7), teams=(1, 2, 4, 8))))
    assert found["why"].str.contains("4 different numbers of ranks are too few").all() and "value" not in found


def test_without_raw_samples_intervals_do(tmp_path):
    rows = scaled.strong_rows(np.random.default_rng(8))
    for row in rows:
        row["samples"] = []
    found = scaling.fits(opened(tmp_path, rows))
    assert (found["how"] == "normal").all() and (found["samples"] == 0).all()
