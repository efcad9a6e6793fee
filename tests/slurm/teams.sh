#!/usr/bin/env bash
# Teams over two virtual nodes of Slurm, which have tcp alone between them: large points on teams of both nodes, small
# ones taken by both, the bits of one rank; a rank that fails on the other node is a failed point, or the job's end.
. "$(dirname "$0")/up.sh"
slurm_needed
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
trap 'slurm_down; rm -rf "$work"' EXIT
chmod 711 "$work"
slurm_up "$work/slurm" 2 2 || exit 1

# Virtual nodes share a kernel, where Open MPI's shared memory would take the ranks of two for neighbours.
unset OMPI_MCA_plm
export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo

cat >study.yaml <<'STUDY'
schema: 1
study: tail
data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 1}
methods: [exact, softmax, linear]
grid: {n: [64, 256, 1024], d: 18, beta: [2, 4, 8], negative: signed, mask: [full, causal], block: 128}
include: [{method: exact, n: 16384, d: 18, beta: 6, block: 128}]  # most of the work: a team of all, or the others wait
judge: {m: 8, trials: 100}
STUDY
sed '/^include/d; s/^grid: .*/grid: {n: 256, d: 18, beta: 4, mask: [full, causal], block: 32, team: [1, 2]}/
    s/^methods: .*/methods: [exact, polysketch: {r: 8, draws: 2}]/' study.yaml >forced.yaml

# The program under mpirun in a job of two nodes: `./two_nodes RANKS_A_NODE ARGUMENTS...`.
printf '%s\n' '#!/bin/bash' 'exec mpirun "$@"' >job.sh
cat >two_nodes <<JOB
#!/bin/bash
. "$POLYSWEEP_SOURCE/tests/slurm/up.sh"
slurm_run -N 2 --ntasks-per-node="\$1" job.sh "$program" "\${@:2}"
JOB
chmod +x two_nodes

column() { "$program" show "$1" --csv --columns "$2" --where "$3" | tail -n +2 | sort -u; } # file, column, condition

expect 0 "" env -u OMPI_MCA_btl mpirun -n 1 "$program" run study.yaml -o reference.h5
for k in 1 2; do
    expect 0 "31 of 31" ./two_nodes $k run study.yaml -o "$k.h5" --oversubscribe
    column $k.h5 nodes "n == 16384" | grep -qx 2 || complain "$k a node: the large point was not shared by both nodes"
    column $k.h5 nodes "n == 64" | grep -qx 1 || complain "$k a node: small points are not a rank's"
    [ "$(column $k.h5 ranks_per_node "n > 0")" = $k ] || complain "$k a node: ranks of a node" "$(column $k.h5 ranks_per_node "n > 0")"
done
expect 0 "31 of 31" srun --mpi=pmix -N 2 --ntasks-per-node=1 "$program" run study.yaml -o srun.h5 --oversubscribe
column srun.h5 nodes "n == 16384" | grep -qx 2 || complain "srun: the large point was not shared by both nodes"
expect 0 "bit for bit in 3 files" "$python" "$here/bits.py" reference.h5 1.h5 2.h5 srun.h5
grep -qvx 0 <(column 2.h5 first_rank "team == 1") || complain "all small points went to one rank"

export POLYSWEEP_FAULT
for site in compute.prepare dist.step dist.scan; do
    POLYSWEEP_FAULT=$site:1:1
    expect 1 "7 of 8 points done, 1 failed" ./two_nodes 1 run forced.yaml -o $site.h5 --oversubscribe
    expect 0 "injected fault at $site on rank 1" "$program" show $site.h5 --jsonl --where "nodes == 2 and status == failed"
done
POLYSWEEP_FAULT=comm.queue:1:1
expect 3 "injected fault at comm.queue on rank 1" ./two_nodes 1 run forced.yaml -o queue.h5 --oversubscribe
finish
