#!/usr/bin/env bash
# Parts of a study in job arrays of a real Slurm: two arrays at once on one result, a task killed without a word while it
# has a part, and an array that comes next: every point is computed once, and the file is that of one launch.
. "$(dirname "$0")/up.sh"
slurm_needed
. "$(dirname "$0")/../e2e/common.sh"
here=$POLYSWEEP_SOURCE/tests/e2e
trap 'slurm_down; rm -rf "$work"' EXIT
chmod 711 "$work"
slurm_up "$work/slurm" 3 2 || exit 1
unset OMPI_MCA_plm
export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo # virtual nodes share a kernel, but not in earnest

small_study study.yaml
expect 0 "" mpirun -n 2 "$program" run study.yaml -o whole.h5

# The program; but who has part 2 first never begins it.
cat >held <<END
#!/bin/bash
case "\$* " in *" --part 2/4 "*) mkdir held.by 2>/dev/null && exec sleep 1000 ;; esac
exec "$program" "\$@"
END
chmod +x held
export POLYSWEEP=$PWD/held

array() { # tasks, then arguments of the script
    sbatch --parsable --mem=100M --oversubscribe -t 5 --ntasks-per-node=1 --array="$1" -o "%A_%a.log" \
        "$POLYSWEEP_BUILD/jobs/slurm-array-parts.sh" study.yaml "${@:2}"
}
wait_until() { # condition...
    local w
    for ((w = 0; w < 400; w++)); do
        "$@" && return
        sleep 0.25
    done
    complain "waited too long until $*" "$(squeue)" "$(tail -n +1 ./*.log)"
}
one_left() { [ -d held.by ] && [ "$(squeue -h -r -o %A | wc -l)" = 1 ]; }
all_ended() { [ -z "$(squeue -h)" ]; }
codes() { # array, tasks
    local k
    for ((k = 1; k <= $2; k++)); do slurm_said "$1_$k" ExitCode; done | sort | uniq -c | tr -s ' \n' ' '
}

first=$(array 1-3 all.h5 4) second=$(array 1-2 all.h5 4)
wait_until one_left
holder=$(readlink all.h5.parts/2.1)
[ ! -e all.h5 ] || complain "joined without part 2"
expect 0 "not finished" cat ./*.log
bash -c 'kill -9 $(grep -lsz "^SLURM_JOB_ID='"${holder%.*}"'$" /proc/[0-9]*/environ | cut -d / -f 3)' # all of the task at once
wait_until all_ended
[ ! -e all.h5.parts/2.ended ] || complain "part 2 has not ended"

third=$(array 1-2 all.h5) # as many parts as before
wait_until all_ended
[ "$(codes "$third" 2)" = " 2 0:0 " ] || complain "the tasks that came last" "$(tail -n +1 "$third"_*.log)"
expect 0 "bit for bit" "$python" "$here/bits.py" whole.h5 all.h5
[ "$("$program" status --json all.h5 | grep -o '"done": [0-9]*')" = '"done": 80' ] || complain "not whole" "$(tail -n +1 ./*.log)"
grep -hq "^slots  *80, 80 done" ./*.log && ! grep -hq "^compared" ./*.log || complain "how it was joined" "$(tail -n +1 ./*.log)"
[ "$(cat "$first"_*.log "$second"_*.log "$third"_*.log | grep -c "points of part ./4 done")" = 4 ] ||
    complain "a part was not computed once" "$(tail -n +1 ./*.log)"
[ "$(readlink all.h5.parts/2.2)" != "$holder" ] || complain "who took it over" "$(ls -l all.h5.parts)"
finish
