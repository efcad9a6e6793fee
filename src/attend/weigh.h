/* attend/weigh: shared by weigh_real.c and exponential_real.c. Compiled per precision and target. */
#ifndef POLYSWEEP_ATTEND_WEIGH_H
#define POLYSWEEP_ATTEND_WEIGH_H

#include "polysweep/chunk.h"
#include "attend/method.h"
#include "attend/sums.h"

/* |z|^beta 2^-exponent for finite scores of which one is normal; returns the sum. */
#define attend_real_degree_weights PSW_PRECISION_NAME(attend_real_degree_weights)
double attend_real_degree_weights(double beta, psw_negative negative, const attend_score_row *row, double exponent,
                                  psw_real *w);

static inline attend_weight_sum attend_constant_weights(ptrdiff_t count, psw_real weight, attend_weight_sum sum,
                                                        psw_real *w)
{
    for (ptrdiff_t i = 0; i < count; i++) w[i] = weight;
    return sum;
}

/* ---- rows, chunk by chunk ---- */

/* Weights of a chunk of scores, which are those from entry `at` of the row on. A constant at every call, so that the
 * loop around it contains it. */
typedef psw_chunk attend_chunk_weights(const psw_real *z, ptrdiff_t at, const void *how);

/* Every PSW_PARTS-th chunk of a row from entry `first` on, whose entries join the same sums. */
static inline __attribute__((always_inline)) psw_chunk attend_weigh_part(const psw_real *z, ptrdiff_t first,
                                                                         ptrdiff_t count, attend_chunk_weights *weigh,
                                                                         const void *how, psw_real *w)
{
    psw_chunk sum = {{0}, {0}, {0}, {0}};
    for (ptrdiff_t i = first; i < count; i += PSW_ABREAST) {
        psw_chunk weights = weigh(z + i, i, how);
        psw_chunk_store(weights, w + i);
        sum = psw_chunk_plus(sum, weights);
    }
    return sum;
}

/* The sum of a row's weights. `edge` weighs the entries behind the last whole PSW_ABREAST, which stand elsewhere with
 * `pad`, of which no weight is made, behind them. */
static inline __attribute__((always_inline)) double attend_weigh_row(const attend_score_row *row,
                                                                     attend_chunk_weights *weigh,
                                                                     attend_chunk_weights *edge, const void *how,
                                                                     psw_real pad, psw_real *w)
{
    psw_abreast sums;
    ptrdiff_t whole = row->count / PSW_ABREAST * PSW_ABREAST;
    psw_real last[PSW_ABREAST];
    size_t bytes = (size_t)(row->count - whole) * sizeof *last;
    for (ptrdiff_t i = 0; bytes && i < PSW_ABREAST; i++) last[i] = pad;
    if (bytes) memcpy(last, row->z + whole, bytes);
    for (int i = 0; i < PSW_PARTS; i++) {
        psw_chunk sum = attend_weigh_part(row->z, i * PSW_CHUNK, whole, weigh, how, w);
        if (bytes) sum = psw_chunk_plus(sum, attend_weigh_part(last, i * PSW_CHUNK, PSW_ABREAST, edge, how, last));
        sums.part[i] = sum;
    }
    if (bytes) memcpy(w + whole, last, bytes);
    return psw_abreast_total(&sums);
}

#endif
