"""xarray.open_dataset(FILE, engine="polysweep"): the table of points as `polysweep.open` has it, of which nothing is read before it is
looked at."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterable
from typing import Any

import h5py
import numpy as np
import xarray as xr
from xarray.backends import BackendArray, BackendEntrypoint
from xarray.core import indexing

from .checks import path_of
from .foreign import FileError, plain, reading
from .hdf import COORDINATES, about_column, about_file, columns_of, identifies, meanings_of, open_file, opened, without_flags
from .kinds import Array
from .read import SLOT, check_dimensions, compact, kept, masked, values_of, words_of

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ADDED = {"committed": "slot was written completely", "done": "point was computed"}

Finish = Callable[[h5py.File, Array, Any], Array]  #: (file, numbers of a column, of which points) -> values of a variable


class PolysweepBackend(BackendEntrypoint):
    """Opens result files of polysweep for xarray: columns are read when they are looked at, and only of the points that are.

    Commit words are not compared with what was written, as with ``check=False`` of `polysweep.open`: `committed` are the slots that
    have one.
    """

    description = "Result files of polysweep"
    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Whether this is a result file of polysweep; no other HDF5 file is claimed."""
        if not isinstance(filename_or_obj, (str, os.PathLike)):
            return False
        path = pathlib.Path(filename_or_obj)
        try:
            with path.open("rb") as file:
                if not path.is_file() or file.read(len(_SIGNATURE)) != _SIGNATURE:
                    return False
            with opened(path):
                return True
        except OSError:
            return False

    def open_dataset(self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None) -> xr.Dataset:
        """The table of points, without the variables that are to be dropped. Raises FileError, as `polysweep.open` does."""
        path = path_of(filename_or_obj, "the engine polysweep")
        dropped = {drop_variables} if isinstance(drop_variables, str) else set(drop_variables or ())
        with opened(path) as file, reading(path):
            found = lazy(file, path, columns_of(file), None)
        return found.drop_vars([name for name in found.variables if name in dropped])


def lazy(file: h5py.File, path: pathlib.Path, names: list[str], columns: set[str] | None) -> xr.Dataset:
    """The columns of `names`, of results those of `columns` (None: all): each is read from the file at `path` when it is needed."""
    slots, variables = file["commit"].shape[0], {}
    for name in names:
        if kept(file, name, columns):
            variables.update(_variables(file, path, name, slots))
    for name, about in _ADDED.items():
        column = _Column(path, "commit", (slots,), np.dtype(bool), _committed if name == "committed" else _done)
        variables[name] = _variable(column, ("point",), {"long_name": about})
    attributes = about_file(file, path, names)
    dataset = xr.Dataset(variables, attrs=attributes)
    return dataset.set_coords([name for name in variables if name in {*COORDINATES, *attributes["own_axes"]}
                               or f"{name}_code" in variables])


def _variables(file: h5py.File, path: pathlib.Path, name: str, slots: int) -> dict[str, xr.Variable]:
    """A column as it is; one of codes as words, and beside them the codes."""
    dataset = file[name]
    dims, attributes = about_column(dataset, slots)
    check_dimensions(file, name, dims)
    always = name in SLOT or identifies(file, name) or dims[:1] != ("point",)
    numbers = _Column(path, name, dataset.shape, dataset.dtype, _as_stored if always else _where_committed)
    if "flag_meanings" not in attributes:
        return {name: _variable(numbers, dims, attributes)}

    def finish(file: h5py.File, codes: Array, key: Any) -> Array:
        return words_of(numbers.finish(file, codes, key), attributes)

    words = _Column(path, name, dataset.shape, meanings_of(attributes)[0].dtype, finish)
    return {name: _variable(words, dims, without_flags(attributes)), f"{name}_code": _variable(numbers, dims, attributes)}


def _variable(column: _Column, dims: tuple[str, ...], attributes: dict[str, Any]) -> xr.Variable:
    """What was read once stays, unless it is changed in a copy."""
    read: Any = indexing.LazilyIndexedArray(column)
    cached: Any = indexing.MemoryCachedArray  # which has no types
    kept_in_memory = cached(indexing.CopyOnWriteArray(read))
    return xr.Variable(dims, kept_in_memory, attributes, fastpath=True)


class _Column(BackendArray):
    """A column of a file, which is open for as long as numbers are read."""

    def __init__(self, path: pathlib.Path, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], finish: Finish) -> None:
        self.path, self.name, self.shape, self.dtype, self.finish = path, name, shape, dtype, finish

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER_1VECTOR, self._read)

    def _read(self, key: tuple[Any, ...]) -> Array:
        try:
            with open_file(self.path) as file:
                return self.finish(file, _values(file[self.name], key), key[:1])
        except (OSError, KeyError, RuntimeError) as why:  # gone, or another file by now
            said = plain(getattr(why, "strerror", None) or why)
            raise FileError(f"{plain(self.path)}: {self.name} cannot be read any more ({said})") from None


def _values(dataset: h5py.Dataset, key: tuple[Any, ...]) -> Array:
    if dataset.ndim == 1 and isinstance(key[0], slice) and key[0].indices(len(dataset)) == (0, len(dataset), 1):
        return values_of(dataset)
    return compact(np.asarray(dataset[key])) if dataset.ndim == 1 else np.asarray(dataset[key])


def _as_stored(file: h5py.File, numbers: Array, key: Any) -> Array:
    return numbers


def _committed(file: h5py.File, commit: Array, key: Any) -> Array:
    whole: Array = commit != 0
    return whole & (_values(file["status"], key) >= 2) if "status" in file else whole  # neither empty nor running


def _where_committed(file: h5py.File, numbers: Array, key: Any) -> Array:
    committed = _committed(file, _values(file["commit"], key), key)
    return masked(numbers, committed) if committed.ndim or not committed.size else masked(numbers[None], committed[None])[0]


def _done(file: h5py.File, commit: Array, key: Any) -> Array:
    committed = _committed(file, commit, key)
    if "status" not in file:
        return committed
    status = file["status"]
    return committed & (words_of(_values(status, key), about_column(status, len(status))[1]) == "done")
