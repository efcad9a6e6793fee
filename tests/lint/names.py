"""Names, signatures and white space: what types, symbols and files may be called, and how they stand to each other.

    python tests/lint/names.py [SOURCE]
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from lint import SOURCE, files_of, functions_of, units_of

CLANG_FORMAT = "14.0.6"  #: another version lays some lines out otherwise

#: functions with more than six parameters, and why they have them
WIDE = {
    "psw_gemm": "the product of every BLAS: two factors, two scalars, a result",
    "tile_kernel": "the register tile of products: pointers, strides and the shape of one panel",
    **dict.fromkeys(("few_narrow", "few_wide", "many_narrow", "many_wide", "one_narrow", "one_wide", "product_edge"),
                    "calls the register tile for one shape of panel"),
}

#: pairs of files of one room that call each other, and why
CIRCLES = {
    ("src/attend/rows_select_real.c", "src/attend/rows_tile_real.c"): "keys are selected by scores, and weighed if selected",
    ("src/attend/states_layout_real.c", "src/attend/states_team_real.c"): "a team's memory is part of the layout",
    ("src/data/arrays.c", "src/data/load.c"): "what opens a file of heads, and what its formats fill in",
    ("src/data/arrays.c", "src/data/npy.c"): "one of these formats",
    ("src/data/arrays.c", "src/data/safetensors.c"): "one of these formats",
    ("src/dist/pass.c", "src/dist/rows.c"): "a pass over rows, and the transfers that both kinds of pass have",
    ("src/dist/pass.c", "src/dist/scan.c"): "a pass over states, and the same transfers",
    ("src/judge/errors.c", "src/judge/errors_theory.c"): "errors have their variance, which is about the same sums",
    ("src/judge/errors_exact.c", "src/judge/errors_theory.c"): "and about the same norms",
    ("src/spec/declare.c", "src/spec/formula.c"): "a formula declares its parameter",
    ("src/spec/declare.c", "src/spec/shape.c"): "a section declares its axes",
    ("src/spec/include.c", "src/spec/shape.c"): "methods may be left out where include has all points",
    ("src/spec/grid.c", "src/spec/slots.c"): "a block knows its indices, slots number those that exist",
    ("src/store/inventory.c", "src/store/reader.c"): "a child process takes the inventory of what the reader opens",
    ("src/store/place.c", "src/store/rows.c"): "a layout has the sizes of its rows, which have the layout's points",
    ("src/store/place.c", "src/store/samples.c"): "the same of samples",
    ("src/theory/causal.c", "src/theory/firing.c"): "firing asks the mask, and both have the limits of a data set",
}


def room_of(unit):
    return unit.name.split("/")[1] if unit.name.startswith("src/") else None


def types_of(code):
    """Names that a file gives to types."""
    yield from re.findall(r"^typedef (?:struct|enum|union) \w+ (\w+);", code, flags=re.M)
    yield from re.findall(r"^typedef (?:struct|enum|union)(?: \w+)? \{(?:[^\n]*\}|\n.*?^\}) (\w+);", code, flags=re.M | re.S)
    yield from re.findall(r"^typedef (?!struct|enum|union)[^;{(]*?(\w+)(?: __attribute__[^;]*)?;", code, flags=re.M)
    yield from re.findall(r"^typedef [^;{]*?\(\*(\w+)\)\(", code, flags=re.M)
    yield from re.findall(r"^typedef (?!struct|enum|union)[\w ]+? \*?(?!__attribute__)(\w+)\([^;]*\);", code, flags=re.M)


def check_types(root):
    """A type of a public header is psw_..., one of a private header room_...; what a header names means one thing."""
    places = defaultdict(set)
    for unit in units_of(root):
        for name in types_of(unit.code):
            places[name].add(unit.name)
            prefix = "psw_" if room_of(unit) is None else f"{room_of(unit)}_"
            if unit.name.endswith(".h") and not name.startswith(prefix):
                yield f"{unit.name}: the type {name} is not called {prefix}..."
    for name, files in sorted(places.items()):
        if len(files) > 1 and any(file.endswith(".h") for file in files) and not name.endswith("_bits"):
            yield f"{', '.join(sorted(files))}: {name} means more than one thing"


def declared_by(header):
    """Functions and objects that a header declares."""
    for line in header.code.splitlines():
        found = re.match(r"(?!typedef|static|return|#)\w[\w\s*]*?\b(?:\w+\()?(\w+)\)?\(", line)
        kept = re.match(r"extern [\w\s*]*?\b(\w+)(?:\[\w*\])*;", line)
        if kept or (found and not re.match(r"\w+\(", line)):
            yield (kept or found)[1]


def check_symbols(root):
    """What a public header declares is psw_..., what a private one does room_..."""
    for unit in units_of(root):
        prefix = "psw_" if room_of(unit) is None else f"{room_of(unit)}_"
        for name in declared_by(unit) if unit.name.endswith(".h") else ():
            if not name.lower().startswith(prefix):
                yield f"{unit.name}: {name} is not called {prefix}..."


def parameters(signature):
    """How many commas stand between the outer parentheses, and one."""
    depth = count = 0
    for letter in signature[signature.index("("):]:
        depth += (letter in "([{") - (letter in ")]}")
        count += letter == "," and depth == 1
        if depth == 0:
            break
    return count + 1


def check_signatures(root):
    """At most six parameters, but where WIDE says why."""
    for unit in units_of(root):
        flat = re.sub(r"\s+", " ", re.sub(r"^#.*", "", unit.code, flags=re.M))
        for found in re.finditer(r"(?:^|[;}] )(?!return|else|goto|case)\w[\w *]*?[ *](\w+)\([^;{]*?\) ?[;{]"
                                 r"|\(\*(\w+)\)\([^;{]*?\) ?[;,]", flat):
            name, text = found[1] or found[2], found[0]
            text = text[text.index(f"{name})") + len(name) + 1:] if found[2] else text[text.index(f"{name}("):]
            if name == name.upper() or name in WIDE:
                continue  # a macro, or with a reason
            if parameters(text) > 6:
                yield f"{unit.name}: {name} has {parameters(text)} parameters; give it a value"


def check_circles(root):
    """Two files of a room do not call each other, but where CIRCLES says why."""
    units = [unit for unit in units_of(root) if unit.name.endswith(".c")]
    home = {(room_of(unit), name): unit.name for unit in units for name, _ in functions_of(unit)
            if name != "PSW_PRECISION_NAME" and re.search(rf"^(?!static)\w[^;\n]*\b{re.escape(name)}\(", unit.code, flags=re.M)}
    calls = {unit.name: {home[room_of(unit), word] for word in set(re.findall(r"\w+", unit.code))
                         if (room_of(unit), word) in home} - {unit.name} for unit in units}
    for file, others in sorted(calls.items()):
        for other in sorted(others):
            if file < other and file in calls[other] and (file, other) not in CIRCLES:
                yield f"{file} and {other} call each other"


def check_format(root):
    """Every C file is as clang-format lays it out."""
    program = Path(sys.executable).parent / "clang-format"
    files = [str(path) for path in files_of(root, (".c", ".h"))]
    if not files:
        return
    if not program.exists():
        yield f"{program}: clang-format {CLANG_FORMAT} is not installed beside this Python"
        return
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if CLANG_FORMAT not in version:
        yield f"{program}: {version.strip()}, not {CLANG_FORMAT}"
        return
    done = subprocess.run([program, "--dry-run", "-Werror", *files], capture_output=True, text=True, check=False)
    for path in sorted(set(re.findall(r"^([^:\n]+\.[ch]):\d+", done.stderr, flags=re.M))):
        yield f"{Path(path).relative_to(root)}: clang-format {CLANG_FORMAT} would change it"


CHECKS = [check_types, check_symbols, check_signatures, check_circles, check_format]


def main():
    root = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else SOURCE
    complaints = [complaint for check in CHECKS for complaint in check(root)]
    print("\n".join(complaints) or "no complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
