"""Files of named arrays, .safetensors: 8 bytes length of a header, the header (JSON), the numbers, little-endian.

The header has, for each name, the type of its numbers, its shape and its place behind the header, and texts by name under
`__metadata__`. Written here so that nothing else has to be installed.
"""
from __future__ import annotations

import json
import os
import pathlib
import struct
from typing import Any

import numpy as np

from .foreign import FileError, check_file, plain, reading
from .kinds import Array

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}
_WORDS = {np.dtype(kind): word for word, kind in _TYPES.items()}
_HEADER_MOST = 100_000_000


def write(path: str | os.PathLike[str], arrays: dict[str, Array], metadata: dict[str, str] | None = None) -> pathlib.Path:
    """Writes {name: array} and texts by name; the file is there as a whole, or as it was."""
    path = pathlib.Path(path)
    header: dict[str, Any] = {"__metadata__": {name: str(text) for name, text in (metadata or {}).items()}}
    at, arrays = 0, dict(arrays)
    for name, array in arrays.items():
        arrays[name] = array = np.asarray(array)
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        if array.dtype not in _WORDS:
            raise TypeError(f"{name} has numbers of type {array.dtype}; there are: {', '.join(map(str, _WORDS))}")
        arrays[name] = np.ascontiguousarray(array).reshape(array.shape)
        header[name] = {"dtype": _WORDS[array.dtype], "shape": list(array.shape), "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for array in arrays.values():
                file.write(array.data if array.size else b"")
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return path


def read(path: pathlib.Path, names: list[str] | None = None) -> tuple[Any, ...]:
    """({name: array}, {name: text}) of a file, arrays as they are stored, BF16 as single precision; names: those that are wanted.
    Raises FileError."""
    path, size = pathlib.Path(path), check_file(path).st_size
    with reading(path), path.open("rb") as file:
        length = struct.unpack("<Q", file.read(8))[0]
        if length > min(size - 8, _HEADER_MOST):
            raise ValueError(f"its header would have {length} bytes")
        header = json.loads(file.read(length))
        texts = header.pop("__metadata__", {})
        wanted = header if names is None else names
        missing = [name for name in wanted if name not in header]
        if missing:
            raise FileError(f"{plain(path)}: has no array {plain(missing[0])!r}")
        return {name: _array(file, 8 + length, size, header[name]) for name in wanted}, texts


def _array(file: Any, base: int, size: int, entry: Any) -> Array:
    """One array, if its place is inside the file and as long as its shape."""
    half = entry["dtype"] == "BF16"
    kind, shape = np.dtype("<u2" if half else _TYPES[entry["dtype"]]), tuple(int(length) for length in entry["shape"])
    first, last = entry["data_offsets"]
    count = int(np.prod(shape, dtype=object)) if shape else 1
    if not 0 <= first <= last <= size - base or min(shape, default=0) < 0 or last - first != count * kind.itemsize:
        raise ValueError("an array is not where its header says")
    file.seek(base + first)
    values = np.frombuffer(file.read(last - first), kind).reshape(shape)
    return (values.astype("<u4") << 16).view("<f4") if half else values
