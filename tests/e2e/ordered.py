"""show --sort, --limit, --list-columns: against the same rows sorted here, in every form, as a file and on terminals."""

import csv
import io
import json
import os
import re
import sys
import tempfile
from pathlib import Path

import commands
import terminal
from commands import PROGRAM, check, parse, refused, run

STUDY = """schema: 1
study: ordered
seed: 5
data: {kind: self_attention, preset: W2}
methods: [exact, softmax, closed_form]
grid: {n: [16, 32, 64], d: [10, 18], beta: [2, 4, 8], a_1: {from: 1, to: 1.9, step: 0.1}}
judge: {m: 8, trials: 20}
"""
COLUMNS = "method,n,d,beta,a_1,success_rate,beta_c"


def rows(*options):
    return [json.loads(line) for line in run("show", "ordered.h5", "--columns", COLUMNS, "--jsonl", *options).splitlines()]


def ordered(everything, *keys):
    """Sorted from the last key to the first, each time stable; null is last whatever the direction."""
    for key in reversed(keys):
        name, down = key.lstrip("-"), key.startswith("-")
        known = [row for row in everything if row[name] is not None]
        known.sort(key=lambda row: -row[name] if down else row[name])
        everything = known + [row for row in everything if row[name] is None]
    return everything


def order():
    everything = rows()
    check(len(everything) == 3 * 2 * 10 * (3 + 1 + 3) and any(row["beta"] is None for row in everything), len(everything))
    for keys in (["beta"], ["-beta"], ["-success_rate", "n"], ["d", "-a_1", "beta"], ["-n", "-beta", "a_1", "-d"]):
        for limit in (0, 1, 7, 299, 5000):
            told = rows("--sort", ",".join(keys), *(["--limit", limit] if limit else []))
            check(told == ordered(everything, *keys)[:limit or None], keys, limit, told[:3])
    check(rows("--limit", 9) == everything[:9], "--limit alone")
    some = rows("--where", "n == 64 and beta == 4", "--sort=-a_1", "--limit", 3)
    check([row["a_1"] for row in some] == [1.9, 1.9, 1.9] and {row["n"] for row in some} == {64}, some)
    methods = [row["method"] for row in rows("--sort", "method,n")]
    check([a for a, b in zip(methods, methods[1:]) if a != b] in (["exact", "softmax"], ["softmax", "exact"], ["exact", "closed_form"],
          ["softmax", "closed_form"], ["closed_form", "exact"]), "methods stand together")


def forms():
    options = ["show", "ordered.h5", "--sort", "-success_rate,a_1", "--limit", "5", "--columns", COLUMNS]
    expected = rows("--sort", "-success_rate,a_1", "--limit", 5)
    check(parse(run(*options, "--json"))["rows"] == expected, "--json")
    table = list(csv.DictReader(io.StringIO(run(*options, "--csv"))))
    check([float(row["success_rate"]) for row in table] == [row["success_rate"] for row in expected], "--csv")
    text = run(*options).splitlines()
    check(len(text) == 6 and len({len(line) for line in text}) == 1 and text[0].split() == COLUMNS.split(","), text)
    failed = [json.loads(line) for line in run("show", "failed.h5", "--where", "status == failed", "--sort", "-n", "--limit", "2",
                                               "--columns", "n,status", "--jsonl").splitlines()]
    check([(row["n"], "message" in row) for row in failed] == [(72, True), (64, True)], failed)


def listed():
    text = run("show", "ordered.h5", "--list-columns")
    names = re.findall(r"^(\w+) +\S+ +\S", text, re.M)
    told = parse(run("show", "ordered.h5", "--list-columns", "--json"))["columns"]
    check(names == [column["name"] for column in told] and "predict_mine" not in names and "beta_c" in names, len(names))
    check(max(map(len, text.splitlines())) <= 100, "long lines")
    table = list(csv.DictReader(io.StringIO(run("show", "ordered.h5", "--list-columns", "--csv"))))
    lines = [json.loads(line) for line in run("show", "ordered.h5", "--list-columns", "--jsonl").splitlines()]
    check(table == told and lines == told, "other forms", table[:2], told[:2])


def on_terminals():
    command = [PROGRAM, "show", "ordered.h5", "--limit", "4", "--columns", COLUMNS]
    whole = run(*command[1:])
    for columns in (200, 60, 30, 5):
        code, text = terminal.seen(command, columns, POLYSWEEP_FAULT="")
        lines = text.splitlines()
        shown = lines[0].split()
        check(code == 0 and shown == COLUMNS.split(",")[:len(shown)], columns, lines)
        check(columns == 5 or all(len(line) <= columns for line in lines[:5]), columns, lines)
        left = re.search(r"(\d+) columns do not fit into \d+: ([\w ]+); --columns", text)
        check((left is None) == (len(shown) == 7), columns, text)
        check(not left or (int(left[1]) + len(shown) == 7 and left[2].split() == COLUMNS.split(",")[len(shown):]), columns, text)
    check(terminal.seen(command, 200, POLYSWEEP_FAULT="")[1] == whole, "a wide terminal has the table of a pipe")


def wrong():
    check("did you mean success_rate" in refused("show", "ordered.h5", "--sort", "-sucess_rate"), "nearest")
    check("no column is named" in refused("show", "ordered.h5", "--sort", ""), "none")
    check("not a whole number" in refused("show", "ordered.h5", "--limit", "0"), "0")
    check("own order" in refused("show", "ordered.h5", "--extrap", "--sort", "n"), "--extrap")


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    Path("ordered.yaml").write_text(STUDY)
    run("run", "ordered.yaml", "--quiet")
    Path("failed.yaml").write_text(STUDY.replace("ordered", "failed").replace("16, 32, 64", "64, 72").replace("d: [10, 18]", "d: 10"))
    run("run", "failed.yaml", "--quiet", "--where", "a_1 == 1 and beta == 2 and method == exact", code=1,
        POLYSWEEP_FAULT="compute.point:0:1,compute.point:0:1")
    for part in (order, forms, listed, on_terminals, wrong):
        part()
print(f"{commands.checks} checks, {commands.failed} failed")
sys.exit(commands.failed > 0)
