"""Trials whose true rates are known, and how often intervals and edges hold them."""
import numpy as np

from polysweep import oracle
from polysweep.critical import edges
from polysweep.statistics import over_draws

TRIALS = 192
DRAWS, RATES, CORRELATIONS = (4, 8, 16, 32), (0.02, 0.5, 0.95), (0.03, 0.3, 0.8)
MIXTURES = ("beta", "two points")


def draw_rates(random, mixture, rate, correlation, shape):
    """True rates of draws with this mean and variance correlation x rate (1 - rate): of the beta law, or of two points."""
    if mixture == "beta":
        size = (1 - correlation) / correlation
        return random.beta(rate * size, (1 - rate) * size, shape)
    root = np.sqrt(correlation)
    return np.where(random.random(shape) < rate, rate + (1 - rate) * root, rate * (1 - root))


def interval_coverage(random, draws, rate, correlation, runs=1500, trials=TRIALS):
    """(lowest coverage over MIXTURES, mean width) of the interval of `over_draws`."""
    held, width = [], []
    for mixture in MIXTURES:
        each = trials // draws
        counts = random.binomial(each, draw_rates(random, mixture, rate, correlation, (runs, draws)))
        _, lo, hi, _ = over_draws(counts / each, each)
        held.append(((lo <= rate) & (rate <= hi)).mean())
        width.append((hi - lo).mean())
    return min(held), float(np.mean(width))


def ideal_width(draws, rate, correlation, trials=TRIALS):
    """Of the normal interval that knows the correlation."""
    return 2 * 1.96 * np.sqrt(rate * (1 - rate) / trials * (1 + (trials / draws - 1) * correlation))


# ---- edges -----------------------------------------------------------------------------------------------------------


def curves(random, beta, m, trials, runs, **point):
    """(runs, degrees) measured rates of success of the self-attention experiment. All degrees share their sign vectors, as in
    the program: kinds of vectors are drawn, and a bit for each degree says whether a kind fires."""
    weight, on_0, on_1 = oracle.events(beta, **point)
    bits = np.uint64(1) << np.arange(len(beta), dtype=np.uint64)
    masks = [(event * bits[:, None]).sum(axis=0, dtype=np.uint64) for event in (on_0, on_1)]
    sums, counted = np.cumsum(weight), []
    for _ in range(runs):
        kinds = np.minimum(np.searchsorted(sums, random.random((trials, m)) * sums[-1], side="right"), len(sums) - 1)
        fired = [np.bitwise_or.reduce(mask[kinds], axis=1) for mask in masks]
        counted.append(((fired[1] & ~fired[0])[:, None] & bits > 0).mean(axis=0))
    return np.array(counted)


def first_reached(beta, rates, level):
    """The simpler rule, for comparison: the first degree whose measured rate reaches the level; NaN for none."""
    reached = np.flatnonzero(rates >= level)
    return beta[reached[0]] if len(reached) else np.nan


def true_edges(beta, probability, level):
    """(first, last) candidate whose true rate is at least the level; None where there is none."""
    reached = np.flatnonzero(np.asarray(probability) >= level)
    return (beta[reached[0]], beta[reached[-1]]) if len(reached) else None


def edge_coverage(beta, probability, rates, samples, level=0.9):
    """What `edges` does with many measured curves: `claimed` (share with edges), `first` (that the simpler rule claims), `none`;
    where there is an edge `lower`, `upper`, `both` (shares of all runs in which nothing said of it is wrong) and
    the median widths in steps of the grid (NaN if nothing is claimed), an open end counted to the end of the grid."""
    beta = np.asarray(beta, float)
    found = [edges(beta, run, n, level) for run, n in zip(rates, np.broadcast_to(samples, rates.shape))]
    claims = [one for one in found if one.verdict == "edges"]
    row = dict(claimed=len(claims) / len(found), none=np.mean([one.verdict == "none" for one in found]),
               first=np.mean([first_reached(beta, run, level) == first_reached(beta, run, level) for run in rates]))
    truth = true_edges(beta, probability, level)
    if truth is None:
        return row
    held = {side: np.array([_holds(one, side, edge) for one in found]) for side, edge in zip(("lower", "upper"), truth)}
    row.update({side: each.mean() for side, each in held.items()}, both=(held["lower"] & held["upper"]).mean())
    for side in held:
        steps = [np.diff(np.searchsorted(beta, np.clip(getattr(one, side), beta[0], beta[-1])))[0] for one in claims]
        row[f"{side}_width"] = float(np.median(steps)) if steps else np.nan
    return row


def _holds(found, side, edge):
    if found.verdict != "edges":
        return found.verdict == "not settled"
    lo, hi = getattr(found, side)
    return lo <= edge <= hi
