#!/usr/bin/env bash
# A limit of a process that leaves no room for the buffer of the BLAS, on all ranks or on one: refused with the limit's
# name before anything is made. OpenBLAS would ask for it for ever.
. "$(dirname "$0")/../e2e/common.sh"
"$program" doctor >facts 2>&1
grep -q "blas .*OpenBLAS" facts || { echo "skipped: not OpenBLAS"; exit 77; }
grep -q "with sanitizers" facts && { echo "skipped: a sanitizer needs more than any limit"; exit 77; }
small_study study.yaml
expect 0 "" "$program" run study.yaml -o done.h5 --where "n == 64 and beta == 2"

cat >narrow <<'END'
#!/bin/sh
[ "${OMPI_COMM_WORLD_RANK:-1}" != 1 ] || ulimit "$1" "$2"
shift 2
exec "$@"
END
chmod +x narrow
patience=60
for limit in "-d 100000:RLIMIT_DATA" "-v 350000:RLIMIT_AS"; do
    IFS=: read -r option name <<<"$limit"
    said="the limit ulimit $option .$name. leaves this process [0-9]+ MiB, too little for the buffer of the BLAS"
    # shellcheck disable=SC2086 # two words
    {
        expect 3 "$said" ./narrow $option "$program" run study.yaml -o narrow.h5
        absent narrow.h5
        expect 3 "$said" mpirun -n 2 --oversubscribe ./narrow $option "$program" run study.yaml -o narrow.h5
        [ "$(grep -c "too little for the buffer" said)" = 1 ] || complain "not said once" "$(cat said)"
        absent narrow.h5
        expect 3 "$said" ./narrow $option "$program" verify done.h5
        expect 3 "$said" ./narrow $option "$program" scale study.yaml --strong
        expect 0 "" ./narrow $option "$program" show done.h5
    }
done
expect 0 "" ./narrow -v 4000000 "$program" run study.yaml -o wide.h5 --where "n == 64 and beta == 2"
finish
