#!/usr/bin/env bash
# Science columns do not depend on the number of ranks, on the order of points, or on how a run was cut.
. "$(dirname "$0")/common.sh"
small_study study.yaml

for p in 1 2 3 5; do
    expect 0 "" ranks "$p" run study.yaml -o "p$p.h5" --oversubscribe
done
expect 0 "bit for bit in 3 files" "$python" "$here/bits.py" p1.h5 p2.h5 p3.h5 p5.h5

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
