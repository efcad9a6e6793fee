"""One study of a million tiny points from end to end: run, killed half-way, resumed, verified, packed, opened, reported. Prints seconds
of the clock and of the processor, the largest process, and sizes.

    POLYSWEEP_BUILD=build .venv/bin/python tests/bench/million.py [--points 1000000] [--ranks 2] [--closed-form]
                                                                  [--directory DIR] [--keep]

Exact attention of n = 28 to 64 tokens, with trials; about five minutes of two cores, and 1.5 GB of disk. With --closed-form no
attention but the exact probability, for ten million points: about eight minutes and 4 GB; up to the packed file, which is
verified, too."""
import argparse, json, os, shutil, signal, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(os.path.join(os.environ.get("POLYSWEEP_BUILD", "build"), "polysweep"))
STUDY = """schema: 1
study: million
seed: 3
data: {{kind: self_attention, preset: W2}}
methods: [exact]
grid:
  a_1: {{from: 1.1, to: 2, count: {a_1}}}
  m: [4, 6, 8, 12, 16]
  mask: [full, causal]
  d: [4, 6]
  n: {{from: 28, to: 64, step: 4}}
  beta: {{from: 1, to: {beta}, step: 1}}
judge: {{trials: 4}}
"""
CLOSED_FORM = """schema: 1
study: million
data: {{kind: self_attention, preset: W2}}
methods: [closed_form]
grid: {{d: 18, n: {{from: 64, to: 16048, step: 16}}, beta: {{from: 1, to: {beta}, step: 1}}}}
"""
LENGTHS = 1000
LEAST, A_DEGREE = 100_000, 200  # points of one value of a_1, and of one degree
OPEN = "import polysweep, sys; ds = polysweep.open(sys.argv[1]); assert int(ds['done'].sum()) == ds.sizes['point']"


def told(name, start, done, usage, path=None):
    size = f"{os.path.getsize(path) / 1e6:9.1f} MB" if path else ""
    print(f"{name:10} {time.monotonic() - start:8.1f} s {usage.ru_utime + usage.ru_stime:8.1f} s of the processor"
          f" {usage.ru_maxrss / 1024:8.0f} MiB  {size}  {done}", flush=True)


def wait(job):
    """(exit code, resources of it and of what it waited for)."""
    _, state, usage = os.wait4(job.pid, 0)
    job.returncode = os.waitstatus_to_exitcode(state)
    return job.returncode, usage


def step(name, command, path=None, code=0):
    start, job = time.monotonic(), subprocess.Popen(command, stdout=subprocess.DEVNULL)
    got, usage = wait(job)
    told(name, start, "" if got == code else f"ended with {got}, not {code}", usage, path)
    return got == code


def state(path):
    try:
        with open(path + ".status.json", encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def ranks_of(job):
    """Processes below mpirun."""
    found, below = [], {job.pid}
    for pid in sorted(int(each) for each in os.listdir("/proc") if each.isdigit()):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        if parent in below:
            below.add(pid)
            found.append(pid)
    return found


def killed(command, path, points):
    """SIGKILL to all processes of the run as soon as half of the points are done."""
    start, job = time.monotonic(), subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while job.poll() is None and state(path).get("done", 0) < points / 2:
        time.sleep(0.2)
    done = state(path).get("done", 0)
    for pid in [*ranks_of(job), job.pid]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    _, usage = wait(job)
    told("killed", start, f"{done} of {points} points done", usage, path)


def study_of(points, closed_form):
    if closed_form:
        return CLOSED_FORM.format(beta=points // LENGTHS)
    if points > LEAST:
        return STUDY.format(a_1=points // LEAST, beta=500)
    return STUDY.format(a_1=1, beta=points // A_DEGREE).replace("{from: 1.1, to: 2, count: 1}", "1.2")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--points", type=int, default=1_000_000, help="a multiple of 200, above 100000 of that (default %(default)s)")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--closed-form", action="store_true")
    parser.add_argument("--directory", default=None)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = os.path.join(SOURCE, "analysis")
    folder = tempfile.mkdtemp(dir=options.directory)
    study, path, small = (os.path.join(folder, name) for name in ("million.yaml", "million.h5", "small.h5"))
    with open(study, "w", encoding="utf-8") as file:
        file.write(study_of(options.points, options.closed_form))
    run = ["mpirun", "-n", str(options.ranks), PROGRAM, "run", study, "-o", path, "--quiet"]
    python = [sys.executable, "-c"]
    killed(run, path, options.points)
    good = [step("resumed", run, path),
            step("again", run, path),
            step("status", [PROGRAM, "status", path]),
            step("verified", ["mpirun", "-n", str(options.ranks), PROGRAM, "verify", path]),
            step("packed", [PROGRAM, "pack", path, "-o", small], small)]
    if options.closed_form:
        good.append(step("verified", ["mpirun", "-n", str(options.ranks), PROGRAM, "verify", small]))
    else:
        good += [step("imported", [*python, "import polysweep"]),
                 step("opened", [*python, OPEN, path]),
                 step("opened", [*python, OPEN, small]),
                 step("grid", [*python, OPEN + "; polysweep.grid(ds)", path]),
                 step("reported", [sys.executable, "-m", "polysweep.report", small, "-o", os.path.join(folder, "report"), "--quiet"],
                      os.path.join(folder, "report", "index.html"))]
    print(folder if options.keep else "", end="\n" if options.keep else "")
    options.keep or shutil.rmtree(folder)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
