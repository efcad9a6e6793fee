"""A method, a sketch or a kind of data is one file and one row of its table: the sources have no other list of them, and
ask for none by its name.

    python tests/lint/methods.py [SOURCE]
"""

import re
import sys
from pathlib import Path

from lint import bare

TABLES = {"include/polysweep/methods.def": "PSW_METHOD", "include/polysweep/data_kinds.def": "PSW_DATA_KIND"}
#: pages of the manual, one of which names each
GUIDES = ("analysis/doc/study.md", "analysis/doc/sketches.md")
ROWS, STATES = "src/attend/{}_real.c", "src/sketch/{}_real.c"
HOMES = {"ROWS": [ROWS], "STATES": [STATES], "EITHER": [ROWS, STATES], "LANDMARKS": ["src/attend/landmarks_real.c"], "NOTHING": []}

#: words that are English, or mean something else as well: in a text they count where a study would have them
ENGLISH = {"exact", "linear", "tree", "scores", "aligned", "sphere", "file", "memory", "relu", "uniform", "window"}

#: what names methods all the same, and would not have to be touched for another one
NAMED = {
    "src/measure/rates.c": "points of its own choice, whose times are the rates of the machine",
    "src/doctor/collect.c": "the study of its trial run",
    "src/cmd/main.c": "examples of --help",
    "src/cmd/options.c": "an example of --help",
    "src/cmd/help.c": "what a program without FFTW cannot compute",
    "src/sketch/built.c": "the same, in a message",
    "src/doctor/blas.c": "the same, as a finding",
    "src/spec/declare.c": "an example in a message",
    "src/spec/include.c": "examples in messages",
    "src/spec/shape.c": "an example in a message",
}
#: what has another meaning there
OTHERWISE = {
    ("src/text/range.c", "linear"): "the spacing of an axis",
    ("src/text/words.c", "softmax"): "the attention of a model, as a reference",
    ("src/text/words.c", "taylor"): "the kernel of partial sums",
    ("src/text/words.c", "srht"): "a leaf of a tree",
    ("src/text/words.c", "gaussian"): "a leaf of a tree",
}


def rows_of(tree):
    """(word, code, own files) of every row of both tables."""
    for table, macro in TABLES.items():
        for word, code, third in re.findall(rf"^{macro}\((\w+),\s*(\w+),\s*(\w+),", tree[table], flags=re.M):
            homes = HOMES[third] if macro == "PSW_METHOD" else ["src/data/{}.c"]
            yield word, code, [home.format(word) for home in homes]


def texts(code):
    """The insides of strings, line by line of a source without comments; escaped quotes are quotes."""
    code = re.sub(r"/\*.*?\*/", lambda comment: "\n" * comment[0].count("\n"), code, flags=re.S)
    for number, line in enumerate(code.splitlines(), 1):
        if not line.lstrip().startswith("#include"):
            yield number, line, [text.replace('\\"', '"') for text in re.findall(r'"((?:[^"\\]|\\.)*)"', line)]


def in_text(word, line, strings):
    if word not in ENGLISH:
        return any(re.search(rf"\b{word}\b", text) for text in strings)
    asked = rf"(?:[=!]= |kind: |method: |- )[\"']?{word}\b|\[[^\]]*\b{word}\b[^\]]*\]"
    return any(re.search(asked, text) for text in strings) or re.search(rf'\b(?:strcmp|psw_word_code)\([^;]*"{word}"', line)


def complaints(tree, looked_at=None):
    """About all files, or about the tables and those that are looked at."""
    rows = list(rows_of(tree))
    for word, _, homes in rows:
        for home in homes:
            if home not in tree:
                yield f"{home}: is not there, though {word} has a row"
        if not re.search(rf"`{word}`", "".join(tree[guide] for guide in GUIDES)):
            yield f"{' and '.join(GUIDES)}: do not name {word}"
    for name in looked_at or tree:
        if not name.endswith((".c", ".h")):
            continue
        text = tree[name]
        code, strings, named = bare(text), list(texts(text)), name in NAMED
        for word, code_word, homes in rows:
            if name in homes:
                continue
            if re.search(rf"\bPSW_{code_word}\b", code) and not named:
                yield f"{name}: PSW_{code_word}; ask for a fact of {word}, not for its name"
            if re.search(rf"\b(?:ATTEND_WEIGH|SKETCH_MAP)\({word}\)|\bdata_{word}\b", code):
                yield f"{name}: the row of {word}; only its table and {' and '.join(homes)} have it"
            for number, line, inside in strings:
                if not named and (name, word) not in OTHERWISE and in_text(word, line, inside):
                    yield f"{name}:{number}: names {word} in a text"


FAULTS = [
    ("src/plan/cost.c", "bool f(psw_method m) { return m == PSW_FAVOR; }\n", "PSW_FAVOR"),
    ("src/plan/cost.c", "bool f(psw_data_kind k) { return k <= PSW_FILE; }\n", "PSW_FILE"),
    ("src/judge/head.c", "int last = PSW_MACLAURIN + 1;\n", "PSW_MACLAURIN"),
    ("src/spec/words.c", 'const char *all[] = {"exact", "softmax"};\n', "names softmax"),
    ("src/spec/keys.c", 'const char *block = "256 + 256 * (method == exact)";\n', "names exact"),
    ("src/spec/keys.c", 'bool f(const char *w) { return strcmp(w, "tree") == 0; }\n', "names tree"),
    ("src/attend/more_real.c", "const attend_method_row *f(void) { return &ATTEND_WEIGH(linear); }\n", "the row of linear"),
    ("src/sketch/other_real.c", "const sketch_map *f(void) { return &SKETCH_MAP(srht); }\n", "the row of srht"),
    ("src/data/data.c", "const data_kind *f(void) { return &data_sphere; }\n", "the row of sphere"),
    ("include/polysweep/methods.def", 'PSW_METHOD(nowhere, NOWHERE, ROWS, OTHER, BOTH, false, false, true, false, , "")\n',
     "src/attend/nowhere_real.c: is not there"),
    (GUIDES[1], "", "do not name favor"),
]


def tree_of(root):
    paths = [*(root / guide for guide in GUIDES), *root.glob("include/polysweep/*"), *root.glob("src/*/*.[ch]")]
    return {path.relative_to(root).as_posix(): path.read_text() for path in paths}


def main():
    tree = tree_of(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(__file__).resolve().parents[2])
    found = list(complaints(tree))
    for name, text, word in FAULTS:  # it must be able to fail
        if not any(word in line for line in complaints({**tree, name: text}, [name])):
            found.append(f'{name}: no complaint with "{word}" about a planted fault')
    print("\n".join(found) or f"{len(list(rows_of(tree)))} rows, {len(FAULTS)} planted faults found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
