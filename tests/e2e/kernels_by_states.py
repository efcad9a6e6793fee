"""Kernels that are the product of features, and partial sums of the exponential by features, against numpy: outputs, errors,
entropies, of heads with full mantissas and of random rows; teams of 1, 2 and 3; what is refused."""

import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

import commands
from commands import check

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
N, D, V = 117, 5, 4  # 117 = 3 * 32 + 21: the last block is ragged
#: of outputs: some hundred roundings of sums over keys and features; single precision rounds queries, keys and features too
NEAR = {0: 1e-12, 1: 2e-5}


def run(name, text, ranks=1, code=0):
    """Columns and rows of the study's file, or what was said of one that is refused."""
    with open(f"{name}.yaml", "w") as file:
        file.write(f"schema: 1\nstudy: {name}\n{text}output: {{keep: [rows]}}\n")
    command = [PROGRAM, "run", f"{name}.yaml", "--quiet"] + (["--oversubscribe"] if ranks > 1 else [])
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), "--oversubscribe", *command]
    done = subprocess.run(command, capture_output=True, text=True)
    check(done.returncode == code, name, "ended with", done.returncode, "not", code, done.stderr)
    if code > 1:
        return done.stderr
    with h5py.File(f"{name}.h5") as file:
        columns = {key: item[:] for key, item in file.items() if isinstance(item, h5py.Dataset)}
        columns["messages"] = [message.decode() for message in file["failures/message"][:]]
        group = file["rows"]
        ends = [*group["first_value"][()], len(group["output"])]
        columns["rows"] = [group["output"][a:b].reshape(-1, V) for a, b in zip(ends, ends[1:])]
        return columns


# ---- the kernels


def partial_sum(z, order):
    total, term = np.ones_like(z), np.ones_like(z)
    for i in range(1, order + 1):
        term = term * z / i
        total = total + term
    return total


def elu1(x):
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def relu(x):
    return np.maximum(x, 0)


def weights(word, q, k, scale, offset, order, causal):
    if word == "taylor":
        w = partial_sum(offset + scale * (q @ k.T), order)
    else:
        phi = {"elu1": elu1, "relu": relu}[word]
        w = phi(np.sqrt(scale) * q) @ phi(np.sqrt(scale) * k).T
    return np.tril(w) if causal else w


def attention(w, v):
    den = w.sum(1, keepdims=True)
    return np.divide(w @ v, den, out=np.zeros((len(w), v.shape[1])), where=den != 0)


def entropy(w):
    """In nats; of rows without a weight there is none."""
    den = w.sum(1, keepdims=True)
    share = np.divide(w, den, out=np.zeros_like(w), where=den != 0)
    return -(share * np.log(np.where(share > 0, share, 1))).sum(1).mean()


# ---- studies


def words_of(path):
    with h5py.File(path) as file:
        text = file["method"].attrs["flag_meanings"]
        return (text.decode() if isinstance(text, bytes) else text).split()


def off(found, wanted):
    """Relative to the largest entry: outputs of a row cancel."""
    return np.abs(found - wanted).max() / np.abs(wanted).max()


def check_point(c, i, words, heads):
    word, causal, single = words[c["method"][i]], bool(c["mask"][i]), int(c["precision"][i])
    q, k, v = (heads[side][c["head"][i]] for side in "qkv")
    order, offset = int(c["order"][i]), c["offset"][i]
    w = weights(word, q, k, c["scale"][i], offset, order, causal)
    where = (word, "order", order, "mask", causal, "precision", single, "offset", offset, "block", c["block"][i])
    check(np.isfinite(c["rows"][i]).all(), *where, "rows are not finite")
    check(off(c["rows"][i], attention(w, v)) <= NEAR[single], *where, "outputs:", off(c["rows"][i], attention(w, v)))
    check(c["exact_map"][i] == 1 and np.isnan(c["err_amm"][i]), *where, "the map", c["exact_map"][i], c["err_amm"][i])
    for name in ("err_out", "err_attn"):
        check(c[name][i] <= NEAR[single], *where, name, c[name][i])
    if not np.isnan(c["entropy"][i]):
        check(abs(c["entropy"][i] - entropy(w)) <= 1e-12 * entropy(w), *where, "entropy", c["entropy"][i], entropy(w))
    check(np.isnan(c["entropy"][i]) == bool((w < 0).any()), *where, "entropy of negative weights", c["entropy"][i])
    check(c["bad_rows"][i] == ((w.sum(1) <= 0).sum()), *where, "bad rows", c["bad_rows"][i], (w.sum(1) <= 0).sum())


BODY = f"""methods: [elu1, relu, taylor: {{order: ORDERS, by: features}}]
grid: {{n: {N}, d: {D}, v: {V}, mask: [full, causal], precision: [fp64, fp32], scale: [0.5, 1], offset: [0, 0.75], block: BLOCKS,
  negative: NEGATIVE}}
data: {{kind: file, path: heads.h5, heads: [0, 1]}}
"""


def outputs(heads):
    text = BODY.replace("ORDERS", "[2, 4]").replace("BLOCKS", "[32, 200]").replace("NEGATIVE", "refuse")
    c = run("outputs", text)
    words = words_of("outputs.h5")
    check(len(c["method"]) == 32 * 2 + 128, "points:", len(c["method"]))  # an offset changes nothing of elu1 and relu
    for i in range(len(c["method"])):
        check_point(c, i, words, heads)
    check((c["bad_rows"][c["method"] == words.index("relu")] > 0).any(), "some rows have nothing above zero")
    return words


def signed(heads, words):
    """Of odd order weights may be negative: their denominators are kept off zero, where no precision is enough."""
    positive = {side: np.abs(rows) for side, rows in heads.items()}
    with h5py.File("heads.h5", "w") as file:
        file.update(positive)
    c = run("signed", BODY.replace("ORDERS", "[1, 3]").replace("BLOCKS", "32").replace("NEGATIVE", "signed"))
    for i in range(len(c["method"])):
        check_point(c, i, words, positive)
    with h5py.File("heads.h5", "w") as file:
        file.update(heads)


def wide_ranges():
    """Rows whose features leave the range of single precision, 2^127, if nothing is scaled; and what no scale helps."""
    rng = np.random.default_rng(5)
    heads = {side: rng.normal(size=(1, N, D if side != "v" else V)) for side in "qkv"}
    for side in "qk":
        heads[side] = np.abs(heads[side]) * np.exp2(rng.integers(-20, 21, size=(1, N, 1)))
    with h5py.File("wide-heads.h5", "w") as file:
        file.update(heads)
    text = f"""methods: [taylor: {{order: [4, 8], by: features}}]
grid: {{n: {N}, d: {D}, v: {V}, mask: [full, causal], precision: [fp64, fp32], block: 32}}
data: {{kind: file, path: wide-heads.h5}}
"""
    c = run("wide", text, code=1)
    for i in range(len(c["method"])):
        out = c["precision"][i] == 1 and c["order"][i] == 8  # 2^20 to the 8th beside 1
        check(c["status"][i] == (3 if out else 2), "status", c["status"][i], "order", c["order"][i], c["precision"][i])
        if not out:
            check_point(c, i, words_of("wide.h5"), heads)
    said = [message for message in c["messages"] if message]
    check(len(said) == 2 and all("whose power 8 is too large" in message for message in said), said)


def teams():
    body = f"""methods: [elu1, relu, taylor: {{order: 2, by: features}}]
data: {{kind: gaussian}}
grid: {{n: {N}, d: {D}, v: {V}, mask: [full, causal], precision: [fp64, fp32], block: 8, team: TEAM}}
"""
    alone, seen = run("team1", body.replace("TEAM", "1")), 0
    for ranks in (2, 3):
        c = run(f"team{ranks}", body.replace("TEAM", str(ranks)), ranks)
        check((c["team"] == ranks).all(), "teams", c["team"])
        for i, rows in enumerate(c["rows"]):
            near = {0: 1e-12, 1: 5e-6}[int(c["precision"][i])]  # what files promise
            seen += 1
            check(off(rows, alone["rows"][i]) <= near, "team", ranks, "slot", i, off(rows, alone["rows"][i]))
            for name in ("err_out", "entropy", "err_attn"):
                a, b = c[name][i], alone[name][i]
                check(abs(a - b) <= near * max(abs(a), abs(b), 0.01), name, "team", ranks, a, b)
    check(seen == 24, "slots of teams:", seen)


def by_rows_and_by_features():
    """The same kernel twice, signed too."""
    c = run("both", BODY.replace("[elu1, relu, taylor: {order: ORDERS, by: features}]", "[taylor: {order: [2, 3, 4], by: [rows, features]}]")
            .replace("BLOCKS", "32").replace("NEGATIVE", "signed").replace("offset: [0, 0.75]", "offset: 8"))
    names = ("order", "mask", "precision", "scale", "head")
    found = {}
    for i, rows in enumerate(c["rows"]):
        found.setdefault(tuple(c[name][i] for name in names), []).append(rows)
    for key, (a, b) in found.items():
        check(off(b, a) <= NEAR[int(key[2])], "by features and by rows:", dict(zip(names, key)), off(b, a))
    check(len(found) == 48, len(found), "pairs")


def refusals():
    body = BODY.replace("BLOCKS", "32")
    for order, negative, words in ((3, "refuse", "even order"), (3, "abs", "negative: signed"), (3, "relu", "negative: signed")):
        said = run("refused", body.replace("ORDERS", str(order)).replace("NEGATIVE", negative), code=2)
        check(f"order = {order}" in said and words in said, "refusal:", said)
    for change, words in (("taylor: {order: ORDERS, by: features}", "taylor: {by: features}"), "taylor needs order"), (
            ("ORDERS", "0"), "order"), (("elu1", "elu1: {order: 2}"), "order is not a parameter of elu1"):
        said = run("refused", body.replace(*change).replace("ORDERS", "2").replace("NEGATIVE", "refuse"), code=2)
        check(words in said and "refused.yaml:3:" in said, "refusal:", said)
    said = run("refused", body.replace("ORDERS", "40").replace("NEGATIVE", "refuse").replace(f"d: {D}", "d: 400"), code=2)
    check("order = 40" in said and "features" in said, "refusal:", said)


def main():
    rng = np.random.default_rng(3)
    heads = {side: rng.normal(size=(2, N, D if side != "v" else V)) for side in "qkv"}
    heads["q"][0, 7] = -np.abs(heads["q"][0, 7])  # relu: a row without features
    heads["q"][1] *= 3
    with h5py.File("heads.h5", "w") as file:
        file.update(heads)
    words = outputs(heads)
    signed(heads, words)
    wide_ranges()
    teams()
    by_rows_and_by_features()
    refusals()
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        sys.exit(main())
