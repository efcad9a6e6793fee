"""Places of pictures that speak: where they are, what they say, and the sentence of a figure."""
from xml.etree import ElementTree

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest

from polysweep import figures
from polysweep.figures import findings, marks, svg
from polysweep.figures.figure import Figure


@pytest.fixture(scope="module")
def drawn(w2, tmp_path_factory):
    """A phase diagram, and where it was saved."""
    figure, = figures.phase(w2, "d")
    return figure, figure.save(tmp_path_factory.mktemp("drawn"))


def test_cells_of_a_phase_diagram_say_their_rate_where_they_are(w2, drawn):
    figure, _ = drawn
    cells = {mark.text.split(":")[0]: mark for mark in figure.marks}
    assert len(figure.marks) == w2.sizes["point"]
    ax = figure.canvas.axes[0]
    where = (ax.transData + figure.canvas.transFigure.inverted()).transform((32, 66))
    mark = cells["β = 32, d = 66"]
    assert mark.left < where[0] < mark.left + mark.width and mark.top < 1 - where[1] < mark.top + mark.height
    point = w2.isel(point=int(np.flatnonzero((w2["beta"] == 32) & (w2["d"] == 66) & (w2["method"] == "exact"))[0]))
    assert mark.text == (f"β = 32, d = 66: {float(point.success_rate):.3g} ({float(point.success_lo):.3g} to {float(point.success_hi):.3g}), "
                         f"exact {float(point.theory_success):.3g}")
    assert sorted(mark.text.split(": ")[1].split(",")[0] for mark in figure.marks if "(" not in mark.text) == ["empty", "failed", "running"]
    assert any(text.startswith("softmax, d = 18") for text in cells)
    area = sum(mark.width * mark.height for mark in figure.marks if mark.text.startswith("β"))
    box = ax.get_position()
    assert area == pytest.approx(box.width * box.height, rel=0.01), "cells tile the panel"


def test_points_have_room_around_them_and_panels_clip_areas(tmp_path):
    canvas = matplotlib.figure.Figure(figsize=(4, 2))
    ax = canvas.add_axes([0.25, 0.25, 0.5, 0.5])
    ax.set(xlim=(0, 1), ylim=(0, 1))
    marks.points(ax, [0.0, 2.0, np.nan], [0.0, 0.5, 0.5], lambda: ["corner", "beyond", "nowhere"])
    marks.boxes(ax, [-1], [0.5], [0], [1], lambda: ["half"])
    figure = Figure("x", "", "", canvas)
    figure.save(tmp_path)
    corner, half = figure.marks
    side = marks.SIDE / 72
    assert (corner.text, corner.width * 4, corner.height * 2) == ("corner", pytest.approx(side, abs=1e-3), pytest.approx(side, abs=1e-3))
    assert corner.left == pytest.approx(0.25 - side / 8, abs=1e-4) and corner.top == pytest.approx(0.75 - side / 4, abs=1e-4)
    assert (half.left, half.top, half.width, half.height) == (0.25, 0.25, 0.25, 0.5)


def test_of_too_many_places_there_is_none(monkeypatch, p1, tmp_path, undrawn):
    monkeypatch.setattr(marks, "MOST", 111)
    figure, = figures.phase(p1, "n")
    figure.save(tmp_path)
    assert figure.marks == [] and figure.finding


def test_a_figure_is_drawn_the_same_twice(w2, drawn, tmp_path):
    figure, paths = drawn
    again, = figures.phase(w2, "d")
    assert again.save(tmp_path)["svg"].read_bytes() == paths["svg"].read_bytes()
    assert again.marks == figure.marks and again.finding == figure.finding


def test_every_figure_speaks(p1, w2, tmp_path, undrawn):
    for figure in (*figures.phase(p1, "n"), *figures.curves(p1), *figures.degrees(p1), *figures.curves(w2)):
        figure.save(tmp_path)
        assert 0 < len(figure.marks) <= marks.MOST
        assert all(0 <= mark.left and mark.left + mark.width <= 1.0001 and mark.text for mark in figure.marks)
        assert "$" not in figure.finding and figure.finding.endswith("."), figure.name


def test_the_finding_is_computed(p1):
    figure, = figures.phase(p1, "n")
    frame = p1.to_dataframe()
    frame = frame[(frame["preset"] == "P1") & (frame["method"] == "exact") & (frame["success_rate"] >= 0.9)]
    first, last = (int(frame[frame["n"] == n]["beta"].min()) for n in (64, 512))
    assert f"P1, d = 34: the rate reaches 0.9 from β = {first} at n = 64 to β = {last} at n = 512." in figure.finding
    assert "never at" not in figure.finding


def test_panels_that_separate_nowhere_are_counted():
    def panel(rates):
        return pd.DataFrame({"n": [1, 1, 2, 2], "beta": [2, 4, 2, 4], "done": True, "success_rate": rates, "theory_success": rates,
                             "method_folds": "rows"})

    parts = [("a", panel([0, 0.1, 0, 0])), ("b", panel([0, 0.95, 0, 0.5])), ("c", panel([0, 0, 0, 0]))]
    assert findings.separation(parts, "n", 0.9) == ("b: the rate reaches 0.9 from β = 4 at n = 1, and never at 1 of 2 values of n. "
                                                    "In 2 of 3 panels the rate reaches 0.9 nowhere.")
    assert findings.separation(parts[:1], "n", 0.9) == "a: the rate reaches 0.9 nowhere (at most 0.1)."


def test_curves_that_fall_say_how():
    curve = pd.DataFrame({"r": [4, 16, 64], "err": [1, 0.5, 0.25]})
    assert findings.falls(curve, "r", "err") == "from 1 at r = 4 to 0.25 at r = 64, as r^-0.50"


def test_text_of_a_drawing_is_words_in_their_order(drawn):
    path = drawn[1]["svg"]
    root = ElementTree.parse(path).getroot()
    texts = ["".join(text.itertext()).replace("\u00a0", " ") for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"W2, n = 4096", "degree β", "width d", "softmax", "rate of success"} <= set(texts)
    assert "serif" in root.get("font-family") and path.read_text().count("STIX") == 2, "fonts are named once"


def test_letters_of_older_matplotlib_are_set_in_order_too(tmp_path):
    """It has a place for each letter of a look in one element, and one declaration of the font."""
    path = tmp_path / "x.svg"
    path.write_text('<svg width="1pt"><g><text style="font: 9px \'STIXGeneral\', serif; text-anchor: middle" x="1" y="2">a</text>\n'
                    '<text>\n<tspan x="0 9" y="-1 -1" style="font: 9px \'STIXGeneral\'">d4</tspan>\n'
                    '<tspan x="4" y="-1" style="font: italic 9px \'STIXGeneral\'">&lt;</tspan>\n</text></g></svg>')
    svg.portable(path)
    assert path.read_text().startswith('<svg font-family="STIXGeneral, ')
    assert '<text style="font-size: 9px; text-anchor: middle" x="1" y="2">a</text>' in path.read_text()
    text = ElementTree.fromstring(path.read_text())[0][1]
    assert "".join(text.itertext()) == "d<4" and text[1].get("style") == "font-style: italic; font-size: 9px"
