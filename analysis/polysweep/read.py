"""Result file -> xarray.Dataset, also while a run is still writing it.

A writer stores the columns of a slot first and its commit word, their checksum, last. The reader takes the commit words
first, so that none is younger than the data it is compared with, and accepts a slot whose word is right.
"""
from __future__ import annotations

import contextlib
import json
import os

os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

import h5py  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import xarray as xr  # noqa: E402

from .checks import names_of, path_of  # noqa: E402
from .commits import LAUNCH_TEXTS, Checksum, launch_checksums  # noqa: E402
from .foreign import FileError, check_file, plain, reading  # noqa: E402
from .guard import try_file  # noqa: E402

SCHEMA = 1  #: newest major version of the file's schema that this package knows

#: columns that say which point a slot is; own axes of a study come with them
COORDINATES = tuple("""method beta n d v r features local draws mask precision data_kind preset noise a_0 a_1 b c kappa
    j3 m trials row_norm den_constant negative cosine head block seed weights team_asked data_draws
    common scale offset match center reference reference_scale reference_beta mode cache n_k layer batch order by sinks keep
    landmarks leaves complex epsilon queries""".split())
#: unit roundoff of the number formats that operands of products are rounded to; their sums are in single precision
UNITS = {"bf16": 2.0**-8, "fp16": 2.0**-11}
#: columns that say what became of it; `launch` counts the rows of the launch table
SLOT = ("status", "error_code", "attempt", "deaths", "asked", "launch", "commit")
_HDF5_ONLY = {"DIMENSION_LIST", "REFERENCE_LIST", "CLASS", "NAME", "_Netcdf4Dimid", "_Netcdf4Coordinates",
              "_NCProperties", "_nc3_strict"}
_DENSEST = 1100  # bytes that a byte of a compressed file can stand for
_DEEPEST = 4  # groups in each other
LARGE = 100_000  # slots from which on memory matters


def open(path, columns=None, *, check=True) -> xr.Dataset:  # noqa: A001
    """The result table as a Dataset on dimension `point` (and `rep`, `draw` where samples are kept).

    path: of an HDF5 file that polysweep wrote, finished or not.
    columns: names of result columns to keep; all by default, none for []. Coordinates and slot columns always come along. The
    others are read all the same, for the checksums, one at a time.
    check: without it no other column is read, and no checksum computed: `committed` are then the slots that have a commit word,
    and damage is not noticed.

    Coded columns become coordinates of words (``ds.method == "exact"``); the numbers of the file stay beside them as
    ``method_code``. Integers stay integers. `committed` is true for slots that were written completely; everywhere
    else result columns hold NaN (floats) or 0 (integers). `done` means committed with status "done".
    Units and long names are the attributes of each variable. The file's own attributes, the study's name and text
    are in ``ds.attrs``; see also `provenance` and `failures`.

    Raises FileError for a file that is missing, damaged, of another kind or of a newer schema, ValueError for a column that
    it does not have.
    """
    path = path_of(path, "open")
    with _file(path) as file:
        with reading(path):
            _check(file, path)
            names = [name for name in file if isinstance(_item(file, name), h5py.Dataset) and not _is_scale(file[name], name)]
        columns = columns if columns is None else _chosen(columns, names)
        with reading(path):
            return _dataset(file, path, names, columns, check)


def _dataset(file, path, names, columns, check):
    """What `open` returns, from an open file: the columns of `names`, of results those of `columns` (None: all)."""
    slots = file["commit"].shape[0]
    commit, checksum, variables = _variable(file["commit"], slots), Checksum(slots), {}
    for name in names:
        kept = columns is None or name in columns or name in SLOT or _identifies(file, name)
        if not kept and not check:
            continue
        variable = commit if name == "commit" else _variable(file[name], slots)
        if variable.dims != ("point",) and (name in COORDINATES or name in SLOT or _identifies(file, name)):
            raise ValueError(f"{name} has no number for each point")
        if check and variable.dims == ("point",):
            checksum.add(name, variable.values, variable.attrs.get("commit_default"))
        if kept:
            variables[name] = variable
    whole = (commit.values == checksum.words()) & _launched(file, slots) if check else commit.values != 0
    own = [name for name in names if _identifies(file, name) and name not in COORDINATES]
    attributes = {**_attributes(file), **_texts(file), "path": str(path), "own_axes": own, "slots": slots}
    attributes.pop("coordinates", None)

    parameters = {*COORDINATES, *own}
    committed = whole
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
    _check_attributes(dataset)
    return dataset.set_coords([name for name in dataset.variables if name in parameters])


def _check_attributes(dataset):
    """What others read from attributes later is there, and of its kind."""
    from .methods import facts

    if "method" not in dataset or "n" not in dataset:
        raise ValueError("it has no methods and lengths")
    if any(dataset[name].dtype.kind != "U" for name in ("method", "status") if name in dataset):
        raise ValueError("methods or states without words")
    facts(dataset)
    for variable in dataset.variables.values():
        np.broadcast_to(variable.attrs.get("reproducibility_other", 0.0), 2).astype(float)


def provenance(path) -> dict:
    """Where a file comes from: {"study": text, "resolved": dict, "launches": DataFrame, ...}.

    `launches` has one row per launch that wrote to the file (its index is the column `launch`; the last 64 are kept):
    version, command, hosts, binding, BLAS kernel, MPI. Other texts of the group appear under their own names.
    Raises FileError, as `open` does.
    """
    path = path_of(path, "provenance")
    with _file(path) as file, reading(path):
        _check(file, path)
        return _provenance(file)


def _provenance(file):
    if "provenance" not in file:
        return {"launches": pd.DataFrame()}
    texts, tables = _walk(_item(file, "provenance"))
    launches = max(tables, key=lambda table: len(table.columns), default=pd.DataFrame())
    if "number" in launches:
        launches = launches[launches["number"] >= 0].set_index("number").sort_index()
    result = {"launches": launches}
    for name, text in texts.items():
        result[name] = _json(text) if name.startswith("resolved") or name.endswith("json") else text
    return result


def failures(path) -> pd.DataFrame:
    """The failure table: columns slot, attempt, site, message; a row per slot (the newest of a few thousand).

    Raises FileError, as `open` does.
    """
    path = path_of(path, "failures")
    with _file(path) as file, reading(path):
        _check(file, path)
        return _failures(file)


def _failures(file):
    _, tables = _walk(_item(file, "failures")) if "failures" in file else ({}, [])
    table = max(tables, key=len, default=pd.DataFrame())
    for name in ("slot", "attempt", "site", "message"):
        if name not in table:
            table[name] = pd.Series(dtype=object if name in ("site", "message") else np.int64)
    rows = table.loc[table["attempt"] > 0, ["slot", "attempt", "site", "message"]]
    return rows.sort_values("slot").reset_index(drop=True)


def group(path, name, dimension):
    """(Dataset on `dimension`, attributes) of a group whose datasets have a row for each; (None, {}) where the file has none.
    Coded columns are words. Raises FileError, as `open` does."""
    with _file(path) as file, reading(path):
        _check(file, path)
        if name not in file:
            return None, {}
        found = _item(file, name)
        items = {key: _item(found, key) for key in found if key != dimension}
        variables = {key: xr.Variable(dimension, item[...], _attributes(item)) for key, item in items.items()}
        return _decoded(xr.Dataset(variables)), _attributes(found)


def _launched(file, slots):
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
    return (word == 0) | np.where(named, sums[row] == word, gone & ~np.isin(word, sums[rows]))


# ---- the file ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _file(path):
    """The file, open for reading."""
    try_file(path, check_file(path), _opened)
    try:
        file = _opened(path)
    except Exception as why:
        raise FileError(f"{plain(path)}: not readable as HDF5 ({plain(why)})") from None
    try:
        yield file
    finally:
        with contextlib.suppress(Exception):  # of a damaged file
            file.close()


def _opened(path):
    try:
        return h5py.File(path, "r", locking=False)
    except (TypeError, ValueError):  # an HDF5 library without the setting: the environment variable has to do
        return h5py.File(path, "r")


def _check(file, path):
    name = _text(file.attrs.get("schema_name", ""))
    if not isinstance(name, str) or name != "polysweep" or "commit" not in file:
        raise FileError(f"{plain(path)}: not a result file of polysweep (schema_name is {plain(name)[:40]!r})")
    version = _attributes(file).get("schema_version", SCHEMA)
    if int(str(version).split(".")[0]) > SCHEMA:
        raise FileError(f"{plain(path)}: schema version {plain(version)} is newer than this package knows ({SCHEMA}); update it")
    commit = _item(file, "commit")
    if not isinstance(commit, h5py.Dataset) or commit.ndim != 1 or commit.dtype.kind not in "iu":
        raise FileError(f"{plain(path)}: damaged: its commit words are none")


def _item(group, name):
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


def _chosen(columns, names):
    """The columns a caller asked for; words and what the reader adds (`done`, NAME_code) go by the names they have there."""
    if isinstance(columns, str):
        raise TypeError(f"columns are given as a list of names: [{columns!r}]")
    plain = [name if name in names else str(name).removesuffix("_code") for name in columns]
    return set(names_of(plain, [*names, "committed", "done"], "column"))


def _is_scale(dataset, name):
    """The dimension scales carry no result."""
    return dataset.ndim == 0 or name in ("point", "rep", "draw")


def _identifies(file, name):
    """Whether a column identifies a slot's point: the file's attribute `coordinates` lists the parameters."""
    return name in COORDINATES or name in str(_text(file.attrs.get("coordinates", ""))).split()


def _variable(dataset, slots):
    """One dataset as an xarray.Variable; the names of its dimension scales are its dimensions."""
    dims = []
    if dataset.dtype.kind not in "fiu":
        raise ValueError(f"{dataset.name[1:]} has no numbers")
    for axis, length in enumerate(dataset.shape):
        scales = dataset.dims[axis]
        name = scales[0].name.rsplit("/", 1)[-1] if len(scales) else ""
        dims.append(name or ("point" if axis == 0 and length == slots else f"{dataset.name[1:]}_{axis}"))
    attributes = _attributes(dataset)
    attributes.pop("_FillValue", None)
    return xr.Variable(dims, _values(dataset), attributes)


def _values(dataset):
    """Its numbers; of a column of many slots without storage, which are all its fill value, only one is there."""
    if dataset.ndim != 1 or len(dataset) < LARGE or dataset.id.get_storage_size():
        return compact(dataset[...])
    return np.broadcast_to(dataset[:1][0], dataset.shape)


def compact(values):
    """The same values; of a column of many slots that all hold one value, as most do in most studies, only one stays in memory
    (such an array is read-only)."""
    if values.ndim != 1 or len(values) < LARGE:
        return values
    bits = values.view(f"u{values.itemsize}")
    if any((part != bits[0]).any() for part in (bits[:64], bits[-64:], bits)):  # most of those that differ do so at once
        return values
    return np.broadcast_to(values[0], values.shape)


def column(ds, name) -> np.ndarray:
    """A column for a DataFrame: nothing is copied, and of words each is there once, however many points have it."""
    values = ds[name].values
    if values.dtype.kind != "U":
        view = values[:]
        view.flags.writeable = False
        return view
    if values.size and values.strides == (0,):  # as in `compact`
        return np.broadcast_to(np.array([str(values[0])], dtype=object), values.shape)
    codes, words = pd.factorize(values.astype(object))
    return np.asarray(words, dtype=object)[codes]


def _masked(variable, committed):
    """NaN or 0 in slots that are not committed."""
    if variable.dims[:1] != ("point",) or committed.all():
        return variable
    values, blank = variable.values, np.nan if variable.dtype.kind == "f" else 0
    if values.strides == (0,) and (np.isnan(values[0]) if blank else values[0] == 0):  # NaN is true
        return variable
    values = values.copy()
    values[~committed] = blank
    return xr.Variable(variable.dims, values, variable.attrs)


def _decoded(dataset):
    """Words in place of codes (CF flag_values, flag_meanings); the codes move to NAME_code."""
    words = {}
    for name, variable in dataset.data_vars.items():
        if "flag_meanings" not in variable.attrs:
            continue
        meanings = np.array(str(variable.attrs["flag_meanings"]).split() + ["?"])
        index = np.full(256, len(meanings) - 1)
        index[np.asarray(variable.attrs["flag_values"], dtype=np.uint8)] = np.arange(len(meanings) - 1)
        attributes = {key: value for key, value in variable.attrs.items() if not key.startswith("flag_")}
        code = variable.values
        one = code.size > 0 and code.strides == (0,)  # as in `compact`
        found = np.broadcast_to(meanings[index[code[0]]], code.shape) if one else meanings[index[code]]
        words[name] = xr.Variable(variable.dims, found, attributes)
    codes = dataset.rename({name: f"{name}_code" for name in words})
    return codes.assign_coords(words)


# ---- attributes, texts, small tables ------------------------------------------------------------------------------


def _text(value):
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").rstrip("\0")
    return value


def _attributes(thing):
    result = {}
    for name in thing.attrs:
        if name not in _HDF5_ONLY:
            value = thing.attrs[name]
            if isinstance(value, np.ndarray) and value.size == 1 and not name.startswith("flag_"):
                value = value.reshape(-1)[0]
            result[name] = value.item() if isinstance(value, np.generic) and value.dtype.kind in "fiu" else _text(value)
    return result


def _texts(file):
    """Texts of /provenance that are short enough to travel as attributes of the dataset."""
    texts = _walk(_item(file, "provenance"))[0] if "provenance" in file else {}
    return {f"provenance_{name}": text for name, text in texts.items()}


def _walk(group, deep=0):
    """({name: text} of the scalar strings, [DataFrame of equally long columns] per group) below `group`."""
    texts, tables, columns = {}, [], {}
    if deep > _DEEPEST:
        raise ValueError("groups in each other without end")
    for name, item in ((name, _item(group, name)) for name in group):
        if isinstance(item, h5py.Group):
            inner_texts, inner_tables = _walk(item, deep + 1)
            texts.update(inner_texts)
            tables.extend(inner_tables)
        elif item.ndim == 0:
            texts[name] = str(_text(item[()]))
        elif item.attrs.get("CLASS", b"") != b"DIMENSION_SCALE" or item.dtype.kind in "SO":
            columns[name] = _strings(item[...])
    for length in sorted({len(column) for column in columns.values()}):
        tables.append(pd.DataFrame({name: column for name, column in columns.items() if len(column) == length}))
    return texts, tables


def _strings(values):
    """Strings of any HDF5 kind (fixed, variable, rows of characters) as str; numbers as they are."""
    if values.dtype.kind == "S" and values.dtype.itemsize == 1 and values.ndim == 2:
        values = np.array([row.tobytes() for row in values], dtype=object)
    if values.dtype.kind in "SO":
        return [str(_text(bytes(value) if isinstance(value, np.bytes_) else value)) for value in values]
    return list(values) if values.ndim > 1 else values


def _json(text):
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
