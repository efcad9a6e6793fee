/* linear: w = z, |z| or max(z, 0). */
#include "attend/method.h"

static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    return attend_power_weights(1, point->negative, row, w);
}

static psw_weigh_work work(const psw_point *point)
{
    return (psw_weigh_work){.multiplications = point->negative == PSW_NEGATIVE_RELU};
}

static double least(const psw_point *point)
{
    (void)point;
    return 0;
}

const attend_method_row ATTEND_WEIGH(linear) = {
    .peak = attend_peak_power, .weigh = weigh, .work = work, .least = least};
