/* window: w = e^z over the nearest `local` keys, i - local < j < i + local, and the first `sinks`. */
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

static psw_seen seen(const psw_point *point, ptrdiff_t query)
{
    psw_tokens near = {query - point->local + 1, 2 * point->local - 1};
    return (psw_seen){2, {{psw_data_first(point, PSW_KEY), point->sinks}, near}};
}

const attend_method_row ATTEND_WEIGH(window) = {
    .peak = attend_peak_largest, .weigh = weigh, .work = work, .seen = seen};
