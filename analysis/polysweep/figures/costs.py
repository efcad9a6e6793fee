"""What exact and sketched attention cost against the sequence length, and where they cross."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import style
from ..cases import case_label, number
from ..checks import of_dataset
from ..sketches import COSTS, against, cost, crossing, held, label, output_error, valid_times
from . import findings, marks
from .figure import Figure, kernel_text, spaced
from ..kinds import Colour, Dashes, Key

WORDS = {"flops": "operations", "bytes": "bytes moved", "seconds": "seconds"}
MOST_CASES, MOST_PANELS, MOST_SIZES = 3, 4, 6

Panel: TypeAlias = dict[Key, tuple[pd.DataFrame, pd.DataFrame]]  #: sketch and exact points by the size of the sketch
Panels: TypeAlias = dict[tuple[float, str], Panel]  #: by degree and method


@of_dataset
def costs(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields, for every case, the figure of operations, bytes and seconds over n: a column per degree and method, a curve
    per size of the sketch, the exact method beside. Nothing without a length that both have twice."""
    names = held(ds)
    groups: dict[Key, Panels] = {}
    for key, sketch, exact in against(ds):
        *of, d, beta, method, local, weights, r, features = key
        panel = groups.setdefault((*of, d), {}).setdefault((np.inf if beta != beta else beta, method), {})
        panel[features, r, local, weights] = sketch, exact
    chosen = spaced(groups, MOST_CASES)
    for k, key in enumerate(chosen):
        panels = _panels(groups[key])
        rows = [q for q in COSTS if any(_known(*pair, q) for panel in panels.values() for pair in panel.values())]
        if not rows:
            continue
        with style.use():
            canvas = _canvas(panels, rows)
        case = ", ".join(filter(None, [case_label(names, key[:-1]), f"d = {number(key[-1])}"]))
        yield Figure(f"cost-crossover{f'-{k + 1}' if len(chosen) > 1 else ''}", f"Cost against sequence length: {case}",
                     _caption(panels, rows, len(groups) - len(chosen)), canvas, {"": _data(groups)}, finding=_finding(panels, rows[-1]))


def _finding(panels: Panels, quantity: str) -> str:
    sentences = []
    for (beta, method), panel in panels.items():
        for (features, r, local, weights), (sketch, exact) in panel.items():
            ratio = (cost(sketch, quantity) / cost(exact, quantity)).to_numpy(float)
            at, how = crossing(sketch["n"], ratio)
            size = f"r = {int(r)}" if r else f"{int(features)} features"
            if how:
                words = {"inside": f"from n of about {length_text(at)} on", "below": "at all lengths", "above": "at no length"}[how]
                sentences.append(f"{label(method, local, weights)}, {size}, {findings.plain_title(kernel_text(beta))}: fewer {WORDS[quantity]} "
                                 f"than the exact method {words}.")
    return findings.listed(sentences, "sketches")


def _panels(found: Panels) -> Panels:
    """About MOST_PANELS of the panels: all methods, each at degrees spread over those it has (the middle one of them)."""
    methods = sorted({method for _, method in found}, key=style.order)[:MOST_PANELS]
    most = max(1, MOST_PANELS // len(methods))
    return {(beta, method): found[beta, method] for method in methods
            for beta in _some({beta for beta, own in found if own == method}, most)}


def _some(degrees: set[float], most: int) -> list[float]:
    return spaced(degrees, most) if most > 1 else [sorted(degrees)[len(degrees) // 2]]


def _known(sketch: pd.DataFrame, exact: pd.DataFrame, quantity: str) -> bool:
    return cost(sketch, quantity).notna().sum() > 1 and cost(exact, quantity).notna().sum() > 1


def _data(groups: dict[Key, Panels]) -> pd.DataFrame:
    """All points that are compared, the exact ones too, each once."""
    parts = [part for panels in groups.values() for panel in panels.values() for pair in panel.values() for part in pair]
    columns = ["method", "n", "d", "beta", "r", "features", "local", "weights", "mask", "precision", "flops", "bytes", "timing",
               "time_median_s", "time_lo_s", "time_hi_s"]
    return pd.concat(parts)[columns].drop_duplicates().sort_values(columns[:7]).reset_index(drop=True)


def _caption(panels: Panels, rows: Sequence[str], left_out: int) -> str:
    text = ("One forward pass of one data set, without drawing data and without the head. Open circles and dotted lines: the "
            "length from which the sketch is cheaper, by straight lines between the points in logarithms; of seconds with the interval that "
            "those of the times allow, or ~ where there is none. ")
    if any(output_error(sketch.iloc[-1]) == output_error(sketch.iloc[-1]) for panel in panels.values() for sketch, _ in panel.values()):
        text += "Errors are those of the output at the largest length. "
    if "seconds" in rows:
        text += "Seconds: medians with their intervals; points timed while processes shared cores are left out. "
        timing = {word for panel in panels.values() for pair in panel.values() for part in pair for word in part["timing"]}
        if "shared" in timing:
            text += "Hollow: the share of a point in a run of points that were timed together. "
    if left_out:
        text += f"{left_out} further cases are in the data only. "
    return text.strip()


def _canvas(panels: Panels, rows: Sequence[str]) -> matplotlib.figure.Figure:
    across, down = len(panels), len(rows)
    canvas = matplotlib.figure.Figure(figsize=(2.3 + 2.75 * across, 0.75 + 2.15 * down), layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False, sharex=True, sharey="row")
    chosen = {method: spaced({key for (_, m), panel in panels.items() if m == method for key in panel}, MOST_SIZES)
              for _, method in panels}
    for column, ((beta, method), panel) in zip(grid.T, panels.items()):
        sizes = list(dict.fromkeys(key[:2] for key in chosen[method]))  # one colour, whether local, learned or neither
        shades = dict(zip(sizes, style.sequence(len(sizes), 0.75)))
        colours = {key: shades[key[:2]] for key in chosen[method]}
        for ax, quantity in zip(column, rows):
            _panel(ax, {key: panel[key] for key in chosen[method] if key in panel}, quantity, colours)
        column[0].set_title(f"{method}, {kernel_text(beta)}", pad=5)
        column[-1].set_xlabel("sequence length $n$")
        column[0].legend(handles=_handles(colours, panel), loc="upper left", fontsize=8, handlelength=1.4, borderaxespad=0.2,
                         labelspacing=0.25)
    for ax, quantity in zip(grid[:, 0], rows):
        ax.set_ylabel(WORDS[quantity])
    _headroom(grid[0, 0], max(len(column[0].get_legend().get_texts()) for column in grid.T))
    return canvas


def _headroom(ax: Axes, lines: int) -> None:
    """Room for a legend of so many lines above the curves of a row."""
    low, high = ax.get_ylim()
    share = min(0.075 * lines + 0.03, 0.6)
    ax.set_ylim(low, low * (high / low) ** (1 / (1 - share)))


def _handles(colours: dict[Key, Colour], panel: Panel) -> list[Artist]:
    """The method that sketches are held against, and the sketches, with the error of their output."""
    line, exact = matplotlib.lines.Line2D, next(exact["method"].iloc[0] for _, exact in panel.values())
    handles: list[Artist] = [line([], [], color=style.INK, marker="s", markersize=3.6, linewidth=1.1, label=exact)]
    for (features, r, local, weights), colour in colours.items():
        if (features, r, local, weights) not in panel:
            continue
        words = f"$r$ = {int(r)}" if r else f"{int(features)} features"
        words += f", local {int(local)}" * bool(local) + ", learned" * bool(weights)
        error = output_error(panel[features, r, local, weights][0].iloc[-1])
        words += f", error {error:.2g}" if error == error else ""
        handles.append(line([], [], color=colour, marker="o", markersize=3.6, linewidth=1.1, label=words,
                            linestyle=(0, (4, 1.5)) if local or weights else "-"))
    return handles


def _panel(ax: Axes, curves: Panel, quantity: str, colours: dict[Key, Colour]) -> None:
    lengths = sorted({n for sketch, _ in curves.values() for n in sketch["n"]})
    labelled: list[tuple[str, Colour]] = []
    _curve(ax, max((exact for _, exact in curves.values()), key=len), quantity, style.INK, "s", "-")
    for key, (sketch, exact) in curves.items():
        if not _known(sketch, exact, quantity):
            continue
        _curve(ax, sketch, quantity, colours[key], "o", (0, (4, 1.5)) if key[2] or key[3] else "-")
        _mark(ax, sketch, exact, quantity, colours[key], labelled)
    style.ticks(ax.yaxis, scale="log", text=style.decade)
    style.ticks(ax.xaxis, lengths, style.scale_of(lengths))
    ax.spines[["top", "right"]].set_visible(False)


def _curve(ax: Axes, part: pd.DataFrame, quantity: str, colour: Colour, marker: str, dashes: Dashes) -> None:
    values = cost(part, quantity)
    ax.plot(part["n"], values, color=colour, linewidth=1.1, linestyle=dashes, zorder=2)
    marks.points(ax, part["n"], values, lambda: _say(part, values, quantity))
    hollow = (part["timing"] == "shared") & (quantity == "seconds")
    for some, face in ((~hollow, colour), (hollow, "white")):
        ax.plot(part["n"][some], values[some], marker, color=colour, markerfacecolor=face, markersize=3.4,
                markeredgewidth=0.7, zorder=2.5)
    if quantity == "seconds":
        ax.vlines(part["n"], part["time_lo_s"].where(values.notna()), part["time_hi_s"].where(values.notna()), color=colour,
                  linewidth=0.8, zorder=2)


def _say(part: pd.DataFrame, values: pd.Series, quantity: str) -> list[str]:
    names = ["method", "beta", "n", *(size for size in ("r", "features", "local") if part[size].max() > 0)]
    lows, highs = ((part[name] if quantity == "seconds" else values * np.nan) for name in ("time_lo_s", "time_hi_s"))
    return [f"{where}: {marks.with_interval(value, low, high, 's' if quantity == 'seconds' else WORDS[quantity])}"
            for where, value, low, high in zip(marks.place(part, names), values, lows, highs)]


def _mark(ax: Axes, sketch: pd.DataFrame, exact: pd.DataFrame, quantity: str, colour: Colour, labelled: list[tuple[str, Colour]]) -> None:
    """The crossing: a circle, a line down to the axis, its length in the colour of the curve, once (`labelled`)."""
    mine, theirs = cost(sketch, quantity).to_numpy(float), cost(exact, quantity).to_numpy(float)
    at, how = crossing(sketch["n"], mine / theirs)
    if how != "inside":
        return
    text = _crossed(sketch, exact, quantity, at)
    level = np.exp(np.interp(np.log(at), np.log(sketch["n"]), np.log(mine)))
    ax.vlines(at, 0, level, color=colour, linewidth=0.8, linestyle=(0, (1, 1.5)), zorder=1.5)
    ax.plot(at, level, "o", color=colour, markersize=7, markerfacecolor="none", markeredgewidth=1.1, zorder=3)
    if (text, colour) in labelled:
        return
    labelled.append((text, colour))
    ax.annotate(text, (at, 0.075 * len(labelled) - 0.045), xycoords=("data", "axes fraction"), xytext=(3, 0),
                textcoords="offset points", fontsize=8)


def _crossed(sketch: pd.DataFrame, exact: pd.DataFrame, quantity: str, at: float) -> str:
    """The length of a crossing, of seconds the interval that those of the times allow; "~" before one that has none."""
    if quantity == "seconds":
        ends = [crossing(sketch["n"], (valid_times(sketch) * 0 + sketch[mine]) / exact[theirs])
                for mine, theirs in (("time_lo_s", "time_hi_s"), ("time_hi_s", "time_lo_s"))]
        if all(how == "inside" for _, how in ends):
            low, high = (length_text(n) for n, _ in ends)
            return low if low == high else f"{low} to {high}"
        return f"~{length_text(at)}"
    return length_text(at)  # counts of a model are exact


def length_text(n: float) -> str:
    """A length to two digits: "380", "1300", "24k"."""
    digits = float(f"{n:.2g}")
    return f"{digits:.0f}" if digits < 10000 else f"{digits / 1000:.0f}k"
