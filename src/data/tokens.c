/* One sequence of tokens with queries and keys at its end. */
#include <math.h>

#include "polysweep/data.h"

ptrdiff_t psw_data_keys(const psw_point *point)
{
    return point->n_k > 0 ? point->n_k : point->n;
}

ptrdiff_t psw_data_tokens(const psw_point *point)
{
    ptrdiff_t keys = psw_data_keys(point);
    return keys > point->n ? keys : point->n;
}

ptrdiff_t psw_data_first(const psw_point *point, psw_side side)
{
    return psw_data_tokens(point) - (side == PSW_QUERY ? point->n : psw_data_keys(point));
}

/* Decoding: one query sees all. Causal: query i sees i + 1 + n_k - n keys, if that is above 0. */
double psw_data_pairs(const psw_point *point)
{
    double n = (double)point->n, keys = (double)psw_data_keys(point), least = fmin(n, keys);
    if (point->mode == PSW_DECODE) return keys;
    if (point->mask == PSW_FULL) return n * keys;
    return least * (least + 1) / 2 + n * fmax(keys - n, 0);
}
