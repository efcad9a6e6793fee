#include <math.h>

#include "attend/rows.h"

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

/* The part of a leaf that is looked at, and what of it each row sees. As no end goes back from one row to the next, all
 * rows see all of it if the first and the last one do. */
static attend_span look(attend_row_pass *f, attend_span strip, attend_span leaf)
{
    psw_seen all = psw_attend_seen_by(f->base.p, (psw_tokens){strip.first, strip.count});
    psw_tokens keys = attend_looked_at(&all, (psw_tokens){leaf.first, leaf.count});
    ptrdiff_t last = strip.count - 1, row[] = {0, last};
    bool whole = true;
    for (int i = 0; i < 2; i++) {
        psw_seen *seen = &f->seen[row[i]];
        *seen = psw_attend_seen(f->base.p, strip.first + row[i], keys);
        whole = whole && seen->ranges == 1 && seen->at[0].count == keys.count;
    }
    for (ptrdiff_t i = 1; i < last; i++)
        f->seen[i] = whole ? f->seen[0] : psw_attend_seen(f->base.p, strip.first + i, keys);
    f->peaks_known = f->method->peak && whole;
    return (attend_span){keys.first, keys.count};
}

/* The larger one; NaN if one is. */
static double peak_of_both(double a, double b)
{
    return isnan(b) || b > a ? b : a;
}

static double peak_of_row(const attend_row_pass *f, psw_peak_order order, attend_span keys, ptrdiff_t i)
{
    const psw_seen *seen = &f->seen[i];
    const psw_real *z = f->scores.at + i * f->scores.stride;
    double peak = 0;
    for (int k = 0; k < seen->ranges; k++) {
        double own = psw_row_peak(order, z + seen->at[k].first - keys.first, seen->at[k].count);
        peak = k == 0 ? own : peak_of_both(peak, own);
    }
    return peak;
}

static void find_peaks(attend_row_pass *f, attend_span strip, attend_span keys)
{
    if (!f->method->peak) return;
    psw_peak_order order = f->method->peak(f->base.p);
    for (ptrdiff_t i = 0; !f->peaks_known && i < strip.count; i++) f->peak[i] = peak_of_row(f, order, keys, i);
    attend_log2_all(f->peak, strip.count, f->log2_peak);
}

/* Logarithms of the scores that a row sees, which all degrees share. */
static void find_logarithms(attend_row_pass *f, attend_span strip, attend_span keys)
{
    if (!f->log2_upper) return;
    for (ptrdiff_t i = 0; i < strip.count; i++)
        for (int k = 0; k < f->seen[i].ranges; k++) {
            psw_tokens seen = f->seen[i].at[k];
            ptrdiff_t at = i * f->scores.stride + seen.first - keys.first;
            attend_scores_log2(f->scores.at + at, seen.count, f->log2_upper + at, f->log2_lower + at);
        }
}

static void clear(psw_real *w, ptrdiff_t first, ptrdiff_t end)
{
    for (ptrdiff_t j = first; j < end; j++) w[j] = 0;
}

/* Weights of the keys that row i sees; the others are 0 without a look at their scores. */
static attend_weight_sum weigh_row(attend_row_pass *f, const psw_point *point, attend_span keys, ptrdiff_t i, int set)
{
    const psw_real *z = f->scores.at + i * f->scores.stride;
    psw_real *w = f->weights.at + i * f->weights.stride;
    attend_weight_sum sum = {0, PSW_EMPTY};
    psw_score kept = attend_rows_kept(f, i, set);
    ptrdiff_t done = 0;
    for (int k = 0; k < f->seen[i].ranges; k++) {
        psw_tokens seen = f->seen[i].at[k];
        ptrdiff_t from = seen.first - keys.first;
        attend_score_row row = {z + from, seen.first, seen.count, f->peak[i], f->log2_peak[i], kept, NULL, NULL};
        if (f->log2_upper) row.log2_upper = f->log2_upper + i * f->scores.stride + from;
        if (f->log2_upper) row.log2_lower = f->log2_lower + i * f->scores.stride + from;
        clear(w, done, from);
        attend_weight_sum own = f->method->weigh(point, &row, w + from);
        sum = k == 0 ? own : (attend_weight_sum){sum.sum + own.sum, own.exponent};
        done = from + seen.count;
    }
    clear(w, done, keys.count);
    return sum;
}

static void weigh(attend_row_pass *f, const psw_point *point, attend_span strip, attend_span keys, int set)
{
    for (ptrdiff_t i = 0; i < strip.count; i++) f->sum[i] = weigh_row(f, point, keys, i, set);
}

/* Of row i, what a leaf adds: weight on the special key, denominator. */
static void tail_of(const attend_row_pass *f, ptrdiff_t i, attend_span keys, double tail[2])
{
    ptrdiff_t special = attend_span_has(keys, f->base.special) ? f->base.special - keys.first : -1;
    tail[0] = special < 0 ? 0 : (double)f->weights.at[i * f->weights.stride + special];
    tail[1] = f->sum[i].sum;
}

/* Partial sums in double: numerators, then the tail. */
static void widen(const attend_row_pass *f, attend_span strip, attend_span keys, attend_sums *to)
{
    ptrdiff_t v = f->base.p->v;
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        double *restrict sums = to->at + i * to->width;
        const psw_real *restrict partial = f->partial.at + i * v;
        for (ptrdiff_t c = 0; c < v; c++) sums[c] = (double)partial[c];
        tail_of(f, i, keys, sums + v);
        to->exponent[i] = f->sum[i].exponent;
    }
}

/* attend_sums_merge of partial sums that are widened on the way. */
static void merge(const attend_row_pass *f, attend_span strip, attend_span keys, attend_sums *into)
{
    ptrdiff_t v = f->base.p->v;
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        int own = f->sum[i].exponent, top = into->exponent[i] > own ? into->exponent[i] : own;
        double keep = attend_scale_to(into->exponent[i], top), take = attend_scale_to(own, top), tail[2];
        double *restrict sums = into->at + i * into->width;
        const psw_real *restrict partial = f->partial.at + i * v;
        for (ptrdiff_t c = 0; c < v; c++) sums[c] = keep * sums[c] + take * (double)partial[c];
        tail_of(f, i, keys, tail);
        for (int c = 0; c < 2; c++) sums[v + c] = keep * sums[v + c] + take * tail[c];
        into->exponent[i] = top;
    }
}

static psw_status add(attend_row_pass *f, attend_tree *tree, attend_span strip, attend_span keys)
{
    psw_node node = {0, keys.first / f->base.leaf - f->origin};
    attend_sums *place = attend_tree_take_sibling(tree, node);
    if (place) {
        merge(f, strip, keys, place);
        node = (psw_node){1, node.index / 2};
    } else {
        place = attend_tree_free(tree);
        if (!place) return PSW_FAIL(PSW_BUG, "no place is left in the tree of partial sums");
        widen(f, strip, keys, place);
    }
    attend_tree_add(tree, place, node);
    return PSW_OK;
}

/* Adds weights times values to the trees of sets first .. last, whose weights are the same. */
static psw_status add_point(attend_row_pass *f, ptrdiff_t point, attend_span strip, attend_span keys, int first,
                            int last)
{
    psw_rows weights = shaped(f->weights, strip.count, keys.count);
    weigh(f, &f->base.group->points[point], strip, keys, last);
    if (f->base.narrow) attend_round_weights(&f->base, weights);
    psw_panels_product(psw_read(weights), attend_value_leaf(f, keys, last),
                       shaped(f->partial, strip.count, f->base.p->v));
    for (int s = first; s <= last; s++) PSW_TRY(add(f, &f->tree[point][s], strip, keys));
    return PSW_OK;
}

/* For every point. Sets with the same scores in a tile have the same values in it, and the same weights unless other
 * tiles decide about these. */
static psw_status add_points(attend_row_pass *f, attend_span strip, attend_span keys, int first, int last)
{
    int each = f->method->keep ? 1 : last - first + 1;
    find_peaks(f, strip, keys);
    find_logarithms(f, strip, keys);
    attend_rows_look_smallest(f, strip, keys, first);
    for (ptrdiff_t i = 0; i < f->base.group->count; i++)
        for (int s = first; s <= last; s += each) PSW_TRY(add_point(f, i, strip, keys, s, s + each - 1));
    return PSW_OK;
}

/* ---- D_1: the same tile with another row and column j3 ---- */

static psw_const_rows other_query(const attend_row_pass *f)
{
    ptrdiff_t d = psw_point_width(f->base.p);
    return (psw_const_rows){f->other.q, 1, d, d};
}

static void patch_row(attend_row_pass *f, attend_span strip, attend_span keys)
{
    ptrdiff_t row = f->base.special - strip.first;
    psw_rows to = {f->scores.at + row * f->scores.stride, 1, keys.count, f->scores.stride};
    psw_panels_product(other_query(f), attend_key_leaf(f, keys), to);
    if (f->peaks_known) f->peak[row] = peak_of_row(f, f->method->peak(f->base.p), keys, row);
}

static void patch_column(attend_row_pass *f, attend_span strip, attend_span keys)
{
    psw_panels k = {f->other.k, psw_point_width(f->base.p), 1};
    psw_rows column = {f->scores.at + (f->base.special - keys.first), strip.count, 1, f->scores.stride};
    psw_panels_product(queries(f, strip), k, column);
    f->peaks_known = false;
    if (!attend_span_has(strip, f->base.special)) return;
    ptrdiff_t corner = (f->base.special - strip.first) * f->scores.stride;
    psw_panels_product(other_query(f), k, (psw_rows){column.at + corner, 1, 1, f->scores.stride});
}

static psw_status use_other_set(attend_row_pass *f, attend_span strip, attend_span keys, attend_tile_use use)
{
    if (f->method->peak && attend_span_has(strip, f->base.special)) patch_row(f, strip, keys);
    if (f->method->peak && attend_span_has(keys, f->base.special)) patch_column(f, strip, keys);
    return use(f, strip, keys, 1, 1);
}

static void make_scores(attend_row_pass *f, attend_span strip, attend_span keys)
{
    psw_rows scores = shaped(f->scores, strip.count, keys.count);
    psw_panels leaf = attend_key_leaf(f, keys);
    if (f->peaks_known)
        psw_panels_product_peaks(queries(f, strip), leaf, scores, f->method->peak(f->base.p), f->peak);
    else
        psw_panels_product(queries(f, strip), leaf, scores);
}

psw_status attend_rows_scores(attend_row_pass *f, attend_span strip, attend_span leaf, attend_tile_use use)
{
    attend_span keys = look(f, strip, leaf);
    bool scored = f->method->peak, query = scored && attend_span_has(strip, f->base.special);
    bool differ = query || attend_span_has(keys, f->base.special);
    if (scored) make_scores(f, strip, keys);
    PSW_TRY(use(f, strip, keys, 0, differ ? 0 : f->base.sets - 1));
    return f->base.sets > 1 && differ ? use_other_set(f, strip, keys, use) : PSW_OK;
}

psw_status attend_rows_tile(attend_row_pass *f, attend_span strip, attend_span leaf)
{
    return attend_rows_scores(f, strip, leaf, add_points);
}
