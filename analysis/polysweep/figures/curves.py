"""Rate of success against the degree: measured points with Wilson intervals, the exact probability as lines."""
from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import oracle, style
from ..aside import legend
from ..cases import BASELINES, SYMBOLS, baseline, case_columns, case_label, closed_form, judged, number, rate, rows_of, table
from ..checks import fraction, of_dataset
from ..study import level_of
from ..sketches import SIZE
from . import expected, findings, marks
from .figure import Arrangement, Figure, arranged, facts, sorted_rows, spaced, spread
from ..kinds import Array, Colour, Key

MOST_ROWS, MOST_COLUMNS, MOST_CURVES = 6, 3, 8
MARKERS = "os^DvPXh"  #: of curves of different lengths
MOST_MARKS = 100  #: of a curve; bars of more points cover each other
COLUMNS = "successes trials success_rate success_lo success_hi theory_success status".split()


@of_dataset
def curves(ds: xr.Dataset, level: float | None = None) -> Iterator[Figure]:
    """Yields the figure of success against beta; nothing if no method was swept over degrees.

    Colour is n where n varies, else d, else the first coordinate that does; one panel per combination of the rest.
    Lines are evaluated between the grid's degrees with this package's closed form where that reproduces the file's
    theory_success, and connect the file's values elsewhere. Sketches have no such line: behind theirs is the exact
    method's. level: where the dotted line is; the study's by default.
    """
    level = level_of(ds) if level is None else fraction(level, "level")
    names, frame = case_columns(ds), judged(table(ds))
    frame = frame if frame["done"].any() or len(frame) > expected.MOST else frame.assign(theory_success=expected.probability(frame))
    rows = np.flatnonzero(frame["beta"].notna() & (frame["method"] != "closed_form"))
    swept = frame[[*names, "method", "method_folds", "method_reference", "n", "d", "beta"]].iloc[rows]
    if swept["beta"].nunique() < 2:
        return
    colour = colour_axis(swept, names)
    length = "d" if colour == "n" else "n"
    rest = [name for name in [*names, "method", "n", "d"] if name not in (colour, length)] + [length]
    panels = rows_of(swept, rest)
    values = rate(frame).where(frame["done"]).to_numpy(float)[rows]
    chosen = arranged({key: spread(values[at]) for key, at in panels.items()}, rest, MOST_ROWS, MOST_COLUMNS)
    shown = {key: frame.iloc[rows[panels[key]]].sort_values("beta") for key in chosen.keys}
    lines: list[pd.DataFrame] = []
    with style.use():
        beside = frame[frame["method"].isin({*BASELINES, *swept["method_reference"].unique()} - {""})]
        canvas = _canvas(shown, chosen, beside, names, rest, colour, lines, level)
    interval = "95 % Wilson interval" if frame["trials_error"].isna().all() else "interval, which holds whenever a rule stops trials"
    caption = (f"Points: measured rate with its {interval}. Lines: exact probability of success, a consequence "
               "of the definitions of data and head, not a fit. Beside each panel: softmax and linear, which have no "
               f"degree (bar: {interval}; tick: exact probability).")
    if any((part.groupby(colour)["beta"].size() > MOST_MARKS).any() for part in shown.values()):
        caption += f" Curves of more than {MOST_MARKS} degrees: dots, and a band for the intervals."
    if (swept["method_folds"] == "states").any():
        caption += " Sketches: thin lines connect what was measured; dashed, the exact probability without a sketch."
    if not frame["done"].any():
        caption = "Nothing is measured yet. " + caption[caption.index("Lines: "):]
    caption += f"{chosen.words()} {facts(frame)}"
    order = [*names, "method", "n", "d", "beta"]
    data = sorted_rows(frame, order, [*order, *COLUMNS])
    yield Figure("success-beta", "Success against degree", caption, canvas,
                 {"": data, "theory": pd.concat(lines, ignore_index=True) if lines else pd.DataFrame()},
                 finding=findings.separation([(_title(names, dict(zip(rest, key)), part), part) for key, part in shown.items()], colour, level))


def colour_axis(frame: pd.DataFrame, names: list[str]) -> str:
    """What curves of one panel differ in."""
    for name in ("n", "d", *names):
        if frame[name].nunique() > 1 and frame[name].dtype.kind in "iuf":
            return name
    return "n"


def _canvas(panels: dict[Key, pd.DataFrame], chosen: Arrangement, beside: pd.DataFrame, names: list[str], rest: list[str], colour: str,
            lines: list[pd.DataFrame], level: float) -> matplotlib.figure.Figure:
    across, down = chosen.across, len(chosen.rows)
    canvas = matplotlib.figure.Figure(figsize=(0.9 + 3.1 * across, 0.55 + 2.45 * down), layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False, sharey=True)
    colours = colours_of(panels.values(), colour)
    for line, row in zip(grid, chosen.rows):
        for ax, key in itertools.zip_longest(line, row):
            if key is None:
                ax.set_axis_off()
                continue
            part, fixed = panels[key], dict(zip(rest, key))
            _behind(ax, beside, part["method_reference"].iloc[0], names, fixed, colour, colours)
            draw(ax, part[part[colour].isin(colours)], colour, colours, fixed, lines, level)
            _levels(ax, beside, names, fixed, colour, colours, part)
            ax.set_title(_title(names, fixed, part), pad=5)
    for ax in grid[:, 0]:
        ax.set_ylabel("rate of success")
    for column in grid.T:
        seen = [ax for ax in column if ax.axison]
        if seen:
            seen[-1].set_xlabel(r"degree $\beta$")
    legend(canvas, "right upper", handles=handles_of(colours, panels.values(), colour), title=SYMBOLS.get(colour, colour), handlelength=1.6)
    return canvas


def colours_of(parts: Iterable[pd.DataFrame], colour: str) -> dict[Any, Colour]:
    """{value: colour} of the curves that are drawn, the ends and some between where there are many."""
    values = {value for part in parts for value in part[colour].unique()}
    curves = spaced(values - {0} if colour in SIZE else values, MOST_CURVES)
    colours = dict(zip(curves, style.sequence(len(curves))))
    if colour in SIZE:
        colours[0] = style.INK  # methods that have no size; the last, so that markers are those of the legend
    return colours


def handles_of(colours: dict[Any, Colour], parts: Iterable[pd.DataFrame], axis: str) -> list[Artist]:
    """Handles of a legend; without a marker where nothing is measured yet."""
    measured = any((part["done"] & part["success_rate"].notna()).any() for part in parts)
    return [matplotlib.lines.Line2D([], [], color=colour, marker=marker if measured else "", markersize=4, linewidth=1.2, label=number(value))
            for (value, colour), marker in zip(colours.items(), MARKERS) if value != 0 or axis not in SIZE]


def _title(names: list[str], fixed: dict[str, Any], part: pd.DataFrame) -> str:
    known = [name for name in names if name in fixed]
    label = case_label(known, [fixed[name] for name in known], None if "preset" in names else part)
    parts = [label, "" if fixed["method"] == "exact" else fixed["method"]]
    parts += [f"{SYMBOLS[name]} = {int(fixed[name])}" for name in ("n", "d") if name in fixed]
    return ", ".join(part for part in parts if part)


def _behind(ax: Axes, frame: pd.DataFrame, estimated: str, names: list[str], fixed: dict[str, Any], colour: str,
            colours: dict[Any, Colour]) -> None:
    """Behind the points of a sketch: the exact probability of the method it estimates, one line for each n or d."""
    if not estimated:
        return
    known = [name for name in [*names, "n", "d"] if name in fixed and name not in SIZE]
    exact = baseline(frame, known, [fixed[name] for name in known], estimated)
    own = colour not in SIZE
    for value, part in exact.groupby(colour) if own else ((0, exact),):
        part = part[part["beta"].notna()].sort_values("beta")
        if len(part) > 1 and value in colours:
            line = _line(part, style.scale_of(part["beta"]))
            ax.plot(line["beta"], line["theory_success"], color=colours[value] if own else style.GREY, linewidth=1.0,
                    linestyle=(0, (4, 1.6)), zorder=1)


def draw(ax: Axes, part: pd.DataFrame, colour: str, colours: dict[Any, Colour], fixed: dict[str, Any], lines: list[pd.DataFrame],
         level: float) -> None:
    """One panel of success against beta, a curve per value of `colour` that `colours` has; adds to `lines` what theory drew."""
    beta = np.unique(part["beta"])
    scale = style.scale_of(beta)
    for end in (0, 1):
        ax.axhline(end, color=style.PALE, linewidth=0.7, zorder=0)
    ax.axhline(level, color=style.GREY, linewidth=0.6, linestyle=(0, (1, 2)), zorder=0)
    curves = [(value, part[part[colour] == value].sort_values("beta")) for value in colours]
    curves = [(value, curve) for value, curve in curves if len(curve)]
    for k, (value, curve) in enumerate(curves):
        line, look = _line(curve, scale), (colours[value], MARKERS[list(colours).index(value) % len(MARKERS)])
        if len(line):
            ax.plot(line["beta"], line["theory_success"], color=look[0], linewidth=1.2, zorder=2)
            lines.append(line.assign(**{**fixed, colour: value}))
        done = curve[curve["done"] & curve["success_rate"].notna()]
        at = _apart(done["beta"].to_numpy(float), beta, scale, k - (len(curves) - 1) / 2)
        if (part["method_folds"] == "states").any():
            ax.plot(at, done["success_rate"], color=look[0], linewidth=0.8, zorder=1.5)
        _marks(ax, at, done, look)
        marks.points(ax, at, done["success_rate"], partial(marks.rates, done, [colour, "beta"]))
    style.ticks(ax.xaxis, beta, scale)
    style.ticks(ax.yaxis, [0, 0.25, 0.5, 0.75, 1])
    edges = style.cell_edges(beta, scale)
    ax.set(xlim=edges[[0, -1]], ylim=(-0.04, 1.04))
    ax.spines[["top", "right"]].set_visible(False)


def _apart(values: Array, beta: Array, scale: str, steps: float) -> Array:
    """Degrees moved so many steps aside, within a quarter of the grid's, so that no point hides another."""
    if len(beta) < 2:
        return values
    grid = np.log(beta) if scale == "log" else beta
    by = steps * min(0.006 * (grid[-1] - grid[0]), 0.06 * np.diff(grid).min())
    return values * np.exp(by) if scale == "log" else values + by


def _marks(ax: Axes, at: Array, done: pd.DataFrame, look: tuple[Colour, str]) -> None:
    """Measured rates with their intervals; of many points, whose bars would be one area, a pale band and dots, as a picture."""
    colour, marker = look
    if len(done) > MOST_MARKS:
        ax.fill_between(at, done["success_lo"], done["success_hi"], color=colour, alpha=0.07, linewidth=0, zorder=2.5, rasterized=True)
        ax.plot(at, done["success_rate"], "o", color=colour, markersize=2, markeredgewidth=0, zorder=3, rasterized=True)
        return
    spread = np.abs(done[["success_lo", "success_hi"]].to_numpy().T - done["success_rate"].to_numpy())
    ax.errorbar(at, done["success_rate"], yerr=spread, fmt=marker, color=colour, markersize=3.8, markeredgecolor="white",
                markeredgewidth=0.5, elinewidth=0.9, capsize=0, zorder=3)


def _line(curve: pd.DataFrame, scale: str) -> pd.DataFrame:
    """(beta, theory_success) of a line: between grid degrees where the closed form is known to apply."""
    curve = curve[curve["theory_success"].notna()]
    point = closed_form(curve)
    if point is None:
        return curve[["beta", "theory_success"]]
    first, last = curve["beta"].min(), curve["beta"].max()
    fine = np.geomspace(first, last, 241) if scale == "log" else np.linspace(first, last, 241)
    fine = np.union1d(fine, curve["beta"])
    return pd.DataFrame({"beta": fine, "theory_success": oracle.success(fine, int(curve["m"].iloc[0]), **point)})


def _levels(ax: Axes, frame: pd.DataFrame, names: list[str], fixed: dict[str, Any], colour: str, colours: dict[Any, Colour],
            part: pd.DataFrame) -> None:
    """Levels of softmax and linear at the right of the panel, one mark per value of the colour axis."""
    points = {method: baseline(frame, [n for n in names if n in fixed], [fixed[n] for n in names if n in fixed], method)
              for method in BASELINES}
    for name in ("n", "d"):
        if name in fixed:
            points = {method: part[part[name] == fixed[name]] for method, part in points.items()}
    points = {method: part[part["done"] & part["success_rate"].notna() & part[colour].isin(colours)]
              for method, part in points.items()}
    points = {method: part for method, part in points.items() if len(part)}
    if not points:
        return
    side = ax.inset_axes((1.02, 0, 0.1 * len(points), 1), sharey=ax)
    for k, part in enumerate(points.values()):
        width = 0.8 / max(len(colours), 1)
        for i, (value, colour_) in enumerate(colours.items()):
            x = k + 0.1 + (i + 0.5) * width
            for row in part[part[colour] == value].itertuples():
                side.plot([x, x], [row.success_lo, row.success_hi], color=colour_, linewidth=18 * width, alpha=0.35,
                          solid_capstyle="butt")
                side.plot(x, row.theory_success, "_", color=style.INK, markersize=18 * width, markeredgewidth=0.8)
                side.plot(x, row.success_rate, MARKERS[i % len(MARKERS)], color=colour_, markersize=min(3.8, 20 * width), markeredgewidth=0)
            rows = part[part[colour] == value]
            marks.points(side, np.full(len(rows), x), rows["success_rate"], partial(marks.rates, rows, ["method", colour]))
    side.set_xlim(0, len(points))
    side.set_xticks(np.arange(len(points)) + 0.5, list(points), rotation=90, fontsize=8)
    side.tick_params(left=False, labelleft=False, bottom=False, pad=2)
    side.spines[["top", "right", "left"]].set_visible(False)
    side.set_facecolor("#f7f7f5")
