"""How soon does a launch compute, and how soon does it see that nothing is left?

    POLYSWEEP_BUILD=build python tests/bench/start.py [points of the large study, 1000000 [repetitions, 7]]     # needs h5py

Prints, for 1, 2 and 4 ranks, the seconds from the end of MPI_Init to the first point: of a machine that is measured
(--calibrate) and of one whose speeds are kept; then those of launches on a study of a million points that is done: with a
sidecar that still holds, and without one, when all slots are read. Shortest and median of the repetitions; a busy machine
makes them longer than they are. It fails above 0.15 s and 0.5 s, by the shortest. A minute and 1.4 GB."""
import json
import os
import statistics
import subprocess
import sys
import tempfile

import h5py

PROGRAM = os.path.abspath(os.path.join(os.environ.get("POLYSWEEP_BUILD", "build"), "polysweep"))
SMALL = """schema: 1
study: start
data: {preset: W2}
methods: [exact]
grid: {n: 64, d: 10, beta: [1, 2, 3, 4], seed: {from: 1, to: 10, step: 1}}
judge: {m: 16, trials: 50}
"""
LARGE = """schema: 1
study: large
data: {preset: W2}
methods: [closed_form]
grid: {n: {from: 16, to: %d, step: 16}, d: [10, 18], beta: {from: 0.5, to: 250, step: 0.5}}
"""


def launch(study, path, ranks, *options):
    command = [PROGRAM, "run", study, "-o", path, "--quiet", "--oversubscribe", *options]
    subprocess.run(command if ranks == 1 else ["mpirun", "--oversubscribe", "-n", str(ranks), *command], check=True)


def first_point(ranks, *options):
    for name in os.listdir("."):
        if name.startswith("start.h5"):
            os.remove(name)
    launch("small.yaml", "start.h5", ranks, *options)
    with h5py.File("start.h5") as file:
        return float(file["start_s"][:].min())


def nothing_left(ranks, sidecar):
    if not sidecar:
        os.remove("large.h5.status.json")
    launch("large.yaml", "large.h5", ranks)
    with open("large.h5.status.json", encoding="utf-8") as file:
        return json.load(file)["elapsed_s"]


def report(what, seconds):
    print(f"{what:48} {min(seconds):7.3f} s shortest, {statistics.median(seconds):7.3f} s median", flush=True)
    return min(seconds)


def main():
    points = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
    times = range(int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    late = False
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        os.environ["XDG_CACHE_HOME"] = place
        for name, text in (("small.yaml", SMALL), ("large.yaml", LARGE % (16 * max(1, points // 1000)))):
            with open(name, "w", encoding="ascii") as file:
                file.write(text)
        for ranks in (1, 2, 4):
            report(f"first point, {ranks} ranks, measured", [first_point(ranks, "--calibrate") for _ in times])
            late |= report(f"first point, {ranks} ranks, kept", [first_point(ranks) for _ in times]) > 0.15
        launch("large.yaml", "large.h5", 1)
        for ranks in (1, 2):
            late |= report(f"nothing left, {ranks} ranks", [nothing_left(ranks, True) for _ in times]) > 0.5
            report(f"nothing left, {ranks} ranks, all slots read", [nothing_left(ranks, False) for _ in times])
        os.chdir("/")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
