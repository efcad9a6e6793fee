/* sweep/watch: what a rank does regularly while it computes or waits, and reasons to stop. A `void *job` is a
 * sweep_job: these are callbacks. */
#ifndef POLYSWEEP_SWEEP_WATCH_H
#define POLYSWEEP_SWEEP_WATCH_H

#include "sweep/job.h"

void sweep_watch_tick(void *job);        /* answers other ranks, shows progress, passes on stop requests; call often */
psw_status sweep_watch_ask(void *job);   /* the same; PSW_STOPPED if the current run must be given up */
bool sweep_watch_failed(sweep_job *job); /* are as many points failed as --max-fails allows? */

double sweep_watch_since_start_s(const sweep_job *job);
bool sweep_watch_fits(const sweep_job *job, const psw_run *run); /* is there time for the run? */
/* Where all ranks work at one run after another: rank 0 knows the time, any rank may have been asked to stop. The same
 * on all ranks. Collective over the crew's order. */
psw_status sweep_watch_over(sweep_job *job, const psw_run *run, bool *over);
/* Repetitions end with the time of the job, or of the point: run.point_limit times its predicted time. */
bool sweep_watch_no_pass_fits(void *job, double pass_s);

#endif
