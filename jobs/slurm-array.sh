#!/bin/bash -l
# A study on 1, 2, 4 and 8 nodes: a job for each number, one after the other.
#
#     sbatch jobs/slurm-array.sh STUDY.yaml RESULTS
#
# leaves RESULTS-1.h5, RESULTS-2.h5, ... for `polysweep-report`. All elements of an array get the same nodes, and here
# they use the first of them; the others are paid for and idle. Where that is too dear, submit sizes apart:
#
#     for nodes in 1 2 4 8; do sbatch --nodes=$nodes --array=0 jobs/slurm-array.sh STUDY.yaml RESULTS $nodes; done
#
# The command line of sbatch overrides any line below. `polysweep plan STUDY.yaml --slurm --ranks P` prints such a
# script with time and memory as predicted for a study.

# The name in squeue and of the log.
#SBATCH --job-name=polysweep-nodes
# The log: name of the job, number and index in the array.
#SBATCH --output=%x.%A_%a.out
# A job that runs again goes on in the same log.
#SBATCH --open-mode=append
# Which of the numbers below, and how many of them at a time (%1): they would meet in the network and the file system.
#SBATCH --array=0-3%1
# Nodes: the largest of the numbers below.
#SBATCH --nodes=8
# Ranks that share a node: the cores of yours.
#SBATCH --ntasks-per-node=32
# Cores of a rank: run.threads of the study.
#SBATCH --cpus-per-task=1
# A core each, not a hardware thread: two threads of one core take its multipliers from each other.
#SBATCH --hint=nomultithread
# The node and its memory for this job alone.
#SBATCH --exclusive
# All of the memory.
#SBATCH --mem=0
# Walltime of each. What is left then is requeued.
#SBATCH --time=01:00:00
# This shell (B:) hears USR1 so many seconds before the end: a second way, for the run itself asks Slurm for its time.
#SBATCH --signal=B:USR1@120
# After a failed node, and when this script asks for it below, the same job runs again.
#SBATCH --requeue

# USR1 goes on to the run, once it has begun.
run=
trap 'told=yes; [ -z "$run" ] || kill -USR1 "$run"' USR1

# What the program was built with:
# module load gcc openmpi hdf5-parallel openblas

# srun has not taken over --cpus-per-task by itself since Slurm 22.05.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
# Threads of a rank; a BLAS would start one for each core of the node.
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# OpenBLAS takes a slow kernel for a processor younger than itself, and where a profile sets OPENBLAS_CORETYPE for
# another; `polysweep doctor` on a node says so, and what helps: export OPENBLAS_CORETYPE=SkylakeX

# Numbers of nodes; the index in the array chooses one, if the command line does not give it.
counts=(1 2 4 8)
polysweep=${POLYSWEEP:-build/polysweep}
study=${1:?which study? sbatch jobs/slurm-array.sh STUDY.yaml RESULTS}
nodes=${3:-${counts[$SLURM_ARRAY_TASK_ID]}}
result=${2:?where to? sbatch jobs/slurm-array.sh STUDY.yaml RESULTS}-$nodes.h5

# Ranks fill one node after the other.
ranks=$((nodes * SLURM_NTASKS_PER_NODE))
launch=(mpirun -n "$ranks" --map-by "ppr:$SLURM_NTASKS_PER_NODE:node" --bind-to core)
command=("$polysweep" run "$study" -o "$result")

# ---- run, and run again ----

# Points that are done so far, from the file beside the result.
done_so_far() { sed -n 's/.*"done": \([0-9]*\).*/\1/p' "$result.status.json" 2>/dev/null; }
before=$(done_so_far)

# In the background, because a shell that waits in the foreground hears signals only afterwards. Ranks that hear USR1
# finish the points in flight and stop. A signal also ends `wait`, so it waits again.
"${launch[@]}" "${command[@]}" &
run=$!
told=yes
while [ "$told" = yes ]; do
    told=no
    wait "$run"
    code=$?
done

# 75: stopped in time, points are left; mpirun reports the code like an error. The job queues again and goes on where
# it stopped, unless this run finished no point: the next would not either. POLYSWEEP_REQUEUE=no leaves going on to
# others. An element of an array goes by its own name, for one of them has the number of them all.
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
if [ "$code" = 75 ] && [ "$(done_so_far)" = "${before:-0}" ]; then
    echo "No point was finished in this time; ask for more (--time), or see polysweep status $result"
elif [ "$code" = 75 ] && [ "${POLYSWEEP_REQUEUE:-yes}" = yes ]; then
    scontrol requeue "${job:-$SLURM_JOB_ID}" ||
        echo "This cluster does not requeue: submit the script again, or see jobs/slurm-chain.sh"
fi
exit "$code"
