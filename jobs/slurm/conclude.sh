# Nodes of this job that the launcher blames; none, if it blames all of several.
blamed() {
    local node all bad
    all=$(scontrol show hostnames "$SLURM_JOB_NODELIST")
    bad=$(for node in $all; do
        ! grep -Eq "on node $node exited|[Rr]emote daemon.* on node $node\$|srun: error:.*[ =]$node\b" "$said" || echo "$node"
    done)
    [ "$bad" = "$all" ] && [ "$(echo "$all" | wc -l)" != 1 ] || echo "$bad"
}

# A list of nodes that the job was given: ReqNodeList, ExcNodeList; a node a line.
of_job() {
    local list
    list=$(scontrol show job "$job" | grep -oP "\b$1=\K[^(\s]+") && scontrol show hostnames "$list"
}

# Nodes that failed this job twice, and those that it left out already, as long as its partition has enough others. One
# that the job asks for by name is none of them: without it the job would never begin.
left_out() {
    local twice rest
    twice=$(grep "^$job " "$result.lost" | cut -s -d ' ' -f 3- | tr -s ' ' '\n' | sort | uniq -d)
    twice=$(grep -vxF "$(of_job ReqNodeList; echo .)" <<<"$twice")
    rest=$(sinfo -h -N -p "$SLURM_JOB_PARTITION" -o %N | sort -u | grep -cvxF "$twice")
    [ -n "$twice" ] && [ "$rest" -ge "$SLURM_JOB_NUM_NODES" ] || return
    { of_job ExcNodeList; echo "$twice"; } | sort -u | paste -s -d ,
}

# The job queues again, and this shell ends, with POLYSWEEP_REQUEUE=no because something else is to start it again. Requeuing
# ends this shell, too; TERM, which Slurm sends some time before it kills, is to wait until all is said.
again() {
    local without
    [ "${POLYSWEEP_REQUEUE:-yes}" = yes ] || exit "$code"
    without=$(left_out 2>/dev/null)
    trap '' TERM
    if scontrol requeue "$job"; then
        [ -z "$without" ] || scontrol update "JobId=$job" "ExcNodeList=$without"
        exit "$code"
    fi
    echo "This cluster does not requeue: submit the script again, or see slurm-chain.sh"
}

# What the end of a run is for the job. TERM to this shell: the job is being ended, and who ends it decides whether it runs
# again. 75: stopped in time, points are left, and the job continues where it stopped, unless no point has ended: the
# next run would not end one either. No answer, because a node or a rank failed, or stopped by a TERM that only the ranks
# had, as in the time that is given to a preempted job: the same, and up to three times without a new point, since a
# point that ends the program is computed alone after two.
conclude() {
    local now
    now=$(finished)
    if [ -n "$asked" ]; then
        exit "$code"
    elif [ "$answered" = no ] || [[ $code = 75 && $(told stop_reason) =~ ^(TERM|INT|HUP)$ ]]; then
        echo "$job $now $(blamed | paste -s -d ' ')" >>"$result.lost"
        if [ "$(grep -c "^$job $now " "$result.lost")" -le 3 ]; then
            again
        else
            echo "The run has ended like this before, with no new point in between; see above, or polysweep status $result"
        fi
    elif [ "$code" = 75 ] && [ "$now" = "$before" ]; then
        echo "No point was finished in this time; ask for more (--time), or see polysweep status $result"
    elif [ "$code" = 75 ]; then
        again
    else
        rm -f "$result.lost"
    fi
}
