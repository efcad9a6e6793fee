"""Sides that are compared are measured in turns, A B A B ..., until the interval of each case is narrow or a bench's time is over.

A round gives every side its median of a few calls; the two of a case make a pair, whose quotient knows nothing of what the machine
did in other rounds (clock, heat, neighbours). Of the quotients: their median and its interval by order statistics, which holds for
any distribution. A bootstrap over so few pairs covers less than it says (test: tests/e2e/bench.py)."""
from __future__ import annotations

import dataclasses
import os
import statistics
import time

from polysweep.samples import fewest, median_interval

from ours import Failed

CONFIDENCE = 0.95
OPERATORS = {">=": lambda x, y: x >= y, "<=": lambda x, y: x <= y}


@dataclasses.dataclass(frozen=True)
class Case:
    """above against below: `rate`, operations a second over operations a second; `time`, seconds over seconds; `figure`, seconds
    of above alone. required: (">=" or "<=", number), what must hold."""

    name: str
    kind: str
    above: str
    below: str | None = None
    required: tuple | None = None
    unit: str = "s"  # of a figure
    more: bool = False  # a greater quotient of times is better: ours is below


@dataclasses.dataclass(frozen=True)
class Bench:
    name: str
    steps: tuple  # of a round, in turn
    cases: tuple
    work: dict = dataclasses.field(default_factory=dict)  # side -> operations of one call
    most: int | None = None  # rounds, where that is less than the rule's


@dataclasses.dataclass(frozen=True)
class Rule:
    """When a bench ends: at a look all intervals are narrower than `width` times the median; or after `most` rounds, or with the
    first round past `seconds`; never before `least` rounds. Looks are after every fifth round more, so that stopping where it
    happens to be narrow does not spoil the confidence."""

    width: float = 0.05
    least: int = fewest(CONFIDENCE)
    most: int = 21
    seconds: float = 30.0

    def look(self, rounds):
        return rounds >= self.least and (rounds - self.least) % 5 == 0


UNITS = {"s": 1.0, "us": 1e6}


def values(case, samples, work):
    """The value of each round that has both sides."""
    above = [statistics.median(x) for x in samples.get(case.above, [])]
    if case.kind == "figure":
        return [UNITS[case.unit] * x for x in above]
    below = [statistics.median(x) for x in samples.get(case.below, [])]
    if case.kind == "time":
        return [x / y for x, y in zip(above, below)]
    share = work[case.above] / work[case.below] if above and below else 1.0
    return [share * y / x for x, y in zip(above, below)]


def verdict(required, lo, hi):
    """Whether the interval lets us say that it holds."""
    if required is None or not lo <= hi:
        return ""
    holds = [OPERATORS[required[0]](end, required[1]) for end in (lo, hi)]
    return "holds" if all(holds) else "open" if any(holds) else "missed"


def assess(case, samples, work):
    """A case as it is kept."""
    found = values(case, samples, work)
    value, lo, hi = map(float, median_interval(found, CONFIDENCE))
    rates = {side: work[side] / statistics.median(map(statistics.median, samples[side])) / 1e9
             for side in (case.above, case.below) if case.kind == "rate" and samples.get(side)}
    return {**dataclasses.asdict(case), "value": value, "lo": lo, "hi": hi, "rounds": len(found), "rates": rates,
            "verdict": verdict(case.required, lo, hi)}


def precise(case, samples, work, rule):
    value, lo, hi = median_interval(values(case, samples, work), CONFIDENCE)
    return bool(hi - lo <= rule.width * abs(value))


def measure(bench, where, rule, clock=time.monotonic):
    """Runs it; {name, rounds, seconds, load, samples, cpu, work, failed, cases}, as it is kept."""
    start, load = clock(), os.getloadavg()[0]
    samples, cpu, work, failed = {}, {}, dict(bench.work), {}
    open_cases, rounds = list(bench.cases), 0
    while open_cases:
        needed = {side for case in open_cases for side in (case.above, case.below) if side}
        for step in bench.steps:
            if not step.sides & needed:
                continue
            try:
                found = step.run(where)
            except Failed as error:
                failed.update(dict.fromkeys(step.sides, str(error)))
                continue
            for side, got in found.items():
                samples.setdefault(side, []).extend(got["rounds"] if "rounds" in got else [got["seconds"]])
                work.update({side: got["work"]} if "work" in got else {})
                if "cpu" in got:
                    cpu.setdefault(side, []).append(got["cpu"])
        rounds = max([rounds + 1, *map(len, samples.values())])
        open_cases = [case for case in open_cases if case.above not in failed and case.below not in failed]
        if rule.look(rounds):
            open_cases = [case for case in open_cases if not precise(case, samples, work, rule)]
        if rounds >= min(rule.most, bench.most or rule.most) or (rounds >= rule.least and clock() - start >= rule.seconds):
            break
    return {"name": bench.name, "rounds": rounds, "seconds": float(clock() - start), "load": [load, os.getloadavg()[0]], "samples": samples,
            "cpu": cpu, "work": work, "failed": failed,
            "cases": [assess(case, samples, work) for case in bench.cases if case.above not in failed and case.below not in failed],
            "left_out": {case.name: failed.get(case.above) or failed[case.below]
                         for case in bench.cases if case.above in failed or case.below in failed}}
