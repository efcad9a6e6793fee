"""A sweep of very unequal points (five decades of cost, one point with three quarters of the work) with teams and with
one rank per point, in turn, in one run:

    POLYSWEEP_BUILD=build python tests/bench/heavy_tail.py [ranks] [repetitions] [scale]

scale 1 takes a minute or two a run on two cores; 0.5 halves every length. Prints, of each run, makespan, its bound
max(busy time / P, longest point), their ratio; then medians. Times are the file's own (start_s, end_s)."""
import os, statistics, subprocess, sys, tempfile

import h5py
import numpy as np

PROGRAM = os.path.join(os.environ.get("POLYSWEEP_BUILD", "build"), "polysweep")
LENGTHS = {172032: 1, 49152: 1, 16384: 10, 4096: 100, 1024: 500, 256: 500, 64: 500}  # points of each


def write_study(path, scale):
    lengths = {max(64, int(n * scale) // 64 * 64): count for n, count in LENGTHS.items()}
    rules = "".join(f'  - {{when: "n == {n} and seed > {count}", why: "fewer of the long ones"}}\n'
                    for n, count in lengths.items() if count < 500)
    with open(path, "w") as out:
        out.write(f"schema: 1\nstudy: heavy-tail\ndata: {{kind: gaussian}}\nmethods: [exact]\n"
                  f"grid: {{n: {sorted(lengths)}, d: 64, seed: {{from: 1, to: 500, step: 1}}, beta: 4}}\nexclude:\n{rules}")


def run(study, path, ranks, *arguments):
    subprocess.run(["mpirun", "-n", str(ranks), PROGRAM, "run", study, "-o", path, "--quiet", *arguments], check=True)
    with h5py.File(path) as file:
        names = ("start_s", "end_s", "team", "first_rank", "n", "time_median_s")
        column = {name: file[name][()] for name in names}
    turns = {(s, r): (e, t) for s, e, t, r in zip(column["start_s"], column["end_s"], column["team"], column["first_rank"])}
    makespan = max(column["end_s"]) - min(column["start_s"])
    busy = sum((end - start) * team for (start, _), (end, team) in turns.items())
    longest = np.argmax(column["end_s"] - column["start_s"])
    return {"makespan": makespan, "busy": busy, "longest": column["end_s"][longest] - column["start_s"][longest],
            "team": column["team"][np.argmax(column["n"])]}


def tell(name, r, ranks):
    bound = max(r["busy"] / ranks, r["longest"])
    print(f"{name:6} makespan {r['makespan']:7.2f} s  busy / P {r['busy'] / ranks:7.2f} s  longest {r['longest']:7.2f} s"
          f" on {r['team']}  makespan / bound {r['makespan'] / bound:.3f}", flush=True)
    return r["makespan"] / bound


def main():
    words = sys.argv[1:] + ["2", "5", "1"][len(sys.argv) - 1:]
    ranks, repetitions, scale = int(words[0]), int(words[1]), float(words[2])
    with tempfile.TemporaryDirectory() as folder:
        study = os.path.join(folder, "study.yaml")
        write_study(study, scale)
        teams, ratios, bounds = [], [], []
        for i in range(repetitions):
            one = run(study, os.path.join(folder, f"teams{i}.h5"), ranks)
            bounds.append(tell("teams", one, ranks))
            other = run(study, os.path.join(folder, f"single{i}.h5"), ranks, "--set", "run.team=1")
            tell("single", other, ranks)
            teams.append(one["makespan"])
            ratios.append(other["makespan"] / one["makespan"])
    print(f"median of {repetitions}: makespan {statistics.median(teams):.2f} s, {statistics.median(bounds):.3f} of its bound"
          f" ({min(bounds):.3f} .. {max(bounds):.3f}); one rank per point takes {statistics.median(ratios):.2f} times as long"
          f" ({min(ratios):.2f} .. {max(ratios):.2f})")


if __name__ == "__main__":
    main()
