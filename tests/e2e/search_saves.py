"""A search finds the edges of the whole grid for a fraction of what a fixed design costs that says as much.

The fixed design knows no rate beforehand: all candidates get as many trials as decide, by an exact test with the same chance
of an error for all N points together (error / N each), the hardest of those that the search decided. Under noise, where
trials of a draw depend on each other, it gets as many draws as the hardest of them took.

    python tests/e2e/search_saves.py [long]
"""
import math, os, sys, tempfile

import h5py
import numpy
from scipy.stats import binom

from commands import check, run
import commands

JOBS = os.path.join(os.environ["POLYSWEEP_SOURCE"], "jobs")
ERROR, LEVEL = 0.01, 0.9
FLOPS = {16: 0.50, 50: 0.35, 256: 0.15}  # most that a search may cost, over the fixed design
SETTLED = 0.8  # least share of candidates that the grid's intervals and edges of the search are compared at
TRIALS = {16: 0.50, 50: 0.35, 256: 0.20}


def read(path):
    with h5py.File(path) as file:
        columns = {name: file[name][:] for name in ("status", "asked", "beta", "n", "d", "preset", "method", "trials_done", "trials_stop", "flops",
                                                    "success_rate", "success_lo", "success_hi", "edge_lo", "edge_hi")}
        edges = {name: file["edges"][name][:] for name in file["edges"]} if "edges" in file else None
    return columns, edges


def curves(columns):
    """Slots by combination, in the order of their first slots."""
    keys = list(zip(*(columns[name].tolist() for name in ("method", "preset", "n", "d"))))
    found = {}
    for slot, key in enumerate(keys):
        found.setdefault(key, []).append(slot)
    return found


def crossings(edges, first):
    rows = numpy.flatnonzero((edges["slot"] == first) & (edges["kind"] > 0))
    return [(edges["kind"][i], edges["lo"][i], edges["hi"][i]) for i in rows]


def sides(columns, slots):
    """Of the grid: 1 above, -1 below, 0 where the interval has the level."""
    return [1 if columns["success_lo"][s] >= LEVEL else -1 if columns["success_hi"][s] < LEVEL else 0 for s in slots]


def check_against_grid(grid, search, edges, name):
    """Every candidate of the grid whose interval excludes the level is on the side that the search's edges say."""
    judged = 0
    for key, slots in curves(grid).items():
        found = sorted(crossings(edges, slots[0]), key=lambda edge: edge[1])
        start = edges["starts"][edges["slot"] == slots[0]][0]
        for slot, side in zip(slots, sides(grid, slots)):
            beta = grid["beta"][slot]
            if side == 0 or any(lo < beta < hi for _, lo, hi in found):
                continue
            passed = [kind for kind, _, hi in found if hi <= beta]
            above = passed[-1] == 1 if passed else start == 2
            judged += 1
            check((side == 1) == above, name, "the side of", key, beta, side, found)
    print(f"    the grid settles {judged} of {len(grid['beta'])}, outside the search's intervals")
    check(judged >= SETTLED * len(grid["beta"]), name, "the grid settles", judged, "of", len(grid["beta"]))


def check_theory(search, edges, name):
    """Exact edges, where theory has them among the candidates, are in the brackets."""
    known = 0
    for key, slots in curves(search).items():
        done = [s for s in slots if search["status"][s] == 2]
        last = search["beta"][slots[-1]]
        for kind, column in ((1, "edge_lo"), (2, "edge_hi")):
            exact = search[column][done[0]]
            if not 1 < exact < last:
                continue
            known += 1
            check(any(k == kind and lo < exact <= hi for k, lo, hi in crossings(edges, slots[0])), name, "edge", key, column, exact,
                  crossings(edges, slots[0]))
    check(known > 0, name, "theory knows some edges")


def fixed_trials(rates, points):
    """The fewest, in twenties, with which an exact test sees at its expected count that every one of `rates` is not at the level."""
    def decided(trials, rate):
        count = round(trials * rate)
        tail = binom.sf(count - 1, trials, LEVEL) if rate > LEVEL else binom.cdf(count, trials, LEVEL)
        return tail <= ERROR / (2 * points)

    trials = 20
    while not all(decided(trials, rate) for rate in rates):
        trials += 20
    return trials


def compare(folder, name, study, sets, beta, exact):
    """Runs both; the grid takes the trials that can say what the search says."""
    candidates = len(beta)
    path = {form: os.path.join(folder, f"{name}-{candidates}-{form}.h5") for form in ("grid", "search")}
    noisy = any("noise" in one for one in sets)
    common = [argument for one in [f"grid.beta={list(beta)}", *sets] for argument in ("--set", one)]
    run("run", study, "-o", path["search"], "--quiet", *common, "--set", "search={over: beta}",
        "--set", f"judge.trials={{most: 4000, until: decided, error: {ERROR}}}")
    search, edges = read(path["search"])
    decided = (search["status"] == 2) & (search["trials_stop"] == 1)
    trials = search["trials_done"][decided].max() if noisy else fixed_trials(search["success_rate"][decided], len(search["beta"]))
    run("run", study, "-o", path["grid"], "--quiet", *common, "--set", f"judge.trials={trials}",
        *(["--set", f"data.data_draws={trials // 20}"] if noisy else []))
    grid, _ = read(path["grid"])
    done = search["status"] == 2
    share = {"trials": search["trials_done"][done].sum() / grid["trials_done"].sum()}
    passes = [search["trials_done"] / 20, grid["trials_done"] / 20] if noisy else [1, 1]  # a pass a draw
    share["flops"] = (search["flops"] * passes[0])[done].sum() / (grid["flops"] * passes[1]).sum()
    print(f"{name}, {candidates} candidates, {len(curves(grid))} combinations: {done.sum()} of {len(done)} points, "
          f"{share['flops']:.3f} of the flops, {share['trials']:.3f} of the trials (fixed: {trials} a point, search: "
          f"{search['trials_done'][done].mean():.0f}, {(done & ~decided).sum()} undecided)")
    check(set(search["status"]) <= {2, 6} and (done == (search["asked"] > 0)).all(), name, "done is what was asked")
    check(share["flops"] <= FLOPS[candidates] and share["trials"] <= TRIALS[candidates], name, candidates, "costs", share)
    check_against_grid(grid, search, edges, name)
    if exact:
        check_theory(search, edges, name)


CRITICAL = ("critical-degree", os.path.join(JOBS, "critical-degree.yaml"), ["methods=[exact]", "grid.classes=[8, 32]"])
WINDOWS = ("windows-W1", os.path.join(JOBS, "windows-W1.yaml"), [])
SHORT = ["grid.n=[64, 256]"]


def main(long):
    with tempfile.TemporaryDirectory() as folder:
        for candidates in (16, 50, 256):
            for name, study, sets in (CRITICAL, WINDOWS):
                compare(folder, name, study, sets + ([] if long and candidates < 256 else SHORT), range(1, candidates + 1), True)
        noisy = ["grid.n=[64, 128]", "grid.d=10", "data.noise=0.1"]
        even = {16: range(2, 33, 2), 50: range(2, 101, 2), 256: range(2, 513, 2)}
        compare(folder, "noise", WINDOWS[1], noisy + ["data.preset=P2"], even[16], False)
        compare(folder, "causal", WINDOWS[1], ["grid.n=[64, 256]", "grid.mask=causal", "data.preset=P2"], range(1, 51), False)
        for candidates in (50, 256) if long else ():
            compare(folder, "noise", WINDOWS[1], noisy + ["data.preset=P2"], even[candidates], False)
        if long:
            compare(folder, "causal", WINDOWS[1], ["grid.n=[64, 256]", "grid.mask=causal", "data.preset=P2"], range(1, 257), False)


if __name__ == "__main__":
    main("long" in sys.argv[1:])
    print(f"{commands.checks} checks, {commands.failed} failed")
    sys.exit(commands.failed > 0)
