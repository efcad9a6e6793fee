/* One pass over the queries: leaf by leaf, strip by strip, each meeting every key leaf that it sees. */
#include "attend/finish.h"
#include "attend/fold.h"

static psw_status finish_strip(psw_fold *f, psw_span query, psw_span strip)
{
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++) {
            const psw_sums *sums = psw_tree_root(&f->tree[i][s]);
            if (!sums) return PSW_FAIL(PSW_BUG, "a strip of queries has not met all its keys");
            ptrdiff_t first = (i * f->sets + s) * query.count + strip.first - query.first;
            psw_results to = {f->rows + first * f->p->v, f->mass + first, f->log2_den + first};
            ptrdiff_t bad = psw_finish_rows(*sums, f->p->den_constant, to);
            if (bad >= 0)
                return PSW_FAIL(PSW_NOT_FINITE, "row %td of data set %d is not finite at beta %g", strip.first + bad, s,
                                f->group->points[i].beta);
        }
    return PSW_OK;
}

/* Key leaves that a query leaf sees. */
static ptrdiff_t leaves_seen(const psw_fold *f, ptrdiff_t query)
{
    return f->p->mask == PSW_CAUSAL ? query + 1 : f->leaves;
}

static psw_status walk_strip(psw_fold *f, ptrdiff_t query, psw_span strip, psw_watch watch)
{
    ptrdiff_t leaves = leaves_seen(f, query);
    for (ptrdiff_t i = 0; i < f->group->count; i++)
        for (int s = 0; s < f->sets; s++) psw_tree_begin(&f->tree[i][s], leaves, strip.count);
    for (ptrdiff_t k = 0; k < leaves; k++) {
        if (watch.ask && watch.ask(watch.context)) return PSW_FAIL(PSW_STOPPED, "attention was asked to stop");
        PSW_TRY(psw_fold_tile(f, strip, psw_leaf_span(f, k)));
    }
    return finish_strip(f, psw_leaf_span(f, query), strip);
}

static psw_status walk_leaf(psw_fold *f, ptrdiff_t query, psw_watch watch)
{
    psw_span leaf = psw_leaf_span(f, query);
    for (ptrdiff_t first = 0; first < leaf.count; first += f->strip) {
        ptrdiff_t left = leaf.count - first;
        psw_span strip = {leaf.first + first, left < f->strip ? left : f->strip};
        PSW_TRY(walk_strip(f, query, strip, watch));
    }
    return PSW_OK;
}

psw_status psw_fold_pass(psw_fold *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    for (ptrdiff_t i = 0; i < f->leaves; i++) {
        psw_span span = psw_leaf_span(f, i);
        PSW_TRY(walk_leaf(f, i, watch));
        psw_leaf leaf = {span.first, span.count, i,       f->group->count,
                         f->sets,    f->p->v,    f->rows, f->special < 0 ? NULL : f->mass,
                         f->log2_den};
        PSW_TRY(sink(context, &leaf));
    }
    return PSW_OK;
}
