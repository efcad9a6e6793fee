"""Speeds of the machine are measured once and kept for later launches; what is wrong with the file is as if there were none."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import h5py
import numpy as np

import commands
from commands import check

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
MPIEXEC = os.environ.get("POLYSWEEP_MPIEXEC", "mpirun")
STUDY = """schema: 1
study: speeds
data: {preset: W2}
methods: [exact]
grid: {n: 64, d: 10, beta: [2, 4]}
judge: {m: 8, trials: 2}
"""


def launch(*options, ranks=1, program=PROGRAM, path="result.h5", fresh=True, **environment):
    """Runs the study; the launch's row, and what was said."""
    if fresh:
        for name in glob.glob("result.h5*"):
            os.remove(name)
    surroundings = {**os.environ, "XDG_CACHE_HOME": os.path.abspath("cache"), **environment}
    surroundings = {name: value for name, value in surroundings.items() if value is not None}
    command = [program, "run", "study.yaml", "-o", path, *options]
    command = [MPIEXEC, "-n", str(ranks), *command] if ranks > 1 else command
    done = subprocess.run(command, capture_output=True, text=True, env=surroundings, check=False, timeout=120)
    check(done.returncode == 0, command, done.returncode, done.stderr)
    with h5py.File(path) as file:
        table = file["provenance/launches"]
        row = int(np.argmax(table["number"][:]))
        check((file["status"][:] == 2).all(), "points are missing", file["status"][:])
        return {name: table[name][row] for name in table}, done.stderr


def files():
    return sorted(glob.glob("cache/polysweep/*"))


def same(a, b):
    """Rates and limits of two launches."""
    names = [name for name in a if name.startswith(("rate_", "product_", "memory_", "latency_", "byte_"))]
    return len(names) > 20 and all(np.array_equal(a[name], b[name], equal_nan=True) for name in names)


def text_of(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def check_kept(crowded):
    first, _ = launch("--calibrate")
    check(len(files()) == 1 and first["rates_age_s"] == 0, "measured and kept", files(), first["rates_age_s"])
    check(os.stat(files()[0]).st_mode & 0o777 == 0o600, "it is the user's own")
    second, _ = launch()
    check(second["rates_age_s"] > 0 and same(first, second), "the second launch uses what the first one kept", first, second)
    before = text_of(files()[0])
    third, _ = launch("--calibrate")
    check(third["rates_age_s"] == 0 and not same(first, third), "--calibrate measures again", third["rates_age_s"])
    check(len(files()) == 1 and text_of(files()[0]) != before, "and keeps that")
    nothing, _ = launch("--quiet", fresh=False)
    check(np.isnan(nothing["rates_age_s"]) and nothing["rate_flop_s_fp64"] == 0, "nothing is left, nothing was measured")
    ranks, _ = launch("--calibrate", *crowded, ranks=2)
    again, _ = launch(*crowded, ranks=2)
    check(len(files()) == 2 and ranks["rates_age_s"] == 0 and again["rates_age_s"] > 0 and same(ranks, again), "two ranks", files(), ranks, again)
    os.remove(next(path for path in files() if "2 ranks" in text_of(path)))


def check_not_believed():
    """What is not what was written counts as nothing, and the run says nothing of it."""
    path, = files()
    whole = text_of(path)
    faster = re.sub(r"(rates.flop_s.0. )\S+", r"\g<1>1e-13", whole)
    for what, text in (("cut", whole[:400]), ("edited", faster)):
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        row, said = launch()
        check(row["rates_age_s"] == 0 and row["rate_flop_s_fp64"] > 1e-13, what, row["rates_age_s"])
        check("speeds" not in said and "cache" not in said, said)
    with open(path, "w", encoding="ascii") as file:
        file.write(whole)
    check(launch()[0]["rates_age_s"] > 0, "as it was written, it counts again")


def check_nowhere():
    for what, where in (("unwritable", {"XDG_CACHE_HOME": "/proc"}), ("no home", {"XDG_CACHE_HOME": None, "HOME": None}),
                        ("a file in the way", {"XDG_CACHE_HOME": os.path.abspath("study.yaml")})):
        row, said = launch("--calibrate", **where)
        check(row["rates_age_s"] == 0, what, row["rates_age_s"])
        check("XDG" not in said and "denied" not in said and "director" not in said, what, said)


def check_build():
    """Another build measures for itself: the same program with another hash of the linker."""
    path, = files()
    mine = re.search(r"^program \S+ ([0-9a-f]{8,})$", text_of(path), re.M)
    if not mine:
        print("the linker left no hash of the program: not tested")
        return
    with open(PROGRAM, "rb") as file:
        code = file.read()
    note = bytes.fromhex(mine[1])
    check(code.count(note) == 1, "the hash stands in the program")
    with open("another", "wb") as file:
        file.write(code.replace(note, bytes(byte ^ 255 for byte in note)))
    os.chmod("another", 0o700)
    row, _ = launch("--calibrate", program="./another")
    check(row["rates_age_s"] == 0 and len(files()) == 2, "another build has a file of its own", files())
    check(launch()[0]["rates_age_s"] > 0, "that of this one is still there")


def check_commands():
    surroundings = {**os.environ, "XDG_CACHE_HOME": os.path.abspath("cache")}

    def said(*words):
        return subprocess.run([PROGRAM, *words], capture_output=True, text=True, env=surroundings, check=False, timeout=120)

    check("rates       kept of this machine" in said("plan", "study.yaml").stdout, "plan uses what a run kept")
    check("rates       measured on" in said("plan", "study.yaml", "--calibrate").stdout, "plan measures if asked to")
    both = said("plan", "study.yaml", "--calibrate", "--calibration", "result.h5")
    check(both.returncode == 2 and "leave out one" in both.stderr, both)
    found = said("doctor").stdout
    check(re.search(r"speeds +of this machine, measured 0 (hours|minutes) ago.*, in \S+/cache/polysweep/speeds-", found), found)
    shutil.rmtree("cache")
    found = said("doctor").stdout
    check(re.search(r"speeds +none of such launches here are kept yet.* in \S+/" + "speeds-", found), found)
    check(not os.path.exists("cache"), "doctor keeps nothing")


def main():
    crowded = [] if len(os.sched_getaffinity(0)) > 1 else ["--oversubscribe"]
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        with open("study.yaml", "w", encoding="ascii") as file:
            file.write(STUDY)
        check_kept(crowded)
        check_not_believed()
        check_nowhere()
        check_build()
        check_commands()
        os.chdir("/")
    print(f"{commands.checks} checks, {commands.failed} failed", file=sys.stderr)
    return commands.failed > 0 or commands.checks == 0


if __name__ == "__main__":
    sys.exit(main())
