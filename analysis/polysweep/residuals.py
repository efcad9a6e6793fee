"""Critical degrees that a study predicts, against the edges that were measured."""
from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from .cases import table
from .checks import of_dataset
from .conjectures import predictions_of
from .curve import combinations
from .edges import _crossings, answers, edges, narrowed, settled, sure_answers
from .grid import distinguishing
from .kinds import Array
from .study import search_of


@of_dataset
def residuals(ds: xr.Dataset, found: xr.Dataset | None = None) -> pd.DataFrame:
    """A row per critical degree that the study predicts, and combination of the other parameters that has points for it.

    Measured is the first edge of a combination (of success_rate: the first rise), surely between the candidates lo and hi
    (-inf: before the first of them). What is not known is NaN.

    Parameters
    ----------
    ds : Dataset
        From `open`.
    found : Dataset, optional
        What `edges` returned for ds, if it is there already.

    Returns
    -------
    DataFrame
        Columns: `prediction` (its name), what distinguishes combinations, `predicted`, `measured`, `lo`, `hi`, `difference`
        (measured - predicted, in degrees), `z` (that in standard deviations of the edge: of a crossing somewhere between its
        neighbours, and of the rates beside it), `inside` (lo < predicted <= hi), `theory`, `theory_difference`, `theory_z`,
        `theory_inside`; `first` and `last` candidate; `settled` (without an edge: there is none, for all candidates that were
        asked are surely on a side).

    Raises
    ------
    ValueError
        Where `ds` was opened without the columns.

    Examples
    --------
    >>> len(polysweep.residuals(polysweep.open(path)))  # the study predicts no degrees
    0
    """
    degrees = predictions_of(ds)[0]
    if not degrees:
        return pd.DataFrame()
    found = edges(ds) if found is None else found
    if not found.sizes["combination"]:
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
    joined = pd.concat(rows, ignore_index=True)
    return pd.DataFrame({"prediction": joined["prediction"], **{name: joined[name] for name in names}, **_against(joined)})


@of_dataset
def predicted_edges(ds: xr.Dataset, over: str | None = None) -> pd.DataFrame:
    """The critical degrees that the study predicts, for figures: a column per name, a row per combination of `edges(ds)` (along
    `over`, by default its axis). NaN where a prediction is none of a combination, since it changes along the axis."""
    over = over or (search_of(ds) or {"over": "beta"})["over"]
    return pd.DataFrame(_predicted(ds, combinations(ds, over), predictions_of(ds)[0]))


@of_dataset
def predicted_degrees(ds: xr.Dataset, keys: list[str]) -> pd.DataFrame:
    """The same for curves over the degree: a row per combination of the columns `keys` with a degree, their values as index."""
    if not predictions_of(ds)[0]:
        return pd.DataFrame()
    frame = table(ds)[list(dict.fromkeys([*keys, "beta"]))]
    frame = frame[frame["beta"].notna()]
    frame = frame.assign(**{f"predict_{name}": ds[f"predict_{name}"].values[frame.index] for name in predictions_of(ds)[0]})
    names = [f"predict_{name}" for name in predictions_of(ds)[0]]
    groups = frame.groupby(list(keys), dropna=False)[names]
    return groups.min().where(groups.nunique() == 1).rename(columns=lambda name: name.removeprefix("predict_"))


def _predicted(ds: xr.Dataset, points: pd.DataFrame, degrees: dict[str, str]) -> dict[str, Array]:
    """{name: (combination,)}"""
    result = {}
    for name in degrees:
        values = pd.Series(ds[f"predict_{name}"].values[points.index], points["combination"]).groupby(level=0)
        result[name] = values.min().where(values.nunique() == 1).to_numpy(float)
    return result


def _measured(ds: xr.Dataset, found: xr.Dataset) -> dict[str, Array]:
    """The first edge of each combination, {name: (combination,)}: where it is, and between which candidates it surely is."""
    over, column, level = (found.attrs[name] for name in ("over", "column", "level"))
    count, kinds = found.sizes["combination"], ["rise"] if column == "success_rate" else ["rise", "fall"]
    every, sure = _crossings(*answers(ds, over, column, level)), narrowed(ds, found)
    first = _first(every[every["kind"].isin(kinds)].sort_values(["combination", "lo"], kind="stable"), count)
    held = _first(sure[sure["kind"].isin(kinds)].sort_values(["combination", "lo"], kind="stable"), count)
    place = np.minimum(first["edge"].fillna(0).astype(int), found.sizes["edge"] - 1)
    theory = np.where(first["lo"].notna(), found["theory"].values[np.arange(count), place], np.nan)
    return {"measured": first["position"].to_numpy(), "lo": held["lo"].to_numpy(), "hi": held["hi"].to_numpy(),
            "sd": first["sd"].to_numpy(), "theory": theory, "settled": settled(found, sure_answers(ds, found)[0])}


def _first(rows: pd.DataFrame, count: int) -> pd.DataFrame:
    return rows.drop_duplicates("combination").set_index("combination").reindex(range(count))


def _against(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The columns that compare."""
    result = {name: rows[name] for name in ("predicted", "measured", "lo", "hi")}
    with np.errstate(divide="ignore", invalid="ignore"):
        for prefix, other in (("", rows["predicted"]), ("theory_", rows["theory"])):
            if prefix:
                result["theory"] = other
            result[f"{prefix}difference"] = rows["measured"] - other
            result[f"{prefix}z"] = (rows["measured"] - other) / rows["sd"]
            result[f"{prefix}inside"] = (rows["lo"] < other) & (other <= rows["hi"])
    return {**result, "first": rows["first"], "last": rows["last"], "settled": rows["settled"]}
