#!/usr/bin/env bash
# Stopping before the end: by the clock, by signals; always 75, a file that opens, and a resume that finishes the work.
. "$(dirname "$0")/common.sh"
small_study study.yaml
expect 0 "" ranks 1 run study.yaml -o reference.h5
sed 's/^  n: .*/  n: [512, 1024, 2048]/; s/trials: 20/trials: 4000/' study.yaml >longer.yaml

expect 75 "same command goes on" ranks 2 run study.yaml -o cut.h5 --time-limit 0s
grep -q '"state": *"stopped_clean"' cut.h5.status.json || complain "sidecar" "$(cat cut.h5.status.json)"
expect 0 "" ranks 2 run study.yaml -o cut.h5
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5

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
done
finish
