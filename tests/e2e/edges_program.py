"""/edges of files that the program makes, against those of a search without an engine: on any number of ranks, of parts, after
failures, extensions and points that were there before they were asked for."""
import json, subprocess, sys, tempfile
from pathlib import Path

import numpy
import polysweep

import commands
from commands import check, parse, run
from edges import COMBINATIONS, DONE, NOT_NEEDED, STUDY, columns, edges, extended, same_search, verified, write


def test_program(place, path):
    """The engine, against the search that has none: once a rank, once three; and a file that is run again."""
    for ranks in (0, 3):
        out = place / f"ranks{ranks}.h5"
        run("run", place / "searched.yaml", "-o", out, "--quiet", "--oversubscribe", ranks=ranks)
        same_search(path, out, f"on {ranks} ranks")
        told = parse(run("status", out, "--json"))
        check((told["state"], told["not_needed"]) == ("done", (columns(path)["status"] == NOT_NEEDED).sum()), told)
    for k in (1, 2):
        run("run", place / "searched.yaml", "-o", place / "part.h5", "--part", f"{k}/2", "--quiet")
    told, rows = verified(place / "part.2.h5"), run("show", place / "part.2.h5", "--edges", "--jsonl").splitlines()
    check(0 < told["compared"] < COMBINATIONS and told["unfinished"] == told["unwritten"] == 0, "a part", told)
    check({json.loads(row)["combination"] for row in rows} < set(range(COMBINATIONS)), "edges of the part alone", rows)
    run("merge", place / "parts.h5", place / "part.1.h5", place / "part.2.h5")
    same_search(path, place / "parts.h5", "of two parts")
    before = columns(out)
    run("run", place / "searched.yaml", "-o", out, "--quiet")
    check(all(before[name].tobytes() == now.tobytes() for name, now in columns(out).items()), "nothing was left to do")
    out.unlink()
    run("run", place / "searched.yaml", "-o", out, "--quiet", code=3, POLYSWEEP_FAULT="store.edges:0:1")
    check((edges(out)["count"] == -1).any(), "edges are missing")
    check(verified(out)["unwritten"] > 0 and "not have them yet" in run("show", out, "--edges"), "and it is said")
    run("run", place / "searched.yaml", "-o", out, "--quiet")
    same_search(path, out, "after edges that could not be written")
    goes_on = extended(place, path, "wider", STUDY.replace("to: 48", "to: 60"))
    run("run", place / "wider.yaml", "-o", goes_on, "--quiet", code=3, POLYSWEEP_FAULT="store.asked:0:1")
    check((columns(goes_on)["asked"] == 0)[columns(goes_on)["status"] == DONE].any(), "what asked for points is not all said")
    run("run", place / "wider.yaml", "-o", goes_on, "--quiet")
    fresh = place / "fresh.h5"
    run("run", place / "wider.yaml", "-o", fresh, "--quiet")
    a, b = edges(goes_on), edges(fresh)
    for name in a:
        check(a[name].tobytes() == b[name].tobytes(), "a search that went on finds what one from the start does", name)
    test_asked_late(place / "wider.yaml", goes_on, "after --extend")
    begun = write(place, "half", 2)
    run("run", place / "half.yaml", "-o", begun, "--redo", "not_needed", "--where", "n == 64", "--quiet")
    filled = columns(begun)
    late = (filled["status"] == DONE) & (filled["asked"] == 0)
    run("run", place / "half.yaml", "-o", begun, "--oversubscribe", "--quiet", ranks=2)
    now, searched = columns(begun), columns(path)
    check((now["launch"][late] == filled["launch"][late]).all() and (now["status"][late] == DONE).all(), "what was filled stays")
    check((now["asked"] == searched["asked"]).all() and (now["asked"][late] > 0).any(), "and is asked for later")
    test_asked_late(place / "half.yaml", begun, "after a part of the grid")


def test_asked_late(study, path, what):
    """Points that were done before their round says so in the end: Python and /edges agree, and nothing is left to do."""
    told = verified(path)
    check((told["before"], told["compared"], told["unfinished"]) == (0, COMBINATIONS, 0), what, told)
    before, stored, found = columns(path), edges(path), polysweep.edges(polysweep.open(path))
    for name in ("position", "lo", "hi"):
        check(numpy.array_equal(found[name].values.ravel(), stored[name], equal_nan=True), what, "Python's", name)
    check((found["evaluations"].values == stored["evaluations"][::4]).all(), what, "evaluations")
    Path(f"{path}.status.json").unlink()
    done = subprocess.run([commands.PROGRAM, "run", study, "-o", path], capture_output=True, text=True)
    check(done.returncode == 0 and "asked for again" not in done.stderr, what, done.stderr)
    check(all(before[name].tobytes() == now.tobytes() for name, now in columns(path).items()), what, "nothing is written again")
    check(all(stored[name].tobytes() == now.tobytes() for name, now in edges(path).items()), what, "nor edges")


def main():
    with tempfile.TemporaryDirectory() as place:
        test_program(Path(place), write(Path(place), "searched"))
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    sys.exit(main())
