/* Intervals of rates whose trials share draws. */
#include <float.h>
#include <math.h>

#include "polysweep/stats.h"

/* ---- the incomplete beta function ---- */

/* The continued fraction of I_x(a, b), which converges fast for x < (a + 1) / (a + b + 2). */
static double fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1), value;
    value = d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
    for (int i = 1; i < 10000; i++) {
        double m = i, even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)), before = value;
        d = 1 / (1 + even * d), c = 1 + even / c;
        value *= d * c;
        d = 1 / (1 + odd * d), c = 1 + odd / c;
        value *= d * c;
        if (fabs(value - before) <= DBL_EPSILON * fabs(value)) break;
    }
    return value;
}

double psw_beta_below(double a, double b, double x)
{
    if (!(x > 0)) return x <= 0 ? 0 : NAN;
    if (x >= 1) return 1;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a : 1 - front * fraction(b, a, 1 - x) / b;
}

static double log_small(double a, double b, double x)
{
    return a * log(x) + b * log1p(-x) - log(a) + log(fraction(a, b, x));
}

double psw_beta_log_below(double a, double b, double x)
{
    if (x < (a + 1) / (a + b + 2)) return log_small(a, b, x);
    double all = lgamma(a) + lgamma(b) - lgamma(a + b);
    return all + log1p(-exp(log_small(b, a, 1 - x) - all));
}

double psw_beta_quantile(double a, double b, double p)
{
    double lo = 0, hi = 1;
    for (int i = 0; i < 200; i++) {
        double middle = (lo + hi) / 2;
        if (middle <= lo || middle >= hi) break;
        if (psw_beta_below(a, b, middle) < p)
            lo = middle;
        else
            hi = middle;
    }
    return (lo + hi) / 2;
}

/* P(|T| > t) = I_x(f / 2, 1 / 2), x = f / (f + t^2) */
double psw_student_quantile(double p, double freedom)
{
    double x = psw_beta_quantile(freedom / 2, 0.5, 2 * (1 - p));
    return sqrt(freedom * (1 - x) / x);
}

psw_interval psw_clopper_pearson(double successes, double trials)
{
    double failures = trials - successes;
    return (psw_interval){successes > 0 ? psw_beta_quantile(successes, failures + 1, 0.025) : 0,
                          failures > 0 ? psw_beta_quantile(successes + 1, failures, 0.975) : 1};
}

/* ---- draws ---- */

typedef struct sums {
    double rate, trials, mean,
        share2; /* of rates; of trials; over all trials; of squares of the draws' shares of them */
} sums;

static sums sum_up(const double *rate, const double *trials, ptrdiff_t draws)
{
    sums s = {0, 0, 0, 0};
    for (ptrdiff_t k = 0; k < draws; k++) s.rate += rate[k], s.trials += trials[k], s.mean += rate[k] * trials[k];
    s.mean /= s.trials;
    for (ptrdiff_t k = 0; k < draws; k++) s.share2 += trials[k] / s.trials * (trials[k] / s.trials);
    return s;
}

static double clip(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

psw_interval psw_draws_interval(const double *rate, const double *trials, ptrdiff_t draws, double *samples)
{
    sums s = sum_up(rate, trials, draws);
    double k = (double)draws, w = draws < 16 ? 1 : 0.25;
    *samples = 1;
    if (draws == 1) return (psw_interval){0.025 * s.mean, 1 - 0.025 * (1 - s.mean)};
    double middle = (s.rate + w / 2) / (k + w), square = w / 2 * (middle * middle + (1 - middle) * (1 - middle));
    for (ptrdiff_t i = 0; i < draws; i++) square += (rate[i] - middle) * (rate[i] - middle);
    square /= k + w - 1;
    double tail = PSW_Z95 / psw_student_quantile(0.975, k - 1);
    *samples = clip(middle * (1 - middle) * (k + w) / square * tail * tail / (k * s.share2), k, s.trials);
    return psw_clopper_pearson(*samples * s.mean, *samples);
}

psw_variance psw_draws_variance(const double *rate, const double *trials, ptrdiff_t draws)
{
    sums s = sum_up(rate, trials, draws);
    double mean = s.rate / (double)draws, square = 0, within = 0;
    for (ptrdiff_t k = 0; k < draws; k++) {
        double share = trials[k] / s.trials;
        within += trials[k] > 1 ? share * share * rate[k] * (1 - rate[k]) / (trials[k] - 1) : NAN;
        square += (rate[k] - mean) * (rate[k] - mean);
    }
    double all = draws > 1 ? square / (double)(draws - 1) * s.share2 : NAN;
    return (psw_variance){all > within ? all - within : all <= within ? 0 : NAN, within};
}
