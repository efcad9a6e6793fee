/* slurm/parts: lines of every job script: the texts of jobs/slurm, made into strings by jobs/slurm.cmake. */
#ifndef POLYSWEEP_SLURM_PARTS_H
#define POLYSWEEP_SLURM_PARTS_H

extern const char slurm_part_listen[];      /* sets `run`, and passes USR1 on to it */
extern const char slurm_part_environment[]; /* threads */
extern const char slurm_part_launch[];      /* functions; they want launch=(...), command=(...), result= */
extern const char slurm_part_conclude[];    /* what the end of a launch means for the job */
extern const char slurm_part_run[];         /* ends the script */

#endif
