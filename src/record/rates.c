#include "record/rates.h"

#include <math.h>

#include "polysweep/sequence.h"
#include "polysweep/sketch.h"

struct record_rate {
    size_t rate, count; /* members of psw_record: the rate and its successes */
    bool effective;     /* the effective number of samples is kept, and an interval */
};

static const record_rate rates[] = {
    {offsetof(psw_record, verdict.success_rate), offsetof(psw_record, verdict.successes), true},
    {offsetof(psw_record, verdict.fire_rate_d1), offsetof(psw_record, verdict.fires_d1), false},
    {offsetof(psw_record, verdict.fire_rate_d0), offsetof(psw_record, verdict.fires_d0), false},
};

const record_rate *record_rate_of(const psw_column *column)
{
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (rates[i].rate == column->offset) return &rates[i];
    return NULL;
}

/* ---- what the rate is over ---- */

static double trials_of(const psw_record *record)
{
    ptrdiff_t done = record->verdict.trials_done; /* 0 in files that are older than the column */
    return (double)(done > 0 ? done : record->point.trials);
}

/* Draws that share neither rows nor tables; 0 where nothing is drawn. */
static double clusters_of(const psw_point *point)
{
    ptrdiff_t tables = psw_sketch_draws(point), rows = point->data_draws;
    if (tables == 0 || rows == 0) return (double)(tables + rows);
    return (double)(tables < rows ? tables : rows);
}

static double samples_of(const record_rate *rate, const psw_record *record)
{
    double trials = trials_of(record), clusters = clusters_of(&record->point);
    if (rate->effective && record->verdict.success_samples > 0) return (double)record->verdict.success_samples;
    return clusters > 0 && clusters < trials ? clusters : trials;
}

/* Successes among the samples; what a rate of counts was rounded to is a whole number again. */
static double successes_of(const record_rate *rate, const psw_record *record, double samples)
{
    double k = *(const double *)((const char *)record + rate->rate) * samples, whole = round(k);
    return fabs(k - whole) < 1e-9 * samples ? whole : k;
}

/* ---- trials that a rule ended ---- */

/* Draws of several trials each: their means are not kept, but whether a bound of the interval has passed e, which each
 * does with half the chance that both have. */
static double of_interval(const record_rate *rate, const psw_verdict *v, double e, bool most)
{
    bool outside = rate->effective && (most ? v->success_lo > e : v->success_hi < e);
    return outside && v->trials_error > 0 ? v->trials_error / 2 : 1;
}

static double at_any_end(const record_rate *rate, const psw_record *record, double e, bool most)
{
    double k = (double)*(const ptrdiff_t *)((const char *)record + rate->count), failures = trials_of(record) - k;
    double clusters = clusters_of(&record->point);
    if (clusters > 0 && clusters < (double)record->point.trials) return of_interval(rate, &record->verdict, e, most);
    if (e <= 0 || e >= 1) return (most ? k > 0 && e <= 0 : failures > 0 && e >= 1) ? 0 : 1;
    psw_evidence found = psw_trials_evidence(k, failures, e);
    return fmin(1, exp(-(most ? found.above : found.below)));
}

/* ---- both ---- */

/* P(X >= k) = I_e(k, n - k + 1), P(X <= k) = I_(1 - e)(n - k, k + 1) */
double record_rate_at_most(const record_rate *rate, const psw_record *record, double e)
{
    double n = samples_of(rate, record), k = successes_of(rate, record, n);
    if (e < 0) return 0;
    if (record->verdict.trials_stop != PSW_TRIALS_FIXED) return at_any_end(rate, record, e, true);
    return k > 0 ? psw_beta_below(k, n - k + 1, e) : 1;
}

double record_rate_at_least(const record_rate *rate, const psw_record *record, double e)
{
    double n = samples_of(rate, record), k = successes_of(rate, record, n);
    if (e > 1) return 0;
    if (record->verdict.trials_stop != PSW_TRIALS_FIXED) return at_any_end(rate, record, e, false);
    return k < n ? psw_beta_below(n - k, k + 1, 1 - e) : 1;
}
