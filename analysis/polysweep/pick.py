"""Parts of a cube, or points of a table, by the values of their coordinates."""
from __future__ import annotations

import numbers
import os
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import xarray as xr

from .checks import at_least, check_name, near
from .kinds import Array

_EXACT = 1e-9  #: what two numbers that are meant to be the same may differ by, relative to the larger

Data = TypeVar("Data", xr.Dataset, xr.DataArray)


def pick(data: Data, values: Mapping[str, Any] | None = None, /, *, nearest: bool = False, tolerance: float = _EXACT, **named: Any) -> Data:
    """The part of a cube, or the points of a table, whose coordinates have the given values.

    It is what ``sel`` of xarray is for, but knows the coordinate `method`, whose name is an argument of ``sel``, compares numbers
    as people write them (0.1, not 0.1000000000000000055), and names what is near a value that is not there.

    Parameters
    ----------
    data : Dataset or DataArray
        From `polysweep.grid` or `polysweep.open`, or a part of either.
    values : mapping, optional
        Values by the names of coordinates, as `named`: for coordinates that are called `nearest` or `tolerance`.
    nearest : bool
        Whether a number stands for the one nearest to it.
    tolerance : float
        By how much numbers may differ, relative to the larger one, and still be the same.
    **named
        A value for each coordinate: one value, of which a cube loses the dimension; a list of values; or, of numbers, a slice whose
        two ends belong to it.

    Returns
    -------
    Dataset or DataArray
        Of the kind of `data`. Points stay points, also where there is only one.

    Raises
    ------
    ValueError
        For a coordinate that `data` does not have, a value that it does not have, and a coordinate that varies along several
        dimensions, none of which is its own.
    TypeError
        For a path, a word where there are numbers, and a number where there are words.

    See Also
    --------
    grid : Makes the cube.

    Examples
    --------
    >>> cube = polysweep.grid(polysweep.open(path))
    >>> polysweep.pick(cube["success_rate"], method="exact", n=64, beta=[2, 4]).sizes["beta"]
    2
    >>> polysweep.pick(cube, method="exakt")
    Traceback (most recent call last):
        ...
    ValueError: method has no value 'exakt'; near it: exact
    """
    _check(data)
    tolerance = at_least(tolerance, 0, "the tolerance")
    for name, wanted in {**(values or {}), **named}.items():
        check_name(name, data.coords, "coordinate")
        data = _picked(data, name, wanted, nearest, tolerance)
    return data


def _check(data: object) -> None:
    if isinstance(data, (str, os.PathLike)):
        raise TypeError(f"pick takes a Dataset or a DataArray, not a path: open the file first, polysweep.open({os.fspath(data)!r})")
    if not isinstance(data, (xr.Dataset, xr.DataArray)):
        raise TypeError(f"pick takes a Dataset or a DataArray of polysweep, not a {type(data).__name__}")


def _picked(data: Data, name: str, wanted: Any, nearest: bool, tolerance: float) -> Data:
    known = data.coords[name]
    if known.ndim != 1:
        return _of_no_dimension(data, name, wanted, tolerance)
    dimension, values = known.dims[0], np.asarray(known.values)
    if isinstance(wanted, slice):
        return data.isel({dimension: _between(name, values, wanted)})
    if isinstance(wanted, (list, tuple, set, range, np.ndarray, xr.DataArray)) and np.ndim(list(wanted)):
        several = [_places(name, values, each, nearest, tolerance) for each in wanted]
        places = np.concatenate(several) if several else np.zeros(0, np.int64)
        return data.isel({dimension: places if dimension == name else np.unique(places)})
    places = _places(name, values, wanted, nearest, tolerance)
    return data.isel({dimension: places[0] if dimension == name else places})


def _of_no_dimension(data: Data, name: str, wanted: Any, tolerance: float) -> Data:
    """All of it, where the coordinate has just that value in every point."""
    known = data.coords[name]
    values = np.asarray(known.values).ravel()
    if isinstance(data, xr.Dataset) and "present" in data and set(data["present"].dims) == set(known.dims):
        values = values[data["present"].transpose(*known.dims).values.ravel()]
    same = np.zeros(len(values), bool)
    same[_places(name, values, wanted, False, tolerance)] = True
    if not same.all():
        raise ValueError(f"{name} is no dimension here, it varies along {', '.join(map(str, known.dims))}: pick a value of these")
    return data


def _between(name: str, values: Array, ends: slice) -> Array:
    if values.dtype.kind not in "iuf" or ends.step is not None:
        raise TypeError(f"a slice of {name} needs numbers, and has no step")
    low, high = (-np.inf if ends.start is None else ends.start), (np.inf if ends.stop is None else ends.stop)
    places = np.flatnonzero((values >= low) & (values <= high))
    if not len(places):
        raise ValueError(f"{name} has no value between {low:g} and {high:g}; {_beside(values, low)}")
    return places


def _places(name: str, values: Array, wanted: Any, nearest: bool, tolerance: float) -> Array:
    """Where a coordinate has a value: at least one place."""
    wanted = wanted.item() if isinstance(wanted, (np.generic, np.ndarray, xr.DataArray)) else wanted
    words = values.dtype.kind in "UO"
    if words != isinstance(wanted, str) or not words and not isinstance(wanted, numbers.Real):
        raise TypeError(f"{name} has {'words' if words else 'numbers'}, not {wanted!r}")
    if words:
        places = np.flatnonzero(values == wanted)
        if not len(places):
            raise ValueError(f"{name} has no value {wanted!r}{near(wanted, sorted(set(values.tolist())))}")
        return places
    if wanted != wanted:
        places = np.flatnonzero(values != values)
    else:
        known = values.astype(float)
        away = np.abs(known - float(wanted))
        allowed = np.nanmin(away, initial=np.inf) if nearest else tolerance * np.maximum(np.abs(known), abs(wanted))
        places = np.flatnonzero((away <= allowed) | (known == wanted))
    if not len(places):
        raise ValueError(f"{name} has no value {wanted:g}; {_beside(values, wanted)}")
    return places


def _beside(values: Array, wanted: float) -> str:
    known = np.unique(values[values == values])
    if not len(known):
        return "it has none"
    at = int(np.searchsorted(known, wanted))
    return f"next to it: {' and '.join(f'{each:g}' for each in known[max(at - 1, 0):at + 1])}"
