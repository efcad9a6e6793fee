"""Error of sketches over the sequence length: lines join only what was measured in the same way."""
from __future__ import annotations

from collections.abc import Iterator

import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..cases import ERRORS, case_label, parts
from ..checks import of_dataset
from ..sketches import SERIES, held, label, once, sketches
from . import findings, marks
from .errors import WORDS, said
from .figure import Figure, kernel_text, kernels, spaced
from ..kinds import Array, Colour, Dashes, Marker

MOST_CASES, MOST_DEGREES, MOST_SERIES = 2, 3, 6
ROW = "err_out_row_q50", "err_out_row_q90"
ROW_WORDS = "output of a row\n(err_out_row_q50)"


@of_dataset
def lengths(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields, for every case, the figure of errors over n: a row per error, a column per degree, a curve per method and size.
    Nothing unless some sketch was measured at two lengths.

    Norms over all rows and norms over sampled rows (column err_rows below n) are different estimates, far apart where few rows
    make most of a norm: no line joins them. For the output stand quantiles over rows where the file has them, which are
    estimates of the same number on any sample.
    """
    frame, names = sketches(ds), held(ds)
    frame = frame[frame["done"]] if len(frame) else frame
    if not len(frame) or not frame[list(ERRORS)].notna().any(axis=None):
        return
    frame = once(frame, [*names, "n", "d", "beta"])
    frame = frame[frame[list(ERRORS)].gt(frame["rounding"], axis=0).any(axis=1)]
    cases = {key: part for key, part in parts(frame, [*names, "d"]) if _lengths(part) > 1}
    chosen = spaced(cases, MOST_CASES)
    for k, key in enumerate(chosen):
        with style.use():
            canvas = _canvas(cases[key])
        case = ", ".join(filter(None, [case_label(names, key[:-1]), f"d = {key[-1]}"]))
        yield Figure(f"error-n{f'-{k + 1}' if len(chosen) > 1 else ''}", f"Error against the sequence length: {case}",
                     _caption(cases[key], len(cases) - len(chosen)), canvas,
                     {"": frame[[*names, "method", "n", "d", "beta", "r", "features", "local", "weights", "draws", "err_rows", *ERRORS,
                                 *(name + "_q90" for name in ERRORS), *ROW]].sort_values([*names, "d", "beta", "method", "n"])},
                     finding=_finding(cases[key]))


def _finding(part: pd.DataFrame) -> str:
    name, _, _, _ = _measures(part)[-1]
    groups = part.assign(kernel=kernels(part)).groupby([*SERIES, "r", "features", "kernel"])
    return findings.listed([f"{_label(*key[:-1]).replace('$', '')}, {findings.plain_title(kernel_text(key[-1]))}: {name} "
                            f"{findings.falls(curve, 'n', name)}." for key, curve in groups], "curves")


def _lengths(part: pd.DataFrame) -> int:
    return part.groupby([*SERIES, "r", "features", "beta"], dropna=False)["n"].nunique().max()


def _caption(part: pd.DataFrame, left_out: int) -> str:
    text = "Points: median over draws of the sketch; bands reach up to the 90 % quantile. "
    if part[ROW[0]].notna().any():
        text += ("Of the output: the relative error of a row, median over rows (band: up to the 90 % quantile of rows), which is the "
                 "same number whether all rows or a sample of them are looked at. ")
    sampled = part["err_rows"] < part["n"]
    if sampled.any() and not sampled.all():
        text += (f"Hollow: measured on {int(part.loc[sampled, 'err_rows'].max())} of the query rows. A norm over a sample of rows is not "
                 "the norm over all where few rows make most of it, so no line joins the two. ")
    if left_out:
        text += f"{left_out} further cases are in the data only. "
    return text.strip()


def _measures(part: pd.DataFrame) -> list[tuple[str, str, str, bool]]:
    """[(column, column of the band's upper end, words, whether lines break)] of the errors that were measured."""
    found = [(name, name + "_q90", WORDS[name], True) for name in ERRORS if part[name].notna().any()]
    if part[ROW[0]].notna().any():
        found = [each for each in found if each[0] != "err_out"] + [(*ROW, ROW_WORDS, False)]
    return found


def _canvas(part: pd.DataFrame) -> matplotlib.figure.Figure:
    degrees = spaced(kernels(part).unique(), MOST_DEGREES)
    series = spaced({tuple(key) for key in part[[*SERIES, "r", "features"]].drop_duplicates().itertuples(index=False)}, MOST_SERIES)
    colours = dict(zip(series, style.sequence(len(series))))
    measures = _measures(part)
    wide = len(degrees) == 1  # one degree: errors side by side
    down, across = (1, len(measures)) if wide else (len(measures), len(degrees))
    canvas = matplotlib.figure.Figure(figsize=(2.4 + 2.6 * across, 0.75 + 2.15 * down), layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False, sharex=True, sharey=False if wide else "row")
    n = np.unique(part["n"])
    for row, (name, high, words, breaks) in zip(grid.T if wide else grid, measures):
        for ax, beta in zip(row, degrees):
            points = part[kernels(part) == beta]
            for apart, key in zip(_beside(len(series), n), series):
                curve = points[(points[[*SERIES, "r", "features"]] == list(key)).all(axis=1)].dropna(subset=[name])
                look = colours[key], style.method(key[0])[1], style.dashes(key[0])
                draw(ax, curve.sort_values("n"), (name, high), look, breaks, apart)
            style.ticks(ax.xaxis, n, style.scale_of(n))
            ax.spines[["top", "right"]].set_visible(False)
        style.ticks(row[0].yaxis, scale="log", text=style.decade)
        row[0].set_ylabel("error of the " + words, linespacing=1.25)
    for ax, beta in zip(grid[0], degrees):  # one title where errors stand side by side
        ax.set_title(kernel_text(beta), pad=5)
    for ax in grid[-1]:
        ax.set_xlabel("sequence length $n$")
    legend(canvas, "right upper", labelspacing=0.7, handlelength=3.4,
           handles=[matplotlib.lines.Line2D([], [], color=colours[key], marker=style.method(key[0])[1], markersize=4.6,
                                            linestyle=style.dashes(key[0]), linewidth=1.2, label=_label(*key)) for key in series])
    return canvas


def _label(method: str, local: int, weights: int, r: float, features: float) -> str:
    return f"{label(method, local, weights)}, " + (f"$r$ = {int(r)}" if r else f"{int(features)} features")


def segments(curve: pd.DataFrame) -> list[pd.DataFrame]:
    """Parts of a curve, sorted by n, whose errors are of all rows, or of the same number of sampled ones."""
    rows = np.where(curve["err_rows"] < curve["n"], curve["err_rows"], 0)
    starts = np.flatnonzero(np.diff(rows, prepend=-1))
    return [curve.iloc[first:last] for first, last in zip(starts, [*starts[1:], len(curve)])]


def _beside(count: int, lengths: Array) -> Array:
    """Factors that set curves a little apart, so that no point hides another."""
    return np.exp((np.arange(count) - (count - 1) / 2) * 0.012 * np.log(lengths[-1] / lengths[0]))


def draw(ax: Axes, curve: pd.DataFrame, names: tuple[str, str], look: tuple[Colour, Marker, Dashes], breaks: bool,
         apart: float = 1.0) -> None:
    """One curve of an error and of the upper end of its band (`names`); look: colour, marker, dashes."""
    (name, high), (colour, marker, dashes) = names, look
    for part in segments(curve) if breaks else [curve]:
        ax.fill_between(part["n"] * apart, part[name], part[high], color=colour, alpha=0.13, linewidth=0)
        ax.plot(part["n"] * apart, part[name], color=colour, linewidth=1.2, linestyle=dashes, zorder=2)
    marks.points(ax, curve["n"] * apart, curve[name], lambda: said(curve, name, high))
    sampled = curve["err_rows"] < curve["n"]
    for some, face in ((~sampled, colour), (sampled, "white")):
        ax.plot(curve["n"][some] * apart, curve[name][some], marker=marker, linestyle="none", color=colour, markerfacecolor=face,
                markersize=4.6, markeredgewidth=0.8, zorder=3)
