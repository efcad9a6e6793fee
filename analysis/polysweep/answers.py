"""What a page begins with: sentences that are computed from what a file has, a kind of study each.

Each takes a table of this package and gives sentences. What separates, and where, is said by tests (`critical`, Holm's rule), not by
rates; what they leave open is said to be not settled."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from . import oracle
from .cases import CONSTANTS, case_columns, number
from .critical import pvalues, theory_edges
from .style import size_text
from .times import holm

_MOST_CURVES = 400  #: of an empty file whose theory is computed


# ---- where, and how much ----------------------------------------------------------------------------------------------------


def count(many: int, what: str = "case") -> str:
    """"1 case", "3 cases"."""
    return f"{many} {what}{'' if many == 1 else 's'}"


def listed(parts: Sequence[str]) -> str:
    """"a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]])) if parts else ""


def symbol(name: str) -> str:
    """How a coordinate is written."""
    return {"beta": "β", "kappa": "κ"}.get(name, name)


def worded(name: str, value: Any) -> str:
    """"d = 18", "causal"."""
    return value if isinstance(value, str) else f"{symbol(name)} = {number(value)}"


def where(frame: pd.DataFrame, chosen: Sequence[bool] | np.ndarray, names: Sequence[str]) -> str:
    """Of which rows something holds: "everywhere", "at d >= 130", "at n = 64, 256", else "in 30 of 84 cases". names: coordinates by which
    it may be said."""
    chosen = np.asarray(chosen, bool)
    if chosen.all():
        return "everywhere" if len(chosen) > 1 else ""
    for name in names:
        values = list(frame[name].dropna().unique())
        inside = [value for value in values if chosen[(frame[name] == value).to_numpy()].all()]
        if not inside or not (chosen == frame[name].isin(inside).to_numpy()).all():
            continue
        if all(isinstance(value, str) for value in values):
            return f"with {name} {listed(inside)}"
        values, inside = sorted(values), sorted(inside)
        if len(inside) > 1 and inside == values[-len(inside):] or len(inside) == 1 and inside == values[-1:] and len(values) > 2:
            return f"at {symbol(name)} >= {number(inside[0])}"
        if len(inside) > 1 and inside == values[:len(inside)]:
            return f"at {symbol(name)} <= {number(inside[-1])}"
        return f"at {symbol(name)} = {', '.join(map(number, inside))}"
    return f"in {chosen.sum()} of {count(len(chosen))}"


def interval(low: float, high: float) -> str:
    """"4", "4 to 5", "at most 4", "at least 9"."""
    if low == high:
        return number(low)
    if low == -np.inf:
        return f"at most {number(high)}"
    return f"at least {number(low)}" if high == np.inf else f"{number(low)} to {number(high)}"


def along(frame: pd.DataFrame, low: str, high: str, by: str = "n") -> str:
    """What an interval is at the smallest and at the largest n: "4 (n = 256) to 6 (n = 4096)"."""
    if by not in frame or not len(frame):
        return interval(frame[low].min(), frame[high].max())
    ends = sorted(frame[by].unique())
    said = [(interval(part[low].min(), part[high].max()), f"{symbol(by)} = {number(end)}")
            for end in dict.fromkeys((ends[0], ends[-1])) for part in [frame[frame[by] == end]]]
    if len(said) == 1:
        return f"{said[0][0]} ({said[0][1]})"
    if said[0][0] == said[1][0]:
        return f"{said[0][0]} ({said[0][1]} to {number(ends[-1])})"
    return " and ".join(f"{text} ({place})" for text, place in said) if any(" " in text for text, _ in said) else (
        f"{said[0][0]} ({said[0][1]}) to {said[1][0]} ({said[1][1]})")


# ---- degrees ----------------------------------------------------------------------------------------------------------------


def degrees(found: pd.DataFrame, level: float, cases: Sequence[str] = (), beside: Sequence[str] = ()) -> list[str]:
    """Of `critical`: from which degree each method separates, and in how many cases never. beside: what other methods do, as
    `baselines` says it."""
    if not len(found):
        return []
    said, names = [], ["d", "n", *(name for name in cases if name in found)]
    measured = found[found["trials"] > 0]
    for method, part in measured.groupby("method", sort=False):
        said.append(_measured(method, part, names))
    alone = found[(found["trials"] == 0) & (found["theory_points"] > 0)]
    if not len(measured) and len(alone):
        said = [f"By exact probability {_theory(alone, names)}"]
    if not said:
        return []
    return [f"{'; '.join([*said, *beside])} (to separate: success in at least {100 * level:.3g} % of trials)."]


def _measured(method: str, part: pd.DataFrame, names: Sequence[str]) -> str:
    yes, never = part["verdict"] == "edges", part["verdict"] == "none"
    open_, said = part[~yes & ~never], []
    if yes.any():
        said.append(f"{method} separates from β = {along(part[yes], 'lower_lo', 'lower_hi')} {where(part, yes, names)}".rstrip())
        ended = part[yes & np.isfinite(part["upper_hi"])]
        if len(ended):
            said[0] += f", up to β = {along(ended, 'upper_lo', 'upper_hi')}" + (
                "" if len(ended) == yes.sum() else f" in {len(ended)} of these")
    elif never.all():
        return f"{method} separates at no degree of the grid, in any of {count(len(part))}"
    elif never.any():
        said.append(f"{method} never separates in {never.sum()} of {count(len(part))}")
    said += [f"{never.sum()} of {count(len(part))} never"] if never.any() and yes.any() else []
    if len(open_):
        trials = f"{int(open_['trials'].min())} trials" + ("" if open_["trials"].nunique() == 1 else " or more")
        said.append(f"{len(open_)} of {len(part)} not settled with {trials}" + _expected(open_))
    return "; ".join(said) if said[0].startswith(method) else f"{method}: {'; '.join(said)}"


def _expected(part: pd.DataFrame) -> str:
    """What the exact probability says of cases that trials leave open."""
    part = part[part["theory_points"] > 0]
    there = part["theory_first"].notna()
    if not len(part):
        return ""
    if not there.any():
        return " (by exact probability never)"
    some = "" if there.all() else f" in {there.sum()} of them"
    return f" (by exact probability from β = {along(part[there], 'theory_first', 'theory_first')}{some})"


def _theory(part: pd.DataFrame, names: Sequence[str]) -> str:
    there = part["theory_first"].notna()
    method = "attention" if part["method"].nunique() > 1 or part["method"].iloc[0] == "closed_form" else part["method"].iloc[0]
    if not there.any():
        return f"{method} separates at no degree of the grid, in any of {count(len(part))}"
    said = f"{method} separates from β = {along(part[there], 'theory_first', 'theory_first')} {where(part, there, names)}".rstrip()
    ended = part[there & np.isfinite(part["theory_last"])]
    if len(ended):
        said += f", up to β = {along(ended, 'theory_last', 'theory_last')}" + (
            "" if len(ended) == there.sum() else f" in {len(ended)} of these")
    return said if there.all() else f"{said}; {(~there).sum()} of {count(len(part))} never"


def baselines(points: pd.DataFrame, level: float, names: Sequence[str], error: float = 0.05) -> list[str]:
    """Of points (`cases.every`) of methods without a degree that have trials: where each is above the level, by tests at once."""
    points = points[(points["trials"] > 0) & points["beta"].isna() & (points["done"] == 1) & points["success_rate"].notna()]
    said = []
    for method, part in points.groupby("method", sort=False):
        samples = part["success_samples"].where(part["success_samples"] > 0, part["trials_done"]).to_numpy(float)
        below, above = (holm(p) <= error / 2 for p in pvalues(part["success_rate"].to_numpy(float), samples, level))
        open_ = ~above & ~below
        if above.any():
            said.append(f"{method} does {where(part, above, names)}".rstrip() + (f" ({open_.sum()} not settled)" if open_.any() else ""))
        elif open_.any():
            said.append(f"{method} is not settled {where(part, open_, names)}".rstrip() + (", never elsewhere" if below.any() else ""))
        else:
            said.append(f"{method} never does")
    return said


# ---- searches ---------------------------------------------------------------------------------------------------------------


def searched(frame: pd.DataFrame, over: str, column: str, level: Any) -> list[str]:
    """Of `edge_frame`: where the column crosses the level."""
    if not len(frame) or isinstance(level, dict):
        return []
    names = list(frame.columns[:list(frame).index("combination")])
    known, whole = frame[frame["lo"].notna()], frame["combination"].nunique()
    if column == "recall" and over == "n":
        return _capacity(known, names, level)
    said = []
    for kind, verb in (("rise", "rises through"), ("fall", "falls below")):
        of = known[known["kind"] == kind].drop_duplicates("combination")
        if len(of):
            here = "" if len(of) == whole else f" in {len(of)} of {whole} combinations"
            said.append(f"{verb} {number(level)} between {symbol(over)} = {_extremes(of, 'n' if over != 'n' else 'd')}{here}")
    none = frame[~frame["combination"].isin(known["combination"])].drop_duplicates("combination")
    sure = int(none["settled"].sum())
    what = "success" if column == "success_rate" else column
    left = [f"{sure} of {whole} combinations have no edge"] if sure else []
    left += [f"{len(none) - sure} not settled"] if len(none) > sure else []
    if not said:
        return [f"Where {what} crosses {number(level)}: {', '.join(left)}."]
    return [f"{what.capitalize()} {' and '.join(said)}{'; ' + ', '.join(left) if left else ''}."]


def _extremes(part: pd.DataFrame, by: str) -> str:
    return along(part.rename(columns={"lo": "low", "hi": "high"}), "low", "high", by if by in part else "")


def _capacity(known: pd.DataFrame, names: Sequence[str], level: float) -> list[str]:
    """How many associations a memory holds: where recall falls."""
    falls = known[known["kind"] == "fall"].drop_duplicates("combination")
    if not len(falls):
        return [f"Recall falls below {number(level)} at no length that was asked."]
    width = "d" if "d" in falls else ""
    said = []
    rest = [name for name in names if name != "d" and falls[name].nunique(dropna=False) > 1]
    for key, part in falls.groupby(rest or (lambda _: 0), dropna=False, sort=False):
        key = key if isinstance(key, tuple) else (key,)
        case = ", ".join(worded(name, value) for name, value in zip(rest, key) if value == value) if rest else "the memory"
        said.append(f"{case} holds {along(part, 'lo', 'hi', width)}")
    more = f"; {len(said) - 6} further kinds are in the table" if len(said) > 6 else ""
    return [f"Associations that are recalled to {100 * level:.3g} %: {'; '.join(said[:6])}{more}."]


# ---- sketches, decoding -----------------------------------------------------------------------------------------------------


def sketches(found: pd.DataFrame, error: str, words: Callable[[Any], str]) -> list[str]:
    """Of `cheapest`: the smallest state at the least error that sketches reach in all cases, or in most. words: how a sketch is named."""
    part = found[(found["error"] == error) & (found["by"] == "state_bytes")] if len(found) else found
    if not len(part):
        return []
    reached = (part["method"] != "").groupby(part["level"]).sum()
    cases = int((part["level"] == part["level"].iloc[0]).sum())
    if not reached.any():
        top = part["level"].max()
        return [f"No sketch reaches an error ({error}) of {top:g} in any of {count(cases)}: the lowest is {part['lowest'].min():.2g}."]
    level = reached[reached == reached.max()].index.min()
    here = part[(part["level"] == level) & (part["method"] != "")]
    named = here.groupby(pd.Series([words(row) for row in here.itertuples()], index=here.index))
    groups = sorted(((len(rows), name, rows) for name, rows in named), key=lambda each: -each[0])
    said = []
    for many, name, rows in groups[:3]:
        sizes = [size_text(x) for x in dict.fromkeys((rows["cost"].min(), rows["cost"].max()))]
        said.append(f"{name} in {count(many)} ({' to '.join(sizes)}, {100 * rows['of_exact'].median():.3g} % of keys and values)")
    none = cases - len(here)
    more = sum(many for many, *_ in groups[3:])
    said += [f"others in {more}"] if more else []
    return [f"The smallest state with an error ({error}) of at most {level:g}: {'; '.join(said)}"
            + (f"; no sketch reaches it in {none} of {count(cases)}." if none else ".")]


def decoded(found: pd.DataFrame) -> list[str]:
    """Of `decode_table`: from how many tokens on a state is smaller than the cache, and a token takes less time."""
    said = []
    for row in found.head(3).itertuples():
        text = f"{row.words}: its state of {size_text(row.state)} is smaller than the key-value cache from n = {row.state_n:.0f}"
        if row.seconds_how:
            when = {"inside": f"from n = {row.seconds_n:.0f}", "below": f"at all lengths (n >= {row.n_first})",
                    "above": f"at no length up to {row.n_last}"}[row.seconds_how]
            text += f", a token takes less time {when}"
        said.append(text + (f" (error of the output {row.error:.2g})" if row.error == row.error else ""))
    more = f"; {len(found) - 3} further are in the table" if len(found) > 3 else ""
    return [f"{'; '.join(said)}{more}."] if said else []


# ---- time -------------------------------------------------------------------------------------------------------------------


def scaling(strong: pd.DataFrame, weak: pd.DataFrame) -> list[str]:
    """Of `scaling.strong` and `scaling.weak`: the efficiency of the largest team, of the series with most work of each method."""
    said = []
    for kind, table in (("strong", strong), ("weak", weak)):
        if not len(table):
            continue
        top, parts = int(table["team"].max()), []
        last = table[table["team"] == top]
        for method, part in last.groupby("method", sort=False) if "method" in last else [("", last)]:
            row = part.loc[part["base_s"].idxmax()]
            size = f" (n = {number(row['n'])})" if "n" in part and part["n"].nunique() + table["n"].nunique() > 2 else ""
            speed = f"{row['speed_up']:.3g} times as fast, " if kind == "strong" else ""
            parts.append(f"{method}{size}: {speed}efficiency {row['efficiency']:.2f}{_within(row)}")
        base = listed([count(int(x), "rank") for x in sorted(last["base_team"].unique())])
        what = "The same problem" if kind == "strong" else "As much work per rank"
        said.append(f"{what} on {top} ranks against {base}: {'; '.join(parts[:4])}.")
    return said


def _within(row: pd.Series) -> str:
    low, high = row.get("efficiency_lo", np.nan), row.get("efficiency_hi", np.nan)
    return f" [{low:.2f}, {high:.2f}]" if low == low else ""


def seconds(points: pd.DataFrame, text: Callable[[float], str]) -> list[str]:
    """Of `scaling.timed`: what a point takes of each method, at the largest length. text: how seconds are written."""
    if not len(points):
        return []
    said = []
    longest = points[points["n"] == points["n"].max()]
    for method, part in longest.groupby("method", sort=False):
        row = part.loc[part["time_median_s"].idxmax()]
        within = f" [{text(row['time_lo_s'])}, {text(row['time_hi_s'])}]" if row["time_lo_s"] == row["time_lo_s"] else ""
        degree = f" (β = {number(row['beta'])})" if row["beta"] == row["beta"] and part["beta"].nunique() > 1 else ""
        said.append(f"{method}{degree} {text(row['time_median_s'])}{within}")
    return [f"A point of n = {number(longest['n'].iloc[0])} takes at most, by method: {'; '.join(said)} (medians, 95 % intervals)."]


# ---- what a study says of itself ----------------------------------------------------------------------------------------------


def predicted(claims: pd.DataFrame, left: pd.DataFrame) -> list[str]:
    """Of `claims_frame` and `residuals`: which claims stand, and how far predicted degrees are off."""
    said = []
    for row in claims.itertuples():
        computed = getattr(row, "computed", np.nan)
        if computed != computed:
            said.append(f"{row.claim}: {row.note}")
        elif not computed:
            said.append(f"{row.claim}: none of {count(int(row.about), 'point')} that it is about is computed")
        elif row.contradict:
            said.append(f"{row.claim} is contradicted by {int(row.contradict)} of {count(int(computed), 'point')}")
        else:
            seem = f" ({int(row.seem_to)} seem to, which chance may explain)" if row.seem_to else ""
            said.append(f"{row.claim} is contradicted by none of {count(int(computed), 'point')}{seem}")
    for name, part in left.groupby("prediction", sort=False) if len(left) else ():
        known = part[np.isfinite(part["difference"])]
        if len(known):
            inside, low, high = int(known["inside"].sum()), known["difference"].min(), known["difference"].max()
            said.append(f"{name}: in {inside} of {count(len(known))} the measured edge agrees; it is {low:+.2f} to {high:+.2f} degrees "
                        "from it")
    return [f"{each[:1].upper()}{each[1:]}." for each in said]


def planned(points: pd.DataFrame, ds: Any, level: float) -> list[str]:
    """Of a file without results: what is planned, and what theory says of it."""
    if not len(points) or (points["done"] == 1).any():
        return []
    ranges = [f"{symbol(name)} {_span(points[name])}" for name in ("beta", "n", "d") if points[name].notna().any()]
    text = (f"Nothing is computed yet: {count(len(points), 'point')} are planned ({', '.join(points['method'].unique())}; "
            f"{', '.join(ranges)}).")
    found = _curves(points, ds, level)
    names = ["d", "n", *(name for name in case_columns(ds) if name in found)]
    expected = [f"By exact probability {_theory(found, names)} (success in at least {100 * level:.3g} % of trials)."] if len(found) else []
    return [text, *expected]


def _span(values: pd.Series) -> str:
    low, high = values.min(), values.max()
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _curves(points: pd.DataFrame, ds: Any, level: float) -> pd.DataFrame:
    """The exact probability's edges of what is planned; no rows where the closed form is not known, or they are many."""
    known = (points["data_kind"] == "self_attention") & (points["noise"] == 0) & (points["mask"] == "full") & (points["m"] > 0)
    plain = (points["offset"].isna() | (points["offset"] == 0)) & (points["scale"].isna() | (points["scale"] == 1))
    exact = points[known & plain & points["method"].isin(["exact", "closed_form"]) & points["beta"].notna()]
    keys = [*(name for name in case_columns(ds) if name in exact), "d", "n"]
    groups = list(exact.groupby(keys, dropna=False, sort=False))
    rows = []
    for _, part in groups if len(groups) <= _MOST_CURVES else ():
        first = part.iloc[0]
        p = oracle.success(part["beta"].to_numpy(float), int(first["m"]), n=int(first["n"]), d=int(first["d"]),
                           **{name: float(first[name]) for name in CONSTANTS})
        low, high = theory_edges(part["beta"], p, level)
        rows.append({**{name: first[name] for name in (*keys, "method")}, "theory_first": low, "theory_last": high})
    return pd.DataFrame(rows)
