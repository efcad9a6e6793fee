"""Colours, markers and dashes tell methods apart, for people with any colour vision; text is dark enough on what is behind it."""
import itertools
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from polysweep import figures, style
from polysweep.colour import DEFICIENCIES, contrast, difference, lab

FLOOR = 10  #: of CIEDE2000; 2.3 is just seen where colours touch
PROGRAM = """exact softmax linear closed_form monomial polysketch tree tensorsketch srht maclaurin favor taylor elu1 relu uniform
    window topk nystrom""".split()


def apart(one, other):
    """The smallest difference of two colours over all kinds of sight."""
    return min(difference(*(lab(matplotlib.colors.to_rgb(colour), kind) for colour in (one, other))) for kind in DEFICIENCIES)


def test_differences_are_those_of_the_publication():
    """Pairs of Sharma, Wu and Dalal (2005), table 1."""
    for one, other, wanted in (((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425), ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
                               ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644), ((50, 2.5, 0), (58, 24, 15), 19.4535),
                               ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373), ((50, 0, 0), (50, -1, 2), 2.3669),
                               ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082)):
        assert difference(np.array(one, float), np.array(other, float)) == pytest.approx(wanted, abs=5e-5)


def test_methods_are_told_apart():
    assert set(PROGRAM) == set(style.METHODS)
    for place in (1, 2):
        looks = [str(style.METHODS[name][place]) for name in PROGRAM]
        assert len(set(looks)) == len(looks), "a marker, and dashes, for each"
    for one, other in itertools.combinations(PROGRAM, 2):
        colours = style.method(one)[0], style.method(other)[0]
        assert colours[0] == colours[1] or apart(*colours) > FLOOR, (one, other)


@pytest.mark.parametrize("names", [
    ["monomial", "polysketch", "tree", "tensorsketch", "srht", "maclaurin", "favor", "taylor"],  # in a figure of errors
    ["exact", "softmax", "linear"]])  # of kernels
def test_methods_of_one_figure_have_colours_of_their_own(names):
    assert all(apart(style.method(one)[0], style.method(other)[0]) > FLOOR for one, other in itertools.combinations(names, 2))


def test_colours_of_curves_are_told_apart():
    assert all(apart(*pair) > FLOOR for pair in itertools.combinations(style.CURVES, 2))
    parts = [part[1] for part in sys.modules["polysweep.figures.decomposition"].PARTS.values()]
    assert all(apart(*pair) > FLOOR for pair in itertools.combinations(parts, 2))


def test_text_over_any_cell_is_read():
    for colours in ("viridis", "Greys", "RdBu"):
        shades = matplotlib.colormaps[colours](np.linspace(0, 1, 200))
        assert min(contrast(matplotlib.colors.to_rgb(style.text_on(shade)), shade[:3]) for shade in shades) >= 4.5
    for ground in ("white", style.PALE, "#f7f7f5"):
        assert contrast(matplotlib.colors.to_rgb(style.INK), matplotlib.colors.to_rgb(ground)) >= 4.5
    assert contrast(matplotlib.colors.to_rgb(style.GREY), (1, 1, 1)) >= 4.5


def test_text_of_figures_is_read(p1, w2):
    """Text against what is drawn behind it, taken from the picture without any."""
    for figure in (*figures.phase(w2, "d"), *figures.curves(p1), *figures.degrees(p1)):
        with style.use():
            figure.canvas.draw_without_rendering()
            texts = [text for text in figure.canvas.findobj(Text) if text.get_text().strip() and text.get_visible()]
            boxes = [text.get_window_extent() for text in texts]
            for text in texts:
                text.set_visible(False)
            figure.canvas.set_layout_engine(None)
            canvas = FigureCanvasAgg(figure.canvas)
            canvas.draw()
        picture = np.asarray(canvas.buffer_rgba())[..., :3] / 255
        for text, box in zip(texts, boxes):
            (left, low), (right, high) = np.clip(np.round(box.get_points()).astype(int), 0, None)
            behind = picture[max(len(picture) - high, 0):len(picture) - low, left:right].reshape(-1, 3)
            if len(behind):
                assert contrast(matplotlib.colors.to_rgb(text.get_color()), np.median(behind, axis=0)) >= 4.5, text.get_text()
