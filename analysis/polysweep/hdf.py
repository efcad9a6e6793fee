"""A result file as HDF5 has it: opened and known to be one, its attributes, texts and small tables."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
import pandas as pd

from .foreign import FileError, check_file, plain, reading
from .guard import try_file
from .kinds import Array

SCHEMA = 1  #: newest major version of the file's schema that this package knows

#: columns that say which point a slot is; own axes of a study come with them
COORDINATES = tuple("""method beta n d v r features local draws mask precision data_kind preset noise a_0 a_1 b c kappa
    j3 m trials row_norm den_constant negative cosine head block seed weights team_asked data_draws
    common scale offset match center reference reference_scale reference_beta mode cache n_k layer batch order by sinks keep
    landmarks leaves complex epsilon queries""".split())
_HDF5_ONLY = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates",
              "_NCProperties", "_nc3_strict"}
_DENSEST = 1100  # bytes that a byte of a compressed file can stand for
_DEEPEST = 4  # groups in each other


# ---- the file ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def opened(path: pathlib.Path) -> Iterator[h5py.File]:
    """A result file of polysweep, open for reading; FileError for every other file."""
    with file_of(path) as file:
        with reading(path):
            check(file, path)
        yield file


@contextlib.contextmanager
def file_of(path: pathlib.Path) -> Iterator[h5py.File]:
    """Any HDF5 file, open for reading."""
    try_file(path, check_file(path), open_file)
    try:
        file = open_file(path)
    except Exception as why:
        raise FileError(f"{plain(path)}: not readable as HDF5 ({plain(why)})") from None
    try:
        yield file
    finally:
        with contextlib.suppress(Exception):  # of a damaged file
            file.close()


def open_file(path: str | os.PathLike[str]) -> h5py.File:
    try:
        return h5py.File(path, "r", locking=False)
    except (TypeError, ValueError):  # an HDF5 library without the setting: the environment variable has to do
        return h5py.File(path, "r")


def check(file: h5py.File, path: pathlib.Path) -> None:
    """FileError for what is no result file of polysweep, or of a newer schema."""
    name = text_of(file.attrs.get("schema_name", ""))
    if not isinstance(name, str) or name != "polysweep" or "commit" not in file:
        raise FileError(f"{plain(path)}: not a result file of polysweep (schema_name is {plain(name)[:40]!r})")
    version = attributes_of(file).get("schema_version", SCHEMA)
    if int(str(version).split(".")[0]) > SCHEMA:
        raise FileError(f"{plain(path)}: schema version {plain(version)} is newer than this package knows ({SCHEMA}); update it")
    commit = item_of(file, "commit")
    if not isinstance(commit, h5py.Dataset) or commit.ndim != 1 or commit.dtype.kind not in "iu":
        raise FileError(f"{plain(path)}: damaged: its commit words are none")


def item_of(group: h5py.Group, name: str) -> Any:
    """What a group has under a name: in the file itself, and no larger than it can be."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{name} is a link")
    item = group[name]
    if isinstance(item, h5py.Dataset):
        if item.shape is None or item.is_virtual or item.external:
            raise ValueError(f"{name} has no values in this file")
        if item.size * item.dtype.itemsize > _DENSEST * item.file.id.get_filesize():
            raise ValueError(f"{name} is larger than its file")
    return item


# ---- columns --------------------------------------------------------------------------------------------------------


def columns_of(file: h5py.File) -> list[str]:
    """Names of its columns; the dimension scales carry no result."""
    return [name for name in file if isinstance(item_of(file, name), h5py.Dataset) and not _is_scale(file[name], name)]


def _is_scale(dataset: h5py.Dataset, name: str) -> bool:
    return dataset.ndim == 0 or name in ("point", "rep", "draw")


def identifies(file: h5py.File, name: str) -> bool:
    """Whether a column identifies a slot's point: the file's attribute `coordinates` lists the parameters."""
    return name in COORDINATES or name in str(text_of(file.attrs.get("coordinates", ""))).split()


def about_column(dataset: h5py.Dataset, slots: int) -> tuple[tuple[str, ...], dict[str, Any]]:
    """(dimensions, attributes) of a column; the names of its dimension scales are its dimensions."""
    dims: list[str] = []
    if dataset.dtype.kind not in "fiu":
        raise ValueError(f"{dataset.name[1:]} has no numbers")
    for axis, length in enumerate(dataset.shape):
        scales = dataset.dims[axis]
        name = scales[0].name.rsplit("/", 1)[-1] if len(scales) else ""
        dims.append(name or ("point" if axis == 0 and length == slots else f"{dataset.name[1:]}_{axis}"))
    attributes = attributes_of(dataset)
    attributes.pop("_FillValue", None)
    return tuple(dims), attributes


def meanings_of(attributes: dict[str, Any]) -> tuple[Array, Array]:
    """(words, (256,) which of them a code stands for): CF flag_values, flag_meanings; the last word is "?", of every other code."""
    meanings = np.array([*str(attributes["flag_meanings"]).split(), "?"])
    index = np.full(256, len(meanings) - 1)
    index[np.asarray(attributes["flag_values"], dtype=np.uint8)] = np.arange(len(meanings) - 1)
    return meanings, index


def without_flags(attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes of words, which have no codes."""
    return {key: value for key, value in attributes.items() if not key.startswith("flag_")}


# ---- attributes, texts, small tables ------------------------------------------------------------------------------


def about_file(file: h5py.File, path: pathlib.Path, names: list[str]) -> dict[str, Any]:
    """Attributes of a Dataset that is read from a file with columns of these names."""
    own = [name for name in names if identifies(file, name) and name not in COORDINATES]
    attributes = {**attributes_of(file), **_texts(file), "path": str(path), "own_axes": own, "slots": file["commit"].shape[0]}
    attributes.pop("coordinates", None)
    return attributes


def text_of(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").rstrip("\0")
    return value


def attributes_of(thing: Any) -> dict[str, Any]:
    result = {}
    for name in thing.attrs:
        if name not in _HDF5_ONLY:
            value = thing.attrs[name]
            if isinstance(value, np.ndarray) and value.size == 1 and not name.startswith("flag_"):
                value = value.reshape(-1)[0]
            result[name] = value.item() if isinstance(value, np.generic) and value.dtype.kind in "fiu" else text_of(value)
    return result


def _texts(file: h5py.File) -> dict[str, str]:
    """Texts of /provenance that are short enough to travel as attributes of the dataset."""
    texts = walk(item_of(file, "provenance"))[0] if "provenance" in file else {}
    return {f"provenance_{name}": text for name, text in texts.items()}


def walk(group: h5py.Group, deep: int = 0) -> tuple[dict[str, str], list[pd.DataFrame]]:
    """({name: text} of the scalar strings, [DataFrame of equally long columns] per group) below `group`."""
    texts: dict[str, str] = {}
    tables: list[pd.DataFrame] = []
    columns: dict[str, Any] = {}
    if deep > _DEEPEST:
        raise ValueError("groups in each other without end")
    for name, item in ((name, item_of(group, name)) for name in group):
        if isinstance(item, h5py.Group):
            inner_texts, inner_tables = walk(item, deep + 1)
            texts.update(inner_texts)
            tables.extend(inner_tables)
        elif item.ndim == 0:
            texts[name] = str(text_of(item[()]))
        elif item.attrs.get("CLASS", b"") != b"DIMENSION_SCALE" or item.dtype.kind in "SO":
            columns[name] = _strings(item[...])
    for length in sorted({len(column) for column in columns.values()}):
        tables.append(pd.DataFrame({name: column for name, column in columns.items() if len(column) == length}))
    return texts, tables


def _strings(values: Array) -> Any:
    """Strings of any HDF5 kind (fixed, variable, rows of characters) as str; numbers as they are."""
    if values.dtype.kind == "S" and values.dtype.itemsize == 1 and values.ndim == 2:
        values = np.array([row.tobytes() for row in values], dtype=object)
    if values.dtype.kind in "SO":
        return [str(text_of(bytes(value) if isinstance(value, np.bytes_) else value)) for value in values]
    return list(values) if values.ndim > 1 else values


def json_of(text: str) -> Any:
    """What a text says as JSON; the text itself where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
