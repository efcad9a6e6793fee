/* A run of slots becomes records: groups of points that share tiles, each attended and judged in one pass. */
#include <math.h>

#include "cmd/cmd.h"

/* ---- one group ---- */

typedef struct pass {
    const psw_judge *judge;
    psw_head *head;
    double head_s;
} pass;

static psw_status judge_leaf(void *context, const psw_leaf *leaf)
{
    pass *p = context;
    double start = psw_clock_s();
    psw_status status = p->judge->take(p->head, leaf);
    p->head_s += psw_clock_s() - start;
    return status;
}

typedef struct timing {
    double attend_s, head_s;
} timing;

static psw_status attend_and_judge(const psw_group *group, const psw_data *data, psw_arena *arena, psw_watch watch,
                                   psw_verdict *verdicts, timing *took)
{
    const psw_engine *engine = psw_engine_of(group->points[0].precision);
    pass p = {psw_judge_of(group->points[0].precision), NULL, 0};
    PSW_TRY(p.judge->begin(group, arena, &p.head));
    double start = psw_clock_s();
    PSW_TRY(engine->attend(group, data, 0, arena, watch, judge_leaf, &p));
    *took = (timing){psw_clock_s() - start - p.head_s, p.head_s};
    p.judge->end(p.head, verdicts);
    return psw_arena_check(arena);
}

static psw_status compute_group(const psw_group *group, psw_arena *arena, psw_watch watch, psw_verdict *verdicts,
                                timing *took)
{
    psw_data *data;
    arena->used = arena->high = 0;
    PSW_TRY(psw_fault("compute.point"));
    PSW_TRY(psw_data_open(&group->points[0], NULL, &data));
    psw_status status = attend_and_judge(group, data, arena, watch, verdicts, took);
    psw_data_close(data);
    return status;
}

/* ---- records ---- */

static void fill_theory(const psw_study *study, psw_record *record)
{
    record->theory = psw_theory_point(&record->point);
    psw_study_predictions(study, &record->point, record->predict);
}

static void fill_cost(const psw_rates *rates, const psw_group *group, const psw_arena *arena, timing took,
                      psw_record *record)
{
    const psw_point *point = &record->point;
    int sets = psw_data_sets(point);
    psw_cost cost = psw_cost_point(rates, point);
    psw_cost_columns *c = &record->cost;
    c->timing = group->count == 1 ? PSW_TIMING_ALONE : PSW_TIMING_SHARED;
    c->time_median_s = took.attend_s / (double)(group->count * sets);
    c->head_s = took.head_s / (double)group->count;
    c->flops = cost.flops;
    c->head_flops = cost.head_flops;
    c->bytes = cost.bytes;
    c->gflops = cost.flops / c->time_median_s / 1e9;
    c->peak_gflops = 1e-9 / rates->flop_s[point->precision];
    c->memory_bytes = (double)arena->high;
    c->predicted_s = group->count == 1 ? cost.predicted_s : cost.extra_s + (cost.predicted_s - cost.extra_s) / (double)group->count;
    c->predicted_bytes = (double)psw_memory_group(group);
}

static void fill_done(const psw_group *group, const psw_rates *rates, const psw_arena *arena, timing took,
                      const psw_verdict *verdicts, psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        psw_record *record = &records[i];
        record->verdict = verdicts[i];
        record->success_z = psw_binomial_z((double)verdicts[i].successes, (double)record->point.trials,
                                           record->theory.success);
        fill_cost(rates, group, arena, took, record);
        record->slot.status = PSW_SLOT_DONE;
    }
}

static psw_status give_up(psw_computer *computer, psw_status status, ptrdiff_t slot, psw_record *record)
{
    record->slot.status = status == PSW_TIMEOUT ? PSW_SLOT_TIMEOUT : PSW_SLOT_FAILED;
    record->slot.error_code = status;
    if (computer->failed) computer->failed(computer->context, slot);
    return PSW_OK;
}

/* A group that fails is tried point by point, so that only the point at fault is failed. */
static psw_status fill_group(psw_computer *computer, const psw_group *group, ptrdiff_t slot, psw_record *records)
{
    psw_verdict verdicts[PSW_GROUP_MAX];
    timing took = {0, 0};
    psw_status status = compute_group(group, &computer->arena, computer->watch, verdicts, &took);
    if (status == PSW_STOPPED || status == PSW_BUG) return status;
    if (status == PSW_OK) {
        fill_done(group, computer->rates, &computer->arena, took, verdicts, records);
        return PSW_OK;
    }
    if (group->count == 1) return give_up(computer, status, slot, records);
    for (ptrdiff_t i = 0; i < group->count; i++) {
        psw_group one = {&group->points[i], 1};
        PSW_TRY(fill_group(computer, &one, slot + i, &records[i]));
    }
    return PSW_OK;
}

/* Outside of every timed region. */
static psw_status grow(psw_arena *arena, size_t bytes)
{
    if (arena->base && arena->size >= bytes) return PSW_OK;
    psw_arena_destroy(arena);
    return psw_arena_create(bytes, arena);
}

static psw_status compute_members(psw_computer *computer, const psw_group *group, ptrdiff_t slot, psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        records[i] = psw_record_blank(&group->points[i]);
        fill_theory(computer->study, &records[i]);
        records[i].slot.status = PSW_SLOT_DONE;
    }
    if (group->points[0].method == PSW_CLOSED_FORM) return PSW_OK;
    psw_status status = grow(&computer->arena, psw_memory_group(group));
    if (status == PSW_OK) return fill_group(computer, group, slot, records);
    for (ptrdiff_t i = 0; i < group->count; i++) PSW_TRY(give_up(computer, status, slot + i, &records[i]));
    return PSW_OK;
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
