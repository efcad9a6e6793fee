#!/usr/bin/env python3
"""All ratios that speed is judged by, in one run on one core: this program against PyTorch, JAX, numpy, scikit-learn, IOR, whichever
of them is installed, and against itself.

    python tests/bench/run.py                      # ten minutes; what is compared with the last kept run, if there is one
    python tests/bench/run.py --quick              # small shapes, a minute or two: does all of it work?
    python tests/bench/run.py --only softmax-torch,start --keep
    python tests/bench/run.py --from RUN.json --table

Times are of the program as users run it (studies are made here, `polysweep run` computes them) and of the peers in processes of
their own; sides take turns, A B A B ..., pairs of one round are divided, and what is printed is the median of these quotients with
its 95 % interval by order statistics (rounds.py). Every raw sample is in the JSON."""
from __future__ import annotations

import argparse
import dataclasses
import datetime
import fnmatch
import os
import pathlib
import shlex
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path[:0] = [str(HERE), str(SOURCE / "analysis")]

import cases  # noqa: E402
import kept  # noqa: E402
import machine  # noqa: E402
import rounds  # noqa: E402
from others import Peers  # noqa: E402
from ours import Where  # noqa: E402

QUICK = rounds.Rule(width=0.2, most=6, seconds=10.0)
BUSY = 0.02  #: share of a pinned product's time from which on the machine counts as busy


def options(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--only", default="", metavar="NAME,...", help="benches or cases whose name begins so, or matches a pattern")
    add("--quick", action="store_true", help="small shapes and six rounds")
    add("--every", action="store_true", help="every peer at every shape, and n = 16384 at d = 128: long")
    add("--list", action="store_true", help="print names of cases and what must hold, and end")
    add("--json", type=pathlib.Path, metavar="FILE", help="write the run there")
    add("--keep", nargs="?", const=kept.folder(), type=pathlib.Path, metavar="FOLDER", help=f"keep it there ({kept.folder()})")
    add("--against", type=pathlib.Path, metavar="FILE", help="compare with this run (default: the last one kept)")
    add("--from", dest="source", type=pathlib.Path, metavar="FILE", help="measure nothing: show this run")
    add("--table", action="store_true", help="print Markdown")
    add("--build", type=pathlib.Path, default=os.environ.get("POLYSWEEP_BUILD", SOURCE / "build"), help="directory of the build (build)")
    add("--native", type=pathlib.Path, metavar="BUILD", help="a build for this processor alone: `portable`")
    add("--before", type=pathlib.Path, metavar="BUILD", help="a build of an earlier commit: `before-...`")
    add("--python", default=sys.executable, help="of the peers, where they are installed elsewhere")
    add("--core", type=int, default=max(os.sched_getaffinity(0)), help="the core that everything runs on (the last)")
    add("--target", choices=sorted(machine.TARGETS), help="keep all sides to these vectors")
    add("--place", type=pathlib.Path, help="where files are written: the file system that `store` measures")
    return parser.parse_args(words)


def chosen(benches, only):
    """Benches with the cases that were asked for: by the bench's name or the case's, whole words of the path or a pattern."""
    words = [word for word in only.split(",") if word]

    def wanted(name):
        return not words or any(name == word or name.startswith(f"{word}/") or fnmatch.fnmatch(name, word) for word in words)

    for bench in benches:
        found = bench.cases if wanted(bench.name) else tuple(case for case in bench.cases if wanted(case.name))
        if found:
            yield dataclasses.replace(bench, cases=found)


def run_all(o, place):
    builds = {name: pathlib.Path(path).resolve() for name, path in (("ours", o.build), ("native", o.native), ("before", o.before)) if path}
    where = Where(builds, o.core, machine.environment(o.target), pathlib.Path(place).resolve())
    peers = Peers(o.python, where)
    start, done = time.monotonic(), []
    if os.getloadavg()[0] > 0.5:
        print(f"note: the load is {os.getloadavg()[0]:.1f} before anything begins: not a quiet machine", file=sys.stderr)
    try:
        for bench in chosen(cases.benches(peers, where, SOURCE, o.quick, o.every), o.only):
            done.append(rounds.measure(bench, where, QUICK if o.quick else rounds.Rule()))
            for case in done[-1]["cases"]:
                print(kept.line(case), flush=True)
            for name, why in done[-1]["left_out"].items():
                print(f"{name:48} left out: {why}", flush=True)
            peers.forget()
    finally:
        peers.close()
    return {"polysweep_bench": kept.SCHEMA, "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            **machine.commit(SOURCE), "command": shlex.join(sys.argv), "quick": o.quick, "target": o.target or "best",
            "seconds": time.monotonic() - start, "machine": machine.machine(o.core, place),
            "programs": {name: machine.program(where, name) for name in builds}, "peers": peers.installed(),
            "environment": {**machine.ONE_THREAD, **machine.TARGETS.get(o.target, {})}, "benches": done}


def tell_list(o):
    for bench in chosen(cases.benches(None, Where({}, o.core, {}, pathlib.Path()), SOURCE, o.quick, o.every), o.only):
        for case in bench.cases:
            print(f"{case.name:48} {' '.join(map(str, case.required)) if case.required else ''}".rstrip())


def tell(o, run, compared):
    verdicts = [case["verdict"] for case in kept.cases_of(run).values() if case["required"]]
    for name, about in run["peers"].items():
        print(f"{name}: {kept.show_about(about)}")
    print(f"{len(verdicts)} must hold: " + ", ".join(f"{verdicts.count(word)} {words}" for word, words in (
        ("holds", "hold"), ("open", "open (the interval has both)"), ("missed", "missed"), ("", "without an interval"))))
    print(f"{run['seconds']:.0f} s")
    if kept.disturbed(run) > BUSY:
        print(f"note: other processes took {100 * kept.disturbed(run):.0f} % of the core: not a quiet machine", file=sys.stderr)
    if compared:
        print(f"against {compared}:")
        print(*kept.differences(run, kept.read(compared)), sep="\n")
    if o.table:
        print(*kept.table(run), sep="\n")


def main(words=None):
    o = options(words)
    if o.list:
        return tell_list(o)
    try:
        compared = o.against or kept.last(o.keep or kept.folder())
        if o.against:
            kept.read(o.against)  # before anything is measured
        if o.source:
            return tell(o, kept.read(o.source), compared)
        if not (pathlib.Path(o.build) / "polysweep").exists():
            sys.exit(f"no program in {o.build}: bash jobs/quickstart.sh builds one, --build DIRECTORY names another")
        with tempfile.TemporaryDirectory(prefix="polysweep-bench-", dir=o.place) as place:
            run = run_all(o, place)
        if not run["benches"]:
            sys.exit(f"--only {o.only}: no such case; --list has their names")
        if o.json:
            kept.write(run, o.json)
        if o.keep:
            kept.write(run, pathlib.Path(o.keep) / f"{run['date'].replace(':', '')}-{run['commit']}.json")
        return tell(o, run, compared)
    except kept.Unreadable as error:
        sys.exit(f"run.py: {error}")


if __name__ == "__main__":
    sys.exit(main())
