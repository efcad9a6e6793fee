#include "plan/sketch_cost.h"

#include <math.h>

#include "polysweep/reference.h"

/* ---- a forward pass ---- */

/* A dozen operations of vectors: as long as an exponential. Measured: 0.33 ns a number beside 0.28 ns. */
double plan_rounding_seconds(const psw_rates *rates, const psw_point *p, double numbers)
{
    return psw_point_narrow(p) ? numbers * rates->exponential_s[psw_point_single(p)] : 0;
}

/* Products of errors are narrow: they take this much longer than attention's. */
static const double narrow = 1.5;

/* Seconds of mapping one row beyond its flops at the rate of products. */
static double map_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_sketch_work work = psw_sketch_row_work(p);
    return work.flops * rates->flop_s[psw_point_single(p)];
}

static double queries_of(const psw_point *p)
{
    return psw_data_distinct(p) ? (double)psw_data_queries(p) : (double)p->n;
}

static double rows_mapped(const psw_point *p)
{
    return psw_data_shared(p) ? (double)p->n : queries_of(p) + (double)psw_data_keys(p);
}

/* A state is rounded for its readers and takes the next block's; under a full mask it is read once. */
static double state_seconds(const psw_rates *rates, const psw_point *p)
{
    double blocks = ceil((double)psw_data_tokens(p) / (double)p->block),
           times = p->mask == PSW_CAUSAL ? 2 * blocks : blocks + 1;
    double entries = (double)psw_sketch_shape_of(p).features * (double)(p->v + 1);
    return times * entries * rates->feature_s[psw_point_single(p)];
}

/* Features of packed squares and of monomials are many more than what is stored: they go through memory, for the row
 * that is added to a state and for the row that reads one. */
static double lift_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_sketch_shape shape = psw_sketch_shape_of(p);
    double lifted =
        shape.weigh == PSW_WEIGH_IDENTITY ? 0 : (queries_of(p) + (double)psw_data_keys(p)) * (double)shape.features;
    return lifted * rates->feature_s[psw_point_single(p)];
}

/* What is rounded to a narrow format between products: what a map stores, lifted features, values under the scales of
 * their keys, states as they are read, and weights within blocks. */
static double numbers_rounded(const psw_point *p, double near)
{
    psw_sketch_shape shape = psw_sketch_shape_of(p);
    double n = (double)p->n, features = (double)shape.features, width = (double)(p->v + 1);
    double reads = p->mask == PSW_CAUSAL ? ceil(n / (double)p->block) : 1;
    return rows_mapped(p) * (double)shape.stored + (queries_of(p) + n) * features + n * width +
           reads * features * width + near;
}

double plan_sketch_pass_seconds(const psw_rates *rates, const psw_point *p)
{
    double diagonal = (double)(p->local > 0 ? p->local : p->block), n = (double)p->n;
    double near = p->mask == PSW_CAUSAL ? n * fmin(diagonal, n) / 2 : 0;
    return rows_mapped(p) * map_seconds(rates, p) + lift_seconds(rates, p) + state_seconds(rates, p) +
           near * rates->score_s[psw_point_single(p)] + plan_rounding_seconds(rates, p, numbers_rounded(p, near));
}

/* ---- tables ---- */

double plan_sketch_table_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_sketch_work work = psw_sketch_table_work(p);
    return work.normals * rates->noise_s + work.signs * rates->sign_s + work.flops * rates->flop_s[PSW_FP64];
}

/* ---- errors ---- */

static double work_seconds(const psw_rates *rates, const psw_point *p, psw_errors_work work)
{
    double products = work.exact_flops * rates->flop_s[PSW_FP64] + work.flops * rates->flop_s[psw_point_single(p)];
    return narrow * products + work.entries * 6 * rates->score_s[PSW_FP64] +
           work.logarithms * 4 * rates->transcend_s[PSW_FP64] +
           work.moments * (48 + (double)psw_point_width(p) / 2) * rates->transcend_s[PSW_FP64];
}

double plan_sketch_begin_seconds(const psw_rates *rates, const psw_point *p)
{
    return work_seconds(rates, p, psw_errors_begin_work(p));
}

double plan_sketch_draw_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_errors_work work = psw_errors_draw_work(p);
    return work_seconds(rates, p, work) + work.rows * map_seconds(rates, p);
}

double plan_reference_seconds(const psw_rates *rates, const psw_point *p)
{
    return work_seconds(rates, p, psw_reference_work(p));
}
