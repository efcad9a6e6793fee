"""The manual is true: the blocks of the README and of every guide in analysis/doc are written out and run, its tables name what is
there, its links lead somewhere.

Blocks whose fence says `yaml file=NAME` become that file; `bash tested` and `python tested` are run, in order, page by page as the
index lists them. In `console tested` a line `$ COMMAND` is run and must print what stands below it; `...` stands for any lines."""

import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(os.environ["POLYSWEEP_SOURCE"])
PROGRAM = Path(os.environ["POLYSWEEP_BUILD"], "polysweep")
DOC = ROOT / "analysis" / "doc"
LONGEST = 250  # lines of the README
HEAVIEST = 150_000  # bytes of a picture in it


def pages():
    """README first, then the guides in the order of the index."""
    listed = re.findall(r"\]\(([\w-]+\.md)", (DOC / "README.md").read_text())
    return [ROOT / "README.md", DOC / "README.md", *(DOC / name for name in dict.fromkeys(listed))]


def text_of(page):
    """Without what is inside of fences, which links and headings are not."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)


# ---- blocks ----


def blocks(page):
    return re.findall(r"^```(\w+) ([^\n]+)\n(.*?)^```", page.read_text(), flags=re.M | re.S)


def started(command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True, capture_output=True, timeout=200)


def run(command, text):
    """From a file: mpirun would eat the rest of a script that comes through standard input."""
    Path("block").write_text(text)
    done = started([*command, "block"])
    if done.returncode:
        yield f"{' '.join(command)} ended with {done.returncode} on\n{text}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def bare(text):
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def console(text):
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, flags=re.M):
        done = started(["bash", "-c", command])
        wanted = re.escape(bare(expected)).replace(r"\.\.\.", "(?s:.*?)")
        if done.returncode or not re.fullmatch(wanted, bare(done.stdout)):
            yield f"{command}\nended with {done.returncode} and printed\n{done.stdout}{done.stderr[-2000:]}not\n{expected}"


def examples(page):
    for language, mark, text in blocks(page):
        if mark.startswith("file="):
            Path(mark.removeprefix("file=")).write_text(text)
        elif language == "console":
            yield from console(text)
        elif language == "bash":
            yield from run(["bash", "-e", "-u", "-o", "pipefail", "-x"], text)
        elif language == "python" and mark == "tested":  # others need what tests do not install
            yield from run([sys.executable], text)


# ---- tables ----


def section(page, title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", page.read_text(), flags=re.M | re.S)[1]


def columns():
    """The table of columns against a file that a run has just written."""
    import h5py

    rows = [row.split("|")[2] for row in section(DOC / "file-format.md", "Columns").splitlines() if row.startswith("| ")][1:]
    told = set(" ".join(words for row in rows for words in re.findall(r"`([^`]+)`", row)).split())
    with h5py.File("window.h5") as file:
        there = {name for name, item in file.items() if isinstance(item, h5py.Dataset)}
    there -= {"point", "rep", "draw"}
    own = {name for name in there if name == "classes" or name.startswith("predict_")}
    own |= {name for name in there if name.startswith("err_") and name.endswith(("_mean", "_q90"))}
    if told - there - {"predict_*"}:
        yield f"columns of the manual that are in no file: {sorted(told - there - {'predict_*'})}"
    if there - told - own:
        yield f"columns that the manual does not name: {sorted(there - told - own)}"


def commands():
    text = subprocess.run([PROGRAM, "--help"], text=True, capture_output=True).stdout
    there = set(re.findall(r"^  (\w+) ", text.split("help TOPIC")[0], flags=re.M))
    told = set(re.findall(r"^\| `(\w+)", section(ROOT / "README.md", "Commands"), flags=re.M))
    if told != there:
        yield f"commands: the README names {sorted(told)}, the program has {sorted(there)}"


def codes():
    text = subprocess.run([PROGRAM, "help", "codes"], text=True, capture_output=True).stdout
    there = re.findall(r"^ +(\d+)  ", text, flags=re.M)
    told = re.findall(r"^\| (\d+) \|", section(DOC / "running.md", "Exit codes"), flags=re.M)
    if told != there:
        yield f"exit codes: the manual has {told}, the program {there}"


def rooms():
    told = re.findall(r"^\| `(\w+)` \| ", section(DOC / "contributing.md", "Rooms"), flags=re.M)
    there = re.findall(r"ROOMS_(?:PURE|MPI) ([^)]+)\)", (ROOT / "CMakeLists.txt").read_text())
    there = [room for room in " ".join(there).split() if any((ROOT / "src" / room).glob("*.c"))]
    if told != there:
        yield f"rooms: the manual names {told}, the sources are {there}"


def help_of(*words):
    return started([PROGRAM, "help", *words])


def options(page):
    """Every `polysweep COMMAND --OPTION` of the page, also in blocks that are not run, is one of the program's."""
    for command, rest in re.findall(r"polysweep ([a-z]+)\b([^`\n#|>&;()]*)", page.read_text().replace("\\\n", " ")):
        told = help_of(*(rest.replace("'", "").split()[:2] if command == "help" else [command]))
        if command == "help" and told.returncode and not re.search(r"[A-Z]{3}", rest):
            yield f"{page.name}: polysweep help{rest.rstrip()}: {told.stderr.strip()}"
        for option in re.findall(r"(?<![\w-])--([a-z][a-z-]*)", rest if command != "help" and told.returncode == 0 else ""):
            if not re.search(rf"--{option}\b", told.stdout):
                yield f"{page.name}: polysweep {command} has no --{option}"


def functions(page):
    """What the page calls polysweep.NAME is in the package."""
    for path in sorted(set(re.findall(r"\bpolysweep\.(?!sif\b)([a-zA-Z_]\w*(?:\.[a-z]\w*)?)\(?", text_of(page)))):
        try:
            pkgutil.resolve_name(f"polysweep:{path}")
        except (AttributeError, ImportError) as error:
            yield f"{page.name}: polysweep.{path}: {error}"


# ---- links ----


def anchors(page):
    """As GitHub makes them of headings."""
    heads = [re.sub(r"[*`]|\[|\]\([^)]*\)", "", head) for head in re.findall(r"^#+ (.*)$", text_of(page), flags=re.M)]
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def links(page):
    for name, place in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", text_of(page)):
        if name.startswith("http"):
            continue
        target = (page.parent / name).resolve() if name else page
        if not target.exists():
            yield f"{page.name}: {name} is not there"
        elif place and place not in anchors(target):
            yield f"{page.name}: {name}#{place}: there is no such heading"
        elif target.suffix == ".png" and target.stat().st_size > HEAVIEST:
            yield f"{page.name}: {name} has {target.stat().st_size} bytes, more than {HEAVIEST}"
    for path in re.findall(r"`((?:jobs|tests|src|include|analysis)/[\w./-]*)`", page.read_text()):
        if not (ROOT / path).exists() and not re.search(r"[A-Z]{4}", path):  # WORD stands for one
            yield f"{page.name}: {path} is not there"


def whole():
    """Every guide is in the index, every picture says what is seen, the README is short."""
    left = {path.name for path in DOC.glob("*.md")} - {page.name for page in pages()}
    if left:
        yield f"analysis/doc/README.md does not list {sorted(left)}"
    lines = len((ROOT / "README.md").read_text().splitlines())
    if lines > LONGEST:
        yield f"README.md has {lines} lines, more than {LONGEST}"
    for page in pages():
        yield from (f"{page.name}: a picture without words: {path}" for path in re.findall(r"!\[\]\(([^)]*)\)", text_of(page)))


def main():
    os.environ["PATH"] = f"{PROGRAM.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        complaints = [line for page in pages() for line in examples(page)] or list(columns())  # of the file that the examples leave
        complaints += [line for check in (commands, codes, rooms, whole) for line in check()]
        complaints += [line for page in pages() for check in (options, functions, links) for line in check(page)]
        os.chdir(ROOT)
    print("\n".join(complaints) or f"{sum(len(blocks(page)) for page in pages())} blocks of {len(pages())} pages hold")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
