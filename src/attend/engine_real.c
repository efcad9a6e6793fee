#include "attend/rows.h"
#include "attend/scores.h"
#include "attend/states.h"

struct psw_attention {
    psw_arena *arena;
    size_t used; /* before it */
    psw_fold_kind kind;
    psw_route route;
    union {
        attend_row_pass rows;
        attend_state_pass sketched;
        attend_scores scores;
    } of;
};

/* Into its place: parts of it know each other's addresses. */
static psw_status lay(psw_attention *a, const psw_group *group, const psw_given *given, psw_arena *arena)
{
    a->kind = psw_attend_kind(group->points);
    a->route = given->route ? *given->route : psw_attend_route(group->points, PSW_CHOICE_AUTO, 1, 0);
    if (a->kind == PSW_STATE_FOLD) return attend_states_lay(&a->of.sketched, group->points, given, arena);
    if (a->kind == PSW_ROW_FOLD)
        a->of.rows = attend_rows_lay(group, given->sets, &a->route, true, arena);
    else if (a->route.rank == 0)
        a->of.scores = attend_scores_lay(group, given->sets, arena);
    return psw_arena_check(arena);
}

static void load(psw_attention *a, const psw_given *given)
{
    switch (a->kind) {
    case PSW_ROW_FOLD: attend_rows_load(&a->of.rows, given->data); break;
    case PSW_STATE_FOLD: attend_states_load(&a->of.sketched, given); break;
    case PSW_ONE_RANK:
        if (a->route.rank == 0) attend_scores_load(&a->of.scores, given->data);
        break;
    }
}

static void release(psw_attention *a)
{
    if (a->kind == PSW_STATE_FOLD) attend_states_close(&a->of.sketched);
    a->arena->used = a->used;
}

static size_t bytes(const psw_group *group, const psw_route *route)
{
    psw_arena counting = psw_arena_counting();
    psw_given all = {.sets = psw_data_sets(group->points), .route = route};
    psw_attention a;
    psw_arena_take(&counting, 1, sizeof a);
    lay(&a, group, &all, &counting);
    return counting.high;
}

static psw_message_bytes travel(const psw_group *group)
{
    int sets = psw_data_sets(group->points);
    switch (psw_attend_kind(group->points)) {
    case PSW_ROW_FOLD: return attend_rows_message_bytes(group, sets);
    case PSW_STATE_FOLD: return attend_states_message_bytes(group->points, sets);
    case PSW_ONE_RANK: break;
    }
    return (psw_message_bytes){0};
}

static double done_flops(const psw_group *group, int sets)
{
    const psw_point *p = &group->points[0];
    if (psw_attend_kind(p) == PSW_STATE_FOLD) return attend_states_flops(p, sets) * (double)group->count;
    attend_tiles tiles = attend_point_tiles(p, sets);
    return attend_tiles_flops(&tiles, p->d, p->v, group->count);
}

static psw_status check(const psw_group *group)
{
    for (ptrdiff_t i = 0; i < group->count; i++) PSW_TRY(psw_attend_check(&group->points[i]));
    if (psw_attend_kind(group->points) == PSW_STATE_FOLD && group->count > 1)
        return PSW_FAIL(PSW_BUG, "a group of %td sketches", group->count);
    return PSW_OK;
}

static psw_status prepare(const psw_group *group, const psw_given *given, psw_arena *arena, psw_attention **attention)
{
    size_t used = arena->used;
    PSW_TRY(check(group));
    psw_attention *a = *attention = psw_arena_take(arena, 1, sizeof *a);
    if (!a) {
        psw_status status = psw_arena_check(arena);
        arena->used = used;
        return status;
    }
    a->arena = arena;
    a->used = used;
    psw_status status = lay(a, group, given, arena);
    if (status == PSW_OK)
        load(a, given);
    else
        release(a);
    return status;
}

static void reload(psw_attention *a, const psw_given *given)
{
    load(a, given);
}

static void redraw(psw_attention *a, ptrdiff_t draw)
{
    if (a->kind == PSW_STATE_FOLD) attend_states_redraw(&a->of.sketched, draw);
}

static psw_status pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    switch (a->kind) {
    case PSW_ROW_FOLD: return attend_rows_pass(&a->of.rows, watch, sink, context);
    case PSW_STATE_FOLD: return attend_states_pass(&a->of.sketched, watch, sink, context);
    case PSW_ONE_RANK: return a->route.rank == 0 ? attend_scores_pass(&a->of.scores, sink, context) : PSW_OK;
    }
    return PSW_FAIL(PSW_BUG, "an attention of no kind");
}

/* ---- a team ---- */

static void begin(psw_attention *a)
{
    if (a->kind == PSW_ROW_FOLD) attend_rows_begin(&a->of.rows);
    if (a->kind == PSW_STATE_FOLD) attend_states_begin(&a->of.sketched);
}

static psw_payload parcel(psw_attention *a, const psw_transfer *transfer)
{
    return attend_rows_payload(&a->of.rows, transfer);
}

static psw_status meet(psw_attention *a, int step, psw_watch watch)
{
    return attend_rows_compute(&a->of.rows, step, watch);
}

static psw_status arrived(psw_attention *a, const psw_transfer *transfer)
{
    return attend_rows_receive(&a->of.rows, transfer);
}

static psw_status deliver(psw_attention *a, psw_leaves places, psw_watch watch, psw_leaf_sink sink, void *context)
{
    return attend_rows_emit(&a->of.rows, places, watch, sink, context);
}

static psw_status total(psw_attention *a, psw_watch watch, psw_states **states)
{
    *states = &a->of.sketched.team.states;
    return attend_states_totals(&a->of.sketched, watch);
}

static psw_status ahead(psw_attention *a, psw_watch watch, bool *more)
{
    return attend_states_overlap(&a->of.sketched, watch, more);
}

static psw_status rest(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    return attend_states_finish(&a->of.sketched, watch, sink, context);
}

/* ---- alone ---- */

static psw_status attend(const psw_group *group, const psw_data *data, psw_tables tables, psw_arena *arena,
                         psw_watch watch, psw_leaf_sink sink, void *context)
{
    psw_given given = {.data = data, .sets = psw_data_sets(group->points), .tables = tables};
    psw_attention *a;
    PSW_TRY(prepare(group, &given, arena, &a));
    psw_status status = pass(a, watch, sink, context);
    release(a);
    return status;
}

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
    .travel = travel,
    .done_flops = done_flops,
    .prepare = prepare,
    .redraw = redraw,
    .reload = reload,
    .pass = pass,
    .release = release,
    .begin = begin,
    .parcel = parcel,
    .meet = meet,
    .arrived = arrived,
    .deliver = deliver,
    .total = total,
    .ahead = ahead,
    .rest = rest,
    .attend = attend,
};
