"""How edges grow with length and width, from brackets of which each is all that is known of its edge.

The law is y = x . theta + s e, e normal, y the edge (or its logarithm), x = (1, ln n, ln d). Of y the bracket alone is known, lo < y <= hi,
so that an (n, d) contributes ln(Phi((hi - x . theta)/s) - Phi((lo - x . theta)/s)): regression of grouped data, which in theta/s and 1/s
has one maximum (Burridge 1981). Intervals are of the profile likelihood: all values of a coefficient whose best others lose at most

    N ln(1 + t^2/(N - p)),     t: 97.5 % quantile of Student's law with f degrees of freedom, p coefficients, N brackets,

twice in logarithms, which with f = N - p is exact for edges that are known to a point. Brackets leave of what such edges know of ln s
a share r, the information over 2 N, so f = r (N - p), at least 3: without that, brackets as wide as s make intervals that hold the
truth in 89 % instead of 95 (simulated). Where a law goes through all brackets, s goes to 0 and an interval holds all laws that do,
but for the very ends, where many brackets end at once.
"""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.optimize import brentq
from scipy.special import log_ndtr
from scipy.stats import f as f_law, t as t_law

from . import style
from .cases import number
from .checks import fraction, of_dataset
from .curve import combinations
from .edge_tables import names_of
from .edges import edges, narrowed
from .kinds import Array
from .tables import Table

_FINEST = 500  #: s is not followed below this share of the narrowest bracket
_STEPS = 400
_FEWEST = 3.0  #: degrees of freedom


class Brackets:
    """Edges as brackets: lo, hi (N; infinite where a side is open), and x (N, p)."""

    def __init__(self, lo: Array, hi: Array, x: Array) -> None:
        self.lo, self.hi, self.x = np.asarray(lo, float), np.asarray(hi, float), np.asarray(x, float)
        self.ends = [np.where(np.isfinite(end), end, 0.0) for end in (self.lo, self.hi)]
        width = self.hi - self.lo
        narrow = width[np.isfinite(width)]
        self.most = _FINEST / narrow.min() if len(narrow) else 1.0  # of 1/s
        self.unit = np.median(narrow) if len(narrow) else 1.0

    def shifted(self, j: int, value: float) -> Brackets:
        """With coefficient j at a value: brackets of the others."""
        by = value * self.x[:, j]
        return Brackets(self.lo - by, self.hi - by, np.delete(self.x, j, axis=1))

    def start(self) -> Array:
        """(theta/s, 1/s) of least squares on midpoints."""
        middle = np.where(np.isinf(self.lo), self.hi - 0.5 * self.unit, np.where(np.isinf(self.hi), self.lo + 0.5 * self.unit,
                                                                                   0.5 * (self.ends[0] + self.ends[1])))
        theta = np.linalg.lstsq(self.x, middle, rcond=None)[0]
        h = 1 / np.sqrt(np.mean((middle - self.x @ theta) ** 2) + self.unit ** 2 / 12)
        return np.r_[theta * h, h]

    def likelihood(self, at: Array) -> tuple[float, Array, Array]:
        """(ln L, gradient, Hessian) at (theta/s, 1/s)."""
        line = self.x @ at[:-1]
        low, high = at[-1] * self.lo - line, at[-1] * self.hi - line
        flip = low > 0  # Phi(b) - Phi(a) = Phi(-a) - Phi(-b), without cancellation
        a, b = np.where(flip, -high, low), np.where(flip, -low, high)
        all_of = log_ndtr(b) + np.log1p(-np.exp(np.minimum(log_ndtr(a) - log_ndtr(b), -1e-300)))
        slopes = [np.where(np.isfinite(z), np.exp(-0.5 * np.where(np.isfinite(z), z, 0) ** 2 - 0.5 * np.log(2 * np.pi) - all_of), 0)
                  for z in (low, high)]
        z = [np.column_stack([-self.x, end]) for end in self.ends]
        gradient = slopes[1] @ z[1] - slopes[0] @ z[0]
        finite = [np.where(np.isfinite(w), w, 0) for w in (low, high)]
        high_high, low_low = -(finite[1] + slopes[1]) * slopes[1], (finite[0] - slopes[0]) * slopes[0]
        both = (z[1] * (slopes[0] * slopes[1])[:, None]).T @ z[0]
        hessian = (z[1] * high_high[:, None]).T @ z[1] + (z[0] * low_low[:, None]).T @ z[0] + both + both.T
        return all_of.sum(), gradient, hessian

    def best(self) -> tuple[float, Array, float]:
        """(ln L, theta, s) of the maximum, by Newton's method with halved steps."""
        at = self.start()
        value, gradient, hessian = self.likelihood(at)
        for _ in range(_STEPS):
            free = slice(None) if at[-1] < self.most or gradient[-1] < 0 else slice(-1)
            step = np.zeros_like(at)
            damped = hessian[free, free] - 1e-9 * np.eye(len(at[free])) * (1 + np.abs(hessian).max())
            step[free] = np.linalg.solve(-damped, gradient[free])
            gain = gradient @ step
            if not gain > 1e-10:
                break
            share = 1.0 if step[-1] == 0 else min(1.0, (self.most - at[-1]) / step[-1] if step[-1] > 0 else -0.7 * at[-1] / step[-1])
            for _ in range(40):
                there = at + share * step
                found = self.likelihood(there)
                if found[0] >= value + 1e-4 * share * gain:
                    break
                share *= 0.5
            else:
                break
            at, (value, gradient, hessian) = there, found
        return value, at[:-1] / at[-1], 1 / at[-1]

    def loss(self, j: int, value: float, best: float) -> float:
        """Twice what coefficient j at a value loses in ln L against the best."""
        return 2 * (best - self.shifted(j, value).best()[0])

    def share(self, theta: Array, s: float) -> float:
        """Information about ln s at the maximum, the others free, over that of edges known to a point."""
        p, at = len(theta), np.r_[theta, 1.0] / s
        turn = np.eye(p + 1) / s  # d(theta/s, 1/s) / d(theta, ln s)
        turn[:, p] = -at
        known = -turn.T @ self.likelihood(at)[2] @ turn
        about = known[p, p] - known[p, :p] @ np.linalg.lstsq(known[:p, :p], known[:p, p], rcond=None)[0]
        return float(np.clip(about / (2 * len(self.lo)), 0, 1))

    def cut(self, share: float, confidence: float = 0.95) -> float:
        """The loss at the ends of an interval."""
        count, p = self.x.shape
        freedom = min(count - p, max(_FEWEST, share * (count - p)))
        return count * np.log1p(t_law.ppf(0.5 + confidence / 2, freedom) ** 2 / (count - p))

    def interval(self, j: int, theta: float, best: float, cut: float) -> tuple[float, float]:
        """Of coefficient j, from its best value on."""
        ends = []
        for sign in (-1, 1):
            step = sign * (1e-3 * abs(theta) + 0.1 * self.unit / max(np.ptp(self.x[:, j]), 1e-3))
            inner, outer = theta, theta + step
            for _ in range(60):
                if self.loss(j, outer, best) > cut:
                    break
                inner, outer, step = outer, outer + 2 * step, 2 * step
            else:
                ends.append(sign * np.inf)
                continue
            ends.append(brentq(lambda value: self.loss(j, value, best) - cut, inner, outer, xtol=1e-4 * abs(step) + 1e-12))
        low, high = ends
        return low, high


def fit(lo: Array, hi: Array, x: Array, confidence: float = 0.95) -> tuple[Array, list[tuple[float, float]], float]:
    """(theta, [(lo, hi) of each], s) of a law through brackets; x: (N, p), a column of ones first. ValueError where there are too few."""
    confidence = fraction(confidence, "confidence")
    brackets = Brackets(lo, hi, x)
    count, p = brackets.x.shape
    if count < p + 2:
        raise ValueError(f"{count} edges for {p} coefficients")
    if np.isfinite(brackets.hi - brackets.lo).sum() < p + 1 or np.linalg.matrix_rank(brackets.x) < p:
        raise ValueError("too few edges between candidates, or too few lengths and widths")
    best, theta, s = brackets.best()
    cut = brackets.cut(brackets.share(theta, s), confidence)
    return theta, [brackets.interval(j, theta[j], best, cut) for j in range(p)], s


def curved(lo: Any, hi: Any, x: Array, terms: range | tuple[Any, ...]) -> float:
    """P that a law of the columns of x alone leaves so much to the squares of the columns `terms`; NaN where there are too few."""
    x = np.asarray(x, float)
    squares = [(x[:, j] - x[:, j].mean()) ** 2 for j in terms if len(np.unique(x[:, j])) > 2]
    more = np.column_stack([x, *squares])
    count, p = more.shape
    if not squares or count < p + 2 or np.linalg.matrix_rank(more) < p:
        return np.nan
    gain = 2 * (Brackets(lo, hi, more).best()[0] - Brackets(lo, hi, x).best()[0])
    return float(f_law.sf(np.expm1(max(gain, 0) / count) * (count - p) / len(squares), len(squares), count - p))


@of_dataset
def edge_fits(ds: xr.Dataset, found: xr.Dataset | None = None) -> pd.DataFrame:
    """The first rise and the first fall of every method and case against ln n and ln d: a row per coefficient.

    Each (n, d) of a series counts once. Brackets are those of candidates that are surely on a side: where
    trials were of a fixed number, those whose interval does not hold the level. An edge that is there at the first candidate is below it;
    a combination in which none was seen is left out, and so are series with too few.

    Parameters
    ----------
    ds : Dataset
        From `open`.
    found : Dataset, optional
        What `edges` returned for ds, if it is there already.

    Returns
    -------
    DataFrame
        What tells series apart, kind, law, term, value, lo, hi (95 %), s (standard deviation around the law), largest (distance of
        a bracket from the law), curved (P that a straight law leaves so much to squares of its terms; small: the law is wrong),
        edges, left_out, why (text where there is no fit).

    Raises
    ------
    ValueError
        Where `ds` was opened without the columns.

    Examples
    --------
    >>> len(polysweep.edge_fits(polysweep.open(path)))  # of too few lengths
    0
    """
    found = edges(ds) if found is None else found
    sure = narrowed(ds, found)
    over, names = found.attrs["over"], names_of(ds, found)
    lengths: list[str] = [name for name in ("n", "d") if name in names and name != over]
    rest = [name for name in names if name not in lengths]
    if not lengths:
        return pd.DataFrame()
    curves = _along_curves(ds, found)
    logarithm = bool((curves > 0).all()) and style.scale_of(curves) == "log"
    rows = []
    for key, part in sure.groupby(rest, dropna=False, sort=False) if rest else (((), sure),):
        about = dict(zip(rest, key if isinstance(key, tuple) else (key,)))
        for kind in ("rise", "fall"):
            rows += _rows({**about, "kind": kind}, part[part["kind"] == kind], len(part[part["kind"] == "none"]), over, lengths, logarithm)
    return pd.DataFrame(rows)


def _along_curves(ds: xr.Dataset, found: xr.Dataset) -> Array:
    """Values of the axis along combinations of more than one candidate."""
    points = combinations(ds, found.attrs["over"])
    return points["value"].to_numpy()[found["candidates"].values[points["combination"]] > 1]


def _rows(about: dict[str, Any], part: pd.DataFrame, left_out: int, over: str, lengths: list[str],
          logarithm: bool) -> list[dict[str, Any]]:
    """A row per coefficient, or one that says why there is none."""
    terms = [name for name in lengths if part[name].nunique() > 1]
    part = part.drop_duplicates(lengths)
    if not len(part):
        return []
    law = f"{'ln ' * logarithm}{over} = a" + "".join(f" + {letter} ln {name}" for letter, name in zip("bc", terms))
    about = {**about, "law": law, "edges": len(part), "left_out": left_out}
    if not terms:
        return []
    x = np.column_stack([np.ones(len(part)), *(np.log(part[name].astype(float)) for name in terms)])
    lo, hi = (part[name].to_numpy(float) for name in ("lo", "hi"))
    if logarithm:
        lo, hi = np.where(np.isfinite(lo), np.log(np.where(np.isfinite(lo), lo, 1)), lo), np.log(hi)
    try:
        theta, intervals, s = fit(lo, hi, x)
    except ValueError as why:
        return [{**about, "why": str(why)}]
    line = x @ theta
    largest = float(np.maximum(0, np.maximum(lo - line, line - hi)).max())
    shared = dict(s=s, largest=largest, curved=curved(lo, hi, x, range(1, x.shape[1])), why="")
    return [{**about, "term": term, "value": value, "lo": ends[0], "hi": ends[1], **shared}
            for term, value, ends in zip(("1", *(f"ln {name}" for name in terms)), theta, intervals)]


def fit_table(found: pd.DataFrame) -> Table | None:
    """A row per law."""
    if not len(found) or "term" not in found:
        return None
    keys = list(found.columns[:list(found).index("law") + 1])
    rows = []
    for key, part in found[found["why"] == ""].groupby(keys, dropna=False, sort=False):
        row = {name: value if isinstance(value, str) else number(value) for name, value in zip(keys, key)}
        for letter, one in zip("abc", part.itertuples()):
            row[letter] = f"{one.value:.3g} [{one.lo:.3g}, {one.hi:.3g}]"
        rows.append({**row, "s": f"{one.s:.2g}", "largest": f"{one.largest:.2g}", "P(straight)": "" if one.curved != one.curved else
                     f"{one.curved:.2g}", "edges": str(one.edges), "left out": str(one.left_out) if one.left_out else ""})
    shown = pd.DataFrame(rows).fillna("")
    shown = shown.loc[:, [name for name in shown if name in ("kind", "law") or shown[name].nunique() > 1 or
                          name not in keys and (shown[name] != "").any()]]
    note = ("Regression of edges of which the bracket alone is known, with 95 % intervals of the profile likelihood; s: standard deviation "
            "of edges around the law; largest: distance of a bracket from it. P(straight): chance that a straight law leaves so much to "
            "squares of its terms; where it is small, the law is wrong whatever its intervals say. Left out: combinations in which no edge "
            "was seen.")
    return Table("Laws of edges", note, shown, "edge-fits.csv")
