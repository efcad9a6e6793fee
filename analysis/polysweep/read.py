"""Result file -> xarray.Dataset, also while a run is still writing it.

A writer stores the columns of a slot first and its commit word, their checksum, last. The reader takes the commit words
first, so that none is younger than the data it is compared with, and accepts a slot whose word is right.
"""
from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Collection, Iterable
from typing import Any

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from .checks import names_of, path_of
from .commits import LAUNCH_TEXTS, Checksum, launch_checksums
from .foreign import reading
from .hdf import (
    COORDINATES,
    about_column,
    about_file,
    attributes_of,
    columns_of,
    identifies,
    item_of,
    json_of,
    meanings_of,
    opened,
    walk,
    without_flags,
)
from .kinds import Array

#: unit roundoff of the number formats that operands of products are rounded to; their sums are in single precision
UNITS = {"bf16": 2.0**-8, "fp16": 2.0**-11}
#: columns that say what became of it; `launch` counts the rows of the launch table
SLOT = ("status", "error_code", "attempt", "deaths", "asked", "launch", "commit")
LARGE = 100_000  # slots from which on memory matters

Path = str | os.PathLike[str]


def open(path: Path, columns: Iterable[str] | None = None, *, check: bool = True) -> xr.Dataset:
    """The result table as a Dataset on dimension `point` (and `rep`, `draw` where samples are kept).

    Coded columns become coordinates of words (``ds.method == "exact"``); the numbers of the file stay beside them as
    ``method_code``. Integers stay integers. `committed` is true for slots that were written completely; everywhere
    else result columns hold NaN (floats) or 0 (integers). `done` means committed with status "done".
    Units and long names are the attributes of each variable. The file's own attributes, the study's name and text
    are in ``ds.attrs``.

    Parameters
    ----------
    path : path
        An HDF5 file that polysweep wrote, finished or not.
    columns : iterable of str, optional
        Names of result columns to keep; all by default, none for []. Coordinates and slot columns always come along. The others
        are read all the same, for the checksums, one at a time, but with ``check=False``.
    check : bool
        Without it no checksum is computed, `committed` are then the slots that have a commit word, and damage is not noticed; and
        no column is read before it is looked at, from the file that is there by then: for files of very many points.

    Returns
    -------
    Dataset
        An entry per slot of the file, in its order.

    Raises
    ------
    FileError
        For a file that is missing, damaged, of another kind or of a newer schema.
    ValueError
        For a column that the file does not have.
    TypeError
        For what is no path, and columns that are no list.

    See Also
    --------
    provenance : Where a file comes from.
    failures : Why points failed.
    grid : The axes that vary, as dimensions.

    Examples
    --------
    >>> ds = polysweep.open(path, columns=["success_rate"])
    >>> bool(ds["done"].all()), sorted(set(ds["method"].values.tolist()))
    (True, ['exact', 'linear', 'softmax'])
    """
    path = path_of(path, "open")
    with opened(path) as file:
        with reading(path):
            names = columns_of(file)
        chosen = columns if columns is None else _chosen(columns, names)
        with reading(path):
            if not check:
                from .engine import lazy

                return _checked(lazy(file, path, names, chosen))
            return _dataset(file, path, names, chosen)


def open_without(path: Path, spared: Callable[[xr.Dataset], Iterable[str]]) -> xr.Dataset:
    """What `open` returns, without the columns that `spared` names when it is given the file's attributes, on a Dataset of nothing else:
    these are read for the checksums, one at a time, and let go."""
    path = path_of(path, "open")
    with opened(path) as file, reading(path):
        names = columns_of(file)
        return _dataset(file, path, names, None, frozenset(spared(xr.Dataset(attrs=about_file(file, path, names)))))


def kept(file: h5py.File, name: str, columns: set[str] | None) -> bool:
    """Whether a column comes along where results are those of `columns` (None: all)."""
    return columns is None or name in columns or name in SLOT or identifies(file, name)


def _dataset(file: h5py.File, path: pathlib.Path, names: list[str], columns: set[str] | None,
             spared: Collection[str] = ()) -> xr.Dataset:
    """What `open` returns, from an open file: the columns of `names`, of results those of `columns` (None: all), none of `spared`."""
    slots = file["commit"].shape[0]
    commit, checksum, variables = _variable(file["commit"], slots), Checksum(slots), {}
    for name in names:
        variable = commit if name == "commit" else _variable(file[name], slots)
        check_dimensions(file, name, variable.dims)
        if variable.dims == ("point",):
            checksum.add(name, variable.values, variable.attrs.get("commit_default"))
        if name not in spared and kept(file, name, columns):
            variables[name] = variable
    attributes = about_file(file, path, names)
    parameters = {*COORDINATES, *attributes["own_axes"]}
    committed = (commit.values == checksum.words()) & _launched(file, slots)
    if "status" in variables:
        committed &= variables["status"].values >= 2  # neither empty nor running
    for name in variables:  # one after the other: what is masked is there twice
        if name not in parameters and name not in SLOT:
            variables[name] = _masked(variables[name], committed)
    dataset = xr.Dataset(variables, attrs=attributes)
    dataset["committed"] = ("point", committed, {"long_name": "slot was written completely"})
    dataset = _decoded(dataset)
    done = committed & (dataset["status"].values == "done") if "status" in dataset else committed
    dataset["done"] = ("point", done, {"long_name": "point was computed"})
    return _checked(dataset.set_coords([name for name in dataset.variables if name in parameters]))


def check_dimensions(file: h5py.File, name: str, dims: tuple[Any, ...]) -> None:
    """What says which point a slot is has a number for each."""
    if dims != ("point",) and (name in SLOT or identifies(file, name)):
        raise ValueError(f"{name} has no number for each point")


def _checked(dataset: xr.Dataset) -> xr.Dataset:
    """What others read from attributes later is there, and of its kind."""
    from .methods import facts

    if "method" not in dataset or "n" not in dataset:
        raise ValueError("it has no methods and lengths")
    if any(dataset[name].dtype.kind != "U" for name in ("method", "status") if name in dataset):
        raise ValueError("methods or states without words")
    facts(dataset)
    for variable in dataset.variables.values():
        np.broadcast_to(variable.attrs.get("reproducibility_other", 0.0), 2).astype(float)
    return dataset


def provenance(path: Path) -> dict[str, Any]:
    """Where a file comes from: its study, as written and as resolved, and the launches that wrote to it.

    Parameters
    ----------
    path : path
        A result file.

    Returns
    -------
    dict
        "study" (text), "resolved" (dict), "launches" (DataFrame), and other texts of the file under their own names. `launches` has
        one row per launch that wrote to the file (its index is the column `launch`; the last 64 are kept): version, command, hosts,
        binding, BLAS kernel, MPI.

    Raises
    ------
    FileError
        As `open` does.

    Examples
    --------
    >>> polysweep.provenance(path)["launches"]["hosts"].tolist()
    ['node1']
    """
    path = path_of(path, "provenance")
    with opened(path) as file, reading(path):
        return _provenance(file)


def _provenance(file: h5py.File) -> dict[str, Any]:
    if "provenance" not in file:
        return {"launches": pd.DataFrame()}
    texts, tables = walk(item_of(file, "provenance"))
    launches = max(tables, key=lambda table: len(table.columns), default=pd.DataFrame())
    if "number" in launches:
        launches = launches[launches["number"] >= 0].set_index("number").sort_index()
    result = {"launches": launches}
    for name, text in texts.items():
        result[name] = json_of(text) if name.startswith("resolved") or name.endswith("json") else text
    return result


def failures(path: Path) -> pd.DataFrame:
    """The failure table: why points failed, and at which attempt.

    Parameters
    ----------
    path : path
        A result file.

    Returns
    -------
    DataFrame
        Columns slot, attempt, site, message; a row per slot (the newest of a few thousand).

    Raises
    ------
    FileError
        As `open` does.

    Examples
    --------
    >>> len(polysweep.failures(path))
    0
    """
    path = path_of(path, "failures")
    with opened(path) as file, reading(path):
        return _failures(file)


def _failures(file: h5py.File) -> pd.DataFrame:
    tables = walk(item_of(file, "failures"))[1] if "failures" in file else []
    table = max(tables, key=len, default=pd.DataFrame())
    for name in ("slot", "attempt", "site", "message"):
        if name not in table:
            table[name] = pd.Series(dtype=object if name in ("site", "message") else np.int64)
    rows = table.loc[table["attempt"] > 0, ["slot", "attempt", "site", "message"]]
    return rows.sort_values("slot").reset_index(drop=True)


def group(path: pathlib.Path, name: str, dimension: str) -> tuple[xr.Dataset | None, dict[str, Any]]:
    """(Dataset on `dimension`, attributes) of a group whose datasets have a row for each; (None, {}) where the file has none.
    Coded columns are words. Raises FileError, as `open` does."""
    with opened(path) as file, reading(path):
        if name not in file:
            return None, {}
        found = item_of(file, name)
        items = {key: item_of(found, key) for key in found if key != dimension}
        variables = {key: xr.Variable(dimension, item[...], attributes_of(item)) for key, item in items.items()}
        return _decoded(xr.Dataset(variables)), attributes_of(found)


def _launched(file: h5py.File, slots: int) -> Array:
    """Whether each slot names the launch that computed it; the table keeps the last of them."""
    if "launch_checksum" not in file:
        return np.ones(slots, bool)
    table, word, number = file["provenance/launches"], file["launch_checksum"][...], file["launch"][...]
    known = table["number"][...]
    rows = np.flatnonzero(known >= 0)
    sums = np.zeros(len(known), np.uint64)
    sums[rows] = launch_checksums({name: table[name][...][rows] for name in LAUNCH_TEXTS})
    row = number % len(known)
    named, newest = known[row] == number, known.max(initial=-1)
    gone = (number < 0) | (number <= newest + 1 - len(known))
    launched: Array = (word == 0) | np.where(named, sums[row] == word, gone & ~np.isin(word, sums[rows]))
    return launched


# ---- columns --------------------------------------------------------------------------------------------------------


def _chosen(columns: Iterable[str], names: list[str]) -> set[str]:
    """The columns a caller asked for; words and what the reader adds (`done`, NAME_code) go by the names they have there."""
    if isinstance(columns, str):
        raise TypeError(f"columns are given as a list of names: [{columns!r}]")
    plain = [name if name in names else str(name).removesuffix("_code") for name in columns]
    return set(names_of(plain, [*names, "committed", "done"], "column"))


def _variable(dataset: h5py.Dataset, slots: int) -> xr.Variable:
    """One dataset as an xarray.Variable."""
    dims, attributes = about_column(dataset, slots)
    return xr.Variable(dims, values_of(dataset), attributes)


def values_of(dataset: h5py.Dataset) -> Array:
    """Its numbers; of a column of many slots without storage, which are all its fill value, only one is there."""
    if dataset.ndim != 1 or len(dataset) < LARGE or dataset.id.get_storage_size():
        return compact(dataset[...])
    return np.broadcast_to(dataset[:1][0], dataset.shape)


def compact(values: Array) -> Array:
    """The same values; of a column of many slots that all hold one value, as most do in most studies, only one stays in memory
    (such an array is read-only)."""
    if values.ndim != 1 or len(values) < LARGE:
        return values
    bits = values.view(f"u{values.itemsize}")
    if any((part != bits[0]).any() for part in (bits[:64], bits[-64:], bits)):  # most of those that differ do so at once
        return values
    return np.broadcast_to(values[0], values.shape)


def column(ds: xr.Dataset, name: str) -> Array:
    """A column for a DataFrame: nothing is copied, and of words each is there once, however many points have it."""
    values: Array = ds[name].values
    if values.dtype.kind != "U":
        view = values[:]
        view.flags.writeable = False
        return view
    if values.size and values.strides == (0,):  # as in `compact`
        return np.broadcast_to(np.array([str(values[0])], dtype=object), values.shape)
    codes, words = pd.factorize(values.astype(object))
    return np.asarray(words, dtype=object)[codes]


def masked(values: Array, committed: Array) -> Array:
    """NaN or 0 in slots that are not committed."""
    if committed.all():
        return values
    blank = np.nan if values.dtype.kind == "f" else 0
    if values.strides == (0,) and (np.isnan(values[0]) if blank else values[0] == 0):  # NaN is true
        return values
    values = values.copy()
    values[~committed] = blank
    return values


def _masked(variable: xr.Variable, committed: Array) -> xr.Variable:
    if variable.dims[:1] != ("point",) or committed.all():
        return variable
    return xr.Variable(variable.dims, masked(variable.values, committed), variable.attrs)


def words_of(code: Array, attributes: dict[str, Any]) -> Array:
    """Words in place of codes (CF flag_values, flag_meanings)."""
    meanings, index = meanings_of(attributes)
    if code.size > 0 and code.strides == (0,):  # as in `compact`
        return np.broadcast_to(meanings[index[code[0]]], code.shape)
    return np.asarray(meanings[index[code]])


def _decoded(dataset: xr.Dataset) -> xr.Dataset:
    """Words in place of codes; the codes move to NAME_code."""
    words = {name: xr.Variable(variable.dims, words_of(variable.values, variable.attrs), without_flags(variable.attrs))
             for name, variable in dataset.data_vars.items() if "flag_meanings" in variable.attrs}
    return dataset.rename({name: f"{name}_code" for name in words}).assign_coords(words)
