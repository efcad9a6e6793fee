"""Runs as JSON: written, checked, compared with each other, and shown as tables of Markdown."""
from __future__ import annotations

import json
import math
import os
import pathlib
import statistics

import numpy as np

import rounds
from cases import FAMILIES

SCHEMA = 1
PARTS = {"date": str, "commit": str, "changed": bool, "quick": bool, "target": str, "seconds": float, "machine": dict, "programs": dict,
         "peers": dict, "environment": dict, "benches": list}
BENCH = {"name": str, "rounds": int, "seconds": float, "load": list, "samples": dict, "cpu": dict, "work": dict, "failed": dict,
         "cases": list, "left_out": dict}


#: in what two runs are alike if their ratios are to agree
LIKE = {"processor": lambda run: run["machine"]["processor"]["model"], "target": lambda run: run["target"], "quick": lambda run: run["quick"]}


class Unreadable(Exception):
    """A file is no run of this tool; the text says why."""


def folder():
    """Where runs are kept by default: the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(cache):  # as its specification wants
        cache = os.path.expanduser("~/.cache")
    return pathlib.Path(cache) / "polysweep" / "bench"


def json_numbers(value):
    """With null for what is no number in JSON: NaN, of a case without an interval."""
    if isinstance(value, dict):
        return {name: json_numbers(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_numbers(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write(run, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(json.dumps(json_numbers(run), indent=1, default=str, allow_nan=False) + "\n")
    unfinished.replace(path)


def read(path):
    """A run, checked: its parts are there, and its cases are what its samples give."""
    try:
        run = json.loads(pathlib.Path(path).read_text())
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise Unreadable(f"{path}: {error}") from None
    if not isinstance(run, dict) or run.get("polysweep_bench") != SCHEMA:
        raise Unreadable(f"{path}: no run of run.py, version {SCHEMA}")
    for name, kind in PARTS.items():
        if not isinstance(run.get(name), kind):
            raise Unreadable(f"{path}: {name} is missing or no {kind.__name__}")
    for bench in run["benches"]:
        for name, kind in BENCH.items():
            if not isinstance(bench, dict) or not isinstance(bench.get(name), kind):
                raise Unreadable(f"{path}: a bench without {name}")
        for case in bench["cases"]:
            case.update({x: math.nan for x in ("value", "lo", "hi") if case[x] is None})
            again = rounds.assess(case_of(case), bench["samples"], bench["work"])
            if not np.allclose([case[x] for x in ("value", "lo", "hi")], [again[x] for x in ("value", "lo", "hi")], rtol=1e-9,
                               equal_nan=True):
                raise Unreadable(f"{path}: {case['name']} is not what its samples give")
    return run


def case_of(case):
    required = tuple(case["required"]) if case["required"] else None
    return rounds.Case(case["name"], case["kind"], case["above"], case["below"], required, case["unit"], case.get("more", False))


def last(place, run, besides=None):
    """The newest run in a folder that is like this one (processor, vectors, quick or not), None if there is none. Names begin with
    the date; what cannot be read is passed over."""
    def like(path):
        try:
            other = read(path)
        except Unreadable:
            return False
        return all(get(run) == get(other) for get in LIKE.values())

    found = sorted(pathlib.Path(place).glob("*.json"), reverse=True) if pathlib.Path(place).is_dir() else []
    return next((path for path in found if not (besides and path.samefile(besides)) and like(path)), None)


def cases_of(run):
    return {case["name"]: case for bench in run["benches"] for case in bench["cases"]}


def left_out(run):
    return {name: why for bench in run["benches"] for name, why in bench["left_out"].items()}


def better(case):
    """Whether more is better: rates, and another's seconds over ours."""
    return case["kind"] == "rate" or bool(case.get("more")) or bool(case["required"] and case["required"][0] == ">=")


def compare(new, old):
    """(word, case, old case) of every case of both: "faster" or "slower" where the two 95 % intervals have nothing in common,
    "as before" where they have, "no interval" where one has none."""
    before = cases_of(old)
    for name, case in cases_of(new).items():
        if name not in before:
            continue
        other = before[name]
        if not (case["lo"] <= case["hi"] and other["lo"] <= other["hi"]):
            word = "no interval"
        elif case["lo"] > other["hi"]:
            word = "faster" if better(case) else "slower"
        elif case["hi"] < other["lo"]:
            word = "slower" if better(case) else "faster"
        else:
            word = "as before"
        yield word, case, other


def differences(new, old):
    """Lines on the comparison: first what keeps two runs from being comparable, then what changed, then how many did not."""
    for what, get in LIKE.items():
        if get(new) != get(old):
            yield f"note: {what} was {get(old)}, is {get(new)}: ratios need not agree"
    for name, about in new["peers"].items():
        if old["peers"].get(name, about) != about:
            yield f"note: {name} was {show_about(old['peers'][name])}, is {show_about(about)}: a ratio may have changed on its side"
    found = list(compare(new, old))
    for wanted in ("slower", "faster"):
        for word, case, other in found:
            if word == wanted:
                yield f"{word:8} {case['name']:48} {interval(other)} -> {interval(case)}{moved(case, other)}"
    counts = {word: sum(found_word == word for found_word, *_ in found) for word in ("slower", "faster", "as before", "no interval")}
    yield f"of {len(found)} cases of both runs: " + ", ".join(f"{count} {word}" for word, count in counts.items())


def moved(case, other):
    """Both sides' rates, old and new: which of them it was."""
    both = [side for side in case["rates"] if side in other["rates"]]
    return "".join(f"; {side} {other['rates'][side]:.4g} -> {case['rates'][side]:.4g}" for side in both)


def show_about(about):
    return about if isinstance(about, str) else ", ".join(f"{value}" for value in about.values())


def interval(case):
    return f"{case['value']:.3g} ({case['lo']:.3g} .. {case['hi']:.3g})"


def line(case):
    """One case for people."""
    must = f"{case['required'][0]} {case['required'][1]:g} {case['verdict'] or 'no interval'}" if case["required"] else ""
    rates = " against ".join(f"{rate:.4g}" for rate in case["rates"].values())
    unit = f" {case['unit']}" if case["kind"] == "figure" else ""
    return f"{case['name']:48} {interval(case) + unit:30} {must:16} {case['rounds']:3} rounds{'; 1e9/s: ' + rates if rates else ''}"


# ---- Markdown ----

ROWS = (("exact β = 4", "exact-openblas", "above"), ("exact β = 3.5", "real", "above"), ("softmax", "softmax-torch", "above"),
        ("PyTorch, fused softmax attention", "softmax-torch", "below"), ("PyTorch, plain z⁴", "exact-torch", "below"),
        ("PyTorch, compiled flex attention, z⁴", "exact-flex", "below"), ("JAX, compiled z⁴", "exact-jax", "below"),
        ("JAX, compiled softmax", "softmax-jax", "below"), ("numpy's OpenBLAS, 1024³", "exact-openblas", "below"),
        ("multiply-adds in registers", "exact-peak", "below"))


def table(run):
    """Lines of Markdown for analysis/doc/benchmarks.md: rates of one shape, then every family with what must hold."""
    found = cases_of(run)
    where = run["machine"]["processor"]
    yield f"One core of {where['model']} ({named_vectors(where['vectors'])}; kernels {run['target']}), {run['date'][:10]}, commit {run['commit']}: "
    yield f"{', '.join(f'{name} {show_about(about)}' for name, about in run['peers'].items() if not isinstance(about, str))}."
    yield from rate_table(found)
    yield ""
    yield "| what | median of ratios (95 %) | must hold |"
    yield "|---|---|---|"
    for family, words in FAMILIES.items():
        yield from family_rows(words, [case for name, case in found.items() if name.split("/")[0] == family])


def named_vectors(flags):
    for flag, name in (("avx512f", "AVX-512"), ("avx2", "AVX2"), ("asimd", "NEON")):
        if flag in flags:
            return name
    return "no vectors known"


def rate_table(found):
    shape = next((name.split("/")[1].rsplit("-", 2)[0] for name in found if name.startswith("exact-openblas/")), None)
    if shape is None:
        return
    columns = [f"{precision}-{mask}" for precision in ("fp32", "fp64") for mask in ("full", "causal")]
    yield ""
    yield f"| GF/s, {shape.replace('-', ', ')} | " + " | ".join(column.replace("-", " ") for column in columns) + " |"
    yield "|---|---|---|---|---|"
    for words, family, side in ROWS:
        cells = [rate_of(found.get(f"{family}/{shape}-{column}"), side) for column in columns]
        if any(cells):
            yield f"| {words} | " + " | ".join(cell or "–" for cell in cells) + " |"


def rate_of(case, side):
    rate = case and case["rates"].get(case[side])
    return f"{rate:.1f}" if rate else ""


def family_rows(words, cases):
    """A figure has a row of its own; of ratios, a row with the least and the greatest median, and what does not hold."""
    if not cases:
        return
    if cases[0]["kind"] == "figure":
        for case in cases:
            yield f"| {words}: {shape_of(case)} | {interval(case)} {case['unit']} | {must([case])} |"
        return
    by_value = sorted(cases, key=lambda case: case["value"])
    ends = [interval(case) for case in (by_value[:1] if len(cases) == 1 else (by_value[0], by_value[-1]))]
    count = f", least and most of {len(cases)}" if len(cases) > 1 else f", {shape_of(cases[0])}"
    yield f"| {words}{count} | {' … '.join(ends)} | {must(cases)} |"


def shape_of(case):
    return case["name"].split("/")[1].replace("-", " ")


def must(cases):
    """What those have to hold that have to: all do, or which do not."""
    asked = [case for case in cases if case["required"]]
    if not asked:
        return ""
    sign = "≥" if asked[0]["required"][0] == ">=" else "≤"
    others = [f"{shape_of(case)} {case['verdict'] or 'no interval'}" for case in asked if case["verdict"] != "holds"]
    held = len(asked) - len(others)
    said = "holds" if len(asked) == 1 and held else f"{held} of {len(asked)} hold"
    if len(cases) == 1 and others:
        return f"{sign} {asked[0]['required'][1]:g}: {asked[0]['verdict'] or 'no interval'}"
    return f"{sign} {asked[0]['required'][1]:g}: {said}" + (f"; {', '.join(others)}" if others else "")


def disturbed(run):
    """The share of peers' wall seconds in which their processor time stood still: other processes on the core, or sleep."""
    shares = [1 - sum(map(sum, cpu)) / sum(map(sum, bench["samples"][side])) for bench in run["benches"]
              for side, cpu in bench["cpu"].items() if side in ("numpy 1024^3", "peak")]
    return statistics.median(shares) if shares else 0.0
