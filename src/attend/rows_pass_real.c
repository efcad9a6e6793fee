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

/* ---- by threads ---- */

/* Of equal scores the one that one thread would have seen first counts. */
static void join_smallest(attend_row_pass *f)
{
    attend_row_pass *best = f;
    for (int i = 1; i < f->threads; i++) {
        attend_row_pass *other = attend_rows_own(f, i);
        bool earlier = other->smallest.z == best->smallest.z && other->smallest_part < best->smallest_part;
        if (other->smallest.z < best->smallest.z || earlier) best = other;
    }
    f->smallest = best->smallest;
}

psw_status attend_rows_threads(attend_row_pass *f, ptrdiff_t parts, psw_watch watch, psw_thread_work work,
                               void *context)
{
    for (int i = 0; i < f->threads; i++) {
        attend_row_pass *own = attend_rows_own(f, i);
        own->current_queries = f->current_queries;
        own->smallest = f->smallest;
        own->smallest_part = parts;
    }
    psw_status status = psw_threads_run(f->threads, parts, watch, work, context);
    join_smallest(f);
    return status;
}

/* Own leaves whose strips are taken together. */
typedef struct together {
    attend_row_pass *f;
    ptrdiff_t first; /* place of the first one */
} together;

static ptrdiff_t leaf_at(const together *t, ptrdiff_t i)
{
    return psw_route_leaf(&t->f->base.route, t->f->base.route.rank, t->first + i);
}

static psw_status part(void *context, int thread, ptrdiff_t number, psw_watch watch)
{
    const together *t = context;
    attend_row_pass *own = attend_rows_own(t->f, thread);
    ptrdiff_t strips = attend_strips(own);
    own->base.place = number / strips;
    attend_span leaf = attend_query_span(own, leaf_at(t, own->base.place));
    attend_span strip = attend_strip_span(own, leaf, number % strips);
    double least = own->smallest.z;
    if (strip.count > 0) PSW_TRY(one_strip(own, leaf, strip, watch));
    if (own->smallest.z < least) own->smallest_part = number;
    return PSW_OK;
}

psw_status attend_rows_pass(attend_row_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    together t = {f, 0};
    for (ptrdiff_t count; t.first < f->base.own; t.first += count) {
        count = attend_smaller(f->base.together, f->base.own - t.first);
        PSW_TRY(attend_rows_threads(f, count * attend_strips(f), watch, part, &t));
        for (f->base.place = 0; f->base.place < count; f->base.place++)
            PSW_TRY(attend_emit_leaf(&f->base, leaf_at(&t, f->base.place), sink, context));
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
