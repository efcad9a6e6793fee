#!/usr/bin/env bash
# Every command once, on one rank and on the most that this build's tests are run at: what a sanitizer or another MPI
# library should see. Arguments: numbers of ranks, instead of those.
. "$(dirname "$0")/common.sh"
patience=600 # of a sanitizer on a loaded machine
all=(${POLYSWEEP_TEST_RANKS:-1 2})
[ $# = 0 ] || all=("$@")
many=${all[-1]}
[ "$many" -le 3 ] || many=3

cat >study.yaml <<'END_OF_STUDY'
schema: 1
study: tour
seed: 7
data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 3}
methods: [exact, softmax, linear, closed_form]
grid: {precision: [fp64, fp32], mask: [full, causal], n: [64, 256], d: 10, block: 64, negative: signed, beta: [2, 16, 64]}
judge: {m: 16, trials: 10}
END_OF_STUDY
sed -e 's/tour/teams/' -e 's/, closed_form//' -e "s/beta: /team: $many, beta: /" study.yaml >teams.yaml

# one rank, many that take runs of points, many that share each point: the same bits
expect 0 "" ranks 1 run study.yaml -o one.h5
expect 0 "" ranks "$many" run study.yaml -o many.h5 --oversubscribe
expect 0 "bit for bit in 1 files" "$python" "$here/bits.py" one.h5 many.h5
for route in ring all_gather pass_q stream grid; do
    expect 0 "" ranks "$many" run teams.yaml -o "$route.h5" --oversubscribe --set run.route=$route
done
expect 0 "" ranks "$many" verify ring.h5 --sample 50
expect 0 "bit for bit in 4 files" "$python" "$here/bits.py" ring.h5 all_gather.h5 pass_q.h5 stream.h5 grid.h5
expect 2 "leave run.layout out" "$program" run teams.yaml -o no.h5 --set run.route=grid --set run.layout=striped
expect 0 "^64,10,[^,]*,$many" "$program" show ring.h5 --csv --columns n,d,beta,team --where "n == 64"

# stopped by its limit of time or cut by a condition, a run goes on where it was
expect 0 "" ranks "$many" run study.yaml -o cut.h5 --where "beta == 16" --oversubscribe
expect 75 "" ranks 1 run study.yaml -o cut.h5 --time-limit 1ms
expect 0 "" ranks 1 run study.yaml -o cut.h5
expect 0 "bit for bit in 1 files" "$python" "$here/bits.py" one.h5 cut.h5

# sketches, with kept rows: made from the study above, so that every map and both masks are there
cat >sketches.yaml <<'END_OF_STUDY'
schema: 1
study: sketches
seed: 7
data: {kind: self_attention, preset: P2, noise: 0.05, data_draws: 3}
methods:
  - polysketch: {r: 8, draws: 2}
  - tree: {r: 16, draws: 2}
  - tensorsketch: {features: 16, draws: 2}
  - srht: {r: 16, draws: 2}
  - maclaurin: {r: 16, draws: 2}
  - favor: {features: 16, draws: 2}
  - monomial
grid: {mask: [full, causal], n: 192, d: 8, block: 64, beta: 4}
judge: {m: 8, trials: 4}
output: {keep: [rows]}
END_OF_STUDY
expect 0 "" ranks 1 run sketches.yaml -o sketches.h5
expect 0 "" ranks "$many" run sketches.yaml -o teams-of-sketches.h5 --oversubscribe --set run.team="$many"
expect 0 "" ranks "$many" verify teams-of-sketches.h5 --sample 100

# heads of a model, from files
"$python" - <<'END_OF_PYTHON'
import h5py, numpy
random = numpy.random.default_rng(1)
with h5py.File("heads.h5", "w") as file:
    for name in "qkv":
        file[name] = random.standard_normal((2, 100, 8)).astype("f4")
END_OF_PYTHON
cat >heads.yaml <<'END_OF_STUDY'
schema: 1
study: heads
seed: 7
data: {kind: file, path: heads.h5, heads: [0, 1]}
methods: [exact, softmax, polysketch: {r: 8, local: [0, 64], draws: 2}]
grid: {block: 64, n: 100, d: 8, v: 8, mask: causal, beta: 4}
END_OF_STUDY
expect 0 "" ranks "$many" run heads.yaml -o heads-out.h5 --oversubscribe
expect 0 "" ranks 1 verify heads-out.h5 --sample 100

# what reads only
expect 0 "points" "$program" plan study.yaml --ranks 64 --compare 1,2,4 --json
expect 0 "budget" "$program" plan study.yaml --ranks 64 --budget 1coreh
expect 0 "done" "$program" status one.h5
expect 0 '"method": *"exact"' "$program" show one.h5 --jsonl
expect 0 "" "$program" help keys
expect 0 "" "$program" help methods
"${POLYSWEEP_MPIEXEC:-mpirun}" -n "$many" "$program" doctor >said 2>&1 </dev/null
case $? in 0 | 3) ;; *) complain "doctor: neither 0 nor, with something to fix, 3:" "$(cat said)" ;; esac
grep -Eq "^ok +mpi " said || complain "doctor does not say which MPI:" "$(cat said)"
expect 2 "study.yaml:[0-9]+:[0-9]+|no such|nearest" "$program" plan study.yaml --set grid.bta=3
expect 3 "heads.h5" "$program" show heads.h5
finish
