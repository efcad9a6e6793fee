"""The experiment by brute force: attention in full matrices, the head with every one of the 2^d sign vectors.

Written from the definitions, in numpy, and shared with nothing: neither with the program nor with the closed form of
polysweep.oracle. Degrees of any parity, both masks, scores of any sign, offset + scale <q, k>.
"""
import numpy as np


def tokens(n, d, a, b, c, j3):
    """(n, d) rows: sqrt(ln n) times a at 0 (the special row alone), b at the class 1 + j mod (d - 2), c at the end."""
    rows = np.zeros((n, d))
    for j in range(n):
        rows[j, 1 + j % (d - 2)] = b
        rows[j, d - 1] = c
    rows[j3, 0] = a
    return rows * np.sqrt(np.log(n))


def weights(z, method, beta, negative, mask):
    """(n, n) unnormalised weights of scores z, each row up to a positive factor that none of its results depends on."""
    if method == "softmax":
        w = np.exp(z - np.where(visible(z, mask), z, -np.inf).max(axis=1, keepdims=True))
    else:
        degree = 1 if method == "linear" else beta
        size = np.abs(z) / np.abs(z).max(axis=1, keepdims=True)
        w = size ** degree * (np.sign(z) ** degree if negative != "abs" else 1)  # a negative score keeps the sign of its power
    return np.where(visible(z, mask), w, 0)


def visible(z, mask):
    return np.tri(*z.shape, dtype=bool) if mask == "causal" else np.ones(z.shape, bool)


def attend(q, k, v, method, beta, negative="signed", mask="full", scale=1.0, offset=0.0):
    """(outputs, (n, n) normalised weights)."""
    w = weights(offset + scale * (q @ k.T), method, beta, negative, mask)
    w = w / w.sum(axis=1, keepdims=True)
    return w @ v, w


def rounding(q, k, v, method, beta, negative, mask, unit, scale=1.0, offset=0.0):
    """(n, width): how far outputs may be off that were computed with numbers of this unit roundoff, by a first-order bound.

    A score of d products of rounded factors is off by (d + 2) u |q|.|k|, of rows that are scaled and have a coordinate of an
    offset by 5 more; a weight by its derivative times that, and by 8 units
    for its power or exponential (4 beta units for products of many factors); a sum of n terms by n u times the sum of sizes.
    """
    z, size = offset + scale * (q @ k.T), abs(offset) + scale * (np.abs(q) @ np.abs(k).T)
    products = q.shape[1] + (5 if offset != 0 or scale != 1 else 0)
    w = weights(z, method, beta, negative, mask)
    slope = 1 if method == "softmax" else (1 if method == "linear" else beta) / np.maximum(np.abs(z), np.finfo(float).tiny)
    error = np.abs(w) * (slope * (products + 2) * size + 8 + 4 * (beta if method == "exact" else 1) + len(k)) * unit
    out = (w / w.sum(axis=1, keepdims=True)) @ v
    lost = error @ np.abs(v) + error.sum(axis=1, keepdims=True) * np.abs(out)
    return 2 * lost / np.abs(w.sum(axis=1, keepdims=True)) + 4 * unit * np.abs(out)


def signs(d):
    """(d, 2^d): every vector of signs."""
    return 2.0 * ((np.arange(2 ** d)[None, :] >> np.arange(d)[:, None]) & 1) - 1


def best(out, c, kappa):
    """(2^d,) largest pre-activation of each sign vector over rows, in units of sqrt(ln n): it fires where this is positive."""
    return (out @ signs(out.shape[1]) / np.sqrt(np.log(len(out)))).max(axis=0) - c - kappa


def chances(out_0, out_1, c, kappa, m):
    """(chances that a trial of m vectors succeeds, fires on D_1, fires on D_0; smallest |pre-activation| of a best row)."""
    on_0, on_1 = best(out_0, c, kappa), best(out_1, c, kappa)
    p0, p1, either = ((on_0 > 0).mean(), (on_1 > 0).mean(), ((on_0 > 0) | (on_1 > 0)).mean())
    success = (1 - p0) ** m - (1 - either) ** m
    return success, 1 - (1 - p1) ** m, 1 - (1 - p0) ** m, min(np.abs(on_0).min(), np.abs(on_1).min())
