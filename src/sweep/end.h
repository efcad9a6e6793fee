/* sweep/end: the outcome of a launch, on stderr, in its sidecars and as its exit code. */
#ifndef POLYSWEEP_SWEEP_END_H
#define POLYSWEEP_SWEEP_END_H

#include "sweep/job.h"

/* Closes what is open after work that ended with `status` on the calling rank. Collective over the world, with the same
 * status on all ranks: that of psw_sweep_run. */
psw_status sweep_end(sweep_job *job, psw_status status);

#endif
