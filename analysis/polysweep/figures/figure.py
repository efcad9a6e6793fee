"""A figure, its words and its numbers, kept together."""
from __future__ import annotations

import pathlib
from dataclasses import dataclass, field

import matplotlib.figure
import numpy as np
import pandas as pd

from .. import style
from . import marks as noted
from .marks import Mark
from .svg import portable

MOST_ROWS = 200_000  #: of a CSV beside a figure

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

    def __post_init__(self):
        left = [len(table) for table in self.data.values() if len(table) > MOST_ROWS]
        if left:
            self.caption += f" No CSV of its {left[0]} rows: polysweep show FILE --csv prints them."

    def save(self, directory) -> dict[str, pathlib.Path]:
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


def sorted_rows(frame, by, columns):
    """The data of a figure: these columns of the points, sorted; of more rows than a CSV has their number alone."""
    return frame[columns].sort_values(by) if len(frame) <= MOST_ROWS else frame[[]]


def spaced(values, most):
    """At most `most` of the sorted values, the ends included, evenly by rank."""
    values = sorted(values)
    if len(values) <= most:
        return values
    return [values[i] for i in np.unique(np.linspace(0, len(values) - 1, most).round().astype(int))]


def rows_of(table, most_rows, most):
    """What a figure of scaling draws, a row each: [(method, way of timing, its points, at most `most` series of them)]."""
    groups = list(table.groupby(["method", "timing"], sort=False))[:most_rows]
    return [(method, timing, part, spaced(part["series"].unique(), most)) for (method, timing), part in groups]


def series_left_out(rows, table):
    """Caption text where there are more series than `rows` draw."""
    drawn, count = sum(len(chosen) for *_, chosen in rows), table["series"].nunique()
    return f"{drawn} of {count} series drawn; all are in the CSV. " if drawn < count else ""


def kernels(frame):
    """The degree of each point, inf for the softmax kernel: sorts last."""
    return frame["beta"].fillna(np.inf)


def kernel_text(kernel):
    return "softmax kernel" if kernel == np.inf else rf"$\beta$ = {kernel:.6g}"


def places(keys, most_rows, most_columns):
    """Where panels go: ([(row, column)], panels across). keys: (..., method, length) of each panel.

    A row per combination of everything but the length, a column per length (the ends and some between if there are
    many); with a single length, all in one sequence of rows of three.
    """
    first = min(METHODS.get(key[-2], 5) for key in keys)  # lengths of what was measured come before the closed form's
    lengths = spaced({key[-1] for key in keys if METHODS.get(key[-2], 5) == first}, most_columns)
    keys = [key for key in keys if key[-1] in lengths]
    rows = sorted({key[:-1] for key in keys}, key=lambda row: (METHODS.get(row[-1], 5), row[-1], row[:-1]))[:most_rows]
    if len(lengths) > 1:
        return [(row, length) for row in rows for length in lengths], len(lengths)
    return [(row, lengths[0]) for row in rows], min(3, len(rows))


def facts(frame) -> str:
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


def _range(values):
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"
