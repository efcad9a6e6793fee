/* The pass over the blocks of a sequence. */
#include "attend/states.h"

/* ---- rows ---- */

psw_status attend_states_exact(attend_state_pass *f, ptrdiff_t block, psw_watch watch)
{
    attend_row_pass *near = f->near;
    attend_span rows = attend_block_part(f, PSW_QUERY, block);
    ptrdiff_t before = rows.first - attend_block_span(f, block).first;
    near->origin = block / f->stretch * f->stretch;
    for (ptrdiff_t first = 0; first < rows.count; first += near->strip) {
        ptrdiff_t left = rows.count - first;
        attend_span strip = {rows.first + first, left < near->strip ? left : near->strip};
        PSW_TRY(attend_rows_strip(near, strip, block + 1, watch));
        for (int s = 0; s < f->base.sets; s++) {
            const attend_sums *sums = attend_tree_root(&near->tree[0][s]);
            if (!sums) return PSW_FAIL(PSW_BUG, "a strip of queries lacks some of its keys");
            attend_sums_merge(attend_sums_part(f->sums[s], before + first, strip.count), *sums);
        }
    }
    return PSW_OK;
}

psw_status attend_states_block(attend_state_pass *f, ptrdiff_t block, bool same_as_d0, psw_watch watch,
                               psw_leaf_sink sink, void *context)
{
    attend_span span = attend_block_span(f, block), queries = attend_block_part(f, PSW_QUERY, block);
    ptrdiff_t place = psw_route_place(&f->base.route, block);
    const attend_sums *near = place < f->team.overlapped ? f->team.near + place * f->base.sets : NULL;
    attend_reach reach = f->base.p->mask == PSW_FULL || f->near || near ? PSW_FAR : PSW_NEAR_AND_FAR;
    PSW_TRY(psw_watch_ask(watch));
    if (queries.count == 0) return PSW_OK;
    for (int s = 0; s < f->base.sets; s++) {
        f->sums[s].rows = span.count;
        if (same_as_d0 && s > 0) {
            attend_sums_copy(f->sums[s], f->sums[0]);
        } else {
            attend_states_read(f, s, block, reach, f->sums[s]);
            if (near) attend_sums_merge(f->sums[s], near[s]);
        }
    }
    if (f->near && !near) PSW_TRY(attend_states_exact(f, block, watch));
    for (int s = 0; s < f->base.sets; s++) {
        attend_sums sums = attend_sums_part(f->sums[s], queries.first - span.first, queries.count);
        PSW_TRY(attend_finish(&f->base, s, queries, queries, &sums));
    }
    return attend_emit_leaf(&f->base, block, sink, context);
}

psw_status attend_states_full(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    f->token_in = f->base.special >= 0;
    for (ptrdiff_t i = 0; i < f->base.own; i++) {
        ptrdiff_t block = psw_route_leaf(&f->base.route, f->base.route.rank, i);
        PSW_TRY(attend_states_block(f, block, false, watch, sink, context));
    }
    return PSW_OK;
}

/* ---- states ---- */

static void set_all_readable(attend_state_pass *f)
{
    for (int s = 0; s < f->base.sets; s++) attend_states_set_readable(f, s, &f->state[s]);
}

/* The states of all keys, made readable. The block of j3 comes last, once for each set. */
static psw_status walk_keys(attend_state_pass *f, psw_watch watch)
{
    ptrdiff_t last = f->base.special < 0 ? f->base.leaves - 1 : f->base.special / f->base.leaf;
    for (ptrdiff_t i = 0; i < f->base.leaves; i++) {
        PSW_TRY(psw_watch_ask(watch));
        if (i != last) attend_states_total(f, 0, i, &f->state[0], NULL);
    }
    for (int s = f->base.sets - 1; s >= 0; s--) {
        if (s > 0) attend_state_copy(&f->state[s], &f->state[0]);
        attend_states_total(f, s, last, &f->state[s], NULL);
    }
    set_all_readable(f);
    return PSW_OK;
}

psw_status attend_states_stretch(attend_state_pass *f, psw_leaves stretch, bool same_as_d0, psw_watch watch,
                                 psw_leaf_sink sink, void *context)
{
    for (ptrdiff_t i = stretch.first; i < stretch.first + stretch.count; i++)
        PSW_TRY(attend_states_block(f, i, same_as_d0, watch, sink, context));
    return PSW_OK;
}

ptrdiff_t attend_states_divergence(const attend_state_pass *f)
{
    return f->base.special < 0 ? f->base.leaves : f->base.special / f->base.leaf / f->stretch * f->stretch;
}

/* Adds the blocks of a stretch to the states of the first `sets` sets, and makes them readable. */
static void advance(attend_state_pass *f, psw_leaves stretch, int sets)
{
    ptrdiff_t next = stretch.first + stretch.count;
    for (int s = 0; s < sets; s++)
        for (ptrdiff_t i = stretch.first; i < next; i++) attend_states_total(f, s, i, &f->state[s], NULL);
    if (sets < f->base.sets && next >= attend_states_divergence(f)) attend_state_copy(&f->state[1], &f->state[0]);
    set_all_readable(f);
}

/* D_1 is the same as D_0 up to the stretch of j3. */
psw_status attend_states_walk(attend_state_pass *f, psw_leaves span, psw_watch watch, psw_leaf_sink sink, void *context)
{
    ptrdiff_t divergence = attend_states_divergence(f), end = span.first + span.count;
    for (ptrdiff_t first = span.first; first < end; first += f->stretch) {
        psw_leaves stretch = {first, end - first < f->stretch ? end - first : f->stretch};
        bool same_as_d0 = first < divergence;
        f->token_in = first > divergence;
        PSW_TRY(attend_states_stretch(f, stretch, same_as_d0, watch, sink, context));
        if (first + stretch.count < end) advance(f, stretch, same_as_d0 ? 1 : f->base.sets);
    }
    return PSW_OK;
}

/* Blocks are mapped again in every pass: it is part of what is timed. */
void attend_states_reset(attend_state_pass *f)
{
    f->q.block = -1;
    f->token_in = false;
    f->team.overlapped = 0;
    for (ptrdiff_t i = 0; f->team.keys && i < f->base.own; i++) f->team.keys[i].block = -1;
    for (int s = 0; s < f->base.sets; s++) {
        f->k[s].block = -1;
        f->reading_exponent[s] = PSW_EMPTY;
        attend_state_clear(&f->state[s]);
    }
}

psw_status attend_states_pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_state_pass *f = (attend_state_pass *)a;
    attend_states_reset(f);
    if (a->p->mask != PSW_FULL) return attend_states_walk(f, (psw_leaves){0, a->leaves}, watch, sink, context);
    PSW_TRY(walk_keys(f, watch));
    return attend_states_full(f, watch, sink, context);
}
