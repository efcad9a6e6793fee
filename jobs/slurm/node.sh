# Ranks that share a node: the cores of yours.
#SBATCH --ntasks-per-node=32
# Cores of a rank: run.threads of the study.
#SBATCH --cpus-per-task=1
# A core for each rank, not a hardware thread: two threads of one core share its multipliers.
#SBATCH --hint=nomultithread
# The node and its memory for this job alone.
#SBATCH --exclusive
# All of the memory.
#SBATCH --mem=0
