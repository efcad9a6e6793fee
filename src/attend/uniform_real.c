/* uniform: w = 1. */
#include "attend/weigh.h"

static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    (void)point;
    return attend_constant_weights(row->count, 1, (attend_weight_sum){(double)row->count, 0}, w);
}

const attend_method_row ATTEND_WEIGH(uniform) = {.weigh = weigh};
