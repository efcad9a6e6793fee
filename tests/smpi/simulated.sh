# For scripts that simulate ranks: builds the programs and describes the nodes. Without SimGrid the script is skipped (77);
# nothing is installed.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/../../jobs/setup.sh"

# prepare_ranks RANKS[:ON_A_NODE] PROGRAM, 16 on a node: then the working folder is one that ends with the script
prepare_ranks() {
    local per_node=16
    ranks=${1%:*}
    program=$2
    [ "$1" = "$ranks" ] || per_node=${1#*:}
    is_there "$wants_tests" libsimgrid-dev || { echo "SimGrid is not there; bash tests/run.sh installs it" && exit 77; }
    prepare_environment
    build "$root/build-smpi" "$program" --preset smpi -DPOLYSWEEP_WERROR=ON
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    cat >platform.xml <<END
<?xml version='1.0'?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1">
  <cluster id="cluster" prefix="node" suffix="" radical="0-$((ranks / per_node - 1))" speed="1Gf" bw="12.5GBps" lat="1us"
           loopback_bw="10GBps" loopback_lat="200ns"/>
</platform>
END
    for ((node = 0; node < ranks / per_node; node++)); do echo "node$node:$per_node"; done >hosts
}

# By default collective calls send all to one rank or from each to each, and SimGrid takes the longer for a message, the
# more its rank has had before.
options=(--cfg=smpi/simulate-computation:no --log=root.thresh:warning --cfg=smpi/allreduce:redbcast
    --cfg=smpi/reduce:ompi_binomial --cfg=smpi/bcast:binomial_tree --cfg=smpi/gather:ompi_binomial
    --cfg=smpi/allgather:bruck --cfg=smpi/barrier:ompi_bruck)

simulate() { # a part of the program
    echo "$1 on $ranks simulated ranks:"
    TMPDIR=$work smpirun -np "$ranks" -platform platform.xml -hostfile hosts "${options[@]}" "$root/build-smpi/$program" "$1"
}

# simulate_parts PROGRAM RANKS[:ON_A_NODE] PART...: all of them; 1 if one fails
simulate_parts() {
    local failed=0 part
    prepare_ranks "$2" "$1"
    for part in "${@:3}"; do simulate "$part" || failed=1; done
    return "$failed"
}
