"""The tables of sketches as a person reads them."""
from __future__ import annotations

from typing import Any

import pandas as pd

from .cases import number
from .figures.costs import length_text
from .sketches import COSTS
from .style import size_text
from .tables import Table


def cheapest_table(found: pd.DataFrame, names: list[str], error: str) -> Table | None:
    """A row per case and level: the sketch with the smallest state and the one with the fewest operations."""
    found = found[found["error"] == error] if len(found) else found
    if not len(found):
        return None
    names = [name for name in names if found[name].nunique(dropna=False) > 1]
    state, flops = (found[found["by"] == by].reset_index(drop=True) for by in ("state_bytes", "flops"))
    levels, first = _levels(state, flops, [*names, *(["kernel"] if "kernel" in state else [])])
    state, flops = state[first], flops[first]
    shown = _case(state, names).assign(**{f"{error} <=": levels})
    for words, part, text, of in (("smallest state", state, size_text, "of keys and values"),
                                  ("fewest operations", flops, _operations, "of exact")):
        none = part["method"] == ""
        shown[words] = [f"none (lowest {row.lowest:.2g})" if n else sketch_words(row) for n, row in zip(none, part.itertuples())]
        shown["size" if part is state else "operations"] = ["" if n else text(x) for n, x in zip(none, part["cost"])]
        if part["of_exact"].notna().any():
            shown[of] = ["" if x != x else _percent(x) for x in part["of_exact"]]
        shown["error" if part is state else "error "] = [
            "" if n else f"{x:.2g}{'*' * (bad > 0)}" for n, x, bad in zip(none, part["found"], part["bad_rows"])]
    note = (f"Of the sketches in this file: the one with the smallest state, and the one with the fewest operations, whose "
            f"{error} (median over draws) is at most the level. Percentages: the state against keys and values of all tokens, "
            "operations against the exact method's.")
    if (found["bad_rows"] > 0).any():
        note += " A star: some denominators were not positive."
    none = [*((state["method"] == "").to_numpy() & (flops["method"] == "").to_numpy())]
    return Table("The cheapest sketch for an error", note, shown, "cheapest.csv", none=none,
                 none_words=f"{sum(none)} of {len(shown)} rows: no sketch of this file reaches the error")


_CHOSEN = ["method", "r", "features", "local", "weights"]


def _levels(state: pd.DataFrame, flops: pd.DataFrame, names: list[str]) -> tuple[list[str], pd.Series]:
    """(texts, mask of rows): levels of a case that have the same answer make one row, "0.5..0.05"; of those that no sketch
    reaches, the first is given."""
    answer = pd.concat([state[names].fillna(-1), state[_CHOSEN], flops[_CHOSEN].add_suffix("_flops")], axis=1)
    changes = (answer != answer.shift()).any(axis=1)
    groups = state["level"].groupby(changes.cumsum())
    first, last = groups.first(), groups.last()
    none = (state.loc[changes, "method"] == "").to_numpy()
    return [_text(a) if n or a == b else f"{_text(a)}..{_text(b)}" for a, b, n in zip(first, last, none)], changes


def crossover_table(found: pd.DataFrame, names: list[str]) -> Table | None:
    """A row per case and sketch: the length from which it is cheaper, by each quantity, and by how much at the end."""
    if not len(found) or not found[[q + "_n" for q in COSTS]].notna().any(axis=None):
        return None
    shown = _case(found, [name for name in names if found[name].nunique(dropna=False) > 1])
    shown["sketch"] = [sketch_words(row) for row in found.itertuples()]
    if found["error"].notna().any():
        shown["error"] = ["" if x != x else f"{x:.3g}" for x in found["error"]]
    for quantity in COSTS:
        if found[quantity + "_n"].notna().any():
            shown[f"{quantity}: n"] = [_from(*row) for row in
                                       found[[quantity + "_n", quantity + "_how", "n_first", "n_last"]].itertuples(index=False)]
            shown[f"gain{' ' * len(shown.columns)}"] = ["" if x != x else f"{x:.3g}x" for x in found[quantity + "_gain"]]
    note = ("The sequence length from which the sketch costs less than the exact method, by straight lines between lengths of "
            "the grid in logarithms, and exact / sketch at the largest length that both have; the error of its output there.")
    if found["shared"].any():
        note += " Some times are shares of a run of points that were timed together."
    return Table("Where sketched attention becomes cheaper", note, shown, "crossovers.csv")


def _from(n: float, how: str, first: int, last: int) -> str:
    return {"inside": length_text(n) if how == "inside" else "", "below": f"<= {int(first)}", "above": f"> {int(last)}",
            "": ""}[how]


def sketch_words(row: Any) -> str:
    """"polysketch r=16, local 64"."""
    size = f"r={int(row.r)}" if row.r else f"{'exact, ' * bool(row.exact)}F={int(row.features)}"
    return ", ".join([f"{row.method} {size}", *([f"local {int(row.local)}"] if row.local else []), *(["learned"] if row.weights else [])])


def _percent(x: float) -> str:
    return f"{100 * x:.0f} %" if x >= 1 else f"{100 * x:.3g} %"


def _case(found: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """What is estimated, as texts. Where there is no degree the kernel has a word: e^z is that of softmax."""
    shown = pd.DataFrame({name: found[name].map(_text) for name in names}, index=found.index)
    if "beta" in shown and "kernel" in found:
        shown["beta"] = shown["beta"].where(found["beta"].notna(), found["kernel"].replace("exponential", "softmax"))
    return shown


def _text(value: float | str) -> str:
    return "" if value != value else str(value) if isinstance(value, str) else number(value)


def _operations(x: float) -> str:
    for unit, name in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if x >= unit:
            return f"{x / unit:.3g} {name}flop"
    return f"{x:.3g} flop"
