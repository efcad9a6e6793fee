/* sweep/attempt: one run of slots on the ranks that compute it, from its mark in the file to its results. */
#ifndef POLYSWEEP_SWEEP_ATTEMPT_H
#define POLYSWEEP_SWEEP_ATTEMPT_H

#include "sweep/job.h"

void sweep_attempt_prepare(sweep_job *job); /* sets up the computer; once, when everything is open */

/* Collective over a team whose first rank is `first`, numbered as in the crew: PSW_STOPPED where the run was given up.
 * By the whole team, or by its first `size` ranks: with time.beside the other ranks form teams of that size that
 * compute replicas of the same point; ranks left over wait. */
psw_status sweep_attempt_whole(sweep_job *job, const psw_comm *team, ptrdiff_t first, const psw_run *run);
psw_status sweep_attempt_part(sweep_job *job, const psw_comm *team, ptrdiff_t first, int size, const psw_run *run);

/* Flushes results to disk when due: a node that fails loses what its ranks wrote since. To be called between runs, so
 * that no point's time includes it, with the seconds of the next run; INFINITY: at the end. Local. */
psw_status sweep_attempt_sync(sweep_job *job, double next_s);

#endif
