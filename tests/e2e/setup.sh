#!/usr/bin/env bash
# jobs/setup.sh on machines that are not this one: dpkg, apt-get, sudo and id are replaced by stand-ins that record.
set -u
source_root=${POLYSWEEP_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

check() { # what, expected, found
    [ "$2" = "$3" ] && return
    printf '%s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3" >&2
    failures=$((failures + 1))
}

stand_in() { # name, body
    printf '#!/bin/bash\n%s\n' "$2" >"$work/bin/$1"
    chmod +x "$work/bin/$1"
}

machine() { # user id, installed packages
    rm -rf "$work/bin" "$work/log"
    mkdir "$work/bin"
    : >"$work/log"
    stand_in id "echo $1"
    stand_in dpkg-query "case ' $2 ' in *\" \${@: -1} \"*) echo installed ;; *) exit 1 ;; esac"
    stand_in apt-get "echo apt-get \$* >>$work/log"
}

# Runs a piece of the script there; nothing of this machine's installation counts, only the stand-ins and coreutils.
there() {
    PATH=$work/bin:/usr/bin:/bin bash -c ". '$source_root/jobs/setup.sh'; $1" </dev/null 2>"$work/messages"
}

asked() { grep -o 'recommends.*' "$work/log" | cut -d' ' -f2-; }

table='
alpha    true                  the first
beta     command -v no-such    the second: module beta
gamma    false                 the third
'

machine 0 "alpha beta gamma"
there "install_packages '$table'"
check "all there: success" 0 $?
check "all there: apt-get is left alone" "" "$(cat "$work/log")"

machine 0 "alpha"
there "install_packages '$table'"
check "two missing: success" 0 $?
check "two missing: updated once, first" "1 update" "$(grep -c update "$work/log") $(head -1 "$work/log" | grep -o 'update')"
check "two missing: exactly those" "beta gamma" "$(asked)"

machine 1000 "alpha"
stand_in sudo 'exit 1'
there "install_packages '$table'"
check "no root: environment error" 3 $?
check "no root: apt-get is left alone" "" "$(cat "$work/log")"
check "no root: says what" "    the second: module beta,    the third" "$(sed -n 2,3p "$work/messages" | paste -sd,)"
check "no root: says what to type" "apt-get install --no-install-recommends beta gamma" \
    "$(grep -o 'apt-get install.*' "$work/messages")"

machine 1000 "beta gamma"
stand_in sudo 'exit 1'
there "install_packages '$table'"
check "no root, but there from elsewhere: goes on" 0 $?

machine 1000 "alpha beta"
stand_in sudo '[ "$1" = -n ] && exit 0; "$@"'
there "install_packages '$table'"
check "sudo: success" 0 $?
check "sudo: installs" "gamma" "$(asked)"

machine 0 "beta"
there "POLYSWEEP_INSTALL=no; install_packages '$table'"
check "told not to install: looks only" "3 " "$? $(cat "$work/log")"

machine 0 "beta gamma"
stand_in apt-get 'exit 100'
there "install_packages '$table'"
check "apt-get fails, but there from elsewhere: goes on" 0 $?

machine 1000 "alpha"
stand_in sudo 'exit 1'
there "install_wanted '$table'"
check "wanted, no root: goes on" "0 " "$? $(cat "$work/log")"
machine 0 "alpha"
there "install_wanted '$table'"
check "wanted: installs" "0 beta gamma" "$? $(asked)"
machine 0 "alpha"
stand_in apt-get 'exit 100'
there "install_wanted '$table'"
check "wanted, apt-get fails: goes on" 0 $?

# every row of the real table has three columns and a probe that runs
rows=$(there 'printf "%s" "$needs_build$wants_build$needs_tests$wants_tests$wants_libraries$needs_mpich$needs_blis"' | grep -c '[^ ]')
whole=$(there 'printf "%s" "$needs_build$wants_build$needs_tests$wants_tests$wants_libraries$needs_mpich$needs_blis"' | awk -F '   *' 'NF == 3 && $3 != ""' | wc -l)
check "rows of the table" "$rows" "$whole"
check "the table has rows" yes "$([ "$rows" -gt 10 ] && echo yes)"

OPENBLAS_CORETYPE=Haswell OPENBLAS_L2_SIZE=512 there 'prepare_environment; env' >"$work/environment"
check "OpenBLAS chooses its kernel itself" "" "$(grep -E 'OPENBLAS_(CORETYPE|L2_SIZE)' "$work/environment")"

# a program whose doctor has this to say, by its last line; choose_kernel runs under the scripts' own options
advised() { # what to type
    stand_in polysweep "echo 'bad  blas  kernel Prescott'; echo '  type: $1'; exit 3"
    there "set -euo pipefail; prepare_environment; choose_kernel $work/bin/polysweep; echo \"\${OPENBLAS_CORETYPE-none}\""
}
machine 1000 ""
check "a kernel below the processor's: the one that doctor names" SkylakeX \
    "$(advised '`export OPENBLAS_CORETYPE=SkylakeX`: this OpenBLAS does not know the processor')"
check "doctor names none: OpenBLAS chooses" none "$(advised '`cmake -DPOLYSWEEP_CBLAS=NAME ...` with a newer OpenBLAS')"

machine 1000 ""
env -u OMPI_ALLOW_RUN_AS_ROOT -u OMPI_ALLOW_RUN_AS_ROOT_CONFIRM PATH="$work/bin:/usr/bin:/bin" \
    bash -c ". '$source_root/jobs/setup.sh'; prepare_environment; env" >"$work/environment"
check "mpirun as root is allowed to root alone" "" "$(grep OMPI_ALLOW "$work/environment")"
check "at least one core" yes "$([ "$(there cores)" -ge 1 ] && echo yes)"

[ "$failures" = 0 ] && echo "setup: all as expected"
exit $((failures > 0))
