#!/usr/bin/env bash
# Installs what is missing, builds into build-tests and runs the tests: bash tests/run.sh [WHICH] [arguments of ctest]
#
#   all         also the long ones, and the other builds below, each of which is one test then
#   sanitize    what a build with AddressSanitizer and UndefinedBehaviorSanitizer runs, in build-sanitize
#   mpich       what a build with MPICH and its HDF5 runs, in build-mpich
#   blis        what a build with another CBLAS runs, in build-blis
#
# CTest has the last word: its summary ends the output, its exit code is this script's.
set -euo pipefail
. "$(dirname "$0")/../jobs/setup.sh"

which=(-LE '^long$')
needs=$needs_build$wants_build$needs_tests # sketches are tested at lengths that are FFTW's
wants=$wants_tests
case "${1:-}" in
all)
    which=()
    wants+=$wants_libraries$needs_mpich$needs_blis
    shift
    ;;
sanitize | mpich | blis)
    other=needs_$1
    needs+=${!other}
    wants=
    ;;
esac

prepare_environment
install_packages "$needs"
install_wanted "$wants"
install_python
[ -z "${other:-}" ] || exec bash "$root/tests/builds/other.sh" "$@"
build "$root/build-tests" all -DPOLYSWEEP_WERROR=ON -DBUILD_TESTING=ON
exec ctest --test-dir "$root/build-tests" --parallel "$(nproc)" --output-on-failure --no-tests=error "${which[@]}" "$@"
