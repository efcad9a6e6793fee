"""A figure, its words and its numbers, kept together."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import matplotlib.figure
import numpy as np
import pandas as pd

from .. import style
from . import marks as noted
from .marks import Mark
from .svg import portable


MOST_ROWS = 200_000  #: of a CSV beside a figure

WIDTH = 3.3  #: inches, of a column of a paper
SEEN = 0.01  #: panels whose values have a smaller standard deviation look the same everywhere

#: order of methods in a figure; others come between, by name
METHODS = {"exact": 0, "closed_form": 10}


@dataclass
class Figure:
    """One picture. `data` maps a suffix ("" for the main table) to the numbers that were drawn, `marks` are its places that speak, in
    the order in which a keyboard visits them, `finding` says in a sentence what is seen, for those who do not see it."""

    name: str
    title: str
    caption: str
    canvas: matplotlib.figure.Figure
    data: dict[str, pd.DataFrame] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    finding: str = ""
    whole_rows: bool = False  #: the panels of a row belong together, however narrow the figure is

    def __post_init__(self) -> None:
        left = [len(table) for table in self.data.values() if len(table) > MOST_ROWS]
        if left:
            self.caption += f" No CSV of its {left[0]} rows: polysweep show FILE --csv prints them."

    def save(self, directory: str | os.PathLike[str]) -> dict[str, pathlib.Path]:
        """Writes NAME.png, NAME.svg and NAME[-SUFFIX].csv; returns {"png": path, "svg": path, "csv...": path}. Of more than MOST_ROWS
        rows there is no CSV: the result file has them, and the caption says so."""
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        paths = {kind: directory / f"{self.name}.{kind}" for kind in ("png", "svg")}
        with style.use():
            self.canvas.draw_without_rendering()  # panels are placed once, for both
            self.canvas.set_layout_engine(None)  # "none" would stand for one, for which each format is drawn twice
            self.marks = self.marks or noted.collect(self.canvas)
            self.canvas.savefig(paths["png"])
            self.canvas.savefig(paths["svg"], metadata={"Date": None, "Creator": None})
            portable(paths["svg"])
        for suffix, table in self.data.items():
            if len(table) > MOST_ROWS:
                continue
            path = directory / f"{self.name}{'-' + suffix if suffix else ''}.csv"
            table.to_csv(path, index=False)
            paths["csv" + suffix] = path
        return paths


def sorted_rows(frame: pd.DataFrame, by: list[str], columns: list[str]) -> pd.DataFrame:
    """The data of a figure: these columns of the points, sorted; of more rows than a CSV has their number alone."""
    return frame[columns].sort_values(by) if len(frame) <= MOST_ROWS else frame[[]]


def spaced(values: Iterable[Any], most: int) -> list[Any]:
    """At most `most` of the sorted values, the ends included, evenly by rank."""
    values = sorted(values)
    if len(values) <= most:
        return values
    return [values[i] for i in np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]


def rows_of(table: pd.DataFrame, most_rows: int, most: int) -> list[tuple[str, str, pd.DataFrame, list[Any]]]:
    """What a figure of scaling draws, a row each: [(method, way of timing, its points, at most `most` series of them)]."""
    groups = list(table.groupby(["method", "timing"], sort=False))[:most_rows]
    return [(method, timing, part, spaced(part["series"].unique(), most)) for (method, timing), part in groups]


def series_left_out(rows: list[tuple[str, str, pd.DataFrame, list[Any]]], table: pd.DataFrame) -> str:
    """Caption text where there are more series than `rows` draw."""
    drawn, count = sum(len(chosen) for *_, chosen in rows), table["series"].nunique()
    return f"{drawn} of {count} series drawn; all are in the CSV. " if drawn < count else ""


def kernels(frame: pd.DataFrame) -> pd.Series:
    """The degree of each point, inf for the softmax kernel: sorts last."""
    return frame["beta"].fillna(np.inf)


def kernel_text(kernel: float) -> str:
    return "softmax kernel" if kernel == np.inf else rf"$\beta$ = {kernel:.6g}"


@dataclass(frozen=True)
class Arrangement:
    """Which panels are drawn and where: rows of keys, None where there is no such panel; and how many are not, of these `constant` since
    their values are all the same."""

    rows: list[list[tuple[Any, ...] | None]]
    left_out: int
    constant: int

    @property
    def across(self) -> int:
        return max(len(row) for row in self.rows)

    @property
    def keys(self) -> list[tuple[Any, ...]]:
        return [key for row in self.rows for key in row if key is not None]

    def words(self) -> str:
        """Caption text."""
        text = f" {self.constant} panels are not drawn: all of each has one value." if self.constant else ""
        rest = self.left_out - self.constant
        return text + (f" {rest} further panels are in the data only: those whose values differ most are drawn." if rest else "")


def arranged(scores: dict[tuple[Any, ...], float], names: list[str], most_rows: int, most_columns: int) -> Arrangement:
    """Panels (key: how much its values differ) in rows: what has the same axes stands side by side. names: of the entries of a key.

    A row holds what differs in noise alone, where that varies, else in the last name alone, a length (the ends and some between where
    there are many); where that is one, all are in one sequence of rows of three. Rows and lengths without differences give way to others.
    """
    at = names.index("noise") if "noise" in names and len({key[names.index("noise")] for key in scores}) > 1 else len(names) - 1
    method = names.index("method")
    first = min(METHODS.get(key[method], 5) for key in scores)  # columns of what was measured come before the closed form's
    every = {key[at] for key in scores if METHODS.get(key[method], 5) == first}
    differing = {key[at] for key in scores if scores[key] >= SEEN} & every
    columns = spaced(differing if differing and names[at] != "noise" else every, most_columns)
    rows: dict[tuple[Any, ...], dict[Any, Any]] = {}
    for key in sorted(scores, key=lambda key: (METHODS.get(key[method], 5), key[method], key)):
        if key[at] in columns:
            rows.setdefault((*key[:at], *key[at + 1:]), {})[key[at]] = key
    worth = {row: max(scores[key] for key in keys.values()) for row, keys in rows.items()}
    flat = {row for row in rows if worth[row] < SEEN} if any(score >= SEEN for score in worth.values()) else set()
    kept = sorted((row for row in rows if row not in flat), key=lambda row: -worth[row])[:most_rows]
    lines = [[rows[row].get(column) for column in columns] for row in rows if row in kept]
    if len(columns) == 1:
        single = [line[0] for line in lines]
        lines = [single[k:k + 3] for k in range(0, len(single), 3)]
    shown = {key for line in lines for key in line if key is not None}
    constant = sum(key not in shown and score < SEEN for key, score in scores.items()) if max(scores.values()) >= SEEN else 0
    return Arrangement(lines, len(scores) - len(shown), constant)


def spread(values: np.ndarray) -> float:
    """How much the values of a panel differ: their standard deviation; 0 where fewer than two are known."""
    known = values[~np.isnan(values)]
    return float(known.std()) if len(known) > 1 else 0.0


def facts(frame: pd.DataFrame) -> str:
    """What holds for all points of a figure: trials, sign vectors, precision, mask."""
    frame = frame[["trials", "done", "trials_error", "trials_done", "m", "precision", "mask"]]
    measured = frame[frame["trials"] > 0]
    frame = measured if len(measured) else frame
    ruled = frame[frame["done"] & frame["trials_error"].notna()]
    spent = f" (a rule ended them, in the median after {ruled['trials_done'].median():.0f})" if len(ruled) else ""
    words = [f"{'at most ' * bool(spent)}{_range(frame['trials'])} trials{spent} of m = {_range(frame['m'])} sign vectors at each point"]
    words += [text.format(frame[name].iloc[0]) for name, text in (("precision", "{}"), ("mask", "mask {}"))
              if frame[name].nunique() == 1]
    return ", ".join(words) + "."


def _range(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"
