/* A run of slots becomes records: groups of points that share tiles, each attended and judged in one pass; a sketch
 * once for each draw of its tables. */
#include <math.h>

#include "cmd/cmd.h"

/* ---- one group ---- */

/* What hears of every leaf, and how long it took. */
typedef struct pass {
    const psw_judge *judge;
    psw_head *head;
    const psw_assessor *assessor; /* NULL: no sketch */
    psw_errors *errors;
    double attend_s, head_s, error_s; /* sums over draws */
} pass;

typedef struct results { /* of a group */
    psw_verdict verdicts[PSW_GROUP_MAX];
    psw_sketch_columns sketch;
    double pass_s, head_s; /* one forward pass of all data sets; head of all draws */
} results;

static psw_status take_leaf(void *context, const psw_leaf *leaf)
{
    pass *p = context;
    double start = psw_clock_s();
    psw_status status = p->judge->take(p->head, leaf);
    double judged = psw_clock_s();
    if (status == PSW_OK && p->assessor) status = p->assessor->take(p->errors, leaf);
    p->head_s += judged - start;
    p->error_s += psw_clock_s() - judged;
    return status;
}

/* The forward pass is what is timed: not making the rows, nor drawing the tables, nor what hears of the leaves. */
static psw_status one_draw(const psw_computer *computer, const psw_group *group, const psw_data *data, psw_tables tables,
                           psw_arena *arena, pass *p)
{
    const psw_engine *engine = psw_engine_of(group->points->precision);
    psw_given given = {.data = data, .sets = psw_data_sets(group->points), .tables = tables};
    psw_attention *attention;
    PSW_TRY(engine->prepare(group, &given, arena, &attention));
    double apart = p->head_s + p->error_s, start = psw_clock_s();
    psw_status status = engine->pass(attention, computer->watch, take_leaf, p);
    p->attend_s += psw_clock_s() - start - (p->head_s + p->error_s - apart);
    engine->release(attention);
    return status;
}

/* What the ranks that share a group have parts of becomes one. A rank that computes alone has the whole. */
static psw_status merge(const psw_merging *list, int count)
{
    (void)list, (void)count;
    return PSW_OK;
}

static psw_status merge_errors(pass *p, psw_errors_stage stage)
{
    psw_merging list[PSW_MERGING_MAX];
    int count;
    for (int phase = 0; (count = p->assessor->merging(p->errors, stage, phase, list)) > 0; phase++)
        PSW_TRY(merge(list, count));
    return PSW_OK;
}

static psw_status merge_verdicts(pass *p)
{
    psw_merging list[PSW_MERGING_MAX];
    return merge(list, p->judge->merging(p->head, list));
}

static const psw_weights *weights_of(const psw_computer *computer, const psw_point *point)
{
    return point->weights > 0 ? &computer->inputs->weights[point->weights - 1] : NULL;
}

static psw_status all_draws(const psw_computer *computer, const psw_group *group, const psw_data *data,
                            psw_arena *arena, pass *p)
{
    const psw_point *point = group->points;
    if (!p->assessor) return one_draw(computer, group, data, (psw_tables){0}, arena, p);
    const psw_weights *weights = weights_of(computer, point);
    PSW_TRY(p->assessor->begin(point, data, weights, NULL, computer->watch, arena, &p->errors));
    PSW_TRY(merge_errors(p, PSW_ERRORS_BEGUN));
    for (ptrdiff_t draw = 0; draw < psw_errors_draws(point); draw++) {
        PSW_TRY(p->assessor->draw(p->errors, draw));
        PSW_TRY(merge_errors(p, PSW_ERRORS_DRAWN));
        p->judge->draw(p->head, draw);
        PSW_TRY(one_draw(computer, group, data, (psw_tables){draw, weights}, arena, p));
    }
    return merge_errors(p, PSW_ERRORS_ENDING);
}

static psw_status attend_and_judge(const psw_computer *computer, const psw_group *group, const psw_data *data,
                                   psw_arena *arena, results *r)
{
    const psw_point *point = group->points;
    bool sketched = psw_sketch_has(point->method);
    pass p = {.judge = psw_judge_of(point->precision),
              .assessor = sketched ? psw_assessor_of(point->precision) : NULL};
    PSW_TRY(p.judge->begin(group, arena, &p.head));
    psw_status status = all_draws(computer, group, data, arena, &p);
    if (status == PSW_OK) status = merge_verdicts(&p);
    r->sketch = psw_sketch_columns_none();
    if (status == PSW_OK) {
        p.judge->end(p.head, r->verdicts);
        if (sketched) p.assessor->end(p.errors, &r->sketch);
        r->pass_s = p.attend_s / (double)(sketched ? psw_errors_draws(point) : 1);
        r->head_s = p.head_s;
        status = psw_arena_check(arena);
    }
    if (sketched) p.assessor->close(p.errors);
    return status;
}

static psw_status compute_group(psw_computer *computer, const psw_group *group, results *r)
{
    psw_data *data;
    computer->arena.used = computer->arena.high = 0;
    PSW_TRY(psw_fault("compute.point"));
    const psw_arrays *arrays = computer->inputs && computer->inputs->has_arrays ? &computer->inputs->arrays : NULL;
    PSW_TRY(psw_data_open(&group->points[0], arrays, &data));
    psw_status status = attend_and_judge(computer, group, data, &computer->arena, r);
    psw_data_close(data);
    return status;
}

/* ---- records ---- */

static void fill_theory(const psw_study *study, psw_record *record)
{
    record->theory = psw_theory_point(&record->point);
    psw_study_predictions(study, &record->point, record->predict);
}

static void fill_cost(const psw_computer *computer, const psw_group *group, const results *r, psw_record *record)
{
    const psw_point *point = &record->point;
    double count = (double)group->count;
    psw_cost cost = psw_cost_point(computer->rates, point);
    psw_cost_columns *c = &record->cost;
    c->timing = group->count == 1 ? PSW_TIMING_ALONE : PSW_TIMING_SHARED;
    c->time_median_s = r->pass_s / (count * psw_data_sets(point));
    c->head_s = r->head_s / count;
    c->flops = cost.flops;
    c->head_flops = cost.head_flops;
    c->bytes = cost.bytes;
    c->gflops = cost.flops / c->time_median_s / 1e9;
    c->peak_gflops = 1e-9 / computer->rates->flop_s[point->precision];
    c->memory_bytes = (double)computer->arena.high;
    c->predicted_s = cost.extra_s + (cost.predicted_s - cost.extra_s) / count; /* its share of what a group shares */
    c->predicted_bytes = (double)psw_memory_group(group, NULL);
}

static void fill_done(const psw_computer *computer, const psw_group *group, const results *r, psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        psw_record *record = &records[i];
        record->verdict = r->verdicts[i];
        record->sketch = r->sketch;
        record->success_z = psw_binomial_z((double)record->verdict.successes, (double)record->point.trials,
                                           record->theory.success);
        fill_cost(computer, group, r, record);
        record->slot.status = PSW_SLOT_DONE;
    }
}

static void give_up(psw_computer *computer, psw_slot_status how, psw_status why, ptrdiff_t slot, psw_record *record)
{
    record->slot.status = how;
    record->slot.error_code = why;
    if (computer->failed) computer->failed(computer->context, slot);
}

/* Outside of every timed region. */
static psw_status take_room(psw_computer *computer, const psw_group *group)
{
    size_t bytes = psw_memory_group(group, NULL);
    psw_arena *arena = &computer->arena;
    const psw_point *point = group->points;
    bool limited = computer->memory_bytes > 0;
    if (limited && psw_sketch_has(point->method)) PSW_TRY(psw_sketch_fits(point, computer->memory_bytes));
    if (limited && (double)bytes > computer->memory_bytes)
        return PSW_FAIL(PSW_NO_MEMORY, "needs %.1f MiB, a rank may have %.1f MiB (run.memory_per_rank)",
                        (double)bytes / 1048576, computer->memory_bytes / 1048576);
    if (arena->base && arena->size >= bytes) return PSW_OK;
    psw_arena_destroy(arena);
    return psw_arena_create(bytes, arena);
}

/* A group that is too large or fails is tried point by point, so that only the point at fault suffers. */
static psw_status fill_group(psw_computer *computer, const psw_group *group, ptrdiff_t slot, psw_record *records)
{
    results r;
    psw_status room = take_room(computer, group);
    psw_status status = room == PSW_OK ? compute_group(computer, group, &r) : room;
    if (status == PSW_STOPPED || status == PSW_BUG) return status;
    if (status == PSW_OK) {
        fill_done(computer, group, &r, records);
    } else if (group->count == 1) {
        psw_slot_status how = room != PSW_OK           ? PSW_SLOT_SKIPPED
                              : status == PSW_TIMEOUT ? PSW_SLOT_TIMEOUT
                                                       : PSW_SLOT_FAILED;
        give_up(computer, how, status, slot, records);
    } else {
        for (ptrdiff_t i = 0; i < group->count; i++) {
            psw_group one = {&group->points[i], 1};
            PSW_TRY(fill_group(computer, &one, slot + i, &records[i]));
        }
    }
    return PSW_OK;
}

static psw_status compute_members(psw_computer *computer, const psw_group *group, ptrdiff_t slot, psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        records[i] = psw_record_blank(&group->points[i]);
        fill_theory(computer->study, &records[i]);
        records[i].slot.status = PSW_SLOT_DONE;
    }
    if (group->points[0].method == PSW_CLOSED_FORM) return PSW_OK;
    return fill_group(computer, group, slot, records);
}

psw_status psw_compute(psw_computer *computer, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    psw_point points[PSW_GROUP_MAX];
    for (ptrdiff_t slot = first; slot < first + count;) {
        psw_group group = {points, psw_group_fill(computer->study, slot, first + count, points)};
        PSW_TRY(compute_members(computer, &group, slot, records + (slot - first)));
        slot += group.count;
    }
    return PSW_OK;
}
