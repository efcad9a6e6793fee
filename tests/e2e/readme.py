"""The README is true: its files and commands are written out and run, its tables name what is there.

Blocks whose fence says `yaml file=NAME` become that file; `bash tested` and `python tested` are run, in order."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ["POLYSWEEP_SOURCE"])
PROGRAM = Path(os.environ["POLYSWEEP_BUILD"], "polysweep")
README = (ROOT / "README.md").read_text()


def blocks():
    return re.findall(r"^```(\w+) ([^\n]+)\n(.*?)^```", README, flags=re.M | re.S)


def run(command, text):
    """From a file: mpirun would eat the rest of a script that comes through standard input."""
    Path("block").write_text(text)
    done = subprocess.run([*command, "block"], stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=200)
    if done.returncode:
        yield f"{' '.join(command)} ended with {done.returncode} on\n{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def examples():
    for language, mark, text in blocks():
        if mark.startswith("file="):
            Path(mark.removeprefix("file=")).write_text(text)
        elif language == "bash":
            yield from run(["bash", "-e", "-u", "-o", "pipefail", "-x"], text)
        elif language == "python" and mark == "tested":  # others need what tests do not install
            yield from run([sys.executable], text)


def section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README, flags=re.M | re.S)[1]


def columns():
    """The table of columns against a file that a run has just written."""
    import h5py

    rows = [row.split("|")[2] for row in section("The result file").splitlines() if row.startswith("| ")][1:]
    told = set(" ".join(words for row in rows for words in re.findall(r"`([^`]+)`", row)).split())
    with h5py.File("window.h5") as file:
        there = {name for name, item in file.items() if isinstance(item, h5py.Dataset)}
    there -= {"point", "rep", "draw"}
    own = {name for name in there if name == "classes" or name.startswith("predict_")}
    own |= {name for name in there if name.startswith("err_") and name.endswith(("_mean", "_q90"))}
    if told - there - {"predict_*"}:
        yield f"columns of the README that are in no file: {sorted(told - there - {'predict_*'})}"
    if there - told - own:
        yield f"columns that the README does not name: {sorted(there - told - own)}"


def commands():
    text = subprocess.run([PROGRAM, "--help"], text=True, capture_output=True).stdout
    there = set(re.findall(r"^  (\w+) ", text.split("help TOPIC")[0], flags=re.M))
    told = set(re.findall(r"^\| `(\w+)", section("Commands"), flags=re.M))
    if told != there:
        yield f"commands: the README names {sorted(told)}, the program has {sorted(there)}"


def rooms():
    told = re.findall(r"^\| `(\w+)` \|", section("How the house is built"), flags=re.M)
    there = re.findall(r"ROOMS_(?:PURE|MPI) ([^)]+)\)", (ROOT / "CMakeLists.txt").read_text())
    there = [room for room in " ".join(there).split() if any((ROOT / "src" / room).glob("*.c"))]
    if told != there:
        yield f"rooms: the README names {told}, the sources are {there}"


def links():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http") and not (ROOT / target).exists():
            yield f"{target} is not there"
    for page in (ROOT / "README.md", *sorted((ROOT / "analysis/doc").glob("*.md"))):
        for path in re.findall(r"`((?:jobs|tests|src|include|analysis)/[\w./-]*)`", page.read_text()):
            if not (ROOT / path).exists() and not re.search(r"[A-Z]{4}", path):  # WORD stands for one
                yield f"{page.name}: {path} is not there"


def main():
    os.environ["PATH"] = f"{PROGRAM.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        complaints = list(examples()) or list(columns())  # the columns are those of the file that the examples leave
        complaints += [line for check in (commands, rooms, links) for line in check()]
        os.chdir(ROOT)
    print("\n".join(complaints) or f"{len(blocks())} blocks of the README hold")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
