#!/usr/bin/env bash
# Teams of simulated ranks, 16 on a node: ranks.sh RANKS. Without SimGrid it is skipped (77); nothing is installed.
set -euo pipefail
. "$(dirname "$0")/../../jobs/setup.sh"
ranks=$1
per_node=16

is_there "$wants_tests" libsimgrid-dev || { echo "SimGrid is not there; bash tests/run.sh installs it" && exit 77; }
prepare_environment
build "$root/build-smpi" ranks --preset smpi -DPOLYSWEEP_WERROR=ON
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/platform.xml" <<EOF
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="node" suffix="" radical="0-$((ranks / per_node - 1))" speed="1Gf" bw="12.5GBps" lat="1us"
           loopback_bw="10GBps" loopback_lat="200ns"/>
</platform>
EOF
for ((node = 0; node < ranks / per_node; node++)); do echo "node$node:$per_node"; done >"$work/hosts"

# Computing takes no simulated time: what is looked at is who sends what, and that all come to an end. By default
# collective calls send all to one rank, and SimGrid takes the longer for a message, the more its rank has had before.
options=(--cfg=smpi/simulate-computation:no --log=root.thresh:warning --cfg=smpi/allreduce:redbcast
    --cfg=smpi/reduce:ompi_binomial --cfg=smpi/bcast:binomial_tree --cfg=smpi/gather:ompi_binomial)
cd "$work"
failed=0
for part in splits states_full states_causal rows_full rows_causal; do
    echo "$part on $ranks simulated ranks:"
    TMPDIR=$work smpirun -np "$ranks" -platform platform.xml -hostfile hosts "${options[@]}" \
        "$root/build-smpi/ranks" "$part" || failed=1
done
exit "$failed"
