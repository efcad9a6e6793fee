"""Why points fail: how often both data sets fire, and where the rate of success is not the exact one."""
from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.colors
import matplotlib.figure
import matplotlib.patches
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh

from .. import style
from ..aside import legend
from ..cases import case_columns, judged, table
from ..checks import of_dataset
from ..study import level_of
from . import marks
from .figure import MOST_ROWS as CSV_ROWS, Figure, arranged, facts, sorted_rows, spread
from .phase import LENGTH, heading, missing, panels_over, states
from ..kinds import Key

MOST_ROWS = 4
FIRES = {"fire_rate_d1": "$P(D_1$ fires$)$", "fire_rate_d0": "$P(D_0$ fires$)$"}
LEAST = 0.05  #: of differences: what has full colour at least
COLUMNS = "fire_rate_d1 fire_rate_d0 success_rate success_lo success_hi theory_success difference inside trials".split()

_NEEDED = """method method_folds n d beta preset status done m precision mask trials_error trials_done fire_rate_d1 fire_rate_d0 success_rate
    success_lo success_hi theory_success trials""".split()


@of_dataset
def why(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields the figure of why points fail over (beta, n), or d where n does not vary: a row for each of the panels that differ most, with
    the rates at which D_1 and D_0 fire, and measured minus exact. Nothing in files without these rates."""
    names = case_columns(ds)
    frame = judged(table(ds)[list(dict.fromkeys([*names, *_NEEDED]))])  # of a million points not all columns
    about = frame["fire_rate_d1"].notna() & frame["beta"].notna() & (frame["method"] != "closed_form")
    frame = frame if about.all() else frame[about]
    over = "n" if len(frame) and frame["n"].nunique() > 1 else "d"
    keys = [*names, "method", "d" if over == "n" else "n"]
    panels = panels_over(frame, keys, over) if len(frame) else {}
    if not panels:
        return
    values = frame["success_rate"].where(frame["done"]).to_numpy(float)
    every = arranged({key: spread(values[rows]) for key, rows in panels.items()}, keys, MOST_ROWS, MOST_ROWS)
    chosen = sorted(every.keys, key=lambda key: -spread(values[panels[key]]))[:MOST_ROWS]
    shown = {key: differing(frame.iloc[panels[key]]).sort_values("beta") for key in every.keys if key in chosen}
    with style.use():
        canvas, _ = _canvas(shown, keys, over)
    order, level = [*names, "method", "n", "d", "beta"], level_of(ds)
    data = sorted_rows(differing(frame) if len(frame) <= CSV_ROWS else frame, order, [*order, *COLUMNS])
    yield Figure("why", "Why points fail", f"{_caption(shown, len(panels) - len(shown))} {facts(frame)}", canvas, {"": data},
                 finding=_finding(frame.loc[frame["done"], ["success_rate", *FIRES]], level), whole_rows=True)


def differing(frame: pd.DataFrame) -> pd.DataFrame:
    """The points with `difference`, measured minus exact, and `inside`, whether that is no more than the interval allows."""
    inside = (frame["success_lo"] <= frame["theory_success"]) & (frame["theory_success"] <= frame["success_hi"])
    return frame.assign(difference=frame["success_rate"] - frame["theory_success"], inside=inside)


def _caption(shown: dict[Key, pd.DataFrame], left_out: int) -> str:
    text = ("A trial succeeds where some sign vector fires on D\u2081 and none on D\u2080: left, the share of trials that fire on D\u2081; beside it "
            "that on D\u2080.")
    known = [part["difference"].notna() for part in shown.values()]
    if any(each.any() for each in known):
        outside = sum(int((~part["inside"] & there).sum()) for part, there in zip(shown.values(), known))
        text += (f" Right: measured minus exact rate of success, pale where the interval holds the exact one; {outside} of "
                 f"{sum(int(each.sum()) for each in known)} cells are outside, by chance about one in twenty.")
    return text + (f" {left_out} further panels are in the data only." if left_out else "")


def _finding(frame: pd.DataFrame, level: float) -> str:
    low = frame[frame["success_rate"] < level]
    silent, loud = low["fire_rate_d1"] < level, low["fire_rate_d0"] > 1 - level
    if not len(low):
        return f"All {len(frame)} points separate at {level:g}."
    return (f"Of {len(low)} of {len(frame)} points below {level:g}, D₁ fires in fewer than {level:g} of trials at {int(silent.sum())}, D₀ in more "
            f"than {marks.three(1 - level)} at {int(loud.sum())}, both at {int((silent & loud).sum())}.")


def _canvas(shown: dict[Key, pd.DataFrame], keys: list[str], over: str) -> tuple[matplotlib.figure.Figure, set[str]]:
    theory = any(part["difference"].notna().any() for part in shown.values())
    across, down = 2 + theory, len(shown)
    used: set[str] = set()
    canvas = matplotlib.figure.Figure(figsize=(1.6 + 2.6 * across, 0.9 + 1.95 * down), layout="constrained")
    grid = canvas.subplots(down, across, squeeze=False, sharex="row", sharey="row")
    most = max(LEAST, *(part["difference"].where(~part["inside"]).abs().fillna(0).max() for part in shown.values()))
    for row, (key, part) in zip(grid, shown.items()):
        for ax, (name, words) in zip(row, FIRES.items()):
            fires = fill(ax, part, over, name, used)
            ax.set_title(words if ax is row[1] else f"{heading(keys, key, over, part)}: {words}", pad=5)
        if theory and part["difference"].notna().any():
            apart = fill(row[2], part, over, "difference", used, most)
            row[2].set_title("measured − exact", pad=5)
        elif theory:
            row[2].set_axis_off()
            row[2].text(0.5, 0.5, "no exact probability\nis known here", transform=row[2].transAxes, ha="center", va="center", color=style.GREY)
        row[0].set_ylabel(LENGTH[over])
    for ax in grid[-1]:
        ax.set_xlabel(r"degree $\beta$")
    bars = [(fires, grid[:, :2], "share of trials")] + ([(apart, grid[:, 2:], "measured − exact")] if theory else [])
    for image, axes, words in bars:
        bar = canvas.colorbar(image, ax=axes, location="bottom", fraction=0.05, aspect=30, pad=0.03, shrink=0.7, label=words)
        bar.outline.set_linewidth(0.4)
        style.ticks(bar.ax.xaxis)
    handles = states(used)
    if "inside" in used:
        handles.insert(0, matplotlib.patches.Patch(facecolor=style.PALE, edgecolor="#b5b5b5", linewidth=0.5, label="within its interval"))
    if handles:
        legend(canvas, "lower left", handles=handles, ncols=3, borderaxespad=0.2)
    return canvas, used


def fill(ax: Axes, part: pd.DataFrame, over: str, name: str, used: set[str], most: float = 1.0) -> QuadMesh:
    """One panel of a column over (beta, over); differences are pale where their interval allows them."""
    beta, length = (np.unique(part[column]) for column in ("beta", over))
    scales = style.scale_of(beta), style.scale_of(length)
    x, y = style.cell_edges(beta, scales[0]), style.cell_edges(length, scales[1])
    where = np.searchsorted(length, part[over]), np.searchsorted(beta, part["beta"])
    shape = len(length), len(beta)
    value, inside, state = np.full(shape, np.nan), np.zeros(shape, bool), np.full(shape, "", dtype=object)
    value[where] = part[name].where(part["done"])
    state[where] = np.where(part["done"], "done", part["status"])
    if name == "difference":
        inside[where] = part["inside"] & part["difference"].notna()
        image = style.cells(ax, x, y, np.where(inside, np.nan, value), matplotlib.colormaps["RdBu"], (-most, most))
        style.cells(ax, x, y, np.where(inside, 1.0, np.nan), matplotlib.colors.ListedColormap([style.PALE]))
        used |= {"inside"} if inside.any() else set()
    else:
        image = style.cells(ax, x, y, value)
    missing(ax, x, y, state, used)
    marks.boxes(ax, x[where[1]], x[where[1] + 1], y[where[0]], y[where[0] + 1], lambda: _say(part, over, name))
    style.ticks(ax.xaxis, beta, scales[0])
    style.ticks(ax.yaxis, length, scales[1])
    ax.set(xlim=x[[0, -1]], ylim=y[[0, -1]])
    return image


def _say(part: pd.DataFrame, over: str, name: str) -> list[str]:
    where = marks.place(part, ["beta", over])
    if name == "difference":
        return [f"{at}: measured {marks.three(rate)}, exact {marks.three(exact)}, {'within' if inside else 'outside'} its interval"
                if exact == exact else f"{at}: no exact probability is known" for at, rate, exact, inside in
                zip(where, part["success_rate"], part["theory_success"], part["inside"])]
    return [f"{at}: {'D₁' if name.endswith('1') else 'D₀'} fires in {marks.three(rate)} of trials" for at, rate in zip(where, part[name])]
