"""Ticks of every axis: 2 to 6 labels that do not touch, on whatever range and in whatever room."""
import itertools

import matplotlib.figure
import numpy as np
import pytest

from polysweep import figures, style
from polysweep.ticks import FEWEST, MOST


def labels(ax, which):
    """Texts and extents of the labels that are seen."""
    axis = getattr(ax, which + "axis")
    low, high = sorted(axis.get_view_interval())
    shown = [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high and tick.label1.get_text()]
    return [text.get_text() for text in shown], [text.get_window_extent() for text in shown]


def check(ax, which, fewest=FEWEST):
    texts, boxes = labels(ax, which)
    assert fewest <= len(texts) <= MOST and len(set(texts)) == len(texts), texts
    side = 0 if which == "x" else 1
    for one, other in itertools.combinations(boxes, 2):
        first, last = sorted((one, other), key=lambda box: box.min[side])
        assert first.max[side] <= last.min[side], texts


@pytest.fixture(scope="module")
def canvas():
    return matplotlib.figure.Figure(figsize=(4, 3))


@pytest.mark.parametrize("share", [0.2, 0.4, 0.85])
def test_round_numbers_over_many_ranges(canvas, share):
    random = np.random.default_rng(3)
    with style.use():
        canvas.clear()
        ax = canvas.add_axes([0.1, 0.1, share, share])
        for low, span in zip(10.0 ** random.uniform(-6, 9, 8), 10.0 ** random.uniform(0.1, 9, 8)):
            for which, text in (("x", style.size_text if low > 1 else style.decade), ("y", style.decade)):
                style.ticks(getattr(ax, which + "axis"), scale="log", text=text)
                ax.set(**{which + "lim": (low, low * span)})
            canvas.draw_without_rendering()
            check(ax, "x")
            check(ax, "y")
            for which in "xy":
                style.ticks(getattr(ax, which + "axis"))
                ax.set(**{which + "lim": (0, low)})
            canvas.draw_without_rendering()
            check(ax, "x")
            check(ax, "y")


@pytest.mark.parametrize("values", [
    [2, 4], [64, 128, 256, 512, 1024, 2048, 4096, 8192], range(2, 34, 2), range(1, 257), [18, 34, 66, 130, 258, 514, 1026],
    [2, 4, 5, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64, 96], [2 ** k for k in range(4, 24)], [0, 0.05, 0.2, 1.25]])
@pytest.mark.parametrize("share", [0.25, 0.85])
def test_grids_have_ticks_of_theirs(canvas, values, share):
    with style.use():
        canvas.clear()
        ax = canvas.add_axes([0.1, 0.1, share, share])
        scale = style.scale_of(values)
        for axis in (ax.xaxis, ax.yaxis):
            style.ticks(axis, values, scale)
        edges = style.cell_edges(np.array(values), scale)[[0, -1]]
        ax.set(xlim=edges, ylim=edges)
        canvas.draw_without_rendering()
    for which in "xy":
        check(ax, which)
        assert len(values) > 27 or {float(text) for text in labels(ax, which)[0]} <= set(map(float, values))


def test_sizes_of_states_do_not_touch(canvas):
    """From 50 to 70 kB there were three labels in the room of one."""
    with style.use():
        canvas.clear()
        ax = canvas.add_axes([0.1, 0.1, 0.3, 0.3])
        style.ticks(ax.xaxis, scale="log", text=style.size_text)
        ax.set_xlim(48e3, 72e3)
        canvas.draw_without_rendering()
    check(ax, "x")


def test_axes_of_figures_have_few_labels(p1, w2, tmp_path):
    for figure in (*figures.phase(w2, "d"), *figures.degrees(p1)):
        with style.use():
            figure.canvas.draw_without_rendering()
        for ax in (each for each in figure.canvas.axes if each.get_label() != "<colorbar>"):
            check(ax, "y")
            check(ax, "x")
