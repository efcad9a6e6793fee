"""What is held against what, and what must hold. A case is FAMILY/SHAPE; both parts of the name stay, so that runs can be compared."""
from __future__ import annotations

import itertools

from others import Request
from ours import Command, Launch, Maps, outside, passes, selected, shared
from rounds import Bench, Case

PRECISIONS, MASKS = ("fp32", "fp64"), ("full", "causal")
REAL, WHOLE = (2.5, 3.5, 4.5, 5.5, 6.5), (2, 4, 6, 8, 10)
ELEVEN = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
ONCE = {"reps": 1, "max_reps": 1, "warmup": 0}  # beside the judged pass, which warms up
FEW = {"reps": 5, "max_reps": 5, "warmup": 0}
SAMPLES = {"keep": ["samples"]}

#: what analysis/doc/benchmarks.md shows: family -> what its ratio is
FAMILIES = {
    "exact-openblas": "exact, β = 4: rate over numpy's 1024³ product",
    "exact-peak": "exact, β = 4: rate over multiply-adds in registers",
    "exact-torch": "exact, β = 4, over PyTorch, plain z⁴",
    "exact-flex": "exact, β = 4, over PyTorch, compiled flex attention",
    "exact-jax": "exact, β = 4, over JAX, compiled z⁴",
    "causal": "exact, β = 4: seconds, causal over full",
    "real": "exact, β = 3.5 over β = 4",
    "real-flex": "exact, β = 3.5, over the same",
    "five-real": "five real degrees over five whole ones, both sharing scores",
    "softmax-torch": "softmax over PyTorch's fused attention",
    "softmax-jax": "softmax over JAX, compiled",
    "eleven": "seconds of eleven degrees that share scores over those of eleven runs, without head",
    "head": "seconds of the threshold head over those of attention, eleven degrees",
    "polysketch-openblas": "polysketch, r = 32: rate over numpy's 1024³ product",
    "polysketch-numpy": "polysketch, r = 32, over the same in numpy",
    "tensorsketch-sklearn": "features of tensorsketch over scikit-learn's PolynomialCountSketch",
    "linear": "seconds a token at 4 million tokens over those at 65,536",
    "start": "seconds of commands",
    "small": "microseconds of a small point outside of its mathematics",
    "store-ior": "bytes a second of kept rows, into the page cache, over IOR's",
    "store-h5py": "bytes a second of kept rows, into the page cache, over a plain h5py writer's",
    "portable": "rate of this build over one for this processor alone",
    "before-head": "seconds of the head before over now",
    "before-quickstart": "seconds of the quickstart's sweep before over now",
}


def attention_work(n, d, mask="full"):
    """Operations: two products of n x n x d, two operations each; half of them under the causal mask."""
    return 4.0 * n * n * d / (2 if mask == "causal" else 1)


def study(n, d, methods=("exact",), *, time=ONCE, data=None, judge=None, **grid):
    grid = {"n": n, "d": d, "scale": d ** -0.5, "negative": "abs", **grid}
    made = {"data": data or {"kind": "gaussian"}, "methods": list(methods), "grid": grid}
    if time:
        made.update(time=time, output=SAMPLES)
    if judge:
        made["judge"] = judge
    return made


# ---- attention by every score ----

def dense(peers, n, d, precision, every):
    """One length, width and precision: a whole degree, a real one, softmax, both masks; every: peers of which one shape is enough."""
    reals = n <= 8192 or every
    names = {("exact", 4.0): "exact", ("exact", 3.5): "real", ("softmax", None): "softmax"}
    if not reals:
        del names["exact", 3.5]

    def read(ds, _):
        return {f"{side} {mask}": passes(selected(ds, method=method, mask=mask, **({"beta": beta} if beta else {})))
                for (method, beta), side in names.items() for mask in MASKS}

    launch = Launch(study(n, d, ("exact", "softmax"), beta=[4, 3.5] if reals else 4, mask=list(MASKS), precision=precision,
                          time=ONCE if n > 4096 else FEW),
                    read, frozenset(f"{side} {mask}" for side in names.values() for mask in MASKS))
    steps, cases, work = [launch], [], {side: attention_work(n, d, side.split()[-1]) for side in launch.sides}

    def beside(peer, job, side, sizes, operations):
        steps.append(Request(peers, peer, side, job, {"precision_name": precision, **sizes}))
        work[side] = operations

    def case(family, mask, above, below, required=None, kind="rate"):
        cases.append(Case(f"{family}/n{n}-d{d}-{precision}-{mask}", kind, above, below, required))

    beside("numpy", "product", "numpy 1024^3", {}, 2.0 * 1024 ** 3)
    beside("register loop", "peak", "peak", {}, 2e9)
    for mask in MASKS:
        must = n == 8192 and mask == "full"
        case("exact-openblas", mask, f"exact {mask}", "numpy 1024^3", (">=", 1.0) if must else None)
        case("exact-peak", mask, f"exact {mask}", "peak", (">=", 0.92) if must else None)
        sizes = {"n": n, "d": d, "causal": mask == "causal"}
        beside("torch", "fused", f"torch fused {mask}", sizes, attention_work(n, d, mask))
        case("softmax-torch", mask, f"softmax {mask}", f"torch fused {mask}", (">=", 1.15))
        if reals:
            case("real", mask, f"real {mask}", f"exact {mask}", (">=", 0.6))
        if n == 4096 and d == 64 or every:
            several(beside, case, precision, mask, sizes, attention_work(n, d, mask))
    case("causal", "causal", "exact causal", "exact full", ("<=", 0.55), "time")
    return Bench(f"dense/n{n}-d{d}-{precision}", tuple(steps), tuple(cases), work)


def several(beside, case, precision, mask, sizes, operations):
    for peer, job, family, above in (("torch", "z4", "exact-torch", "exact"), ("jax", "z4", "exact-jax", "exact"),
                                     ("jax", "softmax", "softmax-jax", "softmax")):
        beside(peer, job, f"{peer} {job} {mask}", sizes, operations)
        case(family, mask, f"{above} {mask}", f"{peer} {job} {mask}")
    if precision == "fp32":  # flex attention on processors has no double precision; exp(beta log z) costs the same for every beta
        beside("torch", "flex", f"torch flex {mask}", {**sizes, "beta": 4.0}, operations)
        for family, above in (("exact-flex", "exact"), ("real-flex", "real")):
            case(family, mask, f"{above} {mask}", f"torch flex {mask}")


def degrees(n, d, precision):
    """Five real degrees that share their scores against five whole ones that do."""
    steps = tuple(Launch(study(n, d, beta=list(beta), precision=precision, time=None, seed=[1, 2, 3], mask=list(MASKS)),
                         lambda ds, _, side=side: {f"{side} {mask}": shared(selected(ds, mask=mask)) for mask in MASKS},
                         frozenset(f"{side} {mask}" for mask in MASKS))
                  for side, beta in (("five real", REAL), ("five whole", WHOLE)))
    work = {f"{side} {mask}": 5 * attention_work(n, d, mask) for side in ("five real", "five whole") for mask in MASKS}
    return Bench(f"degrees/n{n}-d{d}-{precision}", steps, tuple(
        Case(f"five-real/n{n}-d{d}-{precision}-{mask}", "rate", f"five real {mask}", f"five whole {mask}", (">=", 0.8)) for mask in MASKS),
        work)


def eleven(preset, n, d, precision):
    """Both data sets of a preset: degrees that share scores, the same alone, and the head (64 signs, 100 trials)."""
    common = dict(data={"preset": preset}, beta=list(ELEVEN), precision=precision, scale=1, negative="refuse")
    together = Launch(study(n, d, time=None, judge={"m": 64, "trials": 100}, **common),
                      lambda ds, _: {"together": shared(ds, sets=2),
                                     "head": ds["head_s"].values.sum()},
                      frozenset(("together", "head")))
    alone = Launch(study(n, d, judge={"m": 1, "trials": 1}, **common), lambda ds, _: {"alone": 2 * passes(ds).sum()}, frozenset(("alone",)))
    shape = f"{preset}-n{n}-d{d}-{precision}"
    return Bench(f"eleven/{shape}", (together, alone), (Case(f"eleven/{shape}", "time", "together", "alone", ("<=", 0.55)),
                                                        Case(f"head/{shape}", "time", "head", "together", ("<=", 1.0))))


# ---- sketches ----

def polysketch(peers, n, precision):
    d, r = 64, 32
    grid = dict(beta=4, mask="causal", precision=precision, negative="signed")
    launch = Launch(study(n, d, [{"polysketch": {"r": r, "draws": 1}}], **grid),
                    lambda ds, _: {"polysketch": (passes(ds), ds["flops"].values[0])}, frozenset(("polysketch",)))
    steps = (launch, Request(peers, "numpy", "numpy 1024^3", "product", {"precision_name": precision}),
             Request(peers, "numpy polysketch", "numpy polysketch", "polysketch", {"n": n, "d": d, "r": r, "precision_name": precision}))
    shape = f"n{n}-d{d}-{precision}-causal"
    return Bench(f"polysketch/{shape}", steps, (
        Case(f"polysketch-openblas/{shape}", "rate", "polysketch", "numpy 1024^3", (">=", 0.7)),
        Case(f"polysketch-numpy/{shape}", "time", "numpy polysketch", "polysketch", more=True)), {"numpy 1024^3": 2.0 * 1024 ** 3})


def tensorsketch(peers):
    rows, d, features = 4096, 64, 528
    steps = (Maps("tensorsketch", 4, d, features),
             Request(peers, "scikit-learn", "scikit-learn", "features",
                     {"rows": rows, "d": d, "degree": 4, "count": features, "precision_name": "fp64"}))
    return Bench("tensorsketch", steps, (Case(f"tensorsketch-sklearn/d{d}-f{features}-fp64", "rate", "tensorsketch", "scikit-learn"),),
                 {"tensorsketch": 1.0, "scikit-learn": rows})  # rows a second


def linear(method, name, short, long):
    """Repetitions of one launch: to make rows and errors of four million tokens takes longer than all of these."""
    d, most = 16, 6
    beta = {"beta": 4, "negative": "signed"} if "polysketch" in name else {}
    sides = {n: f"{name} {n}" for n in (short, long)}
    launch = Launch(study(list(sides), d, [method], mask="causal", precision="fp32", time={"reps": most, "max_reps": most}, **beta),
                    lambda ds, _: {side: passes(selected(ds, n=n)) / n for n, side in sides.items()}, frozenset(sides.values()), each=True)
    cases = (Case(f"linear/{name}-d{d}-n{long}", "time", sides[long], sides[short], ("<=", 1.05)),)
    return Bench(f"linear/{name}", (launch,), cases, most=most)


# ---- the program around attention ----

def start(million):
    few = {"data": {"preset": "W2"}, "methods": ["exact"], "grid": {"n": 64, "d": 10, "beta": 2}, "judge": {"m": 1, "trials": 1}}
    lengths = million // 100  # two widths, 50 degrees
    many = {"data": {"preset": "W2"}, "methods": ["closed_form"],
            "grid": {"n": {"from": 64, "to": 64 + 32 * (lengths - 1), "step": 32}, "d": [10, 18], "beta": {"from": 1, "to": 50, "step": 1}}}
    first = Launch(few, lambda ds, wall: {"first point": ds["start_s"].values.min(), "whole run": wall},
                   frozenset(("first point", "whole run")))
    plan = Command("plan", ("plan", "STUDY"), many)
    left = Command("nothing left", ("run", "STUDY", "-o", "FILE", "--quiet"), many, before=("run", "STUDY", "-o", "FILE", "--quiet"),
                   own=True)
    return Bench("start", (first, plan, left), (
        Case("start/first-point", "figure", "first point", required=("<=", 0.15)), Case("start/run-of-one-point", "figure", "whole run"),
        Case(f"start/plan-{million}", "figure", "plan"), Case(f"start/nothing-left-{million}", "figure", "nothing left by itself", required=("<=", 0.5)),
        Case(f"start/nothing-left-{million}-with-launch", "figure", "nothing left")))


def small(seeds):
    many = {"data": {"preset": "W2"}, "methods": ["exact"], "judge": {"m": 16, "trials": 50},
            "grid": {"n": 64, "d": 10, "seed": {"from": 1, "to": seeds, "step": 1}, "beta": [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]}}
    launch = Launch(many, lambda ds, _: {"outside": outside(ds)}, frozenset(("outside",)))
    return Bench("small", (launch,), (Case("small/outside-of-mathematics", "figure", "outside", required=("<=", 5.0), unit="us"),))


def store(peers, place, seeds):
    """Kept rows: n x (64 + 2) doubles a point; the plain writers write as many bytes in pieces of a leaf's outputs."""
    n, width = 65536, 64
    total, piece = seeds * n * (width + 2) * 8, 512 * width * 8
    made = {"data": {"kind": "gaussian"}, "methods": ["uniform"], "output": {"keep": ["rows"]},
            "grid": {"n": n, "n_k": 64, "d": width, "seed": {"from": 1, "to": seeds, "step": 1}}}  # few keys: what it computes is short
    launch = Launch(made, lambda ds, _: {"rows": ds["io_s"].values.sum()}, frozenset(("rows",)))
    others = {"ior": "store-ior", "h5py": "store-h5py"}
    sizes = {"total": total, "piece": piece, "place": str(place)}
    return Bench("store", (launch, *(Request(peers, peer, peer, "write", sizes, most=1) for peer in others)), tuple(
        Case(f"{family}/{total >> 20}-MiB", "rate", "rows", peer) for peer, family in others.items()),
        dict.fromkeys(("rows", *others), total))


# ---- two builds ----

def portable(n, d, precision):
    def side(build):
        return Launch(study(n, d, ("exact", "softmax"), beta=4, precision=precision, time=FEW), lambda ds, _: {
            f"{build} {method}": passes(selected(ds, method=method)) for method in ("exact", "softmax")},
            frozenset(f"{build} {method}" for method in ("exact", "softmax")), build)

    work = {f"{build} {method}": attention_work(n, d) for build in ("ours", "native") for method in ("exact", "softmax")}
    return Bench(f"portable/n{n}-d{d}-{precision}", (side("ours"), side("native")), tuple(
        Case(f"portable/{method}-n{n}-d{d}-{precision}-full", "rate", f"ours {method}", f"native {method}", (">=", 0.97))
        for method in ("exact", "softmax")), work)


def before_head(preset, n, d):
    made = study(n, d, data={"preset": preset}, beta=list(ELEVEN), time=None, judge={"m": 64, "trials": 100}, scale=1, negative="refuse")
    steps = tuple(Launch(made, lambda ds, _, build=build: {build: ds["head_s"].values.sum()}, frozenset((build,)), build)
                  for build in ("ours", "before"))
    required = (">=", 5.0) if preset.startswith("P") else None
    return Bench(f"before-head/{preset}", steps, (Case(f"before-head/{preset}-n{n}-d{d}-fp64", "time", "before", "ours", required, more=True),))


def before_quickstart(source):
    file = str(source / "jobs" / "quickstart.yaml")
    steps = tuple(Command(build, ("run", file, "-o", "FILE", "--quiet"), {}, build=build, fresh=True) for build in ("ours", "before"))
    return Bench("before-quickstart", steps, (Case("before-quickstart/sweep", "time", "before", "ours", (">=", 2.0)),))


def benches(peers, where, source, quick, every):
    """All of them, in order; quick: small shapes, to see that all works; every: all peers at all shapes."""
    shapes = [(1024, 64)] if quick else [(4096, 64), (4096, 128), (8192, 64), (8192, 128), (16384, 64), *([(16384, 128)] if every else [])]
    one = 1024 if quick else 4096
    for (n, d), precision in itertools.product(shapes, PRECISIONS):
        yield dense(peers, n, d, precision, every or quick)
    for precision in PRECISIONS:
        yield degrees(one, 64, precision)
    for preset in ("P1", "W2"):
        yield eleven(preset, one, 66, "fp64")
    for precision in PRECISIONS:
        yield polysketch(peers, 8192 if quick else 65536, precision)
    yield tensorsketch(peers)
    short, long = (4096, 65536) if quick else (65536, 1 << 22)
    if quick or every:
        yield linear("elu1", "elu1", short, long)
    yield linear({"polysketch": {"r": 8, "draws": 1}}, "polysketch", short, long)
    yield start(20000 if quick else 1000000)
    yield small(500 if quick else 2000)
    yield store(peers, where.place, 1 if quick else 4)
    for precision in PRECISIONS:
        yield portable(one, 64, precision)
    for preset in ("P1", "P2", "P3", "W2"):
        yield before_head(preset, one, 66)
    yield before_quickstart(source)
