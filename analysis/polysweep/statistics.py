"""Intervals and tests of measured success counts, also of trials that share draws of what is random about a point."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import bdtr, bdtrc, betaincinv, betaln, ndtri, stdtrit, xlog1py, xlogy
from scipy.stats import chi2

from .checks import fraction
from .kinds import Array

Z95 = 1.959963984540054  #: two-sided 95 % quantile of the normal distribution


def wilson(successes: Array | float, trials: int, z: float = Z95) -> tuple[Array, Array]:
    """Wilson's score interval (Wilson 1927) of a rate: (lo, hi), arrays like `successes`; NaN for no trials.

    centre (p + z^2/2N)/(1 + z^2/N), half-width z sqrt(p(1-p)/N + z^2/4N^2)/(1 + z^2/N).
    """
    k, n = np.asarray(successes, float), np.asarray(trials, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = k / n
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        lo, hi = np.where(k == 0, 0.0, centre - half), np.where(k == n, 1.0, centre + half)
    return np.where(n > 0, lo, np.nan), np.where(n > 0, hi, np.nan)


def clopper_pearson(successes: Array | float, trials: Array | float, confidence: float = 0.95) -> tuple[Array, Array]:
    """Exact interval (Clopper and Pearson 1934) of a rate: (lo, hi), for any real numbers 0 <= successes <= trials."""
    k, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    tail = (1 - fraction(confidence, "confidence")) / 2
    few, many = k <= 0, k >= n
    lo = np.where(few, 0.0, betaincinv(np.where(few, 1.0, k), np.where(few, 1.0, n - k + 1), tail))
    hi = np.where(many, 1.0, betaincinv(np.where(many, 1.0, k + 1), np.where(many, 1.0, n - k), 1 - tail))
    return lo, hi


def over_draws(rates: Array | list[Any], trials: int, confidence: float = 0.95) -> tuple[Any, ...]:
    """(rate, lo, hi, samples) of trials that share draws. rates: of success in each draw, on the last axis; trials: of a draw.

    Draws are clusters. Clopper and Pearson's interval at an effective number of trials (Korn and Graubard 1998), which the
    variance between draws gives; one more draw of weight w, half of it at 0 and half at 1, keeps that variance from
    vanishing where all draws happen to agree (w = 1 below 16 draws, 1/4 from there on):

        p~ = (sum x + w/2)/(K + w)     s^2 = (sum (x - p~)^2 + w/2 (p~^2 + (1 - p~)^2))/(K + w - 1)
        samples = p~ (1 - p~) (K + w)/s^2 (z/t)^2 in [K, K T]     z, t: quantiles of the normal law and of Student's, K - 1

    One trial a draw: trials are independent, Wilson's interval. One draw: nothing is known of others, samples is 1 and the
    interval Markov's, [tail p, 1 - tail (1 - p)], tail = (1 - confidence)/2, which holds whatever the draws do.
    """
    x, trials = np.asarray(rates, float), int(trials)
    count, tail = x.shape[-1], (1 - fraction(confidence, "confidence")) / 2
    if trials == 1:
        p = x.mean(axis=-1)
        lo, hi = wilson(p * count, count, -_normal_quantile(tail))
        return p, lo, hi, np.full_like(p, count)
    p = x.mean(axis=-1)
    if count == 1:
        return p, tail * p, 1 - tail * (1 - p), np.ones_like(p)
    samples = _effective(x, trials, tail)
    lo, hi = clopper_pearson(samples * p, samples, confidence)
    return p, lo, hi, samples


def _effective(x: Array, trials: int, tail: float) -> Array | float:
    count = x.shape[-1]
    w = 1.0 if count < 16 else 0.25
    p = (x.sum(axis=-1) + w / 2) / (count + w)
    square = ((x - p[..., None]) ** 2).sum(axis=-1) + w / 2 * (p ** 2 + (1 - p) ** 2)
    variance = square / (count + w - 1)
    shrink = (_normal_quantile(tail) / stdtrit(count - 1, tail)) ** 2
    return np.clip(p * (1 - p) * (count + w) / variance * shrink, count, count * trials)


def _normal_quantile(tail: float) -> float:
    return float(ndtri(tail))


def binomial_pvalues(successes: Any, trials: Any, probability: Any) -> Array:
    """Two-sided exact binomial p-values (Clopper and Pearson's test, by minimum likelihood); NaN where p is NaN.

    A probability of 0 or 1 (within 1e-12, the rounding of its evaluation) allows one outcome only: p-value 1 or 0.
    """
    k, n, p = (np.asarray(x, float).reshape(-1) for x in (successes, trials, probability))
    known = ~np.isnan(p) & (n >= 1)
    sure = known & ((p <= 1e-12) | (p >= 1 - 1e-12))
    found = np.where(sure, k == np.where(p < 0.5, 0, n), np.nan)
    chance = known & ~sure
    found[chance] = _pvalues(k[chance], n[chance], p[chance])
    return found


def _pvalues(k: Array, n: Array, p: Array) -> Array:
    """As scipy.stats.binomtest has them, of all tests at once: the outcomes up to k < n p, and those of the other tail that are
    no likelier than k; k > n p is mirrored. Beyond the mode the likelihood falls, so that a bisection finds where they begin."""
    even, high = k == n * p, k > n * p
    k, p = np.where(high, n - k, k), np.where(high, 1 - p, p)
    likelihood = _likelihood(k, n, p) * (1 + 1e-7)
    low, end = np.ceil(n * p), n + 1
    while (open_ := low < end).any():
        middle = np.floor((low + end) / 2)
        unlikely = _likelihood(np.minimum(middle, n), n, p) <= likelihood
        end = np.where(open_ & unlikely, middle, end)
        low = np.where(open_ & ~unlikely, middle + 1, low)
    whole = n.astype(np.int64)
    beyond = np.where(low > n, 0.0, bdtrc(np.minimum(low, n) - 1, whole, p))
    return np.where(even, 1.0, np.minimum(bdtr(k, whole, p) + beyond, 1.0))


def _likelihood(k: Array, n: Array, p: Array) -> Array:
    return np.exp(xlogy(k, p) + xlog1py(n - k, -p) - np.log1p(n) - betaln(k + 1, n - k + 1))


def anytime_pvalues(successes: Any, trials: Any, probability: Any) -> Array | float:
    """p-values of a probability that hold whenever one stops counting: min(1, 1/R), R the mixture of likelihoods over all
    probabilities against it (Robbins 1970), B(S + 1, F + 1)/(p^S (1 - p)^F); NaN where p is NaN."""
    s, n, p = (np.asarray(x, float) for x in (successes, trials, np.clip(probability, 0, 1)))
    ratio = betaln(s + 1, n - s + 1) - xlogy(s, p) - xlog1py(n - s, -p)
    return np.exp(-np.maximum(ratio, 0))


@dataclass(frozen=True)
class Consistency:
    """How a table of measured counts agrees with exact probabilities; see `consistency`."""

    cells: int  #: cells with trials and a theory value
    outside: pd.DataFrame  #: cells whose p-value is below 1 - level
    level: float
    chi_squared: float  #: over `groups` independent groups, NaN if there are none
    groups: int

    @property
    def pvalue(self) -> float:
        """P(chi-squared of `groups` degrees of freedom exceeds the value found)."""
        return float(chi2.sf(self.chi_squared, self.groups)) if self.groups else float("nan")

    def __str__(self) -> str:
        if not self.cells:
            return "no cell has an exact probability to compare with"
        text = (f"{len(self.outside)} of {self.cells} cells outside the {100 * self.level:.1f} % exact binomial "
                f"acceptance region (expected at most {self.cells * (1 - self.level):.1f})")
        if self.groups:
            text += (f"; chi-squared = {self.chi_squared:.1f} over {self.groups} independent (n, d) "
                     f"group{'s' * (self.groups > 1)}, p = {self.pvalue:{'.2f' if self.pvalue > 0.005 else '.1e'}}")
        return text


def consistency(frame: pd.DataFrame, level: float = 0.999, least_variance: float = 2.0) -> Consistency:
    """Every cell against theory_success by the exact binomial test, and chi-squared over independent groups.

    All degrees, methods and presets of one (seed, n, d) share their sign vectors, so their cells are not independent:
    of each such group only the cell whose prediction leaves most room for chance, N p (1-p) largest, enters the sum
    (chosen from the prediction, not from what was measured; groups below `least_variance` stay out). Trials that a rule ended are
    no binomial draw: their p-value holds at any stop, and they enter no sum.
    """
    level = fraction(level, "level")
    everything = frame
    frame = frame[[*_CELLS, *(name for name in ("trials_error", "trials_done") if name in frame)]]
    cells = frame[frame["done"] & (frame["trials"] > 0) & (frame["method"] != "closed_form")
                  & frame["theory_success"].notna() & frame["success_rate"].notna()]
    stopped = cells["trials_error"].notna() if "trials_error" in cells else pd.Series(False, cells.index)
    p = binomial_pvalues(cells["successes"], cells["trials"].mask(stopped, 0), cells["theory_success"])
    if stopped.any():
        p = np.where(stopped, anytime_pvalues(cells["successes"], cells["trials_done"], cells["theory_success"]), p)
    cells = cells.assign(p_value=p, variance=cells.trials * cells.theory_success * (1 - cells.theory_success))
    best = cells[~stopped].sort_values("variance", kind="stable").groupby(["seed", "n", "d"]).tail(1)
    best = best[best["variance"] >= least_variance]
    z = (best["successes"] - best["trials"] * best["theory_success"]) / np.sqrt(best["variance"])
    total = float((z ** 2).sum()) if len(best) else float("nan")
    outside = cells.loc[cells["p_value"] < 1 - level, ["p_value", "variance"]]
    return Consistency(len(cells), pd.concat([everything.loc[outside.index], outside], axis=1), level, total, len(best))


_CELLS = ("done", "trials", "method", "theory_success", "success_rate", "successes", "seed", "n", "d")
