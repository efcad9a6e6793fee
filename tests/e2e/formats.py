"""bf16 and fp16: every rounding again in numpy, from float64; teams, data sets, errors of a format, and what overflows."""
import os, sys, tempfile
from pathlib import Path

import h5py
import numpy
import polysweep

import commands
from commands import check, parse, run

N, D, V, BLOCK = 90, 12, 7, 32  # the last leaf is shorter
SINGLE = 2.0**-24  # unit roundoff of sums
BITS = {"bf16": 8, "fp16": 11}
STUDY = """schema: 1
study: formats
data: {kind: file, path: heads.h5, heads: [0, 1]}
methods: [exact, softmax, linear, monomial]
grid: {n: 90, d: 12, v: 7, block: 32, mask: [full, causal], precision: [fp64, bf16, fp16], beta: %s, negative: signed}
output: {keep: [rows]}
"""
SETS = """schema: 1
study: sets
data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 2}
methods: [exact, softmax, linear: {}, polysketch: {r: 6, draws: 2}, favor: {features: 64, draws: 2}]
grid: {n: 104, d: 10, block: 32, mask: [full, causal], precision: [bf16, fp16], beta: 4, negative: signed}
judge: {m: 8, trials: 10}
output: {keep: [rows]}
"""


# ---- formats


def digits(x, word):
    """To so many bits, whatever the exponent; rint takes ties to even."""
    exponent = numpy.frexp(x)[1] - BITS[word]
    return numpy.ldexp(numpy.rint(numpy.ldexp(x, -exponent)), exponent)


def rounded(x, word):
    """bf16 has the exponents of float, so only its digits matter here; numpy has fp16, subnormal numbers included."""
    return x.astype(numpy.float16).astype(float) if word == "fp16" else digits(x, word)


def unit(word):
    return 2.0**-BITS[word]


# ---- methods that fold rows

def kernel(method, beta):
    """Of scores: weights, their derivative, and the exponent that a leaf's weights are taken under."""
    if method == "softmax":
        return numpy.exp, numpy.exp, lambda z: numpy.floor(z.max() / numpy.log(2))
    beta = 1 if method == "linear" else beta
    return (lambda z: z**beta, lambda z: beta * z**(beta - 1), lambda z: numpy.floor(beta * numpy.log2(numpy.abs(z).max())))


def row_fold(q, k, v, causal, of, word, inputs=True, weights=True):
    """Outputs, and how far from them sums in single precision may lead: their own errors, and of each weight that those
    errors may carry to another number of the format the distance to it. inputs, weights: whether these are rounded."""
    if inputs:
        q, k, v = (rounded(x, word) for x in (q, k, v))
    power, slope, exponent = kernel(*of)
    out, off = numpy.zeros((N, V)), numpy.zeros((N, V))
    for i in range(N):
        den = den_size = 0
        num, num_off = numpy.zeros(V), numpy.zeros(V)
        for first in range(0, i + 1 if causal else N, BLOCK):
            keys = slice(first, min(first + BLOCK, i + 1 if causal else N))
            z = k[keys] @ q[i]
            z_off = (D + 2) * SINGLE * (numpy.abs(k[keys]) @ numpy.abs(q[i]))
            scale = 2.0**exponent(z)
            w = power(z) / scale
            w_off = numpy.abs(slope(z)) / scale * z_off + 8 * SINGLE * numpy.abs(w)
            near, low, high = ((rounded(x, word) if weights else x) for x in (w, w - w_off, w + w_off))
            moved = numpy.maximum(numpy.abs(high - near), numpy.abs(low - near))
            num += scale * (near @ v[keys])
            num_off += scale * ((moved + (BLOCK + 4) * SINGLE * numpy.abs(near)) @ numpy.abs(v[keys]))
            den += scale * w.sum()
            den_size += scale * (w_off + (BLOCK + 4) * SINGLE * numpy.abs(w)).sum()
        out[i] = num / den
        off[i] = (num_off + numpy.abs(out[i]) * den_size) / abs(den) + 2 * SINGLE * numpy.abs(out[i])
    return out, off


# ---- monomials of degree 2: a state fold whose map has no random numbers

PAIRS = [(i, j) for i in range(D) for j in range(i, D)]


def lifted(m):
    return numpy.stack([m[:, i] * m[:, j] * (1 if i == j else 2**0.5) for i, j in PAIRS], -1)


def state_fold(q, k, v, causal, word, **leave):
    """leave: name of a rounding that is not done."""
    to = lambda x, name: x if leave.get(name) else digits(x, word)
    q, k, v = (x if leave.get("inputs") else rounded(x, word) for x in (q, k, v))
    ones = numpy.concatenate([v, numpy.ones((N, 1))], -1)
    norms = [numpy.sqrt((x * x).sum(-1, keepdims=True)) for x in (q, k)]
    mq, mk = (to(x / norm, "mapped") for x, norm in zip((q, k), norms))
    scale = norms[1]**2  # that of a query cancels
    phi_q, phi_k = to(lifted(mq), "lifted"), to(lifted(mk), "lifted")
    out, state = numpy.zeros((N, V + 1)), numpy.zeros((len(PAIRS), V + 1))
    blocks = [slice(first, min(first + BLOCK, N)) for first in range(0, N, BLOCK)]
    if not causal:
        for block in blocks:
            state += phi_k[block].T @ to(ones[block] * scale[block], "values")
    for block in blocks:
        out[block] += phi_q[block] @ to(state, "state")
        if causal:
            z = numpy.tril((mq[block] @ mk[block].T)**2 * scale[block].T)
            out[block] += to(z, "weights") @ ones[block]
            state += phi_k[block].T @ to(ones[block] * scale[block], "values")
    return out[:, :V] / out[:, V:]


# ---- against the program


def size(x):
    return numpy.abs(x).max(-1, keepdims=True)


def points(ds, word_of, *methods):
    for point in range(ds.sizes["point"]):
        of = {name: ds[name].values[point] for name in ("method", "beta", "precision", "mask", "head")}
        if of["method"] in methods and of["precision"] in word_of:
            yield point, of


def inputs_of(arrays, of):
    return *(arrays[name][int(of["head"])] for name in "qkv"), of["mask"] == "causal"


def test_rows(arrays, path, ds):
    for point, of in points(ds, BITS, "exact", "softmax", "linear"):
        word, method = of["precision"], (of["method"], of["beta"])
        found = polysweep.rows(path, point)["output"].values[0]
        out, off = row_fold(*inputs_of(arrays, of), method, word)
        check((numpy.abs(found - out) <= off).all(), of, "off by", (numpy.abs(found - out) / off).max(), "of what it may")
        for name in ("inputs", "weights") if of["head"] == 0 else ():  # each rounding is seen
            out, off = row_fold(*inputs_of(arrays, of), method, word, **{name: False})
            seen = (numpy.abs(found - out) > off).any(-1).mean()
            check(seen > 0.5, of, "without rounding of", name, "as good in", 1 - seen, "of the rows")


def test_states(arrays, path, ds):
    """Rows differ by single precision, and where it carries one of hundreds of numbers to its other neighbour in the format by
    a small part of a unit u of that; without any one of the roundings by a good part of u."""
    for point, of in points(ds, BITS, "monomial"):
        if of["beta"] != 2:
            continue
        word = of["precision"]
        found = polysweep.rows(path, point)["output"].values[0]
        first = BLOCK if of["mask"] == "causal" else 0  # rows before it read no state

        def off(**leave):
            return (numpy.abs(found - state_fold(*inputs_of(arrays, of), word, **leave)) / size(found)).max(-1)[first:] / unit(word)

        check(numpy.median(off()) < 0.02 and off().max() < 0.5, of, "off by", numpy.median(off()), off().max())
        for name in ("inputs", "mapped", "lifted", "values", "state", *(["weights"] if first else [])):
            seen = numpy.median(off(**{name: True}))
            check(seen > 0.05, of, "without rounding of", name, "no further off than", seen)


def exact(q, k, v, causal, beta):
    """Of the rows as they are: weights and outputs."""
    w = (q @ k.T)**beta
    w = numpy.tril(w) if causal else w
    return w, w @ v / w.sum(-1, keepdims=True)


def norm(x):
    return numpy.sqrt((x * x).sum())


def test_errors(arrays, path, ds):
    """Columns of an exact map are errors of the format alone: what numpy makes of kept rows and of mapped ones, in proportion
    to u. Eight times as large in bf16, within a factor of 2: inputs, maps and states of hundreds of numbers each."""
    errors = {}
    for point, of in points(ds, BITS, "monomial"):
        q, k, v, causal = inputs_of(arrays, of)
        w, out = exact(q, k, v, causal, of["beta"])
        found = norm(polysweep.rows(path, point)["output"].values[0] - out) / norm(out)
        check(abs(ds["err_out"].values[point] - found) < 1e-6 * found, of, "err_out", ds["err_out"].values[point], found)
        word = of["precision"]
        mapped = [rounded(x, word) for x in (q, k)]
        scales = [numpy.sqrt((x * x).sum(-1, keepdims=True)) for x in mapped]
        mq, mk = (digits(x / scale, word) for x, scale in zip(mapped, scales))
        estimate = (mq @ mk.T * scales[0] * scales[1].T)**of["beta"]
        estimate = numpy.tril(estimate) if causal else estimate
        found = norm(estimate - w) / norm(w)
        # single precision of both maps, which may round a number to its other neighbour
        check(abs(ds["err_attn"].values[point] - found) < 0.01 * found, of, "err_attn", ds["err_attn"].values[point], found)
        errors.setdefault((of["beta"], of["mask"], of["head"]), {})[word] = ds["err_out"].values[point]
    for case, error in errors.items():
        check(4 < error["bf16"] / error["fp16"] < 16, case, error)
        check(0.1 * unit("bf16") < error["bf16"] < 30 * unit("bf16"), case, error)


def test_shared():
    """One row in which D_1 differs; bits of row folds from any team, sketches within what columns promise."""
    Path("sets.yaml").write_text(SETS)
    for ranks, route in ((1, "auto"), (2, "auto"), (3, "grid")):
        run("run", "sets.yaml", "-o", f"sets-{ranks}.h5", "--quiet", "--set", f"run.team={ranks}", "--set", f"run.route={route}",
            "--oversubscribe", ranks=ranks)
    alone = polysweep.open("sets-1.h5")
    for ranks in (2, 3):
        for point, of in points(alone, BITS, "exact", "softmax", "linear"):
            one, team = (polysweep.rows(f"sets-{r}.h5", point)["output"].values for r in (1, ranks))
            check(one.tobytes() == team.tobytes(), of, ranks, "ranks have other bits")
        told = polysweep.compare("sets-1.h5", f"sets-{ranks}.h5")
        check(told["agrees"].all(), told[~told["agrees"]])
    told = parse(run("verify", "sets-3.h5", "--json"))
    check(told["differing"] == 0 and told["recomputed"] == alone.sizes["point"], told)
    for point, of in points(alone, BITS, "exact", "softmax", "linear", "polysketch", "favor"):
        d0, d1 = polysweep.rows("sets-1.h5", point)["output"].values
        special = int(alone["j3"].values[point])
        before = (d0[:special] == d1[:special]).all() if of["mask"] == "causal" else True
        check(before and (d0[special] != d1[special]).any(), of, "rows of D_0 and D_1")


def test_overflow(arrays):
    """The first number that rounds to infinity ends the point and names its row; what rounds to the largest one does not."""
    for word, value, fails in (("fp16", 65519.9, False), ("fp16", 65520, True), ("bf16", 2.0**128 - 2.0**119, True)):
        broken = {name: array[:1].copy() for name, array in arrays.items()}
        broken["v"][0, 67, 2] = -value
        with h5py.File("large.h5", "w") as file:
            file.update(broken)
        text = STUDY.replace("heads.h5, heads: [0, 1]", "large.h5").replace("fp64, bf16, fp16", word) % 4
        Path("large.yaml").write_text(text.replace("exact, softmax, linear, ", "exact, "))
        for name in Path().glob("out.h5*"):
            name.unlink()
        run("run", "large.yaml", "-o", "out.h5", "--quiet", code=int(fails))
        told = run("show", "out.h5", "--jsonl")
        said = told.count(f"row 67 of the values of data set 0 has a number that is too large for {word}")
        check(said == (4 if fails else 0), word, value, said, told)


def main():
    os.chdir(tempfile.mkdtemp())
    random = numpy.random.default_rng(11)
    arrays = {name: random.normal(size=(2, N, V if name == "v" else D)) for name in "qkv"}
    arrays["q"][1], arrays["k"][1] = numpy.abs(arrays["q"][1]) / 2, numpy.abs(arrays["k"][1]) / 2  # no score is negative
    with h5py.File("heads.h5", "w") as file:
        file.update(arrays)
    Path("formats.yaml").write_text(STUDY % "[2, 4]")
    run("run", "formats.yaml", "--quiet")
    ds = polysweep.open("formats.h5")
    test_rows(arrays, "formats.h5", ds)
    test_states(arrays, "formats.h5", ds)
    test_errors(arrays, "formats.h5", ds)
    test_shared()
    test_overflow(arrays)
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


sys.exit(main())
