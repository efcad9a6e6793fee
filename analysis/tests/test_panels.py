"""Which panels a figure has: those that say something, what has the same axes side by side; theory where nothing is measured."""
import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
import synthetic

import polysweep
from polysweep import figures, oracle
from polysweep.figures.figure import arranged, spread
from polysweep.figures.phase import FAINT


@pytest.fixture(scope="module")
def noisy(tmp_path_factory):
    """Two masks and three noises over four widths; what is causal never separates, the exact probability is known without noise."""
    listed = synthetic.points(["W2"], ["exact", "softmax"], [2, 8, 32], [256, 512], [18, 34, 66, 130], 34, 40)
    rows = []
    for mask in ("full", "causal"):
        for noise in (0.0, 0.05, 0.2):
            for row in synthetic.fill(listed):
                row = dict(row, mask=mask, noise=noise)
                if noise:
                    row.update({name: np.nan for name in ("theory_success", "beta_fail", "beta_c", "beta_ok", "beta_up", "beta_up_class_3s")})
                if mask == "causal":
                    row.update(successes=0, success_rate=0.0, success_lo=0.0, success_hi=0.1)
                rows.append(row)
    path = tmp_path_factory.mktemp("noisy") / "noisy.h5"
    synthetic.write(path, rows)
    return polysweep.open(path)


def titles(figure):
    return [ax.get_title(loc="left") for ax in figure.canvas.axes if ax.get_title(loc="left")]


def test_noise_is_an_axis_of_panels(noisy):
    """By name the causal panels came first and took the room of all noisy full ones."""
    for make in (lambda: figures.phase(noisy, "n"), lambda: figures.curves(noisy)):
        figure, = make()
        found = [title.replace("$", "") for title in titles(figure)]
        assert found == [f"W2, full, noise = {noise}, d = {d}" for d in (18, 34, 66, 130) for noise in ("0", "0.05", "0.2")], figure.name
        assert "12 panels are not drawn: all of each has one value." in figure.caption


def test_edges_under_noise_are_faint_and_said_to_be_without(noisy):
    figure, = figures.phase(noisy, "n")
    quiet, loud = figure.canvas.axes[:2]
    assert len(quiet.lines) == len(loud.lines) > 1
    assert {line.get_alpha() for line in quiet.lines} == {1} and {line.get_alpha() for line in loud.lines} == {FAINT}
    assert [tuple(line.get_xdata()) for line in quiet.lines] == [tuple(line.get_xdata()) for line in loud.lines]
    assert "Faint where there is noise: they are derived without it." in figure.caption


def test_rows_that_differ_most_are_kept():
    scores = {("a", "exact", d): worth for d, worth in zip(range(8), (0.2, 0.0, 0.3, 0.1, 0.005, 0.4, 0.25, 0.02))}
    by_name = {(name, "exact", 1): scores["a", "exact", d] for d, name in enumerate("hgfedcba")}
    found = arranged(by_name, ["preset", "method", "d"], 3, 4)
    assert found.rows == [[("b", "exact", 1), ("c", "exact", 1), ("f", "exact", 1)]] and (found.left_out, found.constant) == (5, 2)
    assert found.words() == (" 2 panels are not drawn: all of each has one value. 3 further panels are in the data only: those whose values "
                             "differ most are drawn.")
    assert arranged(dict.fromkeys(by_name, 0.0), ["preset", "method", "d"], 9, 4).constant == 0, "all are the same"
    assert spread(np.array([np.nan, 0.5])) == 0 and spread(np.array([0, 1, np.nan])) == 0.5


def test_what_has_the_same_axes_stands_side_by_side():
    scores = {(mask, noise, "exact", d): 0.3 for mask in ("full", "causal") for noise in (0.0, 0.1) for d in (8, 16)}
    found = arranged(scores, ["mask", "noise", "method", "d"], 6, 4)
    assert found.across == 2 and all({key[1] for key in row} == {0.0, 0.1} and len({(key[0], key[3]) for key in row}) == 1 for row in found.rows)


def test_theory_at_the_points_of_measurements_is_not_drawn_again(tmp_path):
    listed = synthetic.points(["W2"], ["exact", "closed_form"], [2, 8, 32], [256, 512], [34], 34, 40)
    synthetic.write(tmp_path / "twice.h5", synthetic.fill(listed))
    figure, = figures.phase(polysweep.open(tmp_path / "twice.h5"), "n")
    assert len(titles(figure)) == 1 and "1 panels of theory alone are not drawn again" in figure.caption
    listed = synthetic.points(["W2"], ["exact"], [2, 8, 32], [256, 512], [34], 34, 40)
    listed += synthetic.points(["W2"], ["closed_form"], [2, 8, 32], [256, 1024], [34], 34, 40)
    synthetic.write(tmp_path / "more.h5", synthetic.fill(listed))
    assert len(titles(next(figures.phase(polysweep.open(tmp_path / "more.h5"), "n")))) == 2


def test_an_empty_file_shows_theory(tmp_path):
    listed = synthetic.points(["W2"], ["exact", "softmax"], [2, 8, 32], [256, 512], [34], 34, 40)
    rows = [dict(row, status="empty", attempt=0, theory_success=np.nan) for row in listed]
    synthetic.write(tmp_path / "empty.h5", rows)
    ds = polysweep.open(tmp_path / "empty.h5")
    figure, = figures.phase(ds, "n")
    ax = figure.canvas.axes[0]
    value = next(item for item in ax.collections if type(item).__name__ == "QuadMesh").get_array().reshape(2, 3)
    constants = synthetic.PRESETS["W2"]
    assert np.allclose(value, [oracle.success([2, 8, 32], 34, n=n, d=34, **constants) for n in (256, 512)], atol=1e-12)
    assert figure.caption.startswith("Nothing is measured yet: colours are the exact probability of success.") and not ax.patches
    figure, = figures.curves(ds)
    assert figure.caption.startswith("Nothing is measured yet.") and len(figure.data["theory"]) > 400
    assert not any(len(each[0].get_xdata()) for each in figure.canvas.axes[0].containers)


def test_edges_of_a_method_without_a_degree_are_drawn():
    """They were a curve of degree nan, and none of it was seen."""
    from polysweep.figures.edges import draw, handles_of, values_of

    rows = [dict(combination=k, kind="fall", n=0, d=float(d), beta=beta, lo=4.0 * d, hi=5.0 * d, position=4.5 * d, theory=np.nan, outside=False,
                 above_from=np.nan, count=1, settled=True, first=1.0, last=99.0, edge=0)
            for k, (beta, d) in enumerate([(2.0, 8), (2.0, 16), (np.nan, 8), (np.nan, 16)])]
    frame = pd.DataFrame(rows)
    chosen, used = values_of(frame["beta"].unique()), set()
    ax = matplotlib.figure.Figure().subplots()
    draw(ax, frame, ("d", "beta"), chosen, frame, used)
    assert len([line for line in ax.lines if line.get_marker() == "v" and len(line.get_xdata()) == 2]) == 2
    assert [handle.get_label() for handle in handles_of(chosen, "beta", used)][:2] == [r"$\beta$ = 2", r"no $\beta$"]


def test_the_curve_without_noise_is_in_the_legend_too(noisy):
    """Of sizes of sketches 0 means none, of noise it is a value."""
    one = noisy.isel(point=np.flatnonzero((noisy["n"] == 256) & (noisy["d"] == 66) & (noisy["mask"] == "full")))
    figure, = figures.curves(one)
    assert [text.get_text() for text in figure.canvas.legends[0].get_texts()] == ["0", "0.05", "0.2"]
