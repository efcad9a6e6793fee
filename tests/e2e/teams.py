"""Points on teams of 1 to 4 ranks, from study to file: what a team writes is what one rank writes.

Exact, softmax and linear attention: every column that is promised bit for bit. Sketches: within their columns' stated
tolerances, verdict counts identical but for trials counted in `tie`. Every layout, route and scan of `run`. And the
promise of each column is one that is kept."""
import json, os, subprocess, sys, tempfile

import h5py
import numpy as np

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
TEAMS = 4
STUDY = """schema: 1
study: teams
seed: 11
data: {kind: self_attention, preset: P2, noise: 0.05, data_draws: 2}
methods: [exact, softmax, linear, polysketch: {r: 12, draws: 3}, tree: {r: 24, draws: 2}, monomial]
grid:
  mask: [full, causal]
  precision: [fp64, fp32]
  shape: [0, 1]       # 10 leaves; one, fewer than the team
  block: 32
  negative: signed
  team: [1, 2, 3, 4]
  beta: [2, 4]
derive: {n: "320 * (shape == 0) + 24 * (shape > 0)", d: "10 * (shape == 0) + 8 * (shape > 0)"}
judge: {m: 12, trials: 6}
"""
ROW_FOLDS = {0, 1, 2}
# functions of the point: nothing that ranks could share
UNSHARED = ("flops", "head_flops", "bytes", "state_bytes", "map_features", "exact_map", "den_rows", "err_rows")
checks = failed = 0


def check(condition, *what):
    global checks, failed
    checks += 1
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def run(*arguments, ranks=TEAMS, code=0):
    command = ["mpirun", "-n", str(ranks), PROGRAM, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    check(done.returncode == code, command, "ended with", done.returncode, "not", code, done.stderr)


def columns(path):
    with h5py.File(path) as file:
        return {name: (item[()], dict(item.attrs)) for name, item in file.items() if isinstance(item, h5py.Dataset)}


def word(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def is_near(a, b, tolerance, tied):
    """As `verify` compares: relative, absolute below a hundredth; counts may differ where rounding decides."""
    if a == b or (np.isnan(a) and np.isnan(b)):
        return True
    return tied if tolerance == 0 else abs(a - b) <= tolerance * max(abs(a), abs(b), 0.01)


def science(file):
    """Columns that promise something: name, values, whether that is bits, relative tolerances of the two precisions."""
    for name, (values, attributes) in file.items():
        if name not in ("team_asked", "point") and "reproducibility_other" in attributes:
            bits, tolerances = word(attributes["reproducibility"]) == "bitwise", attributes["reproducibility_other"]
            if bits or np.isfinite(tolerances).all():
                yield name, values, bits, tolerances


def compare(file, slot, other):
    """Slot `slot` against slot `other` of the same point on another team."""
    exactly = file["method"][0][slot] in ROW_FOLDS
    tied = file["tie"][0][slot] + file["tie"][0][other] > 0
    for name, values, bits, tolerances in science(file):
        a, b = values[slot], values[other]
        same = is_near(float(a), float(b), tolerances[file["precision"][0][slot]], tied)
        if exactly and bits or name in UNSHARED:
            same = a.tobytes() == b.tobytes()
        check(same, name, "slots", slot, other, a, b, "method", file["method"][0][slot])


def is_blank(values):
    return np.isnan(values) if values.dtype.kind == "f" else values == 0


def check_promises(file):
    """A promise of bits is kept by somebody: what row folds never fill and is bitwise all the same is so for sketches."""
    folds = np.isin(file["method"][0], list(ROW_FOLDS))
    pairs = [(slots[1], slot) for slots in twins(file).values() for team, slot in slots.items() if team > 1]
    for name, values, bits, _ in science(file):
        filled = ~is_blank(values)
        if not filled.any() or filled[folds].any():
            continue
        differ = sum(values[a].tobytes() != values[b].tobytes() for a, b in pairs)
        check(not bits or differ == 0, name, "promises bits, and differs between teams in", differ, "pairs")


def twins(file):
    """Slots of one point on all teams, the team of one first."""
    names = ("method", "mask", "precision", "beta", "n", "block", "r")
    found = {}
    for slot, team in enumerate(file["team_asked"][0]):
        key = tuple(np.nan_to_num(file[name][0][slot], nan=-1).item() for name in names)
        found.setdefault(key, {})[int(team)] = slot
    return found


def check_file(path, points):
    file = columns(path)
    check(len(file["method"][0]) == points and (file["status"][0] == 2).all(), path, "is not done")
    for slots in twins(file).values():
        check(sorted(slots) == [1, 2, 3, 4], "teams", slots)
        for team, slot in slots.items():
            check(file["team"][0][slot] == team, "team", file["team"][0][slot], "not", team)
            if team > 1:
                compare(file, slots[1], slot)
    return file


def check_parallel(file):
    """What the parallel columns of teams must add up to."""
    team, idle = file["team"][0], file["idle"][0]
    check((team + idle <= TEAMS).all() and (idle[team == 3] == 1).all(), "idle ranks", set(zip(team, idle)))
    check((file["first_rank"][0] + team <= TEAMS).all() and (file["nodes"][0] == 1).all(), "ranks")
    large = file["n"][0] == 320
    check((file["sent_bytes"][0][large & (team > 1)] > 0).all() and (file["sent_bytes"][0][team == 1] == 0).all(), "bytes")
    for name in ("load_balance", "comm_efficiency", "parallel_efficiency"):
        values = file[name][0][large]
        check(((values > 0) & (values <= 1 + 1e-12)).all(), name, values.min(), values.max())
    product = file["load_balance"][0] * file["comm_efficiency"][0]
    check(np.array_equal(product, file["parallel_efficiency"][0], equal_nan=True), "the product")
    wait_s = file["wait_s"][0]
    check((wait_s[team == 1] == 0).all(), "a rank alone waits for nobody", wait_s[team == 1].max())
    check(np.isfinite(wait_s).all() and (wait_s[team > 1] > 0).all(), "ranks of a team wait for the slowest", wait_s)
    check((wait_s < file["end_s"][0] - file["start_s"][0]).all(), "and no longer than the point takes")
    check((file["end_s"][0] >= file["start_s"][0]).all() and (file["comm_s"][0] >= 0).all(), "times")


def check_plan(file):
    """The plan knows what a team sends, to the byte."""
    for method in ("exact", "polysketch"):
        where = f"method == {method} and mask == causal and precision == fp64 and shape == 0 and beta == 2 and team == 3"
        done = subprocess.run([PROGRAM, "plan", "study.yaml", "--json", "--ranks", str(TEAMS), "--where", where],
                              capture_output=True, text=True)
        told = json.loads(done.stdout)
        sent = file["sent_bytes"][0][told["critical"]["slot"]]
        check(told["points"] == 1 and told["critical"]["team"] == 3 and told["critical_messages"] > 0, where, told)
        check(told["critical_sent_bytes"] == sent, where, "planned", told["critical_sent_bytes"], "sent", sent)


def check_rows():
    """Rows that a team writes, each rank its own, are those that one rank writes: bits of row folds, sketches nearly."""
    some = ["--set", "grid.shape=0", "--set", "output.keep=[rows]", "--quiet"]
    run("run", "study.yaml", "-o", "rows1.h5", "--set", "grid.team=1", *some, ranks=1)
    run("run", "study.yaml", "-o", "rows3.h5", "--oversubscribe", "--set", "grid.team=3", *some)
    with h5py.File("rows1.h5") as one, h5py.File("rows3.h5") as three:
        check((three["team"][()] == 3).all(), "teams", three["team"][()])
        for name, first in (("output", "first_value"), ("special_mass", "first_row"), ("log2_den", "first_row")):
            starts = [*one["rows"][first][()], len(one["rows"][name])]
            for slot, method in enumerate(one["method"][()]):
                a, b = (file["rows"][name][starts[slot]:starts[slot + 1]] for file in (one, three))
                tolerance = one["rows"][name].attrs["reproducibility_other"][one["precision"][slot]]
                same = a.tobytes() == b.tobytes() if method in ROW_FOLDS else np.abs(a - b).max() <= tolerance * np.abs(a).max()
                check(len(a) > 0 and np.isfinite(a).all() and same, name, "of slot", slot, "method", method)


def main():
    with open("study.yaml", "w") as out:
        out.write(STUDY)
    run("run", "study.yaml", "-o", "all.h5", "--oversubscribe", "--quiet")
    with h5py.File("all.h5") as file:
        points = len(file["method"])
    file = check_file("all.h5", points)
    check_promises(file)
    check_parallel(file)
    check_plan(file)
    some = ["--set", "grid.precision=fp64", "--set", "grid.shape=0"]
    for choice in ("layout=contiguous", "layout=striped", "layout=zigzag", "route=all_gather", "route=pass_q", "route=stream",
                   "route=grid", "scan=chain", "scan=exscan", "scan=all_gather"):
        path = choice.replace("=", "-") + ".h5"
        run("run", "study.yaml", "-o", path, "--oversubscribe", "--quiet", "--set", "run." + choice, *some)
        check_file(path, points // 4)
    check_rows()
    run("run", "study.yaml", "-o", "none.h5", "--set", "run.route=rings", code=2)
    check(not os.path.exists("none.h5"), "a refusal left a file")
    print(f"{checks} checks, {failed} failed")
    return 1 if failed or not checks else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.exit(main())
