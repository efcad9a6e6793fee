"""Attention through landmarks, and its pseudo-inverse, against numpy: outputs of heads whose segments differ and of random
ones, ragged segments, one token a segment, teams of 1, 2 and 3, two data sets, what is refused."""

import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

import commands
from commands import check

BUILD = os.environ["POLYSWEEP_BUILD"]
PROGRAM, INVERT = os.path.join(BUILD, "polysweep"), os.path.join(BUILD, "tests", "pseudo_inverse")
N, D, V = 117, 6, 4
EPSILON = np.finfo(float).eps
#: of outputs, times the condition of the matrix of landmarks: a sum over landmarks and keys has some hundred roundings
NEAR = {0: 1e-13, 1: 2e-6}


def off(found, wanted):
    return np.abs(found - wanted).max() / np.abs(wanted).max()


# ---- the pseudo-inverse


def inverted(a):
    text = " ".join([str(len(a)), *(f"{x:.17g}" for x in a.ravel())])
    done = subprocess.run([INVERT], input=text, capture_output=True, text=True, check=True)
    return np.array(done.stdout.split(), float).reshape(a.shape)


def pseudo_inverses():
    rng = np.random.default_rng(1)
    for m in (1, 2, 3, 7, 16, 33, 64):
        square = rng.normal(size=(m, m))
        rank = max(1, m // 3)
        matrices = {"square": square, "of low rank": square[:, :rank] @ rng.normal(size=(rank, m)), "symmetric": square + square.T,
                    "of one row": np.ones((m, m)) / m, "graded": square * np.exp2(-np.arange(m) / 4)[:, None],
                    "zero": np.zeros((m, m)), "of equal rows in pairs": square[np.arange(m) // 2 * 2]}
        for name, a in matrices.items():
            found, wanted = inverted(a), np.linalg.pinv(a, rcond=m * EPSILON)
            s = np.linalg.svd(a, compute_uv=False)
            kept = s[s > m * EPSILON * s[0]] if s[0] > 0 else s
            condition = s[0] / kept[-1] if s[0] > 0 else 1
            # both are off by rounding times the condition, in units of the largest entry of the inverse
            error = np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-300)
            check(error <= 8 * m * EPSILON * condition, "pseudo-inverse of a matrix", name, "m", m, error, condition)
            back = np.abs(a @ found @ a - a).max()  # by its definition, without numpy's own
            check(back <= 8 * m * EPSILON * condition * np.abs(a).max(), "A A+ A of a matrix", name, "m", m, back)


# ---- outputs


def run(name, text, ranks=1, code=0):
    with open(f"{name}.yaml", "w") as file:
        file.write(f"schema: 1\nstudy: {name}\n{text}output: {{keep: [rows]}}\n")
    command = [PROGRAM, "run", f"{name}.yaml", "--quiet"]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), "--oversubscribe", *command, "--oversubscribe"]
    done = subprocess.run(command, capture_output=True, text=True)
    check(done.returncode == code, name, "ended with", done.returncode, "not", code, done.stderr)
    if code:
        return done.stderr
    with h5py.File(f"{name}.h5") as file:
        columns = {key: item[:] for key, item in file.items() if isinstance(item, h5py.Dataset)}
        group = file["rows"]
        ends = [*group["first_value"][()], len(group["output"])]
        columns["rows"] = [group["output"][a:b] for a, b in zip(ends, ends[1:])]
        ends = [*group["first_row"][()], len(group["log2_den"])]
        columns["log2_den"] = [group["log2_den"][a:b] for a, b in zip(ends, ends[1:])]
        return columns


def softmax(z):
    w = np.exp(z - z.max(1, keepdims=True))
    return w / w.sum(1, keepdims=True)


def means(x, m):
    ends = np.arange(m + 1) * len(x) // m
    return np.array([x[a:b].mean(0) for a, b in zip(ends, ends[1:])])


def landmark_attention(q, k, v, m, scale):
    """Outputs, log2 of the denominators, and the condition of the matrix that is inverted."""
    q, k = q * np.sqrt(scale), k * np.sqrt(scale)
    qm, km = means(q, m), means(k, m)
    middle = softmax(qm @ km.T)
    s = np.linalg.svd(middle, compute_uv=False)
    kept = s[s > m * EPSILON * s[0]]
    out = softmax(q @ km.T) @ (np.linalg.pinv(middle, rcond=m * EPSILON) @ (softmax(qm @ k.T) @ v))
    return out, np.log2(np.exp(q @ km.T).sum(1)), s[0] / kept[-1]


BODY = f"""methods: [nystrom: {{landmarks: LANDMARKS}}]
grid: {{n: {N}, d: {D}, v: {V}, precision: [fp64, fp32], scale: [0.5, 1], block: [16, 32, 200]}}
data: {{kind: file, path: heads.h5, heads: [0, 1]}}
"""


def outputs(heads):
    """9 divides n, 8 and 20 do not; of 117 landmarks each is a row."""
    c = run("outputs", BODY.replace("LANDMARKS", "[1, 8, 9, 20, 117]"))
    check(len(c["rows"]) == 5 * 24, "points", len(c["rows"]))
    worst = 0
    for i, rows in enumerate(c["rows"]):
        single, m = int(c["precision"][i]), int(c["landmarks"][i])
        q, k, v = (heads[side][c["head"][i]] for side in "qkv")
        out, log2_den, condition = landmark_attention(q, k, v, m, c["scale"][i])
        where = ("landmarks", m, "head", c["head"][i], "precision", single, "block", c["block"][i])
        error = off(rows.reshape(-1, V), out)
        check(error <= NEAR[single] * max(condition, 10), *where, "off by", error, "condition", condition)
        check(np.abs(c["log2_den"][i] - log2_den).max() <= 10 * NEAR[single], *where, "denominators")
        check(c["bad_rows"][i] == 0 and np.isnan(c["err_out"][i]), *where, "is no sketch")
        if c["head"][i] == 0 and m in (8, 9) and not single:
            worst = max(worst, error)
    check(worst <= 1e-12, "where segments differ outputs are off by", worst)


def whole():
    """Where each token is a segment, A A+ A V = A V: softmax itself."""
    text = f"""data: {{kind: file, path: heads.h5}}
grid: {{n: {N}, d: {D}, v: {V}, block: 32}}
"""
    own = run("own", "methods: [nystrom: {landmarks: 117}]\n" + text)["rows"][0]
    exact = run("exact", "methods: [softmax]\n" + text)["rows"][0]
    check(off(own, exact) <= 1e-9, "as many landmarks as tokens:", off(own, exact))  # the condition is some thousands


def against_alone(name, body, widths):
    """Teams of 2 and 3 against one rank; the columns of that."""
    alone = run(f"{name}1", body.replace("TEAM", "1"))
    for ranks in (2, 3):
        c = run(f"{name}{ranks}", body.replace("TEAM", str(ranks)), ranks)
        check((c["team"] == ranks).all() and (c["sent_bytes"] > 0).all(), "teams", c["team"], c["sent_bytes"])
        for i, rows in enumerate(c["rows"]):
            near = {0: 1e-12, 1: 5e-6}[int(c["precision"][i])]
            check(off(rows, alone["rows"][i]) <= near, name, ranks, "slot", i, off(rows, alone["rows"][i]))
            for column in widths:
                a, b = c[column][i], alone[column][i]
                check(abs(a - b) <= near * max(abs(a), abs(b), 0.01), column, "team", ranks, a, b)
    return alone


def teams():
    against_alone("team", f"""methods: [nystrom: {{landmarks: [8, 9]}}]
data: {{kind: file, path: heads.h5}}
grid: {{n: {N}, d: {D}, v: {V}, precision: [fp64, fp32], block: [10, 16, 64], team: TEAM}}
""", ())


def two_sets():
    """Tokens of 8 classes in turn: of 32 and 64 landmarks some are the same, and the inverse drops them. Values are the rows,
    and only token j3 has something in the first feature: what reaches it is its mass."""
    body = """methods: [nystrom: {landmarks: [32, 64]}]
data: {kind: self_attention, preset: P2}
grid: {n: 64, d: 10, j3: 17, precision: [fp64, fp32], block: [5, 8], team: TEAM}
judge: {trials: 4}
"""
    c = against_alone("set", body, ("special_mass_d1", "special_mass_d0", "gap"))
    for i, rows in enumerate(c["rows"]):
        near = {0: 1e-12, 1: 5e-6}[int(c["precision"][i])]
        for one, (constant, column) in enumerate((("a_0", "special_mass_d0"), ("a_1", "special_mass_d1"))):
            found = rows.reshape(2, 64, 10)[one, 17, 0] / (c[constant][i] * np.sqrt(np.log(64)))
            check(abs(found - c[column][i]) <= near * abs(found), column, found, c[column][i])
            check(abs(c[column][i]) > 1e-3, column, "is", c[column][i])


def refusals():
    body = BODY.replace("LANDMARKS", "4")
    for change, words in ((("block: [", "mask: causal, block: ["), "no causal form"), (("n: 117", "n: 3"), "landmarks = 4"),
                          (("kind: file, path: heads.h5, heads: [0, 1]", "kind: scores"), "scores")):
        said = run("refused", body.replace(*change), code=2)
        check(words in said, "refusal:", said)
    for change, words in (("nystrom: {landmarks: 4}", "nystrom"), "nystrom needs landmarks"), (
            ("landmarks: 4", "landmarks: 0"), "landmarks"), (("landmarks: 4", "landmarks: 4, order: 2"), "order is not a parameter"):
        said = run("refused", body.replace(*change), code=2)
        check(words in said and "refused.yaml:3:" in said, "refusal:", said)
    with_constant = run("constant", body.replace("block: [16, 32, 200]", "block: 32, den_constant: [0, 2]"))
    check((with_constant["den_constant"] == 0).all() and len(with_constant["n"]) == 8, "den_constant does not apply")


def main():
    rng = np.random.default_rng(3)
    heads = {side: rng.normal(size=(2, N, D if side != "v" else V)) for side in "qkv"}
    centre = np.repeat(4 * np.eye(D), 13, axis=0)  # of head 0 segments differ from each other, so the inverse is tame
    for side in "qk":
        heads[side][0] = 0.3 * heads[side][0]
        heads[side][0][: len(centre)] += centre
        heads[side][0][len(centre):] -= np.repeat(4 * np.eye(D)[:3], 13, axis=0)
    with h5py.File("heads.h5", "w") as file:
        file.update(heads)
    pseudo_inverses()
    outputs(heads)
    whole()
    teams()
    two_sets()
    refusals()
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        sys.exit(main())
