#include <math.h>
#include <string.h>

#include "sketch/symmetric.h"

/* z^p = sum over i_1 <= ... <= i_p of (p! / prod mult!) prod q_i prod k_i: one feature a monomial, with the root of its
 * multinomial coefficient. */
static void *lay(const psw_sketch *s, psw_arena *arena)
{
    return sketch_symmetric_lay(s, psw_point_width(&s->point), sketch_degree(&s->point), arena);
}

static psw_status start(psw_sketch *s, const psw_weights *weights)
{
    (void)weights;
    sketch_symmetric_start(s->own, lgamma((double)sketch_degree(&s->point) + 1), false);
    return PSW_OK;
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    (void)s, (void)log2_scale;
    for (ptrdiff_t i = 0; i < x.rows; i++)
        memcpy(stored.at + i * stored.stride, x.at + i * x.stride, (size_t)x.cols * sizeof *x.at);
}

/* ---- what a point asks of it ---- */

static psw_status check(const psw_point *point)
{
    return sketch_check_degree(point, 1);
}

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    (void)r;
    return (psw_sketch_shape){.r = 0,
                              .stored = psw_point_width(point),
                              .exact = true,
                              .weigh = PSW_WEIGH_POWER,
                              .signs = sketch_degree(point) % 2 != 0};
}

static double features(const psw_point *point)
{
    return sketch_symmetric_features(psw_point_width(point), sketch_degree(point));
}

static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    (void)norms, (void)squares;
    return (psw_moments){pow(product, (double)sketch_degree(point)), 0};
}

const sketch_map SKETCH_MAP(monomial) = {.check = check,
                                         .shape = shape,
                                         .features = features,
                                         .moments = moments,
                                         .lay = lay,
                                         .start = start,
                                         .map = map,
                                         .lift = sketch_symmetric_lift,
                                         .lift_transposed = sketch_symmetric_lift_transposed,
                                         .unit = true};
