"""What limits a team: load balance times communication efficiency, after the POP project's hierarchy."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..cases import SYMBOLS, number
from ..checks import of_dataset
from ..kinds import Dashes
from ..scaling import strong as strong_table, weak as weak_table
from ..sketches import SIZE
from . import findings, marks
from .figure import Figure, rows_of, series_left_out
from .scaling import left_out, ranks_text

PARTS: dict[str, tuple[str, str, str, Dashes]] = {  # column: (words, colour, marker, dashes)
    "load_balance": ("load balance", style.BLUE, "o", (0, (4, 1.2))),
    "comm_efficiency": ("communication efficiency", style.ORANGE, "^", (0, (6, 1, 1, 1))),
    "computation_scaling": ("computation scaling", style.GREEN, "v", (0, (1.5, 1))),
    "efficiency": ("efficiency, their product", style.BLACK, "s", "-")}
GOOD = 0.8  #: POP's rule of thumb
MOST_ROWS, MOST_COLUMNS = 4, 3


@of_dataset
def decomposition(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields, for strong and for weak scaling, the figure of efficiencies over the team: a panel per method and point."""
    for kind, table in (("strong", strong_table(ds)), ("weak", weak_table(ds))):
        known = table[table["load_balance"].notna() & table["comm_efficiency"].notna()] if len(table) else table
        if not len(known) or known["team"].nunique() < 2:
            continue
        known.attrs.update(table.attrs)
        with style.use():
            canvas = _canvas(known)
        yield Figure(f"{kind}-efficiency", f"What limits a team, {kind} scaling", _caption(known), canvas,
                     {"": known[_columns(known)]}, finding=_finding(known))


def _finding(table: pd.DataFrame) -> str:
    sentences = []
    for _, curve in table.groupby("series"):
        last = curve.iloc[-1]
        parts = ", ".join(f"{words.split(',')[0]} {marks.three(last[name])}" for name, (words, *_) in PARTS.items())
        sentences.append(f"{last['method']}, n = {number(last['n'])}, on {ranks_text(last['team'])}: {parts}.")
    return findings.listed(sentences, "curves")


def _columns(table: pd.DataFrame) -> list[str]:
    return ["series", *table.attrs["names"], "timing", "team", "load_balance", "comm_efficiency", "parallel_efficiency",
            "computation_scaling", "efficiency", "efficiency_lo", "efficiency_hi", "comm_s", "sent_bytes", "base_team", "base_s", "slot"]


def _caption(table: pd.DataFrame) -> str:
    return ("Load balance: mean over largest busy time of the ranks; communication efficiency: largest busy time over elapsed "
            "time; computation scaling: seconds that all ranks computed, the base's over the team's, at equal work (below 1: "
            "smaller leaves, fuller memory channels). Their product, over the base's, is the efficiency against the base (POP's "
            f"hierarchy). Above {GOOD:g} counts as good. Load balance, communication and seconds of messages are means over passes, "
            "beside medians of seconds. " + series_left_out(rows_of(table, MOST_ROWS, MOST_COLUMNS), table) + left_out(table)).strip()


def _canvas(table: pd.DataFrame) -> matplotlib.figure.Figure:
    rows = rows_of(table, MOST_ROWS, MOST_COLUMNS)
    across = max(len(chosen) for *_, chosen in rows)
    canvas = matplotlib.figure.Figure(figsize=(1.3 + 2.7 * max(across, 2), 0.9 + 2.2 * len(rows)), layout="constrained")
    grid = canvas.subplots(len(rows), across, squeeze=False, sharex=True, sharey=True)
    for line, (method, timing, part, series) in zip(grid, rows):
        for ax in line[len(series):]:
            ax.set_axis_off()
        for ax, one in zip(line, series):
            _panel(ax, part[part["series"] == one])
            ax.set_title(_title(table, part[part["series"] == one], method, timing), pad=5)
        line[0].set_ylabel("efficiency")
    for ax in grid[-1]:
        ax.set_xlabel("ranks of the team $P$")
    legend(canvas, "lower center", handles=_handles(table), ncols=2, handlelength=1.8)
    return canvas


def _handles(table: pd.DataFrame) -> list[Artist]:
    line = matplotlib.lines.Line2D
    return [line([], [], color=colour, marker=marker, markersize=4, linewidth=1, linestyle=dashes, label=words)
            for name, (words, colour, marker, dashes) in PARTS.items() if table[name].notna().any()]


def _title(table: pd.DataFrame, curve: pd.DataFrame, method: str, timing: str) -> str:
    words = [method] + (["equal teams beside"] if timing == "beside" else [])
    for name in table.attrs["names"]:
        low, high = curve[name].iloc[0], curve[name].iloc[-1]
        if name in ("method", *SIZE) or table[name].nunique() < 2 or isinstance(low, str) or pd.isna(low):
            continue
        words.append(f"{SYMBOLS.get(name, name)} = {number(low)}" + (f" to {number(high)}" if high != low else ""))
    return ", ".join(words)


def _panel(ax: Axes, curve: pd.DataFrame) -> None:
    ax.axhline(GOOD, color=style.PALE, linewidth=1, zorder=0)
    ax.vlines(curve["team"], curve["efficiency_lo"], curve["efficiency_hi"], color=style.INK, linewidth=1.2, zorder=2.1)
    for name, (words, colour, marker, dashes) in PARTS.items():
        ax.plot(curve["team"], curve[name], color=colour, marker=marker, markersize=4, linewidth=1, linestyle=dashes, zorder=2.2)
        marks.points(ax, curve["team"], curve[name], partial(_say, curve, name, words))
    style.ticks(ax.xaxis, np.unique(curve["team"]), "log")
    ax.set_ylim(0, max(ax.get_ylim()[1], 1.08, 1.04 * float(curve[[*PARTS, "efficiency_hi"]].max().max())))
    style.ticks(ax.yaxis)
    ax.spines[["top", "right"]].set_visible(False)


def _say(curve: pd.DataFrame, name: str, words: str) -> list[str]:
    return [f"{ranks_text(team)}: {words} {marks.three(value)}" for team, value in zip(curve["team"], curve[name])]
