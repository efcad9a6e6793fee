"""A study in parts, each a launch with a file of its own: together they are the bits of one run, no point is computed twice,
and a part is never taken for another, or for the whole."""
import os, subprocess, sys, tempfile
from pathlib import Path

import h5py
import numpy
import polysweep

import commands
from commands import PROGRAM, check, parse, run
from merge import same_bits

STUDY = """schema: 1
study: dealt
seed: 5
data: {kind: self_attention, preset: W2, noise: 0.05}
methods: [exact, softmax, closed_form]
grid: {precision: [fp64, fp32], n: [64, 1024], d: [10, 18], beta: [2, 4, 8, 16]}
judge: {m: 8, trials: 10}
output: {keep: [rows]}
"""
LARGE = """schema: 1
study: large
data: {kind: self_attention, preset: W2}
methods: [closed_form]
grid: {n: 64, d: [10, 18], c: {from: 1, to: 3, count: 2500, spacing: linear}, beta: [2, 4, 8, 16]}
"""


def attribute(path):
    with h5py.File(path) as file:
        return file.attrs.get("part")


def room(path):
    return path.stat().st_blocks * 512


def said(code, *arguments):
    """On stderr."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True)
    check(done.returncode == code, arguments, "ended with", done.returncode, "not", code, done.stderr)
    return done.stderr


def statuses(path):
    with h5py.File(path) as file:
        return file["status"][()]


def test_each_point_once(place, parts):
    begun = sum((statuses(part) != 0).astype(int) for part in parts)
    check((begun == 1).all(), "every point is in one part", begun)
    for k, part in enumerate(parts, 1):
        check(attribute(part) in (f"{k}/3", f"{k}/3".encode()), "attribute of", part, attribute(part))
        mine = int((statuses(part) != 0).sum())
        told = parse(run("status", part, "--json"))
        check((told["part"], told["points"], told["done"], told["state"]) == (f"{k}/3", mine, mine, "done"), told)
        if k > 1:
            continue
        Path(f"{part}.status.json").unlink()
        check(f"part {k}/3: {mine} points\nstate       done" in run("status", part), "status from the file itself")
        plan = parse(run("plan", place / "study.yaml", "--part", f"{k}/3", "--ranks", 3, "--json"))
        check((plan["part"], plan["points"]) == (f"{k}/3", mine), "plan of part", k, plan["points"], mine)
        shown = run("run", place / "study.yaml", "--part", f"{k}/3", "--dry-run")
        check(f"{mine} points of {len(begun)}, part {k}/3" in shown, "--dry-run shows the part", shown)
        told = parse(run("verify", part, "--json"))
        check((told["differing"], told["done"], told["part"], told["torn"]) == (0, mine, f"{k}/3", 0), told)
        ds = polysweep.open(part)
        check(int(ds.done.sum()) == mine and bool(numpy.isnan(ds.success_rate[~ds.done]).all()), "Python reads", part)


def pack(part):
    """In its place; what it is a part of stays known."""
    before = statuses(part)
    run("pack", part, "-o", f"{part}.small")
    os.replace(f"{part}.small", part)
    check(packed(part) and (statuses(part) == before).all(), part, "packed")


def packed(path):
    with h5py.File(path) as file:
        return file.attrs.get("packed", 0) == 1


def test_joined(place, parts):
    """One of them is packed."""
    whole, out = place / "whole.h5", place / "out.h5"
    run("run", place / "study.yaml", "-o", whole, "--quiet", ranks=2)
    pack(parts[0])
    told = parse(run("merge", out, *parts, "--json"))
    check((told["missing"], told["compared"]) == (0, 0), told)
    same_bits(whole, out, "joined parts")
    check(attribute(out) is None, "a joint file is no part")
    run("run", place / "study.yaml", "-o", out, "--quiet")  # and nothing is left to do


def test_refused(place, part, whole):
    study = place / "study.yaml"
    before = part.read_bytes()
    refused = [(["--part", "1/4", "-o", place / "out.h5"], "is part 1/3 of the study, not part 1/4"),
               (["-o", part], "is part 1/3 of the study: --part 1/3"),
               (["-o", part, "--extend"], "is part 1/3 of the study"),
               (["--part", "1/3", "--extend", "-o", place / "out.h5"], "--extend is not for a part"),
               (["--part", "9/9", "-o", place / "whole.h5"], "is a file of all points of the study, not part 9/9")]
    refused += [(["--part", word], f'--part: "{word}" is not K/N') for word in ("0/3", "4/3", "1/0", "2", "x/3", "1/-3")]
    os.link(whole, place / "whole.9.h5")
    for options, words in refused:
        told = said(2, "run", study, *options)
        check(words in told, options, told)
    check(part.read_bytes() == before, "a refusal changes nothing")
    other = place / "dealt.1.h5"
    other.write_bytes(before)
    with h5py.File(other, "r+") as file:
        check(len(file.attrs["part_slots"]) == 16, "which slots it has", file.attrs["part_slots"])
        file.attrs.modify("part_slots", numpy.bytes_(b"0" * 16))
    check("as another version of the program dealt it" in said(2, "run", study, "-o", place / "dealt.h5", "--part", "1/3"), "another deal")
    for word in ("4/3", "one", numpy.float64(0.5)):
        with h5py.File(place / "odd.1.h5", "w") as odd, h5py.File(part) as file:
            for name in file:
                file.copy(name, odd)
            odd.attrs.update({**file.attrs, "part": word})
        check("attribute `part`" in said(3, "status", place / "odd.1.h5"), "an attribute that is no part", word)
    check("slurm-array-parts.sh" in said(2, "plan", study, "--part", "1/3", "--slurm"), "no script for a part")


def test_resumed(place):
    """Stopped before its first point, then with a point that fails, then whole."""
    command = ["run", place / "study.yaml", "-o", place / "again.h5", "--part", "2/3", "--quiet"]
    part = place / "again.2.h5"
    run(*command, "--time-limit", "0s", code=75)
    check((statuses(part) == 0).all() and not (place / "again.h5").exists(), "nothing is begun")
    run(*command, POLYSWEEP_FAULT="compute.point:0:2", code=1)
    told = parse(run("status", part, "--json"))
    check(told["failed"] == 1 and told["done"] == told["points"] - 1, told)
    pack(part)
    check("is part 2/3 of the study: --part 2/3" in said(2, "run", place / "study.yaml", "-o", part), "a packed part")
    check(packed(part), "a refusal leaves it packed")
    run(*command, "--redo", "failed")
    told = parse(run("status", part, "--json"))
    check((told["part"], told["done"], packed(part)) == ("2/3", told["points"], False), "unpacked, a part, and done", told)
    nothing = said(0, "run", place / "study.yaml", "-o", place / "few.h5", "--part", "900/900")
    check("0 of 0 points of part 900/900 done" in nothing, "a part without points", nothing)


def empty_bytes(path):
    """Of columns that are stored and hold nothing yet, which a run fills."""
    with h5py.File(path) as file:
        columns = [c for c in file.values() if isinstance(c, h5py.Dataset) and c.shape == file["point"].shape]
        stored = [c for c in columns if c.id.get_storage_size() > 0]
        values = [(c.nbytes, c[...], c.fillvalue) for c in stored]
        return sum(size for size, x, fill in values if ((x == fill) | (x != x)).all())


def test_holes(place):
    """What is not a part's takes no room but for its coordinates, if the file system has holes."""
    with open(place / "probe", "wb") as probe:
        probe.truncate(1 << 20)
    if room(place / "probe") > 1 << 16:
        return
    (place / "large.yaml").write_text(LARGE)
    run("run", place / "large.yaml", "-o", place / "large.h5", "--quiet", "--time-limit", "0s", code=75)
    run("run", place / "large.yaml", "-o", place / "large.h5", "--part", "2/5", "--quiet")
    part, whole = place / "large.2.h5", place / "large.h5"
    check(abs(part.stat().st_size - whole.stat().st_size) < 4096, "a part is at full size")
    saved, others = room(whole) - room(part), 0.8 * empty_bytes(whole)
    # a column has up to a page more at each end of a stretch, a tenth here
    check(saved > 0.8 * others > 1 << 20, "a fifth saves", saved, "of", others, "of the other parts")
    shown = run("show", part, "--where", "status == empty", "--columns", "status,theory_special_mass_d1", "--csv")
    check(set(shown.split()[1:]) <= {"empty,", "empty,nan"}, "holes are shown as numbers", set(shown.split()[1:]))


def main():
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        (place / "study.yaml").write_text(STUDY)
        parts = [place / f"out.{k}.h5" for k in (1, 2, 3)]
        for k in (1, 2, 3):
            run("run", place / "study.yaml", "-o", place / "out.h5", "--part", f"{k}/3", "--quiet", "--oversubscribe",
                ranks=k)
        test_each_point_once(place, parts)
        test_joined(place, parts)
        test_refused(place, parts[0], place / "whole.h5")
        test_resumed(place)
        test_holes(place)
    print(commands.checks, "checks,", commands.failed, "failed", file=sys.stderr)
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
