"""How good is the time that is left? Runs studies whose points differ in cost, method and kind (attention, head, repeated
passes, one long point), reads what the sidecar says meanwhile, and holds it against what it then took.

    POLYSWEEP_BUILD=build python tests/bench/remaining.py [ranks]      # any Python 3

Prints, for each study, said over true seconds at tenths of the work, and measured over predicted seconds of each kind. A machine
that others use makes both worse than they are. Two minutes on two cores."""
import csv, io, json, os, subprocess, sys, tempfile, time

PROGRAM = os.path.abspath(os.path.join(os.environ.get("POLYSWEEP_BUILD", "build"), "polysweep"))
W2 = "data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 1}\n"
STUDIES = {
    "mixed methods": "data: {kind: gaussian}\n"
                     "methods: [exact, softmax, polysketch: {r: [8, 32], draws: 4}, favor: {r: 64, draws: 4}]\n"
                     "grid: {n: [512, 2048, 4096], d: [16, 64], row_norm: unit, beta: [2, 4, 8], seed: [1, 2, 3, 4]}\n",
    "head": W2 + "methods: [exact, softmax]\ngrid: {n: [64, 1024, 4096], d: [10, 34], beta: [2, 4, 8, 16], trials: [4, 2000]}\n"
                 "judge: {m: 32}\n",
    "timed": W2 + "methods: [exact, softmax]\ngrid: {n: [512, 1024], d: [18, 34], beta: [2, 4, 8, 16]}\n"
                  "judge: {m: 8, trials: 3}\ntime: {reps: 5, max_reps: 60}\n",
    "one long point": W2 + "methods: [exact, softmax]\ngrid: {n: {from: 256, to: 8192, factor: 2}, d: 34, beta: [2, 4, 8, 16]}\n"
                           "include: [{method: exact, beta: 12, n: 32768, d: 34}]\njudge: {m: 8, trials: 3}\n",
}


def watch(path, job):
    """(seconds since the start, fraction, seconds left as said), one for each state of the sidecar."""
    seen, start = [], time.monotonic()
    while job.poll() is None:
        try:
            with open(path + ".status.json", encoding="utf-8") as file:
                state = json.load(file)
            if not seen or state["fraction"] != seen[-1][1]:
                seen.append((time.monotonic() - start, state["fraction"], state["eta_s"]))
        except (OSError, ValueError):
            pass
        time.sleep(0.05)
    if job.returncode:
        sys.exit(f"the run ended with {job.returncode}")
    return seen, time.monotonic() - start


def kinds(path):
    """Measured over predicted seconds of points by method."""
    table = subprocess.run([PROGRAM, "show", path, "--csv", "--columns", "method,start_s,end_s,predicted_s"], check=True,
                           capture_output=True, text=True).stdout
    runs = {}
    for row in csv.DictReader(io.StringIO(table)):
        run = runs.setdefault((row["method"], row["start_s"], row["end_s"]), [0.0])
        run[0] += float(row["predicted_s"])
    sums = {}
    for (method, start, end), (predicted,) in runs.items():
        sum_ = sums.setdefault(method, [0.0, 0.0])
        sum_[0] += float(end) - float(start)
        sum_[1] += predicted
    return ", ".join(f"{method} {took / predicted:.2f}" for method, (took, predicted) in sums.items() if predicted > 0)


def main():
    ranks = sys.argv[1] if len(sys.argv) > 1 else "2"
    inside = all_of = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text in STUDIES.items():
            study, path = os.path.join(folder, "study.yaml"), os.path.join(folder, name.replace(" ", "-") + ".h5")
            with open(study, "w", encoding="utf-8") as file:
                file.write("schema: 1\nstudy: remaining\n" + text)
            job = subprocess.Popen(["mpirun", "-n", ranks, PROGRAM, "run", study, "-o", path, "--quiet"])
            seen, whole = watch(path, job)
            ratios = [(f, left / (whole - at)) for at, f, left in seen if f >= 0.1 and whole - at > 0.5]
            inside, all_of = inside + sum(0.5 <= r <= 2 for _, r in ratios), all_of + len(ratios)
            print(f"{name:15} {whole:5.1f} s; said / true: " + ", ".join(f"{100 * f:.0f} %: {r:.2f}" for f, r in ratios), flush=True)
            print(f"{'':15} measured / predicted: {kinds(path)}", flush=True)
    print(f"{'all':15} {inside} of {all_of} within a factor of 2")


if __name__ == "__main__":
    main()
