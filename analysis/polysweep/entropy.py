"""Attention heads from a file, and how spread out their attention is."""
from __future__ import annotations

import json
import pathlib

import numpy as np

MOST_ROWS = 256


def read_heads(path) -> tuple[np.ndarray, np.ndarray]:
    """(q, k) as float arrays [heads, n, d] from a directory with q.npy and k.npy, a .safetensors file or an HDF5 file
    with arrays q and k (or names that end in .q, /q or _q); [n, d] is one head. ValueError if they do not fit."""
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file")
    arrays = [np.asarray(array, float) for array in _pair(path)]
    arrays = [array[None] if array.ndim == 2 else array for array in arrays]
    if arrays[0].shape != arrays[1].shape or arrays[0].ndim != 3:
        raise ValueError(f"{path}: q is {arrays[0].shape} and k {arrays[1].shape}; both must be [heads, n, d]")
    return arrays[0], arrays[1]


def _pair(path):
    if path.is_dir():
        return [np.load(path / f"{letter}.npy") for letter in "qk"]
    if path.suffix == ".safetensors":
        return _named(_safetensors(path), path)
    if path.suffix in (".h5", ".hdf5"):
        import h5py

        found = {}
        with h5py.File(path, "r") as file:
            file.visititems(lambda name, item: found.update({name: item[...]}) if isinstance(item, h5py.Dataset) else None)
        return _named(found, path)
    raise ValueError(f"{path}: heads are read from a directory with q.npy and k.npy, NAME.safetensors or NAME.h5")


def _safetensors(path):
    """Tensors of a .safetensors file: the length of a JSON header, the header, the numbers."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        numbers, found = file.read(), {}
    header.pop("__metadata__", None)
    for name, about in header.items():
        kind = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}.get(about["dtype"])
        if kind:
            array = np.frombuffer(numbers[slice(*about["data_offsets"])], kind).reshape(about["shape"])
            found[name] = (array.astype("<u4") << 16).view("<f4") if about["dtype"] == "BF16" else array
    return found


def _named(found, path):
    pair = []
    for letter in "qk":
        names = [name for name in found if name == letter or name.endswith((f".{letter}", f"/{letter}", f"_{letter}"))]
        if len(names) != 1:
            raise ValueError(f"{path}: {len(names)} arrays are named {letter} (it has {', '.join(sorted(found)[:8])})")
        pair.append(found[names[0]])
    return pair


def entropy(q, k, beta, mask="full", row_norm="none", negative="refuse", rows=MOST_ROWS) -> float:
    """Mean Shannon entropy, in nats, of the exact attention of one head: weights <q,k>^beta over the keys that each of
    `rows` evenly spread queries sees; beta NaN: softmax. Evaluated in logarithms, so no degree overflows.

    Negative scores of a degree that is no even number count as they do in the program for negative = abs; where that
    setting is another, NaN: such weights are no distribution. A row whose weights are all 0 counts as entropy 0.
    """
    q, k = (_normed(np.asarray(x, float), row_norm) for x in (q, k))
    chosen = np.unique(np.linspace(0, len(q) - 1, min(rows, len(q))).round().astype(int))
    z = q[chosen] @ k.T
    if beta != beta:
        log = z
    else:
        if beta % 2 and negative != "abs" and (z < 0).any():
            return float("nan")
        with np.errstate(divide="ignore"):
            log = beta * np.log(np.abs(z))
    if mask == "causal":
        log = np.where(np.arange(len(k)) <= chosen[:, None], log, -np.inf)
    top = log.max(axis=1, keepdims=True)
    weights = np.exp(log - np.where(np.isfinite(top), top, 0.0))
    total = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    return float(-(share * np.log(np.where(share > 0, share, 1.0))).sum(axis=1).mean())


def _normed(x, row_norm):
    """Rows as the program takes them: unit length; mean 0 and variance 1 (epsilon 1e-5); or both sides by d^(1/4), so that
    scores are divided by the root of d."""
    if row_norm == "unit":
        length = np.linalg.norm(x, axis=1, keepdims=True)
        return np.divide(x, length, out=np.zeros_like(x), where=length > 0)
    if row_norm == "layernorm":
        return (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return x / x.shape[1] ** 0.25 if row_norm == "sqrt_d" else x
