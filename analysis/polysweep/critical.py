"""Critical degrees: from which degree on, and up to which, the rate of success is at least a level.

Of the degrees of a grid the *lower edge* is the first whose true rate is at least the level, the *upper edge* the last; no
shape of the curve is assumed. Both are bounded by exact binomial tests, so that everything holds at
once with probability 1 - error (5 %):

outer ends   from the lowest degree up, tests of "rate >= level" at error/4 each; the lower edge is not before the first degree
             that is not rejected. The same from the highest degree down. A fixed sequence needs no correction, since the
             first true hypothesis is the only one that can be rejected wrongly.
inner ends   tests of "rate < level" of all degrees at once, at error/2 (Holm 1979): the lower edge is not after the first
             degree that is rejected, the upper edge not before the last.

Where trials share draws of data or of a sketch, the effective number of trials (column success_samples) takes their place.
Where a rule ended the trials (column trials_error), no test of a fixed number is one: what the rule decided has that error, all
else is open. A degree that a search did not visit counts as a candidate, never as one below the level.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import betainc

from . import oracle
from .cases import BASELINES, CONSTANTS, case_columns, closed_form, ignored, judged, number, rate, table
from .checks import fraction, of_dataset
from .kinds import Array
from .study import LEVEL, level_of, rule_of
from .times import holm

ERROR = 0.05
BOUNDS = ("beta_fail", "beta_c", "beta_ok", "beta_up", "beta_up_class_3s")
EXACT = ("edge_lo", "edge_hi")  #: the exact edges of the theory, at the level of the study
NEEDED = ("beta", "done", "status", "m", "trials", "trials_done", "trials_stop", "trials_error", "success_lo", "success_hi",
          "success_samples", "theory_success", *BOUNDS, *EXACT)
SCORES = ("scale", "offset", "match", "center", "reference_scale")


@dataclass(frozen=True)
class Edges:
    """What trials say of both edges of one curve; see `edges`.

    verdict: "edges", "none" (the rate is below the level at every degree of the grid) or "not settled".
    lower, upper: (lo, hi) that hold the edge, degrees of the grid. An end that only the grid has is -inf or inf. Both are NaN
    unless the verdict is "edges".
    grid: first and last degree. gap: some degree between both edges is below the level (tested at an error of its own).
    """

    verdict: str
    grid: tuple[float, float]
    lower: tuple[float, float] = (np.nan, np.nan)
    upper: tuple[float, float] = (np.nan, np.nan)
    gap: bool = False

    def words(self, side: str = "lower") -> str:
        """"in [4, 5]", "< 5" (the grid has no degree that is surely below), "> 40", "none in 1..16", "not settled"."""
        if self.verdict == "none":
            return "none in {}..{}".format(*map(number, self.grid))
        if self.verdict != "edges":
            return self.verdict
        lo, hi = self.lower if side == "lower" else self.upper
        return f"< {number(hi)}" if lo == -np.inf else f"> {number(lo)}" if hi == np.inf else f"in [{number(lo)}, {number(hi)}]"


def edges(beta: Array | list[int], rates: Array, samples: Array, level: float = LEVEL, error: float = ERROR,
          stopped: Array | None = None) -> Edges:
    """Both edges of a measured curve; arrays over the degrees of its grid, in any order.

    rates: of success, NaN where nothing is measured yet. samples: independent trials behind each rate, not necessarily
    whole; 0 where there is none. A degree without a measurement counts as a candidate. stopped: (2, degree), the two p-values of
    `pvalues` where a rule ended the trials, else NaN.
    """
    level, error = fraction(level, "level"), fraction(error, "error")
    order = np.argsort(beta, kind="stable")
    beta, rates, samples = (np.asarray(x, float)[order] for x in (beta, rates, samples))
    if not len(beta):
        return Edges("not settled", (np.nan, np.nan))
    below, above = pvalues(rates, samples, level)
    if stopped is not None:
        below, above = (np.where(np.isnan(own), p, own) for own, p in zip(np.asarray(stopped, float)[:, order], (below, above)))
    grid, kept = (beta[0], beta[-1]), np.flatnonzero(below > error / 4)
    if not len(kept):
        return Edges("none", grid)
    sure = np.flatnonzero(holm(above) <= error / 2)
    if not len(sure):
        return Edges("not settled", grid)
    first, last = kept[0], kept[-1]
    return Edges("edges", grid, (beta[first] if first else -np.inf, beta[sure[0]]),
                 (beta[sure[-1]], beta[last] if last < len(beta) - 1 else np.inf),
                 bool((below[sure[0]:sure[-1]] <= error / len(beta)).any()))


def pvalues(rates: Array, samples: Array, level: Array | float) -> tuple[Array, Array]:
    """(p of "rate >= level", p of "rate < level"), exact binomial tests with any real number of samples; 1 without any.

    P(X <= k) = I_(1-level)(n - k, k + 1) and P(X >= k) = I_level(k, n - k + 1), I the regularised incomplete beta function.
    """
    rates, n = np.broadcast_arrays(np.asarray(rates, float), np.asarray(samples, float))
    known = (n > 0) & ~np.isnan(rates)
    n = np.where(known, n, 1.0)
    k = np.where(known, rates, 0.0) * n
    k = np.where(np.abs(k - np.round(k)) < 1e-9 * n, np.round(k), k)  # what a rate of counts was rounded to
    few, many = k <= 0, k >= n
    at_most = np.where(many, 1.0, betainc(np.where(many, 1.0, n - k), k + 1, 1 - level))
    at_least = np.where(few, 1.0, betainc(np.where(few, 1.0, k), n - k + 1, level))
    return np.where(known, at_most, 1.0), np.where(known, at_least, 1.0)


def undecided(points: dict[str, Array] | xr.Dataset, level: float, decided_at: float | None) -> np.ndarray:
    """(point,) bool: a rule ended the trials before, or without, a decision on which side of the level the rate is.

    points: arrays by name. decided_at: the level at which the rule of the study decides, else None. At another level, and where
    trials end when their interval is narrow, that interval decides: it holds at any stop (Robbins 1970)."""
    lo, hi = (np.asarray(points[name], float) for name in ("success_lo", "success_hi"))
    with np.errstate(invalid="ignore"):
        held = (lo < level) & (level <= hi)
    unsure = np.asarray(points["trials_stop"]) != "decided" if level == decided_at else held
    return np.isfinite(np.asarray(points["trials_error"], float)) & unsure


def ruled(points: dict[str, Array], level: float, decided_at: float | None) -> np.ndarray:
    """(2, point) p-values of "rate >= level" and "rate < level" of points whose trials a rule ended, NaN of others: the chance that
    the rule errs, trials_error, of what it decided, else 1."""
    error, rates = (np.asarray(points[name], float) for name in ("trials_error", "success_rate"))
    sure, above = ~undecided(points, level, decided_at) & ~np.isnan(rates), rates >= level
    return np.where(np.isfinite(error), np.where([sure & ~above, sure & above], error, 1.0), np.nan)


def decided_at(ds: xr.Dataset) -> float | None:
    """The level at which the study's rule ends trials that are decided; None where it has no such rule."""
    rule = rule_of(ds)
    return level_of(ds) if rule and rule["until"] == "decided" else None


def needed(degrees: int, level: float = LEVEL, error: float = ERROR) -> int:
    """Trials without a failure that it takes to settle anything on a grid: ln(2 G/error)/ln(1/level) of G degrees."""
    return int(np.ceil(np.log(2 * degrees / error) / -np.log(level) - 1e-9))


def theory_edges(beta: Array | list[int], probability: Array | list[Any], level: float = LEVEL) -> tuple[float, float]:
    """(first, last) grid degree with exact probability >= level; NaN, NaN for none, last = inf if still so at the end."""
    order = np.argsort(beta, kind="stable")
    beta, p = np.asarray(beta, float)[order], np.asarray(probability, float)[order]
    reached = np.flatnonzero(p >= level)
    if not len(reached):
        return np.nan, np.nan
    return beta[reached[0]], beta[reached[-1]] if reached[-1] < len(beta) - 1 else np.inf


@of_dataset
def critical(ds: xr.Dataset, level: float | None = None, *, error: float = ERROR, target: float | None = None) -> pd.DataFrame:
    """Table of critical degrees: a row per case, method, d, n that has a curve over beta.

    Parameters
    ----------
    ds : Dataset
        From `open`.
    level : float, optional
        Rate of success that makes a degree critical; by default the study's `judge.level`, 0.9 where it has none.
    error : float
        Chance that a row's statements about both edges are not all right.
    target : float, optional
        An older name of `level`.

    Returns
    -------
    DataFrame
        The case's coordinates, method, d, n, m; trials (smallest of the curve, 0 where nothing is measured), samples
        (smallest effective number of them) and `needed` (how many it takes to settle anything; 0 where a rule ends them); points,
        of (points done, points of the study); verdict, lower and upper (words: "in [4, 5]", "< 5", "> 40", "none in 1..16",
        "not settled"), lower_lo, lower_hi, upper_lo, upper_hi (NaN unless the verdict is "edges", inf where the grid ends first),
        gap, first and last degree of the grid; theory_points, theory_first, theory_last (exact probability on the same grid); the
        file's edge_lo, edge_hi (exact edges at real degrees, inf: unreachable; NaN where the file has none, or has them at another
        level); its beta_fail, beta_c, beta_ok, beta_up, beta_up_class_3s (inf: unreachable); and the rates of softmax and linear
        at the same n and d.

    Raises
    ------
    ValueError
        For a level or an error that is not between 0 and 1, and where `ds` was opened without the columns.

    See Also
    --------
    edges : Crossings of any column along any parameter.

    Examples
    --------
    >>> polysweep.critical(polysweep.open(path), 0.5)[["method", "n", "verdict"]].values.tolist()
    [['exact', 64, 'edges'], ['exact', 128, 'edges']]
    """
    if level is not None and target is not None:
        raise TypeError("level and target are two names of one number")
    own = level_of(ds)
    level = fraction(own if level is None and target is None else target if level is None else level, "level")
    error = fraction(error, "error")
    names = case_columns(ds)
    keys = [*names, "method", "d", "n"]
    frame = judged(table(ds)[list(dict.fromkeys([*keys, *NEEDED, *CONSTANTS, *SCORES, "success_rate", "method_folds"]))])
    beside = {method: _Beside(frame[frame["method"] == method], names) for method in BASELINES}
    order = _along_curves(frame, keys)
    columns = {name: _taken(frame[name].to_numpy(), order) for name in frame}
    if (columns["method"] != "closed_form").any() and "success_rate" not in ds:
        raise ValueError("critical needs the column success_rate: open the file without columns=, or with it among them")
    columns["below"], columns["above"] = ruled(columns, level, decided_at(ds))
    columns["rate"] = np.where(columns["method_folds"] != "none", columns["success_rate"], columns["theory_success"]).astype(float)
    if level != own:
        columns.update({name: np.full(len(order), np.nan) for name in EXACT})
    starts = np.flatnonzero(_changes([columns[name] for name in keys]))
    rows = [_row({name: column[first:last] for name, column in columns.items()}, keys, beside, level, error)
            for first, last in zip(starts, [*starts[1:], len(order)])]
    found = pd.DataFrame(rows)
    if not len(found):
        return found
    last = (found["method"] == "closed_form").to_numpy()  # theory only comes after measurements
    return found.iloc[np.argsort(last, kind="stable")].reset_index(drop=True)


def _along_curves(frame: pd.DataFrame, keys: list[str]) -> Array:
    """Positions of the points with a degree, curve by curve and along each."""
    swept = np.flatnonzero(frame["beta"].notna())
    place = frame[[*keys, "beta"]].iloc[swept].reset_index(drop=True).sort_values([*keys, "beta"], kind="stable")
    return swept[place.index]


def _taken(values: Array, order: Array) -> Array:
    """What a column has there; of one that has one value for all (see `read.compact`) nothing is copied."""
    return np.broadcast_to(values[0], order.shape) if values.size and values.strides == (0,) else values[order]


def _changes(keys: list[Array]) -> Array:
    """Where a row of the columns differs from the one before it; the first does."""
    changed = np.zeros(len(keys[0]), dtype=bool)
    changed[:1] = True
    for values in keys:
        known = pd.notna(values)
        changed[1:] |= (values[1:] != values[:-1]) & (known[1:] | known[:-1])
    return changed


def _row(curve: dict[str, Array], keys: list[str], beside: dict[str, _Beside], level: float, error: float) -> dict[str, Any]:
    """curve: arrays by name, one entry per degree, sorted."""
    row = {name: curve[name][0] for name in keys}
    done = curve["done"] & ~np.isnan(curve["rate"])
    samples = _samples(curve) if row["method"] != "closed_form" else np.zeros(len(done))
    measured = done & (samples > 0)
    stopped = np.stack([curve["below"], curve["above"]])
    row.update(m=int(curve["m"].max()), trials=int(curve["trials_done"][measured].min()) if measured.any() else 0,
               samples=samples[measured].min() if measured.any() else 0,
               needed=0 if np.isfinite(stopped).any() else needed(len(done), level, error), points=int(done.sum()), of=len(done))
    found = edges(curve["beta"], np.where(measured, curve["rate"], np.nan), samples, level, error, stopped)
    row.update(verdict=found.verdict if measured.any() else "", lower=found.words() if measured.any() else "",
               upper=found.words("upper") if measured.any() else "", lower_lo=found.lower[0], lower_hi=found.lower[1],
               upper_lo=found.upper[0], upper_hi=found.upper[1], gap=found.gap, first=found.grid[0], last=found.grid[1])
    theory = exact(curve)
    known = ~np.isnan(theory)
    first, last = theory_edges(curve["beta"][known], theory[known], level)
    row.update(theory_points=int(known.sum()), theory_first=first, theory_last=last)
    for name in (*EXACT, *BOUNDS):
        there = curve[name][~np.isnan(curve[name])]
        row[name] = there[0] if len(there) else np.nan
    for method, points in beside.items():
        row[method] = points.rate(row)
    return row


def exact(curve: dict[str, Array]) -> Array:
    """Exact probability at every degree. Of degrees that a search did not need the file has none: they get it from this package's
    closed form, where that is the file's at the others; else none has one, since some say nothing of the grid."""
    theory = curve["theory_success"]
    left = (curve["status"] == "not_needed") & np.isnan(theory)
    if not left.any() or np.isnan(theory).all():
        return theory
    point = closed_form(curve)
    if point is None:
        return np.full(len(theory), np.nan)
    return np.where(left, oracle.success(curve["beta"].astype(float), int(curve["m"][0]), **point), theory)


def _samples(curve: dict[str, Array]) -> Array:
    """Independent trials behind each rate, from the file: trials that share a draw of data or of a sketch are not independent."""
    return np.where(curve["success_samples"] > 0, curve["success_samples"], curve["trials_done"])


class _Beside:
    """Rates of a method without a degree, found by the coordinates that it does not ignore, d and n."""

    def __init__(self, points: pd.DataFrame, names: list[str]) -> None:
        self._names = [name for name in names if len(points) and not ignored(points[name])] + ["d", "n"]
        points = points[points["done"]]
        self._rates = dict(zip(points[self._names].itertuples(index=False, name=None), rate(points)))

    def rate(self, row: dict[str, Any]) -> float:
        return float(self._rates.get(tuple(row[name] for name in self._names), np.nan))
