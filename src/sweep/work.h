/* sweep/work: taking runs, by the calling rank's teams, from all ranks down to single ones. */
#ifndef POLYSWEEP_SWEEP_WORK_H
#define POLYSWEEP_SWEEP_WORK_H

#include "sweep/job.h"

/* Until no run is left, or none that fits in the time; quarantined points last. Collective over each team. PSW_STOPPED
 * where a run was given up. */
psw_status sweep_work(sweep_job *job);

#endif
