"""A BERT of two layers and three heads with random weights, in the files that transformers writes: python tiny_bert.py DIRECTORY"""
import json
import pathlib
import sys

import numpy as np

from polysweep import safetensors

LAYERS, HEADS, WIDTH, INNER, MOST = 2, 3, 24, 40, 64
WORDS = """[PAD] [UNK] [CLS] [SEP] the river carries its water past old town and ##s ##ed ##ing turn walk bridge stone . , - cafe naive 2
    ##3 ##4 a b c""".split()
TEXT = "The river carries its water past the old stone bridges, and turning - walked 234 café naïve towns. " * 3


def write(directory):
    """The directory, with config.json, vocab.txt, tokenizer_config.json and model.safetensors."""
    directory, random = pathlib.Path(directory), np.random.default_rng(7)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "config.json").write_text(json.dumps({
        "model_type": "bert", "architectures": ["BertModel"], "hidden_size": WIDTH, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "intermediate_size": INNER, "vocab_size": len(WORDS), "max_position_embeddings": MOST, "type_vocab_size": 2, "hidden_act": "gelu",
        "layer_norm_eps": 1e-12, "position_embedding_type": "absolute", "_name_or_path": "tiny"}))
    (directory / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    (directory / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "BertTokenizer", "do_lower_case": True}))
    arrays = {name: random.normal(0, 1 / np.sqrt(shape[-1]) if name.endswith("weight") and len(shape) == 2 else 0.5, shape).astype(np.float32)
              for name, shape in shapes()}
    safetensors.write(directory / "model.safetensors", arrays, {"format": "pt"})
    return directory


def shapes():
    yield "embeddings.word_embeddings.weight", (len(WORDS), WIDTH)
    yield "embeddings.position_embeddings.weight", (MOST, WIDTH)
    yield "embeddings.token_type_embeddings.weight", (2, WIDTH)
    yield from norm("embeddings.LayerNorm")
    for layer in range(LAYERS):
        at = f"encoder.layer.{layer}."
        for name in ("query", "key", "value"):
            yield from linear(f"{at}attention.self.{name}", WIDTH, WIDTH)
        yield from linear(f"{at}attention.output.dense", WIDTH, WIDTH)
        yield from norm(f"{at}attention.output.LayerNorm")
        yield from linear(f"{at}intermediate.dense", INNER, WIDTH)
        yield from linear(f"{at}output.dense", WIDTH, INNER)
        yield from norm(f"{at}output.LayerNorm")


def linear(name, rows, columns):
    yield name + ".weight", (rows, columns)
    yield name + ".bias", (rows,)


def norm(name):
    yield name + ".weight", (WIDTH,)
    yield name + ".bias", (WIDTH,)


if __name__ == "__main__":
    write(sys.argv[1])
