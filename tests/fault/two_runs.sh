#!/usr/bin/env bash
# Two runs on one file: the second is refused and told who is there, the first notices nothing; readers disturb neither; a
# lock of the dead holds nobody up. And what is done is brought to the disk by every rank that wrote.
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
small_study study.yaml
sed -i 's/^  n: .*/  n: [256, 512]/; s/trials: 20/trials: 2500/' study.yaml
expect 0 "" ranks 2 run study.yaml -o reference.h5

begin() { # starts a run and waits until points are done
    rm -f cut.h5*
    mpirun -n 2 "$program" run study.yaml -o cut.h5 --quiet >first 2>&1 &
    launcher=$!
    for ((w = 0; w < 1000; w++)); do
        "$program" show cut.h5 --csv --columns status 2>/dev/null | grep -q done && return
        sleep 0.01
    done
    complain "a run did not begin" "$(cat first)"
}

# ---- while the first stands still, which leaves time to look
begin
ranks=$(cat "/proc/$launcher/task/$launcher/children")
# shellcheck disable=SC2086 # numbers of processes
kill -STOP $ranks
expect 3 "cut.h5 is in use by another run \(host $(hostname) pid [0-9]+\)" ranks 2 run study.yaml -o cut.h5
[ "$(grep -c "^polysweep:" said)" = 1 ] || complain "not one message" "$(cat said)"
holder=$(grep -o "pid [0-9]*" said | cut -d' ' -f2)
[[ " $ranks" = *" $holder "* ]] || complain "the holder $holder is not among the ranks $ranks"
expect 0 "state +running" "$program" status cut.h5
# shellcheck disable=SC2086
kill -CONT $ranks

# ---- and while it writes
readings=0
while kill -0 "$launcher" 2>/dev/null && [ $readings -lt 4 ]; do
    expect 0 "done" "$program" show cut.h5 --csv --columns status
    expect 0 "" "$program" verify cut.h5
    expect 0 "" "$python" "$here/bits.py" --committed reference.h5 cut.h5
    "$program" run study.yaml -o cut.h5 >second 2>&1 # another launch, refused as long as the first is there
    readings=$((readings + 1))
done
[ $readings -gt 0 ] || complain "the first run was over too soon to be disturbed"
wait "$launcher" || complain "the first run was disturbed" "$(cat first)"
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5

# ---- a lock of the dead
begin
ranks=$(cat "/proc/$launcher/task/$launcher/children")
# shellcheck disable=SC2086 # numbers of processes
kill -9 "$launcher" $ranks
wait "$launcher" 2>/dev/null
[ -s cut.h5.lock ] || complain "there is no name in the lock"
expect 0 "state +interrupted" "$program" status cut.h5
expect 0 "" ranks 2 run study.yaml -o cut.h5
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5

# ---- durability: each rank that wrote brings its results to the disk, now and then and before the end, and the new file
# comes to the disk before its name
syncs() { # seconds between them; the fewest of a rank in $fewest
    rm -f cut.h5* syncs
    POLYSWEEP_SYNC_S=$1 PRELOAD_SYNCS=$PWD/syncs LD_PRELOAD=$POLYSWEEP_BUILD/tests/preload.so expect 0 "" ranks 2 run study.yaml -o cut.h5
    [[ "$(head -n 2 syncs | cut -d' ' -f3 | tr '\n' ' ')" = "$PWD/cut.h5.new."*" $PWD " ]] || complain "the new file was not synced before its name" "$(cat syncs)"
    fewest=$(for rank in 0 1; do grep -c "^$rank [0-9.]* $PWD/cut.h5$" syncs; done | sort -n | head -n 1)
}
syncs 60
seldom=$fewest
syncs 0.05
often=$fewest
[ "$seldom" -ge 1 ] || complain "a rank did not sync before the end"
[ "$often" -ge $((seldom + 3)) ] || complain "a rank synced $often times, at the end alone $seldom times"
finish
