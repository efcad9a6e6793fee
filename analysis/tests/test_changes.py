"""Several files beside each other: what is said, where results differ, what became slower."""
import numpy as np
import pytest
import scaled
import synthetic
from scipy.stats import ttest_1samp

import polysweep
from polysweep.changes import changes, mean_ratio
from polysweep.report import main as report


def opened(tmp_path, **files):
    for name, (write, rows) in files.items():
        write(tmp_path / f"{name}.h5", rows)
    return [(name, polysweep.open(tmp_path / f"{name}.h5")) for name in files]


def timed(tmp_path, factors):
    files = {}
    for seed, (name, factor) in enumerate(factors.items(), 1):
        rows = scaled.strong_rows(np.random.default_rng(seed), teams=(1, 2, 4), reps=20)
        for row in rows:
            by = factor if np.isscalar(factor) else factor(row)
            row["samples"] = row["samples"] * by
            row.update({time: row[time] * by for time in ("time_median_s", "time_lo_s", "time_hi_s")})
        files[name] = (scaled.write, rows)
    return changes(opened(tmp_path, **files))


def test_where_results_differ_is_said_the_worst_first(p1_rows, tmp_path):
    other = [dict(row) for row in p1_rows]
    for slot, by in ((4, 1e-3), (7, 1e-1), (20, 1e-2)):
        other[slot]["special_mass_d1"] *= 1 + by
    other[9]["successes"] += 1
    found = changes(opened(tmp_path, a=(synthetic.write, p1_rows), b=(synthetic.write, other)))
    assert "112 points in common; 2 of" in found.sentences[0] and "special_mass_d1 at 3" in found.sentences[0]
    assert "successes at 1" in found.sentences[0]
    table = next(each for each in found.tables if each.title == "Results that differ")
    assert list(table.shown["column"])[0] != list(table.shown["column"])[1], "each column's worst before the second of one"
    places = found.data["differences.csv"]
    mass = places[places["column"] == "special_mass_d1"]
    assert list(mass["slot_a"]) == [7, 20, 4] and (mass["slot_b"] == mass["slot_a"]).all()
    row = p1_rows[7]
    assert mass["beta"].iloc[0] == row["beta"] and mass["n"].iloc[0] == row["n"]
    assert mass["a"].iloc[0] == row["special_mass_d1"] and mass["b"].iloc[0] == row["special_mass_d1"] * 1.1


def test_equal_results_are_said_to_be_equal(p1_rows, tmp_path):
    found = changes(opened(tmp_path, a=(synthetic.write, p1_rows), b=(synthetic.write, p1_rows)))
    assert "columns of results agree" in found.sentences[0] and " differ" not in found.sentences[0]
    assert "differences.csv" not in found.data and all(each.title != "Results that differ" for each in found.tables)


def test_files_without_a_point_in_common(p1_rows, w2, tmp_path):
    found = changes([*opened(tmp_path, a=(synthetic.write, p1_rows)), ("w2", w2)])
    assert found.sentences[0].startswith("w2 against a: no point in common (112 done here and ") and not found.tables


def test_what_became_slower_comes_first(tmp_path):
    found = timed(tmp_path, {"before": 1.0, "after": lambda row: 3.0 if row["n"] == 4096 and row["team"] == 4 else 1.5,
                             "again": 0.5})
    assert len(found.sentences) == 2 and "12 are slower and 0 faster" in found.sentences[0]
    assert "0 are slower and 12 faster" in found.sentences[1]
    table = next(each for each in found.tables if each.title == "Points that became slower or faster").shown
    assert list(table["file"].unique()) == ["after", "again"] and set(table["verdict"]) == {"slower", "faster"}
    ratios = table["ratio"].astype(float)
    assert (ratios.diff().dropna() <= 0).all() and ratios.iloc[0] == pytest.approx(max(ratios))
    assert len(found.data["times.csv"]) == 24 == len(found.times)


def test_the_mean_ratio_is_a_t_interval_on_logarithms(tmp_path):
    times = timed(tmp_path, {"a": 1.0, "b": 1.3}).times
    ratio, lo, hi = mean_ratio(times)
    oracle = ttest_1samp(np.log(times["ratio"]), 0).confidence_interval(0.95)
    assert np.allclose([lo, hi, ratio], [*np.exp([oracle.low, oracle.high]), np.exp(np.log(times["ratio"]).mean())], rtol=1e-12)
    assert lo < 1.3 < hi
    one = times.head(1)
    assert mean_ratio(one) == (one["ratio"].iloc[0], one["ratio_lo"].iloc[0], one["ratio_hi"].iloc[0])


def test_times_that_cannot_be_compared_are_said_to_be_so(p1_rows, tmp_path):
    found = changes(opened(tmp_path, a=(synthetic.write, p1_rows), b=(synthetic.write, p1_rows)))
    assert "none of 112 times can be compared" in found.sentences[0] or "no point was timed in both" in found.sentences[0]
    assert not any(each.file == "times.csv" for each in found.tables)


def test_launches_show_what_is_different_alone(tmp_path):
    found = timed(tmp_path, {"a": 1.0, "b": 1.0})
    tables = [each for each in found.tables if each.title == "Launches"]
    launches = found.data["launches.csv"]
    varying = [name for name in launches if name != "file" and launches[name].nunique() > 1]
    assert bool(tables) == bool(varying) and (not tables or list(tables[0].shown) == ["file", *varying])


def test_a_report_of_several_files_begins_with_what_is_different(p1_rows, tmp_path, undrawn, capsys):
    rows = [dict(row) for row in p1_rows if row["n"] == 64]
    other = [dict(row) for row in rows]
    other[2]["special_mass_d1"] *= 1.5
    opened(tmp_path, before=(synthetic.write, rows), after=(synthetic.write, other))
    assert report([str(tmp_path / "before.h5"), str(tmp_path / "after.h5"), "-o", str(tmp_path / "out")]) == 0
    page = (tmp_path / "out/index.html").read_text(encoding="utf-8")
    said = "special_mass_d1 at 1"
    assert page.index('id="comparison"') < page.index(said) < page.index('id="file-before"'), "before the sections of files"
    assert said in capsys.readouterr().out
    table = synthetic.read_csv(tmp_path / "out/differences.csv")
    assert list(table["slot_a"]) == [2] and table["b"][0] == 1.5 * table["a"][0]
