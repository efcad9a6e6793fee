"""A launch that finds everything done does not read it all again, unless the file has been written since: what somebody
changed in a column is seen and computed again, whatever the sidecar says."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import json

import h5py
import numpy as np

import commands
from commands import check

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
MPIEXEC = os.environ.get("POLYSWEEP_MPIEXEC", "mpirun")
STUDY = """schema: 1
study: whole
data: {preset: W2}
methods: [closed_form, exact]
grid: {n: [64, 128], d: 10, beta: {from: 1, to: 16, step: 1}}
judge: {m: 8, trials: 2}
"""


def run(*options, ranks=1):
    """Points that the launch computed, from the sidecar of events."""
    command = [PROGRAM, "run", "study.yaml", "-o", "result.h5", *options]
    command = [MPIEXEC, "-n", str(ranks), *command] if ranks > 1 else command
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    check(done.returncode == 0 and "64 of 64 points done" in done.stderr, command, done.returncode, done.stderr)
    with open("result.h5.events.jsonl", encoding="utf-8") as file:
        start = [json.loads(line) for line in file if '"start"' in line][-1]
    return start["points"] - start["done"]


def seal():
    with open("result.h5.status.json", encoding="utf-8") as file:
        return json.load(file)["whole"]


def columns():
    with h5py.File("result.h5") as file:
        return {name: file[name][:] for name in ("success_rate", "status", "commit", "attempt")}


def between():
    """What is written after a launch has read the file and before it opens it is not taken for what was read."""
    check(run() == 0 and seal(), "all is done")
    environment = dict(os.environ, POLYSWEEP_FAULT="sweep.open:0:1:4")
    launch = subprocess.Popen([PROGRAM, "run", "study.yaml", "-o", "result.h5"], env=environment, stderr=subprocess.PIPE, text=True)
    lock = f"{launch.pid}"
    while launch.poll() is None and lock not in pathlib.Path("result.h5.lock").read_text(encoding="utf-8"):
        pass  # it has the file for itself
    time.sleep(1)  # reads what is left, and waits three seconds before it opens the file
    with h5py.File("result.h5", "r+") as file:
        file["status"][11] = 0
    check("64 of 64" in launch.communicate(timeout=120)[1] and not seal(), "what nobody has read is not whole")
    check(run() == 1, "it is seen by the next launch")


def main():
    with tempfile.TemporaryDirectory(dir=os.environ["POLYSWEEP_BUILD"]) as place:
        os.chdir(place)
        with open("study.yaml", "w", encoding="ascii") as file:
            file.write(STUDY)
        check(run() == 64, "all points")
        first, sealed = columns(), seal()
        print("sealed" if sealed else "this file system cannot have seals")
        for ranks in (1, 2):
            check(run(ranks=ranks) == 0 and bool(seal()) == bool(sealed), "nothing is left", ranks)
        for slot, name in ((5, "success_rate"), (40, "commit")):
            before = os.stat("result.h5")
            with h5py.File("result.h5", "r+") as file:
                file[name][slot] = 12345
            os.utime("result.h5", ns=(before.st_atime_ns, before.st_mtime_ns))
            check(run() == 1, name, "was changed: that point alone")
            now = columns()
            check(np.array_equal(now["success_rate"], first["success_rate"], equal_nan=True), "it is what it was", name)
            check(now["attempt"][slot] > 1, "it was computed again", now["attempt"][slot])
        shutil.copy2("result.h5", "copy.h5")
        with h5py.File("copy.h5", "r+") as file:
            file["status"][7] = 0
        os.replace("copy.h5", "result.h5")
        check(run() == 1, "another file has the name")
        os.remove("result.h5.status.json")
        check(run() == 0, "without a sidecar")
        with open("result.h5.status.json", encoding="utf-8") as file:
            text = file.read()
        with h5py.File("result.h5", "r+") as file:
            file["status"][9] = 1
        with open("result.h5.status.json", "w", encoding="utf-8") as file:
            file.write(text)
        check(run(ranks=2) == 1, "an old sidecar")
        if sealed:
            between()
        os.chdir("/")
    print(f"{commands.checks} checks, {commands.failed} failed", file=sys.stderr)
    return commands.failed > 0 or commands.checks == 0


if __name__ == "__main__":
    sys.exit(main())
