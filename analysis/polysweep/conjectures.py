"""What a study predicts, held against its results: claims with their counterexamples, critical degrees with their residuals.

Claims are tested as `polysweep show --counterexamples` does (include/polysweep/claim.h): a comparison of success_rate, fire_rate_d1 or
fire_rate_d0 with what is known before, joined with others by `and`, by exact one-sided binomial tests on as many trials as the rate
has independent samples; all else contradicts as it was measured. p-values are corrected by Holm's rule over all points that the claim
is about.
"""
from __future__ import annotations

import ast
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betainc, betaln

from .cases import number
from .checks import check_name, fraction, of_dataset
from .critical import pvalues
from .curve import combinations, is_parameter
from .edges import _crossings, answers, edges, narrowed
from .expression import Expression, true
from .grid import distinguishing
from .study import resolved_of, rule_of, search_of
from .tables import Table
from .times import holm

ERROR = 0.05  #: where the study gives no judge.trials.error
RATES = {"success_rate": "successes", "fire_rate_d1": "fires_d1", "fire_rate_d0": "fires_d0"}
THEORY = ("theory_", "beta_", "edge_", "predict_")  #: beginnings of columns that are functions of the point
_LESS, _MORE = (ast.Lt, ast.LtE), (ast.Gt, ast.GtE)
_TURNED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}


def predictions_of(ds) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """({name: expression} of critical degrees, {name: (when, then)} of claims) of a file's study."""
    degrees, made = {}, {}
    given = resolved_of(ds).get("predict")
    for name, entry in given.items() if isinstance(given, dict) else ():
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
    tested: some comparison is tested. untested_rate: a rate is compared as it was measured, since a test does not fit.
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
    untested_rate: bool
    table: pd.DataFrame

    def __str__(self):
        text = f"{self.contradict} of {self.computed} computed points contradict it"
        if self.computed < self.about:
            text += f" ({self.about} that it is about)"
        return text + (f"; {self.seem_to} more seem to, which chance may explain" if self.seem_to else "")


@of_dataset
def counterexamples(ds, name: str, error: float | None = None) -> Counterexamples:
    """Which points contradict claim `name` of the study, predict: {name: {when: ..., then: ...}}.

    error: chance that any point is said to contradict a claim that holds; by default the study's judge.trials.error, else 0.05.
    Points that were not computed count among those that the claim is about where `when` says so, and where it names theory that such
    points have none of.
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
    stand = corrected <= error
    slots = order[stand]
    table = pd.DataFrame({"slot": slots, **found.columns(slots), "beyond": found.beyond[slots],
                          "p_value": np.where(found.by_test[slots], p[slots], np.nan),
                          "p_corrected": np.where(found.by_test[slots], corrected[stand], np.nan)})
    alike = int((~found.holds[order[~stand]]).sum())
    return Counterexamples(name, when, then, error, int(found.about.sum()), int(done.sum()), int((done & ~known).sum()), len(table), alike,
                           found.tests > 0, found.untested_rate, table)


class _Claim:
    """A claim over all points: about, known, holds, p, beyond, by_test (whether p is of a test), all (point,)."""

    def __init__(self, ds, name, when, then):
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

    def columns(self, slots):
        ds, chosen = self._ds, distinguishing(self._ds, ("method", "beta", "n", "d"))[0]
        results = [name for name in self._then.names if name not in chosen and not is_parameter(ds, name)]
        return {name: ds[name].values[slots] for name in (*chosen, *results)}

    def _about(self, name, when):
        """By the column; where it has no value, by `when` itself, as far as its columns have one."""
        ds = self._ds
        stored = ds[f"predict_{name}"].values
        expression = Expression(when, ds)
        value = true(expression.value(ds))
        theory = [ds[each].values for each in expression.names if not is_parameter(ds, each)]
        unknown = np.any([each != each for each in theory], axis=0) if theory else False
        return np.where(stored == stored, stored == 1, value | unknown)

    def _part(self, node):
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
        if not self._rate(left) or not known_before or operation is ast.NotEq:
            return part.as_measured(true(self._then.value(self._ds, node)))
        at_most, at_least = rate_pvalues(self._ds, self._rate(left), bound)
        part.tests = 2 if operation is ast.Eq else 1
        part.p = at_most if operation in _LESS else at_least if operation in _MORE else np.minimum(at_most, at_least)
        return part

    @property
    def p_size(self):
        return self._ds.sizes["point"]

    def _names(self, node):
        return {self._then.column(each, self._ds) for each in ast.walk(node) if isinstance(each, ast.Name)} - {None}

    def _rate(self, node):
        return node.id if isinstance(node, ast.Name) and node.id in RATES else None

    def _has_words(self, node):
        return any(self._ds[name].dtype.kind == "U" for name in self._names(node))


@dataclass
class _Part:
    names_rate: set
    beyond: np.ndarray
    known: np.ndarray
    p: np.ndarray | None = None
    tests: int = 0

    def as_measured(self, holds):
        self.p = np.where(holds, 1.0, 0.0)
        return self


def _split(node):
    """The parts that `and` joins."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for each in node.values for part in _split(each)]
    return [node]


def _beyond(operation, value, bound):
    if operation is ast.Eq:
        return np.abs(value - bound)
    if operation is ast.NotEq:
        return np.zeros(len(value))
    return np.maximum(value - bound if operation in _LESS else bound - value, 0)


# ---- tests of rates ------------------------------------------------------------------------------------------------------------


def rate_pvalues(ds, rate: str, bound):
    """(p of "the true rate is at most the bound", p of "at least"), (point,) each.

    rate: success_rate, fire_rate_d1 or fire_rate_d0. Exact binomial tests on the samples that the rate is worth; where a rule ended the
    trials, ones that hold at any end (a mixture of likelihoods over the one of the bound, Robbins 1970), or, under draws, the point's
    trials_error where the interval leaves the bound out.
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


def _trials(ds):
    done = ds["trials_done"].values if "trials_done" in ds else 0
    return np.where(done > 0, done, ds["trials"].values).astype(float)


def _clusters(ds):
    """Draws that share neither rows nor tables; 0 where nothing is drawn."""
    def column(name):
        return ds[name].values.astype(float) if name in ds.variables else np.zeros(ds.sizes["point"])

    tables, rows = np.where(column("weights") > 0, 0, column("draws")), column("data_draws")
    return np.where((tables == 0) | (rows == 0), tables + rows, np.minimum(tables, rows))


def _at_any_end(ds, rate, e, trials, clusters):
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
    drawn, error = clusters > 0, np.nan_to_num(ds["trials_error"].values)
    error = np.where(error > 0, error, 1.0)
    lo, hi = ((ds["success_lo"].values, ds["success_hi"].values) if rate == "success_rate" else (np.zeros(len(e)), np.ones(len(e))))
    return (np.where(drawn, np.where(lo > e, error, 1.0), at_most), np.where(drawn, np.where(hi < e, error, 1.0), at_least))


# ---- critical degrees ------------------------------------------------------------------------------------------------------------


@of_dataset
def residuals(ds, found=None) -> pd.DataFrame:
    """A row per critical degree that the study predicts, and combination of the other parameters that has points for it.

    found: what `edges` returned for ds, if it is there already. Measured is the first edge of a combination (of success_rate: the first
    rise), surely between the candidates lo and hi (`edges.narrowed`; -inf: before the first of them). Columns: `prediction` (its name), what distinguishes combinations, `predicted`, `measured`,
    `lo`, `hi`, `difference` (measured - predicted, in degrees), `z` (that in standard deviations of the edge: of a crossing somewhere
    in (lo, hi], and of the rates beside it), `inside` (lo < predicted <= hi), `theory`, `theory_difference`, `theory_z`,
    `theory_inside`; first and last candidate. All are NaN where no edge was found, and theory's where it says nothing.
    """
    degrees = predictions_of(ds)[0]
    found = edges(ds) if found is None and degrees else found
    if not degrees or not found.sizes["combination"]:
        return pd.DataFrame()
    over = found.attrs["over"]
    points = combinations(ds, over)
    measured = _measured(ds, found)
    names = [name for name in distinguishing(ds, ("method", over), (over,))[0] if name != over and name in found.coords] or ["method"]
    about = pd.DataFrame({name: found[name].values for name in names})
    ends = points.groupby("combination")["value"].agg(["first", "last"])
    rows = []
    for name, predicted in _predicted(ds, points, degrees).items():
        one = about.assign(prediction=name, predicted=predicted, **measured, first=ends["first"].values, last=ends["last"].values)
        rows.append(one[np.isfinite(predicted) & (ends["first"] < ends["last"]).values])
    table = pd.concat(rows, ignore_index=True)
    return pd.DataFrame({"prediction": table["prediction"], **{name: table[name] for name in names}, **_against(table)})


def predicted_edges(ds, over: str | None = None) -> pd.DataFrame:
    """The critical degrees that the study predicts, for figures: a column per name, a row per combination of `edges(ds)` (along
    `over`, by default its axis). NaN where a prediction is none of a combination, since it changes along the axis."""
    over = over or (search_of(ds) or {"over": "beta"})["over"]
    return pd.DataFrame(_predicted(ds, combinations(ds, over), predictions_of(ds)[0]))


def _predicted(ds, points, degrees):
    """{name: (combination,)}"""
    result = {}
    for name in degrees:
        values = pd.Series(ds[f"predict_{name}"].values[points.index], points["combination"]).groupby(level=0)
        result[name] = values.min().where(values.nunique() == 1).to_numpy(float)
    return result


def _measured(ds, found):
    """The first edge of each combination, {name: (combination,)}: where it is, and between which candidates it surely is."""
    over, column, level = (found.attrs[name] for name in ("over", "column", "level"))
    count, kinds = found.sizes["combination"], ["rise"] if column == "success_rate" else ["rise", "fall"]
    every, sure = _crossings(*answers(ds, over, column, level)), narrowed(ds, found)
    first = _first(every[every["kind"].isin(kinds)].sort_values(["combination", "lo"], kind="stable"), count)
    held = _first(sure[sure["kind"].isin(kinds)].sort_values(["combination", "lo"], kind="stable"), count)
    place = np.minimum(first["edge"].fillna(0).astype(int), found.sizes["edge"] - 1)
    theory = np.where(first["lo"].notna(), found["theory"].values[np.arange(count), place], np.nan)
    return {"measured": first["position"].to_numpy(), "lo": held["lo"].to_numpy(), "hi": held["hi"].to_numpy(),
            "sd": first["sd"].to_numpy(), "theory": theory}


def _first(rows, count):
    return rows.drop_duplicates("combination").set_index("combination").reindex(range(count))


def _against(table):
    """The columns that compare."""
    result = {name: table[name] for name in ("predicted", "measured", "lo", "hi")}
    with np.errstate(divide="ignore", invalid="ignore"):
        for prefix, other in (("", table["predicted"]), ("theory_", table["theory"])):
            if prefix:
                result["theory"] = other
            result[f"{prefix}difference"] = table["measured"] - other
            result[f"{prefix}z"] = (table["measured"] - other) / table["sd"]
            result[f"{prefix}inside"] = (table["lo"] < other) & (other <= table["hi"])
    return {**result, "first": table["first"], "last": table["last"]}


# ---- for a report -----------------------------------------------------------------------------------------------------------------

MOST_SHOWN = 10  #: counterexamples of a claim in a report


def claims_frame(ds) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(a row per claim, a row per counterexample of any of them, the strongest of each first)."""
    claims, listed = [], []
    for name, (when, then) in predictions_of(ds)[1].items():
        try:
            found = counterexamples(ds, name)
        except ValueError as why:
            claims.append({"claim": name, "when": when, "then": then, "note": str(why)})
            continue
        claims.append({"claim": name, "when": when, "then": then, "about": found.about, "computed": found.computed,
                       "without_value": found.without_value, "contradict": found.contradict, "seem_to": found.seem_to, "error": found.error,
                       "note": "chance included" if found.untested_rate else "" if found.tested else "as measured"})
        if len(found.table):
            listed.append(found.table.assign(claim=name, then=then))
    return pd.DataFrame(claims), pd.concat(listed, ignore_index=True) if listed else pd.DataFrame()


def conjecture_tables(ds, found=None):
    """[(`Table`, numbers for its file)] of what a study predicts: claims, their strongest counterexamples, critical degrees."""
    claims, listed = claims_frame(ds)
    left = residuals(ds, found)
    tables = [(_claims_table(claims), claims), (_counterexample_table(listed), listed), (_residual_table(left), left)]
    return [(table, numbers) for table, numbers in tables if table]


def _claims_table(claims):
    if not len(claims):
        return None
    numbers = ("about", "computed", "contradict", "seem_to")
    shown = claims[["claim", "when", "then"]].copy()
    for name in numbers:
        shown[name.replace("_", " ")] = [_count(x) for x in claims[name]] if name in claims else ""
    if (claims["note"] != "").any():
        shown["note"] = claims["note"]
    return Table("Claims", "How many points each claim is about, how many of them were computed, and how many contradict it: rates by "
                 "exact one-sided tests on the samples that they are worth, corrected by Holm's rule for all points of the claim; other "
                 "columns as they were measured. Seem to: false as measured, which chance may explain.", shown, "claims.csv")


def _counterexample_table(listed):
    if not len(listed):
        return None
    top = listed.groupby("claim", sort=False).head(MOST_SHOWN)
    names = [name for name in top if name not in ("claim", "then", "slot", "beyond", "p_value", "p_corrected")]
    shown = pd.DataFrame({"claim": top["claim"], "slot": top["slot"].astype(str)})
    for name in names:
        shown[name] = ["" if x != x else x if isinstance(x, str) else number(x) for x in top[name]]
    for name in ("beyond", "p_corrected"):
        shown[name.replace("_", " ")] = ["" if x != x else f"{x:.3g}" if name == "beyond" else f"{x:.1e}" for x in top[name]]
    more = len(listed) - len(top)
    return Table("Counterexamples", "Points that contradict a claim, the strongest of each first: smallest p, then farthest beyond what is "
                 "claimed." + (f" {more} more are in the data." if more else "") + " polysweep show FILE --counterexamples NAME --study "
                 "prints a study that computes them again, with other seeds and ten times the trials.", shown, "counterexamples.csv")


def _residual_table(left):
    if not len(left):
        return None
    names = [name for name in left if name not in _NUMBERS and left[name].nunique(dropna=False) > 1 or name == "prediction"]
    shown = left[names].astype(object).map(lambda x: x if isinstance(x, str) else "" if x != x else number(x))
    shown["predicted"] = left["predicted"].map(lambda x: f"{x:.2f}")
    shown["edge"] = [_edge(*row) for row in left[["lo", "hi", "measured", "first", "last"]].itertuples(index=False)]
    shown["edge - predicted"] = _differences(left, "")
    if left["theory"].notna().any():
        shown["edge - theory"] = _differences(left, "theory_")
    return Table("Predicted critical degrees", "The first edge that was measured against what the study predicts and what theory has: "
                 "between candidates that are surely on either side of the level, and the difference of the place where the line between "
                 "the measured ones crosses it, in degrees, and in standard deviations of the edge where it is not inside (lo, hi].", shown, "residuals.csv")


_NUMBERS = ("predicted", "measured", "lo", "hi", "difference", "z", "inside", "theory", "theory_difference", "theory_z", "theory_inside",
            "first", "last")


def _edge(lo, hi, measured, first, last):
    if lo == lo:
        return f"({number(lo)}, {number(hi)}]" if lo > -np.inf else f"<= {number(hi)}"
    return "not settled" if measured == measured else f"none in {number(first)}..{number(last)}"


def _differences(left, prefix):
    return ["" if x != x else "never" if np.isinf(x) else f"{x:+.2f}, inside" if inside else f"{x:+.2f}, {z:+.1f} sd"
            for x, z, inside in zip(left[f"{prefix}difference"], left[f"{prefix}z"], left[f"{prefix}inside"])]


def _count(x):
    return "" if x != x else f"{int(x)}"
