#include "attend/attention.h"

#include <math.h>

#include "attend/finish.h"

void attend_set_head(psw_attention *a, const psw_group *group, const psw_given *given)
{
    const psw_point *p = &group->points[0];
    a->group = group;
    a->p = p;
    a->narrow = psw_point_narrow(p);
    a->route = given->route ? *given->route : psw_attend_route(p, PSW_CHOICE_AUTO, 1, 0);
    a->sets = given->sets;
    a->tokens = psw_data_tokens(p);
    a->leaf = attend_smaller(p->block, a->tokens);
    for (int side = 0; side < PSW_SIDES; side++) {
        a->first[side] = psw_data_first(p, (psw_side)side);
        a->end[side] = psw_data_end(p, (psw_side)side);
    }
    a->leaves = a->route.leaves;
    a->own = psw_route_count(&a->route, a->route.rank);
    a->special = psw_data_sets(p) > 1 ? psw_data_special(p) : -1;
    a->together = 1;
}

void attend_lay_staged(psw_attention *a, psw_arena *arena)
{
    a->staged = psw_arena_take(arena, a->leaf * attend_larger(psw_point_width(a->p), a->p->v), sizeof *a->staged);
}

/* Of all points and sets of a leaf. */
static ptrdiff_t result_rows(const psw_attention *a)
{
    return a->group->count * a->sets * a->leaf;
}

static attend_results results_of(const psw_attention *a, ptrdiff_t row)
{
    row += a->place * result_rows(a);
    return (attend_results){a->out + row * a->p->v, a->mass + row, a->log2_den + row};
}

void attend_lay_results(psw_attention *a, psw_arena *arena)
{
    ptrdiff_t rows = a->together * result_rows(a);
    a->out = attend_reals(arena, rows * a->p->v);
    a->mass = psw_arena_take(arena, rows, sizeof *a->mass);
    a->log2_den = psw_arena_take(arena, rows, sizeof *a->log2_den);
}

/* The first row with a number that is not finite, -1: none. */
static ptrdiff_t overflowed(const double *rows, ptrdiff_t count, ptrdiff_t cols)
{
    for (ptrdiff_t i = 0; i < count * cols; i++)
        if (!isfinite(rows[i])) return i / cols;
    return -1;
}

static void round_staged(psw_attention *a, int set, psw_side side, attend_span rows)
{
    static const char *const sides[] = {[PSW_QUERY] = "queries", [PSW_KEY] = "keys", [PSW_VALUE] = "values"};
    ptrdiff_t cols = side == PSW_VALUE ? a->p->v : psw_point_width(a->p), bad;
    psw_narrow_doubles(a->narrow, a->staged, rows.count * cols);
    if (a->staging != PSW_OK || (bad = overflowed(a->staged, rows.count, cols)) < 0) return;
    a->staging =
        PSW_FAIL(PSW_NOT_FINITE,
                 "row %td of the %s of data set %d has a number that is too large for %s, whose largest is "
                 "%.6g; scale the data down, or take bf16 or fp32",
                 rows.first - a->first[side] + bad, sides[side], set, a->narrow->word, psw_narrow_largest(a->narrow));
}

const double *attend_stage(psw_attention *a, const psw_data *data, int set, psw_side side, attend_span rows)
{
    if (rows.count > 0) psw_data_rows(data, set, side, rows.first - a->first[side], rows.count, a->staged);
    if (rows.count > 0 && a->narrow) round_staged(a, set, side, rows);
    return a->staged;
}

void attend_round(const double *rows, ptrdiff_t count, psw_real *to)
{
    for (ptrdiff_t i = 0; i < count; i++) to[i] = (psw_real)rows[i];
}

void attend_round_weights(const psw_attention *a, psw_rows weights)
{
    for (ptrdiff_t i = 0; i < weights.rows; i++)
        psw_narrow_numbers(a->narrow, weights.at + i * weights.stride, weights.cols);
}

psw_status attend_finish(psw_attention *a, ptrdiff_t pair, attend_span leaf, attend_span rows, const attend_sums *sums)
{
    if (!sums) return PSW_FAIL(PSW_BUG, "rows of queries are finished before all their keys were added");
    attend_results to = results_of(a, pair * leaf.count + rows.first - leaf.first);
    ptrdiff_t bad = attend_finish_rows(*sums, a->p->den_constant, to);
    if (bad < 0) return PSW_OK;
    return PSW_FAIL(PSW_NOT_FINITE, "row %td of data set %d is not finite", rows.first - a->first[PSW_QUERY] + bad,
                    (int)(pair % a->sets));
}

psw_status attend_emit_leaf(const psw_attention *a, ptrdiff_t index, psw_leaf_sink sink, void *context)
{
    attend_span span = attend_side_span(a, PSW_QUERY, index);
    attend_results results = results_of(a, 0);
    psw_leaf leaf = {.first = span.first - a->first[PSW_QUERY],
                     .count = span.count,
                     .index = index,
                     .points = a->group->count,
                     .sets = a->sets,
                     .width = a->p->v,
                     .rows = results.rows,
                     .special = a->special < 0 ? NULL : results.mass,
                     .log2_den = results.log2_den};
    return span.count > 0 ? sink(context, &leaf) : PSW_OK;
}
