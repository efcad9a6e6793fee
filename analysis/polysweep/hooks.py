"""The rows that the attention of a torch module reads, seen while the module runs.

First by a mode of torch that every call of scaled_dot_product_attention and of multi_head_attention_forward passes: queries and
keys as they meet, after rotary positions and norms. Where a module multiplies its scores by itself, by hooks on its projections.
"""
from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .kinds import Array

if TYPE_CHECKING:
    import torch

#: names of projections to queries, keys and values; one name: all in one, behind each other
PROJECTIONS = (("q_proj", "k_proj", "v_proj"), ("query", "key", "value"), ("to_q", "to_k", "to_v"), ("wq", "wk", "wv"),
               ("q_lin", "k_lin", "v_lin"), ("query_proj", "key_proj", "value_proj"), ("q", "k", "v"), ("c_attn",), ("qkv",),
               ("qkv_proj",), ("Wqkv",), ("to_qkv",), ("in_proj",))
_COUNTS = ("num_heads", "num_attention_heads", "n_heads", "n_head", "heads", "nheads")  # of heads, on a module or its config
_WIDTHS = ("head_dim", "attention_head_size", "d_head", "head_size", "dim_head")
_SCALES = ("scaling", "scale", "softmax_scale")


@dataclass
class Call:
    """One attention: arrays of shape [batch, heads, tokens, width], `scale` what scores are multiplied by."""

    name: str
    q: np.ndarray
    k: np.ndarray
    v: np.ndarray
    scale: float
    biased: bool = False  #: something is added to scores that is no mask


def calls(model: torch.nn.Module, inputs: Any, projections: str | Sequence[str] | None = None, heads: int | None = None) -> list[Call]:
    """The attentions of one forward pass, in their order. Nothing of the module is different afterwards."""
    import torch

    hooked = _Hooked(model, projections, heads)
    with torch.no_grad(), _quiet(model), hooked, _mode(torch) as seen:
        _forward(model, inputs)
    found = seen.found if projections is None and seen.found else hooked.found
    if not found:
        raise ValueError("no attention was seen: the model called neither scaled_dot_product_attention nor "
                         "multi_head_attention_forward, and no module has projections of a known name; name them, "
                         'projections=("q_proj", "k_proj", "v_proj"), with heads=NUMBER where the module does not say')
    if found is hooked.found and hooked.rotary:
        warnings.warn(f"rows are those of projections, before the rotary positions of {hooked.rotary}: give the study data.rope, or "
                      "load the model so that it calls scaled_dot_product_attention", stacklevel=3)
    if any(each.biased for each in found):
        warnings.warn("the model adds a bias to its scores (relative positions): the file has rows alone, and scores without it",
                      stacklevel=3)
    return found


def _forward(model: torch.nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs) if isinstance(inputs, (list, tuple)) else model(inputs)


@contextlib.contextmanager
def _quiet(model: torch.nn.Module) -> Iterator[None]:
    """Without dropout, and where the model can, with attention by scaled_dot_product_attention."""
    training = [module for module in model.modules() if module.training]
    before = getattr(getattr(model, "config", None), "_attn_implementation", None)
    other = before not in (None, "sdpa") and hasattr(model, "set_attn_implementation")
    if other:
        with contextlib.suppress(Exception):  # a model that has no other way
            model.set_attn_implementation("sdpa")
    model.eval()
    try:
        yield
    finally:
        if other:
            model.set_attn_implementation(before)
        for module in training:
            module.training = True


# ---- functions of torch that attend ----------------------------------------------------------------------------------


def _mode(torch: Any) -> Any:
    from torch.nn import functional as F
    from torch.overrides import TorchFunctionMode

    attends: dict[Any, Callable[..., Call]] = {F.scaled_dot_product_attention: _of_product, F.multi_head_attention_forward: _of_multi_head}

    class Seen(TorchFunctionMode):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[Call] = []

        def __torch_function__(self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
            if function in attends:
                self.found.append(attends[function](f"attention {len(self.found)}", *args, **(kwargs or {})))
            return function(*args, **(kwargs or {}))

    return Seen()


def _of_product(name: str, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attn_mask: torch.Tensor | None = None,
                dropout_p: float = 0.0, is_causal: bool = False, scale: float | None = None, **_: Any) -> Call:
    q, k, v = (_four(_array(x)) for x in (query, key, value))
    return _call(name, q, k, v, scale, attn_mask)


def _of_multi_head(name: str, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, width: int, heads: int, weight: torch.Tensor,
                   bias: torch.Tensor | None, *args: Any, **named: Any) -> Call:
    """Of torch.nn.MultiheadAttention: rows are [tokens, batch, width] or [tokens, width], weights in one matrix or in three."""
    from torch.nn import functional as F

    parts = [named.get(f"{letter}_proj_weight") for letter in "qkv"]
    parts = weight.chunk(3) if not named.get("use_separate_proj_weight") else parts
    shifts = [None] * 3 if bias is None else bias.chunk(3)
    rows = [F.linear(x, w, b) for x, w, b in zip((query, key, value), parts, shifts)]
    rows = [x if x.ndim == 3 else x[:, None] for x in rows]
    q, k, v = (_array(x.reshape(len(x), x.shape[1], heads, -1).permute(1, 2, 0, 3)) for x in rows)
    return _call(name, q, k, v, None, named.get("attn_mask"))


def _call(name: str, q: Array, k: Array, v: Array, scale: float | None, mask: torch.Tensor | None) -> Call:
    k, v = _distinct(q.shape[1], k, v)
    scale = q.shape[-1] ** -0.5 if scale is None else float(scale)
    added = mask is not None and mask.is_floating_point() and bool(((mask != 0) & (mask > -1e4)).any())
    return Call(name, q, k, v, scale, added)


def _distinct(heads: int, k: Array, v: Array) -> Sequence[Array]:
    """Keys and values that a module repeated for the query heads of a group, once."""
    if k.shape[1] != heads:
        return k, v
    for group in (g for g in range(heads, 1, -1) if heads % g == 0):
        once = [x[:, ::group] for x in (k, v)]
        if all(np.array_equal(np.repeat(a, group, axis=1), x) for a, x in zip(once, (k, v))):
            return once
    return k, v


def _four(x: Array) -> Array:
    if x.ndim not in (3, 4):
        raise ValueError(f"rows of attention are [batch, heads, tokens, width] or [heads, tokens, width], not of shape {list(x.shape)}")
    return x if x.ndim == 4 else x[None]


def _array(x: torch.Tensor) -> Array:
    """Numbers of a tensor: single precision, which holds every half, or double."""
    import torch

    x = x.detach().to("cpu")
    return x.to(torch.float64 if x.dtype == torch.float64 else torch.float32).numpy().copy()


# ---- projections -----------------------------------------------------------------------------------------------------


class _Hooked:
    """Hooks on the projections of every module that has some; `found`: a Call for each module that ran."""

    def __init__(self, model: torch.nn.Module, projections: str | Sequence[str] | None, heads: int | None) -> None:
        self.model, self.heads = model, heads
        self.found: list[Call] = []
        self.handles: list[Any] = []
        self.rows: dict[tuple[str, str], torch.Tensor] = {}
        self.known = PROJECTIONS if projections is None else (tuple([projections] if isinstance(projections, str) else projections),)
        self.rotary = next((type(module).__name__ for module in model.modules()
                            if any(word in type(module).__name__.lower() for word in ("rotary", "rope"))), "")

    def __enter__(self) -> _Hooked:
        for name, module in self.model.named_modules():
            held = dict(module.named_children())
            words = next((words for words in self.known if set(words) <= set(held)), None)
            if words:
                self.handles += [held[word].register_forward_hook(self._keep(name, word)) for word in words]
                self.handles.append(module.register_forward_hook(self._join(name, words)))
        return self

    def __exit__(self, *_: object) -> None:
        for handle in self.handles:
            handle.remove()

    def _keep(self, name: str, word: str) -> Callable[..., None]:
        return lambda module, given, made: self.rows.__setitem__((name, word), made)

    def _join(self, name: str, words: Sequence[str]) -> Callable[..., None]:
        def join(module: torch.nn.Module, given: Any, made: Any) -> None:
            rows = [self.rows.pop((name, word), None) for word in words]
            if all(x is not None and x.ndim == 3 for x in rows):
                self.found.append(self._of_rows(name, module, [_array(x) for x in rows]))
        return join

    def _of_rows(self, name: str, module: torch.nn.Module, rows: list[Array]) -> Call:
        """Rows [batch, tokens, heads x width] of a module as a Call."""
        count = self.heads or self._said(module, _COUNTS)
        if not count:
            raise ValueError(f"{name}: the module does not say how many heads it has; give heads=NUMBER")
        width = self._said(module, _WIDTHS) if len(rows) == 1 else None
        width = width or (rows[0].shape[2] // count if len(rows) == 3 else rows[0].shape[2] // (3 * count))
        if len(rows) == 1:
            ends = count * width, (rows[0].shape[2] + count * width) // 2
            rows = np.split(rows[0], ends, axis=2)
        q = _heads(rows[0], count)
        k, v = (_heads(x, rows[1].shape[2] // width) for x in rows[1:])
        scale = next((getattr(module, word) for word in _SCALES if isinstance(getattr(module, word, None), float)), None)
        return _call(name, q, k, v, scale, None)

    def _said(self, module: torch.nn.Module, words: Sequence[str]) -> int | None:
        owners = (module, getattr(module, "config", None), getattr(self.model, "config", None))
        return next((value for owner in owners for word in words if isinstance(value := getattr(owner, word, None), int)), None)


def _heads(x: Array, count: int) -> Array:
    if count < 1 or x.shape[2] % count:
        raise ValueError(f"rows of width {x.shape[2]} are not those of {count} heads; give heads=NUMBER")
    return x.reshape(*x.shape[:2], count, -1).swapaxes(1, 2)
