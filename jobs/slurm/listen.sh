# USR1 (the time is nearly up) is passed on to the run, once it has begun. So is TERM (scancel, preemption) where the run
# does not have it from Slurm already: a second one within seconds would kill it at once.
run='' asked=''
trap 'signalled=yes; [ -z "$run" ] || kill -USR1 "$run"' USR1
trap 'signalled=yes; asked=TERM; [ -z "$run" ] || { sleep 2; kill -TERM "$run"; } 2>/dev/null &' TERM
