/* attend/weigh: shared by weigh_real.c and exponential_real.c. Compiled twice. */
#ifndef POLYSWEEP_ATTEND_WEIGH_H
#define POLYSWEEP_ATTEND_WEIGH_H

#include "polysweep/chunk.h"
#include "attend/method.h"
#include "attend/sums.h"

/* u = z c is the base of the power. */
typedef struct attend_scaling {
    psw_real c, least;    /* a smaller |u| has weight 0 */
    psw_lane_bits keep;   /* bits of u: all, or all but the sign for |u| */
    unsigned long degree; /* for integer degrees, >= 1 */
    double exponent;      /* for real degrees: E where c does not contain it, else 0 */
} attend_scaling;

/* |u|^beta 2^-exponent with the sign of u where it is kept; returns the sum. */
#define attend_real_degree_weights PSW_PRECISION_NAME(attend_real_degree_weights)
double attend_real_degree_weights(const attend_score_row *row, const attend_scaling *s, double beta, psw_real *w);

static inline attend_weight_sum attend_constant_weights(ptrdiff_t count, psw_real weight, attend_weight_sum sum,
                                                        psw_real *w)
{
    for (ptrdiff_t i = 0; i < count; i++) w[i] = weight;
    return sum;
}

#endif
