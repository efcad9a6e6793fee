/* A run of slots becomes records: groups of points that share tiles, each attended and judged in one pass; a sketch
 * once for each draw of its tables. */
#include <math.h>

#include "cmd/cmd.h"

/* ---- one group ---- */

/* One group on one rank of a team. */
typedef struct pass {
    psw_computer *computer;
    const psw_comm *team;
    const psw_group *group;
    ptrdiff_t slot; /* of its first point */
    psw_route route;
    double predicted_s, until_s; /* of the group; by the clock */
    const psw_data *data;
    psw_arena *arena;
    const psw_engine *engine;
    psw_attention *attention;
    const psw_judge *judge;
    psw_head *head;
    const psw_assessor *assessor; /* NULL: no sketch */
    psw_errors *errors;
    bool keeping;                   /* rows of this draw are kept */
    double head_s, keep_s;          /* of what hears of the leaves: sums over draws */
    double wait_s;                  /* outside of passes */
    psw_traffic traffic, timed;     /* sums: over draws, over repetitions */
    double passes;                  /* in traffic */
} pass;

typedef struct results { /* of a group; the same on every rank of the team */
    psw_verdict verdicts[PSW_GROUP_MAX];
    psw_sketch_columns sketch;
    double pass_s, busiest_s, comm_s, wait_s, head_s, keep_s, memory_bytes, predicted_bytes; /* largest of the team */
    double busy_s, sent_bytes;                                                               /* sums over the team */
} results;

static psw_status keep_rows(pass *p, const psw_leaf *leaf)
{
    const psw_computer *c = p->computer;
    for (ptrdiff_t i = 0; p->keeping && i < p->group->count; i++)
        PSW_TRY(c->keep(c->context, p->slot + i, &p->group->points[i], leaf, i));
    return PSW_OK;
}

/* What the caller watches for, and the limit of the point. */
static psw_status watch(void *context)
{
    const pass *p = context;
    PSW_TRY(psw_watch_ask(p->computer->watch));
    if (psw_clock_s() < p->until_s) return PSW_OK;
    return PSW_FAIL(PSW_TIMEOUT, "took longer than %g times the predicted %.3g s (run.point_limit), and than %g s",
                    p->computer->point_limit, p->predicted_s, p->computer->least_limit_s);
}

static psw_status take_leaf(void *context, const psw_leaf *leaf)
{
    pass *p = context;
    double start = psw_clock_s();
    psw_status status = psw_fault("compute.leaf");
    if (status == PSW_OK) status = p->judge->take(p->head, leaf);
    double judged = psw_clock_s();
    if (status == PSW_OK && p->assessor) status = p->assessor->take(p->errors, leaf);
    double assessed = psw_clock_s();
    if (status == PSW_OK) status = keep_rows(p, leaf);
    p->head_s += judged - start;
    p->keep_s += psw_clock_s() - assessed;
    return status;
}

static void add_traffic(pass *p, const psw_traffic *one)
{
    psw_traffic *sum = &p->traffic;
    sum->pass_s += one->pass_s;
    sum->busy_s += one->busy_s;
    sum->comm_s += one->comm_s;
    sum->wait_s += one->wait_s;
    sum->sent_bytes += one->sent_bytes;
    p->passes++;
}

/* The first draw's passes are what is repeated, once they have been judged. The limit of the point is about its results:
 * repetitions have a budget of their own. */
static psw_status time_draw(pass *p)
{
    const psw_point *point = p->group->points;
    double start = psw_clock_s();
    psw_status status = psw_timer_run(p->team, p->computer->timer, p->engine, p->attention, point, &p->route,
                                      p->computer->watch, &p->timed);
    p->until_s += psw_clock_s() - start;
    return status;
}

/* Rows are made once for all draws. */
static psw_status prepare(pass *p, const psw_weights *weights)
{
    psw_given given = {p->data, psw_data_sets(p->group->points), {0, weights}, &p->route};
    psw_status status = psw_fault("compute.prepare");
    if (status == PSW_OK) status = p->engine->prepare(p->group, &given, p->arena, &p->attention);
    psw_status agreed = psw_wait_agree(p->team, status, &p->wait_s);
    if (agreed != PSW_OK && status == PSW_OK) p->engine->release(p->attention);
    return agreed;
}

/* The forward pass is what is timed: not making the rows, nor drawing the tables, nor what hears of the leaves. */
static psw_status one_draw(pass *p, ptrdiff_t draw)
{
    psw_traffic traffic;
    p->keeping = p->computer->keep && draw == 0;
    psw_status status = psw_dist_pass(p->team, p->engine, p->attention, p->group->points, &p->route,
                                      (psw_watch){watch, p}, take_leaf, p, &traffic);
    add_traffic(p, &traffic);
    return status == PSW_OK && p->computer->timer && draw == 0 ? time_draw(p) : status;
}

static psw_status merge_errors(pass *p, psw_errors_stage stage)
{
    psw_merging list[PSW_MERGING_MAX];
    int count;
    for (int phase = 0; (count = p->assessor->merging(p->errors, stage, phase, list)) > 0; phase++)
        PSW_TRY(psw_wait_merge(p->team, list, count, &p->wait_s));
    return PSW_OK;
}

static psw_status merge_verdicts(pass *p)
{
    psw_merging list[PSW_MERGING_MAX];
    return psw_wait_merge(p->team, list, p->judge->merging(p->head, list), &p->wait_s);
}

static const psw_weights *weights_of(const psw_computer *computer, const psw_point *point)
{
    return point->weights > 0 ? &computer->inputs->weights[point->weights - 1] : NULL;
}

static psw_status assessed_draw(pass *p, ptrdiff_t draw)
{
    PSW_TRY(psw_wait_agree(p->team, p->assessor->draw(p->errors, draw), &p->wait_s));
    PSW_TRY(merge_errors(p, PSW_ERRORS_DRAWN));
    p->judge->draw(p->head, draw);
    if (draw > 0) p->engine->redraw(p->attention, draw);
    return one_draw(p, draw);
}

static psw_status all_draws(pass *p)
{
    if (!p->assessor) return one_draw(p, 0);
    ptrdiff_t draws = psw_errors_draws(p->group->points);
    for (ptrdiff_t draw = 0; draw < draws; draw++) PSW_TRY(assessed_draw(p, draw));
    return merge_errors(p, PSW_ERRORS_ENDING);
}

static psw_status begin_errors(pass *p, const psw_weights *weights)
{
    psw_watch w = {watch, p};
    psw_status status = p->assessor->begin(p->group->points, p->data, weights, &p->route, w, p->arena, &p->errors);
    PSW_TRY(psw_wait_agree(p->team, status, &p->wait_s));
    return merge_errors(p, PSW_ERRORS_BEGUN);
}

static psw_status all_passes(pass *p)
{
    const psw_weights *weights = p->assessor ? weights_of(p->computer, p->group->points) : NULL;
    if (p->assessor) PSW_TRY(begin_errors(p, weights));
    PSW_TRY(prepare(p, weights));
    psw_status status = all_draws(p);
    p->engine->release(p->attention);
    return status;
}

/* What it took is that of the slowest rank, or a sum over all. */
static psw_status merge_costs(const pass *p, results *r)
{
    const psw_timer *timer = p->computer->timer;
    const psw_traffic *t = timer ? &p->timed : &p->traffic;
    double passes = timer ? (double)timer->repeat.count : p->passes;
    double largest[] = {
        t->pass_s / passes, t->busy_s / passes, t->comm_s / passes,     p->wait_s + p->traffic.wait_s,
        p->head_s,          p->keep_s,          (double)p->arena->high, (double)psw_memory_group(p->group, &p->route)};
    double sum[] = {t->busy_s / passes, t->sent_bytes / passes};
    const psw_merging list[] = {{PSW_LARGEST, largest, sizeof largest / sizeof *largest},
                                {PSW_ADD, sum, sizeof sum / sizeof *sum}};
    PSW_TRY(psw_comm_merge(p->team, list, 2));
    r->pass_s = largest[0], r->busiest_s = largest[1], r->comm_s = largest[2], r->wait_s = largest[3];
    r->head_s = largest[4], r->keep_s = largest[5], r->memory_bytes = largest[6], r->predicted_bytes = largest[7];
    r->busy_s = sum[0], r->sent_bytes = sum[1];
    return PSW_OK;
}

static psw_status begin_head(pass *p)
{
    PSW_TRY(psw_fault("compute.head"));
    return p->judge->begin(p->group, p->arena, &p->head);
}

static psw_status attend_and_judge(pass *p, results *r)
{
    const psw_point *point = p->group->points;
    bool sketched = psw_sketch_has(point->method);
    p->engine = psw_engine_of(point->precision);
    p->judge = psw_judge_of(point->precision);
    p->assessor = sketched ? psw_assessor_of(point->precision) : NULL;
    PSW_TRY(psw_wait_agree(p->team, begin_head(p), &p->wait_s));
    psw_status status = all_passes(p);
    if (status == PSW_OK) status = merge_verdicts(p);
    if (status == PSW_OK) status = merge_costs(p, r);
    r->sketch = psw_sketch_columns_none();
    if (status == PSW_OK) {
        p->judge->end(p->head, r->verdicts);
        if (sketched) p->assessor->end(p->errors, &r->sketch);
        status = psw_comm_agree(p->team, psw_arena_check(p->arena));
    }
    if (sketched) p->assessor->close(p->errors);
    return status;
}

static psw_choice choice_of(const psw_computer *computer, const psw_comm *team, const psw_group *group)
{
    return psw_choice_within(group, computer->choice, team->size, computer->memory_bytes);
}

static psw_route route_of(const psw_computer *computer, const psw_comm *team, const psw_group *group)
{
    return psw_attend_route(group->points, choice_of(computer, team, group), team->size, team->rank);
}

static void set_limit(pass *p)
{
    psw_computer *c = p->computer;
    psw_choice choice = choice_of(c, p->team, p->group);
    p->predicted_s = psw_cost_team_time(c->rates, p->group, choice, p->team->size, c->nodes).seconds;
    double limit_s = fmax(c->point_limit * p->predicted_s, c->least_limit_s);
    p->until_s = c->point_limit > 0 ? psw_clock_s() + limit_s : INFINITY;
}

static psw_status open_data(const psw_computer *computer, const psw_point *point, psw_data **data)
{
    const psw_arrays *arrays = computer->inputs && computer->inputs->has_arrays ? &computer->inputs->arrays : NULL;
    PSW_TRY(psw_fault("compute.point"));
    return psw_data_open(point, arrays, data);
}

static psw_status compute_group(const psw_comm *team, psw_computer *computer, const psw_group *group, ptrdiff_t slot,
                                results *r)
{
    psw_data *data = NULL;
    computer->arena.used = computer->arena.high = 0;
    double wait_s = 0;
    psw_status opened = open_data(computer, group->points, &data), status = psw_wait_agree(team, opened, &wait_s);
    if (status == PSW_OK) {
        pass p = {.computer = computer, .team = team, .group = group, .slot = slot, .data = data, .wait_s = wait_s};
        p.route = route_of(computer, team, group);
        set_limit(&p);
        p.arena = &computer->arena;
        status = attend_and_judge(&p, r);
    }
    if (opened == PSW_OK) psw_data_close(data);
    return status;
}

/* ---- records ---- */

void psw_compute_theory(const psw_study *study, psw_record *record)
{
    record->theory = psw_theory_point(&record->point);
    psw_study_predictions(study, &record->point, record->predict);
}

/* A point's share of what its group is predicted to take. */
static void fill_predicted(const psw_comm *team, const psw_computer *computer, const psw_group *group,
                           const psw_cost *cost, psw_cost_columns *c)
{
    double count = (double)group->count;
    psw_choice choice = choice_of(computer, team, group);
    psw_team_cost all = psw_cost_team_time(computer->rates, group, choice, team->size, computer->nodes);
    c->predicted_pass_s = all.repeat_s / (count * psw_data_sets(group->points));
    c->predicted_s =
        team->size == 1 ? cost->extra_s + (cost->predicted_s - cost->extra_s) / count : all.seconds / count;
}

static void fill_time(const psw_computer *computer, const psw_group *group, const results *r, psw_cost_columns *c)
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

static void fill_cost(const psw_comm *team, const psw_computer *computer, const psw_group *group, const results *r,
                      psw_record *record)
{
    const psw_point *point = &record->point;
    double count = (double)group->count;
    psw_cost cost = psw_cost_point(computer->rates, point);
    psw_cost_columns *c = &record->cost;
    fill_time(computer, group, r, c);
    c->io_s = r->keep_s / count;
    c->head_s = r->head_s / count;
    c->wait_s = r->wait_s / count;
    c->flops = cost.flops;
    c->head_flops = cost.head_flops;
    c->bytes = cost.bytes;
    c->gflops = cost.done_flops / psw_data_sets(point) / c->time_median_s / 1e9;
    c->peak_gflops = computer->product_flops_s[point->precision] / 1e9;
    c->memory_bytes = r->memory_bytes;
    fill_predicted(team, computer, group, &cost, c);
    c->predicted_bytes = r->predicted_bytes;
}

/* Useful time of the ranks against each other and against elapsed time (POP's hierarchy). */
static void fill_parallel(const psw_comm *team, const results *r, psw_parallel_columns *c)
{
    c->load_balance = r->busiest_s > 0 ? r->busy_s / team->size / r->busiest_s : NAN;
    c->comm_efficiency = r->pass_s > 0 ? r->busiest_s / r->pass_s : NAN;
    c->parallel_efficiency = c->load_balance * c->comm_efficiency;
    c->sent_bytes = r->sent_bytes;
    c->comm_s = r->comm_s;
}

static void fill_done(const psw_comm *team, const psw_computer *computer, const psw_group *group, const results *r,
                      psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        psw_record *record = &records[i];
        record->verdict = r->verdicts[i];
        record->sketch = r->sketch;
        record->success_z =
            psw_binomial_z((double)record->verdict.successes, (double)record->point.trials, record->theory.success);
        fill_cost(team, computer, group, r, record);
        fill_parallel(team, r, &record->parallel);
        record->slot.status = PSW_SLOT_DONE;
    }
}

/* The first rank of the team tells. */
static void give_up(const psw_comm *team, psw_computer *computer, psw_slot_status how, psw_status why, ptrdiff_t slot,
                    psw_record *record)
{
    record->slot.status = how;
    record->slot.error_code = why;
    if (team->rank == 0 && computer->failed) computer->failed(computer->context, slot);
}

/* Of this rank. */
static psw_status room_for(psw_computer *computer, const psw_comm *team, const psw_group *group)
{
    const psw_point *point = group->points;
    psw_route route = route_of(computer, team, group);
    size_t bytes = psw_memory_group(group, &route);
    psw_arena *arena = &computer->arena;
    bool limited = computer->memory_bytes > 0;
    if (point->team > team->size && !computer->any_team)
        return PSW_FAIL(PSW_USAGE,
                        "asks for a team of %td ranks, the job has %d: start it with more (mpirun -n %td), then "
                        "run --redo failed",
                        point->team, team->size, point->team);
    if (limited && psw_sketch_has(point->method)) PSW_TRY(psw_sketch_fits(point, computer->memory_bytes));
    if (limited && (double)bytes > computer->memory_bytes)
        return PSW_FAIL(
            PSW_NO_MEMORY, "needs %.1f MiB on each of %d rank%s, a rank may have %.1f MiB (run.memory_per_rank)",
            (double)bytes / 1048576, team->size, team->size > 1 ? "s" : "", computer->memory_bytes / 1048576);
    if (arena->base && arena->size >= bytes) return PSW_OK;
    psw_arena_destroy(arena);
    return psw_arena_create(bytes, arena);
}

/* Outside of every timed region. */
static psw_status take_room(const psw_comm *team, psw_computer *computer, const psw_group *group)
{
    return psw_comm_agree(team, room_for(computer, team, group));
}

/* A group that is too large or fails is tried point by point, so that only the point at fault suffers. */
static psw_status fill_group(const psw_comm *team, psw_computer *computer, const psw_group *group, ptrdiff_t slot,
                             psw_record *records)
{
    results r;
    psw_timer *timer = computer->timer;
    if (timer) psw_timer_begin(timer);
    psw_status room = take_room(team, computer, group);
    psw_status status = room == PSW_OK ? compute_group(team, computer, group, slot, &r) : room;
    if (timer) status = psw_timer_agree(timer, status);
    if (status == PSW_STOPPED || status == PSW_BUG) return status;
    if (status == PSW_OK) {
        fill_done(team, computer, group, &r, records);
    } else if (group->count == 1) {
        psw_slot_status how = room != PSW_OK          ? PSW_SLOT_SKIPPED
                              : status == PSW_TIMEOUT ? PSW_SLOT_TIMEOUT
                                                      : PSW_SLOT_FAILED;
        give_up(team, computer, how, status, slot, records);
    } else {
        for (ptrdiff_t i = 0; i < group->count; i++) {
            psw_group one = {&group->points[i], 1};
            PSW_TRY(fill_group(team, computer, &one, slot + i, &records[i]));
        }
    }
    return PSW_OK;
}

static psw_status compute_members(const psw_comm *team, psw_computer *computer, const psw_group *group, ptrdiff_t slot,
                                  psw_record *records)
{
    for (ptrdiff_t i = 0; i < group->count; i++) {
        records[i] = psw_record_blank(&group->points[i]);
        psw_compute_theory(computer->study, &records[i]);
        records[i].slot.status = PSW_SLOT_DONE;
    }
    if (group->points[0].method == PSW_CLOSED_FORM) return PSW_OK;
    return fill_group(team, computer, group, slot, records);
}

psw_status psw_compute(const psw_comm *team, psw_computer *computer, ptrdiff_t first, ptrdiff_t count,
                       psw_record *records)
{
    psw_point points[PSW_GROUP_MAX];
    for (ptrdiff_t slot = first; slot < first + count;) {
        psw_group group = {points, psw_group_fill(computer->study, slot, first + count, points)};
        PSW_TRY(compute_members(team, computer, &group, slot, records + (slot - first)));
        slot += group.count;
    }
    return PSW_OK;
}
