/* Weights by log2 and exp2, in double for both precisions. */
#include <math.h>

#include "polysweep/transcend.h"
#include "attend/weigh.h"

#define BLOCK 64 /* scores that are converted to double at a time */

/* The scores from `first` on, and zeros up to a block: loops of one length, each of them simple, become vector loops.
 */
static void load(const attend_score_row *row, ptrdiff_t first, double x[BLOCK])
{
    const psw_real *z = row->z + first;
    ptrdiff_t left = row->count - first;
    if (left >= BLOCK)
        for (int i = 0; i < BLOCK; i++) x[i] = (double)z[i];
    else
        for (int i = 0; i < BLOCK; i++) x[i] = i < left ? (double)z[i] : 0;
}

static void store(const double x[BLOCK], const attend_score_row *row, ptrdiff_t first, psw_real *w)
{
    ptrdiff_t left = row->count - first;
    if (left >= BLOCK)
        for (int i = 0; i < BLOCK; i++) w[first + i] = (psw_real)x[i];
    else
        for (int i = 0; i < left; i++) w[first + i] = (psw_real)x[i];
}

void attend_log2_all(const double *x, ptrdiff_t count, double *log2)
{
    for (ptrdiff_t i = 0; i < count; i++) log2[i] = psw_log2(x[i]);
}

/* |u|^beta 2^-E = 2^(beta log2 |u| - E) */
double attend_real_degree_weights(const attend_score_row *row, const attend_scaling *s, double beta, psw_real *w)
{
    double c = (double)s->c, least = (double)s->least, negative = s->keep == -1 ? -1 : 1;
    for (ptrdiff_t first = 0; first < row->count; first += BLOCK) {
        double x[BLOCK], weight[BLOCK];
        load(row, first, x);
        for (int i = 0; i < BLOCK; i++) {
            x[i] *= c;
            weight[i] = fabs(x[i]) >= least ? fabs(x[i]) : 1;
        }
        for (int i = 0; i < BLOCK; i++) weight[i] = psw_exp2(psw_fma(beta, psw_log2(weight[i]), -s->exponent));
        for (int i = 0; i < BLOCK; i++) weight[i] = fabs(x[i]) >= least ? weight[i] * (x[i] < 0 ? negative : 1) : 0;
        store(weight, row, first, w);
    }
    return psw_row_sum(w, row->count);
}

/* e^z = 2^(z log2 e - E) 2^E, E = floor(peak log2 e) */
attend_weight_sum attend_exponential_weights(const attend_score_row *row, psw_real *w)
{
    const double log2_e = 1.4426950408889634, least = PSW_LOWEST_EXPONENT, lowest = psw_exp2(least);
    double exponent = floor(row->peak * log2_e);
    if (!(fabs(exponent) < 0x1p30)) return attend_constant_weights(row->count, 0, (attend_weight_sum){NAN, 0}, w);
    for (ptrdiff_t first = 0; first < row->count; first += BLOCK) {
        double x[BLOCK];
        load(row, first, x);
        for (int i = 0; i < BLOCK; i++) {
            double turns = psw_fma(x[i], log2_e, -exponent);
            x[i] = turns < least ? least : turns;
        }
        for (int i = 0; i < BLOCK; i++) x[i] = psw_exp2(x[i]);
        for (int i = 0; i < BLOCK; i++) x[i] = x[i] <= lowest ? 0 : x[i];
        store(x, row, first, w);
    }
    return (attend_weight_sum){psw_row_sum(w, row->count), (int)exponent};
}
