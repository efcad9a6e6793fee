#include <math.h>

#include "sketch/symmetric.h"

/* T(z) = sum over i <= p of z^i / i! = sum over monomials of degree at most p of prod q prod k / prod mult!. They are
 * the monomials of degree p in one variable more, which is 1 and whose multiplicity does not count. So that none of
 * them leaves the range, all variables are scaled down by a power of two of their own row:
 *
 *     m(x) = 2^-e (1, x),   s(x) = p e,   2^e above the largest |x_i|, at least 1 */
static void *lay(const psw_sketch *s, psw_arena *arena)
{
    return sketch_symmetric_lay(s, s->shape.stored, s->point.order, arena);
}

static psw_status start(psw_sketch *s, const psw_weights *weights)
{
    (void)weights;
    sketch_symmetric_start(s->own, 0, true);
    return PSW_OK;
}

/* e; of a row that is not finite any will do. */
static int exponent_of(const psw_real *x, ptrdiff_t count)
{
    double largest = 0;
    int e = 0;
    for (ptrdiff_t j = 0; j < count; j++) largest = fmax(largest, fabs((double)x[j]));
    if (largest > 1 && isfinite(largest)) frexp(largest, &e);
    return e;
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        const psw_real *restrict from = x.at + i * x.stride;
        psw_real *restrict m = stored.at + i * stored.stride;
        int e = exponent_of(from, x.cols);
        double down = ldexp(1, -e);
        m[0] = (psw_real)down;
        for (ptrdiff_t j = 0; j < x.cols; j++) m[1 + j] = (psw_real)(down * (double)from[j]);
        log2_scale[i] = (double)s->point.order * e;
    }
}

/* ---- what a point asks of it ---- */

static psw_status check(const psw_point *point)
{
    if (point->order < 1) return PSW_FAIL(PSW_USAGE, "order = %td: a partial sum has at least 1", point->order);
    return PSW_OK;
}

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    (void)r;
    return (psw_sketch_shape){.stored = psw_point_width(point) + 1,
                              .exact = true,
                              .weigh = PSW_WEIGH_PARTIAL_SUM,
                              .signs = point->order % 2 != 0};
}

static double features(const psw_point *point)
{
    return sketch_symmetric_features(psw_point_width(point) + 1, point->order);
}

static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    (void)norms, (void)squares;
    return (psw_moments){psw_partial_sum(point->order, 1, product), 0};
}

const sketch_map SKETCH_MAP(taylor) = {.check = check,
                                       .shape = shape,
                                       .features = features,
                                       .moments = moments,
                                       .lay = lay,
                                       .start = start,
                                       .map = map,
                                       .lift = sketch_symmetric_lift,
                                       .lift_transposed = sketch_symmetric_lift_transposed};
