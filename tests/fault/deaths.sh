#!/usr/bin/env bash
# Points that were running when the program crashed (column deaths): after two crashes a point is quarantined, it runs
# last and alone, at the third it is failed as `killed`; being stopped on request is not a crash. Points that take far
# too long end as `timeout`.
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e

# Three points, the longest first; each a run of its own.
cat >study.yaml <<'STUDY'
schema: 1
study: crashing
data: {kind: gaussian}
methods: [exact]
grid: {n: [256, 512, 2048], d: 16, beta: 4, row_norm: unit}
time: {reps: 1}
STUDY
crash() { POLYSWEEP_FAULT=$1 expect 137 "" ranks 1 run study.yaml -o d.h5 --quiet; }
column() { "$program" show d.h5 --csv --columns "$1" --where "${2:-n > 0}" | tail -n +2 | paste -sd ' '; }
is() { # what, found, expected
    [ "$2" = "$3" ] || complain "$1: $2, expected $3"
}

expect 0 "3 of 3" ranks 1 run study.yaml -o reference.h5
crash compute.point:0:1:kill
is "after one crash" "$(column status)" "empty empty running"
crash compute.point:0:1:kill
is "after two crashes" "$(column status,attempt,deaths "n == 2048")" "running,2,1"
crash compute.point:0:3:kill
is "the others went first" "$(column status,deaths)" "done,0 done,0 running,2"
expect 1 "2 of 3 points done, 1 failed" ranks 2 run study.yaml -o d.h5
is "after three crashes" "$(column status,error_code,attempt,deaths "n == 2048")" "failed,killed,3,3"
expect 0 "crashed 3 times while this point was running" "$program" show d.h5 --where "status == failed"
expect 1 "2 of 3 points done, 1 failed" ranks 1 run study.yaml -o d.h5
expect 0 "3 of 3" ranks 1 run study.yaml -o d.h5 --redo failed
is "tried again" "$(column status,attempt,deaths "n == 2048")" "done,4,3"
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 d.h5

# What was running beside it is quarantined, too: after two crashes each runs when no other does.
rm -f d.h5*
sed -i 's/n: .*, d:/n: [256, 300, 512, 600, 1000, 2048, 4096], d:/' study.yaml
expect 0 "7 of 7" ranks 1 run study.yaml -o reference7.h5
for crash in 1 2; do
    POLYSWEEP_FAULT=compute.point:2:1:kill expect 137 "" ranks 3 run study.yaml -o d.h5 --quiet --oversubscribe
done
quarantined=$(column n "deaths == 1 and status == running" | wc -w)
[ "$quarantined" -ge 1 ] || complain "nothing is quarantined: $(column n,status,deaths)"
expect 0 "7 of 7" ranks 3 run study.yaml -o d.h5 --oversubscribe
column start_s,end_s,deaths | tr ' ' '\n' | sort -t, -k1g | awk -F, '
    $3 < 2 && $2 > last {last = $2}
    $3 >= 2 {if ($1 < end) overlap++; end = $2; if (!from) from = $1; many++}
    END {exit !(many == '"$quarantined"' && !overlap && from >= last)}' ||
    complain "quarantined points did not run last and alone:" "$(column n,start_s,end_s,deaths | tr ' ' '\n')"
expect 0 "bit for bit" "$python" "$here/bits.py" reference7.h5 d.h5

# Asked to stop at once: the point is empty again, and no crash is counted.
rm -f d.h5*
POLYSWEEP_FAULT=compute.leaf:0:1:2 mpirun -n 1 "$program" run study.yaml -o d.h5 --quiet &
launcher=$!
for ((w = 0; w < 100; w++)); do
    column status 2>/dev/null | grep -q running && break
    sleep 0.05
done
kill -TERM "$(tr -d ' ' <"/proc/$launcher/task/$launcher/children")"
wait "$launcher"
is "asked to stop" $? 75
is "a point that was given up" "$(column status,deaths,attempt "n == 4096")" "empty,0,1"

# Longer than point_limit times its prediction, and than a minute, which is cut short here.
export POLYSWEEP_LEAST_LIMIT_S=2
rm -f d.h5*
# The first time something else may have been the cause: it waits for all others, and has a second attempt by itself.
POLYSWEEP_FAULT=compute.leaf:0:1:3 expect 0 "7 of 7 points done" ranks 1 run study.yaml -o d.h5
is "a point that hung once" "$(column status,error_code,attempt,deaths "n == 4096")" "done,none,2,0"
[ "$(grep -c postponed d.h5.events.jsonl)" = 1 ] || complain "no event says so" "$(cat d.h5.events.jsonl)"
late=$("$program" show d.h5 --csv --columns start_s,n | tail -n +2 | sort -t, -k1 -g | tail -n 1)
[[ "$late" = *,4096 ]] || complain "it did not run last" "$late"
rm -f d.h5*
POLYSWEEP_FAULT=compute.leaf:0:1:3,compute.leaf:0:2:3 expect 1 "0 of 7 points done, 1 failed" ranks 1 run study.yaml -o d.h5 --where "n == 4096"
grep -q 'show d.h5 --where "error_code != none"' said || complain "what lists it is not said" "$(cat said)"
expect 0 '"error_code != none"' "$program" status d.h5
is "a point that hung twice" "$(column n,status,error_code,attempt "error_code != none")" "4096,timeout,timeout,2"
expect 0 "took longer than 10 times.*; nothing else ran beside it" "$program" show d.h5 --where "status == timeout"
expect 0 "7 of 7" ranks 1 run study.yaml -o d.h5 --redo failed
# No time is left for the second attempt: another launch has both. Of several ranks each may have one that waits.
rm -f d.h5*
POLYSWEEP_FAULT=compute.leaf:0:1:5 expect 75 "stopped .time limit" ranks 1 run study.yaml -o d.h5 --where "n == 4096" --time-limit 4s
is "no second attempt yet" "$(column status,deaths "n == 4096")" "empty,0"
POLYSWEEP_FAULT=compute.leaf:-1:1:3 expect 0 "7 of 7" ranks 3 run study.yaml -o d.h5 --oversubscribe
grep -q postponed d.h5.events.jsonl || complain "nobody hung" "$(cat d.h5.events.jsonl)"
expect 0 "bit for bit" "$python" "$here/bits.py" reference7.h5 d.h5
finish
