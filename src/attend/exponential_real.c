/* Weights that are made of log2 and exp2, in double for both precisions, and with fused multiply-adds. */
#include <math.h>

#include "attend/transcend.h"
#include "attend/weigh.h"

#define BLOCK 64 /* scores that are doubles at a time */

static ptrdiff_t block_at(const psw_score_row *row, ptrdiff_t first)
{
    return row->count - first < BLOCK ? row->count - first : BLOCK;
}

/* |u|^beta 2^-E = 2^(beta log2 |u| - E) */
double psw_weigh_real_degree(const psw_score_row *row, const psw_scaling *s, double beta, psw_real *w)
{
    double c = (double)s->c, least = (double)s->least, negative = s->keep == -1 ? -1 : 1;
    for (ptrdiff_t first = 0; first < row->count; first += BLOCK) {
        double x[BLOCK];
        ptrdiff_t count = block_at(row, first);
        for (ptrdiff_t i = 0; i < count; i++) x[i] = (double)row->z[first + i] * c;
        for (ptrdiff_t i = 0; i < count; i++) {
            double size = fabs(x[i]), inside = size >= least ? size : 1;
            double weight = psw_exp2(beta * psw_log2(inside) - s->exponent) * (x[i] < 0 ? negative : 1);
            x[i] = size >= least ? weight : 0;
        }
        for (ptrdiff_t i = 0; i < count; i++) w[first + i] = (psw_real)x[i];
    }
    return psw_row_sum(w, row->count);
}

/* e^z = 2^(z log2 e - E) 2^E, E = floor(peak log2 e) */
psw_weight_sum psw_weigh_exponential(const psw_score_row *row, psw_real *w)
{
    const double log2_e = 1.4426950408889634, least = PSW_LOWEST_EXPONENT;
    double exponent = floor(row->peak * log2_e);
    if (!(fabs(exponent) < 0x1p30)) return psw_weigh_constant(row->count, 0, (psw_weight_sum){NAN, 0}, w);
    for (ptrdiff_t first = 0; first < row->count; first += BLOCK) {
        double x[BLOCK];
        ptrdiff_t count = block_at(row, first);
        for (ptrdiff_t i = 0; i < count; i++) x[i] = (double)row->z[first + i] * log2_e - exponent;
        for (ptrdiff_t i = 0; i < count; i++) {
            double weight = psw_exp2(x[i] < least ? least : x[i]);
            x[i] = x[i] < least ? 0 : weight;
        }
        for (ptrdiff_t i = 0; i < count; i++) w[first + i] = (psw_real)x[i];
    }
    return (psw_weight_sum){psw_row_sum(w, row->count), (int)exponent};
}
