#!/usr/bin/env bash
# Another build of the same sources, by its preset, and the tests that it is for: other.sh PRESET [arguments of ctest]
# Nothing is installed; without what the build needs this is skipped (77).
set -euo pipefail
. "$(dirname "$0")/../../jobs/setup.sh"
preset=$1
shift

case $preset in
sanitize) # all rooms, MPI at 1 and 3 ranks, every command, every fault in the store
    which=(-R '^(unit|property|mpi)[.]|^e2e[.](tour|bad_input)$|^fault[.]store_faults$' -LE '^long$')
    ;;
mpich) # what touches MPI and MPI-IO, at 1 and 2 ranks, and every command
    which=(-R '^mpi[.]|^e2e[.]tour$')
    ;;
blis) # products and all that is built of them
    which=(-R '^unit[.]|^property[.](attend_bits|scores|sketched|sketch_|judge_)|^e2e[.]tour$')
    ;;
*) fail 2 "other.sh: there is no test plan for a preset '$preset'" ;;
esac

needs=needs_$preset
for package in $(packages_of "${!needs}"); do
    is_there "${!needs}" "$package" || { echo "$preset: $package is not there; bash tests/run.sh $preset installs it" && exit 77; }
done

prepare_environment
[ "$preset" != blis ] || unset POLYSWEEP_CBLAS # of the build that this one is beside
build "$root/build-$preset" all --preset "$preset" -DPOLYSWEEP_WERROR=ON -DPOLYSWEEP_PYTHON="${POLYSWEEP_PYTHON:-$root/.venv/bin/python}"
exec ctest --test-dir "$root/build-$preset" --parallel "$(nproc)" --output-on-failure --no-tests=error "${which[@]}" "$@"
