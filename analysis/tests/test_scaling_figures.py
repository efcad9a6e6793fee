"""Figures of scaling studies: what is drawn is what the tables say, and what may not be drawn is not."""
import numpy as np
import pytest
import scaled
import synthetic

import polysweep
from polysweep import figures, scaling
from polysweep.figures.roofline import rates
from polysweep.predictions import predictions, within
from polysweep.report import main


def opened(tmp_path, rows, bandwidth=None, name="x.h5"):
    scaled.write(tmp_path / name, rows, bandwidth)
    return polysweep.open(tmp_path / name)


def random():
    return np.random.default_rng(1)


def all_of(ds):
    functions = (figures.strong, figures.weak, figures.decomposition, figures.roofline, figures.prediction)
    return [figure for function in functions for figure in function(ds)]


def drawn(ax, marker):
    return [line.get_xydata() for line in ax.lines if line.get_marker() == marker]


def texts(figure):
    return [text.get_text() for legend in figure.canvas.legends for text in legend.get_texts()] + [
        text.get_text() for ax in figure.canvas.axes if ax.get_legend() for text in ax.get_legend().get_texts()]


def test_points_of_strong_scaling_are_the_tables(tmp_path):
    ds = opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,)))
    figure, = figures.strong(ds)
    table = scaling.strong(ds)
    for row, (_, part) in enumerate(table.groupby("series")):
        for ax, name in zip(figure.canvas.axes[3 * row:3 * row + 3], ("time_s", "speed_up", "efficiency")):
            points, = drawn(ax, "o")
            assert np.array_equal(points, part[["team", name]]), name  # one curve: nothing is set aside
            ends = np.array([segment[:, 1] for item in ax.collections
                             for segment in item.get_segments() if len(segment)])  # the base has no interval of a ratio
            assert np.allclose(ends, part[[name + "_lo", name + "_hi"]].dropna(), rtol=1e-12), name
            assert len(ends) == (6 if name == "time_s" else 5)
    assert figure.data[""].equals(table) and len(figure.save(tmp_path)) == 3


def test_the_base_is_said_in_seconds(tmp_path):
    rows = scaled.strong_rows(random(), lengths=(8192,), teams=(2, 4))
    figure, = figures.strong(opened(tmp_path, rows))
    assert f"base {1000 * rows[0]['time_median_s']:.3g} ms on 2 ranks" in " ".join(texts(figure))
    assert "No law is fitted below 5 sizes" in figure.caption


def test_fitted_lines_are_the_fits(tmp_path):
    ds = opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,)))
    figure, = figures.strong(ds)
    part = scaling.strong(ds).query("series == 0")
    amdahl, usl = scaling.series_fits(ds, part, ("amdahl", "usl"))[0]
    lines = [line for line in figure.canvas.axes[0].lines if len(line.get_xdata()) == 200]
    for line, law in zip(lines, (amdahl, usl)):
        assert np.allclose(line.get_ydata(), law.time(line.get_xdata()), rtol=1e-12)
    assert max(line.get_xdata().max() for line in lines) == pytest.approx(32) and "a guess" not in figure.caption
    assert {"Amdahl", "USL"} <= set(texts(figure))


def test_far_extrapolation_warns_and_is_marked(tmp_path):
    ds = opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,)))
    with pytest.warns(UserWarning, match="256 ranks are 8 times"):
        figure, = figures.strong(ds, 256)
    assert "beyond 4 times the largest team, where a fitted law is a guess" in figure.caption
    assert all("a guess" in [text.get_text() for text in ax.texts] for ax in figure.canvas.axes)
    figure, = figures.strong(ds, 128)  # no further than that: an error here would be a warning
    assert "a guess" not in figure.caption


def test_oversubscribed_points_are_never_drawn_and_said_to_be_left_out(tmp_path):
    rows = scaled.strong_rows(random())
    for row in rows:
        row["timing"] = "oversubscribed" if row["team"] > 4 else "alone"
    ds = opened(tmp_path, rows)
    shown = all_of(ds)
    assert [figure.name for figure in shown] == ["strong-scaling", "strong-efficiency", "roofline", "prediction"]
    for figure in shown:
        assert "12 points timed while ranks shared cores left out" in figure.caption, figure.name
        assert figure.data[""]["team"].max() == 4
    for row in rows:
        row["timing"] = "oversubscribed"
    ds = opened(tmp_path, rows)
    assert not all_of(ds)


def test_teams_beside_each_other_are_hollow_and_apart(tmp_path):
    ds = opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,), timing="beside"))
    figure, = figures.strong(ds)
    faces = {line.get_markerfacecolor() for line in figure.canvas.axes[0].lines if line.get_marker() == "o"}
    assert faces == {"white"} and "beside" in figure.canvas.axes[0].get_title(loc="left") and "Hollow" in figure.caption


def test_points_on_no_curve_are_said_to_be_left_out(tmp_path, capsys):
    """One team beside equal ones and one alone, in another launch: nothing to draw a curve through, and the report says so."""
    rows = scaled.strong_rows(random(), lengths=(8192,), teams=(1, 2, 4))
    for row in rows:
        row.update(dict(timing="alone", launch=2) if row["team"] == 4 else dict(timing="beside"))
    figure, = figures.strong(opened(tmp_path, rows))
    assert "2 points left out: of these some teams were timed alone" in figure.caption and set(figure.data[""]["team"]) == {1, 2}
    path = tmp_path / "few.h5"
    scaled.write(path, [row for row in rows if row["team"] != 2])
    assert main([str(path), "-o", str(tmp_path / "out")]) == 0
    words = "4 points were on no curve of scaling: of these some teams were timed alone"
    assert words in capsys.readouterr().out and words in (tmp_path / "out/index.html").read_text()


def test_a_study_that_is_not_about_time_has_no_figure_of_scaling(tmp_path):
    rows = [dict(row, team_asked=0, samples=[], timing="beside" if row["team"] == 1 else "alone") for row in scaled.weak_rows(random())]
    ds = opened(tmp_path, rows)
    assert ds["team"].max() == 32 and [figure.name for figure in all_of(ds)] == ["prediction"]


def test_series_that_are_not_drawn_are_counted(tmp_path):
    lengths = [1024 * k for k in range(16, 23)]  # too close for a weak series
    ds = opened(tmp_path, scaled.strong_rows(random(), lengths=lengths, teams=(1, 2)))
    (curves,), (parts,) = figures.strong(ds), figures.decomposition(ds)
    assert "10 of 14 series drawn; all are in the CSV" in curves.caption and len(drawn(curves.canvas.axes[0], "o")) == 5
    assert "6 of 14 series drawn; all are in the CSV" in parts.caption and len(parts.canvas.axes) == 6
    assert curves.data[""]["series"].nunique() == parts.data[""]["series"].nunique() == 14
    few = opened(tmp_path, scaled.strong_rows(random(), lengths=lengths[:3], teams=(1, 2)), name="y.h5")
    assert not any("series drawn" in figure.caption for figure in all_of(few))


def test_weak_scaling_says_how_equal_the_work_is(tmp_path):
    ds = opened(tmp_path, scaled.weak_rows(random()))
    figure, = figures.weak(ds)
    table = scaling.weak(ds)
    points, = drawn(figure.canvas.axes[1], "o")
    assert np.array_equal(points, table.query("series == 0")[["team", "efficiency"]])
    assert "varies by at most 0.021 %" in figure.caption and np.abs(table["work"] - 1).max() < 2.2e-4
    assert not list(figures.strong(ds)) and "n$ = 4096 to 23168" in " ".join(texts(figure))


def test_efficiencies_multiply(tmp_path):
    figure, = figures.decomposition(opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,))))
    ax = figure.canvas.axes[0]
    (balance,), (comm,), (computed,), (product,) = (drawn(ax, marker) for marker in "o^vs")
    assert np.allclose(balance[:, 1] * comm[:, 1] * computed[:, 1], product[:, 1], rtol=1e-12)  # the base's are 1
    assert np.array_equal(balance[:, 0], scaled.TEAMS)
    assert "communication and seconds of messages are means over passes, beside medians" in figure.caption


def test_the_roof_is_the_smaller_ceiling(tmp_path):
    rows = scaled.strong_rows(random(), lengths=(8192,))
    ds = opened(tmp_path, rows, bandwidth=1e9)  # one operation for each byte: memory bounds everything
    table = rates(ds)
    assert np.allclose(table["roof_gflops"], table["intensity"] * 1.0) and (table["intensity"] < scaled.PEAK).all()
    assert np.allclose(table["fraction"], table["flops"] / [row["time_median_s"] for row in rows] / table["team"] / 1e9
                       / table["roof_gflops"])
    figure, = figures.roofline(ds)
    line = next(line for line in figure.canvas.axes[0].lines if len(line.get_xdata()) == 200)
    x, y = line.get_data()
    assert np.allclose(y, np.minimum(scaled.PEAK, x)) and y.max() == scaled.PEAK and y.min() < 10
    without = opened(tmp_path, rows, name="y.h5")
    assert (rates(without)["roof_gflops"] == scaled.PEAK).all()
    figure, = figures.roofline(without)
    assert "no memory bandwidth" in figure.caption


def test_rates_are_of_operations_that_were_done(tmp_path):
    rows = scaled.strong_rows(random(), lengths=(8192,), teams=(1, 2))
    model = [row["flops"] / row["time_median_s"] / row["team"] / 1e9 for row in rows]
    for row in rows[:2]:
        row["gflops"] *= 0.75  # two data sets share a quarter
    rows[2]["gflops"] = np.nan
    table = rates(opened(tmp_path, rows))
    assert np.allclose(table["rank_gflops"], np.array(model) * [0.75, 0.75, 1, 1], rtol=1e-12)
    assert np.array_equal(table["fraction"], table["rank_gflops"] / scaled.PEAK)


@pytest.mark.parametrize("bandwidth, cache", [(1e9, True), (1e13, False), (None, False)])
def test_only_below_the_ridge_does_a_cache_explain_a_rate_above_the_roof(tmp_path, bandwidth, cache):
    rows = scaled.strong_rows(random(), lengths=(8192,), teams=(1, 2))
    for row in rows:
        row["gflops"] = 2 * scaled.PEAK * row["team"]
    figure, = figures.roofline(opened(tmp_path, rows, bandwidth))
    assert (figure.data[""]["fraction"] > 1).all() and ("stays in cache" in figure.caption) == cache
    assert "ceiling of products: fastest large product of this launch" in figure.caption


def run(slot, start, end, first, predicted, method="exact", timing="shared", **more):
    return dict(method=method, beta=float(slot + 2), n=64, d=8, v=8, seed=1, start_s=start, end_s=end, first_rank=first, team=1,
                launch=0, predicted_s=predicted, timing=timing, head_s=0.0, time_median_s=predicted / 2, **more)


def test_predictions_are_held_against_runs_and_of_repeated_points_against_a_pass(tmp_path):
    rows = [run(0, 0.0, 1.0, 0, 0.5), run(1, 0.0, 1.0, 0, 0.4),  # one run of two points
            run(2, 0.0, 0.5, 1, 0.7), run(3, 1.0, 1.001, 0, 0.0008),
            run(4, 2.0, 9.0, 0, 0.2, timing="alone", time_lo_s=0.05, time_hi_s=0.2, predicted_pass_s=0.12),  # repeated
            run(5, 2.0, 9.0, 1, 0.2, method="polysketch", timing="alone", time_lo_s=0.05, time_hi_s=0.2, r=4, features=10,
                predicted_pass_s=0.05),
            run(6, 3.0, 4.0, 1, 0.5, timing="oversubscribed")]
    synthetic.write(tmp_path / "p.h5", rows)
    table = predictions(polysweep.open(tmp_path / "p.h5"))
    assert table["how"].tolist() == ["run", "run", "run", "pass", "pass"] and table.attrs["invalid"] == 1
    assert np.allclose(table["ratio"], [0.9, 1.4, 0.8, 1.2, 0.5], rtol=1e-9) and table["points"].tolist() == [2, 1, 1, 1, 1]
    assert within(table) == (2, 4)
    figure, = figures.prediction(polysweep.open(tmp_path / "p.h5"))
    assert "2 of 4 predictions above 10 ms are within 25 %" in figure.finding and "1 point timed while" in figure.caption


def test_few_repetitions_are_repetitions_too(tmp_path):
    """Five have no interval, but the run is longer by them all the same."""
    ds = opened(tmp_path, scaled.strong_rows(random(), reps=5))
    assert ds["time_lo_s"].isnull().all() and set(predictions(ds)["how"]) == {"pass"}


def test_small_predictions_have_no_figure(tmp_path):
    synthetic.write(tmp_path / "p.h5", [run(k, k, k + 0.001, 0, 0.001) for k in range(4)])
    assert not list(figures.prediction(polysweep.open(tmp_path / "p.h5")))


def test_the_report_of_a_scaling_study(tmp_path, capsys):
    scaled.write(tmp_path / "s.h5", scaled.strong_rows(random()))
    assert main([str(tmp_path / "s.h5"), "-o", str(tmp_path / "out"), "--upto", "200"]) == 0
    said = capsys.readouterr()
    assert "Strong scaling" in said.out and "Laws of scaling" in said.out and "Weak scaling" not in said.out
    assert said.err.count("warning: usl: 200 ranks are 6.25 times") == 1 and "UserWarning" not in said.err
    for name in ("strong-scaling.csv", "strong-scaling.svg", "strong-efficiency.png", "roofline.png", "scaling-fits.csv"):
        assert (tmp_path / "out" / name).exists(), name
    back = synthetic.read_csv(tmp_path / "out" / "strong-scaling.csv")
    assert np.array_equal(back["speed_up"], scaling.strong(polysweep.open(tmp_path / "s.h5"))["speed_up"])
    assert 'href="strong-scaling.csv"' in (tmp_path / "out" / "index.html").read_text()


def test_two_sizes_are_a_table_and_no_fit(tmp_path, capsys):
    scaled.write(tmp_path / "s.h5", scaled.strong_rows(random(), lengths=(8192,), teams=(1, 2)))
    assert main([str(tmp_path / "s.h5"), "-o", str(tmp_path / "out")]) == 0
    assert "2 different numbers of ranks are too few to fit a law" in capsys.readouterr().out


def test_one_method_and_one_length_are_enough(tmp_path):
    """Nothing but the team varies, or nothing but team and length."""
    rows = [row for row in scaled.strong_rows(random(), lengths=(8192,)) if row["method"] == "exact"]
    figure, = figures.strong(opened(tmp_path, rows))
    assert len(figure.canvas.axes) == 3
    rows = [row for row in scaled.weak_rows(random(), teams=(1, 2)) if row["method"] == "exact"]
    figure, = figures.weak(opened(tmp_path, rows))
    assert len(figure.canvas.axes) == 2
