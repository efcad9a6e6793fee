#include "polysweep/sequence.h"

#include <math.h>
#include <stdbool.h>

int psw_evidence_side(psw_evidence evidence, double error)
{
    double wanted = log(2 / error);
    return evidence.above >= wanted ? 1 : evidence.below >= wanted ? -1 : 0;
}

/* ---- trials ---- */

static double log_beta(double a, double b)
{
    return lgamma(a) + lgamma(b) - lgamma(a + b);
}

psw_evidence psw_trials_evidence(double successes, double failures, double level)
{
    double a = successes + 1, b = failures + 1, own = successes * log(level) + failures * log1p(-level);
    return (psw_evidence){psw_beta_log_below(b, a, 1 - level) - log1p(-level) - own,
                          psw_beta_log_below(a, b, level) - log(level) - own};
}

/* Where the logarithm of p^a (1 - p)^b, which rises from -inf at `far` (0 or 1) to its largest at `near`, is `least`.
 */
static double where(double a, double b, double far, double near, double least)
{
    for (int i = 0; i < 200; i++) {
        double middle = (far + near) / 2;
        if (middle == far || middle == near) break;
        if (a * log(middle) + b * log1p(-middle) < least)
            far = middle;
        else
            near = middle;
    }
    return far;
}

psw_interval psw_trials_interval(double successes, double failures, double error)
{
    double trials = successes + failures, rate = trials > 0 ? successes / trials : 0.5;
    double least = log_beta(successes + 1, failures + 1) + log(error);
    return (psw_interval){successes > 0 ? where(successes, failures, 0, rate, least) : 0,
                          failures > 0 ? where(successes, failures, 1, rate, least) : 1};
}

/* ---- draws ---- */

enum { BETS = 32, BETWEEN = 8 };

/* The capitals of all bets, 2^exponent times value: draws are few between looks at the exponent, so that no product of
 * factors, 1 / level at most, overflows. */
typedef struct bets {
    double share[BETS], value[BETS];
    int exponent[BETS];
} bets;

static void begin(bets *b)
{
    const double quarter = atan(1);
    for (int i = 0; i < BETS; i++) {
        double root = sin(quarter * (2 * i + 1) / BETS);
        b->share[i] = root * root, b->value[i] = 1, b->exponent[i] = 0;
    }
}

static void take(bets *b, double gain)
{
    for (int i = 0; i < BETS; i++) b->value[i] *= 1 + b->share[i] * gain;
}

static void normalise(bets *b)
{
    for (int i = 0; i < BETS; i++) {
        int exponent;
        b->value[i] = frexp(b->value[i], &exponent);
        b->exponent[i] += exponent;
    }
}

/* ln of their mean */
static double capital(const bets *b)
{
    int largest = b->exponent[0];
    double sum = 0;
    for (int i = 1; i < BETS; i++) largest = b->exponent[i] > largest ? b->exponent[i] : largest;
    for (int i = 0; i < BETS; i++) sum += ldexp(b->value[i], b->exponent[i] - largest);
    return log(sum / BETS) + largest * log(2);
}

/* Of x, or of 1 - x. */
static double bet(const double *x, ptrdiff_t draws, bool failures, double level)
{
    bets b;
    begin(&b);
    for (ptrdiff_t k = 0; k < draws; k++) {
        take(&b, (failures ? 1 - x[k] : x[k]) / level - 1);
        if (k % BETWEEN == BETWEEN - 1) normalise(&b);
    }
    normalise(&b);
    return capital(&b);
}

psw_evidence psw_draws_evidence(const double *x, ptrdiff_t draws, double level)
{
    return (psw_evidence){bet(x, draws, false, level), bet(x, draws, true, 1 - level)};
}

/* Levels below the mean: that of x, or of 1 - x. `lo` is spoken against, `hi` is not; what is stated is lo. */
enum { HALVES = 60 };

static psw_interval below_mean(const double *x, ptrdiff_t draws, bool failures)
{
    double mean = 0;
    for (ptrdiff_t k = 0; k < draws; k++) mean += (failures ? 1 - x[k] : x[k]) / (double)draws;
    return (psw_interval){0, mean};
}

static void halve(const double *x, ptrdiff_t draws, bool failures, double error, psw_interval *in)
{
    double middle = (in->lo + in->hi) / 2;
    if (middle == in->lo || middle == in->hi) return;
    if (bet(x, draws, failures, middle) >= log(2 / error))
        in->lo = middle;
    else
        in->hi = middle;
}

psw_interval psw_draws_bounds(const double *x, ptrdiff_t draws, double error)
{
    psw_interval low = below_mean(x, draws, false), high = below_mean(x, draws, true);
    for (int i = 0; i < HALVES; i++) halve(x, draws, false, error, &low), halve(x, draws, true, error, &high);
    return (psw_interval){low.lo, 1 - high.lo};
}

/* Halves no longer than it takes to know: differences and their rounding keep the order. */
bool psw_draws_narrow(const double *x, ptrdiff_t draws, double error, double width)
{
    psw_interval low = below_mean(x, draws, false), high = below_mean(x, draws, true);
    for (int i = 0; i < HALVES && 1 - high.lo - low.lo > width && 1 - high.hi - low.hi <= width; i++)
        halve(x, draws, false, error, &low), halve(x, draws, true, error, &high);
    return 1 - high.lo - low.lo <= width;
}

double psw_draws_wanted(double level, double error, double most)
{
    bets b;
    double draws = 0, sum = 0;
    begin(&b);
    for (; draws < most && sum < BETS * 2 / error; draws++) {
        take(&b, 1 / level - 1);
        sum = 0;
        for (int i = 0; i < BETS; i++) sum += b.value[i];
    }
    return draws;
}
