"""Points of sketches with errors, costs and verdicts of plausible size, for tests of tables and figures.

Errors follow the law of the approximate matrix product, 1/sqrt(features), times what generic rows of width 64 make of
it; costs the operation counts of a block-causal pass; verdicts the exact special mass plus noise that falls with r.
To try the figures: python sketched.py OUT.h5 errors|costs|separation|heads|reference|decode
"""
import math
import sys

import numpy as np
import synthetic
from synthetic import PRESETS, edges

from polysweep import oracle
from polysweep.statistics import wilson

BLOCK = 256
SIGNED = {"tree": 1.08, "tensorsketch": 0.98, "maclaurin": 1.0, "srht": 0.97}
ON_MATRIX = {("gaussian", 2): 37, ("gaussian", 4): 410, ("gaussian", 8): 15500, ("aligned", 2): 9, ("aligned", 4): 25,
             ("aligned", 8): 38}


def features(method, r, d, beta):
    if method == "monomial":
        return math.comb(d + int(beta) - 1, int(beta))
    return r * (r + 1) // 2 if method == "polysketch" else r


def state(row):
    """Rows of the state; the self-tensored sketch of degree 2 is the plain square."""
    r, d = row.get("r", 0), row["d"]
    return features(row["method"], d if row["method"] == "polysketch" and row["beta"] == 2 else r, d, row["beta"])


def sketch(method, r, beta, n=1024, d=64, kind="gaussian", **more):
    f = features(method, r, d, beta)
    sized = dict(r=r, features=f) if r else {}
    return dict(method=method, beta=float(beta), n=n, d=d, v=d, block=BLOCK, mask="causal", precision="fp32", seed=7,
                data_kind=kind, row_norm="layernorm", draws=0 if method == "monomial" else 20, **sized, **more)


def exact(beta, n=1024, d=64, kind="gaussian", **more):
    return dict(method="exact", beta=float(beta), n=n, d=d, v=d, block=512, mask="causal", precision="fp32", seed=7,
                data_kind=kind, row_norm="layernorm", **more)


def with_costs(row, speed=5e10, random=None):
    n, d, w, r, s = row["n"], row["d"], row["v"] + 1, row.get("r", 0), 4
    if row["method"] == "exact":
        row.update(flops=float(n * (n + BLOCK) * (d + w)), bytes=float(n * n / BLOCK * (d + w) * s / 2 + n * (2 * d + w) * s))
    else:
        f = state(row)
        inner = r if row["method"] == "polysketch" else min(f, d)
        row.update(flops=float(n * (2 * BLOCK * (inner + w) + 4 * f * w + 2 * f + 8 * d * r)), state_bytes=float(f * w * s),
                   bytes=float(n * (2 * d + w) * s + n / BLOCK * 2 * f * w * s))
    time = row["flops"] / speed * (1 + 300 / n) * (1 if random is None else random.lognormal(0, 0.05))
    row.update(time_median_s=time, time_lo_s=time * 0.97, time_hi_s=time * 1.05, timing="alone")
    return row


def with_errors(row, random):
    if row["method"] == "monomial":
        amm = 3e-8
    elif row["method"] == "polysketch":
        amm = 1e-7 if row["beta"] == 2 else 2.9 / row["r"] ** (1.15 if row["data_kind"] == "gaussian" else 0.95)
    else:
        amm = SIGNED[row["method"]] / math.sqrt(row["features"])
        amm *= 1 + (2.2 if row["method"] == "maclaurin" and row["beta"] == 8 and row["data_kind"] == "aligned" else 0)
    amm *= random.lognormal(0, 0.03)
    attn = amm * ON_MATRIX[row["data_kind"], int(row["beta"])]
    out = attn / math.sqrt(1 + attn * attn) * 1.05 if row["method"] in ("polysketch", "monomial") else attn * 1.5
    for name, value in (("err_amm", amm), ("err_attn", attn), ("err_out", out)):
        row.update({name: value, name + "_mean": 1.06 * value, name + "_q90": (1.3 if name == "err_amm" else 1.6) * value})
    row.update(err_rows=row["n"], bad_rows=0 if row["method"] in ("polysketch", "monomial") else 40)
    return row


def errors_study(kinds=("gaussian", "aligned"), beta=(2, 4, 8), n=(1024,)):
    random, rows = np.random.default_rng(1), []
    for kind in kinds:
        for n_ in n:
            for b in beta:
                rows.append(with_costs(exact(b, n_, kind=kind)))
                listed = [("polysketch", r) for r in (8, 16, 32, 64, 128)]
                listed += [(m, f) for m in ("tree", "tensorsketch", "maclaurin", "srht") for f in (36, 136, 528, 2080)]
                listed += [("monomial", 0)] * (b == 2)
                rows += [with_errors(with_costs(sketch(m, r, b, n_, kind=kind)), random) for m, r in listed]
    return sorted(rows, key=lambda row: row["method"])


def costs_study():
    random, rows = np.random.default_rng(2), []
    lengths = [2 ** k for k in range(8, 16)]
    for n in lengths:
        rows.append(with_costs(exact(4, n), random=random))
        rows += [with_costs(sketch("polysketch", r, 4, n), random=random) for r in (16, 32, 64)]
        rows += [with_costs(sketch("polysketch", 32, 4, n, local=256), random=random)]
        rows += [with_costs(sketch("tensorsketch", f, 4, n), random=random) for f in (528, 2080)]
    return sorted(rows, key=lambda row: row["method"])


def separation_study(preset="P2", n=8192, d=34, draws=60, trials=60):
    random, rows, m = np.random.default_rng(3), [], 73
    shape = dict(n=n, d=d, **PRESETS[preset])
    common = dict(preset=preset, v=d, m=m, trials=trials, seed=9, block=256, **shape)
    degrees = [2, 4, 6, 8, 10, 12, 16, 24, 32]
    for method in ("exact", "polysketch"):
        for r in (0,) if method == "exact" else (8, 16, 32, 64, 128, 256):
            for beta in degrees:
                p = float(oracle.success(beta, m, **shape))
                f = float(oracle.masses(beta, n, d, shape["a_1"], shape["b"], shape["c"])["f"])
                row = dict(common, method=method, beta=float(beta))
                if method == "exact":
                    row.update(edges(**shape), theory_success=p, theory_special_mass_d1=f, special_mass_d1=f)
                else:
                    p = min(1.0, 0.45 * (beta >= 4) * (20 / r) ** 0.5 + p * (1 - 2 / r)) if p < 0.5 else 1 - 0.4 / r
                    row.update(r=r, features=r * (r + 1) // 2, draws=draws)
                k = int(random.binomial(trials, p))
                lo, hi = wilson(k / trials * min(draws, trials), min(draws, trials))
                rows.append(dict(row, successes=k, success_rate=k / trials, success_lo=float(lo), success_hi=float(hi),
                                 success_samples=min(draws, trials)))
    return rows


def heads_study(heads=12, beta=4):
    random, rows = np.random.default_rng(4), []
    for head in range(heads):
        for method, r in (("polysketch", 16), ("polysketch", 64), ("tensorsketch", 2080)):
            row = with_errors(with_costs(sketch(method, r, beta, 512, kind="gaussian")), random)
            row.update(data_kind="file", head=head, entropy=5.5 - 0.3 * head)
            for name in ("err_attn", "err_out"):
                for kind in ("", "_mean", "_q90"):
                    row[name + kind] *= 0.05 + head / heads
            rows.append(row)
    return sorted(rows, key=lambda row: (row["method"], row["r"]))


KERNELS = {"z^2": (1.04, dict(beta=2.0)), "z^4": (1.17, dict(beta=4.0)), "z^8": (1.48, dict(beta=8.0)),
           "(1 + z/4)^4": (0.36, dict(beta=4.0, scale=0.25, offset=1.0)), "(1 + z/8)^8": (0.2, dict(beta=8.0, scale=0.125, offset=1.0))}
OTHERS = {"taylor": (0.85, dict(order=2)), "elu1": (0.81, dict(state_bytes=8448.0)),
          "relu": (0.77, dict(state_bytes=8448.0)), "uniform": (0.84, {}), "window": (0.61, dict(local=64))}
OWN = {"reference": ("layer", "batch", "scale", "offset", "order", "reference"), "decode": ("batch", "mode", "cache")}  # younger parameters


def reference_study(layers=3, heads=4, sizes=(16, 32, 64), n=(512,)):
    """Errors against softmax of the size that heads of a small transformer have, every setting on the same heads."""
    random, rows = np.random.default_rng(6), []
    hardness = random.lognormal(0, 0.35, (layers, heads))
    point = dict(d=32, v=32, mask="causal", precision="fp64", seed=1, data_kind="file", row_norm="sqrt_d", scale=1.0, offset=0.0,
                 reference="softmax")
    listed = [("exact", {**point, **more}, size) for size, more in KERNELS.values()]
    listed += [(method, {**point, "beta": np.nan, **more}, size) for method, (size, more) in OTHERS.items()]
    for r in sizes:
        for beta in (4.0, 8.0):
            f = r * (r + 1) // 2
            sketched = dict(point, beta=beta, scale=1 / beta, offset=1.0, r=r, features=f, draws=20, state_bytes=f * 33 * 8.0)
            listed.append(("polysketch", sketched, 0.2 + 30 * beta / 8 / r))
    for n_ in n:
        for method, more, size in listed:
            for layer in range(layers):
                for head in range(heads):
                    error = size * hardness[layer, head] * random.lognormal(0, 0.05)
                    rows.append(dict(more, method=method, n=n_, layer=layer, head=head, err_out_ref=error,
                                     entropy=4 - hardness[layer, head]))
    return rows


def decode_study(lengths=(128, 512, 2048, 8192), heads=3, local=64):
    """One query against what n tokens left: reading a cache of half precision takes a time that grows with n, a state does not."""
    rows, point = [], dict(d=32, v=32, mask="causal", precision="fp32", seed=1, data_kind="file", mode="decode", cache="fp16")
    for method, r in (("softmax", 0), ("polysketch", 8), ("polysketch", 16)):
        f = r * (r + 1) // 2
        for n in lengths:
            for head in range(heads):
                kept = float(f * 33 * 4 + local * 64 * 2) if r else 64.0 * 2 * n
                cost = dict(decode_flops=4.0 * n * 64 if not r else 4.0 * f * 33 + 2.0 * local * 64, decode_bytes=kept,
                            decode_s=(1e-6 + 1e-9 * n if not r else 1.2e-6 + 1e-8 * f) * (1 + 0.1 * (head - 1)))
                sized = dict(r=r, features=f, map_features=f, local=local, beta=4.0, draws=3) if r else dict(beta=np.nan)
                rows.append({**point, **cost, **sized, "method": method, "n": n, "head": head, "kv_bytes": 128.0 * n,
                             "state_total_bytes": kept, "err_out": 0.0 if not r else 8.0 / r, "entropy": 2.0})
    return rows


STUDIES = {"reference": reference_study, "decode": decode_study, "errors": errors_study, "costs": costs_study,
           "separation": separation_study, "heads": heads_study}

if __name__ == "__main__":
    synthetic.write(sys.argv[1], STUDIES[sys.argv[2]](), own=OWN.get(sys.argv[2], ()))
