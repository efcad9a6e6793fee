#!/usr/bin/env bash
# Installs what is missing, builds into build-tests and runs the tests: bash tests/run.sh [all] [arguments of ctest]
# `all` adds the long ones. CTest has the last word: its summary ends the output, its exit code is this script's.
set -euo pipefail
. "$(dirname "$0")/../jobs/setup.sh"

which=(-LE '^long$')
if [ "${1:-}" = all ]; then
    which=()
    shift
fi

prepare_environment
install_packages "$needs_build$needs_tests"
install_wanted "$wants_tests"
install_python
build "$root/build-tests" all -DPOLYSWEEP_WERROR=ON -DBUILD_TESTING=ON
exec ctest --test-dir "$root/build-tests" --parallel "$(nproc)" --output-on-failure --no-tests=error "${which[@]}" "$@"
