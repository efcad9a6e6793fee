"""Scaling studies: tables of strong and weak scaling from a result file, and the laws fitted to them.

    import polysweep
    ds = polysweep.open("scaling.h5")
    table = polysweep.scaling.strong(ds)       # a row per point: speed-up, efficiency, Karp-Flatt, what limits it
    polysweep.scaling.fits(ds)                 # Amdahl, USL, Gustafson, with intervals

Times are medians over repetitions of the slowest rank of a team. A *series* is what one curve shows: strong, the same
point on teams of several sizes; weak, points whose work per rank stays the same while the team grows. The base of a series is its
smallest team; its seconds stand beside every speed-up. Points timed while ranks shared cores are never taken. Points timed
alone and beside equal teams are series of their own: beside others, ranks share what memory gives them. Where a launch timed
equal teams beside each other, a team that fits into it once (of all ranks, mostly) is marked `alone`, and belongs to the series of
the others: there too the launch was as full as it can be. Points that are on no curve for all that are counted. Series are made of
studies that are about time: `team` is an axis of theirs, or `time` is on. Elsewhere teams follow from what points cost, and a
time is that of a single pass.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .checks import at_least, names_of, of_dataset, remembered
from .grid import axes
from .hdf import COORDINATES
from .kinds import Array
from .models import FEWEST_SIZES, LAWS, Fit, fit, fit_intervals
from .read import column
from .samples import ratio

VALID = ("alone", "beside")  #: ways of timing that are times of one point: by itself, or while equal teams work
INVALID = "oversubscribed"
WORK_BOUND = 0.05  #: work per rank of a weak series stays within this of its base's
_FOLLOWS_N = ("n", "m", "j3")  #: what may change along a weak series, besides own axes
_PARALLEL = ("nodes", "idle", "load_balance", "comm_efficiency", "parallel_efficiency", "sent_bytes", "comm_s")
_COST = ("flops", "bytes", "gflops", "peak_gflops", "predicted_s", "time_stop")


# ---- metrics ---------------------------------------------------------------------------------------------------------


def speed_up(base: tuple[float, float, float], time: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    """(S, lo, hi): base over time, each (median, lo, hi) in seconds. Say the base's seconds beside it."""
    return ratio(base, time)


def efficiency(speed: Array, base_ranks: float, ranks: Array) -> Array:
    """Speed-up over the growth of the team, S P_0/P."""
    return np.asarray(speed, float) * base_ranks / np.asarray(ranks, float)


def karp_flatt(speed: Array, ranks: Array, base_ranks: float = 1) -> Array:
    """Experimentally determined serial fraction (Karp and Flatt 1990), e = (1/S - 1/p)/(1 - 1/p) with p = P/P_0.

    The same for all P: a part that does not divide. Growing with P: overhead or imbalance. NaN at the base.
    """
    p = np.asarray(ranks, float) / base_ranks
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(p > 1, (1 / np.asarray(speed, float) - 1 / p) / (1 - 1 / p), np.nan)


def group_efficiency(base_s: list[int], base_ranks: list[int], time_s: list[float], ranks: list[int]) -> float:
    """Efficiency of several points together: the ratio of summed costs in rank seconds, not a mean of ratios."""
    cost = [float((np.asarray(seconds, float) * np.asarray(count, float)).sum())
            for seconds, count in ((base_s, base_ranks), (time_s, ranks))]
    return cost[0] / cost[1]


# ---- points ----------------------------------------------------------------------------------------------------------


@of_dataset
def timed(ds: xr.Dataset) -> pd.DataFrame:
    """The done points with a valid time of their own: coordinates, team, cost and parallel columns, `samples` (repetitions
    kept). Its index is the slot; ``.attrs["invalid"]`` counts the points left out because ranks shared cores."""
    names = [*COORDINATES, *ds.attrs.get("own_axes", []), "timing", "team", "launch", "time_median_s", "time_lo_s", "time_hi_s",
             *_PARALLEL, *_COST]
    valid, invalid = _own_time(ds)
    rows = np.flatnonzero(valid)
    frame = pd.DataFrame({name: column(ds, name)[rows] if name in ds else 0 if name in ("team", "team_asked", "launch") else np.nan
                          for name in names}, index=slots(ds)[rows])
    kept = samples(ds, frame.index)
    frame["samples"] = [len(kept[slot]) for slot in frame.index]
    frame.attrs["invalid"] = invalid
    return frame


def _own_time(ds: xr.Dataset) -> tuple[Array, int]:
    """((point,): done with a valid time of its own, how many are not because ranks shared cores)."""
    if not {"time_median_s", "timing", "team"} <= set(ds.variables):
        return np.zeros(ds.sizes["point"], dtype=bool), 0
    timing, done = ds["timing"].values, ds["done"].values & (ds["time_median_s"].values > 0)
    return done & np.isin(timing, VALID) & (ds["team"].values > 0), int((done & (timing == INVALID)).sum())


@of_dataset
def oversubscribed(ds: xr.Dataset) -> int:
    """How many done points have times that are none, because ranks shared cores."""
    return _own_time(ds)[1]


@of_dataset
def slots(ds: xr.Dataset) -> np.ndarray:
    """(point,) slots of the file; of all heads as one point (`heads.pooled`) that of the first."""
    return ds["slot"].values if "slot" in ds.coords else np.arange(ds.sizes["point"])


@of_dataset
def about_time(ds: xr.Dataset) -> bool:
    """Whether a study asks how long points take: `team` is an axis of it, or `time` is on, so that points were repeated."""
    if "team_asked" in ds and len(np.unique(ds["team_asked"].values)) > 1:
        return True
    if "time_stop" in ds and (ds["time_stop"].values[ds["done"].values] != "none").any():
        return True
    return "time_s" in ds and any(len(kept) > 1 for kept in samples(ds, slots(ds)).values())


def _teams(ds: xr.Dataset) -> pd.DataFrame:
    """`timed`, or nothing of it where there is one size of team or the study is not about time."""
    valid, invalid = _own_time(ds)
    if valid.any() and len(np.unique(ds["team"].values[valid])) > 1 and about_time(ds):
        return timed(ds)
    frame = timed(ds.isel(point=slice(0)))
    frame.attrs["invalid"] = invalid
    return frame


def _parts(frame: pd.DataFrame, keys: list[str]) -> Iterator[pd.DataFrame]:
    """The points of `frame` that differ in `keys` and the kind of timing."""
    full = _full_launches(frame)
    for part in _cases(frame, keys):
        yield from _ways(part, part["launch"].isin(full))


def _cases(frame: pd.DataFrame, keys: list[str]) -> list[pd.DataFrame]:
    return [part for _, part in frame.groupby(keys, dropna=False, sort=False)]


def _full_launches(frame: pd.DataFrame) -> Array:
    """Launches that timed equal teams beside each other; without repetitions, `beside` says that others computed something."""
    repeated = (frame["samples"] > 1) | ~frame["time_stop"].isin(["none", np.nan])
    return frame.loc[repeated & (frame["timing"] == "beside"), "launch"].unique()


def _ways(part: pd.DataFrame, full: pd.Series) -> list[pd.DataFrame]:
    """The points of one case by their way of timing; those of full launches stand beside others where there are any."""
    alone, beside = (part[part["timing"] == way] for way in VALID)
    if len(beside):
        once = alone[full[alone.index]]
        beside = pd.concat([beside, once.assign(timing="beside")]) if len(once) else beside
        alone = alone if len(once) < len(alone) else alone[:0]
    return [points for points in (alone, beside) if len(points)]


def _apart(chains: list[pd.DataFrame], table: pd.DataFrame) -> list[int]:
    """Slots that one curve of both ways of timing would have, and none of one way has."""
    both = [_each_team(part, ["team", "timing"]) for part in chains if part["timing"].nunique() > 1]
    return sorted({int(slot) for part in both for slot in part.index} - set(table["slot"]))


def _each_team(part: pd.DataFrame, names: list[str] | tuple[str] = ("team",)) -> pd.DataFrame:
    """One point for each team, by its size: of several the one that was asked for."""
    return part.assign(_auto=part["team_asked"] == 0).sort_values(["team", "_auto"]).drop_duplicates(list(names))


@of_dataset
def samples(ds: xr.Dataset, wanted: Any) -> dict[str, Any]:
    """{slot: seconds of its repetitions}; empty arrays where the file kept none."""
    if "time_s" not in ds or ds["time_s"].ndim != 2:
        return {slot: np.empty(0) for slot in wanted}
    rows = dict(zip(slots(ds), ds["time_s"].values))
    return {slot: rows[slot][~np.isnan(rows[slot])] for slot in wanted}


@of_dataset
def held(ds: xr.Dataset) -> list[str]:
    """Coordinates that distinguish series of strong scaling: method, n and all others that vary, but for the team."""
    varying = [name for name in axes(ds) if name != "team_asked"]
    return [name for name in ("method", "n") if name not in varying] + varying


# ---- tables ----------------------------------------------------------------------------------------------------------


@remembered
@of_dataset
def strong(ds: xr.Dataset) -> pd.DataFrame:
    """Strong scaling: a row per point that was timed on teams of two or more sizes, series by series.

    Columns: `series` (number), coordinates that vary, timing, team, samples, time_s with _lo and _hi, base_team, base_s,
    speed_up, efficiency and karp_flatt (each with _lo and _hi), load balance and communication from the file,
    computation_scaling (seconds that all ranks computed, the base's over the team's), flops_per_rank and `slot`. Efficiency
    is parallel_efficiency, against the base's, times computation_scaling.
    """
    frame = _teams(ds)
    keys = [name for name in (*COORDINATES, *ds.attrs.get("own_axes", [])) if name != "team_asked"]
    table = _table(ds, frame, _parts(frame, keys), held(ds))
    table.attrs["apart"] = _apart([part for part in _cases(frame, keys) if part["team"].nunique() > 1], table)
    return table


@remembered
@of_dataset
def weak(ds: xr.Dataset, bound: float = WORK_BOUND) -> pd.DataFrame:
    """Weak scaling: series in which the team grows and the work per rank, `flops` over `team`, stays within `bound` of the
    base's. Columns as of `strong`, without Karp-Flatt; efficiency is T(P_0)/T(P), `work` the work per rank over the base's.

    Points that differ in n (and what follows from it) and in own axes may form a series, of three teams or of all there
    are; of several lengths on one team the one closest in work is taken. A study whose work per rank varies more gives no
    rows: it is not weak scaling.
    """
    bound = at_least(bound, 0, "bound")
    frame = _teams(ds)
    frame = frame[frame["flops"] > 0]
    frame = frame.assign(per_rank=frame["flops"] / frame["team"])
    keys = [name for name in COORDINATES if name not in (*_FOLLOWS_N, "team_asked")]
    chains = _chains_of(_parts(frame, keys), bound)
    names = [name for name in held(ds) if name not in _FOLLOWS_N and name not in ds.attrs.get("own_axes", [])]
    table = _table(ds, frame, chains, [*names, "n"])
    if len(table):
        table["efficiency"] = table["speed_up"]
        table[["efficiency_lo", "efficiency_hi"]] = table[["speed_up_lo", "speed_up_hi"]]
        table["computation_scaling"] *= table["team"] / table["base_team"]  # so much more was to be computed
        table["work"] = table["flops_per_rank"] / table.groupby("series")["flops_per_rank"].transform("first")
        table = table.drop(columns=[name for name in table if name.startswith(("speed_up", "karp_flatt"))])
    table.attrs["apart"] = _apart(_chains_of(_cases(frame, keys), bound), table)
    return table


@of_dataset
def apart(ds: xr.Dataset) -> int:
    """How many points are on no curve, strong or weak, because some of their teams were timed alone and others beside."""
    tables = strong(ds), weak(ds)
    return len({slot for table in tables for slot in table.attrs["apart"]} - {slot for table in tables for slot in table["slot"]})


def _chains_of(parts: Iterable[pd.DataFrame], bound: float) -> list[pd.DataFrame]:
    return [chain for part in parts for chain in _chains(part, bound)]


def _chains(part: pd.DataFrame, bound: float) -> list[pd.DataFrame]:
    """Series of equal work per rank: one from each point on the smallest team."""
    if part["n"].nunique() < 2 or part["team"].nunique() < 2:
        return []
    chains = []
    for base in part[part["team"] == part["team"].min()].itertuples():
        apart = np.abs(np.log(part["per_rank"] / base.per_rank))
        near = part[(apart <= np.log1p(bound)) & (part["team"] > base.team) & (part["n"] > base.n)]
        best = apart[near.index].groupby(near["team"]).idxmin()
        if 1 + len(best) >= min(3, part["team"].nunique()):  # two points of a strong study may meet by chance
            chains.append(part.loc[[base.Index, *best]])
    return chains


def _table(ds: xr.Dataset, frame: pd.DataFrame, groups: Iterable[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    rows: list[Any] = []
    for part in groups:
        part = _each_team(part)
        if len(part) > 1:
            rows.append(_metrics(part, len(rows)))
    columns = ["series", *names, "timing", "team", *_PARALLEL, *_COST, "samples", *_MADE, "slot"]
    table = pd.concat(rows)[columns] if rows else pd.DataFrame(columns=columns)
    table = table.reset_index(drop=True)
    table.attrs.update(invalid=frame.attrs.get("invalid", 0), names=names)
    return table


_MADE = ("time_s", "time_s_lo", "time_s_hi", "base_team", "base_s", "speed_up", "speed_up_lo", "speed_up_hi", "efficiency",
         "efficiency_lo", "efficiency_hi", "karp_flatt", "karp_flatt_lo", "karp_flatt_hi",
         "computation_scaling", "flops_per_rank")


def _metrics(part: pd.DataFrame, series: int) -> pd.DataFrame:
    time = tuple(part[f"time_{name}_s"].to_numpy(float) for name in ("median", "lo", "hi"))
    base = tuple(x[0] for x in time)
    team, first = part["team"].to_numpy(float), float(part["team"].iloc[0])
    speed = [np.array(x) for x in speed_up(base, time)]
    speed[1][0] = speed[2][0] = np.nan  # the base is 1 by definition
    part = part.assign(series=series, slot=part.index, base_team=int(first), base_s=base[0],
                       flops_per_rank=part["flops"] / part["team"])
    part["time_s"], part["time_s_lo"], part["time_s_hi"] = time
    useful = team * part["parallel_efficiency"].to_numpy(float) * time[0]  # seconds that ranks computed, all together
    part["computation_scaling"] = useful[0] / useful
    for end, s in zip(("", "_lo", "_hi"), speed):
        part["speed_up" + end], part["efficiency" + end] = s, efficiency(s, first, team)
    for end, s in zip(("", "_lo", "_hi"), (speed[0], speed[2], speed[1])):  # a small speed-up is a large fraction
        part["karp_flatt" + end] = karp_flatt(s, team, first)
    return part


# ---- fits ------------------------------------------------------------------------------------------------------------


@of_dataset
def series_fits(ds: xr.Dataset, table: pd.DataFrame, laws: list[str] | tuple[Any, ...]) -> dict[int, list[Fit | str]]:
    """{series: [Fit or the reason why there is none, for each law]} of a table from `strong` or `weak`."""
    laws = names_of(laws, LAWS, "law")
    return {number: [_fit(ds, part, law) for law in laws] for number, part in table.groupby("series")}


def _fit(ds: xr.Dataset, part: pd.DataFrame, law: str) -> Fit | str:
    ranks = part["team"].to_numpy(float)
    try:
        if len(ranks) >= FEWEST_SIZES and part["samples"].min() > 0:
            kept = samples(ds, part["slot"])
            return fit(law, ranks, [kept[slot] for slot in part["slot"]])
        return fit_intervals(law, ranks, part["time_s"], part["time_s_lo"], part["time_s_hi"])
    except ValueError as error:
        return str(error)


@of_dataset
def fits(ds: xr.Dataset) -> pd.DataFrame:
    """Amdahl and USL of every strong series, Gustafson of every weak one: a row per parameter.

    Columns: kind, series, the coordinates that vary, law, parameter, value, lo, hi, inside, how, sizes, samples (fewest),
    lack (P that noise alone leaves such residuals), residual (the largest, relative), why (text where there is no fit).
    """
    rows = []
    for kind, table in (("strong", strong(ds)), ("weak", weak(ds))):
        laws = [law.name for law in LAWS.values() if law.kind == kind]
        names = [name for name in table.attrs["names"] if kind == "strong" or name != "n"]
        for number, found in series_fits(ds, table, laws).items():
            part = table[table["series"] == number]
            about = {"kind": kind, "series": number, **{name: part[name].iloc[0] for name in names}}
            rows += [row for law, one in zip(laws, found) for row in _fit_rows(about, law, one)]
    return pd.DataFrame(rows)


def _fit_rows(about: dict[str, Any], law: str, found: Fit | str) -> list[dict[str, Any]]:
    if isinstance(found, str):
        return [{**about, "law": law, "why": found}]
    shared = dict(how=found.how, sizes=len(found.ranks), samples=int(found.samples.min()), lack=found.lack,
                  residual=float(np.abs(found.residuals).max()), why="")
    return [{**about, "law": law, "parameter": row.parameter, "value": row.value, "lo": row.lo, "hi": row.hi,
             "inside": row.inside, **shared} for row in found.table.itertuples()]
