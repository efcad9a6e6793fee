"""Errors of all attention heads of a file: exact kernels beside what keeps a state of fixed size, baselines as lines."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import matplotlib.figure
import matplotlib.transforms
import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..cases import case_label, number, parts
from ..checks import of_dataset
from ..heads import LEVEL, OVER, column_of, heads as aggregated, points, settings, several
from . import marks
from .figure import Figure, spaced
from ..kinds import Array, Colour, Marker

MOST_CASES, MOST_KERNELS, MOST_LINES = 2, 16, 4
_WORDS = {"err_out_ref": "error of the output\nagainst the reference (err_out_ref)", "err_out": "error of the output (err_out)"}
_DOT: dict[str, Any] = dict(markersize=2.6, markeredgewidth=0, alpha=0.28, linestyle="", zorder=1)


@of_dataset
def heads(ds: xr.Dataset, level: float = LEVEL) -> Iterator[Figure]:
    """Yields, for every case (n, d, mask and what else is held), the figure of the errors of all heads; nothing unless the file has
    several heads of a file, and kernels or sketches with an error (a baseline is a line in their panels)."""
    if not several(ds):
        return
    column = column_of(ds)
    frame = points(ds, column)
    frame = frame[(frame["data_kind"] == "file") & frame[column].notna()]
    if not len(frame) or frame[list(OVER)].drop_duplicates().shape[0] < 2:
        return
    found, (how, of) = aggregated(ds, level=level), settings(ds)
    cases = {key: part for key, part in parts(found, of or ["d"]) if any(map(len, _panels(part)))}
    chosen = spaced(cases, MOST_CASES)
    for k, key in enumerate(chosen):
        part = cases[key]
        each = {i: values(frame, part.loc[i], [*of, *how], column) for i in part.index}
        with style.use():
            canvas = _canvas(part, each, column, level)
        case = case_label(of, key).replace("$", "") if of else ""
        yield Figure(f"heads{f'-{k + 1}' if len(chosen) > 1 else ''}", f"Error of {part['heads'].max()} heads{f': {case}' if case else ''}",
                     _caption(part, len(cases) - len(chosen)), canvas,
                     {"": found, "each": frame[[*OVER, *of, *how, column, "entropy"]]}, finding=_finding(part, level))


def _finding(part: pd.DataFrame, level: float) -> str:
    sentences = [f"{row.words}: median error {marks.three(row.median)} of {row.heads} heads, {100 * row.share:.0f} % at most {level:g}."
                 for row in part.sort_values("median").head(3).itertuples()]
    return " ".join(sentences)


def values(frame: pd.DataFrame, row: pd.Series, names: Sequence[str], column: str) -> Array:
    """The numbers of all heads behind a row of `polysweep.heads`."""
    same = np.ones(len(frame), bool)
    for name in names:
        same &= (frame[name] == row[name]) | (frame[name].isna() & (row[name] != row[name]))
    return frame.loc[same, column].to_numpy(float)


def _caption(part: pd.DataFrame, left_out: int) -> str:
    text = ("Small points: heads; bars: from the first to the third quartile; large points: the median. ")
    if part["compared"].any():
        count = int(part["compared"].sum())
        text += f"Grey lines across: medians of baselines{f', {MOST_LINES} of {count}' if count > MOST_LINES else ''}. "
    if (part["folds"] == "states").any():
        text += "Right: what keeps a state of fixed size, over its bytes for one head; the vertical line is the key-value cache of a head. "
    kernels = int(((part["folds"] == "rows") & ~part["compared"]).sum())
    if kernels > MOST_KERNELS:
        text += f"The {MOST_KERNELS} best of {kernels} kernels are drawn. "
    return text + (f"{left_out} further cases are in the data only. " if left_out else "")


def _canvas(part: pd.DataFrame, each: dict[Any, Array], column: str, level: float) -> matplotlib.figure.Figure:
    compared, (rows, states) = part[part["compared"]], _panels(part)
    widths = [0.42 * max(len(rows), 3)] * (len(rows) > 0) + [3.6] * (len(states) > 0)
    canvas = matplotlib.figure.Figure(figsize=(2.6 + sum(widths), 4.6), layout="constrained")
    grid = canvas.subplots(1, len(widths), squeeze=False, sharey=True, width_ratios=widths)[0]
    if len(rows):
        _kernels(grid[0], rows, each)
    if len(states):
        _states(grid[-1], states, each, part["cache_bytes"].iloc[0])
    _limits(grid[0], np.concatenate([each[i] for i in (*rows.index, *states.index)]), level)
    for ax in grid:
        ax.spines[["top", "right"]].set_visible(False)
        ax.axhline(level, color=style.INK, linewidth=0.7, zorder=0)
        for (_, line), dashes in zip(_lines(compared), ((5, 3), (2, 2), (1, 3), (8, 2))):
            ax.axhline(line.median, color=style.GREY, linewidth=1, dashes=dashes, zorder=0)
    _names(grid[-1], [(level, f"error {level:g}"), *((line.median, line.words) for _, line in _lines(compared))])
    grid[0].set_ylabel(_WORDS.get(column, column), linespacing=1.25)
    return canvas


def _panels(part: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The rows of the table that have a column in the left panel, and those of the right one."""
    rows = part[(part["folds"] == "rows") & ~part["compared"] & (part["median"] > 1e-6)].head(MOST_KERNELS)
    return rows, part[(part["folds"] == "states") & (part["state_bytes"] > 0) & (part["median"] > 1e-12)]


def _lines(compared: pd.DataFrame) -> list[tuple[Any, Any]]:
    """The baselines that are drawn, the ends and some between where there are many."""
    kept = spaced(compared.index, MOST_LINES)
    return list(zip(kept, compared.loc[kept].itertuples()))


def _names(ax: Axes, lines: Iterable[tuple[float, str]]) -> None:
    """Names of horizontal lines on the right, moved apart where they would touch."""
    place = matplotlib.transforms.blended_transform_factory(ax.transAxes, ax.transData)
    low, high = ax.get_ylim()
    free = 0.0
    for at, text in sorted(lines):
        at_text = max(at, free)
        free = at_text * (high / low) ** 0.042  # the height of a line of text
        ax.text(1.015, at_text, text, transform=place, fontsize=8, color=style.GREY, va="center")


def _kernels(ax: Axes, rows: pd.DataFrame, each: dict[Any, Array]) -> None:
    for x, (i, row) in enumerate(rows.iterrows()):
        colour, marker = style.method(row["method"])
        _draw(ax, x + _spread(len(each[i])), np.full(1, x), row, each[i], colour, marker)
    ax.set_xticks(range(len(rows)), [_mathtext(text) for text in rows["words"]], rotation=50, ha="right", rotation_mode="anchor")
    ax.set_xlim(-0.6, len(rows) - 0.4)
    ax.set_title("exact kernels")


def _states(ax: Axes, states: pd.DataFrame, each: dict[Any, Array], cache: float) -> None:
    """A colour for each method and kernel; where several have the same size they stand beside each other."""
    methods = states.groupby("series")["method"].first()
    names = sorted(methods.index, key=lambda name: (style.order(methods[name]), name))
    own = len(names) == states["method"].nunique()
    for k, (name, shade) in enumerate(zip(names, style.sequence(len(names)))):
        part = states[states["series"] == name].sort_values("state_bytes")
        colour, marker = style.method(part["method"].iloc[0])
        colour, at = colour if own else shade, part["state_bytes"] * 1.09 ** (k - (len(names) - 1) / 2)
        ax.plot(at, part["median"], color=colour, linewidth=0.8, linestyle=style.dashes(part["method"].iloc[0]), zorder=1.5)
        for (i, row), x in zip(part.iterrows(), at):
            _draw(ax, x * 1.04 ** (2 * _spread(len(each[i]))), [x], row, each[i], colour, marker)
        ax.plot([], [], marker=marker, linestyle="none", color=colour, markersize=5, markeredgewidth=0, label=_mathtext(name))
    _cache(ax, cache)
    sizes = np.append(states["state_bytes"], cache)
    ax.set_xlim(sizes.min() / 1.5, sizes.max() * 1.5)
    style.ticks(ax.xaxis, scale="log", text=style.size_text)
    ax.set_xlabel("state of a head")
    ax.set_title("states of fixed size")
    legend(cast(matplotlib.figure.Figure, ax.figure), "lower center", handles=ax.get_legend_handles_labels()[0], ncols=min(len(names), 4),
           fontsize=8.5)


def _cache(ax: Axes, cache: float) -> None:
    ax.axvline(cache, color=style.GREY, linewidth=1, zorder=0)
    ax.annotate(f"cache {style.size_text(cache)}", (cache, 1), xycoords=("data", "axes fraction"), xytext=(-3, -2), ha="right", va="top",
                textcoords="offset points", fontsize=8, color=style.GREY, rotation=90)


def _draw(ax: Axes, x: npt.ArrayLike, at: npt.ArrayLike, row: pd.Series, numbers: Array, colour: Colour, marker: Marker) -> None:
    ax.plot(x, numbers, marker="o", color=colour, **_DOT)
    marks.points(ax, at, [row["median"]], lambda: [f"{row['words']}: median {marks.three(row['median'])}, quartiles {marks.three(row['q25'])} to "
                                                   f"{marks.three(row['q75'])}, worst {marks.three(row['worst'])} of {row['heads']} heads"])
    ax.vlines(at, row["q25"], row["q75"], color=colour, linewidth=2, zorder=2)
    ax.plot(at, [row["median"]], marker=marker, linestyle="none", color=colour, markersize=5.5, markeredgecolor="white",
            markeredgewidth=0.6, zorder=3)


def _spread(count: int) -> Array:
    """Where the points of a column stand beside its middle, so that equal ones do not hide each other."""
    return 0.5 * ((np.arange(count) * 0.618034) % 1 - 0.5)


def _limits(ax: Axes, numbers: Array, level: float) -> None:
    numbers = numbers[numbers > 0] if (numbers > 0).any() else np.array([level])
    low, high = max(numbers.min(), np.median(numbers) / 100), min(numbers.max(), 100 * np.median(numbers))
    low, high = min(low, level) / 1.3, max(high, level) * 1.3
    ax.set_ylim(low, high)
    style.ticks(ax.yaxis, scale="log", text=style.decade)


def _mathtext(text: str) -> str:
    """"(1 + z/8)^8" with its exponent raised."""
    return re.sub(r"(\([^)]*\)|z)\^([0-9.]+)", lambda found: f"${found[1].replace(' ', '')}^{{{number(float(found[2]))}}}$", text)
