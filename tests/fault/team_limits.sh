#!/usr/bin/env bash
# Points that a team cannot or need not compute: too large for one rank or for all, too many ranks, not finite. What is
# left has the bits of a run without limits.
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e

rows() { # file, columns, condition
    "$program" show "$1" --csv --columns "$2" --where "$3" | tail -n +2
}

cat >memory.yaml <<'STUDY'
schema: 1
study: memory
data: {kind: gaussian}
methods: [exact, softmax]
grid: {mask: [full, causal], n: [256, 4096, 16384], d: 16, beta: 4, row_norm: unit, block: 32}
STUDY

# ---- too large for one rank, not for a team: a team computes it, though nobody asked; too large for all: nobody does
tight() { # study, ranks that are needed; what the middle size needs alone and on each of them is found by asking
    local alone shared
    for team in 1 "$2"; do
        rm -f asked.h5*
        expect 0 "points done" ranks 4 run "$1" -o asked.h5 --oversubscribe --where "n == 4096" --set run.team="$team"
        shared=$(rows asked.h5 memory_bytes "status == done" | sort -n | tail -n 1)
        alone=${alone:-$(rows asked.h5 memory_bytes "status == done" | sort -n | head -n 1)}
    done
    [ "$shared" -lt "$alone" ] || complain "$1: a rank of $2 needs $shared bytes, one alone $alone"
    rm -f tight.h5*
    expect 1 "points done, [0-9]+ skipped" ranks 4 run "$1" -o tight.h5 --oversubscribe --set run.memory_per_rank="$shared"
    [ "$(rows tight.h5 n,status "n < 10000" | sort -u)" = "256,done
4096,done" ] || complain "$1: not all that fits was computed" "$(rows tight.h5 n,team,status "n > 0")"
    [ -z "$(rows tight.h5 method,n,team "n == 4096 and team == 1")" ] || complain "$1: on one rank, which has no room"
    expect 0 'no_memory.*needs [0-9.]* MiB on each of 4 ranks, a rank may have [0-9.]* MiB' \
        "$program" show tight.h5 --jsonl --columns n,status,error_code --where "n > 10000"
}
tight memory.yaml 4
expect 0 "8 of 12" ranks 1 run memory.yaml -o free.h5 --where "n < 10000"
expect 0 "bit for bit" "$python" "$here/bits.py" --committed free.h5 tight.h5
sed 's/^methods: .*/methods: [polysketch: {r: 8, draws: 2}]/; s/16384/65536/' memory.yaml >sketched.yaml
tight sketched.yaml 2

# ---- more ranks than there are, and a row of one data set that is not finite: teams of every size say so, others work
cat >odd.yaml <<'STUDY'
schema: 1
study: odd
data: {kind: self_attention, preset: W2, noise: 0}
methods: [exact, softmax]
grid: {precision: fp32, n: 128, d: 10, beta: 4, block: 32, a_1: [2, 1.0e39], team: [1, 2, 3, 4, 8]}
judge: {m: 8, trials: 4}
STUDY
expect 1 "8 of 20 points done, 8 failed, 4 skipped" ranks 4 run odd.yaml -o odd.h5 --oversubscribe
expect 0 "" ranks 4 run odd.yaml -o even.h5 --oversubscribe --where "a_1 == 2 and team < 8"
expect 0 "bit for bit" "$python" "$here/bits.py" --committed odd.h5 even.h5
[ "$(rows odd.h5 status,error_code "a_1 > 2 and team_asked < 8" | sort -u)" = failed,not_finite ] || complain "not finite" "$(rows odd.h5 team_asked,a_1,status,error_code "a_1 > 2")"
expect 0 "row 0 of data set 1 is not finite" "$program" show odd.h5 --jsonl --where "team_asked == 3 and a_1 > 2"
expect 0 "team of 8 ranks, the job has 4: start it with more .mpirun -n 8." "$program" show odd.h5 --jsonl --where "team_asked == 8"
finish
