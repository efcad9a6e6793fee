"""The lint must be able to fail: a tiny tree that is clean, then one fault planted at a time."""

import subprocess
import sys
import tempfile
from pathlib import Path

import lint
import names

CLEAN = {
    ".clang-format": (lint.SOURCE / ".clang-format").read_text(),
    "CMakeLists.txt": "set(ROOMS_PURE base spec)\nset(ROOMS_MPI comm measure store cmd)\n",
    "include/polysweep/base.h": "/* base: the foot. */\ntypedef int psw_base;\n",
    "include/polysweep/real.h": "/* base: products. */\n#include <cblas.h>\nstatic inline void f(void) { cblas_dgemm(0); }\n",
    "include/polysweep/spec.h": '/* spec: what was asked. */\n#include "polysweep/base.h"\n',
    "include/polysweep/store.h": '/* store: the file. */\n#include "polysweep/spec.h"\n',
    "src/spec/spec.c": '#include "polysweep/spec.h"\n#include "spec/private.h"\n\n/* time() exit() */\n'
                       'static const char *word = "abort()";\n\nint spec(int a, int b)\n{\n    return spec_other(a);\n}\n',
    "src/spec/private.h": "/* spec: inside. */\n",
    "src/measure/clock.c": "double now(void) { return MPI_Wtime(); }\n",
    "src/store/file.c": '#include <hdf5.h>\n#include "polysweep/store.h"\nvoid g(void) { H5Fclose(1); }\n',
    "src/cmd/main.c": "int main(void) { exit(3); }\n",
    "tests/spec.cmake": "psw_test(spec unit/spec.c)\npsw_script_test(trip e2e/trip.sh)\n",
    "tests/unit/spec.c": "int main(void) { return 0; }\n",
    "tests/e2e/trip.sh": ". common.sh\n",
    "tests/e2e/common.sh": "true\n",
}

LONG = "int long_one(void)\n{\n" + "    f();\n" * 50 + "}\n"
LATER = "/* TO" "DO */\n"

# file, what is written into it, a word of the complaint
FAULTS = [
    ("src/kitchen/pot.c", "\n", "not a room"),
    ("include/polysweep/other.h", "#pragma once\n", "first line"),
    ("src/spec/up.c", '#include "polysweep/store.h"\n', "stands below"),
    ("src/cmd/peek.c", '#include "spec/private.h"\n', "private"),
    ("src/spec/blas.c", "#include <cblas.h>\n", "includes cblas.h"),
    ("src/spec/blas.c", "void f(void) { cblas_sgemm(1); }\n", "BLAS outside"),
    ("src/cmd/file.c", "#include <hdf5.h>\n", "includes hdf5.h"),
    ("src/cmd/file.c", "void f(void) { H5Dopen2(1); }\n", "HDF5 outside"),
    ("src/store/late.c", "double f(void) { return time(0); }\n", "clock outside"),
    ("src/store/late.c", "double f(void) { return MPI_Wtime(); }\n", "clock outside"),
    ("src/spec/mpi.c", "#include <mpi.h>\n", "MPI in a room"),
    ("src/spec/mpi.c", "int f(void) { return MPI_Init(0, 0); }\n", "MPI in a room"),
    ("src/store/stop.c", "void f(void) { exit(1); }\n", "end of the program"),
    ("src/store/stop.c", "void f(void) { assert(1); }\n", "end of the program"),
    ("src/cmd/say.c", 'void f(void) { printf("%s", name); }\n', "output for people"),
    ("src/cmd/say.c", 'void f(void) { fprintf(stderr, "%s", name); }\n', "output for people"),
    ("src/cmd/say.c", "void f(void) { puts(name); }\n", "output for people"),
    ("src/cmd/say.c", "void f(void) { fputs(name, stdout); }\n", "output for people"),
    ("src/spec/wide.c", "#include <immintrin.h>\n", "includes immintrin.h"),
    ("src/spec/wide.c", "void f(void) { _mm256_fmadd_pd(a, b, c); }\n", "intrinsics outside"),
    ("src/spec/wide.c", "void f(void) { vfmaq_n_f64(a, b, c); }\n", "intrinsics outside"),
    ("src/spec/state.c", "static int calls = 0;\n", "outlives"),
    ("src/spec/state.c", "double table[8];\n", "outlives"),
    ("src/spec/state.c", "int f(void)\n{\n    static char *text;\n    return 0;\n}\n", "outlives"),
    ("src/store/site.c", 'void f(void) { psw_fault("store.late"); }\n', "store.late is not in the list"),
    ("src/base/status.c", 'static const char *const sites[] = {"store.gone", NULL};\n', "store.gone, which is nowhere"),
    ("tests/unit/forgotten.c", "int main(void) { return 0; }\n", "in no list"),
    ("tests/e2e/forgotten.py", "pass\n", "in no list"),
    ("tests/more.cmake", "psw_test(gone unit/gone.c)\n", "not there"),
    ("src/spec/long.c", LONG, "more than 45"),
    ("src/spec/median.c", LONG * 9, "median"),
    ("src/spec/file.c", "int x;\n" * 451, "451 lines"),
    ("src/spec/private.h", "/* spec: inside. */\nint idle(int a);\n", "function idle is called nowhere"),
    ("src/spec/private.h", "/* spec: inside. */\nstruct s {\n    int a, idle[3];\n};\n", "member idle is read nowhere"),
    ("src/spec/later.c", LATER, "later.c:1"),
    ("src/spec/private.h", "/* spec: inside. */\ntypedef struct psw_thing {\n    int a;\n} psw_thing;\n", "not called spec_..."),
    ("include/polysweep/spec.h", "/* spec: x. */\ntypedef enum spec_kind { A } spec_kind;\n", "not called psw_..."),
    ("src/cmd/again.c", "typedef struct psw_base {\n    int a;\n} psw_base;\n", "more than one thing"),
    ("src/spec/private.h", "/* spec: inside. */\nint psw_inside(int a);\n", "psw_inside is not called spec_..."),
    ("src/spec/wide.c", "int f(int a, int b, int c, int d, int e, int g, int h);\n", "has 7 parameters"),
    ("src/spec/other.c", "int spec_other(int a)\n{\n    return spec(a, 1);\n}\n", "call each other"),
    ("src/spec/space.c", "int  spaced;\n", "clang-format"),
]


def write(files, folder):
    for name, text in files.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def laid_out(files):
    """The same files as clang-format has them."""
    with tempfile.TemporaryDirectory() as folder:
        write(files, folder)
        program = Path(sys.executable).parent / "clang-format"
        subprocess.run([program, "-i", *(name for name in files if name.endswith((".c", ".h")))], cwd=folder, check=True)
        return {name: Path(folder, name).read_text() for name in files}


def complaints_of(files):
    with tempfile.TemporaryDirectory() as folder:
        write(files, folder)
        return [line for check in [*lint.CHECKS, *names.CHECKS] for line in check(Path(folder))]


def main():
    clean = laid_out(CLEAN)
    failures = [f"the clean tree: {line}" for line in complaints_of(clean)]
    for name, text, word in FAULTS:
        found = complaints_of({**clean, name: text})
        if not any(word in line for line in found):
            failures.append(f'{name}: no complaint with "{word}", but {found}')
    print("\n".join(failures) or f"{len(FAULTS)} planted faults were found")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
