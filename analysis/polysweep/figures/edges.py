"""Edges over length and width: where they were found, between which candidates, and where theory has them."""
from __future__ import annotations

from collections.abc import Collection, Iterator
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
from ..cases import SYMBOLS, case_label, number
from ..checks import of_dataset
from ..edge_tables import edge_frame, names_of
from ..edges import edges as find
from ..foreign import plain
from ..residuals import predicted_edges
from .degrees import DASHES
from . import marks
from .figure import Figure, spaced
from ..kinds import Array, Colour, Dashes, Key, Place

MOST_PANELS, MOST_CURVES, MOST_LISTED = 12, 6, 5
COLOURS = style.CURVES
THEORY: dict[str, Dashes] = {"rise": "-", "fall": (0, (10, 3))}  #: dashes, longer than any of what a study predicts
MARKERS = {"rise": "^", "fall": "v"}
APART = 0.014  #: of the axis: how far marks of several curves at one place are set apart
_FIRST = ("n", "d", "beta", "r", "features", "noise")  #: what an axis, and then a colour, is taken for


@of_dataset
def edges(ds: xr.Dataset, found: xr.Dataset | None = None) -> Iterator[Figure]:
    """Yields the figure of edges (of `polysweep.edges`, or `found`) over the length, the width in colour, a panel for each combination
    of the rest; nothing where there are fewer than two combinations with something to compare."""
    found = find(ds) if found is None else found
    if found.sizes["combination"] < 2:
        return
    names, frame = names_of(ds, found), numbers_of(ds, found)
    axis, colour = axes_of(frame, names)
    if axis is None:
        return
    rest = [name for name in names if name not in (axis, colour)]
    panels = {key if isinstance(key, tuple) else (key,): part for key, part in frame.groupby(rest, dropna=False)} if rest else {(): frame}
    shown = dict(list(panels.items())[:MOST_PANELS])
    with style.use():
        canvas, left = _canvas(shown, rest, axis, colour, found)
    yield Figure("edges", f"Edges over {axis}{f' and {colour}' if colour else ''}", _caption(frame, found, rest, axis, colour,
                 {"panels": len(panels) - len(shown), "curves": left}), canvas, {"": frame}, finding=_finding(frame, found))


def _finding(frame: pd.DataFrame, found: xr.Dataset) -> str:
    combinations, sentences = frame["combination"].nunique(), []
    for kind in ("rise", "fall"):
        there = frame[(frame["kind"] == kind) & frame["lo"].notna()]
        if len(there):
            ends = there["position"].min(), there["position"].max()
            sentences.append(f"{there['combination'].nunique()} of {combinations} combinations have a {kind}, at {found.attrs['over']} from "
                             f"{marks.three(ends[0])} to {marks.three(ends[1])}.")
    without = combinations - frame.loc[frame["lo"].notna(), "combination"].nunique()
    sentences += [f"{without} of {combinations} combinations have no edge."] if without else []
    sentences += [f"{int(frame['outside'].sum())} are surely not where theory has them."] if frame["outside"].any() else []
    return " ".join(sentences)


@of_dataset
def numbers_of(ds: xr.Dataset, found: xr.Dataset) -> pd.DataFrame:
    """What is drawn of `found`: a row per edge, with what the study predicts."""
    predicted = predicted_edges(ds, found.attrs["over"]).iloc[:, :len(DASHES)].add_prefix("predict_")
    frame = edge_frame(ds, found)
    frame = frame.join(predicted, on="combination") if predicted.notna().any().any() else frame
    return frame[frame["candidates"] > 1]


def axes_of(frame: pd.DataFrame, names: list[str]) -> tuple[str | None, str | None]:
    """(the number that edges are drawn over, the one in colour); None where there is none."""
    numbers = [name for name in (*_FIRST, *names) if name in names and frame[name].dtype.kind in "iuf" and frame[name].nunique() > 1]
    numbers = list(dict.fromkeys(numbers))
    axis = max(numbers[:2], key=lambda name: frame[name].nunique(), default=None)
    return axis, next((name for name in numbers if name != axis), None)


def _caption(frame: pd.DataFrame, found: xr.Dataset, rest: list[str], axis: str, colour: str | None, left_out: dict[str, int]) -> str:
    over, column, level = (found.attrs[name] for name in ("over", "column", "level"))
    text = (f"Where {column} crosses {level} along {over}: triangles up where it rises, down where it falls, at the place where the line "
            "between both neighbours crosses; bars are the intervals (lo, hi] between two candidates on different sides. ")
    if frame["theory"].notna().any():
        text += "Lines: the exact edges of the theory. "
    if any(name.startswith("predict_") for name in frame):
        text += "Dotted and dashed: what the study itself predicts. "
    text += ("At the rim: an open triangle below, above the level at the first candidate that is decided; a cross above, no candidate that was "
             "asked reaches it, all of them decided; a dash, none was found, and some are not decided. ")
    outside = frame[frame["outside"]]
    if len(outside):
        listed = "; ".join(_where(row, [*rest, *filter(None, (axis, colour))]) for row in outside.head(MOST_LISTED).to_dict("records"))
        more = f", and {len(outside) - MOST_LISTED} more in the data" if len(outside) > MOST_LISTED else ""
        text += f"Circled: theory is not between the candidates that are surely on the two sides ({listed}{more}). "
    elif frame["theory"].notna().any():
        text += "Nowhere is theory surely outside an interval. "
    text += "".join(f"{count} further {what} are in the data only. " for what, count in left_out.items() if count)
    return text.strip()


def _where(row: dict[str, Any], names: list[str]) -> str:
    place = ", ".join(f"{name} = {number(row[name])}" if not isinstance(row[name], str) else row[name] for name in names
                      if row[name] == row[name])
    held = "not found" if row["lo"] != row["lo"] else f"surely in ({number(row['sure_lo'])}, {number(row['sure_hi'])}]"
    return f"{place}: {row['kind']} {held}, theory {row['theory']:.2f}"


def _canvas(panels: dict[Key, pd.DataFrame], rest: list[str], axis: str, colour: str | None,
            found: xr.Dataset) -> tuple[matplotlib.figure.Figure, int]:
    across = min(3, len(panels))
    down = -(-len(panels) // across)
    width = 5.4 if across == 1 else 1.5 + 2.7 * across
    canvas = matplotlib.figure.Figure(figsize=(width, 0.6 + (3.3 if down == 1 else 2.6 * down)), layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False, sharey=True)
    everything = pd.concat(panels.values())
    values = everything[colour].unique() if colour else [None]
    chosen, about = values_of(values), pd.DataFrame({"preset": np.atleast_1d(found["preset"].values)[:1]})
    used: set[Any] = set()
    for ax, (key, part) in zip(grid.flat, panels.items()):
        draw(ax, part, (axis, colour), chosen, everything, used)
        ax.set_title(case_label(rest, key, about), pad=5)
    for ax in list(grid.flat)[len(panels):]:
        ax.set_axis_off()
    for ax in grid[:, 0]:
        ax.set_ylabel(f"edge in {SYMBOLS.get(found.attrs['over'], found.attrs['over'])}")
    for ax in list(grid.flat)[:len(panels)][-across:]:
        ax.set_xlabel(words_of(axis))
    legend(canvas, "right upper", handles=handles_of(chosen, colour, used), handlelength=2.8)
    return canvas, len(values) - len(chosen)


def values_of(values: Collection[Any]) -> list[Any]:
    """Those that are drawn in colour, the ends and some between where there are many; last what has none, a method without a degree."""
    known = [value for value in values if not pd.isna(value)]
    return spaced(known, MOST_CURVES - (len(known) < len(values))) + [np.nan] * (len(known) < len(values)) if known else [None]


def words_of(axis: str) -> str:
    """The label of an axis."""
    return {"n": "sequence length $n$", "d": "width $d$"}.get(axis, SYMBOLS.get(axis, axis))


def draw(ax: Axes, part: pd.DataFrame, names: tuple[str, str | None], chosen: list[Any], everything: pd.DataFrame, used: set[Any]) -> None:
    """One panel of edges over names[0], values `chosen` of names[1] in colour; its axes have room for `everything`; adds to `used` what a
    legend names."""
    axis, colour = names
    places, scale = np.unique(everything[axis].astype(float)), style.scale_of(everything[axis])
    height = _height(everything)
    ax.set_yscale(height[0])
    ax.set_ylim(*height[1:])
    curves = [(shade, part if colour is None else part[part[colour].isna() if pd.isna(value) else part[colour] == value])
              for shade, value in zip(COLOURS, chosen)]
    curves = [(shade, curve) for shade, curve in curves if len(curve)]
    for k, (shade, curve) in enumerate(curves):
        _curve(ax, curve, shade, _moved(places, scale, k, len(curves)), axis, used)
    style.ticks(ax.xaxis, places, scale)
    ax.set_xlim(*style.cell_edges(places, scale)[[0, -1]])
    ax.spines[["top", "right"]].set_visible(False)
    style.ticks(ax.yaxis, scale=height[0])


def _height(frame: pd.DataFrame) -> tuple[str, float, float]:
    """(scale, low, high) of the axis of edges: of everything that is drawn, and room for marks at both rims."""
    shown = frame[["lo", "hi", "position"]].to_numpy(float).ravel()
    theory = frame["theory"].to_numpy(float)
    shown = np.r_[shown, theory[theory <= frame["last"].max()]]
    shown = shown[np.isfinite(shown)]
    low, high = (shown.min(), shown.max()) if len(shown) else (frame["first"].min(), frame["last"].max())
    if low > 0 and high > 8 * low:
        return "log", low / 1.35, high * 1.35
    room = 0.12 * (high - low) or 1.0
    return "linear", low - room, high + room


def _moved(places: Array, scale: str, k: int, count: int) -> Place:
    """A function that moves places of curve k of several a little, so that no bar hides another."""
    if len(places) < 2:
        return lambda x: x
    at = np.log(places) if scale == "log" else places
    by = min(APART * (at[-1] - at[0]), 0.75 * np.diff(at).min() / count) * (k - (count - 1) / 2)
    return (lambda x: x * np.exp(by)) if scale == "log" else lambda x: x + by


def _curve(ax: Axes, curve: pd.DataFrame, colour: Colour, place: Place, axis: str, used: set[Any]) -> None:
    """All edges of one colour."""
    for kind, marker in MARKERS.items():
        of = curve[curve["kind"] == kind].sort_values([axis, "edge"])
        for _, line in of[np.isfinite(of["theory"])].groupby("combination").first().sort_values(axis).groupby(lambda _: 0):
            ax.plot(place(line[axis].to_numpy(float)), line["theory"], color=colour, linewidth=1.0, alpha=0.75, zorder=1.5,
                    linestyle=THEORY[kind])
            used.add(f"theory {kind}")
        there = of[of["lo"].notna()]
        if len(there):
            at = place(there[axis].to_numpy(float))
            ax.vlines(at, there["lo"], there["hi"], color=colour, linewidth=1.5, alpha=0.55, zorder=2)
            ax.plot(at, there["position"], marker, color=colour, markersize=4.6, markeredgecolor="white", markeredgewidth=0.4, zorder=3)
            used.add(kind)
            marks.boxes(ax, at, at, there["lo"], there["hi"], partial(_say, there, axis))
        marked = of[of["outside"]]
        if len(marked):
            height = marked["position"].where(marked["position"].notna(), marked["theory"])
            ax.plot(place(marked[axis].to_numpy(float)), height, "o", markerfacecolor="none", color=style.RED, markersize=9.5,
                    markeredgewidth=1.1, zorder=3.5)
            used.add("outside")
    for dashes, name in zip(DASHES, [name for name in curve if name.startswith("predict_")]):
        line = curve[np.isfinite(curve[name])].drop_duplicates("combination").sort_values(axis)
        if len(line):
            ax.plot(place(line[axis].to_numpy(float)), line[name], color=colour, linewidth=1.0, linestyle=dashes, zorder=1.5)
            used.add((dashes, name.removeprefix("predict_")))
    low, high = ax.get_ylim()
    logarithmic = ax.get_yscale() == "log"
    first = curve.drop_duplicates("combination")
    seen = first[first["count"] == 0]
    above = seen["above_from"].notna()
    looks: dict[str, dict[str, Any]] = {"below": dict(marker="v", markerfacecolor="white"), "none": dict(marker="x"), "open": dict(marker="_")}
    for word, rows, share in (("below", first[first["above_from"].notna()], 0.03), ("none", seen[seen["settled"] & ~above], 0.97),
                              ("open", seen[~seen["settled"] & ~above], 0.97)):
        if len(rows):
            height = low * (high / low) ** share if logarithmic else low + share * (high - low)
            ax.plot(place(rows[axis].to_numpy(float)), np.full(len(rows), height), linestyle="none", color=colour, markersize=5,
                    markeredgewidth=1.0, zorder=3, clip_on=False, **looks[word])
            used.add(word)


def _say(there: pd.DataFrame, axis: str) -> list[str]:
    names = [name for name in (*_FIRST, axis) if name in there]
    return [f"{where}: {row.kind}s at {marks.three(row.position)}, in ({number(row.lo)}, {number(row.hi)}]"
            + (f", theory {marks.three(row.theory)}" if np.isfinite(row.theory) else "") + ", theory is surely outside" * bool(row.outside)
            for where, row in zip(marks.place(there, list(dict.fromkeys(names))), there.itertuples())]


def handles_of(chosen: list[Any], colour: str | None, used: set[Any]) -> list[Artist]:
    """Handles of a legend for what was drawn."""
    line = matplotlib.lines.Line2D
    handles: list[Artist] = []
    if colour:
        sign = SYMBOLS.get(colour, colour)
        handles += [line([], [], color=COLOURS[k], linewidth=2.4, label=f"no {sign}" if pd.isna(value) else f"{sign} = {number(value)}")
                    for k, value in enumerate(chosen)]
    look: dict[str, Any] = dict(color=style.GREY, linestyle="none", markersize=5)
    handles += [line([], [], marker=MARKERS[kind], label=words, **look) for kind, words in (("rise", "rises"), ("fall", "falls"))
                if kind in used]
    handles += [line([], [], color=style.GREY, linewidth=1.0, linestyle=dashes, label=f"theory, {kind}")
                for kind, dashes in THEORY.items() if f"theory {kind}" in used]
    handles += [line([], [], color=style.GREY, linewidth=1.0, linestyle=each[0], label=f"{plain(each[1])}: predicted (study)")
                for each in sorted(each for each in used if not isinstance(each, str))]
    if "outside" in used:
        handles.append(line([], [], color=style.RED, marker="o", markerfacecolor="none", linestyle="none", markersize=8,
                            markeredgewidth=1.1, label="theory is surely outside"))
    for word, marker, words in (("below", "v", "above it from the start"), ("none", "x", "none seen"), ("open", "_", "not decided")):
        if word in used:
            handles.append(line([], [], marker=marker, markerfacecolor="white", markeredgewidth=1.0, label=words, **look))
    return handles
