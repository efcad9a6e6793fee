"""Separation through sketches: success rates against those of an independent implementation (numpy, other random
numbers, 60 draws), and the exact kernel's special mass beside each, so that noise is not taken for success."""
import math, os, subprocess, sys, tempfile

import h5py

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
THEIRS, OURS = 60, 60  # draws
# (preset, beta, r) -> share of draws that separate; n = 1024, d = 34, m = ceil(8 ln n)
SUCCESS = {("P2", 4, 8): 0.67, ("P2", 4, 32): 0.83, ("P2", 4, 128): 0.97, ("P2", 8, 8): 0.95, ("P2", 8, 32): 1,
           ("P2", 16, 8): 0.98, ("P3", 8, 8): 0.55, ("P3", 8, 32): 0.52, ("P3", 16, 8): 0.72, ("P3", 16, 32): 0.97}
SPURIOUS = [("P3", 8, 8), ("P3", 8, 32)]  # beta_c = 9.03: the exact kernel never separates there
failed = 0


def check(condition, *what):
    global failed
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def apart(a, b):
    """Of two counted shares, in standard errors; a share of 0 or 1 stands for one draw less."""
    p = (a * OURS + b * THEIRS) / (OURS + THEIRS)
    p = min(max(p, 1 / THEIRS), 1 - 1 / THEIRS)
    return abs(a - b) / math.sqrt(p * (1 - p) * (1 / OURS + 1 / THEIRS))


def point(preset, beta, r):
    method = f"method: polysketch, r: {r}, draws: {OURS}" if r else "method: exact"
    return f"  - {{{method}, preset: {preset}, beta: {beta}, n: 1024, d: 34}}"


def study():
    points = list(SUCCESS) + sorted({(preset, beta, 0) for preset, beta, r in SUCCESS})
    head = f"schema: 1\nstudy: separation\nseed: 11\ndata: {{kind: self_attention}}\nmethods: [exact]\n" \
           f"grid: {{preset: P1, beta: 2, n: 64, d: 34}}\njudge: {{m: ceil(8 * log(n)), trials: {OURS}}}\ninclude:\n"
    return points, head + "\n".join(point(*p) for p in points) + "\n"


def main():
    points, text = study()
    with open("separation.yaml", "w") as file:
        file.write(text)
    done = subprocess.run([PROGRAM, "run", "separation.yaml", "--quiet"], capture_output=True, text=True)
    check(done.returncode == 0, "the run ended with", done.returncode, done.stderr)
    if done.returncode:
        return
    with h5py.File("separation.h5") as file:
        column = {key: file[key][1:] for key in ("success_rate", "fires_d0", "bad_rows", "beta_c", "special_mass_d1",
                                                 "theory_special_mass_d1", "theory_success", "r")}
    rows = {p: {key: values[i] for key, values in column.items()} for i, p in enumerate(points)}
    for p, theirs in SUCCESS.items():
        row, exact = rows[p], rows[p[0], p[1], 0]
        check(row["r"] == p[2], p, "has r =", row["r"])
        check(apart(row["success_rate"], theirs) < 3, p, "succeeds", row["success_rate"], "of the time, not", theirs)
        check(row["fires_d0"] == 0 and row["bad_rows"] == 0, p, "a self-tensored sketch fires on D_0")
        check(abs(row["theory_special_mass_d1"] - exact["special_mass_d1"]) < 1e-12, p, "special mass of the kernel")
        check(row["beta_c"] == exact["beta_c"] and math.isnan(row["theory_success"]), p, "theory of the kernel")
    for p in SPURIOUS:
        check(rows[p]["beta_c"] > p[1] and rows[p[0], p[1], 0]["success_rate"] == 0, p, "the exact kernel separates")
        check(rows[p]["theory_special_mass_d1"] < 0.1, p, "a success of noise is not seen for what it is")


with tempfile.TemporaryDirectory() as scratch:
    os.chdir(scratch)
    main()
    os.chdir("/")
sys.exit(failed > 0)
