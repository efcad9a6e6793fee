#include "sketch/symmetric.h"

#include <math.h>

static ptrdiff_t monomials(ptrdiff_t variables, ptrdiff_t degree)
{
    return (ptrdiff_t)sketch_choose((double)(variables + degree - 1), degree);
}

sketch_symmetric *sketch_symmetric_lay(const psw_sketch *s, ptrdiff_t variables, ptrdiff_t degree, psw_arena *arena)
{
    sketch_symmetric m = {.degree = degree, .d = variables};
    sketch_symmetric *kept = psw_arena_take(arena, 1, sizeof m);
    m.coefficient = psw_arena_take(arena, s->shape.features, sizeof *m.coefficient);
    for (int i = 0; i < 2; i++)
        m.lower[i] = psw_arena_take(arena, PSW_TRANSPOSED_MOST * monomials(m.d, m.degree - 1), sizeof *m.lower[i]);
    m.tail = psw_arena_take(arena, m.degree * m.d, sizeof *m.tail);
    if (kept) *kept = m;
    return kept;
}

/* Coefficients in the order of the monomials: the factor's log minus those of the multiplicities, along a walk over
 * them. */
static void coefficients(psw_real **out, ptrdiff_t variables, ptrdiff_t degree, double log_value)
{
    if (variables == 1 || degree == 0) {
        *(*out)++ = (psw_real)exp(0.5 * (log_value - lgamma((double)degree + 1)));
        return;
    }
    for (ptrdiff_t of_first = degree; of_first >= 0; of_first--)
        coefficients(out, variables - 1, degree - of_first, log_value - lgamma((double)of_first + 1));
}

void sketch_symmetric_start(sketch_symmetric *m, double log_factor, bool free_first)
{
    psw_real *out = m->coefficient;
    for (ptrdiff_t k = 0; k < m->degree; k++)
        for (ptrdiff_t i = 0; i < m->d; i++) m->tail[k * m->d + i] = monomials(m->d - i, k);
    if (!free_first) coefficients(&out, m->d, m->degree, log_factor);
    for (ptrdiff_t of_first = m->degree; free_first && of_first >= 0; of_first--)
        coefficients(&out, m->d - 1, m->degree - of_first, log_factor);
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

void sketch_symmetric_lift(psw_sketch *s, psw_const_rows stored, psw_rows features)
{
    const sketch_symmetric *m = s->own;
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

void sketch_symmetric_lift_transposed(psw_sketch *s, psw_const_rows stored, psw_rows features)
{
    const sketch_symmetric *m = s->own;
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

/* By its shorter product. */
double sketch_symmetric_features(ptrdiff_t variables, ptrdiff_t degree)
{
    double d = (double)variables, p = (double)degree;
    return p < d ? sketch_choose(d + p - 1, degree) : sketch_choose(d + p - 1, variables - 1);
}
