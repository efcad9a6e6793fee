"""Single panels of the report's figures, into axes of one's own: for papers, slides and notebooks.

    import matplotlib.pyplot as plt, polysweep
    ds = polysweep.open("phase.h5")
    figure, (left, right) = plt.subplots(1, 2)
    polysweep.plot.phase(ds, left, d=66)
    polysweep.plot.success(ds, right, d=66)

Every function takes the values of coordinates by name, which choose points. What they leave open is decided as in the report: of several
panels the one whose values differ most is drawn. Its title says which.
"""
from __future__ import annotations

from typing import Any

from . import backend  # noqa: F401, first: it imports matplotlib

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from . import scaling as tables
from .cases import ERRORS, SYMBOLS, case_columns, case_label, judged, rate, rows_of, table
from .checks import check_name, fraction, of_dataset
from .edge_tables import names_of
from .edges import edges as find
from .figures import expected
from .figures.curves import colour_axis, colours_of, draw as _draw_curves, handles_of as _of_curves
from .figures.edges import axes_of, draw as _draw_edges, handles_of as _of_edges, numbers_of, values_of, words_of
from .figures.errors import SIZES, WORDS, draw as _draw_errors, handles_of as _of_errors, limits
from .figures.figure import kernel_text, kernels, spaced, spread
from .figures.phase import LENGTH, draw as _draw_phase, handles_of as _of_phase, panels_over
from .figures.scaling import COLUMNS, MOST_SERIES, Ahead, draw as _draw_scaling, handles_of as _of_scaling, laws_of
from .foreign import plain
from .sketches import held, once, sketches
from .study import level_of

__all__ = ["edges", "errors", "phase", "scaling", "success"]
_LAWS = {"strong": ("amdahl", "usl"), "weak": ("gustafson",)}


@of_dataset
def phase(ds: xr.Dataset, ax: Axes | None = None, over: str | None = None, **where: Any) -> Axes:
    """Rate of success as colour over the degree and the length, or the width, with theory's edges.

    Parameters
    ----------
    ds : xarray.Dataset
        Points, from `polysweep.open`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the current axes of pyplot.
    over : str, optional
        The vertical axis, n or d; by default n where it varies.
    **where : object
        Values of coordinates, which choose points: ``method="exact", d=66``.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The axes; the first of its collections are the cells, for a bar of colours.

    Raises
    ------
    ValueError
        No point is chosen, or no panel of them has several degrees and lengths.

    Examples
    --------
    >>> ax = polysweep.plot.phase(polysweep.open(path), method="exact")
    >>> ax.get_ylabel(), ax.collections[0].get_array().size
    ('sequence length $n$', 6)
    """
    frame = expected.shown(judged(table(ds)))
    frame, names = _chosen(ds, frame[frame["beta"].notna()], where), case_columns(ds)
    over = check_name(over, LENGTH, "length") if over is not None else "n" if frame["n"].nunique() > 1 else "d"
    keys = [*names, "method", "d" if over == "n" else "n"]
    values = rate(frame).where(frame["done"]).to_numpy(float)
    key, rows = _most(panels_over(frame, keys, over), values, f"several degrees and values of {over}")
    part, used, ax = frame.iloc[rows].sort_values("beta"), set[str](), _axes(ax)
    _draw_phase(ax, part, over, used)
    ax.set(xlabel=r"degree $\beta$", ylabel=LENGTH[over])
    return _named(ax, _title(names, keys, key, part), _of_phase(used))


@of_dataset
def success(ds: xr.Dataset, ax: Axes | None = None, level: float | None = None, **where: Any) -> Axes:
    """Rate of success against the degree: points with their intervals, the exact probability as lines.

    Parameters
    ----------
    ds : xarray.Dataset
        Points, from `polysweep.open`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the current axes of pyplot.
    level : float, optional
        Where the dotted line is; by default the level of the study.
    **where : object
        Values of coordinates, which choose points: ``method="exact", d=66``.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The axes; a curve for each n where it varies, else for each d, else for each value of the first coordinate that does.

    Raises
    ------
    ValueError
        No point with a degree is chosen.

    Examples
    --------
    >>> ax = polysweep.plot.success(polysweep.open(path), level=0.5)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['64', '128']
    """
    level = level_of(ds) if level is None else fraction(level, "level")
    frame, names = judged(table(ds)), case_columns(ds)
    frame = frame if frame["done"].any() or len(frame) > expected.MOST else frame.assign(theory_success=expected.probability(frame))
    frame = _chosen(ds, frame[frame["beta"].notna() & (frame["method"] != "closed_form")], where)
    colour = colour_axis(frame, names)
    rest = [name for name in [*names, "method", "n", "d"] if name != colour]
    values = rate(frame).where(frame["done"]).to_numpy(float)
    key, rows = _most(rows_of(frame, rest), values, "a degree")
    part, ax = frame.iloc[rows].sort_values("beta"), _axes(ax)
    colours = colours_of([part], colour)
    _draw_curves(ax, part[part[colour].isin(colours)], colour, colours, dict(zip(rest, key)), [], level)
    ax.set(xlabel=r"degree $\beta$", ylabel="rate of success")
    return _named(ax, _title(names, rest, key, part), _of_curves(colours, [part], colour), SYMBOLS.get(colour, colour))


@of_dataset
def edges(ds: xr.Dataset, ax: Axes | None = None, found: xr.Dataset | None = None, **where: Any) -> Axes:
    """Edges over the length and the width: where a column crosses its level, between which candidates, and theory's.

    Parameters
    ----------
    ds : xarray.Dataset
        Points, from `polysweep.open`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the current axes of pyplot.
    found : xarray.Dataset, optional
        What `polysweep.edges` returned for `ds`; by default it is called.
    **where : object
        Values of coordinates of the combinations, which choose some: ``mask="full"``.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ValueError
        No combination is chosen, or nothing differs between those that are.

    Examples
    --------
    >>> ax = polysweep.plot.edges(polysweep.open(path), method="exact")
    >>> ax.get_xlabel()
    'sequence length $n$'
    """
    found = find(ds) if found is None else found
    names = names_of(ds, found)
    frame = numbers_of(ds, found)
    missing = [name for name in where if name not in frame and name in found.coords]
    frame = frame.assign(**{name: found[name].values[frame["combination"]] for name in missing})
    frame = _chosen(ds, frame, where)
    axis, colour = axes_of(frame, names)
    if axis is None:
        raise ValueError("the chosen combinations do not differ in a number: there is no axis to draw edges over")
    rest = [name for name in names if name not in (axis, colour)]
    key, rows = _most(rows_of(frame, rest) if rest else {(): np.arange(len(frame))}, frame["position"].to_numpy(float), "an edge")
    part, used, ax = frame.iloc[rows], set[str](), _axes(ax)
    chosen = values_of(part[colour].unique()) if colour else [None]
    _draw_edges(ax, part, (axis, colour), chosen, part, used)
    over = found.attrs["over"]
    ax.set(xlabel=words_of(axis), ylabel=f"edge in {SYMBOLS.get(over, over)}")
    about = pd.DataFrame({"preset": np.atleast_1d(found["preset"].values)[:1]})
    return _named(ax, case_label(rest, key, about), _of_edges(chosen, colour, used))


@of_dataset
def errors(ds: xr.Dataset, ax: Axes | None = None, error: str = "err_out", over: str = "state_bytes", **where: Any) -> Axes:
    """Error of sketches against their size, a curve per method.

    Parameters
    ----------
    ds : xarray.Dataset
        Points, from `polysweep.open`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the current axes of pyplot.
    error : str, default "err_out"
        One of err_amm, err_attn and err_out.
    over : str, default "state_bytes"
        The size: state_bytes, or r.
    **where : object
        Values of coordinates, which choose points: ``beta=4, n=2048``.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The axes, both logarithmic.

    Raises
    ------
    ValueError
        There is no such error or size, or no point that has them is chosen.

    Examples
    --------
    >>> ax = polysweep.plot.errors(polysweep.open(sketch), error="err_amm", over="r")
    >>> ax.get_xscale(), ax.get_xlabel()
    ('log', 'rows of the sketch $r$')
    """
    check_name(error, ERRORS, "error")
    check_name(over, SIZES, "size")
    names, frame = held(ds), sketches(ds)
    if not len(frame):
        raise ValueError("no point is one of a sketch")
    frame = frame[frame["done"] & frame[error].notna()]
    frame = once(frame, [*names, "n", "d", "beta"]).assign(kernel=lambda each: kernels(each))
    frame = _chosen(ds, frame[frame[over] > 0], where)
    rest = [*names, "n", "d", "kernel"]
    key, rows = _most(rows_of(frame, rest), np.log(frame[error].clip(lower=1e-300)).to_numpy(float), f"the error {error}")
    part, used, ax = frame.iloc[rows], set[Any](), _axes(ax)
    _draw_errors(ax, part, over, error, used)
    limits(ax, part, error)
    ax.set(xlabel=SIZES[over][1], ylabel="error of the " + WORDS[error])
    words = [case_label(names, key[:len(names)]), kernel_text(key[-1]), f"$n$ = {int(key[-3])}", f"$d$ = {int(key[-2])}"]
    return _named(ax, ", ".join(filter(None, words)), _of_errors(part, over, used))


@of_dataset
def scaling(ds: xr.Dataset, ax: Axes | None = None, column: str | None = None, kind: str = "strong", **where: Any) -> Axes:
    """Seconds, speed-up or efficiency over the ranks of a team, with fitted laws and the ideal.

    Parameters
    ----------
    ds : xarray.Dataset
        Points, from `polysweep.open`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default the current axes of pyplot.
    column : str, optional
        One of time_s, speed_up (of strong scaling alone) and efficiency; by default speed_up of strong scaling, else efficiency.
    kind : str, default "strong"
        The kind of scaling, strong or weak.
    **where : object
        Values of coordinates, which choose points: ``method="exact"``.

    Returns
    -------
    ax : matplotlib.axes.Axes
        The axes; the team is on a logarithmic one.

    Raises
    ------
    ValueError
        There is no such kind or column, or no series is chosen that was timed on teams of two sizes.

    Examples
    --------
    >>> ax = polysweep.plot.scaling(polysweep.open(teams), column="efficiency", method="exact")
    >>> ax.get_ylabel(), ax.get_xlabel()
    ('efficiency', 'ranks of the team $P$')
    """
    check_name(kind, COLUMNS, "kind of scaling")
    column = check_name(column if column is not None else COLUMNS[kind][-2] if kind == "strong" else "efficiency", COLUMNS[kind], "column")
    whole = getattr(tables, kind)(ds)
    if not len(whole):
        raise ValueError(f"no point was timed on teams of two sizes: there is no {kind} scaling")
    found = _chosen(ds, whole, where)
    found.attrs.update(whole.attrs)
    key, rows = _most(rows_of(found, ["method", "timing"]), found[column].to_numpy(float), "two teams")
    part, ax = found.iloc[rows], _axes(ax)
    part.attrs.update(whole.attrs)
    fits, chosen = tables.series_fits(ds, part, _LAWS[kind]), spaced(part["series"].unique(), MOST_SERIES)
    largest = float(part["team"].max())
    _draw_scaling(ax, part, chosen, (fits, Ahead(largest, largest, pd.DataFrame(columns=["series", "team"]))), column, kind)
    ax.set_xlabel("ranks of the team $P$")
    return _named(ax, str(key[0]), laws_of(fits, chosen) + _of_scaling(part, part, chosen, kind))


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.gca()


def _chosen(ds: xr.Dataset, frame: pd.DataFrame, where: dict[str, Any]) -> pd.DataFrame:
    """The rows with the values that are asked for; ValueError says which of them no row has."""
    for name, value in where.items():
        check_name(name, [each for each in frame if each in ds.coords], "coordinate")
        there = frame[frame[name] == value]
        if not len(there):
            known = ", ".join(plain(each) for each in frame[name].drop_duplicates().head(8))
            raise ValueError(f"no point is left with {name} = {value!r}; there are: {known}")
        frame = there
    return frame


def _most(panels: dict[Any, Any], values: Any, what: str) -> tuple[Any, Any]:
    """The panel whose values differ most."""
    if not panels:
        raise ValueError(f"no point is chosen that has {what}")
    return max(panels.items(), key=lambda item: spread(values[item[1]]))


def _title(names: list[str], keys: list[str], key: tuple[Any, ...], part: pd.DataFrame) -> str:
    fixed = dict(zip(keys, key))
    known = [name for name in names if name in fixed]
    words = [case_label(known, [fixed[name] for name in known], None if "preset" in names else part),
             "" if fixed["method"] == "exact" else str(fixed["method"])]
    return ", ".join(filter(None, [*words, *(f"{SYMBOLS[name]} = {int(fixed[name])}" for name in ("n", "d") if name in fixed)]))


def _named(ax: Axes, title: str, handles: list[Any], heading: str | None = None) -> Axes:
    ax.set_title(title)
    if handles:
        ax.legend(handles=handles, title=heading, fontsize="small", frameon=False)
    return ax
