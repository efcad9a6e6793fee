#!/usr/bin/env bash
# Fuzzing with coverage feedback and sanitizers: bash tests/fuzz/fuzz.sh [SECONDS [HARNESS...]]
# Builds the harnesses with clang (in build-fuzz, or $BUILD) and runs each for SECONDS of processor time (600). New
# inputs stay in build-fuzz/found/HARNESS; what crashed in build-fuzz/crashes/HARNESS. Prints a table; a crash is exit 1.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build-fuzz}
corpus=$root/tests/fuzz/corpus
seconds=${1:-600}
[ $# = 0 ] || shift
harnesses=("$@")
[ $# -gt 0 ] || mapfile -t harnesses < <(sed -n 's|^psw_fuzz(fuzz/\(.*\)\.c)$|\1|p' "$root/tests/fuzz.cmake")
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
export OPENBLAS_NUM_THREADS=1
TIMEFORMAT='%U %S'
sanitizers=quarantine_size_mb=8:max_allocation_size_mb=1024 # more at once is an allocation by an unchecked size

command -v clang >/dev/null || { echo "clang is needed: apt-get install clang libclang-rt-dev" >&2; exit 3; }

build() {
    cmake -S "$root" -B "$build" -DCMAKE_C_COMPILER=clang -DPOLYSWEEP_FUZZ=ON -DPOLYSWEEP_NATIVE=ON \
        -DCMAKE_BUILD_TYPE=None -DCMAKE_C_FLAGS="-O1 -g" -DBUILD_TESTING=ON
    make -C "$build" -j2 polysweep "${harnesses[@]/#/fuzz_}"
}

# Keys and their words, as libFuzzer reads them, behind those of words.dict.
dictionary() {
    cat "$root/tests/fuzz/words.dict"
    "$build/polysweep" help keys --markdown | cut -d'|' -f2,3 | grep -oE '[a-z_0-9A-Z]{2,}' | sort -u | sed 's/.*/"&"/'
}

# One harness, in stretches of wall time until the processor time is used up.
fuzz() { # harness
    local found=$build/found/$1 crashes=$build/crashes/$1 used=0 left spent stopped log=$build/$1.log options=$sanitizers
    local longest=10 # seconds of an input
    if grep -q hdf.h "$root/tests/fuzz/$1.c"; then
        options+=:detect_leaks=0 # HDF5 leaks where it refuses
        longest=100              # a child has 5 s of processor time, which a busy machine gives it in many more
    fi
    mkdir -p "$found" "$crashes" "$corpus/$1"
    : >"$log"
    while left=$(awk "BEGIN { l = $seconds - $used; print l < 1 ? 0 : int(l + 0.99) }"); [ "$left" -gt 0 ]; do
        stopped=0
        { time ASAN_OPTIONS=$options nice -n 10 "$build/tests/fuzz_$1" -max_total_time="$left" -rss_limit_mb=2048 \
            -malloc_limit_mb=-1 -timeout=$longest -max_len=16384 -dict="$build/dictionary" -artifact_prefix="$crashes/" \
            -print_final_stats=1 "$found" "$corpus/$1" >>"$log" 2>&1; } 2>"$build/$1.time" || stopped=1
        spent=$(tail -1 "$build/$1.time" | awk '{ print $1 + $2 }')
        used=$(awk "BEGIN { print $used + $spent }")
        [ $stopped = 0 ] || break # a crash, or an interrupt from the keyboard
    done
    awk -v name="$1" -v used="$used" -v crashes="$(find "$crashes" -type f | wc -l)" '
        /number_of_executed_units/ { runs += $2 }
        /cov: / { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1); if ($i == "ft:") ft = $(i + 1) } }
        END { printf "%-12s %8.0f %12d %9d %9d %8d\n", name, used, runs, cov, ft, crashes }' "$log"
    [ -z "$(find "$crashes" -type f)" ]
}

build >"${TMPDIR:-/tmp}/polysweep-fuzz-build.log" 2>&1 || { cat "${TMPDIR:-/tmp}/polysweep-fuzz-build.log"; exit 3; }
dictionary >"$build/dictionary"
failed=0
printf '%-12s %8s %12s %9s %9s %8s\n' harness "cpu s" executions edges features crashes
for harness in "${harnesses[@]}"; do
    fuzz "$harness" || failed=1
done
exit $failed
