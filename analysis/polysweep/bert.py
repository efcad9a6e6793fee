"""The rows of the attention heads of a BERT (Devlin et al. 2019), computed with numpy from the files of the model."""
from __future__ import annotations

import json
import os
import pathlib
from typing import Any

import numpy as np
from scipy.special import erf

from . import safetensors
from .foreign import FileError, check_file, plain, reading
from .kinds import Array
from .wordpiece import WordPiece

_SIZES = ("num_hidden_layers", "num_attention_heads", "hidden_size", "max_position_embeddings")
_IS = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}


class Bert:
    """A directory with config.json, model.safetensors and vocab.txt, as transformers writes it. Numbers are of the precision of
    the file, sums in double precision."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = pathlib.Path(directory)
        config = _json(self.directory / "config.json")
        for name, value in _IS.items():
            if config.get(name, value) != value:
                raise FileError(f"{plain(self.directory / 'config.json')}: {name} is {plain(config[name])!r}; without torch only "
                                f"{value!r} is known: give capture the model of torch")
        with reading(self.directory / "config.json"):
            self.layers, self.heads, self.width, self.most = (int(config[name]) for name in _SIZES)
            self.epsilon = float(config.get("layer_norm_eps", 1e-12))
            self.name = str(config.get("_name_or_path") or self.directory.name)
        words = self.directory / "tokenizer_config.json"
        self.words = WordPiece(self.directory / "vocab.txt", _json(words).get("do_lower_case", True) if words.exists() else True)
        arrays, _ = safetensors.read(self.directory / "model.safetensors")
        self.weights = {name.removeprefix("bert."): np.asarray(array, float) for name, array in arrays.items() if array.dtype.kind == "f"}

    def heads_of(self, text: str) -> list[tuple[Array, Array, Array]]:
        """Of a text: for each layer (q, k, v), each [heads, tokens, width]; at most as many tokens as the model has places for."""
        with reading(self.directory / "model.safetensors"):
            x = self._embedded(np.array(self.words(text, self.most)))
            found = []
            for layer in range(self.layers):
                rows, x = self._layer(f"encoder.layer.{layer}.", x)
                found.append(rows)
        return found

    def _embedded(self, tokens: Array) -> Array:
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.position_embeddings.weight"][:len(tokens)]
        return self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")

    def _layer(self, at: str, x: Array) -> tuple[tuple[Array, Array, Array], Array]:
        """((q, k, v), the rows that the next layer reads)."""
        q, k, v = (self._split(self._linear(x, f"{at}attention.self.{name}")) for name in ("query", "key", "value"))
        scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[2])
        p = np.exp(scores - scores.max(2, keepdims=True))
        mixed = (p / p.sum(2, keepdims=True) @ v).swapaxes(0, 1).reshape(len(x), -1)
        x = self._norm(x + self._linear(mixed, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        inner = self._linear(x, f"{at}intermediate.dense")
        inner = 0.5 * inner * (1 + erf(inner / np.sqrt(2)))
        return (q, k, v), self._norm(x + self._linear(inner, f"{at}output.dense"), f"{at}output.LayerNorm")

    def _split(self, x: Array) -> Array:
        return x.reshape(len(x), self.heads, -1).swapaxes(0, 1)

    def _linear(self, x: Array, name: str) -> Array:
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def _norm(self, x: Array, name: str) -> Array:
        x = x - x.mean(1, keepdims=True)
        return x / np.sqrt(x.var(1, keepdims=True) + self.epsilon) * self.weights[name + ".weight"] + self.weights[name + ".bias"]


def _json(path: pathlib.Path) -> dict[str, Any]:
    check_file(path)
    with reading(path):
        return dict(json.loads(path.read_text(encoding="utf-8")))
