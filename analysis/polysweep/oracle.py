"""An independent evaluation of the self-attention experiment, in numpy: brute force and closed form.

Data. n = (d-2) t tokens of width d, L = ln n, s = sqrt(L), classes k(j) = j mod (d-2):
    A[j,0] = a s if j = j3 else 0 (a = a_0 in D_0, a_1 in D_1),   A[j,1+k(j)] = b s,   A[j,d-1] = c s.
Attention with Q = K = V = A: scores z = offset + scale A A^T, weights z^beta ("exact"), e^z ("softmax"), z ("linear"). With
match = (sigma, mu) scale is sigma / beta and offset 1 - sigma mu / beta, so that z^beta follows e^(sigma (A A^T - mu)).
Head. w in {-1,+1}^d uniform; w fires if some row has <c_j, w> > (c + kappa) s; m vectors make a trial, and a trial
succeeds if some w fires on D_1 and none on D_0.

Nothing here is shared with the C program: it is what the program's numbers are tested against, and what draws the
smooth theory lines of the figures.
"""
from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import binom

from .checks import check_name
from .kinds import Array

METHODS = ("exact", "softmax", "linear")


def tokens(n: int, d: int, a: float, b: float, c: float, j3: int = 0) -> Array:
    """(n, d) rows of A."""
    rows = np.zeros((n, d))
    rows[j3, 0] = a
    rows[np.arange(n), 1 + np.arange(n) % (d - 2)] = b
    rows[:, d - 1] = c
    return rows * np.sqrt(np.log(n))


def affine(beta: Array | float, scale: float = 1.0, offset: float = 0.0, match: tuple[float, float] | None = None) -> tuple[Any, ...]:
    """(scale, offset) at a degree, or arrays of them over degrees."""
    if match is None:
        return scale, offset
    sigma, mu = match
    return sigma / beta, 1 - sigma * mu / beta


def attend(rows: Array, beta: float, method: str = "exact", block: int = 256, **scores: Any) -> tuple[Array, Array]:
    """(n, d) attention output C and (n,) diagonal of the weights, by blocks of query rows; `scores` as for `affine`."""
    check_name(method, METHODS, "method")
    n, (scale, offset) = len(rows), affine(beta, **scores)
    out, diagonal = np.empty_like(rows), np.empty(n)
    for first in range(0, n, block):
        part = slice(first, min(first + block, n))
        z = offset + scale * (rows[part] @ rows.T)
        top = z.max(axis=1, keepdims=True)
        u = np.exp(z - top) if method == "softmax" else (z / top) ** (1.0 if method == "linear" else beta)
        u /= u.sum(axis=1, keepdims=True)
        out[part] = u @ rows
        diagonal[part] = u[np.arange(len(u)), np.arange(part.start, part.stop)]
    return out, diagonal


def fires(out: Array, signs: Array, c: float, kappa: float, tolerance: float = 1e-12) -> Array:
    """(m,) bool: which sign vectors, the columns of `signs` (d, m), fire on attention output `out` (n, d)."""
    s = np.sqrt(np.log(len(out)))
    return ((out @ signs) / s - c - kappa).max(axis=0) > tolerance


def masses(beta: Array | float, n: int, d: int, a: float, b: float, c: float, method: str = "exact", **scores: Any) -> dict[str, Any]:
    """Attention masses for an array of degrees, evaluated in logarithms; any n. `scores` as for `affine`: powers see
    c^2 + offset / (scale ln n) for c^2, exponentials exponents that are `scale` times as large. Raises ValueError where an offset
    leaves scores that are not positive.

    f, s_k, q: special row on itself, on the other keys of its class, on each other class; rho, q_o: ordinary row on
    its own class, on each other class; same, other: ordinary row of j3's class, of another class, on j3.
    """
    check_name(method, METHODS, "method")
    beta = np.ones_like(np.asarray(beta, float)) if method == "linear" else np.asarray(beta, float)
    t, (scale, offset) = n // (d - 2), affine(beta, **scores)
    if method == "softmax":
        one = np.ones_like(beta) * scale * np.log(n)
        r1, r2 = (a * a + b * b) * one, b * b * one
    else:
        least = c * c + offset / (scale * np.log(n))
        if np.any((least <= 0) & (np.asarray(offset) != 0)):
            raise ValueError("an offset leaves scores that are not positive")
        r1, r2 = beta * np.log1p((a * a + b * b) / least), beta * np.log1p(b * b / least)
    z = 1 + (t - 1) * np.exp(r2 - r1) + (n - t) * np.exp(-r1)
    zo = t + (n - t) * np.exp(-r2)
    return {"f": 1 / z, "s_k": (t - 1) * np.exp(r2 - r1) / z, "q": t * np.exp(-r1) / z, "rho": t / zo,
            "q_o": t * np.exp(-r2) / zo, "same": 1 / zo, "other": np.exp(-r2) / zo}


def events(beta: Array, n: int, d: int, a_0: float, a_1: float, b: float, c: float, kappa: float, method: str = "exact",
           **scores: Any) -> tuple[Array, Array, Array]:
    """(weight, on D_0, on D_1): kinds of sign vectors, how probable each is, and which fire; (kinds,), (degrees, kinds) twice.
    `scores` as for `affine`, numbers.

    A vector enters only through w_1, w_d, w_k and the number q of +1 among the other d-3 class signs.
    """
    beta = np.atleast_1d(np.asarray(beta, float))
    q = np.arange(d - 2)
    w1, wd, wk, q = (each.reshape(-1) for each in np.meshgrid([-1, 1], [-1, 1], [-1, 1], q, indexing="ij"))
    weight, total = binom.pmf(q, d - 3, 0.5) / 8, 2 * q - (d - 3)
    base, tolerance = (wd - 1) * c - kappa, 1e-12 * (a_1 + b + 2 * c)
    fired = []
    for a in (a_0, a_1):
        x = {key: np.reshape(value, (-1, 1)) for key, value in masses(beta, n, d, a, b, c, method, **scores).items()}
        best = a * x["f"] * w1 + b * ((x["f"] + x["s_k"]) * wk + x["q"] * total) + base
        if n > d - 2:
            best = np.maximum(best, a * x["same"] * w1 + b * (x["rho"] * wk + x["q_o"] * total) + base)
        for sign, exists in ((1, q > 0), (-1, q < d - 3)):
            row = a * x["other"] * w1 + b * (sign * x["rho"] + x["q_o"] * (total - sign + wk)) + base
            best = np.where(exists, np.maximum(best, row), best)
        fired.append(best > tolerance)
    return weight, *fired


def firing(beta: Array, n: int, d: int, a_0: float, a_1: float, b: float, c: float, kappa: float, method: str = "exact",
           **scores: Any) -> tuple[Array, Array, Array]:
    """p0, p1, p01: probabilities that one sign vector fires on D_0, on D_1, on either; arrays over beta."""
    weight, *fired = events(beta, n, d, a_0, a_1, b, c, kappa, method, **scores)
    chance = [(weight * event).sum(axis=1) for event in (*fired, fired[0] | fired[1])]
    p0, p1, either = (np.reshape(value, np.shape(beta)) for value in chance)
    return p0, p1, either


def success(beta: Any, m: int, **point: Any) -> Array:
    """Exact probability that a trial of m sign vectors succeeds; `point` as for `firing`, beta a number or an array."""
    beta = np.asarray(beta, float)
    parts = [firing(part, **point) for part in np.array_split(beta.reshape(-1), beta.size // 16 + 1)]
    p0, _, either = (np.concatenate(column) for column in zip(*parts))
    return ((1 - p0) ** m - (1 - either) ** m).reshape(beta.shape)


def crossing(m: int, low: float, high: float, level: float = 0.9, digits: int = 4, **point: Any) -> float:
    """Real degree in (low, high] where the exact probability of success first reaches the level; `high` if nowhere.

    The probability is a step function of the degree (finitely many sign vectors), so this is the step's place, if no other
    step is as close as the 15 degrees that a round evaluates.
    """
    while high - low > 10.0 ** -digits:
        inside = np.linspace(low, high, 17)
        reached = np.flatnonzero(success(inside[1:-1], m, **point) >= level)
        first = reached[0] + 1 if len(reached) else 16
        low, high = inside[first - 1], inside[first]
    return float(high)
