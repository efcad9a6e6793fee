# Sourced by tests that need a scheduler: Slurm on this machine alone, with virtual nodes. Root, and Debian's slurm-wlm
# and munge; nothing of the system's own Slurm is read or changed.
#
#     slurm_needed                 ends the script with 77 (CTest: skipped) where it cannot be started
#     slurm_up DIRECTORY NODES CORES [LINE...]      further lines of slurm.conf
#     slurm_down                   of what slurm_up started
# shellcheck shell=bash

slurm_port=$((20000 + $$ % 1000 * 10)) # controller; node number i listens on the i-th behind it. Others may test here, too

slurm_needed() {
    local tool
    for tool in munged slurmctld slurmd sbatch; do
        PATH=$PATH:/usr/sbin command -v $tool >/dev/null && continue
        echo "skipped: $tool is not installed (apt-get install --no-install-recommends slurm-wlm munge)"
        exit 77
    done
    [ "$(id -u)" = 0 ] || { echo "skipped: virtual nodes are started as root"; exit 77; }
}

# Credentials of 10 s: a job that is put back starts again within seconds. A temporary directory for each node: the
# PMIx servers of two on one machine would meet in one.
slurm_configuration() { # nodes, cores
    cat <<CONFIGURATION
ClusterName=virtual
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$slurm_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$slurm_place/munge/socket,cred_expire=10
StateSaveLocation=$slurm_place/state
SlurmdSpoolDir=$slurm_place/spool-%n
TmpFS=$slurm_place/tmp-%n
SlurmctldPidFile=$slurm_place/controller.pid
SlurmdPidFile=$slurm_place/%n.pid
SlurmctldLogFile=$slurm_place/controller.log
SlurmdLogFile=$slurm_place/%n.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,bf_interval=1,sched_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
EnforcePartLimits=ALL
ReturnToService=2
KillWait=15
NodeName=virtual[1-$1] NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=[$((slurm_port + 1))-$((slurm_port + $1))] CPUs=$2 CoresPerSocket=$2 RealMemory=1000
PartitionName=all Nodes=ALL Default=YES MaxTime=60 State=UP
CONFIGURATION
}

slurm_up() { # directory, nodes, cores, lines of slurm.conf
    local node wait
    slurm_place=$1
    export PATH=$PATH:/usr/sbin SLURM_CONF=$slurm_place/slurm.conf
    mkdir -p "$slurm_place/munge" "$slurm_place/state"
    chmod 711 "$slurm_place" "$slurm_place/munge"
    head -c 128 /dev/urandom >"$slurm_place/munge/key"
    chmod 400 "$slurm_place/munge/key"
    slurm_configuration "$2" "$3" >"$SLURM_CONF"
    printf '%s\n' "${@:4}" >>"$SLURM_CONF"
    munged --force --key-file="$slurm_place/munge/key" --socket="$slurm_place/munge/socket" \
        --pid-file="$slurm_place/munge.pid" --log-file="$slurm_place/munge/log" --seed-file="$slurm_place/munge/seed"
    slurmctld
    for ((node = 1; node <= $2; node++)); do
        mkdir -p "$slurm_place/spool-virtual$node" "$slurm_place/tmp-virtual$node"
        slurmd -N "virtual$node"
    done
    for ((wait = 0; wait < 100; wait++)); do
        [ "$(sinfo -h -t idle -o %D 2>/dev/null | head -n 1)" = "$2" ] && return
        sleep 0.2
    done
    echo "the nodes of Slurm do not come up:" && sinfo && tail -n 5 "$slurm_place"/*.log
    return 1
}

slurm_said() { scontrol show job "$1" | grep -oP "\b$2=\K\S+"; } # job, field

slurm_wait() { # job, seconds: until it has ended and left. sbatch --wait looks every few seconds only
    local w
    for ((w = 0; w < 4 * $2; w++)); do
        case $(slurm_said "$1" JobState) in
        "" | PENDING | RUNNING | COMPLETING | REQUEUED) ;;
        *) [ -z "$(squeue -h -j "$1" 2>/dev/null)" ] && return ;;
        esac
        sleep 0.25
    done
    echo "job $1 does not end" && scontrol show job "$1"
    return 1
}

slurm_run() { # arguments of sbatch: what the job said, and its exit code
    local job code
    job=$(sbatch --parsable -o "job.%j.said" "$@") && slurm_wait "$job" 100 || return
    cat "job.$job.said"
    code=$(slurm_said "$job" ExitCode)
    return "${code%%:*}"
}

slurm_down() {
    local file
    scancel --state=RUNNING,PENDING --user=root 2>/dev/null
    for file in "$slurm_place"/virtual*.pid "$slurm_place/controller.pid" "$slurm_place/munge.pid"; do
        [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null
    done
    sleep 1
}
