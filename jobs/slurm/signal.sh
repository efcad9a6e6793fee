# This shell (B:) gets USR1 so many seconds before the end: a second way, since the run itself asks Slurm for its time.
#SBATCH --signal=B:USR1@120
# After a failed node, and when this script asks for it below, the same job runs again.
#SBATCH --requeue
