/* Points whose trials end by a rule: the bits of as many trials that are given, whatever other points of the group do
 * and whoever has which leaves; and the first look at which the rule holds, recomputed. Where rows or tables are drawn:
 * what the first draws of as many that are given come to. */
#include <stdlib.h>

#include "check.h"
#include "merge.h"
#include "polysweep/sequence.h"
#include "polysweep/sketch.h"
#include "unit/theory_case.h"
#include "verdict.h"

enum { RANKS_MOST = 3, BLOCK = 20 };

typedef struct team {
    const psw_judge *judge;
    psw_arena arena[RANKS_MOST];
    psw_head *head[RANKS_MOST];
    psw_route route;
    ptrdiff_t looks;
} team;

static psw_status deal(void *context, const psw_leaf *leaf)
{
    team *t = context;
    return t->judge->take(t->head[psw_route_owner(&t->route, leaf->index)], leaf);
}

/* All ranks see the same. */
static bool look(team *t)
{
    merge_list lists[RANKS_MOST];
    int count = 0;
    bool more = false;
    for (int r = 0; r < t->route.size; r++) count = t->judge->looking(t->head[r], lists[r]);
    merge_all(lists, t->route.size, count);
    for (int r = 0; r < t->route.size; r++) {
        bool open = t->judge->look(t->head[r]);
        CHECK(r == 0 || open == more, "rank %d goes on alone", r);
        more = open;
    }
    t->looks++;
    return more;
}

static void settle(team *t, const psw_data *data)
{
    for (int r = 0; r < t->route.size; r++)
        CHECK(t->judge->settle(t->head[r], data, (psw_watch){0}) == PSW_OK, "%s", psw_message());
}

/* One draw; are more wanted? */
static bool draw(team *t, const psw_group *group, psw_data *data, ptrdiff_t number)
{
    const psw_engine *engine = psw_engine_of(group->points->precision);
    psw_arena memory;
    bool more = true;
    CHECK(psw_arena_create(engine->bytes(group, NULL), &memory) == PSW_OK, "%s", psw_message());
    psw_data_draw(data, number);
    for (int r = 0; r < t->route.size; r++) t->judge->draw(t->head[r], number);
    psw_given given = {.data = data, .sets = psw_data_sets(group->points), .tables = {number, NULL}};
    CHECK(engine->attend(group, &given, &memory, (psw_watch){0}, deal, t) == PSW_OK, "%s", psw_message());
    psw_arena_destroy(&memory);
    while (more && psw_judge_in_blocks(group->points)) {
        for (int r = 0; r < t->route.size; r++) CHECK(t->judge->block(t->head[r]) == PSW_OK, "%s", psw_message());
        settle(t, data);
        more = look(t);
    }
    if (psw_judge_in_blocks(group->points)) return false;
    settle(t, data);
    return !psw_judge_ends(group->points) || look(t);
}

/* The first `draws` draws, on as many ranks. */
static void run(const psw_group *group, int ranks, ptrdiff_t draws, psw_verdict *verdicts)
{
    const psw_point *p = group->points;
    team t = {.judge = psw_judge_of(p->precision)};
    merge_list lists[RANKS_MOST];
    psw_data *data = NULL;
    int count = 0;
    t.route = merge_route(PSW_CONTIGUOUS, (p->n + p->block - 1) / p->block, 1, ranks, 0);
    for (int r = t.route.rank = 0; r < ranks; t.route.rank = ++r) {
        CHECK(psw_arena_create(t.judge->bytes(group, &t.route), &t.arena[r]) == PSW_OK, "%s", psw_message());
        CHECK(t.judge->begin(group, &t.route, (psw_watch){0}, &t.arena[r], &t.head[r]) == PSW_OK, "%s", psw_message());
    }
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t k = 0; k < draws; k++)
        if (!draw(&t, group, data, k)) break;
    for (int r = 0; r < ranks; r++) count = t.judge->merging(t.head[r], lists[r]);
    merge_all(lists, ranks, count);
    t.judge->end(t.head[ranks - 1], verdicts);
    psw_data_close(data);
    for (int r = 0; r < ranks; r++) psw_arena_destroy(&t.arena[r]);
}

static psw_verdict alone(psw_point p, int ranks)
{
    psw_verdict v;
    run(&(psw_group){&p, 1}, ranks, psw_judge_draws(&p), &v);
    return v;
}

static psw_verdict given(psw_point p, ptrdiff_t trials)
{
    p.until = PSW_UNTIL_FIXED, p.trials = trials;
    return alone(p, 1);
}

typedef struct tally {
    ptrdiff_t decided, width, most, late, ties;
} tally;

static void count(tally *seen, const psw_verdict *v)
{
    seen->decided += v->trials_stop == PSW_TRIALS_DECIDED, seen->width += v->trials_stop == PSW_TRIALS_WIDTH;
    seen->most += v->trials_stop == PSW_TRIALS_MOST, seen->late += v->trials_done > 10 * BLOCK;
    seen->ties += v->tie;
}

/* ---- where nothing is drawn ---- */

static bool knows(const psw_point *p, ptrdiff_t successes, ptrdiff_t trials)
{
    double s = (double)successes, f = (double)trials - s;
    psw_interval in = psw_trials_interval(s, f, p->until_error);
    if (p->until == PSW_UNTIL_WIDTH) return in.hi - in.lo <= p->until_width;
    return psw_evidence_side(psw_trials_evidence(s, f, p->level), p->until_error) != 0;
}

/* The bits are those of given trials, and one look earlier it was not known. */
static void check_blocks(const psw_point *p, const psw_verdict *v, tally *seen)
{
    psw_verdict fixed = given(*p, v->trials_done);
    psw_interval in =
        psw_trials_interval((double)v->successes, (double)(v->trials_done - v->successes), p->until_error);
    ptrdiff_t before = (v->trials_done - 1) / BLOCK * BLOCK;
    bool ends = knows(p, v->successes, v->trials_done);
    CHECK(v->success_lo == in.lo && v->success_hi == in.hi && v->trials_error == p->until_error, "[%g, %g]",
          v->success_lo, v->success_hi);
    CHECK((v->trials_stop == PSW_TRIALS_MOST) == !ends && (ends || v->trials_done == p->trials), "stop %d after %td",
          (int)v->trials_stop, v->trials_done);
    if (before > 0) CHECK(!knows(p, given(*p, before).successes, before), "known before %td", v->trials_done);
    fixed.trials_stop = v->trials_stop, fixed.trials_error = v->trials_error;
    fixed.success_lo = v->success_lo, fixed.success_hi = v->success_hi;
    CHECK(verdict_same(&fixed, v), "method %d precision %d mask %d beta %g: not the bits of %td trials", (int)p->method,
          (int)p->precision, (int)p->mask, p->beta, v->trials_done);
    count(seen, v);
}

static void check_group(const psw_point *points, ptrdiff_t members, tally *seen)
{
    psw_verdict of[RANKS_MOST + 1][PSW_GROUP_MAX];
    for (int ranks = 1; ranks <= RANKS_MOST; ranks++)
        run(&(psw_group){points, members}, ranks, psw_judge_draws(points), of[ranks]);
    for (ptrdiff_t i = 0; i < members; i++) {
        psw_verdict one = alone(points[i], 1);
        if (psw_judge_in_blocks(points)) check_blocks(&points[i], &one, seen);
        for (int ranks = 1; ranks <= RANKS_MOST; ranks++)
            CHECK(verdict_same(&of[ranks][i], &one), "method %d beta %g, group of %td on %d ranks: %td trials, not %td",
                  (int)points->method, points[i].beta, members, ranks, of[ranks][i].trials_done, one.trials_done);
    }
}

static psw_point point_of(psw_method method, psw_mask mask, psw_precision precision)
{
    psw_point p = case_of(&W2, 76, 6, 3); /* the last of five leaves is ragged */
    p.method = method, p.mask = mask, p.precision = precision;
    p.block = 16, p.m = 9, p.trials = 130, p.negative = PSW_NEGATIVE_SIGNED; /* the last block is short */
    p.j3 = mask == PSW_CAUSAL ? p.n - 1 : 21;
    p.until = PSW_UNTIL_DECIDED, p.until_error = 0.05, p.level = 0.6;
    if (!psw_method_facts_of(method)->has_degree) p.beta = NAN;
    if (method == PSW_MONOMIAL) p.beta = 2;
    if (method == PSW_TAYLOR) p.order = 4;
    return p;
}

static void methods(psw_mask mask, psw_precision precision, tally *seen)
{
    static const psw_method some[] = {PSW_EXACT, PSW_SOFTMAX, PSW_LINEAR, PSW_TAYLOR, PSW_MONOMIAL, PSW_UNIFORM};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        psw_point p = point_of(some[i], mask, precision), many[4] = {p, p, p, p};
        check_group(&p, 1, seen);
        p.until = PSW_UNTIL_WIDTH, p.until_width = 0.4;
        check_group(&p, 1, seen);
        if (some[i] != PSW_EXACT) continue;
        for (int k = 0; k < 4; k++) many[k].beta = (double)(1 + 2 * k);
        check_group(many, 4, seen);
    }
}

/* Sums of F begin anew after as many steps as signs are kept: 201 here, in the middle of a block. The level is where
 * the rate is, so that one point of the group goes on to the end. */
static void long_ones(psw_precision precision, tally *seen)
{
    psw_point p = case_of(&W2, 128, 130, 4), both[2];
    p.precision = precision, p.block = 64, p.m = 50, p.trials = 450;
    p.level = fmin(0.99, fmax(0.01, given(p, 450).success_rate));
    p.until = PSW_UNTIL_DECIDED, p.until_error = 0.01;
    both[0] = both[1] = p, both[0].beta = 1;
    check_group(both, 2, seen);
}

/* Pre-activations that single precision leaves open, listed and flagged; those that double precision leaves open as
 * well are ties in whichever block they came. */
static void ties(tally *seen)
{
    psw_point left = case_of(&P1, 64, 10, 20000);
    const preset_case one = {"a_0 + b = kappa", 0.05, 0.7, 0.05, 0.7}, all = {"b = kappa", 0, 0.7, 0.1, 0.7};
    psw_point listed = case_of(&one, 64, 10, 3000), flagged = case_of(&all, 256, 34, 600);
    listed.block = 8, listed.trials = 70, flagged.block = 32, flagged.trials = 50;
    listed.precision = flagged.precision = PSW_FP32;
    listed.until = flagged.until = PSW_UNTIL_WIDTH;
    listed.until_error = flagged.until_error = 0.05, listed.until_width = flagged.until_width = 0.15;
    check_group(&listed, 1, seen);
    check_group(&flagged, 1, seen);
    left.a_0 = 0.05, left.block = 16, left.precision = PSW_FP32, left.trials = 90;
    left.until = PSW_UNTIL_WIDTH, left.until_error = 0.05, left.until_width = 0.1;
    seen->ties = 0;
    check_group(&left, 1, seen);
}

/* ---- where rows or tables are drawn ---- */

static psw_verdict first_draws(psw_point p, ptrdiff_t draws)
{
    psw_verdict v;
    p.trials = psw_judge_trials(&p), p.until = PSW_UNTIL_FIXED;
    run(&(psw_group){&p, 1}, 1, draws, &v);
    return v;
}

/* Rates of draws, each from the counts of those before it and of those with it. */
static bool draws_know(const psw_point *p, const double *x, ptrdiff_t draws)
{
    psw_interval in = psw_draws_bounds(x, draws, p->until_error);
    if (p->until == PSW_UNTIL_WIDTH) return in.hi - in.lo <= p->until_width;
    return psw_evidence_side(psw_draws_evidence(x, draws, p->level), p->until_error) != 0;
}

static void check_draws(const psw_point *p, tally *seen)
{
    ptrdiff_t all = psw_judge_draws(p), each = (p->trials + all - 1) / all, before = 0;
    double x[64];
    psw_verdict v = alone(*p, 1);
    ptrdiff_t draws = v.trials_done / each;
    CHECK(v.trials_done == draws * each && draws <= all, "%td trials", v.trials_done);
    for (ptrdiff_t k = 0; k < draws; k++) {
        ptrdiff_t successes = first_draws(*p, k + 1).successes;
        x[k] = (double)(successes - before) / (double)each, before = successes;
    }
    bool ends = draws_know(p, x, draws);
    CHECK(draws < 2 || !draws_know(p, x, draws - 1), "known before draw %td", draws);
    CHECK((v.trials_stop == PSW_TRIALS_MOST) == !ends && (ends || draws == all), "stop %d", (int)v.trials_stop);
    psw_interval in = psw_draws_bounds(x, draws, p->until_error);
    CHECK(v.success_lo == in.lo && v.success_hi == in.hi, "[%g, %g]", v.success_lo, v.success_hi);
    double trials[64], samples;
    for (ptrdiff_t k = 0; k < draws; k++) trials[k] = (double)each;
    psw_variance parts = psw_draws_variance(x, trials, draws);
    psw_draws_interval(x, trials, draws, &samples);
    CHECK(draws == 1 || (v.success_between == parts.between && v.success_within == parts.within), "variance: %g, %g",
          v.success_between, v.success_within);
    CHECK(v.success_samples == (p->data_draws > 0 ? (ptrdiff_t)samples : draws), "%td samples", v.success_samples);
    psw_verdict first = first_draws(*p, draws);
    CHECK(v.successes == first.successes && v.margin_d1 == first.margin_d1 && v.den_rows == first.den_rows &&
              v.bad_rows == first.bad_rows && v.tie == first.tie,
          "method %d: not those of the first draws", (int)p->method);
    /* the same sums over other numbers: two roundings */
    CHECK_NEAR(v.value_d1 * (double)v.trials_done, first.value_d1 * (double)(all * each), 1e-13);
    CHECK_NEAR(v.active_d1 * (double)v.trials_done, first.active_d1 * (double)(all * each), 1e-13);
    count(seen, &v);
}

/* Masses of the draws up to the stop: those of as many draws that are given. */
static void check_masses(psw_point p)
{
    psw_verdict v = alone(p, 1);
    ptrdiff_t all = psw_judge_draws(&p), draws = v.trials_done / ((p.trials + all - 1) / all);
    psw_point fewer = p;
    fewer.until = PSW_UNTIL_FIXED;
    if (p.data_draws > 0) fewer.data_draws = draws;
    if (psw_sketch_has(&p)) fewer.draws = draws;
    psw_verdict g = alone(fewer, 1);
    CHECK(v.special_mass_d1 == g.special_mass_d1 && v.gap == g.gap && v.leak_mass_d1 == g.leak_mass_d1,
          "method %d: masses of %td draws", (int)p.method, draws);
    CHECK(draws == 1 || (v.special_mass_d0_q90 == g.special_mass_d0_q90 && v.gap_q10 == g.gap_q10), "quantiles");
}

static void drawn(psw_method method, psw_mask mask, psw_precision precision, tally *seen)
{
    psw_point p = point_of(method, mask, precision), many[3];
    p.noise = 0.1, p.data_draws = 24, p.trials = 140, p.level = 0.5; /* 6 trials each */
    if (psw_sketch_has(&p)) p.r = 8, p.draws = p.data_draws, p.beta = method == PSW_FAVOR ? NAN : 4;
    check_draws(&p, seen);
    check_masses(p);
    p.until = PSW_UNTIL_WIDTH, p.until_width = 0.1; /* never */
    check_draws(&p, seen);
    p.until_width = 0.6;
    check_draws(&p, seen);
    if (psw_sketch_has(&p)) {
        p.noise = 0, p.data_draws = 0, p.until = PSW_UNTIL_DECIDED; /* tables alone */
        check_draws(&p, seen);
        check_masses(p);
        return;
    }
    for (int k = 0; k < 3; k++) many[k] = p, many[k].until = PSW_UNTIL_DECIDED;
    if (method == PSW_EXACT) many[1].beta = 1, many[2].beta = 9;
    check_group(many, method == PSW_EXACT ? 3 : 1, seen);
}

static bool looked_at(ptrdiff_t draws)
{
    return draws < 128 || (draws < 256 ? draws % 4 == 0 : draws % 8 == 0);
}

/* Many draws: looks become rare, the last one is always looked at, and a rule ends at the first look that knows. */
static void many(psw_until until, double value, psw_trials_stop stop)
{
    enum { DRAWS = 301 };
    psw_point p = case_of(&W2, 16, 4, 3);
    double x[DRAWS], each = 2;
    ptrdiff_t first = 0, before = 0;
    p.negative = PSW_NEGATIVE_SIGNED, p.m = 6, p.noise = 0.3, p.data_draws = DRAWS, p.trials = 2 * DRAWS;
    p.until = until, p.until_error = 0.05, p.until_width = p.level = value;
    psw_verdict v = alone(p, 2);
    ptrdiff_t done = v.trials_done / 2;
    for (ptrdiff_t k = 0; k < done; k++) {
        ptrdiff_t successes = first_draws(p, k + 1).successes;
        x[k] = (double)(successes - before) / each, before = successes;
        if (first == 0 && (looked_at(k + 1) || k + 1 == DRAWS) && draws_know(&p, x, k + 1)) first = k + 1;
    }
    CHECK(v.trials_stop == stop, "stop %d after %td draws", (int)v.trials_stop, done);
    CHECK(stop == PSW_TRIALS_MOST ? done == DRAWS && first == 0 : done == first && done > 128, "%td draws, not %td",
          done, first);
    CHECK(psw_judge_expected(&p).draws == DRAWS || looked_at((ptrdiff_t)psw_judge_expected(&p).draws), "a look");
}

/* With a trial a draw trials are independent: the rule of trials, after 20 of them. */
static void single(void)
{
    psw_point p = point_of(PSW_EXACT, PSW_FULL, PSW_FP64);
    p.noise = 0.1, p.data_draws = p.trials = 50, p.level = 0.5;
    psw_verdict v = alone(p, 2);
    psw_interval in = psw_trials_interval((double)v.successes, (double)(v.trials_done - v.successes), p.until_error);
    CHECK(v.trials_done % BLOCK == 0 || v.trials_done == 50, "%td single draws", v.trials_done);
    CHECK(v.success_lo == in.lo && v.success_hi == in.hi, "the interval of trials");
    CHECK((v.trials_stop == PSW_TRIALS_MOST) == !knows(&p, v.successes, v.trials_done), "stop");
    CHECK(v.successes == first_draws(p, v.trials_done).successes, "successes of the first draws");
}

/* What predictions are made of: a rate of 1 at 0.9, or of 0 at 0.1, whichever way the level lies. */
static void expectations(void)
{
    psw_point p = point_of(PSW_EXACT, PSW_FULL, PSW_FP64);
    p.trials = 4000, p.level = 0.9, p.until_error = 0.01;
    CHECK(psw_judge_expected(&p).trials == 80 && psw_judge_expected(&p).draws == 1, "a rate of 1 is seen to be above");
    p.until_error = 2.5e-5, p.level = 0.1;
    CHECK(psw_judge_expected(&p).trials == 140, "a rate of 0 to be below: %g", psw_judge_expected(&p).trials);
    p.trials = 90;
    CHECK(psw_judge_expected(&p).trials == 90, "there are no more");
    p.trials = 4000, p.until = PSW_UNTIL_WIDTH, p.until_width = 0.1;
    double narrow = psw_judge_expected(&p).trials, wide = narrow - BLOCK;
    psw_interval now = psw_trials_interval(0.1 * narrow, 0.9 * narrow, 2.5e-5),
                 before = psw_trials_interval(0.1 * wide, 0.9 * wide, 2.5e-5);
    CHECK(now.hi - now.lo <= 0.1 && before.hi - before.lo > 0.1, "narrow after %g", narrow);
    p.until = PSW_UNTIL_FIXED;
    CHECK(psw_judge_expected(&p).trials == 4000, "as many as are given");
    p.until = PSW_UNTIL_DECIDED, p.until_error = 0.01, p.level = 0.9, p.noise = 0.1, p.data_draws = 200;
    psw_judge_expectation e = psw_judge_expected(&p);
    double ones[200];
    for (int k = 0; k < 200; k++) ones[k] = 1;
    ptrdiff_t draws = (ptrdiff_t)e.draws;
    CHECK(draws_know(&p, ones, draws) && !draws_know(&p, ones, draws - 1), "after %g draws", e.draws);
    CHECK(e.row_draws == e.draws && e.trials == 20 * e.draws, "%g rows, %g trials", e.row_draws, e.trials);
    p.trials = 200;
    CHECK(psw_judge_expected(&p).trials == 80 && psw_judge_expected(&p).draws == 80, "single draws are as trials");
}

/* Without a verdict there is nothing to end. */
static void none(void)
{
    psw_point p = point_of(PSW_EXACT, PSW_FULL, PSW_FP64);
    p.trials = 0;
    psw_verdict v = alone(p, 1);
    CHECK(v.trials_done == 0 && v.trials_stop == PSW_TRIALS_FIXED && isnan(v.trials_error), "no trials");
    p.trials = 20, p.data_kind = PSW_GAUSSIAN, p.data_draws = 1;
    v = alone(p, 1);
    CHECK(v.trials_done == 0 && !psw_judge_ends(&p), "one data set");
}

int main(void)
{
    tally blocks = {0}, draws = {0};
    for (psw_mask mask = PSW_FULL; mask <= PSW_CAUSAL; mask++)
        for (psw_precision precision = PSW_FP64; precision <= PSW_BF16; precision++) methods(mask, precision, &blocks);
    long_ones(PSW_FP64, &blocks);
    long_ones(PSW_FP32, &blocks);
    ties(&blocks);
    for (psw_precision precision = PSW_FP64; precision <= PSW_FP32; precision++) {
        drawn(PSW_EXACT, PSW_FULL, precision, &draws);
        drawn(PSW_SOFTMAX, PSW_CAUSAL, precision, &draws);
        drawn(PSW_POLYSKETCH, PSW_CAUSAL, precision, &draws);
        drawn(PSW_FAVOR, PSW_FULL, precision, &draws);
    }
    many(PSW_UNTIL_WIDTH, 0.0001, PSW_TRIALS_MOST);
    many(PSW_UNTIL_WIDTH, 0.075, PSW_TRIALS_WIDTH);
    many(PSW_UNTIL_WIDTH, 0.062, PSW_TRIALS_WIDTH);
    many(PSW_UNTIL_DECIDED, 0.085, PSW_TRIALS_DECIDED);
    single();
    expectations();
    none();
    CHECK(blocks.decided > 0 && blocks.width > 0 && blocks.most > 0 && blocks.late > 0 && blocks.ties > 0,
          "blocks: %td decided, %td narrow, %td neither, %td late, %td ties", blocks.decided, blocks.width, blocks.most,
          blocks.late, blocks.ties);
    CHECK(draws.decided > 0 && draws.width > 0 && draws.most > 0, "draws: %td decided, %td narrow, %td neither",
          draws.decided, draws.width, draws.most);
    return test_end();
}
