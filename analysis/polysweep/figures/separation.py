"""Success of sketches over degree and size, beside what the exact method does at the same degrees."""
from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from .. import style
from ..aside import legend
from ..cases import SYMBOLS, case_label, rate, table
from ..checks import of_dataset
from ..study import level_of
from ..sketches import SERIES, exact_of, held, label, sketches
from . import findings, marks
from .figure import Figure, facts
from .phase import missing, states
from ..kinds import Array, Key

MOST_PANELS = 6
NOTHING = 0.05  #: an exact rate up to this is failure
COLUMNS = """success_rate success_lo success_hi successes trials success_samples exact_rate exact_mass spurious status beta_c
    special_mass_d1""".split()


@of_dataset
def separation(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields the figure of success over (beta, size of the sketch): a panel per case, method, n and d; under each panel the
    exact method's rate at the same degrees, and its special mass. Nothing unless both axes vary."""
    names, everything = held(ds), table(ds)
    frame = beside(ds)
    if not len(frame):
        return
    panels = {key: part for key, part in frame.groupby([*names, *SERIES, "n", "d"], dropna=False)
              if part["beta"].nunique() > 1 and part["r"].nunique() > 1}
    if not panels:
        return
    shown = dict(list(panels.items())[:MOST_PANELS])
    with style.use():
        canvas, used = _canvas(shown, names)
    text = ("Rate of success (colour) of a sketch over the degree and its rows r; in the two strips below, at the same "
            "degrees, the rate of the exact method and the exact attention of the special token on itself (f; white 0, black 1). ")
    if "spurious" in used:
        text += ("Crossed out: below the predicted critical degree, where the exact method succeeds in at most "
                 f"{NOTHING:.0%} of trials, but the sketch's 95 % interval lies above the exact rate: noise of the sketch, "
                 "not expressibility. ")
    samples = frame.loc[frame["success_samples"] > 0, "success_samples"]
    if len(samples) and samples.min() < frame["trials"].max():
        text += f"Trials share draws of the sketch: intervals rest on {int(samples.min())} draws. "
    if len(shown) < len(panels):
        text += f"{len(panels) - len(shown)} further panels are in the data only. "
    data = frame.sort_values([*names, "method", "n", "d", "r", "beta"])
    yield Figure("separation-beta-r", "Separation through a sketch", f"{text}{facts(everything)}", canvas,
                 {"": data[[*names, "method", "n", "d", "beta", "r", "features", "local", "weights", "draws", *COLUMNS]]},
                 finding=_finding(shown, names, level_of(ds)))


def _finding(shown: dict[Key, pd.DataFrame], names: list[str], level: float) -> str:
    sentences = []
    for key, part in shown.items():
        spurious = int(part["spurious"].sum())
        sentences.append(f"{findings.plain_title(_title(names, key, part))}: {findings.reached(part, 'r', level)}"
                         + (f"; {spurious} of {len(part)} cells are noise of the sketch" if spurious else "") + ".")
    return findings.listed(sentences, "panels")


@of_dataset
def beside(ds: xr.Dataset) -> pd.DataFrame:
    """Sketch points that were judged, with exact_rate (the exact probability of success, else the exact method's measured
    rate), exact_mass (f of the exact kernel), beta_c of the exact method, and `spurious`."""
    names, frame, everything = [*held(ds), "n", "d", "beta"], sketches(ds), table(ds)
    frame = frame[(frame["trials"] > 0) & frame["beta"].notna()] if len(frame) else frame
    parts = []
    for key, part in frame.groupby(names, dropna=False) if len(frame) else ():
        exact = exact_of(everything, names, key, part["method"].iloc[0])
        one = exact.iloc[0] if len(exact) else None
        parts.append(part.assign(exact_rate=_first(one, "theory_success", "success_rate"), beta_c=_first(one, "beta_c"),
                                 exact_mass=_first(one, "theory_special_mass_d1", "special_mass_d1")))
    if not parts:
        return frame
    frame = pd.concat(parts)
    below = ~(frame["beta"] >= frame["beta_c"])  # without a prediction the exact rate alone decides
    frame["spurious"] = (frame["done"] & below & (frame["exact_rate"] <= NOTHING)
                         & (frame["success_lo"] > np.maximum(frame["exact_rate"], 1e-9)))
    return frame


def _first(one: pd.Series | None, *wanted: str) -> float:
    """The first of the wanted columns that a point has; NaN without a point."""
    return next((one[name] for name in wanted if one is not None and np.isfinite(one[name])), np.nan)


def _canvas(panels: dict[Key, pd.DataFrame], names: list[str]) -> tuple[matplotlib.figure.Figure, set[str]]:
    across = min(3, len(panels))
    down = -(-len(panels) // across)
    canvas = matplotlib.figure.Figure(figsize=(1.7 + 3.0 * across, 1.1 + 2.9 * down), layout="constrained")
    grid = canvas.subplots(3 * down, across, squeeze=False, height_ratios=[7, 0.9, 0.9] * down)
    used: set[str] = set()
    for k, (key, part) in enumerate(panels.items()):
        i, j = divmod(k, across)
        axes = grid[3 * i:3 * i + 3, j]
        image = _panel(axes, part, used)
        axes[0].set_title(_title(names, key, part), pad=5)
        axes[2].set_xlabel(r"degree $\beta$")
        if j == 0:
            axes[0].set_ylabel("rows of the sketch $r$")
    for k in range(len(panels), across * down):
        i, j = divmod(k, across)
        for ax in grid[3 * i:3 * i + 3, j]:
            ax.set_axis_off()
    bar = canvas.colorbar(image, ax=grid, fraction=0.05, aspect=22, pad=0.012, shrink=0.85 if down == 1 else 0.5)
    bar.set_label("rate of success")
    bar.outline.set_linewidth(0.4)
    _legend(canvas, used)
    return canvas, used


def _title(names: list[str], key: Key, part: pd.DataFrame) -> str:
    *case, method, local, weights, n, d = key
    parts = [case_label(names, case, part), label(method, local, weights), f"{SYMBOLS['n']} = {int(n)}", f"{SYMBOLS['d']} = {int(d)}"]
    return ", ".join(filter(None, parts))


def _panel(axes: Array, part: pd.DataFrame, used: set[str]) -> QuadMesh:
    beta, rows = np.unique(part["beta"]), np.unique(part["r"])
    scales = style.scale_of(beta), style.scale_of(rows)
    x, y = style.cell_edges(beta, scales[0]), style.cell_edges(rows, scales[1])
    shape = len(rows), len(beta)
    value, state, spurious = np.full(shape, np.nan), np.full(shape, "", dtype=object), np.zeros(shape, bool)
    where = np.searchsorted(rows, part["r"]), np.searchsorted(beta, part["beta"])
    value[where] = rate(part).where(part["done"])
    state[where] = np.where(part["done"] & rate(part).notna(), "done", part["status"])
    spurious[where] = part["spurious"]
    image = style.cells(axes[0], x, y, value)
    missing(axes[0], x, y, state, used)
    _cross(axes[0], x, y, spurious, used)
    marks.boxes(axes[0], x[where[1]], x[where[1] + 1], y[where[0]], y[where[0] + 1], lambda: _say(part))
    exact = part.groupby("beta")[["exact_rate", "exact_mass"]].first().reindex(beta)
    axes[0].set_yscale(scales[1])
    for ax, name, words, colours in ((axes[1], "exact_rate", "exact", style.MAP), (axes[2], "exact_mass", "$f$", "Greys")):
        ax.pcolormesh(x, [0, 1], exact[[name]].to_numpy().T, cmap=colours, vmin=0, vmax=1, edgecolors="white",
                      linewidth=0.25)
        ax.set_yticks([0.5], [words])
        ax.tick_params(axis="y", length=0)
    if len(beta) <= 10:
        for at, mass in exact["exact_mass"].dropna().items():
            axes[2].text(at, 0.47, _short(mass), ha="center", va="center", fontsize=7,
                         color=style.text_on(matplotlib.colormaps["Greys"](mass)))
    for ax in axes:
        style.ticks(ax.xaxis, beta, scales[0])
        ax.set_xlim(x[[0, -1]])
        _critical(ax, part, x, used)
    style.ticks(axes[0].yaxis, rows, scales[1])
    axes[0].set_ylim(y[[0, -1]])
    for ax in axes[:2]:
        ax.tick_params(labelbottom=False)
    return image


def _say(part: pd.DataFrame) -> list[str]:
    known = part["exact_rate"].notna()
    return [f"{text}, exact method {marks.three(exact)}" + ", spurious" * bool(spurious) if there else text for text, there, exact, spurious in
            zip(marks.rates(part.assign(theory_success=np.nan), ["beta", "r"]), known, part["exact_rate"], part["spurious"])]


def _short(mass: float) -> str:
    """".19", "1", "0": a share to two digits."""
    return f"{mass:.0f}" if mass < 0.005 or mass >= 0.995 else f"{mass:.2f}"[1:]


def _critical(ax: Axes, part: pd.DataFrame, x: Array, used: set[str]) -> None:
    edge = part["beta_c"].dropna()
    if len(edge) and x[0] < edge.iloc[0] < x[-1]:
        ax.axvline(edge.iloc[0], color=style.RED, linewidth=1.3, zorder=3, path_effects=[style.Casing()])
        used.add("beta_c")


def _cross(ax: Axes, x: Array, y: Array, spurious: Array, used: set[str]) -> None:
    """Two thin diagonals over each cell whose success is not the kernel's."""
    for j, i in zip(*np.nonzero(spurious)):
        for ends in ((y[j], y[j + 1]), (y[j + 1], y[j])):
            ax.plot([x[i], x[i + 1]], ends, color="white", linewidth=1.6, zorder=2, solid_capstyle="butt")
            ax.plot([x[i], x[i + 1]], ends, color=style.RED, linewidth=0.8, zorder=2.1, solid_capstyle="butt")
        used.add("spurious")


def _legend(canvas: matplotlib.figure.Figure, used: set[str]) -> None:
    line = matplotlib.lines.Line2D
    handles: list[Artist] = []
    if "beta_c" in used:
        handles.append(line([], [], color=style.RED, linewidth=1.3, label=r"$\beta_c$: predicted critical degree (derived)"))
    if "spurious" in used:
        handles.append(line([], [], color=style.RED, marker="x", linestyle="", markersize=7, markeredgewidth=0.9,
                            label="spurious: the exact kernel does not separate here"))
    handles += states(used)
    if handles:
        legend(canvas, "lower left", handles=handles, ncols=1, handlelength=2.2, borderaxespad=0.2)
