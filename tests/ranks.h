/* For tests on ranks, real ones or simulated: computing that is made up, and the end. */
#ifndef POLYSWEEP_TESTS_RANKS_H
#define POLYSWEEP_TESTS_RANKS_H

#include <time.h>

#include "check.h"
#include "polysweep/comm.h"

static inline void ranks_pass_time(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
    nanosleep(&time, NULL);
}

/* Collective, then MPI ends. Any rank checks, rank 0 speaks for all: a part that is unknown makes no check. */
static inline int ranks_end(psw_comm *world)
{
    double counts[] = {(double)test_checks, test_failures};
    psw_comm_sum(world, counts, 2);
    test_checks = (long)counts[0], test_failures = (int)counts[1];
    int code = world->rank == 0 ? test_end() : 0;
    psw_comm_free(world);
    MPI_Finalize();
    return code;
}

#endif
