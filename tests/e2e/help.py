"""What the program says of itself: help of every command, column, key and method; manual pages, completion and the schema of
studies that the build makes of the same tables; studies to start from; and the tables in analysis/doc, which are the same."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import yaml

import commands
from commands import check, refused, run

ROOT = Path(os.environ["POLYSWEEP_SOURCE"])
BUILD = Path(os.environ["POLYSWEEP_BUILD"])


def names_of_columns():
    return [line.split()[0] for line in run("help", "columns").splitlines() if re.match(r"\w", line)]


def lookups():
    names = names_of_columns()
    check(len(names) > 180 and len(set(names)) == len(names), "columns", len(names))
    entries = run("help", "columns", "*").split("\n\n")
    check(len(entries) == len(names) + 1 and entries[-1].startswith("symbols\n"), len(entries))
    for name, entry in zip(names, entries):
        check(entry.startswith(name + "\n"), "help columns", name, entry)
        for label in ("meaning", "unit", "type", "reproducible"):
            check(re.search(rf"^  {label}\b", entry, re.M), name, "has no", label)
    defined = re.findall(r"^PSW_DEFINITION\((\w+)", (ROOT / "src/record/definitions.def").read_text(), re.M)
    shown = [name for name, entry in zip(names, entries) if "\n  definition" in entry]
    check(sorted(shown) == sorted(defined), "definitions of no column:", set(defined) - set(shown))
    margin = run("help", "columns", "margin_d1")
    check("(<o_i, w> - tau) / sqrt(L)" in " ".join(margin.split()), margin)
    check(run("help", "margin_d1") == margin, "help margin_d1 is help columns margin_d1")
    several = run("help", "columns", "margin_d?")
    check("margin_d0\n" in several and "recall_margin" not in several, several)
    check("the nearest is 'margin_d1'" in refused("help", "columns", "margin_d11"), "nearest column")
    check("did you mean columns" in refused("help", "colums"), "nearest topic")
    check("the nearest is 'judge'" in refused("help", "keys", "juge"), "nearest section")
    keys = run("help", "keys", "judge")
    check("judge.trials.until" in keys and "run.team" not in keys, keys)
    check(max(map(len, run("help", "keys").splitlines())) <= 100, "lines of help keys")
    for word in ("scancel JOB", "--signal=USR1", "Requeue=0"):
        check(word in run("help", "slurm"), "help slurm does not say", word)


def listed():
    """Those that the overview lists."""
    overview = run("help").split("polysweep help TOPIC")[0]
    return re.findall(r"^  (\w+)  ", overview, re.M)


def pages():
    """Manual pages: no warning of groff, all options on them."""
    found = listed()
    check({"run", "plan", "init", "show", "pack"} <= set(found), found)
    for command in [None, *found]:
        page = BUILD / "manual" / "man1" / (f"polysweep-{command}.1" if command else "polysweep.1")
        text = page.read_text()
        check(text == run("help", *([command] if command else []), "--man"), page, "is not what the program prints")
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-man", "-ww", "-z", page], capture_output=True, text=True)
            check(done.returncode == 0 and not done.stderr, page, done.stderr)
        if command:
            options = re.findall(r"^  ..  --([\w-]+)", run("help", command).replace("-o,", "  ").replace("-q,", "  "), re.M)
            for option in options:
                check(option.replace("-", "\\-") in text, page, "has no", option)


def completions():
    directory = BUILD / "manual" / "completion"
    script = f"""source {directory}/polysweep.bash
    complete_of() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _polysweep; echo "${{COMPREPLY[*]}}"; }}
    complete_of polysweep pl; complete_of polysweep run --red; complete_of polysweep run --redo ''
    complete_of polysweep help marg; complete_of polysweep help col; complete_of polysweep run st"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    check(done.stdout.splitlines() == ["plan", "--redo", "failed not_needed", "", "columns", ""], done.stdout, done.stderr)
    for shell in ("zsh", "fish"):
        text = (directory / f"polysweep.{shell}").read_text()
        check("not_needed" in text and "max-fails" in text, shell, text[:200])
        if shutil.which(shell):
            done = subprocess.run([shell, "-n", directory / f"polysweep.{shell}"], capture_output=True, text=True)
            check(done.returncode == 0, shell, done.stderr)


def studies():
    """Every study of jobs is one by the schema, as are those of `init`, which can be planned as they are; what is wrong is not."""
    schema = json.loads(run("help", "schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sorted(ROOT.glob("jobs/**/*.yaml")):
        if path.relative_to(ROOT).parts[1] in ("conda", "spack"):  # recipes
            continue
        errors = [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))]
        check(not errors, path, errors)
    kinds = re.findall(r"^  (\w+)  ", run("init"), re.M)
    check(kinds == sorted(path.stem for path in ROOT.glob("jobs/init/*.yaml")), kinds)
    for kind in kinds:
        text = run("init", kind)
        check(text == (ROOT / "jobs" / "init" / f"{kind}.yaml").read_text(), kind)
        run("init", kind, "-o", f"{kind}.yaml")
        check(Path(f"{kind}.yaml").read_text() == text, kind, "-o")
        refused("init", kind, "-o", f"{kind}.yaml")
        run("plan", f"{kind}.yaml", "--ranks", 4, "--no-inputs")
        check(yaml.safe_load(text)["study"] == kind, kind, "is named otherwise")
    check("the nearest is 'phase'" in refused("init", "phse"), "nearest kind")
    for wrong in ({"schema": 1, "gird": {}}, {"schema": 1, "data": {"kind": "self"}}, {"schema": 2},
                  {"schema": 1, "methods": [{"exact": {"r": 3}}]}, {"schema": 1, "run": {"threads": "two"}},
                  {"schema": 1, "grid": {"n": {"from": 1, "upto": 3}}}, {"schema": 1, "search": {}}):
        check(not validator.is_valid(wrong), "the schema accepts", wrong)


def citation():
    """BibTeX of the program is the README's, and CITATION.cff says the same."""
    told = run("--citation")
    for again in (run("run", "--citation"), run("help", "citation").split("\n\n", 1)[1],
                  re.search(r"^```bibtex\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)[1]):
        check(again == told, "BibTeX:", again, told)
    cited = yaml.safe_load((ROOT / "analysis" / "CITATION.cff").read_text())
    paper, = cited["references"]
    check({"cff-version", "message", "title", "authors"} <= set(cited) and cited["cff-version"] == "1.2.0", "keys of CITATION.cff", cited)
    check({"type", "title", "authors"} <= set(paper), "keys of a reference", paper)
    check(f"polysweep {cited['version']}" == run("--version").splitlines()[0], "version of CITATION.cff", cited["version"])
    authors = " and ".join(f"{author['family-names']}, {author['given-names']}" for author in paper["authors"])
    for word in (cited["title"], cited["authors"][0]["name"], cited["version"], cited["license"],
                 paper["title"], authors, paper["year"], paper["identifiers"][0]["value"].removeprefix("arXiv:")):
        check(f"{{{word}}}" in told, word, "is not in", told)
    check("citation" in run("help", "show") and "citation" in run("help", "completion", "bash"), "help of --citation")


def tables():
    """analysis/doc has the tables of the program."""
    for name in ("columns", "keys", "methods"):
        path = ROOT / "analysis" / "doc" / f"{name}.md"
        check(run("help", name, "--markdown") in path.read_text(),
              f"{path}: not the program's; polysweep help {name} --markdown prints it")


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    lookups()
    pages()
    completions()
    studies()
    citation()
    tables()
print(f"{commands.checks} checks, {commands.failed} failed")
sys.exit(commands.failed > 0)
