#!/bin/bash
# A chain of jobs, each of which continues where the one before it stopped; for clusters that do not let a job requeue
# itself. On the login node:
#
#     bash slurm-chain.sh 5 slurm-nodes.sh STUDY.yaml RESULT.h5
#     bash slurm-chain.sh 5 JOB_SCRIPT            printed by polysweep plan --slurm
#
# Jobs that find nothing left to do end within seconds. `scancel` of the last number takes one off the end.
set -eu
count=${1:?how many jobs? bash slurm-chain.sh COUNT JOB_SCRIPT [ARGUMENTS...]}
script=${2:?which job script? bash slurm-chain.sh COUNT JOB_SCRIPT [ARGUMENTS...]}

after=()
for ((k = 0; k < count; k++)); do
    # The chain goes on, so the job must not requeue itself.
    job=$(sbatch --parsable --export=ALL,POLYSWEEP_REQUEUE=no "${after[@]}" "$script" "${@:3}")
    # With federated clusters the number is followed by the cluster's name.
    job=${job%%;*}
    echo "$job"
    # afterany: a job that stopped with work left has a code that is not 0, and the next is meant for just that case.
    after=(--dependency="afterany:$job")
done
