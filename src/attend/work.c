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

attend_tiles attend_tiles_of(ptrdiff_t n, ptrdiff_t leaf, psw_mask mask, ptrdiff_t special)
{
    leaf = smaller(leaf, n);
    attend_tiles tiles = {.scores = scores_of(n, leaf, mask)};
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
    return attend_tiles_of(p->n, p->block, p->mask, sets > 1 ? psw_data_special(p) : -1);
}

double attend_scores_flops(const psw_point *p)
{
    return 4 * (double)p->n;
}
