"""Rows that are captured from modules of torch: attention computed from them, with numpy, is what the module computed."""
import warnings

import numpy as np
import pytest
import tiny_bert

from polysweep import capture, safetensors

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'polysweep[heads]' for these tests")
transformers = pytest.importorskip("transformers", reason="transformers is not installed: pip install 'polysweep[heads]'")

TOLERANCE = 2e-5  # single precision: sums of some 30 products of size 1, in another order


def attention(q, k, v, scale, causal):
    """[batch, tokens, heads x width], keys and values of a group for each of its queries."""
    k, v = (np.repeat(x.astype(float), q.shape[1] // x.shape[1], axis=1) for x in (k, v))
    z = scale * q.astype(float) @ k.swapaxes(2, 3)
    z = np.where(np.tril(np.ones(z.shape[2:])) > 0, z, -np.inf) if causal else z
    p = np.exp(z - z.max(3, keepdims=True))
    out = p / p.sum(3, keepdims=True) @ v
    return out.swapaxes(1, 2).reshape(len(q), q.shape[2], -1)


def seen(module):
    """What a module is given, kept from here on."""
    kept = []
    module.register_forward_pre_hook(lambda _, given: kept.append(given[0].detach().double().numpy()))
    return kept


def stored(heads):
    """[q, k, v] of each layer, with the dimension of the batch."""
    arrays, texts = safetensors.read(heads.path)
    assert float(texts["scale"]) == heads.scale and texts["source"] == heads.source
    prefix = [f"layer.{layer}." for layer in heads.layers]
    return [[arrays[at + letter].reshape((-1,) + arrays[at + letter].shape[-3:]) for letter in "qkv"] for at in prefix]


def close(mine, theirs):
    assert mine.shape == theirs.shape and np.abs(mine - theirs).max() < TOLERANCE * max(1, np.abs(theirs).max())


def llama(**more):
    torch.manual_seed(1)
    return transformers.LlamaForCausalLM(transformers.LlamaConfig(
        hidden_size=48, intermediate_size=32, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, vocab_size=60, **more))


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_grouped_queries_and_rotary_positions(tmp_path, implementation):
    model, tokens = llama(attn_implementation=implementation), torch.arange(34).reshape(2, 17)
    given = [seen(layer.self_attn.o_proj) for layer in model.model.layers]
    heads = capture(model, {"input_ids": tokens}, tmp_path / "x.safetensors")
    assert (heads.heads, heads.kv_heads, heads.batch, heads.n, heads.d, heads.layers) == (6, 2, 2, 17, 8, (0, 1, 2))
    assert model.config._attn_implementation == implementation and model.training
    for (q, k, v), mixed in zip(stored(heads), given):
        assert k.shape == (2, 2, 17, 8)
        close(attention(q, k, v, heads.scale, causal=True), mixed[-1])


def test_padding_is_left_out(tmp_path):
    model, tokens = llama(), torch.arange(1, 35).reshape(2, 17)
    mask = torch.ones_like(tokens)
    mask[0, :5] = 0  # on the left, as for generation
    given = seen(model.model.layers[1].self_attn.o_proj)
    heads = capture(model, {"input_ids": tokens, "attention_mask": mask}, tmp_path / "x.safetensors", layers=[1])
    arrays, _ = safetensors.read(heads.path)
    assert arrays["lengths"].tolist() == [12, 17] and (arrays["layer.1.q"][0, :, 12:] == 0).all()
    q, k, v = (arrays[f"layer.1.{letter}"][:1, :, :12] for letter in "qkv")
    close(attention(q, k, v, heads.scale, causal=True), given[0][:1, 5:])


def test_bert_and_gpt2(tmp_path):
    torch.manual_seed(2)
    bert = transformers.BertModel(transformers.BertConfig(hidden_size=24, num_attention_heads=3, num_hidden_layers=2, intermediate_size=16,
                                                          vocab_size=50)).train()
    heads = capture(bert, {"input_ids": torch.arange(20)[None]}, tmp_path / "b.safetensors")
    given = seen(bert.encoder.layer[1].attention.output.dense)
    assert bert.training and bert.encoder.layer[0].attention.output.dropout.training
    bert.eval()(torch.arange(20)[None])
    close(attention(*stored(heads)[1], heads.scale, causal=False), given[0])

    gpt = transformers.GPT2LMHeadModel(transformers.GPT2Config(n_embd=24, n_head=3, n_layer=2, vocab_size=50, n_positions=32))
    given = seen(gpt.transformer.h[1].attn.c_proj)
    heads = capture(gpt, torch.arange(20)[None], tmp_path / "g.safetensors", layers=-1)
    assert heads.layers == (1,)
    close(attention(*stored(heads)[0], heads.scale, causal=True), given[0])


@pytest.mark.parametrize("first", [True, False])
def test_the_attention_of_torch_itself(tmp_path, first):
    torch.manual_seed(3)
    layer = torch.nn.TransformerEncoderLayer(24, 4, 16, batch_first=first).eval()
    x = torch.randn(2, 19, 24) if first else torch.randn(19, 2, 24)
    heads = capture(layer, x, tmp_path / "x.safetensors", source="an encoder")
    (q, k, v), = stored(heads)
    own = layer.self_attn(x, x, x, need_weights=False)[0].detach().double().numpy()
    mixed = attention(q, k, v, heads.scale, causal=False)
    mine = mixed @ layer.self_attn.out_proj.weight.detach().double().numpy().T + layer.self_attn.out_proj.bias.detach().double().numpy()
    close(mine if first else mine.swapaxes(0, 1), own)


class Own(torch.nn.Module):
    """Attention that multiplies its scores by itself."""

    def __init__(self, words=("to_q", "to_k", "to_v"), heads=3, kv_heads=3, fused=None):
        super().__init__()
        torch.manual_seed(4)
        self.words, self.num_heads, self.fused = words, heads, fused
        for word, count in zip(words, (heads, kv_heads, kv_heads)):
            setattr(self, word, torch.nn.Linear(16, 8 * count if fused is None else fused))
        self.out = torch.nn.Identity()

    def forward(self, x):
        rows = [getattr(self, word)(x) for word in self.words]
        rows = rows[0].split(self.fused // 3, dim=2) if self.fused else rows
        q, k, v = (r.unflatten(2, (-1, 8)).transpose(1, 2) for r in rows)
        k, v = (r.repeat_interleave(q.shape[1] // r.shape[1], dim=1) for r in (k, v))
        p = torch.softmax(q @ k.transpose(2, 3) / 8 ** 0.5, dim=3)
        return self.out((p @ v).transpose(1, 2).flatten(2))


@pytest.mark.parametrize("module, more", [
    (Own(), {}), (Own(kv_heads=1), {}), (Own(("qkv",), fused=72), {}),
    (Own(("mine", "yours", "theirs")), {"projections": ("mine", "yours", "theirs")}),
    (Own(("all_of",), fused=72), {"projections": "all_of", "heads": 3})])
def test_projections_by_hooks(tmp_path, module, more):
    given = seen(module.out)
    heads = capture(module, torch.randn(2, 13, 16), tmp_path / "x.safetensors", **more)
    close(attention(*stored(heads)[0], heads.scale, causal=False), given[0])
    assert not any(part._forward_hooks for part in module.modules())


def test_keys_that_were_repeated_for_a_group_are_stored_once(tmp_path):
    class Grouped(torch.nn.Module):
        def forward(self, q, k, v):
            k, v = (x.repeat_interleave(3, dim=1) for x in (k, v))
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    torch.manual_seed(5)
    q, k, v = torch.randn(2, 6, 9, 4), torch.randn(2, 2, 9, 4), torch.randn(2, 2, 9, 4)
    heads = capture(Grouped(), (q, k, v), tmp_path / "x.safetensors")
    (_, keys, values), = stored(heads)
    assert (heads.heads, heads.kv_heads) == (6, 2) and np.array_equal(keys, k.numpy()) and np.array_equal(values, v.numpy())
    plain = capture(Plain(), (q, q, q), tmp_path / "z.safetensors")
    assert plain.kv_heads == 6


class Plain(torch.nn.Module):
    def forward(self, q, k, v):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v)


def test_what_cannot_be_captured_is_said(tmp_path):
    x = torch.randn(1, 5, 16)
    with pytest.raises(ValueError, match="no attention was seen.*projections="):
        capture(torch.nn.Linear(16, 16), x, tmp_path / "x.safetensors")
    own = Own()
    del own.num_heads
    with pytest.raises(ValueError, match="does not say how many heads it has; give heads=NUMBER"):
        capture(own, x, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match="there is no layer 3: the model attends 3 times"):
        capture(llama(), torch.arange(4)[None], tmp_path / "x.safetensors", layers=[3])
    assert not (tmp_path / "x.safetensors").exists()

    class Biased(torch.nn.Module):
        def forward(self, x):
            return torch.nn.functional.scaled_dot_product_attention(x, x, x, attn_mask=torch.randn(5, 5), scale=0.25)

    class Rotary(Own):
        pass

    with pytest.warns(UserWarning, match="adds a bias to its scores"):
        assert capture(Biased(), x, tmp_path / "x.safetensors").scale == 0.25
    with pytest.warns(UserWarning, match="before the rotary positions of Rotary"):
        capture(Rotary(), x, tmp_path / "x.safetensors")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        capture(Own(), x, tmp_path / "x.safetensors")


def test_numpy_computes_the_same_bert(tmp_path):
    """The files of a small model, by numpy and by transformers; so are the words of its text."""
    directory = tiny_bert.write(tmp_path / "model")
    bert = transformers.BertModel.from_pretrained(directory, add_pooling_layer=False).double()
    words = transformers.BertTokenizer(str(directory / "vocab.txt"))(tiny_bert.TEXT, truncation=True, max_length=64, return_tensors="pt")
    theirs = stored(capture(bert, words, tmp_path / "t.safetensors"))
    mine = stored(capture(directory, tiny_bert.TEXT, tmp_path / "n.safetensors"))
    for one, other in zip(mine, theirs):
        assert all(np.abs(x - y).max() < 3e-7 for x, y in zip(one, other))  # mine are stored in single precision: numbers up to 3
