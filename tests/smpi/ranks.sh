#!/usr/bin/env bash
# Teams of simulated ranks: ranks.sh RANKS [PART...], else all parts. Computing takes no simulated time: what is looked
# at is who sends what, and that all come to an end.
set -euo pipefail
. "$(dirname "$0")/simulated.sh"
[ $# -gt 1 ] || set -- "$1" splits states_full states_causal rows_full rows_causal grid_full grid_causal
simulate_parts ranks "$@"
