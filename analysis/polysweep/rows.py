"""What attention gave each query row of a point, from files whose study has `output: {keep: [rows]}`."""
from __future__ import annotations

import numpy as np
import xarray as xr

from .checks import index_of, path_of
from .commits import Checksum, content_sum
from .read import _attributes, _check, _file

_DONE = 2  # code of the column `status`
_PARTS = {"output": ("set", "row", "feature"), "special_mass": ("set", "row"), "log2_den": ("set", "row")}


def rows(path, point: int) -> xr.Dataset:
    """Results of every query row of one point: variables output(set, row, feature), special_mass(set, row), log2_den(set, row).

    path: of a result file. point: number of the slot, as in the dimension `point` of `polysweep.open`.

    `set` is 0 for D_0 and 1 for D_1 (0 alone where there is one data set), `row` counts the query tokens and `feature` the
    columns of the values, all from 0. `special_mass` is NaN without a special token; `log2_den` is -inf where the
    denominator is 0, NaN where it is negative. Of a sketch the rows are those of draw 0.

    Raises KeyError where the file keeps no rows, IndexError for a slot that it does not have, ValueError for a point that
    is not done or has no rows.
    """
    path, point = path_of(path, "rows"), index_of(point, "point")
    with _file(path) as file:
        _check(file, path)
        if "rows" not in file:
            raise KeyError(f"{path}: keeps no rows; its study would have to say `output: {{keep: [rows]}}`")
        _check_point(file, path, point)
        index = {name: int(file["rows"][name][point])
                 for name in ("first_row", "first_value", "sets", "queries")}
        if index["sets"] * index["queries"] == 0:
            raise ValueError(f"{path}: point {point} has no rows: its method computes no attention")
        found = _dataset(file["rows"], index, int(file["v"][point])).assign_coords(point=point)
        _check_content(file, path, point, found)
        return found


def _check_point(file, path, point):
    slots = file["commit"].shape[0]
    if not 0 <= point < slots:
        raise IndexError(f"{path}: there is no point {point}; it has {slots}, counted from 0")
    commit, checksum = file["commit"][point], Checksum(1)
    for name in file:
        if getattr(file[name], "shape", None) == (slots,):
            checksum.add(name, file[name][point:point + 1], file[name].attrs.get("commit_default"))
    if commit != checksum.words()[0] or file["status"][point] != _DONE:
        raise ValueError(f"{path}: point {point} is not done; the column `status` of polysweep.open says why")


def _check_content(file, path, point, found):
    """Are these the numbers that were kept? Samples of times of the same slot are covered together with its rows."""
    if "launch_checksum" not in file or file["launch_checksum"][point] == 0:
        return
    kept = [found["special_mass"].values, found["log2_den"].values, found["output"].values]
    if "time_s" in file:
        kept.append(file["time_s"][point])
    total = np.sum([content_sum(line, values) for line, values in enumerate(kept)], dtype=np.uint64)
    if total != file["content_checksum"][point]:
        raise ValueError(f"{path}: the rows of point {point} are not those that were written; run the study again on this file, "
                         f"which computes the point again")


def _dataset(group, index, width):
    shape = (index["sets"], index["queries"], width)
    variables = {}
    for name, dims in _PARTS.items():
        size = shape[:len(dims)]
        first = index["first_value" if name == "output" else "first_row"]
        attributes = {key: value for key, value in _attributes(group[name]).items() if key != "_FillValue"}
        variables[name] = (dims, group[name][first:first + int(np.prod(size))].reshape(size), attributes)
    return xr.Dataset(variables, coords={
        "set": ("set", np.arange(shape[0]), {"long_name": "data set: 0 is D_0, 1 is D_1"}),
        "row": ("row", np.arange(shape[1]), {"long_name": "query token, from 0"})})
