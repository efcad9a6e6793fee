"""Files of one study joined: the bits of one uncut run, whatever wrote the parts; what does not agree is found."""
import fcntl, os, shutil, subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy
import polysweep
import xarray

import commands
from commands import check, commit_word, content_sum, launch_checksum, parse, run

STUDY = """schema: 1
study: parts
seed: 11
data: {kind: self_attention, preset: W2, noise: 0.05}
methods: [exact, softmax, closed_form]
grid: {precision: [fp64, fp32], n: [64, 144], classes: [8, 16], beta: [2, 4, 8, 16]}
derive: {d: classes + 2}
exclude: [{when: "n == 144 and classes == 8 and beta == 16", why: "a hole"}]
judge: {m: 8, trials: 10}
predict: {mine: "log(n)"}
output: {keep: [rows]}
"""
DONE, FAILED = 2, 3


def contents(path):
    """Every dataset of the table and of /rows."""
    with h5py.File(path) as file:
        found = {name: item[()] for name, item in file.items() if isinstance(item, h5py.Dataset)}
        promised = {name for name in found if b"bitwise" in numpy.bytes_(file[name].attrs["reproducibility"])}
        rows = {f"rows/{name}": item[()] for name, item in file.get("rows", {}).items()}
    return {**found, **rows}, promised | set(rows)


def same_bits(first, second, what):
    (a, promised), (b, _) = contents(first), contents(second)
    check(a.keys() == b.keys() and len(promised) > 80, what, "other columns", a.keys() ^ b.keys())
    for name in promised:
        check(a[name].tobytes() == b[name].tobytes(), what, name, "differs")


def taken_whole(path, slots, source, what):
    """These slots are the source's, with times and commit words; only the launch is another number."""
    (a, _), (b, _) = contents(path), contents(source)
    for name in a:
        if name != "launch" and not name.startswith("rows/"):
            check(a[name][slots].tobytes() == b[name][slots].tobytes(), what, name, "is not the source's")


def change(path, slot, name, factor=None, seal=True):
    """Another value in a file, by one unit in the last place; its commit word fits again if `seal`."""
    with h5py.File(path, "r+") as file:
        value = file[name][slot]
        file[name][slot] = numpy.nextafter(value, numpy.inf) if factor is None else value * factor
        if seal:
            file["commit"][slot] = commit_word(file, slot)


def copy(place, source, name):
    shutil.copy(source, place / name)
    return place / name


def nothing_left(out):
    check(not out.exists() and not list(out.parent.glob(out.name + ".new*")), "something was left of", out)


def test_joined(place, parts, whole):
    out = place / "out.h5"
    told = parse(run("merge", out, *parts, "--json"))
    slots = told["slots"]
    check(told["done"] == slots and told["missing"] == 0 and told["differing"] == 0, told)
    check(told["launches"] == 4 and [i["torn"] for i in told["inputs"]] == [0, 0, 0], told)
    check(sum(i["taken"] for i in told["inputs"]) == slots and told["compared"] > 0, told)
    same_bits(whole, out, "joined")
    first = numpy.flatnonzero(done(parts[0]))
    second = numpy.flatnonzero(done(parts[1]) & ~done(parts[0]))
    check(len(first) > 0 and len(second) > 0, "both parts are used")
    taken_whole(out, first, parts[0], "the first named")
    taken_whole(out, second, parts[1], "the second")
    check(parse(run("verify", out, "--json"))["differing"] == 0, "verify")
    run("run", place / "study.yaml", "-o", out, "--quiet")  # nothing is left to do
    taken_whole(out, first, parts[0], "after another run")
    test_readers(out, slots)


def test_readers(out, slots):
    ds = polysweep.open(out)
    check(bool(ds.done.all()) and ds.sizes["point"] == slots, "polysweep.open")
    check(polysweep.rows(out, 0)["output"].notnull().all(), "rows")
    for engine in ("h5netcdf", "netcdf4"):
        with xarray.open_dataset(out, engine=engine) as plain:
            check(plain.sizes["point"] == slots and "part-a.h5" in plain.attrs["history"], engine, plain.attrs)
    launches = polysweep.read.provenance(out)["launches"]
    check(set(launches.index) >= set(ds.launch.values.tolist()), "every slot's launch is in the table")
    check(launches["started"].is_monotonic_increasing, launches["started"])
    with h5py.File(out) as file:
        check(file["provenance/study"][()].decode().rstrip("\0") == STUDY, "the study as it was written")


def test_disagreement(place, parts):
    out, changed = place / "bad.h5", copy(place, parts[1], "changed.h5")
    both = shared(parts[0], changed)
    slot = int(both[3])
    change(changed, slot, "special_mass_d1")
    told = parse(run("merge", out, parts[0], changed, "--json", code=4))
    check(told["differing"] == 1 and told["differences"][0]["slot"] == slot, told)
    check(told["differences"][0]["column"] == "special_mass_d1" and told["compared"] == len(shared(parts[0], changed, every=True)), told)
    words = run("merge", out, parts[0], changed, code=4)
    check(f"slot {slot} " in words and "special_mass_d1" in words and "changed.h5" in words, words)
    nothing_left(out)
    changed = copy(place, parts[1], "rows-changed.h5")
    with h5py.File(changed, "r+") as file:
        at = file["rows/first_value"][slot] + 5
        file["rows/output"][at] = numpy.nextafter(file["rows/output"][at], 2)
    told = parse(run("merge", out, parts[0], changed, "--json"))
    check(told["inputs"][1]["torn"] == 1 and told["differing"] == 0, "rows that are not those put are left out", told)
    os.unlink(out)
    with h5py.File(changed, "r+") as file:
        file["content_checksum"][slot] = content_sum(file, slot)
        file["commit"][slot] = commit_word(file, slot)
    told = parse(run("merge", out, parts[0], changed, "--json", code=4))
    check([(d["slot"], d["column"]) for d in told["differences"]] == [(slot, "output")], told)
    nothing_left(out)
    changed = copy(place, parts[1], "time-changed.h5")
    change(changed, slot, "head_s", factor=7)
    run("merge", out, parts[0], changed)
    os.unlink(out)


def test_tolerance(place, parts):
    """Between kernels a column keeps what it states, not its bits."""
    out, other = place / "tolerant.h5", copy(place, parts[1], "other-kernel.h5")
    slot = int(shared(parts[0], other)[0])
    with h5py.File(other, "r+") as file:
        for row in numpy.flatnonzero(file["provenance/launches/number"][...] >= 0):
            file["provenance/launches/blas_kernel"][row] = b"another"
        for row in range(file["commit"].shape[0]):
            if file["commit"][row]:
                file["launch_checksum"][row] = launch_checksum(file, file["launch"][row])
                file["commit"][row] = commit_word(file, row)
    change(other, slot, "special_mass_d1")
    run("merge", out, parts[0], other)
    os.unlink(out)
    change(other, slot, "special_mass_d1", factor=1 + 1e-9)  # 1e-12 is stated
    told = parse(run("merge", out, parts[0], other, "--json", code=4))
    check(told["differences"][0]["column"] == "special_mass_d1", told)


def done(path):
    return contents(path)[0]["status"] == DONE


def shared(first, second, every=False):
    """Slots that both have done, of exact attention in double precision, or all."""
    a, _ = contents(first)
    both = done(first) & done(second)
    return numpy.flatnonzero(both if every else both & (a["method"] == 0) & (a["precision"] == 0))


def test_torn(place, parts, whole):
    out, torn = place / "torn-out.h5", copy(place, parts[0], "torn.h5")
    both = shared(torn, parts[1])
    alone = numpy.flatnonzero(done(torn) & ~done(parts[1]) & ~done(parts[2]))
    change(torn, int(both[0]), "special_mass_d1", seal=False)
    change(torn, int(alone[0]), "gap", seal=False)
    told = parse(run("merge", out, torn, *parts[1:], "--json"))
    check(told["inputs"][0]["torn"] == 2 and told["missing"] == 1, told)
    check("2 torn" in run("merge", place / "torn-words.h5", torn, parts[1]), "torn slots are told")
    run("run", place / "study.yaml", "-o", out, "--quiet")
    same_bits(whole, out, "mended")


def test_failed(place, study, whole):
    """A message of failure comes along; what another file has done is preferred to it."""
    failing, out = place / "failing.h5", place / "failed-out.h5"
    run("run", study, "-o", failing, "--quiet", "--where", "method == softmax", code=1,
        POLYSWEEP_FAULT="compute.point:0:1")  # of a group of one: larger ones are tried again, point by point
    run("run", study, "-o", failing, "--quiet", code=1)
    with h5py.File(failing) as file:
        slots = numpy.flatnonzero(file["status"][...] == FAILED)
    check(len(slots) > 0, "something failed")
    told = parse(run("merge", out, failing, "--json"))
    check(told["ended_otherwise"] == len(slots) and told["missing"] == 0, told)
    before, after = polysweep.read.failures(failing), polysweep.read.failures(out)
    check(len(before) > 0 and before.equals(after), before, after)
    taken_whole(out, slice(None), failing, "a failed slot")
    told = parse(run("merge", place / "no-failure.h5", failing, whole, "--json"))
    check(told["ended_otherwise"] == 0 and told["done"] == told["slots"], told)
    check(len(polysweep.read.failures(place / "no-failure.h5")) == 0, "a failure that is over")
    same_bits(whole, place / "no-failure.h5", "done over failed")


def said(*arguments, code):
    done = subprocess.run([commands.PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    check(done.returncode == code, arguments, "ended with", done.returncode, done.stderr)
    return done.stderr


def test_refused(place, study, parts):
    out = place / "refused.h5"
    for name, change_it, word in (("other", "judge.trials=11", "judge.trials: 10 here, 11 in the file"),
                                  ("grown", "grid.beta=[2,4,8,16,32]", "--extend"),
                                  ("seed", "seed=12", "seed: 11 here, 12 in the file"),
                                  ("layout", "predict.mine=log(n)+1", "predict.mine")):
        run("run", study, "-o", place / f"{name}.h5", "--quiet", "--set", change_it, "--time-limit", "0s", code=75)
        words = said("merge", out, parts[0], place / f"{name}.h5", code=2)
        check(word in words and f"{name}.h5" in words, words)
        nothing_left(out)
    with open(f"{parts[1]}.lock", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check("still writing" in said("merge", out, *parts, code=3), "a file that is being written")
    nothing_left(out)
    check("exists" in said("merge", parts[0], *parts[1:], code=3), "a file that exists")
    check("merge OUT.h5 IN.h5" in said("merge", out, code=2), "no input")
    check("study.yaml" in said("merge", out, parts[0], study, code=3), "no result file")
    check("cannot be read" in said("merge", out, place / "absent.h5", code=3), "no such file")
    nothing_left(out)


def test_teams(place, study):
    """A team that is asked for is no part of the study: resumed or joined with another one, everything holds."""
    cut, other, out = place / "cut.h5", place / "other-team.h5", place / "teams-out.h5"
    run("run", study, "-o", cut, "--quiet", "--where", "n == 64")
    run("run", study, "-o", cut, "--quiet", "--where", "beta <= 4", "--set", "run.team=2", ranks=2)
    asked = contents(cut)[0]["team_asked"]
    check(set(asked[done(cut)].tolist()) == {0, 2}, asked)
    run("run", study, "-o", other, "--quiet", "--set", "run.team=1")
    check(parse(run("verify", cut, "--json"))["torn"] == 0, "resumed with another team")
    told = parse(run("merge", out, cut, other, "--json"))
    check([i["torn"] for i in told["inputs"]] == [0, 0] and told["done"] == told["slots"] and told["compared"] > 0, told)
    run("verify", out)
    check(set(contents(out)[0]["team_asked"].tolist()) == {0}, "the study's own")


def test_fault(place, parts):
    for site in ("store.create", "store.copy"):
        run("merge", place / "fault.h5", *parts, code=3, POLYSWEEP_FAULT=site)
        nothing_left(place / "fault.h5")


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        study, whole = place / "study.yaml", place / "whole.h5"
        study.write_text(STUDY)
        run("run", study, "-o", whole, "--quiet", ranks=2)
        parts = [place / f"part-{letter}.h5" for letter in "abc"]
        run("run", study, "-o", parts[0], "--quiet", "--where", "n == 64", ranks=1)
        run("run", study, "-o", parts[1], "--quiet", "--where", "n == 144 and precision == fp64", "--oversubscribe",
            ranks=3)
        run("run", study, "-o", parts[1], "--quiet", "--where", "beta <= 4", ranks=2)  # overlaps the first
        run("run", study, "-o", parts[2], "--quiet", "--where", "n == 144 and beta > 4 or method != exact", ranks=2)
        test_joined(place, parts, whole)
        test_disagreement(place, parts)
        test_tolerance(place, parts)
        test_torn(place, parts, whole)
        test_failed(place, study, whole)
        test_refused(place, study, parts)
        test_teams(place, study)
        test_fault(place, parts)
    print(commands.checks, "checks,", commands.failed, "failed", file=sys.stderr)
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
