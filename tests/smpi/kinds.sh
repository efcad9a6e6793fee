#!/usr/bin/env bash
# Nodes of two speeds on simulated ranks: kinds.sh RANKS PART... As in search.sh the time of the simulation is looked at.
# For a person, not yet a test: nodes take spans of runs by their ranks, not by their speed, and end later than planned.
set -euo pipefail
. "$(dirname "$0")/simulated.sh"
prepare_ranks "$1" kinds
shift
failed=0
for part; do
    simulate "$part" --cfg=smpi/grow-injected-times:no --cfg=smpi/test:2e-7 --cfg=smpi/iprobe:2e-7 || failed=1
done
exit "$failed"
