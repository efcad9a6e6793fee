#!/usr/bin/env bash
# Jobs of a real Slurm: the script that `plan --slurm` prints is cut by its walltime, requeues itself and ends with the
# bits of an uncut run; meanwhile the scripts of jobs/, both launchers, a signal before the end, and processes that
# srun started as strangers to each other.
. "$(dirname "$0")/up.sh"
slurm_needed
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
jobs=$POLYSWEEP_BUILD/jobs
trap 'slurm_down; rm -rf "$work"' EXIT
chmod 711 "$work"
slurm_up "$work/slurm" 3 2 || exit 1
unset OMPI_MCA_plm
export POLYSWEEP=$program

small_study small.yaml
expect 0 "" mpirun -n 2 "$program" run small.yaml -o small.h5

wait_for() { slurm_wait "$@" >late || complain "a job takes too long" "$(cat late)"; }
ended() { echo "$(slurm_said "$1" Restarts) times again, code $(slurm_said "$1" ExitCode)"; }
story() { # job
    scontrol show job "$1"
    cat ./*."$1".out
}

# ---- what is printed is right before it runs

shell_is_right() { # script
    bash -n "$1" || complain "$1 is no script"
    ! command -v shellcheck >/dev/null || shellcheck "$1" || complain "$1: see above"
}

# Six seconds of work for two ranks, if the prediction is right for this machine: as many seeds as that takes.
cat >cut.yaml <<'STUDY'
schema: 1
study: cut
data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 1}
methods: [exact]
grid: {seed: {from: 1, to: 40, step: 1}, n: 512, d: 18, beta: [2, 4, 8, 16]}
judge: {m: 16, trials: 400}
STUDY
plan() { "$program" plan "$@" --ranks-per-node 2 2>plan.said || complain "plan" "$(cat plan.said)"; }
finish_s=$(plan cut.yaml --ranks 2 --json | grep -oP '"finish_s": \K[^,]+' | head -n 1)
seeds=$(awk -v s="$finish_s" 'BEGIN {printf "%d", 40 * 6 / s + 1}')
sed -i "s/to: 40/to: $seeds/" cut.yaml

SECONDS=0
expect 0 "" mpirun -n 2 "$program" run cut.yaml -o whole.h5 --quiet
half=$((SECONDS < 8 ? 4 : SECONDS > 80 ? 40 : SECONDS / 2))

# Slurm's shortest walltime is a minute. Most of it goes by before the run begins, as if modules took so long to load;
# what is left after a tenth is kept for closing is half of what the run took just now. The signal is one that this
# shell does not hear: Slurm sends it up to half a minute early, and here the clock is to decide.
# shellcheck disable=SC2016 # meant for the job
echo "[ -n \"\${SLURM_RESTART_COUNT:-}\" ] || sleep $((60 - half * 10 / 9 - 1))" >modules
plan cut.yaml --ranks 2 --slurm --prologue modules --sbatch time=1 --sbatch signal=B:URG@1 >cut.job
# Slurm looks twice a minute, half a minute ahead: this signal comes 5 to 35 s after the start.
plan cut.yaml --ranks 1 --slurm --launcher srun --sbatch time=1 --sbatch signal=B:USR1@25 -o signal.h5 \
    --set judge.trials=20000 >signal.job
plan small.yaml --ranks 4 --slurm --sbatch 'comment=two words' --sbatch partition=all -o two.h5 >two.job
plan small.yaml --ranks 2 --slurm --sbatch partition=none >nowhere.job
for script in cut.job signal.job two.job "$jobs"/slurm-*.sh; do shell_is_right "$script"; done
for script in cut.job signal.job two.job; do expect 0 "to start at" sbatch --test-only $script; done
expect 1 "nvalid partition" sbatch --test-only nowhere.job

# Ranks that are given nothing by `sbatch --export=NONE` have what the script sets all the same.
printf 'export %s\n' OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl=self,tcp >roots
plan small.yaml --ranks 2 --slurm --launcher srun --prologue roots --sbatch export=NONE --sbatch time=2 -o none.h5 >none.job

# ---- a job that is cut, and others while it waits

cut=$(sbatch --parsable cut.job)
signal=$(POLYSWEEP_REQUEUE=no sbatch --parsable signal.job)

expect 3 "srun --mpi=pmix -n 2 polysweep" srun --mpi=none -n 2 "$program" run small.yaml -o strangers.h5
[ "$(grep -c '^polysweep:' said)" = 1 ] || complain "not one message" "$(cat said)"
expect 3 "srun --mpi=pmix -n 2 polysweep" srun --mpi=pmi2 -n 2 "$program" run small.yaml -o strangers.h5
[ "$(grep -c '^polysweep:' said)" = 1 ] || complain "not one message" "$(cat said)"
absent strangers.h5
absent strangers.h5.lock

# shellcheck disable=SC2016 # meant for the script
printf '. "%s"\nslurm_run --mem=100M --oversubscribe -t 5 "$@"\n' "$POLYSWEEP_SOURCE/tests/slurm/up.sh" >submit
export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo # virtual nodes share a kernel, but not in earnest
expect 0 "" bash submit --ntasks-per-node=2 "$jobs/slurm-one-node.sh" small.yaml one.h5
expect 0 "" bash submit none.job
[ ! -e none.h5.lost ] || complain "ranks without the environment" "$(cat none.h5.lost)"
expect 0 "" bash submit --nodes=2 --ntasks-per-node=1 "$jobs/slurm-nodes.sh" small.yaml several.h5
expect 0 "" bash submit --nodes=2 --ntasks-per-node=1 --array=0-1%1 "$jobs/slurm-array.sh" small.yaml array
for k in 1 2; do # each element heard of its own time: five minutes less a tenth, less what it took to start
    grep -Eq '"time_limit_s": (2[4-6][0-9]|27[01])\..*"from": "Slurm"' array-$k.h5.events.jsonl ||
        complain "time of an array" "$(cat array-$k.h5.events.jsonl)"
done
plan small.yaml --ranks 2 --slurm --sbatch time=2 -o chain.h5 >chain.job
bash "$jobs/slurm-chain.sh" 2 chain.job >links || complain "a chain" "$(cat links)"
[ "$(slurm_said "$(tail -n 1 links)" Dependency)" = "afterany:$(head -n 1 links)(unfulfilled)" ] ||
    complain "no chain" "$(scontrol show job)"
for link in $(cat links); do
    wait_for "$link" 60
    [ "$(ended "$link")" = "0 times again, code 0:0" ] || complain "a link of the chain" "$(story "$link")"
done
expect 0 "bit for bit in 6 files" "$python" "$here/bits.py" small.h5 none.h5 one.h5 several.h5 array-1.h5 array-2.h5 chain.h5

# scancel is no crash: the run hears of it, and its points are as if they had not begun; the job stays cancelled.
cancelled=$(sbatch --parsable --mem=100M --oversubscribe -t 5 --ntasks-per-node=2 -o cancelled.log \
    "$jobs/slurm-one-node.sh" cut.yaml cancelled.h5)
for ((w = 0; w < 400; w++)); do
    grep -qs '"done": [1-9]' cancelled.h5.status.json && break
    sleep 0.1
done
scancel "$cancelled"
wait_for "$cancelled" 60
[ "$(slurm_said "$cancelled" JobState) $(slurm_said "$cancelled" Restarts)" = "CANCELLED 0" ] ||
    complain "the cancelled job" "$(scontrol show job "$cancelled"; cat cancelled.log)"
grep -q '"state": "stopped_clean".*"stop_reason": "TERM"' cancelled.h5.status.json ||
    complain "how it ended" "$(cat cancelled.h5.status.json cancelled.log)"
[ "$("$program" show cancelled.h5 --csv --columns deaths,status | tail -n +2 | sort -u | paste -s -d ' ')" = "0,done 0,empty" ] ||
    complain "its points" "$("$program" show cancelled.h5 --csv --columns deaths,status | sort | uniq -c)"

wait_for "$signal" 90
[ "$(ended "$signal")" = "0 times again, code 75:0" ] || complain "the signalled job" "$(story "$signal")"
grep -q '"stop_reason": "USR1"' signal.h5.status.json || complain "what stopped it" "$(cat signal.h5.status.json)"

expect 0 "" bash submit two.job
expect 0 "bit for bit" "$python" "$here/bits.py" small.h5 two.h5

wait_for "$cut" 120
case $(ended "$cut") in
"0 times"* | *"code "[^0]*) complain "the job that was cut" "$(story "$cut")" ;;
esac
grep -q '"time_limit_s": .*"from": "Slurm"' cut.h5.events.jsonl || complain "its limit" "$(cat cut.h5.events.jsonl)"
grep -q '"stop_reason": "time limit"' cut.h5.events.jsonl || complain "its end" "$(cat cut.h5.events.jsonl)"
expect 0 "bit for bit" "$python" "$here/bits.py" whole.h5 cut.h5
finish
