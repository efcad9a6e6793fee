/* sweep/attempt: one run of slots on the ranks that compute it, from its mark in the file to its results. */
#ifndef POLYSWEEP_SWEEP_ATTEMPT_H
#define POLYSWEEP_SWEEP_ATTEMPT_H

#include "sweep/job.h"

void sweep_attempt_prepare(sweep_job *job); /* what computes; once, when everything is open */

/* Collective over a team whose first rank is `first`, counted as the crew counts: PSW_STOPPED where the run was given
 * up. By the whole team, or by its first `size` ranks: of the others, as many teams of that size as there are compute
 * replicas of the same point where times are asked for beside that load, and the rest wait. */
psw_status sweep_attempt_whole(sweep_job *job, const psw_comm *team, ptrdiff_t first, const psw_run *run);
psw_status sweep_attempt_part(sweep_job *job, const psw_comm *team, ptrdiff_t first, int size, const psw_run *run);

/* A node that dies takes with it what its ranks wrote last; this bounds how much, by time. To be called between runs,
 * so that no time of a point has it, and before one of `next_s`, too; INFINITY: at the end. Local. */
psw_status sweep_attempt_sync(sweep_job *job, double next_s);

#endif
