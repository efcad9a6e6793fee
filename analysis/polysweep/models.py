"""Laws of scaling and how they are fitted: Amdahl and the universal scalability law for strong, Gustafson for weak.

A law says how time depends on the number P of ranks, T(P) = T_1 g(P), with T_1 the time on one rank:

    amdahl     g = s + (1 - s)/P                                  s    share of T_1 that does not divide
    usl        g = (1 + sigma (P - 1) + kappa P (P - 1))/P        sigma contention, kappa cost of agreement by pairs
    gustafson  g = 1/(1 - s + s/P)                                s    share of the time on one rank that does not scale;
                                                                       work grows with P
"""
from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares
from scipy.stats import chi2, norm

from .checks import at_least, check_name, fraction
from .kinds import Array
from .samples import fewest, harrell_davis

FEWEST_SIZES = 5  #: different numbers of ranks that a fit needs
FARTHEST = 4  #: times the largest measured number of ranks: beyond, a warning
RESAMPLES = 999


@dataclass(frozen=True)
class Law:
    """g and its derivatives by the parameters; `rows` makes T or 1/T linear, for a start of the iteration."""

    name: str
    kind: str  #: "strong" or "weak"
    parameters: tuple[str, ...]
    highest: tuple[float, ...]  #: upper ends of the parameters' domains; the lower ends are 0
    g: Callable[..., Any]  #: (P, parameters on the first axis) -> g
    slopes: Callable[..., Any]  #: the same -> derivatives of log g, stacked on the first axis


def _amdahl(p: Any, s: Any) -> Any:
    return s[0] + (1 - s[0]) / p


def _usl(p: Any, s: Any) -> Any:
    return (1 + s[0] * (p - 1) + s[1] * p * (p - 1)) / p


def _inverse_gustafson(p: Any, s: Any) -> Any:
    return 1 - s[0] + s[0] / p


LAWS = {law.name: law for law in (
    Law("amdahl", "strong", ("s",), (1.0,), _amdahl, lambda p, s: np.stack([(1 - 1 / p) / _amdahl(p, s)])),
    Law("usl", "strong", ("sigma", "kappa"), (1.0, np.inf), _usl,
        lambda p, s: np.stack([(p - 1) / p / _usl(p, s), (p - 1) / _usl(p, s)])),
    Law("gustafson", "weak", ("s",), (1.0,), lambda p, s: 1 / _inverse_gustafson(p, s),
        lambda p, s: np.stack([(1 - 1 / p) / _inverse_gustafson(p, s)])))}


@dataclass(frozen=True)
class Fit:
    """A law fitted to medians of timings; see `fit`."""

    law: Law
    ranks: np.ndarray
    time_s: np.ndarray  #: estimated medians
    error: np.ndarray  #: their relative standard errors
    table: pd.DataFrame  #: parameter, value, lo, hi, unit, inside (the estimate lies in its domain); T_1 first
    confidence: float
    samples: np.ndarray  #: repetitions at each number of ranks; 0 where only intervals were known
    how: str  #: "studentised bootstrap" or "normal"
    #: P that noise alone leaves residuals as large, in units of the medians' errors. Where it is small, the law does not
    #: describe these timings, and the intervals of its parameters do not know it
    lack: float

    @property
    def values(self) -> dict[str, Any]:
        """{parameter: estimate}"""
        return dict(zip(self.table["parameter"], self.table["value"]))

    @property
    def residuals(self) -> np.ndarray:
        """Measured over fitted time, minus 1."""
        return self.time_s / self._time(self.ranks) - 1

    def time(self, ranks: Any) -> np.ndarray:
        """Fitted seconds on `ranks`; warns beyond FARTHEST times the largest measured number."""
        ranks = np.asarray(ranks, float)
        if ranks.max(initial=0) > self.farthest:
            most = self.ranks.max()
            warnings.warn(f"{self.law.name}: {ranks.max():g} ranks are {ranks.max() / most:.3g} times the largest measured "
                          f"team of {most:g}; beyond {FARTHEST} times a fitted law is a guess", stacklevel=2)
        return self._time(ranks)

    def speed_up(self, ranks: float) -> np.ndarray:
        """T_1 over `time`."""
        return self.table["value"][0] / self.time(ranks)

    @property
    def farthest(self) -> float:
        """The largest number of ranks that `time` gives without a warning."""
        return FARTHEST * float(self.ranks.max())

    def _time(self, ranks: Array) -> Array:
        t, *s = self.table["value"]
        return t * self.law.g(np.asarray(ranks, float), np.array(s))

    def text(self) -> str:
        """"usl: T_1 = 1.02 s [1.01, 1.03], sigma = 0.031 [0.028, 0.034], ..."."""
        words = [f"{row.parameter} = {row.value:.3g}{' s' * (row.unit == 's')} [{row.lo:.3g}, {row.hi:.3g}]"
                 for row in self.table.itertuples()]
        return f"{self.law.name}: {', '.join(words)}"


def fit(law: str, ranks: Array | list[int], samples: Array | list[Any], confidence: float = 0.95, resamples: int = RESAMPLES,
        seed: int = 0) -> Fit:
    """A law fitted to raw repetitions, its parameters with studentised bootstrap intervals.

    law: "amdahl", "usl" or "gustafson". ranks: different numbers of ranks, five or more. samples: for each the seconds of
    its repetitions, as many as there are (20 or more for intervals that cover as they say; at least 6).

    Least squares of log T over the sizes, each with equal weight: relative residuals. T is the Harrell-Davis median. Every
    resample draws the repetitions of each size anew, fits again, and gives t = (estimate - fitted)/(its own standard
    error); quantiles of t, reversed, make the interval. Plain percentiles of the estimates are too wide here.
    The parameters are not held in their domain (`inside` says whether they are): the interval of a share that is close to 0
    may begin below. The resamples follow from `seed` alone.

    Raises ValueError for too few sizes or repetitions, and for times that are not positive.
    """
    confidence, resamples = fraction(confidence, "confidence"), int(at_least(resamples, 1, "resamples"))
    named, ranks, order = _checked(law, ranks)
    logs = [_logs(samples[i], ranks_, confidence) for i, ranks_ in zip(order, ranks)]
    middle, error = (np.array(x) for x in zip(*map(harrell_davis, logs)))
    if not (error > 0).all():
        raise ValueError(f"all repetitions on {ranks[error.argmin()]:g} ranks took the same time: the clock is too coarse")
    best, spread = _fitted(named, ranks, middle, error)
    random = np.random.default_rng(seed)
    drawn = [harrell_davis(x[random.integers(0, len(x), (resamples, len(x)))]) for x in logs]
    middles, errors = (np.stack(x, axis=-1) for x in zip(*drawn))
    again = _iterate(named, ranks, middles, np.tile(best, (resamples, 1)))
    tail, misfit = (1 - confidence) / 2, _misfit(named, ranks, middle, best)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (again - best) / _spread(named, ranks, again, errors)
        noise = (((_misfit(named, ranks, middles, again) - misfit) / errors) ** 2).sum(axis=-1)
    low, high = np.nanquantile(t, [tail, 1 - tail], axis=0)
    lack = (1 + (noise >= ((misfit / error) ** 2).sum()).sum()) / (1 + resamples)
    return _made(named, ranks, middle, error, (best, best - high * spread, best - low * spread), confidence,
                 np.array([len(x) for x in logs]), "studentised bootstrap", float(lack))


def fit_intervals(law: str, ranks: Array | list[int], median: Any, lo: Any, hi: Any, confidence: float = 0.95) -> Fit:
    """The same where a file kept only medians and their intervals: errors from the widths, normal intervals."""
    confidence = fraction(confidence, "confidence")
    named, ranks, order = _checked(law, ranks)
    median, lo, hi = (np.asarray(x, float)[order] for x in (median, lo, hi))
    if not (np.minimum(median, lo) > 0).all() or not (hi > lo).all():
        raise ValueError("every median needs an interval of positive width; "
                         f"they have one from {fewest(confidence)} repetitions on (`time: {{reps: {fewest(confidence)}}}`)")
    z = norm.ppf(0.5 + confidence / 2)
    middle, error = np.log(median), np.log(hi / lo) / (2 * z)
    best, spread = _fitted(named, ranks, middle, error)
    total = ((_misfit(named, ranks, middle, best) / error) ** 2).sum()
    return _made(named, ranks, middle, error, (best, best - z * spread, best + z * spread), confidence,
                 np.zeros(len(ranks), int), "normal", float(chi2.sf(total, len(ranks) - len(best))))


def _checked(law: str, ranks: Array | list[int]) -> tuple[Law, Array, Array]:
    check_name(law, LAWS, "law")
    ranks = np.asarray(ranks, float)
    sizes = len(np.unique(ranks))
    if sizes < len(ranks):
        raise ValueError("a number of ranks is given twice")
    if sizes < FEWEST_SIZES:
        raise ValueError(f"{sizes} different numbers of ranks are too few to fit a law; it takes {FEWEST_SIZES}")
    if not (ranks >= 1).all():
        raise ValueError("numbers of ranks begin at 1")
    order = np.argsort(ranks)
    return LAWS[law], ranks[order], order


def _logs(samples: Array, ranks: float, confidence: float) -> Array:
    x = np.asarray(samples, float).reshape(-1)
    x = x[~np.isnan(x)]
    least = fewest(confidence)
    if len(x) < least:
        raise ValueError(f"{len(x)} repetitions on {ranks:g} ranks are too few for an interval; it takes {least}")
    if not (x > 0).all():
        raise ValueError(f"a time on {ranks:g} ranks is not positive")
    return np.log(x)


def _made(law: Law, ranks: Array, middle: Array, error: Array, found: tuple[Array, Array, Array], confidence: float, samples: Array,
          how: str, lack: float) -> Fit:
    turn: list[Callable[..., Any]] = [np.exp, *[np.asarray] * len(law.parameters)]  # T_1 is fitted as its logarithm
    value, lo, hi = ([float(f(x)) for f, x in zip(turn, row)] for row in found)
    top = (np.inf, *law.highest)
    table = pd.DataFrame({"parameter": ["T_1", *law.parameters], "value": value, "lo": lo, "hi": hi,
                          "unit": ["s"] + ["1"] * len(law.parameters),
                          "inside": [0 <= x <= most for x, most in zip(value, top)]})
    return Fit(law, ranks, np.exp(middle), error, table, confidence, samples, how, lack)


# ---- least squares: parameters (log T_1, ...) on the last axis, any number of problems on those before --------------


def _fitted(law: Law, ranks: Array, middle: Array, error: Array) -> tuple[Array, Array]:
    """(parameters, standard errors) of one problem."""
    def residual(x: Array) -> Array:
        return x[0] + np.log(np.maximum(law.g(ranks, x[1:]), 1e-300)) - middle

    start = np.array([middle[0] - np.log(law.g(ranks[0], _START[law.name])), *_START[law.name]])
    best = least_squares(residual, start, x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14).x
    return best, _spread(law, ranks, best, error)


_START = {"amdahl": np.array([0.1]), "usl": np.array([0.05, 1e-4]), "gustafson": np.array([0.1])}


def _iterate(law: Law, ranks: Array, middle: Array, x: Array, most: int = 30) -> Array:
    """Gauss-Newton from x to the last digits but a few; a step that would make a time negative is halved."""
    for _ in range(most):
        step = np.einsum("...kp,...p->...k", _influence(law, ranks, x), _misfit(law, ranks, middle, x))
        for _ in range(30):
            bad = (_g(law, ranks, x + step) <= 0).any(axis=-1)
            if not bad.any():
                break
            step[bad] *= 0.5
        x = x + step
        if (np.abs(step) <= 1e-9 * np.abs(x) + 1e-12).all():
            break
    return x


def _g(law: Law, ranks: Array, x: Array) -> Array:
    return law.g(ranks, np.moveaxis(x[..., 1:, None], -2, 0))


def _jacobian(law: Law, ranks: Array, x: Array) -> Array:
    """Derivatives of log T, (..., sizes, parameters)."""
    slopes = law.slopes(ranks, np.moveaxis(x[..., 1:, None], -2, 0))
    return np.stack([np.ones_like(slopes[0]), *slopes], axis=-1)


def _influence(law: Law, ranks: Array, x: Array) -> Array:
    """What a change of each log T does to the parameters, (..., parameters, sizes): the pseudo-inverse of the Jacobian, by
    normal equations with columns of length 1."""
    jacobian = _jacobian(law, ranks, x)
    length = np.sqrt((jacobian ** 2).sum(axis=-2, keepdims=True))
    unit = jacobian / length
    transposed = np.swapaxes(unit, -1, -2)
    return np.linalg.solve(transposed @ unit, transposed) / np.swapaxes(length, -1, -2)


def _spread(law: Law, ranks: Array, x: Array, error: Array) -> Array:
    """Standard errors of the parameters from those of the medians, to first order."""
    return np.sqrt(((_influence(law, ranks, x) * error[..., None, :]) ** 2).sum(axis=-1))


def _misfit(law: Law, ranks: Array, middle: Array, x: Array) -> Array:
    return middle - x[..., :1] - np.log(_g(law, ranks, x))
