#!/usr/bin/env bash
# Every fault of the store on the first and the last rank: all ranks leave with its code, the words appear once, nothing hangs, nothing
# acknowledged is lost, and running again completes the file.
set -euo pipefail
writer=$POLYSWEEP_BUILD/tests/store_writer slots=500 ranks=3 injected=14
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
file=$place/$(basename "$place").h5

fail() {
    echo "$site on rank $rank: $*"
    cat "$place/words"
    exit 1
}

for site in store.create store.open store.mark store.put store.commit store.sync store.rows; do
    rows=
    [ $site != store.rows ] || { rows=rows slots=100; } # they are large
    for rank in 0 2; do
        [ $site = store.create ] && [ $rank != 0 ] && continue # rank 0 creates
        rm -f "$file" "$file.ack"
        code=0
        POLYSWEEP_FAULT=$site:$rank:1 timeout 30 mpirun -n $ranks "$writer" write "$file" $slots 0 $rows 2>"$place/words" || code=$?
        [ $code = $injected ] || fail "ended with $code"
        [ "$(grep -c "injected fault at $site on rank $rank" "$place/words")" = 1 ] || fail "not said once"
        if [ $site = store.create ]; then
            [ ! -e "$file" ] && ! compgen -G "$file.new*" >/dev/null || fail "a file was left"
        else
            "$writer" check "$file" $slots >>"$place/words" 2>&1 || fail "the file is wrong"
        fi
        timeout 30 mpirun -n $ranks "$writer" write "$file" $slots 0 $rows || fail "could not be resumed"
        [ "$("$writer" check "$file" $slots)" = "$slots done 0 torn" ] || fail "was not completed"
    done
done
echo "every fault ended well"
