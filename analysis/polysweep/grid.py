"""From points in a row to the axes that vary."""
from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .checks import check_name, of_dataset, remembered
from .hdf import COORDINATES
from .kinds import Array
from .read import LARGE

#: coordinates in the order in which they are tried as axes: what a reader asks for first, then what usually follows
#: from it (the constants from the preset, m from n, block from the method)
ORDER = ("method", "data_kind", "preset", "precision", "mask", "noise", "n", "n_k", "d", "beta", "match", "center", "scale", "offset",
         "order", "by", "a_0", "a_1", "b", "c", "kappa", "r", "features", "local", "draws", "data_draws", "common", "row_norm",
         "den_constant", "negative", "sinks", "keep", "landmarks", "leaves", "complex", "epsilon", "reference", "reference_scale",
         "reference_beta", "mode", "cache", "cosine", "layer", "batch", "head", "m", "trials", "seed", "j3", "v", "block", "weights",
         "queries", "team_asked")
#: integers whose 0 means "does not apply"
_ZERO_IS_NONE = {"d", "v", "r", "features", "local", "draws", "data_draws", "weights", "head", "layer", "batch", "scale", "order",
                 "sinks", "keep", "landmarks"}
_MOST = 50_000_000  # cells
_SETS, _SET = ("match", "center"), ("scale", "offset")  # with match exp the first say what the others are, at every degree


@remembered
@of_dataset
def axes(ds: xr.Dataset) -> list[str]:
    """Names of the fewest coordinates that distinguish all points, `beta` last.

    A coordinate that follows from those before it (m from n, a_1 from the preset, an axis of the study's own from d) is
    not an axis.

    Parameters
    ----------
    ds : Dataset
        From `open`, or some of its points.

    Returns
    -------
    list of str
        In the order in which `grid` has its dimensions.

    Raises
    ------
    TypeError
        For a path, and everything else that is no Dataset.

    See Also
    --------
    grid : The points along these axes.

    Examples
    --------
    >>> polysweep.axes(polysweep.open(path))
    ['method', 'n', 'beta']
    """
    chosen = distinguishing(ds)[0]
    return [name for name in chosen if name != "beta"] + ["beta"] * ("beta" in chosen)


@remembered
@of_dataset
def distinguishing(ds: xr.Dataset, first: Iterable[str] = (), without: Collection[str] = ()) -> tuple[list[str], Array]:
    """The fewest coordinates that distinguish points, tried in the order of `first` and then of `ORDER`; and (point,) the number of
    each point's values of those of them that are not in `without`."""
    keys, kept = np.zeros(ds.sizes["point"], dtype=np.int64), np.zeros(ds.sizes["point"], dtype=np.int64)
    groups, chosen = min(1, len(keys)), []
    after = ORDER.index("beta") + 1
    order = dict.fromkeys((*first, *ORDER[:after], *_SETS, *ORDER[after:], *_SET, *ds.attrs.get("own_axes", [])))
    for name in order:
        if name not in ds.coords or groups == len(keys):
            continue
        codes = _codes(_values(ds, name))[1]
        if not codes.any():
            continue
        both = _joined(keys, codes)
        if both.max(initial=0) + 1 > groups:
            keys, groups = both, both.max() + 1
            chosen.append(name)
            kept = kept if name in without else _joined(kept, codes)
    return chosen, kept


def _values(ds: xr.Dataset, name: str) -> Array:
    """A coordinate, to tell points apart by: of words their codes, which is faster."""
    if name in _SET and _follows(ds, name).any():
        return np.where(_follows(ds, name), np.nan, ds[name].values)
    return ds[f"{name}_code" if f"{name}_code" in ds.variables else name].values


def _joined(keys: Array, codes: Array) -> Array:
    """Numbers of the pairs of both."""
    if not codes.any():
        return keys
    return _codes(keys * (codes.max(initial=0) + 1) + codes)[1]


def _follows(ds: xr.Dataset, name: str) -> Array:
    """(point,) bool: true where match exp sets coordinate `name`, scale or offset, so that it follows from the degree."""
    matched = ds["match"].values == "exp" if "match" in ds.variables else np.zeros(ds.sizes["point"], dtype=bool)
    return matched & (name in _SET)


@of_dataset
def applies(ds: xr.Dataset, name: str) -> Array:
    """(point,) bool: false where the method ignores coordinate `name` (beta of softmax, r of exact), or something sets it."""
    check_name(name, ds.coords, "coordinate")
    values = ds[name].values
    ignored = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    if name in _ZERO_IS_NONE:
        ignored = values == 0
    result = np.ones(len(values), dtype=bool)
    if ignored.any():
        method = _codes(_values(ds, "method"))[1] if "method" in ds.coords else np.zeros(len(values), np.int64)
        some = np.bincount(method, ~ignored, minlength=1) > 0  # of the points of each method
        result = some[method]
    return result & ~_follows(ds, name)


@of_dataset
def grid(ds: xr.Dataset) -> xr.Dataset:
    """Unstacks `point` to the axes that vary; what a method ignores is repeated along that axis.

    Every variable keeps its type: a cell that is no point of the study holds NaN, 0 or "", and `present` is false
    there. Where every cell is one point of very many, nothing is copied: the cube shows the numbers of the table, read-only.

    Parameters
    ----------
    ds : Dataset
        From `open`, or some of its points.

    Returns
    -------
    Dataset
        With a dimension for each of `axes`. One of them is called `method`, which is also an argument of xarray's ``sel``: `pick`
        takes it by name, ``sel`` only with a dictionary, ``cube.sel({"method": "exact"})``.

    Raises
    ------
    ValueError
        Where points are not distinct, or where the cube would be absurdly larger than the table.
    TypeError
        For a path, and everything else that is no Dataset.

    See Also
    --------
    axes : Which dimensions these are.
    pick : A part of the cube.

    Examples
    --------
    >>> cube = polysweep.grid(polysweep.open(path))
    >>> dict(cube.sizes)
    {'method': 3, 'n': 2, 'beta': 3}
    """
    names = axes(ds)
    used = {name: applies(ds, name) for name in names}
    found = {name: _codes(ds[name].values)[0] if used[name].all() else np.unique(ds[name].values[used[name]]) for name in names}
    values = {name: each for name, each in found.items() if len(each) > 1}
    names = list(values)
    shape = tuple(len(values[name]) for name in names)
    if np.prod(shape, dtype=float) > _MOST:
        raise ValueError(f"a cube of {' x '.join(map(str, shape))} cells ({', '.join(names)}); select points first")
    source = _sources(ds, names, values, used, shape)
    present, order = source >= 0, _order(source)

    variables = {name: xr.Variable(name, values[name], ds[name].attrs) for name in names}
    for name, variable in ds.variables.items():
        if variable.dims[:1] == ("point",) and name not in names:
            cells = _cells(variable.values, source, present, order)
            variables[str(name)] = xr.Variable((*names, *variable.dims[1:]), cells, variable.attrs)
    variables["present"] = xr.Variable(names, present, {"long_name": "the study has this point"})
    coordinates = [name for name in variables if name in names or name in COORDINATES or name in ds.coords]
    return xr.Dataset(variables, attrs=dict(ds.attrs)).set_coords(coordinates)


def _cells(values: Array, source: Array, present: Array, order: list[int] | None) -> Array:
    """A column in the shape of the cube: the column itself, where its points stand in the order of some axes."""
    if values.ndim == 1 and len(values) >= LARGE:
        if values.strides == (0,) and (present.all() or _is_blank(values[0])):  # see `read.compact`
            return np.broadcast_to(values[0], source.shape)
        if order is not None:
            view = values.reshape([source.shape[axis] for axis in order]).transpose(np.argsort(order))
            view.flags.writeable = False
            return view
    cells = np.full(source.shape + values.shape[1:], _blank(values.dtype), dtype=values.dtype)
    cells[present] = values[source[present]]
    return cells


def _order(source: Array) -> list[int] | None:
    """The axes of the cube from the slowest to the fastest, where its points stand in such an order; else None."""
    if source.size < LARGE or source.ndim == 0:
        return None
    steps = [int(np.take(source, 1, axis).flat[0] - source.flat[0]) for axis in range(source.ndim)]
    order = [int(axis) for axis in np.argsort(steps)[::-1]]
    numbers = np.arange(source.size).reshape([source.shape[axis] for axis in order]).transpose(np.argsort(order))
    return order if (source == numbers).all() else None


def _codes(values: Array) -> tuple[Array, Array]:
    """Distinct values and the index of each entry; NaN counts as one value."""
    if len(values) and values.strides == (0,):  # one value for all, see `read.compact`
        return values[:1].copy(), np.zeros(len(values), np.int64)
    codes, distinct = pd.factorize(values, use_na_sentinel=False)  # hashed: the sorting below is of what is distinct
    order = np.argsort(distinct, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return np.asarray(distinct)[order], place[codes]


def _blank(dtype: np.dtype[Any]) -> Any:
    return np.nan if dtype.kind == "f" else np.zeros((), dtype=dtype)[()]


def _is_blank(value: Any) -> bool:
    return bool(value != value or value == _blank(value.dtype))


def _sources(ds: xr.Dataset, names: list[str], values: dict[str, Array], used: dict[str, Array], shape: tuple[int, ...]) -> Array:
    """For each cell the index of its point, -1 for none."""
    count = ds.sizes["point"]
    source = np.full(shape, -1, dtype=np.int64)
    if not names:
        if count > 1:
            raise ValueError("two points have the same coordinates")
        return np.array(0 if count else -1)
    for row in _patterns([used[name] for name in names]):  # points that ignore the same axes
        chosen = np.flatnonzero(np.logical_and.reduce([used[name] == on for name, on in zip(names, row)]))
        index = tuple(np.searchsorted(values[name], ds[name].values[chosen]) for name, on in zip(names, row) if on)
        sizes = tuple(len(values[name]) for name, on in zip(names, row) if on)
        cells = np.ravel_multi_index(index, sizes) if index else np.zeros(len(chosen), np.int64)
        if len(cells) and np.bincount(cells).max() > 1:
            raise ValueError("two points have the same coordinates")
        front = np.moveaxis(source, np.flatnonzero(row).tolist(), range(len(index)))  # a view: ignored axes last
        front[index] = chosen.reshape((-1,) + (1,) * (len(names) - len(index))) if index else chosen[0]
    return source


def _patterns(used: list[Array]) -> list[tuple[bool, ...]]:
    """The distinct rows of columns of truths, in order."""
    code = np.zeros(len(used[0]), np.int64)
    for each in used:
        code = code * 2 + each
    return [tuple(bool(one >> place & 1) for place in range(len(used) - 1, -1, -1)) for one in sorted(pd.unique(code).tolist())]
