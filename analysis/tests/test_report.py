import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest
import synthetic

from polysweep.report import main

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Checker(HTMLParser):
    """Collects what a page would fetch, and checks that its tags are closed in order."""

    def __init__(self):
        super().__init__()
        self.named = []  # places that something in the page refers to
        self.open, self.fetched, self.links, self.places, self.text = [], [], [], [], ""

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("link", "iframe", "object"):
            self.fetched.append(tag)
        if "src" in attributes:
            self.fetched.append(attributes["src"][:30])
        if "href" in attributes and not attributes["href"].startswith("#"):
            self.links.append(attributes["href"])
        if "id" in attributes:
            self.places.append(attributes["id"])
        self.named += re.findall(r"url\(#([^)]*)\)", " ".join(map(str, attributes.values()))) + re.findall(r"^#(.+)", attributes.get("href", ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open[-1:] not in (["style"], ["script"]):
            self.text += data


def page(directory):
    text = (directory / "index.html").read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(text)
    assert not checker.open
    assert len(set(checker.places)) == len(checker.places) and set(checker.named) <= set(checker.places)
    return text, checker


@pytest.fixture(scope="module")
def few():
    """Enough points for a figure over lengths: for tests of what is around it."""
    return synthetic.fill(synthetic.points(["P1"], ["exact"], [2, 4, 6], [64, 128], [10], 8, 20))


@pytest.fixture(scope="module")
def few_widths():
    return synthetic.fill(synthetic.points(["W2"], ["exact"], [2, 4, 6], [64], [10, 18], 8, 20))


def test_one_file(p1_file, tmp_path, capsys):
    assert main([str(p1_file), "-o", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "112 of 112 points done" in out and "0 of 112 cells outside" in out
    assert re.search(r"P1\s+34\s+64\s+34\s+in \[4, 4\]\s+> 12\s+4\.\.\s+", out)
    for name in ("phase-beta-n", "success-beta", "critical-degrees"):
        for kind in ("png", "svg", "csv"):
            assert (tmp_path / f"{name}.{kind}").stat().st_size > 1000
    assert len(synthetic.read_csv(tmp_path / "critical.csv")) == 8


def test_the_page_is_self_contained(w2_file, tmp_path):
    assert main([str(w2_file), "-o", str(tmp_path), "--quiet"]) == 0
    text, checker = page(tmp_path)
    assert "http:" not in text and "https:" not in text and "@import" not in text and "url(" not in text.replace("url(#", "")
    assert not checker.fetched and text.count('<svg viewBox') == 2 and "<script src" not in text
    for link in checker.links:
        assert (tmp_path / link).exists(), link
    assert "not enough memory" in checker.text and "failed" in checker.text and "node1" in checker.text
    assert "33 of" not in checker.text and "41 of 44 points done" in checker.text
    assert "paper" not in checker.text.lower()


def test_several_files(few, few_widths, tmp_path, undrawn):
    for name, rows in (("p1.h5", few), ("w2.h5", few_widths)):
        synthetic.write(tmp_path / name, rows)
    assert main([str(tmp_path / "p1.h5"), str(tmp_path / "w2.h5"), "-o", str(tmp_path), "--quiet"]) == 0
    _, checker = page(tmp_path)
    assert (tmp_path / "p1" / "phase-beta-n.svg").exists() and (tmp_path / "w2" / "phase-beta-d.csv").exists()
    assert all((tmp_path / link).exists() for link in checker.links)


def test_a_bad_file_does_not_hide_the_good_one(few, tmp_path, capsys, undrawn):
    synthetic.write(tmp_path / "few.h5", few)
    assert main([str(tmp_path / "none.h5"), str(tmp_path / "few.h5"), "-o", str(tmp_path / "out"), "--quiet"]) == 3
    assert "no such file" in capsys.readouterr().err and (tmp_path / "out" / "index.html").exists()


def test_names_are_escaped(few, tmp_path, undrawn):
    path = tmp_path / "a<b>&c.h5"
    synthetic.write(path, few)
    assert main([str(path), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    text, _ = page(tmp_path / "out")
    assert "a&lt;b&gt;&amp;c.h5" in text and "<b>&c" not in text


def test_the_installed_command(tmp_path):
    done = subprocess.run([sys.executable, "-m", "polysweep.report", str(tmp_path / "x.h5"), "-o", str(tmp_path / "o")],
                          capture_output=True, text=True)
    assert done.returncode == 3 and "x.h5: no such file" in done.stderr and "Traceback" not in done.stderr
