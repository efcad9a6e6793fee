"""Compares the columns of result files that are marked bitwise: bits.py REFERENCE.h5 FILE.h5...

With --committed, only slots whose status is done in FILE are compared (a run that was cut)."""

import sys

import h5py
import numpy as np

DONE = 2


def columns(path):
    with h5py.File(path) as file:
        return {name: (item[()], item.attrs.get("reproducibility", b"none"))
                for name, item in file.items() if isinstance(item, h5py.Dataset)}


def is_bitwise(word):
    return (word.decode() if isinstance(word, bytes) else str(word)) == "bitwise"


def differences(reference, other, committed):
    same_shape = reference.keys() == other.keys()
    if not same_shape:
        yield f"other columns: {sorted(reference.keys() ^ other.keys())}"
        return
    rows = other["status"][0] == DONE if committed else slice(None)
    for name, (values, word) in reference.items():
        if is_bitwise(word) and values[rows].tobytes() != other[name][0][rows].tobytes():
            differing = np.flatnonzero(np.array([a.tobytes() != b.tobytes() for a, b in zip(values, other[name][0])]))
            yield f"{name} differs, first at slot {differing[0]}: {values[differing[0]]} and {other[name][0][differing[0]]}"


def main():
    committed = "--committed" in sys.argv
    first, *others = [name for name in sys.argv[1:] if not name.startswith("--")]
    reference = columns(first)
    bitwise = [name for name, (_, word) in reference.items() if is_bitwise(word)]
    complaints = [] if {"successes", "special_mass_d1", "value_d1"} <= set(bitwise) else ["no science column is bitwise"]
    for path in others:
        complaints += [f"{path}: {line}" for line in differences(reference, columns(path), committed)]
    print("\n".join(complaints) or f"{len(bitwise)} columns bit for bit in {len(others)} files")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
