"""Strong and weak scaling: seconds and what they make of the ideal, over the ranks of a team."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .. import style
from ..cases import SYMBOLS, number
from ..checks import at_least, of_dataset
from ..models import FARTHEST, FEWEST_SIZES, Fit
from ..scaling import WORK_BOUND, series_fits, strong as strong_table, weak as weak_table
from . import findings, marks, projected
from .figure import Figure, rows_of, series_left_out
from ..kinds import Array, Colour, Dashes

MOST_ROWS, MOST_SERIES = 4, 5
_DASHES: dict[str, Dashes] = {"amdahl": (0, (5, 2)), "usl": "-", "gustafson": "-"}
COLUMNS = {"strong": ("time_s", "speed_up", "efficiency"), "weak": ("time_s", "efficiency")}
WORDS = {"time_s": "seconds", "speed_up": "speed-up", "efficiency": "efficiency"}
APART = "of these some teams were timed alone and others beside equal ones, and a curve has one of the two"
_NAMES = {"amdahl": "Amdahl", "usl": "USL", "gustafson": "Gustafson"}

Fits: TypeAlias = dict[int, list[Fit | str]]  #: laws of each series, or why there is none


@of_dataset
def strong(ds: xr.Dataset, upto: float | None = None, plan: pd.DataFrame | None = None) -> Iterator[Figure]:
    """Yields the figure of strong scaling: a row per method, seconds, speed-up and efficiency over the team, a curve per point.

    upto: ranks to which fitted laws are drawn; by default the largest team. Beyond four times that they warn, and the
    figure says so. plan: a table from `projection.project`, whose curves continue them. Nothing where no point was timed on
    teams of two sizes.
    """
    yield from _scaling(ds, strong_table(ds), ("amdahl", "usl"), "strong", upto, plan)


@of_dataset
def weak(ds: xr.Dataset, upto: float | None = None, plan: pd.DataFrame | None = None) -> Iterator[Figure]:
    """Yields the figure of weak scaling: seconds and efficiency over the team, at constant work per rank."""
    yield from _scaling(ds, weak_table(ds), ("gustafson",), "weak", upto, plan)


@dataclass(frozen=True)
class Ahead:
    """What is drawn beyond the measured teams."""

    laws: float  #: ranks that fitted laws are drawn to
    reach: float  #: the end of the axis
    plan: pd.DataFrame  #: of this kind; may be empty


def _scaling(ds: xr.Dataset, table: pd.DataFrame, laws: tuple[str, ...], kind: str, upto: float | None,
             plan: pd.DataFrame | None) -> Iterator[Figure]:
    upto = None if upto is None else at_least(upto, 1, "upto")
    if not len(table):
        return
    fits = series_fits(ds, table, laws)
    largest = float(table["team"].max())
    laws_to = max(largest, upto or 0) if _fitted(fits) else largest
    plan = plan[plan["kind"] == kind] if plan is not None else pd.DataFrame(columns=["series", "team"])
    ahead = Ahead(laws_to, max(laws_to, float(plan["team"].max() if len(plan) else 0)), plan)
    with style.use():
        canvas = _canvas(table, fits, kind, ahead)
    title = {"strong": "Strong scaling: the same points on larger teams",
             "weak": "Weak scaling: teams grow and the work per rank stays"}[kind]
    data = {"": table, "plan": plan} if len(plan) else {"": table}
    yield Figure(f"{kind}-scaling", title, _caption(table, fits, kind, ahead), canvas, data, finding=_finding(table))


def _finding(table: pd.DataFrame) -> str:
    sentences = []
    for _, curve in table.groupby("series"):
        first, last = curve.iloc[0], curve.iloc[-1]
        sentences.append(f"{last['method']}, n = {number(last['n'])}: {seconds_text(first['time_s'])} on {ranks_text(first['team'])}, "
                         f"{seconds_text(last['time_s'])} on {int(last['team'])}, efficiency {marks.three(last['efficiency'])}.")
    return findings.listed(sentences, "curves")


def _caption(table: pd.DataFrame, fits: Fits, kind: str, ahead: Ahead) -> str:
    text = "Medians over repetitions of the slowest rank, with their 95 % intervals; those of ratios from both medians. "
    if table["time_s_lo"].isna().all():
        text = "Times of the slowest rank; too few repetitions for intervals. "
    if kind == "strong":
        text += "Grey: ideal from the base, the smallest team of a curve, whose seconds the legend gives. "
    else:
        text += ("Efficiency is the base's time over the team's; the base is the smallest team of a curve, its seconds "
                 f"are in the legend. Work per rank by the flop model varies by at most {_percent(_variation(table))} within a curve (more "
                 f"than {_percent(WORK_BOUND)} would not be called weak). ")
    found = _fitted(fits)
    if found:
        names = " and ".join(dict.fromkeys(_NAMES[one.law.name] + (" (dashed)" if one.law.name == "amdahl" else "")
                                           for one in found))
        text += f"Lines: {names}, fitted; parameters, intervals and residuals are in the table of fits. "
    elif table.groupby("series").size().max() < FEWEST_SIZES:
        text += f"No law is fitted below {FEWEST_SIZES} sizes of teams. "
    if len(ahead.plan):
        text += projected.caption(ahead.plan)
    if ahead.reach > FARTHEST * table["team"].max():
        what = "a projection is a guess" if len(ahead.plan) else "a fitted law is a guess"
        text += f"Shaded: beyond {FARTHEST} times the largest team, where {what}. "
    if (table["timing"] == "beside").any():
        text += "Hollow: teams timed while as many equal ones as fit into the job worked beside. "
    text += series_left_out(rows_of(table, MOST_ROWS, MOST_SERIES), table)
    return (text + left_out(table)).strip()


def _fitted(fits: Fits) -> list[Fit]:
    return [one for series in fits.values() for one in series if not isinstance(one, str)]


def left_out(table: pd.DataFrame) -> str:
    """Caption text about points without a valid time, and about those that have no other of their kind of timing."""
    text = ""
    if invalid := table.attrs.get("invalid", 0):
        text = f"{invalid} point{'s' * (invalid > 1)} timed while ranks shared cores left out: such times are not valid. "
    if apart := len(table.attrs.get("apart", ())):
        text += f"{apart} point{'s' * (apart > 1)} left out: {APART}. "
    return text


def _variation(table: pd.DataFrame) -> float:
    return float(np.abs(table["work"] - 1).max())


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _canvas(table: pd.DataFrame, fits: Fits, kind: str, ahead: Ahead) -> matplotlib.figure.Figure:
    groups = rows_of(table, MOST_ROWS, MOST_SERIES)
    names = COLUMNS[kind]
    canvas = matplotlib.figure.Figure(figsize=(2.3 + 2.9 * len(names), 0.5 + 2.6 * len(groups)), layout="constrained")
    grid = canvas.subplots(len(groups), len(names), squeeze=False, sharex=True)
    for row, (method, timing, part, chosen) in zip(grid, groups):
        handles = laws_of(fits, chosen) if row[0] is grid[0, 0] else []
        if len(ahead.plan) and row[0] is grid[0, 0]:
            handles += projected.handles(ahead.plan)
        for ax, name in zip(row, names):
            draw(ax, part, chosen, (fits, ahead), name, kind)
        handles += handles_of(table, part, chosen, kind)
        row[0].set_title(f"{method}{', equal teams beside' if timing == 'beside' else ''}", pad=5)
        row[-1].legend(handles=handles, loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=8.5, handlelength=1.4,
                       labelspacing=0.5)
    for ax in grid[-1]:
        ax.set_xlabel("ranks of the team $P$")
    return canvas


def draw(ax: Axes, part: pd.DataFrame, chosen: Sequence[int], more: tuple[Fits, Ahead], name: str, kind: str) -> None:
    """One panel of a column over the team, a curve for each of the series `chosen` of `part`; more: (laws by series, `Ahead`)."""
    fits, ahead = more
    colours = dict(zip(chosen, style.sequence(len(chosen), 0.75)))
    for place, (series, colour) in zip(_beside(len(chosen), part, ahead.reach), colours.items()):
        curve, beyond = part[part["series"] == series], ahead.plan[ahead.plan["series"] == series]
        _curve(ax, curve, name, colour, [one for one in fits[series] if not isinstance(one, str)], ahead.laws, place)
        _ideal(ax, curve, name, beyond)
        if len(beyond):
            projected.draw(ax, beyond, name, colour)
    _axes(ax, name, part, kind, ahead.reach, ahead.plan[ahead.plan["series"].isin(chosen)])


def handles_of(table: pd.DataFrame, part: pd.DataFrame, chosen: Sequence[int], kind: str) -> list[Artist]:
    """Handles of a legend: a curve each, with its base in seconds."""
    return [_handle(table, part[part["series"] == series], colour, kind)
            for series, colour in zip(chosen, style.sequence(len(chosen), 0.75))]


def laws_of(fits: Fits, chosen: Sequence[int]) -> list[Artist]:
    """Handles of a legend for the fitted laws."""
    found = dict.fromkeys(one.law.name for series in chosen for one in fits[series] if not isinstance(one, str))
    return [matplotlib.lines.Line2D([], [], color=style.GREY, linewidth=1, linestyle=_DASHES[name], label=_NAMES[name])
            for name in found]


def _handle(table: pd.DataFrame, curve: pd.DataFrame, colour: Colour, kind: str) -> Line2D:
    face = "white" if curve["timing"].iloc[0] == "beside" else colour
    return matplotlib.lines.Line2D([], [], color=colour, marker="o", markersize=4, markerfacecolor=face, linewidth=1,
                                   label=_label(table, curve, kind))


def _label(table: pd.DataFrame, curve: pd.DataFrame, kind: str) -> str:
    """What distinguishes this curve from the others of the table, and its base in seconds."""
    names = [name for name in table.attrs["names"] if name != "method" and table[name].nunique(dropna=False) > 1]
    words = []
    for name in names:
        low, high = curve[name].iloc[0], curve[name].iloc[-1]
        if isinstance(low, str):
            words.append(low)
        elif low == low and (low or name not in ("r", "features", "local", "draws")):
            words.append(f"{SYMBOLS.get(name, name)} = {number(low)}" + (f" to {number(high)}" if high != low else ""))
    seconds, base = curve["base_s"].iloc[0], int(curve["base_team"].iloc[0])
    return ", ".join(words) + ("\n" if words else "") + f"base {seconds_text(seconds)} on {base} rank{'s' * (base > 1)}"


def seconds_text(seconds: float) -> str:
    """"12.3 ms": three digits and a unit."""
    for unit, name in ((1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds:.3g} s"


def _beside(count: int, table: pd.DataFrame, upto: float) -> Array:
    """Factors that set the points of several curves a little apart, so that no interval hides another."""
    width = np.log(upto / table["team"].min())
    return np.exp((np.arange(count) - (count - 1) / 2) * 0.011 * width)


def _curve(ax: Axes, curve: pd.DataFrame, name: str, colour: Colour, laws: Sequence[Fit], upto: float, place: float) -> None:
    ranks, values = curve["team"].to_numpy(float), curve[name].to_numpy(float)
    face = "white" if curve["timing"].iloc[0] == "beside" else colour
    if not laws:
        ax.plot(place * ranks, values, color=colour, linewidth=0.9, zorder=2)
    ax.vlines(place * ranks, curve[name + "_lo"], curve[name + "_hi"], color=colour, linewidth=1.2, zorder=2.4)
    ax.plot(place * ranks, values, "o", color=colour, markerfacecolor=face, markersize=3.8, markeredgewidth=0.8, zorder=2.5)
    marks.points(ax, place * ranks, values, lambda: _say(curve, name))
    base = curve["base_s"].iloc[0]
    at = np.geomspace(ranks[0], upto, 200)
    growth = 1.0 if "work" in curve else at / ranks[0]
    for law in laws:
        ax.plot(at, _shown(name, law.time(at), base, growth), color=colour, linewidth=0.9,
                linestyle=_DASHES[law.law.name], zorder=2)


def _say(curve: pd.DataFrame, name: str) -> list[str]:
    words, unit = ("", "s") if name == "time_s" else (WORDS[name] + " ", "")
    return [f"{row['method']}, n = {number(row['n'])}, {ranks_text(row['team'])}: {words}"
            f"{marks.with_interval(row[name], row[name + '_lo'], row[name + '_hi'], unit)}" for row in curve.to_dict("records")]


def ranks_text(team: float) -> str:
    """"1 rank", "4 ranks"."""
    return f"{int(team)} rank{'s' * (int(team) > 1)}"


def _ideal(ax: Axes, curve: pd.DataFrame, name: str, beyond: pd.DataFrame) -> None:
    """From the base to the largest team that there is something of."""
    ranks, base = np.array([*curve["team"], *beyond["team"]], float), curve["base_s"].iloc[0]
    growth = 1.0 if "work" in curve else ranks / ranks[0]  # of what is computed in the base's time, ideally
    ax.plot(ranks, np.ones(len(ranks)) * _shown(name, base / growth, base, growth), color="#b5b5b5", linewidth=0.8, zorder=1)


def _shown(name: str, seconds: Array | float, base: float, growth: Array | float) -> Array | float:
    """What column `name` makes of seconds: themselves, base over them, or that over the growth it should have."""
    return seconds if name == "time_s" else base / seconds if name == "speed_up" else base / seconds / growth


def _axes(ax: Axes, name: str, part: pd.DataFrame, kind: str, upto: float, beyond: pd.DataFrame) -> None:
    teams = np.unique([*part["team"], *beyond["team"]])
    style.ticks(ax.xaxis, np.unique([*teams, upto]), "log")
    ax.set(xlim=(teams[0] / 1.12, upto * 1.12), ylabel=WORDS[name])
    ax.spines[["top", "right"]].set_visible(False)
    shown = [each[[name, name + "_lo", name + "_hi"]] for each in (part, beyond) if len(each)]
    low, high = (pd.concat(shown).stack().agg(f) for f in ("min", "max"))
    if name == "efficiency":
        style.ticks(ax.yaxis)
        ax.set_ylim(0, max(1.08, 1.04 * high))
    elif name == "speed_up":
        style.ticks(ax.yaxis, style.powers(min(low, 1) / 1.05, max(high, teams[-1] / teams[0]) * 1.05), "log")
    elif kind == "weak" and high < 4 * low:
        style.ticks(ax.yaxis)
        ax.set_ylim(0, 1.1 * high)
    else:
        style.ticks(ax.yaxis, scale="log", text=style.decade)
    _beyond(ax, part, upto)


def _beyond(ax: Axes, part: pd.DataFrame, upto: float) -> None:
    """Marks where a fitted law or a plan is no longer reliable."""
    farthest = FARTHEST * float(part["team"].max())
    if upto > farthest:
        ax.axvspan(farthest, upto * 1.12, color=style.PALE, zorder=0, linewidth=0)
        ax.text(farthest * 1.04, 0.97, "a guess", transform=ax.get_xaxis_transform(), ha="left", va="top", rotation=90,
                fontsize=8.5)
