/* A point whose rows are drawn: passes, errors and verdict over draws against those of each draw by itself. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "merge.h"
#include "polysweep/judge.h"
#include "unit/theory_case.h"

enum { ROWS = 3, TABLES = 2, TRIALS = 10, LEAVES_MOST = 64 };

static const psw_method methods[] = {PSW_EXACT, PSW_SOFTMAX, PSW_POLYSKETCH, PSW_TENSORSKETCH, PSW_FAVOR};

static psw_point point_of(psw_method method, psw_mask mask, psw_precision precision, ptrdiff_t local)
{
    psw_point p = case_of(&W1, 48, 10, 4);
    p.method = method, p.mask = mask, p.precision = precision, p.block = 16, p.noise = 0.2, p.data_draws = ROWS;
    p.j3 = 20, p.m = 5, p.trials = TRIALS, p.seed = 3;
    if (psw_sketch_has(&p)) p.r = 6, p.draws = TABLES, p.local = local;
    return p;
}

/* ---- leaves ---- */

typedef struct leaves {
    double value[LEAVES_MOST * 1024];
    ptrdiff_t count;
} leaves;

static psw_status keep(void *context, const psw_leaf *leaf)
{
    leaves *l = context;
    for (ptrdiff_t i = 0; i < leaf->sets * leaf->count; i++) {
        l->value[l->count++] = leaf->special[i];
        l->value[l->count++] = leaf->log2_den[i];
    }
    memcpy(l->value + l->count, leaf->rows, sizeof(float) * (size_t)(leaf->sets * leaf->count * leaf->width));
    l->count += leaf->sets * leaf->count * leaf->width;
    return PSW_OK;
}

/* Of one draw, made afresh. */
static void fresh(const psw_point *p, psw_data *data, ptrdiff_t rows, ptrdiff_t table, psw_leaf_sink sink,
                  void *context)
{
    psw_group group = {p, 1};
    const psw_engine *engine = psw_engine_of(p->precision);
    psw_arena arena;
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
    psw_data_draw(data, rows);
    psw_status status =
        engine->attend(&group, &(psw_given){.data = data, .sets = psw_data_sets(group.points), .tables = {table, NULL}},
                       &arena, (psw_watch){0}, sink, context);
    CHECK(status == PSW_OK, "%s", psw_message());
    psw_arena_destroy(&arena);
}

/* An attention that gets other rows has the bits of one that was made for them, whatever it had before. */
static void reloaded(const psw_point *p)
{
    psw_group group = {p, 1};
    const psw_engine *engine = psw_engine_of(p->precision);
    leaves *l = calloc(2, sizeof *l);
    psw_arena arena;
    psw_data *data;
    psw_attention *a;
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
    psw_given given = {.data = data, .sets = 2};
    CHECK(engine->prepare(&group, &given, &arena, &a) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t draw = 0; draw < ROWS; draw++) {
        l[0].count = l[1].count = 0;
        psw_data_draw(data, draw);
        if (draw > 0) engine->reload(a, &given);
        if (draw > 0) engine->redraw(a, draw % TABLES, (psw_watch){0});
        CHECK(engine->pass(a, (psw_watch){0}, keep, &l[0]) == PSW_OK, "%s", psw_message());
        fresh(p, data, draw, draw % TABLES, keep, &l[1]);
        CHECK(l[0].count == l[1].count && !memcmp(l[0].value, l[1].value, (size_t)l[0].count * sizeof(double)),
              "method %d, mask %d, draw %td", (int)p->method, (int)p->mask, draw);
    }
    engine->release(a);
    psw_data_close(data);
    psw_arena_destroy(&arena);
    free(l);
}

/* ---- errors ---- */

typedef struct assessed {
    const psw_assessor *assessor;
    psw_errors *errors;
} assessed;

static psw_status assess(void *context, const psw_leaf *leaf)
{
    assessed *a = context;
    return a->assessor->take(a->errors, leaf);
}

static void one_draw(assessed *a, const psw_point *p, psw_data *data, ptrdiff_t rows, ptrdiff_t table, ptrdiff_t number)
{
    CHECK(a->assessor->draw(a->errors, number) == PSW_OK, "%s", psw_message());
    merge_alone(a->assessor, a->errors, PSW_ERRORS_DRAWN);
    fresh(p, data, rows, table, assess, a);
}

static void ended(assessed *a, psw_sketch_columns *columns)
{
    merge_alone(a->assessor, a->errors, PSW_ERRORS_ENDING);
    a->assessor->end(a->errors, columns);
    a->assessor->close(a->errors);
}

/* Rows of draw `rows` with the first `count` tables. */
static psw_sketch_columns alone(const psw_point *p, psw_data *data, ptrdiff_t rows, ptrdiff_t count)
{
    psw_point tables = *p;
    psw_sketch_columns columns;
    psw_arena arena;
    assessed a = {psw_assessor_of(p->precision), NULL};
    tables.data_draws = 1, tables.draws = count;
    CHECK(psw_arena_create(a.assessor->bytes(&tables, NULL), &arena) == PSW_OK, "%s", psw_message());
    psw_data_draw(data, rows);
    psw_status status = a.assessor->begin(&tables, &(psw_given){.data = data, .tables.weights = NULL, .route = NULL},
                                          (psw_watch){0}, &arena, &a.errors);
    CHECK(status == PSW_OK, "%s", psw_message());
    merge_alone(a.assessor, a.errors, PSW_ERRORS_BEGUN);
    for (ptrdiff_t table = 0; table < count; table++) one_draw(&a, p, data, rows, table, table);
    ended(&a, &columns);
    psw_arena_destroy(&arena);
    return columns;
}

/* Of the second table: what the mean of two has beyond the first. */
static psw_sketch_columns draw_alone(const psw_point *p, psw_data *data, ptrdiff_t draw)
{
    psw_sketch_columns first = alone(p, data, draw % ROWS, 1);
    if (draw % TABLES == 0) return first;
    psw_sketch_columns both = alone(p, data, draw % ROWS, 2);
    both.err_attn_mean = 2 * both.err_attn_mean - first.err_attn_mean;
    both.err_out_mean = 2 * both.err_out_mean - first.err_out_mean;
    return both;
}

/* Means over draws are those of draws by themselves: the same sums in another order, and roots of them. */
static void compare_errors(const psw_point *p)
{
    psw_data *data;
    psw_arena arena;
    psw_sketch_columns columns;
    double amm = 0, out = 0, entropy = 0, theory = 0;
    assessed a = {psw_assessor_of(p->precision), NULL};
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(a.assessor->bytes(p, NULL), &arena) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t rows = 0; rows < ROWS; rows++) {
        psw_data_draw(data, rows);
        psw_status status =
            rows ? a.assessor->reload(a.errors, data)
                 : a.assessor->begin(p, &(psw_given){.data = data, .tables.weights = NULL, .route = NULL},
                                     (psw_watch){0}, &arena, &a.errors);
        CHECK(status == PSW_OK, "%s", psw_message());
        merge_alone(a.assessor, a.errors, PSW_ERRORS_BEGUN);
        one_draw(&a, p, data, rows, rows % TABLES, rows);
    }
    ended(&a, &columns);
    for (ptrdiff_t draw = 0; draw < ROWS; draw++) {
        psw_sketch_columns c = draw_alone(p, data, draw);
        amm += c.err_attn_mean / ROWS, out += c.err_out_mean / ROWS;
        entropy += c.entropy / ROWS, theory += c.theory_err_amm * c.theory_err_amm / ROWS;
    }
    CHECK_NEAR(columns.err_attn_mean, amm, 1e-13);
    CHECK_NEAR(columns.err_out_mean, out, 1e-13);
    CHECK_NEAR(columns.entropy, entropy, 1e-13);
    if (!isnan(columns.theory_err_amm)) CHECK_NEAR(columns.theory_err_amm, sqrt(theory), 1e-13);
    psw_data_close(data);
    psw_arena_destroy(&arena);
}

/* ---- the verdict ---- */

static psw_head *head_of(const psw_point *p, psw_arena *arena)
{
    const psw_judge *judge = psw_judge_of(p->precision);
    psw_group group = {p, 1};
    psw_head *head = NULL;
    CHECK(psw_arena_create(judge->bytes(&group, NULL), arena) == PSW_OK, "%s", psw_message());
    CHECK(judge->begin(&group, NULL, (psw_watch){0}, arena, &head) == PSW_OK, "%s", psw_message());
    return head;
}

/* A head that sees one draw counts that draw's trials. */
static psw_verdict verdict_of(const psw_point *p, psw_data *data, ptrdiff_t first, ptrdiff_t last)
{
    ptrdiff_t draws = psw_judge_draws(p);
    const psw_judge *judge = psw_judge_of(p->precision);
    psw_arena arena;
    psw_verdict verdict;
    psw_head *head = head_of(p, &arena);
    for (ptrdiff_t draw = first; draw <= last; draw++) {
        judge->draw(head, draw % draws);
        fresh(p, data, draw, draw % TABLES, judge->take, head);
    }
    judge->end(head, &verdict);
    psw_arena_destroy(&arena);
    return verdict;
}

static void check_masses(const psw_verdict *all, double mass[ROWS], double gap[ROWS])
{
    CHECK(all->special_mass_d1_q10 == psw_quantile(mass, ROWS, 0.1), "quantile of masses");
    CHECK(all->special_mass_d1 == mass[1] && all->gap == psw_quantile(gap, ROWS, 0.5), "the middle one of three");
}

static void compare_verdicts(const psw_point *p)
{
    double rate[ROWS], trials[ROWS], mass[ROWS], gap[ROWS], samples;
    ptrdiff_t successes = 0, sketched = psw_sketch_draws(p) > 0, done = (TRIALS + ROWS - 1) / ROWS * ROWS;
    psw_data *data;
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_verdict all = verdict_of(p, data, 0, ROWS - 1);
    for (ptrdiff_t draw = 0; draw < ROWS; draw++) {
        psw_point one = *p;
        psw_verdict v = verdict_of(&one, data, draw, draw);
        one.data_draws = one.draws = 1;
        psw_verdict masses = verdict_of(&one, data, draw, draw); /* trials of all draws, masses of one */
        successes += v.successes;
        trials[draw] = (double)done / ROWS, rate[draw] = (double)v.successes / trials[draw];
        mass[draw] = masses.special_mass_d1, gap[draw] = masses.gap;
    }
    CHECK(all.trials_done == done && all.successes == successes, "%td of %td", all.successes, all.trials_done);
    if (sketched) { /* two tables: draws 0 and 2 have the same, so there are two clusters */
        rate[0] = (rate[0] + rate[2]) / 2, trials[0] *= 2;
    }
    psw_interval interval = psw_draws_interval(rate, trials, sketched ? TABLES : ROWS, &samples);
    CHECK(all.success_lo == interval.lo && all.success_hi == interval.hi, "method %d: [%g, %g]", (int)p->method,
          all.success_lo, all.success_hi);
    CHECK(all.success_samples == (ptrdiff_t)samples && isnan(all.success_cond_lo), "%td samples", all.success_samples);
    check_masses(&all, mass, gap);
    psw_data_close(data);
}

/* ---- one draw, and trials with a draw each ---- */

static void ends(void)
{
    psw_point p = point_of(PSW_EXACT, PSW_FULL, PSW_FP64, 0);
    psw_data *data;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    p.data_draws = 1;
    psw_verdict one = verdict_of(&p, data, 0, 0);
    psw_interval given = psw_wilson((double)one.successes, TRIALS);
    CHECK(one.success_samples == 1 && isnan(one.success_between) && one.success_within >= 0, "one draw");
    CHECK_NEAR(one.success_lo, 0.025 * one.success_rate, 1e-15);
    CHECK_NEAR(one.success_hi, 1 - 0.025 * (1 - one.success_rate), 1e-15);
    CHECK(one.success_cond_lo == given.lo && one.success_cond_hi == given.hi, "given the rows");
    CHECK(isnan(one.special_mass_d1_q10) && isnan(one.gap_q90), "one draw has no quantiles");
    p.data_draws = p.trials = ROWS;
    psw_verdict each = verdict_of(&p, data, 0, ROWS - 1);
    psw_interval free_of_draws = psw_wilson((double)each.successes, ROWS);
    CHECK(each.success_samples == ROWS && each.success_lo == free_of_draws.lo, "a draw for each trial");
    p.trials = TRIALS, p.noise = 0, p.data_draws = 0;
    psw_verdict none = verdict_of(&p, data, 0, 0);
    CHECK(none.success_samples == TRIALS && isnan(none.success_cond_lo) && isnan(none.success_within),
          "nothing is drawn");
    psw_data_close(data);
}

int main(void)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        for (int k = 0; k < 4; k++) {
            psw_mask mask = k & 1 ? PSW_CAUSAL : PSW_FULL;
            psw_point p = point_of(methods[i], mask, k & 2 ? PSW_FP32 : PSW_FP64,
                                   mask == PSW_CAUSAL && methods[i] == PSW_POLYSKETCH ? 16 : 0);
            reloaded(&p);
            compare_verdicts(&p);
            if (psw_sketch_has(&p)) compare_errors(&p);
        }
    ends();
    return test_end();
}
