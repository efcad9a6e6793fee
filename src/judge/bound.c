/* How wrong a computed pre-activation <c, w> - tau can be: a bound by counting roundings, each of which changes its
 * operand by a relative u (half an epsilon). With S the largest sum of magnitudes (rows of values, tau):
 *     a value c      weights times values, and their sum: `terms` additions of each precision's sums
 *                    weights: x z is off by (q + 2) u where q products make a score, its power by beta times that and
 *                    beta for the products that make it; a mean of values moves by twice that
 *     <c, w> - tau   v additions, and the rounding of rows, values, outputs and tau
 * u S (terms + v + 8 + 2 beta (q + 4)). Softmax has for beta the largest score: an error of z is one of ln weight.
 * Affine scores offset + scale z: a product more, the square roots that rows are multiplied by and those products, 5 in
 * all, so q + 9 for q + 4; of an offset below 0 what is left of a sum of size scale z + |offset| is scale z + offset,
 * so its relative error is the larger by their quotient, largest for the least score. Rows with noise have magnitudes
 * that are random: S is what is rarely exceeded; where weights may be negative sums cancel and nothing bounds what is
 * left, so E is an estimate there. Errors that were seen are up to a twentieth of it (tests/property/judge_closed.c).
 * Of a narrow format the computation with rounded operands is what is judged, and E is that of its sums. Another kernel
 * may be further off: a weight that the last bit of a score carries over the middle between two numbers of the format
 * moves by their distance, at most 2 u of the format relative to it, and such weights sum to no more than all of them.
 * What lies within E and that is in doubt. */
#include <float.h>
#include <math.h>

#include "judge/again.h"
#include "judge/head.h"
#include "polysweep/sketch.h"

static double unit_of(psw_precision precision)
{
    return (precision != PSW_FP64 ? (double)FLT_EPSILON : DBL_EPSILON) / 2;
}

static bool has_rows(const psw_point *p)
{
    return psw_data_kind_facts_of(p->data_kind)->has_rows;
}

/* Over sqrt(ln n). */
static double size_of(const psw_point *p)
{
    double noise = p->noise > 0 ? p->noise * (sqrt((double)p->d) + 4) : 0;
    if (!has_rows(p)) return 1.25 / psw_data_unit(p); /* f, the threshold */
    return fmax(fabs(p->a_0), fabs(p->a_1)) + fabs(p->b) + 2 * fabs(p->c) + fabs(p->kappa) + noise;
}

/* Size of the terms of the least score over the score: 1 where nothing cancels. With noise it is that without, and 1
 * where scores may be below 0: there E is an estimate anyway. */
static double cancelled(const psw_point *point)
{
    psw_point p = *point;
    p.noise = 0;
    double score = psw_data_least(&p).least;
    return p.offset < 0 && score > 0 && isfinite(score) ? (score - 2 * p.offset) / score : 1;
}

/* What multiplies the error of a score. */
static double degree_of(const psw_point *p)
{
    double a = fmax(fabs(p->a_0), fabs(p->a_1)), squares = a * a + p->b * p->b + p->c * p->c + 2 * p->noise * p->noise;
    psw_kernel kernel = psw_method_facts_of(p->method)->kernel;
    if (kernel == PSW_KERNEL_LINEAR) return cancelled(p);
    if (kernel == PSW_KERNEL_POWER) return p->beta * cancelled(p);
    return psw_point_scale(p) * ((has_rows(p) ? squares : 4) * log((double)p->n)) + fabs(p->offset);
}

static double bound(const psw_point *p, psw_precision precision, double terms)
{
    double products = !has_rows(p) ? 1 : p->noise > 0 || p->row_norm != PSW_NORM_NONE ? (double)p->d : 3;
    if (psw_point_scale(p) != 1 || p->offset != 0) products += 5;
    double roundings = terms + (double)p->v + 8 + 2 * degree_of(p) * (products + 4);
    return unit_of(precision) * size_of(p) * roundings;
}

/* A sketch's sums go over features too, and cancel where features are signed: four times as much, an estimate. */
double psw_judge_bound(const psw_point *p)
{
    double leaf = (double)(p->block < p->n ? p->block : p->n), scores = 1024 + (double)p->n / 1024;
    if (psw_sketch_has(p)) return 4 * bound(p, p->precision, leaf + (double)p->features);
    return bound(p, p->precision, has_rows(p) ? leaf : scores);
}

/* Weights that are rounded to the next number of a format. */
double judge_head_doubt(const psw_point *p)
{
    const psw_narrow *format = psw_point_narrow(p);
    return psw_judge_bound(p) + (format ? 2 * psw_narrow_unit(format) * size_of(p) : 0);
}

double judge_head_bound_again(const psw_point *p)
{
    return bound(p, PSW_FP64, PSW_AGAIN_PIECE + (double)p->n / PSW_AGAIN_PIECE);
}

double judge_head_rounding(const psw_point *p)
{
    return 8 * unit_of(p->precision) * size_of(p);
}
