#!/usr/bin/env bash
# From a bare machine to a phase diagram: bash jobs/quickstart.sh [DIRECTORY]
#
# Installs what is missing, builds, sweeps jobs/quickstart.yaml on all cores (or on RANKS), prints the table of
# critical degrees and leaves result file, figures and index.html in DIRECTORY (quickstart-out). Run again, it does
# only what is not done yet.
set -euo pipefail
. "$(dirname "$0")/setup.sh"

case "${1:-}" in
-*) fail 2 "usage: bash jobs/quickstart.sh [DIRECTORY]     (RANKS=n in the environment: not all cores)" ;;
esac
out=${1:-quickstart-out}
study=$root/jobs/quickstart.yaml
result=$out/quickstart.h5
program=$root/build/polysweep
began=$SECONDS

prepare_environment
install_packages "$needs_build"
install_wanted "$wants_build"
install_python
build "$root/build" polysweep
choose_kernel "$program"

mkdir -p "$out"
ranks=${RANKS:-$(cores)}
say "sweeping jobs/quickstart.yaml on $ranks ranks into $result"
code=0
mpirun -n "$ranks" "$program" run "$study" -o "$result" || code=$?
case $code in
0 | 1 | 75) ;; # 1: some points failed, 75: stopped with work left; what is there can be shown
*) fail "$code" "The sweep ended with code $code; its message is above." ;;
esac

say "drawing"
"$root/.venv/bin/polysweep-report" "$result" -o "$out"

case $code in
1) say "some points failed: build/polysweep show $result --where \"error_code != none\"" ;;
75) say "stopped before the end: run the same command again to go on" ;;
esac
cat <<END

Done in $((SECONDS - began)) s. In $out:
    index.html      figures and table on one page
    quickstart.h5   every point: opens in xarray, h5py, ncdump, h5dump
What next:
    build/polysweep show $result --where "success_rate >= 0.9"
    build/polysweep plan jobs/quickstart.yaml --ranks 64       what a sweep would cost elsewhere
    edit a copy of jobs/quickstart.yaml, then: mpirun -n $ranks build/polysweep run COPY.yaml
END
exit "$code"
