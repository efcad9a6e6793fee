#include "polysweep/stats.h"

#include <math.h>
#include <stdlib.h>

psw_interval psw_wilson(double successes, double trials)
{
    double p = successes / trials, z2 = PSW_Z95 * PSW_Z95, shrink = 1 + z2 / trials;
    double centre = (p + z2 / (2 * trials)) / shrink;
    double half = PSW_Z95 * sqrt(p * (1 - p) / trials + z2 / (4 * trials * trials)) / shrink;
    return (psw_interval){successes > 0 ? fmax(centre - half, 0) : 0, successes < trials ? fmin(centre + half, 1) : 1};
}

double psw_normal_tail(double x) { return 0.5 * erfc(x / sqrt(2)); }

double psw_binomial_z(double successes, double trials, double p)
{
    double off = successes - trials * p, deviation = sqrt(trials * p * (1 - p));
    if (isnan(p)) return NAN;
    if (off == 0) return 0;
    return deviation > 0 ? off / deviation : copysign(INFINITY, off);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double psw_quantile(double *x, ptrdiff_t count, double q)
{
    if (count == 0) return NAN;
    qsort(x, (size_t)count, sizeof *x, ascending);
    double at = q * (double)(count - 1);
    ptrdiff_t below = (ptrdiff_t)at;
    if (below >= count - 1) return x[count - 1];
    return x[below] + (at - (double)below) * (x[below + 1] - x[below]);
}
