"""Searches as they run: the same points, bits and edges on any number of ranks and after any crashes, stops and failures."""
import json, os, random, re, subprocess, sys, tempfile, time
from pathlib import Path

import h5py
import numpy

import bits, commands
from commands import PROGRAM, check

DONE, FAILED, NOT_NEEDED = 2, 3, 6
KILLED, STOPPED = 137, 75  # exit codes
LONGEST_S = 60  # a run takes one or two, on two busy cores
STUDY = """schema: 1
study: windows
seed: 3
data: {preset: W1, noise: 0.01, data_draws: 2}
methods: [exact, linear]
grid: {n: [64, 128], d: [18, 34], a_1: [1.2, 1.6], beta: {from: 1, to: 60, step: 1}, negative: signed, block: 16}
judge: {m: "ceil(8 * log(n))", trials: 40}
search: {over: beta, level: 0.9}
output: {keep: [rows]}
"""


def launch(file, *options, study="s.yaml", ranks=1, fault=None, code=0, **environment):
    """What it said. A hang is a complaint."""
    if fault:
        environment["POLYSWEEP_FAULT"] = fault
    command = ["mpirun", "-n", str(ranks), PROGRAM, "run", study, "-o", file, "--oversubscribe", *options]
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True) as job:
        try:
            said = job.communicate(timeout=LONGEST_S)[1]
        except subprocess.TimeoutExpired:
            job.terminate()
            said = job.communicate()[1] + "\nit hangs"
    check(job.returncode == code or (isinstance(code, tuple) and job.returncode in code), command, fault, "ended with",
          job.returncode, "not", code, said)
    return said if not isinstance(code, tuple) else (job.returncode, said)


def read(file, *names):
    with h5py.File(file) as f:
        found = [f[name][()] for name in names]
    return found if len(names) > 1 else found[0]


def everything(file):
    """Columns, kept rows and edges that are promised bit for bit."""
    found = {name: values for name, (values, word) in bits.columns(file).items() if bits.is_bitwise(word)}
    with h5py.File(file) as f:
        for group in ("rows", "edges"):
            for name, item in f.get(group, {}).items():
                found[f"{group}/{name}"] = item[()]
        found["status"] = f["status"][()]
    return found


def same(reference, file, what, but="nothing"):
    a, b = everything(reference), everything(file)
    check(a.keys() == b.keys() and len(a) > 40 and "asked" in a, what, "has other columns", sorted(a.keys() ^ b.keys()))
    other = [name for name in a if a[name].tobytes() != b[name].tobytes() and not name.startswith(but)]
    check(not other, what, "differs in", other)


def tell(file):
    return json.loads(Path(file + ".status.json").read_text())


def clear(*files):
    for file in files:
        for path in Path(".").glob(file + "*"):
            path.unlink()


# ---- undisturbed ----


def test_ranks():
    said = launch("one.h5")
    status, asked, kind = read("one.h5", "status", "asked", "edges/kind")
    done = int((status == DONE).sum())
    check(((status == DONE) == (asked > 0)).all() and ((status == NOT_NEEDED) == (asked == 0)).all(), "who was asked")
    check(done < 0.35 * status.size and set(kind) == {0, 1, 2}, done, "points of", status.size, "edges", kind)
    check(f"{done} of {status.size} points done, {status.size - done} not needed; edges of" in said, said)
    told = tell("one.h5")
    check((told["state"], told["done"], told["not_needed"], told["fraction"]) == ("done", done, status.size - done, 1), told)
    for ranks in (2, 3, 5):
        launch("many.h5", ranks=ranks)
        same("one.h5", "many.h5", f"{ranks} ranks")
        if ranks < 5:
            clear("many.h5")
    check(f"{done} of {status.size} points done" in launch("many.h5", ranks=2), "a search that has ended ends at once")
    Path("many.h5.status.json").unlink()  # by which it knows that nothing is left
    launch("many.h5")
    same("one.h5", "many.h5", "a search that is over")
    check((read("many.h5", "launch") == 0).all(), "nothing was computed or marked again")


def test_verify():
    check("32 slots" not in commands.run("verify", "one.h5", "--sample", 5), "verify")


# ---- crashes ----

SITES = ("compute.leaf", "store.commit", "sweep.round", "store.mark", "store.put", "compute.point", "store.edges", "compute.head")


def test_kills(kills=10, seed=15):
    """A file goes through crashes until a point may be what crashes the program; then it is made whole."""
    chance, killed, files = random.Random(seed), 0, 0
    while killed < kills:
        ranks, site = chance.choice((1, 2, 3)), SITES[killed % len(SITES)]
        most = {"store.edges": 8, "compute.leaf": 200, "sweep.round": 12}.get(site, 30)
        fault = f"{site}:{0 if site == 'store.edges' else chance.randrange(ranks)}:{chance.randint(1, most)}:kill"
        code, said = launch("k.h5", ranks=ranks, fault=fault, code=(0, KILLED))
        check("asked for again" not in said, fault, "loses what was computed", said)
        killed += code == KILLED
        suspect = code == KILLED and ((read("k.h5", "status") == 1) & (read("k.h5", "deaths") >= 1)).any()
        if code == 0 or suspect or killed == kills:
            launch("k.h5", ranks=chance.choice((1, 2, 3)))
            same("one.h5", "k.h5", f"{killed} kills, the last {fault} of {ranks}")
            clear("k.h5")
            files += 1
    print(f"{killed} kills of {files} searches")


def test_quarantine():
    """The round of the only family crashes three times: one point at a time then, and the one that did it is failed."""
    where = ("--where", "n == 64 and d == 18 and a_1 == 1.2 and method == exact")
    for crash in range(3):
        launch("q.h5", *where, fault="compute.point:0:1:kill", code=KILLED)
        deaths = sorted(read("q.h5", "deaths")[read("q.h5", "status") == 1])
        check(deaths == ([0] * 4, [1] * 4, [1, 1, 1, 2])[crash], crash, deaths)
    said = launch("q.h5", *where, code=1)
    status, asked, deaths = read("q.h5", "status", "asked", "deaths")
    check((status == FAILED).sum() == 1 and (deaths[status == FAILED], asked[status == FAILED]) == (3, 1), status)
    check("1 failed" in said and ((deaths == 2) == ((asked == 1) & (status == DONE))).all(), said, deaths)
    launch("q.h5", *where, "--redo", "failed")
    launch("q.h5", ranks=2)
    same("one.h5", "q.h5", "a point that crashed the program and was done again")
    clear("q.h5")


# ---- points that fail, take too long, and stops ----


def test_failed():
    """Of a group that fails each point is tried by itself: two faults in a row are one failed point."""
    said = launch("f.h5", fault="compute.head:0:9,compute.head:0:10", code=1)
    status, asked = read("f.h5", "status", "asked")
    check("1 failed" in said and (status == FAILED).sum() == 1 and (asked[status == FAILED] > 0).all(), said)
    check((read("f.h5", "edges/slot") >= 0).all(), "edges are there")
    check("1 failed" in launch("f.h5", ranks=2, code=1), "it stays failed")
    said = launch("f.h5", "--redo", "failed", ranks=2)
    check("points were asked for behind points" in said, said)
    same("one.h5", "f.h5", "a point that failed and was done again", but="rows/")  # of what is not needed any more
    commands.run("verify", "f.h5", "--sample", 5)
    clear("f.h5")
    launch("f.h5", "--max-fails", "1", fault="compute.head:0:9,compute.head:0:10", code=STOPPED)
    check(tell("f.h5")["stop_reason"] == "max-fails", tell("f.h5"))
    launch("f.h5", "--redo", "failed", ranks=2)
    same("one.h5", "f.h5", "stopped at the first failure")
    clear("f.h5")


def test_limits():
    """Pauses of seconds: too long for the launch, too long for the point."""
    said = launch("t.h5", "--time-limit", "2s", ranks=2, fault="compute.leaf:1:20:3", code=STOPPED)
    check("stopped (time limit)" in said and tell("t.h5")["state"] == "stopped_clean", said)
    check(not (read("t.h5", "edges/slot") >= 0).any(), "no edges before the end")
    launch("t.h5", ranks=3)
    same("one.h5", "t.h5", "stopped for lack of time")
    clear("t.h5")
    hangs = "compute.head:1:3:2,compute.head:1:4:2"  # its group, and by itself
    launch("t.h5", ranks=2, fault=hangs, POLYSWEEP_LEAST_LIMIT_S="1")
    attempt, team, idle = read("t.h5", "attempt", "team", "idle")
    late = attempt == 2
    check(0 < late.sum() < 4 and attempt.max() == 2, "postponed", attempt)
    check(((team + idle)[late] == 2).all(), "something ran beside a point that was tried again", team[late], idle[late])
    same("one.h5", "t.h5", "a point that was tried again when nothing else ran")
    clear("t.h5")


# ---- parts of a search, and the grid ----


def refused(*options):
    return launch("w.h5", *options, code=2)


def test_where():
    check("keeps no combination that is searched as a whole" in refused("--where", "beta > 3 and method == exact"), "halves")
    check(not Path("w.h5").exists(), "a refusal leaves no file")
    said = launch("w.h5", "--where", "n == 64 and (d == 18 or beta > 3 or method == linear)", ranks=2)
    check("keeps some but not all points of 2 searches, which are left out" in said, said)
    n, d, method, status = read("w.h5", "n", "d", "method", "status")
    check(((status > 0) == ((n == 64) & ((d == 18) | (method == 4)))).all() or set(method[status > 0]) != {0}, "selected")
    check(tell("w.h5")["state"] == "partial" and (read("w.h5", "edges/slot") == -1).all(), tell("w.h5"))
    launch("w.h5", ranks=3)
    same("one.h5", "w.h5", "in two steps")
    check("searches for nothing" in launch("g.h5", "--redo", "not_needed", study="g.yaml", code=2), "no search, no grid")
    launch("g.h5", study="g.yaml", ranks=2)
    launch("w.h5", "--redo", "not_needed", ranks=2)
    check((read("w.h5", "status") == DONE).all() and tell("w.h5")["not_needed"] == 0, "the grid is full")
    grid, filled, searched = everything("g.h5"), everything("w.h5"), everything("one.h5")
    other = [name for name in grid if name != "asked" and grid[name].tobytes() != filled[name].tobytes()]
    check(not other, "a filled grid differs from a grid in", other)
    check(all(filled[name].tobytes() == searched[name].tobytes() for name in searched if name[:6] in ("asked", "edges/")),
          "what was found stays as it was")
    check("320" not in launch("w.h5", code=0) and (read("w.h5", "launch") < 3).all(), "and nothing is left to do")


def test_others():
    """A search that another launch has begun again, and was killed in, keeps in the file what was not needed before."""
    of = "n == 64 and d == 18 and a_1 == 1.2 and method == exact"
    launch("o.h5", "--where", of, fault=",".join(f"compute.head:0:{i}" for i in range(1, 5)), code=1)
    launch("o.h5", "--redo", "failed", "--where", of, fault="compute.head:0:1:kill", code=KILLED)
    launch("o.h5", "--where", "n == 128 and d == 18 and a_1 == 1.2")
    status, told = read("o.h5", "status"), tell("o.h5")
    check(told["state"] == "partial" and (status[:60] == NOT_NEEDED).any() and (status[:60] == 1).any(), told, status[:60])
    check((told["done"], told["not_needed"]) == ((status == DONE).sum(), (status == NOT_NEEDED).sum()), told)
    launch("o.h5", ranks=2)
    same("one.h5", "o.h5", "begun again, left, and gone on with", but="rows/")  # of what is not needed any more
    clear("o.h5")


def test_parts():
    """Whole combinations: what is searched in two files is what is searched in one."""
    said = [launch("p.h5", "--part", f"{k}/2", ranks=k) for k in (1, 2)]
    counts = [int(re.search("edges of ([0-9]+) combinations", line).group(1)) for line in said]
    check(sum(counts) == 16 and min(counts) > 0, "combinations of parts", said)
    commands.run("merge", "p.h5", "p.1.h5", "p.2.h5")
    same("one.h5", "p.h5", "two parts")
    check("edges of 16 combinations" in launch("p.h5"), "a merged search has ended")
    clear("p.h5")


# ---- other columns and axes ----

JOINED = """schema: 1
study: joined
data: {kind: self_attention, preset: W2}
methods: [exact, softmax]
grid: {n: [64, 128], d: [10, 18], beta: {from: 1, to: 40, step: 1}}
judge: {m: 8, trials: 10}
search: {over: beta, column: special_mass_d1, level: {column: special_mass_d1, where: "method == softmax"}}
"""
TIMED = """schema: 1
study: crossover
data: {kind: gaussian}
methods: [exact, polysketch: {r: 8}]
grid: {n: {from: 32, to: 512, step: 32}, d: 8, beta: 4, mask: causal, block: 16}
time: {reps: 3, max_reps: 6}
search: {over: n, column: time_median_s, level: {column: time_median_s, where: "method == exact"}, within: 32}
"""


def test_joined():
    launch("j1.h5", study="j.yaml")
    launch("j3.h5", study="j.yaml", ranks=3)
    same("j1.h5", "j3.h5", "a level that is another's")
    method, status = read("j1.h5", "method", "status")
    check(set(status[method == 1]) == {DONE}, "the levels are computed", status[method == 1])


def test_timed():
    launch("t.h5", study="t.yaml", ranks=2)
    method, status, asked, start, end = read("t.h5", "method", "status", "asked", "start_s", "end_s")
    order = numpy.argsort(start[status == DONE])
    check((start[status == DONE][order][1:] >= end[status == DONE][order][:-1]).all(), "timed points run alone")
    n = read("t.h5", "n")
    pairs = [set(n[(status == DONE) & (method == word)]) for word in set(method)]
    check(len(pairs) == 2 and pairs[0] == pairs[1] and (asked[status == DONE] > 0).all(), "both at each n", pairs)
    check(set(status) <= {DONE, NOT_NEEDED} and (read("t.h5", "edges/slot") >= 0).all(), "it ends", status)


# Other axes than degrees: sizes of a sketch for an error, noise at which success ends.
AXES = {"r": """schema: 1
study: sizes
data: {kind: gaussian}
methods: [{polysketch: {r: [4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128], draws: 5}}]
grid: {n: 128, d: 8, beta: 4}
search: {over: r, column: err_out, level: 0.5}
""", "noise": """schema: 1
study: breaking
data: {preset: P2}
methods: [exact]
grid: {n: 64, d: 10, beta: [4, 6], noise: {from: 0.05, to: 1, step: 0.05}}
judge: {m: 34, trials: 100}
search: {over: noise, level: 0.9, within: 0.05}
"""}


def test_axes():
    """Each edge is between neighbours of a grid, on different sides of the level there, and results are the grid's."""
    for axis, text in AXES.items():
        column, level = ("err_out", 0.5) if axis == "r" else ("success_rate", 0.9)
        Path("axis.yaml").write_text(text)
        Path("whole.yaml").write_text(re.sub("search:.*\n", "", text))
        launch(f"{axis}.h5", study="axis.yaml", ranks=2)
        launch(f"{axis}-grid.h5", study="whole.yaml")
        at, values, beta = read(f"{axis}-grid.h5", axis, column, "beta")
        status, found = read(f"{axis}.h5", "status", column)
        done = status == DONE
        close = numpy.allclose(found[done], values[done], rtol=1e-9)  # what columns of errors promise in double
        check(0 < done.sum() < len(done) * 0.6 and close, axis, "points", done.sum())
        kind, lo, hi, slot = read(f"{axis}.h5", "edges/kind", "edges/lo", "edges/hi", "edges/slot")
        for i in numpy.flatnonzero(kind):
            curve = {a: v >= level for a, v, b in zip(at, values, beta) if b == beta[slot[i]]}
            between = [a for a in curve if lo[i] < a < hi[i]]
            check(not between and curve[lo[i]] != curve[hi[i]] and curve[hi[i]] == (kind[i] == 1), axis, lo[i], hi[i], curve)
        check((kind > 0).sum() == len(set(beta)), axis, "one edge a curve", kind)


# Of whose first round all 16 points and the level are one family's; and whose first round is longer than a launch.
FAMILY = """schema: 1
study: family
data: {kind: self_attention, preset: W2}
methods: [exact]
grid: {n: [64, 96, 128, 160], d: 10, beta: {from: 1, to: 20, step: 1}}
search: {over: beta, column: special_mass_d1, level: {column: special_mass_d1, where: "beta == 8 and n == 64"}}
"""
LONG = """schema: 1
study: over_n
data: {kind: gaussian}
methods: [{polysketch: {r: 32, draws: 60}}]
grid: {n: {from: 512, to: 8192, step: 960}, d: 32, beta: 8}
search: {over: n, column: err_out, level: 0.5}
"""


def test_pieces():
    """Nothing that ends a launch waits for the end of a round, and what was computed of one is not lost."""
    pieces = {"study": "family.yaml", "POLYSWEEP_PIECE_S": "0"}  # a piece: the points that share tiles, of one n
    launch("family.h5", study="family.yaml")
    check((read("family.h5", "asked") == 1).sum() > 12, "a long round", read("family.h5", "asked"))
    launch("s.h5", fault="compute.head:0:2:kill", code=KILLED, **pieces)  # of the second piece
    status = read("s.h5", "status")
    check(((status == DONE).sum(), (status == 1).sum()) == (5, 4), "killed in the second piece", status)
    check("asked for again" not in launch("s.h5", ranks=3, **pieces), "a round that goes on")
    same("family.h5", "s.h5", "killed in a piece")
    clear("s.h5")
    launch("s.h5", "--max-fails", "1", fault="compute.head:0:1,compute.head:0:2", code=STOPPED, **pieces)
    status = read("s.h5", "status")
    check((status == FAILED).sum() == 1 and (status == DONE).sum() == 4, "fails in a piece", status)
    launch("s.h5", "--redo", "failed", ranks=2, **pieces)
    same("family.h5", "s.h5", "stopped in a piece")
    clear("s.h5", "family.h5")
    launch("long.h5", "--time-limit", "2s", study="long.yaml", code=(0, STOPPED))
    check((read("long.h5", "status") == DONE).any(), "a launch that is shorter than a round gets on")
    launch("long.h5", study="long.yaml", ranks=2)
    check((read("long.h5", "edges/slot") >= 0).all() and tell("long.h5")["state"] == "done", "and ends", tell("long.h5"))
    clear("long.h5")


def main():
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        Path("s.yaml").write_text(STUDY)
        Path("g.yaml").write_text(re.sub("search:.*\n", "", STUDY))
        Path("j.yaml").write_text(JOINED)
        Path("t.yaml").write_text(TIMED)
        Path("family.yaml").write_text(FAMILY)
        Path("long.yaml").write_text(LONG)
        for test in (test_ranks, test_kills, test_quarantine, test_failed, test_limits, test_where, test_others, test_parts, test_joined, test_timed, test_axes, test_pieces):
            begun = time.monotonic()
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                test()
            print(f"{test.__name__}: {time.monotonic() - begun:.1f} s")
        os.chdir("/")
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    sys.exit(main())
