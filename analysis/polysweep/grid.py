"""From points in a row to the axes that vary."""
from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from .checks import check_name, of_dataset, remembered
from .read import COORDINATES

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

    A coordinate that follows from those before it in `ORDER` (m from n, a_1 from the preset, an own axis from d) is
    not an axis.
    """
    chosen = distinguishing(ds)[0]
    return [name for name in chosen if name != "beta"] + ["beta"] * ("beta" in chosen)


@remembered
@of_dataset
def distinguishing(ds: xr.Dataset, first=(), without=()) -> tuple[list[str], np.ndarray]:
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


def _values(ds, name):
    """A coordinate, to tell points apart by: of words their codes, which is faster."""
    if name in _SET and _follows(ds, name).any():
        return np.where(_follows(ds, name), np.nan, ds[name].values)
    return ds[f"{name}_code" if f"{name}_code" in ds.variables else name].values


def _joined(keys, codes):
    """Numbers of the pairs of both."""
    if not codes.any():
        return keys
    return _codes(keys * (codes.max(initial=0) + 1) + codes)[1]


def _follows(ds: xr.Dataset, name: str) -> np.ndarray:
    """(point,) bool: true where match exp sets coordinate `name`, scale or offset, so that it follows from the degree."""
    matched = ds["match"].values == "exp" if "match" in ds.variables else np.zeros(ds.sizes["point"], dtype=bool)
    return matched & (name in _SET)


@of_dataset
def applies(ds: xr.Dataset, name: str) -> np.ndarray:
    """(point,) bool: false where the method ignores coordinate `name` (beta of softmax, r of exact), or something sets it."""
    check_name(name, ds.coords, "coordinate")
    values = ds[name].values
    ignored = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    if name in _ZERO_IS_NONE:
        ignored = values == 0
    method = ds["method"].values if "method" in ds.coords else np.zeros(len(values))
    result = np.ones(len(values), dtype=bool)
    for one in np.unique(method):
        if ignored[method == one].all():
            result[method == one] = False
    return result & ~_follows(ds, name)


@of_dataset
def grid(ds: xr.Dataset) -> xr.Dataset:
    """Unstacks `point` to the axes that vary (`axes`); what a method ignores is repeated along that axis.

    Every variable keeps its type: a cell that is no point of the study holds NaN, 0 or "", and `present` is false
    there. A dimension is called `method`, which is also an argument of xarray's `sel`: select it with a dictionary,
    ``cube.sel({"method": "exact"})``. Raises ValueError where points are not distinct, or where
    the cube would be absurdly larger than the table.
    """
    names = axes(ds)
    used = {name: applies(ds, name) for name in names}
    names = [name for name in names if len(np.unique(ds[name].values[used[name]])) > 1]
    values = {name: np.unique(ds[name].values[used[name]]) for name in names}
    shape = tuple(len(values[name]) for name in names)
    if np.prod(shape, dtype=float) > _MOST:
        raise ValueError(f"a cube of {' x '.join(map(str, shape))} cells ({', '.join(names)}); select points first")
    source = _sources(ds, names, values, used, shape)

    cube = xr.Dataset(coords={name: (name, values[name], ds[name].attrs) for name in names}, attrs=dict(ds.attrs))
    present = source >= 0
    for name, variable in ds.variables.items():
        if variable.dims[:1] != ("point",) or name in names:
            continue
        cells = np.full(shape + variable.shape[1:], _blank(variable.dtype), dtype=variable.dtype)
        cells[present] = variable.values[source[present]]
        cube[name] = ((*names, *variable.dims[1:]), cells, variable.attrs)
    cube["present"] = (names, present, {"long_name": "the study has this point"})
    return cube.set_coords([name for name in cube.data_vars if name in COORDINATES or name in ds.coords])


def _codes(values):
    """Distinct values and the index of each entry; NaN counts as one value."""
    if len(values) and values.strides == (0,):  # one value for all, see `read.compact`
        return values[:1].copy(), np.zeros(len(values), np.int64)
    codes, distinct = pd.factorize(values, use_na_sentinel=False)  # hashed: the sorting below is of what is distinct
    order = np.argsort(distinct, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return np.asarray(distinct)[order], place[codes]


def _blank(dtype):
    return np.nan if dtype.kind == "f" else np.zeros((), dtype=dtype)[()]


def _sources(ds, names, values, used, shape):
    """For each cell the index of its point, -1 for none."""
    source, points = np.full(shape, -1, dtype=np.int64), np.arange(ds.sizes["point"])
    if not names:
        if len(points) > 1:
            raise ValueError("two points have the same coordinates")
        return np.array(0 if len(points) else -1)
    pattern = np.stack([used[name] for name in names], axis=1)
    for row in np.unique(pattern, axis=0):  # points that ignore the same axes
        chosen = points[(pattern == row).all(axis=1)]
        index = tuple(np.searchsorted(values[name], ds[name].values[chosen]) for name, on in zip(names, row) if on)
        seen = np.unique(np.stack(index), axis=1).shape[1] if index else 1
        if seen != len(chosen):
            raise ValueError("two points have the same coordinates")
        front = np.moveaxis(source, np.flatnonzero(row), range(len(index)))  # a view: ignored axes last
        front[index] = chosen.reshape((-1,) + (1,) * (len(names) - len(index))) if index else chosen[0]
    return source
