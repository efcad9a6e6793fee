"""Files of heads against numpy: layers, batches, fewer key heads, other numbers of keys than of queries, padding, rotary
positions, names and what a file says of itself, on 1, 2 and 3 ranks; refusals."""
import json, os, struct, subprocess, sys, tempfile

import h5py
import numpy as np

import commands
from commands import check

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
TYPES = {"float64": "F64", "float32": "F32", "int64": "I64"}
rng = np.random.default_rng(7)


def write(path, arrays, **metadata):
    header, blob = {"__metadata__": metadata}, b""
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": TYPES[str(array.dtype)], "shape": list(array.shape), "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + blob)


def start(text, name="t", ranks=1, command="run", *more):
    with open(f"{name}.yaml", "w") as file:
        file.write(f"schema: 1\nstudy: {name}\nseed: 3\n{text}")
    if command == "run" and os.path.exists(f"{name}.h5"):
        os.remove(f"{name}.h5")
    launcher = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    options = ["--quiet", "--oversubscribe"] if command == "run" else []
    return subprocess.run(launcher + [PROGRAM, command, f"{name}.yaml", *options, *more], capture_output=True, text=True)


def run(text, name="t", ranks=1):
    """Columns, words of `method`, and the kept rows of each point: outputs and log2 of denominators."""
    done = start(text, name, ranks)
    check(done.returncode == 0, text, "ended with", done.returncode, done.stderr)
    with h5py.File(f"{name}.h5") as file:
        columns = {key: item[:] for key, item in file.items() if isinstance(item, h5py.Dataset)}
        columns["source"] = file.attrs.get("data_source", b"").decode()
        columns["resolved"] = file["provenance/resolved"][()].decode()
        words = file["method"].attrs["flag_meanings"].decode().split()
        columns["word"] = [words[code] for code in columns["method"]]
        if "rows" in file:
            kept = {key: file["rows"][key][:] for key in ("first_row", "first_value", "queries", "output", "log2_den")}
            columns["out"], columns["log2_den"] = [], []
            for i, v in enumerate(columns["v"]):
                at, row, q = kept["first_value"][i], kept["first_row"][i], kept["queries"][i]
                columns["out"].append(kept["output"][at:at + q * v].reshape(q, v))
                columns["log2_den"].append(kept["log2_den"][row:row + q])
        return columns


def refused(text, *words, code=2):
    done = start(text, "refused")
    check(done.returncode == code and not os.path.exists("refused.h5"), text, done.returncode, done.stderr)
    for word in words:
        check(word in done.stderr, "not in the message:", word, "in", done.stderr)


# ---- numpy

LOCAL, SINKS, KEEP, LANDMARKS = 5, 2, 7, 3
power, exponential = lambda q, k: (q @ k.T) ** 2, lambda q, k: np.exp(q @ k.T)
elu1 = lambda x: np.where(x > 0, x + 1, np.exp(x))
WEIGHTS = {"exact": power, "softmax": exponential, "monomial": power, "window": exponential, "topk": exponential,
           "uniform": lambda q, k: np.ones((len(q), len(k))), "polysketch": power, "nystrom": None,
           "taylor": lambda q, k: 1 + q @ k.T + (q @ k.T) ** 2 / 2, "elu1": lambda q, k: elu1(q) @ elu1(k).T}


def landmarks(q, k, v):
    """Softmax through the means of segments: three matrices with rows of sum 1, the middle one inverted."""
    mean = lambda x: np.array([x[i * len(x) // LANDMARKS:(i + 1) * len(x) // LANDMARKS].mean(0) for i in range(LANDMARKS)])
    softmax = lambda a, b: (lambda u: u / u.sum(1, keepdims=True))(exponential(a, b))
    return softmax(q, mean(k)) @ np.linalg.pinv(softmax(mean(q), mean(k))) @ (softmax(mean(q), k) @ v)


def attention(method, q, k, v, causal):
    """Outputs and denominators; the last query stands beside the last key."""
    n, m = len(q), len(k)
    if method == "nystrom":
        return landmarks(q, k, v), np.ones(n)
    query, key = np.arange(n)[:, None] + max(m - n, 0), np.arange(m)[None] + max(n - m, 0)
    seen = key <= query if causal else np.ones((n, m), bool)
    if method == "window":
        seen = seen & ((abs(query - key) < LOCAL) | (np.arange(m)[None] < SINKS))
    z = q @ k.T
    if method == "topk":
        order = np.argsort(np.where(seen, -z, np.inf), axis=1, kind="stable")[:, :KEEP]
        seen = seen & np.isin(np.arange(n)[:, None] * m + np.arange(m), order + np.arange(n)[:, None] * m)
    u = WEIGHTS[method](q, k) * seen
    den = u.sum(1, keepdims=True)
    return np.where(den > 0, u @ v / np.where(den > 0, den, 1), 0), den[:, 0]


def compare(columns, heads, *what):
    """`heads` gives q, k, v of a layer, batch and head."""
    for i, method in enumerate(columns["word"]):
        at = [int(columns[name][i]) for name in ("layer", "batch", "head", "mask")]
        q, k, v = heads(*at[:3])
        expected, den = attention(method, q, k, v, at[3])
        got, log2_den = columns["out"][i], columns["log2_den"][i]
        # sums of at most 75 numbers; outputs are means of numbers of order 1, but for an inverse of condition below 1e3
        near = 1e-9 if method == "nystrom" else 1e-12
        check(np.abs(got[:len(expected)] - expected).max() < near, *what, method, at, np.abs(got[:len(expected)] - expected).max())
        check(np.isnan(got[len(expected):]).all() and np.isnan(log2_den[len(expected):]).all(), *what, method, at, "padding")
        check((np.isneginf(log2_den[:len(den)]) == (den == 0)).all(), *what, method, at, "rows without keys")
        if not np.isnan(columns["err_rows"][i]) and method in ("monomial", "polysketch"):
            # exact: the error is of the fold against the kernel of the same rows
            check(columns["err_out"][i] < 1e-12 and columns["err_rows"][i] == len(expected), *what, method, columns["err_out"][i])
        if "bad_rows" in columns:
            check(columns["bad_rows"][i] == (den == 0).sum(), *what, method, at, "bad rows", columns["bad_rows"][i])


METHODS = ("methods: [exact, softmax, uniform, monomial, {window: {local: %d, sinks: %d}}, {topk: {keep: %d}}, elu1, "
           "{taylor: {order: 2, by: [rows, features]}}, {nystrom: {landmarks: %d}}, {polysketch: {r: 4, draws: 1, local: 128}}]\n"
           % (LOCAL, SINKS, KEEP, LANDMARKS))
GRID = "grid: {beta: 2, mask: [full, causal], block: 16%s}\nexclude: [{when: local == 128 and mask == full}, {when: method == nystrom and mask == causal}]\noutput: {keep: [rows]}\n"


# ---- shapes

def make(n, m, batch=2, heads=4, kv=2, d=6, v=5):
    return {"q": rng.standard_normal((batch, heads, n, d)), "k": rng.standard_normal((batch, kv, m, d)),
            "v": rng.standard_normal((batch, kv, m, v))}


def shapes():
    for n, m in ((23, 61), (61, 23)):
        layers = {layer: make(n, m) for layer in (0, 3)}
        write("heads.safetensors", {f"layer.{layer}.{side}": x for layer, sides in layers.items() for side, x in sides.items()},
              source="mödel \"x\", text", scale="0.25")

        def heads(layer, batch, head):
            sides = layers[layer]
            return sides["q"][batch, head], sides["k"][batch, head // 2], sides["v"][batch, head // 2]

        first = None
        for ranks in (1, 2, 3) if n < m else (1, 3):
            columns = run(METHODS + GRID % f", team: {ranks}" + "data: {kind: file, path: heads.safetensors, layers: all, "
                          "heads: [0, 3], batches: all}\n", "shapes", ranks)
            compare(columns, heads, n, m, ranks)
            check(set(columns["status"]) == {2} and set(columns["n"]) == {n} and set(columns["n_k"]) == {m}, "n and n_k of the file")
            check(len(columns["n"]) == 20 * 8 and set(columns["layer"]) == {0, 3}, "all layers and batches", len(columns["n"]))
            check(columns["source"] == "mödel \"x\", text", columns["source"])
            check('"reference_scale": 0.25' in columns["resolved"] and set(columns["reference_scale"]) == {0.25}, "scale of the file")
            exact = [x.tobytes() for x, word in zip(columns["out"], columns["word"]) if word in ("exact", "softmax", "window")]
            check(first in (None, exact), n, m, ranks, "rows have other bits on one rank")
            first = exact
    # layouts and routes of a team
    for how in ("route: pass_q, layout: striped", "route: stream, layout: contiguous", "route: all_gather, scan: chain"):
        compare(run(METHODS + GRID % ", team: 3" + "data: {kind: file, path: heads.safetensors, heads: [1]}\nrun: {%s}\n" % how,
                    "shapes", 3), heads, how)


def last_queries():
    """The last queries of a sequence alone: the rows that they have among all, of any sketch."""
    arrays = make(60, 60, 1, 1, 1)
    write("all.safetensors", arrays)
    for n in (60, 21):
        sketches = "methods: [{tree: {r: 8, draws: 2, local: [0, 16]}}, {favor: {features: 16, draws: 2}}, {tensorsketch: {r: 8, draws: 1}}]\n"
        rest = "grid: {beta: 3, n: %d, n_k: 60, d: 6, v: 5, mask: causal, block: 8, negative: signed}\noutput: {keep: [rows]}\n" % n
        columns = run(sketches + rest + "data: {kind: file, path: all.safetensors}\n", f"last{n}")
        if n == 60:
            whole = columns
    for i, out in enumerate(columns["out"]):
        # the same sums in other panels
        check(np.allclose(out, whole["out"][i][-21:], rtol=1e-9, atol=1e-11), columns["word"][i], np.abs(out - whole["out"][i][-21:]).max())


# ---- padding and positions

def padding():
    arrays = make(70, 70)
    write("padded.safetensors", dict(arrays, length=np.array([70, 37])))
    text = METHODS + GRID % ", n: [50, 70], v: 5, d: 6" + "data: {kind: file, path: padded.safetensors, padding: length, heads: [2], batches: [0, 1]}\n"
    columns = run(text, "padded")
    for n in (50, 70):
        part = {key: [x for x, length in zip(value, columns["n"]) if length == n] for key, value in columns.items()
                if key not in ("source", "resolved")}
        compare(part, lambda _, batch, head: [arrays[side][batch, head // (1 if side == "q" else 2), :min(n, (70, 37)[batch])]
                                              for side in "qkv"], "padding", n)
    done = subprocess.run([PROGRAM, "verify", "padded.h5", "--sample", "100"], capture_output=True, text=True)
    check(done.returncode == 0, "verify of padded rows:", done.stderr)
    write("bad.safetensors", dict(arrays, length=np.array([70, 0])))
    refused(text.replace("padded.saf", "bad.saf"), "length[1] is 0", code=3)
    write("bad.safetensors", dict(arrays, length=np.array([70])))
    refused(text.replace("padded.saf", "bad.saf"), "2 lengths", code=3)


def rotated(x, first, base, width, interleaved):
    half, out = width // 2, x.copy()
    angle = (first + np.arange(x.shape[-2]))[:, None] * base ** (-2 * np.arange(half) / width)
    a, b = (slice(0, width, 2), slice(1, width, 2)) if interleaved else (slice(0, half), slice(half, width))
    out[..., a] = x[..., a] * np.cos(angle) - x[..., b] * np.sin(angle)
    out[..., b] = x[..., b] * np.cos(angle) + x[..., a] * np.sin(angle)
    return out


def positions():
    for n, m, width, style in ((30, 30, 6, "half"), (12, 40, 4, "half"), (30, 30, 4, "interleaved")):
        arrays = {side: x.astype(np.float32) for side, x in make(n, m, 1).items()}
        write("rope.safetensors", arrays)
        full = {side: x.astype(float) for side, x in arrays.items()}
        columns = run(METHODS + GRID % "" + "data: {kind: file, path: rope.safetensors, heads: all, "
                      "rope: {base: 1000, width: %d, style: %s}}\n" % (width, style), "rope")

        def heads(_, batch, head):
            q, k, v = full["q"][batch, head], full["k"][batch, head // 2], full["v"][batch, head // 2]
            turn = lambda x, first: rotated(x, first, 1000, width, style == "interleaved")
            return turn(q, m - n), turn(k, 0), v

        compare(columns, heads, "rope", n, m, width, style)


# ---- formats and names

def formats():
    arrays = {side: x[0] for side, x in make(40, 40, 1).items()}
    spread = dict(arrays, k=arrays["k"].repeat(2, 0), v=arrays["v"].repeat(2, 0))
    body = "methods: [exact]\ngrid: {beta: 2, block: 16}\noutput: {keep: [rows]}\n"
    os.mkdir("npy")
    for side, x in arrays.items():
        np.save(f"npy/layer.5.{side}.npy", x)
    for name, text in (("source", "a model\n"), ("scale", "0.5\n")):
        with open(f"npy/{name}.txt", "w") as file:
            file.write(text)
    with h5py.File("heads.h5", "w") as file:
        group = file.create_group("blocks/5")
        for side, x in arrays.items():
            group[f"w{side}"] = x
        file.attrs["source"], file.attrs["scale"] = "a model", 0.5
    write("spread.safetensors", {f"w{side}": x for side, x in spread.items()}, scale="0.5", source="a model")
    names = 'names: {q: "%sq", k: "%sk", v: "%sv"}' % (("blocks/{layer}/w",) * 3)
    studies = ["path: npy, layers: [5]", f"path: heads.h5, layers: all, {names}",
               "path: spread.safetensors, kv_heads: 2, names: {q: wq, k: wk, v: wv}"]
    for data in studies:
        columns = run(body + "data: {kind: file, heads: all, %s}\n" % data, "formats")
        compare(columns, lambda _, batch, head: (arrays["q"][head], arrays["k"][head // 2], arrays["v"][head // 2]), data)
        check(columns["source"] == "a model" and set(columns["reference_scale"]) == {0.5}, data, columns["source"], columns["reference_scale"])
        check(len(columns["n"]) == 4, data, len(columns["n"]))
    # what the study has taken from the file, it needs no file for
    with open("resolved.yaml", "w") as file:
        file.write(columns["resolved"])
    plan = lambda name: json.loads(subprocess.run([PROGRAM, "plan", name, "--no-inputs", "--json"], capture_output=True, text=True).stdout)
    os.rename("spread.safetensors", "elsewhere")
    check(plan("resolved.yaml")["points"] == 4, "the resolved study without its file")


def refusals():
    body = "methods: [exact]\ngrid: {beta: 2%s}\ndata: {kind: file, path: %s%s}\n"
    write("heads.safetensors", {f"layer.{i}.{side}": x for i in (0, 1) for side, x in make(20, 30).items()})
    heads = "heads.safetensors"
    refused(body % ("", heads, ", layers: [2]"), "no tensor 'layer.2.q'", "nearest", "layer.1.q", code=3)
    refused(body % ("", heads, ', names: {q: "layr.{layer}.q"}'), "no tensor 'layr.0.q'", "the nearest is 'layer.0.q'", code=3)
    refused(body % ("", heads, ", names: {q: layer.0.q}, layers: [0, 1]"), "layer 1", "{layer}", code=3)
    refused(body % ("", heads, ", heads: [4]"), "4 heads")
    refused(body % ("", heads, ", batches: [2]"), "batch of 2")
    refused(body % (", n: 20", heads, ""), "set n: 20 and n_k: 30")
    refused(body % (", n: 21, n_k: 30", heads, ""), "set n: 20 and n_k: 30")
    refused(body % ("", heads, ", kv_heads: 3"), "kv_heads", "4 heads", code=3)
    refused(body % ("", heads, ", padding: lengths"), "no tensor 'lengths'", "data.padding", code=3)
    refused(body % ("", heads, ", names: {k: x, w: y}"), "unknown key 'w' in data.names")
    refused(body % ("", heads, ", rope: {width: 4}"), "rope needs its base")
    refused(body % ("", heads, ", rope: {base: 10000, width: 8}"), "width 8", "6 columns", code=3)
    refused("methods: [exact]\ngrid: {beta: 2, n: 8, d: 4}\ndata: {kind: gaussian, kv_heads: 2}\n", "kv_heads is for data of a file")
    refused(body % ("", "nowhere.safetensors", ", layers: all"), "nowhere.safetensors cannot be found", code=3)
    done = start(body % (", n: 20, d: 6", heads, ", heads: all"), "refused", 1, "plan", "--no-inputs")
    check(done.returncode == 2 and "all is not known without the file" in done.stderr, done.stderr)
    write(heads, make(8, 8), scale="-1")
    refused(body % ("", heads, ""), "scale is '-1'", code=3)


with tempfile.TemporaryDirectory() as place:
    os.chdir(place)
    shapes()
    last_queries()
    padding()
    positions()
    formats()
    refusals()
print(f"{commands.checks} checks, {commands.failed} failed")
sys.exit(commands.failed > 0)
