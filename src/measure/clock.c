#include <time.h>

#include "polysweep/measure.h"

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double psw_clock_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double psw_wall_s(void)
{
    return seconds(CLOCK_REALTIME);
}

/* The smallest step seen between readings that differ. */
double psw_clock_resolution_s(void)
{
    double least = 1;
    for (int i = 0; i < 64; i++) {
        double start = psw_clock_s(), next = start;
        while (next <= start) next = psw_clock_s();
        if (next - start < least) least = next - start;
    }
    return least;
}
