#include <math.h>

#include "judge/head.h"
#include "polysweep/sketch.h"

/* Adds value[first .. first+count) of one pair along the fixed tree: children of (level, k) are 2k and 2k+1, so the
 * left child of a node holds the largest power of two below its count. */
static double tree_sum(const double *value, ptrdiff_t stride, ptrdiff_t count)
{
    if (count == 1) return *value;
    ptrdiff_t left = 1;
    while (2 * left < count) left *= 2;
    return tree_sum(value, stride, left) + tree_sum(value + left * stride, stride, count - left);
}

static bool is_tie(unsigned trial, int set)
{
    return (trial & TRIAL_TIE << set) && !(trial & TRIAL_SURE << set);
}

static void count_trials(const psw_head *h, ptrdiff_t point, psw_verdict *v)
{
    const unsigned char *trial = h->trial + point * h->trials;
    for (ptrdiff_t i = 0; i < h->trials; i++) { /* those past the end have no flags */
        bool d0 = trial[i] & TRIAL_D0, d1 = trial[i] & TRIAL_D1;
        v->fires_d0 += d0, v->fires_d1 += d1;
        v->successes += d1 && !d0;
        v->tie += is_tie(trial[i], 0) || is_tie(trial[i], 1);
    }
}

/* ---- what the rate is worth ---- */

/* Clusters of independent draws: those that share neither rows nor tables; 0 where nothing is drawn. */
static ptrdiff_t clusters_of(const psw_head *h, ptrdiff_t point)
{
    ptrdiff_t tables = psw_sketch_draws(&h->point), rows = h->point.data_draws, most = h->end[point].draws;
    ptrdiff_t all = tables == 0 || rows == 0 ? tables + rows : tables < rows ? tables : rows;
    return all < most ? all : most;
}

/* Rates and numbers of trials of the clusters; draw k belongs to cluster k mod clusters. */
static void sort_trials(const psw_head *h, ptrdiff_t point, ptrdiff_t clusters, double *rate, double *trials)
{
    const unsigned char *trial = h->trial + point * h->trials;
    for (ptrdiff_t g = 0; g < clusters; g++) rate[g] = trials[g] = 0;
    for (ptrdiff_t i = 0; i < h->trials; i++) {
        if (!judge_head_counts(h, &h->end[point], i)) continue;
        ptrdiff_t g = i % h->draws % clusters;
        rate[g] += (trial[i] & (TRIAL_D0 | TRIAL_D1)) == TRIAL_D1;
        trials[g]++;
    }
    for (ptrdiff_t g = 0; g < clusters; g++) rate[g] /= trials[g];
}

/* Wilson's interval over the trials, or over draws of tables where these are fewer. */
static psw_interval wilson(const psw_head *h, ptrdiff_t point, const psw_verdict *v, ptrdiff_t *samples)
{
    ptrdiff_t draws = h->end[point].draws;
    *samples = psw_sketch_draws(&h->point) > 0 && draws < v->trials_done ? draws : v->trials_done;
    return psw_wilson(v->success_rate * (double)*samples, (double)*samples);
}

static void judge_rate(const psw_head *h, ptrdiff_t point, psw_verdict *v)
{
    ptrdiff_t clusters = clusters_of(h, point);
    double *rate = h->of_draw, *trials = rate + h->draws, samples;
    psw_interval interval = wilson(h, point, v, &v->success_samples);
    if (clusters > v->trials_done) clusters = v->trials_done; /* of tables */
    if (clusters > 0) {
        sort_trials(h, point, clusters, rate, trials);
        psw_variance parts = psw_draws_variance(rate, trials, clusters);
        v->success_between = parts.between, v->success_within = parts.within;
    }
    if (h->point.data_draws == 1) v->success_cond_lo = interval.lo, v->success_cond_hi = interval.hi;
    if (h->point.data_draws > 0 && clusters < v->trials_done) {
        interval = psw_draws_interval(rate, trials, clusters, &samples);
        v->success_samples = (ptrdiff_t)samples;
    }
    v->success_lo = interval.lo, v->success_hi = interval.hi;
}

static void judge_stop(const psw_head *h, ptrdiff_t point, psw_verdict *v)
{
    v->trials_stop = h->end[point].stop;
    if (h->rule == HEAD_FIXED) return;
    psw_interval interval = judge_head_interval(h, point, h->of_draw);
    v->success_lo = interval.lo, v->success_hi = interval.hi;
    v->trials_error = h->group[point].until_error;
}

static void head_verdict(const psw_head *h, ptrdiff_t point, psw_verdict *v)
{
    v->trials_done = judge_head_done(h, point);
    double trials = (double)v->trials_done, mean[2];
    ptrdiff_t pairs = h->points * h->sets, d0 = point * h->sets, d1 = d0 + 1;
    for (ptrdiff_t set = 0; set < 2; set++) mean[set] = tree_sum(h->value + d0 + set, pairs, h->leaves) / trials;
    count_trials(h, point, v);
    v->success_rate = (double)v->successes / trials;
    judge_rate(h, point, v);
    judge_stop(h, point, v);
    v->fire_rate_d0 = (double)v->fires_d0 / trials, v->fire_rate_d1 = (double)v->fires_d1 / trials;
    v->margin_d0 = h->margin[d0] / h->unit, v->margin_d1 = h->margin[d1] / h->unit;
    v->active_d0 = h->active[d0] / trials, v->active_d1 = h->active[d1] / trials;
    v->value_d0 = mean[0], v->value_d1 = mean[1];
    double products = 2 * (double)psw_data_queries(&h->point) * (double)h->point.m * trials; /* 2: data sets */
    v->head_pruned = 1 - h->made[point] / products;
}

/* ---- masses ---- */

/* Of what draws came to in h->of_draw. */
static double spread(const psw_head *h, ptrdiff_t draws, double *q10, double *q90)
{
    double *x = h->of_draw;
    for (ptrdiff_t k = 0; k < draws; k++)
        if (isnan(x[k])) return NAN;
    if (draws == 1) return x[0];
    *q10 = psw_quantile(x, draws, 0.1), *q90 = psw_quantile(x, draws, 0.9);
    return psw_quantile(x, draws, 0.5);
}

static double mass(const psw_head *h, ptrdiff_t draw, ptrdiff_t point, ptrdiff_t set)
{
    return h->special[(draw * h->points + point) * h->sets + set];
}

static void head_masses(const psw_head *h, ptrdiff_t point, psw_verdict *v)
{
    double a_0 = h->point.a_0, a_1 = h->point.a_1;
    ptrdiff_t draws = h->end[point].draws;
    for (ptrdiff_t k = 0; k < draws; k++) h->of_draw[k] = mass(h, k, point, 0);
    v->special_mass_d0 = spread(h, draws, &v->special_mass_d0_q10, &v->special_mass_d0_q90);
    for (ptrdiff_t k = 0; k < draws; k++) h->of_draw[k] = mass(h, k, point, 1);
    v->special_mass_d1 = spread(h, draws, &v->special_mass_d1_q10, &v->special_mass_d1_q90);
    for (ptrdiff_t k = 0; k < draws; k++) h->of_draw[k] = a_1 * mass(h, k, point, 1) - a_0 * mass(h, k, point, 0);
    v->gap = spread(h, draws, &v->gap_q10, &v->gap_q90);
    for (ptrdiff_t k = 0; k < draws; k++) {
        double leak = h->leak[k * h->points + point];
        h->of_draw[k] = leak > -INFINITY ? leak : NAN;
    }
    v->leak_mass_d1 = spread(h, draws, &v->leak_mass_d1_q10, &v->leak_mass_d1_q90);
}

psw_verdict psw_verdict_none(void)
{
    return (psw_verdict){.trials_error = NAN,
                         .success_rate = NAN,
                         .success_lo = NAN,
                         .success_hi = NAN,
                         .success_cond_lo = NAN,
                         .success_cond_hi = NAN,
                         .success_between = NAN,
                         .success_within = NAN,
                         .fire_rate_d1 = NAN,
                         .fire_rate_d0 = NAN,
                         .margin_d1 = NAN,
                         .margin_d0 = NAN,
                         .head_pruned = NAN,
                         .active_d1 = NAN,
                         .active_d0 = NAN,
                         .value_d1 = NAN,
                         .value_d0 = NAN,
                         .special_mass_d1 = NAN,
                         .special_mass_d0 = NAN,
                         .leak_mass_d1 = NAN,
                         .gap = NAN,
                         .special_mass_d1_q10 = NAN,
                         .special_mass_d1_q90 = NAN,
                         .special_mass_d0_q10 = NAN,
                         .special_mass_d0_q90 = NAN,
                         .leak_mass_d1_q10 = NAN,
                         .leak_mass_d1_q90 = NAN,
                         .gap_q10 = NAN,
                         .gap_q90 = NAN};
}

void judge_head_end(psw_head *h, psw_verdict *verdicts)
{
    judge_head_flush(h);
    for (ptrdiff_t point = 0; point < h->points; point++) {
        psw_verdict *v = &verdicts[point];
        *v = psw_verdict_none();
        v->den_rows = (ptrdiff_t)h->rows[2 * point], v->bad_rows = (ptrdiff_t)h->rows[2 * point + 1];
        if (h->sets == 2 && h->point.m * judge_head_done(h, point) > 0) head_verdict(h, point, v);
        if (h->sets == 2) head_masses(h, point, v);
    }
}
