"""Plans that go on where measured curves end: which points are the same, how wide the band is, what is said of it."""
import json
import warnings

import numpy as np
import pytest
import scaled
from synthetic import read_csv

import polysweep
from polysweep import figures, scaling
from polysweep.projection import Unmatched, bands, project, read_plan
from polysweep.hdf import COORDINATES
from polysweep.report import main
from polysweep.style import decade

RATIOS = {"exact": np.linspace(0.8, 1.2, 12), "polysketch": np.linspace(1.5, 2.5, 12)}  # measured over predicted
AHEAD = (64, 128)


def opened(tmp_path, rows, name="x.h5"):
    scaled.write(tmp_path / name, rows)
    return polysweep.open(tmp_path / name)


def random():
    return np.random.default_rng(1)


def like(ds, slot, **changed):
    """A point of a plan with the coordinates of a slot, as JSON has it: null for what does not apply."""
    values = {name: ds[name].values[slot].item() for name in COORDINATES if name in ds}
    point = {name: None if x != x else x for name, x in values.items()}
    return point | {"flops": ds["flops"].values[slot].item(), "team_asked": changed["team"]} | changed


def seconds(n, team):
    """What the plans here predict for teams that were not measured."""
    return 1e-6 * n / team + 1e-5 * team


def plan_of_measured(ds):
    """Predictions of the measured points whose errors are RATIOS, method by method."""
    points, used = [], {method: iter(ratios) for method, ratios in RATIOS.items()}
    for slot in range(ds.sizes["point"]):
        predicted = ds["time_median_s"].values[slot] / next(used[str(ds["method"].values[slot])])
        points.append(like(ds, slot, team=int(ds["team"].values[slot]), pass_s=predicted))
    return points


def plan_ahead(ds, teams=AHEAD):
    base = [slot for slot in range(ds.sizes["point"]) if ds["team"].values[slot] == ds["team"].values.min()]
    length = ds["n"].values
    return [like(ds, slot, team=team, pass_s=seconds(int(length[slot]), team)) for slot in base for team in teams]


def written(tmp_path, points):
    each = [{"slot": slot} | point for slot, point in enumerate(points)]
    told = {"polysweep_json": 1, "command": "plan", "rates": "cluster.h5", "each": each}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(told))
    return path


def quiet(ds, plan):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return project(ds, plan)


@pytest.fixture
def strong_ds(tmp_path):
    return opened(tmp_path, scaled.strong_rows(random()))


def test_series_go_on_as_the_plan_says(strong_ds, tmp_path):
    found = project(strong_ds, read_plan(written(tmp_path, plan_of_measured(strong_ds) + plan_ahead(strong_ds))))
    table = scaling.strong(strong_ds)
    assert (found["kind"] == "strong").all() and found["series"].nunique() == 4
    for number, rows in found.groupby("series"):
        part = table[table["series"] == number]
        assert rows["team"].tolist() == [32, *AHEAD] and rows["times"].tolist() == [1, 2, 4]
        expected = [seconds(part["n"].iloc[0], team) for team in AHEAD]
        assert rows["time_s"].tolist()[1:] == expected  # as the plan says, not scaled
        assert rows["measured_s"].iloc[0] == part["time_s"].iloc[-1] and rows["measured_s"].iloc[1:].isna().all()
        assert np.allclose(rows["speed_up"], part["time_s"].iloc[0] / rows["time_s"], rtol=1e-14)
        assert np.allclose(rows["efficiency"], rows["speed_up"] / rows["team"], rtol=1e-14)


def test_the_band_is_how_far_this_method_was_off(strong_ds, tmp_path):
    """Ratios are evenly spaced, so that the central 90 % of 12 of them are known: 0.05 and 0.95 of the way."""
    found = project(strong_ds, read_plan(written(tmp_path, plan_of_measured(strong_ds) + plan_ahead(strong_ds))))
    for method, ends in {"exact": (0.82, 1.18), "polysketch": (1.55, 2.45)}.items():
        rows, band = found[found["method"] == method], found.attrs["bands"][method]
        assert (band.count, band.own, band.of_plan) == (12, True, True)
        for end, factor in zip(("_lo", "_hi"), ends):
            assert np.allclose(rows["time_s" + end], factor * rows["time_s"], rtol=1e-12), (method, end)
        assert np.allclose(rows["speed_up_lo"] * rows["time_s_hi"], rows["base_s"])
        assert np.allclose(rows["efficiency_hi"] * rows["team"], rows["speed_up_hi"])


def test_a_point_that_differs_in_one_coordinate_is_another_point(strong_ds, tmp_path):
    points = plan_of_measured(strong_ds) + plan_ahead(strong_ds)
    expected = quiet(strong_ds, read_plan(written(tmp_path, points)))
    other = {"beta": 6.0, "n": 16384, "d": 32, "v": 32, "mask": "causal", "precision": "fp32", "data_kind": "sphere",
             "block": 256, "r": 8, "noise": 0.1, "cosine": 0.5, "method": "softmax"}
    decoys = [point | {name: value, "pass_s": 1e-9} for point in points for name, value in other.items()]
    mixed = [(decoys + points)[i] for i in random().permutation(len(decoys) + len(points))]
    found = quiet(strong_ds, read_plan(written(tmp_path, mixed)))
    assert found.drop(columns="slot").equals(expected.drop(columns="slot"))
    assert {m: found.attrs["bands"][m] for m in RATIOS} == expected.attrs["bands"]


def test_few_of_a_method_take_the_band_of_all(tmp_path):
    ds = opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,), teams=(1, 2, 4, 8)))  # four of each method
    found = quiet(ds, read_plan(written(tmp_path, plan_of_measured(ds) + plan_ahead(ds))))
    all_of = np.concatenate([ratios[:4] for ratios in RATIOS.values()])
    for band in found.attrs["bands"].values():
        assert (band.count, band.own, band.of_plan) == (8, False, True)
        assert np.allclose([band.lo, band.hi], np.quantile(all_of, [0.05, 0.95]), rtol=1e-12)


def test_a_plan_of_other_teams_has_the_band_of_the_files_own_predictions(tmp_path):
    rows = scaled.strong_rows(random())
    for method, ratios in RATIOS.items():
        for row, ratio in zip([row for row in rows if row["method"] == method], ratios):
            row["predicted_pass_s"] = row["time_median_s"] / ratio
    ds = opened(tmp_path, rows)
    found = bands(ds, read_plan(written(tmp_path, plan_ahead(ds))))
    assert np.allclose([found["exact"].lo, found["exact"].hi], [0.82, 1.18]) and not found["exact"].of_plan
    assert np.allclose([found["polysketch"].lo, found["polysketch"].hi], [1.55, 2.45]) and found["polysketch"].own


def test_without_predictions_there_is_no_band_and_the_caption_says_so(tmp_path):
    ds = opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,), teams=(1, 2)))  # four in all
    plan = quiet(ds, read_plan(written(tmp_path, plan_of_measured(ds) + plan_ahead(ds))))
    assert plan["time_s_lo"].isna().all() and not plan.attrs["bands"]
    figure, = figures.strong(ds, plan=plan)
    assert "No band for exact, polysketch: fewer than 5 predictions" in figure.caption and "Band:" not in figure.caption
    assert not any(item.get_alpha() for ax in figure.canvas.axes for item in ax.collections)


def test_what_is_drawn_is_the_plan(strong_ds, tmp_path):
    plan = project(strong_ds, read_plan(written(tmp_path, plan_of_measured(strong_ds) + plan_ahead(strong_ds))))
    figure, = figures.strong(strong_ds, plan=plan)
    axes = np.reshape(figure.canvas.axes, (2, 3))
    for row, method in zip(axes, ("exact", "polysketch")):
        series = [part for _, part in plan[plan["method"] == method].groupby("series")]
        for ax, name in zip(row, ("time_s", "speed_up", "efficiency")):
            lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
            assert len(lines) == 2 and {(line.get_marker(), line.get_linestyle()) for line in lines} == {("None", "--")}
            for line, part in zip(lines, series):
                assert np.array_equal(line.get_xydata(), part[["team", name]])
            filled = [item.get_paths()[0].vertices for item in ax.collections if item.get_alpha()]
            for corners, part in zip(filled, series):
                assert np.isclose(corners[:, 1].max(), part[name + "_hi"].max()) and len(filled) == 2
                assert np.isclose(corners[:, 1].min(), part[name + "_lo"].min())
            assert "a guess" not in [text.get_text() for text in ax.texts] and ax.get_xlim()[1] > 128
    assert "with the rates of cluster.h5; not measured" in figure.caption
    assert "exact: 0.82 to 1.18, 12 predictions of this plan" in figure.caption and "Shaded" not in figure.caption
    assert figure.data["plan"].equals(plan)


def test_beyond_four_times_it_is_a_guess(strong_ds, tmp_path):
    plan = read_plan(written(tmp_path, plan_ahead(strong_ds, (64, 256))))
    with pytest.warns(UserWarning, match="plan: 256 ranks are 8 times the largest measured team of 32; beyond 4 times"):
        found = project(strong_ds, plan)
    figure, = figures.strong(strong_ds, plan=found)
    assert "beyond 4 times the largest team, where a projection is a guess" in figure.caption
    assert all("a guess" in [text.get_text() for text in ax.texts] for ax in figure.canvas.axes)
    fitted = [line for line in figure.canvas.axes[0].lines if len(line.get_xdata()) == 200]
    assert max(line.get_xdata().max() for line in fitted) == pytest.approx(32)  # no law was asked to go there


def test_weak_series_go_on_at_the_same_work(tmp_path):
    ds = opened(tmp_path, scaled.weak_rows(random()))
    last = int(np.flatnonzero((ds["method"].values == "exact") & (ds["team"].values == 32))[0])
    n, flops = int(ds["n"].values[last]), float(ds["flops"].values[last])
    same = like(ds, last, team=64, n=int(1.414 * n), flops=2.01 * flops, pass_s=0.7)
    more = like(ds, last, team=64, n=2 * n, flops=4 * flops, pass_s=0.1)  # the work of a rank doubles
    less = like(ds, last, team=128, n=2 * n, flops=3.7 * flops, pass_s=0.1)  # 7.5 % less
    found = project(ds, read_plan(written(tmp_path, [more, less, same])))
    assert found[["kind", "team", "n", "time_s"]].values.tolist() == [["weak", 64, int(1.414 * n), 0.7]]
    row = found.iloc[0]
    assert row["efficiency"] == row["base_s"] / 0.7 and np.isnan(row["speed_up"])
    figure, = figures.weak(ds, plan=found)
    assert "Dash-dotted" in figure.caption and figure.canvas.axes[0].get_xlim()[1] > 64


def test_refused_points_are_none(strong_ds, tmp_path):
    points = plan_ahead(strong_ds)
    for point in points:
        point["pass_s"] = None if point["team"] == 128 else point["pass_s"]
    assert project(strong_ds, read_plan(written(tmp_path, points)))["team"].max() == 64


@pytest.mark.parametrize("text, said", [
    ("no JSON", "is no plan"), ("[1]", "is no plan"),
    ('{"polysweep_json": 1, "command": "show", "rows": []}', "is no plan"),
    ('{"polysweep_json": 1, "command": "plan"}', "a plan without points; make it with --points --json"),
    ('{"polysweep_json": 1, "command": "plan", "each": [{"method": "exact"}]}', "lack flops, n, pass_s, slot, team")])
def test_what_is_no_plan_is_refused(tmp_path, capsys, text, said):
    scaled.write(tmp_path / "x.h5", scaled.strong_rows(random(), lengths=(8192,)))
    (tmp_path / "plan.json").write_text(text)
    code = main([str(tmp_path / "x.h5"), "-o", str(tmp_path / "out"), "--project", str(tmp_path / "plan.json")])
    assert code == 2 and said in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_seeds_need_not_agree(strong_ds, tmp_path):
    points = plan_of_measured(strong_ds) + plan_ahead(strong_ds)
    expected = quiet(strong_ds, read_plan(written(tmp_path, points)))
    found = quiet(strong_ds, read_plan(written(tmp_path, [point | {"seed": 2 ** 63} for point in points])))
    assert found.equals(expected) and found.attrs["bands"] == expected.attrs["bands"]


def test_a_plan_of_something_else_is_left_away_with_a_warning(tmp_path, capsys, undrawn):
    rows = scaled.strong_rows(random(), lengths=(8192,), teams=(1, 2))  # few: what counts is what is said
    ds, files, out = opened(tmp_path, rows), [str(tmp_path / "x.h5"), str(tmp_path / "y.h5")], tmp_path / "out"
    opened(tmp_path, [row | {"beta": 6.0} for row in rows], "y.h5")
    ahead = plan_ahead(ds, (4, 8))
    path = written(tmp_path, [point | {"n": 12, "block": 8} for point in ahead])
    with pytest.raises(Unmatched, match="the nearest point of the plan has n 12, that of"):
        project(ds, read_plan(path))
    path = written(tmp_path, plan_of_measured(ds))
    assert main([files[0], "-o", str(out), "--project", str(path)]) == 2
    said = capsys.readouterr()
    assert f"warning: {path}: continues no series of {files[0]}: no team above 2 in the plan" in said.err and "grid.team" in said.err
    assert "Strong scaling" in said.out and "Projection" not in said.out and (out / "strong-scaling.csv").exists()
    assert main([*files, "-o", str(out), "--project", str(written(tmp_path, ahead))]) == 0  # of x.h5
    said = capsys.readouterr()
    assert "y.h5: the nearest point of the plan has beta 8, that of the file 6; " in said.err
    assert said.out.count("Strong scaling") == 2 and said.out.count("Projection") == 1
    assert main([str(tmp_path / "z.h5"), "-o", str(out), "--project", str(tmp_path / "plan.json")]) == 3
    assert main([files[0], "-o", str(out), "--project", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err


def test_a_plan_without_equal_work_says_so(tmp_path):
    ds = opened(tmp_path, scaled.weak_rows(random()))
    last = int(np.flatnonzero(ds["team"].values == 32)[0])
    plan = read_plan(written(tmp_path, [like(ds, last, team=64, pass_s=0.7)]))  # half the work of a rank
    with pytest.raises(ValueError, match="no length of the same work per rank in the plan, on teams above 32"):
        project(ds, plan)


def test_oversubscribed_files_say_so_and_continue_nowhere(tmp_path, capsys, undrawn):
    rows = scaled.strong_rows(random(), lengths=(8192,))
    path = written(tmp_path, plan_ahead(opened(tmp_path, rows)))
    opened(tmp_path, [row | {"timing": "oversubscribed"} for row in rows])
    assert main([str(tmp_path / "x.h5"), "-o", str(tmp_path / "out"), "--project", str(path)]) == 2
    said, line = capsys.readouterr(), "12 points were timed while ranks shared cores: no times are drawn of them"
    assert "12 of its points were timed while ranks shared cores (oversubscribed)" in said.err
    assert line in said.out.splitlines() and line in (tmp_path / "out" / "index.html").read_text()
    opened(tmp_path, [row for row in rows if row["team"] == 1])
    assert main([str(tmp_path / "x.h5"), "-o", str(tmp_path / "out"), "--project", str(path)]) == 2
    said = capsys.readouterr()
    assert "no point of it was timed on teams of several sizes" in said.err and "shared cores" not in said.out


@pytest.mark.parametrize("rates, seen", [("cluster.h5", False), ("x.h5", True), ("far/away/x.h5", True)])
def test_a_calibration_by_the_same_file_is_said(strong_ds, tmp_path, rates, seen):
    path = written(tmp_path, plan_of_measured(strong_ds) + plan_ahead(strong_ds))
    path.write_text(path.read_text().replace("cluster.h5", rates))
    figure, = figures.strong(strong_ds, plan=project(strong_ds, read_plan(path)))
    assert ("The calibration has seen these points" in figure.caption) == seen
    path = written(tmp_path, plan_ahead(strong_ds))  # its band is that of the file's own predictions, made before
    path.write_text(path.read_text().replace("cluster.h5", rates))
    figure, = figures.strong(strong_ds, plan=project(strong_ds, read_plan(path)))
    assert "of the file itself" in figure.caption and "has seen" not in figure.caption


def test_the_report_has_the_projection(tmp_path, capsys, undrawn):
    strong_ds = opened(tmp_path, scaled.strong_rows(random(), lengths=(8192,)))
    path = written(tmp_path, plan_of_measured(strong_ds) + plan_ahead(strong_ds, (64, 256)))
    assert main([str(tmp_path / "x.h5"), "-o", str(tmp_path / "out"), "--project", str(path)]) == 0
    said = capsys.readouterr()
    assert said.err.count("warning: plan: 256 ranks are 8 times") == 1 and "UserWarning" not in said.err
    assert "Projection to larger teams" in said.out and "8, a guess" in said.out
    back = read_csv(tmp_path / "out" / "projection.csv")
    assert np.array_equal(back["time_s_hi"], quiet(strong_ds, read_plan(path))["time_s_hi"])
    assert 'href="projection.csv"' in (tmp_path / "out" / "index.html").read_text()


def test_ticks_below_a_decade_say_so():
    assert [decade(x) for x in (0.002, 1e-5, 5e-5)] == ["0.002", "$10^{-5}$", r"$5 \cdot 10^{-5}$"]
