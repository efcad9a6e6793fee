#!/usr/bin/env bash
# Points that fail or are too large, and launches that do a part: what the file, the sidecar and the exit code say.
. "$(dirname "$0")/common.sh"

cat >study.yaml <<'STUDY'
schema: 1
study: failures
data: {kind: self_attention, preset: P1}
methods: [exact]
grid: {n: [64, 128, 256], d: 10, beta: 2}
judge: {m: 4, trials: 4}
STUDY

says() { # what, file, its value in the sidecar
    expect 0 "\"$1\": $3[,}]" "$program" status "$2" --json
}

# ---- one point fails, the others do not notice; again only if asked
for p in 1 3; do
    rm -f fails.h5*
    POLYSWEEP_FAULT=compute.point:-1:1 expect 1 "2 of 3 points done, 1 failed" ranks $p run study.yaml -o fails.h5 --oversubscribe
    says state fails.h5 '"failed"'
    says done fails.h5 2
    expect 0 '"message": "injected fault at compute.point' "$program" show fails.h5 --jsonl --where "status == failed"
    expect 0 "slot 0, attempt 1: injected fault" "$program" show fails.h5
    expect 0 "64,injected,1," "$program" show fails.h5 --csv --where "status == failed" --columns n,error_code,attempt,success_rate
done
expect 1 "1 failed" "$program" run study.yaml -o fails.h5
expect 0 "" "$program" verify fails.h5
expect 0 "recomputed +2 of them" "$program" verify fails.h5 --sample 1 # a small file: one block of slots at least

# what --where leaves alone stays counted as it was
expect 1 "2 of 3 points done, 1 failed" "$program" run study.yaml -o fails.h5 --redo failed --where "n > 64"
expect 0 "3 of 3" "$program" run study.yaml -o fails.h5 --redo failed
expect 0 "64,done,2" "$program" show fails.h5 --csv --columns n,status,attempt
says state fails.h5 '"done"'

# ---- a run that was asked for a part is done with it, the study is not
expect 0 "1 of 3 points done" "$program" run study.yaml -o part.h5 --where "n == 64"
says state part.h5 '"partial"'
says missing part.h5 2
expect 1 "" grep -q '"fraction": 1,' part.h5.status.json
expect 0 "3 of 3 points done" "$program" run study.yaml -o part.h5
says state part.h5 '"done"'
says fraction part.h5 1

# ---- too large for a rank
expect 1 "skipped for memory or size; .*--redo failed" "$program" run study.yaml -o large.h5 --set run.memory_per_rank=100K
expect 0 "^done +[0-2]$" "$program" status large.h5
expect 0 "^progress +100.0 % of .*skipped" "$program" status large.h5
expect 0 "large.h5 with --redo failed" "$program" status large.h5
expect 1 "skipped for memory" "$program" run study.yaml -o large.h5 # there is room now, but nobody asked
expect 0 "256,skipped,no_memory" "$program" show large.h5 --csv --columns n,status,error_code
expect 0 "3 of 3" "$program" run study.yaml -o large.h5 --redo failed

# ---- what is too large together with its neighbours, but not alone, is computed alone, to the same bits
largest() { # arguments of plan: bytes of the largest piece of work
    "$program" plan study.yaml --json "$@" | "$python" -c "import json, sys; print(int(json.load(sys.stdin)['largest']['memory_bytes']))"
}
many="grid.beta=[2,4,6,8,10,12,14,16]"
alone=$(largest --set grid.n=256)
together=$(largest --set grid.n=256 --set "$many")
[ "$together" -gt "$alone" ] || complain "eight degrees share nothing: $together and $alone bytes"
expect 0 "24 of 24" "$program" run study.yaml -o free.h5 --set "$many"
expect 0 "24 of 24" "$program" run study.yaml -o tight.h5 --set "$many" --set run.memory_per_rank="$alone"
expect 0 "bit for bit" "$python" "$here/bits.py" free.h5 tight.h5
expect 0 '"too_large": 0,' "$program" plan study.yaml --json --set "$many" --set run.memory_per_rank="$alone"
expect 1 "16 of 24 points done, 8 skipped" "$program" run study.yaml -o less.h5 --set "$many" --set run.memory_per_rank=$((alone - 1))
expect 0 '"too_large": 8,' "$program" plan study.yaml --json --set "$many" --set run.memory_per_rank=$((alone - 1))
expect 0 "bit for bit" "$python" "$here/bits.py" --committed free.h5 less.h5

# ---- a run that cannot be put into the file is not counted as done
POLYSWEEP_FAULT=store.put:-1:1 expect 3 "injected fault at store.put" ranks 2 run study.yaml -o put.h5 --oversubscribe
says done put.h5 0
expect 0 "3 of 3" "$program" run study.yaml -o put.h5
finish
