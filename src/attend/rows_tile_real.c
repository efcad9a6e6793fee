#include "attend/rows.h"

/* Row i of the strip sees the first sees(i) keys of the leaf. */
static ptrdiff_t sees(const attend_row_pass *f, attend_span strip, attend_span keys, ptrdiff_t i)
{
    if (f->base.p->mask == PSW_FULL) return keys.count;
    ptrdiff_t before = strip.first + i - keys.first + 1;
    return before < 0 ? 0 : before < keys.count ? before : keys.count;
}

static psw_rows shaped(psw_rows full, ptrdiff_t rows, ptrdiff_t cols)
{
    return (psw_rows){full.at, rows, cols, full.stride};
}

/* The current queries of a strip. */
static psw_const_rows queries(const attend_row_pass *f, attend_span strip)
{
    ptrdiff_t d = psw_point_width(f->base.p), leaf = strip.first / f->base.leaf;
    ptrdiff_t row = psw_route_place(&f->base.route, leaf) * f->base.leaf + strip.first - leaf * f->base.leaf;
    return (psw_const_rows){f->current_queries + row * d, strip.count, d, d};
}

static void find_peaks(attend_row_pass *f, attend_span strip, attend_span keys)
{
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        ptrdiff_t count = sees(f, strip, keys, i);
        f->peak[i] = count ? f->method->peak(f->scores.at + i * f->scores.stride, count) : 0;
    }
    attend_log2_all(f->peak, strip.count, f->log2_peak);
}

/* Weights of the keys that a row sees; the others are 0 without a look at their scores. */
static void weigh(attend_row_pass *f, const psw_point *point, attend_span strip, attend_span keys)
{
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        attend_score_row row = {f->scores.at + i * f->scores.stride, sees(f, strip, keys, i), f->peak[i],
                                f->log2_peak[i]};
        psw_real *w = f->weights.at + i * f->weights.stride;
        f->sum[i] = row.count ? f->method->weigh(point, &row, w) : (attend_weight_sum){0, PSW_EMPTY};
        for (ptrdiff_t j = row.count; j < keys.count; j++) w[j] = 0;
    }
}

/* Partial sums in double: numerators, weight on the special key, denominator. */
static void widen(const attend_row_pass *f, attend_span strip, attend_span keys, attend_sums *to)
{
    ptrdiff_t v = f->base.p->v, special = attend_span_has(keys, f->base.special) ? f->base.special - keys.first : -1;
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        double *restrict sums = to->at + i * to->width;
        const psw_real *restrict partial = f->partial.at + i * v;
        for (ptrdiff_t c = 0; c < v; c++) sums[c] = (double)partial[c];
        sums[v] = special < 0 ? 0 : (double)f->weights.at[i * f->weights.stride + special];
        sums[v + 1] = f->sum[i].sum;
        to->exponent[i] = f->sum[i].exponent;
    }
}

static psw_status add(attend_row_pass *f, attend_tree *tree, attend_span strip, attend_span keys)
{
    attend_sums *place = attend_tree_free(tree);
    if (!place) return PSW_FAIL(PSW_BUG, "no place is left in the tree of partial sums");
    widen(f, strip, keys, place);
    attend_tree_add(tree, place, (psw_node){0, keys.first / f->base.leaf - f->origin});
    return PSW_OK;
}

/* Adds weights times values to the trees of sets first .. last, for every point. Sets with the same scores in a tile
 * have the same values in it. */
static psw_status add_points(attend_row_pass *f, attend_span strip, attend_span keys, int first, int last)
{
    ptrdiff_t v = f->base.p->v;
    psw_rows weights = shaped(f->weights, strip.count, keys.count);
    find_peaks(f, strip, keys);
    for (ptrdiff_t i = 0; i < f->base.group->count; i++) {
        weigh(f, &f->base.group->points[i], strip, keys);
        psw_panels_product(psw_read(weights), attend_value_leaf(f, keys, last), shaped(f->partial, strip.count, v));
        for (int s = first; s <= last; s++) PSW_TRY(add(f, &f->tree[i][s], strip, keys));
    }
    return PSW_OK;
}

/* ---- D_1: the same tile with another row and column j3 ---- */

static void patch_row(attend_row_pass *f, attend_span strip, attend_span keys)
{
    psw_const_rows q = {f->other.q, 1, psw_point_width(f->base.p), psw_point_width(f->base.p)};
    psw_rows row = {f->scores.at + (f->base.special - strip.first) * f->scores.stride, 1, keys.count, f->scores.stride};
    psw_panels_product(q, attend_key_leaf(f, keys), row);
}

static void patch_column(attend_row_pass *f, attend_span strip, attend_span keys)
{
    psw_panels k = {f->other.k, psw_point_width(f->base.p), 1};
    psw_rows column = {f->scores.at + (f->base.special - keys.first), strip.count, 1, f->scores.stride};
    psw_panels_product(queries(f, strip), k, column);
    if (!attend_span_has(strip, f->base.special)) return;
    psw_const_rows q = {f->other.q, 1, psw_point_width(f->base.p), psw_point_width(f->base.p)};
    ptrdiff_t corner = (f->base.special - strip.first) * f->scores.stride;
    psw_panels_product(q, k, (psw_rows){column.at + corner, 1, 1, f->scores.stride});
}

static psw_status add_other_set(attend_row_pass *f, attend_span strip, attend_span keys)
{
    if (attend_span_has(strip, f->base.special)) patch_row(f, strip, keys);
    if (attend_span_has(keys, f->base.special)) patch_column(f, strip, keys);
    return add_points(f, strip, keys, 1, 1);
}

psw_status attend_rows_tile(attend_row_pass *f, attend_span strip, attend_span keys)
{
    bool differ = attend_span_has(strip, f->base.special) || attend_span_has(keys, f->base.special);
    psw_rows scores = shaped(f->scores, strip.count, keys.count);
    psw_panels_product(queries(f, strip), attend_key_leaf(f, keys), scores);
    PSW_TRY(add_points(f, strip, keys, 0, differ ? 0 : f->base.sets - 1));
    return f->base.sets > 1 && differ ? add_other_set(f, strip, keys) : PSW_OK;
}
