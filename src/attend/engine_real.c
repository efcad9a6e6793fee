#include "attend/fold.h"
#include "attend/scores.h"
#include "attend/sketched.h"

typedef enum kind { ROWS, SKETCHED, SCORES } kind;

struct psw_attention {
    psw_arena *arena;
    size_t used; /* before it */
    kind kind;
    union {
        psw_fold rows;
        psw_sketched sketched;
        psw_scores scores;
    } of;
};

static kind kind_of(const psw_point *point)
{
    return psw_sketch_has(point->method) ? SKETCHED : point->data_kind == PSW_SCORES ? SCORES : ROWS;
}

/* Into its place: parts of it know each other's addresses. */
static psw_status lay(psw_attention *a, const psw_group *group, const psw_given *given, psw_arena *arena)
{
    a->kind = kind_of(group->points);
    if (a->kind == SKETCHED) return psw_sketched_lay(&a->of.sketched, group->points, given, arena);
    if (a->kind == SCORES)
        a->of.scores = psw_scores_lay(group, given->sets, arena);
    else
        a->of.rows = psw_fold_lay(group, given->sets, arena);
    return psw_arena_check(arena);
}

static void load(psw_attention *a, const psw_given *given)
{
    switch (a->kind) {
    case ROWS: psw_fold_load(&a->of.rows, given->data); break;
    case SKETCHED: psw_sketched_load(&a->of.sketched, given); break;
    case SCORES: psw_scores_load(&a->of.scores, given->data); break;
    }
}

static void release(psw_attention *a)
{
    if (a->kind == SKETCHED) psw_sketched_close(&a->of.sketched);
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

static psw_status check(const psw_group *group)
{
    for (ptrdiff_t i = 0; i < group->count; i++) PSW_TRY(psw_attend_check(&group->points[i]));
    if (kind_of(group->points) == SKETCHED && group->count > 1)
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

static psw_status pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    switch (a->kind) {
    case ROWS: return psw_fold_pass(&a->of.rows, watch, sink, context);
    case SKETCHED: return psw_sketched_pass(&a->of.sketched, watch, sink, context);
    case SCORES: return psw_scores_pass(&a->of.scores, sink, context);
    }
    return PSW_FAIL(PSW_BUG, "an attention of no kind");
}

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
    .prepare = prepare,
    .pass = pass,
    .release = release,
    .attend = attend,
};
