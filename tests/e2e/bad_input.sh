#!/usr/bin/env bash
# Wrong command lines, studies and files: one clear message, the right exit code, nothing lost or overwritten, no hang.
. "$(dirname "$0")/common.sh"

study() { # grid lines; other lines replace the defaults of data and methods
    printf '%s\n' "schema: 1" "study: bad" "seed: 1" "${2:-data: {kind: self_attention, preset: P1\}}" \
        "methods: [exact]" "grid: {$1}" "judge: {m: 4, trials: 2}" >study.yaml
}

refused() { # pattern of the message: the study is wrong, nothing is written
    expect 2 "$1" "$program" run study.yaml -o new.h5
    expect 2 "$1" "$program" plan study.yaml
    absent new.h5
}

untouched() { # file, its cksum before
    [ "$(cksum <"$1")" = "$2" ] || complain "$1 was changed"
}

# ---- command line
expect 2 "usage|COMMAND" "$program"
expect 2 "rum: .*did you mean run" "$program" rum study.yaml
expect 2 "--wher: .*did you mean --where" "$program" run study.yaml --wher 1
expect 2 "--outptu: .*did you mean --output" "$program" run study.yaml --outptu new.h5
expect 2 "did you mean --output" "$program" run study.yaml --outptu=a/name/that/is/much/longer/than/the/option.h5
for command in run plan scale status show verify merge doctor; do
    "$program" $command --help >asked
    expect 0 "." "$program" help $command
    cmp -s said asked || complain "help $command" "$(cat said)"
done
expect 2 "plna: .*did you mean plan" "$program" help plna
expect 2 "key: .*did you mean keys" "$program" help key
expect 2 "time-limit|duration" "$program" run study.yaml --time-limit soon
expect 2 "one study file" "$program" run
expect 0 "^polysweep [0-9]" "$program" run --version
expect 2 "unknown option" ranks 3 run study.yaml --frobnicate --oversubscribe
[ "$(grep -c frobnicate said)" = 1 ] || complain "not one message" "$(cat said)"
expect 3 "nowhere.yaml" "$program" run nowhere.yaml
expect 3 "nowhere.h5" "$program" show nowhere.h5
expect 3 "nowhere.h5" "$program" verify nowhere.h5
expect 3 "nowhere.h5" "$program" status nowhere.h5

POLYSWEEP_FAULT=store.pot:0:1 expect 2 'POLYSWEEP_FAULT: "store.pot" is not a fault site; .* store.put ' "$program" run nowhere.yaml
POLYSWEEP_FAULT=store.put:0:1,compute: expect 2 '"compute" is not a fault site' ranks 2 run nowhere.yaml

# ---- study file: place and nearest name
study 'beta: [2, 4], n: 64, d: 10'
expect 0 "." "$program" plan study.yaml
expect 2 "--set grid.betta|betta" "$program" plan study.yaml --set 'grid.betta=[2]'
expect 2 "where" "$program" run study.yaml -o new.h5 --where "beta >< 2"
absent new.h5
# a condition that holds nowhere is a slip: nothing is made, measured or printed
nowhere="--where beta == 3: none of the 2 "
expect 2 "$nowhere""points" "$program" run study.yaml -o new.h5 --where "beta == 3"
expect 2 "$nowhere""points" ranks 2 run study.yaml -o new.h5 --where "beta == 3"
expect 2 "$nowhere""points" "$program" run study.yaml -o new.h5 --dry-run --where "beta == 3"
expect 2 "$nowhere""points" "$program" scale study.yaml -o new.h5 --strong --where "beta == 3"
expect 2 "$nowhere""points" "$program" plan study.yaml --where "beta == 3"
absent new.h5
expect 0 "2 of 2" "$program" run study.yaml -o there.h5
expect 0 "2 of 2" "$program" run study.yaml -o there.h5 --where "beta == 2" # it holds, and nothing is left to do
for form in --csv --json --jsonl --extrap ""; do
    # shellcheck disable=SC2086 # no form, no word
    expect 2 "$nowhere""rows" "$program" show there.h5 $form --where "beta == 3"
    [ "$(wc -l <said)" = 1 ] || complain "show $form --where" "printed more than what is wrong:" "$(cat said)"
done
rm -f there.h5*
sed 's/^judge/jugde/' study.yaml >wrong.yaml && mv wrong.yaml study.yaml
refused "study.yaml:7:1: .*jugde.*judge"
study 'beta: [2, 4], n: many, d: 10'
refused "study.yaml:6:[0-9]+: "
study 'beta: [], n: 64, d: 10'
refused "study.yaml:6:[0-9]+: .*(empty|no value)"
study 'beta: [2], n: 64, d: 10, n: 128'
refused "study.yaml:6:[0-9]+: .*given twice"
study 'beta: [2], n: 64, d: 10, m: 3'
refused "study.yaml:[67]:[0-9]+: .*m.*(twice|already)"
study 'beta: [2], n: 64, d: {from: 10, to: 20, step: 7}'
refused "study.yaml:6:[0-9]+: "
study 'beta: [2], n: 64, d: 10, size: [1, 2]'
refused "study.yaml:6:[0-9]+: .*size"

# ---- points that cannot be computed
study 'beta: [2], n: 64, d: 2'
refused "\bd\b"
study 'beta: [2], n: 8, d: 18'
refused "\bn\b"
study 'beta: [2], n: 100, d: 10'
refused "multiple|d - 2"
study 'beta: [3], n: 64, d: 10' 'data: {kind: self_attention, preset: P1, noise: 0.4}'
refused "negative"
study 'beta: [0], n: 64, d: 10' 'data: {kind: self_attention, preset: P1, c: 0}'
refused "beta|c = 0"

# ---- result files
study 'beta: [2, 4], n: 64, d: 10'
"$python" -c "import h5py; h5py.File('foreign.h5', 'w')['precious'] = [1, 2, 3]"
echo "precious text" >text.h5
expect 0 "" "$program" run study.yaml -o good.h5
head -c "$(($(stat -c %s good.h5) / 2))" good.h5 >half.h5
: >empty.h5
for file in foreign.h5 text.h5 half.h5 empty.h5; do
    before=$(cksum <$file)
    expect 3 "$file" "$program" run study.yaml -o $file
    expect 3 "$file" "$program" show $file
    expect 3 "$file" ranks 2 run study.yaml -o $file
    untouched $file "$before"
done

before=$(cksum <good.h5)
sed 's/beta: \[2, 4\]/beta: [2, 4, 8]/' study.yaml >other.yaml
expect 2 "beta" "$program" run other.yaml -o good.h5
[ -n "$(tail -n 1 said)" ] || complain "an empty line after the differences" "$(cat said)"
untouched good.h5 "$before"

for other in "predict: {mine: log(n)}|predict.mine: log\(n\) here, nothing in the file" \
    "output: {keep: [samples]}|output.keep: samples here" "time: {reps: 3}|time: on here, off in the file"; do
    (cat study.yaml && echo "${other%%|*}") >other.yaml
    expect 2 "${other#*|}" "$program" run other.yaml -o good.h5
    expect 2 "${other#*|}" ranks 3 run other.yaml -o good.h5 --oversubscribe
    untouched good.h5 "$before"
done
(cat study.yaml && echo "predict: {mine: log(n)}") >first.yaml
expect 0 "" "$program" run first.yaml -o predicted.h5
expect 0 "2 of 2" "$program" run first.yaml -o predicted.h5
expect 2 "predict.mine: sqrt\(n\) here, log\(n\) in the file" "$program" run first.yaml -o predicted.h5 --set "predict.mine=sqrt(n)"
cp good.h5 lacking.h5
"$python" -c "import h5py; del h5py.File('lacking.h5', 'r+')['tie']"
expect 3 "lacking.h5 is damaged: tie" ranks 2 run study.yaml -o lacking.h5
expect 4 "lacking.h5: column tie" "$program" verify lacking.h5

# ---- options, and a reader that cannot take the table
for wrong in "plan study.yaml --ranks inf" "plan study.yaml --ranks 2.5" "verify good.h5 --sample 101" \
    "show good.h5 --csv --json" "show good.h5 good.h5"; do
    # shellcheck disable=SC2086 # words
    expect 2 "." "$program" $wrong
done
expect 3 "standard output" bash -c "'$program' show good.h5 --csv >/dev/full"
expect 3 "standard output" bash -c "'$program' verify good.h5 >/dev/full"

expect 3 "no/such/place.h5: its directory does not exist" "$program" run study.yaml -o no/such/place.h5
expect 3 "/proc/x.h5: no file can be created in its directory" "$program" run study.yaml -o /proc/x.h5
mkdir folder.h5
expect 3 "folder.h5" "$program" run study.yaml -o folder.h5
if [ "$(id -u)" != 0 ]; then
    cp good.h5 shut.h5 && chmod 000 shut.h5
    expect 3 "shut.h5" "$program" run study.yaml -o shut.h5
fi

# ---- a full disk: a limit on the size of files, and a small file system where one can be mounted
study 'beta: {from: 1, to: 100000, step: 1}, n: 64, d: 10'
sed -i 's/exact/closed_form/' study.yaml # a file of some 60 MB: MPI itself needs files of a few
expect 3 "limited.h5" bash -c "ulimit -f 20000; '$program' run study.yaml -o limited.h5"
absent limited.h5
mkdir small
if unshare -m true 2>/dev/null; then
    expect 3 "small/full.h5|[Ss]pace" unshare -m bash -c \
        "mount -t tmpfs -o size=1m tmpfs small && '$program' run study.yaml -o small/full.h5; c=\$?; ls small; exit \$c"
    ! grep -qx "full.h5" said || complain "a file that could not be made whole was left"
fi

# ---- a file in use: the second run is refused and says by whom, the first is not disturbed
study 'beta: [2, 4, 8, 16], n: 2048, d: 34, precision: [fp64, fp32]'
sed -i 's/m: 4, trials: 2/m: 64, trials: 500/' study.yaml
POLYSWEEP_FAULT=compute.point:0:2:4 "$program" run study.yaml -o used.h5 --quiet >first 2>&1 &
first=$!
for ((w = 0; w < 100; w++)); do [ -e used.h5.events.jsonl ] && break || sleep 0.05; done
expect 3 "used.h5.*($first|in use|another run)" "$program" run study.yaml -o used.h5
kill -0 $first 2>/dev/null || complain "the first run was over too soon to be disturbed"
wait $first || complain "the first run was disturbed" "$(cat first)"
expect 0 "" "$program" verify used.h5
finish
