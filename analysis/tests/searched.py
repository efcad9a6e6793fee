"""Writes a file as a search with trials that stop leaves it: for tests of the reader, and for trying figures:
python searched.py OUT.h5 P1|W2
"""
import sys

import numpy as np
import synthetic
from scipy.special import betaincc, betainc, betaln

from polysweep import oracle

STUDY = {"search": {"over": "beta", "column": "success_rate", "level": 0.9, "within": 1},
         "judge": {"level": 0.9, "trials": {"most": 4000, "until": "decided", "error": 0.01}}}


def mixtures(successes, failures, level):
    """ln of the mixtures over rates above and below the level against the level itself (arrays): below, above."""
    s, f = np.asarray(successes, float), np.asarray(failures, float)
    with np.errstate(divide="ignore"):
        ratio = betaln(s + 1, f + 1) - s * np.log(level) - f * np.log1p(-level)
        return (ratio + np.log(betainc(s + 1, f + 1, level)) - np.log(level),
                ratio + np.log(betaincc(s + 1, f + 1, level)) - np.log1p(-level))


def trials(probability, alpha, random, level=0.9, most=4000, block=20):
    """(successes, trials, word) of trials looked at after each block."""
    successes = np.cumsum(random.binomial(block, probability, most // block))
    done = block * np.arange(1, most // block + 1)
    below, above = mixtures(successes, done - successes, level)
    known = np.flatnonzero(np.maximum(below, above) >= np.log(2 / alpha))
    last = known[0] if len(known) else len(done) - 1
    return int(successes[last]), int(done[last]), "decided" if len(known) else "most"


def interval(successes, done, alpha):
    """{p: B(S + 1, F + 1)/(p^S (1 - p)^F) < 1/alpha} on a fine grid of p."""
    p = np.linspace(0, 1, 4001)
    with np.errstate(divide="ignore", invalid="ignore"):
        like = np.where(successes > 0, successes * np.log(p), 0) + np.where(done > successes, (done - successes) * np.log1p(-p), 0)
    inside = p[betaln(successes + 1, done - successes + 1) - like < -np.log(alpha)]
    return inside[0], inside[-1]


def search(listed, gap=5, error=0.01, level=0.9, seed=1, most=4000):
    """Rows of a finished search over the degree; candidates that it does not ask for are not needed."""
    random, alpha, curves = np.random.default_rng(seed), error / len(listed), {}
    for slot, point in enumerate(listed):
        curves.setdefault(tuple(value for name, value in point.items() if name != "beta"), []).append(slot)
    rows = [dict(point, status="not_needed", attempt=0, asked=0, trials_error=np.nan) for point in listed]
    for slots in curves.values():
        sides, todo, number = {}, {*range(0, len(slots), gap), len(slots) - 1}, 0
        while todo:
            number += 1
            for place in sorted(todo):
                row = rows[slots[place]] = answer(listed[slots[place]], alpha, random, level, most, number)
                sides[place] = row["trials_stop"] == "decided" and (row["success_rate"] >= level) + 1
            known = [place for place in sorted(sides) if sides[place]]
            todo = {(a + b) // 2 for a, b in zip(known, known[1:]) if sides[a] != sides[b]} - set(sides)
    return rows


def answer(point, alpha, random, level, most, number):
    shape = {name: point[name] for name in ("n", "d", "a_0", "a_1", "b", "c", "kappa")}
    method = "exact" if point["method"] == "closed_form" else point["method"]
    p = float(oracle.success(1.0 if np.isnan(point["beta"]) else point["beta"], point["m"], method=method, **shape))
    successes, done, word = trials(p, alpha, random, level, most)
    lo, hi = interval(successes, done, alpha)
    return dict(point, status="done", attempt=1, asked=number, theory_success=p, successes=successes, trials_done=done,
                success_rate=successes / done, success_lo=lo, success_hi=hi, success_samples=done, trials_stop=word, trials_error=alpha,
                flops=4.0 * point["n"] ** 2 * point["d"], edge_lo=np.nan, edge_hi=np.nan)


def with_theory(rows, degrees, level=0.9):
    """Real degrees at which the exact probability passes the level, in every row that is done."""
    known = {}
    for row in rows:
        if row["status"] != "done" or np.isnan(row["beta"]):
            continue
        shape = {name: row[name] for name in ("n", "d", "a_0", "a_1", "b", "c", "kappa")}
        key = (row["m"], *shape.values())
        if key not in known:
            fine = np.linspace(0.02, max(degrees) + 40, 16 * int(max(degrees)))
            above = oracle.success(fine, row["m"], **shape) >= level
            rise = fine[np.argmax(above)] if above.any() else np.inf
            behind = above & (fine >= rise)
            fall = fine[np.flatnonzero(behind)[-1]] if above.any() and not above[-1] else np.inf
            known[key] = rise, fall
        row["edge_lo"], row["edge_hi"] = known[key]
    return rows


def study_p1(degrees=50):
    return synthetic.points(["P1", "P2"], ["exact", "softmax"], range(1, degrees + 1), [2 ** k for k in range(6, 12)], [18, 34, 66],
                            lambda n: int(np.ceil(8 * np.log(n))), 4000)


def study_w2(degrees=96):
    return synthetic.points(["W2"], ["exact", "softmax"], range(1, degrees + 1), [1024, 4096], [18, 34, 66, 130, 258, 514], 67, 4000)


def write(path, listed, seed=1):
    rows = with_theory(search(listed, seed=seed), [row["beta"] for row in listed if row["beta"] == row["beta"]])
    synthetic.write(path, rows, study=STUDY)
    return rows


if __name__ == "__main__":
    write(sys.argv[1], {"P1": study_p1, "W2": study_w2}[sys.argv[2]]())
