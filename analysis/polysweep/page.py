"""index.html: one file, nothing fetched, readable in print and without its script. What it looks like is in templates/."""
from __future__ import annotations

import base64
import functools
import io
import itertools
import os
import pathlib
import re
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import jinja2
import pandas as pd
from markupsafe import Markup, escape

from .drawing import inline, least_width
from .figures.figure import Figure
from .foreign import plain
from .style import size_text
from .tables import WORDS, Block, Table

if TYPE_CHECKING:
    from .section import Section

MOST_ROWS = 200  #: of a table on the page; its CSV has all
MOST_MARKS = 5000  #: cells of a figure that is drawn as lines and letters; of more there is an image
_BYTES = 1_200_000  #: of all drawings of a page, as their files have them
_A_MARK = 130  #: bytes of a place that speaks

_KEYS = ("lower edge", "upper edge", "rise", "fall")
_HEADS = {"theory, grid": "exact theory, on the grid", "exact, lower": "exact edge, lower", "upper": "exact edge, upper"}
_SUBSCRIPTS = {"beta_fail": "fail", "beta_c": "c", "beta_ok": "ok", "beta_up": "up", "beta_up_3s": "up, 3σ"}
_BARS = {"done": "done", "not_needed": "spared", "failed": "bad", "timeout": "bad", "skipped": "bad", "running": "run", "interrupted": "run"}


def page(sections: Sequence[Section], first: Sequence[Block] = (), directory: str | os.PathLike[str] = ".") -> str:
    """The page for sections whose `html` is there. first: what stands before them, with links relative to `directory`."""
    title = sections[0].name if len(sections) == 1 else "Polynomial attention: " + ", ".join(dict.fromkeys(each.name for each in sections))
    views = [_block(each, directory, _inlined(each.figures, 2, "first-"), "") for each in first]
    return _render("page.html", title=title, sections=sections, several=len(sections) > 1, first=views)


def part(section: Section, directory: str | os.PathLike[str], level: int, share: int = 1) -> str:
    """The part of a page about one file, its links relative to `directory`, its heading of this level; share: of how many."""
    prefix = "" if level == 1 else f"{slug(section.directory.name)}-"
    blocks, found = section.blocks(), section.consistency
    vector = _inlined([each for block in blocks for each in block.figures], share, prefix)
    off = bool(found.cells) and (len(found.outside) > max(1.0, 3 * found.cells * (1 - found.level)) or found.pvalue < 1e-3)
    launches, failures = section.provenance["launches"], section.failures.head(MOST_ROWS)
    texts = [(name.replace("_", " "), text) for name, text in section.provenance.items() if isinstance(text, str) and text.strip()]
    return Markup(_render(
        "section.html", section=section, anchor=section.anchor, prefix=prefix, level=level, sources=_sources(section), bars=_bars(section),
        off=off, blocks=[_block(each, directory, vector, prefix) for each in blocks], failures=_words(failures) if len(failures) else None,
        launches=_words(_turned(launches)) if len(launches) else None, texts=texts))


@functools.lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(pathlib.Path(__file__).with_name("templates"))
    made = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
                              finalize=lambda text: text if isinstance(text, Markup) else plain(text))
    made.filters.update(signs=_signs, lines=_lines)
    return made


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(**values)


def _signs(text: object) -> Markup:
    """<= as a reader writes it."""
    return text if isinstance(text, Markup) else escape(plain(text).replace("<=", "≤").replace(">=", "≥"))


def _lines(text: object) -> Markup:
    """A text of several lines, of which none holds what a browser obeys."""
    return Markup("\n").join(escape(plain(line)) for line in str(text).split("\n"))


def slug(text: str) -> str:
    """A text as the name of a place in a page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "file"


def _relative(path: str | os.PathLike[str], directory: str | os.PathLike[str]) -> str:
    """A link, whatever bytes the names on the way hold."""
    return urllib.parse.quote(os.fsencode(os.path.relpath(path, directory).replace(os.sep, "/")))


# ---- what stands at the head of a file --------------------------------------------------------------------------------------


def _sources(section: Section) -> list[str]:
    launches = section.provenance["launches"]
    words = [f"first launch {launches['started'].iloc[0]}"] if len(launches) and "started" in launches else []
    words += [f"data: {section.attributes['data_source']}"] if section.attributes.get("data_source") else []
    return words + ([str(section.attributes["source"])] if "source" in section.attributes else [])


def _bars(section: Section) -> list[tuple[str, float]]:
    order = {status: k for k, status in enumerate(_BARS)}
    return [(_BARS.get(status, "rest"), 100 * count / max(section.points, 1))
            for status, count in sorted(section.counts.items(), key=lambda item: order.get(item[0], 99))]


def _turned(launches: pd.DataFrame) -> pd.DataFrame:
    """A column per launch, numbers with three digits and their units."""
    turned = pd.DataFrame({name: [_quantity(name, value) for value in launches[name]] for name in launches}, index=launches.index).T
    turned.columns = [f"launch {k}" for k in launches.index]
    turned.insert(0, "quantity", turned.index)
    return turned


def _quantity(name: str, value: object) -> str:
    """What a launch has by this name: of seconds, bytes and rates their names say so."""
    try:
        number = float(str(value))
    except ValueError:
        return str(value)
    parts = name.split("_")
    if number != number:
        return "unknown"
    if number.is_integer() and not {"bytes", "flops", "s"} & set(parts):
        return str(int(number)) if abs(number) < 1e15 else str(value)
    if "bytes" in parts:
        return size_text(number) + "/s" * (parts[-1] == "s")
    if "flops" in parts:
        return f"{number / 1e9:.3g} Gflop/s"
    if "s" in parts:
        scale, unit = next((each for each in ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")) if number >= each[0]), (1e-9, "ns"))
        return f"{number / scale:.3g} {unit}"
    return f"{number:.3g}"


# ---- blocks, figures, tables ------------------------------------------------------------------------------------------------


def _block(block: Block, directory: str | os.PathLike[str], vector: dict[str, str], prefix: str) -> dict[str, Any]:
    anchor = prefix + slug(block.title)
    return {"title": block.title, "anchor": anchor, "words": block.words,
            "figures": [_figure(figure, paths, directory, vector.get(figure.name)) for figure, paths in block.figures],
            "tables": [_table(each, block.directory / each.file, directory) for each in block.tables]}


def _inlined(figures: Iterable[tuple[Figure, dict[str, pathlib.Path]]], share: int, prefix: str) -> dict[str, str]:
    """{name of a figure that is drawn in the page: how its own names begin there}; the others are images. As many are drawn as the page
    bears, the small ones first."""
    sizes = sorted((paths["svg"].stat().st_size + _A_MARK * len(figure.marks), figure.name) for figure, paths in figures
                   if len(figure.marks) <= MOST_MARKS)
    fits = itertools.takewhile(lambda each: each[0] <= _BYTES / share, zip(itertools.accumulate(size for size, _ in sizes), sizes))
    return {name: f"{prefix}f{k}-" for k, (_, (_, name)) in enumerate(fits)}


def _figure(figure: Figure, paths: dict[str, pathlib.Path], directory: str | os.PathLike[str], prefix: str | None) -> dict[str, Any]:
    inches = figure.canvas.get_size_inches()[0]
    text = paths["svg"].read_text(encoding="utf-8")
    label = escape(plain(f"{figure.title}. {figure.finding}".strip()))
    picture = inline(text, prefix, label) if prefix is not None else _image(paths["png"], label)
    return {"title": figure.title, "caption": figure.caption, "finding": figure.finding, "picture": Markup(picture),
            "width": round(inches * 112), "least": least_width(text, inches),  # of letters about as large as the text's
            "links": [(_file_word(kind), _relative(path, directory)) for kind, path in paths.items()],
            "marks": [_mark(each) for each in figure.marks] if len(figure.marks) <= MOST_MARKS else []}


def _mark(mark: Any) -> dict[str, Any]:
    x, y, width, height = (f"{1000 * value:.4g}" for value in (mark.left, mark.top, mark.width, mark.height))
    return {"x": x, "y": y, "width": width, "height": height, "text": mark.text}


def _image(path: pathlib.Path, label: str) -> str:
    """A picture of few colours, which is a third as large."""
    from PIL import Image

    with Image.open(path) as whole, io.BytesIO() as small:
        whole.convert("RGB").quantize(96).save(small, "png", optimize=True)
        data = base64.b64encode(small.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{label}">'


def _file_word(kind: str) -> str:
    return kind.upper() if not kind.startswith("csv") else "data" + (f" ({kind[3:]})" if kind[3:] else "")


def _table(table: Table, path: pathlib.Path, directory: str | os.PathLike[str]) -> dict[str, Any]:
    """What the template shows of a table; a rule where the first columns change."""
    shown = table.shown
    none = pd.Series(table.none if len(table.none) else [False] * len(shown), dtype=bool).to_numpy()
    rows, left, words = shown[~none], shown[none], _of_words(shown)
    return {"title": table.title, "note": table.note, "link": _relative(path, directory), "left": max(len(rows) - MOST_ROWS, 0),
            "none_words": table.none_words, "brief": table.brief, "heads": [(_head(name), "word" if name in words else "") for name in shown], "wide": _wide(shown),
            "rows": _rows(rows.head(MOST_ROWS), words), "none": _rows(left.head(MOST_ROWS), words)}


def _wide(frame: pd.DataFrame) -> str:
    """How wide a table is in print: letters across its widest row, over what a page holds."""
    letters = sum(max([min(len(str(cell)), 40) for cell in frame[name].head(MOST_ROWS)] + [len(word) for word in str(name).split()], default=0)
                  + 2 for name in frame)
    return "widest" if letters > 190 else "wider" if letters > 150 else "wide" if letters > 110 else ""


def _rows(frame: pd.DataFrame, words: set[str]) -> list[tuple[bool, list[tuple[object, str]]]]:
    names = list(frame)
    until = next((i for i, name in enumerate(names) if name.endswith("<=") or name in ("sketch", "n")), 0)
    before, rows = None, []
    for values in frame.itertuples(index=False, name=None):
        rows.append((before not in (None, values[:until]), [(value, _kind(name, value, words)) for name, value in zip(names, values)]))
        before = values[:until]
    return rows


def _words(frame: pd.DataFrame) -> dict[str, Any]:
    """A table of texts."""
    frame = frame.astype(str)
    return {"heads": [(name, "word") for name in frame], "wide": _wide(frame), "rows": _rows(frame, set(frame))}


def _of_words(frame: pd.DataFrame) -> set[str]:
    """Columns that are set to the left: of words, and what tells cases apart by words."""
    names = list(frame)
    cases = names[:names.index("n")] if "n" in names else []
    return {name for name in names if name in WORDS or name in cases and all(str(cell)[:1].isalpha() for cell in frame[name])}


def _kind(name: str, value: object, words: set[str]) -> str:
    """The classes of a cell."""
    said = ["word" if name in words else "", "text" if len(str(value)) > 40 else "", "key" if name in _KEYS and value else "",
            "none" if value in ("none", "inf", "not settled") else ""]
    return " ".join(filter(None, said))


def _head(name: str) -> Markup:
    name = name.strip()
    if name in _SUBSCRIPTS:
        return Markup("β<sub>{}</sub>").format(_SUBSCRIPTS[name])
    return Markup("<i>{}</i>").format(name) if name in ("n", "d", "m", "r") else _signs(_HEADS.get(name, "β" if name == "beta" else name))
