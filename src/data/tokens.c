/* One sequence of tokens with queries and keys at its end; or with one query of each class of equal ones. */
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

/* ---- of equal queries one ---- */

/* Classes of equal tokens, 0: all differ. */
static ptrdiff_t classes_of(const psw_point *point)
{
    bool equal = psw_data_kind_facts_of(point->data_kind)->has_classes && point->noise == 0 && point->d > 2;
    return equal ? point->d - 2 : 0;
}

bool psw_data_repeats(const psw_point *point)
{
    return classes_of(point) > 0 && point->mask == PSW_FULL && point->mode == PSW_FORWARD;
}

/* One of each class, and j3; with one token a class j3 is all of its own. */
static ptrdiff_t distinct_queries(const psw_point *point)
{
    ptrdiff_t classes = classes_of(point);
    return classes > 0 && point->n > classes ? classes + 1 : point->n;
}

/* The neighbours that begin and end them are of the same class, and one of the two is j3. */
static ptrdiff_t distinct_first(const psw_point *point)
{
    ptrdiff_t before = distinct_queries(point) - 1;
    if (before + 1 == point->n) return 0;
    return point->j3 >= before ? point->j3 - before : point->j3;
}

double psw_data_times(const psw_point *point, ptrdiff_t query)
{
    if (!psw_data_distinct(point)) return 1;
    ptrdiff_t classes = classes_of(point), token = psw_data_first(point, PSW_QUERY) + query;
    if (classes == 0 || token == point->j3) return 1;
    return (double)(point->n / classes - (token % classes == point->j3 % classes));
}

/* ---- in the sequence ---- */

ptrdiff_t psw_data_queries(const psw_point *point)
{
    if (psw_data_distinct(point)) return distinct_queries(point);
    return psw_data_kind_facts_of(point->data_kind)->has_rows && point->mode == PSW_FORWARD ? point->n : 1;
}

ptrdiff_t psw_data_first(const psw_point *point, psw_side side)
{
    if (side == PSW_QUERY && psw_data_distinct(point)) return distinct_first(point);
    return psw_data_tokens(point) - (side == PSW_QUERY ? point->n : psw_data_keys(point));
}

ptrdiff_t psw_data_end(const psw_point *point, psw_side side)
{
    bool distinct = side == PSW_QUERY && psw_data_distinct(point);
    return distinct ? distinct_first(point) + distinct_queries(point) : psw_data_tokens(point);
}

/* Decoding: one query sees all. Causal: query i sees i + 1 + n_k - n keys, if that is above 0. */
double psw_data_pairs(const psw_point *point)
{
    double n = (double)point->n, keys = (double)psw_data_keys(point), least = fmin(n, keys);
    if (point->mode == PSW_DECODE) return keys;
    if (psw_data_distinct(point)) return (double)distinct_queries(point) * keys;
    if (point->mask == PSW_FULL) return n * keys;
    return least * (least + 1) / 2 + n * fmax(keys - n, 0);
}
