"""How good are predictions? Runs the quickstart, the crossover and the scaling study and holds every prediction above 10 ms
against the clock: of a run of points, or of one pass where points were repeated.

    POLYSWEEP_BUILD=build python tests/bench/predictions.py [ranks]      # Python with the analysis package

Rates are those that each launch measures. A machine that others use makes them worse than they are. Three minutes on two
cores. Prints, for each study, how many are within 25 %, quantiles of predicted over measured, and whether the memory of
every point was predicted exactly."""
import os, subprocess, sys, tempfile

import polysweep
from polysweep.predictions import LEAST_S, predictions, within

PROGRAM = os.path.abspath(os.path.join(os.environ.get("POLYSWEEP_BUILD", "build"), "polysweep"))
JOBS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../jobs")
STUDIES = {"quickstart": ["run"], "sketch-crossover": ["run"], "scaling": ["scale", "--strong"]}


def main():
    ranks = sys.argv[1] if len(sys.argv) > 1 else "2"
    good = all_of = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (command, *options) in STUDIES.items():
            path = os.path.join(folder, f"{name}.h5")
            subprocess.run(["mpirun", "-n", ranks, PROGRAM, command, f"{JOBS}/{name}.yaml", *options, "-o", path, "--quiet"],
                           check=True, stdout=subprocess.DEVNULL)
            ds = polysweep.open(path)
            table = predictions(ds)
            inside, large = within(table)
            ratio = table.loc[table["predicted_s"] > LEAST_S, "ratio"].quantile([0, 0.1, 0.5, 0.9, 1])
            timed = ds["predicted_bytes"].values > 0
            exact = int((ds["predicted_bytes"].values == ds["memory_bytes"].values)[timed].sum())
            print(f"{name:16} {inside} of {large} within 25 %; predicted / measured: least {ratio[0]:.2f}, 10 % {ratio[0.1]:.2f}, "
                  f"median {ratio[0.5]:.2f}, 90 % {ratio[0.9]:.2f}, most {ratio[1]:.2f}; memory exact in {exact} of {timed.sum()}",
                  flush=True)
            good, all_of = good + inside, all_of + large
    print(f"{'all':16} {good} of {all_of} ({100 * good / all_of:.0f} %) within 25 %")


if __name__ == "__main__":
    main()
