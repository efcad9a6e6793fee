#include <math.h>
#include <string.h>

#include "sketch/map.h"

/* z^p = sum over i_1 <= ... <= i_p of (p! / prod mult!) prod q_i prod k_i: one feature a monomial, with the root of its
 * multinomial coefficient. In lexicographic order the monomials of degree k that begin with i are x_i times those of
 * degree k - 1 that begin with i or later, which are the last C(d - i + k - 2, k - 1) of their list: a lift is
 * nothing but products of a number and contiguous memory. */
typedef struct monomial {
    psw_real *coefficient; /* features */
    psw_real *lower[2];    /* lists of degrees below p, of PSW_TRANSPOSED_MOST rows */
    ptrdiff_t *tail;       /* degree x d: how many monomials of degree k - 1 begin with i or later */
    ptrdiff_t degree, d;
} monomial;

static ptrdiff_t monomials(ptrdiff_t variables, ptrdiff_t degree)
{
    return (ptrdiff_t)sketch_choose((double)(variables + degree - 1), degree);
}

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    monomial m = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point)};
    monomial *kept = psw_arena_take(arena, 1, sizeof m);
    m.coefficient = psw_arena_take(arena, s->shape.features, sizeof *m.coefficient);
    for (int i = 0; i < 2; i++)
        m.lower[i] = psw_arena_take(arena, PSW_TRANSPOSED_MOST * monomials(m.d, m.degree - 1), sizeof *m.lower[i]);
    m.tail = psw_arena_take(arena, m.degree * m.d, sizeof *m.tail);
    if (kept) *kept = m;
    return kept;
}

/* Coefficients in the order of the monomials: log of p! minus those of the multiplicities, along a walk over them. */
static void coefficients(psw_real **out, ptrdiff_t variables, ptrdiff_t degree, double log_value)
{
    if (variables == 1 || degree == 0) {
        *(*out)++ = (psw_real)exp(0.5 * (log_value - lgamma((double)degree + 1)));
        return;
    }
    for (ptrdiff_t of_first = degree; of_first >= 0; of_first--)
        coefficients(out, variables - 1, degree - of_first, log_value - lgamma((double)of_first + 1));
}

static psw_status start(psw_sketch *s, const psw_weights *weights)
{
    monomial *m = s->own;
    psw_real *out = m->coefficient;
    (void)weights;
    for (ptrdiff_t k = 0; k < m->degree; k++)
        for (ptrdiff_t i = 0; i < m->d; i++) m->tail[k * m->d + i] = monomials(m->d - i, k);
    coefficients(&out, m->d, m->degree, lgamma((double)m->degree + 1));
    return PSW_OK;
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    (void)s, (void)log2_scale;
    for (ptrdiff_t i = 0; i < x.rows; i++)
        memcpy(stored.at + i * stored.stride, x.at + i * x.stride, (size_t)x.cols * sizeof *x.at);
}

/* out <- the list of degree k from the list of degree k - 1 */
static void next_degree(ptrdiff_t d, const ptrdiff_t *tail, const psw_real *x, const psw_real *lower,
                        psw_real *restrict out)
{
    for (ptrdiff_t i = 0; i < d; out += tail[i], i++) {
        const psw_real *restrict from = lower + tail[0] - tail[i];
        for (ptrdiff_t j = 0; j < tail[i]; j++) out[j] = x[i] * from[j];
    }
}

static void lift(psw_sketch *s, psw_const_rows stored, psw_rows features)
{
    const monomial *m = s->own;
    for (ptrdiff_t i = 0; i < stored.rows; i++) {
        const psw_real *x = stored.at + i * stored.stride;
        m->lower[0][0] = 1;
        psw_real *restrict phi = features.at + i * features.stride;
        for (ptrdiff_t k = 1; k <= m->degree; k++)
            next_degree(m->d, m->tail + (k - 1) * m->d, x, m->lower[1 - k % 2], k < m->degree ? m->lower[k % 2] : phi);
        for (ptrdiff_t j = 0; j < features.cols; j++) phi[j] *= m->coefficient[j];
    }
}

/* out <- the list of degree k, its entries rows of `cols` numbers */
static void next_degree_transposed(ptrdiff_t d, const ptrdiff_t *tail, psw_const_rows x, psw_const_rows lower,
                                   psw_rows out)
{
    psw_real *to = out.at;
    for (ptrdiff_t i = 0; i < d; i++)
        for (ptrdiff_t j = 0; j < tail[i]; j++, to += out.stride)
            sketch_product(1, x.at + i * x.stride, lower.at + (tail[0] - tail[i] + j) * lower.stride, 0,
                           psw_rows_of(to, 1, x.cols));
}

static void lift_transposed(psw_sketch *s, psw_const_rows stored, psw_rows features)
{
    const monomial *m = s->own;
    ptrdiff_t cols = stored.cols, most = features.rows;
    for (ptrdiff_t i = 0; i < cols; i++) m->lower[0][i] = 1;
    for (ptrdiff_t k = 1; k <= m->degree; k++) {
        psw_const_rows lower = {m->lower[1 - k % 2], most, cols, cols};
        psw_rows higher = k < m->degree ? psw_rows_of(m->lower[k % 2], most, cols) : features;
        next_degree_transposed(m->d, m->tail + (k - 1) * m->d, stored, lower, higher);
    }
    for (ptrdiff_t j = 0; j < features.rows; j++)
        for (ptrdiff_t i = 0; i < cols; i++) features.at[j * features.stride + i] *= m->coefficient[j];
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

/* C(d + p - 1, p), by its shorter product */
static double features(const psw_point *point)
{
    double d = (double)psw_point_width(point), p = (double)sketch_degree(point);
    return p < d ? sketch_choose(d + p - 1, (ptrdiff_t)p) : sketch_choose(d + p - 1, psw_point_width(point) - 1);
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
                                         .lift = lift,
                                         .lift_transposed = lift_transposed,
                                         .unit = true};
