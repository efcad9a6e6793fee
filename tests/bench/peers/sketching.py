"""A polysketch in numpy, as one would write it: causal attention with (<T q, T k>)^2 for <q, k>^4, T the tree sketch of degree 2
(Ahle et al. 2020) and its square the lifted features, in blocks: features before a block in a state, the block itself by scores."""
import numpy as np

from . import precision

BLOCK = 256


def about():
    return {"version": np.__version__}


def tables(d, r, random):
    return tuple(random.standard_normal((d, r)) for _ in range(2))


def sketch(x, both):
    """T x: E <T x, T y> = <x, y>^2."""
    return (x @ both[0]) * (x @ both[1]) * np.asarray(both[0].shape[1] ** -0.5, x.dtype)


def lift(t):
    """<lift(s), lift(t)> = <s, t>^2, by the r (r + 1) / 2 products of two coordinates."""
    i, j = np.triu_indices(t.shape[1])
    return t[:, i] * t[:, j] * np.where(i == j, 1, np.sqrt(2)).astype(t.dtype)


def attend(q, k, v, both):
    n, width = v.shape
    values = np.concatenate([v, np.ones((n, 1), v.dtype)], axis=1)
    r = both[0].shape[1]
    state, out = np.zeros((r * (r + 1) // 2, width + 1), v.dtype), np.empty_like(values)
    for first in range(0, n, BLOCK):
        part = slice(first, first + BLOCK)
        a, b = sketch(q[part], both), sketch(k[part], both)
        weights = np.tril(np.square(a @ b.T))
        out[part] = weights @ values[part] + lift(a) @ state
        state += lift(b).T @ values[part]
    return out[:, :-1] / out[:, -1:]


def polysketch(n, d, r, precision_name):
    random = np.random.default_rng(1)
    q, k, v = (random.standard_normal((n, d)).astype(precision(precision_name)) for _ in range(3))
    both = tuple(table.astype(q.dtype) for table in tables(d, r, random))
    return lambda: attend(q, k, v, both) is None


def errors(n, d, r, draws):
    """‖Ã − A‖ / √(Σ ‖q‖^8 ‖k‖^8) over visible pairs, of each draw: the column err_amm."""
    random = np.random.default_rng(1)
    q, k = random.standard_normal((2, n, d))
    exact, seen = (q @ k.T) ** 4, np.tri(n, dtype=bool)
    size = np.sqrt((np.multiply.outer((q * q).sum(1) ** 4, (k * k).sum(1) ** 4) * seen).sum())
    found = []
    for _ in range(draws):
        both = tables(d, r, random)
        found.append(float(np.linalg.norm(((sketch(q, both) @ sketch(k, both).T) ** 2 - exact) * seen) / size))
    return found


JOBS = {"polysketch": polysketch}
