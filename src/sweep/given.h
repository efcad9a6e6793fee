/* sweep/given: what a launch was given: the same on every rank, and fixed for as long as it lasts. */
#ifndef POLYSWEEP_SWEEP_GIVEN_H
#define POLYSWEEP_SWEEP_GIVEN_H

#include "polysweep/sweep.h"

typedef struct sweep_given {
    const psw_sweep_request *request;
    const psw_comm *world;
    psw_comm node; /* the ranks of this node */
    psw_study *study;
    bool before_references; /* the file that it goes on with is older than they are */
    const psw_settings *settings;
    ptrdiff_t slots;
    psw_choice choice; /* how teams work */
    psw_inputs inputs;
    psw_machine machine; /* of the calling rank */
    char path[1024];     /* of the result file */
    double memory_bytes; /* limit of a rank */
    double start_s;      /* of the launch, by the calling rank's clock */
    bool crowded;        /* more threads than processors: times are not valid */
} sweep_given;

/* `world`, `node`, `request` and `start_s` are the caller's; this fills all others. Collective over the world. Must be
 * freed whatever it returns: PSW_USAGE, PSW_ENVIRONMENT, PSW_NO_MEMORY. */
psw_status sweep_given_read(sweep_given *given);
void sweep_given_free(sweep_given *given);

#endif
