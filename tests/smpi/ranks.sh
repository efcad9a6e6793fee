#!/usr/bin/env bash
# Teams of simulated ranks: ranks.sh RANKS. Computing takes no simulated time: what is looked at is who sends what, and
# that all come to an end.
set -euo pipefail
. "$(dirname "$0")/simulated.sh"
prepare_ranks "$1" ranks
failed=0
for part in splits states_full states_causal rows_full rows_causal; do
    simulate "$part" || failed=1
done
exit "$failed"
