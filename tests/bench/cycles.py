"""Cycles of points against what the processor could have made in the time that the program took.

    .venv/bin/python tests/bench/cycles.py build/polysweep

Not a test: it reads clocks. Where cycles are shown, those of all points are fewer than the user time of the process times
the highest clock rate (taken as 6 GHz), and, since nearly all of it is attention, more than half of it at 1 GHz."""
import os, resource, subprocess, sys, tempfile

import h5py
import numpy

STUDY = "schema: 1\ndata: {kind: gaussian}\nmethods: [exact, softmax]\ngrid: {beta: [2, 4], n: 8192, d: [16, 64]}\n"


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/polysweep"
    with tempfile.TemporaryDirectory() as place:
        study, file = os.path.join(place, "s.yaml"), os.path.join(place, "s.h5")
        with open(study, "w") as f:
            f.write(STUDY)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([program, "run", study, "-o", file, "--quiet"], check=True)
        user_s = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        with h5py.File(file) as h5:
            cycles, energy = h5["cycles"][()], h5["energy_j"][()]
            elapsed_s = h5["end_s"][()] - h5["start_s"][()]
    if numpy.isnan(cycles).all():
        print("this machine shows no cycles: `polysweep doctor` says why")
    else:
        rate = cycles.sum() / user_s
        print(f"{cycles.sum():.4g} cycles in {user_s:.3g} s of user time: {rate / 1e9:.3g} GHz,",
              "plausible" if 0.5e9 < rate < 6e9 else "NOT plausible")
    if not numpy.isnan(energy).all():
        print(f"{energy.sum():.4g} J in {elapsed_s.max():.3g} s")


if __name__ == "__main__":
    main()
