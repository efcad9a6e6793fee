#!/usr/bin/env bash
# What `plan --slurm` prints, and what it refuses to print. tests/slurm/jobs.sh submits it.
. "$(dirname "$0")/common.sh"
small_study study.yaml
plan=("$program" plan study.yaml --ranks 6 --ranks-per-node 4)

printed() { # pattern, arguments...
    "${plan[@]}" --slurm "${@:2}" >script 2>said || complain "plan --slurm ${*:2}" "$(cat said)"
    bash -n script || complain "not a script" "$(cat script)"
    ! command -v shellcheck >/dev/null || shellcheck -e SC2016 script || complain "shellcheck: see above"
    grep -Eq -- "$1" script || complain "plan --slurm ${*:2}: no line matches $1" "$(cat script)"
}

printed '^#SBATCH --nodes=2$'
grep -q '^#SBATCH --ntasks=6$' script && grep -q '^#SBATCH --ntasks-per-node=4$' script || complain "ranks" "$(cat script)"
awk '/^#SBATCH/ && before !~ /^# / {exit 1} {before = $0}' script || complain "a line for sbatch without its reason" "$(cat script)"
printed '^#SBATCH --time=00:10:00$' # minutes of slack around a second of work
printed '^#SBATCH --account=physics$' --sbatch account=chemistry --sbatch account=physics
! grep -q chemistry <(grep ^#SBATCH script) || complain "the first of two values" "$(cat script)"
printed '^#SBATCH --time=1-00:00:00$' --sbatch time=1-00:00:00
[ "$(grep -c '^#SBATCH --time=' script)" = 1 ] || complain "two walltimes" "$(cat script)"
printed '^#SBATCH --signal=B:USR1@15$' --sbatch time=1 # a quarter at most: the signal must not come at once
printed '^#SBATCH --mem-per-cpu=2G$' --sbatch mem-per-cpu=2G
! grep -q '^#SBATCH --mem=\|memory_per_rank' script || complain "two kinds of memory" "$(cat script)"
printed '^#SBATCH --no-requeue$' --sbatch no-requeue
! grep -q '^#SBATCH --requeue' script || complain "both" "$(cat script)"
printed '^#SBATCH --comment="two # words"$' --sbatch 'comment=two # words'
printed '^launch=\(srun --mpi=pmix' --launcher srun
case $("${POLYSWEEP_MPIEXEC:-mpirun}" --version) in
*OpenRTE* | *"Open MPI"*) printed '^launch=\(mpirun -n 6 --map-by ppr:4:node:PE=1 --bind-to core\)$' ;;
*) printed '^launch=\(mpiexec -n 6 -ppn 4 -bind-to core:1\)$' ;;
esac
printf 'module load gcc\nexport A=1' >modules
printed '^module load gcc$' --prologue modules
grep -q '^export A=1$' script || complain "the last line of a prologue" "$(cat script)"

# The lines that all job scripts have stand in each, whole and once: sbatch copies a script away from what is beside it.
for script in script "$POLYSWEEP_BUILD"/jobs/slurm-{one-node,nodes,array,array-parts,largest}.sh; do
    bash -n "$script" || complain "$script is not a script"
    if grep -n '@SLURM' "$script" >&2; then complain "$script is not filled in"; fi
    parts=(listen environment launch conclude)
    [ "$script" = script ] || parts+=(node signal)
    [ "$script" = "$POLYSWEEP_BUILD/jobs/slurm-array-parts.sh" ] || parts+=(run)
    for part in "${parts[@]}"; do
        "$python" - "$script" "$POLYSWEEP_SOURCE/jobs/slurm/$part.sh" <<'END' || complain "$script has not the lines of $part.sh once"
import sys
script, part = (open(name).read() for name in sys.argv[1:])
sys.exit(script.count(part) != 1)
END
    done
done
cmp "$POLYSWEEP_SOURCE/jobs/slurm-chain.sh" "$POLYSWEEP_BUILD/jobs/slurm-chain.sh" || complain "slurm-chain.sh is not beside them"

# Names that a shell would take apart come back whole.
odd="it's a \$HOME \`x\`; *.h5"
printed '^result=' -o "$odd" --where 'n <= 64 and method == exact' --set judge.trials=3
sed '/^# One rank a task/,$d' script >part
echo 'printf "%s" "$result"' >>part
[ "$(bash part)" = "$PWD/$odd" ] || complain "the name of the result file" "$(bash part)"
"${plan[@]}" --slurm --sbatch time=1 --set judge.trials=100000000 >script 2>said || complain "a long point" "$(cat said)"
grep -q "note: the longest point is predicted to take .* walltime of 00:01:00 allows" said || complain "no warning" "$(cat said)"

refused() { # code, pattern, arguments...
    expect "$1" "$2" "${plan[@]}" "${@:3}"
    [ "$(wc -l <said)" = 1 ] || complain "${*:3}: more than its message was printed" "$(cat said)"
}
refused 2 "did you mean account" --slurm --sbatch acount=x
refused 2 "account=VALUE" --slurm --sbatch account
refused 2 "follow from --ranks" --slurm --sbatch nodes=3
refused 2 "a time of a minute or more" --slurm --sbatch time=soon
refused 2 "without its dashes" --slurm --sbatch --qos=high
refused 2 "control character" --slurm --sbatch $'comment=a\n#SBATCH --uid=0'
refused 2 "neither srun nor mpirun" --slurm --launcher ssh
refused 2 "leave out --json" --slurm --json
refused 2 "add --slurm" --sbatch account=x
refused 3 "nowhere cannot be read: No such file" --slurm --prologue nowhere
refused 3 "Is a directory" --slurm --prologue .
finish
