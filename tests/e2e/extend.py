"""A study that grows over its file: results keep their bits, the rest is computed, and whenever it is cut off, the file
is the old one or the new one."""
import glob, hashlib, os, signal, subprocess, sys, tempfile, time
from pathlib import Path

import h5py
import numpy
import polysweep

import commands
from commands import check, parse, run
from merge import DONE, FAILED, contents, done, same_bits, said

STUDY = """schema: 1
study: growing
seed: 11
data: {kind: self_attention, preset: W2, noise: 0.05}
methods: [exact, softmax]
grid: {n: [64, 144], classes: [8, 16], level: [1, 2], negative: signed, beta: [2, 8]}
derive: {d: classes + 2, kappa: 0.1 * level}
judge: {m: 8, trials: 10}
predict: {mine: "log(n)", other: "d / 2"}
output: {keep: [rows]}
"""
GROWN = """schema: 1
study: growing
seed: 11
data: {kind: self_attention, preset: W2, noise: 0.05}
methods: [polysketch: {r: 4, draws: 2}, exact, softmax, linear]
grid: {level: [2, 1, 3], beta: [2, 4, 8], n: [144, 64], classes: [8, 16], negative: signed}
derive: {d: classes + 2, kappa: 0.1 * level}
judge: {m: 8, trials: 10}
predict: {other: "d / 3", mine: "log(n)", new: "n + level"}
output: {keep: [rows]}
"""
PARAMETERS = ("method", "n", "d", "beta", "kappa")


def unfinished(file):
    """Is a new file there that has not come to its name?"""
    return bool(glob.glob(f"{glob.escape(str(file))}.new.*"))


def digest(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def keys(found):
    return [tuple("nan" if value != value else value for value in row)
            for row in zip(*(found[name].tolist() for name in PARAMETERS))]


def kept_slots(before, after):
    """Pairs of slots of the same point; every point of the old file has one."""
    places = {key: slot for slot, key in enumerate(keys(after))}
    check(len(places) == len(after["n"]), "points of the new file are distinct")
    return [(slot, places[key]) for slot, key in enumerate(keys(before))]


def test_kept(before, after, same_predictions):
    """Old slots keep every bit: times, attempts, launches; the commit word where nothing is new in it."""
    pairs = numpy.array(kept_slots(before, after))
    changed = {"point"} if same_predictions else {"point", "commit", "predict_other", "predict_new"}
    for name in before.keys() - changed:
        if not name.startswith("rows/"):
            check(before[name][pairs[:, 0]].tobytes() == after[name][pairs[:, 1]].tobytes(), name, "lost its bits")
    check((before["commit"][pairs[:, 0]] == after["commit"][pairs[:, 1]]).all() == same_predictions, "commit words")


def test_grown(place, small, file):
    grown, fresh, old = place / "grown.yaml", place / "fresh.h5", contents(file)[0]
    grown.write_text(GROWN)
    before = digest(file)
    words = said("run", grown, "-o", file, "--quiet", code=2)
    check(f"--extend to keep its {len(old['n'])} done points" in words, words)
    check(digest(file) == before, "a refusal leaves the file alone")
    words = said("run", grown, "-o", file, "--extend", "--time-limit", "0s", code=75)  # extends, computes nothing
    check(f"{len(old['n'])} done points kept" in words, words)
    new = contents(file)[0]
    check(done(file).sum() == len(old["n"]), "the others are empty")
    test_kept(old, new, False)
    check((new["predict_new"][done(file)] > 60).all() and (new["predict_other"][done(file)] < 7).all(), "new predictions")
    run("run", grown, "-o", file, "--quiet", ranks=2)
    run("run", grown, "-o", fresh, "--quiet", ranks=2)
    same_bits(fresh, file, "grown")
    told = parse(run("verify", file, "--json"))
    check(told["differing"] == 0 and told["torn"] == 0 and told["recomputed"] == len(contents(file)[0]["n"]), told)
    ds = polysweep.open(file)
    check(bool(ds.done.all()) and sorted(set(ds.launch.values.tolist())) == [0, 2], "launches go on", ds.launch.values)
    check("extended from a file of" in ds.attrs["history"], ds.attrs["history"])
    stored = digest(file)
    words = said("run", grown, "-o", file, "--extend", code=0)  # the same study: resumed, nothing made anew
    check("extended" not in words and set(contents(file)[0]) == set(new), words)
    return stored


def test_same_words(place, study):
    """Where predictions stay, so do the commit words; --set is a way to grow."""
    file = place / "words.h5"
    run("run", study, "-o", file, "--quiet", "--where", "n == 64")
    before = contents(file)[0]
    run("run", study, "-o", file, "--quiet", "--extend", "--set", "grid.beta=[2,4,8]", "--where", "beta == 4")
    after = contents(file)[0]
    begun = {name: values[before["status"] == DONE] for name, values in before.items() if not name.startswith("rows/")}
    test_kept(begun, after, True)
    check(set(after["beta"][(after["status"] == DONE) & (after["method"] == 0)].tolist()) == {2, 4, 8}, "grew by a degree")


def test_refused(place, study):
    file = place / "refused.h5"
    run("run", study, "-o", file, "--quiet", "--where", "n == 64 and method == exact")
    before = digest(file)
    for change, pattern in (("grid.n=[144,288]", "8 of its 8 done points are not in this study"),
                            ("grid.level=[1,3]", "4 of its 8 done points"),
                            ("seed=12", "seed: 12 here, 11 in the file"),
                            ("judge.trials=20", "judge.trials: 20 here, 10 in the file"),
                            ("output.keep=[]", "output.keep: nothing here, rows in the file"),
                            ("time={reps: 6}", "time: on here, off in the file")):
        words = said("run", study, "-o", file, "--extend", "--set", change, code=2)
        check(pattern in words, change, words)
        words = said("run", study, "-o", file, "--set", change, code=2)
        check("--extend" not in words, "no promise that is not kept", words)
        check(digest(file) == before and not unfinished(file), change, "touched the file")
    # points that nothing was done of may go
    run("run", study, "-o", file, "--quiet", "--extend", "--set", "grid.n=[64]", "--set", "methods=[exact]")
    check(done(file).all() and len(done(file)) == 8, "smaller")


def test_failed(place, study):
    file = place / "failed.h5"
    run("run", study, "-o", file, "--quiet", "--where", "method == softmax", code=1, POLYSWEEP_FAULT="compute.point:0:1")
    before, message = contents(file)[0], polysweep.read.failures(file)
    run("run", study, "-o", file, "--quiet", "--extend", "--set", "methods=[linear,exact,softmax]", "--time-limit", "0s",
        code=75)
    after, carried = contents(file)[0], polysweep.read.failures(file)
    slots = dict(kept_slots(before, after))
    check((after["status"] == FAILED).sum() == len(message) == 1, message)
    check([slots[slot] for slot in message["slot"]] == carried["slot"].tolist(), carried)
    check(carried["message"].tolist() == message["message"].tolist(), carried)


def test_parts(place, study):
    """Two files of smaller studies: each is extended to the larger one, then they are joined."""
    parts, larger = (place / "left.h5", place / "right.h5"), ("--set", "grid.n=[64,144]")
    for file, n in zip(parts, (64, 144)):
        run("run", study, "-o", file, "--quiet", "--set", f"grid.n={n}")
    check("--extend" in said("merge", place / "both.h5", *parts, code=2), "the way is told")
    for file in parts:
        run("run", study, "-o", file, "--quiet", "--extend", *larger, "--time-limit", "0s", code=75)
    run("merge", place / "both.h5", *parts)
    run("run", study, "-o", place / "uncut.h5", "--quiet", *larger)
    same_bits(place / "uncut.h5", place / "both.h5", "parts of a larger study")


def test_faults(place, study):
    """Whatever fails on the way, on whichever rank that looks, the old file is what it was."""
    file = place / "fault.h5"
    run("run", study, "-o", file, "--quiet", "--where", "n == 64")
    before = digest(file)
    for site in ("store.create", "store.copy", "store.replace"):
        run("run", study, "-o", file, "--quiet", "--extend", "--set", "grid.beta=[2,4,8]", ranks=2, code=3, POLYSWEEP_FAULT=f"{site}:0:1")
        check(digest(file) == before and not unfinished(file), site)
    run("run", study, "-o", file, "--quiet", "--extend", "--set", "grid.beta=[2,4,8]", ranks=2)
    check(done(file).all(), "and then it works")


LARGE = """schema: 1
study: large
seed: 3
data: {{kind: self_attention, preset: W2}}
methods: [closed_form]
grid: {{n: {{from: 64, to: {last}, step: 8}}, d: 10, beta: [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]}}
judge: {{m: 8, trials: 10}}
"""


def stopped(command):
    check(subprocess.run(command).returncode == 75, command, "has no time to compute anything")


def test_kills(place):
    """kill -9 from the moment the new file is begun to after its end."""
    study, file = place / "large.yaml", place / "large.h5"
    study.write_text(LARGE.format(last=8056))  # 10 000 points
    run("run", study, "-o", file, "--quiet")
    small, last = done(file).sum(), 12056
    study.write_text(LARGE.format(last=last))
    command = [commands.PROGRAM, "run", study, "-o", file, "--quiet", "--extend", "--time-limit", "0s"]
    start = time.monotonic()
    stopped([*command[:4], place / "measured.h5", *command[5:]])
    (place / "measured.h5").unlink()
    lone = time.monotonic() - start
    states, parts = [], 0
    for trial in range(12):
        process = subprocess.Popen(command)
        while process.poll() is None and not unfinished(file):
            time.sleep(0.001)
        time.sleep(lone * 0.1 * trial)
        process.send_signal(signal.SIGKILL)
        process.wait()
        slots = len(done(file))
        check(slots in (10000, 15000) and done(file).sum() == small == 10000, "trial", trial, slots, "slots")
        states.append(slots)
        parts += unfinished(file)
        if slots == 15000:
            break
    check(parts > 0, "no kill came while the new file was made", states)
    stopped(command)
    check(len(done(file)) == 15000 and not unfinished(file), "it ends")
    ds = polysweep.open(file)
    check(int(ds.done.sum()) == 10000, "every old slot, by its commit word")


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        study, file = place / "study.yaml", place / "result.h5"
        study.write_text(STUDY)
        run("run", study, "-o", file, "--quiet", ranks=2)
        test_grown(place, study, file)
        test_same_words(place, study)
        test_refused(place, study)
        test_failed(place, study)
        test_parts(place, study)
        test_faults(place, study)
        test_kills(place)
    print(commands.checks, "checks,", commands.failed, "failed", file=sys.stderr)
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
