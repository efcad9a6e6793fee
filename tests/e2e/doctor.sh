#!/usr/bin/env bash
# What doctor says of launches, settings and directories that are wrong for real, and that it leaves nothing behind.
. "$(dirname "$0")/common.sh"
mounted=() semaphore=
clean() {
    [ ${#mounted[@]} = 0 ] || umount "${mounted[@]}"
    [ -z "$semaphore" ] || rm -f "$semaphore"
    rm -rf "$work"
}
trap clean EXIT
mkdir place && place=$work/place

empty() { # directory
    [ -z "$(ls -A "$1")" ] || complain "left in $1:" "$(ls -RA "$1")"
}

small_mount() { # directory, options: a tmpfs of 64 KiB, where we may mount
    mkdir "$1"
    mount -t tmpfs -o "size=64k,$2" none "$1" 2>/dev/null || return 1
    mounted+=("$work/$1")
}

# ---- what is right ----
expect 0 "no directory was tested" ranks 1 doctor
expect 0 "all 512 points that were written read back correctly" ranks 1 doctor "$place"
empty "$place"
if [ "$(nproc)" -ge 2 ]; then
    expect 0 "every rank saw rank 0's lock" ranks 2 doctor "$place"
    expect 0 "all 1024 points .* each on the next rank" ranks 2 doctor "$place"
    expect 3 "share cores.*" mpirun -n 2 taskset -c 0 "$program" doctor
fi
(cd "$place" && timeout 60 "$program" doctor . >../said 2>&1) || complain "a relative name" "$(cat said)"
empty "$place"

# names for which a buffer of the MPI library is too short
wide=$place/$(printf 'a%.0s' {1..200})/$(printf 'b%.0s' {1..200})
mkdir -p "$wide"
expect 0 "all 512 points that were written read back correctly" "$program" doctor "$wide"
empty "$wide"
rm -r "${place:?}"/*

# ---- launches ----
many=$(($(nproc) + 1))
expect 3 "$many ranks x 1 thread on the .*" ranks $many doctor "$place"
grep -q "polysweep run --oversubscribe" said || complain "what to type is not said" "$(cat said)"
empty "$place"
expect 3 "1 rank x $many threads on" "$program" doctor --set run.threads=$many
expect 2 "only run.threads" "$program" doctor --set judge.trials=4
expect 2 "one directory" "$program" doctor "$place" "$place"

# srun without PMIx, where MPI starts all the same: two worlds of one at the same time; each speaks, for
# a shell in a step looks the same
for process in 0 1; do
    env POLYSWEEP_TRUST_SRUN=yes SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=$process SLURM_STEP_ID=0 SLURM_MPI_TYPE=none \
        timeout 60 "$program" doctor --json "$place" >world.$process 2>words.$process &
    pids[process]=$!
done
for process in 0 1; do
    wait "${pids[process]}"
    code=$?
    [ $code = 3 ] || complain "world $process ended with $code" "$(cat words.$process)"
done
grep -q "srun --mpi=none started 2 processes without PMIx" world.0 || complain "separate worlds" "$(cat world.0)"
grep -q "srun --mpi=pmix -n 2" world.0 || complain "what to type is not said" "$(cat world.0)"
[ -s world.1 ] || complain "the second world ends with an error and no report"
empty "$place"

# otherwise the advice comes before MPI starts
env SLURM_JOB_ID=1 SLURM_NODELIST="$(hostname)" SLURM_STEPID=0 SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 \
    timeout 60 "$program" doctor >said 2>&1 && complain "a launch without PMIx ended well" "$(cat said)"
grep -q "without PMIx, so they cannot make one MPI world" said || complain "what to type is not said" "$(cat said)"

# ---- settings ----
expect 0 "unset OPENBLAS_L2_SIZE" env OPENBLAS_L2_SIZE=512 "$program" doctor
# a kernel that is below the processor's, whoever chose it; and the advice, followed
if grep -q " avx2" /proc/cpuinfo && "$program" doctor | grep -q DYNAMIC_ARCH; then
    expect 3 "kernel Nehalem .no AVX2. on a processor with AVX" env OPENBLAS_CORETYPE=Nehalem "$program" doctor
    forced=$(sed -n 's/.*`export OPENBLAS_CORETYPE=\([A-Za-z]*\)`.*/\1/p' said)
    expect 0 "kernel $forced .OPENBLAS_CORETYPE=$forced." env OPENBLAS_CORETYPE="$forced" "$program" doctor
    grep -q "unset OPENBLAS_CORETYPE" said && complain "against its own advice" "$(cat said)"
    # a processor that OpenBLAS does not know: what it says of itself then
    echo 'char *openblas_get_corename(void) { return "Prescott"; }' >old.c
    "${CC:-cc}" -shared -fPIC -o old.so old.c
    expect 3 "export OPENBLAS_CORETYPE=$forced.: this OpenBLAS does not know the processor" \
        env -u OPENBLAS_CORETYPE LD_PRELOAD="$work/old.so" "$program" doctor
    # CMake asks by a program of its own
    "${CC:-cc}" -o asked "$here/../blas_kernel.c" old.c
    [ "$(./asked)" = "$forced" ] || complain "the tests' kernel is '$(./asked)', doctor's $forced"
fi
if grep -q " avx512vl" /proc/cpuinfo && "$program" doctor | grep -q DYNAMIC_ARCH; then
    expect 0 "kernel Haswell .AVX2. on a processor with AVX-512" env OPENBLAS_CORETYPE=Haswell "$program" doctor
fi

# a semaphore that a killed run left shut: glibc's is 32 bytes of 0
if [ -w /dev/shm ]; then
    semaphore=/dev/shm/sem.OMPIO_polysweep-$$.h5
    head -c 32 /dev/zero >"$semaphore"
    expect 0 "rm $semaphore|and the others likewise" "$program" doctor "$place"
    if "$program" doctor | grep -q "mpi  *Open MPI"; then
        expect 3 "wait forever" env OMPI_MCA_sharedfp=sm OMPI_MCA_io=ompio "$program" doctor "$place"
        expect 0 "with MPI-IO of romio321" env OMPI_MCA_io=romio321 "$program" doctor "$place"
    fi
    rm "$semaphore"
    "$program" doctor | grep -q "$semaphore" && complain "a semaphore that is gone is reported"
    empty "$place"
fi

# ---- directories ----
expect 3 "mkdir -p $work/nowhere" ranks 2 doctor "$work/nowhere"
[ "$(grep -c "No such file" said)" = 1 ] || complain "not said once" "$(cat said)"
absent nowhere
touch file
expect 3 "Not a directory" "$program" doctor "$work/file"
expect 3 "ulimit -f unlimited" mpirun -n 1 bash -c "ulimit -f 100; exec '$program' doctor '$place'"
empty "$place"
if small_mount full rw; then
    expect 3 "no room for a result file.*No space left" ranks 2 doctor "$work/full"
    grep -q "df -h $work/full" said || complain "what to type is not said" "$(cat said)"
    empty full
    head -c 1M /dev/zero >full/filler 2>/dev/null
    expect 3 "No space left" "$program" doctor "$work/full"
    [ "$(ls -A full)" = filler ] || complain "left on a full disk" "$(ls -RA full)"
    small_mount still ro
    expect 3 "Read-only file system" ranks 2 doctor "$work/still"
fi
if [ "$(id -u)" != 0 ]; then
    mkdir -m 555 closed
    expect 3 "Permission denied" "$program" doctor "$work/closed"
fi

# ---- what goes wrong on the way ----
for site in store.create:0 store.put:1 store.sync:1; do
    expect 3 "injected fault at ${site%:*}" env POLYSWEEP_FAULT="$site:1" mpirun -n 2 --oversubscribe "$program" doctor "$place"
    empty "$place"
done
for signal in TERM INT USR1; do
    "$program" doctor "$place" >said 2>&1 &
    pid=$!
    while [ -z "$(ls -A "$place")" ] && kill -0 $pid 2>/dev/null; do :; done
    kill -s $signal $pid 2>/dev/null
    wait $pid
    code=$?
    [ $code = 75 ] || [ $code = 0 ] || complain "ended with $code after $signal" "$(cat said)"
    empty "$place"
done
finish
