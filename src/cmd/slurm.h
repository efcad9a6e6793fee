/* cmd/slurm: what Slurm says of the job that this process belongs to. */
#ifndef POLYSWEEP_CMD_SLURM_H
#define POLYSWEEP_CMD_SLURM_H

#include "cmd/cmd.h"

/* A time as Slurm writes and takes it: M, M:S, H:M:S, D-H, D-H:M, D-H:M:S; UNLIMITED is INFINITY. False: it is none of
 * these (NOT_SET, INVALID, ...). Pure. */
bool psw_slurm_time(const char *text, double *seconds);
enum { PSW_SLURM_TEXT = 32 };
void psw_slurm_time_print(double seconds, char text[PSW_SLURM_TEXT]); /* rounded up */

/* Seconds that the job of this process has left, INFINITY outside of a job. SLURM_JOB_END_TIME where it is set, else
 * what squeue answers; what is no answer is a note on stderr and no limit. To be asked once, by one rank: it starts a
 * process and may wait 10 s. */
double psw_slurm_left_s(void);
/* What of it is kept for closing the file and leaving MPI: a tenth, at most 30 s. */
double psw_slurm_margin_s(double left_s);

#endif
