"""Which points are one curve along an axis: the combinations of all other parameters."""
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .checks import check_name, of_dataset
from .grid import applies, distinguishing
from .hdf import COORDINATES
from .kinds import Array
from .study import resolved_of, search_of


@of_dataset
def combinations(ds: xr.Dataset, over: str) -> pd.DataFrame:
    """A row per point, sorted by curve and along it: `combination` (numbers in the order of their first points), `place` in it,
    `value` of the axis; the index is the position of the point.

    Points of a combination differ in the axis alone, or in what follows from it. What a search left aside is no axis of a
    combination either: names that the study links to the searched one.
    """
    check_name(over, [name for name in map(str, ds.coords) if ds[name].dtype.kind in "iuf" and is_parameter(ds, name)], "axis of numbers")
    chosen, key = distinguishing(ds, ("method", over), (over,))
    names = [name for name in _axes_of_study(ds, over) if name in ds.coords and name not in chosen]
    frame = pd.DataFrame({"key": key, **{name: ds[name].values for name in names}, "alone": _alone(ds)})
    number = frame.groupby(list(frame.columns), sort=False, dropna=False).ngroup()  # in the order in which they appear
    frame = pd.DataFrame({"combination": number, "value": ds[over].values.astype(float)})
    frame = frame.sort_values(["combination", "value"], kind="stable")
    frame.insert(1, "place", frame.groupby("combination").cumcount())
    return frame


@of_dataset
def is_parameter(ds: xr.Dataset, name: str) -> bool:
    """Whether a coordinate says which point a slot is, and not what became of it."""
    return name in COORDINATES or name in ds.attrs.get("own_axes", [])


def _axes_of_study(ds: xr.Dataset, over: str | None = None) -> list[Any]:
    """Names that the study gives as lists, without `over` and what is linked with it; none where `over` is no such name."""
    study, groups = resolved_of(ds), []
    methods = study.get("methods", [])
    sections = [study.get("grid"), study.get("data"), study.get("judge"),
                *(keys for entry in methods if isinstance(entry, dict) for keys in entry.values())]
    for section in sections:
        groups += [{name} for name, value in section.items() if _is_axis(value)] if isinstance(section, dict) else []
    groups += [set(linked) for linked in (study.get("zip") or {}).values() if isinstance(linked, dict)]
    if over is not None and not any(over in group for group in groups):
        return []
    return sorted({name for group in groups if over not in group for name in group})


def _is_axis(value: dict[str, float | str] | float) -> bool:
    return isinstance(value, list) or isinstance(value, dict) and "from" in value


@of_dataset
def partners(ds: xr.Dataset, where: str) -> np.ndarray:
    """(point,) position of the point whose column is the level of each: the one for which `where` holds, with the same values of all
    axes that both have, those that `where` names apart; -1: there is none. Points for which it holds are their own.

    Raises ValueError where it holds for no point, or for several with the same values."""
    from .expression import Expression, true

    test = Expression(where, ds)
    holds = true(test.value(ds))
    if not holds.any():
        raise ValueError(f"level: {where!r} holds for no point")
    names = [name for name in _axes_of_study(ds) or distinguishing(ds)[0] if name in ds.coords and name not in (*test.names, "method")]
    count, method = ds.sizes["point"], ds["method"].values
    used = {name: applies(ds, name) for name in names}
    result = np.where(holds, np.arange(count), -1)
    for one in np.unique(method[~holds]):
        own = np.flatnonzero((method == one) & ~holds)
        for other in np.unique(method[holds]):
            there = np.flatnonzero((method == other) & holds)
            shared = [name for name in names if used[name][own].any() and used[name][there].any()]
            left, right = (pd.DataFrame({"": 0, **{name: ds[name].values[rows] for name in shared}, "at": rows}) for rows in (own, there))
            pairs = left.merge(right, on=["", *shared], suffixes=("", "_of"))
            again = pairs["at"].duplicated() | (result[pairs["at"]] >= 0)
            if again.any():
                raise ValueError(f"level: {where!r} holds for several points with the values of point {pairs['at'][again].iloc[0]}")
            result[pairs["at"]] = pairs["at_of"]
    return result


def _alone(ds: xr.Dataset) -> Array:
    """(point,): in a file that searched, the points that the study lists one by one are combinations of their own; others 0."""
    count, listed = ds.sizes["point"], resolved_of(ds).get("include") or []
    alone = np.zeros(count, np.int64)
    if search_of(ds) and len(listed) and count == ds.attrs.get("slots"):
        alone[count - len(listed):] = np.arange(1, len(listed) + 1)
    return alone
