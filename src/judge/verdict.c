#include <math.h>

#include "judge/head.h"

/* Adds value[first .. first+count) of one pair along the fixed tree: children of (level, k) are 2k and 2k+1, so the
 * left child of a node holds the largest power of two below its count. */
static double tree_sum(const double *value, ptrdiff_t stride, ptrdiff_t count)
{
    if (count == 1) return *value;
    ptrdiff_t left = 1;
    while (2 * left < count) left *= 2;
    return tree_sum(value, stride, left) + tree_sum(value + left * stride, stride, count - left);
}

static void count_trials(const unsigned char *trial, ptrdiff_t trials, psw_verdict *v)
{
    for (ptrdiff_t i = 0; i < trials; i++) {
        bool d0 = trial[i] & TRIAL_D0, d1 = trial[i] & TRIAL_D1;
        v->fires_d0 += d0, v->fires_d1 += d1;
        v->successes += d1 && !d0;
        v->tie += (trial[i] & TRIAL_TIE) != 0;
    }
}

static void head_verdict(const psw_head *h, ptrdiff_t point, psw_verdict *v)
{
    double trials = (double)h->point.trials, mean[2];
    ptrdiff_t pairs = h->points * h->sets, d0 = point * h->sets, d1 = d0 + 1;
    for (ptrdiff_t set = 0; set < 2; set++) mean[set] = tree_sum(h->value + d0 + set, pairs, h->leaves) / trials;
    v->trials_done = h->point.trials;
    count_trials(h->trial + point * h->point.trials, h->point.trials, v);
    v->success_rate = (double)v->successes / trials;
    v->success_samples = h->samples;
    psw_interval interval = psw_wilson(v->success_rate * (double)v->success_samples, (double)v->success_samples);
    v->success_lo = interval.lo, v->success_hi = interval.hi;
    v->fire_rate_d0 = (double)v->fires_d0 / trials, v->fire_rate_d1 = (double)v->fires_d1 / trials;
    v->margin_d0 = h->margin[d0] / h->unit, v->margin_d1 = h->margin[d1] / h->unit;
    v->active_d0 = h->active[d0] / trials, v->active_d1 = h->active[d1] / trials;
    v->value_d0 = mean[0], v->value_d1 = mean[1];
}

psw_verdict psw_verdict_none(void)
{
    return (psw_verdict){.success_rate = NAN,
                         .success_lo = NAN,
                         .success_hi = NAN,
                         .fire_rate_d1 = NAN,
                         .fire_rate_d0 = NAN,
                         .margin_d1 = NAN,
                         .margin_d0 = NAN,
                         .active_d1 = NAN,
                         .active_d0 = NAN,
                         .value_d1 = NAN,
                         .value_d0 = NAN,
                         .special_mass_d1 = NAN,
                         .special_mass_d0 = NAN,
                         .leak_mass_d1 = NAN,
                         .gap = NAN};
}

void head_end(psw_head *h, psw_verdict *verdicts)
{
    for (ptrdiff_t point = 0; point < h->points; point++) {
        psw_verdict *v = &verdicts[point];
        double special[2] = {NAN, NAN};
        for (int set = 0; set < h->sets; set++) special[set] = h->special[point * h->sets + set] / (double)h->draws;
        *v = psw_verdict_none();
        v->den_rows = (ptrdiff_t)h->rows[2 * point], v->bad_rows = (ptrdiff_t)h->rows[2 * point + 1];
        if (h->sets == 2 && h->point.m * h->point.trials > 0) head_verdict(h, point, v);
        if (h->sets != 2) continue;
        v->special_mass_d0 = special[0], v->special_mass_d1 = special[1];
        if (h->leak[point] > -INFINITY) v->leak_mass_d1 = h->leak[point];
        v->gap = h->point.a_1 * special[1] - h->point.a_0 * special[0];
    }
}
