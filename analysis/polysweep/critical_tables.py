"""Critical degrees as a person reads them."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from .critical import BOUNDS, EXACT
from .sketches import SIZE
from .tables import Table

_SHOWN = {"lower": "lower edge", "upper": "upper edge", "theory": "theory, grid", "edge_lo": "exact, lower", "edge_hi": "upper",
          "beta_up_class_3s": "beta_up_3s"}  #: what columns are called where a person reads them


def critical_table(found: pd.DataFrame, cases: Sequence[str], level: float) -> Table | None:
    """Of `polysweep.critical`: words and short numbers, a column an idea; rows without a degree that separates are told apart."""
    if not len(found):
        return None
    kept = _kept(found, cases)
    shown = readable(found, cases).rename(columns=_SHOWN)
    note = (f"Edges: the first and the last degree of the grid whose true rate of success is at least {level:g}; both statements of a row "
            "hold together with 95 % confidence (exact binomial tests, no shape assumed). < and >: at or beyond that degree, the grid ends "
            "before the edge is enclosed. None: every degree is below. Not settled: neither can be said. Exact theory: the same from the "
            "exact probability. All β with an index are derived bounds and predictions; a star marks a window with a gap.")
    few = settling(found, level)
    none = np.where(kept["trials"] > 0, kept["verdict"] == "none", (kept["theory_points"] > 0) & kept["theory_first"].isna())
    return Table("Critical degrees", note + (f" {few}." if few else ""), shown, "critical.csv", none=[bool(x) for x in none],
                 none_words=f"{none.sum()} of {len(kept)} rows: no degree of the grid reaches {level:g}")


def _kept(critical: pd.DataFrame, cases: Sequence[str]) -> pd.DataFrame:
    """Without rows of closed_form where the same case, d and n were measured: their row holds the exact theory too."""
    again = critical.duplicated([*cases, "d", "n"]) & (critical["method"] == "closed_form")
    return critical[~again].reset_index(drop=True)


def readable(critical: pd.DataFrame, cases: Sequence[str]) -> pd.DataFrame:
    """Texts for a person. Columns that say nothing in this file are left out, and so are rows of closed_form where the
    same case, d and n were measured (their row holds the exact theory too)."""
    if not len(critical):
        return pd.DataFrame()
    critical = _kept(critical, cases)
    out = pd.DataFrame(index=critical.index)
    for name in (*cases, "method", "d", "n", "m"):
        if name in cases or critical[name].nunique() > 1 or name in ("d", "n"):
            out[name] = [_number(x) if x or name not in SIZE else "" for x in critical[name]]
    if (critical["trials"] > 0).any():
        out["lower"] = [words + "*" * bool(gap) for words, gap in zip(critical["lower"], critical["gap"])]
        out["upper"] = critical["upper"].where(critical["verdict"] == "edges", "")  # else the same words again
    out["theory"] = [_theory(a, b) if k else "" for a, b, k in
                     zip(critical["theory_first"], critical["theory_last"], critical["theory_points"])]
    for name in (*EXACT, *BOUNDS):
        known = critical[EXACT[0] if name in EXACT else name].notna().any()
        if known and (name in EXACT or np.isfinite(critical[name][critical[name] > 0]).any()):
            out[name] = critical[name].map(_two)
    if "edge_lo" in out:
        never = critical["edge_lo"] == np.inf
        out["edge_lo"] = out["edge_lo"].where(~never, "none")
        out["edge_hi"] = out["edge_hi"].where(~never, "")
    for name in ("softmax", "linear"):
        if critical[name].notna().any():
            out[name] = critical[name].map(_two)
    if (critical["points"] < critical["of"]).any():
        out["points"] = [f"{a}/{b}" for a, b in zip(critical["points"], critical["of"])]
    return out


def settling(critical: pd.DataFrame, level: float) -> str:
    """What it takes to settle edges where a row has fewer trials; empty where none has."""
    measured = critical[critical["trials"] > 0] if len(critical) else critical
    few = measured[measured["samples"] < measured["needed"]] if len(measured) else measured
    if not len(few):
        return ""
    grid = few.loc[few["needed"].idxmax()]
    shared = (few["samples"] < few["trials"]).any()
    return (f"To settle edges at {level:g} on a grid of {int(grid['of'])} degrees takes at least {int(grid['needed'])} "
            f"{'effective ' if shared else ''}trials of a point: {len(few)} of {len(measured)} rows have fewer "
            f"(from {few['samples'].min():.0f})" + (", since trials that share a draw are not independent" if shared else ""))


def _number(x: Any) -> str:
    return f"{x:.6g}" if isinstance(x, float) else str(x)


def _two(x: float) -> str:
    return "" if x != x else "inf" if x == float("inf") else f"{x:.2f}"


def _theory(first: float, last: float) -> str:
    if first != first:
        return "none"
    return f"{_number(first)}.." + ("" if last == float("inf") else _number(last))
