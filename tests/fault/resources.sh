#!/usr/bin/env bash
# No memory, a disk that is full or breaks, a network that breaks: the same exit code on all ranks, one message, nothing
# hangs, what is committed is right, and with the trouble gone the same command comes to the undisturbed bits.
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
preload=$POLYSWEEP_BUILD/tests/preload.so

cat >study.yaml <<'STUDY'
schema: 1
study: resources
data: {kind: gaussian}
methods: [exact, softmax]
grid: {mask: causal, team: [1, 2, 3], n: [256, 1024], d: 16, beta: [6, 8], row_norm: unit, block: 128}
run: {route: ring}
output: {keep: [rows]}
STUDY
expect 0 "18 of 18" ranks 3 run study.yaml -o reference.h5 --oversubscribe

rows() { # file, columns, condition
    "$program" show "$1" --csv --columns "$2" --where "$3" | tail -n +2
}

# A run of which every rank says its own code; more in front of the program by $before.
before=
codes_of() { # file, arguments...
    # shellcheck disable=SC2016,SC2086 # the inner shell expands; several words
    timeout 120 mpirun --mca orte_abort_on_non_zero_status 0 -n 3 $before sh -c '"$0" "$@"; echo "rank left with $?" >&2' \
        "$program" run study.yaml -o "$1" --oversubscribe --quiet "${@:2}" >said 2>&1 </dev/null
    grep -o "rank left with .*" said | sort | uniq -c | sed 's/^ *//'
}

# What the last run said of itself, once; all three ranks left with the code.
all_left() { # what, code, pattern, codes
    [ "$4" = "3 rank left with $2" ] || complain "$1: $4, not three times $2" "$(cat said)"
    [ "$(grep -c '^polysweep: ' said)" = 1 ] && grep -q "^polysweep: .*$3" said || complain "$1: not one message with \"$3\"" "$(cat said)"
}

mends() { # what, file: committed slots are right, and running again finishes
    expect 0 "bit for bit" "$python" "$here/bits.py" --committed reference.h5 "$2"
    expect 0 "18 of 18" ranks 3 run study.yaml -o "$2" --oversubscribe --redo failed
    expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 "$2"
    [ -z "$(rows "$2" n "status != done")" ] || complain "$1: not mended"
}

# ---- a point whose memory is not there: more than the system gives, though the study allows it
sed 's/n: \[.*\], d: 16/n: [256, 4194304], d: 64/; s/^output.*//; s/^run.*/run: {memory_per_rank: 900Gi}/' study.yaml >large.yaml
expect 1 "9 of 18 points done, 9 skipped" timeout 100 bash -c "ulimit -v 4000000; exec mpirun -n 3 $program run large.yaml -o large.h5 --oversubscribe"
expect 0 '"no_memory".*cannot allocate [0-9.]* MiB' "$program" show large.h5 --jsonl --columns n,status,error_code --where "n > 256"

# ---- a disk that breaks for a rank while marks, columns and rows are written: rows are a point's, the others the run's.
# Who takes the points of one rank is open: points of three alone make rank 1 write 12 times and rank 2 24 times.
for how in ompio:1:2 romio321:2:20; do
    rm -f broken.h5*
    IFS=: read -r component rank count <<<"$how"
    expect 75 "" ranks 3 run study.yaml -o broken.h5 --oversubscribe --time-limit 0s
    before="env OMPI_MCA_io=$component LD_PRELOAD=$preload PRELOAD_WRITES=$rank:$count"
    codes=$(codes_of broken.h5)
    [[ "$codes" = "3 rank left with "[13] ]] || complain "broken disk, $how: $codes" "$(cat said)"
    [[ "$codes" = *1 ]] || all_left "broken disk, $how" 3 "cannot write .*: .*[Ii]nput/output error" "$codes"
    mends "broken disk, $how" broken.h5
done
# and for rank 0, which closes the file: no rank waits for it
rm -f broken.h5*
expect 75 "" ranks 3 run study.yaml -o broken.h5 --oversubscribe --time-limit 0s
for count in 2 60; do
    expect 3 "the result file cannot be written: Input/output error" timeout 60 mpirun -n 3 env LD_PRELOAD="$preload" \
        PRELOAD_WRITES="0:$count" "$program" run study.yaml -o broken.h5 --oversubscribe
done
mends "broken disk, rank 0" broken.h5

# ---- a network that breaks in a ring: one rank knows, it ends the job
rm -f broken.h5*
before="env LD_PRELOAD=$preload PRELOAD_TESTS=1:20"
expect 3 "rank 1: messages .* fail again and again" timeout 60 mpirun -n 3 $before "$program" run study.yaml -o broken.h5 --oversubscribe
mends "broken network" broken.h5
before=

# ---- files may not be so long: refused when it is made; met by rows when it is there, and by the messages about them
cp study.yaml small.yaml
sed -i 's/n: \[256, 1024\], d: 16/n: [256, 4096], d: 64/' study.yaml # longer than what MPI shares between ranks
mv reference.h5 small.h5
expect 0 "18 of 18" ranks 3 run study.yaml -o reference.h5 --oversubscribe
bytes=$(stat -c %s reference.h5)
before="prlimit --fsize=$((bytes / 2))"
codes=$(codes_of limited.h5)
all_left "short files" 3 "no room for a result file of .* File too large" "$codes"
[ ! -e limited.h5 ] && ! compgen -G "limited.h5.new*" >/dev/null || complain "short files: a file was left" "$(ls)"
before=
codes=$(codes_of limited.h5 --time-limit 0s)
before="prlimit --fsize=$((bytes * 3 / 4))"
codes=$(codes_of limited.h5)
all_left "rows that are refused" 3 "limited.h5: the message of the failed point in slot [0-9]* could not be saved" "$codes"
before=
mends "rows that are refused" limited.h5
mv study.yaml long.yaml
mv reference.h5 long.h5
mv small.yaml study.yaml
mv small.h5 reference.h5
bytes=$(stat -c %s reference.h5)

# ---- a small disk of its own
mkdir disk
if ! mount -t tmpfs -o size=$((bytes / 2)) tmpfs disk 2>said; then
    echo "no small disk: $(cat said)"
    finish
fi
trap 'umount "$work/disk"; rm -rf "$work"' EXIT
codes=$(codes_of disk/full.h5)
all_left "a full disk" 3 "no room for a result file of .* No space left" "$codes"
[ -z "$(find disk -type f -size +0)" ] || complain "a full disk: files were left" "$(ls -l disk)"

mount -o remount,size=$((3 * bytes)) disk
codes=$(codes_of disk/full.h5 --time-limit 0s)
dd if=/dev/zero of=disk/filler bs=64K 2>/dev/null # to the last byte
codes=$(codes_of disk/full.h5)
all_left "a disk that is full before" 3 "disk/full.h5: no file can be written beside it: No space left" "$codes"

# the results have their room; a disk that is full later is felt by the sidecars alone
rm disk/*
mount -o remount,size=$(($(stat -c %s long.h5) + 1000000)) disk
cp study.yaml small.yaml
cp long.yaml study.yaml
POLYSWEEP_FAULT=compute.point:0:2:5 codes_of disk/full.h5 >codes & # rank 0 pauses for 5 s: time to fill it
for ((w = 0; w < 2000; w++)); do
    [ -n "$(rows disk/full.h5 n "status != empty" 2>/dev/null)" ] && break
    sleep 0.01
done
while kill -0 $! 2>/dev/null; do dd if=/dev/zero bs=4K >>disk/filler 2>/dev/null; done # also of what becomes free
all_left "no room for sidecars" 0 "note: disk/full.h5.status.json cannot be written: No space left" "$(cat codes)"
expect 0 "done +18" "$program" status disk/full.h5
expect 0 "bit for bit" "$python" "$here/bits.py" long.h5 disk/full.h5
mv small.yaml study.yaml

# room that a copy without its empty parts has not yet taken is not there later
rm -f disk/*
mount -o remount,size=$((2 * bytes)) disk
codes=$(codes_of full.h5 --time-limit 0s)
cp full.h5 disk/full.h5
fallocate --punch-hole --offset $((bytes / 2)) --length $((bytes / 4)) disk/full.h5
truncate --size 128K disk/filler
dd if=/dev/zero of=disk/filler bs=4K 2>/dev/null
truncate --size -96K disk/filler # for what is written beside it
codes=$(codes_of disk/full.h5)
[ "$codes" = "3 rank left with 1" ] || complain "a disk that fills up: $codes" "$(cat said)"
expect 0 "No space left" "$program" show disk/full.h5 --jsonl --where "status == failed"
rm disk/filler
mends "a disk that fills up" disk/full.h5

mount -o remount,ro disk
codes=$(codes_of disk/full.h5)
all_left "a disk for reading only" 3 "disk/full.h5.lock cannot be opened: Read-only file system" "$codes"
expect 0 "done +18" "$program" status disk/full.h5
expect 0 "" "$program" verify disk/full.h5
finish
