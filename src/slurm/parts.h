/* slurm/parts: lines that every job script has: the texts of jobs/slurm, which jobs/slurm.cmake makes strings of. */
#ifndef POLYSWEEP_SLURM_PARTS_H
#define POLYSWEEP_SLURM_PARTS_H

extern const char slurm_part_listen[];      /* sets `run`, and passes USR1 on to it */
extern const char slurm_part_environment[]; /* threads */
extern const char slurm_part_run[];         /* wants launch=(...), command=(...), result=; ends the script */

#endif
