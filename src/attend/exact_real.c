/* exact: w = z^beta. */
#include <math.h>

#include "attend/method.h"

static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    return attend_power_weights(point->beta, point->negative, row, w);
}

/* By squaring, a multiplication for each bit below the top one and one more for the set ones among them; other degrees
 * take a logarithm and an exponential. */
static psw_weigh_work work(const psw_point *point)
{
    double beta = point->beta, count = point->negative == PSW_NEGATIVE_RELU;
    if (!(beta >= 0 && beta < 0x1p53 && beta == floor(beta)))
        return (psw_weigh_work){.multiplications = count, .transcends = 1};
    for (uint64_t bits = (uint64_t)beta; bits > 1; bits >>= 1) count += 1 + (double)(bits & 1);
    return (psw_weigh_work){.multiplications = count};
}

/* Even powers are not negative. */
static double least(const psw_point *point)
{
    return fmod(point->beta, 2) == 0 ? -INFINITY : 0;
}

static bool logarithms(const psw_point *point)
{
    return attend_degree_is_real(point->beta);
}

const attend_method_row ATTEND_WEIGH(exact) = {
    .peak = attend_peak_power, .weigh = weigh, .work = work, .least = least, .logarithms = logarithms};
