#!/usr/bin/env bash
# Kills a writing run with SIGKILL at random moments (one rank, all ranks, mpirun): the file opens, every done slot is
# right, nothing acknowledged is lost, and running again completes it.  store_kill.sh [KILLS] [RANKS] [SEED]
set -euo pipefail
kills=${1:-6} ranks=${2:-3} RANDOM=${3:-7}
writer=$POLYSWEEP_BUILD/tests/store_writer slots=12000
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export OMPI_MCA_btl_vader_backing_directory=$place OMPI_MCA_orte_tmpdir_base=$place # what killed runs leave goes too
file=$place/$(basename "$place").h5 # a basename of its own, also in /dev/shm
completed=0 met=0

run=(mpirun -n "$ranks" "$writer" write "$file" "$slots" 4000)
finished() { [ "$1" = "$slots done 0 torn" ]; }

running() { [ -e "/proc/$1/stat" ] && ! grep -q ') Z ' "/proc/$1/stat" 2>/dev/null; }

# waits until a process of ours is gone; mpirun can miss the death of ranks that it is just starting
wait_gone() {
    for ((tick = 0; tick < 150; tick++)); do
        running "$1" || return 0
        sleep 0.02
    done
    kill -KILL "$1" 2>/dev/null || true
}

# three in four kills come while slots are written, the others at any time from the start on
wait_moment() {
    local mpirun=$1 acknowledged
    acknowledged=$(stat -c %s "$file.ack" 2>/dev/null || echo 0)
    if ((RANDOM % 4)); then
        while running "$mpirun" && [ "$(stat -c %s "$file.ack" 2>/dev/null || echo 0)" = "$acknowledged" ]; do sleep 0.01; done
    fi
    sleep "0.$(printf %03d $((RANDOM % 350)))"
}

kill_run() {
    local mpirun=$1 ranks_of_run victims
    ranks_of_run=$(pgrep -P "$mpirun" || true)
    case $((RANDOM % 3)) in
    0) victims=$ranks_of_run ;;
    1) victims=$(echo "$ranks_of_run" | shuf -n 1 --random-source=<(yes $RANDOM)) ;;
    2) victims=$mpirun ;;
    esac
    [ -z "$victims" ] || kill -KILL $victims 2>/dev/null || true
    wait_gone "$mpirun"
    wait "$mpirun" 2>/dev/null || true
    for rank in $ranks_of_run; do wait_gone "$rank"; done
}

for ((i = 1; i <= kills; i++)); do
    "${run[@]}" 2>/dev/null &
    mpirun=$!
    wait_moment $mpirun
    kill_run $mpirun
    [ -e "$file" ] || continue # killed before the file was there: nothing to lose
    state=$("$writer" check "$file" $slots) || { echo "kill $i: $state"; exit 1; }
    echo "kill $i: $state"
    met=$((met + 1))
    if finished "$state"; then # a new one for the next kill
        completed=$((completed + 1))
        rm -f "$file" "$file.ack"
    fi
done
"${run[@]}"
state=$("$writer" check "$file" $slots) || { echo "resumed: $state"; exit 1; }
echo "resumed: $state; $met of $kills kills met a file, $completed came after the end"
# while it is packed in its own place, too, it is always whole
for ((i = 1; i <= kills; i++)); do
    "$writer" pack "$file" "$file" 2>/dev/null &
    packing=$!
    sleep "0.$(printf %03d $((RANDOM % 500)))"
    kill -KILL $packing 2>/dev/null || true
    wait $packing 2>/dev/null || true
    packed=$("$writer" check "$file" $slots) || { echo "kill $i while packing: $packed"; exit 1; }
    [ "$packed" = "$state" ] || { echo "kill $i while packing: $packed, not $state"; exit 1; }
done
((met > completed)) || { echo "no kill met a run at work: nothing was tried"; exit 1; }
finished "$state"
