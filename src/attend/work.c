#include "attend/work.h"

#include <math.h>

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* ---- tiles of a row fold, as attend_rows_tile computes them ---- */

static double scores_of(ptrdiff_t n, ptrdiff_t leaf, psw_mask mask)
{
    double all = (double)n, each = (double)leaf, whole = (double)(n / leaf), rest = (double)(n % leaf);
    return mask == PSW_FULL ? all * all : each * each * whole * (whole + 1) / 2 + rest * all;
}

/* Tokens of a leaf from `first` on. */
static double part(const attend_shape *s, ptrdiff_t index, ptrdiff_t first)
{
    ptrdiff_t start = index * s->leaf, end = smaller(start + s->leaf, s->tokens);
    if (start < first) start = first;
    return end > start ? (double)(end - start) : 0;
}

/* Of a sequence in which some tokens have no query or no key, leaf by leaf. */
static double partial_scores(const attend_shape *s)
{
    double keys = 0, all = 0;
    for (ptrdiff_t i = 0; i * s->leaf < s->tokens; i++) {
        keys += part(s, i, s->first_key);
        all += part(s, i, s->first_query) * keys;
    }
    if (s->mask == PSW_CAUSAL) return all;
    ptrdiff_t queries = s->tokens - (s->first_query > 0 ? s->first_query : 0);
    return queries > 0 ? (double)queries * keys : 0;
}

attend_tiles attend_tiles_of(attend_shape s, ptrdiff_t special)
{
    ptrdiff_t n = s.tokens, leaf = s.leaf = smaller(s.leaf, n);
    psw_mask mask = s.mask;
    bool whole = s.first_query <= 0 && s.first_key <= 0;
    attend_tiles tiles = {.scores = whole ? scores_of(n, leaf, mask) : partial_scores(&s)};
    if (special < 0) return tiles;
    ptrdiff_t before = special / leaf * leaf, own = smaller(leaf, n - before); /* the leaf of j3 */
    ptrdiff_t step = smaller(leaf, PSW_STRIP), strip = smaller(step, own - (special - before) / step * step);
    ptrdiff_t queries = mask == PSW_FULL ? n : n - before,
              keys = mask == PSW_FULL ? n : before + own; /* tokens in tiles with it */
    tiles.patched = (double)queries + (double)keys + 1;
    tiles.again = (double)queries * (double)own + (double)strip * (double)(keys - own);
    return tiles;
}

double attend_tiles_flops(const attend_tiles *tiles, ptrdiff_t d, ptrdiff_t v, ptrdiff_t points)
{
    return 2 * (double)d * (tiles->scores + tiles->patched) +
           2 * (double)v * (tiles->scores + tiles->again) * (double)points;
}

attend_tiles attend_point_tiles(const psw_point *p, int sets)
{
    attend_shape shape = {psw_data_tokens(p), psw_data_first(p, PSW_QUERY), psw_data_first(p, PSW_KEY), p->block,
                          p->mask};
    return attend_tiles_of(shape, sets > 1 ? psw_data_special(p) : -1);
}

double attend_scores_flops(const psw_point *p)
{
    return 4 * (double)p->n;
}
