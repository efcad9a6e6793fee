/* sweep/limits: until when a launch may work. Seconds by this rank's clock, unless they say otherwise. */
#ifndef POLYSWEEP_SWEEP_LIMITS_H
#define POLYSWEEP_SWEEP_LIMITS_H

#include "sweep/given.h"

typedef struct sweep_limits {
    double deadline_s;           /* no run is started that would end later; INFINITY = none */
    double abandon_s;            /* what still runs then is given up: Slurm is about to end the job; INFINITY = never */
    double time_limit_s;         /* that the deadline comes from, since the start of the launch; NaN = none */
    const char *time_limit_from; /* --time-limit, study, Slurm; "": there is none */
    double least_limit_s;        /* of a point: none is given up before */
    double sync_s;               /* results are brought to the disk so often */
} sweep_limits;

psw_status sweep_limits_set(const sweep_given *given, sweep_limits *limits); /* collective over the world */

#endif
