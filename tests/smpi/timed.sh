#!/usr/bin/env bash
# The program's loops on simulated ranks, by what the simulation says of time: timed.sh PROGRAM RANKS PART... A test for a
# message takes as long as on a machine, and no longer for having been in vain before, which SimGrid would have ranks wait for.
set -euo pipefail
. "$(dirname "$0")/simulated.sh"
options+=(--cfg=smpi/grow-injected-times:no --cfg=smpi/test:2e-7 --cfg=smpi/iprobe:2e-7)
simulate_parts "$@"
