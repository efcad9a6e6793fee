"""Files of attention heads: queries, keys and values of a model while it reads something, for studies of `data: {kind: file}`."""
from __future__ import annotations

import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import safetensors
from .checks import index_of
from .kinds import Array

Layers = Array | Mapping[int, Array]  #: an array, or one of each layer


@dataclass(frozen=True)
class Heads:
    """A file of heads. `data` is what a study says of it; its lengths and widths the program takes from the file."""

    path: pathlib.Path
    source: str  #: which model and text
    scale: float  #: what the model multiplies scores by
    layers: tuple[int, ...]
    batch: int
    heads: int
    kv_heads: int
    n: int
    n_k: int
    d: int
    v: int
    padded: bool = False  #: sequences of the batch have lengths of their own

    @property
    def data(self) -> dict[str, Any]:
        """The key `data` of a study of all heads."""
        data = {"kind": "file", "path": str(self.path), "layers": list(self.layers), "heads": list(range(self.heads))}
        data.update({"batches": list(range(self.batch))} if self.batch > 1 else {})
        return {**data, "padding": "lengths"} if self.padded else data


def capture(model: Any, inputs: Any, file: str | os.PathLike[str] = "heads.safetensors",
            layers: int | Iterable[int] | None = None, *, source: str | None = None, projections: Sequence[str] | None = None,
            heads: int | None = None) -> Heads:
    """Writes queries, keys and values of a model's attention heads, as it reads `inputs`, into a file.

    Rows are those that meet in the scores: after rotary positions and norms, wherever the model calls torch's
    scaled_dot_product_attention; a model of transformers is told to for as long as this takes.

    Parameters
    ----------
    model : torch.nn.Module or path
        Of transformers or any other; or, without torch, the directory of a BERT with config.json, vocab.txt and
        model.safetensors, which numpy then computes.
    inputs : mapping, tuple, tensor, str or list of str
        What the module is called with: a mapping of names (as tokenizers return), a tuple, or one tensor; with a directory a text
        or a list of texts, each cut to as many tokens as the model has places for. Where a mapping has `attention_mask`,
        padding is left out.
    file : path
        A .safetensors file.
    layers : int or iterable of int, optional
        Numbers of layers, in the order in which they attend; all by default.
    source : str, optional
        Which model and text, for whoever reads the file; by default what is known of both.
    projections : sequence of str, optional
        Names of the modules that make queries, keys and values, ("q_proj", "k_proj", "v_proj"), or of the one that makes
        all. Needed, like `heads`, only where attention is neither by torch's own function nor by names that are known.
    heads : int, optional
        Number of heads.

    Returns
    -------
    Heads
        What was written, and ``study()``, a study of it to start from.

    Raises
    ------
    ValueError
        Where nothing attends.

    Examples
    --------
    >>> polysweep.capture("all-MiniLM-L6-v2", "The quick brown fox.")  # doctest: +SKIP
    """
    if isinstance(model, (str, pathlib.Path)) or hasattr(model, "__fspath__"):
        found, scale, lengths, told = _of_directory(model, inputs)
    else:
        found, scale, lengths, told = _of_module(model, inputs, projections, heads)
    chosen = range(len(found)) if layers is None else [layers] if isinstance(layers, int) else layers
    chosen = [_layer(number, len(found)) for number in chosen]
    q, k, v = ({layer: found[layer][side] for layer in chosen} for side in range(3))
    return capture_arrays(q, k, v, file, scale=scale(chosen), source=told if source is None else source, lengths=lengths)


def capture_arrays(q: Layers, k: Layers, v: Layers, file: str | os.PathLike[str] = "heads.safetensors", *,
                   scale: float | None = None, source: str = "", lengths: Sequence[int] | None = None) -> Heads:
    """Writes queries, keys and values that are arrays into a file, as `capture` does with those of a model.

    The arrays are called q, k, v, or layer.0.q and so on where layers have numbers.

    Parameters
    ----------
    q, k, v : array or mapping
        Of shape [batch, heads, n, width], [heads, n, width] or [n, width], or one such array for each layer, {layer: array}.
        Keys and values may have fewer heads than queries (grouped queries: a divisor) and another length.
    file : path
        A .safetensors file.
    scale : float, optional
        What the model multiplies scores by, 1/sqrt(d) by default.
    source : str
        Where the arrays come from, for whoever reads the file.
    lengths : sequence of int, optional
        For each of the batch, how many of its tokens are none of padding.

    Returns
    -------
    Heads
        What was written, and ``study()``, a study of it to start from.

    Raises
    ------
    ValueError
        For shapes that do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> q, k, v = np.random.default_rng(1).normal(size=(3, 2, 16, 8))
    >>> made = polysweep.capture_arrays(q, k, v, folder / "heads.safetensors")
    >>> made.heads, made.n, made.d
    (2, 16, 8)
    """
    numbered = isinstance(q, Mapping)
    sides = [_by_layer(each) for each in (q, k, v)]
    layers = list(sides[0])
    if not layers or any(list(side) != layers for side in sides):
        raise ValueError("queries, keys and values are of the same layers, at least one")
    shapes = [_shapes(*(side[layer] for side in sides)) for layer in layers]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError(f"layers have different shapes, {shapes[0]} and {next(s for s in shapes if s != shapes[0])}: one file for each")
    (batch, heads, n, d), (_, kv_heads, n_k, _), (*_, width) = shapes[0]
    scale = d ** -0.5 if scale is None else float(scale)
    arrays = {f"{f'layer.{layer}.' if numbered else ''}{letter}": _squeezed(side[layer])
              for layer in layers for letter, side in zip("qkv", sides)}
    if lengths is not None:
        arrays["lengths"] = _lengths(lengths, batch, max(n, n_k))
    path = safetensors.write(file, arrays, {"source": source, "scale": repr(scale), "layers": " ".join(map(str, layers))})
    return Heads(path, str(source), scale, tuple(layers), batch, heads, kv_heads, n, n_k, d, width, lengths is not None)


# ---- from models -----------------------------------------------------------------------------------------------------


def _of_directory(directory: str | os.PathLike[str], texts: Any) -> tuple[Any, ...]:
    """(layers of [q, k, v], scale of chosen layers, lengths, source) of a BERT that numpy computes."""
    from .bert import Bert

    model, texts = Bert(directory), [texts] if isinstance(texts, str) else list(texts)
    if not texts or not all(isinstance(text, str) for text in texts):
        raise TypeError("a directory's model reads a text, or a list of texts")
    each = [model.heads_of(text) for text in texts]
    lengths = [rows[0][0].shape[1] for rows in each]
    layers = [[_joined([rows[layer][side] for rows in each], max(lengths)).astype(np.float32) for side in range(3)]
              for layer in range(model.layers)]
    told = f"{model.name}; {' '.join(texts[0].split())[:60]}... ({', '.join(map(str, lengths))} tokens)"
    return layers, lambda chosen: layers[0][0].shape[-1] ** -0.5, None if len(set(lengths)) == 1 else lengths, told


def _joined(parts: list[Array], n: int) -> Array:
    """Arrays [heads, tokens, width] as one [batch, heads, n, width], short ones filled with zeros."""
    return np.stack([np.pad(part, ((0, 0), (0, n - part.shape[1]), (0, 0))) for part in parts])


def _of_module(model: Any, inputs: Any, projections: Sequence[str] | None, heads: int | None) -> tuple[Any, ...]:
    """The same of a torch module."""
    from .hooks import calls

    if not hasattr(model, "named_modules"):
        raise TypeError(f"capture takes a torch module or the directory of a model, not a {type(model).__name__}; arrays that are there "
                        "already are for capture_arrays")
    found = calls(model, inputs, projections, heads)
    layers, lengths = [[call.q, call.k, call.v] for call in found], None
    mask = inputs.get("attention_mask") if isinstance(inputs, Mapping) else None
    if mask is not None and getattr(mask, "ndim", 0) == 2 and not bool(mask.all()):
        mask = np.asarray(mask.cpu()) != 0
        layers, lengths = [[_valid_first(x, mask) for x in rows] for rows in layers], mask.sum(1)
    name = getattr(getattr(model, "config", None), "_name_or_path", "") or type(model).__name__
    told = f"{name}; {found[0].q.shape[0]} x {found[0].q.shape[2]} tokens"
    return layers, lambda chosen: _one_scale([found[layer].scale for layer in chosen]), lengths, told


def _valid_first(rows: Array, mask: Array) -> Array:
    """Rows of tokens that are none of padding, in their order, before the others, which become zeros."""
    if rows.shape[2] != mask.shape[1]:
        return rows
    order = np.argsort(~mask, axis=1, kind="stable")
    kept = np.take_along_axis(mask, order, axis=1)
    return np.where(kept[:, None, :, None], np.take_along_axis(rows, order[:, None, :, None], axis=2), rows.dtype.type(0))


def _one_scale(scales: list[float]) -> float:
    if max(scales) != min(scales):
        raise ValueError(f"layers scale their scores differently ({min(scales):g} to {max(scales):g}), and a file has one scale: capture "
                         "them one by one, layers=[0]")
    return scales[0]


def _layer(number: int, count: int) -> int:
    number = index_of(number, "a layer")
    if not -count <= number < count:
        raise ValueError(f"there is no layer {number}: the model attends {count} times, counted from 0")
    return number % count


# ---- arrays ----------------------------------------------------------------------------------------------------------


def _by_layer(arrays: Layers) -> dict[int, Array]:
    arrays = arrays if isinstance(arrays, Mapping) else {0: arrays}
    return {index_of(layer, "a layer"): _filled(np.asarray(array)) for layer, array in arrays.items()}


def _filled(array: Array) -> Array:
    """[batch, heads, n, width] of numbers that can be stored."""
    if array.dtype.kind != "f" or not 2 <= array.ndim <= 4 or not array.size:
        raise ValueError(f"rows are floating-point numbers of shape [batch, heads, n, width], [heads, n, width] or [n, width]; here "
                         f"are {array.dtype} of shape {list(array.shape)}")
    if not np.isfinite(array).all():
        raise ValueError("rows have numbers that are not finite")
    return array.reshape((1,) * (4 - array.ndim) + array.shape)


def _shapes(q: Array, k: Array, v: Array) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int], tuple[int, int, int, int]]:
    fits = len(q) == len(k) == len(v) and q.shape[1] % k.shape[1] == 0 and k.shape[:3] == v.shape[:3] and q.shape[3] == k.shape[3]
    if not fits:
        raise ValueError(f"queries {list(q.shape)}, keys {list(k.shape)} and values {list(v.shape)} do not fit: [batch, heads, n, width], "
                         "the same batch; heads, tokens of keys and values alike, a divisor of the heads of queries; "
                         "width of queries and keys alike")
    return q.shape, k.shape, v.shape


def _squeezed(array: Array) -> Array:
    return array[0] if len(array) == 1 else array


def _lengths(lengths: Any, batch: int, n: int) -> Array:
    lengths = np.asarray(lengths, dtype=np.int64)
    if lengths.shape != (batch,) or lengths.min() < 1 or lengths.max() > n:
        raise ValueError(f"lengths are {batch} numbers from 1 to {n}, one for each of the batch")
    return lengths
