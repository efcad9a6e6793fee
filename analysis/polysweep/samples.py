"""Summaries of timings: medians with intervals that assume no distribution, ratios of them, and means by kind of unit."""
from __future__ import annotations

import functools
from typing import Any

import numpy as np
from scipy.stats import beta, binom

from .checks import check_name, fraction
from .kinds import Array

#: mean that a kind of unit has: times and other costs add up, rates are costs turned over, ratios multiply
MEANS = {"cost": "arithmetic", "rate": "harmonic", "ratio": "geometric"}


def fewest(confidence: float = 0.95) -> int:
    """The fewest samples whose smallest and largest enclose the median with this confidence: 6 for 95 %."""
    confidence = fraction(confidence, "confidence")
    return int(np.ceil(1 - np.log2(1 - confidence) - 1e-12))


def median_interval(samples: Array | list[Any], confidence: float = 0.95) -> tuple[Any, ...]:
    """(median, lo, hi) over the last axis; the ends are order statistics, so any distribution will do.

    The k-th smallest and the k-th largest of N samples enclose the median with probability 1 - 2 P(Bin(N, 1/2) < k); k is
    the largest that leaves `confidence` (David and Nagaraja, Order Statistics, 7.1). Samples that are NaN count as missing,
    in one row of samples only. Below `fewest` samples lo and hi are NaN: not even smallest and largest suffice.
    """
    confidence = fraction(confidence, "confidence")
    x = np.sort(np.asarray(samples, float), axis=-1)
    if x.ndim == 1:
        x = x[~np.isnan(x)]
    count = x.shape[-1]
    if count == 0:
        return np.nan, np.nan, np.nan
    middle = 0.5 * (x[..., (count - 1) // 2] + x[..., count // 2])
    if count < fewest(confidence):
        return middle, np.full_like(middle, np.nan)[()], np.full_like(middle, np.nan)[()]
    k = int(np.flatnonzero(2 * binom.cdf(np.arange(count // 2), count, 0.5) <= 1 - confidence)[-1])
    return middle, x[..., k], x[..., count - 1 - k]


def harrell_davis(samples: Array) -> tuple[Any, ...]:
    """(estimate, standard error) of the median over the last axis, by a weighted mean of all order statistics.

    The median of N samples jumps when a sample is drawn twice, which spoils a bootstrap; this estimate (Harrell and Davis
    1982) moves smoothly. Weights are increments of the beta distribution with both parameters (N + 1)/2. The error is the
    jackknife's: the spread of the N estimates that leave one sample out.
    """
    x = np.sort(np.asarray(samples, float), axis=-1)
    count = x.shape[-1]
    left_out = x @ _left_out(count)
    return x @ _weights(count), np.sqrt((count - 1) * left_out.var(axis=-1))


@functools.lru_cache(maxsize=64)
def _weights(count: int) -> Array:
    return np.diff(beta.cdf(np.arange(count + 1) / count, (count + 1) / 2, (count + 1) / 2))


@functools.lru_cache(maxsize=64)
def _left_out(count: int) -> Array:
    """Column j: weights of the sorted samples without the j-th."""
    weights = np.zeros((count, count))
    for j in range(count):
        weights[np.arange(count) != j, j] = _weights(count - 1)
    return weights


def ratio(above: Array | tuple[Any, ...], below: Array | tuple[Any, ...]) -> tuple[Any, ...]:
    """(r, lo, hi) of two independent positive estimates, each (value, lo, hi): arrays or numbers.

    On logarithms, the distances from the ends to the estimates add as squares (MOVER: Zou and Donner 2008): the interval is
    about as sure as those it is made of, where pairing the worst ends would be too wide.
    """
    a, a_lo, a_hi, b, b_lo, b_hi = (np.log(np.asarray(x, float)) for x in (*above, *below))
    down, up = np.hypot(a - a_lo, b_hi - b), np.hypot(a_hi - a, b - b_lo)
    return np.exp(a - b), np.exp(a - b - down), np.exp(a - b + up)


def kind_of(unit: str) -> str:
    """"cost", "rate" or "ratio" by the text of a unit: "s", "byte" and counts add; "1e9 s-1" and "byte/s" are rates; "1"
    is a ratio."""
    text = unit.strip()
    if text in ("1", "%", ""):
        return "ratio"
    return "rate" if "/s" in text.replace(" ", "") or text.endswith("s-1") else "cost"


def mean(values: Any, unit: str, how: str | None = None) -> float:
    """The mean that belongs to the unit: arithmetic for costs (s, byte), harmonic for rates (1e9 s-1), geometric for ratios.

    how: "arithmetic", "harmonic" or "geometric" where the caller wants to be sure. Raises ValueError for one that does not
    belong to the unit, and for values that are not positive where the mean needs them to be. Ratios that have known parts
    are better not averaged at all: see `scaling.group_efficiency`.
    """
    values = np.asarray(values, float)
    right = MEANS[kind_of(unit)]
    if how not in (None, right):
        check_name(how, MEANS.values(), "mean")
        raise ValueError(f"a {kind_of(unit)} (unit {unit!r}) has a {right} mean, not a {how} one")
    if not len(values):
        raise ValueError("there is no mean of no values")
    if right == "arithmetic":
        return float(values.mean())
    if not (values > 0).all():
        raise ValueError(f"a {right} mean needs positive values")
    return float(1 / (1 / values).mean()) if right == "harmonic" else float(np.exp(np.log(values).mean()))
