#include "plan/choose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/fitting.h"
#include "plan/team_cost.h"

/* A run this short, as a part of what every rank has to do, is not worth a team. */
static const double small_part = 0.05;

typedef struct price { /* of a run at one depth; INFINITY = not to be had */
    double seconds, busy_s;
} price;

typedef struct chooser {
    const psw_study *study;
    const psw_rates *rates;
    const psw_cut *cut;
    psw_runs *runs;
    psw_level levels[PSW_DEPTHS_MAX];
    int depths;
    double total_s;       /* of all that are computed, on one rank each */
    psw_run *base;        /* the runs in the order of their slots */
    ptrdiff_t *candidate; /* indices in base of those that may get a team */
    price *prices;        /* [candidate][depth] */
    ptrdiff_t candidates;
    plan_fitting fitting, open; /* open: of runs that fit any team */
} chooser;

/* ---- order ---- */

static int by_depth_and_length(const void *a, const void *b)
{
    const psw_run *x = a, *y = b;
    if (x->depth != y->depth) return x->depth - y->depth;
    if (x->predicted_s != y->predicted_s) return x->predicted_s > y->predicted_s ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

void plan_choose_order(psw_runs *runs, const psw_level *levels)
{
    if (runs->count > 0) qsort(runs->list, (size_t)runs->count, sizeof *runs->list, by_depth_and_length);
    memset(runs->first, 0, sizeof runs->first);
    runs->predicted_s = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        const psw_run *run = &runs->list[i];
        runs->first[run->depth + 1]++;
        runs->predicted_s += run->predicted_s * (levels ? (double)levels[run->depth].least : 1);
    }
    for (int k = 0; k < PSW_DEPTHS_MAX; k++) runs->first[k + 1] += runs->first[k];
}

/* ---- what a run takes on which team ---- */

static void settle(psw_run *run, int depth, double seconds, double busy_s)
{
    run->depth = depth;
    run->predicted_s = seconds;
    run->busy_s = busy_s;
}

static void refuse(psw_run *run)
{
    run->refused = true;
    settle(run, 0, 0, 0);
}

/* By which pattern a team of `size` works on a run, if it fits; large: its memory decides. */
static bool fits(chooser *c, plan_team_work *work, ptrdiff_t size, bool large)
{
    return plan_fitting_has(large ? &c->fitting : &c->open, work->group, size, &work->choice);
}

/* On a team of `size` at depth k, with the passes that only repeat. */
static price price_of(const chooser *c, const plan_team_work *work, ptrdiff_t size, int k)
{
    psw_team_cost cost = plan_team_cost_of(work, size, c->levels[k].nodes);
    double passes = c->cut->passes, run_s = c->rates->run_s;
    return (price){cost.seconds + passes * cost.repeat_s + run_s, cost.busy_s + passes * work->repeat_s + run_s};
}

static int deepest_with(const chooser *c, ptrdiff_t ranks)
{
    int depth = c->depths - 1;
    while (depth >= 0 && c->levels[depth].least < ranks) depth--;
    return depth;
}

/* `team` ranks that the study asks for. */
static void force(chooser *c, plan_team_work *work, psw_run *run)
{
    int depth = deepest_with(c, run->team);
    if (depth < 0 || !fits(c, work, run->team, run->refused)) {
        refuse(run);
        return;
    }
    price cost = price_of(c, work, run->team, depth);
    run->refused = false;
    settle(run, depth, cost.seconds, cost.busy_s);
}

/* Ranks of a team that have something to compute, at most, whatever its pattern. */
static ptrdiff_t shares_of(const plan_team_work *work)
{
    return work->kind == PSW_ROW_FOLD ? work->leaves * work->leaves : work->leaves;
}

/* From single ranks up; teams with more than twice as many ranks as shares gain nothing. False if nothing fits. */
static bool find_prices(chooser *c, plan_team_work *work, bool large, price *prices)
{
    bool found = false;
    ptrdiff_t before = 0;
    for (int k = 0; k < c->depths; k++) prices[k] = (price){INFINITY, INFINITY};
    for (int k = c->depths - 1; k >= 0; before = c->levels[k--].least) {
        ptrdiff_t size = c->levels[k].least;
        if (size == before) continue;
        if (found && size >= 2 * shares_of(work)) break;
        if (!fits(c, work, size, large)) continue;
        prices[k] = price_of(c, work, size, k);
        found = true;
    }
    return found;
}

/* Of one group: forced, refused, or a candidate. */
static void consider(chooser *c, ptrdiff_t index)
{
    psw_point points[PSW_GROUP_MAX];
    psw_run *run = &c->base[index];
    psw_slots slots = psw_slots_of_run(run);
    psw_group group = {points, psw_group_fill(c->study, &slots, 0, points)};
    bool large = run->refused;
    if (group.count < run->count) return;
    plan_team_work work = plan_team_work_of(c->rates, &group, c->cut->choice);
    if (run->team > 0) {
        force(c, &work, run);
        return;
    }
    run->refused = false;
    if (!find_prices(c, &work, large, &c->prices[c->candidates * c->depths]))
        refuse(run);
    else if (work.kind != PSW_ONE_RANK)
        c->candidate[c->candidates++] = index;
}

/* ---- thresholds ---- */

/* The smallest team that ends a run within limit_s, else the fastest. */
static int depth_within(const chooser *c, const price *prices, double limit_s)
{
    int fastest = c->depths - 1;
    for (int k = c->depths - 1; k >= 0; k--) {
        if (prices[k].seconds <= limit_s) return k;
        if (prices[k].seconds < prices[fastest].seconds) fastest = k;
    }
    return fastest;
}

typedef struct trial {
    double limit_s, finish_s, held_s;
} trial;

static void apply(chooser *c, double limit_s)
{
    for (ptrdiff_t i = 0; i < c->candidates; i++) {
        const price *prices = &c->prices[i * c->depths];
        int k = depth_within(c, prices, limit_s);
        settle(&c->base[c->candidate[i]], k, prices[k].seconds, prices[k].busy_s);
    }
    if (c->runs->count > 0) memcpy(c->runs->list, c->base, (size_t)c->runs->count * sizeof *c->base);
    plan_choose_order(c->runs, c->levels);
}

/* Where teams take turns at runs they share the work of a depth evenly; but no run ends before its own time. */
static void finish_of_turns(const chooser *c, trial *t)
{
    double passed_s = 0;
    t->finish_s = 0;
    for (int k = 0; k < c->depths; k++) {
        ptrdiff_t first = c->runs->first[k], end = c->runs->first[k + 1];
        if (first < end) t->finish_s = fmax(t->finish_s, passed_s + c->runs->list[first].predicted_s); /* the longest */
        for (ptrdiff_t i = first; i < end; i++) passed_s += c->runs->list[i].predicted_s / (double)c->levels[k].teams;
    }
    t->finish_s = fmax(t->finish_s, passed_s);
    t->held_s = c->runs->predicted_s;
}

static psw_status finish_of(const chooser *c, trial *t)
{
    psw_schedule s;
    if (c->cut->turns) return finish_of_turns(c, t), PSW_OK;
    PSW_TRY(psw_schedule_simulate(c->runs, c->cut->split, INFINITY, &s, NULL));
    t->finish_s = s.finish_s;
    t->held_s = s.held_s;
    return PSW_OK;
}

static psw_status try(chooser *c, double limit_s, trial *best)
{
    trial t = {.limit_s = limit_s};
    apply(c, limit_s);
    PSW_TRY(finish_of(c, &t));
    bool better = t.finish_s < best->finish_s || (t.finish_s == best->finish_s && t.held_s < best->held_s);
    if (better) *best = t;
    return PSW_OK;
}

/* From the longest run alone down to a quarter of what every rank has to do, by halves; then finer around the best. */
static psw_status search(chooser *c, double *finish_s)
{
    double longest = 0, shortest = c->total_s / (4 * (double)psw_split_used(c->cut->split));
    for (ptrdiff_t i = 0; i < c->candidates; i++) longest = fmax(longest, c->base[c->candidate[i]].alone_s);
    trial best = {INFINITY, INFINITY, INFINITY};
    PSW_TRY(try(c, INFINITY, &best));
    *finish_s = best.finish_s;
    if (c->candidates == 0 || psw_split_used(c->cut->split) == 1) return PSW_OK;
    for (double limit = longest; limit >= shortest / 2; limit /= 2) PSW_TRY(try(c, limit, &best));
    double middle = best.limit_s < INFINITY ? best.limit_s : longest;
    for (int i = -3; i <= 3; i++)
        if (i != 0) PSW_TRY(try(c, middle * exp2(i / 4.0), &best));
    *finish_s = best.finish_s;
    apply(c, best.limit_s);
    return PSW_OK;
}

/* ---- */

static psw_status allocate(chooser *c)
{
    size_t count = (size_t)c->runs->count + 1;
    c->base = malloc(count * sizeof *c->base);
    c->candidate = malloc(count * sizeof *c->candidate);
    c->prices = malloc(count * (size_t)c->depths * sizeof *c->prices);
    if (!c->base || !c->candidate || !c->prices)
        return PSW_FAIL(PSW_NO_MEMORY, "no memory to choose teams for %td runs", c->runs->count);
    return PSW_OK;
}

static bool special(const psw_run *run)
{
    return run->refused || run->team > 0;
}

/* Those that may exceed a rank's memory come first: refused runs are not work. */
static void consider_all(chooser *c)
{
    for (ptrdiff_t i = 0; i < c->runs->count; i++)
        if (special(&c->base[i])) consider(c, i);
    for (ptrdiff_t i = 0; i < c->runs->count; i++)
        if (!c->base[i].refused) c->total_s += c->base[i].alone_s;
    double least_s = small_part * c->total_s / (double)psw_split_used(c->cut->split);
    for (ptrdiff_t i = 0; i < c->runs->count; i++)
        if (!special(&c->runs->list[i]) && c->base[i].alone_s >= least_s) consider(c, i);
}

static psw_status choose(chooser *c, double *finish_s)
{
    PSW_TRY(allocate(c));
    for (ptrdiff_t i = 0; i < c->runs->count; i++) {
        psw_run *run = &c->base[i];
        *run = c->runs->list[i];
        run->alone_s = run->predicted_s;
        settle(run, c->depths - 1, run->alone_s, run->alone_s);
    }
    consider_all(c);
    return search(c, finish_s);
}

psw_status plan_choose_depths(const psw_study *study, const psw_rates *rates, const psw_cut *cut, psw_runs *runs,
                              double *finish_s)
{
    chooser c = {.study = study, .rates = rates, .cut = cut, .runs = runs};
    c.fitting.choice = cut->choice;
    c.fitting.memory_bytes = cut->memory_bytes;
    c.open.choice = cut->choice;
    runs->how = cut->split->how;
    c.depths = runs->depths = psw_split_levels(cut->split, c.levels);
    psw_status status = choose(&c, finish_s);
    free(c.base);
    free(c.candidate);
    free(c.prices);
    return status;
}
