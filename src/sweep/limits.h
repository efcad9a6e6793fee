/* sweep/limits: deadlines of a launch. Seconds by the calling rank's clock, unless stated otherwise. */
#ifndef POLYSWEEP_SWEEP_LIMITS_H
#define POLYSWEEP_SWEEP_LIMITS_H

#include "sweep/given.h"

typedef struct sweep_limits {
    double deadline_s;           /* no run is started that would end later; INFINITY = none */
    double abandon_s;            /* what is still running then is given up: Slurm ends the job soon; INFINITY = never */
    double time_limit_s;         /* that the deadline comes from, since the start of the launch; NaN = none */
    const char *time_limit_from; /* --time-limit, study, Slurm; "": there is none */
    double least_limit_s;        /* of a point, which is not given up before */
    double sync_s;               /* interval between flushes to disk */
    double piece_s;              /* of a round is computed at once, unless points that share tiles take longer */
} sweep_limits;

psw_status sweep_limits_set(const sweep_given *given, sweep_limits *limits); /* collective over the world */

#endif
