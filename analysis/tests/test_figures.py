"""Figures hold what they claim: the numbers drawn are those of the file, at their places."""
import sys

import matplotlib.pyplot
import numpy as np
import pytest
import synthetic

import polysweep
from polysweep import figures, style
from polysweep.cases import table


def meshes(ax):
    return [item for item in ax.collections if type(item).__name__ == "QuadMesh"]


def test_phase_cells_are_the_file(w2):
    figure, = figures.phase(w2, "d")
    ax = figure.canvas.axes[0]
    mesh, = meshes(ax)
    value = np.ma.filled(mesh.get_array().reshape(4, 9), np.nan)
    exact = polysweep.grid(w2).sel({"method": "exact"})
    assert np.array_equal(value, exact["success_rate"].where(exact["done"]), equal_nan=True)
    corners = mesh.get_coordinates()
    assert (corners[0, :-1, 0] < exact.beta.values).all() and (exact.beta.values < corners[0, 1:, 0]).all()
    assert (corners[:-1, 0, 1] < exact.d.values).all() and (exact.d.values < corners[1:, 0, 1]).all()
    assert ax.get_xscale() == "log" and ax.get_yscale() == "log"


def test_phase_marks_missing_and_failed_cells(w2):
    figure, = figures.phase(w2, "d")
    ax = figure.canvas.axes[0]
    assert len([p for p in ax.patches if p.get_hatch()]) == 3
    assert len([line for line in ax.lines if line.get_marker() == "x"]) == 1


def test_phase_edges_are_the_files_columns(w2):
    figure, = figures.phase(w2, "d")
    drawn = {tuple(line.get_xdata()) for line in figure.canvas.axes[0].lines}
    frame = table(w2)
    frame = frame[frame["method"] == "exact"].groupby("d").first()
    for column in ("beta_c", "beta_ok", "beta_up"):
        assert tuple(frame[column]) in drawn, column
    no_prediction = frame["beta_up_class_3s"].isna()
    assert no_prediction.any() and tuple(frame["beta_up_class_3s"][~no_prediction]) in drawn


def test_strip_shows_the_methods_without_a_degree(p1):
    figure, = figures.phase(p1, "n")
    ax = figure.canvas.axes[0]
    strip, = ax.child_axes
    value = meshes(strip)[0].get_array().reshape(4, 2)
    cube = polysweep.grid(p1).isel(beta=0).sel(preset="P1")
    assert np.array_equal(value, cube["success_rate"].sel({"method": ["softmax", "linear"]}).transpose("n", "method"))


def test_there_is_no_figure_over_an_axis_that_does_not_vary(p1, w2):
    assert not list(figures.phase(p1, "d")) and not list(figures.phase(w2, "n"))


def test_csv_gives_back_the_file_to_the_last_digit(w2, tmp_path):
    figure, = figures.phase(w2, "d")
    paths = figure.save(tmp_path)
    back = synthetic.read_csv(paths["csv"]).sort_values(["method", "d", "beta"])
    frame = table(w2).sort_values(["method", "d", "beta"])
    assert len(back) == w2.sizes["point"]
    for column in ("beta", "success_rate", "success_lo", "theory_success", "beta_c", "successes"):
        assert np.array_equal(back[column], frame[column], equal_nan=True), column
    assert paths["png"].read_bytes()[:4] == b"\x89PNG" and "<svg" in paths["svg"].read_text()


def test_curves_pass_through_the_files_theory(p1):
    figure, = figures.curves(p1)
    lines = figure.data["theory"]
    frame = table(p1)
    frame = frame[frame["method"] == "exact"].merge(lines, on=["preset", "d", "n", "beta"], suffixes=("", "_line"))
    assert len(frame) == 96 and np.abs(frame["theory_success"] - frame["theory_success_line"]).max() < 1e-12
    one = lines[(lines.n == 256) & (lines.preset == "P1")]
    assert len(one) > 200  # between the grid's degrees too


def test_curves_stay_with_the_file_where_the_closed_form_disagrees(p1):
    other = p1.copy(deep=True)
    other["theory_success"] = other["theory_success"] * 0.5
    figure, = figures.curves(other)
    assert set(figure.data["theory"]["beta"]) == set(range(1, 13))


def test_points_carry_wilson_intervals(p1):
    figure, = figures.curves(p1)
    ax = figure.canvas.axes[0]
    container = ax.containers[0]
    x, y = container[0].get_data()
    segments = np.array(container[2][0].get_segments())
    cell = table(p1).query("method == 'exact' and preset == 'P1' and n == 64").sort_values("beta")
    assert np.allclose(x, cell["beta"], atol=0.1) and np.array_equal(y, cell["success_rate"])
    assert len({tuple(each[0].get_xdata()) for each in ax.containers}) == len(ax.containers), "no point hides another"
    assert np.allclose(segments[:, 0, 1], cell["success_lo"], atol=1e-14)
    assert np.allclose(segments[:, 1, 1], cell["success_hi"], atol=1e-14)


@pytest.mark.parametrize("values, scale", [
    ([64, 128, 256, 512], "log"), (range(1, 17), "linear"), ([2, 4, 5, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64, 96], "log"),
    ([18, 34, 66, 130, 258, 514, 1026], "log"), ([0, 1, 2, 4, 8], "linear"), ([5], "linear"), ([3, 4], "linear")])
def test_scale_follows_the_grid(values, scale):
    assert style.scale_of(values) == scale


def test_drawing_leaves_the_callers_matplotlib_alone(p1):
    before = dict(matplotlib.rcParams)
    list(figures.phase(p1, "n"))
    assert dict(matplotlib.rcParams) == before and not matplotlib.pyplot.get_fignums()


def test_the_oracle_of_the_lines_is_not_called_for_other_data(p1):
    """Without theory in the file (noise, a mask), no line is invented."""
    other = p1.copy(deep=True)
    other["theory_success"] = other["theory_success"] * np.nan
    figure, = figures.curves(other)
    assert len(figure.data["theory"]) == 0


def test_degrees_are_the_table(p1):
    figure, = figures.degrees(p1)
    found = polysweep.critical(p1)
    drawn = {tuple(line.get_ydata()) for line in figure.canvas.axes[0].lines}
    for _, part in found.groupby("preset"):
        assert tuple(part["lower_hi"]) in drawn and tuple(part["beta_c"]) in drawn


def test_the_line_of_the_level_is_the_level(p1):
    for level, ds in ((0.9, p1), (0.75, p1.assign_attrs(provenance_resolved='{"judge": {"level": 0.75}}'))):
        figure, = figures.curves(ds)
        assert [0, 1, level] == [line.get_ydata()[0] for line in figure.canvas.axes[0].lines[:3]]


def test_a_window_over_widths_has_no_figure_over_lengths(w2):
    assert not list(figures.degrees(w2))


def test_fine_grids_have_round_ticks_and_no_rules(tmp_path):
    import synthetic

    listed = synthetic.points(["P1"], ["closed_form"], np.arange(1, 9, 0.05), [64, 128], [10], 34, 20)
    synthetic.write(tmp_path / "fine.h5", synthetic.fill(listed))
    figure, = figures.phase(polysweep.open(tmp_path / "fine.h5"), "n")
    figure.save(tmp_path)
    ax = figure.canvas.axes[0]
    assert meshes(ax)[0].get_array().size == 320 and all(tick == int(tick) for tick in ax.get_xticks())


def test_many_degrees_are_dots_and_a_band(monkeypatch, p1):
    few = next(figures.curves(p1))
    monkeypatch.setattr(sys.modules["polysweep.figures.curves"], "MOST_MARKS", 5)
    many = next(figures.curves(p1))
    assert "dots, and a band" in many.caption and "dots, and a band" not in few.caption
    kinds = [[type(item).__name__ for ax in figure.canvas.axes for item in ax.collections] for figure in (few, many)]
    assert "LineCollection" in kinds[0] and not any("Poly" in name for name in kinds[0])
    assert "LineCollection" not in kinds[1] and any("Poly" in name for name in kinds[1])
    for name in few.data:
        assert few.data[name].equals(many.data[name])
