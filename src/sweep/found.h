/* sweep/found: what a search leaves in the file when it has ended. */
#ifndef POLYSWEEP_SWEEP_FOUND_H
#define POLYSWEEP_SWEEP_FOUND_H

#include "sweep/job.h"

/* Of families that have ended, the slots that nobody asked for are marked as not needed; when all of the file's have,
 * the edges are written. Collective over the world. */
psw_status sweep_found_put(sweep_job *job);

#endif
