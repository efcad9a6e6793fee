#!/usr/bin/env bash
# A search on simulated ranks: search.sh RANKS PART... The time of the simulation is looked at: a test for a message takes as
# long as on a machine, and no longer for having been in vain before, which SimGrid would have ranks wait for.
set -euo pipefail
. "$(dirname "$0")/simulated.sh"
prepare_ranks "$1" search
shift
failed=0
for part; do
    simulate "$part" --cfg=smpi/grow-injected-times:no --cfg=smpi/test:2e-7 --cfg=smpi/iprobe:2e-7 || failed=1
done
exit "$failed"
