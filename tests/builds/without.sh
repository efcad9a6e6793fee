#!/usr/bin/env bash
# The program without FFTW and hwloc, and without a Random123 of the system: it builds, it runs, its bits are the same, and it
# says what is missing. Kernels of this machine alone: it is built in minutes, and again in seconds.
. "$(dirname "$0")/../e2e/common.sh"
build=$POLYSWEEP_BUILD/without
without=$build/polysweep

cmake -S "$POLYSWEEP_SOURCE" -B "$build" -DPOLYSWEEP_FFTW=OFF -DPOLYSWEEP_HWLOC=OFF -DPOLYSWEEP_NATIVE=ON \
    -DBUILD_TESTING=OFF >"$work/log" 2>&1 &&
    cmake --build "$build" --target polysweep --parallel "$(nproc)" >>"$work/log" 2>&1 || complain "no build" "$(tail -20 "$work/log")"
if readelf -d "$without" | grep -E 'NEEDED.*(fftw|hwloc)'; then complain "it is linked with what it is without"; fi
if grep -rlE '/usr(/local)?/include/Random123' --include='*.d' "$build"; then complain "it takes the Random123 of the system"; fi

cat >study.yaml <<'END'
schema: 1
study: without
seed: 4
data: {kind: self_attention, preset: W2}
methods: [exact, {tensorsketch: {r: 30}}]
grid: {n: 64, d: 10, beta: [2, 4]}
judge: {m: 8, trials: 20}
END
expect 0 "^built without FFTW" "$without" --version
expect 0 "^built without hwloc" "$without" --version
expect 0 "tensorsketch takes no r with a prime factor above 31" "$without" help methods
mpirun -n 2 "$without" doctor >said 2>&1 </dev/null # 3 where this machine has something to fix
for words in "libraries .*built without FFTW" "libraries .*built without hwloc" "bound to [0-9]+ of the|may run on every core of"; do
    grep -Eq "$words" said || complain "doctor does not say: $words" "$(cat said)"
done
for file in without with; do
    [ $file = with ] && run=$program || run=$without
    expect 0 "4 of 4 points done" mpirun -n 2 "$run" run study.yaml -o $file.h5
    "$run" show $file.h5 --csv --columns method,beta,success_rate,margin_d1,margin_d0,err_attn,err_out >$file.csv
done
cmp without.csv with.csv || complain "the results are others"

# a length that is FFTW's: refused before anything runs, where the study is checked; read all the same
expect 2 "study.yaml:.*tensorsketch: r = 37 has a prime factor above 31.* take r = 36 or 38.*POLYSWEEP_FFTW=ON" \
    "$without" plan study.yaml --set 'methods=[{tensorsketch: {r: 37}}]'
expect 2 "it was built without" mpirun -n 2 "$without" run study.yaml -o no.h5 --set 'methods=[{tensorsketch: {r: [30, 37]}}]'
[ ! -e no.h5 ] || complain "a refused study has made a file"
expect 0 "2 of 2 points done" mpirun -n 2 "$program" run study.yaml -o fftw.h5 --set 'methods=[{tensorsketch: {r: 37}}]'
expect 0 "tensorsketch" "$without" show fftw.h5 --columns method,r,err_attn
expect 0 "state +done" "$without" status fftw.h5
finish
