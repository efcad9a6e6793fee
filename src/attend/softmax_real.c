/* softmax: w = e^z. */
#include "attend/method.h"

static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    (void)point;
    return attend_exponential_weights(row, w);
}

static psw_weigh_work work(const psw_point *point)
{
    (void)point;
    return (psw_weigh_work){.exponentials = 1};
}

const attend_method_row ATTEND_WEIGH(softmax) = {.peak = attend_peak_largest, .weigh = weigh, .work = work};
