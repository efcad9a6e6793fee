"""Critical degrees: where the rate of success crosses a target, with brackets, on both sides of a window."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from . import oracle
from .cases import BASELINES, baseline, case_columns, closed_form, curves, judged, rate, table
from .statistics import wilson

TARGET = 0.9


@dataclass(frozen=True)
class Window:
    """Degrees at which a rate is at least the target, on the grid of degrees that was measured.

    first, last: smallest and largest degree with rate >= target; NaN if there is none, last = inf if the largest
    degree of the grid is one of them (the window is not seen to close).
    first_lo, first_hi: bracket of the lower edge. The grid degree after the last one, below the edge, whose Wilson
    upper end is below the target; and the first one whose Wilson lower end reaches it (NaN: none does).
    last_lo, last_hi: the same for the upper edge, mirrored. below: the degree that precedes first_lo, so that the edge
    lies in (below, first_hi] (NaN: it may lie below the grid). hole: some degree inside is clearly below the target.
    """

    first: float = np.nan
    first_lo: float = np.nan
    first_hi: float = np.nan
    last: float = np.nan
    last_lo: float = np.nan
    last_hi: float = np.nan
    hole: bool = False
    below: float = np.nan


def window(beta, successes, trials, target=TARGET) -> Window:
    """The window of a measured curve; arrays over the grid of degrees, in any order. Assumes nothing monotone."""
    order = np.argsort(beta, kind="stable")
    beta, k, n = (np.asarray(x, float)[order] for x in (beta, successes, trials))
    reached = np.flatnonzero(k / n >= target)
    if not len(reached):
        return Window()
    lo, hi = wilson(k, n)
    below, above = hi < target, lo >= target
    first, last = reached[0], reached[-1]
    first_lo, first_hi = _bracket(beta, below, above, first)
    last_hi, last_lo = _bracket(beta[::-1], below[::-1], above[::-1], len(beta) - 1 - last)
    closed, before = last < len(beta) - 1, beta[beta < first_lo]
    return Window(beta[first], first_lo, first_hi, beta[last] if closed else np.inf,
                  last_lo if closed else np.nan, last_hi if closed else np.nan, bool(below[first:last + 1].any()),
                  before[-1] if len(before) else np.nan)


def _bracket(beta, below, above, first):
    """Bracket of the edge that is met first when walking along `beta`."""
    sure = np.flatnonzero(above[first:])
    end = first + sure[0] if len(sure) else first
    before = np.flatnonzero(below[:end])
    lo = beta[before[-1] + 1] if len(before) else beta[0]
    return lo, beta[end] if len(sure) else np.nan


def theory_window(beta, probability, target=TARGET):
    """(first, last) grid degree with exact probability >= target; NaN, NaN for none, last = inf if still so at the end."""
    order = np.argsort(beta, kind="stable")
    beta, p = np.asarray(beta, float)[order], np.asarray(probability, float)[order]
    reached = np.flatnonzero(p >= target)
    if not len(reached):
        return np.nan, np.nan
    return beta[reached[0]], beta[reached[-1]] if reached[-1] < len(beta) - 1 else np.inf


def crossing(point: dict, m: int, low: float, high: float, target=TARGET, digits=4) -> float:
    """Real degree in (low, high] where the exact probability of success first reaches the target, by bisection.

    The probability is a step function of the degree (finitely many sign vectors), so this is the step's place.
    """
    while high - low > 10.0 ** -digits:
        middle = 0.5 * (low + high)
        if oracle.success(middle, m, **point) >= target:
            high = middle
        else:
            low = middle
    return high


def critical(ds: xr.Dataset, target=TARGET) -> pd.DataFrame:
    """Table of critical degrees: a row per case, method, d, n that has a curve over beta.

    Columns: the case's coordinates, method, d, n, m; trials (smallest of the curve, 0 where nothing is measured);
    points, of (points done, points of the study); beta_crit with bracket crit_lo, crit_hi and crit_below, beta_last
    with last_lo, last_hi, hole (`Window`); theory_points, theory_first, theory_last (exact probability on the same
    grid); beta_exact (its real crossing, where this package's closed form applies and agrees); the file's beta_fail,
    beta_c, beta_ok, beta_up, beta_up_class_3s (inf: unreachable, 0: no prediction); and the rates of softmax
    and linear at the same n and d.
    """
    frame = judged(table(ds))
    names, beside = case_columns(ds), frame[frame["method"].isin(BASELINES)]
    rows = [_row(beside, names, key, curve, target) for key, curve in curves(frame, [*names, "method", "d", "n"])]
    found = pd.DataFrame(rows)
    if not len(found):
        return found
    last = (found["method"] == "closed_form").to_numpy()  # what measures nothing stands below what does
    return found.iloc[np.argsort(last, kind="stable")].reset_index(drop=True)


def _row(beside, names, key, curve, target):
    row = dict(zip([*names, "method", "d", "n"], key))
    measured = curve["method"] != "closed_form"
    done = curve[curve["done"] & rate(curve).notna()]
    row.update(m=int(curve["m"].max()), trials=int(done["trials"].min()) if len(done) and measured.all() else 0,
               points=len(done), of=len(curve))
    found = window(done["beta"], *_samples(done), target) if row["trials"] > 0 else Window()
    row.update(beta_crit=found.first, crit_lo=found.first_lo, crit_hi=found.first_hi, beta_last=found.last,
               last_lo=found.last_lo, last_hi=found.last_hi, hole=found.hole, crit_below=found.below)
    exact = curve[curve["theory_success"].notna()]
    first, last = theory_window(exact["beta"], exact["theory_success"], target)
    row.update(theory_points=len(exact), theory_first=first, theory_last=last, beta_exact=_exact(exact, first, target))
    for name in ("beta_fail", "beta_c", "beta_ok", "beta_up", "beta_up_class_3s"):
        finite = curve[name].dropna()
        row[name] = finite.iloc[0] if len(finite) else np.nan
    for method in BASELINES:
        row[method] = _baseline(beside, names, key, method)
    return row


def _samples(done):
    """(successes, samples) behind each rate: trials that share a draw of a sketch are not independent, the draws are."""
    samples = done["success_samples"].where(done["success_samples"] > 0, done["trials"])
    return done["success_rate"] * samples, samples


def _exact(exact, first, target):
    point = None if np.isnan(first) else closed_form(exact)
    if point is None:
        return np.nan
    before = exact["beta"][exact["beta"] < first]
    return _cached(tuple(point.items()), int(exact["m"].iloc[0]), before.max() if len(before) else 0.0, first, target)


@functools.lru_cache(maxsize=4096)
def _cached(point, m, low, high, target):
    return crossing(dict(point), m, low, high, target)


def _baseline(beside, names, key, method):
    if not len(beside):
        return np.nan
    found = baseline(beside, names, key[:len(names)], method)
    found = found[(found["d"] == key[-2]) & (found["n"] == key[-1]) & found["done"]]
    return float(rate(found).iloc[0]) if len(found) else np.nan
