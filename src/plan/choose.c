#include "plan/choose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
    plan_fitting *fitting;
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

/* On a team at depth k, with the passes that only repeat. */
static price price_of(const chooser *c, const plan_team_work *work, const plan_fitting_found *team, int k)
{
    psw_team_cost cost = plan_team_cost_of(work, team->shared ? &team->share : NULL, c->levels[k].nodes);
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
    const plan_fitting_found *team =
        depth < 0 ? NULL : plan_fitting_find(c->fitting, work->group, run->refused, run->team);
    if (!team || !team->fits) {
        refuse(run);
        return;
    }
    price cost = price_of(c, work, team, depth);
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
        const plan_fitting_found *team = plan_fitting_find(c->fitting, work->group, large, size);
        if (!team->fits) continue;
        prices[k] = price_of(c, work, team, k);
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

/* Teams of depth k are given what they end within limit_s * decay^k. With a decay of 1 all runs are about as long, and
 * the last ones, on single ranks, leave the others idle for half of that; with less runs become shorter as teams become
 * smaller, so that the last ones fill the gaps. */
typedef struct trial {
    double limit_s, decay;
    double finish_s, held_s;
} trial;

static const double decays[] = {1, 0.7071067811865476, 0.5, 0.3535533905932738};

/* The smallest team that ends a run within its limit, else the fastest. */
static int depth_within(const chooser *c, const price *prices, const trial *t)
{
    int fastest = c->depths - 1;
    double limit_s = t->limit_s * pow(t->decay, c->depths - 1);
    for (int k = c->depths - 1; k >= 0; k--, limit_s /= t->decay) {
        if (prices[k].seconds <= limit_s) return k;
        if (prices[k].seconds < prices[fastest].seconds) fastest = k;
    }
    return fastest;
}

static void apply(chooser *c, const trial *t)
{
    for (ptrdiff_t i = 0; i < c->candidates; i++) {
        const price *prices = &c->prices[i * c->depths];
        int k = depth_within(c, prices, t);
        settle(&c->base[c->candidate[i]], k, prices[k].seconds, prices[k].busy_s);
    }
}

static void put_in_order(chooser *c)
{
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

/* No schedule of these depths ends before this: all ranks are busy, or the longest run takes so long. */
static double least_finish(const chooser *c)
{
    const psw_classes *classes = c->cut->classes;
    double held_s = 0, longest_s = 0, power = (double)psw_split_used(c->cut->split);
    if (c->cut->turns || (classes && classes->count > 1)) return 0;
    for (ptrdiff_t i = 0; i < c->runs->count; i++) {
        held_s += c->base[i].predicted_s * (double)c->levels[c->base[i].depth].least;
        longest_s = fmax(longest_s, c->base[i].predicted_s);
    }
    return fmax(held_s / power, longest_s);
}

static psw_status try(chooser *c, double limit_s, double decay, trial *best)
{
    const double rounding = 1e-9;
    trial t = {.limit_s = limit_s, .decay = decay};
    apply(c, &t);
    if (least_finish(c) * (1 - rounding) > best->finish_s) return PSW_OK;
    put_in_order(c);
    PSW_TRY(finish_of(c, &t));
    bool better = t.finish_s < best->finish_s || (t.finish_s == best->finish_s && t.held_s < best->held_s);
    if (better) *best = t;
    return PSW_OK;
}

/* From all on single ranks down to a quarter of what every rank has to do on the largest team, by halves. */
static psw_status try_limits(chooser *c, double longest, double decay, trial *best)
{
    double shortest = c->total_s / (4 * (double)psw_split_used(c->cut->split));
    double limit = longest / pow(decay, c->depths - 1);
    for (; limit >= shortest / 2; limit /= 2) PSW_TRY(try(c, limit, decay, best));
    return PSW_OK;
}

/* By each decay, then finer around the best. */
static psw_status search(chooser *c, double *finish_s)
{
    double longest = 0;
    for (ptrdiff_t i = 0; i < c->candidates; i++) longest = fmax(longest, c->base[c->candidate[i]].alone_s);
    trial best = {INFINITY, 1, INFINITY, INFINITY};
    PSW_TRY(try(c, INFINITY, 1, &best));
    *finish_s = best.finish_s;
    if (c->candidates == 0 || psw_split_used(c->cut->split) == 1) return PSW_OK;
    for (size_t i = 0; i < sizeof decays / sizeof *decays; i++) PSW_TRY(try_limits(c, longest, decays[i], &best));
    trial middle = best;
    if (middle.limit_s == INFINITY) middle.limit_s = longest;
    for (int i = -7; i <= 7; i++)
        if (i != 0) PSW_TRY(try(c, middle.limit_s * exp2(i / 8.0), middle.decay, &best));
    *finish_s = best.finish_s;
    apply(c, &best);
    put_in_order(c);
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

psw_status plan_choose_depths(const psw_study *study, const psw_rates *rates, const psw_cut *cut, plan_fitting *fitting,
                              psw_runs *runs, double *finish_s)
{
    chooser c = {.study = study, .rates = rates, .cut = cut, .fitting = fitting, .runs = runs};
    runs->how = cut->split->how;
    c.depths = runs->depths = psw_split_levels(cut->split, c.levels);
    psw_status status = choose(&c, finish_s);
    free(c.base);
    free(c.candidate);
    free(c.prices);
    return status;
}
