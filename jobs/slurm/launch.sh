# ---- run, and run again ----

# An element of an array is named by its index, for one of them has the number of the whole array.
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
job=${job:-$SLURM_JOB_ID}

# From the file beside the result: a value, and how many points have ended so far.
told() { sed -n "s/.*\"$1\": \"\{0,1\}\([^\",}]*\).*/\1/p" "$result.status.json" 2>/dev/null; }
finished() { echo $(($(told 'done') + $(told failed) + $(told skipped) + 0)); }

# The run, in the background, because a shell that waits in the foreground handles signals only afterwards. Ranks that get
# USR1 finish the points in flight and stop. A signal also ends `wait`, so it waits again. `answered`: the program has
# ended by itself, and says so in the file beside the result under the name of this launch, or has refused to begin (2);
# then it is the program's code, whatever the launcher made of it. Any other end is the launcher's, of which the code says
# nothing: it may be 1 or 205 when a node fails.
launches=0 said=
trap '[ ! -f "$said" ] || rm -f "$said"' EXIT
launch_run() {
    launches=$((launches + 1))
    export POLYSWEEP_LAUNCH=$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}.$launches
    before=$(finished)
    said=${said:-$(mktemp)} || said=/dev/null
    answered=no code=143
    [ -z "$asked" ] || return
    "${launch[@]}" "${command[@]}" 2> >(trap '' USR1 TERM; exec tee "$said" >&2) &
    run=$!
    signalled=yes
    while [ "$signalled" = yes ]; do
        signalled=no
        wait "$run"
        code=$?
    done
    run=
    [ "$code" != 2 ] || answered=yes
    [ "$(told launch)" = "$POLYSWEEP_LAUNCH" ] || return
    case $(told state) in
    running | "") return ;;
    stopped_clean) code=75 ;;
    failed) [ "$code" -lt 128 ] || code=1 ;;
    *) code=0 ;;
    esac
    answered=yes
}
