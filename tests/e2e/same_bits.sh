#!/usr/bin/env bash
# Science columns do not depend on the number of ranks, on the order of points, or on how a run was cut.
. "$(dirname "$0")/common.sh"
small_study study.yaml

for p in 1 2 3 5; do
    expect 0 "" ranks "$p" run study.yaml -o "p$p.h5" --oversubscribe
done
expect 0 "bit for bit in 3 files" "$python" "$here/bits.py" p1.h5 p2.h5 p3.h5 p5.h5

# a point that is most of the work gets a team of its own accord: the same bits
cat >large.yaml <<'END'
schema: 1
study: large
seed: 7
data: {kind: self_attention, preset: P2, noise: 0.05, data_draws: 2}
methods: [exact, softmax]
grid: {n: [64, 8192], d: 10, mask: [full, causal], beta: 4}
exclude: [{when: "n > 64 and (method == exact and mask == causal or method == softmax and mask == full)", why: "a larger one"}]
judge: {m: 16, trials: 20}
END
for p in 1 2 3 5; do
    expect 0 "" ranks "$p" run large.yaml -o "large$p.h5" --oversubscribe
done
expect 0 "bit for bit in 3 files" "$python" "$here/bits.py" large1.h5 large2.h5 large3.h5 large5.h5
for p in 2 3 5; do
    expect 0 "8192,[2-9]" "$program" show "large$p.h5" --csv --columns n,team --where "n == 8192 and team > 1"
done

# threads of a rank: the same bits, alone and in a team
for p in 1 2; do
    expect 0 "" ranks "$p" run large.yaml -o "threads$p.h5" --set run.threads=2 --oversubscribe
done
expect 0 "bit for bit in 2 files" "$python" "$here/bits.py" large1.h5 threads1.h5 threads2.h5
expect 0 "2,2" "$program" show threads2.h5 --csv --columns team,threads --where "n == 8192 and team > 1"

# another order: the largest degrees first, then odd places of every run, then the rest
expect 0 "" ranks 2 run study.yaml -o order.h5 --where "beta >= 16"
expect 0 "" ranks 1 run study.yaml -o order.h5 --where "beta == 4 or beta == 8 and n == 64"
expect 0 "" ranks 2 run study.yaml -o order.h5
expect 0 "bit for bit in 1 files" "$python" "$here/bits.py" p1.h5 order.h5

# nothing left to do: still done, and nothing rewritten
cp order.h5 before.h5
expect 0 "" ranks 1 run study.yaml -o order.h5
expect 0 "bit for bit" "$python" "$here/bits.py" before.h5 order.h5
expect 0 "" "$program" verify order.h5 --sample 100

# the comparison can fail
"$python" - <<'END'
import h5py, shutil
shutil.copy("p1.h5", "spoiled.h5")
with h5py.File("spoiled.h5", "r+") as file:
    file["successes"][3] += 1
END
expect 1 "successes differs, first at slot 3" "$python" "$here/bits.py" p1.h5 spoiled.h5
expect 4 "." "$program" verify spoiled.h5 --sample 100
finish
