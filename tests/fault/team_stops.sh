#!/usr/bin/env bash
# A team that is stopped, or loses a rank, in the middle of a point: team_stops.sh [KILLS]. The file opens, nothing is
# half written, and running again comes to the bits of a run that nobody disturbed.
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
kills=${1:-2}

cat >study.yaml <<'STUDY'
schema: 1
study: long
data: {kind: gaussian}
methods: [exact, softmax]
grid: {mask: causal, n: [4096, 20480], d: 32, beta: [6, 8], row_norm: unit, block: 128, team: [2, 4]}
run: {route: ring}
STUDY
expect 0 "12 of 12" ranks 4 run study.yaml -o reference.h5 --oversubscribe

children() { tr ' ' '\n' <"/proc/$launcher/task/$launcher/children" | grep .; }

# Starts a run, waits until a large point has begun, and sends SIGNAL to mpirun or its ranks or one of these. A run that was
# over before the signal came has shown nothing and is started again.
start() { # signal, launcher|ranks|rank
    for ((try = 0; try < 10; try++)); do
        rm -f cut.h5 cut.h5.*
        mpirun -n 4 "$program" run study.yaml -o cut.h5 --oversubscribe >said 2>&1 &
        launcher=$!
        for ((w = 0; w < 200; w++)); do
            "$program" show cut.h5 --csv --where "n == 20480" --columns status 2>/dev/null | grep -q running && break
            sleep 0.05
        done
        sleep "0.$((RANDOM % 4))"
        case $2 in
        launcher) whom=$launcher ;;
        ranks) whom=$(children) ;;
        rank) whom=$(children | shuf -n 1) ;;
        esac
        # shellcheck disable=SC2086 # several, or none when the run is over
        kill "-$1" $whom 2>kill_said
        wait "$launcher"
        code=$?
        "$program" show cut.h5 --csv --columns status >before
        grep -qv done <(tail -n +2 before) && return
    done
    complain "$1: ten runs were over before the signal came" "$(cat said)"
}

# What is done is right; again comes to the same file.
check() { # what, allowed exit codes
    [[ " $2 " = *" $code "* ]] || complain "$1: exit code $code" "$(cat said)"
    expect 0 "bit for bit" "$python" "$here/bits.py" --committed reference.h5 cut.h5
    expect 0 "12 of 12" ranks 4 run study.yaml -o cut.h5 --oversubscribe
    expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5
}

start USR1 launcher # what runs is finished
check USR1 75
! grep -q running before || complain "USR1 left a point behind" "$(cat before)"
grep -q done before || complain "USR1: nothing is done" "$(cat before)"

start TERM ranks # what runs is given up; as Slurm does it: mpirun would pass it on after a second
check TERM 75
grep -q empty before && ! grep -q running before || complain "TERM did not give up a point" "$(cat before)"

for ((k = 0; k < kills; k++)); do
    start KILL rank
    check "kill -9 of a rank" 137
done
finish
