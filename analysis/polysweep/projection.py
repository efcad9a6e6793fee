"""What a plan predicts for larger teams than a file has measured, with how far it was off as a band.

    polysweep plan STUDY.yaml --set grid.team=[1,2,4,...] --ranks P --points --json > PLAN.json

A plan continues a series where it has the same point (strong), or points of the same work per rank (weak), on larger
teams. Nothing is scaled to meet the measurement: the prediction for a measured team is shown next to its measurement.
"""
from __future__ import annotations

import json
import numbers
import pathlib
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .checks import of_dataset
from .foreign import FileError, check_file, plain, reading
from .hdf import COORDINATES
from .models import FARTHEST
from .predictions import predictions
from .scaling import _FOLLOWS_N, WORK_BOUND, about_time, strong, timed, weak

FEWEST = 5  #: predictions that a band needs
CENTRAL = 0.9  #: share of them that it holds
_WANTED = {"slot", "method", "n", "team", "pass_s", "flops"}


class Unmatched(ValueError):
    """A plan that continues no series of a file; the text names the difference."""


@dataclass(frozen=True)
class Band:
    """Measured over predicted seconds: the central `CENTRAL` of `count` ratios."""

    lo: float
    hi: float
    count: int
    own: bool  #: of this method alone, else of all
    of_plan: bool  #: by this plan's predictions of measured points, else by the file's own


def read_plan(path: pathlib.Path) -> pd.DataFrame:
    """The points of ``polysweep plan --points --json``, a row each; ``.attrs``: `path`, and `rates` as it names them.

    Raises FileError for a file that is none or cannot be read.
    """
    path = pathlib.Path(path)
    check_file(path)
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        plan = None
    except OSError as why:
        raise FileError(f"{plain(path)}: cannot be read ({why.strerror})") from None
    if not isinstance(plan, dict) or plan.get("command") != "plan" or plan.get("polysweep_json") != 1:
        raise FileError(f"{plain(path)}: is no plan; make one with polysweep plan STUDY.yaml --points --json > plan.json")
    if not plan.get("each"):
        raise FileError(f"{plain(path)}: is a plan without points; make it with --points --json")
    with reading(path):
        points = _points(plan["each"])
    if not set(points) >= _WANTED:
        raise FileError(f"{plain(path)}: its points lack {', '.join(sorted(_WANTED - set(points)))}; another version made it")
    points = points[points["pass_s"].notna() & (points["pass_s"] > 0)]  # what is refused has no time
    points.attrs.update(path=str(path), rates=str(plan.get("rates", "unknown")))
    return points


def _points(each: int | list[Any]) -> pd.DataFrame:
    """The table of a plan's points; its numbers are numbers."""
    if not isinstance(each, list) or not all(isinstance(point, dict) for point in each):
        raise ValueError("its points are none")
    points = pd.DataFrame(each)
    for name in _WANTED.intersection(points) - {"method"}:
        if not points[name].map(lambda value: value is None or (isinstance(value, numbers.Real) and not isinstance(value, bool))).all():
            raise ValueError(f"{name} of a point is no number")
        points[name] = pd.to_numeric(points[name])
        if np.isinf(points[name]).any() or (points[name] < 0).any():
            raise ValueError(f"{name} of a point cannot be what it says")
    return points


@of_dataset
def project(ds: xr.Dataset, plan: pd.DataFrame) -> pd.DataFrame:
    """A row per series of `scaling.strong` and `scaling.weak` and team that the plan has for it, from the largest
    measured team on; nothing but a series that goes beyond.

    Columns: kind, series, the coordinates that tell series apart, team, n, `time_s` (one forward pass of one data set,
    as predicted), `speed_up` of strong series against the measured base, efficiency, each with _lo and _hi (the band,
    see `bands`; NaN where there is none), base_team, base_s, `measured_s` of the largest measured team, `times` (team
    over that team) and `slot` of the plan. ``.attrs``: `bands`, `rates`, `seen` (the rates are those of this very file).
    Warns beyond FARTHEST times the largest measured team. Seeds need not agree: no time depends on them.

    Raises Unmatched where the plan continues no series of the file.
    """
    _check_plan(plan)
    found, rows, series = bands(ds, plan), [], []
    for kind, table in (("strong", strong(ds)), ("weak", weak(ds))):
        names = [name for name in table.attrs["names"] if name != "n"]
        keys = _shared(ds, plan, () if kind == "strong" else (*_FOLLOWS_N, *ds.attrs.get("own_axes", [])))
        for number, part in table.groupby("series"):
            series.append((keys, part))
            ahead = _ahead(ds, plan, keys, part, kind)
            about = {"kind": kind, "series": number, **{name: part[name].iloc[0] for name in names}}
            if len(ahead) and ahead["team"].iloc[-1] > part["team"].iloc[-1]:
                rows.append(_rows(about, part, ahead, found.get(part["method"].iloc[0])))
    if not rows:
        raise Unmatched(plain(f"{plan.attrs['path']}: continues no series of {ds.attrs.get('path', 'the file')}: "
                              + _why(ds, plan, series)))
    table = pd.concat(rows, ignore_index=True)
    table.attrs.update(bands=found, rates=plan.attrs["rates"], seen=_seen(ds, plan))
    _warn(table)
    return table


@of_dataset
def bands(ds: xr.Dataset, plan: pd.DataFrame) -> dict[str, Any]:
    """{method: Band} of the methods for which there are predictions enough.

    By this plan's predictions of points that the file measured: those of the method if there are FEWEST or more, else of
    all methods: the factor of a calibration is in them already. Where the plan has too few of them, of the file's own
    predictions in the same way, first of passes alone (`predictions`).
    """
    _check_plan(plan)
    own = predictions(ds)
    own = own.assign(ratio=own["measured_s"] / own["predicted_s"])
    sources = ((_met(ds, plan), True), (own[own["how"] == "pass"], False), (own, False))
    made = {method: _band(sources, method) for method in plan["method"].unique()}
    return {method: band for method, band in made.items() if band}


def _check_plan(plan: pd.DataFrame | str | None) -> None:
    if not isinstance(plan, pd.DataFrame) or not set(plan) >= _WANTED:
        raise TypeError("a plan is a table from polysweep.projection.read_plan")


def _band(sources: tuple[tuple[pd.DataFrame, bool], tuple[pd.DataFrame, bool], tuple[pd.DataFrame, bool]], method: str) -> Band | None:
    for ratios, of_plan in sources:
        part = ratios[ratios["method"] == method]
        for chosen in (part, ratios):
            if len(chosen) >= FEWEST:
                lo, hi = np.quantile(chosen["ratio"].to_numpy(float), [(1 - CENTRAL) / 2, (1 + CENTRAL) / 2])
                return Band(float(lo), float(hi), len(chosen), chosen["method"].nunique() == 1, of_plan)
    return None


def _met(ds: xr.Dataset, plan: pd.DataFrame) -> pd.DataFrame:
    """Measured over predicted seconds of the points that both have, team by team."""
    keys = _shared(ds, plan, ())
    predicted = dict(zip(_keys(plan, [*keys, "team"]), plan["pass_s"]))
    measured = timed(ds)
    of_plan = [predicted.get(key, np.nan) for key in _keys(measured, [*keys, "team"])]
    table = pd.DataFrame({"method": measured["method"], "ratio": measured["time_median_s"] / np.array(of_plan, float)})
    return table[table["ratio"].notna()]


# ---- which points ----------------------------------------------------------------------------------------------------


def _shared(ds: xr.Dataset, plan: pd.DataFrame, without: tuple[Any, ...]) -> list[str]:
    """Coordinates that say which point it is, but for the team, the seed and those of `without`."""
    names = (*COORDINATES, *ds.attrs.get("own_axes", []))
    return [name for name in names if name in ds and name in plan and name not in (*without, "team_asked", "seed")]


def _seen(ds: xr.Dataset, plan: pd.DataFrame) -> bool:
    """Whether the plan's rates were corrected by the times of this file; elsewhere only its name is known."""
    rates, file = pathlib.Path(plan.attrs["rates"]), pathlib.Path(ds.attrs.get("path", ""))
    return rates.samefile(file) if rates.exists() and file.exists() else rates.name == file.name


def _why(ds: xr.Dataset, plan: pd.DataFrame, series: list[tuple[list[str], pd.DataFrame]]) -> str:
    """What a file or a plan lacks, if no series of [(keys, part)] goes on."""
    if not series:
        if not about_time(ds):
            return "it is not about time: `team` is no axis of it, and `time` is off"
        invalid = timed(ds).attrs["invalid"]
        return (f"{invalid} of its points were timed while ranks shared cores (oversubscribed), and such times are not valid"
                if invalid else "no point of it was timed on teams of several sizes")
    least, part, near = min((_apart(ds, plan, *each) for each in series), key=lambda each: len(each[0]))
    if least:
        name, here, there = least[0]
        return (f"the nearest point of the plan has {name} {there}, that of the file {here}; it takes the same points on "
                "larger teams (--set grid.team=[...])")
    largest = part["team"].iloc[-1]
    if near["team"].max() <= largest:
        return f"no team above {largest:g} in the plan; make it with larger ones (--set grid.team=[...])"
    return f"no length of the same work per rank in the plan, on teams above {largest:g} (--set grid.n=[...] grid.team=[...])"


def _apart(ds: xr.Dataset, plan: pd.DataFrame, keys: list[str], part: pd.DataFrame) -> tuple[Any, ...]:
    """([(coordinate, here, there)] that differ from the nearest points of the plan, the series, those points)."""
    here = _last(ds, keys, part)
    points = _keys(plan, keys)
    differ = [sum(x != y for x, y in zip(here, there)) for there in points]
    fewest = min(differ, default=0)
    near = plan[[count == fewest for count in differ]]
    there = points[differ.index(fewest)] if points else here
    return [(name, _word(x), _word(y)) for name, x, y in zip(keys, here, there) if x != y], part, near


def _word(x: float | str) -> str:
    return "none" if x is None else f"{x:.6g}" if isinstance(x, float) else str(x)


def _last(ds: xr.Dataset, keys: list[str], part: pd.DataFrame) -> tuple[Any, ...]:
    """The key of the largest team of a series."""
    return _keys(pd.DataFrame({name: ds[name].values[[int(part.iloc[-1]["slot"])]] for name in keys}), keys)[0]


def _keys(frame: pd.DataFrame, names: list[str]) -> list[tuple[Any, ...]]:
    """A tuple of plain values for each row; what does not apply equals itself."""
    columns = [[None if x != x else x for x in frame[name].tolist()] for name in names]
    return list(zip(*columns)) if columns else [()] * len(frame)


def _ahead(ds: xr.Dataset, plan: pd.DataFrame, keys: list[str], part: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The plan's points that continue a series, by team, from its largest team on."""
    last = part.iloc[-1]
    here = _last(ds, keys, part)
    same = plan[[key == here for key in _keys(plan, keys)]]
    same = same[same["team"] >= last["team"]]
    if kind == "weak" and len(same):
        apart = np.abs(np.log(same["flops"] / same["team"] / part["flops_per_rank"].iloc[0]))
        near = (apart <= np.log1p(WORK_BOUND)) & (same["n"] >= last["n"])
        same = same.assign(_apart=apart)[near].sort_values("_apart")
    return same.drop_duplicates("team").sort_values("team")


def _rows(about: dict[str, int | str], part: pd.DataFrame, ahead: pd.DataFrame, band: Band | None) -> pd.DataFrame:
    team, base, first = ahead["team"].to_numpy(float), part["base_s"].iloc[0], part["base_team"].iloc[0]
    largest, last = part["team"].iloc[-1], part["time_s"].iloc[-1]
    growth = team / first if about["kind"] == "strong" else 1.0
    rows = pd.DataFrame({**about, "team": ahead["team"].to_numpy(), "n": ahead["n"].to_numpy()})
    factors = {"": 1.0, "_lo": band.lo if band else np.nan, "_hi": band.hi if band else np.nan}
    swapped = {"": "", "_lo": "_hi", "_hi": "_lo"}  # a long time is a small ratio
    for end, factor in factors.items():
        rows["time_s" + end] = time = factor * ahead["pass_s"].to_numpy(float)
        rows["speed_up" + swapped[end]] = base / time if about["kind"] == "strong" else np.nan
        rows["efficiency" + swapped[end]] = base / time / growth
    return rows.assign(base_team=first, base_s=base, measured_s=np.where(team == largest, last, np.nan),
                       times=team / largest, slot=ahead["slot"].to_numpy())


def _warn(table: pd.DataFrame) -> None:
    far = table.loc[table["times"].idxmax()]
    if far["times"] > FARTHEST:
        warnings.warn(f"plan: {far['team']:g} ranks are {far['times']:.3g} times the largest measured team of "
                      f"{far['team'] / far['times']:g}; beyond {FARTHEST} times a projection is a guess", stacklevel=3)
