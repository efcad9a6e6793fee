"""Files of heads without torch: a BERT that numpy computes against numbers of transformers, and arrays that are written as they are."""
import json
import struct

import numpy as np
import pytest
import tiny_bert

import polysweep
from polysweep import capture, capture_arrays, safetensors
from polysweep.wordpiece import WordPiece

#: numbers of the tokens of tiny_bert.TEXT, cut to 64, by BertTokenizer of transformers 5.24
TOKENS = [2, 4, 5, 6, 7, 8, 9, 4, 10, 19, 18, 13, 21, 12, 16, 15, 22, 17, 14, 25, 26, 27, 23, 24, 11, 13, 20]
#: of layer 1: [head, token, column] = [0, 5, 2], [1, 33, 7], [2, 60, 0], by BertModel of transformers 5.24 in double precision
ROWS = {"q": [-0.326050708284, -0.0918648294955, 1.49294942311], "k": [-0.770689853811, -0.576707924926, 1.50998296267],
        "v": [-0.0344868823768, 0.059884163283, -0.794299056775]}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_bert.write(tmp_path_factory.mktemp("model"))


def test_the_rows_of_a_bert(model, tmp_path):
    heads = capture(model, tiny_bert.TEXT, tmp_path / "x.safetensors")
    arrays, texts = safetensors.read(heads.path)
    assert (heads.layers, heads.batch, heads.heads, heads.kv_heads, heads.n, heads.n_k, heads.d, heads.v) == ((0, 1), 1, 3, 3, 64, 64, 8, 8)
    assert texts == {"source": heads.source, "scale": repr(8 ** -0.5), "layers": "0 1"} and heads.source.startswith("tiny; The river carries")
    assert heads.data == {"kind": "file", "path": str(heads.path), "layers": [0, 1], "heads": [0, 1, 2]}
    for letter, expected in ROWS.items():
        found = arrays[f"layer.1.{letter}"]
        assert found.shape == (3, 64, 8) and found.dtype == np.float32
        assert np.abs(found[[0, 1, 2], [5, 33, 60], [2, 7, 0]] - expected).max() < 2e-7  # stored in single precision: numbers of size 1


def test_a_layer_keeps_its_number_and_a_batch_its_lengths(model, tmp_path):
    both = capture(model, [tiny_bert.TEXT[:40], tiny_bert.TEXT], tmp_path / "b.safetensors", layers=-1, source="two texts")
    arrays, texts = safetensors.read(both.path)
    assert set(arrays) == {"layer.1.q", "layer.1.k", "layer.1.v", "lengths"} and arrays["layer.1.q"].shape == (2, 3, 64, 8) and both.layers == (1,)
    short = arrays["lengths"][0]
    assert arrays["lengths"].tolist() == [short, 64] and short < 20 and (arrays["layer.1.k"][0, :, short:] == 0).all()
    assert texts["source"] == "two texts" and both.data["batches"] == [0, 1] and both.data["padding"] == "lengths"
    alone, _ = safetensors.read(capture(model, tiny_bert.TEXT[:40], tmp_path / "a.safetensors", layers=[1]).path)
    assert np.array_equal(alone["layer.1.v"], arrays["layer.1.v"][0, :, :short])


def test_words_and_pieces(model):
    words = WordPiece(model / "vocab.txt")
    assert words(tiny_bert.TEXT)[:len(TOKENS)] == TOKENS
    assert words("a\x00 B\u200b\tC—" + "a" * 101) == [2, 28, 29, 30, 1, 1, 3]  # control signs vanish, too long a word is unknown
    assert words("") == [2, 3] and words("a b c", most=4) == [2, 28, 29, 3]


def test_what_numpy_does_not_know_is_refused(model, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    for path in model.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    (other / "config.json").write_text(json.dumps(json.loads((model / "config.json").read_text()) | {"hidden_act": "relu"}))
    with pytest.raises(polysweep.FileError, match="hidden_act is 'relu'; without torch only 'gelu' is known"):
        capture(other, "a")
    (other / "config.json").write_bytes((model / "config.json").read_bytes())
    (other / "model.safetensors").write_bytes((model / "model.safetensors").read_bytes()[:-5000])
    with pytest.raises(polysweep.FileError, match="an array is not where its header says"):
        capture(other, "a")
    with pytest.raises(polysweep.FileError, match="no such file"):
        capture(tmp_path / "none", "a")
    with pytest.raises(TypeError, match="reads a text, or a list of texts"):
        capture(model, [1, 2])
    with pytest.raises(TypeError, match="takes a torch module or the directory of a model, not a dict"):
        capture({}, "a")
    with pytest.raises(ValueError, match="there is no layer 2: the model attends 2 times"):
        capture(model, "a", tmp_path / "x.safetensors", layers=[2])


# ---- arrays -----------------------------------------------------------------------------------------------------------


def test_arrays_are_kept_bit_by_bit(tmp_path):
    random = np.random.default_rng(1)
    q, k, v = random.normal(size=(2, 6, 9, 5)), random.normal(size=(2, 3, 11, 5)), random.normal(size=(2, 3, 11, 7))
    heads = capture_arrays(q, k, v, tmp_path / "x.safetensors", scale=0.3, source="numbers", lengths=[9, 11])
    assert (heads.heads, heads.kv_heads, heads.n, heads.n_k, heads.d, heads.v) == (6, 3, 9, 11, 5, 7)
    arrays, texts = safetensors.read(heads.path)
    assert all(np.array_equal(arrays[name], array) for name, array in {"q": q, "k": k, "v": v, "lengths": [9, 11]}.items())
    assert texts["scale"] == "0.3"
    one = capture_arrays(q[0, 0], k[0, 0], v[0, 0], tmp_path / "y.safetensors")
    assert safetensors.read(one.path)[0]["q"].shape == (1, 9, 5) and one.scale == 5 ** -0.5
    several = capture_arrays({2: q, 5: 2 * q}, {2: k, 5: k}, {2: v, 5: v}, tmp_path / "z.safetensors")
    assert several.layers == (2, 5) and np.array_equal(safetensors.read(several.path, ["layer.5.q"])[0]["layer.5.q"], 2 * q)


def test_the_format_is_that_of_the_specification(tmp_path):
    """Read by hand: length, header, numbers; as https://huggingface.co/docs/safetensors has it."""
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    path = safetensors.write(tmp_path / "x.safetensors", {"a": array, "b": np.array([7, -1])}, {"source": 'with "quotes"'})
    raw = path.read_bytes()
    length, = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8:8 + length])
    assert (8 + length) % 8 == 0 and header["__metadata__"] == {"source": 'with "quotes"'}
    assert header["a"] == {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} and header["b"]["dtype"] == "I64"
    assert raw[8 + length:] == array.tobytes() + np.array([7, -1]).tobytes()
    half = tmp_path / "half.safetensors"
    text = json.dumps({"a": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}).encode()
    half.write_bytes(struct.pack("<Q", len(text)) + text + struct.pack("<HH", 0x3FC0, 0xC010))
    assert safetensors.read(half)[0]["a"].tolist() == [1.5, -2.25]


@pytest.mark.parametrize("change, said", [
    (dict(q=np.ones((2, 5, 4, 3))), "do not fit"), (dict(k=np.ones((2, 2, 6, 4))), "do not fit"), (dict(v=np.ones((2, 2, 5, 7))), "do not fit"),
    (dict(q=np.ones((2, 4, 4, 3), int)), "floating-point numbers of shape"), (dict(q=np.full((2, 4, 4, 3), np.nan)), "not finite"),
    (dict(lengths=[7, 2]), "2 numbers from 1 to 6"), (dict(lengths=[1]), "2 numbers from 1 to 6"),
    (dict(q={0: np.ones((2, 4, 4, 3)), 1: np.ones((2, 4, 4, 3))}), "of the same layers")])
def test_arrays_that_do_not_fit_are_refused(tmp_path, change, said):
    arrays = dict(q=np.ones((2, 4, 4, 3)), k=np.ones((2, 2, 6, 3)), v=np.ones((2, 2, 6, 7)))
    with pytest.raises(ValueError, match=said):
        capture_arrays(**{**arrays, **change}, file=tmp_path / "x.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("header", [b"{}", b'{"a": 3}', b"[1]", b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 9]}}', b"no JSON",
                                    b'{"a": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}}',
                                    b'{"a": {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]}}'])
def test_damaged_files_are_a_file_error(tmp_path, header):
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(8))
    with pytest.raises(polysweep.FileError, match="^.*x.safetensors: "):
        safetensors.read(path, ["a"])
    path.write_bytes(struct.pack("<Q", 2 ** 60))
    with pytest.raises(polysweep.FileError, match="its header would have"):
        safetensors.read(path)
