#!/usr/bin/env bash
# kill -9 of one rank or of all at random moments: kills.sh [KILLS] [SEED]. The file opens every time, every committed
# slot is right, and resuming comes to the bits of a run that nobody disturbed.
. "$(dirname "$0")/common.sh"
kills=${1:-20}
RANDOM=${2:-1}
small_study study.yaml
sed -i 's/^  n: .*/  n: [256, 512, 1024]/; s/trials: 20/trials: 1000/' study.yaml
expect 0 "" ranks 2 run study.yaml -o reference.h5

# The processes of a run that we started: mpirun and its children, by their numbers.
victims() { # mpirun, which
    local all
    all=$(cat "/proc/$1/task/$1/children" 2>/dev/null)
    if [ "$2" = one ]; then tr ' ' '\n' <<<"${all% }" | shuf -n 1; else echo "$1 $all"; fi
}

begun() { # mpirun: waits until its ranks have opened the file
    local before w
    before=$(starts)
    for ((w = 0; w < 400; w++)); do
        [ "$(starts)" = "$before" ] && kill -0 "$1" 2>/dev/null || return
        sleep 0.02
    done
}

starts() { cat cut.h5.events.jsonl 2>/dev/null | grep -c '"start"'; }

inside=0
for ((k = 0; k < kills; k++)); do
    which=$([ $((k % 2)) = 0 ] && echo one || echo all)
    [ $((k % 5)) = 0 ] && rm -f cut.h5 cut.h5.*
    launcher=$(mpirun -n 2 "$program" run study.yaml -o cut.h5 --quiet >said 2>&1 & echo $!)
    [ $((k % 4)) = 3 ] || begun "$launcher"
    sleep "0.$((RANDOM % 6))$((RANDOM % 10))"
    # shellcheck disable=SC2046 # numbers of processes, one a word
    kill -9 $(victims "$launcher" "$which") 2>/dev/null
    for ((w = 0; w < 100; w++)); do # mpirun ends the ranks that are left
        kill -0 "$launcher" 2>/dev/null || break
        sleep 0.1
    done
    if [ -e cut.h5 ]; then
        inside=$((inside + $("$python" -c "import h5py; s = h5py.File('cut.h5')['status'][:]; print(int(0 < (s == 2).sum() < len(s)))")))
        expect 0 "bit for bit" "$python" "$here/bits.py" --committed reference.h5 cut.h5
        if [ $((k % 5)) = 4 ]; then
            expect 0 "" ranks 2 run study.yaml -o cut.h5 --redo failed # a point may have died three times
            expect 0 "bit for bit" "$python" "$here/bits.py" reference.h5 cut.h5
        fi
    fi
done
echo "$inside of $kills kills left a file with some points done and some not"
[ "$inside" -ge $((kills / 10)) ] || complain "too few kills came while points were being computed"

# What a kill inside MPI_File_open leaves behind in Open MPI: a semaphore at 0 that every later open waits for.
semaphore=/dev/shm/sem.OMPIO_cut.h5
if [ -e /dev/shm ] && [ ! -e "$semaphore" ]; then
    head -c 32 /dev/zero >"$semaphore"
    expect 0 "" ranks 2 run study.yaml -o cut.h5
    rm -f "$semaphore"
fi
finish
