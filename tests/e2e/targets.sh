#!/usr/bin/env bash
# One program with kernels for several processors: each that this machine can run gives the same bits of row folds, the
# best one is taken unless POLYSWEEP_TARGET says otherwise, and no kernel's code is reached by another's name.
. "$(dirname "$0")/common.sh"
unset POLYSWEEP_TARGET

# Every external symbol of what is compiled once per precision and target ends with both: none is another's.
for objects in "${POLYSWEEP_BUILD:?}"/CMakeFiles/polysweep_fp*_*.dir; do
    suffix=${objects##*/polysweep_}
    suffix=_${suffix%.dir}
    find "$objects" -name '*.o' -exec nm -A --defined-only --extern-only {} + | awk -v suffix="$suffix" '
        { seen = 1 }
        substr($NF, length($NF) - length(suffix) + 1) != suffix { print "a symbol without " suffix ": " $0; bad = 1 }
        END { exit bad || !seen }' || complain "symbols of ${objects##*/}"
done

expect 2 "POLYSWEEP_TARGET=z80: this build has no such kernels; it can be " env POLYSWEEP_TARGET=z80 "$program" doctor
targets=$(POLYSWEEP_TARGET=z80 "$program" doctor 2>&1 | sed -n 's/.*it can be \(.*\), or unset.*/\1/p' | tr -d ,)
best=${targets%% *}
expect 0 "kernels $best:" "$program" doctor

cat >study.yaml <<'END'
schema: 1
study: targets
seed: 3
data: {kind: gaussian}
methods: [exact, softmax, linear, uniform, window: {local: 20, sinks: 2}, topk: {keep: 9}]
grid: {beta: [1, 2.5, 4, 7], n: [97, 300], d: 21, v: 13, mask: [full, causal], precision: [fp64, fp32], block: 64, negative: signed}
output: {keep: [rows]}
END
same=()
for target in $targets; do
    export POLYSWEEP_TARGET=$target
    expect 0 "" ranks 2 run study.yaml -o "$target.h5" --oversubscribe
    tiles=$("$python" -c 'import h5py, sys; print(h5py.File(sys.argv[1])["provenance/launches/blas"][0].decode())' "$target.h5")
    echo "$target: $tiles"
    [ -n "$tiles" ] || complain "$target: the launch table says nothing of tiles"
    case $tiles in *"tiles: own kernel"*) same+=("$target.h5") ;; esac
    expect 0 "" "$program" verify "$target.h5" --sample 100
done
[ "${#same[@]}" -gt 1 ] || { echo "one target with tiles of our own: nothing to compare" && finish; }
expect 0 "bit for bit in $((${#same[@]} - 1)) files" "$python" "$here/bits.py" "${same[@]}"
finish
