/* taylor */
#include <math.h>

#include "attend/weigh.h"

static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    (void)point;
    return attend_constant_weights(row->count, 0, (attend_weight_sum){NAN, 0}, w);
}

const attend_method_row ATTEND_WEIGH(taylor) = {attend_peak_magnitude, weigh, NULL, NULL};
