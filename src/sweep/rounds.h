/* sweep/rounds: a search on its way: teams ask rank 0, which has all answers, for rounds, and bring theirs back. */
#ifndef POLYSWEEP_SWEEP_ROUNDS_H
#define POLYSWEEP_SWEEP_ROUNDS_H

#include "sweep/job.h"

/* What teams ask rank 0 with, and room for it on every rank. */
psw_status sweep_rounds_prepare(sweep_job *job, psw_pool_desk *desk);
void sweep_rounds_free(sweep_job *job);

/* Computes rounds until no family goes on, and writes what was found. Collective over the world, when everything is
 * open: PSW_STOPPED where a round was given up. */
psw_status sweep_rounds_work(sweep_job *job);

#endif
