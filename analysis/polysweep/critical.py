"""Critical degrees: where the rate of success crosses a target, with brackets, on both sides of a window."""
from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from . import oracle
from .cases import BASELINES, case_columns, closed_form, ignored, judged, rate, table
from .statistics import wilson

TARGET = 0.9
EDGES = ("beta_fail", "beta_c", "beta_ok", "beta_up", "beta_up_class_3s")
NEEDED = ("beta", "done", "m", "trials", "success_samples", "theory_success", *EDGES, "a_0", "a_1", "b", "c", "kappa")


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
    """Real degree in (low, high] where the exact probability of success first reaches the target.

    The probability is a step function of the degree (finitely many sign vectors), so this is the step's place. Each
    round looks at 15 degrees at once, which costs little more than one.
    """
    while high - low > 10.0 ** -digits:
        inside = np.linspace(low, high, 17)
        reached = np.flatnonzero(oracle.success(inside[1:-1], m, **point) >= target)
        first = reached[0] + 1 if len(reached) else 16
        low, high = inside[first - 1], inside[first]
    return float(high)


def critical(ds: xr.Dataset, target=TARGET) -> pd.DataFrame:
    """Table of critical degrees: a row per case, method, d, n that has a curve over beta.

    Columns: the case's coordinates, method, d, n, m; trials (smallest of the curve, 0 where nothing is measured);
    points, of (points done, points of the study); beta_crit with bracket crit_lo, crit_hi and crit_below, beta_last
    with last_lo, last_hi, hole (`Window`); theory_points, theory_first, theory_last (exact probability on the same
    grid); beta_exact (its real crossing, where this package's closed form applies and agrees); the file's beta_fail,
    beta_c, beta_ok, beta_up, beta_up_class_3s (inf: unreachable, 0: no prediction); and the rates of softmax
    and linear at the same n and d.
    """
    frame, names = judged(table(ds)), case_columns(ds)
    beside = {method: _Beside(frame[frame["method"] == method], names) for method in BASELINES}
    keys = [*names, "method", "d", "n"]
    swept = frame[frame["beta"].notna()].sort_values([*keys, "beta"], kind="stable")
    columns = {name: swept[name].to_numpy() for name in dict.fromkeys([*keys, *NEEDED])}
    columns["rate"] = rate(swept).to_numpy(float)
    starts = np.flatnonzero(_changes(swept[keys]))
    rows = [_row({name: column[first:last] for name, column in columns.items()}, keys, beside, target)
            for first, last in zip(starts, [*starts[1:], len(swept)])]
    found = pd.DataFrame(rows)
    if not len(found):
        return found
    last = (found["method"] == "closed_form").to_numpy()  # what measures nothing stands below what does
    return found.iloc[np.argsort(last, kind="stable")].reset_index(drop=True)


def _changes(keys):
    """Where a row differs from the one before it; the first does."""
    before = keys.shift()
    changed = np.array(((keys != before) & ~(keys.isna() & before.isna())).any(axis=1))
    changed[:1] = True
    return changed


def _row(curve, keys, beside, target):
    """curve: arrays by name, one entry per degree, sorted."""
    row = {name: curve[name][0] for name in keys}
    done = curve["done"] & ~np.isnan(curve["rate"])
    measured = row["method"] != "closed_form"
    row.update(m=int(curve["m"].max()), trials=int(curve["trials"][done].min()) if done.any() and measured else 0,
               points=int(done.sum()), of=len(done))
    found = window(curve["beta"][done], *_samples(curve, done), target) if row["trials"] > 0 else Window()
    row.update(beta_crit=found.first, crit_lo=found.first_lo, crit_hi=found.first_hi, beta_last=found.last,
               last_lo=found.last_lo, last_hi=found.last_hi, hole=found.hole, crit_below=found.below)
    known = ~np.isnan(curve["theory_success"])
    first, last = theory_window(curve["beta"][known], curve["theory_success"][known], target)
    row.update(theory_points=int(known.sum()), theory_first=first, theory_last=last,
               beta_exact=_exact(curve, curve["beta"][known], first, target))
    for name in EDGES:
        there = curve[name][~np.isnan(curve[name])]
        row[name] = there[0] if len(there) else np.nan
    for method, points in beside.items():
        row[method] = points.rate(row)
    return row


def _samples(curve, done):
    """(successes, samples) behind each rate: trials that share a draw of a sketch are not independent, the draws are."""
    samples = np.where(curve["success_samples"] > 0, curve["success_samples"], curve["trials"])[done]
    return curve["rate"][done] * samples, samples


class _Beside:
    """Rates of a method without a degree, found by the coordinates that it does not ignore, d and n."""

    def __init__(self, points, names):
        self._names = [name for name in names if len(points) and not ignored(points[name])] + ["d", "n"]
        points = points[points["done"]]
        self._rates = dict(zip(points[self._names].itertuples(index=False, name=None), rate(points)))

    def rate(self, row):
        return float(self._rates.get(tuple(row[name] for name in self._names), np.nan))


def _exact(curve, known, first, target):
    point = None if np.isnan(first) else closed_form(curve)
    if point is None:
        return np.nan
    before = known[known < first]
    return _cached(tuple(point.items()), int(curve["m"][0]), before.max() if len(before) else 0.0, first, target)


@functools.lru_cache(maxsize=4096)
def _cached(point, m, low, high, target):
    return crossing(dict(point), m, low, high, target)
