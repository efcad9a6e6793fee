# srun has not taken over --cpus-per-task by itself since Slurm 22.05; after `sbatch --export=NONE` it takes over nothing
# of what follows.
export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1} SLURM_EXPORT_ENV=ALL
# Threads of a rank; a BLAS would start one for each core of the node.
export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1} OPENBLAS_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
# OpenBLAS takes a slow kernel for a processor younger than itself, and where a profile sets OPENBLAS_CORETYPE for
# another; `polysweep doctor` on a node says so, and what helps: export OPENBLAS_CORETYPE=SkylakeX
# Open MPI kills ranks a second after TERM, which may be too soon for them to take back the points in flight.
export OMPI_MCA_odls_base_sigkill_timeout=${OMPI_MCA_odls_base_sigkill_timeout:-5}
