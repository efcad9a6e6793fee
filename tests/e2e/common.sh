# Sourced by the end-to-end scripts: a scratch directory, the program under test, expectations.
# shellcheck shell=bash
set -u
program=${POLYSWEEP_BUILD:?}/polysweep
python=${POLYSWEEP_PYTHON:?}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

complain() { # lines
    printf '%s\n' "FAILED: $1" "${@:2}" >&2
    failures=$((failures + 1))
}

absent() { # file
    [ ! -e "$1" ] || complain "$1 was left behind by a refusal"
    rm -f "$1"
}

# Runs a command; its exit code must be the one given, and what it said must match the pattern (grep -E).
# `ranks N ...` stands for the program under mpirun.
expect() { # code, pattern, command...
    local code=$1 pattern=$2 found
    shift 2
    [ "$1" != ranks ] || set -- "${POLYSWEEP_MPIEXEC:-mpirun}" -n "$2" "$program" "${@:3}"
    timeout "${patience:-120}" "$@" >said 2>&1 </dev/null
    found=$?
    if [ "$found" = "$code" ] && { [ -z "$pattern" ] || grep -Eq -- "$pattern" said; }; then return; fi
    complain "$*: exit code $found, expected $code; expected to match \"$pattern\"; it said:" "$(cat said)"
}

finish() {
    [ "$failures" = 0 ] && echo "all as expected"
    exit $((failures > 0))
}

# A study of a second or so: 4 shapes x 8 degrees, two precisions, noise so that nothing has a closed form.
small_study() { # file
    cat >"$1" <<'END'
schema: 1
study: small
seed: 7
data: {kind: self_attention, preset: W2, noise: 0.05}
methods: [exact, softmax, linear]
grid:
  precision: [fp64, fp32]
  n: [64, 256]
  d: [10, 18]
  negative: signed
  beta: [2, 4, 6, 8, 12, 16, 32, 64]
judge: {m: 16, trials: 20}
END
}
