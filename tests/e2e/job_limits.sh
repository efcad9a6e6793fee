#!/usr/bin/env bash
# A control group made by hand: doctor, plan and run count the memory and the processors that it allows.
. "$(dirname "$0")/common.sh"
hierarchy() { # controller of version 1, file of a group that is needed: its directory, where groups can be made
    awk -v word="$1" '$(NF-2) == "cgroup" && index("," $NF ",", "," word ",") {print $5; exit}' /proc/self/mountinfo
}
unified() {
    awk '$(NF-2) == "cgroup2" {print $5; exit}' /proc/self/mountinfo
}
made=()
clean() {
    [ ${#made[@]} = 0 ] || rmdir "${made[@]}"
    rm -rf "$work"
}
trap clean EXIT

group() { # controller, file that limits: a new group below our own, or below the root, where that cannot be
    local top path directory
    top=$(hierarchy "$1")
    path=$(sed -n "s/^[0-9]*:\([^:]*,\)\{0,1\}$1\(,[^:]*\)\{0,1\}://p" /proc/self/cgroup)
    [ -n "$top" ] || { top=$(unified) && path=$(sed -n 's/^0:://p' /proc/self/cgroup); }
    for directory in "$top$path" "$top"; do
        mkdir "${directory%/}/polysweep-test-$$-$1" 2>/dev/null || continue
        made+=("${directory%/}/polysweep-test-$$-$1")
        [ ! -e "${made[-1]}/$2" ] && [ ! -e "${made[-1]}/$3" ] || return 0
        unset "made[-1]"
        rmdir "${directory%/}/polysweep-test-$$-$1"
    done
    return 1
}
skip() {
    echo "skipped: $1"
    exit 77
}

# a process is in the group from its start: what it has already would not be moved
cat >in_group <<'END'
#!/usr/bin/env bash
echo $$ >"$1/cgroup.procs" && exec "${@:2}"
END
chmod +x in_group
set_limit() { # file, value; false where the group has no such file
    [ -e "$1" ] && echo "$2" >"$1"
}

small_study small.yaml
group memory memory.max memory.limit_in_bytes || skip "no group with a limit of memory can be made here"
memory=${made[-1]}
./in_group "$memory" true 2>/dev/null || skip "no process can be moved into $memory"
set_limit "$memory/memory.max" $((300 << 20)) || set_limit "$memory/memory.limit_in_bytes" $((300 << 20))
expect 0 "300.* MiB on .* .limit of control group $memory." ./in_group "$memory" "$program" doctor
expect 0 "may have 150.* MiB .2 ranks on a node, limit of control group $memory." \
    ./in_group "$memory" "$program" plan small.yaml --ranks 2 --ranks-per-node 2
# a point of more: refused before it starts, and nobody is killed
cat >large.yaml <<'END'
{schema: 1, study: large, methods: [exact], data: {kind: gaussian}, grid: {n: 262144, d: 128, row_norm: unit, beta: 2}}
END
expect 1 "0 of 1 points done, 1 skipped" ./in_group "$memory" "$program" run large.yaml -o large.h5

if group cpu cpu.max cpu.cfs_quota_us; then
    cores=${made[-1]}
    set_limit "$cores/cpu.max" "100000 100000" ||
        { set_limit "$cores/cpu.cfs_period_us" 100000 && set_limit "$cores/cpu.cfs_quota_us" 100000; }
    expect 3 "2 ranks x 1 thread on .*the time of 1 core.* .limit of control group $cores." \
        ./in_group "$cores" mpirun -n 2 --oversubscribe "$program" doctor
    expect 2 "gives 1 .limit of control group $cores.: start .mpirun -n 1" \
        ./in_group "$cores" mpirun -n 2 --oversubscribe "$program" run small.yaml -o small.h5
    absent small.h5
    expect 2 "start with --set run.threads=1" ./in_group "$cores" "$program" run small.yaml -o small.h5 --set run.threads=2
    expect 0 "finish .* on 1 rank," ./in_group "$cores" "$program" plan small.yaml
fi
finish
