"""Times of one study in several files: how much longer than in the first."""
from __future__ import annotations

from collections.abc import Iterator

import matplotlib.axes
import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd

from .. import style
from ..aside import legend
from ..ticks import ticks
from .figure import Figure

MOST_ROWS = 6  #: files that are drawn


def changes(times: pd.DataFrame, first: str) -> Iterator[Figure]:
    """Yields the figure of ratios of times, of `polysweep.changes`; nothing where no two times can be compared."""
    times = times[~times["verdict"].isin(["not comparable", "no interval"])] if len(times) else times
    if not len(times):
        return
    with style.use():
        canvas = _canvas(times, first)
    counts = times["verdict"].value_counts()
    yield Figure("changes", f"Times against those of {first}",
                 "The median time of each point over that in the first file, with its 95 % interval, against the time there. Filled: slower or "
                 "faster by a rank test of the repetitions, at 5 % over all points of a file together. Axis of ratios: logarithmic."
                 + (f" The first {MOST_ROWS} files." if times["file"].nunique() > MOST_ROWS else ""), canvas, {"": times},
                 finding=f"Of {len(times)} times {counts.get('slower', 0)} are slower and {counts.get('faster', 0)} faster.")


def _canvas(times: pd.DataFrame, first: str) -> matplotlib.figure.Figure:
    files = list(times["file"].unique())[:MOST_ROWS]
    canvas = matplotlib.figure.Figure(figsize=(9.2, 0.9 + 2.3 * len(files)), layout="constrained")
    low, high = times["time_a_s"].min() / 1.3, times["time_a_s"].max() * 1.3
    for ax, file in zip(np.ravel(canvas.subplots(len(files), 1, sharex=True, sharey=True)), files):
        _panel(ax, times[times["file"] == file])
        ax.set(xlim=(low, high), ylabel="time over the first's", title=file if len(files) > 1 else "")
        ticks(ax.xaxis, scale="log", text=style.decade)
    ax.set_xlabel(f"median seconds of a pass in {first}")
    ends = np.array([times[["ratio", "ratio_lo"]].min().min(), times[["ratio", "ratio_hi"]].max().max()])
    bottom, top = min(ends[0] / 1.1, 0.8), max(ends[1] * 1.1, 1.25)
    ticks(ax.yaxis, scale="log", text=style.decade)
    ax.set_ylim(bottom, top)
    legend(canvas, "right upper", handlelength=1, handles=[
        matplotlib.lines.Line2D([], [], color=colour, marker=marker, linestyle="none", markersize=5, label=name)
        for name in times["method"].unique() for colour, marker in [style.method(name)]])
    return canvas


def _panel(ax: matplotlib.axes.Axes, part: pd.DataFrame) -> None:
    ax.axhline(1, color=style.GREY, linewidth=0.7, zorder=1)
    for (method, changed), rows in part.groupby(["method", part["verdict"].isin(["slower", "faster"])]):
        colour, marker = style.method(method)
        ax.vlines(rows["time_a_s"], rows["ratio_lo"], rows["ratio_hi"], color=colour, linewidth=0.9, zorder=2)
        ax.plot(rows["time_a_s"], rows["ratio"], linestyle="none", marker=marker, color=colour, markersize=4.5, markeredgewidth=0.8,
                markerfacecolor=colour if changed else "white", zorder=3)
    ax.spines[["top", "right"]].set_visible(False)
