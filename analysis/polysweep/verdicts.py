"""The four words of a verdict on a published statement, and the arithmetic behind them: crossings, exponents with intervals."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from .edge_fit import fit
from .kinds import Array

IDENTITY, CONSISTENT, CONTRADICTED, UNTESTED = WORDS = (
    "identity", "consistent in the range", "contradicted in the range", "not testable here")
EXACT = {"fp64": 1e-10}  #: a hundred times what files promise of a mass, 1e-12; other precisions:
SINGLE = 5e-4
ERROR = 0.05  #: chance that a rule which tests many points contradicts a true statement


@dataclass(frozen=True)
class Verdict:
    """statement: what was decided, in words. word: one of WORDS. numbers: what it is based on. slots: counterexamples."""

    statement: str
    word: str
    numbers: str
    slots: tuple[int, ...] = ()


def untested(statement: str, why: str) -> Verdict:
    return Verdict(statement, UNTESTED, why)


def counted(statement: str, right: Array | pd.Series, points: pd.DataFrame, numbers: str, holds: str = CONSISTENT,
            of: str = "points") -> Verdict:
    """The verdict of a statement about single points (curves, ...: `of`): `right` is true where it holds."""
    wrong = points.index[~np.asarray(right, bool)]
    said = f"{len(wrong)} counterexample{'s' * (len(wrong) != 1)} in {len(points)} {of}"
    return Verdict(statement, CONTRADICTED if len(wrong) else holds, f"{said}; {numbers}", tuple(int(slot) for slot in wrong))


def tolerance(points: pd.DataFrame) -> pd.Series:
    """Relative, of a mass: rounding of the program and of this check."""
    return points["precision"].map(EXACT).fillna(SINGLE)


# ---- curves: where a column crosses a level ------------------------------------------------------------------------


def crossing(x: pd.Series, y: pd.Series, level: float, rising: bool = True) -> tuple[float, float]:
    """(lo, hi] that holds the first place where y passes the level, neighbours among x; (-inf, x_0) where it starts beyond,
    (x_last, inf) where it never does. NaN of y are no points."""
    order = np.argsort(x, kind="stable")
    x, y = np.asarray(x, float)[order], np.asarray(y, float)[order]
    x, y = x[~np.isnan(y)], y[~np.isnan(y)]
    if not len(x):
        return np.nan, np.nan
    beyond = np.flatnonzero(y >= level if rising else y <= level)
    if not len(beyond):
        return x[-1], np.inf
    return (x[beyond[0] - 1] if beyond[0] else -np.inf), x[beyond[0]]


def sure_fall(x: list[int] | pd.Series, y_lo: list[float] | pd.Series, y_hi: list[float] | pd.Series, level: float) -> tuple[float, float]:
    """(lo, hi] that holds the first place where y, known to lie in [y_lo, y_hi], falls below the level: from the last x at which it
    surely has not, to the first at which it surely has. Infinite as those of `crossing`."""
    order = np.argsort(x, kind="stable")
    x, y_lo, y_hi = (np.asarray(values, float)[order] for values in (x, y_lo, y_hi))
    known = ~np.isnan(y_lo) & ~np.isnan(y_hi)
    x, y_lo, y_hi = x[known], y_lo[known], y_hi[known]
    if not len(x):
        return np.nan, np.nan
    below = np.flatnonzero(y_hi < level)
    end = below[0] if len(below) else len(x)
    above = np.flatnonzero(y_lo[:end] >= level)
    return x[above[-1]] if len(above) else -np.inf, x[end] if end < len(x) else np.inf


def slope(x: Any, lo: Any, hi: Any) -> tuple[float, float, float] | None:
    """(slope, lo, hi) of y = A + slope x with its 95 % interval, y known to lie in (lo, hi]: that of `edge_fit.fit`, from four
    brackets; of least squares (Student's) where y is known to a point, from three. None from fewer."""
    x, lo, hi = (np.asarray(values, float) for values in (x, lo, hi))
    if len(np.unique(x)) < 3:
        return None
    if np.array_equal(lo, hi):
        return _least_squares(x, lo)
    try:
        theta, intervals, _ = fit(lo, hi, np.column_stack([np.ones(len(x)), x]))
    except ValueError:
        return None
    return theta[1], *intervals[1]


def _least_squares(x: Array, y: Array) -> tuple[float, float, float]:
    spread = ((x - x.mean()) ** 2).sum()
    rise = ((x - x.mean()) * y).sum() / spread
    residual = y - y.mean() - rise * (x - x.mean())
    half = student.ppf(0.975, len(x) - 2) * np.sqrt((residual ** 2).sum() / (len(x) - 2) / spread)
    return rise, rise - half, rise + half


def mean_interval(values: Array | pd.Series, error: float) -> tuple[float, float, float]:
    """(mean, lo, hi) of independent values by Student's t, wrong with chance `error`."""
    values = np.asarray(values, float)
    half = student.ppf(1 - error / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), values.mean() - half, values.mean() + half


def fit_text(found: tuple[float, float, float]) -> str:
    """"0.52 [0.49, 0.55]" """
    return "{:.3g} [{:.3g}, {:.3g}]".format(*found)


def range_text(values: pd.Series) -> str:
    return f"{np.min(values):.3g} to {np.max(values):.3g}"
