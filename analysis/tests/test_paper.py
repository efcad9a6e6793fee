"""Figures for a paper: as wide as a column, type of one size, fonts embedded, nothing cut off."""
import re
import shutil
import subprocess

import matplotlib.figure
import pytest
from matplotlib.text import Text

from polysweep import figures, paper, style
from polysweep.report import main


@pytest.fixture
def no_tex(monkeypatch):
    monkeypatch.setattr(paper, "has_tex", lambda: False)


def test_pdf_is_as_wide_as_a_column_with_its_font(w2, tmp_path, no_tex):
    figure, = figures.phase(w2, "d")
    path, = paper.save(figure, tmp_path, 3.3)
    data = path.read_bytes()
    assert float(re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", data)[1]) == pytest.approx(3.3 * 72, abs=0.01)
    assert b"STIXGeneral" in data and b"/Type0" in data and b"/FontFile2" in data and b"/Type3" not in data and b"CreationDate" not in data
    again, = figures.phase(w2, "d")
    assert paper.save(again, tmp_path / "..", 3.3)[0].read_bytes() == data
    (tmp_path / ".." / path.name).unlink()


def test_panels_are_placed_anew_and_nothing_is_cut_off(p1, no_tex, tmp_path):
    for figure in (*figures.curves(p1), *figures.degrees(p1)):
        paper.save(figure, tmp_path, 3.3)
        texts = [text for text in figure.canvas.findobj(Text) if text.get_text().strip() and text.get_visible()]
        assert {text.get_fontsize() for text in texts} == {paper.TYPE}
        with style.use():
            whole = figure.canvas.bbox
            for text in texts:
                box = text.get_window_extent()
                assert box.x0 >= whole.x0 - 1 and box.x1 <= whole.x1 + 1 and box.y0 >= -1 and box.y1 <= whole.y1 + 1, text.get_text()
        specs = [ax.get_subplotspec() for ax in figure.canvas.axes if ax.get_subplotspec()]
        spans = {(spec.rowspan.start, spec.colspan.start) for spec in specs}
        assert len(spans) == len(specs) and max(column for _, column in spans) <= 1
        assert all(ax.get_legend() is None for ax in figure.canvas.axes) and len(figure.canvas.legends) == 1


def test_labels_are_broken_behind_commas():
    assert paper.broken("W2, full, noise = 0.05, $d$ = 18", 14) == "W2, full,\nnoise = 0.05,\n$d$ = 18" and paper.broken("one", 1) == "one"


def test_the_command_says_what_it_wrote(w2_file, tmp_path, capsys, no_tex, monkeypatch):
    monkeypatch.setattr(matplotlib.figure.Figure, "draw_without_rendering", lambda self: None)
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", lambda self, path, **_: path.write_bytes(b"<svg />"))
    assert main([str(w2_file), "-o", str(tmp_path), "--quiet", "--for", "paper", "--width", "5"]) == 0
    said = capsys.readouterr().err
    assert "2 figures as PDF, 5 in wide, STIXGeneral 7 pt (Type 42, embedded); no PGF: that takes a TeX" in said
    assert (tmp_path / "phase-beta-d.pdf").exists() and (tmp_path / "index.html").exists() and not list(tmp_path.glob("*.pgf"))
    with pytest.raises(SystemExit):
        main([str(w2_file), "-o", str(tmp_path), "--for", "paper", "--width", "1"])
    assert "--width is at least 1.5" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX")
def test_pgf_is_set_by_tex(w2, tmp_path):
    figure, = figures.phase(w2, "d")
    paths = paper.save(figure, tmp_path, 3.3)
    if len(paths) < 2:
        pytest.skip("a TeX without pgf")
    (tmp_path / "all.tex").write_text(r"\documentclass{article}\usepackage{pgf}\begin{document}\input{phase-beta-d.pgf}\end{document}")
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "all.tex"], cwd=tmp_path, capture_output=True, text=True,
                          errors="replace")
    assert (tmp_path / "all.pdf").exists() and done.returncode == 0, done.stdout[-2000:]
