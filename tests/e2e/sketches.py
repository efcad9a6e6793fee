"""Sketches from end to end: heads from files and learned weights against numpy, draws against trials, refusals."""
import json, os, struct, subprocess, sys, tempfile

import h5py
import numpy

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
N, D, V, R = 75, 8, 5, 6
checks = failed = 0


def check(condition, *what):
    global checks, failed
    checks += 1
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def run(text, name, code=0, *more):
    """The columns of the study's file and what the program said."""
    with open(f"{name}.yaml", "w") as file:
        file.write(f"schema: 1\nstudy: {name}\nseed: 3\n{text}")
    if os.path.exists(f"{name}.h5"):
        os.remove(f"{name}.h5")
    done = subprocess.run([PROGRAM, "run", f"{name}.yaml", "--quiet", *more], capture_output=True, text=True)
    check(done.returncode == code, name, "ended with", done.returncode, "not", code, done.stderr)
    if not os.path.exists(f"{name}.h5"):
        return {}, done.stderr
    with h5py.File(f"{name}.h5") as file:
        columns = {key: item[:] for key, item in file.items() if isinstance(item, h5py.Dataset)}
        columns["messages"] = [message.decode() for message in file["failures/message"][:]]
        return columns, done.stderr


def planned(name, code=0, *options):
    """What plan says of a study, in words for a person or of a refusal."""
    done = subprocess.run([PROGRAM, "plan", f"{name}.yaml", *options], capture_output=True, text=True)
    check(done.returncode == code, "plan of", name, options, "ended with", done.returncode, "not", code, done.stderr)
    return done.stderr or done.stdout


def refused(text, *words, code=2):
    """By run, and before it by plan."""
    columns, said = run(text, "refused", code)
    check(not columns, "a refusal left a file:", text)
    for word in words:
        check(word in said, "not in the message:", word, "in", said)
    check(planned("refused", code) == said, "plan says otherwise than", said)
    check(run(text, "refused", code, "--dry-run")[1] == said, "a dry run says otherwise than", said)


# ---- files


def write_safetensors(path, arrays):
    header, blob = {}, b""
    for name, array in arrays.items():
        data = numpy.ascontiguousarray(array).tobytes()
        header[name] = {"dtype": "F64", "shape": list(array.shape), "data_offsets": [len(blob), len(blob) + len(data)]}
        blob += data
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + blob)


def write_all(arrays):
    os.mkdir("npy")
    for name, array in arrays.items():
        numpy.save(f"npy/{name}.npy", array)
    write_safetensors("heads.safetensors", arrays)
    with h5py.File("heads.h5", "w") as file:
        file.update(arrays)


def layernorm(x):
    x = x - x.mean(-1, keepdims=True)
    return x / numpy.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)


def attention(weights, v):
    return weights @ v / weights.sum(-1, keepdims=True)


def files(arrays):
    body = """methods: [exact, {polysketch: {r: 6, draws: 4}}, monomial]
grid: {n: %d, d: %d, v: %d, beta: 4, mask: [full, causal]}
data: {kind: file, path: PATH, heads: [0, 1]}
""" % (N, D, V)
    of = {path: run(body.replace("PATH", path), "files")[0] for path in ("npy", "heads.safetensors", "heads.h5")}
    first = of["npy"]
    for path, columns in of.items():
        for name in ("head", "err_amm", "err_out_q90", "entropy", "theory_err_amm"):
            check(first[name].tobytes() == columns[name].tobytes(), path, name, "differs from npy's")
    for i in range(len(first["head"])):
        if numpy.isnan(first["entropy"][i]):
            continue
        q, k = arrays["q"][first["head"][i]], arrays["k"][first["head"][i]]
        weights = (q @ k.T) ** 4
        if first["mask"][i]:
            weights = numpy.tril(weights)
        share = weights / weights.sum(-1, keepdims=True)
        entropy = -(share * numpy.log(numpy.where(share > 0, share, 1))).sum(-1).mean()
        # sums of 75 rounded numbers
        check(abs(first["entropy"][i] - entropy) < 1e-12, "entropy of head", i, first["entropy"][i], entropy)
        if first["theory_err_amm"][i] == 0:  # monomials are exact but for rounding
            check(first["err_out"][i] < 1e-12, "monomials:", first["err_out"][i])
    check(sorted(set(first["head"])) == [0, 1], "heads", first["head"])
    # exact and sketched points sum in different orders
    check(len(set(first["entropy"].round(11)) - {numpy.nan}) == 4, "heads and masks differ", first["entropy"])

    broken = dict(arrays, k=arrays["k"].copy())
    broken["k"][1, 3, 2] = numpy.nan
    with h5py.File("nan.h5", "w") as file:
        file.update(broken)
    refused(body.replace("PATH", "nan.h5"), "nan.h5", "k", "nan", code=3)
    with h5py.File("wide.h5", "w") as file:
        file.update(dict(arrays, k=arrays["k"][:, :, :-1]))
    refused(body.replace("PATH", "wide.h5"), "wide.h5", code=3)
    refused(body.replace("PATH", "heads.h5").replace(f"d: {D}", f"d: {D + 1}"), "d = 9", "heads.h5")
    refused(body.replace("PATH", "heads.h5").replace(f"n: {N}", f"n: {N + 1}"), f"n = {N + 1}", "heads.h5")
    refused(body.replace("PATH", "heads.h5").replace("[0, 1]", "[0, 2]"), "head", "heads.h5")
    refused(body.replace("PATH", "nowhere.h5"), "nowhere.h5", code=3)
    check("points" in planned("refused", 0, "--no-inputs"), "a plan without the data")
    check("add --dry-run" in run(body.replace("PATH", "heads.h5"), "refused", 2, "--no-inputs")[1], "a run needs them")


# ---- denominators


def denominators(arrays):
    """Rows without a positive denominator, of every method, against numpy; exact and linear weights that keep their sign."""
    body = """methods: [exact, linear, softmax, {tensorsketch: {r: 16, draws: 4}}, {polysketch: {r: 6, draws: 4}}]
grid: {n: %d, d: %d, v: %d, beta: [1, 2, 3], mask: [full, causal], precision: [fp64, fp32], negative: SIGN}
exclude:
  - {when: "method == polysketch and beta %% 2 != 0", why: odd}
  - {when: "method == tensorsketch and negative == abs and beta %% 2 != 0", why: its sign}
data: {kind: file, path: heads.h5, heads: [0, 1]}
""" % (N, D, V)
    exact, softmax, linear, polysketch, tensorsketch = 0, 1, 2, 5, 7
    for sign in ("signed", "abs"):
        found, _ = run(body.replace("SIGN", sign), "denominators")
        bad, rows, method = found["bad_rows"], found["den_rows"], found["method"]
        check((rows == numpy.where(method == tensorsketch, 4 * N, N)).all(), "rows", rows)  # a map that is exact is drawn once
        for i in numpy.flatnonzero((method == exact) | (method == linear)):
            q, k = arrays["q"][found["head"][i]], arrays["k"][found["head"][i]]
            weights = (q @ k.T) ** (1 if method[i] == linear else int(found["beta"][i]))
            weights = abs(weights) if sign == "abs" else weights
            weights = numpy.tril(weights) if found["mask"][i] else weights
            check(bad[i] == (weights.sum(-1) <= 0).sum(), sign, method[i], found["beta"][i], "bad rows", bad[i])
            check((bad[i] > 0) == (sign == "signed" and found["beta"][i] != 2), "rows that cancel", method[i], bad[i])
        check((bad[(method == softmax) | (method == polysketch)] == 0).all(), "weights that are not negative")
        check((bad[method == tensorsketch] > 0).all(), "a signed sketch", bad[method == tensorsketch])
    refused(body.replace("SIGN", "refuse").replace("[1, 2, 3]", "2"), "linear", "negative: signed", "bad_rows")
    refused(body.replace("SIGN", "refuse").replace("linear, ", ""), "beta = 1")


def two_data_sets():
    """Rows of both, whatever the precision; kept rows are of the first draw."""
    found, _ = run("""data: {preset: W1, noise: 1.5}
methods: [exact, softmax, tensorsketch: {r: 64, draws: 4}]
grid: {n: 64, d: 6, beta: [1, 3], negative: signed, precision: [fp64, fp32]}
judge: {m: 8, trials: 20}
output: {keep: [rows]}
""", "sets")
    with h5py.File("sets.h5") as file:
        log2_den, first = file["rows/log2_den"][:], [*file["rows/first_row"][:], len(file["rows/log2_den"])]
    for i, bad in enumerate(found["bad_rows"]):
        kept = log2_den[first[i]:first[i + 1]]
        draws, rest = divmod(found["den_rows"][i], 2 * 64)
        check(len(kept) == 2 * 64 and rest == 0 and draws >= max(1, found["draws"][i]), "rows", found["den_rows"][i])
        least = (~(kept > -numpy.inf)).sum()
        check(bad == least if draws == 1 else bad >= least, "bad rows", bad, "kept", least, "of", draws, "draws")
    check((found["bad_rows"][found["method"] != 1] > 0).any(), "weights that cancel", found["bad_rows"])


# ---- maps that are exact, windows, and rows of a sample


def stored():
    found, _ = run("""data: {kind: gaussian}
methods:
  - tree: {r: 16, draws: 4}
  - polysketch: {r: [16, 40], draws: 4}
  - tensorsketch: {r: 16, draws: 4, complex: [false, true]}
  - maclaurin: {features: [16, 32], draws: 4, complex: [false, true]}
  - monomial
grid: {beta: [1, 2], n: 64, d: 24, v: 16, negative: signed}
exclude: [{when: "method == polysketch and beta == 1", why: odd}]
""", "stored")
    for method, beta, asked, features, exact in ((6, 1, 16, 24, 1), (6, 2, 16, 16, 0), (5, 2, 136, 300, 1), (5, 2, 820, 300, 1),
                                                 (7, 1, 16, 16, 0), (9, 2, 16, 16, 0), (7, 2, 32, 32, 0), (4, 1, 0, 24, 1), (4, 2, 0, 300, 1)):
        at = (found["method"] == method) & (found["beta"] == beta) & (found["features"] == asked)
        at &= (found["complex"] == 0) | (method == 7)
        check(at.sum() == 1, "points of method", method, "of degree", beta, at.sum())
        check(list(found["map_features"][at]) == [features] and list(found["exact_map"][at]) == [exact], method, beta,
              "stores", found["map_features"][at], "exact", found["exact_map"][at])
        check(list(found["state_bytes"][at]) == [features * 17 * 8], method, beta, "has", found["state_bytes"][at])
        check((found["err_out"][at] < 1e-10).all() == bool(exact), method, beta, "is off by", found["err_out"][at])

    check((found["features"] == numpy.where(found["complex"] == 1, 2, 1) * found["r"])[found["method"] >= 7].all(), "columns")

    found, _ = run("""data: {kind: gaussian}
methods: [polysketch: {r: 8, draws: 1, local: [0, 64, 256]}]
grid: {beta: 4, n: 128, d: 32, v: 32, block: 64, mask: causal, precision: [fp64, fp32]}
""", "windows")
    window = numpy.minimum(found["local"], 128) * 64
    each = numpy.where(found["precision"] == 0, 8, 4)
    check((found["state_bytes"] == (36 * 33 + window) * each).all(), "windows", found["state_bytes"])
    check(set(found["state_bytes"][found["precision"] == 0]) == {9504, 9504 + 32768, 9504 + 65536}, found["state_bytes"])


def rows_of_a_sample():
    """All rows up to 1,024, 256 of them from 1,025 on: a norm with heavy tails steps there, quantiles of rows do not."""
    found, _ = run("""data: {kind: gaussian}
methods: [tree: {r: 32, draws: 40}]
grid: {beta: 4, n: [1024, 1025], d: 20, v: 6, mask: causal, row_norm: unit, negative: signed}
""", "rows")
    check(list(found["err_rows"]) == [1024, 256], "rows", found["err_rows"])
    step = {name: found[name][1] / found[name][0] for name in ("err_out", "err_out_row_q50", "err_out_row_q90")}
    # medians over 40 draws of quantiles over 256 rows or more: a few percent; the norm is near its largest row
    check(abs(step["err_out_row_q50"] - 1) < 0.1 and abs(step["err_out_row_q90"] - 1) < 0.1 and step["err_out"] < 0.8, step)


# ---- learned weights


def random_weights(random):
    def level(width):
        return {"gain": random.normal(1, 0.1, width), "shift": random.normal(0, 0.1, width),
                "up": random.normal(0, width**-0.5, (width, 8 * R)), "down": random.normal(0, 0.2, (8 * R, R))}

    return {f"{stack}/{number}/{part}": array for stack in (0, 1) for number, width in ((0, D), (1, R))
            for part, array in level(width).items()}


def learned_map(weights, x):
    def gelu(x):
        return x / 2 * (1 + numpy.tanh(numpy.sqrt(2 / numpy.pi) * (x + 0.044715 * x**3)))

    stacks = []
    for stack in (0, 1):
        y = x
        for number in (0, 1):
            part = {name: weights[f"{stack}/{number}/{name}"] for name in ("gain", "shift", "up", "down")}
            y = gelu((layernorm(y) * part["gain"] + part["shift"]) @ part["up"]) @ part["down"]
        stacks.append(y)
    return numpy.sqrt(R) * numpy.tanh(stacks[0] * stacks[1] / numpy.sqrt(R))


def learned(arrays, random):
    weights = random_weights(random)
    with h5py.File("weights.h5", "w") as file:
        file.update(weights)
    body = """methods: [{polysketch: {r: 6, local: [0, 32], weights: weights.h5}}]
grid: {n: %d, d: %d, v: %d, beta: 4, block: 16, mask: causal, precision: [fp64, fp32]}
data: {kind: file, path: heads.h5}
""" % (N, D, V)
    found, _ = run(body, "learned")
    q, k, v = (arrays[name][0] for name in "qkv")
    exact = numpy.tril((q @ k.T) ** 4)
    sketch = numpy.tril((learned_map(weights, q) @ learned_map(weights, k).T) ** 2)
    norm = (numpy.tril(numpy.outer((q * q).sum(-1) ** 4, (k * k).sum(-1) ** 4))).sum()
    for i in range(len(found["beta"])):
        block = numpy.arange(N) // max(found["local"][i], 1)
        mixed = numpy.where((block[:, None] == block) & (found["local"][i] > 0), exact, sketch)
        out, mixed_out = attention(exact, v), attention(mixed, v)
        amm = numpy.linalg.norm(mixed - exact) / numpy.sqrt(norm)
        off = numpy.linalg.norm(mixed_out - out) / numpy.linalg.norm(out)
        close = 1e-3 if found["precision"][i] else 1e-9  # what the columns promise
        check(abs(found["err_amm"][i] / amm - 1) < close, "learned err_amm", found["err_amm"][i], amm)
        check(abs(found["err_out"][i] / off - 1) < close, "learned err_out", found["err_out"][i], off)
        check(numpy.isnan(found["theory_err_amm"][i]), "nothing is known of learned weights")

    with h5py.File("weights.h5", "r+") as file:
        del file["1/0/down"]
        file["1/0/down"] = numpy.zeros((8 * R, R + 1))
    refused(body, "weights.h5", "1/0/down", f"{8 * R} x {R + 1}", f"{8 * R} x {R}")
    with h5py.File("weights.h5", "r+") as file:
        del file["1/0/down"]
    refused(body, "1/0/down", "missing")


def learned_and_random():
    """In one study: r of the learned sketch is its file's, that of the others the study's."""
    random = numpy.random.default_rng(11)
    with h5py.File("weights.h5", "w") as file:
        file.update(random_weights(random))
    body = """methods: [{polysketch: {weights: %s, draws: 2}}]
grid: {n: %d, d: %d, v: %d, beta: 4, block: 16, mask: causal}
data: {kind: file, path: heads.h5}
"""
    both, _ = run(body % ("[weights.h5, none], r: [4, 8]", N, D, V), "both")
    check(both["r"].tolist() == [R, 4, 8] and both["weights"].tolist() == [1, 0, 0], both["r"], both["weights"])
    check(both["features"].tolist() == [R * (R + 1) // 2, 10, 36], both["features"])
    alone, _ = run(body % (f"weights.h5, r: {R}", N, D, V), "alone")
    bare, _ = run(body % ("weights.h5", N, D, V), "bare")
    others, _ = run(body % ("none, r: [4, 8]", N, D, V), "others")
    for name in ("err_amm", "err_out", "state_bytes"):
        check(both[name][0] == alone[name][0] == bare[name][0], name, "of the learned one")
    for name in ("err_amm", "err_out", "state_bytes"):
        check(both[name][1:].tolist() == others[name].tolist(), name, "of the random ones")
    os.rename("weights.h5", "away.h5")
    for command in (["status"], ["show", "--csv"]):
        done = subprocess.run([PROGRAM, *command, "both.h5"], capture_output=True, text=True)
        check(done.returncode == 0, command, "needs no weights", done.stderr)
    check("weights.h5" in planned("both", 3), "plan opens them")
    check("weights: {file: weights.h5, r: 32}" in planned("both", 2, "--no-inputs"), "r is not known")
    stated = ["--set", "methods.polysketch.weights=[{file: weights.h5, r: 6}, none]"]
    check("polysketch       3" in planned("both", 0, "--no-inputs", *stated), "r is said")
    os.rename("away.h5", "weights.h5")
    done = subprocess.run([PROGRAM, "run", "both.yaml", *stated], capture_output=True, text=True)
    check(done.returncode == 0 and "3 of 3" in done.stderr, "the same study, with r said", done.stderr)
    refused(body % ("[{file: weights.h5, r: 5}, none], r: 4", N, D, V), "weights.h5", "0/0/up is 8 x 48", "8 x 40")
    from polysweep import open as opened, sketches

    points = sketches.sketches(opened("both.h5"))
    check(sorted(zip(points["weights"], points["r"])) == [(0, 4), (0, 8), (1, R)], "in Python", points[["weights", "r"]])
    done = subprocess.run([sys.executable, "-m", "polysweep.report", "both.h5", "--output", "report"], capture_output=True, text=True)
    check(done.returncode == 0, "a page of both", done.stderr)
    with open("report/error-r.csv") as drawn:
        lines = drawn.read().splitlines()
    check(len(lines) == 4 and "weights" in lines[0].split(","), "three sketches, learned and random apart", lines)


# ---- draws and trials


def draws():
    body = """data: {preset: P2}
methods: [{polysketch: {r: 8, draws: [1, 3, 12, 40]}}, {tensorsketch: {r: 32, draws: 12}}, exact]
grid: {n: 128, d: 18, beta: [4, 8]}
judge: {m: 16, trials: 12}
"""
    found, _ = run(body, "draws")
    for i in range(len(found["draws"])):
        given = found["draws"][i] or 12  # exact: every trial is a sample
        check(found["success_samples"][i] == min(given, 12), "samples", found["success_samples"][i], "of draws", given)
    for beta in (4, 8):  # trial t has draw t, however many more there are
        same = [i for i in range(8) if found["beta"][i] == beta and found["draws"][i] >= 12]
        for name in ("successes", "value_d1", "margin_d1"):
            check(len(set(found[name][same])) == 1, name, "of 12 and of 40 draws", found[name][same])
    rate, low, high = (found[f"success_{name}"] for name in ("rate", "lo", "hi"))
    width = high - low
    few = (found["draws"] == 1) & (rate > 0) & (rate < 1)
    check(numpy.all(width[few] > 0.7), "one draw is one sample, its interval is wide", width[few])
    check(numpy.all(found["trials"] == 12) and numpy.all(found["successes"] <= 12), "trials", found["trials"])
    check(numpy.all(found["fires_d0"][found["draws"] > 0][:8] == 0), "weights that are not negative never fire on D_0")


# ---- refusals


def refusals():
    body = """data: {kind: gaussian}
methods: [%s]
grid: {n: 64, d: 8, v: 8, beta: %s}
"""
    refused(body % ("{polysketch: {r: 8}}", 3), "polysketch", "even degree", "2 or 4")
    refused(body % ("{polysketch: {r: 0}}", 4), "r")
    refused(body % ("{tree: {r: -1}}", 4), "r")
    refused(body % ("{polysketch: {features: 500}}", 4), "features = 500", "496", "528")
    refused(body % ("{maclaurin: {r: 8, features: 9}}", 4), "features")
    refused(body % ("{tree: {r: 8}}", 3), "negative")
    refused(body % ("{polysketch: {r: 8, local: 256}}", 4), "local", "causal")

    refused(body % ("{maclaurin: {features: 9, complex: true}}", 4), "complex column is two features", "take 8 or 10")
    refused(body % ("{tensorsketch: {r: 8, features: 8, complex: true}}", 4), "both r and features")
    refused(body % ("{maclaurin: {r: 8, complex: 2}}", 4), "complex")
    refused(body % ("{tree: {r: 8, complex: true}}", 4), "complex")
    refused(body % ("{tree: {r: 8, leaves: sparse}}", 4), "sparse", "srht")
    refused(body % ("{srht: {r: 8, leaves: count}}", 4), "leaves")
    refused(body % ("{favor: {features: 8, epsilon: -1}}", 4), "epsilon")
    refused("data: {preset: P2}\nmethods: [favor: {features: 8, epsilon: 1.0e-3}]\ngrid: {n: 64, d: 18}\n", "epsilon", "one set")

    # C(8 + p - 1, p) features, 8 values and a denominator, 8 bytes each
    found, _ = run(body % ("monomial", "[4, 10]"), "monomial", 1, "--set", "run.memory_per_rank=1M")
    check(list(found["status"]) == [2, 4], "states that fit", found["status"])
    check(numpy.isnan(found["err_amm"][1]), "a skipped point has no error")
    check(any("19448 features" in text and "1400256 bytes" in text for text in found["messages"]), found["messages"])


def facts():
    """A file says of its methods what the package knows of those that older files have."""
    import polysweep
    from polysweep.methods import BEFORE_ATTRIBUTES

    told = polysweep.methods.facts(polysweep.open("monomial.h5"))
    check(told is not BEFORE_ATTRIBUTES, "the file has no attributes of methods")
    check(told.iloc[:len(BEFORE_ATTRIBUTES)].equals(BEFORE_ATTRIBUTES), "facts of methods", told)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        random = numpy.random.default_rng(1)
        arrays = {name: random.normal(size=(2, N, width)) for name, width in zip("qkv", (D, D, V))}
        write_all(arrays)
        files(arrays)
        denominators(arrays)
        two_data_sets()
        stored()
        rows_of_a_sample()
        learned(arrays, random)
        learned_and_random()
        draws()
        refusals()
        facts()
        os.chdir("/")
    print(f"{checks} checks, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
