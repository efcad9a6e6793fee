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

# the head and, on this machine, sketches: also the same bits
cat >heads.yaml <<'END'
schema: 1
study: heads
seed: 4
data: {kind: self_attention, preset: W2, noise: 0.1, data_draws: 2}
methods: [exact, softmax]
grid: {beta: [2, 4], n: 160, d: [10, 82], precision: [fp64, fp32, bf16], block: 64}
judge: {m: 9, trials: 8}
END
for file in "${same[@]}"; do
    expect 0 "" env "POLYSWEEP_TARGET=${file%.h5}" "$program" run heads.yaml -o "heads-$file"
done
expect 0 "bit for bit in $((${#same[@]} - 1)) files" "$python" "$here/bits.py" "${same[@]/#/heads-}"

# Ranks that can run different targets share rows: all take what the least of them can run.
sed -e 's/study: targets/study: mixed/; s/block: 64/block: 32, team: 2/' study.yaml >mixed.yaml
unset POLYSWEEP_TARGET
expect 0 "" ranks 2 run mixed.yaml -o alike.h5 --oversubscribe
mix=()
for target in ${same[0]%.h5} ${same[1]%.h5}; do
    [ "${#mix[@]}" = 0 ] || mix+=(:)
    mix+=(-n 1 env "POLYSWEEP_TARGET=$target" "$program" run mixed.yaml -o mixed.h5 --oversubscribe)
done
expect 0 "" "${POLYSWEEP_MPIEXEC:-mpirun}" "${mix[@]}"
expect 0 "" "$program" verify mixed.h5 --sample 100
"$python" - <<'END' || complain "rows of ranks with different targets"
import h5py, sys
a, b = h5py.File("alike.h5"), h5py.File("mixed.h5")
names = [name for name in a["rows"] if isinstance(a["rows"][name], h5py.Dataset)]
sys.exit(not names or any(a["rows"][name][()].tobytes() != b["rows"][name][()].tobytes() for name in names))
END
finish
