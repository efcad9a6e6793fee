"""Rates of points against the ceilings that were measured in the same job (Williams, Waterman and Patterson 2009)."""
from __future__ import annotations

from collections.abc import Iterator

import matplotlib.figure
import matplotlib.lines
import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from .. import style
from ..aside import legend
from ..checks import of_dataset
from ..read import provenance
from ..scaling import strong as strong_table, timed, weak as weak_table
from . import marks
from .figure import Figure
from .scaling import left_out

BANDWIDTH = "memory_bytes_s"  #: column of the launch table: bytes a second that memory gives each rank, all at once
_COLUMNS = ("method", "precision", "mask", "n", "d", "beta", "r", "features", "team", "timing", "flops", "bytes")
_SHADES = {"fp64": style.INK, "fp32": style.GREY}


@of_dataset
def roofline(ds: xr.Dataset) -> Iterator[Figure]:
    """Yields the roofline of points that were timed by themselves, in files with a team axis: a rank's rate over the
    operations for each byte of the cost model. Nothing where the ceiling of products is not known."""
    if not len(strong_table(ds)) and not len(weak_table(ds)):
        return
    points = rates(ds)
    if not len(points):
        return
    with style.use():
        canvas = _canvas(points)
    yield Figure("roofline", "Rates against measured ceilings", _caption(points), canvas, {"": points}, finding=_finding(points))


@of_dataset
def rates(ds: xr.Dataset) -> pd.DataFrame:
    """Timed points with intensity (operations a byte), rank_gflops (the file's gflops over team, which counts what was really
    done; of the cost model's operations where the file has none), peak_gflops and roof_gflops of a rank,
    and `fraction` of the roof. The roof is the smaller of the rate of large products and intensity times the memory
    bandwidth of a rank; without a bandwidth in the file (`bandwidth_gb` is NaN) only the first."""
    points = timed(ds)
    points = points[(points["bytes"] > 0) & (points["flops"] > 0) & (points["peak_gflops"] > 0)]
    invalid = points.attrs.get("invalid", 0)
    band = bandwidth(ds) / 1e9
    intensity, modelled = points["flops"] / points["bytes"], points["flops"] / points["time_median_s"] / 1e9
    rank = points["gflops"].fillna(modelled) / points["team"]
    roof = np.fmin(points["peak_gflops"], intensity * band)
    table = points[[*_COLUMNS]].assign(
        intensity=intensity, rank_gflops=rank, peak_gflops=points["peak_gflops"], bandwidth_gb=band, roof_gflops=roof,
        fraction=rank / roof, slot=points.index)
    table.attrs["invalid"] = invalid
    return table.reset_index(drop=True)


@of_dataset
def bandwidth(ds: xr.Dataset) -> float:
    """Bytes a second that memory gives a rank, by the launch table: the median over launches; NaN where it is not there."""
    try:
        launches = provenance(ds.attrs["path"])["launches"]
    except (KeyError, OSError):
        return np.nan
    values = np.asarray(launches.get(BANDWIDTH, []), float)
    values = values[values > 0]
    return float(np.median(values)) if len(values) else np.nan


def _finding(points: pd.DataFrame) -> str:
    best = points.loc[points["fraction"].idxmax()]
    return (f"{len(points)} timed points reach {100 * points['fraction'].median():.0f} % of the roof in the median, at most "
            f"{100 * best['fraction']:.0f} % ({best['method']}, n = {int(best['n'])}).")


def _caption(points: pd.DataFrame) -> str:
    best = points.loc[points["fraction"].idxmax()]
    text = ("Operations for each byte are those of the cost model, rates those of one rank of the team: operations done over "
            "seconds measured. Flat, the ceiling of products: fastest large product of this launch. ")
    if points["bandwidth_gb"].notna().any():
        text += "Sloped: memory bandwidth of a rank, measured too. "
    else:
        text += "The file has no memory bandwidth, so the sloped part of the roof is missing. "
    text += (f"Median fraction of the roof {100 * points['fraction'].median():.0f} %, largest {100 * best['fraction']:.0f} % "
             f"({best['method']}, n = {int(best['n'])}, {int(best['team'])} rank{'s' if best['team'] > 1 else ''}). ")
    left = points["intensity"] < points["peak_gflops"] / points["bandwidth_gb"]  # of the ridge: memory is the ceiling
    if (left & (points["fraction"] > 1)).any():
        text += "Above the slope: bytes are those of the model, and what stays in cache need not come from memory. "
    return (text + left_out(points)).strip()


def _canvas(points: pd.DataFrame) -> matplotlib.figure.Figure:
    canvas = matplotlib.figure.Figure(figsize=(7.4, 4.1), layout="constrained")
    ax = canvas.subplots()
    low, high = _range(points)
    for axis in (ax.xaxis, ax.yaxis):
        style.ticks(axis, scale="log", text=style.decade)
    ax.set(xlim=(low, high), xlabel="operations for each byte", ylabel="$10^9$ operations a second and rank")
    _ceilings(ax, points, low, high)
    teams = np.unique(points["team"])
    sizes = dict(zip(teams, np.linspace(3.2, 8.0, len(teams)) if len(teams) > 1 else [5.0]))
    for row in points.itertuples():
        colour, marker = style.method(row.method)
        ax.plot(row.intensity, row.rank_gflops, marker=marker, linestyle="none", color=colour, markerfacecolor="none", markeredgewidth=0.9,
                markersize=sizes[row.team], zorder=2.5)
    marks.points(ax, points["intensity"], points["rank_gflops"], lambda: [
        f"{row.method}, n = {row.n}, {row.team} rank{'s' * (row.team > 1)}: {marks.three(row.rank_gflops)} of {marks.three(row.roof_gflops)} "
        f"Gflop/s, {100 * row.fraction:.0f} %" for row in points.itertuples()])
    ax.set_ylim(points["rank_gflops"].min() / 1.8, 1.8 * max(points["peak_gflops"].max(), points["rank_gflops"].max()))
    ax.spines[["top", "right"]].set_visible(False)
    legend(canvas, "right upper", handles=_handles(points, sizes), handlelength=1.4)
    return canvas


def _range(points: pd.DataFrame) -> tuple[float, float]:
    """A decade at least, and room for the ridge, where memory and products bound alike."""
    ridge = (points["peak_gflops"] / points["bandwidth_gb"]).dropna()
    low, high = (f([f(points["intensity"]), *ridge]) for f in (min, max))
    return low / 3, high * 3.5


def _ceilings(ax: Axes, points: pd.DataFrame, low: float, high: float) -> None:
    x = np.geomspace(low, high, 200)
    for precision, part in points.groupby("precision"):
        peak, band = part["peak_gflops"].median(), part["bandwidth_gb"].median()
        ax.plot(x, np.fmin(peak, x * band), color=_SHADES.get(precision, style.INK), linewidth=1.2, zorder=1)
        ax.annotate(f"large product, {precision}: {peak:.3g}", (high, peak), xytext=(-4, 3), textcoords="offset points",
                    ha="right", fontsize=8.5)
    band = points["bandwidth_gb"].median()
    at = low * 1.15
    if band == band and at * band < points["peak_gflops"].max():
        ax.annotate(f"memory: {band:.3g} GB/s", (at, at * band), xytext=(10, -3), textcoords="offset points", fontsize=8.5)


def _handles(points: pd.DataFrame, sizes: dict[int, float]) -> list[Artist]:
    line = matplotlib.lines.Line2D
    handles: list[Artist] = [line([], [], color=colour, marker=marker, linestyle="none", markerfacecolor="none", label=name)
                             for name in points["method"].unique() for colour, marker in [style.method(name)]]
    return handles + [line([], [], color=style.GREY, marker="o", linestyle="none", markerfacecolor="none", markersize=size,
                           label=f"{team} rank{'s' if team > 1 else ''}") for team, size in sizes.items()]
