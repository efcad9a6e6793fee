"""What a study claims, held against its results.

Claims are tested as `polysweep show --counterexamples` does (include/polysweep/claim.h): a comparison of success_rate, fire_rate_d1 or
fire_rate_d0 with what is known before, joined with others by `and`, by exact one-sided binomial tests on as many trials as the rate
has independent samples; all else contradicts as it was measured. p-values are corrected by Holm's rule over all points that the claim
is about.
"""
from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.special import betainc, betaln

from .checks import check_name, fraction, of_dataset
from .critical import pvalues
from .curve import is_parameter
from .expression import Expression, true
from .grid import distinguishing
from .kinds import Array
from .study import resolved_of, rule_of
from .times import holm

ERROR = 0.05  #: where the study gives no judge.trials.error
RATES = {"success_rate": "successes", "fire_rate_d1": "fires_d1", "fire_rate_d0": "fires_d0"}
THEORY = ("theory_", "beta_", "edge_", "predict_")  #: beginnings of columns that are functions of the point
_LESS, _MORE = (ast.Lt, ast.LtE), (ast.Gt, ast.GtE)
_TURNED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}


@of_dataset
def predictions_of(ds: xr.Dataset) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """({name: expression} of critical degrees, {name: (when, then)} of claims) of a file's study; those whose columns ds has."""
    degrees, made = {}, {}
    given = resolved_of(ds).get("predict")
    for name, entry in given.items() if isinstance(given, dict) else ():
        if f"predict_{name}" not in ds:
            continue
        if isinstance(entry, dict) and {"when", "then"} <= set(entry):
            made[name] = (str(entry["when"]), str(entry["then"]))
        else:
            degrees[name] = str(entry.get("edge", "") if isinstance(entry, dict) else entry)
    return degrees, made


# ---- claims ----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counterexamples:
    """What results say of a claim; see `counterexamples`.

    about: points that the claim is about; computed: those that are done; without_value: done, but a column that is claimed something
    of is NaN there. contradict: points of `table`; seem_to: further ones where the claim is false as measured, which chance may explain.
    tested: some comparison is tested. exact: no trials of computed points share draws; where they do, tests take an effective number
    of trials, which is calibrated at 95 %: smaller p-values are too small, and `error` is about, not at most, what it says.
    untested_rate: a rate is compared as it was measured, since a test does not fit.
    table: a row per counterexample, the strongest first: `slot`, what distinguishes points, the results that are named, `beyond` (by how
    much), `p_value`, `p_corrected` (NaN where nothing is tested).
    """

    name: str
    when: str
    then: str
    error: float
    about: int
    computed: int
    without_value: int
    contradict: int
    seem_to: int
    tested: bool
    exact: bool
    untested_rate: bool
    table: pd.DataFrame

    def __str__(self) -> Any:
        text = f"{self.contradict} of {self.computed} computed points contradict it"
        if self.computed < self.about:
            text += f" ({self.about} that it is about)"
        return text + (f"; {self.seem_to} more seem to, which chance may explain" if self.seem_to else "")


@of_dataset
def counterexamples(ds: xr.Dataset, name: str, error: float | None = None) -> Counterexamples:
    """Which points contradict claim `name` of the study, ``predict: {name: {when: ..., then: ...}}``.

    Points that were not computed count among those that the claim is about where `when` says so, and where it names theory that the
    file does not have for them.

    Parameters
    ----------
    ds : Dataset
        From `open`.
    name : str
        Of the claim.
    error : float, optional
        Chance that any point is said to contradict a claim that holds; by default the study's judge.trials.error, else 0.05.

    Returns
    -------
    Counterexamples
        ``.table`` has the points, ``str`` says it in a sentence.

    Raises
    ------
    ValueError
        Where the study claims nothing, or has no such claim.

    Examples
    --------
    >>> polysweep.counterexamples(polysweep.open(path), "grows")
    Traceback (most recent call last):
        ...
    ValueError: the study of this file claims nothing; a claim is predict: {NAME: {when: EXPR, then: EXPR}}
    """
    made = predictions_of(ds)[1]
    if not made:
        raise ValueError("the study of this file claims nothing; a claim is predict: {NAME: {when: EXPR, then: EXPR}}")
    when, then = made[check_name(name, made, "claim")]
    rule = rule_of(ds)
    error = (rule["error"] if rule else ERROR) if error is None else fraction(error, "error")
    found = _Claim(ds, name, when, then)
    done = ds["done"].values & found.about
    known = done & found.known
    p = np.where(known, found.p, 1.0)
    order = np.lexsort((np.arange(len(p)), -np.nan_to_num(found.beyond), p))
    order = order[known[order]]
    corrected = holm(np.r_[p[order], np.ones(found.about.sum() - len(order))])[:len(order)]
    stand = corrected <= error * (1 + 1e-12)  # N (error / N) may be above error by a few units in the last place
    slots = order[stand]
    table = pd.DataFrame({"slot": slots, **found.columns(slots), "beyond": found.beyond[slots],
                          "p_value": np.where(found.by_test[slots], p[slots], np.nan),
                          "p_corrected": np.where(found.by_test[slots], corrected[stand], np.nan)})
    alike = int((~found.holds[order[~stand]]).sum())
    return Counterexamples(name, when, then, error, int(found.about.sum()), int(done.sum()), int((done & ~known).sum()), len(table), alike,
                           found.tests > 0, not (done & _shares_draws(ds)).any(), found.untested_rate, table)


class _Claim:
    """A claim over all points: about, known, holds, p, beyond, by_test (whether p is of a test), all (point,)."""

    def __init__(self, ds: xr.Dataset, name: str, when: str, then: str) -> None:
        self._ds, self._then = ds, Expression(then, ds, {})
        self.about = self._about(name, when)
        values = [ds[each].values for each in self._then.names]
        self.known = ~np.any([each != each for each in values], axis=0) if values else np.ones(ds.sizes["point"], bool)
        self.holds = true(self._then.value(ds))
        parts = [self._part(node) for node in _split(self._then.tree)]
        self.tests = sum(part.tests for part in parts)
        self.untested_rate = any(not part.tests and part.names_rate for part in parts)
        self.p, self.by_test = np.ones(ds.sizes["point"]), np.zeros(ds.sizes["point"], bool)
        self.beyond = np.full(ds.sizes["point"], np.nan)
        for part in parts:
            self.beyond = np.fmax(self.beyond, part.beyond)
            self.known &= part.known
            p = part.p * self.tests if part.tests else part.p
            smaller = (p < self.p) | ((p == 0) & (not part.tests))
            self.by_test = np.where(smaller, part.tests > 0, self.by_test)
            self.p = np.where(smaller, p, self.p)

    def columns(self, slots: Array) -> dict[str, Array]:
        ds, chosen = self._ds, distinguishing(self._ds, ("method", "beta", "n", "d"))[0]
        results = [name for name in self._then.names if name not in chosen and not is_parameter(ds, name)]
        return {name: ds[name].values[slots] for name in (*chosen, *results)}

    def _about(self, name: str, when: str) -> Array:
        """By the column; where it has no value, by `when` itself, as far as its columns have one."""
        stored = self._ds[f"predict_{name}"].values
        there, unknown = stored == stored, np.zeros(len(stored), bool)
        expression, ds = Expression(when, self._ds), self._ds
        for column in (each for each in expression.names if not is_parameter(ds, each)) if not there.all() else ():
            values, known = _along_degrees(ds, column, there) if column.startswith(("beta_", "edge_")) else (ds[column].values, there)
            ds, unknown = ds.assign({column: ("point", values)}), unknown | ~known
        return np.where(there, stored == 1, true(expression.value(ds)) | unknown)

    def _part(self, node: Any) -> _Part:
        part = _Part(self._names(node) & set(RATES), np.full(self.p_size, np.nan), np.ones(self.p_size, bool))
        if not isinstance(node, ast.Compare) or self._has_words(node):
            return part.as_measured(true(self._then.value(self._ds, node)))
        left, right, operation = node.left, node.comparators[0], type(node.ops[0])
        if self._rate(right):
            left, right, operation = right, left, _TURNED.get(operation, operation)
        value, bound = self._then.value(self._ds, left), self._then.value(self._ds, right)
        part.known = (value == value) & (bound == bound)
        part.beyond = _beyond(operation, value, bound)
        known_before = all(is_parameter(self._ds, name) or name.startswith(THEORY) for name in self._names(right))
        rate = self._rate(left)
        if rate is None or not known_before or operation is ast.NotEq:
            return part.as_measured(true(self._then.value(self._ds, node)))
        at_most, at_least = rate_pvalues(self._ds, rate, bound)
        part.tests = 2 if operation is ast.Eq else 1
        part.p = at_most if operation in _LESS else at_least if operation in _MORE else np.minimum(at_most, at_least)
        return part

    @property
    def p_size(self) -> int:
        return self._ds.sizes["point"]

    def _names(self, node: Any) -> set[str]:
        return {name for each in ast.walk(node) if isinstance(each, ast.Name) and (name := self._then.column(each, self._ds))}

    def _rate(self, node: Any) -> str | None:
        return node.id if isinstance(node, ast.Name) and node.id in RATES else None

    def _has_words(self, node: Any) -> bool:
        return any(self._ds[name].dtype.kind == "U" for name in self._names(node))


def _along_degrees(ds: xr.Dataset, column: str, there: Array) -> tuple[Array, Array]:
    """(values, known) of a column that is the same for all degrees of a case, where some point of the case has it."""
    names = [name for name in map(str, ds.coords) if name != "beta" and is_parameter(ds, name)]
    curve = pd.DataFrame({name: ds[name].values for name in names}).groupby(names, dropna=False, sort=False).ngroup().to_numpy()
    first = pd.Series(np.flatnonzero(there), curve[there]).groupby(level=0).first().reindex(range(curve.max(initial=-1) + 1))
    at, known = first.fillna(0).astype(int).to_numpy()[curve], first.notna().to_numpy()[curve]
    return np.where(there, ds[column].values, ds[column].values[at]), known


@dataclass
class _Part:
    names_rate: set[Any]
    beyond: np.ndarray
    known: np.ndarray
    p: Any = None
    tests: int = 0

    def as_measured(self, holds: Array) -> _Part:
        self.p = np.where(holds, 1.0, 0.0)
        return self


def _split(node: Any) -> list[Any]:
    """The parts that `and` joins."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for each in node.values for part in _split(each)]
    return [node]


def _beyond(operation: Any, value: Array, bound: Array) -> Array:
    if operation is ast.Eq:
        return np.abs(value - bound)
    if operation is ast.NotEq:
        return np.zeros(len(value))
    return np.maximum(value - bound if operation in _LESS else bound - value, 0)


# ---- tests of rates ------------------------------------------------------------------------------------------------------------


@of_dataset
def rate_pvalues(ds: xr.Dataset, rate: str, bound: Array | float) -> tuple[Array, Array]:
    """(p of "the true rate is at most the bound", p of "at least"), (point,) each.

    rate: success_rate, fire_rate_d1 or fire_rate_d0. Exact binomial tests on the samples that the rate is worth; where a rule ended the
    trials, ones that hold at any end (a mixture of likelihoods over the one of the bound, Robbins 1970), or, under draws of several
    trials each, half the point's trials_error where that side of the interval has passed the bound.
    """
    bound = np.asarray(bound, float)
    inside = np.clip(np.nan_to_num(bound), 0, 1)
    trials, clusters = _trials(ds), _clusters(ds)
    samples = np.where((clusters > 0) & (clusters < trials), clusters, trials)
    if rate == "success_rate" and "success_samples" in ds:
        samples = np.where(ds["success_samples"].values > 0, ds["success_samples"].values, samples)
    at_least, at_most = pvalues(ds[rate].values, samples, inside)  # of "rate >= bound" and of "rate < bound"
    ended = ds["trials_stop"].values != "fixed" if "trials_stop" in ds else np.zeros(len(trials), bool)
    if ended.any():
        any_most, any_least = _at_any_end(ds, rate, inside, trials, clusters)
        at_most, at_least = np.where(ended, any_most, at_most), np.where(ended, any_least, at_least)
    return np.where(bound < 0, 0.0, at_most), np.where(bound > 1, 0.0, at_least)


def _trials(ds: xr.Dataset) -> Array:
    done = ds["trials_done"].values if "trials_done" in ds else 0
    return np.where(done > 0, done, ds["trials"].values).astype(float)


def _shares_draws(ds: xr.Dataset) -> Array:
    """Trials of a fixed number that share draws of rows."""
    rows = ds["data_draws"].values.astype(float) if "data_draws" in ds.variables else np.zeros(ds.sizes["point"])
    fixed = ds["trials_stop"].values == "fixed" if "trials_stop" in ds else np.ones(len(rows), bool)
    return fixed & (rows > 0) & (rows < _trials(ds))


def _clusters(ds: xr.Dataset) -> Array:
    """Draws that share neither rows nor tables; 0 where nothing is drawn."""
    def column(name: str) -> Array:
        return ds[name].values.astype(float) if name in ds.variables else np.zeros(ds.sizes["point"])

    tables, rows = np.where(column("weights") > 0, 0, column("draws")), column("data_draws")
    return np.where((tables == 0) | (rows == 0), tables + rows, np.minimum(tables, rows))


def _at_any_end(ds: xr.Dataset, rate: str, e: Array, trials: Array, clusters: Array) -> tuple[Array, Array]:
    successes = ds[RATES[rate]].values.astype(float)
    failures, inner = trials - successes, np.where((e > 0) & (e < 1), e, 0.5)
    with np.errstate(divide="ignore"):
        own = successes * np.log(inner) + failures * np.log1p(-inner)
        whole = betaln(successes + 1, failures + 1)
        above = whole + np.log(betainc(failures + 1, successes + 1, 1 - inner)) - np.log1p(-inner) - own
        below = whole + np.log(betainc(successes + 1, failures + 1, inner)) - np.log(inner) - own
    at_most, at_least = np.exp(np.minimum(-above, 0)), np.exp(np.minimum(-below, 0))
    at_most = np.where((e <= 0) | (e >= 1), np.where((successes > 0) & (e <= 0), 0.0, 1.0), at_most)
    at_least = np.where((e <= 0) | (e >= 1), np.where((failures > 0) & (e >= 1), 0.0, 1.0), at_least)
    shared, error = (clusters > 0) & (clusters < ds["trials"].values), np.nan_to_num(ds["trials_error"].values)
    share = np.where(error > 0, error / 2, 1.0)  # each side's
    lo, hi = ((ds["success_lo"].values, ds["success_hi"].values) if rate == "success_rate" else (np.zeros(len(e)), np.ones(len(e))))
    return (np.where(shared, np.where(lo > e, share, 1.0), at_most), np.where(shared, np.where(hi < e, share, 1.0), at_least))
