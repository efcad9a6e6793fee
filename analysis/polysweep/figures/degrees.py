"""Critical degree against the sequence length: the logarithmic law, measured and predicted."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from operator import add, mul
from typing import Any

import matplotlib.figure
import matplotlib.lines
import matplotlib.patches
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..cases import case_columns, case_label, number, table
from ..checks import of_dataset
from ..critical import critical
from ..study import level_of
from ..foreign import plain
from ..residuals import predicted_degrees
from . import findings, marks
from .figure import Figure, facts, spaced
from ..kinds import Array, Colour, Dashes, Key, Place

MOST_WIDTHS, MOST_CASES = 3, 6
COLOURS: tuple[Colour, ...] = style.CURVES
MARKERS = ("o", "s", "^", "D", "v", "P")
DASHES: tuple[Dashes, ...] = ((0, (1, 1.4)), (0, (4, 1.6)), (0, (6, 1.5, 1, 1.5)))  #: of what a study predicts
APART = 0.012  #: of the axis: how far bars of several cases at one length are set apart


@of_dataset
def degrees(ds: xr.Dataset, level: float | None = None, found: pd.DataFrame | None = None) -> Iterator[Figure]:
    """Yields the figure of the lower critical degree over n, a panel per width and a colour per case; nothing where fewer than
    three lengths have one. The bars are columns lower_lo and lower_hi of the table. found: the table of `critical` at this
    level, if it is there already."""
    names = case_columns(ds)
    frame = table(ds)[list(dict.fromkeys([*names, "preset", "method", "trials", "done", "trials_error", "trials_done", "m", "precision", "mask"]))]
    level = level_of(ds) if level is None else level
    found = critical(ds, level) if found is None else found
    if not len(found):
        return
    groups = {(key[-1], *key[:-1]): part.sort_values("n") for key, part in
              found[found["trials"] > 0].groupby([*names, "method", "d"]) if (part["verdict"] == "edges").sum() > 2}
    if not groups:
        return
    widths, cases = spaced({key[0] for key in groups}, MOST_WIDTHS), spaced({key[1:] for key in groups}, MOST_CASES)
    shown = {key: groups[key] for key in groups if key[0] in widths and key[1:] in cases}
    predicted = predicted_degrees(ds, [*names, "method", "d", "n"]).iloc[:, :len(DASHES)]
    with style.use():
        canvas = _canvas(shown, names, frame, level, predicted)
    own = " Dotted and dashed: what the study itself predicts." if predicted.notna().any().any() else ""
    yield Figure("critical-degrees", "Critical degree against sequence length",
                 f"{_caption(shown, len(groups), level)}{own} {facts(frame)}", canvas, {"": found}, finding=_finding(shown, names))


def _finding(shown: dict[Key, pd.DataFrame], names: list[str]) -> str:
    sentences = []
    for key, part in shown.items():
        there = part[part["verdict"] == "edges"]
        words = ", ".join(filter(None, [case_label(names, key[1:-1]), "" if key[-1] == "exact" else key[-1], f"d = {number(key[0])}"]))
        ends = [f"{row.lower} at n = {number(row.n)}" for row in there.iloc[[0, -1]].itertuples()]
        sentences.append(f"{findings.plain_title(words)}: the lower edge is {' and '.join(ends)}.")
    return findings.listed(sentences, "curves")


def _caption(shown: dict[Key, pd.DataFrame], groups: int, level: float) -> str:
    text = (f"Bars hold the first degree of the grid whose true rate of success is at least {level:g}, as in the table of critical "
            "degrees: with 95 % confidence they do so together with those for the last such degree. A bar that ends in a triangle is "
            "open: the grid ends before the edge is enclosed. Lines: predicted critical degree, which need not be one of the grid. ")
    if any(np.isfinite(part["edge_lo"]).any() for part in shown.values()):
        text += f"Dots: the real degree at which the exact probability reaches {level:g}, at most a step of the grid below the edge. "
    text += ("Bands, where there is one: from the derived bound up to which D\u2081 cannot fire to the one from which it "
             "can.")
    without = sum((part["verdict"] != "edges").sum() for part in shown.values())
    if without:
        text += f" {without} lengths without a bar: no degree reaches it, or trials do not settle where."
    if groups > len(shown):
        text += f" {groups - len(shown)} further curves are in the data only."
    return text


def _canvas(groups: dict[Key, pd.DataFrame], names: list[str], frame: pd.DataFrame, level: float,
            predicted: pd.DataFrame) -> matplotlib.figure.Figure:
    widths, cases = sorted({key[0] for key in groups}), sorted({key[1:] for key in groups}, key=str)
    looks = dict(zip(cases, zip(COLOURS, MARKERS)))
    lengths = np.array(sorted({n for part in groups.values() for n in part["n"]}), float)
    canvas = matplotlib.figure.Figure(figsize=(2.6 + (3.6 if len(widths) == 1 else 2.6 * len(widths)), 3.3),
                                      layout="constrained")
    row = canvas.subplots(1, len(widths), squeeze=False, sharey=True)[0]
    scale = style.scale_of(lengths)
    for ax, width in zip(row, widths):
        here = [case for case in cases if (width, *case) in groups]
        for place, case in zip(_apart(len(here), lengths, scale), here):
            key = (width, *case)
            _curve(ax, groups[key], looks[case], place)
            _predictions(ax, predicted, (*case, width), looks[case][0])
        style.ticks(ax.xaxis, lengths, scale)
        ax.set(xlim=style.cell_edges(lengths, scale)[[0, -1]], ylim=(0, None), xlabel="sequence length $n$")
        ax.set_title(f"$d$ = {number(width)}", pad=5)
        style.ticks(ax.yaxis, whole=True)
        ax.spines[["top", "right"]].set_visible(False)
    row[0].set_ylabel(rf"lower edge: first $\beta$ with rate $\geq$ {level:g}")
    legend(canvas, "right upper", handles=_handles(looks, names, frame, groups.values(), predicted), handlelength=1.8)
    return canvas


def _apart(count: int, lengths: Array, scale: str) -> list[Place]:
    """Functions that move lengths a little, so that no bar hides another."""
    offsets = APART * (np.arange(count) - (count - 1) / 2)
    if scale == "log":
        return [partial(mul, (lengths[-1] / lengths[0]) ** by) for by in offsets]
    return [partial(add, by * (lengths[-1] - lengths[0])) for by in offsets]


def _curve(ax: Axes, part: pd.DataFrame, look: tuple[Colour, str], place: Place) -> None:
    colour, marker = look
    low, high = part["beta_fail"].where(part["beta_fail"] > 0), part["beta_ok"].where(np.isfinite(part["beta_ok"]))
    ax.fill_between(part["n"], low, high, color=colour, alpha=0.12, linewidth=0)
    ax.plot(part["n"], part["beta_c"].where(np.isfinite(part["beta_c"])), color=colour, linewidth=1.2)
    exact = part[np.isfinite(part["edge_lo"])]
    ax.plot(place(exact["n"].to_numpy(float)), exact["edge_lo"], ".", color=colour, markersize=4, zorder=3)
    bars(ax, part[part["verdict"] == "edges"], colour, place, marker)


def _predictions(ax: Axes, predicted: pd.DataFrame, case: Key, colour: Colour) -> None:
    """What the study itself predicts for one curve, a line over the lengths."""
    for dashes, name in zip(DASHES, predicted):
        line = predicted[name].xs(case, level=tuple(range(len(case)))).sort_index()
        line = line[np.isfinite(line)]
        ax.plot(line.index.to_numpy(float), line, color=colour, linewidth=1.1, linestyle=dashes)


def bars(ax: Axes, part: pd.DataFrame, colour: Colour, place: Place, marker: str) -> None:
    """Intervals of the lower edge: a cap at each end that trials gave, a triangle where the grid ends."""
    at, low, high = place(part["n"].to_numpy(float)), part["lower_lo"].to_numpy(float), part["lower_hi"].to_numpy(float)
    opened = np.isinf(low)
    ends = np.where(opened, part["first"].to_numpy(float), low)
    ax.vlines(at, ends, high, color=colour, linewidth=1.3, zorder=2.5)
    marks.boxes(ax, at, at, ends, high, lambda: [f"{where}: lower edge {words}, predicted {marks.three(beta)}" for where, words, beta in
                                                 zip(marks.place(part, ["method", "d", "n"]), part["lower"], part["beta_c"])])
    look: dict[str, Any] = dict(linestyle="none", color=colour, zorder=2.6)
    ax.plot(at, high, marker, markersize=4.2, markeredgewidth=0, **look)
    ax.plot(at[~opened], ends[~opened], "_", markersize=7, markeredgewidth=1.5, **look)
    ax.plot(at[opened], ends[opened], "v", markersize=5, markerfacecolor="white", markeredgewidth=0.9, **look)


def _handles(looks: dict[Key, tuple[Colour, str]], names: list[str], frame: pd.DataFrame, parts: Collection[pd.DataFrame],
             predicted: pd.DataFrame) -> list[Artist]:
    line, patch = matplotlib.lines.Line2D, matplotlib.patches.Patch
    handles: list[Artist] = []
    for key, (colour, marker) in looks.items():
        points = frame
        for name, value in zip([*names, "method"], key):
            points = points[points[name] == value]
        label = ", ".join(filter(None, [case_label(names, key[:-1], points), "" if key[-1] == "exact" else key[-1]]))
        handles.append(line([], [], color=colour, marker=marker, markersize=4.2, linewidth=1.2, markeredgewidth=0, label=label or key[-1]))
    if any(np.isfinite(part["beta_c"]).any() for part in parts):
        handles.append(line([], [], color=style.GREY, linewidth=1.2, label=r"$\beta_c$: predicted (derived)"))
    handles += [line([], [], color=style.GREY, linewidth=1.1, linestyle=dashes, label=f"{plain(name)}: predicted (study)")
                for dashes, name in zip(DASHES, predicted) if np.isfinite(predicted[name]).any()]
    if any(np.isfinite(part["edge_lo"]).any() for part in parts):
        handles.append(line([], [], color=style.GREY, marker=".", linestyle="none", label="exact edge (real degree)"))
    if any(np.isinf(part["lower_lo"]).any() for part in parts):
        handles.append(line([], [], color=style.GREY, marker="v", linestyle="none", markerfacecolor="white", markersize=5,
                            label="open: the grid ends"))
    if any((part["beta_fail"] > 0).any() for part in parts):
        handles.append(patch(color=style.GREY, alpha=0.2, linewidth=0,
                             label=r"$\beta_{\mathrm{fail}}$ to $\beta_{\mathrm{ok}}$ (derived bounds)"))
    return handles
