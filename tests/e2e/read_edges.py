"""Edges that a run stored against those that Python finds in its points, for searches of every kind; and their reports."""
import contextlib, io, sys, tempfile
from pathlib import Path

import numpy as np

import commands
import polysweep
from commands import check, run
from polysweep import report
from polysweep.edges import answers

HEAD = "schema: 1\nstudy: edges\nseed: 7\n"
JUDGED = """data: {kind: self_attention, preset: %s}
judge: {m: 34, trials: {most: 2000, until: decided, error: 0.01}}
search: {over: beta, edges: %s}
methods: [exact, softmax]
"""
STUDIES = {
    "below": JUDGED % ("P1", "all") + "grid: {n: [64, 128, 256], d: 18, beta: {from: 1, to: 48, step: 1}}\n"
             "include: [{method: exact, beta: 100, n: 64, d: 18}]\n",
    "window": JUDGED % ("W2", "all") + "grid: {n: 256, d: [66, 130, 258], beta: {from: 1, to: 60, step: 1}}\n",
    "last": JUDGED % ("W2", "last") + "grid: {n: 256, d: [66, 130], beta: {from: 1, to: 60, step: 1}}\n",
    "fixed": """data: {kind: self_attention, preset: W1}
methods: [exact]
grid: {n: [64, 256], d: [18, 34], beta: {from: 0.5, to: 12, step: 0.25}}
judge: {m: 34, trials: 200, level: 0.8}
search: {over: beta, within: 0.5, edges: first}
""",
    "width": """data: {kind: self_attention, preset: P1, data_draws: 60}
methods: [exact]
grid: {n: [64, 128], d: 18, noise: [0.01, 0.05], beta: {from: 2, to: 32, step: 2}}
judge: {m: 34, trials: {most: 600, until: {width: 0.3}, error: 0.05}}
search: {over: beta}
""",
    "linked": """data: {kind: gaussian}
methods: [polysketch: {r: [8, 16, 32], draws: 4}]
zip: {shape: {n: [64, 128, 256, 512], d: [2, 4, 8, 16]}}
grid: {beta: 4, row_norm: unit}
search: {over: n, column: err_out, level: 0.7, within: 0}
""",
    "partner": """data: {kind: gaussian}
methods: [exact, polysketch: {r: [8, 16, 32, 64], draws: 4}]
grid: {n: [64, 128, 256, 512], d: 8, beta: [2, 4], row_norm: unit}
search: {over: n, column: flops, level: {column: flops, where: "method == exact"}, within: 0}
"""}


def agree(name, file):
    stored, found = polysweep.open_edges(file), polysweep.edges(polysweep.open(file))
    for column in (*stored.data_vars, "slot"):
        a, b = stored[column].values, found[column].values
        # the same few operations on the same numbers, in another order
        equal = (a == b) if a.dtype.kind == "U" else np.isclose(a, b, rtol=1e-12, atol=0, equal_nan=True)
        check(a.shape == b.shape and equal.all(), name, column, a, b)
    for attribute in ("over", "column", "edges", "within"):
        check(stored.attrs[attribute] == found.attrs[attribute], name, attribute, stored.attrs, found.attrs)
    check(str(stored.attrs["level"]) == str(found.attrs["level"]), name, "level", stored.attrs, found.attrs)
    return found


def reported(name, file, place):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = report.main([str(file), "-o", str(place / name)])
    check(code == 0 and "Searched over" in said.getvalue() and "\nEdges\n" in said.getvalue(), name, code, said.getvalue())
    return (place / name / "index.html").read_text()


def main():
    with tempfile.TemporaryDirectory() as directory:
        place, found = Path(directory), {}
        for k, (name, text) in enumerate(STUDIES.items()):
            study, file = place / f"{name}.yaml", place / f"{name}.h5"
            study.write_text(HEAD + text)
            run("run", study, "-o", file, "--quiet", ranks=2 * (k % 2))
            found[name] = agree(name, file)
        page = reported("window", place / "window.h5", place)
        check("not needed" in page and "What holds of all judged points at once" in page, "page")
        check((found["below"]["count"].values[:3] == 1).all() and (found["window"]["count"].values[1:3] == 2).all(), "edges", found)
        check((found["partner"]["count"] > 0).any() and (found["linked"]["count"] > 0).any(), "crossings", found["linked"])

        run("run", place / "window.yaml", "-o", place / "window.h5", "--quiet", "--redo", "not_needed")
        whole = polysweep.open(place / "window.h5")
        check(whole.done.values.all(), "all of the grid")
        again = agree("filled", place / "window.h5")
        check(again.equals(found["window"]), "points that were filled in enter no edge")
        sides = answers(whole, "beta", "success_rate", 0.9)[0].groupby("combination")
        for c, curve in sides:  # nothing that was filled in is on another side than a bracket has it
            for k in range(int(again["count"][c])):
                for end in (again.lo.values[c, k], again.hi.values[c, k]):
                    side = curve.loc[curve["value"] == end, "side"].iloc[0]
                    check((side == "above") == ((end == again.hi.values[c, k]) == (again.kind.values[c, k] == "rise")), "sides", c, k)
    print(f"{commands.checks} checks, {commands.failed} failed")
    return 1 if commands.failed else 0


if __name__ == "__main__":
    sys.exit(main())
