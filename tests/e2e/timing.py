"""Times with repetitions, from study to file: why they ended, their intervals, their samples; who works meanwhile."""
import json, os, subprocess, sys, tempfile

import h5py
import numpy as np

import polysweep

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
ALONE, OVERSUBSCRIBED, BESIDE = 1, 3, 4
PRECISE, MAX_REPS, BUDGET = 1, 2, 3
STUDY = """schema: 1
study: timing
seed: 5
data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 1}
methods: [exact, polysketch: {r: 8, draws: 3}]
grid: {n: 512, d: 18, mask: causal, block: 64, team: [1, 2], beta: [2, 4]}
judge: {m: 8, trials: 4}
time: {reps: 6, max_reps: 12, ci_rel: 1.0e-9, warmup: 1}
output: {keep: [samples]}
"""
POINTS = 8
checks = failed = 0


def check(condition, *what):
    global checks, failed
    checks += 1
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def run(*arguments, ranks=2, code=0):
    command = ["mpirun", "-n", str(ranks), PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=250)
    check(done.returncode == code, command, "ended with", done.returncode, "not", code, done.stderr)
    return done.stderr


def read(path):
    with h5py.File(path) as file:
        return {name: item[()] for name, item in file.items() if isinstance(item, h5py.Dataset)}


def interval_rank(count):
    """k of the pair of ranks k, count + 1 - k that holds the median in 95 %: from a table of the binomial."""
    return {6: 1, 8: 1, 11: 2, 12: 3}[count]


def check_times(f):
    """Median and interval are those of the samples that are kept."""
    check(f["time_s"].shape == (POINTS, 12), "shape", f["time_s"].shape)
    for slot in range(POINTS):
        samples = f["time_s"][slot]
        count = int(np.isfinite(samples).sum())
        ordered = np.sort(samples[:count])
        k = interval_rank(count)
        check(np.isfinite(samples[:count]).all() and (ordered > 0).all(), "samples of", slot, samples)
        check(f["time_median_s"][slot] == np.median(ordered), "median of", slot, f["time_median_s"][slot])
        check((f["time_lo_s"][slot], f["time_hi_s"][slot]) == (ordered[k - 1], ordered[count - k]), "interval of", slot)


def same_science(a, b):
    with h5py.File(a) as x, h5py.File(b) as y:
        for name, item in x.items():
            if isinstance(item, h5py.Dataset) and item.attrs.get("reproducibility", b"none") in (b"bitwise", "bitwise"):
                if item.dtype.kind == "f":
                    check(np.array_equal(item[()], y[name][()], equal_nan=True), name, "of", a, "and", b)
                else:
                    check(np.array_equal(item[()], y[name][()]), name, "of", a, "and", b)


def no_overlap(f):
    """Alone is alone: no two points at a time. Ranks leave a barrier one after the other, on a busy machine with some time
    between them; two points at once would share most of their time."""
    order = np.argsort(f["start_s"])
    start, end = f["start_s"][order], f["end_s"][order]
    shared, least = end[:-1] - start[1:], np.minimum(end - start, np.roll(end - start, -1))[:-1]
    check((shared < 0.5 * least).all(), "points overlap", start, end)


def check_merged(valid):
    """Samples come along with their slots: two halves joined hold the lines of both."""
    for team in (1, 2):
        run("run", "study.yaml", "-o", f"half{team}.h5", "--where", f"team == {team}", *valid)
    done = subprocess.run([PROGRAM, "merge", "whole.h5", "half1.h5", "half2.h5"], capture_output=True, text=True)
    check(done.returncode == 0, "merge", done.stderr)
    whole, halves = read("whole.h5"), [read("half1.h5"), read("half2.h5")]
    for slot, team in enumerate(whole["team"]):
        check(np.array_equal(whole["time_s"][slot], halves[team - 1]["time_s"][slot], equal_nan=True), "samples of", slot)
    check_times(whole)


def check_extrap(path, f):
    """Every timed point is a line for Extra-P, with all its repetitions."""
    command = [PROGRAM, "show", path, "--extrap"]
    lines = [json.loads(line) for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines()]
    check(len(lines) == POINTS, "lines", len(lines))
    for slot, line in enumerate(lines):
        samples = f["time_s"][slot]
        check(line["params"] == {"team": f["team"][slot], "beta": f["beta"][slot]}, "parameters", line["params"])
        check(line["callpath"] == ("exact" if slot < POINTS // 2 else "polysketch"), "callpath", line["callpath"])
        check(line["metric"] == "time_s" and line["value"] == samples[np.isfinite(samples)].tolist(), "samples of", slot)


def plan_of(path, *more):
    command = [PROGRAM, "plan", "study.yaml", "--ranks", "2", "--calibration", path, "--json", *more]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def finish_of(path):
    return plan_of(path)["finish_s"]


def check_passes(path):
    """Of points on one rank a calibrated plan says what the run predicted of a pass, times one factor: how far that was off
    on the whole. Equal but for the rounding of sums."""
    f, said = read(path), plan_of(path, "--points", "--where", "team == 1")["each"]
    slots = [point["slot"] for point in said]
    check(len(slots) == POINTS // 2 and (f["status"][slots] == 2).all(), "points on one rank", slots)
    factor = np.array([point["pass_s"] for point in said]) / f["predicted_pass_s"][slots]
    off = f["time_median_s"][slots].sum() / f["predicted_pass_s"][slots].sum()
    check(np.allclose(factor, off, rtol=1e-9, atol=0), "passes of a plan", factor, off)


def check_ceilings(path):
    """What the launch measured is in the file, and a plan that is calibrated by it uses it."""
    before = finish_of(path)
    with h5py.File(path, "r+") as file:
        launch = {name: item[0] for name, item in file["provenance/launches"].items()}
        for name in ("clock_resolution_s", "product_flops_s_fp64", "product_flops_s_fp32", "memory_bytes_s",
                     "latency_s_node", "byte_s_node"):
            check(0 < launch[name] < 1e15, name, launch[name])
        check(np.isnan(launch["latency_s_nodes"]) and np.isnan(launch["byte_s_nodes"]), "there is one node")
        for name in ("timing_clock", "timing_synchronisation", "timing_reduction"):
            check(len(file["provenance"].attrs[name]) > 10, name)
        file["provenance/launches/latency_s_node"][0] = 1.0
    check(finish_of(path) > before + POINTS / 2, "messages of a second each take none", before, finish_of(path))


def main():
    cores = len(os.sched_getaffinity(0))
    valid = [] if cores >= 2 else ["--oversubscribe"]
    with open("study.yaml", "w") as out:
        out.write(STUDY)
    said = run("run", "study.yaml", "-o", "alone.h5", *valid)
    notes = [line for line in said.splitlines() if "note:" in line and "used this machine" not in line]  # others may
    check(len(notes) == 1 and "noise that is drawn once" in notes[0], "other notes were given", said)
    alone = read("alone.h5")
    check((alone["status"] == 2).all() and (alone["time_stop"] == MAX_REPS).all(), "reasons", alone["time_stop"])
    check((alone["timing"] == (ALONE if cores >= 2 else OVERSUBSCRIBED)).all(), "timing", alone["timing"])
    check((alone["team"] == alone["team_asked"]).all() and (alone["idle"] == 2 - alone["team"]).all(), "idle", alone["idle"])
    check_times(alone)
    if cores >= 2:
        check_extrap("alone.h5", alone)
    no_overlap(alone)

    run("run", "study.yaml", "-o", "beside.h5", "--set", "time.beside=true", *valid)
    beside = read("beside.h5")
    expected = np.where(beside["team"] == 1, BESIDE, ALONE) if cores >= 2 else OVERSUBSCRIBED
    check((beside["timing"] == expected).all() and (beside["idle"] == 0).all(), "beside", beside["timing"], beside["idle"])
    check_times(beside)
    if cores >= 2:
        curves = polysweep.scaling.strong(polysweep.open("beside.h5"))
        check(len(curves) == POINTS and set(curves["timing"]) == {"beside"}, "the team of all ranks is on no curve", curves)
    same_science("alone.h5", "beside.h5")

    run("run", "study.yaml", "-o", "off.h5", "--set", "time=off", *valid)
    off = read("off.h5")
    check("time_s" not in off and (off["time_stop"] == 0).all() and np.isnan(off["time_lo_s"]).all(), "time off")
    same_science("alone.h5", "off.h5")

    run("run", "study.yaml", "-o", "wide.h5", "--set", "time.ci_rel=1e9", "--set", "time.reps=7", *valid)
    wide = read("wide.h5")
    check((wide["time_stop"] == PRECISE).all() and (np.isfinite(wide["time_s"]).sum(1) == 7).all(), "precise", wide["time_stop"])
    # a limit that is over: no point begins; one that ends within a point: its repetitions end, and it is done
    run("run", "study.yaml", "-o", "limit.h5", "--time-limit", "0s", *valid, code=75)
    many = ["--set", "time.max_reps=200000", "--set", "output.keep=[]", "--set", "grid.n=2048"]
    run("run", "study.yaml", "-o", "many.h5", "--time-limit", "4s", *many, *valid, code=75)
    limited = read("many.h5")
    done = limited["status"] == 2
    check(done.any() and not done.all() and (limited["time_stop"][done] == BUDGET).any(), "budget", limited["time_stop"])
    check((limited["time_lo_s"] <= limited["time_hi_s"])[done].all(), "what ended early has an interval")
    # a limit of a point is about its results: two seconds of repetitions before the second draw are none of it
    os.environ["POLYSWEEP_LEAST_LIMIT_S"] = "1"
    long = ["--set", "time.max_reps=5000", "--set", "output.keep=[]", "--set", "grid.n=4096", "--set", "run.point_limit=1"]
    run("run", "study.yaml", "-o", "long.h5", "--where", "method == polysketch and beta == 4 and team == 1", *long, *valid)
    check((read("long.h5")["status"] == 2).sum() == 1, "a limit counted repetitions", read("long.h5")["status"])
    del os.environ["POLYSWEEP_LEAST_LIMIT_S"]
    crowd = max(cores, 2) + 1
    run("run", "study.yaml", "-o", "crowd.h5", "--oversubscribe", "--where", "team == 1", ranks=crowd, code=0)
    check((read("crowd.h5")["timing"][:] * (read("crowd.h5")["status"] == 2) != ALONE).all(), "oversubscribed is not alone")
    # resuming with room for other repetitions is another layout
    check("max_reps" in run("run", "study.yaml", "-o", "alone.h5", "--set", "time.max_reps=13", *valid, code=2), "layout")
    done = subprocess.run([PROGRAM, "verify", "alone.h5"], capture_output=True, text=True)
    check(done.returncode == 0 and "the same" in done.stdout, "verify", done.stdout, done.stderr)
    check_merged(valid)
    check_passes("half1.h5")  # of that team alone
    check_ceilings("alone.h5")
    print(f"{checks} checks, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.exit(main())
