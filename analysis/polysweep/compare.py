"""Do two files say the same? Column by column, within what each column promises about its reproducibility."""
from __future__ import annotations

import os
import pathlib
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import xarray as xr

from .checks import check_dataset
from .foreign import plain
from .grid import axes
from .hdf import COORDINATES
from .kinds import Array
from .methods import facts
from .read import SLOT, UNITS
from .times import COLUMNS, compare_times

#: numbers below are compared as if they were this large, as `polysweep verify` does: rounding of what is 0 is no difference
_LEAST = 0.01
_SUM = 5e-6  #: what a sum over keys promises in fp32
#: columns that used to count less, and the column that exists since they count all
GROWN = {"bad_rows": "den_rows", "state_bytes": "map_features"}

PLACES = ("column", "slot_a", "slot_b", "a", "b", "difference")
MOST_PLACES = 1000  #: of `Comparison.places`, of a column


class Comparison(pd.DataFrame):
    """What `compare` returns: the table of science columns, and beside it `times`, see `times.compare_times`, and `places`: a row for
    each value that disagrees (column, slot_a, slot_b, a, b, difference), the largest difference of a column first, at most
    MOST_PLACES of each column."""

    _metadata: ClassVar[list[str]] = ["times", "places"]

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame  # a part of the table is a plain one

    def __str__(self) -> str:
        if not self.attrs["points"]:
            return f"no point in common ({self.attrs['only_a']} only in a, {self.attrs['only_b']} only in b)"
        wrong = self[~self["agrees"]]
        text = (f"{self.attrs['points']} points: all {len(self)} science columns agree" if not len(wrong) else
                f"{self.attrs['points']} points: {len(wrong)} of {len(self)} science columns differ "
                f"({', '.join(map(plain, wrong['column']))})")
        counts = self.times["verdict"].value_counts()
        return text + ("; times: " + ", ".join(f"{count} {word}" for word, count in counts.items()) if len(counts) else "")


def compare(a: pathlib.Path | xr.Dataset, b: Any, same_build: bool | None = None) -> Comparison:
    """Two results of one study, over the points that are done in both: science columns by what they promise, times by tests.

    Parameters
    ----------
    a, b : Dataset or path
        From `open`, or result files.
    same_build : bool, optional
        Whether one build and BLAS kernel wrote both files, so that methods for which that is promised must agree bit for bit; by
        default taken from the launch tables.

    Returns
    -------
    Comparison
        A DataFrame with a row per column: points compared, largest relative difference (of 0.01 at least), the tolerance where one
        applies, how many points exceed what the column's attributes `reproducibility` and `reproducibility_other` (fp64, fp32) allow,
        and `agrees`. Columns that promise nothing are left out; times, which never agree to a digit, are in the attribute
        ``.times``: a row per point that both have timed, with the interval of the ratio, a rank test of the repetitions and a
        verdict. ``.places`` has the values that disagree. ``.attrs`` has `points`, `only_a`, `only_b`. ``str`` of the result says
        it in one line.

    Raises
    ------
    FileError
        As `open` does.
    TypeError
        For what is neither a Dataset nor a path.

    Examples
    --------
    >>> same = polysweep.compare(path, path)
    >>> same.attrs["points"], bool(same["agrees"].all())
    (10, True)
    """
    a, b = (_opened(x) for x in (a, b))
    same_build = _same_build(a, b) if same_build is None else same_build
    left, right, only_a, only_b = _matched(a, b)
    found = [_column(name, a, b, left, right, same_build)
             for name in map(str, a.data_vars) if name in b.data_vars and name not in SLOT and _promises(a[name])]
    result = Comparison([row for row, _ in found], columns=["column", "points", "largest", "tolerance", "outside", "agrees"])
    result.places = pd.concat([places for _, places in found if len(places)] or [pd.DataFrame(columns=PLACES)], ignore_index=True)
    result.times = compare_times(a, b, left, right) if len(left) else pd.DataFrame(columns=COLUMNS)
    result.attrs.update(points=len(left), only_a=only_a, only_b=only_b, same_build=same_build)
    return result


def _opened(x: Any) -> xr.Dataset:
    from .read import open as read

    if not isinstance(x, (str, os.PathLike)):
        check_dataset(x, "compare")
    return x if isinstance(x, xr.Dataset) else read(x)


def _same_build(a: xr.Dataset, b: xr.Dataset) -> bool:
    from .read import provenance

    builds = []
    for ds in (a, b):
        launches = provenance(ds.attrs["path"])["launches"]
        names = [name for name in ("version", "blas", "blas_kernel") if name in launches]
        builds.append({tuple(row) for row in launches[names].to_numpy()} if len(launches) else {("unknown",)})
    return builds[0] == builds[1] and len(builds[0]) == 1


def _bitwise(variable: xr.DataArray) -> bool:
    return variable.attrs.get("reproducibility") == "bitwise"


def _tolerances(variable: xr.DataArray) -> Array:
    """Of fp64 and fp32; infinite where nothing is promised."""
    silent = [0.0, 0.0] if _bitwise(variable) else [np.inf, np.inf]
    return np.atleast_1d(variable.attrs.get("reproducibility_other", silent)).astype(float)


def _allowed(other: Array, precision: Array) -> Array:
    """The tolerance of each point. In bf16 and fp16 last bits decide how a weight is rounded, which moves by twice the unit
    roundoff relative to it: that much of a sum over keys (5e-6 in fp32), ten times of what is left of larger numbers."""
    tolerance = np.where(precision == "fp64", other[0], other[-1])
    if not np.isfinite(other[-1]) or other[-1] <= other[0]:
        return tolerance  # nothing is promised, or it is not computed in fp32
    unit = np.select([precision == word for word in UNITS], list(UNITS.values()), 0.0)
    return tolerance + 2 * unit * min(other[-1] / _SUM, 10)


def _promises(variable: xr.DataArray) -> bool:
    return variable.dims == ("point",) and (_bitwise(variable) or bool(np.isfinite(_tolerances(variable)).any()))


def _matched(a: xr.Dataset, b: xr.Dataset) -> tuple[Array, Array, int, int]:
    """Indices of points with equal coordinates that are done in both, and how many are done in one only.

    The team that was asked for is no part of what a point computes; it counts where a file has a point on several teams.
    """
    names = [name for name in a.coords if name in b.coords and (name in COORDINATES or name in a.attrs["own_axes"])
             and name != "team_asked"]
    if any(name == "team_asked" for ds in (a, b) for name in axes(ds)) and "team_asked" in a and "team_asked" in b:
        names.append("team_asked")
    tables = []
    for ds in (a, b):
        frame = pd.DataFrame({name: ds[name].values for name in names})
        frame["index"] = np.arange(len(frame))
        tables.append(frame[ds["done"].values])
    both = tables[0].merge(tables[1], on=names, suffixes=("_a", "_b"))  # NaN equals NaN in a merge
    return both["index_a"].to_numpy(), both["index_b"].to_numpy(), len(tables[0]) - len(both), len(tables[1]) - len(both)


def _grown(name: str, a: xr.Dataset, b: xr.Dataset, left: Array, right: Array) -> Array:
    """Points where a column has another meaning in the older of the two, which lacks the newer column."""
    beside = GROWN.get(name)
    if beside is None:
        return np.zeros(len(left), bool)
    old = [ds[beside].values[index] == 0 if beside in ds else np.ones(len(index), bool)
           for ds, index in ((a, left), (b, right))]
    return old[0] | old[1]


def _column(name: str, a: xr.Dataset, b: xr.Dataset, left: Array, right: Array, same_build: bool) -> tuple[Any, ...]:
    ds, x, y = a, a[name].values[left], b[name].values[right]
    about = facts(ds)
    bitwise = np.isin(ds["method"].values[left], about.index[about["bitwise"]])
    equal = (x == y) | ((x != x) & (y != y)) | _grown(name, a, b, left, right)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        wide_x, wide_y = x.astype(float), y.astype(float)
        size = np.maximum(np.abs(wide_x), np.abs(wide_y))
        scale = np.where(bitwise & same_build & _bitwise(ds[name]), size, np.maximum(size, _LEAST))
        difference = np.where(equal, 0.0, np.abs(wide_x - wide_y) / scale)
    difference = np.where(np.isnan(difference), np.inf, difference)  # a number on one side only
    other = _tolerances(ds[name])
    tolerance = _allowed(other, ds["precision"].values[left] if "precision" in ds.coords else np.full(len(x), "fp64"))
    tolerance = np.where(bitwise & same_build & _bitwise(ds[name]), 0.0, tolerance)
    outside = np.flatnonzero(difference > tolerance)
    places = outside[np.argsort(-difference[outside], kind="stable")][:MOST_PLACES]
    row = (name, len(x), float(difference.max(initial=0.0)), float(tolerance.max(initial=0.0)), len(outside), not len(outside))
    return row, pd.DataFrame(dict(zip(PLACES, (name, left[places], right[places], x[places], y[places], difference[places]))))
