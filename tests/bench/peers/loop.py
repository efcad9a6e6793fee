"""The processor's peak: multiply-adds in registers, a loop in C that is compiled here (CC, else cc, for this processor)."""
import ctypes
import functools
import os
import pathlib
import shutil
import subprocess
import tempfile

from . import Missing

OPERATIONS = 2e9  #: of one call
MARCH = {"avx2": "x86-64-v3", "avx512": "x86-64-v4"}


@functools.lru_cache
def library():
    compiler = os.environ.get("CC") or shutil.which("cc")
    if not compiler:
        raise Missing("no C compiler: the register loop is not compiled")
    march = MARCH.get(os.environ.get("POLYSWEEP_TARGET", ""), "native")
    source = pathlib.Path(__file__).with_suffix(".c")
    with tempfile.TemporaryDirectory() as place:
        made = f"{place}/loop.so"
        made_by = [*compiler.split(), "-O3", "-funroll-loops", f"-march={march}", "-ffp-contract=fast", "-shared", "-fPIC", str(source),
                   "-o", made]
        job = subprocess.run(made_by, capture_output=True, text=True)
        if job.returncode:
            raise Missing(f"{compiler} does not compile the register loop: {(job.stderr.splitlines() or [''])[0]}")
        return ctypes.CDLL(made), f"{compiler} -march={march}"


def about():
    return {"compiler": library()[1]}


def peak(precision_name):
    loop = getattr(library()[0], f"loop_{precision_name}")
    loop.argtypes, loop.restype = (ctypes.c_long, ctypes.c_double, ctypes.c_double), ctypes.c_double
    turns = round(OPERATIONS / getattr(library()[0], f"loop_work_{precision_name}")())
    return lambda: loop(turns, 0.5, 1.0) is None


JOBS = {"peak": peak}
