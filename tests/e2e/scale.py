"""`polysweep scale` on two ranks: what it prints is what its file holds, and the file is one of a study like any other."""
import json, os, subprocess, sys, tempfile

import h5py
import numpy as np

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
STUDY = """schema: 1
study: two
seed: 5
data: {kind: gaussian}
methods: [exact, polysketch: {r: 8, draws: 2}]
grid: {n: 1024, d: 16, beta: 4, mask: causal, block: 64}
judge: {m: 4, trials: 2}
time: {reps: 6, max_reps: 8}
output: {file: precious.h5}
"""
VALID = [] if len(os.sched_getaffinity(0)) >= 2 else ["--oversubscribe"]
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
    return done.stdout, done.stderr


def column(path, name):
    with h5py.File(path) as file:
        return file[name][()]


def lines(*arguments):
    return json.loads(run("scale", "study.yaml", *arguments, "--json", "-q", *VALID)[0])


def compare(row, base, weak):
    """A row of the table against the seconds in the file, once more by hand."""
    if VALID:  # times of an oversubscribed core are not compared
        check(row["speed_up"] is None and row["timing"] == "oversubscribed", row)
        return
    ratio, ranks = base["time_median_s"] / row["time_median_s"], row["team"] / base["team"]
    check(np.isclose(row["efficiency"], ratio if weak else ratio / ranks, rtol=1e-12), "efficiency", row)
    check(np.isclose(row["speed_up"], row["efficiency"] * ranks, rtol=1e-12), "speed-up", row)
    if not weak and ranks > 1:
        check(np.isclose(row["karp_flatt"], (1 / ratio - 1 / ranks) / (1 - 1 / ranks), rtol=1e-9), "Karp-Flatt", row)


def check_table(table, path, weak):
    check(table["file"] == path and len(table["lines"]) == 2, "lines", table)
    medians = iter(column(path, "time_median_s"))
    for line in table["lines"]:
        rows = line["teams"]
        check([row["team"] for row in rows] == [1, 2] and line["base_s"] == rows[0]["time_median_s"], "teams", rows)
        for row in rows:
            check(row["time_median_s"] == next(medians) and row["idle"] == 2 - row["team"], "row", row)
            check(row["time_lo_s"] <= row["time_median_s"] <= row["time_hi_s"], "interval", row)
            check(abs(row["work_per_rank"] - (1 if weak else 1 / row["team"])) < 0.05, "work", row)
            compare(row, rows[0], weak)


def main():
    with open("study.yaml", "w") as out:
        out.write(STUDY)
    check_table(lines("--strong"), "two-strong.h5", False)
    check(not os.path.exists("precious.h5"), "the study's own file was taken")
    check((column("two-strong.h5", "timing") == (3 if VALID else 1)).all(), "timing", column("two-strong.h5", "timing"))
    check(column("two-strong.h5", "time_s").shape == (4, 8), "samples", column("two-strong.h5", "time_s").shape)

    weak = lines("--weak", "-o", "w.h5")
    check_table(weak, "w.h5", True)
    check([row["n"] for line in weak["lines"] for row in line["teams"]] == [1024, 1448, 1024, 2048], "n", weak)
    check((column("w.h5", "n_base") == 1024).all(), "the base is an axis of its own")

    # again: nothing is left to do, the same table; the file is a study's like any other
    before = column("w.h5", "commit")
    check(lines("--weak", "-o", "w.h5") == weak and (column("w.h5", "commit") == before).all(), "resumed")
    run("verify", "w.h5", ranks=1)
    text, _ = run("scale", "study.yaml", "--weak", "-o", "w.h5", "-q", *VALID)
    check("weak scaling of two" in text and "work/rank" in text and "1448" in text, text)
    text, _ = run("scale", "study.yaml", "--strong", "-q", "--set", "grid.n=192", "-o", "u.h5", *VALID)
    check("uneven: n = 192 is 3 blocks of 64" in text, text)
    text, _ = run("scale", "study.yaml", "--strong", "--dry-run", "-o", "none.h5")
    check("finish" in text and not os.path.exists("none.h5"), "--dry-run", text)

    for arguments, words in ((["--strong", "--weak"], "one of --strong"), ([], "one of --strong"),
                             (["--weak", "--set", "grid.n=64"], "would not be weak scaling"),
                             (["--strong", "--teams", "1,4"], "mpirun -n 4")):
        _, said = run("scale", "study.yaml", *arguments, "-o", "none.h5", *VALID, code=2)
        check(words in said and said.count("polysweep: ") == 1 and not os.path.exists("none.h5"), arguments, said)
    _, said = run("scale", "study.yaml", "--strong", "-o", "w.h5", *VALID, code=2)
    check("another study" in said, said)
    print(f"{checks} checks, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.exit(main())
