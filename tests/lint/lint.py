"""The rules of the house that a compiler does not check. Each check yields complaints "file: what".

    python tests/lint/lint.py [SOURCE]
"""

import os
import re
import statistics
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


def rooms_of(root):
    """The rooms in their order, from the two lists of CMakeLists.txt: pure ones, then those that may use MPI."""
    text = (root / "CMakeLists.txt").read_text()
    pure, mpi = (re.search(rf"set\({name} ([^)#]+)\)", text)[1].split() for name in ("ROOMS_PURE", "ROOMS_MPI"))
    return pure, mpi


def bare(text):
    """C without comments and the insides of strings; lines keep their numbers."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        word = match[0]
        return "\n" * word.count("\n") if word.startswith("/") else word[0] + word[-1]

    return re.sub(pattern, blank, text, flags=re.S)


class Unit:
    """A C file of the house and the room it belongs to."""

    def __init__(self, root, path):
        self.name = path.relative_to(root).as_posix()
        self.text = path.read_text()
        self.code = bare(self.text)
        if self.name.startswith("src/"):
            self.room = self.name.split("/")[1]
        else:  # a header says in its first line whose it is
            first = re.match(r"/\* (\w+):", self.text)
            self.room = first[1] if first else None

    def includes(self):
        return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', self.text, flags=re.M)

    def lines_with(self, pattern):
        return [f"{self.name}:{n}" for n, line in enumerate(self.code.splitlines(), 1) if re.search(pattern, line)]


def units_of(root):
    paths = [*root.glob("include/polysweep/*.h"), *root.glob("src/*/*.c"), *root.glob("src/*/*.h")]
    return [Unit(root, path) for path in sorted(paths)]


def check_rooms(root):
    """Folders, headers and CMakeLists.txt name the same rooms."""
    pure, mpi = rooms_of(root)
    for folder in sorted(path.name for path in root.glob("src/*") if path.is_dir()):
        if folder not in pure + mpi:
            yield f"src/{folder}: not a room of CMakeLists.txt"
    for unit in units_of(root):
        if unit.room not in pure + mpi:
            yield f'{unit.name}: its first line does not say which room it is of ("/* room: ...")'


def check_includes(root):
    """A room includes only itself and what stands above it; private headers stay inside their room."""
    pure, mpi = rooms_of(root)
    order = {room: place for place, room in enumerate(pure + mpi)}
    units = units_of(root)
    room_of_header = {u.name.removeprefix("include/"): u.room for u in units if u.name.startswith("include/")}
    for unit in units:
        for header in unit.includes():
            if header in room_of_header:
                if order.get(room_of_header[header], -1) > order.get(unit.room, -1):
                    yield f"{unit.name}: {unit.room} includes {header}, which stands below it"
            elif header.split("/")[0] in order and header.split("/")[0] != unit.room:
                yield f"{unit.name}: includes {header}, private to another room"


# what | where it may stand
FENCES = [
    (r"\bcblas_\w+\s*\(|\bCBLAS_", "BLAS", ["include/polysweep/real.h"]),
    (r"\bH5[A-Z]{1,2}\w*\s*\(|\bhid_t\b", "HDF5", ["src/store/"]),
    (r"\bclock_gettime\b|\bMPI_Wtime\b|\bgettimeofday\b|\bclock\s*\(|\btime\s*\(|\btimespec_get\b", "the clock",
     ["src/measure/"]),
    (r"\bassert\s*\(|\b_?exit\s*\(|\b_Exit\s*\(|\bquick_exit\s*\(|\babort\s*\(", "the end of the program",
     ["src/cmd/main.c", "src/store/guard.c", "src/measure/room.c"]),
    (r"\bprintf\s*\(|\bv?fprintf\s*\(\s*std(?:out|err)|\bf?puts\s*\([^;]*\bstd(?:out|err)|\bputs\s*\(",
     "output for people without psw_print", ["src/base/standing.c", "src/base/status.c"]),
    (r"\b_mm\d*_\w+\s*\(|\bv\w+q_\w*f(?:32|64)\s*\(", "intrinsics", ["include/polysweep/lanes.h"]),
]
FENCED_HEADERS = {"cblas.h": ["include/polysweep/real.h"], "hdf5.h": ["src/store/"], "hdf5_hl.h": ["src/store/"],
                  "assert.h": [], "immintrin.h": ["include/polysweep/lanes.h"], "arm_neon.h": ["include/polysweep/lanes.h"]}


def check_fences(root):
    """Libraries and calls that only one place may touch."""
    pure, _ = rooms_of(root)
    for unit in units_of(root):
        for pattern, what, places in FENCES:
            if not unit.name.startswith(tuple(places)):
                for line in unit.lines_with(pattern):
                    yield f"{line}: {what} outside {' '.join(places)}"
        for header in unit.includes():
            if header in FENCED_HEADERS and not unit.name.startswith(tuple(FENCED_HEADERS[header])):
                yield f"{unit.name}: includes {header}"
        if unit.room in pure and ("mpi.h" in unit.includes() or unit.lines_with(r"\bMPI_\w")):
            yield f"{unit.name}: MPI in a room above comm"


MUTABLE_STATE = {
    "src/base/standing.c": "what stands on stderr, where everything that is printed there must know it",
    "src/base/status.c": "the message slot, injected faults",
    "src/sweep/stop.c": "what a signal handler can write to",
    "src/base/targets.c": "the chosen target: the same at every question",
    "src/store/house.c": "a table filled once from the columns",
    "src/theory/edges.c": "the edges of the last cases: what is remembered is what would be computed",
}


def check_state(root):
    """No variables that outlive a call, but where MUTABLE_STATE says why."""
    kept = r"^\s*static\s+(?!const\b|inline\b)[^(]*(?:=|;)|^\w[\w \*]*\b\w+(?:\[\w*\])*\s*(?:;|=[^=])"
    other = re.compile(r"^\s*(?:static\s+)?(?:const|typedef|extern|return|struct|enum|union|goto)\b"
                       r"|\bconst\s+\w+(?:\[\w*\])*\s*=")
    for unit in units_of(root):
        for n, line in enumerate(unit.code.splitlines(), 1):
            if unit.name not in MUTABLE_STATE and re.search(kept, line) and not other.search(line):
                yield f"{unit.name}:{n}: state that outlives a call: {line.strip()}"


def check_sites(root):
    """The sites of injected faults are those that src/base/status.c lists."""
    table = root / "src/base/status.c"
    listed = re.search(r"\bsites\[\] = {([^}]*)}", table.read_text() if table.exists() else "")
    listed = set(re.findall(r'"([^"]+)"', listed[1] if listed else ""))
    used = {site: unit.name for unit in units_of(root)
            for site in re.findall(r'\bpsw_fault\("([^"]+)"\)', (root / unit.name).read_text())}
    for site in sorted(set(used) - listed):
        yield f"{used[site]}: fault site {site} is not in the list of src/base/status.c"
    for site in sorted(listed - set(used)):
        yield f"src/base/status.c: lists the fault site {site}, which is nowhere"


def check_registered(root):
    """Every test is in a list; a script may also be a helper that another one of its folder names."""
    tests = root / "tests"
    lists = "\n".join(path.read_text() for path in tests.glob("*.cmake"))
    listed = set(re.findall(r"[\w./-]+\.(?:c|sh|py)\b", lists))
    files = [path for kind in ("c", "sh", "py") for path in tests.glob(f"*/*.{kind}")]
    for path in sorted(files):
        name = path.relative_to(tests).as_posix()
        neighbours = [other for other in files if other.parent == path.parent and other != path]
        helper = any(re.search(rf"\b{re.escape(path.stem)}\b", other.read_text()) for other in neighbours)
        if name not in listed and not (helper and path.suffix != ".c"):
            yield f"tests/{name}: in no list of tests (tests/*.cmake)"
    for name in sorted(listed):
        if not (tests / name).exists():
            yield f"tests/*.cmake: lists {name}, which is not there"


def functions_of(unit):
    """(name, lines) of each function: its brace opens and closes in the first column, or it is one line."""
    lines = unit.code.splitlines()
    start = None
    for n, line in enumerate(lines):
        one_line = re.match(r"\w[^=;#]*?(\w+)\([^{;]*\)\s*\{.*\}$", line)
        if one_line:
            yield one_line[1], 1
        elif line == "{":
            start = n
            while start > 0 and re.match(r"[\w\s*(]", lines[start - 1]) and not lines[start - 1].endswith((";", "}")):
                start -= 1
            name = re.search(r"(\w+)\s*\(", " ".join(lines[start:n]))
        elif line == "}" and start is not None:
            yield (name[1] if name else "?"), n - start + 1
            start = None


def check_lengths(root, report=None):
    """Functions: median at most 15 lines, nine in ten at most 45. Files at most 450."""
    found = sorted(((lines, name, unit.name) for unit in units_of(root) for name, lines in functions_of(unit)),
                   reverse=True)
    if found:
        lengths = [lines for lines, _, _ in found]
        median, long = statistics.median(lengths), sum(lines > 45 for lines in lengths)
        if report:
            print(f"{len(found)} functions, median {median:g} lines, {long} above 45; longest:", file=report)
            for lines, name, file in found[:5]:
                print(f"  {lines:4d} {name} ({file})", file=report)
        if median > 15:
            yield f"src: the median function has {median:g} lines, more than 15"
        if long > 0.1 * len(found):
            yield f"src: {long} of {len(found)} functions have more than 45 lines"
    for path in sorted(files_of(root, (".c", ".h", ".py", ".sh", ".cmake"))):
        count = len(path.read_text().splitlines())
        if count > 450:
            yield f"{path.relative_to(root)}: {count} lines; two ideas, perhaps"


FOR_TESTS = {  # what only tests call or read
    "attend": "a whole attention on one rank, what teams are compared with",
    "psw_split_depths": "of splits without runs",
    "psw_split_teams": "of splits without runs",
    "sketch_tensorsketch_import": "tables of another program",
    "psw_theory_masses": "the masses of the closed form, which brute force is held against",
    "special_class": "one of them",
    "special_other": "one of them",
    "own_class": "one of them",
    "other_class": "one of them",
    "leak_same": "one of them",
    "leak_other": "one of them",
}


def offered_by(header):
    """Functions that a header declares, and members of its structs."""
    for line in header.code.splitlines():
        found = re.match(r"(?!typedef|static|extern|return)\w[\w\s*]*?\b(?:PSW_PRECISION_NAME\()?(\w+)\)?\(", line)
        if found and "{" not in line:
            yield found[1], "function", "is called"
    without_enums = re.sub(r"\benum\s*\w*\s*\{[^}]*\}", "", header.code)
    for body in re.findall(r"\bstruct\s*\w*\s*\{((?:[^{}]|\{[^{}]*\})*)\}", without_enums):
        for member in body.split(";"):
            pointer = re.search(r"\(\*(\w+)\)", member)
            names = [pointer[1]] if pointer else re.findall(r"\b(\w+)(?:\[[^\]]*\])*\s*(?=,|$)", member.strip())
            for name in names:
                yield name, "member", "is read"


def called_in(code):
    """Words inside of functions, tables and macros: declarations and definitions begin in the first column."""
    for line in code.splitlines():
        if line.startswith("#"):
            line = re.sub(r"^#define \w+\([^)]*\)|^#.*", "", line)
        elif not line[:1].isspace():
            line = (re.split("[{=]", line, maxsplit=1) + [""])[1]
        yield from re.findall(r"\w+", line)


def check_used(root):
    """What headers offer is used by the program, not only by tests."""
    units = units_of(root)
    code = "\n".join(unit.code for unit in units)
    tables = "\n".join(table.read_text() for table in root.glob("src/*/*.def"))
    read = re.findall(r"(?:\.|->)(\w+)\b(?!\s*=[^=])|\b(?:AT|offsetof)\([^()]*?(\w+)\)", code)
    used = {"function": set(called_in(code)),
            "member": {a or b for a, b in read} | set(re.findall(r"\w+", tables))}
    for unit in units:
        for name, kind, what in offered_by(unit) if unit.name.endswith(".h") else ():
            if name not in used[kind] and name not in FOR_TESTS:
                yield f"{unit.name}: the {kind} {name} {what} nowhere in src"


THEIRS = {"random123"}  #: folders of others' sources, shipped unchanged


def files_of(root, endings):
    for top in ("src", "include", "tests", "jobs", "analysis"):
        for folder, folders, names in os.walk(root / top):
            folders[:] = [name for name in folders if not name.startswith((".", "build", "__pycache__")) and name not in THEIRS]
            for name in names:
                if name.endswith(endings):
                    yield Path(folder) / name


def check_words(root):
    """Nothing is left for later in the sources."""
    later = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
    for path in sorted(files_of(root, (".c", ".h", ".py", ".sh", ".cmake", ".yaml"))):
        for n, line in enumerate(path.read_text().splitlines(), 1):
            if later.search(line):
                yield f"{path.relative_to(root)}:{n}: {later.search(line)[0]}"


CHECKS = [check_rooms, check_includes, check_fences, check_state, check_sites, check_registered, check_lengths, check_used,
          check_words]


def main():
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SOURCE
    complaints = []
    for check in CHECKS:
        complaints += check(root, sys.stdout) if check is check_lengths else check(root)
    print("\n".join(complaints) or "no complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
