"""Phase diagrams: rate of success as colour over (beta, n) and over (beta, d), theory's edges drawn in."""
from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import matplotlib.colors
import matplotlib.figure
import matplotlib.lines
import matplotlib.patches
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from .. import style
from ..aside import legend
from ..cases import BASELINES, SYMBOLS, baseline, case_columns, case_label, judged, rate, rows_of, table
from ..checks import check_name, of_dataset
from ..study import level_of
from . import expected, findings, marks
from .figure import Arrangement, Figure, arranged, facts, sorted_rows, spread
from ..kinds import Array, Dashes, Key

#: column, line style, colour, words: bounds in ink, predictions in red. All are exact consequences of the definitions
#: of data and head, never a published constant.
EDGES: tuple[tuple[str, Dashes, str, str], ...] = (
    ("beta_fail", (0, (1, 1.3)), style.INK, r"$\beta_{\mathrm{fail}}$: below it $D_1$ cannot fire (derived bound)"),
    ("beta_c", "solid", style.RED, r"$\beta_c$: predicted critical degree (derived)"),
    ("beta_ok", (0, (4, 1.6)), style.INK, r"$\beta_{\mathrm{ok}}$: from it on $D_1$ can fire (derived bound)"),
    ("beta_up", (0, (6, 1.6, 1.2, 1.6)), style.INK, r"$\beta_{\mathrm{up}}$: $D_0$ fires, signs averaged out (derived)"),
    ("beta_up_class_3s", (0, (3, 1.3, 1, 1.3, 1, 1.3)), style.RED,
     r"$\beta_{\mathrm{up},3\sigma}$: $D_0$ fires, 3$\sigma$ of sign noise (derived)"),
    ("edge_lo", "solid", style.INK, "exact edges: where the probability of success is the level"),
    ("edge_hi", "solid", style.INK, ""),  # the same words once
)
LENGTH = {"n": "sequence length $n$", "d": "width $d$"}
COLUMNS = ("success_rate success_lo success_hi successes trials theory_success status beta_fail beta_c beta_ok beta_up "
           "beta_up_class beta_up_class_3s edge_lo edge_hi").split()
MOST_ROWS, MOST_COLUMNS = 6, 4
FAINT = 0.4  #: edges of a panel whose theory they are not
SPARED = "#e9e6df"  #: of cells that a search did not need


@of_dataset
def phase(ds: xr.Dataset, over: str) -> Iterator[Figure]:
    """Yields the figure of success over (beta, `over`), over = "n" or "d"; nothing if `over` does not vary.

    One panel per case, method with a degree, and value of the other length (the ends and some between if there are
    many). A strip beside a panel shows softmax and linear, which have no degree.
    """
    check_name(over, ("n", "d"), "length")
    names, frame = case_columns(ds), expected.shown(judged(table(ds)))
    other = "d" if over == "n" else "n"
    keys = [*names, "method", other]
    panels = panels_over(frame, keys, over)
    if not panels:
        return
    again = _again(panels, frame, keys, over)
    panels = {key: rows for key, rows in panels.items() if key not in again}
    values = rate(frame).where(frame["done"]).to_numpy(float)
    chosen = arranged({key: spread(values[rows]) for key, rows in panels.items()}, keys, MOST_ROWS, MOST_COLUMNS)
    shown = {key: _with_edges(frame, panels, keys, key, over).sort_values("beta") for key in chosen.keys}
    with style.use():
        canvas, used = _canvas(shown, frame[frame["method"].isin(BASELINES)], keys, chosen, over)
    order = [*names, "method", "n", "d", "beta"]
    data = sorted_rows(frame, order, [*order, *COLUMNS])
    yield Figure(f"phase-beta-{over}", f"Success over degree and {LENGTH[over].split(' $')[0]}",
                 f"{_caption(over, used, chosen, len(again))} {facts(frame)}", canvas, {"": data},
                 finding=findings.separation([(heading(keys, key, over, part), part) for key, part in shown.items()], over, level_of(ds)))


def _with_edges(frame: pd.DataFrame, panels: dict[Key, Array], keys: list[str], key: Key, over: str) -> pd.DataFrame:
    """The points of a panel; under noise, of which theory knows nothing, with the edges that the same panel has without it."""
    part, columns = frame.iloc[panels[key]], [name for name, *_ in EDGES]
    at = keys.index("noise") if "noise" in keys else None
    quiet = panels.get((*key[:at], 0.0, *key[at + 1:])) if at is not None and key[at] > 0 else None
    if quiet is None or part[columns].notna().any(axis=None):
        return part
    known = frame.iloc[quiet].groupby(over)[columns].first()
    return part.assign(**{name: part[over].map(known[name]) for name in columns})


def _again(panels: dict[Key, Array], frame: pd.DataFrame, keys: list[str], over: str) -> set[Key]:
    """Panels of theory alone that a panel of measurements has too: their difference is a figure of its own."""
    method, found = keys.index("method"), set()
    for key in panels:
        twin = panels.get((*key[:method], "exact", *key[method + 1:]))
        if key[method] == "closed_form" and twin is not None:
            own, measured = (set(map(tuple, frame[[over, "beta"]].iloc[rows].to_numpy())) for rows in (panels[key], twin))
            known = frame["theory_success"].iloc[twin].notna().all() and frame["done"].iloc[twin].all()
            found |= {key} if own <= measured and known else set()
    return found


def panels_over(frame: pd.DataFrame, keys: list[str], over: str) -> dict[Key, Array]:
    """{key: positions in `frame`} of panels with several degrees and lengths."""
    swept = np.flatnonzero(frame["beta"].notna())
    grid = frame[[*keys, over, "beta"]].iloc[swept]
    panels = {key: swept[rows] for key, rows in rows_of(grid, keys).items()}
    several = {name: frame[name].to_numpy() for name in (over, "beta")}
    return {key: rows for key, rows in panels.items() if all((values[rows] != values[rows[0]]).any() for values in several.values())}


def _caption(over: str, used: set[str], chosen: Arrangement, again: int) -> str:
    text = (f"Rate of success (colour) over the degree and the {LENGTH[over].split(' $')[0]}; each cell stands at its grid "
            "values. Lines connect theory's edges at the grid values: exact consequences of the definitions of data and "
            "head (derived bounds).")
    if "theory" in used:
        text = "Nothing is measured yet: colours are the exact probability of success. " + text.split(". ", 1)[1]
    if "noisy" in used:
        text += " Faint where there is noise: they are derived without it."
    if used & set(BASELINES):
        text += " The strip to the right of a panel holds the methods without a degree."
    if again:
        text += f" {again} panels of theory alone are not drawn again: measurements are at the same points."
    return text + chosen.words()


def _canvas(panels: dict[Key, pd.DataFrame], baselines: pd.DataFrame, keys: list[str], chosen: Arrangement,
            over: str) -> tuple[matplotlib.figure.Figure, set[str]]:
    """The figure, and the set of things that its legend names."""
    across, down = chosen.across, len(chosen.rows)
    size = (5.6, 3.6) if len(panels) == 1 else (1.0 + 2.75 * across, 0.75 + 2.35 * down)
    canvas = matplotlib.figure.Figure(figsize=size, layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False)
    used: set[str] = set()
    for line, row in zip(grid, chosen.rows):
        for k, ax in enumerate(line):
            key = row[k] if k < len(row) else None
            if key is None:
                ax.set_axis_off()
                continue
            image = draw(ax, panels[key], over, used)
            if "closed_form" not in key:
                _strip(ax, baselines, dict(zip(keys, key)), panels[key], over, used)
            ax.set_title(heading(keys, key, over, panels[key]), pad=5)
            ax.set_ylabel(LENGTH[over] if k == 0 else "")
    for column in grid.T:
        seen = [ax for ax in column if ax.axison]
        if seen:
            seen[-1].set_xlabel(r"degree $\beta$")
    bar = canvas.colorbar(image, ax=grid, fraction=0.06, aspect=24, pad=0.015, shrink=0.9 if down == 1 else 0.55)
    bar.set_label("exact probability of success" if "theory" in used else "rate of success")
    bar.outline.set_linewidth(0.4)
    _legend(canvas, used, across)
    return canvas, used


def heading(keys: list[str], key: Key, over: str, part: pd.DataFrame) -> str:
    """The title of a panel."""
    fixed = dict(zip(keys, key))
    names = keys[:keys.index("method")]
    method = {"exact": "", "closed_form": "exact probability"}.get(fixed["method"], fixed["method"])
    other = "d" if over == "n" else "n"
    parts = [case_label(names, [fixed[name] for name in names], part), method, f"{SYMBOLS[other]} = {int(fixed[other])}"]
    return ", ".join(part for part in parts if part)


def draw(ax: Axes, part: pd.DataFrame, over: str, used: set[str]) -> QuadMesh:
    """One phase diagram of `part`, points sorted by beta that differ in beta and `over` alone; adds to `used` what a legend names."""
    beta, length = (np.unique(part[name]) for name in ("beta", over))
    scales = style.scale_of(beta), style.scale_of(length)
    value, state = np.full((len(length), len(beta)), np.nan), np.full((len(length), len(beta)), "", dtype=object)
    where = np.searchsorted(length, part[over]), np.searchsorted(beta, part["beta"])
    value[where] = rate(part).where(part["done"])
    state[where] = np.where(part["done"] & rate(part).notna(), "done", part["status"])
    x, y = style.cell_edges(beta, scales[0]), style.cell_edges(length, scales[1])
    image = style.cells(ax, x, y, value)
    used |= {"theory"} if expected.of_theory(part) else set()
    missing(ax, x, y, state, used)
    marks.boxes(ax, x[where[1]], x[where[1] + 1], y[where[0]], y[where[0] + 1], lambda: marks.rates(part, ["beta", over]))
    style.ticks(ax.xaxis, beta, scales[0])
    style.ticks(ax.yaxis, length, scales[1])
    ax.set(xlim=x[[0, -1]], ylim=y[[0, -1]])
    _edges(ax, part, over, x, y, used)
    return image


def missing(ax: Axes, x: Array, y: Array, state: Array, used: set[str]) -> None:
    """Points of the study without a result: hatched; failed ones with a cross. Those that a search did not need are pale. Cells that
    are no point stay white."""
    spared = state == "not_needed"
    if spared.any():
        ax.pcolormesh(x, y, np.ma.masked_where(~spared, np.zeros(spared.shape)), cmap=matplotlib.colors.ListedColormap([SPARED]),
                      rasterized=True, zorder=1.1)
        used.add("not_needed")
    for j, i in zip(*np.nonzero((state != "done") & (state != "") & ~spared)):
        box = matplotlib.patches.Rectangle((x[i], y[j]), x[i + 1] - x[i], y[j + 1] - y[j], facecolor="#efefef",
                                           edgecolor="#b5b5b5", hatch="//////", linewidth=0, zorder=1.2)
        ax.add_patch(box)
        used.add("missing")
        if state[j, i] in ("failed", "skipped", "timeout"):
            centre = [np.sqrt(e[k] * e[k + 1]) if s == "log" else 0.5 * (e[k] + e[k + 1])
                      for e, k, s in ((x, i, ax.get_xscale()), (y, j, ax.get_yscale()))]
            ax.plot(*centre, marker="x", color=style.RED, markersize=5, markeredgewidth=1.2, zorder=1.4)
            used.add("failed")


def _edges(ax: Axes, part: pd.DataFrame, over: str, x: Array, y: Array, used: set[str]) -> None:
    noisy = bool((part["noise"] > 0).any())  # theirs is theory without noise
    for column, dashes, colour, _ in EDGES:
        edge = part.groupby(over)[column].first()
        edge = edge[np.isfinite(edge) & (edge > 0)]
        if not len(edge) or edge.min() > x[-1] or edge.max() < x[0]:
            continue
        if len(edge) == 1:  # known for one length only: a mark as high as its cells
            row = np.searchsorted(y, edge.index[0])
            edge = pd.Series(np.repeat(edge.to_numpy(), 2), index=y[row - 1:row + 1])
        ax.plot(edge, edge.index, color=colour, linewidth=1.3, linestyle=dashes, zorder=3, dash_capstyle="butt",
                alpha=FAINT if noisy else 1, path_effects=[style.Casing(alpha=0.85 * FAINT if noisy else 0.85)])
        used |= {column, "noisy"} if noisy else {column}


def _strip(ax: Axes, baselines: pd.DataFrame, fixed: dict[str, Any], part: pd.DataFrame, over: str, used: set[str]) -> None:
    """Softmax and linear beside the panel, on the same axis of lengths."""
    other = "d" if over == "n" else "n"
    names = [name for name in fixed if name not in ("method", other)]
    found = {}
    for method in BASELINES:
        points = baseline(baselines, names, [fixed[name] for name in names], method)
        points = points[(points[other] == fixed[other]) & points[over].isin(part[over])]
        if len(points):
            found[method] = points
    if not found:
        return
    side = ax.inset_axes((1.025, 0, 0.075 * len(found), 1))
    length = np.unique(part[over])
    y = style.cell_edges(length, ax.get_yscale())
    value = np.full((len(length), len(found)), np.nan)
    state = np.full(value.shape, "", dtype=object)
    for k, points in enumerate(found.values()):
        where = np.searchsorted(length, points[over])
        value[where, k] = rate(points).where(points["done"])
        state[where, k] = np.where(points["done"] & rate(points).notna(), "done", points["status"])
        marks.boxes(side, k, k + 1, y[where], y[where + 1], partial(marks.rates, points, ["method", over]))
    x = np.arange(len(found) + 1.0)
    side.set_yscale(ax.get_yscale())
    style.cells(side, x, y, value)
    missing(side, x, y, state, used)
    side.set(xlim=(0, len(found)), ylim=ax.get_ylim(), yticks=[])
    side.minorticks_off()
    side.set_xticks(x[:-1] + 0.5, list(found), rotation=90, fontsize=8)
    side.tick_params(length=0, pad=2)
    used.update(found)


def states(used: set[str]) -> list[Artist]:
    """Handles of a legend for cells without a result, as `missing` draws them."""
    patch = matplotlib.patches.Patch
    handles: list[Artist] = []
    if "not_needed" in used:
        handles.append(patch(facecolor=SPARED, edgecolor="#b5b5b5", linewidth=0.5, label="not needed by the search"))
    if "missing" in used:
        handles.append(patch(facecolor="#efefef", edgecolor="#b5b5b5", hatch="//////", linewidth=0, label="no result yet"))
    if "failed" in used:
        handles.append(matplotlib.lines.Line2D([], [], color=style.RED, marker="x", linestyle="", markersize=5,
                                               markeredgewidth=1.2, label="failed, skipped or timed out"))
    return handles


def handles_of(used: set[str]) -> list[Artist]:
    """Handles of a legend for what was drawn."""
    return [matplotlib.lines.Line2D([], [], color=colour, linewidth=1.3, linestyle=dashes, label=words)
            for column, dashes, colour, words in EDGES if column in used and words] + states(used)


def _legend(canvas: matplotlib.figure.Figure, used: set[str], across: int) -> None:
    handles = handles_of(used)
    if handles:
        columns = 1 if across == 1 else 2 if across == 2 else 3
        rows = -(-len(handles) // columns)
        width, height = canvas.get_size_inches()
        canvas.set_size_inches(width, height + 0.22 * rows + 0.1)
        legend(canvas, "lower left", handles=handles, ncols=columns, handlelength=3.2, columnspacing=1.6,
               borderaxespad=0.2)
