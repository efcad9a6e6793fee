"""What a study predicts against its results, as a person reads it."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .cases import number
from .checks import of_dataset
from .conjectures import counterexamples, predictions_of
from .edges import edges
from .residuals import residuals
from .tables import Table

MOST_SHOWN = 10  #: counterexamples of a claim in a report


@of_dataset
def claims_frame(ds: xr.Dataset) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(a row per claim, a row per counterexample of any of them, the strongest of each first)."""
    claims: list[dict[str, Any]] = []
    listed = []
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


@of_dataset
def conjecture_tables(ds: xr.Dataset, found: xr.Dataset | None = None, level: float | None = None) -> list[tuple[Table, pd.DataFrame]]:
    """[(`Table`, numbers for its file)] of what a study predicts: claims, their strongest counterexamples, critical degrees.

    found, level: of `edges`."""
    claims, listed = claims_frame(ds)
    left = residuals(ds, edges(ds, level=level) if found is None and predictions_of(ds)[0] else found)
    tables = [(_claims_table(claims), claims), (_counterexample_table(listed), listed), (_residual_table(left), left)]
    return [(table, numbers) for table, numbers in tables if table]


def _claims_table(claims: pd.DataFrame) -> Table | None:
    if not len(claims):
        return None
    numbers = ("about", "computed", "contradict", "seem_to")
    shown = claims[["claim", "when", "then"]].copy()
    for name in numbers:
        shown[name.replace("_", " ")] = [_count(x) for x in claims[name]] if name in claims else ""
    if (claims["note"] != "").any():
        shown["note"] = claims["note"]
    return Table("Claims of the study", "How many points each claim is about, how many of them were computed, and how many contradict "
                 "it: rates by exact one-sided tests on the samples that they are worth, corrected by Holm's rule for all "
                 "points of the claim; other columns as they were measured. Seem to: false as measured, which chance may explain.",
                 shown, "predicted-claims.csv")


def _counterexample_table(listed: pd.DataFrame) -> Table | None:
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


def _residual_table(left: pd.DataFrame) -> Table | None:
    if not len(left):
        return None
    names = [name for name in left if name not in _NUMBERS and left[name].nunique(dropna=False) > 1 or name == "prediction"]
    shown = left[names].astype(object).map(lambda x: x if isinstance(x, str) else "" if x != x else number(x))
    shown["predicted"] = left["predicted"].map(lambda x: f"{x:.2f}")
    shown["edge"] = [_edge(*row) for row in left[["lo", "hi", "measured", "first", "last", "settled"]].itertuples(index=False)]
    shown["edge - predicted"] = _differences(left, "")
    if left["theory"].notna().any():
        shown["edge - theory"] = _differences(left, "theory_")
    return Table("Predicted critical degrees", "The first edge that was measured against what the study predicts and what theory has: "
                 "between candidates that are surely on either side of the level, and the difference of the place where the line between "
                 "the measured ones crosses it, in degrees, and in standard deviations of the edge where it is not inside (lo, hi].", shown,
                 "residuals.csv")


_NUMBERS = ("predicted", "measured", "lo", "hi", "difference", "z", "inside", "theory", "theory_difference", "theory_z", "theory_inside",
            "first", "last", "settled")


def _edge(lo: float, hi: float, measured: float, first: float, last: float, settled: bool) -> str:
    if lo == lo:
        return f"({number(lo)}, {number(hi)}]" if lo > -np.inf else f"<= {number(hi)}"
    return f"none in {number(first)}..{number(last)}" if settled and measured != measured else "not settled"


def _differences(left: pd.DataFrame, prefix: str) -> list[str]:
    return ["" if x != x else "never" if np.isinf(x) else f"{x:+.2f}, inside" if inside else f"{x:+.2f}, {z:+.1f} sd"
            for x, z, inside in zip(left[f"{prefix}difference"], left[f"{prefix}z"], left[f"{prefix}inside"])]


def _count(x: float) -> str:
    return "" if x != x else f"{int(x)}"
