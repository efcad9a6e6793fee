"""Are the times of two results of one study different? Intervals of ratios, and a rank test where repetitions were kept."""
from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import mannwhitneyu

from .kinds import Array
from .samples import ratio
from .scaling import VALID, samples

COLUMNS = ("slot_a", "slot_b", "team_a", "team_b", "time_a_s", "time_b_s", "ratio", "ratio_lo", "ratio_hi", "samples_a",
           "samples_b", "p_value", "p_holm", "verdict")
LEVEL = 0.05


def compare_times(a: xr.Dataset, b: xr.Dataset, left: Array, right: Array) -> pd.DataFrame:
    """A row per point `left` of a and `right` of b (slots): medians, their ratio b/a with its 95 % interval, and a verdict.

    p_value: two-sided Mann-Whitney test that the repetitions of both are draws of one distribution (NaN where they were not
    kept); p_holm: the same, held against all points at once (Holm 1979): a threshold of 5 % for p_holm is wrong for one
    point or more in 5 % of comparisons. verdict:

    "slower", "faster": b against a, by p_holm < 5 %; without repetitions, since the interval of the ratio leaves out 1
    "no difference shown": neither; this does not prove equality; the interval shows what is still possible
    "not comparable": oversubscribed on a side, or the points were timed in different ways or on teams of different sizes
    "no interval": too few repetitions for one

    One test knows the noise within a run, not what differs between two runs of a machine (placement, other jobs, heat).
    """
    kinds = [_kinds(ds, slots) for ds, slots in ((a, left), (b, right))]
    teams = [_column(ds, slots, "team", 0) for ds, slots in ((a, left), (b, right))]
    times = [tuple(_column(ds, slots, f"time_{name}_s", np.nan) for name in ("median", "lo", "hi"))
             for ds, slots in ((a, left), (b, right))]
    timed = ~np.isnan(times[0][0]) & ~np.isnan(times[1][0]) & (kinds[0] != "none") & (kinds[1] != "none")
    with np.errstate(divide="ignore", invalid="ignore"):
        r, lo, hi = ratio(times[1], times[0])
    kept = [samples(ds, slots) for ds, slots in ((a, left), (b, right))]
    counts = [np.array([len(own[slot]) for slot in slots], int) for own, slots in zip(kept, (left, right))]
    valid = timed & (kinds[0] == kinds[1]) & np.isin(kinds[0], VALID) & (teams[0] == teams[1])
    p = np.array([_p_value(kept[0][i], kept[1][j]) if ok else np.nan for i, j, ok in zip(left, right, valid)])
    table = pd.DataFrame(dict(zip(COLUMNS, (left, right, *teams, times[0][0], times[1][0], r, lo, hi, *counts, p, holm(p)))))
    table["verdict"] = [_verdict(*row) for row in zip(valid, r, lo, hi, table["p_holm"])]
    return table[timed].reset_index(drop=True)


def _kinds(ds: xr.Dataset, slots: Array) -> Array:
    return ds["timing"].values[slots] if "timing" in ds else np.full(len(slots), "none")


def _column(ds: xr.Dataset, slots: Array, name: str, blank: float) -> Array:
    return ds[name].values[slots] if name in ds else np.full(len(slots), blank)


def _p_value(x: Array, y: Array) -> float:
    if not len(x) or not len(y):
        return np.nan
    return float(mannwhitneyu(x, y, alternative="two-sided").pvalue)


def _verdict(valid: bool, r: float, lo: float, hi: float, p: float) -> str:
    if not valid:
        return "not comparable"
    if np.isnan(p) and np.isnan(lo):
        return "no interval"
    differs = p < LEVEL if not np.isnan(p) else not lo <= 1 <= hi
    return ("slower" if r > 1 else "faster") if differs else "no difference shown"


def holm(p: Array) -> np.ndarray:
    """p-values of one test among many, adjusted (Holm 1979): the k-th smallest of N times N - k + 1, never decreasing."""
    p = np.asarray(p, float)
    order = np.argsort(p)[:(~np.isnan(p)).sum()]  # NaN come last
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(p[order] * (len(order) - np.arange(len(order)))))
    return adjusted
