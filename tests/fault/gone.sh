#!/usr/bin/env bash
# A result that is deleted, renamed, replaced or cut while points are computed: code 3, where the data are, and no status
# that says otherwise. A file has one writer, by whatever name, with its lock or without. What a failed sync may have lost is
# not trusted.
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
small_study study.yaml
sed -i 's/^  n: .*/  n: 256/; s/fp64, fp32/fp64/; s/trials: 20/trials: 2500/' study.yaml
expect 0 "" ranks 2 run study.yaml -o reference.h5

begin() { # file: a run whose ranks stand still, each before its second commit
    rm -rf cut.h5* moved.h5 other
    POLYSWEEP_FAULT=store.commit:0:2:stop,store.commit:1:2:stop \
        mpirun -n 2 "$program" run study.yaml -o "${1:-cut.h5}" --quiet >first 2>&1 &
    launcher=$!
    until all_stopped; do
        kill -0 "$launcher" 2>/dev/null || { complain "a run was over before it was disturbed" "$(cat first)"; finish; }
        sleep 0.01
    done
}

all_stopped() {
    local rank
    read -r -a ranks <"/proc/$launcher/task/$launcher/children" # without a newline at its end
    [ ${#ranks[@]} = 2 ] || return
    for rank in "${ranks[@]}"; do grep -q '^State:.T' "/proc/$rank/status" || return; done
}

go_on() { # code
    kill -CONT "${ranks[@]}"
    wait "$launcher"
    code=$?
    [ "$code" = "$1" ] || complain "the disturbed run ended with $code, not $1" "$(cat first)"
}

said_once() { # pattern
    [ "$(grep -c '^polysweep: ' first)" = 1 ] && grep -Eq "^polysweep: cut.h5:? $1" first || complain "not one message with \"$1\"" "$(cat first)"
}

begin
rm cut.h5
go_on 3
said_once "was deleted or replaced .* saved as cut.h5.saved.[0-9]+-0"
expect 3 "cut.h5 cannot be read" "$program" status cut.h5
mv cut.h5.saved.* moved.h5
expect 0 "bit for bit" "$python" "$here/bits.py" --committed reference.h5 moved.h5
expect 0 "" ranks 2 run study.yaml -o moved.h5
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 moved.h5

begin
mv cut.h5 moved.h5
go_on 3
said_once "was renamed .*/moved.h5$"
expect 3 "cut.h5 cannot be read" "$program" status cut.h5
expect 0 "bit for bit" "$python" "$here/bits.py" --committed reference.h5 moved.h5

begin
echo precious >other
mv other cut.h5
go_on 3
said_once "was deleted or replaced .* saved as"
[ "$(cat cut.h5)" = precious ] || complain "the file that replaced the result was written"
expect 3 "cut.h5" "$program" status cut.h5

begin
truncate -s $(($(stat -c %s cut.h5) / 2)) cut.h5
go_on 3
said_once "was cut to [0-9]+ of its [0-9]+ bytes"
expect 3 "" "$program" status cut.h5

# ---- results that somebody else makes unreadable, while the file keeps its size
begin
"$python" - <<'END'
import h5py
with h5py.File("cut.h5", "r+", locking=False) as file:
    done = [i for i, word in enumerate(file["commit"][...]) if word]
    file["successes"][done[0]] += 1
END
go_on 3
said_once "20 points have ended, but 19 are in the file"
expect 0 "" ranks 2 run study.yaml -o cut.h5 --quiet
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5

# ---- one writer
begin
mkdir -p other
ln -s ../cut.h5 other/link.h5
ln -s . here
ln cut.h5 other/hard.h5
for name in cut.h5 ./cut.h5 "$PWD/cut.h5" here/cut.h5 other/link.h5 other/hard.h5; do
    expect 3 "$name is in use by another run" "$program" run study.yaml -o "$name"
    expect 3 "in use" "$program" run study.yaml -o "$name" --extend
done
rm cut.h5.lock
expect 3 "cut.h5 is in use by another run" "$program" run study.yaml -o cut.h5
expect 0 "state +running" "$program" status cut.h5
go_on 0
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5

# all at once: whoever is refused says so, and every point is computed once
rm -f cut.h5*
expect 0 "" "$program" run study.yaml -o cut.h5 --where "method == linear" --quiet
rm -rf other && mkdir other
ln -s ../cut.h5 other/link.h5
ln cut.h5 other/hard.h5
runs=()
for name in cut.h5 ./cut.h5 "$PWD/cut.h5" here/cut.h5 other/link.h5 other/hard.h5; do
    for number in 1 2 3 4; do
        [ "${#runs[@]}" -lt 20 ] || break
        "$program" run study.yaml -o "$name" --quiet --oversubscribe >"run.${#runs[@]}" 2>&1 &
        runs+=($!)
        rm -f cut.h5.lock # as often as not somebody holds it
    done
done
for number in "${!runs[@]}"; do
    wait "${runs[$number]}"
    code=$?
    [ $code = 0 ] || { [ $code = 3 ] && grep -q "in use" "run.$number"; } || complain "one of 20 runs ended with $code" "$(cat "run.$number")"
done
expect 0 "" "$program" run study.yaml -o cut.h5 --quiet
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5
[ "$("$program" show cut.h5 --csv --columns attempt | sort -u | tr '\n' ' ')" = "1 attempt " ] || complain "points were computed twice" "$("$program" show cut.h5 --csv --columns attempt | sort | uniq -c)"

# --extend by a link: the file that it leads to grows
rm -f cut.h5*
expect 0 "" "$program" run study.yaml -o cut.h5 --set grid.d=10 --quiet
expect 0 "" "$program" run study.yaml -o other/link.h5 --extend --quiet
[ -L other/link.h5 ] && [ "$(stat -L -c %i other/link.h5)" = "$(stat -c %i cut.h5)" ] || complain "--extend replaced the link"
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5

# ---- a sync that failed: the disk may not have what memory shows
rm -f cut.h5*
PRELOAD_SYNC_FAILS=2 PRELOAD_SHADOW=$PWD/shadow LD_PRELOAD=$POLYSWEEP_BUILD/tests/preload.so \
    expect 3 "cannot be flushed to disk" "$program" run study.yaml -o cut.h5 --quiet
cmp -s cut.h5 shadow && complain "nothing was written since the last good sync"
PRELOAD_SHADOW=$PWD/shadow LD_PRELOAD=$POLYSWEEP_BUILD/tests/preload.so expect 0 "" "$program" run study.yaml -o cut.h5 --quiet
[ -e shadow ] && complain "pages of a failed sync were trusted"
expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5
finish
