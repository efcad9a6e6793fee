"""How a published statement is decided from the points of its study: one function a statement, from points to a verdict.

A rule takes a DataFrame of done points (every column of the file, its index the slot) and `judge.level`, at which rates are read, and
returns a `Verdict`, or a list of them. It says in its first line what it calls a contradiction.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import gammaln
from scipy.stats import binom

from .cases import number, parts
from .kinds import Array
from .verdicts import (
    CONSISTENT,
    CONTRADICTED,
    ERROR,
    IDENTITY,
    Verdict,
    counted,
    crossing,
    fit_text,
    mean_interval,
    range_text,
    slope,
    sure_fall,
    tolerance,
    untested,
)

# ---- a sufficient degree ----------------------------------------------------------------------------------------------


def _degrees(points: pd.DataFrame, worst: bool) -> tuple[pd.DataFrame, pd.Series]:
    """Points of z^beta without noise, and p* = ln(n - 1)/ln(1/(1 - rho)) with the margin rho of the nearest competitor."""
    chosen = points[(points["method"] == "exact") & (points["mask"] == "full") & (points["noise"] == 0)]
    chosen = chosen[(chosen["b"] > 0) if worst else (chosen["b"] == 0)]
    square = chosen["a_1"] ** 2
    near = chosen["b"] ** 2 + chosen["c"] ** 2
    return chosen, np.log(chosen["n"] - 1) / np.log1p(square / near)


def degree_half(points: pd.DataFrame, level: float) -> Verdict:
    """A mass at p* that is not 1/2, or one on the wrong side of 1/2 elsewhere."""
    statement = "b = 0: the target's mass is 1/2 exactly at p*, below it before and above it after"
    chosen, star = _degrees(points, worst=False)
    share, mass = chosen["beta"] / star, chosen["special_mass_d1"]
    at = np.abs(share - 1) < 1e-12
    if not at.any():
        return untested(statement, "no point has b = 0, no noise and the degree p*")
    right = np.where(at, np.abs(mass - 0.5) <= 0.5 * tolerance(chosen), (mass > 0.5) == (share > 1))
    return counted(statement, right, chosen, f"largest |f - 1/2| at p* {np.abs(mass[at] - 0.5).max():.1e}", IDENTITY)


def degree_worst(points: pd.DataFrame, level: float) -> Verdict:
    """A mass below 1/2 from p* on, p* taken at the margin of the nearest competitor."""
    statement = "b > 0: p* at the smallest margin suffices for a mass of 1/2"
    chosen, star = _degrees(points, worst=True)
    reached = chosen["beta"] >= star * (1 - 1e-12)
    chosen, star = chosen[reached], star[reached]
    if not len(chosen):
        return untested(statement, "no point has b > 0, no noise and a degree from p* on")
    right = chosen["special_mass_d1"] >= 0.5 * (1 - tolerance(chosen))
    return counted(statement, right, chosen, f"masses {range_text(chosen['special_mass_d1'])}", IDENTITY)


def degree_needs(points: pd.DataFrame, level: float) -> Verdict:
    """A success where a_1 f is not above kappa."""
    statement = "b = 0: this head succeeds only where f > kappa/a_1"
    chosen, _ = _degrees(points, worst=False)
    chosen = chosen[chosen["success_rate"].notna()]
    if not len(chosen):
        return untested(statement, "no point with b = 0 and without noise has trials")
    below = chosen["a_1"] * chosen["special_mass_d1"] <= chosen["kappa"] * (1 - tolerance(chosen))
    return counted(statement, ~below | (chosen["success_rate"] == 0), chosen, f"{int(below.sum())} of them with f below kappa/a_1",
                   IDENTITY)


def degree_success(points: pd.DataFrame, level: float) -> Verdict:
    """From p* on, a rate of success whose 95 % interval is below the level."""
    statement = "b = 0: from p* on this head succeeds"
    chosen, star = _degrees(points, worst=False)
    chosen = chosen[(chosen["beta"] >= star * (1 - 1e-12)) & chosen["success_rate"].notna()]
    if not len(chosen):
        return untested(statement, "no point with b = 0 and a degree from p* on has trials")
    right, needed = chosen["success_hi"] >= level, chosen["kappa"] / chosen["a_1"]
    shares = [f"{words} {range_text(needed[side])}" for side, words in
              ((right, "succeeds at kappa/a_1"), (~right, "fails at")) if side.any()]
    return counted(statement, right, chosen, ", ".join(shares) + "; a mass of 1/2 is enough for kappa/a_1 below 1/2 alone")


# ---- dispersion -------------------------------------------------------------------------------------------------------


def _bounded(points: pd.DataFrame, column: str) -> pd.Series:
    """n mass over the largest weight by the smallest, from the constants; below or at 1 by the statement."""
    seen = np.where(points["mask"] == "causal", points["j3"] + 1, points["n"])
    top, least = points["a_1"] ** 2 + points["b"] ** 2 + points["c"] ** 2, points["c"] ** 2
    scale = points["scale"].where(points["scale"] > 0, 1.0)
    with np.errstate(over="ignore"):
        bound = np.where(points["method"] == "softmax", points["n"] ** (scale * (top - least)), (top / least) ** points["beta"].fillna(1))
    return seen * points[column] / bound


def _plain(points: pd.DataFrame) -> pd.DataFrame:
    return points[points["method"].isin(["exact", "softmax", "linear"]) & (points["c"] > 0) & (points["offset"] == 0)]


def dispersion_exact(points: pd.DataFrame, level: float) -> Verdict:
    """A mass above the bound, without noise."""
    statement = "no noise: n mass <= largest weight / smallest (causal: keys seen, for n)"
    chosen = _plain(points[points["noise"] == 0])
    if not len(chosen):
        return untested(statement, "no point without noise")
    ratio = _bounded(chosen, "special_mass_d1")
    return counted(statement, ratio <= 1 + tolerance(chosen), chosen, f"n mass is at most {ratio.max():.6g} of the bound", IDENTITY)


def dispersion_noisy(points: pd.DataFrame, level: float) -> list[Verdict]:
    """Surely more than half of the draws of noise above the bound of the constants: one-sided sign tests, 5 % for all points of a
    noise together (Bonferroni)."""
    noisy = _plain(points[(points["noise"] > 0) & (points["data_draws"] == 1)])
    return [_dispersion(noise, part) for (noise,), part in parts(noisy, ["noise"])] if len(noisy) else []


def _dispersion(noise: float, points: pd.DataFrame) -> Verdict:
    statement = f"noise {number(noise)}: the median over draws keeps to the bound of the constants"
    ratio = _bounded(points, "special_mass_d1")
    keys = ["method", "mask", "j3", "n", "d", "beta", "a_1", "b", "c", "scale"]
    table = points[[*keys, "seed"]].assign(ratio=ratio, above=ratio > 1, slot=points.index)
    table = table.drop_duplicates([*keys, "seed"])  # one seed, one draw: parameters that change neither are no further draws
    found = table.groupby(keys, dropna=False).agg(draws=("above", "size"), above=("above", "sum"), middle=("ratio", "median"),
                                                  slot=("slot", "first")).set_index("slot")
    chance = binom.sf(found["above"] - 1, found["draws"], 0.5)
    if (0.5 ** found["draws"] * len(found) > ERROR).all():
        return untested(statement, f"{found['draws'].max()} draws cannot contradict it among {len(found)} points")
    return counted(statement, chance * len(found) > ERROR, found,
                   f"largest median {found['middle'].max():.4g} of the bound, over {found['draws'].min()} draws or more")


# ---- signal -----------------------------------------------------------------------------------------------------------


def _signals(points: pd.DataFrame, method: str, level: float) -> pd.DataFrame:
    """DataFrame of n, lo, hi: bracket of ln(a_1 sqrt(ln n)) where the rate of success passes the level."""
    rows = []
    for (n,), part in parts(points[points["method"] == method], ["n"]):
        lo, hi = crossing(part["a_1"], part["success_rate"], level)
        if 0 < lo < hi < np.inf:
            rows.append((n, *np.log(np.array([lo, hi]) * np.sqrt(np.log(n)))))
    return pd.DataFrame(rows, columns=["n", "lo", "hi"])


WIDEST = {"log": 1.0, "root": 0.5}  #: intervals of exponents beyond say nothing


def signal(method: str, law: str, points: pd.DataFrame, level: float) -> Verdict:
    """law "log": the signal grows faster than ln n; law "root": more slowly than sqrt(n); by the interval of its exponent."""
    words = {"log": "a signal of order ln n is enough", "root": "a signal of order sqrt(n) is needed"}[law]
    statement = f"{method}: {words}"
    found = _signals(points, method, level)
    fitted = slope(np.log(np.log(found["n"])) if law == "log" else np.log(found["n"]), found["lo"], found["hi"]) if len(found) else None
    if fitted is None:
        return untested(statement, f"fewer than three lengths at which its rate passes {level:g}")
    if fitted[2] - fitted[1] > WIDEST[law]:
        return untested(statement, f"its exponent is {fit_text(fitted)}: too wide an interval to say")
    wrong = fitted[1] > 1 if law == "log" else fitted[2] < 0.5
    grows = "(ln n)" if law == "log" else "n"
    return Verdict(statement, CONTRADICTED if wrong else CONSISTENT,
                   f"signal ~ {grows}^{fit_text(fitted)} over n = {_lengths(found)}; ends at {np.exp(found['hi'].iloc[-1]):.3g}")


def _lengths(found: pd.DataFrame) -> str:
    return f"{int(found['n'].min())} to {int(found['n'].max())}"


# ---- temperature ------------------------------------------------------------------------------------------------------

FACTOR = 2.0  #: the same scale, up to a constant factor


def temperature_curves(points: pd.DataFrame) -> pd.DataFrame:
    """A row for each curve over the scale: its crossing (lo, hi], and the scale that the count of gaps gives.

    Gaps below the largest score of row j3, over ln n: a_1^2 with t - 1 keys (its class), a_1^2 + b^2 with all n - 1. N(g) keys lie
    within the gap g; scale of accumulation: max ln N(g)/g. f = 1/2 where sum N e^(-s g) = 1 over the steps of N, so s is at least
    that, and at most max ln(2 N)/g over the two steps.
    """
    rows = []
    keys = ["noise", "a_1", "b", "n", "d"]
    for key, part in parts(points[(points["method"] == "softmax") & (points["mask"] == "full")], keys):
        _, a, b, n, d = key
        lo, hi = crossing(part["scale"], part["special_mass_d1"], 0.5)
        t, log = n // (d - 2), np.log(n)
        near, far = a * a * log, (a * a + b * b) * log
        counted_ = max(np.log(max(t - 1, 1)) / near, np.log(n - 1) / far)
        most = max(np.log(2 * (t - 1)) / near if t > 1 else 0.0, np.log(2 * max(n - t, 1)) / far)
        rows.append((*key, lo, hi, counted_, most, np.log(n - 1) / far, part.index[0]))
    return pd.DataFrame(rows, columns=[*keys, "lo", "hi", "gaps", "most", "length", "slot"])


def temperature(points: pd.DataFrame, level: float) -> list[Verdict]:
    """No noise: a crossing outside the bracket that counts give. With noise: one that is not the scale of counts within a factor 2."""
    found = temperature_curves(points).astype({"lo": float, "hi": float})
    found = found[np.isfinite(found["lo"]) | np.isinf(found["hi"])]  # the axis holds the beginning
    if not len(found):
        return [untested("the scale at which the target has half the mass follows the count of gaps", "no curve over the scale")]
    return [_temperature(noise, part.set_index("slot")) for (noise,), part in parts(found, ["noise"])]


def _temperature(noise: float, found: pd.DataFrame) -> Verdict:
    middle = np.where(np.isinf(found["hi"]), np.inf, (found["lo"] + found["hi"]) / 2)
    ratio, alone = middle / found["gaps"], middle / found["length"]
    numbers = (f"critical scale is {range_text(ratio)} of the scale of gaps, {range_text(alone)} of that of the number of keys and the "
               "largest gap alone")
    if noise == 0:
        right = (found["hi"] >= found["gaps"] * (1 - 1e-9)) & (found["lo"] <= found["most"] * (1 + 1e-9))
        return counted("no noise: max ln N(g)/g <= critical scale <= max ln(2 N(g))/g", right, found, numbers, IDENTITY,
                       "curves")
    right = (found["hi"] >= found["gaps"] / FACTOR) & (found["lo"] <= found["gaps"] * FACTOR)
    return counted(f"noise {number(noise)}: critical scale within a factor {FACTOR:g} of max ln N(g)/g, gaps of the constants", right,
                   found, numbers, of="curves")


# ---- memories ---------------------------------------------------------------------------------------------------------


def capacities(points: pd.DataFrame, level: float, sure: bool = False) -> pd.DataFrame:
    """A row for each method, degree and width: (lo, hi] holds the number of pairs up to which the share recalled is at least the
    level; weights z have degree 1. sure: by the interval of the share, that of the draws, instead of the share."""
    rows = []
    degree = points["beta"].where(points["method"] != "linear", 1.0)
    for (beta, d), part in parts(points[points["method"].isin(["exact", "linear"])].assign(beta=degree), ["beta", "d"]):
        lo, hi = sure_fall(part["n"], part["recall_lo"], part["recall_hi"], level) if sure else crossing(
            part["n"], part["recall"], level, rising=False)
        rows.append((beta, d, lo, hi, part.index[0]))
    return pd.DataFrame(rows, columns=["beta", "d", "lo", "hi", "slot"])


def memory(points: pd.DataFrame, level: float) -> list[Verdict]:
    """The exponent of n ln n in d surely is not 2 (95 %)."""
    return [_memory(points, each) for each in (0.5, level)]


def _memory(points: pd.DataFrame, level: float) -> Verdict:
    statement = f"weights z: n pairs of which {level:g} are recalled need d^2 of order n ln n"
    found = capacities(points[points["method"] == "linear"], level)
    found = found[(found["lo"] > 1) & np.isfinite(found["hi"])]
    log = np.log(found["d"])
    laws: tuple[Callable[[pd.Series], pd.Series], ...] = (lambda n: n * np.log(n), lambda n: n)
    fitted, plain = (slope(log, np.log(take(found["lo"])), np.log(take(found["hi"]))) for take in laws)
    if fitted is None or plain is None:
        return untested(statement, "fewer than three widths at which recall passes the level")
    if fitted[2] - fitted[1] > WIDEST["root"]:
        return untested(statement, f"n ln n ~ d^{fit_text(fitted)}: too wide an interval to say")
    middle = np.sqrt(found["lo"] * found["hi"])
    return Verdict(statement, CONSISTENT if fitted[1] <= 2 <= fitted[2] else CONTRADICTED,
                   f"n ln n ~ d^{fit_text(fitted)}, n ~ d^{fit_text(plain)} over d = {found['d'].min()} to {found['d'].max()}; 2 n "
                   f"ln n/d^2 is {range_text(2 * middle * np.log(middle) / found['d'] ** 2)}")


def kernels(points: pd.DataFrame, level: float) -> Verdict:
    """At some width a degree holds surely no more pairs than the one before: brackets the other way round, between numbers of pairs at
    which the interval of the share recalled (95 %) does not hold the level. Two such intervals have to be wrong at once for that."""
    statement = f"z^beta holds more pairs the higher the degree, at the same width (recall {level:g})"
    found = capacities(points, level, sure=True)
    known = found[found["lo"].notna()] if len(found) else found
    rows = [(d, after.beta, after.lo >= before.hi, after.hi <= before.lo, after.slot) for (d,), part in parts(known, ["d"])
            for before, after in zip(part.itertuples(), part.iloc[1:].itertuples())] if len(known) else []
    steps = pd.DataFrame(rows, columns=["d", "beta", "more", "fewer", "slot"]).set_index("slot")
    if not steps["more"].any() and not steps["fewer"].any():
        return untested(statement, "no two degrees hold surely different numbers at any width")
    at = known[known["d"] == known.loc[np.isfinite(known["hi"]), "d"].max()]
    told = ", ".join(f"{_pairs(row.lo, row.hi)} at {row.beta:g}" for row in at.itertuples())
    return counted(statement, ~steps["fewer"], steps, f"surely more in {int(steps['more'].sum())}; at d = {at['d'].iloc[0]}: {told}",
                   of="steps")


def _pairs(lo: float, hi: float) -> str:
    return f"> {lo:.0f}" if hi == np.inf else f"<= {hi:.0f}" if lo == -np.inf else f"{lo:.0f} to {hi:.0f}"


# ---- sketches ---------------------------------------------------------------------------------------------------------

LEADING = {"tree": lambda beta: 8 * (beta - 1), "tensorsketch": lambda beta: 2 * (2.0 ** beta - 1)}
NEAR = 1.25  #: a leading term is called right within this factor


def variances(points: pd.DataFrame) -> dict[tuple[str, float], Array]:
    """Samples of r Var of one estimate at cosine 1, an entry for each seed: {(method, beta): array}.

    Of n unit queries and keys n pairs have cosine 1 and n^2 - n one near 0, whose r Var is 1 up to 1/d:
    n^2 r err_amm^2 = n (r Var) + n^2 - n on average over tables.
    """
    chosen = points[(points["data_kind"] == "aligned") & (points["cosine"] == 1) & (points["row_norm"] == "unit")]
    chosen = chosen[(chosen["draws"] == 1) & (chosen["mask"] == "full") & (chosen["exact_map"] == 0)]
    n, r = chosen["n"], chosen["features"]
    sample = n * r * chosen["err_amm"] ** 2 - (n - 1)
    return {key: sample[part.index].to_numpy() for key, part in parts(chosen, ["method", "beta"])}


def _mean(sample: Array, error: float = 0.01, repetitions: int = 2000) -> tuple[float, float, float]:
    """(mean, lo, hi) by resampling. hi is inf where the largest of the sample makes more than a twentieth of its sum: what is rarer
    than one in the sample may then make the mean."""
    random = np.random.default_rng(len(sample))
    means = random.choice(sample, (repetitions, len(sample))).mean(axis=1)
    lo, hi = np.quantile(means, [error / 2, 1 - error / 2])
    return sample.mean(), lo, np.inf if sample.max() > sample.sum() / 20 else hi


def sketch_size(method: str, points: pd.DataFrame, level: float) -> Verdict:
    """An interval (99 %) of r Var that has no value within a factor 1.25 of the leading term."""
    formula = {"tree": "8 (beta - 1)", "tensorsketch": "2 (2^beta - 1)"}[method]
    statement = f"{method}: r Var = {formula} at cosine 1, within a factor {NEAR:g}"
    found = {beta: _mean(sample) for (name, beta), sample in variances(points).items() if name == method and len(sample) >= 20}
    if not found:
        return untested(statement, "fewer than 20 draws of tables with unit rows at cosine 1")
    wrong = [beta for beta, (_, lo, hi) in found.items() if lo > NEAR * LEADING[method](beta) or hi < LEADING[method](beta) / NEAR]
    told = ", ".join(f"{fit_text(values)} ({LEADING[method](beta):g}) at {beta:g}" for beta, values in found.items())
    return Verdict(statement, CONTRADICTED if wrong else CONSISTENT, f"measured (leading term) at beta: {told}",
                   tuple(_slots(points, method, wrong)))


def _slots(points: pd.DataFrame, method: str, degrees: list[float]) -> list[int]:
    return [int(points.index[(points["method"] == method) & (points["beta"] == beta)][0]) for beta in degrees]


def sketch_crossing(points: pd.DataFrame, level: float) -> Verdict:
    """At a degree up to 3 tree has surely less variance, or at one from 4 on TensorSketch (intervals of 99 %)."""
    statement = "TensorSketch has less variance up to degree 3, the tree from degree 4 on"
    found = {key: _mean(sample) for key, sample in variances(points).items() if len(sample) >= 20}
    shared = sorted({beta for _, beta in found if ("tree", beta) in found and ("tensorsketch", beta) in found})
    if not any(beta <= 3 for beta in shared) or not any(beta >= 4 for beta in shared):
        return untested(statement, "no degrees on both sides, of both sketches, with 20 draws")
    wrong, told = [], []
    for beta in shared:
        tree, tensor = found["tree", beta], found["tensorsketch", beta]
        low, high = (tensor, tree) if beta <= 3 else (tree, tensor)  # low has less, as stated
        wrong += [beta] if low[1] > high[2] else []
        told.append(f"{tensor[0] / tree[0]:.2f} at {beta:g}")
    heavy = [f"{method} {np.median(sample) / sample.mean():.2f}, {np.quantile(sample, 0.9) / sample.mean():.2f}"
             for method in LEADING for sample in [variances(points)[method, shared[-1]]]]
    return Verdict(statement, CONTRADICTED if wrong else CONSISTENT,
                   f"variance of TensorSketch over that of the tree: {', '.join(told)}; median and 90 % quantile of a draw's square over "
                   f"the mean at {shared[-1]:g}: {'; '.join(heavy)}", tuple(_slots(points, "tree", wrong)))


# ---- entries ----------------------------------------------------------------------------------------------------------

ACCURATE = 0.01  #: error of the output that a Taylor kernel is to reach
SEEDS = 3  #: draws of the data from which a mean has an interval here


def orders(points: pd.DataFrame) -> pd.DataFrame:
    """A row for each curve over the order: entries, grows, n, d, seed, the order at which the error passes 1 % (between two orders: on
    the straight line through logarithms of errors), `first`: it does so at the first order; ln of the features C(d + order, order)."""
    rows = []
    for key, part in parts(points[points["method"] == "taylor"], ["grows", "entries", "n", "d", "seed"]):
        lo, hi = crossing(part["order"], part["err_out_ref"], ACCURATE, rising=False)
        if not np.isfinite(hi):
            continue
        order, first = hi, not np.isfinite(lo)
        if not first:
            error = part.set_index("order")["err_out_ref"]
            above, below = np.log(error[lo] / ACCURATE), np.log(max(error[hi], 1e-300) / ACCURATE)
            order = lo + (hi - lo) * above / (above - below)
        d = key[3]
        rows.append((*key, order, first, gammaln(d + order + 1) - gammaln(d + 1) - gammaln(order + 1), part.index[0]))
    return pd.DataFrame(rows, columns=["grows", "entries", "n", "d", "seed", "order", "first", "features", "slot"])


def _exponents(points: pd.DataFrame, grows: int) -> dict[float, pd.DataFrame]:
    """{entries: DataFrame, a row for each seed: `last`, the exponent ln features/ln n at the largest n; `slope`, of its straight line
    over ln n; `square`, where that line is at the square of the largest n}, from lengths that every seed has, three of them.

    Seeds are independent draws of the data, so that the spread of their values is that of chance. Entries with an order that is the
    grid's first say nothing: fewer features might do."""
    found, result = orders(points), {}
    for (entries,), part in parts(found[found["grows"] == grows], ["entries"]) if len(found) else ():
        exponent = part.assign(h=part["features"] / np.log(part["n"])).pivot_table(index="seed", columns="n", values="h").dropna(axis=1)
        if part["first"].any() or len(exponent) < SEEDS or len(exponent.columns) < 3:
            continue
        log = np.log(exponent.columns.to_numpy(float))
        slopes = ((exponent * (log - log.mean())).sum(axis=1) / ((log - log.mean()) ** 2).sum())
        result[entries] = pd.DataFrame({"last": exponent.iloc[:, -1], "slope": slopes,
                                        "square": exponent.mean(axis=1) + slopes * (2 * log[-1] - log.mean())})
    return result


def entries_grow(points: pd.DataFrame, level: float) -> Verdict:
    """No gamma may keep its exponent ln features/ln n below 1 while n grows to the square of the largest length, or none may keep it
    above, or one keeps it above though a larger one keeps it below; by intervals over seeds, 95 % for all gamma together. A gamma
    whose exponent is not known may be on any side."""
    statement = "entries gamma sqrt(ln n): a Taylor kernel needs n^h features, h on both sides of 1 as gamma grows"
    found = _exponents(points, 1)
    if len(found) < 2:
        return untested(statement, f"fewer than two gamma with three lengths of {SEEDS} seeds")
    ends = {gamma: [mean_interval(each[name], ERROR / (2 * len(found))) for name in ("last", "square")] for gamma, each in found.items()}
    tests: tuple[Callable[[list[Any]], bool], ...] = (
        lambda each: all(hi < 1 for _, _, hi in each), lambda each: all(lo > 1 for _, lo, _ in each),
        lambda each: all(lo < 1 for _, lo, _ in each), lambda each: all(hi > 1 for _, _, hi in each))
    below, above, maybe_below, maybe_above = ([gamma for gamma, each in ends.items() if test(each)] for test in tests)
    unknown = set(points.loc[(points["method"] == "taylor") & (points["grows"] == 1), "entries"]) - set(found)
    told = ", ".join(f"{last[0]:.2f}, {square[0]:.2f} at {gamma:g}" for gamma, (last, square) in ends.items())
    numbers = (f"h at the largest n, and at its square on a straight line over ln n: {told}; surely below 1 at {_list(below)}, above at "
               f"{_list(above)}")
    if not (unknown or maybe_below and maybe_above) or (below and above and max(below) > min(above)):
        return Verdict(statement, CONTRADICTED, numbers)
    return Verdict(statement, CONSISTENT, numbers) if below and above else untested(statement, numbers)


def _list(values: list[float]) -> str:
    return ", ".join(f"{value:g}" for value in values) or "none"


def entries_bounded(points: pd.DataFrame, level: float) -> Verdict:
    """The exponent ln features/ln n surely rises with n at bounded entries; by intervals over seeds, 95 % for all bounds together."""
    statement = "bounded entries: the exponent of the features falls as n grows"
    found = {bound: mean_interval(each["slope"], ERROR / len(every)) for every in [_exponents(points, 0)] for bound, each in every.items()}
    if not found:
        return untested(statement, f"no bound with three lengths of {SEEDS} seeds")
    wrong = [bound for bound, each in found.items() if each[1] > 0]
    if not wrong and not any(each[2] < 0 for each in found.values()):
        return untested(statement, "no slope of an exponent is surely on one side of 0")
    told = ", ".join(f"{fit_text(each)} at {bound:g} sqrt(ln 20)" for bound, each in found.items())
    return Verdict(statement, CONTRADICTED if wrong else CONSISTENT, f"slope of ln features/ln n over ln n: {told}")
