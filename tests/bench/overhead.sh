#!/usr/bin/env bash
# overhead.sh [RUNS [SEEDS]]: microseconds that a small point costs outside of its mathematics, on one rank: 10 degrees
# x SEEDS seeds (10,000) at n = 64, d = 10, m = 16, 50 trials. Not a test of the suite, where other processes would be
# measured too: it prints, and fails above 20 us. POLYSWEEP_BUILD and POLYSWEEP_PYTHON (with h5py) as for the tests.
#
#     outside of it   of the time of each run of slots, from its first mark to its last record: all but attention (two
#                     passes a point) and head. Making rows, theory and records are in it
#     with I/O        the same of the time from the first run's start to the last one's end: writing and taking too
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${POLYSWEEP_BUILD:-$here/../../build} python=${POLYSWEEP_PYTHON:-$here/../../.venv/bin/python}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export OPENBLAS_NUM_THREADS=1

cat >"$place/study.yaml" <<END
schema: 1
study: overhead
data: {preset: W2}
methods: [exact]
grid:
  n: 64
  d: 10
  seed: {from: 1, to: ${2:-10000}, step: 1}
  beta: [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
judge: {m: 16, trials: 50}
END

for ((run = 0; run < ${1:-5}; run++)); do
    rm -f "$place"/result.*
    "$build/polysweep" run "$place/study.yaml" -o "$place/result.h5" --quiet
    "$python" - "$place/result.h5" <<'END'
import sys

import h5py
import numpy as np

with h5py.File(sys.argv[1]) as file:
    start, end, attend, head = (file[name][:] for name in ("start_s", "end_s", "time_median_s", "head_s"))
points = len(start)
_, first = np.unique(start, return_index=True)  # one slot of each run
mathematics = (2 * attend + head).sum()
runs = (end[first] - start[first]).sum()
print(f"{points} points in {len(first)} runs: mathematics {1e6 * mathematics / points:.2f} us a point,",
      f"outside of it {1e6 * (runs - mathematics) / points:.2f}, with I/O",
      f"{1e6 * (end.max() - start.min() - mathematics) / points:.2f}", flush=True)
END
done | tee "$place/lines"

sed -E 's/.* outside of it ([0-9.-]+), with I.O ([0-9.-]+)$/\1 \2/' "$place/lines" | "$python" -c '
import statistics, sys
runs, everything = (statistics.median(column) for column in zip(*(map(float, line.split()) for line in sys.stdin)))
print(f"medians: {runs:.2f} us a point outside of mathematics, {everything:.2f} us with I/O; it may be 20 us")
sys.exit(everything >= 20)'
