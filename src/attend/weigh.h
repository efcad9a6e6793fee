/* attend/weigh: what the files of weights share. Compiled twice. */
#ifndef POLYSWEEP_ATTEND_WEIGH_H
#define POLYSWEEP_ATTEND_WEIGH_H

#include "attend/lanes.h"
#include "attend/method.h"
#include "attend/sums.h"

/* u = z c is what is raised to a power. */
typedef struct psw_scaling {
    psw_real c, least;    /* a smaller |u| has weight 0 */
    psw_lane_bits keep;   /* bits of u: all, or all but the sign for |u| */
    unsigned long degree; /* of integer degrees, >= 1 */
    double exponent;      /* of real degrees: E where c does not carry it, else 0 */
} psw_scaling;

/* |u|^beta 2^-exponent with the sign of u where it is kept; returns the sum. */
#define psw_weigh_real_degree PSW_PRECISION_NAME(psw_weigh_real_degree)
double psw_weigh_real_degree(const psw_score_row *row, const psw_scaling *s, double beta, psw_real *w);

static inline psw_weight_sum psw_weigh_constant(ptrdiff_t count, psw_real weight, psw_weight_sum sum, psw_real *w)
{
    for (ptrdiff_t i = 0; i < count; i++) w[i] = weight;
    return sum;
}

#endif
