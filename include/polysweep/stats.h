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

/* I_x(a, b), the regularised incomplete beta function, a, b > 0; and the x at which it is p. Continued fraction of
 * Lentz (DLMF 8.17.22), bisection. */
double psw_beta_below(double a, double b, double x);
double psw_beta_quantile(double a, double b, double p);
/* ln of the integral of p^(a - 1) (1 - p)^(b - 1) from 0 to x, 0 < x < 1, also where it is too small for a number. */
double psw_beta_log_below(double a, double b, double x);
/* Quantile p of Student's t, p in (0.5, 1), degrees of freedom > 0. */
double psw_student_quantile(double p, double freedom);

/* Clopper and Pearson's interval of a rate at 95 % (1934), for any real counts 0 <= successes <= trials, trials > 0. */
psw_interval psw_clopper_pearson(double successes, double trials);

/* Interval of a rate at 95 % over trials that share draws: rate[k] is that of draw k, over trials[k] of them. Korn and
 * Graubard's (1998), Clopper and Pearson's at an effective number of trials, with a pseudo-draw, half of it a success,
 * of weight 1 below 16 draws and of 1/4 from there on, so that draws that agree by chance do not make it narrow. Draws
 * with more trials than others weigh more, which reduces the effective number. One draw says nothing about others:
 * then it is Markov's interval, [0.025 rate, 1 - 0.025 (1 - rate)], and one sample. `samples`: the effective
 * number, from the number of draws to that of trials. draws >= 1. */
psw_interval psw_draws_interval(const double *rate, const double *trials, ptrdiff_t draws, double *samples);

/* Estimated variance of the mean rate: between draws, and of trials within draws. NaN where there is one draw
 * (between) or one trial a draw (within). */
typedef struct psw_variance {
    double between, within;
} psw_variance;
psw_variance psw_draws_variance(const double *rate, const double *trials, ptrdiff_t draws);

/* Distance of `successes` of `trials` from probability p, in standard deviations of a binomial; 0 where both
 * agree and the deviation is 0, +-inf where they differ there, NaN if p is NaN. */
double psw_binomial_z(double successes, double trials, double p);

/* Median and quantile (linear interpolation between order statistics); sorts `x`. NaN for count 0. */
double psw_quantile(double *x, ptrdiff_t count, double q);

/* A number that stands for `times` equal ones, a whole number of them. */
typedef struct psw_repeated {
    double x, times;
} psw_repeated;
/* psw_quantile of all that they stand for. */
double psw_quantile_repeated(psw_repeated *of, ptrdiff_t count, double q);

/* Interval of the median of x[0] <= ... <= x[count - 1] by order statistics, for any distribution: of all pairs
 * x[k - 1], x[count - k] the narrowest that contains the median with probability `confidence` or more. NaN, NaN for
 * too few samples (fewer than 6 for 0.95). */
psw_interval psw_median_interval(const double *x, ptrdiff_t count, double confidence);

#endif
