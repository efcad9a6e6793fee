"""What attention gave each query row of a point, from files whose study has `output: {keep: [rows]}`."""
from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from .checks import index_of, path_of
from .commits import Checksum, content_sum
from .foreign import plain, reading
from .hdf import attributes_of, item_of, opened
from .kinds import Array

_DONE = 2  # code of the column `status`
_DISTINCT = 1  # code of the column `queries`
_PARTS = {"output": ("set", "row", "feature"), "special_mass": ("set", "row"), "log2_den": ("set", "row")}


def rows(path: Any, point: int) -> xr.Dataset:
    """Results of every query row of one point, from files whose study has ``output: {keep: [rows]}``.

    `set` is 0 for D_0 and 1 for D_1 (0 alone where there is one data set), `row` counts the query tokens and `feature` the
    columns of the values, all from 0. `special_mass` is NaN without a special token; `log2_den` is -inf where the
    denominator is 0, NaN where it is negative. Of a sketch the rows are those of draw 0.

    Of a point with ``queries: distinct`` there is one row for all queries that are equal: the coordinate `token` says of which token
    it was made, `times` for how many tokens it stands, so that ``rows.weighted(rows.times)`` is over all queries.

    Parameters
    ----------
    path : path
        A result file.
    point : int
        Number of the slot, as in the dimension `point` of `open`.

    Returns
    -------
    Dataset
        Variables output(set, row, feature), special_mass(set, row), log2_den(set, row).

    Raises
    ------
    KeyError
        Where the file keeps no rows.
    IndexError
        For a slot that it does not have.
    ValueError
        For a point that is not done or has no rows.
    FileError
        As `open` does.

    Examples
    --------
    >>> dict(polysweep.rows(kept, 0).sizes)
    {'set': 2, 'row': 64, 'feature': 10}
    """
    path, point = path_of(path, "rows"), index_of(point, "point")
    with opened(path) as file:
        with reading(path):
            keeps, slots = "rows" in file, item_of(file, "commit").shape[0]
        if not keeps:
            raise KeyError(f"{plain(path)}: keeps no rows; its study would have to say `output: {{keep: [rows]}}`")
        if not 0 <= point < slots:
            raise IndexError(f"{plain(path)}: there is no point {point}; it has {slots}, counted from 0")
        with reading(path):
            done, group = _is_done(file, point, slots), item_of(file, "rows")
            index = {name: int(item_of(group, name)[point]) for name in ("first_row", "first_value", "sets", "queries")}
        if not done:
            raise ValueError(f"{plain(path)}: point {point} is not done; the column `status` of polysweep.open says why")
        if index["sets"] * index["queries"] == 0:
            raise ValueError(f"{plain(path)}: point {point} has no rows: its method computes no attention")
        with reading(path):
            found = _dataset(group, index, int(item_of(file, "v")[point])).assign_coords(point=point)
            _check_content(file, point, found)
            if "queries" in file and file["queries"][point] == _DISTINCT:
                shape = {name: int(item_of(file, name)[point]) for name in ("n", "d", "j3")}
                found = found.assign_coords(_tokens(**shape, rows=found.sizes["row"]))
        return found


def _tokens(n: int, d: int, j3: int, rows: int) -> dict[str, tuple[str, Array, dict[str, str]]]:
    """What the rows of distinct queries stand for: neighbouring tokens, j3 the last of them, or the first if it stands before so
    many. One of each class, and j3 apart from its class; where there is one token a class all of them."""
    if min(n, d - 2) < 1 or n % (d - 2) or not 0 <= j3 < n or rows != (n if n == d - 2 else d - 1):
        raise ValueError("its queries cannot be the distinct ones of its data")
    first = 0 if rows == n else j3 - (rows - 1) if j3 >= rows - 1 else j3
    token = first + np.arange(rows)
    of_class = n // (d - 2) - (token % (d - 2) == j3 % (d - 2))
    return {"token": ("row", token, {"long_name": "token that the row was made of"}),
            "times": ("row", np.where(token == j3, 1, of_class), {"long_name": "tokens that have this row"})}


def _is_done(file: Any, point: int, slots: int) -> bool:
    commit, checksum = file["commit"][point], Checksum(1)
    for name in file:
        if getattr(item_of(file, name), "shape", None) == (slots,):
            checksum.add(name, file[name][point:point + 1], file[name].attrs.get("commit_default"))
    return commit == checksum.words()[0] and file["status"][point] == _DONE


def _check_content(file: Any, point: int, found: xr.Dataset) -> None:
    """Are these the numbers that were kept? Samples of times of the same slot are covered together with its rows."""
    if "launch_checksum" not in file or file["launch_checksum"][point] == 0:
        return
    kept = [found["special_mass"].values, found["log2_den"].values, found["output"].values]
    if "time_s" in file:
        kept.append(file["time_s"][point])
    total = np.sum([content_sum(line, values) for line, values in enumerate(kept)], dtype=np.uint64)
    if total != file["content_checksum"][point]:
        raise ValueError(f"the rows of point {point} are not those that were written; running the study again on this file "
                         f"computes the point again")


def _dataset(group: Any, index: dict[str, int], width: int) -> xr.Dataset:
    shape = (index["sets"], index["queries"], width)
    if min(index.values()) < 0 or width < 0:
        raise ValueError("rows cannot begin or be as the file says")
    variables = {}
    for name, dims in _PARTS.items():
        size = shape[:len(dims)]
        first = index["first_value" if name == "output" else "first_row"]
        attributes = {key: value for key, value in attributes_of(group[name]).items() if key != "_FillValue"}
        variables[name] = (dims, item_of(group, name)[first:first + math.prod(size)].reshape(size), attributes)
    return xr.Dataset(variables, coords={
        "set": ("set", np.arange(shape[0]), {"long_name": "data set: 0 is D_0, 1 is D_1"}),
        "row": ("row", np.arange(shape[1]), {"long_name": "query token, from 0"})})
