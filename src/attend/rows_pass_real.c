/* One pass over the queries: leaf by leaf, strip by strip, each with every key leaf that it sees. */
#include "attend/rows.h"

static psw_status skip(attend_row_pass *f, ptrdiff_t first, ptrdiff_t end)
{
    for (ptrdiff_t i = 0; first < end && i < f->base.group->count; i++)
        for (int s = 0; s < f->base.sets; s++)
            PSW_TRY(attend_tree_skip(&f->tree[i][s], first - f->origin, end - f->origin));
    return PSW_OK;
}

psw_status attend_rows_leaves(attend_row_pass *f, attend_span strip, psw_leaves leaves, psw_watch watch)
{
    psw_seen seen = psw_attend_seen_by(f->base.p, (psw_tokens){strip.first, strip.count});
    ptrdiff_t next = leaves.first, end = leaves.first + leaves.count;
    for (int i = 0; i < seen.ranges; i++) {
        ptrdiff_t last = (seen.at[i].first + seen.at[i].count - 1) / f->base.leaf;
        ptrdiff_t from = attend_larger(next, seen.at[i].first / f->base.leaf), to = attend_smaller(end, last + 1);
        if (from >= to) continue;
        PSW_TRY(skip(f, next, from));
        for (next = from; next < to; next++) {
            PSW_TRY(psw_watch_ask(watch));
            PSW_TRY(attend_rows_tile(f, strip, attend_key_span(f, next)));
        }
    }
    return skip(f, next, end);
}

psw_status attend_rows_strip(attend_row_pass *f, attend_span strip, ptrdiff_t end, psw_watch watch)
{
    for (ptrdiff_t i = 0; i < f->base.group->count; i++)
        for (int s = 0; s < f->base.sets; s++) attend_tree_begin(&f->tree[i][s], end - f->origin, strip.count);
    return attend_rows_leaves(f, strip, (psw_leaves){f->origin, end - f->origin}, watch);
}

static psw_status one_strip(attend_row_pass *f, attend_span query, attend_span strip, psw_watch watch)
{
    int sets = f->base.sets;
    ptrdiff_t end = psw_route_seen(&f->base.route, query.first / f->base.leaf);
    PSW_TRY(attend_rows_select(f, strip, end, watch));
    PSW_TRY(attend_rows_strip(f, strip, end, watch));
    for (ptrdiff_t i = 0; i < f->base.group->count * sets; i++)
        PSW_TRY(attend_finish(&f->base, i, query, strip, attend_tree_root(&f->tree[i / sets][i % sets])));
    return PSW_OK;
}

psw_status attend_rows_pass(attend_row_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    for (ptrdiff_t place = 0; place < f->base.own; place++) {
        ptrdiff_t index = psw_route_leaf(&f->base.route, f->base.route.rank, place);
        attend_span leaf = attend_query_span(f, index), strip;
        for (ptrdiff_t i = 0; (strip = attend_strip_span(f, leaf, i)).count > 0; i++)
            PSW_TRY(one_strip(f, leaf, strip, watch));
        PSW_TRY(attend_emit_leaf(&f->base, index, sink, context));
    }
    return PSW_OK;
}

/* ---- the table of the kind ---- */

static psw_status lay(psw_attention *a, const psw_given *given, psw_arena *arena)
{
    (void)given;
    attend_rows_lay((attend_row_pass *)a, a->route.size > 1, arena);
    return psw_arena_check(arena);
}

static psw_status load(psw_attention *a, const psw_given *given)
{
    return attend_rows_load((attend_row_pass *)a, given->data, given->watch);
}

static psw_status pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    PSW_TRY(attend_rows_pass((attend_row_pass *)a, watch, sink, context));
    return psw_attend_check_smallest(&((attend_row_pass *)a)->smallest);
}

static double done_flops(const psw_group *group, int sets)
{
    const psw_point *p = &group->points[0];
    attend_entries of = attend_point_entries(p, sets);
    return 2 * (double)psw_point_width(p) * of.products + 2 * (double)p->v * of.weights * (double)group->count;
}

const attend_kind attend_rows_kind = {.bytes = sizeof(attend_row_pass),
                                      .lay = lay,
                                      .load = load,
                                      .pass = pass,
                                      .message_bytes = attend_rows_message_bytes,
                                      .done_flops = done_flops};
