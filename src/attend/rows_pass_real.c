/* One pass over the queries: leaf by leaf, strip by strip, each meeting every key leaf that it sees. */
#include "attend/finish.h"
#include "attend/rows.h"

psw_status attend_rows_finish(attend_row_pass *f, ptrdiff_t point, int set, attend_span query, attend_span strip,
                              const attend_sums *sums)
{
    if (!sums) return PSW_FAIL(PSW_BUG, "a strip of queries has not met all its keys");
    ptrdiff_t first = (point * f->sets + set) * query.count + strip.first - query.first;
    attend_results to = {f->rows + first * f->p->v, f->mass + first, f->log2_den + first};
    ptrdiff_t bad = attend_finish_rows(*sums, f->p->den_constant, to);
    if (bad < 0) return PSW_OK;
    return PSW_FAIL(PSW_NOT_FINITE, "row %td of data set %d is not finite", strip.first + bad, set);
}

psw_status attend_rows_emit_leaf(attend_row_pass *f, ptrdiff_t index, psw_leaf_sink sink, void *context)
{
    attend_span span = attend_leaf_span(f, index);
    psw_leaf leaf = {span.first, span.count, index,   f->group->count,
                     f->sets,    f->p->v,    f->rows, f->special < 0 ? NULL : f->mass,
                     f->log2_den};
    return sink(context, &leaf);
}

static psw_status walk_strip(attend_row_pass *f, attend_span query, attend_span strip, psw_watch watch)
{
    ptrdiff_t leaves = psw_route_seen(&f->route, query.first / f->leaf);
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++) attend_tree_begin(&f->tree[i][s], leaves, strip.count);
    for (ptrdiff_t k = 0; k < leaves; k++) {
        PSW_TRY(psw_watch_ask(watch));
        PSW_TRY(attend_rows_tile(f, strip, attend_leaf_span(f, k)));
    }
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++)
            PSW_TRY(attend_rows_finish(f, i, s, query, strip, attend_tree_root(&f->tree[i][s])));
    return PSW_OK;
}

psw_status attend_rows_pass(attend_row_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    for (ptrdiff_t place = 0; place < f->own; place++) {
        ptrdiff_t index = psw_route_leaf(&f->route, f->route.rank, place);
        attend_span leaf = attend_leaf_span(f, index), strip;
        for (ptrdiff_t i = 0; (strip = attend_strip_span(f, leaf, i)).count > 0; i++)
            PSW_TRY(walk_strip(f, leaf, strip, watch));
        PSW_TRY(attend_rows_emit_leaf(f, index, sink, context));
    }
    return PSW_OK;
}
