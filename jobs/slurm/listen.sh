# USR1 is passed on to the run, once it has begun.
run=
trap 'signalled=yes; [ -z "$run" ] || kill -USR1 "$run"' USR1
