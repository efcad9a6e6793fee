"""Commit words: which slots of a file are complete.

A writer stores the columns of a slot and then its commit word, a checksum over them. With h(x) the finaliser of
SplitMix64 (Steele, Lea, Flood 2014) and all arithmetic modulo 2^64,

    commit = h( sum over columns of h( salt(name) ^ h(word + G) ) ),   0 replaced by 1,   G = 0x9e3779b97f4a7c15,

where word is the stored value, zero-extended to 64 bits. Blank values (NaN in floats, 0 in integers) and the columns
commit and launch do not enter, nor the one value that a younger column's attribute `commit_default` names, so a column
that a file lacks changes no word.

Since version 2 (the file's attribute `commit_version`) two columns carry into the word what lies outside of the columns:

    launch_checksum   of the row of /provenance/launches: h(h ^ byte) over the bytes of its texts, one after the other, from
                      h = h(G) on, where a text continues from the number of the one before plus G;
    content_checksum  sum over the numbers x that are kept of the slot in line L (0 special_mass, 1 log2_den, 2 output of
                      /rows, 3 time_s), x being number p of its line, NaN left out: h( x ^ (h(L + 1) + p G) ).

A slot without a launch_checksum is of an older file and has neither.
"""
from __future__ import annotations

import numpy as np

from .kinds import Array

GOLDEN = 0x9E3779B97F4A7C15
_EXCEPT = ("commit", "launch", "point")


def mix(x: Array | int) -> Array:
    """SplitMix64's finaliser of an array of uint64."""
    x = np.atleast_1d(np.asarray(x, np.uint64))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def salt(name: str) -> Array:
    """The number that represents a column's name."""
    h = mix(np.uint64(GOLDEN))
    for byte in name.encode():
        h = mix(h ^ np.uint64(byte))
    return h


LAUNCH_TEXTS = ("started", "hosts", "version", "mpi", "hdf5", "cpu", "blas", "blas_kernel")


def launch_checksums(texts: dict[str, Array]) -> np.ndarray:
    """Of launches whose texts are given as bytes: {name of LAUNCH_TEXTS: array of bytes strings}."""
    h = np.zeros(len(texts["started"]), np.uint64)
    for name in LAUNCH_TEXTS:
        h = mix(h + np.uint64(GOLDEN))
        words = np.asarray(texts[name], dtype="S")
        length = np.char.str_len(words)
        for at in range(int(length.max(initial=0))):
            more = length > at
            bytes_ = np.frombuffer(b"".join(word[at:at + 1] for word in words[more].tolist()), np.uint8)
            h[more] = mix(h[more] ^ bytes_.astype(np.uint64))
    return np.where(h == 0, np.uint64(1), h)


def content_sum(line: int, values: np.ndarray) -> np.uint64:
    """The share that the numbers of one line of a slot have in its content_checksum."""
    values = np.ascontiguousarray(values, "<f8").ravel()
    place = mix(np.uint64(line + 1)) + np.arange(values.size, dtype=np.uint64) * np.uint64(GOLDEN)
    return np.sum(mix(values.view("<u8") ^ place)[~np.isnan(values)], dtype=np.uint64)


def _enters(values: Array, default: Array | float | None) -> Array:
    filled = ~np.isnan(values) if values.dtype.kind == "f" else values != 0
    return filled if default is None else filled & (values != default)


def _terms(name: str, values: Array) -> Array:
    word = values.astype({"f": "<f8", "i": "<i8"}.get(values.dtype.kind, "<u8")).view("<u8")
    return mix(salt(name) ^ mix(word + np.uint64(GOLDEN)))


class Checksum:
    """Sums up columns one at a time: ``add`` each, then ``words()`` are the commit words the slots should have."""

    def __init__(self, slots: int) -> None:
        self._sum = np.zeros(slots, np.uint64)

    def add(self, name: str, values: np.ndarray, default: Array | float | None = None) -> None:
        """default: the value that does not enter, as the column's attribute `commit_default` has it; None, NaN: none."""
        if name in _EXCEPT:
            return
        if values.size and values.strides == (0,):  # one value for all, see `read.compact`: one term for all
            values = values[:1].copy()
            if _enters(values, default)[0]:
                self._sum += _terms(name, values)
            return
        enters = _enters(values, default)
        self._sum[enters] += _terms(name, values[enters])

    def words(self) -> np.ndarray:
        total = mix(self._sum)
        return np.where(total == 0, np.uint64(1), total)
