/* base: the few statistics that the program itself stores. */
#ifndef POLYSWEEP_STATS_H
#define POLYSWEEP_STATS_H

#include <stddef.h>

typedef struct psw_interval {
    double lo, hi;
} psw_interval;

#define PSW_Z95 1.959963984540054

/* Wilson's interval of a rate at 95 % (Wilson 1927): contains the rate, stays inside [0,1]. trials >= 1. */
psw_interval psw_wilson(double successes, double trials);

/* Distance of `successes` of `trials` from probability p, in standard deviations of a binomial; 0 where both
 * agree and the deviation is 0, +-inf where they differ there, NaN if p is NaN. */
double psw_binomial_z(double successes, double trials, double p);

/* Median and quantile (linear interpolation between order statistics); sorts `x`. NaN for count 0. */
double psw_quantile(double *x, ptrdiff_t count, double q);

/* Interval of the median of x[0] <= ... <= x[count - 1] by its ranks, whatever the distribution: of all pairs
 * x[k - 1], x[count - k] the narrowest that contains the median with probability `confidence` or more. NaN, NaN where
 * all of them together are too few (fewer than 6 for 0.95). */
psw_interval psw_median_interval(const double *x, ptrdiff_t count, double confidence);

#endif
