#!/usr/bin/env bash
# The kernels of row folds, compiled for several processors, run on what this one can do or emulate: the same bits.
#   targets.sh short|all PROGRAM DIRECTORY [BUILT...]: PROGRAM below tests/, DIRECTORY of cblas.h (for its declarations; nothing
#   is called), BUILT: the program as the build at hand made it, once for each precision. short: where there is BUILT, which
#   is of the compiler at hand, only other compilers
# Without two of them that run there is nothing to compare: skipped (77).
set -euo pipefail
source=${POLYSWEEP_SOURCE:?} which=$1 program=$source/tests/$2 cblas=$3
shift 3
built=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

once=("$source"/src/base/{arena,largest,narrow,plain,standing,status,threads}.c "$source"/src/text/facts.c "$source"/src/spec/precision.c "$source"/src/route/*.c "$source"/src/data/tokens.c "$source"/src/attend/{refuse,route,seen,sums,work}.c)
methods=("$source"/src/base/peak_real.c "$source"/src/attend/{exact,softmax,linear,taylor,uniform,window,topk,method,weigh,exponential}_real.c)
twice=("$program" "$source"/src/base/{tile_kernel,narrow}_real.c "${methods[@]}" "$source"/src/attend/{attention,finish,scores}_real.c
    "$source"/src/attend/rows_{layout,tile,pass,team,select}_real.c)

# name | compiler | flags | what the processor must say in /proc/cpuinfo, or what runs it
targets='
x86-64-v3             | cc                    | -march=x86-64-v3      | avx2 fma bmi2 movbe abm
znver3                | cc                    | -march=znver3         | avx2 fma bmi2 movbe abm adx
skylake-avx512        | cc                    | -march=skylake-avx512 | avx512f avx512bw avx512cd avx512dq avx512vl
x86-64-v3, clang      | clang                 | -march=x86-64-v3      | avx2 fma bmi2 movbe abm
armv8-a               | aarch64-linux-gnu-gcc | -static               | qemu-aarch64
'

trim() { awk '{$1 = $1; print}' <<<"$1"; }

lacks() { # what a target needs: prints the first that is not there
    local need
    for need in $1; do
        case $need in
        qemu-*) command -v "$need" >/dev/null ;;
        *) grep -qsw "$need" /proc/cpuinfo ;;
        esac || { echo "$need" && return; }
    done
}

# A target in both precisions: its digests in a file of its name, or why there are none in NAME.skipped.
run_target() {
    local name=$1 compiler=$2 flags=$3 needs=$4 run='' lacking precision
    local into=$work/$name
    if ! command -v "$compiler" >/dev/null; then echo "no $compiler" >"$into.skipped" && return; fi
    lacking=$(lacks "$needs")
    if [ -n "$lacking" ]; then echo "no $lacking" >"$into.skipped" && return; fi
    # shellcheck disable=SC2086 # words
    if ! echo 'int main(void) { return 0; }' | "$compiler" $flags -x c - -o "$into.trial" 2>/dev/null; then
        echo "$compiler $flags makes no program" >"$into.skipped" && return
    fi
    case $needs in qemu-*) run=$needs ;; esac
    mkdir "$into"
    local compile=("$compiler" -std=c11 -O3 -ffp-contract=off -D_GNU_SOURCE -I"$source/include" -I"$source/src" -isystem "$cblas")
    # shellcheck disable=SC2206 # words
    compile+=($flags)
    (cd "$into" && "${compile[@]}" -c "${once[@]}") || return
    mkdir "$into/double" && (cd "$into/double" && "${compile[@]}" -c "${methods[@]}") || return
    for precision in -UPSW_SINGLE -DPSW_SINGLE; do
        local also=()
        if [ "$precision" = -DPSW_SINGLE ]; then also=("$into"/double/*.o); fi # facts of methods are those of double
        "${compile[@]}" "$precision" "${twice[@]}" "$into"/*.o "${also[@]}" -lm -o "$into$precision" || return
        $run "$into$precision" || return
    done >"$into.digests"
}

if [ "$(uname -m)" = aarch64 ]; then # its own compiler, and nothing to emulate
    targets=$(sed -e 's/aarch64-linux-gnu-gcc/cc                   /; s/qemu-aarch64/asimd/' <<<"$targets")
fi
names=() jobs=()
while IFS='|' read -r name compiler flags needs; do
    [ -n "$(trim "$name")" ] || continue
    if [ "$which" = short ] && [ "${#built[@]}" -gt 0 ] && [ "$(trim "$compiler")" = cc ]; then continue; fi
    names+=("$(trim "$name")")
    run_target "$(trim "$name")" "$(trim "$compiler")" "$(trim "$flags")" "$(trim "$needs")" &
    jobs+=($!)
    while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
done <<<"$targets"

if [ "${#built[@]}" -gt 0 ]; then
    names+=("this build")
    for one in "${built[@]}"; do "$one"; done >"$work/this build.digests" &
    jobs+=($!)
fi

status=0 first=
for i in "${!names[@]}"; do
    name=${names[$i]} digests=$work/${names[$i]}.digests
    if ! wait "${jobs[$i]}"; then
        echo "$name: does not compile or run" && status=1
    elif [ ! -e "$digests" ]; then
        echo "$name: skipped, $(cat "$work/$name.skipped")"
    elif [ -z "$first" ]; then
        first=$name
        echo "$name: $(wc -l <"$digests") digests"
    elif differ=$(diff "$work/$first.digests" "$digests"); then
        echo "$name: the same bits" && compared=yes
    else
        printf '%s: other bits than %s\n%s\n' "$name" "$first" "$differ" && status=1
    fi
done
[ "$status" = 0 ] || exit 1
[ -n "${compared:-}" ] || { echo "nothing to compare" && exit 77; }
