/* Forward passes of a group over draws: of rows, of tables of a sketch. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "point/group.h"

/* One group on one rank of a team. */
typedef struct pass {
    psw_computer *computer;
    const psw_comm *team;
    const psw_group *group;
    const ptrdiff_t *slots; /* of its points */
    const point_plan *plan;
    double until_s; /* by the clock */
    bool open;      /* trials go on */
    psw_data *data;
    psw_arena *arena;
    const psw_engine *engine;
    psw_attention *attention;
    const psw_judge *judge;
    psw_head *head;
    const psw_assessor *assessor; /* NULL: no sketch */
    psw_errors *errors;
    bool compares; /* with a reference */
    psw_comparison *comparison;
    psw_recall *recall;           /* NULL: values are not recalled */
    ptrdiff_t tables;             /* draws of them, at least 1 */
    bool keeping;                 /* rows of this draw are kept */
    double head_s, keep_s;        /* of the leaf callbacks: sums over draws */
    double wait_s;                /* outside of passes */
    psw_traffic traffic, timed;   /* sums: over draws, over repetitions */
    double passes;                /* in traffic */
    double decode_s;              /* of a token */
    uint64_t kept[PSW_GROUP_MAX]; /* sums over this rank's rows of each point */
} pass;

/* The file has rows for all queries that the study has, padding as well. */
static psw_status keep_of_point(pass *p, ptrdiff_t i, const psw_leaf *leaf, ptrdiff_t index)
{
    const psw_computer *c = p->computer;
    psw_point asked = psw_study_point(c->study, p->slots[i]);
    return c->keep(c->context, p->slots[i], &asked, leaf, index, &p->kept[i]);
}

static psw_status keep_rows(pass *p, const psw_leaf *leaf)
{
    for (ptrdiff_t i = 0; p->keeping && i < p->group->count; i++) PSW_TRY(keep_of_point(p, i, leaf, i));
    return PSW_OK;
}

/* Rows of queries that are padding: NaN, 64 bits of which are NaN in either precision. */
static psw_status keep_missing(pass *p)
{
    enum { ROWS = 64 };
    const psw_point *point = p->group->points;
    ptrdiff_t first = psw_data_queries(point), asked = first, numbers = ROWS * point->v;
    if (p->computer->keep) {
        psw_point all = psw_study_point(p->computer->study, p->slots[0]);
        asked = psw_data_queries(&all);
    }
    if (p->team->rank > 0 || first == asked) return PSW_OK;
    double *nan = malloc((size_t)numbers * sizeof *nan), log2_den[ROWS];
    if (!nan) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the rows of padding");
    memset(nan, 0xff, (size_t)numbers * sizeof *nan);
    for (ptrdiff_t i = 0; i < ROWS; i++) log2_den[i] = NAN;
    psw_leaf leaf = {.first = first, .points = 1, .sets = 1, .width = point->v, .rows = nan, .log2_den = log2_den};
    psw_status status = PSW_OK;
    for (; status == PSW_OK && leaf.first < asked; leaf.first += leaf.count) {
        leaf.count = asked - leaf.first < ROWS ? asked - leaf.first : ROWS;
        for (ptrdiff_t i = 0; status == PSW_OK && i < p->group->count; i++) status = keep_of_point(p, i, &leaf, 0);
    }
    free(nan);
    return status;
}

/* What the caller watches for, and the limit of the point. */
static psw_status watch(void *context)
{
    const pass *p = context;
    PSW_TRY(psw_watch_ask(p->computer->watch));
    double now_s = psw_clock_s();
    if (p->computer->counters) psw_counters_keep(p->computer->counters, now_s);
    if (now_s < p->until_s) return PSW_OK;
    return PSW_FAIL(PSW_TIMEOUT, "took longer than %g times the predicted %.3g s (run.point_limit), and than %g s",
                    p->computer->point_limit, p->plan->limit_s, p->computer->least_limit_s);
}

static psw_status take_leaf(void *context, const psw_leaf *leaf)
{
    pass *p = context;
    double start = psw_clock_s();
    psw_status status = psw_fault("compute.leaf");
    if (status == PSW_OK) status = p->judge->take(p->head, leaf);
    if (status == PSW_OK && p->recall) status = psw_recall_take(p->recall, leaf);
    double judged = psw_clock_s();
    if (status == PSW_OK && p->assessor) status = p->assessor->take(p->errors, leaf);
    if (status == PSW_OK && p->compares) status = psw_reference_take(p->comparison, leaf);
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

static psw_team_task task_of(const pass *p, psw_watch asked)
{
    return (psw_team_task){p->team, p->engine, p->attention, p->group->points, &p->plan->route, asked};
}

/* The first draw's passes are what is repeated, once they have been judged. The limit of the point is about its
 * results: repetitions have a budget of their own. */
static psw_status time_draw(pass *p)
{
    psw_team_task task = task_of(p, p->computer->watch);
    double start = psw_clock_s();
    psw_status status = psw_timer_run(p->computer->timer, &task, &p->timed);
    p->until_s += psw_clock_s() - start;
    return status;
}

static psw_given given_of(pass *p, const psw_weights *weights)
{
    return (psw_given){{watch, p}, p->data, psw_data_sets(p->group->points), {0, weights}, &p->plan->route};
}

static psw_status prepare(pass *p, const psw_weights *weights)
{
    psw_given given = given_of(p, weights);
    psw_status status = psw_fault("compute.prepare");
    if (status == PSW_OK) status = p->engine->prepare(p->group, &given, p->arena, &p->attention);
    psw_status agreed = psw_wait_agree(p->team, status, &p->wait_s);
    if (agreed != PSW_OK && status == PSW_OK) p->engine->release(p->attention);
    return agreed;
}

/* Only single precision leaves anything open. */
static psw_status settle(pass *p)
{
    if (p->group->points->precision != PSW_FP32) return PSW_OK;
    double start = psw_clock_s();
    psw_status status = p->judge->settle(p->head, p->data, (psw_watch){watch, p});
    p->head_s += psw_clock_s() - start;
    return psw_wait_agree(p->team, status, &p->wait_s);
}

/* Ranks have the trials of all of them before they look, so that they see the same. */
static psw_status look(pass *p)
{
    psw_merging list[PSW_MERGING_MAX];
    PSW_TRY(psw_wait_merge(p->team, list, p->judge->looking(p->head, list), &p->wait_s));
    p->open = p->judge->look(p->head);
    return PSW_OK;
}

/* Blocks of trials against the leaves of a pass, until none of the points needs another. */
static psw_status all_blocks(pass *p)
{
    while (p->open) {
        double start = psw_clock_s();
        psw_status status = psw_fault("compute.block");
        if (status == PSW_OK) status = p->judge->block(p->head);
        p->head_s += psw_clock_s() - start;
        PSW_TRY(psw_wait_agree(p->team, status, &p->wait_s));
        PSW_TRY(settle(p));
        PSW_TRY(look(p));
    }
    return PSW_OK;
}

static psw_status judge_draw(pass *p)
{
    const psw_point *point = p->group->points;
    if (psw_judge_in_blocks(point)) return all_blocks(p);
    PSW_TRY(settle(p));
    return psw_judge_ends(point) ? look(p) : PSW_OK;
}

/* The forward pass alone is timed: not making the rows, drawing the tables, or the leaf callbacks. */
static psw_status one_draw(pass *p, ptrdiff_t draw)
{
    psw_traffic traffic;
    p->keeping = p->computer->keep && draw == 0;
    psw_team_task task = task_of(p, (psw_watch){watch, p});
    psw_status status = psw_dist_pass(&task, take_leaf, p, &traffic);
    add_traffic(p, &traffic);
    if (status == PSW_OK) status = judge_draw(p);
    if (status == PSW_OK && p->keeping) status = psw_wait_agree(p->team, keep_missing(p), &p->wait_s);
    if (status == PSW_OK && draw == 0 && p->group->points->mode == PSW_DECODE)
        status = point_decode_time(&task, &p->decode_s);
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

static psw_status merge_reference(pass *p, psw_reference_stage stage)
{
    psw_merging list[PSW_MERGING_MAX];
    int count;
    for (int phase = 0; (count = psw_reference_merging(p->comparison, stage, phase, list)) > 0; phase++)
        PSW_TRY(psw_wait_merge(p->team, list, count, &p->wait_s));
    return PSW_OK;
}

static psw_status merge_verdicts(pass *p)
{
    psw_merging list[PSW_MERGING_MAX];
    PSW_TRY(psw_wait_merge(p->team, list, p->judge->merging(p->head, list), &p->wait_s));
    return p->recall ? psw_wait_merge(p->team, list, psw_recall_merging(p->recall, list), &p->wait_s) : PSW_OK;
}

static const psw_weights *weights_of(const psw_computer *computer, const psw_point *point)
{
    return point->weights > 0 ? &computer->inputs->weights[point->weights - 1] : NULL;
}

static psw_status redraw(pass *p, ptrdiff_t draw)
{
    psw_status status = p->engine->redraw(p->attention, draw % p->tables, (psw_watch){watch, p});
    return psw_wait_agree(p->team, status, &p->wait_s);
}

static psw_status judged_draw(pass *p, ptrdiff_t draw)
{
    if (p->assessor) {
        PSW_TRY(psw_wait_agree(p->team, p->assessor->draw(p->errors, draw), &p->wait_s));
        PSW_TRY(merge_errors(p, PSW_ERRORS_DRAWN));
        if (draw > 0) PSW_TRY(redraw(p, draw));
    }
    p->judge->draw(p->head, draw);
    if (p->compares) psw_reference_draw(p->comparison, draw);
    if (p->recall) PSW_TRY(psw_wait_agree(p->team, psw_recall_draw(p->recall, p->data, draw), &p->wait_s));
    PSW_TRY(one_draw(p, draw));
    if (p->compares) PSW_TRY(merge_reference(p, PSW_REFERENCE_TAKEN));
    return p->assessor ? merge_errors(p, PSW_ERRORS_TAKEN) : PSW_OK;
}

static psw_status begin_errors(pass *p, ptrdiff_t rows, const psw_weights *weights)
{
    psw_watch w = {watch, p};
    psw_status status =
        rows > 0
            ? p->assessor->reload(p->errors, p->data)
            : p->assessor->begin(p->group->points,
                                 &(psw_given){.data = p->data, .tables.weights = weights, .route = &p->plan->route}, w,
                                 p->arena, &p->errors);
    PSW_TRY(psw_wait_agree(p->team, status, &p->wait_s));
    return merge_errors(p, PSW_ERRORS_BEGUN);
}

static psw_status begin_reference(pass *p, ptrdiff_t rows)
{
    psw_given given = {.data = p->data, .route = &p->plan->route};
    psw_status status =
        rows > 0 ? psw_reference_reload(p->comparison, p->data)
                 : psw_reference_begin(p->group->points, &given, (psw_watch){watch, p}, p->arena, &p->comparison);
    PSW_TRY(psw_wait_agree(p->team, status, &p->wait_s));
    PSW_TRY(merge_reference(p, PSW_REFERENCE_BEGUN));
    PSW_TRY(psw_wait_agree(p->team, psw_reference_measure(p->comparison), &p->wait_s));
    return merge_reference(p, PSW_REFERENCE_MEASURED);
}

/* Other rows of the same point in the same place. */
static psw_status draw_rows(pass *p, ptrdiff_t rows, const psw_weights *weights)
{
    psw_given given = given_of(p, weights);
    psw_data_draw(p->data, rows);
    if (p->assessor) PSW_TRY(begin_errors(p, rows, weights));
    if (p->compares) PSW_TRY(begin_reference(p, rows));
    return psw_wait_agree(p->team, p->engine->reload(p->attention, &given), &p->wait_s);
}

/* Draw i has rows i mod psw_data_draws: rows are made once, and all draws that have them follow. Where a rule ends
 * trials no draw has the rows of another. */
static psw_status all_draws(pass *p, const psw_weights *weights)
{
    const psw_point *point = p->group->points;
    ptrdiff_t draws = psw_judge_draws(point), each = psw_data_draws(point);
    for (ptrdiff_t rows = 0; p->open && rows < each; rows++) {
        if (rows > 0) PSW_TRY(draw_rows(p, rows, weights));
        for (ptrdiff_t draw = rows; p->open && draw < draws; draw += each) PSW_TRY(judged_draw(p, draw));
    }
    return p->assessor ? merge_errors(p, PSW_ERRORS_ENDING) : PSW_OK;
}

static psw_status all_passes(pass *p)
{
    const psw_weights *weights = p->assessor ? weights_of(p->computer, p->group->points) : NULL;
    ptrdiff_t tables = psw_sketch_draws(p->group->points);
    p->tables = tables > 0 ? tables : 1;
    if (p->assessor) PSW_TRY(begin_errors(p, 0, weights));
    if (p->compares) PSW_TRY(begin_reference(p, 0));
    PSW_TRY(prepare(p, weights));
    psw_status status = all_draws(p, weights);
    p->engine->release(p->attention);
    return status;
}

/* What it took is that of the slowest rank, or a sum over all. */
static psw_status merge_costs(const pass *p, point_results *r)
{
    const psw_timer *timer = p->computer->timer;
    const psw_traffic *t = timer ? &p->timed : &p->traffic;
    double passes = timer ? (double)timer->repeat.count : p->passes;
    double largest[] = {t->pass_s / passes, t->busy_s / passes, t->comm_s / passes,     p->wait_s + p->traffic.wait_s,
                        p->head_s,          p->keep_s,          (double)p->arena->high, (double)p->plan->bytes};
    double sum[] = {t->busy_s / passes, t->sent_bytes / passes};
    const psw_merging list[] = {{PSW_LARGEST, largest, sizeof largest / sizeof *largest},
                                {PSW_ADD, sum, sizeof sum / sizeof *sum}};
    PSW_TRY(psw_comm_merge(p->team, list, 2));
    r->pass_s = largest[0], r->busiest_s = largest[1], r->comm_s = largest[2], r->wait_s = largest[3];
    r->head_s = largest[4], r->keep_s = largest[5], r->memory_bytes = largest[6], r->predicted_bytes = largest[7];
    r->busy_s = sum[0], r->sent_bytes = sum[1];
    r->decode_s = p->decode_s;
    return PSW_OK;
}

/* Sums modulo 2^64 of all ranks: in halves, which doubles add exactly. */
static psw_status merge_kept(const pass *p, point_results *r)
{
    double halves[2 * PSW_GROUP_MAX];
    ptrdiff_t count = p->group->count;
    for (ptrdiff_t i = 0; i < count; i++) {
        halves[2 * i] = (double)(p->kept[i] & 0xffffffff);
        halves[2 * i + 1] = (double)(p->kept[i] >> 32);
    }
    if (p->computer->keep) PSW_TRY(psw_comm_sum(p->team, halves, (int)(2 * count)));
    for (ptrdiff_t i = 0; i < count; i++) r->kept[i] = (uint64_t)halves[2 * i] + ((uint64_t)halves[2 * i + 1] << 32);
    return PSW_OK;
}

static psw_status begin_head(pass *p)
{
    PSW_TRY(psw_fault("compute.head"));
    PSW_TRY(p->judge->begin(p->group, &p->plan->route, (psw_watch){watch, p}, p->arena, &p->head));
    if (!psw_recall_computed(p->group->points)) return PSW_OK;
    return psw_recall_begin(p->group, (psw_watch){watch, p}, p->arena, &p->recall);
}

/* What a sketch's own kernel says of its weights, a comparison says of other methods. */
static void end_columns(pass *p, point_results *r)
{
    p->judge->end(p->head, r->verdicts);
    for (ptrdiff_t i = 0; i < p->group->count; i++) r->recall[i] = psw_recall_none();
    if (p->recall) psw_recall_end(p->recall, r->recall);
    r->sketch = psw_sketch_columns_none();
    r->reference = psw_reference_none();
    if (p->assessor) p->assessor->end(p->errors, &r->sketch);
    if (p->compares) psw_reference_end(p->comparison, &r->reference);
    if (p->compares && !p->assessor) r->sketch.entropy = r->reference.entropy, r->sketch.err_rows = r->reference.rows;
    if (p->assessor && !p->compares) r->reference = psw_reference_of_sketch(&r->sketch);
}

static psw_status attend_and_judge(pass *p, point_results *r)
{
    const psw_point *point = p->group->points;
    bool sketched = psw_sketch_has(point);
    p->engine = psw_engine_of(point->precision);
    p->judge = psw_judge_of(point->precision);
    p->assessor = sketched ? psw_assessor_of(point->precision) : NULL;
    p->compares = psw_reference_computed(point);
    PSW_TRY(psw_wait_agree(p->team, begin_head(p), &p->wait_s));
    psw_status status = all_passes(p);
    if (status == PSW_OK) status = merge_verdicts(p);
    if (status == PSW_OK) status = merge_costs(p, r);
    if (status == PSW_OK) status = merge_kept(p, r);
    if (status == PSW_OK) {
        end_columns(p, r);
        status = psw_comm_agree(p->team, psw_arena_check(p->arena));
    }
    if (sketched) p->assessor->close(p->errors);
    psw_reference_close(p->comparison);
    return status;
}

/* Where a rule ends trials: of as many as there may be. */
static double seconds_at_most(const psw_comm *team, const psw_computer *c, const psw_group *group, psw_choice choice)
{
    psw_point points[PSW_GROUP_MAX];
    psw_group most = {points, group->count};
    for (ptrdiff_t i = 0; i < group->count; i++) points[i] = group->points[i], points[i].until = PSW_UNTIL_FIXED;
    return psw_cost_team_time(c->rates, &most, choice, team->size, c->nodes).seconds;
}

point_plan point_plan_of(const psw_comm *team, const psw_computer *c, const psw_group *group)
{
    point_plan plan = {.choice = psw_choice_within(group, c->choice, team->size, c->memory_bytes)};
    plan.route = psw_attend_route(group->points, plan.choice, team->size, team->rank);
    plan.bytes = psw_memory_group(group, &plan.route);
    plan.cost = psw_cost_team_time(c->rates, group, plan.choice, team->size, c->nodes);
    plan.limit_s = plan.cost.seconds;
    if (psw_judge_ends(group->points)) plan.limit_s = seconds_at_most(team, c, group, plan.choice);
    return plan;
}

static double until_of(const psw_computer *c, const point_plan *plan)
{
    double limit_s = fmax(c->point_limit * plan->limit_s, c->least_limit_s);
    return c->point_limit > 0 ? psw_clock_s() + limit_s : INFINITY;
}

static psw_status open_data(const psw_computer *computer, const psw_point *point, psw_data **data)
{
    const psw_arrays *arrays = computer->inputs && computer->inputs->has_arrays ? &computer->inputs->arrays : NULL;
    PSW_TRY(psw_fault("compute.point"));
    return psw_data_open(point, arrays, data);
}

psw_status point_group_compute(const psw_comm *team, psw_computer *computer, const psw_group *group,
                               const ptrdiff_t *slots, const point_plan *plan, point_results *r)
{
    psw_data *data = NULL;
    computer->arena.used = computer->arena.high = 0;
    double wait_s = 0;
    psw_status opened = open_data(computer, group->points, &data), status = psw_wait_agree(team, opened, &wait_s);
    if (status == PSW_OK) {
        pass p = {.computer = computer, .team = team, .group = group, .slots = slots, .plan = plan, .data = data};
        p.wait_s = wait_s;
        p.open = true;
        p.until_s = until_of(computer, plan);
        p.arena = &computer->arena;
        status = attend_and_judge(&p, r);
    }
    if (opened == PSW_OK) psw_data_close(data);
    return status;
}
