/* softmax: w = e^z. */
#include "attend/method.h"

static psw_weight_sum weigh(const psw_point *point, const psw_score_row *row, psw_real *w)
{
    (void)point;
    return psw_weigh_exponential(row, w);
}

static psw_weigh_work work(const psw_point *point)
{
    (void)point;
    return (psw_weigh_work){.exponentials = 1};
}

const psw_method_row ATTEND_WEIGH(softmax) = {psw_peak_largest, weigh, work};
