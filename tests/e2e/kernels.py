"""Kernels and baselines that weigh every score, against numpy: each method, mask, shape, constant, scale and offset, with one
data set and with two; what must have the same bits; what `negative: refuse` refuses, before a run and within one."""
import math, os, subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy

import commands
from commands import check, run

METHODS = """
  - exact
  - softmax
  - linear
  - uniform
  - taylor: {order: [2, 3, 8]}
  - window: {local: [1, 10, 1000], sinks: [0, 3]}
  - topk: {keep: [1, 20, 1000]}
"""
ROWS = """schema: 1
study: kernels
data: {kind: file, path: rows}
methods:%sgrid: {mask: [full, causal], precision: %s, n: [61, 150], d: 7, v: 5, block: [16, 64], negative: %s, beta: [1, 2.5, 4],
  scale: %s, offset: %s, den_constant: %s}
output: {keep: [rows]}
"""
TWO = """schema: 1
study: two
data: {kind: self_attention, preset: W2}
methods:%sgrid: {mask: [full, causal], precision: [fp64, fp32], n: 96, d: 10, block: 40, negative: [signed, relu], beta: [3, 4], scale: 0.2,
  offset: [0, -0.3], j3: [10, 95]}
judge: {m: 8, trials: 2}
output: {keep: [rows]}
"""


def words(column):
    """Of a coded column."""
    meanings = column.attrs.get("flag_meanings")
    values = column[()]
    return values if meanings is None else numpy.array(numpy.bytes_(meanings).decode().split())[values]


# ---- numpy ----

def seen(point, n):
    i, j = numpy.arange(n)[:, None], numpy.arange(n)[None, :]
    mask = (j <= i) | (point["mask"] == "full")
    if point["method"] != "window":
        return mask
    return mask & ((abs(i - j) < point["local"]) | (j < point["sinks"]))


def signs(z, w, point):
    """`negative` of what may be below 0: the weight by its magnitude."""
    return {"signed": w, "refuse": w, "abs": abs(w), "relu": numpy.where(w > 0, w, 0)}[point["negative"]]


def powers(z, point):
    beta = point["beta"] if point["method"] == "exact" else 1
    w = abs(z) ** beta * (1 if beta % 2 == 0 else numpy.sign(z))
    return numpy.where(z > 0, w, 0) if point["negative"] == "relu" else signs(z, w, point)


def sums(z, point):
    p = int(point["order"])
    w = sum(z**i / math.factorial(i) for i in range(p + 1))
    return w if p % 2 == 0 else signs(z, w, point)


def largest(z, visible, keep):
    """Of equal scores the first: a stable sort."""
    kept = numpy.zeros_like(visible)
    for i, row in enumerate(z):
        order = numpy.argsort(numpy.where(visible[i], -row, numpy.inf), kind="stable")
        kept[i, order[:keep]] = True
    return kept & visible


def weights(z, point, visible):
    """Over 2^shift of each row, and shift."""
    if point["method"] in ("exact", "linear"):
        return powers(z, point), 0
    if point["method"] == "taylor":
        return sums(z, point), 0
    if point["method"] == "uniform":
        return numpy.ones_like(z), 0
    top = numpy.where(visible, z, -numpy.inf).max(axis=1, keepdims=True)
    return numpy.exp(numpy.where(visible, z - top, -numpy.inf)), top


def attention(q, k, v, point):
    """Output, and how much of a rounding error of a weight is left in it."""
    z = point["offset"] + point["scale"] * (q @ k.T)
    visible = seen(point, len(q))
    w, top = weights(z, point, visible)
    if point["method"] == "topk":
        visible = largest(z, visible, int(point["keep"]))
    w = numpy.where(visible, w, 0)
    terms = sum(abs(z) ** i / math.factorial(i) for i in range(int(point["order"]) + 1)) if point["method"] == "taylor" else w
    den = w.sum(axis=1) + point["den_constant"] * numpy.exp(-numpy.broadcast_to(top, (len(q), 1))[:, 0])
    size = numpy.where(visible, abs(terms), 0).sum(axis=1)
    with numpy.errstate(all="ignore"):
        out = numpy.where(den[:, None] == 0, 0, (w @ v) / den[:, None])
        bad = numpy.where(den == 0, 1, size / abs(den))
    return out, bad[:, None]


# ---- files ----

def points(path):
    """Values and rows [set, row, column] of every point."""
    names = ("method", "mask", "precision", "negative", "n", "v", "block", "beta", "scale", "offset", "den_constant", "order",
             "local", "sinks", "keep", "j3", "d", "a_0", "a_1", "b", "c")
    with h5py.File(path) as file:
        table = {name: words(file[name]) for name in names}
        rows = {name: file["rows"][name][()] for name in ("output", "first_value", "sets", "queries")}
        check((words(file["status"]) == "done").all(), path, "is not done")
    for slot in range(len(table["n"])):
        point = {name: table[name][slot] for name in names}
        point["scale"] = 1 if not point["scale"] > 0 else point["scale"]
        point["offset"] = 0 if numpy.isnan(point["offset"]) else point["offset"]
        shape = (rows["sets"][slot], rows["queries"][slot], point["v"])
        first = rows["first_value"][slot]
        yield slot, point, rows["output"][first : first + math.prod(map(int, shape))].reshape(shape)


# of |v| (1 + |z|): fp64: the promise. fp32: inputs, scores and weights are rounded, and a power multiplies the error of its
# score: 2^-24 = 6e-8 times degrees of up to 8, and a few roundings
PROMISED = {"fp64": 1e-12, "fp32": 2e-6}
worst = {"fp64": 0.0, "fp32": 0.0}


def compare(out, q, k, v, point, *what):
    expected, bad = attention(q, k, v, point)
    reach = numpy.abs(q) @ numpy.abs(k).T
    largest_z = abs(point["offset"]) + point["scale"] * reach.max()
    off = (abs(out - expected) / (abs(v).max() * (1 + largest_z) * bad)).max()
    worst[point["precision"]] = max(worst[point["precision"]], off)
    check(off <= PROMISED[point["precision"]], *what, point, off)


def test_rows(precision, negative, scale, offset, constant, whole=False):
    """Standard normal rows, or whole numbers, whose scores are often equal."""
    random = numpy.random.default_rng(7)
    q, k, v = (random.standard_normal((150, width)) for width in (7, 7, 5))
    if whole:
        q, k = numpy.sign(numpy.round(q)), numpy.sign(numpy.round(k))
    Path("rows").mkdir(exist_ok=True)
    for name, array in (("q", q), ("k", k), ("v", v)):
        numpy.save(f"rows/{name}.npy", array[None])
    study, out = Path("rows.yaml"), Path(f"rows-{scale}-{offset}.h5")
    methods = "\n  - softmax\n  - window: {local: 1000}\n" + METHODS[METHODS.index("  - topk"):] if whole else METHODS
    study.write_text(ROWS % (methods, precision, negative, scale, offset, constant))
    run("run", study, "-o", out, "--quiet")
    bits = {}
    for slot, point, rows in points(out):
        n = int(point["n"])
        compare(rows[0], q[:n], k[:n], v[:n], point, "rows", slot)
        key = tuple(point[name] for name in ("mask", "precision", "n", "block", "scale", "den_constant"))
        everything = point["method"] == "softmax" or point["local"] == 1000 or point["keep"] == 1000
        if everything and point["offset"] == 0:
            bits.setdefault(key, []).append(rows.tobytes())
    for key, same in bits.items():
        check(len(same) == (3 if whole else 4) and len(set(same)) == 1, "a window, or scores kept, that are all", key, len(same))


def tokens(point, one):
    """The rows of self_attention data without noise."""
    n, d = int(point["n"]), int(point["d"])
    s = math.sqrt(math.log(n))
    x = numpy.zeros((n, d))
    x[numpy.arange(n), 1 + numpy.arange(n) % (d - 2)] = point["b"] * s
    x[:, -1] = point["c"] * s
    x[int(point["j3"]), 0] = point["a_1" if one else "a_0"] * s
    return x


def test_two():
    study, out = Path("two.yaml"), Path("two.h5")
    study.write_text(TWO % METHODS)
    run("run", study, "-o", out, "--quiet")
    for slot, point, rows in points(out):
        for data in (0, 1):
            x = tokens(point, data)
            compare(rows[data], x, x, x, point, "two", slot, data)


REFUSING = """schema: 1
study: refusing
data: %s
methods: [%s]
grid: {n: 64, d: 10, beta: %s, scale: %s, offset: %s, negative: %s, row_norm: %s}
"""


def told(where, data, method, beta=3, scale=1, offset=0, negative="refuse", row_norm="none", code=2):
    """Before the run where nothing can be excluded or the smallest score is known, else by the pass (code 1)."""
    study, out = Path("refusing.yaml"), Path("refusing.h5")
    study.write_text(REFUSING % (data, method, beta, scale, offset, negative, row_norm))
    out.unlink(missing_ok=True)
    text = complaint("run", study, "-o", out, "--quiet", code=code) + failures(out)
    check(where in text, (data, method, beta, scale, offset, negative, row_norm), where, "is not in", text)
    return out


def failures(path):
    if not path.exists():
        return ""
    with h5py.File(path) as file:
        return "".join(map(str, file["failures"]["message"][()]))


def complaint(*arguments, code):
    done = subprocess.run([commands.PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    check(done.returncode == code, arguments, "ended with", done.returncode, "not", code, done.stderr)
    return done.stderr


def test_refused():
    plain, noisy = "{kind: gaussian}", "{kind: self_attention, preset: W2, noise: 3, data_draws: 1}"
    told("say negative: signed", plain, "exact")
    told("say negative: signed", plain, "exact", offset=-1, beta=2.5)
    told("undefined", plain, "exact", beta=2.5)
    told("", plain, "exact", scale=0.5, offset=0.5, row_norm="unit", code=0)  # z >= offset - scale
    told("", plain, "exact", scale=0.5, offset=10 * 0.5, row_norm="layernorm", code=0)  # z >= offset - scale d
    told("the smallest score", plain, "exact", scale=0.5, offset=0.25, row_norm="unit", code=1)
    told("", plain, "exact", offset=1000, code=0)
    told("the smallest score", "{kind: self_attention, preset: W2}", "exact", offset=-100)
    told("", "{kind: self_attention, preset: W2}", "exact", offset=-0.01, code=0)
    told("the smallest score", noisy, "exact", offset=0.5, scale=3, code=1)
    told("the smallest score", plain, "linear", offset=0.5, code=1)
    told("the smallest score", plain, "taylor: {order: 3}", code=1)
    told("", plain, "taylor: {order: 3}", offset=1000, scale=0.1, code=0)
    told("", plain, "taylor: {order: 2}", code=0)
    told("0^0", plain, "exact", beta=0, negative="relu")
    told("has no max(z, 0)^beta", plain, "tree: {r: 8}", beta=2, negative="relu")
    told("local = 0", plain, "window: {local: 0}")
    told("order", plain, "taylor: {order: 65}")
    kept = told("the smallest score", plain, "exact", beta="[2, 3, 4]", offset=0.5, code=1)
    with h5py.File(kept) as file:  # the points that share its scores are computed
        check(list(words(file["status"])) == ["done", "failed", "done"], "others are computed", words(file["status"]))


def test_smallest():
    """The smallest score and its place, by one rank or a team in any route."""
    n = 150
    q, k = numpy.random.default_rng(8).standard_normal((2, n, 7))
    numpy.save("rows/q.npy", q[None])
    numpy.save("rows/k.npy", k[None])
    z = numpy.where(numpy.tril(numpy.ones((n, n))) > 0, 0.5 + q @ k.T, numpy.inf)
    i, j = numpy.unravel_index(z.argmin(), z.shape)
    place = f"z = {z.min():g} (query {i}, key {j}, data set 0)"
    study = Path("smallest.yaml")
    study.write_text("schema: 1\nstudy: smallest\ndata: {kind: file, path: rows}\nmethods: [exact]\n"
                     "grid: {n: 150, d: 7, v: 5, beta: 3, block: 16, mask: causal, offset: 0.5}\n")
    for ranks, route in ((0, "ring"), (2, "ring"), (2, "pass_q"), (3, "stream"), (4, "grid"), (2, "all_gather")):
        out = Path(f"smallest-{ranks}-{route}.h5")
        run("run", study, "-o", out, "--quiet", "--set", f"run.route={route}", "--set", f"grid.team={max(ranks, 1)}",
            "--oversubscribe", ranks=ranks, code=1)
        check(place in failures(out), ranks, route, place, "is not in", failures(out))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        test_rows("[fp64, fp32]", "[signed, relu]", 0.25, 1.5, 0)
        test_rows("fp64", "[signed, abs]", 1, -0.5, 3)
        test_rows("[fp64, fp32]", "signed", 0.25, 0, 0, whole=True)
        test_two()
        test_refused()
        test_smallest()
    print(f"off by {worst['fp64']:.2g} (fp64) and {worst['fp32']:.2g} (fp32) of a row's scale", file=sys.stderr)


if __name__ == "__main__":
    main()
    print(f"{commands.checks} checks, {commands.failed} failed")
    sys.exit(commands.failed > 0)
