#!/usr/bin/env bash
# Launches that would do harm are refused, with the command that works.
. "$(dirname "$0")/common.sh"
small_study study.yaml
mpirun=${POLYSWEEP_MPIEXEC:-mpirun}

# srun without a common MPI: two processes, each in a world of its own
expect 3 "srun --mpi=pmix -n 2" env SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 SLURM_STEP_ID=0 "$program" run study.yaml -o alone.h5
absent alone.h5

many=$(($(nproc) + 1))
expect 2 "mpirun -n [0-9]+ .*--oversubscribe" ranks $many run study.yaml -o crowd.h5
absent crowd.h5
expect 0 "" ranks $many run study.yaml -o crowd.h5 --oversubscribe
expect 0 "" "$python" -c "import h5py; t = h5py.File('crowd.h5')['timing'][:]; assert set(t) == {3}, t"
expect 2 "need $many processors, .*hardware threads" ranks 1 run study.yaml -o crowd2.h5 --set run.threads=$many

# OpenMP's variables bind the first thread of a process: it is no less than the process may use
if [ "$(nproc)" -gt 1 ]; then
    for bind in OMP_PROC_BIND=close OMP_PLACES=cores; do
        rm -f bound.h5*
        expect 0 "" env $bind "$program" run study.yaml -o bound.h5 --set run.threads=2 --where "n == 64 and beta == 2"
    done
fi

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

# A rank in the environment is no launch: shells and task farms hand it down to programs that have nothing to do with
# each other. Each does its work and ends with its own code.
expect 0 "" "$program" run study.yaml -o whole.h5
cp whole.h5 damaged.h5
"$python" -c "import h5py; h5py.File('damaged.h5', 'r+')['successes'][3] += 1"
"$program" show whole.h5 >once
for rank in SLURM_PROCID=1 PMI_RANK=1 PMIX_RANK=1 OMPI_COMM_WORLD_RANK=1 "PMIX_RANK=1 SLURM_PROCID=1 SLURM_STEP_NUM_TASKS=2" \
    "SLURM_PROCID=1 SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=2 SLURM_STEP_ID=0"; do
    # shellcheck disable=SC2206 # words
    inside=(env $rank)
    expect 0 "." "${inside[@]}" "$program" show whole.h5
    cmp -s said once || complain "$rank: another table" "$(cat said)"
    for words in --help --version "help keys" "plan study.yaml" "merge merged.h5 whole.h5"; do
        # shellcheck disable=SC2086
        expect 0 "." "${inside[@]}" "$program" $words
    done
    rm -f merged.h5*
    expect 3 "missing.h5" "${inside[@]}" "$program" show missing.h5
    expect 2 "did you mean show" "${inside[@]}" "$program" shw whole.h5
    expect 2 "did you mean --where" "${inside[@]}" "$program" show whole.h5 --wher "n == 64"
    expect 2 "COMMAND" "${inside[@]}" "$program"
    case $rank in
    *STEP_ID*) expect 3 "srun --mpi=pmix -n 2" "${inside[@]}" "$program" verify damaged.h5 ;;
    *) expect 4 "1 slots are torn" "${inside[@]}" "$program" verify damaged.h5 ;;
    esac
done

# the same under a real launcher: a script that each rank runs for itself
expect 0 "" "$mpirun" -n 2 sh -c "'$program' show whole.h5 >shown.\$\$; '$program' show missing.h5; test \$? = 3"
[ "$(grep -c "missing.h5" said)" = 2 ] || complain "a message is missing" "$(cat said)"
for file in shown.*; do cmp -s "$file" once || complain "$file: another table"; done
# ranks with files of their own
expect 3 "missing.h5" "$mpirun" -n 1 "$program" show whole.h5 : -n 1 "$program" show missing.h5
expect 0 "" ranks 2 merge merged.h5 whole.h5
expect 3 "missing.h5" ranks 2 show missing.h5
[ "$(grep -c "missing.h5" said)" = 1 ] || complain "not one message" "$(cat said)"

# one message, from one rank
expect 3 "missing.yaml" ranks 2 run missing.yaml
[ "$(grep -c "missing.yaml" said)" = 1 ] || complain "not one message" "$(cat said)"
finish
