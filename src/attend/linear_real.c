/* linear: w = z, or |z|. */
#include "attend/method.h"

static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    bool magnitude = point->negative == PSW_NEGATIVE_ABS;
    return attend_power_weights(1, magnitude ? PSW_NEGATIVE_ABS : PSW_NEGATIVE_SIGNED, row, w);
}

const attend_method_row ATTEND_WEIGH(linear) = {attend_peak_magnitude, weigh, NULL, NULL};
