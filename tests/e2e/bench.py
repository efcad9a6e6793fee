"""The tool that measures ratios (tests/bench/run.py), without a clock: its statistics, when it stops, what it keeps and how it
compares runs, peers that are not there; and one small run, whose numbers are looked at by their form alone."""
import contextlib, io, json, math, os, pathlib, subprocess, sys, tempfile

import numpy as np

SOURCE = pathlib.Path(os.environ["POLYSWEEP_SOURCE"])
BUILD = pathlib.Path(os.environ["POLYSWEEP_BUILD"])
sys.path[:0] = [str(SOURCE / "tests" / "bench"), str(SOURCE / "analysis")]

import cases, kept, machine, others, ours, polysweep, rounds, run  # noqa: E402
from peers import sketching  # noqa: E402
from polysweep.samples import fewest, median_interval  # noqa: E402

failed = []


def check(condition, what):
    if not condition:
        failed.append(what)
        print("failed:", what, file=sys.stderr)


# ---- statistics ----

def interval_by_closed_form():
    """[x_k, x_(N+1-k)] holds the median with probability 1 - 2 P(Bin(N, 1/2) < k), summed here in whole numbers."""
    for count in range(1, 60):
        _, lo, hi = median_interval(np.arange(1, count + 1), 0.95)
        missed = [2 * sum(math.comb(count, j) for j in range(k)) / 2 ** count for k in range(count)]  # by k
        if count < fewest(0.95):
            check(math.isnan(lo) and missed[1 if count > 1 else 0] > 0.05 or count == 1, f"{count} samples have no interval")
        else:
            check(missed[int(lo)] <= 0.05 < missed[int(lo) + 1], f"{count} samples: k = {lo}")
            check(hi == count + 1 - lo, f"{count} samples: {lo}, {hi}")


def ratios(random, count, runs):
    """Pairs of seconds with a true ratio of 1.25: drift that both share (a walk of 10 % a round) and noise with rare long delays."""
    drift = np.exp(np.cumsum(0.1 * random.standard_normal((runs, count)), axis=1))
    noise = [np.exp(0.03 * random.standard_normal((runs, count))) + (random.random((runs, count)) < 0.1) * random.exponential(0.5, (runs, count))
             for _ in range(2)]
    return 1.25 * drift * noise[0], drift * noise[1]


def coverage():
    random, runs = np.random.default_rng(5), 2000
    case = rounds.Case("a/b", "time", "a", "b")
    for count in (6, 11, 21):
        above, below = ratios(random, count, runs)
        quotients = [rounds.assess(case, {"a": [[x] for x in a], "b": [[x] for x in b]}, {}) for a, b in zip(above, below)]
        held = np.mean([q["lo"] <= 1.25 <= q["hi"] for q in quotients])
        # both sides have the same noise, so 1.25 is the median; 4 standard deviations of the count of runs
        check(held >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / runs), f"the interval of {count} pairs holds the ratio in {100 * held:.1f} %")
        if count == 6:
            picked = random.integers(0, count, (200, count))
            medians = np.median((above / below)[:, picked], axis=2)
            lo, hi = np.quantile(medians, (0.025, 0.975), axis=1)
            boot = np.mean((lo <= 1.25) & (1.25 <= hi))
            check(boot < held, f"a bootstrap of {count} pairs covers less ({100 * boot:.1f} %), as rounds.py says")
    # sides that are not paired: what the drift does to the quotient of two medians
    above, below = ratios(random, 21, runs)
    apart = np.median(above, axis=1) / np.median(np.roll(below, 1, axis=0), axis=1)
    paired = np.median(above / below, axis=1)
    check(np.std(np.log(paired)) < 0.1 * np.std(np.log(apart)), "pairs cancel what both sides share")


def verdicts():
    for required, lo, hi, word in (((">=", 1.0), 1.0, 1.2, "holds"), ((">=", 1.0), 0.9, 1.2, "open"), ((">=", 1.0), 0.8, 0.9, "missed"),
                                   (("<=", 0.55), 0.5, 0.54, "holds"), (("<=", 0.55), 0.56, 0.6, "missed"), (None, 1, 2, ""),
                                   ((">=", 1.0), math.nan, math.nan, "")):
        check(rounds.verdict(required, lo, hi) == word, f"{required} by {lo} .. {hi}: {word}")


# ---- rounds ----

class Scripted:
    """A side whose seconds are given, round by round; an exception in the list is raised."""

    def __init__(self, side, seconds):
        self.side, self.seconds, self.calls = side, seconds, 0

    @property
    def sides(self):
        return frozenset((self.side,))

    def run(self, _):
        value = self.seconds[self.calls % len(self.seconds)]
        self.calls += 1
        if isinstance(value, Exception):
            raise value
        return {self.side: {"seconds": [value]}}


class Several(Scripted):
    """All of them in one step, as rounds."""

    def run(self, _):
        return {self.side: {"rounds": [[x] for x in self.seconds]}}


def bench_of(work=None, **sides):
    steps = tuple(Scripted(name, seconds) for name, seconds in sides.items())
    pairs = [(a, b) for a, b in (("a", "b"), ("a", "c")) if a in sides and b in sides]
    return rounds.Bench("x", steps, tuple(rounds.Case(f"{a}/{b}", "rate", a, b, (">=", 1.0)) for a, b in pairs), work or dict.fromkeys(sides, 6.0))


def stops():
    rule, wild = rounds.Rule(most=21, seconds=1e9), [1.0, 3.0, 0.5, 2.0, 0.7, 1.3, 5.0]
    bench = bench_of(a=[1.0], b=[2.0])
    found = rounds.measure(bench, None, rule, clock=lambda: 0)
    check(found["rounds"] == 6 and found["cases"][0]["value"] == 2.0, "what is precise ends with the sixth round")
    bench = bench_of(a=wild, b=[2.0], c=[1.0])
    check(rounds.measure(bench, None, rule, clock=lambda: 0)["rounds"] == 21, "what is not goes on to the last")
    bench = bench_of(a=[1.0], b=[2.0], c=wild)
    found = rounds.measure(bench, None, rule, clock=lambda: 0)
    check([step.calls for step in bench.steps] == [21, 6, 21], "a side whose cases are precise is not measured again")
    check([case["rounds"] for case in found["cases"]] == [6, 21], "and pairs are those of common rounds")
    times = iter(range(0, 10 ** 6, 100))
    check(rounds.measure(bench_of(a=wild, b=[1.0]), None, rounds.Rule(seconds=30), clock=lambda: next(times))["rounds"] == 6,
          "time that is over ends it, not before the fewest rounds that have an interval")
    bench = rounds.Bench("x", (Several("a", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), Several("b", [1.0] * 6)), (rounds.Case("a/b", "time", "a", "b"),), most=6)
    found = rounds.measure(bench, None, rule, clock=lambda: 0)
    check(found["rounds"] == 6 and found["cases"][0]["value"] == 3.5, "repetitions of one launch are rounds, and as many as its bench wants")
    looks = [count for count in range(1, 30) if rule.look(count)]
    check(looks == [6, 11, 16, 21, 26], f"looks: {looks}")


def failing():
    bench = bench_of(a=[1.0], b=[ours.Failed("not installed: no such thing")], c=[4.0])
    found = rounds.measure(bench, None, rounds.Rule(), clock=lambda: 0)
    check(found["left_out"] == {"a/b": "not installed: no such thing"}, "a case without its peer says why")
    check([case["value"] for case in found["cases"]] == [4.0] and bench.steps[1].calls == 1, "the others go on")
    bench = bench_of(a=[ours.Failed("no program")], b=[1.0])
    check(rounds.measure(bench, None, rounds.Rule(), clock=lambda: 0)["cases"] == [], "nothing is left without the program")


# ---- kept runs ----

def document(**seconds):
    """A run as run.py keeps it, of given samples: rounds of "a" against "b"."""
    found = rounds.measure(bench_of({"a": 3e9, "b": 6e9, "c": 6e9}, **seconds), None, rounds.Rule(width=0, most=8, seconds=1e9), clock=lambda: 0)
    return {"polysweep_bench": 1, "date": "2026-01-02T03:04:05+00:00", "commit": "abc", "changed": False, "command": "run.py", "quick": False,
            "target": "best", "seconds": 1.0, "machine": machine.machine(0), "programs": {}, "peers": {"b": {"version": "1"}}, "environment": {},
            "benches": [found]}


def read_back(place):
    base = document(a=[1.0, 1.1, 0.9], b=[4.0])
    kept.write(base, place / "base.json")
    check(kept.read(place / "base.json")["benches"][0]["samples"]["a"][:3] == [[1.0], [1.1], [0.9]], "every raw sample is kept")
    check(base["benches"][0]["cases"][0]["value"] == 2.0, "rate over rate: 3e9 / 1 s over 6e9 / 4 s")
    broken = {"no JSON": lambda d: None, "no number of its form": lambda d: d.pop("polysweep_bench"), "no machine": lambda d: d.pop("machine"),
              "benches of another form": lambda d: d["benches"].append(3), "a bench without samples": lambda d: d["benches"][0].pop("samples"),
              "a value that samples do not give": lambda d: d["benches"][0]["cases"][0].update(value=9.0)}
    for what, harm in broken.items():
        copy = json.loads((place / "base.json").read_text())
        harm(copy)
        (place / "broken.json").write_text("{" if what == "no JSON" else json.dumps(copy))
        try:
            kept.read(place / "broken.json")
            check(False, f"{what}: was read")
        except kept.Unreadable as error:
            check("broken.json" in str(error), f"{what}: the message names the file")


def compared(place):
    noise = [1.0, 1.01, 0.99, 1.005, 0.995, 1.002, 0.998, 1.0]
    base = document(a=noise, b=[4.0], c=noise)
    for factor, word in ((1.5, "slower"), (0.5, "faster"), (1.001, "as before"), (0.999, "as before")):
        new = document(a=[factor * x for x in noise], b=[4.0], c=[factor * x for x in noise])
        got = {case["name"]: found for found, case, _ in kept.compare(new, base)}
        check(got == {"a/b": word, "a/c": "as before"}, f"seconds times {factor}: {got}")  # of a/c both sides changed
    time = [dict(case, kind="time", required=["<=", 1]) for case in (base["benches"][0]["cases"][0],)]
    check(not kept.better(time[0]) and kept.better(dict(time[0], required=[">=", 2])), "which way is better")
    check(kept.better(dict(time[0], required=None, more=True)) and not kept.better(dict(time[0], required=None)), "another's over ours")
    several = [cases.polysketch({}, 64, "fp32"), cases.before_head("W2", 64, 10), cases.before_head("P1", 64, 10)]
    check(all(case.more for bench in several for case in bench.cases if case.kind == "time"), "ours is below in these")
    new = document(a=[1.5 * x for x in noise], b=[4.0])
    new["machine"]["processor"], new["peers"] = {"model": "another", "vectors": []}, {"b": {"version": "2"}}
    lines = list(kept.differences(new, base))
    check("processor" in lines[0] and "b was 1, is 2" in lines[1], f"what keeps runs from being comparable comes first: {lines}")
    check(lines[2].startswith("slower   a/b") and "a 3 -> 2" in lines[2], f"then what changed, and on which side: {lines[2]}")
    check(lines[-1].startswith("of 1 cases of both runs: 1 slower, 0 faster"), lines[-1])
    for name, run_ in (("2026-01-01T000000-a.json", base), ("2026-01-03T000000-b.json", new)):
        kept.write(run_, place / "folder" / name)
    (place / "folder" / "2026-01-04T000000-c.json").write_text("{")
    newest = kept.last(place / "folder", new)
    check(newest.name.startswith("2026-01-03") and kept.last(place / "none", new) is None, f"the last kept run: {newest}")
    check(kept.last(place / "folder", base).name.startswith("2026-01-01"), "of the same processor")
    check(kept.last(place / "folder", new, newest) is None, "besides itself")
    said = printed("--from", place / "folder" / "2026-01-03T000000-b.json", "--against", place / "folder" / "2026-01-01T000000-a.json", "--table")
    check("slower   a/b" in said and "| what |" in said and "another" in said, f"--from, --against and --table: {said}")


def tables():
    """What stands in the manual: rates of the first shape, a row a family, the processor by name."""
    name = "exact-openblas/n4096-d64-{}-full"
    steps = (Scripted("a", [1.0]), Scripted("b", [2.0]), Scripted("c", [0.5]), Scripted("t", [0.2]))
    made = [rounds.Case(name.format(precision), "rate", "a", other, (">=", 1.0)) for precision, other in (("fp32", "b"), ("fp64", "c"))]
    made.append(rounds.Case("start/first-point", "figure", "t", None, ("<=", 0.15)))
    run_ = document(a=[1.0], b=[1.0])
    run_["benches"] = [rounds.measure(rounds.Bench("x", steps, tuple(made), dict.fromkeys("abc", 2e9)), None, rounds.Rule(), clock=lambda: 0)]
    run_["machine"]["processor"] = {"model": "Some Processor 9", "vectors": ["avx2"]}
    text = "\n".join(kept.table(run_))
    for part in ("One core of Some Processor 9 (AVX2; kernels best), 2026-01-02", "b 1.",
                 "| GF/s, n4096, d64 | fp32 full | fp32 causal | fp64 full | fp64 causal |", "| exact β = 4 | 2.0 | – | 2.0 | – |",
                 "| numpy's OpenBLAS, 1024³ | 1.0 | – | 4.0 | – |",
                 "least and most of 2 | 0.5 (0.5 .. 0.5) … 2 (2 .. 2) | ≥ 1: 1 of 2 hold; n4096 d64 fp64 full missed |",
                 "| seconds of commands: first point | 0.2 (0.2 .. 0.2) s | ≤ 0.15: missed |"):
        check(part in text, f"the table has no {part!r}: {text}")


def printed(*words):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run.main(list(map(str, words)))
    return out.getvalue()


# ---- peers ----

def where(place, **environment):
    return ours.Where({"ours": BUILD}, max(os.sched_getaffinity(0)), {**machine.environment(), **environment}, place)


def peers_there_or_not(place):
    (place / "empty").mkdir()
    (place / "empty" / "torch.py").write_text("raise ImportError('No module named torch')\n")
    all_peers = others.Peers(sys.executable, where(place, PYTHONPATH=str(place / "empty"), PATH=str(place / "empty")))
    try:
        for name in ("torch", "ior"):
            try:
                others.Request(all_peers, name, name, "fused", {}).run(None)
                check(False, f"{name} is not there")
            except ours.Failed as error:
                check(str(error).lower().startswith("not installed: no "), f"{name}: {error}")
        answer = others.Request(all_peers, "numpy", "numpy", "product", {"precision_name": "fp32"}, least_s=0, most=1).run(None)["numpy"]
        check(len(answer["seconds"]) == len(answer["cpu"]) == 1 and answer["seconds"][0] > 0, "numpy answers")
        try:
            others.Request(all_peers, "numpy", "numpy", "product", {"precision_name": "fp8"}).run(None)
            check(False, "a job that fails is no answer")
        except ours.Failed as error:
            check("KeyError" in str(error), f"a job that fails says why: {error}")
        found = all_peers.installed()
        check(found["numpy"]["version"] == np.__version__ and str(found["torch"]).startswith("not installed"), f"installed: {found}")
        all_peers.forget()
    finally:
        all_peers.close()


def loop_of_multiply_adds(place):
    peers = others.Peers(sys.executable, where(place))
    try:
        for precision in ("fp32", "fp64"):
            request = others.Request(peers, "register loop", "peak", "peak", {"precision_name": precision}, least_s=0, most=1)
            check(0 < request.run(None)["peak"]["seconds"][0], "the loop runs")
    except ours.Failed as error:
        check("no C compiler" in str(error), str(error))
    finally:
        peers.close()


def environments():
    os.environ.update(OPENBLAS_CORETYPE="Prescott", POLYSWEEP_TARGET="base", XLA_FLAGS="--x")
    plain, narrow = machine.environment(), machine.environment("avx2")
    check("OPENBLAS_CORETYPE" not in plain and "POLYSWEEP_TARGET" not in plain, "what chooses kernels is cleaned")
    check(plain["OPENBLAS_NUM_THREADS"] == plain["OMP_NUM_THREADS"] == "1" and "eigen=false" in plain["XLA_FLAGS"], "one thread")
    check(narrow["OPENBLAS_CORETYPE"] == "Haswell" and narrow["POLYSWEEP_TARGET"] == "avx2" and "AVX2" in narrow["XLA_FLAGS"], "--target")


def numpy_polysketch(place):
    """The numpy sketch is attention by its own weights, and its error is that of the program's."""
    random = np.random.default_rng(3)
    n, d, r = 300, 16, 8  # no multiple of a block
    q, k, v = random.standard_normal((3, n, d))
    both = sketching.tables(d, r, random)
    weights = np.tril((sketching.sketch(q, both) @ sketching.sketch(k, both).T) ** 2)
    expected = weights @ v / weights.sum(1, keepdims=True)
    # sums of 300 positive weights in double, in another order, and values of size 1
    check(np.abs(sketching.attend(q, k, v, both) - expected).max() < 1e-10, "attention in numpy, by blocks")
    draws = 40
    study = cases.study(256, d, [{"polysketch": {"r": r, "draws": draws}}], beta=4, mask="causal", time=None, negative="signed")
    launch = ours.Launch(study, lambda ds, _: {"error": ds["err_amm"].values[0]}, frozenset(("error",)))
    own = launch.run(where(place))["error"]["seconds"][0]
    errors = sketching.errors(256, d, r, 400)
    # a median of 40 draws scatters by 1.25 sigma / sqrt(40) = 0.2 sigma; four of these
    check(abs(own - np.median(errors)) < 0.8 * np.std(errors), f"err_amm {own:.4g}, in numpy {np.median(errors):.4g} ± {np.std(errors):.2g}")


def one_small_run(place):
    name = "exact-openblas/n1024-d64-fp32-full"
    words = [sys.executable, str(SOURCE / "tests/bench/run.py"), "--quick", "--only", name, "--build", str(BUILD), "--json", str(place / "r.json"),
             "--keep", str(place / "keep"), "--place", str(place)]
    job = subprocess.run(words, capture_output=True, text=True)
    check(job.returncode == 0 and job.stdout.startswith(name), f"run.py: {job.returncode}, {job.stdout} {job.stderr}")
    if job.returncode:
        return
    found = kept.read(place / "r.json")
    case = kept.cases_of(found)[name]
    check(case["rounds"] == 6 and 0 < case["lo"] <= case["value"] <= case["hi"], f"the case: {case}")
    check(set(case["rates"]) == {"exact full", "numpy 1024^3"} and all(rate > 0 for rate in case["rates"].values()), "rates of both")
    check(kept.last(place / "keep", found) is not None and found["programs"]["ours"]["doctor"], "kept, with what doctor says")
    check(subprocess.run([*words[:3], "--build", str(place)], capture_output=True).returncode == 1, "without a program it ends")


def names():
    """Names do not repeat; families are those that the table knows."""
    found = [case.name for every in (False, True)
             for bench in cases.benches(None, where(pathlib.Path()), SOURCE, False, every) for case in bench.cases]
    once = [case.name for bench in cases.benches(None, where(pathlib.Path()), SOURCE, False, True) for case in bench.cases]
    check(len(once) == len(set(once)), "names of cases are different")
    check({name.split("/")[0] for name in found} == set(cases.FAMILIES), "families of the table")
    check(all(step.sides for bench in cases.benches(None, where(pathlib.Path()), SOURCE, True, False) for step in bench.steps), "sides")
    for bench in cases.benches(None, where(pathlib.Path()), SOURCE, False, True):
        sides = frozenset().union(*(step.sides for step in bench.steps))
        check(all({case.above, case.below} - {None} <= sides for case in bench.cases), f"{bench.name}: every side is measured")
    check(printed("--list", "--only", "start").count("start/") == 5, "--list and --only")


with tempfile.TemporaryDirectory() as folder:
    place = pathlib.Path(folder)
    interval_by_closed_form()
    coverage()
    verdicts()
    stops()
    failing()
    read_back(place)
    compared(place)
    tables()
    environments()
    names()
    peers_there_or_not(place)
    loop_of_multiply_adds(place)
    numpy_polysketch(place)
    one_small_run(place)
sys.exit(bool(failed))
