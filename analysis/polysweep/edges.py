"""Edges: where a column crosses a level along an axis, between two neighbours of which one is below and one is not."""
from __future__ import annotations

import numbers
import pathlib
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .checks import at_least, check_name, of_dataset, path_of
from .critical import decided_at, undecided
from .curve import combinations, is_parameter, partners
from .kinds import Array
from .study import level_of, search_of

KEPT = 4  #: edges of a combination that have a place of their own
SIDES = ("none", "below", "above", "open", "failed")
INTERVALS = {"success_rate": ("success_lo", "success_hi"), "time_median_s": ("time_lo_s", "time_hi_s")}
_FAILED = ("failed", "skipped", "timeout")
_EDGE = {"kind": "none", "position": np.nan, "lo": np.nan, "hi": np.nan, "theory": np.nan, "theory_z": np.nan}
_ABOUT = {
    "kind": "rise: from below the level to above it along the axis; fall: the other way; none: no further edge was found",
    "position": "where the line between the candidates beside the edge crosses the level", "lo": "candidate before the edge",
    "hi": "candidate behind the edge, which is in (lo, hi]", "theory": "where theory has the edge; NaN = it says nothing, inf = nowhere",
    "theory_z": "position - theory in standard deviations", "narrow": "hi - lo is as small as was asked for",
    "count": "edges found, of which the first four are kept", "evaluations": "candidates that were asked and answered",
    "candidates": "candidates of the combination", "trials": "trials of all of them", "flops": "operations of all of them",
    "starts": "side of the first candidate that was asked and did not fail",
    "open": "candidates that were asked and whose side is not decided",
    "missed": "most candidates between decided neighbours of one side, or beyond the last: a narrower window is not seen"}


@of_dataset
def edges(ds: xr.Dataset, over: str | None = None, column: str | None = None, level: Any = None, within: float | None = None) -> xr.Dataset:
    """Where `column` crosses `level` along `over`, for every combination of the other parameters.

    In a file that searched for just this, the points that its search asked for count; in every other case all that are done. No shape
    of the curve is assumed.

    Parameters
    ----------
    ds : Dataset
        From `open`.
    over : str, optional
        A parameter; by default what the file searched for, else beta.
    column : str, optional
        A result; by default what the file searched for, else success_rate.
    level : float or mapping, optional
        A number, or {"column": C, "where": TEXT}: C of the point with the same values for which the expression holds; by default
        what the file searched for, else the study's judge.level.
    within : float, optional
        How close both sides of an edge are to be; by default what the file searched for, else 1.

    Returns
    -------
    Dataset
        Dimensions: `combination`, with the parameters that are the same all along as coordinates (and `slot`, the position of its
        first point), and `edge`, the first four of a combination from low to high. Of an edge: `kind` (rise, fall, none where
        no further one was found), `lo` and `hi` (neighbouring decided candidates on different sides: the crossing is in (lo, hi]),
        `position` (where the line between these two crosses the level), `theory` (of success at the study's level; NaN: it says
        nothing, inf: nowhere), `theory_z` (their difference in standard deviations) and `narrow` (hi - lo is at most `within`).
        Of a combination: `count` (edges found, may exceed four), `evaluations`, `trials` and `flops` that were spent on it,
        `candidates`, `starts` (side of the first that was asked and did not fail), `missed` (the most candidates between decided
        neighbours of one side, or beyond the last: a narrower window is not seen) and `open` (candidates that were asked and
        whose side trials did not decide).

    Raises
    ------
    ValueError
        For names and numbers that cannot be, and where `ds` was opened without the columns.

    See Also
    --------
    open_edges : What the run itself found.
    edge_fits : Laws of edges over n and d.

    Examples
    --------
    >>> found = polysweep.edges(polysweep.open(path), level=0.5)
    >>> dict(found.sizes), str(found["kind"].values[0, 0])
    ({'combination': 6, 'edge': 4}, 'rise')
    """
    asked = search_of(ds)
    over = over or (asked["over"] if asked else "beta")
    column = column or (asked["column"] if asked else "success_rate")
    if level is None:
        level = asked["level"] if asked and asked["column"] == column else level_of(ds)
    within = at_least(within if within is not None else asked["within"] if asked else 1.0, 0, "within")
    points, which = answers(ds, over, column, level)
    found = _crossings(points, which)
    totals = _totals(points, found, which)
    found["theory"] = np.nan
    if (over, column, level) == ("beta", "success_rate", level_of(ds)) and "edge_lo" in ds and which != "last":
        found = _theory(found, ds, points, totals["starts"])
    found["theory_z"] = (found["position"] - found["theory"]) / found["sd"]
    result = _dataset(ds, points, found, totals, over)
    result["narrow"] = result["hi"] - result["lo"] <= within
    for name, words in _ABOUT.items():
        result[name].attrs["long_name"] = words
    said = "{column} where {where}".format(**level) if isinstance(level, dict) else level
    return result.assign_attrs(over=over, column=column, level=said, within=within, edges=which)


def level_asked(found: xr.Dataset) -> Any:
    """The level of `found` (from `edges`) as `edges` takes it."""
    level = found.attrs["level"]
    return dict(zip(("column", "where"), level.split(" where ", 1))) if isinstance(level, str) else level


def coarse_gap(candidates: Array) -> Array:
    """How many steps of the axis the coarse pass of a search leaves between two candidates."""
    return np.maximum(5, np.ceil(0.75 * np.sqrt(candidates)))


def settled(found: xr.Dataset, points: pd.DataFrame) -> Array:
    """(combination,) of `found` (from `edges`), points as `answers` has them: is nothing left open that could be another edge? Both ends,
    and all candidates that were asked and are not inside an edge's interval, are decided, and no gap is wider than that of a search."""
    sure = _sure(points)
    inside = np.zeros(len(points), bool)
    for k in range(found.sizes["edge"]):
        lo, hi = (found[name].values[points["combination"], k] for name in ("lo", "hi"))
        inside |= (lo < points["value"]) & (points["value"] < hi)
    place = points.groupby("combination")["value"].cumcount()
    last = place == points["combination"].map(points.groupby("combination").size()) - 1
    open_ = points["asked"] & ~sure & ~inside | ~(points["asked"] & sure) & ((place == 0) | last)
    return ~open_.groupby(points["combination"]).any().to_numpy() & (found["missed"].values < coarse_gap(found["candidates"].values))


def above_from(found: xr.Dataset, points: pd.DataFrame) -> Array:
    """(combination,) the first decided candidate where that is above the level, so that a rise is at it or before it; else NaN."""
    first = points[points["asked"] & _sure(points)].drop_duplicates("combination").set_index("combination")
    values = first["value"].where(first["side"] == "above").reindex(range(found.sizes["combination"]))
    beyond = (found.attrs.get("edges") == "last") & (found["count"].values > 0)  # nothing is asked before the last edge
    return values.mask(beyond).to_numpy()


@of_dataset
def sure_answers(ds: xr.Dataset, found: xr.Dataset) -> tuple[pd.DataFrame, str]:
    """`answers` for `found`, where candidates of a fixed number of trials whose interval holds the level are open."""
    over, column = found.attrs["over"], found.attrs["column"]
    points, which = answers(ds, over, column, level_asked(found))
    points["side"] = sure_sides(ds, points, column)
    return points, which


@of_dataset
def narrowed(ds: xr.Dataset, found: xr.Dataset) -> pd.DataFrame:
    """The first rise and the first fall of each combination of `found` (from `edges`), between candidates that are surely on a side:
    `combination`, `kind`, `lo`, `hi`, and the coordinates of the combination. Where trials were of a fixed number these are candidates
    whose interval does not hold the level. lo is -inf where the first of them is above already; kind is none where none was found."""
    points, which = sure_answers(ds, found)
    rows = _crossings(points, which).drop_duplicates(["combination", "kind"])[["combination", "kind", "lo", "hi"]]
    first = points[points["asked"] & _sure(points)].drop_duplicates("combination")
    first = first[(first["side"] == "above") & ~first["combination"].isin(rows.loc[rows["kind"] == "rise", "combination"])]
    if which == "last":
        first = first[:0]
    rows = pd.concat([rows, pd.DataFrame({"combination": first["combination"], "kind": "rise", "lo": -np.inf, "hi": first["value"]})])
    many = found["candidates"].values > 1
    without = np.setdiff1d(np.flatnonzero(many), rows["combination"])
    rows = pd.concat([rows[many[rows["combination"]]], pd.DataFrame({"combination": without, "kind": "none", "lo": np.nan, "hi": np.nan})])
    rows = rows.sort_values(["combination", "kind"], kind="stable").reset_index(drop=True)
    coordinates = pd.DataFrame({name: found[name].values for name in found.coords}).drop(columns="combination", errors="ignore")
    return rows.join(coordinates, on="combination")


@of_dataset
def sure_sides(ds: xr.Dataset, points: pd.DataFrame, column: str) -> pd.Series:
    """The sides of `points` (of `answers`), open where trials of a fixed number left an interval that holds the level."""
    if column not in INTERVALS or any(name not in ds for name in INTERVALS[column]):
        return points["side"]
    lo, hi = (ds[name].values[points.index] for name in INTERVALS[column])
    fixed = ~np.isfinite(ds["trials_error"].values[points.index]) if "trials_error" in ds else np.ones(len(lo), bool)
    return points["side"].mask(fixed & (lo < points["level"]) & (points["level"] <= hi) & _sure(points), "open")


# ---- answers of single points ------------------------------------------------------------------------------------------


@of_dataset
def answers(ds: xr.Dataset, over: str, column: str, level: Any) -> tuple[pd.DataFrame, str]:
    """The points along their curves (`combinations`), with what each says: `asked`, `y` (its column), `level`, `sd` (standard
    deviation of y, 0 where the column has no interval), `side`, `trials`, `flops`; and which edges were asked for."""
    check_name(column, [name for name in ds.data_vars if ds[name].dims == ("point",) and ds[name].dtype.kind in "iuf"], "column")
    frame = combinations(ds, over)
    take = frame.index.to_numpy()
    done, status = ds["done"].values[take], ds["status"].values[take]
    frame["asked"] = done | np.isin(status, _FAILED) & ds["committed"].values[take]
    frame["y"] = np.where(done, ds[column].values[take].astype(float), np.nan)
    of, known = _levels(ds, level)
    frame["level"], known = of[take], known[take]
    frame["sd"] = _deviations(ds, column)[take]
    frame["trials"] = np.where(done, _column(ds, "trials_done", take), 0)
    sets = np.where(np.isin(ds["data_kind"].values[take], ["self_attention", "scores"]), 2, 1)  # D_0 and D_1
    flops = sets * _column(ds, "flops", take, np.nan) + np.nan_to_num(_column(ds, "head_flops", take))
    frame["flops"] = np.where(done, np.nan_to_num(flops), 0)
    frame["done"] = done
    frame["side"] = np.where(done & known, _sides(ds, frame, column, level), np.where(frame["asked"], "failed", "none"))
    search = search_of(ds)
    if search and (over, column, level) == (search["over"], search["column"], search["level"]) and "asked" in ds:
        frame["asked"] &= ds["asked"].values[take] > 0
        return frame, search["edges"]
    return frame, "all"


def _column(ds: xr.Dataset, name: str, take: Array, blank: float = 0.0) -> Array:
    return ds[name].values[take].astype(float) if name in ds else np.full(len(take), blank)


def _levels(ds: xr.Dataset, level: float) -> tuple[Array, Array]:
    """(point,) what each point's column is compared with, and whether that is known."""
    count = ds.sizes["point"]
    if isinstance(level, dict) and {*level} == {"column", "where"}:
        partner, name = partners(ds, level["where"]), check_name(level["column"], ds.data_vars, "column")
        values = np.where(partner >= 0, ds[name].values[partner].astype(float), np.nan)
        return values, (partner < 0) | ds["done"].values[partner]
    if isinstance(level, bool) or not isinstance(level, numbers.Real) or level != level:
        raise TypeError(f"level is a number, or {{'column': ..., 'where': ...}}, not {level!r}")
    return np.full(count, float(level)), np.ones(count, bool)


def _deviations(ds: xr.Dataset, column: str) -> Array:
    """(point,) of the column: its interval of 95 % is 2 x 1.96 as wide; one that holds at any stop is wider, which widens this."""
    if column not in INTERVALS or any(name not in ds for name in INTERVALS[column]):
        return np.zeros(ds.sizes["point"])
    lo, hi = (ds[name].values.astype(float) for name in INTERVALS[column])
    return np.nan_to_num((hi - lo) / (2 * 1.96))


def _sides(ds: xr.Dataset, frame: pd.DataFrame, column: str, level: float) -> Array:
    """above: not less than the level. Trials that end by a rule say so where they decided; others are taken by their rate."""
    take = frame.index.to_numpy()
    side = np.select([np.isnan(frame["y"]) | np.isnan(frame["level"]), frame["y"] >= frame["level"]], ["none", "above"], "below")
    if column != "success_rate" or "trials_error" not in ds or isinstance(level, dict):
        return side
    return np.where(undecided(ds, level, decided_at(ds))[take] & (side != "none"), "open", side)


# ---- crossings -----------------------------------------------------------------------------------------------------------


def _crossings(points: pd.DataFrame, which: str) -> pd.DataFrame:
    """A row per edge, from low to high in every combination: `combination`, `edge` (from 0), `kind`, `lo`, `hi`, `position`, and
    the standard deviation of the position. which: all, or the first or last of each combination."""
    asked = points[points["asked"]]
    sure, side, curve = np.flatnonzero(_sure(asked)), asked["side"].to_numpy(), asked["combination"].to_numpy()
    a, b = sure[:-1], sure[1:]
    crosses = (curve[a] == curve[b]) & (side[a] != side[b])
    a, b = a[crosses], b[crosses]
    if which != "all":
        one = ~pd.Series(curve[a]).duplicated(keep=which).to_numpy()
        a, b = a[one], b[one]
    found = pd.DataFrame({"combination": curve[a], "kind": np.where(side[b] == "above", "rise", "fall")})
    found.insert(1, "edge", found.groupby("combination").cumcount())
    value = asked["value"].to_numpy()
    found["lo"], found["hi"] = value[a], value[b]
    found["position"], found["sd"] = _positions(value, (asked["y"] - asked["level"]).to_numpy(), asked["sd"].to_numpy(), a, b)
    return found


def _positions(value: Array, height: Array, sd: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Where the line crosses the level, and the standard deviation of that, in brackets from a to b (indices of what was asked).

    Candidates between that are not decided have values too: the line is between the first neighbours whose values are on the two
    sides. A crossing anywhere in a bracket of width w is off the position by w^2/12 + (position - middle)^2 in the mean square; the
    values at both ends move where the line crosses by their deviations over its slope."""
    low, high = a.copy(), b.copy()
    for k in np.flatnonzero(b > a + 1):
        known = np.r_[a[k], a[k] + 1 + np.flatnonzero(~np.isnan(height[a[k] + 1:b[k] + 1]))]
        behind = np.flatnonzero((height[known[1:]] >= 0) == (height[b[k]] >= 0))[0] + 1
        low[k], high[k] = known[behind - 1], known[behind]
    rise, width = height[high] - height[low], value[high] - value[low]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = -height[low] / rise
        share = np.where((share >= 0) & (share <= 1), share, 0.5)
        moved = np.nan_to_num(((1 - share) * sd[low]) ** 2 + (share * sd[high]) ** 2)
        spread = np.where(moved > 0, moved * (width / rise) ** 2, 0)
    position = value[low] + share * width
    return position, np.sqrt((value[b] - value[a]) ** 2 / 12 + (position - (value[a] + value[b]) / 2) ** 2 + spread)


def _sure(points: pd.DataFrame) -> pd.Series:
    return points["side"].isin(["below", "above"])


def _theory(found: pd.DataFrame, ds: xr.Dataset, points: pd.DataFrame, starts: Array) -> pd.DataFrame:
    """Columns theory and theory_z: the exact edges of the file, the first rise and the first fall after it."""
    found["theory"] = np.nan
    for name, number, kind in (("edge_lo", 0, "rise"), ("edge_hi", np.where(starts == "above", 0, 1), "fall")):
        values = pd.Series(ds[name].values[points.index], points["combination"]).groupby(level=0)
        same = values.min().where(values.nunique() == 1)  # where m follows the degree, points are cases of their own
        of = found[(found["kind"] == kind) & (found["edge"] == np.broadcast_to(number, starts.shape)[found["combination"]])]
        found.loc[of.index, "theory"] = same[of["combination"]].to_numpy()
    return found


def _dataset(ds: xr.Dataset, points: pd.DataFrame, found: pd.DataFrame, totals: dict[str, Array], over: str) -> xr.Dataset:
    """From rows to (combination, edge)."""
    variables: dict[str, Any] = {}
    count, kept = len(totals["starts"]), found[found["edge"] < KEPT]
    slots = points.reset_index().groupby("combination")["index"].min().to_numpy()
    for name, blank in _EDGE.items():
        cells = np.full((count, KEPT), blank, dtype=object if isinstance(blank, str) else float)
        cells[kept["combination"], kept["edge"]] = kept[name]
        variables[name] = (("combination", "edge"), cells.astype(str) if isinstance(blank, str) else cells)
    for name, values in totals.items():
        variables[name] = ("combination", values)
    return xr.Dataset(variables, coordinates(ds, points["combination"], slots, over), {"path": ds.attrs.get("path", "")})


def _totals(points: pd.DataFrame, found: pd.DataFrame, which: str) -> dict[str, Array]:
    """Of each combination, by name."""
    count = int(points["combination"].max() + 1) if len(points) else 0

    def by(values: pd.Series, empty: int | str = 0) -> Array:
        return values.reindex(range(count), fill_value=empty).to_numpy()

    asked = points[points["asked"]]
    curve, heard = asked["combination"], asked[asked["side"] != "failed"]
    starts = pd.concat([heard.groupby("combination")["side"].first(), curve.drop_duplicates().to_frame().assign(
        side="failed").set_index("combination")["side"]])
    return {"count": by(found.groupby("combination").size()), "evaluations": by(asked["done"].groupby(curve).sum()),
            "candidates": by(points.groupby("combination").size()),
            "trials": by(asked["trials"].groupby(curve).sum()).astype(np.int64),
            "flops": by(asked["flops"].groupby(curve).sum()).astype(float),
            "starts": by(starts[~starts.index.duplicated()], "none").astype(str), "missed": _missed(points, found, which),
            "open": by((asked["side"] == "open").groupby(curve).sum())}


def _missed(points: pd.DataFrame, found: pd.DataFrame, which: str) -> Array:
    """(combination,) the most candidates between decided neighbours of one side, or beyond the last of them. Where one edge alone
    was asked for, nothing is said of what is beyond it."""
    sizes = points.groupby("combination").size()
    sure = points[points["asked"] & _sure(points)][["combination", "value", "place", "side"]]
    ends = [pd.DataFrame({"combination": sizes.index, "value": end * np.inf, "place": place, "side": ""})
            for end, place in ((-1, -1), (1, sizes.to_numpy()))]
    rows = pd.concat([sure, *ends]).sort_values(["combination", "place"], kind="stable")
    before = rows.shift()
    same = (rows["combination"] == before["combination"]) & ((rows["side"] == before["side"]) | (rows["side"] == "") |
                                                             (before["side"] == ""))
    if which != "all" and len(found):
        only = found.set_index("combination")
        beyond = (before["value"] >= rows["combination"].map(only["hi"])) if which == "first" else (
            rows["value"] <= rows["combination"].map(only["lo"]))
        same &= ~beyond
    gaps = (rows["place"] - before["place"] - 1).where(same, 0)
    return gaps.groupby(rows["combination"]).max().astype(int).to_numpy()


@of_dataset
def coordinates(ds: xr.Dataset, combination: pd.Series, slots: Array, over: str) -> dict[str, Any]:
    """The parameters that are the same along each combination; combination: of points, its index their positions; slots: the first
    of each."""
    first = slots[combination.to_numpy()]
    names = [name for name in map(str, ds.coords) if ds[name].dims == ("point",) and name not in (over, *_ABOUT) and is_parameter(ds, name)]
    result: dict[str, Any] = {"slot": ("combination", slots)}
    for name in names:
        values = ds[name].values
        here, there = values[combination.index], values[first]
        if ((here == there) | ((here != here) & (there != there))).all():
            result[name] = ("combination", values[slots], ds[name].attrs)
    return result



# ---- as the program stored them ----------------------------------------------------------------------------------------


def open_edges(path: pathlib.Path) -> xr.Dataset | None:
    """The edges that a run wrote to its file when its search ended.

    Parameters
    ----------
    path : path
        A result file.

    Returns
    -------
    Dataset or None
        As `edges` has them (without `candidates` and `narrow`); None: the file has none, or the search has not ended.

    Raises
    ------
    FileError
        As `open` does.

    Examples
    --------
    >>> polysweep.open_edges(path) is None  # it is no search
    True
    """
    from .read import group, open as read

    path = path_of(path, "open_edges")
    table, attributes = group(path, "edges", "edge")
    if table is None or (table["count"].values < 0).any():
        return None
    return _stored(read(path, columns=[]), table, attributes)


def _stored(ds: xr.Dataset, table: xr.Dataset, attributes: dict[str, float | str]) -> xr.Dataset:
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
