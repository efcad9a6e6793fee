"""Error of sketches against the size of their state and against the number of their rows."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib.figure
import matplotlib.lines
import matplotlib.markers
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..cases import ERRORS, case_label
from ..checks import of_dataset
from ..sketches import SERIES, held, label, once, sketches
from . import findings, marks
from .figure import Figure, kernel_text, kernels, spaced
from ..kinds import Array

WORDS = {"err_amm": "matrix product\n(err_amm)", "err_attn": "attention weights\n(err_attn)", "err_out": "output\n(err_out)"}
SIZES = {"state_bytes": ("state", "size of the state"), "r": ("r", "rows of the sketch $r$")}
MOST_CASES, MOST_DEGREES = 3, 4
SQUARES = ("polysketch",)  #: sketches whose features are squares: r rows are r (r + 1)/2 features
GUIDES = {-0.5: (0, (1, 1.6)), -1.0: (0, (5, 2, 1, 2))}  #: dashes of the law of each power
EXACT: Any = matplotlib.markers.CARETDOWNBASE


@of_dataset
def errors(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields, for every case (data, n, d and what else is held), the figure of errors over the size of the state and the
    one over r: a row per error, a column per degree, a curve per method. Nothing where no error was measured."""
    frame = sketches(ds)
    if not len(frame) or not frame[list(ERRORS)].notna().any(axis=None):
        return
    frame, names = frame[frame["done"]], held(ds)
    every, frame = frame, once(frame, [*names, "n", "d", "beta"])
    cases = dict(iter(frame.groupby([*names, "n", "d"], dropna=False)))
    chosen = spaced(cases, MOST_CASES)
    for x, (short, words) in SIZES.items():
        for k, key in enumerate(chosen):
            part = cases[key]
            part = part[part[x] > 0] if x == "r" else part
            if not part.groupby(["method", "beta"], dropna=False)[x].nunique().max() >= 2:
                continue
            with style.use():
                canvas = _canvas(part, x, words)
            case = ", ".join(filter(None, [str(part["data_kind"].iloc[0]) if "data_kind" not in names else "",
                                           case_label(names, key[:-2]), f"n = {key[-2]}, d = {key[-1]}"]))
            data = every.sort_values([*names, "n", "d", "beta", *SERIES, x])
            yield Figure(f"error-{short}{f'-{k + 1}' if len(chosen) > 1 else ''}",
                         f"Error against the {words.replace('$r$', 'r')}: {case}", _caption(part, x, len(cases) - len(chosen)),
                         canvas, {"": data[_columns(names)]}, finding=_finding(part, x))


def _finding(part: pd.DataFrame, x: str) -> str:
    name = next(name for name in reversed(ERRORS) if part[name].notna().any())
    part = part[part[name] > part["rounding"]]
    sentences = [f"{label(*key[:3])}, {_degree(key[3])}: {name} {findings.falls(curve, x, name)}."
                 for key, curve in part.assign(kernel=kernels(part)).groupby([*SERIES, "kernel"])]
    return findings.listed(sentences, "curves")


def _degree(kernel: float) -> str:
    return findings.plain_title(kernel_text(kernel))


def _columns(names: list[str]) -> list[str]:
    return [*names, "method", "n", "d", "v", "beta", "r", "features", "local", "weights", "draws", "state_bytes",
            *(name + kind for name in ERRORS for kind in ("", "_mean", "_q90")), "theory_err_amm", "err_rows", "bad_rows", "map_features",
            "exact_map"]


def _caption(part: pd.DataFrame, x: str, left_out: int) -> str:
    draws, rows = part.loc[part["draws"] > 1, "draws"], part["err_rows"].max()
    text = "Points: median over draws of the sketch; bands reach up to the 90 % quantile. "
    if len(draws):
        text = text.replace("over draws", f"over {_span(draws)} draws")
    text += ("Errors are Frobenius norms: of the kernel matrix against the norms of its rows (err_amm, what the theory of "
             "approximate matrix products bounds), against the kernel matrix itself (err_attn), of the attention output "
             "against the exact output (err_out). Thin grey: the law of an average over "
             "random features, size to the power -1/2" + (", of squares (polysketch) rows to the power -1. " if x == "r" else ". "))
    if rows < part["n"].max():
        text += f"Errors were measured on {int(rows)} query rows against all keys. "
    if _exact(part).any(axis=None):
        text += "A triangle on the lower edge marks a map that is exact up to rounding. "
    if part["theory_err_amm"].notna().any():
        text += "Broad and pale: root mean square of err_amm from the sketch's exact second moments. "
    if left_out:
        text += f"{left_out} further cases are in the data only. "
    return text.strip()


def _exact(part: pd.DataFrame) -> pd.DataFrame:
    return part[list(ERRORS)].le(part["rounding"], axis=0)


def _span(values: pd.Series) -> str:
    low, high = int(values.min()), int(values.max())
    return f"{low}" if low == high else f"{low} to {high}"


def _canvas(part: pd.DataFrame, x: str, words: str) -> matplotlib.figure.Figure:
    degrees = spaced(kernels(part).unique(), MOST_DEGREES)
    measured = [name for name in ERRORS if part[name].notna().any()]
    wide = len(degrees) == 1  # one degree: errors side by side
    down, across = (1, len(measured)) if wide else (len(measured), len(degrees))
    canvas = matplotlib.figure.Figure(figsize=(1.9 + 2.45 * across, 0.75 + 2.15 * down), layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False, sharex=True, sharey=False if wide else "row")
    used: set[Any] = set()
    for j, name in enumerate(measured):
        row = [grid[0, j]] if wide else list(grid[j])
        for ax, beta in zip(row, degrees):
            draw(ax, part[kernels(part) == beta], x, name, used)
        limits(row[0], part, name)
        for ax in row[:1]:
            ax.set_ylabel("error of the " + WORDS[name], linespacing=1.25)
    for ax, beta in zip(grid[0, :1] if wide else grid[0], degrees):
        ax.set_title(kernel_text(beta), pad=5)
    for ax in grid[-1]:
        ax.set_xlabel(words)
    legend(canvas, "right upper", handles=handles_of(part, x, used), handlelength=3.4, labelspacing=0.7)
    return canvas


def draw(ax: Axes, part: pd.DataFrame, x: str, name: str, used: set[Any]) -> None:
    """One panel of an error (`name`) over a size (x), a curve per method; adds to `used` what a legend names."""
    if part[name].isna().all() and (spec := ax.get_subplotspec()) and not spec.is_first_col():  # err_amm has no meaning for this kernel
        ax.set_axis_off()
        return
    if x == "state_bytes":
        style.ticks(ax.xaxis, scale="log", text=style.size_text)
    else:
        style.ticks(ax.xaxis, style.powers(part[x].min(), part[x].max()), "log")
    if name != "err_amm":
        ax.axhline(1, color=style.PALE, linewidth=0.8, zorder=0)
    ax.spines[["top", "right"]].set_visible(False)
    groups = sorted(part.groupby(list(SERIES)), key=lambda group: (style.order(group[0][0]), group[0]))
    for apart, ((method, local, weights), curve) in zip(_beside(len(groups), part[x]), groups):
        _curve(ax, curve.dropna(subset=[name]).sort_values(x), (x, apart), name, method, local, weights, used)
    if name != "err_out":  # nothing bounds what a small denominator does to an output
        _guides(ax, part[part[name] > part["rounding"]], x, name, used)


def _beside(count: int, sizes: pd.Series) -> Array:
    """Factors that set curves a little apart, so that no point hides another."""
    width = np.log(sizes.max() / sizes.min())
    return np.exp((np.arange(count) - (count - 1) / 2) * 0.012 * width)


def _curve(ax: Axes, curve: pd.DataFrame, along: tuple[str, float], name: str, method: str, local: int, weights: int,
           used: set[Any]) -> None:
    (x, apart), (colour, marker) = along, style.method(method)
    hollow: dict[str, Any] = {"markerfacecolor": "white"} if local or weights else {"markeredgecolor": "white"}
    exact = curve[curve[name] <= curve["rounding"]]
    if len(exact):
        ax.plot(exact[x] * apart, np.full(len(exact), 0.02), marker=EXACT, linestyle="none", color=colour, markersize=6, markeredgewidth=0,
                clip_on=False, transform=ax.get_xaxis_transform(), zorder=4)
        used.add("exact")
    curve = curve[curve[name] > curve["rounding"]]
    if not len(curve):
        return
    used.add((method, local, weights))
    at = curve[x] * apart
    marks.points(ax, at, curve[name], lambda: said(curve, name, name + "_q90"))
    ax.fill_between(at, curve[name], curve[name + "_q90"], color=colour, alpha=0.13, linewidth=0)
    ax.plot(at, curve[name], color=colour, linewidth=1.2, marker=marker, markersize=4.6, markeredgewidth=0.7, linestyle=style.dashes(method),
            zorder=3, **hollow)
    if name == "err_amm" and curve["theory_err_amm"].notna().any():
        ax.plot(at, curve["theory_err_amm"], color=colour, linewidth=2.6, alpha=0.3, zorder=2)
        used.add("theory")


def said(curve: pd.DataFrame, name: str, high: str) -> list[str]:
    """What points of an error say: which sketch, the median and the 90 % quantile."""
    names = ["method", "beta", "n", *(size for size in ("r", "features", "local") if curve[size].max() > 0)]
    return [f"{where}: {name} {marks.three(value)}, 90 % quantile {marks.three(most)}"
            for where, value, most in zip(marks.place(curve, names), curve[name], curve[high])]


def _guides(ax: Axes, points: pd.DataFrame, x: str, name: str, used: set[Any]) -> None:
    """The laws of averages, each through the middle of its points: size^(-1/2), and of squares over their rows r^(-1)."""
    squares = points["method"].isin(SQUARES)
    for own, power in ((~squares & ~points["exact"], -0.5), (squares & ~points["exact"], -1.0 if x == "r" else -0.5)):
        part = points[own]
        if len(part) < 2 or part[x].nunique() < 2:
            continue
        level = (part[name] * part[x] ** -power).median()
        ends = np.array([part[x].min() / 1.3, part[x].max() * 1.3])
        ax.plot(ends, level * ends ** power, color=style.GREY, linewidth=0.8, linestyle=GUIDES[power], zorder=1.5)
        used.add(power)


def limits(ax: Axes, part: pd.DataFrame, name: str) -> None:
    """The axis of an error: bands are seen whole."""
    shown = part[part[name] > part["rounding"]]
    if len(shown):
        ax.set_ylim(shown[name].min() / 1.8, 1.3 * np.nanmax(shown[[name, name + "_q90"]].to_numpy()))
    style.ticks(ax.yaxis, scale="log", text=style.decade)


def handles_of(part: pd.DataFrame, x: str, used: set[Any]) -> list[Artist]:
    """Handles of a legend for what was drawn."""
    keys = sorted((key for key in used if isinstance(key, tuple)), key=lambda key: (style.order(key[0]), *key[1:]))
    handles: list[Artist] = []
    for method, local, weights in keys:
        colour, marker = style.method(method)
        other = bool(local or weights)
        handles.append(matplotlib.lines.Line2D([], [], color=colour, marker=marker, markersize=5, linewidth=1.2,
                                               linestyle=style.dashes(method),
                                               markerfacecolor="white" if other else colour,
                                               markeredgecolor=colour if other else "white", markeredgewidth=0.7,
                                               label=label(method, local, weights)))
    if "exact" in used:
        methods = sorted(part["method"][_exact(part).any(axis=1)].unique(), key=style.order)
        handles.append(matplotlib.lines.Line2D([], [], color=style.GREY, marker=EXACT, linestyle="", markersize=6,
                                               markeredgewidth=0, label="exact:\n" + "\n".join(methods)))
    if "theory" in used:
        handles.append(matplotlib.lines.Line2D([], [], color=style.GREY, linewidth=2.6, alpha=0.4, label="theory, root mean square"))
    sign = "$r$" if x == "r" else "state"
    handles += [matplotlib.lines.Line2D([], [], color=style.GREY, linewidth=0.8, linestyle=GUIDES[power], label=rf"$\propto$ {sign}$^{{{words}}}$")
                for power, words in ((-0.5, "-1/2"), (-1.0, "-1")) if power in used]
    return handles
