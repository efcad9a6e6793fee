"""Predicted seconds against measured ones, like against like."""
from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from .checks import of_dataset
from .kinds import Array
from .read import column

BAND = 0.25  #: predictions within this share of the measurement count as good
LEAST_S = 0.01  #: predictions below are mostly overhead
COLUMNS = ("launch", "team", "points", "method", "n", "timing", "predicted_s", "measured_s", "ratio", "how", "slot")


@of_dataset
def predictions(ds: xr.Dataset) -> pd.DataFrame:
    """A row per prediction that can be held against a clock, in seconds.

    how: "run" - `predicted_s` of the points of a run together, compared with the time from its start to its end;
    "pass" - of a point that was repeated, whose run is longer by that: `predicted_pass_s` against `time_median_s`, one
    forward pass of one data set. ratio: predicted over measured. Oversubscribed runs are left out (``.attrs["invalid"]``
    counts their points), and so are runs that hold points that were not computed.
    """
    needed = {"predicted_s", "start_s", "end_s", "first_rank", "team", "launch", "timing"}
    if not needed <= set(ds.variables):
        return _empty()
    names = [*sorted(needed), "method", "n", "time_median_s", "time_lo_s", "predicted_pass_s"]
    rows = np.flatnonzero(ds["done"].values & (ds["end_s"].values > ds["start_s"].values) & (ds["predicted_s"].values > 0))
    timing = pd.Series(column(ds, "timing")[rows])
    invalid = int((timing == "oversubscribed").sum())
    rows = rows[~timing.isin(["oversubscribed", "none"]).to_numpy()]  # before the rest is copied: of many points that takes memory
    frame = pd.DataFrame({name: column(ds, name)[rows] if name in ds else np.nan for name in names}, index=rows, copy=False)
    frame["slot"] = frame.index
    frame["repeated"] = _repeated(ds, rows) | frame["time_lo_s"].notna()
    if not len(frame):
        return _empty(invalid)
    passes = _passes(frame[frame["repeated"]])
    table = pd.concat([_runs(frame[~frame["repeated"]] if len(passes) else frame), passes], ignore_index=True)
    table = table[(table["measured_s"] > 0) & (table["predicted_s"] > 0)]
    table = table.assign(ratio=table["predicted_s"] / table["measured_s"])
    table = table[list(COLUMNS)].sort_values(["launch", "slot"], ignore_index=True)
    table.attrs["invalid"] = invalid
    return table


def within(table: pd.DataFrame, least_s: float = LEAST_S, band: float = BAND) -> tuple[int, int]:
    """(predictions within `band` of the measurement, predictions above `least_s`)."""
    large = table[table["predicted_s"] > least_s]
    return int((np.abs(large["ratio"] - 1) <= band).sum()), len(large)


def _repeated(ds: xr.Dataset, rows: Array) -> Array:
    """(rows,) bool: repetitions were kept, or a rule ended them."""
    kept = (~np.isnan(ds["time_s"].values[rows])).sum(axis=1) > 1 if "time_s" in ds and ds["time_s"].ndim == 2 else False
    stopped = ~pd.Series(column(ds, "time_stop")[rows]).isin(["none", 0, "?"]).to_numpy() if "time_stop" in ds else False
    return kept | stopped | np.zeros(len(rows), dtype=bool)


def _runs(points: pd.DataFrame) -> pd.DataFrame:
    runs = points.groupby(["launch", "start_s", "first_rank"], as_index=False).agg(
        end_s=("end_s", "max"), team=("team", "max"), points=("slot", "size"), n=("n", "max"), slot=("slot", "min"),
        predicted_s=("predicted_s", "sum"), timing=("timing", "first"),
        method=("method", lambda names: names.iloc[0] if names.nunique() == 1 else "several"))
    return runs.assign(measured_s=runs["end_s"] - runs["start_s"], how="run")


def _passes(points: pd.DataFrame) -> pd.DataFrame:
    return points.assign(predicted_s=points["predicted_pass_s"], measured_s=points["time_median_s"], points=1, how="pass")


def _empty(invalid: int = 0) -> pd.DataFrame:
    table = pd.DataFrame(columns=COLUMNS)
    table.attrs["invalid"] = invalid
    return table
