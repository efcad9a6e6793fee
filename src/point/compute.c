/* Slots become records: groups of points that share tiles are computed, and their results put into columns.
 * */
#include <math.h>

#include "point/group.h"
#include "point/spent.h"

/* ---- records ---- */

psw_status psw_compute_theory(const psw_study *study, psw_watch watch, psw_record *record)
{
    record->theory = psw_theory_point_watched(&record->point, watch);
    PSW_TRY(psw_watch_ask(watch));
    psw_study_predictions(study, &record->point, record->predict);
    return PSW_OK;
}

/* A point's share of what its group is predicted to take. */
static void fill_predicted(const psw_comm *team, const psw_group *group, const point_plan *plan, const psw_cost *cost,
                           psw_cost_columns *c)
{
    double count = (double)group->count;
    c->predicted_pass_s = plan->cost.repeat_s / (count * psw_data_sets(group->points));
    c->predicted_s =
        team->size == 1 ? cost->extra_s + (cost->predicted_s - cost->extra_s) / count : plan->cost.seconds / count;
}

static void fill_time(const psw_computer *computer, const psw_group *group, const point_results *r, psw_cost_columns *c)
{
    psw_timer *timer = computer->timer;
    c->timing = group->count == 1 ? PSW_TIMING_ALONE : PSW_TIMING_SHARED;
    c->time_median_s = r->pass_s / ((double)group->count * psw_data_sets(group->points));
    if (!timer) return;
    psw_interval interval = psw_repeat_interval(&timer->repeat);
    c->time_median_s = psw_repeat_median(&timer->repeat);
    c->time_lo_s = interval.lo;
    c->time_hi_s = interval.hi;
    c->time_stop = (int)timer->stop;
}

static void fill_cost(const psw_comm *team, const psw_computer *computer, const psw_group *group,
                      const point_plan *plan, const point_results *r, psw_record *record)
{
    const psw_point *point = &record->point;
    double count = (double)group->count;
    psw_cost cost = psw_cost_point(computer->rates, group->points);
    psw_cost_columns *c = &record->cost;
    fill_time(computer, group, r, c);
    c->io_s = r->keep_s / count;
    c->head_s = r->head_s / count;
    c->wait_s = r->wait_s / count;
    c->flops = cost.flops;
    c->head_flops = cost.head_flops;
    if (psw_judge_ends(point)) /* of the trials there were */
        c->head_flops =
            2 * psw_judge_flops(point) / (double)psw_judge_trials(point) * (double)record->verdict.trials_done;
    c->bytes = cost.bytes;
    int sets = psw_data_sets(point);
    c->gflops = psw_attend_done_flops(group, sets) / count / sets / c->time_median_s / 1e9;
    c->peak_gflops = computer->product_flops_s[psw_point_single(point)] / 1e9;
    c->memory_bytes = r->memory_bytes;
    fill_predicted(team, group, plan, &cost, c);
    c->predicted_bytes = r->predicted_bytes;
}

/* Useful time of the ranks against each other and against elapsed time (POP's hierarchy). */
static void fill_parallel(const psw_comm *team, const point_results *r, psw_parallel_columns *c)
{
    c->load_balance = r->busiest_s > 0 ? r->busy_s / team->size / r->busiest_s : NAN;
    c->comm_efficiency = r->pass_s > 0 ? r->busiest_s / r->pass_s : NAN;
    c->parallel_efficiency = c->load_balance * c->comm_efficiency;
    c->sent_bytes = r->sent_bytes;
    c->comm_s = r->comm_s;
}

static void fill_done(const psw_comm *team, const psw_computer *computer, const psw_group *group,
                      const point_plan *plan, const point_results *r, psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        psw_record *record = &records[i];
        record->verdict = r->verdicts[i];
        record->recall = r->recall[i];
        record->sketch = r->sketch;
        record->reference = r->reference;
        record->decode = point_decode_columns(&group->points[i], r->decode_s);
        record->slot.content_checksum = r->kept[i];
        record->success_z = psw_binomial_z((double)record->verdict.successes, (double)record->verdict.trials_done,
                                           record->theory.success);
        fill_cost(team, computer, group, plan, r, record);
        fill_parallel(team, r, &record->parallel);
        record->slot.status = PSW_SLOT_DONE;
    }
}

/* Reported by the first rank of the team. */
static void give_up(const psw_comm *team, psw_computer *computer, psw_slot_status how, psw_status why, ptrdiff_t slot,
                    psw_record *record)
{
    record->slot.status = how;
    record->slot.error_code = why;
    if (team->rank == 0 && computer->failed) computer->failed(computer->context, slot, why);
}

/* For the calling rank. */
static psw_status room_for(psw_computer *computer, const psw_comm *team, const psw_point *point, size_t bytes)
{
    psw_arena *arena = &computer->arena;
    bool limited = computer->memory_bytes > 0;
    if (point->team > team->size && !computer->any_team)
        return PSW_FAIL(PSW_USAGE,
                        "needs a team of %td ranks, the job has %d: start it with more (mpirun -n %td), then "
                        "run --redo failed",
                        point->team, team->size, point->team);
    if (limited && psw_sketch_has(point)) PSW_TRY(psw_sketch_fits(point, computer->memory_bytes));
    if (limited && (double)bytes > computer->memory_bytes)
        return PSW_FAIL(
            PSW_NO_MEMORY, "needs %.1f MiB on each of %d rank%s, a rank may have %.1f MiB (run.memory_per_rank)",
            (double)bytes / 1048576, team->size, team->size > 1 ? "s" : "", computer->memory_bytes / 1048576);
    if (arena->base && arena->size >= bytes) return PSW_OK;
    psw_arena_destroy(arena);
    return psw_arena_create(bytes, arena);
}

/* A group that is too large or fails is tried point by point, so that only the point at fault suffers. `begun`: of the
 * calling rank. */
static psw_status fill_group(const psw_comm *team, psw_computer *computer, const psw_group *group,
                             const ptrdiff_t *slots, psw_status begun, psw_record *records)
{
    point_results r;
    psw_timer *timer = computer->timer;
    if (timer) psw_timer_begin(timer);
    point_plan plan = point_plan_of(team, computer, group);
    if (begun == PSW_OK) begun = room_for(computer, team, group->points, plan.bytes);
    psw_status room = psw_comm_agree(team, begun);
    psw_status status = room == PSW_OK ? point_group_compute(team, computer, group, slots, &plan, &r) : room;
    if (timer) status = psw_timer_agree(timer, status);
    if (status == PSW_STOPPED || status == PSW_BUG) return status;
    if (status == PSW_OK) {
        fill_done(team, computer, group, &plan, &r, records);
    } else if (group->count == 1) {
        psw_slot_status how = room != PSW_OK          ? PSW_SLOT_SKIPPED
                              : status == PSW_TIMEOUT ? PSW_SLOT_TIMEOUT
                                                      : PSW_SLOT_FAILED;
        give_up(team, computer, how, status, slots[0], records);
    } else {
        for (ptrdiff_t i = 0; i < group->count; i++) {
            psw_group one = {&group->points[i], 1};
            PSW_TRY(fill_group(team, computer, &one, &slots[i], PSW_OK, &records[i]));
        }
    }
    return PSW_OK;
}

/* For the calling rank. */
static psw_status begin_members(const psw_computer *computer, const psw_group *group, psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        records[i] = psw_record_blank(&group->points[i]);
        records[i].slot.random_version = psw_data_random_version(&group->points[i]);
        PSW_TRY(psw_compute_theory(computer->study, computer->watch, &records[i]));
        records[i].slot.status = PSW_SLOT_DONE;
    }
    return PSW_OK;
}

/* Records have the points as they were asked for, the group those that are computed. */
static psw_status compute_members(const psw_comm *team, psw_computer *computer, psw_point *points, ptrdiff_t count,
                                  const ptrdiff_t *slots, psw_record *records)
{
    psw_group group = {points, count};
    psw_status begun = begin_members(computer, &group, records);
    if (!psw_method_computes(points[0].method)) return psw_comm_agree(team, begun);
    if (begun == PSW_OK) begun = psw_inputs_whole(computer->inputs, points, count);
    return fill_group(team, computer, &group, slots, begun, records);
}

psw_status psw_compute(const psw_comm *team, psw_computer *computer, const psw_slots *slots, psw_record *records)
{
    psw_point points[PSW_GROUP_MAX];
    ptrdiff_t members, own[PSW_GROUP_MAX];
    point_spent spent = point_spent_begin(computer);
    for (ptrdiff_t at = 0; at < slots->count; at += members) {
        members = psw_group_fill(computer->study, slots, at, points);
        for (ptrdiff_t i = 0; i < members; i++) own[i] = psw_slots_at(slots, at + i);
        PSW_TRY(compute_members(team, computer, points, members, own, records + at));
        point_spent_group(&spent, records + at, members);
    }
    return point_spent_end(&spent, team, records, slots->count);
}
