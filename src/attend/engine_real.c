/* The engine of one precision: what all kinds of attention have in common, and one table per kind. */
#include <string.h>

#include "attend/decode.h"
#include "attend/landmarks.h"
#include "attend/rows.h"
#include "attend/scores.h"
#include "attend/states.h"

static const attend_kind *kind_of(const psw_group *group)
{
    static const attend_kind *const kinds[] = {[PSW_ROW_FOLD] = &attend_rows_kind,
                                               [PSW_STATE_FOLD] = &attend_states_kind,
                                               [PSW_ONE_RANK] = &attend_scores_kind};
    if (group->points->mode == PSW_DECODE) return &attend_decode_kind;
    if (psw_point_folds(group->points) == PSW_FOLDS_LANDMARKS) return &attend_landmarks_kind;
    return kinds[psw_attend_kind(group->points)];
}

static void set_head(psw_attention *a, const psw_group *group, const psw_given *given)
{
    a->kind = kind_of(group);
    attend_set_head(a, group, given);
}

static size_t bytes(const psw_group *group, const psw_route *route)
{
    psw_arena counting = psw_arena_counting();
    psw_given all = {.sets = psw_data_sets(group->points), .route = route};
    union { /* a place for any kind while its memory is counted */
        psw_attention base;
        attend_row_pass rows;
        attend_state_pass states;
        attend_landmarks landmarks;
        attend_scores scores;
        attend_decode decode;
    } any;
    memset(&any, 0, sizeof any);
    set_head(&any.base, group, &all);
    psw_arena_take(&counting, 1, any.base.kind->bytes);
    any.base.kind->lay(&any.base, &all, &counting);
    return counting.high;
}

static psw_message_bytes message_bytes(const psw_group *group)
{
    return kind_of(group)->message_bytes(group, psw_data_sets(group->points));
}

static double done_flops(const psw_group *group, int sets)
{
    return kind_of(group)->done_flops(group, sets);
}

static psw_status check(const psw_group *group)
{
    for (ptrdiff_t i = 0; i < group->count; i++) PSW_TRY(psw_attend_check(&group->points[i]));
    if (psw_attend_kind(group->points) == PSW_STATE_FOLD && group->count > 1)
        return PSW_FAIL(PSW_BUG, "a group of %td sketches", group->count);
    return PSW_OK;
}

static void release(psw_attention *a)
{
    if (a->kind->close) a->kind->close(a);
    a->arena->used = a->used;
}

static psw_status prepare(const psw_group *group, const psw_given *given, psw_arena *arena, psw_attention **attention)
{
    size_t used = arena->used;
    PSW_TRY(check(group));
    const attend_kind *kind = kind_of(group);
    psw_attention *a = *attention = psw_arena_take(arena, 1, kind->bytes);
    if (!a) {
        psw_status status = psw_arena_check(arena);
        arena->used = used;
        return status;
    }
    memset(a, 0, kind->bytes);
    set_head(a, group, given);
    a->arena = arena;
    a->used = used;
    psw_status status = kind->lay(a, given, arena);
    if (status == PSW_OK) status = kind->load(a, given);
    if (status != PSW_OK) release(a);
    return status;
}

static psw_status reload(psw_attention *a, const psw_given *given)
{
    return a->kind->load(a, given);
}

static psw_status redraw(psw_attention *a, ptrdiff_t draw, psw_watch watch)
{
    return a->kind->redraw ? a->kind->redraw(a, draw, watch) : PSW_OK;
}

static psw_status pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    return a->kind->pass(a, watch, sink, context);
}

static psw_status attend(const psw_group *group, const psw_given *given, psw_arena *arena, psw_watch watch,
                         psw_leaf_sink sink, void *context)
{
    psw_attention *a;
    psw_given watched = *given;
    watched.watch = watch;
    PSW_TRY(prepare(group, &watched, arena, &a));
    psw_status status = pass(a, watch, sink, context);
    release(a);
    return status;
}

/* ---- teams that share states: as the kind does it ---- */

static void begin(psw_attention *a)
{
    a->kind->states->begin(a);
}

static psw_status total(psw_attention *a, psw_watch watch, psw_states **states)
{
    return a->kind->states->total(a, watch, states);
}

static psw_status overlap(psw_attention *a, psw_watch watch, bool *more)
{
    return a->kind->states->overlap(a, watch, more);
}

static psw_status finish(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    return a->kind->states->finish(a, watch, sink, context);
}

static const psw_state_fold states_of_kind = {begin, total, overlap, finish};

#ifdef PSW_SINGLE
#define NAME "fp32"
#else
#define NAME "fp64"
#endif

extern const psw_engine PSW_PRECISION_NAME(psw_engine);
const psw_engine PSW_PRECISION_NAME(psw_engine) = {
    .name = NAME,
    .real_bytes = sizeof(psw_real),
    .bytes = bytes,
    .message_bytes = message_bytes,
    .done_flops = done_flops,
    .prepare = prepare,
    .redraw = redraw,
    .reload = reload,
    .pass = pass,
    .release = release,
    .attend = attend,
    .rows = &attend_rows_team,
    .states = &states_of_kind,
};
