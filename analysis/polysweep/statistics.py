"""Intervals and tests of measured success counts."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest, chi2

Z95 = 1.959963984540054  #: two-sided 95 % quantile of the normal distribution


def wilson(successes, trials, z=Z95):
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


def binomial_pvalues(successes, trials, probability):
    """Two-sided exact binomial p-values (Clopper and Pearson's test, by minimum likelihood); NaN where p is NaN.

    A probability of 0 or 1 (within 1e-12, the rounding of its evaluation) allows one outcome only: p-value 1 or 0.
    """
    table = np.stack([np.asarray(x, float).reshape(-1) for x in (successes, trials, probability)], axis=1)
    distinct, index = np.unique(table, axis=0, return_inverse=True)
    values = np.array([_pvalue(*row) for row in distinct])
    return values[index.reshape(-1)] if len(table) else np.empty(0)


def _pvalue(k, n, p):
    if np.isnan(p) or n < 1:
        return np.nan
    if p <= 1e-12 or p >= 1 - 1e-12:
        return float(k == (0 if p < 0.5 else n))
    return binomtest(int(k), int(n), p).pvalue


@dataclass(frozen=True)
class Consistency:
    """How a table of measured counts agrees with exact probabilities; see `consistency`."""

    cells: int  #: cells with trials and a theory value
    outside: pd.DataFrame  #: cells whose p-value is below 1 - level
    level: float
    chi_squared: float  #: over `groups` independent groups, NaN if there are none
    groups: int

    @property
    def pvalue(self):
        """P(chi-squared of `groups` degrees of freedom exceeds the value found)."""
        return float(chi2.sf(self.chi_squared, self.groups)) if self.groups else float("nan")

    def __str__(self):
        if not self.cells:
            return "no cell has an exact probability to compare with"
        text = (f"{len(self.outside)} of {self.cells} cells outside the {100 * self.level:.1f} % exact binomial "
                f"acceptance region (expected at most {self.cells * (1 - self.level):.1f})")
        if self.groups:
            text += (f"; chi-squared = {self.chi_squared:.1f} over {self.groups} independent (n, d) "
                     f"group{'s' * (self.groups > 1)}, p = {self.pvalue:{'.2f' if self.pvalue > 0.005 else '.1e'}}")
        return text


def consistency(frame: pd.DataFrame, level=0.999, least_variance=2.0) -> Consistency:
    """Every cell against theory_success by the exact binomial test, and chi-squared over independent groups.

    All degrees, methods and presets of one (seed, n, d) share their sign vectors, so their cells are not independent:
    of each such group only the cell whose prediction leaves most room for chance, N p (1-p) largest, enters the sum
    (chosen from the prediction, not from what was measured; groups below `least_variance` stay out).
    """
    cells = frame[frame["done"] & (frame["trials"] > 0) & (frame["method"] != "closed_form")
                  & frame["theory_success"].notna() & frame["success_rate"].notna()]
    p = binomial_pvalues(cells["successes"], cells["trials"], cells["theory_success"])
    cells = cells.assign(p_value=p, variance=cells.trials * cells.theory_success * (1 - cells.theory_success))
    best = cells.sort_values("variance", kind="stable").groupby(["seed", "n", "d"]).tail(1)
    best = best[best["variance"] >= least_variance]
    z = (best["successes"] - best["trials"] * best["theory_success"]) / np.sqrt(best["variance"])
    total = float((z ** 2).sum()) if len(best) else float("nan")
    return Consistency(len(cells), cells[cells["p_value"] < 1 - level], level, total, len(best))
