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

static int ascending_repeated(const void *a, const void *b)
{
    return ascending(&((const psw_repeated *)a)->x, &((const psw_repeated *)b)->x);
}

double psw_quantile_repeated(psw_repeated *of, ptrdiff_t count, double q)
{
    double all = 0, until = 0;
    ptrdiff_t i = 0;
    if (count == 0) return NAN;
    qsort(of, (size_t)count, sizeof *of, ascending_repeated);
    for (ptrdiff_t k = 0; k < count; k++) all += of[k].times;
    double at = q * (all - 1), below = floor(at);
    if (below >= all - 1) return of[count - 1].x;
    while (i < count - 1 && (until += of[i].times) <= below) i++;
    /* the one after number `below` of all is the same one, or the next */
    double next = i < count - 1 && until <= below + 1 ? of[i + 1].x : of[i].x;
    return of[i].x + (at - below) * (next - of[i].x);
}

/* P(B = k), B of `count` fair tosses. */
static double tosses(ptrdiff_t count, ptrdiff_t k)
{
    double n = (double)count, i = (double)k;
    return exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) - n * log(2));
}

/* The median lies below x[k - 1] (above x[count - k]) where fewer than k samples are below (above) it: P(B < k) each.
 */
psw_interval psw_median_interval(const double *x, ptrdiff_t count, double confidence)
{
    ptrdiff_t k = 0;
    double outside = tosses(count, 0);
    while (2 * outside <= 1 - confidence) outside += tosses(count, ++k);
    return k > 0 ? (psw_interval){x[k - 1], x[count - k]} : (psw_interval){NAN, NAN};
}
