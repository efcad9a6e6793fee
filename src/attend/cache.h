/* attend/cache: keys and values of tokens as a model that generates text keeps them, in the format that it keeps them
 * in. Compiled per precision and target: what is read comes out in the precision of the products.
 *
 * Keys stand in groups of PSW_DECODE_GROUP tokens, a group column by column, so that scores of neighbouring tokens are
 * made side by side; values stand row by row. */
#ifndef POLYSWEEP_ATTEND_CACHE_H
#define POLYSWEEP_ATTEND_CACHE_H

#include "polysweep/real.h"
#include "polysweep/attend.h"

typedef struct attend_cache {
    psw_precision format;
    ptrdiff_t tokens, width, v; /* places; width of keys and of values */
    void *keys, *values;
} attend_cache;

#define attend_cache_take PSW_PRECISION_NAME(attend_cache_take)
#define attend_cache_put PSW_PRECISION_NAME(attend_cache_put)
#define attend_cache_scores PSW_PRECISION_NAME(attend_cache_scores)
#define attend_cache_add PSW_PRECISION_NAME(attend_cache_add)

attend_cache attend_cache_take(psw_arena *arena, psw_precision format, ptrdiff_t tokens, ptrdiff_t width, ptrdiff_t v);
/* The key and the values of token `at`, rounded to the format, ties to even. False: a number is out of its range. */
bool attend_cache_put(const attend_cache *cache, ptrdiff_t at, const double *key, const double *values);
/* z_j = <q, key first + j>, j < count; `first` is a multiple of the group, and z has room for a whole last group. */
void attend_cache_scores(const attend_cache *cache, const psw_real *q, ptrdiff_t first, ptrdiff_t count, psw_real *z);
/* sum += sum_j w_j values first + j */
void attend_cache_add(const attend_cache *cache, const psw_real *w, ptrdiff_t first, ptrdiff_t count, psw_real *sum);

#endif
