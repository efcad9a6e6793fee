"""The parts of a page: drawings that stand in it, places that speak, rows that are folded, blocks before the files."""
import pathlib
import re

import matplotlib.figure
import numpy as np
import pandas as pd
import pytest
import synthetic
from test_report import Checker

from polysweep import page
from polysweep.drawing import inline, least_width, smallest_type
from polysweep.figures.figure import Figure, Mark
from polysweep.report import main
from polysweep.tables import Block, Table

SVG = """<?xml version="1.0"?>
<svg xmlns:xlink="x" width="72pt" height="36pt" viewBox="0 0 72 36" xmlns="y" version="1.1">
 <metadata>m</metadata><defs><style type="text/css">*{stroke-linejoin: round}</style></defs>
 <g id="figure_1"><clipPath id="p1"><rect x="1.23456" y="0"/></clipPath><defs><path id="m" d="M 0.123456 7 
L 1 2"/></defs><path clip-path="url(#p1)" d="M 1 2"/><use xlink:href="#m" x="7.891234"/>
 <text style="font-size: 9px; font-family: 'A'">1.23456</text><tspan style="font: 6.3px 'A'">2</tspan></g>
</svg>
"""


def parsed(text):
    checker = Checker()
    checker.feed(text)
    assert not checker.open and len(set(checker.places)) == len(checker.places) and set(checker.named) <= set(checker.places)
    return checker


def test_a_drawing_has_names_of_its_own_and_short_numbers():
    text = inline(SVG, "a-", "A title")
    assert text.startswith('<svg viewBox="0 0 72 36"') and 'aria-label="A title"' in text and text.endswith("</svg>")
    assert 'id="a-p1"' in text and "url(#a-p1)" in text and 'href="#a-m"' in text and "figure_1" not in text
    assert 'x="1.23"' in text and 'd="M 0.12 7 L 1 2"' in text and ">1.23456<" in text and "metadata" not in text and "<style" not in text
    parsed(text + inline(SVG, "b-", "Another"))
    assert inline("", "a-", "") == ""
    assert smallest_type(SVG) == 6.3 and least_width(SVG, 1.0, 9.45) == 108 and smallest_type("<svg>") == 7


@pytest.fixture
def figure(tmp_path):
    canvas = matplotlib.figure.Figure(figsize=(3, 2))
    canvas.subplots().plot([1, 2], [3, 4])
    marks = [Mark(0.1 * k, 0.25, 0.05, 0.5, f"β = {k}, n < {k} <b>") for k in range(4)]
    one = Figure("some", "A picture", "What it is.", canvas, {"": pd.DataFrame({"x": [1]})}, marks, 'It "rises".')
    return one, one.save(tmp_path)


def table(rows, **more):
    return Table("Numbers", "What <= they are.", pd.DataFrame({"n": [str(k) for k in range(rows)], "lower edge": ["in [4, 5]"] * rows}),
                 "numbers.csv", **more)


def shown(block, tmp_path):
    text = page.page([], [block], tmp_path)
    return text, parsed(text)


def test_a_block_stands_before_the_files(figure, tmp_path, monkeypatch):
    block = Block("Some & all", tmp_path, ["A sentence of <b>."], [figure], [table(3)])
    text, _ = shown(block, tmp_path)
    assert '<section id="some-all">' in text and "A sentence of &lt;b&gt;." in text and "What ≤ they are." in text
    places = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" role="img"><title>(.*?)</title></rect>', text)
    assert places[3] == ("300", "250", "50", "500", "β = 3, n &lt; 3 &lt;b&gt;") and len(places) == 4
    assert 'aria-label="A picture. It &#34;rises&#34;."' in text and 'href="some.svg"' in text and 'href="numbers.csv"' in text
    monkeypatch.setattr(page, "MOST_MARKS", 3)
    text, _ = shown(block, tmp_path)
    assert "<rect x=" not in text.split("<figure>")[1].split("</figure>")[0] and 'src="data:image/png;base64,' in text
    monkeypatch.setattr(page, "MOST_MARKS", 5000)
    monkeypatch.setattr(page, "_BYTES", 1000)
    assert 'src="data:image/png;base64,' in shown(block, tmp_path)[0]


def test_rows_that_say_none_are_one_line(tmp_path):
    text, _ = shown(Block("B", tmp_path, tables=[table(5, none=[True, False, True, True, False], none_words="3 of 5 rows: none")]), tmp_path)
    body, folded = text.split("<summary>3 of 5 rows: none</summary>")
    assert body.count("<tr") == 1 + 2 and folded.split("</details>")[0].count("<tr") == 1 + 3
    text, _ = shown(Block("B", tmp_path, tables=[table(2, none=[True, True], none_words="2 of 2 rows: none")]), tmp_path)
    assert text.split("<footer>")[0].count("<table") == 1
    text, _ = shown(Block("B", tmp_path, tables=[table(page.MOST_ROWS + 7)]), tmp_path)
    assert f"The first {page.MOST_ROWS} of {page.MOST_ROWS + 7} rows." in text


def test_numbers_of_a_launch_have_three_digits_and_units():
    said = {("rate_flop_s_fp64", 1.7543e-10): "0.175 ns", ("latency_s", 0.00123456): "1.23 ms", ("node_memory_bytes", 2.52e10): "25.2 GB",
            ("memory_bytes_s", 1.23456e10): "12.3 GB/s", ("product_flops_s_fp32", 3.56e10): "35.6 Gflop/s", ("ranks", "2"): "2",
            ("node_speed", 1.0): "1", ("version", "0.5.0"): "0.5.0", ("byte_s", np.nan): "unknown", ("rates_busy", 0.98765): "0.988"}
    for (name, value), text in said.items():
        assert page._quantity(name, value) == text


def test_the_page_leads_with_the_answer_and_its_contents(tmp_path, undrawn):
    synthetic.write(tmp_path / "x.h5", synthetic.fill(synthetic.points(["P1"], ["exact", "softmax"], range(1, 9), [64, 128], [34], 40, 200)))
    assert main([str(tmp_path / "x.h5"), "-o", str(tmp_path), "--quiet"]) == 0
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    checker = parsed(text)
    first = text.index('<p class="answer">exact separates from β = ')
    assert text.index("<h1>") < first < text.index("points done") < text.index('<nav aria-label="Contents') < text.index("<h2>")
    contents = re.findall(r'<li><a href="#([^"]*)">', text)
    assert contents == ["degree-length-and-width", "provenance"] and set(contents) <= set(checker.places)
    assert '<html lang="en">' in text and "<main" in text and 'class="skip"' in text and pathlib.Path(page.__file__).with_name("templates").is_dir()


def test_rows_of_a_brief_table_are_folded(tmp_path):
    shown = pd.DataFrame({"n": ["64", "128"], "below": ["1, 2", "1"]})
    for brief in (False, True):
        block = Block("Judged", tmp_path, tables=[Table("At once", "All of them.", shown, "judged.csv", brief=brief)])
        text = page.page([], [block], tmp_path)
        assert ("<details><summary>each of 2 rows" in text) == brief and text.index("All of them") < text.index(">128<")
