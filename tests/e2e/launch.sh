#!/usr/bin/env bash
# Launches that would do harm are refused, with the command that works.
. "$(dirname "$0")/common.sh"
small_study study.yaml

# srun without a common MPI: two processes, each in a world of its own
expect 3 "srun --mpi=pmix -n 2" env SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 SLURM_STEP_ID=0 "$program" run study.yaml -o alone.h5
absent alone.h5

many=$(($(nproc) + 1))
expect 2 "mpirun -n [0-9]+ .*--oversubscribe" ranks $many run study.yaml -o crowd.h5
absent crowd.h5
expect 0 "" ranks $many run study.yaml -o crowd.h5 --oversubscribe
expect 0 "" "$python" -c "import h5py; t = h5py.File('crowd.h5')['timing'][:]; assert set(t) == {3}, t"
expect 2 "need $many processors, .*hardware threads" ranks 1 run study.yaml -o crowd2.h5 --set run.threads=$many

# what needs no MPI is printed once; a dry run is about the ranks that were started
for command in "plan study.yaml" "status crowd.h5" "show crowd.h5" "plan --help" "help keys" "--version"; do
    # shellcheck disable=SC2086 # words
    "$program" $command >once
    # shellcheck disable=SC2086
    expect 0 "." ranks 2 $command
    [ "$(wc -l <said)" = "$(wc -l <once)" ] || complain "mpirun -n 2 polysweep $command is not printed once" "$(cat said)"
done
expect 0 "finish .* on $many ranks" ranks $many run study.yaml --dry-run
absent small.h5

# one message, from one rank
expect 3 "missing.yaml" ranks 2 run missing.yaml
[ "$(grep -c "missing.yaml" said)" = 1 ] || complain "not one message" "$(cat said)"
finish
