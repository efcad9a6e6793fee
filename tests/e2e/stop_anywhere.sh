#!/usr/bin/env bash
# SIGTERM is heard wherever a point spends its time: each of these points would take hours in one of its loops, and
# ends at once, to be done again.
. "$(dirname "$0")/common.sh"

# Started, signalled once its point runs, and waited for: much longer than it takes, much shorter than the point.
stops() { # what, ranks, settings of the study as flow mappings...
    local what=$1 count=$2 code i start=()
    [ "$count" = 1 ] || start=(mpirun -n "$count" --oversubscribe)
    shift 2
    printf '%s\n' "schema: 1" "study: long" "output: {file: long.h5}" "$@" >long.yaml
    rm -f long.h5*
    "${start[@]}" "$program" run long.yaml --oversubscribe --quiet >said 2>&1 &
    local launcher=$!
    for ((i = 0; i < 600; i++)); do
        "$program" show long.h5 --csv --columns status 2>/dev/null | grep -q running && break
        sleep 0.1
    done
    [ $i -lt 600 ] || complain "$what: no point ran" "$(cat said)"
    sleep 0.2
    [ "$count" = 1 ] && echo $launcher >ranks || pgrep -P $launcher >ranks
    xargs kill -TERM <ranks
    for ((i = 0; i < 600; i++)); do kill -0 $launcher 2>/dev/null && sleep 0.1 || break; done
    if [ $i = 600 ]; then
        complain "$what: TERM was not heard in a minute" "$(cat said)"
        xargs kill -KILL <ranks
    fi
    wait $launcher
    code=$?
    [ $code = 75 ] || complain "$what: exit code $code, not 75" "$(cat said)"
    "$program" show long.h5 --csv --columns status,deaths >left
    grep -qv "^status\|^empty,0$" left && complain "$what: a point that was given up is not as before" "$(cat left)"
}

exact="data: {kind: self_attention, preset: P1}
methods: [exact]"
stops "the trials of the head" 1 "$exact" "grid: {n: 2048, d: 34, beta: 2}" "judge: {m: 256, trials: 4000000}"
stops "the trials of the head of a team" 2 "$exact" "grid: {n: 2048, d: 34, beta: 2, team: 2}" \
    "judge: {m: 256, trials: 4000000}"
stops "draws of noise" 1 "data: {kind: self_attention, preset: P1, noise: 0.05, data_draws: 4000000}" \
    "methods: [exact]" "grid: {n: 1024, d: 34, beta: 2}" "judge: {m: 1, trials: 1}"
stops "tables of a sketch" 1 "data: {kind: gaussian}" "methods: [{favor: {features: 100000, draws: 100}}]" \
    "grid: {n: 16, d: 1024, row_norm: unit, block: 16}"
stops "edges of a causal mask" 1 "data: {kind: self_attention, a_0: 0, a_1: 1.5, b: 1.2, c: 0.1, kappa: 1}" \
    "methods: [closed_form]" \
    "grid: {beta: 2, mask: causal, m: {from: 1, to: 4000, step: 1}, n: 200000, d: 202}"
stops "repetitions" 1 "$exact" "grid: {n: 1024, d: 34, beta: 2}" "judge: {m: 1, trials: 1}" \
    "time: {reps: 1000000, max_reps: 1000000}"
finish
