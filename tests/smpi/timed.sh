#!/usr/bin/env bash
# The program's loops on simulated ranks, by what the simulation says of time: timed.sh PROGRAM RANKS[:ON_A_NODE] PART...
# A test for a message takes as long as on a machine, in `kinds` a hundredth, as all there is shortened; and no longer for
# having been in vain before, which SimGrid would have ranks wait for.
set -euo pipefail
. "$(dirname "$0")/simulated.sh"
probe_s=2e-7
[ "$1" != kinds ] || probe_s=2e-9
options+=(--cfg=smpi/grow-injected-times:no --cfg=smpi/test:$probe_s --cfg=smpi/iprobe:$probe_s)
simulate_parts "$@"
