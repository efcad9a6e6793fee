/* One pass over the queries: leaf by leaf, strip by strip, each meeting every key leaf that it sees. */
#include "attend/finish.h"
#include "attend/fold.h"

psw_status psw_fold_finish(psw_fold *f, ptrdiff_t point, int set, psw_span query, psw_span strip, const psw_sums *sums)
{
    if (!sums) return PSW_FAIL(PSW_BUG, "a strip of queries has not met all its keys");
    ptrdiff_t first = (point * f->sets + set) * query.count + strip.first - query.first;
    psw_results to = {f->rows + first * f->p->v, f->mass + first, f->log2_den + first};
    ptrdiff_t bad = psw_finish_rows(*sums, f->p->den_constant, to);
    if (bad < 0) return PSW_OK;
    return PSW_FAIL(PSW_NOT_FINITE, "row %td of data set %d is not finite", strip.first + bad, set);
}

psw_status psw_fold_give(psw_fold *f, ptrdiff_t index, psw_leaf_sink sink, void *context)
{
    psw_span span = psw_leaf_span(f, index);
    psw_leaf leaf = {span.first, span.count, index,   f->group->count,
                     f->sets,    f->p->v,    f->rows, f->special < 0 ? NULL : f->mass,
                     f->log2_den};
    return sink(context, &leaf);
}

static psw_status walk_strip(psw_fold *f, psw_span query, psw_span strip, psw_watch watch)
{
    ptrdiff_t leaves = psw_route_seen(&f->route, query.first / f->leaf);
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++) psw_tree_begin(&f->tree[i][s], leaves, strip.count);
    for (ptrdiff_t k = 0; k < leaves; k++) {
        PSW_TRY(psw_watch_ask(watch));
        PSW_TRY(psw_fold_tile(f, strip, psw_leaf_span(f, k)));
    }
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++)
            PSW_TRY(psw_fold_finish(f, i, s, query, strip, psw_tree_root(&f->tree[i][s])));
    return PSW_OK;
}

psw_status psw_fold_pass(psw_fold *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    for (ptrdiff_t place = 0; place < f->own; place++) {
        ptrdiff_t index = psw_route_leaf(&f->route, f->route.rank, place);
        psw_span leaf = psw_leaf_span(f, index), strip;
        for (ptrdiff_t i = 0; (strip = psw_strip_span(f, leaf, i)).count > 0; i++)
            PSW_TRY(walk_strip(f, leaf, strip, watch));
        PSW_TRY(psw_fold_give(f, index, sink, context));
    }
    return PSW_OK;
}
