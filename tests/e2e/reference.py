"""Outputs against a reference: every column against numpy on heads of a file, against the assessor's where both measure the
same thing, over teams, and what files and plans make of it."""
import math, os, sys, tempfile

import h5py
import numpy

import commands
from commands import check, parse, run

N, D, V, HEADS, BLOCK = 150, 8, 5, 2, 32
COLUMNS = ("err_out_ref", "err_out_ref_good", "err_out_ref_max", "err_out_ref_row_q50", "err_out_ref_row_q90", "cos_ref",
           "cos_ref_zeros", "skill_ref", "tv_ref", "neg_scores", "entropy_ref", "entropy", "err_rows", "bad_rows")
METHODS = {0: "exact", 1: "softmax", 2: "linear", 4: "exact", 11: "taylor", 12: "elu1", 13: "relu", 14: "uniform", 15: "window", 16: "topk"}
NORMS, MASKS, NEGATIVES = ("none", "unit", "layernorm", "sqrt_d"), ("full", "causal"), ("refuse", "signed", "abs", "relu")
MAPS = {"elu1": lambda x: numpy.where(x > 0, x + 1, numpy.exp(numpy.minimum(x, 0))), "relu": lambda x: numpy.maximum(x, 0)}
CLOSE = 1e-10  # sums of some hundred terms in double; differences of outputs lose the digits they share, here below two


def columns_of(path):
    with h5py.File(path) as file:
        return {name: item[()] for name, item in file.items() if isinstance(item, h5py.Dataset)}


def computed(name, text, *more, ranks=0):
    with open(f"{name}.yaml", "w") as file:
        file.write(f"schema: 1\nstudy: {name}\nseed: 5\n{text}")
    if os.path.exists(f"{name}.h5"):
        os.remove(f"{name}.h5")
    run("run", f"{name}.yaml", "--quiet", *more, ranks=ranks)
    found = columns_of(f"{name}.h5")
    check((found["status"] == 2).all(), name, "points that are not done", found["status"])
    return found


def made_heads():
    """Full mantissas; a common part of queries and keys, so that some scores are negative and most are not; and a mean of
    the values. The last head has a key that nothing else resembles."""
    random = numpy.random.default_rng(11)
    q, k, v = (random.standard_normal((HEADS, N, width)) for width in (D, D, V))
    q[1, :, 0] += 2
    k[1, :, 0] += 2
    v += 0.5
    return {"q": q, "k": k, "v": v}


# ---- the oracle: every matrix written out


def normed(x, norm):
    if norm == "unit":
        return x / numpy.linalg.norm(x, axis=1, keepdims=True)
    if norm == "layernorm":
        x = x - x.mean(1, keepdims=True)
        return x / numpy.sqrt((x * x).mean(1, keepdims=True) + 1e-5)
    return x / D ** 0.25 if norm == "sqrt_d" else x


def power(z, beta, negative):
    if negative == "abs":
        return abs(z) ** beta
    if negative == "relu":
        return numpy.maximum(z, 0) ** beta
    return z ** beta if beta % 2 == 0 else numpy.sign(z) * abs(z) ** beta


def weights_of(point, z, seen):
    method = METHODS[int(point["method"])]
    if method == "uniform" or method in MAPS:
        return 1.0 * seen
    if method == "window":
        i, j = numpy.arange(len(z))[:, None] + z.shape[1] - len(z), numpy.arange(z.shape[1])
        seen = seen & ((abs(i - j) < point["local"]) | (j < point["sinks"]))
    if method == "topk":
        order = numpy.argsort(numpy.where(seen, -z, numpy.inf), axis=1, kind="stable")
        kept = numpy.zeros_like(seen)
        numpy.put_along_axis(kept, order[:, :int(point["keep"])], True, 1)
        seen = seen & kept
    if method == "taylor":
        return numpy.where(seen, sum(z ** i / math.factorial(i) for i in range(int(point["order"]) + 1)), 0)
    if method in ("softmax", "window", "topk"):
        return numpy.where(seen, numpy.exp(z - numpy.where(seen, z, -numpy.inf).max(1, keepdims=True)), 0)
    return numpy.where(seen, power(z, 1 if method == "linear" else point["beta"], NEGATIVES[int(point["negative"])]), 0)


def reference_of(point, z, seen):
    if point["reference"] == 1:
        return numpy.where(seen, numpy.exp(z - numpy.where(seen, z, -numpy.inf).max(1, keepdims=True)), 0)
    return numpy.where(seen, power(z, point["reference_beta"], "signed"), 0)


def entropy_of(w):
    if (w < 0).any():
        return numpy.nan
    p = w / numpy.where(w.any(1), w.sum(1), 1)[:, None]  # a row without weights has none
    return -(p * numpy.log(numpy.where(p > 0, p, 1))).sum(1).mean()


def oracle(point, q, k, v):
    count, keys = int(point["n"]), int(point["n_k"]) or int(point["n"])
    q, k, v = q[keys - count:keys], k[:keys], v[:keys]  # they end together
    seen = numpy.ones((count, keys), bool)
    if MASKS[int(point["mask"])] == "causal":
        seen = numpy.tril(seen, keys - count)
    own_q, own_k = (normed(x, NORMS[int(point["row_norm"])]) for x in (q, k))
    scale, offset = (point["scale"], point["offset"]) if point["scale"] > 0 else (1, 0)  # uniform has none
    z = offset + scale * own_q @ own_k.T
    w = weights_of(point, z, seen)
    if METHODS[int(point["method"])] in MAPS:
        phi = MAPS[METHODS[int(point["method"])]]
        w = numpy.where(seen, phi(scale ** 0.5 * own_q) @ phi(scale ** 0.5 * own_k).T, 0)
    exponential = METHODS[int(point["method"])] == "softmax"
    constant = point["den_constant"] * (numpy.exp(-numpy.where(seen, z, -numpy.inf).max(1)) if exponential else 1)
    den = w.sum(1) + constant
    p = reference_of(point, point["reference_scale"] * q @ k.T, seen)
    r = (p @ v) / p.sum(1, keepdims=True)
    there = numpy.where(den == 0, 1, den)[:, None]
    o, u = (w @ v) / there, seen @ v / seen.sum(1, keepdims=True)
    square, norm, good = ((o - r) ** 2).sum(1), (r * r).sum(1), den > 0
    rows = numpy.sqrt(square / norm)
    positive = (w >= 0).all() and (p >= 0).all()
    apart = abs(w / there - p / p.sum(1, keepdims=True)).sum(1).mean() / 2
    some = (o != 0).any(1)
    cosines = (o * r).sum(1)[some] / numpy.sqrt((o * o).sum(1) * norm)[some]
    return (numpy.sqrt(square.sum() / norm.sum()), numpy.sqrt(square[good].sum() / norm[good].sum()), abs(o - r).max(),
            numpy.quantile(rows, 0.5), numpy.quantile(rows, 0.9), cosines.mean(), (~some).sum(), 1 - square.sum() / ((u - r) ** 2).sum(),
            apart if positive else numpy.nan, (z[seen] < 0).mean() if point["scale"] > 0 else numpy.nan, entropy_of(p), entropy_of(w), count, (~good).sum())


def same(found, wanted, close, *what):
    for name, x, y in zip(COLUMNS, found, wanted):
        far = 0 if numpy.isnan(x) and numpy.isnan(y) else abs(x - y) / max(abs(y), 1e-3)
        check(far <= close, *what, name, "is", x, "not", y)


STUDIES = {
    "kernels": "methods: [exact, softmax, linear]\ngrid: {beta: [2, 3], negative: abs, scale: [1, 0.3], offset: [0, 0.7],"
               " den_constant: [0, 0.5], row_norm: [none, layernorm]",
    "norms": "methods: [exact, softmax]\ngrid: {beta: 4, row_norm: [unit, sqrt_d], mask: [full, causal]",
    "signs": "methods: [exact, linear]\ngrid: {beta: [3, 2.5], negative: signed, mask: causal, reference_scale: [0.1, 1]",
    "features": "methods: [elu1, relu]\ngrid: {row_norm: [none, sqrt_d], scale: [1, 2], den_constant: [0, 0.5]",
    "sums": "methods: [{taylor: {order: 2, by: features}}, monomial]\ngrid: {beta: 2, offset: [0, 0.3], scale: 0.4",
    "partial": "methods: [exact, {taylor: {order: [2, 4]}}]\ngrid: {beta: 2, negative: relu, scale: 0.4",
    "baselines": "methods: [uniform, {window: {local: [7, 40], sinks: [0, 3]}}, {topk: {keep: [1, 9, 200]}}]\ngrid: {row_norm: sqrt_d, scale: [1, 2]",
    "queries": "methods: [exact, softmax, {window: {local: 20}}, {topk: {keep: 9}}]\ngrid: {beta: 2, n: 45, n_k: 110",
    "same": "methods: [exact]\ngrid: {beta: [2, 3], negative: signed, reference: exact, row_norm: unit",
    "powers": "methods: [exact, softmax]\ngrid: {beta: [2, 4], reference: exact, reference_beta: [1, 3, 4, 2.5]",
}


def test_numpy():
    heads, checked = made_heads(), 0
    with h5py.File("heads.h5", "w") as file:
        file.update(heads)
    for name, grid in STUDIES.items():
        masks = "" if "mask" in grid else ", mask: [full, causal]"
        size = "" if " n: " in grid else f", n: {N}"
        found = computed(name, f"data: {{kind: file, path: heads.h5, heads: [0, 1]}}\n{grid}{masks}{size}, d: {D}, v: {V}, "
                               f"block: {BLOCK}}}\n")
        for slot in range(len(found["status"])):
            point = {key: values[slot] for key, values in found.items()}
            head = int(point["head"])
            wanted = oracle(point, *(heads[side][head] for side in "qkv"))
            same([point[key] for key in COLUMNS], wanted, CLOSE, name, slot)
            checked += 1
    check(checked > 100, "points", checked)


def test_reference_stays():
    """Nothing that a kernel does to its scores moves the reference; its own scale does."""
    found = columns_of("kernels.h5")
    for head in range(HEADS):
        for mask in range(2):
            some = (found["head"] == head) & (found["mask"] == mask)
            check(len(set(found["entropy_ref"][some])) == 1, "the reference's entropy", found["entropy_ref"][some])
    check((found["reference"] == 1).all(), "heads of files are compared with softmax")
    check(abs(found["reference_scale"] - D ** -0.5).max() < 1e-15, "its scale", found["reference_scale"])
    check(len(set(columns_of("signs.h5")["entropy_ref"])) == 2 * HEADS, "the reference's scale")


# ---- against the assessor, which knows nothing of references

PAIRS = (("err_out_ref", "err_out"), ("err_out_ref_mean", "err_out_mean"), ("err_out_ref_q90", "err_out_q90"),
         ("err_out_ref_max", "err_out_max"), ("err_out_ref_good", "err_out_good"),
         ("err_out_ref_row_q50", "err_out_row_q50"), ("err_out_ref_row_q90", "err_out_row_q90"))
SKETCHES = ("data: {{kind: gaussian, data_draws: 3}}\nmethods: [{{polysketch: {{r: 6, draws: 3}}}}, {{tree: {{r: 6, draws: 2}}}}, "
            "monomial, {{favor: {{features: 20, draws: 3}}}}]\ngrid: {{n: {n}, d: 4, v: 5, beta: 4, mask: [full, causal], block: 64, "
            "{more}}}\n")


def test_sketches():
    """With the reference that a sketch estimates both say the same: a power of raw rows; and `own`, which says so itself."""
    for n in (150, 1100):  # all rows, and a sample
        found = computed("powers_of", SKETCHES.format(n=n, more="reference: exact, reference_scale: 1, reference_beta: 4"))
        own = computed("own", SKETCHES.format(n=n, more="reference: own"))
        some = found["method"] != 10  # favor estimates no power
        for reference, error in PAIRS:
            # 1e-9: of exact maps errors are rounding; held against no less than the millionth of an output
            far = abs(found[reference] - found[error])[some] / numpy.maximum(abs(found[error]), 1e-6)[some]
            check(far.max() < 1e-9, n, reference, far)
            check((own[reference] == own[error]).all(), n, reference, "of the own kernel")
        check((abs(found["entropy_ref"] - found["entropy"])[some] < 1e-10 * found["entropy"][some]).all(), "entropies")
        check((found["tv_ref"][found["method"] == 4] < 1e-13).all(), "monomial is that power", found["tv_ref"])
        check(numpy.isnan(found["tv_ref"][found["method"] != 4]).all(), "weights of random maps are not known")
        check(numpy.isnan(own["tv_ref"]).all() and numpy.isnan(own["cos_ref"]).all(), "own computes nothing more")


def test_softmax():
    """Softmax of rows that are divided by the root of d is the reference itself; a sketch of it has the error it has."""
    favor = SKETCHES.format(n=150, more="reference: softmax, row_norm: sqrt_d").replace("monomial", "softmax")
    found = computed("softmax", favor)
    exact, estimate = found["method"] == 1, found["method"] == 10
    for name, value, close in (("err_out_ref", 0, 1e-14), ("cos_ref", 1, 1e-14), ("skill_ref", 1, 1e-14), ("tv_ref", 0, 1e-14)):
        check((abs(found[name][exact] - value) < close).all(), "softmax", name, found[name][exact])
    for reference, error in PAIRS:
        check((abs(found[reference] - found[error])[estimate] <= 1e-10 * found[error][estimate]).all(), "favor", reference)


def test_landmarks():
    """Weights that no score has by itself are not known; outputs are compared all the same."""
    found = computed("landmarks", "data: {kind: gaussian}\nmethods: [uniform, {nystrom: {landmarks: [4, 40]}}]\n"
                                  "grid: {n: 80, d: 4, v: 5, row_norm: sqrt_d, block: 32, reference: softmax}\n")
    uniform, few, many = found["err_out_ref"]
    check(many < min(few, uniform) and abs(found["skill_ref"][0]) < 1e-12, "errors", found["err_out_ref"])
    for name in ("tv_ref", "entropy"):
        check((numpy.isnan(found[name]) == [False, True, True]).all(), name, found[name])


def test_decoding():
    """A decoded token is compared with the last row of the reference; the program's own rows are the outputs."""
    data = f"data: {{kind: file, path: heads.h5, heads: [0, 1]}}\nmethods: [{{METHODS}}]\n" \
           f"grid: {{n: {N}, d: {D}, v: {V}, block: {BLOCK}, mask: causal, scale: 0.3MODE}}\n"
    methods = "exact, uniform, {topk: {keep: 9}}, {window: {local: 20, sinks: 2}}, elu1, {taylor: {order: 2, by: features}}"
    forward = computed("forward", data.replace("{METHODS}", methods + ", softmax").replace("MODE", ", beta: 2, reference_scale: 0.3") +
                       "output: {keep: [rows]}\n")
    decoded = computed("decoded", data.replace("{METHODS}", methods).replace("MODE", ", beta: 2, mode: decode, reference_scale: 0.3") +
                       "decode: {cache: fp64}\n")
    with h5py.File("forward.h5") as file:
        values, first = file["rows/output"][()], file["rows/first_value"][()]
    last = numpy.array([values[start + (N - 1) * V:start + N * V] for start in first])
    for i, (method, head) in enumerate(zip(decoded["method"], decoded["head"])):
        own, = last[(forward["method"] == method) & (forward["head"] == head)]
        target, = last[(forward["method"] == 1) & (forward["head"] == head)]
        expected = numpy.linalg.norm(own - target) / numpy.linalg.norm(target)
        check(abs(decoded["err_out_ref"][i] - expected) < CLOSE * expected, "decode", method, decoded["err_out_ref"][i], expected)
    check((decoded["err_rows"] == 1).all() and (decoded["mask"] == 1).all(), "one row, the newest")


def test_far_scores():
    """A row whose only score is far below 0 has attention 1 on it all the same."""
    found = computed("far", "data: {kind: gaussian, reference: softmax}\nmethods: [softmax, {window: {local: 4}}]\n"
                            "grid: {n: 64, d: 16, mask: causal, scale: 400}\n")
    check((found["tv_ref"] > 0.5).all() and (found["tv_ref"] < 1).all(), "far scores", found["tv_ref"])


# ---- teams, precisions, files


def test_teams():
    """Shares of keys are summed in another order, and nothing else is different."""
    text = SKETCHES.format(n=150, more="reference: softmax, row_norm: [none, sqrt_d]").replace("[{", "[exact, softmax, {", 1)
    text = text.replace("block: 64", "block: 16").replace("monomial", "monomial, {topk: {keep: 9}}, {window: {local: 20}}")
    alone = computed("alone", text)
    for ranks in (2, 3):
        team = computed(f"team{ranks}", text, "--set", f"run.team={ranks}", "--oversubscribe", ranks=ranks)
        check((team["team"] == ranks).all(), "teams", team["team"])
        for name in COLUMNS + ("err_out_ref_mean", "err_out_ref_q90"):
            x, y = alone[name], team[name]
            check((numpy.isnan(x) == numpy.isnan(y)).all(), ranks, name, "is a number elsewhere")
            # of sums that cancel the digits are lost that both sides share: 1e-12 of what they are sums of
            rows_alike = (alone["method"] < 3) & (abs(x - y) > 1e-12 * numpy.maximum(abs(x), 1e-2))
            check(not rows_alike.any(), ranks, name, x[rows_alike], y[rows_alike])
            # random sketches add states in another order, and a denominator near 0 magnifies it
            far = abs(x - y) > 1e-9 * numpy.maximum(abs(x), 1e-2)
            check(not far.any(), ranks, name, x[far], y[far])


def test_single():
    """Single precision has its own rounding, and the reference none."""
    text = f"data: {{kind: file, path: heads.h5, heads: [0, 1]}}\nmethods: [exact, softmax]\ngrid: {{beta: 4, n: {N}, d: {D}, " \
           f"v: {V}, block: {BLOCK}, mask: causal, precision: [fp64, fp32]}}\n"
    found = computed("single", text)
    full, single = found["precision"] == 0, found["precision"] == 1
    for name in ("tv_ref", "neg_scores", "entropy_ref", "entropy"):
        check((found[name][full] == found[name][single]).all(), "single precision moves", name)
    # 5e-6: what columns.def allows of sums over keys in single precision
    check((abs(found["err_out_ref"][full] - found["err_out_ref"][single]) < 5e-6).all(), "single", found["err_out_ref"])
    check((found["err_out_ref"][full] != found["err_out_ref"][single]).all(), "single precision is computed")


def test_files():
    told = parse(run("verify", "alone.h5", "--json"))
    check(told["differing"] == 0 and told["recomputed"] == told["done"] > 0, told)
    with h5py.File("alone.h5", "r+") as file:  # what is not what is computed, under a commit word that says it is
        for slot, name in enumerate(("err_out_ref", "cos_ref", "tv_ref", "entropy_ref")):
            check(file[name][slot] > 0, name, slot, file[name][slot])
            file[name][slot] *= 1 + 1e-6
            file["commit"][slot] = commands.commit_word(file, slot)
    told = parse(run("verify", "alone.h5", "--json", code=4))
    check(told["differing"] == 4 and told["torn"] == 0, told)
    shown = run("show", "kernels.h5", "--where", "scale == 1 and offset == 0", "--columns", "err_out_ref,reference")
    check("softmax" in shown, shown)
    own = computed("row_fold", f"data: {{kind: gaussian}}\nmethods: [exact]\ngrid: {{beta: [2, 4], n: {N}, d: 4}}\n")
    check(all(numpy.isnan(own[name]).all() for name in COLUMNS[:6] + COLUMNS[7:12]) and (own["timing"] == 2).all(),
          "without a reference nothing is compared, and points share their tiles")


def main():
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        test_numpy()
        test_reference_stays()
        test_sketches()
        test_softmax()
        test_landmarks()
        test_decoding()
        test_far_scores()
        test_teams()
        test_single()
        test_files()
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    sys.exit(main())
