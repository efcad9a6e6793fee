"""Sketches of the exact kernel: their sizes, which one is cheapest for an error, from which length one is cheaper."""
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .cases import ERRORS, baseline, case_columns, table
from .checks import at_least, check_name, names_of, of_dataset
from .kinds import Array
from .read import UNITS

SIZE = ("r", "features", "draws", "local", "weights")  #: coordinates that are a sketch's own
SERIES = ("method", "local", "weights")  #: what one curve over sizes has in common
LEVELS = (0.5, 0.2, 0.1, 0.05, 0.01)
OWN_KERNELS = ("features", "taylor")  #: kernels that are the product of a method's own features: no error of a sketch in them
COSTS = {"flops": "flops", "bytes": "bytes", "seconds": "time_median_s"}
TIMED = ("alone", "beside", "shared")  #: ways of timing that are valid; `shared` is a share of a run of points


def reference(points: pd.DataFrame, method: str) -> str:
    """The method without a sketch that `method`, which some of the points have, estimates; "" of one that is no sketch."""
    check_name(method, points["method"].unique(), "method")
    return points["method_reference"][points["method"] == method].iloc[0]


@of_dataset
def held(ds: xr.Dataset) -> list[str]:
    """Coordinates that say what is estimated: all that vary, but for method, n, d and what sketches choose: `by` is features."""
    return [name for name in case_columns(ds) if name not in (*SIZE, "by")]


@of_dataset
def sketches(ds: xr.Dataset) -> pd.DataFrame:
    """The points of sketches, their sizes complete: monomials have as many features as the degree makes of the width,
    and a state is features x (v + 1) numbers of the point's precision where the file does not say. Files without the column
    `map_features` left out of it the keys and values of the exact window (`local`), which are added. `exact`: whether the file
    says that the feature map is exact, whatever is drawn. An error up to `rounding` is that of such a map: a few last bits of
    <q,k>, as often as the degree."""
    frame = table(ds)
    frame = frame[frame["method_folds"] == "states"].copy()
    if not len(frame):
        return frame
    for name in SIZE:
        frame[name] = frame[name].fillna(0).astype(np.int64)
    whole = (frame["method"] == "monomial") & frame["beta"].notna()
    frame["features"] = [_monomials(row.d, row.beta) if all_ else row.features
                         for row, all_ in zip(frame[["d", "beta", "features"]].itertuples(), whole)]
    single = frame["precision"] != "fp64"
    width = np.where(single, 4, 8)
    digits = np.where(single, 2e-6, 1e-12) + 4 * frame["precision"].map(UNITS).fillna(0)  # of both rows and their products
    frame["rounding"] = digits * frame["beta"].fillna(4).clip(lower=4)
    whole = frame["features"] * (frame["v"] + 1.0) * width
    if "map_features" not in ds:
        window = frame["local"] * (frame["d"] + frame["v"]) * width
        frame["state_bytes"], whole = frame["state_bytes"] + window, whole + window
    frame["state_bytes"] = frame["state_bytes"].fillna(whole)
    frame["exact"] = frame["exact_map"] == 1
    return frame


def once(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The points of `sketches`, those of an exact map once for each case (`names`), method and window: what was asked for does
    not change such a map. They have r = 0, and as `features` what is stored."""
    if not len(frame) or not frame["exact"].any():
        return frame
    frame = frame.copy()
    frame.loc[frame["exact"], "features"] = frame.loc[frame["exact"], "map_features"].astype(frame["features"].dtype)
    frame.loc[frame["exact"], ["r", "draws"]] = 0
    keys = frame[[*names, *SERIES, "features"]].assign(_late=~frame["done"].astype(bool))
    first = keys.sort_values("_late", kind="stable").drop(columns="_late")
    kept = first[~(first.duplicated() & frame.loc[first.index, "exact"])].index
    return frame.loc[kept.sort_values()]


def _monomials(d: int, beta: float) -> float:
    return float(math.comb(int(d + beta) - 1, int(beta)))


def label(method: str, local: int = 0, weights: int = 0) -> str:
    """"polysketch, local 256"."""
    return ", ".join([method, *([f"local {local}"] if local else []), *(["learned"] if weights else [])])


def exact_of(points: pd.DataFrame, names: list[str], values: tuple[Any, ...], method: str) -> pd.DataFrame:
    """Points that a sketch of the case names = values estimates; `names` without method, with n and d where fixed."""
    found = baseline(points, names, values, reference(points, method))
    return found[found["done"] & (found["method_folds"] == "rows")]


# ---- the cheapest sketch for an error ------------------------------------------------------------------------------


@of_dataset
def cheapest(ds: xr.Dataset, levels: Iterable[float] = LEVELS,
             errors: Iterable[str] = ("err_out", "err_attn", "err_amm")) -> pd.DataFrame:
    """For every case (what is estimated, n, d, beta), error column and level: the sketch with the smallest state, and
    the one with the fewest flops, among those whose median error over draws is at most the level. Maps with a kernel of their own
    (`OWN_KERNELS`) estimate nothing and are left out.

    Columns: the case, `kernel` (that is estimated), `error`, `level`, `by` (state_bytes or flops), and of the sketch found method,
    r, features, local, weights, `exact` (its map is: then r is 0 and features what is stored), its `cost`, `of_exact` (cost against
    the exact method's flops, state against keys and values), `found` (its error) and `found_q90`, `bad_rows`. No sketch: method "", NaN.
    """
    errors, levels = names_of(errors, ERRORS, "error"), [at_least(level, 0, "a level of error") for level in levels]
    names, frame, everything = [*held(ds), "n", "d", "beta"], sketches(ds), table(ds)
    frame = once(frame[frame["done"] & ~frame["method_kernel"].isin(OWN_KERNELS)], names) if len(frame) else frame
    rows: list[dict[str, Any]] = []
    for error in errors:
        measured = frame[frame[error].notna()] if len(frame) else frame
        for key, part in measured.groupby([*names, "method_kernel"], dropna=False):
            rows += _cheapest(everything, names, key, part, error, levels)
    return pd.DataFrame(rows)


def _cheapest(everything: pd.DataFrame, names: list[str], key: tuple[Any, ...], part: pd.DataFrame, error: str,
              levels: list[float]) -> Iterator[dict[str, Any]]:
    exact = exact_of(everything, names, key[:len(names)], part["method"].iloc[0])
    width = 8 if part["precision"].iloc[0] == "fp64" else 4
    whole = {"state_bytes": float(part["n"].iloc[0] * (part["d"].iloc[0] + part["v"].iloc[0]) * width),
             "flops": float(exact["flops"].iloc[0]) if len(exact) else np.nan}
    for level in levels:
        good = part[part[error] <= level]
        for by in ("state_bytes", "flops"):
            row = {**dict(zip([*names, "kernel"], key)), "error": error, "level": level, "by": by, "method": "",
                   "r": 0, "features": 0, "local": 0, "weights": 0, "exact": False, "cost": np.nan, "of_exact": np.nan, "found": np.nan,
                   "found_q90": np.nan, "bad_rows": 0, "lowest": part[error].min()}
            if good[by].notna().any():
                best = good.sort_values([by, error], kind="stable").iloc[0]
                row.update({name: best[name] for name in ("method", "r", "features", "local", "weights", "exact", "bad_rows")})
                row.update(cost=best[by], of_exact=best[by] / whole[by], found=best[error], found_q90=best[error + "_q90"])
            yield row


# ---- from which length a sketch is cheaper -------------------------------------------------------------------------


def valid_times(frame: pd.DataFrame) -> pd.Series:
    """Times in seconds; NaN where processes shared cores, or nothing was timed."""
    return frame["time_median_s"].where(frame["timing"].isin(TIMED))


def cost(frame: pd.DataFrame, quantity: str) -> pd.Series:
    """One of `COSTS`; times only where they are valid."""
    check_name(quantity, COSTS, "cost")
    return valid_times(frame) if quantity == "seconds" else frame[COSTS[quantity]]


def output_error(point: pd.Series) -> float:
    """Of the output: against the reference where the file has that, else against the exact kernel."""
    return point["err_out_ref"] if point["err_out_ref"] == point["err_out_ref"] else point["err_out"]


@of_dataset
def against(ds: xr.Dataset) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame, pd.DataFrame]]:
    """Yields (key, sketch points, exact points) over common lengths; key: held, d, beta, method, local, weights, r,
    features. Both are sorted by n, with one row per length."""
    names, frame, everything = [*held(ds), "d", "beta"], sketches(ds), table(ds)
    if not len(frame):
        return
    frame = once(frame[frame["done"]], [*names, "n"])
    for key, part in frame.groupby([*names, *SERIES, "r", "features"], dropna=False):
        exact = exact_of(everything, names, key[:len(names)], key[len(names)]).drop_duplicates("n").set_index("n")
        part = part.drop_duplicates("n").set_index("n").sort_index()
        common = part.index.intersection(exact.index)
        if len(common) > 1:
            yield key, part.loc[common].reset_index(), exact.loc[common].reset_index()


def crossing(n: list[int] | pd.Series, ratio: Array | list[float]) -> tuple[float, str]:
    """(length, how) from which a sketch is cheaper for good; ratio = cost of the sketch / cost of the exact method.

    Straight lines in (log n, log ratio). "inside": between two lengths of the grid; "below": cheaper at all of them, the
    length is the first; "above": dearer at the last, the length is inf; "" where there are no costs.
    """
    n, ratio = np.asarray(n, float), np.asarray(ratio, float)
    known = np.isfinite(ratio) & (ratio > 0)
    n, ratio = n[known], ratio[known]
    if len(n) < 2:
        return np.nan, ""
    dearer = np.flatnonzero(ratio > 1)
    if not len(dearer):
        return float(n[0]), "below"
    i = dearer[-1]
    if i == len(n) - 1:
        return np.inf, "above"
    y = np.log(ratio[i:i + 2])
    x = np.log(n[i:i + 2])
    return float(np.exp(x[0] - y[0] * (x[1] - x[0]) / (y[1] - y[0]))), "inside"


@of_dataset
def crossovers(ds: xr.Dataset) -> pd.DataFrame:
    """From which length on each sketch is cheaper than what it estimates, by flops, bytes and seconds.

    Columns: the case, method, `kernel`, local, weights, r, features, `exact`; for each quantity q of `COSTS`: q_n (the length), q_how (see
    `crossing`), q_gain (exact / sketch at the largest common length); `error`, that of the output at this length (against the
    reference, where the file has that); n_first, n_last; shared: some time is a share of a run of points.
    """
    names, rows = [*held(ds), "d", "beta", *SERIES, "r", "features"], []
    for key, sketch, exact in against(ds):
        row = dict(zip(names, key), kernel=sketch["method_kernel"].iloc[0], exact=bool(sketch["exact"].all()),
                   n_first=int(sketch["n"].iloc[0]), n_last=int(sketch["n"].iloc[-1]))
        for quantity in COSTS:
            ratio = (cost(sketch, quantity) / cost(exact, quantity)).to_numpy(float)
            row[quantity + "_n"], row[quantity + "_how"] = crossing(sketch["n"], ratio)
            row[quantity + "_gain"] = 1 / ratio[-1]
        row["error"] = output_error(sketch.iloc[-1])
        row["shared"] = bool(((sketch["timing"] == "shared") | (exact["timing"] == "shared")).any())
        rows.append(row)
    return pd.DataFrame(rows)
