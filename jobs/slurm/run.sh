# ---- run, and run again ----

# Points that are done so far, from the file beside the result.
done_so_far() { sed -n 's/.*"done": \([0-9]*\).*/\1/p' "$result.status.json" 2>/dev/null; }
before=$(done_so_far)

# In the background, because a shell that waits in the foreground handles signals only afterwards. Ranks that get USR1
# finish the points in flight and stop. A signal also ends `wait`, so it waits again.
"${launch[@]}" "${command[@]}" &
run=$!
signalled=yes
while [ "$signalled" = yes ]; do
    signalled=no
    wait "$run"
    code=$?
done

# 75: stopped in time, points are left; mpirun reports the code like an error. The job queues again and continues where
# it stopped, unless this run finished no point: the next would not either. With POLYSWEEP_REQUEUE=no something else is
# to start it again. An element of an array is named by its index, for one of them has the number of the whole array.
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
if [ "$code" = 75 ] && [ "$(done_so_far)" = "${before:-0}" ]; then
    echo "No point was finished in this time; ask for more (--time), or see polysweep status $result"
elif [ "$code" = 75 ] && [ "${POLYSWEEP_REQUEUE:-yes}" = yes ]; then
    scontrol requeue "${job:-$SLURM_JOB_ID}" ||
        echo "This cluster does not requeue: submit the script again, or see slurm-chain.sh"
fi
exit "$code"
