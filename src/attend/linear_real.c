/* linear: w = z, or |z|. */
#include "attend/method.h"

static psw_weight_sum weigh(const psw_point *point, const psw_score_row *row, psw_real *w)
{
    bool magnitude = point->negative == PSW_NEGATIVE_ABS;
    return psw_weigh_power(1, magnitude ? PSW_NEGATIVE_ABS : PSW_NEGATIVE_SIGNED, row, w);
}

const psw_method_row ATTEND_WEIGH(linear) = {psw_peak_magnitude, weigh, NULL};
