"""Writes result files as the contract describes them, filled from the closed form and binomial draws.

A stand-in for the program in tests of the reader, and for trying figures: python synthetic.py OUT.h5 P1|W2
"""
import json
import sys

import h5py
import numpy as np
import pandas as pd
from scipy.optimize import brentq

from polysweep import oracle
from polysweep.statistics import wilson

WORDS = {
    "by": "rows features",
    "method": "exact softmax linear closed_form monomial polysketch tree tensorsketch srht maclaurin favor taylor elu1 relu uniform window",
    "mask": "full causal", "precision": "fp64 fp32 bf16 fp16", "row_norm": "none unit layernorm sqrt_d",
    "negative": "refuse signed abs", "data_kind": "self_attention scores gaussian sphere aligned file memory",
    "preset": "custom P1 P2 P3 W1 W2", "status": "empty running done failed skipped timeout not_needed",
    "reference": "own softmax exact", "mode": "forward decode", "cache": "fp64 fp32 bf16 fp16",
    "error_code": "none failed usage environment mismatch bug", "timing": "none alone shared oversubscribed beside",
    "trials_stop": "fixed decided width most",
}
WORDS = {name: text.split() for name, text in WORDS.items()}
OLDEST = "favor"  #: the last method that files without facts about methods may have
FACTS = {"folds": "rows rows rows none states states states states states states states either states states rows rows",
         "kernels": "power exponential linear power power power power power power power exponential taylor features features other other"}
PRESETS = {
    "P1": dict(a_0=0.04, a_1=0.7, b=0.05, c=0.7, kappa=0.1), "P2": dict(a_0=0.04, a_1=1.2, b=0.05, c=0.7, kappa=0.1),
    "P3": dict(a_0=0.04, a_1=1.2, b=0.05, c=1.5, kappa=0.1), "W1": dict(a_0=0.4, a_1=1.2, b=0.05, c=1.0, kappa=0.1),
    "W2": dict(a_0=0.04, a_1=1.2, b=0.3, c=1.0, kappa=0.1),
}
COUNTS = """n d v r features local draws j3 m trials head block attempt deaths launch successes success_samples fires_d1 fires_d0
    asked trials_done tie bad_rows den_rows err_rows cos_ref_zeros map_features exact_map team_asked team idle nodes first_rank layer batch order
    sinks""".split()
TIMES = ["time_median_s", "time_lo_s", "time_hi_s", "head_s", "predicted_s", "predicted_pass_s", "comm_s", "start_s", "end_s"]
UNPROMISED = [*TIMES, *"""status error_code attempt deaths launch commit timing gflops peak_gflops team idle nodes first_rank
    load_balance comm_efficiency parallel_efficiency sent_bytes""".split()]
TOLERANT = """err_amm err_attn err_out err_out_good err_out_row_q50 err_out_row_q90 err_out_max err_bias min_den_ratio entropy
    theory_err_amm err_out_ref err_out_ref_mean err_out_ref_q90 err_out_ref_good err_out_ref_max err_out_ref_row_q50
    err_out_ref_row_q90 cos_ref skill_ref tv_ref neg_scores entropy_ref""".split()  # none is promised of their bits, but a tolerance is


def read_csv(path):
    """A CSV file to the last digit: pandas before 3 has to be asked for that."""
    return pd.read_csv(path, **({"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}))


def root(f, top=1e4):
    """Smallest degree at which f turns positive; 0 if it is so at once, inf if never."""
    if f(0.0) >= 0:
        return 0.0
    high = 1.0
    while f(high) < 0:
        high *= 2
        if high > top:
            return np.inf
    return brentq(f, 0.0, high)


def edges(n, d, a_0, a_1, b, c, kappa):
    """The derived degrees of one (n, d)."""
    def mass(beta, a=a_1):
        return {key: float(value) for key, value in oracle.masses(beta, n, d, a, b, c).items()}

    def favourable(a):
        return root(lambda x: a * mass(x, a)["f"] + b * (mass(x, a)["f"] + mass(x, a)["s_k"]) - kappa)

    def level(x):
        return np.inf if x >= 1 else root(lambda beta: mass(beta)["f"] - x)

    def classes(sigma):
        return root(lambda x: b * mass(x)["rho"] + sigma * b * (1 - mass(x)["rho"]) / np.sqrt(d - 3) - kappa)

    up_special = favourable(a_0)
    up_class = classes(0) if b > kappa else np.inf
    return dict(beta_fail=0.0 if kappa <= b else level((kappa - b) / a_1), beta_c=favourable(a_1),
                beta_ok=level((kappa + b) / a_1), beta_large=level(0.5), beta_up_special=up_special,
                beta_up_class=up_class, beta_up_class_3s=classes(3) if b > kappa else np.inf,
                beta_up=min(up_special, up_class))


def points(presets, methods, beta, n, d, m, trials, seed=20231030):
    """List of points in the order of slots; beta of softmax and linear is NaN."""
    listed = []
    for method in methods:
        for preset in presets:
            for n_ in n:
                for d_ in d:
                    for beta_ in beta if method in ("exact", "closed_form") else [np.nan]:
                        m_ = m(n_) if callable(m) else m
                        listed.append(dict(method=method, preset=preset, beta=beta_, n=n_, d=d_, v=d_, m=m_,
                                           trials=trials, seed=seed, block=512, **PRESETS[preset]))
    return listed


def fill(listed, seed=1, unfinished=()):
    """Columns (dict of arrays) for points; slots in `unfinished` (slot -> status word) hold no result."""
    random, rows, known = np.random.default_rng(seed), [], {}
    for slot, point in enumerate(listed):
        shape = {name: point[name] for name in ("n", "d", "a_0", "a_1", "b", "c", "kappa")}
        beta = 1.0 if np.isnan(point["beta"]) else point["beta"]
        method = "exact" if point["method"] == "closed_form" else point["method"]
        p = float(oracle.success(beta, point["m"], method=method, **shape))
        status = unfinished.get(slot, "done") if unfinished else "done"
        row = dict(point, status=status, attempt=int(status != "empty"), theory_success=p)
        key = tuple(shape.values())
        known.setdefault(key, edges(**shape))
        row.update(known[key])
        mass1, mass0 = (float(oracle.masses(beta, point["n"], point["d"], point[a], point["b"], point["c"], method)["f"])
                        for a in ("a_1", "a_0"))
        k = int(random.binomial(point["trials"], p)) if point["method"] != "closed_form" else 0
        lo, hi = wilson(k, point["trials"])
        row.update(special_mass_d1=mass1, special_mass_d0=mass0, gap=point["a_1"] * mass1 - point["a_0"] * mass0,
                   time_median_s=float(random.exponential()), head_s=1.0)
        if point["method"] != "closed_form":
            row.update(successes=k, success_rate=k / point["trials"], success_lo=float(lo), success_hi=float(hi))
        rows.append(row)
    return rows


def blank(name):
    return "" if name in WORDS else 0 if name in COUNTS or name == "seed" else np.nan


def write(path, rows, predict=(), own=(), failures=(), version=1, study=None):
    """Writes rows to `path`; `failures` = [(slot, attempt, site, message)]; study: what the resolved study says beside its name."""
    results = [name for row in {tuple(row): row for row in rows}.values() for name in row if name not in PRESETS["P1"]]
    names = list(dict.fromkeys([*"""method beta n d v r features local draws mask precision data_kind preset noise a_0 a_1
        b c kappa j3 m trials row_norm den_constant negative cosine head block seed""".split(), *own, "status",
        "error_code", "attempt", "deaths", "launch", *results, "tie", *predict, "timing"]))
    with h5py.File(path, "w") as file:
        parameters = names[:names.index("status")]
        file.attrs.update(title="phase-test", source="polysweep 0.1.0", history="written by a test", Conventions="CF-1.8",
                          schema_name="polysweep", schema_version=np.array([version], "i4"),
                          coordinates=" ".join(parameters))
        count = len(rows)
        scale = file.create_dataset("point", data=np.arange(count, dtype="i4"))
        scale.make_scale("point")
        defaults = dict(method="exact", mask="full", precision="fp64", row_norm="none", negative="refuse",
                        data_kind="self_attention", preset="custom", status="done", error_code="none", timing="shared",
                        reference="own", mode="forward", cache="fp64", trials_stop="fixed",
                        noise=0.0, den_constant=0.0)
        final = [row.get("status", "done") not in ("empty", "running") for row in rows]
        commit = np.zeros(count, "u8")
        for name in names:
            values = [row.get(name, defaults.get(name, blank(name))) for row in rows]
            if name in WORDS:
                data = np.array([WORDS[name].index(value) for value in values], dtype="u1")
            else:
                data = np.array(values, dtype="u8" if name == "seed" else "i8" if name in COUNTS else "f8")
            if name not in parameters and name not in ("status", "attempt"):
                garbage = 7 if data.dtype.kind in "iu" else 0.123  # what a torn or running slot may hold
                data = np.where(final, data, np.array(garbage).astype(data.dtype))
            column(file, scale, name, data)
            if name != "launch":
                commit += terms(name, data)
        column(file, scale, "commit", np.array([(mix(int(x)) or 1) if f else 0 for x, f in zip(commit, final)], "u8"))
        provenance(file, study or {})
        table(file.create_group("failures"), ["slot", "attempt", "site", "message"], failures, 8)


def mix(x):
    """SplitMix64's finaliser, in Python's integers."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2 ** 64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2 ** 64
    return x ^ x >> 31


def terms(name, data):
    """What a column adds to the sums behind the commit words."""
    salt = mix(0x9E3779B97F4A7C15)
    for byte in name.encode():
        salt = mix(salt ^ byte)
    words = [int.from_bytes(value.tobytes(), "little") for value in data]
    empty = [value != value if data.dtype.kind == "f" else value == 0 for value in data]
    return np.array([0 if e else mix(salt ^ mix((w + 0x9E3779B97F4A7C15) % 2 ** 64)) for w, e in zip(words, empty)], "u8")


def column(file, scale, name, data):
    item = file.create_dataset(name, data=data)
    item.dims[0].attach_scale(scale)
    promise = "none" if name in UNPROMISED + TOLERANT else "bitwise"
    other = [np.inf, np.inf] if name in UNPROMISED else [1e-9, 1e-3] if name in TOLERANT else [1e-12, 5e-6]
    other = [1e-12, 1e-12] if name.startswith("theory_special_mass") else other  # in double whatever the precision
    item.attrs.update(units="s" if name in TIMES else "1", long_name=f"{name} of the point", reproducibility=promise,
                      reproducibility_other=np.array(other))
    if name in WORDS:
        words, young = WORDS[name], name == "method" and data.max(initial=0) > WORDS["method"].index(OLDEST)
        words = words[:words.index(OLDEST) + 1] if name == "method" and not young else words
        item.attrs.update(flag_values=np.arange(len(words), dtype="u1"), flag_meanings=" ".join(words))
        if young:  # a file of a program that knows more says what they are
            item.attrs.update({f"flag_{fact}": text for fact, text in FACTS.items()})
            item.attrs.update({f"flag_{fact}": np.zeros(len(words), "u1") for fact in ("degree", "random", "bitwise")})
    elif data.dtype.kind == "f":
        item.attrs["_FillValue"] = np.nan


def provenance(file, study):
    group = file.create_group("provenance")
    group.create_dataset("study", data=np.bytes_("schema: 1\nstudy: phase-test\n"))
    group.create_dataset("resolved", data=np.bytes_(json.dumps({"schema": 1, "study": "phase-test", **study})))
    group["identity"] = np.array([2 ** 63 + 1], "u8")
    table(group.create_group("launches"), ["number", "started", "version", "hosts", "blas_kernel", "ranks"],
          [(0, "2024-05-01T12:00:00Z", "0.1.0", "node1", "SkylakeX", 2)], 4)


def table(group, names, rows, length):
    for k, name in enumerate(names):
        values = [row[k] for row in rows]
        if name in ("slot", "number", "attempt", "ranks"):
            free = -1 if k == 0 else 0
            group[name] = np.array(values + [free] * (length - len(rows)), dtype="i8")
        else:
            group[name] = np.array([str(value).encode() for value in values] + [b""] * (length - len(rows)), dtype="S80")


def study_p1(trials=200):
    """Critical degrees against n at one width, three presets."""
    return points(["P1", "P2", "P3"], ["exact", "softmax", "linear"], range(1, 17), [2 ** k for k in range(6, 14)], [34],
                  lambda n: int(np.ceil(8 * np.log(n))), trials)


def study_w2(trials=60):
    """A window of degrees that opens with the width."""
    return points(["W2"], ["exact", "softmax", "linear"], [2, 4, 5, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64, 96], [4096],
                  [18, 34, 66, 130, 258, 514, 1026], 67, trials)


if __name__ == "__main__":
    write(sys.argv[1], fill({"P1": study_p1, "W2": study_w2}[sys.argv[2]]()))
