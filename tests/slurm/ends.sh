#!/usr/bin/env bash
# How runs end in jobs of a real Slurm that are no answers: ranks that die on one node again and again, a node that
# dies, a memory limit, a launcher that cannot launch, preemption with and without time to end. Whatever happens, the job comes
# to the result of an undisturbed one, or gives up after a few tries.
. "$(dirname "$0")/up.sh"
slurm_needed
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
jobs=$POLYSWEEP_BUILD/jobs
group=/sys/fs/cgroup/memory/polysweep-test-$$
trap 'slurm_down; rmdir $group 2>/dev/null; rm -rf "$work"' EXIT
chmod 711 "$work"
slurm_up "$work/slurm" 3 2 SlurmdTimeout=15 PreemptType=preempt/partition_prio PreemptMode=REQUEUE \
    "PartitionName=first Nodes=ALL PriorityTier=10 MaxTime=60" \
    "PartitionName=gentle Nodes=ALL PriorityTier=1 GraceTime=20 MaxTime=60" || exit 1
unset OMPI_MCA_plm
export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo # virtual nodes share a kernel, but not in earnest
ulimit -c 0

small_study small.yaml
sed '/precision:/d; s/n: .*/n: 512/; s/d: .*18]/d: 18/; s/beta: .*/beta: [2, 4, 8, 16]/; s/trials: 20/trials: 400/
    s/^grid:/&\n  seed: {from: 1, to: 300, step: 1}/; s/noise: 0.05/&, data_draws: 1/; s/, softmax, linear//' small.yaml >longer.yaml
expect 0 "" mpirun -n 2 "$program" run small.yaml -o small.h5
expect 0 "" mpirun -n 2 "$program" run longer.yaml -o longer.h5 --quiet

submit() { # name, program, arguments of sbatch and of the script...
    POLYSWEEP=$2 sbatch --parsable --mem=100M --oversubscribe -t 5 -o "$1.log" "${@:3}"
}
ended() { # name, job, restarts (a pattern), code
    slurm_wait "$2" 240 >late || complain "$1 takes too long" "$(cat late)"
    local found
    found="$(slurm_said "$2" Restarts) times again, code $(slurm_said "$2" ExitCode)"
    grep -Eqx "$3 times again, code $4:0" <<<"$found" || complain "$1: $found, not $3 and $4" "$(scontrol show job "$2"; cat "$1.log")"
}
until_done() { # result: until some of its points are done
    local w
    for ((w = 0; w < 600; w++)); do
        grep -qs '"done": [1-9]' "$1.status.json" && return
        sleep 0.1
    done
    complain "$1: no point is done" "$(cat ./*.log)"
}
same() { expect 0 "bit for bit" "$python" "$here/bits.py" "$@"; } # reference, files

# Programs that end before they begin: the ranks on one node; the launcher, by its own doing.
printf '%s\n' '#!/bin/bash' "[ \"\$SLURMD_NODENAME\" != virtual2 ] || kill -9 \$\$" "exec $program \"\$@\"" >flaky
printf '%s\n' '#!/bin/bash' 'exit 1' >mpirun
chmod +x flaky mpirun

# ---- at once: two nodes one of which is bad; a launcher that launches nothing

flaky=$(submit flaky "$PWD/flaky" --nodes=2 --ntasks-per-node=1 "$jobs/slurm-nodes.sh" small.yaml flaky.h5)
printf "PATH=%s:\$PATH\n" "$PWD" >path
(plan=("$program" plan small.yaml --ranks 1 --ranks-per-node 2 --slurm --prologue path --sbatch time=2 --sbatch mem=100M -o none.h5)
    "${plan[@]}" >none.job 2>/dev/null)
none=$(sbatch --parsable -o none.log none.job)

# ---- a memory limit, as Slurm sets it with cgroups: the rank is killed, three times with one point

if mkdir $group 2>/dev/null && echo 200M >$group/memory.limit_in_bytes; then
    cat >large.yaml <<'STUDY'
schema: 1
study: large
data: {kind: gaussian}
methods: [exact]
grid: {n: [128, 256, 16384], d: 1024, beta: 2}
run: {memory_per_rank: 4Gi}
STUDY
    printf '%s\n' '#!/bin/bash' "echo \$\$ >$group/cgroup.procs" "exec $program \"\$@\"" >limited
    chmod +x limited
    limited=$(submit limited "$PWD/limited" -w virtual3 --ntasks-per-node=1 "$jobs/slurm-one-node.sh" large.yaml large.h5)
    ended limited "$limited" 3 1
    [ "$("$program" show large.h5 --csv --columns status,error_code,deaths --where 'n > 256' | tail -n 1)" = failed,killed,3 ] ||
        complain "the large point" "$("$program" show large.h5; cat limited.log)"
    [ "$("$program" show large.h5 --csv --columns status --where 'n <= 256' | sort -u | paste -s -d ' ')" = "done status" ] ||
        complain "the small points" "$("$program" show large.h5)"
    [ ! -e large.h5.lost ] || complain "an answer forgets what was lost" "$(cat large.h5.lost)"
fi

ended flaky "$flaky" 2 0
[ "$(slurm_said "$flaky" ExcNodeList)" = virtual2 ] || complain "virtual2 is not left out" "$(scontrol show job "$flaky"; cat flaky.log)"
same small.h5 flaky.h5
ended none "$none" 3 1
grep -q "ended like this before" none.log || complain "how it gave up" "$(cat none.log)"

# ---- preemption, at once and with time to end

for mode in all gentle; do
    low=$(submit low-$mode "$program" -p $mode -w virtual1 --ntasks-per-node=2 "$jobs/slurm-one-node.sh" longer.yaml low-$mode.h5)
    until_done low-$mode.h5
    high=$(sbatch --parsable -p first -w virtual1 --exclusive --mem=900M -t 1 -o high.log --wrap "sleep 1")
    ended high "$high" 0 0
    ended low-$mode "$low" 1 0
    same longer.h5 low-$mode.h5
    [ "$("$program" show low-$mode.h5 --csv --columns deaths | sort -u | paste -s -d ' ')" = "0 deaths" ] ||
        complain "$mode: preemption is no crash" "$("$program" show low-$mode.h5 --where 'deaths > 0'; cat low-$mode.log)"
done

# ---- a node dies: its daemons, and all that they had started

dying=$(submit dying "$program" --nodes=2 --ntasks-per-node=1 -x virtual1 "$jobs/slurm-nodes.sh" longer.yaml dying.h5)
until_done dying.h5
kill -9 "$(cat "$work/slurm/virtual3.pid")"
for orted in $(grep -lsz '^SLURMD_NODENAME=virtual3$' /proc/[0-9]*/environ | cut -d / -f 3); do
    parent=$(awk '{print $4}' "/proc/$orted/stat" 2>/dev/null)
    case $(cat "/proc/$parent/comm" 2>/dev/null) in slurmstepd*) kill -9 "$parent" ;; esac
    kill -9 "$orted" 2>/dev/null
done
for ((w = 0; w < 400; w++)); do # it was given these two, and needs another now
    scontrol update JobId="$dying" ExcNodeList= 2>/dev/null && break
    sleep 0.1
done
ended dying "$dying" "[12]" 0
same longer.h5 dying.h5
finish
