"""Affine scores offset + scale <q, k> through every sketch, against the same sketch of rows that were widened here: the
same tables, so outputs and errors agree to rounding."""
import os, subprocess, sys, tempfile

import h5py
import numpy

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
N, D, V, SCALE = 41, 6, 4, 0.6
checks = failed = 0

POWERS = """
  - exact
  - monomial
  - tree: {r: 16, leaves: [gaussian, srht, count], draws: 3}
  - polysketch: {r: 8, leaves: [gaussian, srht, count], draws: 3}
  - maclaurin: {features: 16, complex: [false, true], draws: 3}
  - tensorsketch: {features: 16, complex: [false, true], draws: 3}
  - srht: {r: 16, draws: 3}"""
EXPONENTIALS = """
  - softmax
  - favor: {features: 16, epsilon: [0, 1.0e-3], draws: 3}"""
STUDY = """schema: 1
study: affine
seed: 3
data: {kind: file, path: %s, reference: own}
grid: {n: %d, d: %d, v: %d, %s, mask: [full, causal], precision: [fp64, fp32], block: 16, den_constant: 1000}
methods: %s
exclude: [{when: "method == polysketch and beta == 3", why: odd}]
output: {keep: [rows]}
"""


def check(condition, *what):
    global checks, failed
    checks += 1
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def run(name, path, width, more, methods):
    with open(f"{name}.yaml", "w") as file:
        file.write(STUDY % (path, N, width, V, more, methods))
    done = subprocess.run([PROGRAM, "run", f"{name}.yaml", "--quiet", "--output", f"{name}.h5"], capture_output=True, text=True)
    check(done.returncode == 0, name, done.stderr)
    with h5py.File(f"{name}.h5") as file:
        return {key: file[key][:] for key in ("method", "precision", "err_amm", "err_out", "err_bias", "theory_err_amm",
                                              "map_features", "rows/output", "rows/first_value")}


def widened(name, arrays, offset):
    q, k = (arrays[side] * numpy.sqrt(SCALE) for side in "qk")
    if offset:
        last = numpy.full((1, N, 1), numpy.sqrt(abs(offset)))
        q, k = numpy.concatenate([q, last], -1), numpy.concatenate([k, numpy.sign(offset) * last], -1)
    with h5py.File(name, "w") as file:
        file.update(dict(q=q, k=k, v=arrays["v"]))
    return q.shape[-1]


def same(arrays, offset, degrees, methods):
    width = widened("wide.h5", arrays, offset)
    asked = f"{degrees}, scale: {SCALE}" + (f", offset: {offset}" if offset else "")
    affine = run(f"affine{checks}", "heads.h5", D, asked, methods)
    plain = run(f"plain{checks}", "wide.h5", width, degrees, methods)
    check(affine["method"].tolist() == plain["method"].tolist() and len(plain["method"]) > 3, "points", len(plain["method"]))
    check((affine["map_features"] == plain["map_features"]).all(), "features", affine["map_features"], plain["map_features"])
    for i, single in enumerate(plain["precision"]):
        close = 1e-4 if single else 1e-12  # a last bit of a row, times what a sum of signed estimates loses
        first = plain["rows/first_value"][i]
        one, other = (of["rows/output"][first:first + N * V] for of in (affine, plain))
        size = abs(other).max()
        check(size > 0 and abs(one - other).max() <= close * size, "outputs of", plain["method"][i], abs(one - other).max(), size)
        for name in ("err_amm", "err_out", "err_bias", "theory_err_amm"):
            a, b = affine[name][i], plain[name][i]
            check(numpy.isnan(a) == numpy.isnan(b) and not abs(a - b) > close * max(1, abs(b)), name, plain["method"][i], a, b)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        random = numpy.random.default_rng(5)
        arrays = {name: random.normal(size=(1, N, width)) for name, width in zip("qkv", (D, D, V))}
        with h5py.File("heads.h5", "w") as file:
            file.update(arrays)
        for offset in (0.7, -0.4, 0):
            same(arrays, offset, "beta: [2, 3, 4], negative: signed", POWERS)
        same(arrays, 0, "row_norm: none", EXPONENTIALS)
        os.chdir("/")
    print(f"{checks} checks, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
