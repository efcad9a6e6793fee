"""The tables of scaling studies as a person reads them."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from .cases import number
from .figures.projected import caption
from .figures.scaling import left_out, seconds_text
from .models import FARTHEST
from .tables import Table

_NOTES = {
    "strong": "Speed-up against the smallest team of each series, whose seconds are in its first line; Karp-Flatt is the share "
              "that would not divide: steady means a serial part, growing means overhead. ",
    "weak": "The work per rank stays the same (column work, against the first line); efficiency is the first line's time over "
            "the team's. "}


def curve_table(found: pd.DataFrame, kind: str) -> Table | None:
    """A row per point of a table from `scaling.strong` or `scaling.weak`, series by series."""
    if not len(found):
        return None
    names = [name for name in found.attrs["names"] if found[name].nunique(dropna=False) > 1 or name in ("method", "n")]
    shown = pd.DataFrame({name: [_text(x) for x in found[name]] for name in names if name != "n" or kind == "strong"})
    if found["timing"].nunique() > 1:
        shown["timed"] = found["timing"]
    shown["ranks"] = found["team"].astype(int)
    if kind == "weak":
        shown["n"] = [_text(x) for x in found["n"]]
        shown["work"] = [f"{x:.3f}" for x in found["work"]]
    shown["seconds"] = _with_interval(found, "time_s", seconds_text)
    if kind == "strong":
        shown["speed-up"] = _with_interval(found, "speed_up", lambda x: f"{x:.3g}")
    shown["efficiency"] = _with_interval(found, "efficiency", lambda x: f"{x:.2f}") if kind == "weak" else [
        f"{x:.2f}" for x in found["efficiency"]]
    if kind == "strong":
        shown["Karp-Flatt"] = _with_interval(found, "karp_flatt", lambda x: f"{x:.3f}")
    shown["load balance"] = [_share(x) for x in found["load_balance"]]
    shown["communication"] = [_share(x) for x in found["comm_efficiency"]]
    note = _NOTES[kind] + "Intervals are 95 %, of medians over repetitions."
    note += " " + left_out(found)
    return Table(f"{kind.capitalize()} scaling", note.strip(), shown, f"{kind}-scaling.csv")


def fit_table(found: pd.DataFrame) -> Table | None:
    """A row per parameter of a fitted law, or one with the reason why there is none."""
    if not len(found):
        return None
    names = [name for name in found if name not in _FIT and found[name].nunique(dropna=False) > 1]
    if "parameter" not in found:  # all for the same few reasons
        found, names = found.drop_duplicates(["kind", "law", "why"]), []
    shown = pd.DataFrame({"kind": found["kind"], **{name: [_text(x) for x in found[name]] for name in names}})
    shown["law"] = found["law"]
    if "parameter" in found:
        shown["parameter"] = found["parameter"].fillna("")
        shown["value"] = [_value(row) for row in found.itertuples()]
        shown["largest residual"] = ["" if x != x else f"{100 * x:.1f} %" for x in found["residual"]]
        shown["P(noise alone)"] = ["" if x != x else f"{x:.3f}" for x in found["lack"]]
    if (found["why"] != "").any():
        shown["no fit because"] = found["why"]
    note = ("Least squares on logarithms of medians; 95 % intervals by a studentised bootstrap of the repetitions, normal ones "
            "where the file kept none. P(noise alone): chance of residuals as large if the law were right; where it is small, "
            "the law is wrong whatever its intervals say. A star: outside the law's domain. Beyond "
            f"{FARTHEST} times the largest team a fitted law is a guess.")
    return Table("Laws of scaling", note, shown.reset_index(drop=True), "scaling-fits.csv")


def projection_table(found: pd.DataFrame | None) -> Table | None:
    """A row per series and team of a table from `projection.project`."""
    if found is None:
        return None
    names = [name for name in found if name not in _PROJECTED and (found[name].nunique(dropna=False) > 1 or name == "method")]
    shown = pd.DataFrame({"kind": found["kind"], **{name: [_text(x) for x in found[name]] for name in names}})
    shown["n"], shown["ranks"] = [_text(x) for x in found["n"]], found["team"].astype(int)
    shown["measured"] = ["" if x != x else seconds_text(x) for x in found["measured_s"]]
    shown["predicted"] = _with_interval(found, "time_s", seconds_text)
    shown["speed-up"] = _with_interval(found, "speed_up", lambda x: f"{x:.3g}")
    shown["efficiency"] = _with_interval(found, "efficiency", lambda x: f"{x:.2f}")
    shown["largest team times"] = [f"{x:.3g}{', a guess' if x > FARTHEST else ''}" for x in found["times"]]
    return Table("Projection to larger teams", "Predicted, not measured. " + caption(found).strip(), shown, "projection.csv")


_PROJECTED = ("kind", "series", "team", "n", "base_team", "base_s", "measured_s", "times", "slot",
              *(name + end for name in ("time_s", "speed_up", "efficiency") for end in ("", "_lo", "_hi")))
_FIT = ("kind", "series", "law", "parameter", "value", "lo", "hi", "inside", "how", "sizes", "samples", "lack", "residual",
        "why")


def _with_interval(found: pd.DataFrame, name: str, text: Callable[..., Any]) -> list[str]:
    return ["" if x != x else text(x) if lo != lo else f"{text(x)} [{text(lo)}, {text(hi)}]"
            for x, lo, hi in zip(found[name], found[name + "_lo"], found[name + "_hi"])]


def _value(row: Any) -> str:
    if row.value != row.value:
        return ""
    value, lo, hi = (seconds_text(x) if row.parameter == "T_1" and x > 0 else f"{x:.3g}" + " s" * (row.parameter == "T_1")
                     for x in (row.value, row.lo, row.hi))
    return f"{value} [{lo}, {hi}]" + "*" * (not row.inside)


def _share(x: float) -> str:
    return "" if x != x else f"{x:.2f}"


def _text(x: int | str) -> str:
    return x if isinstance(x, str) else "" if x != x else number(x)
