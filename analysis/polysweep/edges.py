"""Edges: where a column crosses a level along an axis, between two neighbours of which one is below and one is not."""
from __future__ import annotations

import numbers

import numpy as np
import pandas as pd
import xarray as xr

from .checks import at_least, check_name, of_dataset, path_of
from .critical import level_of
from .curve import combinations, is_parameter, search_of
from .statistics import Z95

KEPT = 4  #: edges of a combination that have a place of their own
SIDES = ("none", "below", "above", "open", "failed")
INTERVALS = {"success_rate": ("success_lo", "success_hi"), "time_median_s": ("time_lo_s", "time_hi_s")}
_FAILED = ("failed", "skipped", "timeout")
_EDGE = {"kind": "none", "position": np.nan, "lo": np.nan, "hi": np.nan, "theory": np.nan, "theory_z": np.nan}
_ABOUT = {
    "kind": "rise: from below the level to above it along the axis; fall: the other way; none: there is no further edge",
    "position": "where the line between the candidates beside the edge crosses the level", "lo": "candidate before the edge",
    "hi": "candidate behind the edge, which is in (lo, hi]", "theory": "where theory has the edge; NaN = it says nothing, inf = nowhere",
    "theory_z": "position - theory in standard deviations", "narrow": "hi - lo is as small as was asked for",
    "count": "edges found, of which the first four are kept", "evaluations": "candidates that were asked and answered",
    "candidates": "candidates of the combination", "trials": "trials of all of them", "flops": "operations of all of them",
    "starts": "side of the first candidate that was asked", "open": "candidates that were asked and whose side is not decided",
    "missed": "most candidates between decided neighbours of one side: a narrower window is not seen"}


@of_dataset
def edges(ds: xr.Dataset, over=None, column=None, level=None, within=None) -> xr.Dataset:
    """Where `column` crosses `level` along `over`, for every combination of the other parameters.

    over, column, level, within: by default what the file searched for, else beta, success_rate, the study's judge.level and 1. In
    a file that searched for just this, the points that its search asked for count; in every other case all that are done.

    Dimensions: `combination`, with the parameters that are the same all along as coordinates (and `slot`, the position of its
    first point), and `edge`, the first four of a combination from low to high. Of an edge: `kind` (rise, fall, none where
    there is no further one), `lo` and `hi` (neighbouring decided candidates on different sides: the crossing is in (lo, hi]),
    `position` (where the line between these two crosses the level), `theory` (NaN: it says nothing, inf: nowhere), `theory_z`
    (their difference in standard deviations) and `narrow` (hi - lo is at most `within`). Of a combination: `count` (edges found,
    may exceed four), `evaluations`, `trials` and `flops` that were spent on it, `candidates`, `starts` (side of the first; without
    an edge that of all), `missed` (the most candidates between decided neighbours of one side: a narrower window is not seen) and
    `open` (candidates that were asked and whose side trials did not decide). No shape of the curve is assumed.

    Raises ValueError for names and numbers that cannot be, and where `ds` was opened without the columns.
    """
    asked = search_of(ds)
    over = over or (asked["over"] if asked else "beta")
    column = column or (asked["column"] if asked else "success_rate")
    if level is None:
        level = asked["level"] if asked and asked["column"] == column else level_of(ds)
    within = at_least(within if within is not None else asked["within"] if asked else 1.0, 0, "within")
    points = answers(ds, over, column, level)
    if asked and (over, column, level) == (asked["over"], asked["column"], asked["level"]) and "asked" in ds:
        points["asked"] &= ds["asked"].values[points.index] > 0
    found = _crossings(points)
    _theory(found, ds, points, over, column, level)
    result = _dataset(ds, points, found, over)
    result["narrow"] = result["hi"] - result["lo"] <= within
    for name, words in _ABOUT.items():
        result[name].attrs["long_name"] = words
    searched = {"edges": asked["edges"]} if asked else {}
    return result.assign_attrs(over=over, column=column, level=str(level), within=within, **searched)


# ---- answers of single points ------------------------------------------------------------------------------------------


def answers(ds, over, column, level) -> pd.DataFrame:
    """The points along their curves (`combinations`), with what each says: `asked`, `y` (its column), `level`, `sd` (standard
    deviation of y, 0 where the column has no interval), `side`, `trials`, `flops`."""
    check_name(column, [name for name in ds.data_vars if ds[name].dims == ("point",) and ds[name].dtype.kind in "iuf"], "column")
    frame = combinations(ds, over)
    take = frame.index.to_numpy()
    done, status = ds["done"].values[take], ds["status"].values[take]
    frame["asked"] = done | np.isin(status, _FAILED) & ds["committed"].values[take]
    frame["y"] = np.where(done, ds[column].values[take].astype(float), np.nan)
    frame["level"] = _levels(ds, level)[take]
    frame["sd"] = _deviations(ds, column)[take]
    for name, of in (("trials", "trials_done"), ("flops", "flops")):
        frame[name] = np.where(done, np.nan_to_num(ds[of].values[take]), 0) if of in ds else 0
    frame["side"] = np.where(done, _sides(ds, frame, column, level), np.where(frame["asked"], "failed", "none"))
    return frame


def _levels(ds, level):
    """(point,) what each point's column is compared with."""
    if isinstance(level, dict):
        raise ValueError("a level that is another point's column")
    if isinstance(level, bool) or not isinstance(level, numbers.Real) or level != level:
        raise TypeError(f"level is a number, not {level!r}")
    return np.full(ds.sizes["point"], float(level))


def _deviations(ds, column):
    """(point,) half an interval of 95 % in units of a normal one's."""
    if column not in INTERVALS or any(name not in ds for name in INTERVALS[column]):
        return np.zeros(ds.sizes["point"])
    lo, hi = (ds[name].values.astype(float) for name in INTERVALS[column])
    return np.nan_to_num(hi - lo) / (2 * Z95)


def _sides(ds, frame, column, level):
    """above: not less than the level. Trials that end by a rule say so where they decided; others are taken by their rate."""
    take = frame.index.to_numpy()
    side = np.select([np.isnan(frame["y"]) | np.isnan(frame["level"]), frame["y"] >= frame["level"]], ["none", "above"], "below")
    if column != "success_rate" or "trials_error" not in ds:
        return side
    ruled = np.isfinite(ds["trials_error"].values[take])
    return np.where(ruled & ~decided(ds, level)[take] & (side != "none"), "open", side)


def decided(ds, level) -> np.ndarray:
    """(point,) bool: a rule that ends trials has decided on which side of the level the rate is: the study's own rule at the
    study's level, else by an interval of the sequence that does not hold the level."""
    lo, hi = (ds[name].values for name in INTERVALS["success_rate"])
    stop = ds["trials_stop"].values == "decided" if "trials_stop" in ds.variables else np.zeros(len(lo), bool)
    with np.errstate(invalid="ignore"):
        outside = (lo > level) | (hi < level)
    return np.isfinite(ds["trials_error"].values) & (outside | (stop & (level == level_of(ds))))


# ---- crossings -----------------------------------------------------------------------------------------------------------


def _crossings(points):
    """A row per edge, from low to high in every combination: `combination`, `edge` (from 0), `kind`, `lo`, `hi`, `position`, and
    the standard deviation of the position."""
    sure = points[points["asked"] & points["side"].isin(["below", "above"])]
    a, b = sure.iloc[:-1].reset_index(), sure.iloc[1:].reset_index()
    crosses = (a["combination"] == b["combination"]) & (a["side"] != b["side"])
    a, b = a[crosses], b[crosses]
    before, behind = a["y"] - a["level"], b["y"] - b["level"]
    width, height = b["value"] - a["value"], behind - before
    share = -before / height
    found = pd.DataFrame({"combination": a["combination"], "kind": np.where(behind > before, "rise", "fall"),
                          "position": a["value"] + share * width, "lo": a["value"], "hi": b["value"]})
    rates = ((1 - share) * a["sd"]) ** 2 + (share * b["sd"]) ** 2
    found["sd"] = np.sqrt(width ** 2 / 12 + rates * (width / height) ** 2)
    found.insert(1, "edge", found.groupby("combination").cumcount())
    return found.reset_index(drop=True)


def _theory(found, ds, points, over, column, level):
    """Columns theory and theory_z: the exact edges of the file, which are those of success over degrees at the study's level."""
    found["theory"] = np.nan
    if (over, column, level) == ("beta", "success_rate", level_of(ds)) and "edge_lo" in ds:
        slots = points.reset_index().groupby("combination")["index"].min()
        for kind, name in (("rise", "edge_lo"), ("fall", "edge_hi")):
            of = found[found["kind"] == kind].drop_duplicates("combination")  # theory has the first of each
            found.loc[of.index, "theory"] = ds[name].values[slots[of["combination"]]]
    found["theory_z"] = (found["position"] - found["theory"]) / found["sd"]


def _dataset(ds, points, found, over):
    """From rows to (combination, edge)."""
    count = int(points["combination"].max() + 1) if len(points) else 0
    slots = points.reset_index().groupby("combination")["index"].min().to_numpy()
    variables, kept = {}, found[found["edge"] < KEPT]
    for name, blank in _EDGE.items():
        cells = np.full((count, KEPT), blank, dtype=object if isinstance(blank, str) else float)
        cells[kept["combination"], kept["edge"]] = kept[name]
        variables[name] = (("combination", "edge"), cells.astype(str) if isinstance(blank, str) else cells)
    for name, values in _totals(points, found, count).items():
        variables[name] = ("combination", values)
    return xr.Dataset(variables, coordinates(ds, points["combination"], slots, over), {"path": ds.attrs.get("path", "")})


def _totals(points, found, count):
    def by(values, empty=0):
        return values.reindex(range(count), fill_value=empty).to_numpy()

    asked = points[points["asked"]]
    groups, sure = asked.groupby("combination"), asked[asked["side"].isin(["below", "above"])]
    same = (sure["combination"] == sure["combination"].shift()) & (sure["side"] == sure["side"].shift())
    between = (sure["place"] - sure["place"].shift() - 1).where(same, 0).astype(int)
    return {"count": by(found.groupby("combination").size()),
            "evaluations": by((asked["side"] != "failed").groupby(asked["combination"]).sum()),
            "candidates": by(points.groupby("combination").size()),
            "trials": by(groups["trials"].sum()).astype(np.int64), "flops": by(groups["flops"].sum()).astype(float),
            "starts": by(groups["side"].first(), "none").astype(str),
            "missed": by(between.groupby(sure["combination"]).max()),
            "open": by((asked["side"] == "open").groupby(asked["combination"]).sum())}


def coordinates(ds, combination, slots, over) -> dict:
    """The parameters that are the same along each combination; combination: of points, its index their positions; slots: the first
    of each."""
    first = slots[combination.to_numpy()]
    names = [name for name in ds.coords if ds[name].dims == ("point",) and name not in (over, *_ABOUT) and is_parameter(ds, name)]
    result = {"slot": ("combination", slots)}
    for name in names:
        values = ds[name].values
        here, there = values[combination.index], values[first]
        if ((here == there) | ((here != here) & (there != there))).all():
            result[name] = ("combination", values[slots], ds[name].attrs)
    return result



# ---- as the program stored them ----------------------------------------------------------------------------------------


def open_edges(path) -> xr.Dataset | None:
    """The edges that a run wrote to its file when its search ended, as `edges` has them (without `candidates` and `narrow`); None:
    the file has none, or the search has not ended.

    Raises FileError, as `open` does.
    """
    from .read import group, open as read

    path = path_of(path, "open_edges")
    table, attributes = group(path, "edges", "edge")
    if table is None or (table["count"].values < 0).any():
        return None
    return _stored(read(path, columns=[]), table, attributes)


def _stored(ds, table, attributes):
    """table: a Dataset of four rows a combination."""
    rows = {name: variable.values.reshape(-1, KEPT) for name, variable in table.variables.items()}
    slots, over = rows["slot"][:, 0], str(attributes["over"])
    points = combinations(ds, over)
    variables = {name: (("combination", "edge"), rows[name]) if name in _EDGE else ("combination", rows[name][:, 0])
                 for name in _ABOUT if name in rows}
    result = xr.Dataset(variables, coordinates(ds, points["combination"], slots, over), {"path": ds.attrs["path"]})
    for name, words in _ABOUT.items():
        if name in result:
            result[name].attrs["long_name"] = words
    return result.assign_attrs(attributes)
