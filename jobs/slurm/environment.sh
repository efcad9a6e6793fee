# srun has not taken over --cpus-per-task by itself since Slurm 22.05.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
# Threads of a rank; a BLAS would start one for each core of the node.
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# A profile that sets OPENBLAS_CORETYPE pins the kernel of some processor, often a slower one; `polysweep doctor` says
# whether it does, and then this line helps: unset OPENBLAS_CORETYPE
