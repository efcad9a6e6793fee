"""What `plan` says that a search takes: at least, as theory expects, at most."""
import os, sys, tempfile

import h5py

import commands
from commands import check, parse, refused, run

GRID = """schema: 1
data: {preset: P1}
methods: [exact, softmax]
grid: {n: [64, 256, 1024], d: [10, 34], beta: {from: 1, to: 256, step: 1}}
judge: {m: 32, trials: 40}
"""
NOISY = GRID.replace("P1}", "P1, noise: 0.1, data_draws: 4}").replace("n: [", "negative: abs, n: [")
SEARCH = "search: {over: beta%s}\n"
RANKS = ("--ranks", 4, "--ranks-per-node", 2)
PASS = 23  # ceil(255 / 12) steps of at most 12 degrees among 256, and one more end


def plan(text, *more):
    with open("plan.yaml", "w") as file:
        file.write(text)
    return parse(run("plan", "plan.yaml", "--json", *RANKS, *more))


def bounds(told):
    s = told["search"]
    return [s[word]["points"] for word in ("least", "expected", "most")], s


def check_order(told, ranks):
    points, s = bounds(told)
    check(points == sorted(points) and points[1] == told["points"], "points", points)
    work = [s[word]["busy_s"] for word in ("least", "expected", "most")]
    check(0 < work[0] <= work[1] <= work[2], "work", work)
    for word in ("least", "expected", "most"):
        check(s[word]["finish_s"] * ranks >= s[word]["busy_s"] * (1 - 1e-9), word, s[word])  # roundings of sums
    check(s["expected"]["finish_s"] == told["finish_s"], "the forecast is of the expected points", told["finish_s"])


def test_hints():
    """Without noise theory has the six edges of exact: two hints each, some of which are in the pass already."""
    told = plan(GRID + SEARCH % "")
    points, s = bounds(told)
    check_order(told, 4)
    check(s["over"] == "beta" and s["column"] == "success_rate" and s["combinations"] == 12, s)
    check(s["unknown"] == 0 and points[2] == told["slots"] == 6 * 257, "candidates", s)
    check(6 * (PASS + 1) < points[0] <= 6 * (PASS + 2 + 1), "hints and the pass, and softmax", points)
    check(points[0] == points[1], "hints are where the edges are", points)
    methods = {m["method"]: m["points"] for m in told["methods"]}
    check(methods == {"exact": points[1] - 6, "softmax": 6}, "methods", methods)


def test_no_hints():
    """Under noise nothing is known: one edge in the middle, between candidates 128 and 129 of a bracket of the pass."""
    told = plan(NOISY + SEARCH % "")
    points, s = bounds(told)
    check_order(told, 4)
    check(s["unknown"] == 6, "combinations that nothing is known of", s)
    check(points == [6 * (PASS + 1), 6 * (PASS + 4 + 1), told["slots"]], "a bracket of 11 takes 4", points)


def test_one_edge():
    """The first alone: no more than the pass, and no less than a bracket at its beginning."""
    every, first = (bounds(plan(NOISY + SEARCH % more)) for more in ("", ", edges: first"))
    check(6 * 6 <= first[0][0] < every[0][0] and first[0][1] < every[0][1], "first", first[0], every[0])
    check(first[0][2] == every[0][2], "all candidates", first[0])


def test_run():
    """A run asks for what is expected, but for rates that fall on the other side of the level than theory."""
    told = plan(GRID.replace("64, 256, 1024", "64, 256") + SEARCH % "", "--set", "judge.trials=400")
    run("run", "plan.yaml", "-o", "plan.h5", "--quiet", "--set", "judge.trials=400", ranks=2)
    with h5py.File("plan.h5") as file:
        asked = int((file["asked"][:] > 0).sum())
    # of 6 edges one may be beside a hint, which takes a bracket of 11 candidates 4 more
    check(told["points"] <= asked <= told["points"] + 6 * 4, "asked", asked, "expected", told["points"])


def test_cost():
    grid, told = plan(GRID), plan(GRID + SEARCH % "", "--budget", "1nodeh")
    check("search" not in grid and told["budget"]["points"] == told["points"], "an hour buys what is expected")
    # a tenth: rates are measured anew, and differ
    some = plan(GRID + SEARCH % "", "--budget", f"{told['budget']['needs_node_hours'] / 10:.12f}nodeh")
    check(0 < some["budget"]["points"] < told["points"], "a part buys a part", some["budget"]["points"])
    check(told["search"]["most"]["busy_s"] > 5 * told["busy_s"], "a tenth of the candidates", told["search"])
    many = plan(GRID + SEARCH % "", "--compare", "1,512")["compare"]
    check(many[1]["limit"] == "rounds of a search" or many[1]["utilisation"] < 0.9, "rounds wait", many[1])
    check(many[0]["finish_s"] >= many[1]["finish_s"] > 0, "more ranks", many)


def test_parts():
    whole = plan(GRID + SEARCH % "")["points"]
    parts = [plan(GRID + SEARCH % "", "--part", f"{k}/3")["points"] for k in (1, 2, 3)]
    check(sum(parts) == whole and min(parts) > 0, "parts have whole combinations", parts, whole)
    some = plan(GRID + SEARCH % "", "--where", "n == 64")["search"]
    check(some["combinations"] == 4 and some["most"]["points"] == 2 * 257, "--where", some)
    check("as a whole" in refused("plan", "plan.yaml", "--where", "beta < 9"), "half a curve")


def test_few_candidates():
    """Both ends of four candidates in a round, and then one at a time: at most, every one shares tiles with none."""
    told = plan(NOISY.replace("n: [64, 256, 1024]", "n: [256, 1024]").replace("{from: 1, to: 256, step: 1}", "[1, 2, 3, 4]").replace(
        ", softmax", "") + SEARCH % "")
    check_order(told, 4)
    points, s = bounds(told)
    check(points == [8, 16, 16] and s["combinations"] == s["unknown"] == 4, "both ends, and all", s)
    check(s["most"]["busy_s"] > s["expected"]["busy_s"], "one round of two is two of one", s)


def test_levels():
    """softmax is the level of both degrees: one family, which one team works at."""
    told = plan("schema: 1\ndata: {preset: P1}\nmethods: [exact, softmax]\n"
                "grid: {n: {from: 64, to: 1656, step: 8}, d: 10, beta: [2, 3]}\n"
                "search: {over: n, column: entropy, level: {column: entropy, where: method == softmax}}\n")
    points, s = bounds(told)
    check_order(told, 4)
    check(s["combinations"] == 3 and s["unknown"] == 2 and points[2] == 600, "combinations", s)
    # 200 candidates: gap 11, 20 of the pass on each of three curves
    check(points[0] == 3 * 20 and points[1] == 3 * (20 + 4), "the pass of both is that of their level", points)


def test_times():
    told = plan(GRID + "time: {reps: 6, max_reps: 6}\nsearch: {over: n, column: time_median_s, level: 1e-3}\n")
    check_order(told, 4)


def test_words():
    run("plan", "plan.yaml", *RANKS)
    with open("plan.yaml", "w") as file:
        file.write(NOISY + SEARCH % "")
    words = run("plan", "plan.yaml", *RANKS)
    for word in ("success_rate over beta, 12 combinations", "theory says nothing of 6", "at least", "at most"):
        check(word in words, word, words)
    with open("plan.yaml", "w") as file:
        file.write(GRID + "search: {over: beta, column: time_median_s, level: 1}\n")
    check("differs from run to run" in refused("plan", "plan.yaml"), "a column of times without time")


def main():
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        for test in (test_hints, test_no_hints, test_one_edge, test_run, test_cost, test_parts, test_few_candidates, test_levels, test_times, test_words):
            test()
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0


if __name__ == "__main__":
    sys.exit(main())
