/* The pass over the blocks of a sequence. */
#include "attend/finish.h"
#include "attend/states.h"

/* ---- rows ---- */

psw_status attend_states_exact(attend_state_pass *f, ptrdiff_t block, psw_watch watch)
{
    attend_row_pass *near = f->near;
    attend_span rows = attend_block_span(f, block);
    near->origin = block / f->stretch * f->stretch;
    for (ptrdiff_t first = 0; first < rows.count; first += near->strip) {
        ptrdiff_t left = rows.count - first;
        attend_span strip = {rows.first + first, left < near->strip ? left : near->strip};
        for (int s = 0; s < f->sets; s++) attend_tree_begin(&near->tree[0][s], block - near->origin + 1, strip.count);
        for (ptrdiff_t k = near->origin; k <= block; k++) {
            PSW_TRY(psw_watch_ask(watch));
            PSW_TRY(attend_rows_tile(near, strip, attend_leaf_span(near, k)));
        }
        for (int s = 0; s < f->sets; s++) {
            const attend_sums *sums = attend_tree_root(&near->tree[0][s]);
            if (!sums) return PSW_FAIL(PSW_BUG, "a strip of queries has not met all its keys");
            attend_sums_merge(attend_sums_part(f->sums[s], first, strip.count), *sums);
        }
    }
    return PSW_OK;
}

static psw_status finish(attend_state_pass *f, int set, attend_span span)
{
    ptrdiff_t first = set * span.count;
    attend_results to = {f->out + first * f->p->v, f->mass + first, f->log2_den + first};
    ptrdiff_t bad = attend_finish_rows(f->sums[set], f->p->den_constant, to);
    return bad < 0 ? PSW_OK : PSW_FAIL(PSW_NOT_FINITE, "row %td of data set %d is not finite", span.first + bad, set);
}

psw_status attend_states_attend(attend_state_pass *f, ptrdiff_t block, bool alike, const attend_sums *near,
                                psw_watch watch)
{
    attend_span span = attend_block_span(f, block);
    attend_reach reach = f->p->mask == PSW_FULL || f->near || near ? PSW_FAR : PSW_NEAR_AND_FAR;
    PSW_TRY(psw_watch_ask(watch));
    for (int s = 0; s < f->sets; s++) {
        f->sums[s].rows = span.count;
        if (alike && s > 0) {
            attend_sums_copy(f->sums[s], f->sums[0]);
        } else {
            attend_states_read(f, s, block, reach, f->sums[s]);
            if (near) attend_sums_merge(f->sums[s], near[s]);
        }
    }
    if (f->near && !near) PSW_TRY(attend_states_exact(f, block, watch));
    for (int s = 0; s < f->sets; s++) PSW_TRY(finish(f, s, span));
    return PSW_OK;
}

psw_status attend_states_emit_leaf(const attend_state_pass *f, ptrdiff_t block, psw_leaf_sink sink, void *context)
{
    attend_span span = attend_block_span(f, block);
    psw_leaf leaf = {span.first, span.count, block, 1, f->sets, f->p->v, f->out, f->special < 0 ? NULL : f->mass,
                     f->log2_den};
    return sink(context, &leaf);
}

/* ---- states ---- */

static void publish(attend_state_pass *f)
{
    for (int s = 0; s < f->sets; s++) attend_states_set_readable(f, s, &f->state[s]);
}

/* Every key; the block of j3 comes last, once for each set. */
static psw_status walk_keys(attend_state_pass *f, psw_watch watch)
{
    ptrdiff_t last = f->special < 0 ? f->blocks - 1 : f->special / f->block;
    for (ptrdiff_t i = 0; i < f->blocks; i++) {
        PSW_TRY(psw_watch_ask(watch));
        if (i != last) attend_states_total(f, 0, i, &f->state[0], NULL);
    }
    for (int s = f->sets - 1; s >= 0; s--) {
        if (s > 0) attend_state_copy(&f->state[s], &f->state[0]);
        attend_states_total(f, s, last, &f->state[s], NULL);
    }
    publish(f);
    return PSW_OK;
}

static psw_status full(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    PSW_TRY(walk_keys(f, watch));
    f->token_in = f->special >= 0;
    for (ptrdiff_t i = 0; i < f->blocks; i++) {
        PSW_TRY(attend_states_attend(f, i, false, NULL, watch));
        PSW_TRY(attend_states_emit_leaf(f, i, sink, context));
    }
    return PSW_OK;
}

psw_status attend_states_stretch(attend_state_pass *f, psw_leaves stretch, bool alike, psw_watch watch,
                                 psw_leaf_sink sink, void *context)
{
    for (ptrdiff_t i = stretch.first; i < stretch.first + stretch.count; i++) {
        ptrdiff_t place = psw_route_place(&f->route, i);
        PSW_TRY(
            attend_states_attend(f, i, alike, place < f->team.ahead ? f->team.near + place * f->sets : NULL, watch));
        PSW_TRY(attend_states_emit_leaf(f, i, sink, context));
    }
    return PSW_OK;
}

ptrdiff_t attend_states_divergence(const attend_state_pass *f)
{
    return f->special < 0 ? f->blocks : f->special / f->block / f->stretch * f->stretch;
}

/* Adds the blocks of a stretch to the states of the first `sets` sets, and publishes. */
static void advance(attend_state_pass *f, psw_leaves stretch, int sets)
{
    ptrdiff_t next = stretch.first + stretch.count;
    for (int s = 0; s < sets; s++)
        for (ptrdiff_t i = stretch.first; i < next; i++) attend_states_total(f, s, i, &f->state[s], NULL);
    if (sets < f->sets && next >= attend_states_divergence(f)) attend_state_copy(&f->state[1], &f->state[0]);
    publish(f);
}

/* D_1 is D_0 up to the stretch of j3. */
psw_status attend_states_walk(attend_state_pass *f, psw_leaves span, psw_watch watch, psw_leaf_sink sink, void *context)
{
    ptrdiff_t parting = attend_states_divergence(f), end = span.first + span.count;
    for (ptrdiff_t first = span.first; first < end; first += f->stretch) {
        psw_leaves stretch = {first, end - first < f->stretch ? end - first : f->stretch};
        bool alike = first < parting;
        f->token_in = first > parting;
        PSW_TRY(attend_states_stretch(f, stretch, alike, watch, sink, context));
        if (first + stretch.count < end) advance(f, stretch, alike ? 1 : f->sets);
    }
    return PSW_OK;
}

/* Mapping is part of every pass. */
void attend_states_reset(attend_state_pass *f)
{
    f->q.block = -1;
    f->token_in = false;
    f->team.ahead = 0;
    for (ptrdiff_t i = 0; f->team.keys && i < f->own; i++) f->team.keys[i].block = -1;
    for (int s = 0; s < f->sets; s++) {
        f->k[s].block = -1;
        f->reading_exponent[s] = PSW_EMPTY;
        attend_state_clear(&f->state[s]);
    }
}

psw_status attend_states_pass(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_states_reset(f);
    if (f->p->mask == PSW_FULL) return full(f, watch, sink, context);
    return attend_states_walk(f, (psw_leaves){0, f->blocks}, watch, sink, context);
}
