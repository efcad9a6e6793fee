"""Which ranks computed what, and when: a bar for each run of slots, as tall as its team."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib.collections
import matplotlib.figure
import matplotlib.patches
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..checks import of_dataset
from ..read import column
from . import marks
from .figure import Figure
from .scaling import seconds_text
from ..kinds import Colour

MOST_LAUNCHES = 3
COLUMNS = ["launch", "start_s", "end_s", "first_rank", "team", "idle"]


@of_dataset
def timeline(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields the timeline of the last launches that computed anything: a panel for each, time across, ranks up.

    Nothing where the file has no times, or where one rank computed everything.
    """
    turns = turns_of(ds)
    if not len(turns) or (turns["first_rank"] + turns["team"]).max() < 2:
        return
    launches = sorted(turns["launch"].unique())
    shown = launches[-MOST_LAUNCHES:]
    with style.use():
        canvas = _canvas(turns, shown)
    caption = ("Each bar is a run of points on a team of ranks, as tall as the team; ranks are counted node by node. What is "
               "white is idle. Hatched: start-up, from the start of the launch to its first run. Utilisation: time of ranks in bars "
               "over all ranks times the length of the panel, start-up included. ")
    if len(launches) > len(shown):
        caption += f"{len(launches) - len(shown)} earlier launches are in the data only. "
    yield Figure("timeline", "Ranks over time", caption.strip(), canvas, {"": turns},
                 finding=" ".join(_finding(turns[turns["launch"] == launch], launch) for launch in shown))


def _finding(turns: pd.DataFrame, launch: int) -> str:
    return (f"Launch {launch}: {len(turns)} runs on {_ranks(turns)} ranks in {seconds_text(turns['end_s'].max())}, of which start-up "
            f"{seconds_text(turns['start_s'].min())}; utilisation {100 * utilisation(turns):.0f} %.")


def _ranks(turns: pd.DataFrame) -> int:
    return int((turns["first_rank"] + turns["team"] + turns["idle"]).max())


@of_dataset
def turns_of(ds: xr.Dataset) -> pd.DataFrame:
    """One row per run of slots: launch, start_s, end_s, first_rank, team, idle (ranks), points, n (the longest), method."""
    if not set(COLUMNS) <= set(ds.variables):
        return pd.DataFrame(columns=[*COLUMNS, "points", "n", "method"])
    points = pd.DataFrame({name: column(ds, name) for name in (*COLUMNS, "n", "method")}, copy=False)
    there = points["end_s"].notna() & (points["team"] > 0)
    points = points if there.all() else points[there]
    turns = points.groupby(["launch", "start_s", "first_rank"], as_index=False).agg(
        end_s=("end_s", "max"), team=("team", "max"), idle=("idle", "max"), points=("n", "size"), n=("n", "max"),
        method=("method", lambda names: names.iloc[0] if names.nunique() == 1 else "several"))
    return turns[[*COLUMNS, "points", "n", "method"]].sort_values(["launch", "start_s", "first_rank"], ignore_index=True)


def utilisation(turns: pd.DataFrame) -> float:
    """Time of ranks in the runs of a launch, over all ranks times the time from the start of the launch to the last end."""
    ranks = _ranks(turns)
    length = turns["end_s"].max()  # seconds count from the start of the launch
    return float(((turns["end_s"] - turns["start_s"]) * turns["team"]).sum() / (ranks * length)) if length > 0 else np.nan


def _canvas(turns: pd.DataFrame, launches: Sequence[int]) -> matplotlib.figure.Figure:
    canvas = matplotlib.figure.Figure(figsize=(7.4, 0.9 + 2.3 * len(launches)), layout="constrained")
    axes = canvas.subplots(len(launches), 1, squeeze=False)[:, 0]
    sizes = sorted(turns[turns["launch"].isin(launches)]["team"].unique())
    colours = dict(zip(sizes, style.sequence(len(sizes), 0.8)))
    for ax, launch in zip(axes, launches):
        _panel(ax, turns[turns["launch"] == launch], launch, colours)
    axes[-1].set_xlabel("seconds since the launch began")
    legend(canvas, "right upper", title="team", handlelength=1, handleheight=1,
           handles=[matplotlib.patches.Patch(color=colours[size], label=f"{size} rank{'s' if size > 1 else ''}")
                    for size in sizes])
    return canvas


def _panel(ax: Axes, turns: pd.DataFrame, launch: int, colours: dict[int, Colour]) -> None:
    left, right = turns["start_s"], turns["end_s"]
    low, high = turns["first_rank"] - 0.5, turns["first_rank"] + turns["team"] - 0.5
    corners: Any = np.stack([np.stack([x, y], axis=-1) for x, y in ((left, low), (right, low), (right, high), (left, high))], axis=1)
    ax.add_collection(matplotlib.collections.PolyCollection(
        corners, facecolors=[colours[size] for size in turns["team"]], edgecolors="white", linewidths=0.2))
    marks.boxes(ax, left, right, low, high, lambda: [
        f"{row.team} rank{'s' * (row.team > 1)} from rank {row.first_rank}, {marks.three(row.start_s)} to {marks.three(row.end_s)} s: "
        f"{row.points} point{'s' * (row.points > 1)} of {row.method}, n up to {row.n}" for row in turns.itertuples()])
    ranks = _ranks(turns)
    ax.axvspan(0, left.min(), facecolor="#efefef", edgecolor="#b5b5b5", hatch="//////", linewidth=0, zorder=0)
    ax.set(xlim=(0, right.max()), ylim=(-0.5, ranks - 0.5), ylabel="rank",
           title=f"launch {launch}: {len(turns)} runs on {ranks} ranks, start-up {seconds_text(left.min())}, utilisation "
                 f"{100 * utilisation(turns):.0f} %")
    style.ticks(ax.xaxis)
    style.ticks(ax.yaxis, whole=True)
    ax.spines[["top", "right"]].set_visible(False)
