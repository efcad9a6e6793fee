#!/usr/bin/env bash
# Stopping before the end: by the clock, by signals; always 75, a file that opens, and a resume that finishes the work.
. "$(dirname "$0")/common.sh"
small_study study.yaml
expect 0 "" ranks 1 run study.yaml -o reference.h5
sed 's/^  n: .*/  n: [512, 1024, 2048]/; s/trials: 20/trials: 4000/' study.yaml >longer.yaml

expect 75 "the same command continues from here" ranks 2 run study.yaml -o cut.h5 --time-limit 0s
grep -q '"state": *"stopped_clean"' cut.h5.status.json || complain "sidecar" "$(cat cut.h5.status.json)"
expect 0 "stopped_clean .time limit" "$program" status cut.h5
expect 0 "time limit +0 s, from --time-limit" "$program" status cut.h5
grep -q '"event": "end".*"stop_reason": "time limit"' cut.h5.events.jsonl || complain "events" "$(cat cut.h5.events.jsonl)"
expect 0 "" ranks 2 run study.yaml -o cut.h5
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5

# The limit of the study, and of a job, whichever ends first; what Slurm does not say is no limit, and said. The job is
# made up: tests/slurm has real ones.
expect 75 "stopped .time limit" "$program" run study.yaml -o other.h5 --set run.time_limit=1ms
grep -q '"time_limit_from": "study"' other.h5.status.json || complain "sidecar" "$(cat other.h5.status.json)"
job=(env SLURM_JOB_ID=1 SLURM_CONF=/nowhere)
expect 75 "stopped .time limit" "${job[@]}" SLURM_JOB_END_TIME="$(date +%s)" "$program" run study.yaml -o other.h5 --set run.time_limit=1h
grep -q '"time_limit_from": "Slurm"' other.h5.status.json || complain "sidecar" "$(cat other.h5.status.json)"
mkdir bin
for answer in "exit 1" "echo INVALID" "echo 0:30; exit 1" "exec yes"; do
    printf '#!/bin/sh\n%s\n' "$answer" >bin/squeue && chmod +x bin/squeue
    expect 0 "note: the time left in job 1 is unknown" "${job[@]}" PATH="$PWD/bin:$PATH" \
        "$program" run study.yaml -o other.h5 --where "n == 64 and method == linear"
done
printf '#!/bin/sh\necho "$*" >asked\necho 0:00\n' >bin/squeue
expect 75 "stopped .time limit" "${job[@]}" PATH="$PWD/bin:$PATH" SLURM_ARRAY_JOB_ID=1 SLURM_ARRAY_TASK_ID=3 "$program" run study.yaml -o other.h5
grep -q -- "--jobs 1_3 " asked || complain "squeue was asked: $(cat asked)"

# A point that takes longer than was predicted (the process is held up) is given up before Slurm ends the job.
end=$(($(date +%s) + 9))
SLURM_JOB_ID=1 SLURM_JOB_END_TIME=$end "$program" run study.yaml -o late.h5 --set grid.n=4096 --set judge.trials=2000 \
    --where "method == exact and beta == 64 and d == 18 and precision == fp64" >said 2>&1 &
late=$!
for ((w = 0; w < 80; w++)); do
    "$program" show late.h5 --csv --columns status 2>/dev/null | grep -q running && break
    sleep 0.1
done
kill -STOP $late
while [ "$(date +%s)" -lt $end ]; do sleep 0.1; done
kill -CONT $late
wait $late
code=$?
[ $code = 75 ] && grep -q "0 of 40 points done; stopped .time limit" said || complain "a late point: exit code $code" "$(cat said)"
grep -q "of 40 points .* left$" said || complain "no line of progress" "$(cat said)"

expect 75 "1 failed.*stopped .max-fails" env POLYSWEEP_FAULT=compute.point:-1:1 "$program" run longer.yaml -o fails.h5 --set grid.beta=2 --max-fails 1
for signal in USR1 TERM; do
    rm -f signal.h5 signal.h5.*
    mpirun -n 2 "$program" run longer.yaml -o signal.h5 --quiet >said 2>&1 &
    launcher=$!
    for ((w = 0; w < 100; w++)); do [ -e signal.h5.events.jsonl ] && break || sleep 0.1; done
    sleep 1
    kill -$signal $launcher
    wait $launcher
    code=$?
    [ $signal = TERM ] || [ $code = 75 ] || complain "$signal: exit code $code, not 75" "$(cat said)"
    [ $code != 0 ] || complain "$signal: the run was over before the signal"
    expect 0 "" "$python" -c "import h5py; s = h5py.File('signal.h5')['status'][:]; assert (s == 2).sum() < len(s), s"
    expect 0 "" "$program" status signal.h5
    [ $code != 75 ] || expect 0 "stopped_clean .$signal" "$program" status signal.h5
done

# The share that is done is one of predicted cost, of the points that other ranks wait for too: of equal points, as many.
cat >equal.yaml <<'END'
{schema: 1, study: equal, data: {kind: self_attention, preset: P1}, methods: [exact], judge: {m: 8, trials: 1},
 grid: {n: 512, d: 34, beta: 2, seed: {from: 1, to: 60, step: 1}}, time: {reps: 20, max_reps: 20}}
END
mpirun -n 2 --oversubscribe "$program" run equal.yaml -o equal.h5 --oversubscribe --quiet >said 2>&1 &
launcher=$!
for ((w = 0; w < 600; w++)); do
    "$program" show equal.h5 --csv --columns status 2>/dev/null | grep -q done && break
    sleep 0.1
done
kill -USR1 $launcher
wait $launcher
cat >share.py <<'END'
import json
state = json.load(open("equal.h5.status.json"))
assert state["state"] == "stopped_clean" and 0 < state["done"] < 60, state
assert abs(60 * state["fraction"] - state["done"]) < 0.01, state
END
expect 0 "" "$python" share.py

# A terminal that is closed is as TERM; under nohup it is nothing.
for start in env nohup; do
    rm -f signal.h5 signal.h5.*
    $start "$program" run longer.yaml -o signal.h5 --quiet >said 2>&1 &
    run=$!
    for ((w = 0; w < 100; w++)); do [ -e signal.h5.events.jsonl ] && break || sleep 0.1; done
    kill -HUP $run
    [ $start = env ] || { sleep 0.5 && kill -USR1 $run; }
    wait $run
    code=$?
    [ $code = 75 ] || complain "$start, HUP: exit code $code, not 75" "$(cat said)"
    [ $start = env ] && reason=HUP || reason=USR1
    expect 0 "stopped_clean .$reason" "$program" status signal.h5
done

# Who reads the progress may leave: the result is what counts. Of a table that is lost the exit code says so.
cat >unread.py <<'END'
import os, subprocess, sys
read, write = os.pipe()
os.close(read)
streams = {sys.argv[1]: write}
sys.exit(subprocess.run(sys.argv[2:], **streams).returncode & 255)
END
expect 0 "" "$python" unread.py stderr "$program" run study.yaml -o unread.h5 --progress plain
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 unread.h5
expect 3 "standard output could not be written" "$python" unread.py stdout "$program" show unread.h5
expect 3 "standard output could not be written" "$python" unread.py stdout "$program" verify unread.h5 --sample 1
finish
