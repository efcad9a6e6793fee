"""Trials that end by a rule, in a run: the same bits on 1, 2 and 3 ranks, those of as many trials that are given, what the
file says of them, and what is refused."""
import json, os, subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy

import bits
import commands
from commands import PROGRAM, check, run

STUDY = """schema: 1
study: stops
seed: 5
data: {{kind: self_attention, preset: W2, noise: {noise}}}
methods: {methods}
grid: {{n: 144, d: 18, block: 16, mask: [full, causal], precision: [fp64, fp32], beta: {beta}}}
judge: {{m: 24, level: 0.2, trials: {trials}}}
"""
RULE = "{most: 230, until: decided, error: 0.05}"
MODES = ("fixed", "decided", "width", "most")


def columns(file, *names):
    with h5py.File(file) as f:
        return {name: f[name][()] for name in names}


def study(place, name, noise=0, methods="[exact, softmax]", beta="[2, 4, 8, 40]", trials=RULE, more=""):
    path = Path(place, name + ".yaml")
    path.write_text(STUDY.format(noise=noise, methods=methods, beta=beta, trials=trials) + more)
    return path


def differences(first, second, without=("team_asked", "attempt", "commit")):
    a, b = bits.columns(first), bits.columns(second)
    return [line for line in bits.differences(a, b, False) if line.split()[0] not in without]


def test_teams(place, noise):
    """Decisions are the team's, so all ranks take as many blocks or draws, and the bits are those of one rank."""
    trials = RULE if noise == 0 else RULE.replace("230", "790")  # of which 40 draws with 20 each
    path, files = study(place, f"teams{noise}", noise, trials=trials), []
    for ranks in (1, 2, 3):
        files.append(Path(place, f"teams{noise}_{ranks}.h5"))
        run("run", path, "-o", files[-1], "--set", f"run.team={ranks}", "--oversubscribe", ranks=ranks)
        check(not differences(files[0], files[-1]), ranks, "ranks:", differences(files[0], files[-1]))
    c = columns(files[0], "trials_done", "trials_stop", "trials_error", "success_rate", "success_lo", "success_hi", "team")
    stops = {MODES[code] for code in c["trials_stop"]}
    check(stops == {"decided", "most"}, "all sorts of ends", stops)
    check(all(done % 20 == 0 or (done == 230 and noise == 0) for done in c["trials_done"]), "whole looks", c["trials_done"])
    check(numpy.allclose(c["trials_error"], 0.05 / len(c["trials_error"]), rtol=1e-15), "shares of the error", c["trials_error"])
    check(all((c["success_lo"] <= c["success_rate"]) & (c["success_rate"] <= c["success_hi"])), "rates are in their intervals")
    return files[0], path


def test_fixed(place, file):
    """Every number of trials that some point stopped at, given: the same columns, but for what says how they ended."""
    own = ("team_asked", "trials", "trials_stop", "trials_error", "success_lo", "success_hi", "commit")
    stopped = bits.columns(file)
    done = stopped["trials_done"][0]
    for trials in sorted(set(done)):
        fixed = Path(place, f"fixed{trials}.h5")
        run("run", study(place, f"fixed{trials}", trials=trials), "-o", fixed)
        here, there = bits.columns(fixed), done == trials
        for name, (values, word) in stopped.items():
            if bits.is_bitwise(word) and name not in own and len(values) == len(done):
                check(values[there].tobytes() == here[name][0][there].tobytes(), name, "of", trials, "trials")


def test_file(file, path):
    with h5py.File(file) as f:
        for name in ("success_lo", "success_hi"):
            check("at any stop" in f[name].attrs["interval"].decode(), name, "says what it is of")
    check("the same" in run("verify", file), "verified")
    with open(path) as f:
        text = f.read()
    for change, words in (("error: 0.05", "judge.trials.error: 0.04 here, 0.05 in the file"), ("level: 0.2", "level of trials: 0.7 here, 0.2 in the file")):
        other = path.with_name("other.yaml")
        other.write_text(text.replace(change, change.split(":")[0] + (": 0.04" if "error" in change else ": 0.7")))
        done = subprocess.run([PROGRAM, "run", other, "-o", file], capture_output=True, text=True)
        check(done.returncode == 2 and words in done.stderr, "a resume that decides otherwise", done.stderr)


def test_extend(path, file):
    more = path.with_name("more.yaml")
    more.write_text(path.read_text().replace("beta: [2,", "beta: [2, 3,"))
    before = columns(file, "beta", "trials_done", "successes", "trials_error")
    done = subprocess.run([PROGRAM, "run", more, "-o", file, "--extend"], capture_output=True, text=True)
    check(done.returncode == 2 and f"give judge.trials.among: {len(before['beta'])}:" in done.stderr, "what to give", done.stderr)
    run("run", more, "-o", file, "--extend", "--set", f"judge.trials.among={len(before['beta'])}")
    after = columns(file, "beta", "trials_done", "successes", "trials_error")
    check(set(after["trials_error"]) == set(before["trials_error"]), "every point has the share that it had")
    old = after["beta"] != 3
    check(all(numpy.array_equal(after[name][old], before[name], equal_nan=True) for name in before), "and what it had")


def test_draws(place):
    """Draws of rows and of tables are as many, a twentieth of the trials, or what is given; never fewer than 16."""
    sketches = "[exact, polysketch: {r: 4}, favor: {r: 8}]"
    for noise, most, given, rows, tables in ((0, 1000, "", 0, 50), (0.1, 1000, "", 50, 50), (0.1, 100, "", 16, 16),
                                             (0.1, 100, "data_draws: 40, ", 40, 40)):
        path, file = study(place, "draws", noise, sketches, "[4]", f"{{most: {most}, until: decided, among: 1}}"), Path(place, "draws.h5")
        path.write_text(path.read_text().replace("preset: W2,", "preset: W2, " + given))
        file.unlink(missing_ok=True)
        run("run", path, "-o", file)
        c = columns(file, "data_draws", "draws", "r", "trials_done", "den_rows", "err_rows", "success_samples")
        sketch = c["r"] > 0
        check(set(c["data_draws"]) == {rows} and set(c["draws"][sketch]) == {tables}, noise, most, c)
        drawn = sketch | (noise > 0)
        each = -(-most // max(rows, tables))
        check(all(c["den_rows"][drawn] == c["trials_done"][drawn] // each * 2 * 144), "rows of the draws there were", c)
        check("the same" in run("verify", file), "verified")


ERRORS = ("err_attn", "err_attn_mean", "err_attn_q90", "err_out", "err_out_row_q90", "err_bias", "neg_frac", "min_den_ratio", "err_out_good",
          "theory_err_amm", "entropy", "err_out_ref", "err_out_ref_mean", "err_out_ref_q90", "cos_ref", "skill_ref", "tv_ref", "neg_scores",
          "entropy_ref", "special_mass_d1", "gap", "bad_rows")


def test_errors(place, noise):
    """Errors of a sketch, and against a reference, are over the draws up to the stop: those of as many draws that are given."""
    def one(name, draws, trials):
        path, file = study(place, name, noise, "[polysketch: {r: 4%s}]" % draws, "4", trials), Path(place, name + ".h5")
        path.write_text(path.read_text().replace("preset: W2,", "preset: W2, reference: softmax,"))
        file.unlink(missing_ok=True)
        return path, file

    path, file = one("errors", "", "{most: 1000, until: {width: 0.8}, error: 0.05}")
    run("run", path, "-o", file)
    stopped = columns(file, "trials_done", *ERRORS)
    draws = stopped["trials_done"] // 20
    check(all(draws < 50) and all(draws > 1), "some draws", draws)
    for k in sorted(set(draws)):
        path, file = one("given", f", draws: {k}", "20")
        run("run", path, "-o", file, *(("--set", f"data.data_draws={k}") if noise else ()))
        given, there = columns(file, *ERRORS), draws == k
        for name in ERRORS:
            check(numpy.array_equal(stopped[name][there], given[name][there], equal_nan=True), name, "of", k, "draws", noise)


def test_without_verdict(place):
    file = Path(place, "plain.h5")
    path = study(place, "plain", methods="[exact, tree: {r: 8}]", beta="[4]")
    path.write_text(path.read_text().replace("kind: self_attention, preset: W2, noise: 0", "kind: gaussian"))
    run("run", path, "-o", file)
    c = columns(file, "trials_done", "trials_stop", "trials_error", "draws", "r")
    check(not c["trials_done"].any() and not c["trials_stop"].any() and numpy.isnan(c["trials_error"]).all(), "nothing to end", c)
    check(set(c["draws"][c["r"] > 0]) == {20}, "draws as ever", c["draws"])


def test_fault(place, path, reference):
    """A block that fails on one rank fails the points on all; tried one by one, or again, they have the same bits."""
    team = ("--set", "run.team=2", "--oversubscribe")
    group, one = Path(place, "group.h5"), Path(place, "one.h5")
    run("run", path, "-o", group, *team, ranks=2, POLYSWEEP_FAULT="compute.block:1:3")
    left = differences(reference, group)
    check(not left, "one by one", left)
    alone, whole = study(place, "alone", methods="[softmax]"), Path(place, "whole.h5")
    run("run", alone, "-o", whole)
    run("run", alone, "-o", one, *team, ranks=2, code=1, POLYSWEEP_FAULT="compute.block:1:3")
    check((columns(one, "status")["status"] == 3).sum() == 1, "one failed")
    run("run", alone, "-o", one, *team, "--redo", "failed", ranks=2)
    left = differences(whole, one)
    check(not left, "tried again", left)


def test_plan(place):
    """Predicted are the trials that decide a rate of 0 or 1, not as many as there may be."""
    def seconds(trials):
        return json.loads(run("plan", study(place, "plan", trials=trials), "--json"))["busy_s"]
    few, rule, most = seconds("60"), seconds("{most: 200000, until: decided, error: 0.05}"), seconds("200000")
    check(few / 2 < rule < most / 50, "seconds", few, rule, most)


def test_limit(place):
    """A point whose rate is the level takes some thousand times the trials that were expected: not what run.point_limit ends."""
    path, file = study(place, "limit", methods="[exact]", beta="4", trials="20"), Path(place, "limit.h5")
    one = ("--set", "grid.mask=full", "--set", "grid.precision=fp64")
    run("run", path, "-o", file, *one)
    level = columns(file, "theory_success")["theory_success"][0]
    path, file = study(place, "limit", methods="[exact]", beta="4", trials="{most: 100000, until: decided}"), Path(place, "most.h5")
    run("run", path, "-o", file, *one, "--set", f"judge.level={float(level)!r}", POLYSWEEP_LEAST_LIMIT_S="0")
    c = columns(file, "status", "trials_done", "trials_stop")
    check(c["status"][0] == 2 and c["trials_done"][0] == 100000 and MODES[c["trials_stop"][0]] == "most", "as many as there may be", c)


def test_shortage(place):
    """Said before it is computed: 20 draws cannot decide that a rate of 1 is above 0.9; as many as it says can."""
    path = study(place, "short", 0.1, "[exact]", "40", "{most: 400, until: decided}")
    told = run("plan", path, "--set", "judge.level=0.9")
    check("note        4 of 4 points can never be decided to be above the level 0.9: 20 draws are too few" in told, told)
    wanted = int(told.split("data.data_draws: ")[1].split(",")[0])
    enough = ("--set", "judge.level=0.9", "--set", f"data.data_draws={wanted}")
    check("note" not in run("plan", path, *enough), "enough")
    check(json.loads(run("plan", path, "--set", "judge.level=0.9", "--json"))["never_decided"] == 4, "as JSON")
    for more, said in ((enough[:2], True), (enough, False)):
        done = subprocess.run([PROGRAM, "run", path, "-o", Path(place, f"short{said}.h5"), "--where", "n > 0 and precision == fp32",
                               *more], capture_output=True, text=True)
        check(done.returncode == 0 and ("can never be decided" in done.stderr) == said, done.stderr)


def main():
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        file, path = test_teams(place, 0)
        noisy, _ = test_teams(place, 0.1)
        test_fixed(place, file)
        test_fault(place, path, file)
        test_file(file, path)
        test_file(noisy, path.with_name("teams0.1.yaml"))
        test_extend(path, file)
        test_draws(place)
        test_errors(place, 0)
        test_errors(place, 0.1)
        test_without_verdict(place)
        test_plan(place)
        test_shortage(place)
        test_limit(place)
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    sys.exit(main())
