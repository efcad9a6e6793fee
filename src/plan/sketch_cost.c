#include "plan/sketch_cost.h"

#include <math.h>

#include "polysweep/errors.h"

/* ---- a forward pass ---- */

/* Products of maps and of errors are narrow: they take this much longer than attention's. */
static const double narrow = 1.5;

/* Operations of transforms by FFTW, and of additions and rows drawn from memory, in flops of products: double and single
 * precision, since they gain less by it. */
static const double transform[2] = {2.8, 4.9}, hadamard[2] = {12, 14.5};

/* Seconds of mapping one row beyond its flops at the rate of products. */
static double map_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_sketch_shape shape = psw_sketch_shape_of(p);
    double flop_s = rates->flop_s[p->precision];
    switch (p->method) {
    case PSW_TENSORSKETCH: return transform[p->precision] * shape.flops * flop_s;
    case PSW_SRHT: return hadamard[p->precision] * shape.flops * flop_s;
    case PSW_FAVOR: return (double)shape.r * rates->transcend_s[p->precision]; /* exponentials */
    case PSW_MACLAURIN: return (narrow - 1) * shape.flops * flop_s;
    default: return 0;
    }
}

static double rows_mapped(const psw_point *p)
{
    return (psw_data_shared(p) ? 1 : 2) * (double)p->n;
}

/* A state is rounded for its readers and takes the next block's; under a full mask it is read once. */
static double state_seconds(const psw_rates *rates, const psw_point *p)
{
    double blocks = ceil((double)p->n / (double)p->block), times = p->mask == PSW_CAUSAL ? 2 * blocks : blocks + 1;
    double entries = (double)psw_sketch_shape_of(p).features * (double)(p->v + 1);
    return times * entries * rates->feature_s[p->precision];
}

/* Features of packed squares and of monomials are many more than what is stored: they go through memory, for the row
 * that is added to a state and for the row that reads one. */
static double lift_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_sketch_shape shape = psw_sketch_shape_of(p);
    double lifted = shape.weigh == PSW_WEIGH_IDENTITY ? 0 : 2 * (double)p->n * (double)shape.features;
    return lifted * rates->feature_s[p->precision];
}

double sketch_pass_seconds(const psw_rates *rates, const psw_point *p)
{
    double stretch = (double)(p->local > 0 ? p->local : p->block), n = (double)p->n;
    double near = p->mask == PSW_CAUSAL ? n * fmin(stretch, n) / 2 : 0;
    return rows_mapped(p) * map_seconds(rates, p) + lift_seconds(rates, p) + state_seconds(rates, p) +
           near * rates->score_s[p->precision];
}

/* ---- tables ---- */

double sketch_table_seconds(const psw_rates *rates, const psw_point *p)
{
    double d = (double)p->d, r = (double)psw_sketch_shape_of(p).r, beta = p->beta;
    double degree = p->method == PSW_POLYSKETCH ? beta / 2 : beta;
    switch (p->method) {
    case PSW_POLYSKETCH:
    case PSW_TREE: return p->weights > 0 || degree < 2 ? 0 : (d * degree + r * (degree - 2)) * r * rates->noise_s;
    case PSW_MACLAURIN: return d * r * degree * rates->sign_s;
    case PSW_TENSORSKETCH: return 2 * d * degree * rates->sign_s;
    case PSW_SRHT: return (d + r) * degree * rates->sign_s;
    case PSW_FAVOR: /* normals and lengths; d rows at a time made orthogonal, not by BLAS */
        return 2 * d * r * rates->noise_s + 4 * r * d * d * 10 * rates->flop_s[PSW_FP64];
    default: return 0;
    }
}

/* ---- errors ---- */

static double work_seconds(const psw_rates *rates, const psw_point *p, psw_errors_work work)
{
    double products = work.exact_flops * rates->flop_s[PSW_FP64] + work.flops * rates->flop_s[p->precision];
    return narrow * products + work.entries * 6 * rates->score_s[PSW_FP64] +
           work.logarithms * 4 * rates->transcend_s[PSW_FP64] +
           work.moments * (48 + (double)p->d / 2) * rates->transcend_s[PSW_FP64];
}

double sketch_begin_seconds(const psw_rates *rates, const psw_point *p)
{
    return work_seconds(rates, p, psw_errors_begin_work(p));
}

double sketch_draw_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_errors_work work = psw_errors_draw_work(p);
    return work_seconds(rates, p, work) + work.rows * map_seconds(rates, p);
}
