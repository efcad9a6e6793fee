/* How long the runs that are left take: the rest of the simulated schedule, stretched by what each kind of run has
 * taken so far over what was predicted for it. */
#include <math.h>
#include <stdlib.h>

#include "polysweep/plan.h"

/* Of the whole cost: so much is needed until a kind is believed more than all kinds together, and these more than the
 * prediction. */
static const double believed = 0.01;

int psw_run_kind(const psw_study *study, const psw_rates *rates, const psw_run *run)
{
    psw_point point = psw_study_point(study, run->first);
    psw_cost cost = psw_cost_time(rates, &point);
    return 2 * (int)point.method + (2 * cost.head_s > cost.predicted_s);
}

double psw_run_cost(const psw_run *run, const psw_split *split)
{
    return run->refused ? 0 : run->predicted_s * (double)psw_split_least(split, run->depth);
}

/* ---- the simulated schedule ---- */

typedef struct event { /* a run ends */
    double end_s, cost_s;
} event;

static int by_end(const void *a, const void *b)
{
    double x = ((const event *)a)->end_s, y = ((const event *)b)->end_s;
    return (x > y) - (x < y);
}

/* When each share of the cost is done. */
static void fill_curve(psw_remaining *r, event *events, ptrdiff_t count)
{
    double done_s = 0;
    int step = 0;
    qsort(events, (size_t)count, sizeof *events, by_end);
    for (ptrdiff_t i = 0; i < count; i++) {
        done_s += events[i].cost_s;
        for (; step <= PSW_REMAINING_STEPS && step <= done_s / r->total_s * PSW_REMAINING_STEPS * (1 + 1e-9); step++)
            r->reached_s[step] = i > 0 && step == 0 ? 0 : events[i].end_s;
        r->finish_s = events[i].end_s;
    }
    r->reached_s[0] = 0;
    for (; step <= PSW_REMAINING_STEPS; step++) r->reached_s[step] = r->finish_s;
}

static void add_kind(psw_remaining *r, const psw_remaining_work *work, const psw_run *run)
{
    double cost_s = psw_run_cost(run, work->split);
    r->total_s += cost_s;
    if (cost_s > 0) r->kind_s[psw_run_kind(work->study, work->rates, run)] += cost_s;
}

/* Usual runs as they are simulated, quarantined ones after them, one by one. */
static psw_status simulate(psw_remaining *r, const psw_remaining_work *work, event *events, psw_turn *turns)
{
    psw_schedule schedule;
    const psw_runs *usual = work->usual, *last = work->quarantined;
    ptrdiff_t count = 0;
    PSW_TRY(psw_schedule_simulate(usual, work->split, INFINITY, &schedule, turns));
    for (; count < schedule.runs; count++)
        events[count] = (event){turns[count].end_s, psw_run_cost(&usual->list[turns[count].run], work->split)};
    double at_s = schedule.finish_s;
    for (ptrdiff_t i = 0; i < last->count; i++) {
        at_s += last->list[i].refused ? 0 : last->list[i].predicted_s;
        events[count++] = (event){at_s, psw_run_cost(&last->list[i], work->split)};
    }
    if (r->total_s > 0) fill_curve(r, events, count);
    return PSW_OK;
}

psw_status psw_remaining_create(const psw_remaining_work *work, psw_remaining *r)
{
    const psw_runs *usual = work->usual, *last = work->quarantined;
    *r = (psw_remaining){.ranks = work->split->ranks};
    for (ptrdiff_t i = 0; i < usual->count; i++) add_kind(r, work, &usual->list[i]);
    for (ptrdiff_t i = 0; i < last->count; i++) add_kind(r, work, &last->list[i]);
    event *events = calloc((size_t)(usual->count + last->count) + 1, sizeof *events);
    psw_turn *turns = calloc((size_t)usual->count + 1, sizeof *turns);
    psw_status status = events && turns ? simulate(r, work, events, turns)
                                        : PSW_FAIL(PSW_NO_MEMORY, "no memory to simulate %td runs", usual->count);
    free(events);
    free(turns);
    return status;
}

/* ---- while it runs ---- */

typedef struct sums { /* over kinds */
    double cost_s, busy_s, left_s;
    double stretched_s; /* left_s, as long as each kind has taken so far */
} sums;

static sums sum_kinds(const psw_remaining *r, const psw_pace *done)
{
    sums s = {0, 0, 0, 0};
    double weight = believed * r->total_s;
    for (int k = 0; k < PSW_KINDS; k++) s.cost_s += done->cost_s[k], s.busy_s += done->busy_s[k];
    double all = (s.busy_s + weight) / (s.cost_s + weight);
    for (int k = 0; k < PSW_KINDS; k++) {
        double left_s = fmax(r->kind_s[k] - done->cost_s[k], 0);
        s.left_s += left_s;
        s.stretched_s += left_s * (done->busy_s[k] + weight * all) / (done->cost_s[k] + weight);
    }
    return s;
}

/* The rest of the schedule. A run under way counts for the time since another ended, but not as ended. */
static double of_schedule(const psw_remaining *r, const sums *s, double since_end_s)
{
    const double most = 0.9, factor = s->stretched_s / s->left_s; /* of the way to the next end: it has not come */
    int step = (int)(fmin(s->cost_s / r->total_s, 1) * PSW_REMAINING_STEPS + 1e-6);
    int next = step < PSW_REMAINING_STEPS ? step + 1 : step;
    double reached_s = r->reached_s[step], way_s = most * (r->reached_s[next] - reached_s);
    return (r->finish_s - reached_s - fmin(since_end_s / factor, way_s)) * factor;
}

/* The work that is left, shared by all ranks, whatever the order was. What is under way has had the time that finished
 * runs have not. */
static double of_work(const psw_remaining *r, const sums *s, double since_s)
{
    double under_way_s = fmax((double)r->ranks * since_s - s->busy_s, 0);
    return (s->stretched_s - under_way_s) / (double)r->ranks;
}

double psw_remaining_s(const psw_remaining *r, const psw_pace *done, double since_s, double since_end_s)
{
    sums s = sum_kinds(r, done);
    if (!(s.left_s > 0)) return 0;
    return fmax(of_schedule(r, &s, since_end_s), of_work(r, &s, since_s));
}
