#!/usr/bin/env bash
# doctor on two hosts: names of a process's own (UTS namespaces) and an agent in place of ssh make two of one machine.
. "$(dirname "$0")/common.sh"
skip() { echo "skipped: $1"; exit 77; }
cat >agent <<'END'
#!/bin/bash
host=$1
shift
exec unshare --uts bash -c 'hostname "$0"; eval "$@"' "$host" "$*"
END
chmod +x agent
unshare --uts hostname left 2>/dev/null || skip "no process may have a host name of its own here"
"$program" doctor | grep -q "mpi  *Open MPI" || skip "not Open MPI"
unset OMPI_MCA_plm
export OMPI_MCA_plm_rsh_agent=$PWD/agent OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
export OMPI_MCA_hwloc_base_binding_policy=none
far=(timeout 100 mpirun --mca plm rsh --host left:2,right:2)

"${far[@]}" -n 1 true >said 2>&1 || skip "mpirun does not start on two hosts: $(tail -n 1 said)"
expect 0 "4 ranks on 2 nodes: left, right" "${far[@]}" -n 4 "$program" doctor
cp said all
expect 0 "us and .* GB/s between the nodes left and right" cat all
expect 0 "may run on every core of right .$(nproc); " cat all
if [ "$(nproc)" -gt 1 ]; then
    expect 0 "any core of left, right" cat all
    expect 0 "type .mpirun -n 4 --host left:2,right:2 --bind-to core" cat all
fi
# more than the cores: what to type keeps the hosts, as they were given
many=$(($(nproc) + 1))
printf 'left slots=%d\nright slots=%d\n' $many $many >hosts
timeout 100 mpirun --mca plm rsh --hostfile hosts -n $((2 * many)) "$program" doctor >said 2>&1
[ $? = 3 ] || complain "crowded hosts are no problem" "$(cat said)"
grep -q "type .mpirun -n $((2 * $(nproc))) --hostfile hosts --map-by ppr:$(nproc):node" said ||
    complain "what to type is not said" "$(cat said)"
finish
