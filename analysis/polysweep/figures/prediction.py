"""How far the cost model was off: predicted over measured seconds of every run of points, or of a repeated pass."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..checks import of_dataset
from ..predictions import BAND, LEAST_S, predictions, within
from . import marks
from .figure import Figure
from .scaling import left_out


@of_dataset
def prediction(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields the figure of predicted against measured seconds and of their ratio; nothing where no run was predicted to
    take longer than 10 ms, below which overhead is most of it."""
    table = predictions(ds)
    inside, large = within(table)
    if not large:
        return
    with style.use():
        canvas = _canvas(table)
    yield Figure("prediction", "Prediction against measurement", _caption(table), canvas, {"": table},
                 finding=f"{inside} of {large} predictions above {1000 * LEAST_S:g} ms are within {100 * BAND:.0f} % of the measured seconds; in the "
                         f"median they are {large_median(table):.2f} times as long.")


def large_median(table: pd.DataFrame) -> float:
    """Predicted over measured seconds, of predictions that are not mostly overhead."""
    return table.loc[table["predicted_s"] > LEAST_S, "ratio"].median()


def _caption(table: pd.DataFrame) -> str:
    ratio = table.loc[table["predicted_s"] > LEAST_S, "ratio"]
    text = (f"Grey band: within {100 * BAND:.0f} %. Predicted over measured, above {1000 * LEAST_S:g} ms: from {ratio.min():.2f} to "
            f"{ratio.max():.2f}. A run is what a team takes at a time: one point or several. ")
    if (table["how"] == "pass").any():
        text += "Of points that were repeated: one forward pass, the median of all. "
    return (text + left_out(table)).strip()


def _canvas(table: pd.DataFrame) -> matplotlib.figure.Figure:
    canvas = matplotlib.figure.Figure(figsize=(9.2, 3.9), layout="constrained")
    left, right = canvas.subplots(1, 2)
    low, high = table[["predicted_s", "measured_s"]].min().min() / 1.4, table[["predicted_s", "measured_s"]].max().max() * 1.4
    ends = np.array([low, high])
    left.fill_between(ends, ends * (1 - BAND), ends * (1 + BAND), color=style.PALE, linewidth=0, zorder=0)
    right.axhspan(1 - BAND, 1 + BAND, color=style.PALE, linewidth=0, zorder=0)
    left.plot(ends, ends, color=style.GREY, linewidth=0.7, zorder=1)
    right.axhline(1, color=style.GREY, linewidth=0.7, zorder=1)
    for (method, alone), part in table.groupby(["method", table["team"] == 1]):
        colour, marker = style.method(method)
        look: dict[str, Any] = dict(linestyle="none", marker=marker, color=colour, markerfacecolor="none" if alone else colour,
                                    markersize=4, markeredgewidth=0.8, zorder=2)
        left.plot(part["measured_s"], part["predicted_s"], **look)
        right.plot(part["measured_s"], part["ratio"], **look)
        for ax, heights in ((left, part["predicted_s"]), (right, part["ratio"])):
            marks.points(ax, part["measured_s"], heights, partial(_say, part))
    for ax in (left, right):
        style.ticks(ax.xaxis, scale="log", text=style.decade)
        ax.set(xlim=(low, high), xlabel="measured seconds")
        ax.spines[["top", "right"]].set_visible(False)
    style.ticks(left.yaxis, scale="log", text=style.decade)
    left.set(ylim=(low, high), ylabel="predicted seconds")
    _ratio_axis(right, table["ratio"])
    legend(canvas, "right upper", handles=_handles(table), handlelength=1)
    return canvas


def _say(part: pd.DataFrame) -> list[str]:
    return [f"{row.method}, n = {row.n}, {row.team} rank{'s' * (row.team > 1)}: predicted {marks.three(row.predicted_s)} s, "
            f"took {marks.three(row.measured_s)} s, ratio {row.ratio:.2f}" for row in part.itertuples()]


def _ratio_axis(ax: Axes, ratio: pd.Series) -> None:
    low, high = min(0.5, ratio.min() / 1.1), max(2.0, ratio.max() * 1.1)
    style.ticks(ax.yaxis, [0.25, 0.5, 1 - BAND, 1, 1 + BAND, 2, 4] if high < 8 * low else None, "log", style.decade)
    ax.set(ylim=(low, high), ylabel="predicted over measured")


def _handles(table: pd.DataFrame) -> list[Artist]:
    line = matplotlib.lines.Line2D
    handles: list[Artist] = [line([], [], color=colour, marker=marker, linestyle="none", markersize=5, label=name)
                             for name in table["method"].unique() for colour, marker in [style.method(name)]]
    if (table["team"] > 1).any() and (table["team"] == 1).any():
        handles += [line([], [], color=style.GREY, marker="o", linestyle="none", markerfacecolor=face, label=words)
                    for face, words in (("none", "one rank"), (style.GREY, "a team"))]
    return handles
