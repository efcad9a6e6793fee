/* Every loop asks its watch, often enough and never again once it was told to end: the k-th answer ends it with the
 * answer's status, and the work can be done again. No clock: asks are counted against the work between them. */
#include <stdlib.h>

#include "check.h"
#include "polysweep/errors.h"
#include "polysweep/judge.h"
#include "polysweep/theory.h"
#include "unit/theory_case.h"

typedef struct counter {
    long asks, end_at, after; /* after: asks since it said so */
} counter;

static psw_status answer(void *context)
{
    counter *c = context;
    if (c->asks >= c->end_at) c->after++;
    return ++c->asks >= c->end_at ? PSW_STOPPED : PSW_OK;
}

/* One loop: PSW_OK, or what the watch says. */
typedef struct loop {
    const char *what;
    psw_status (*run)(const psw_point *point, psw_watch watch);
    psw_point point;
    long least;    /* asks of the whole */
    long trailing; /* asks that may follow the last answer: those of callers on the way out */
} loop;

static void check(const loop *l)
{
    counter c = {.end_at = 1L << 40};
    CHECK(l->run(&l->point, (psw_watch){answer, &c}) == PSW_OK, "%s: %s", l->what, psw_message());
    CHECK(c.asks >= l->least, "%s asks %ld times, not %ld", l->what, c.asks, l->least);
    const long all = c.asks, at[] = {1, 2, all / 2, all};
    for (int i = 0; i < 4; i++) {
        c = (counter){.end_at = at[i]};
        psw_status status = l->run(&l->point, (psw_watch){answer, &c});
        CHECK(status == PSW_STOPPED, "%s, ended at ask %ld of %ld: %s", l->what, at[i], all, psw_status_word(status));
        CHECK(c.after <= l->trailing, "%s: %ld asks after the end", l->what, c.after);
    }
    c = (counter){.end_at = 1L << 40};
    CHECK(l->run(&l->point, (psw_watch){answer, &c}) == PSW_OK && c.asks == all, "%s: not as before", l->what);
}

/* ---- what asks ---- */

static psw_status theory(const psw_point *p, psw_watch watch)
{
    psw_point other = *p; /* edges are remembered: each call needs new ones */
    static double shift = 0;
    other.level -= 1e-9 * ++shift;
    psw_theory_point_watched(&other, watch);
    return psw_watch_ask(watch);
}

static psw_status in_arena(const psw_point *p, psw_watch watch,
                           psw_status (*run)(const psw_point *, psw_watch, psw_data *, psw_arena *))
{
    psw_data *data;
    psw_arena arena;
    psw_status status = psw_data_open(p, NULL, &data);
    if (status == PSW_OK) status = psw_arena_create((size_t)1 << 26, &arena);
    CHECK(status == PSW_OK, "%s", psw_message());
    status = run(p, watch, data, &arena);
    psw_arena_destroy(&arena);
    psw_data_close(data);
    return status;
}

/* Only the head is watched, and makes all its products. */
static psw_status judge_pass(const psw_point *p, psw_watch watch, psw_data *data, psw_arena *arena)
{
    psw_group group = {p, 1};
    const psw_judge *judge = psw_judge_of(p->precision);
    psw_head *head;
    PSW_TRY(judge->begin(&group, NULL, watch, arena, &head));
    judge->prune(head, false);
    return psw_engine_of(p->precision)
        ->attend(&group, &(psw_given){.data = data, .sets = 2}, arena, (psw_watch){0}, judge->take, head);
}

static psw_status head(const psw_point *p, psw_watch watch)
{
    return in_arena(p, watch, judge_pass);
}

static psw_status load_all(const psw_point *p, psw_watch watch, psw_data *data, psw_arena *arena)
{
    psw_group group = {p, 1};
    psw_given given = {.watch = watch, .data = data, .sets = psw_data_sets(p)};
    const psw_engine *engine = psw_engine_of(p->precision);
    psw_attention *a;
    PSW_TRY(engine->prepare(&group, &given, arena, &a));
    psw_status status = engine->reload(a, &given);
    if (status == PSW_OK) status = engine->redraw(a, 1, watch);
    engine->release(a);
    CHECK(arena->used == 0, "%zu bytes are kept", arena->used);
    return status;
}

static psw_status rows_and_tables(const psw_point *p, psw_watch watch)
{
    return in_arena(p, watch, load_all);
}

static psw_status assess(const psw_point *p, psw_watch watch, psw_data *data, psw_arena *arena)
{
    const psw_assessor *assessor = psw_assessor_of(p->precision);
    psw_errors *errors = NULL;
    psw_merging list[PSW_MERGING_MAX];
    psw_status status = assessor->begin(p, &(psw_given){.data = data}, watch, arena, &errors);
    for (int phase = 0; status == PSW_OK && assessor->merging(errors, PSW_ERRORS_BEGUN, phase, list) > 0;) phase++;
    if (status == PSW_OK) status = assessor->draw(errors, 0);
    if (errors) assessor->close(errors);
    return status;
}

static psw_status errors(const psw_point *p, psw_watch watch)
{
    return in_arena(p, watch, assess);
}

/* ---- points ---- */

static psw_point judged(ptrdiff_t n, ptrdiff_t trials)
{
    psw_point p = case_of(&P1, n, 34, 4);
    p.block = 64, p.m = 64, p.trials = trials;
    return p;
}

static psw_point sketched(psw_method method)
{
    psw_point p = case_of(&P1, 512, 34, 4);
    p.method = method, p.block = 64, p.r = 200, p.draws = 2;
    return p;
}

static psw_point causal(void)
{
    psw_point p = case_of(&W2, 4096, 66, 4);
    p.mask = PSW_CAUSAL, p.j3 = p.n - 1, p.m = 16;
    return p;
}

int main(void)
{
    const loop loops[] = {
        /* 2 data sets of 64 blocks of 8 rows, and 64 x 4000 sign vectors of 7 groups of 2 bytes, half a MiB of them at
         * a time: an ask for each, as it has more than 2^22 products */
        {"head", head, judged(512, 4000), 2 * 64 * (64 * 4000L * 7 * 2 / 524288), 1},
        {"rows", rows_and_tables, judged(512, 1), 2 * 8, 1},
        {"tables of favor", rows_and_tables, sketched(PSW_FAVOR), 2 * 8 + 3 * 200 / 16, 1},
        {"tables of a tree", rows_and_tables, sketched(PSW_POLYSKETCH), 2 * 8 + 3 * 2 * 34 / 16, 1},
        {"tables of maclaurin", rows_and_tables, sketched(PSW_MACLAURIN), 2 * 8 + 3 * 4, 1},
        {"tables of srht", rows_and_tables, sketched(PSW_SRHT), 2 * 8 + 3 * 4, 1},
        {"tables of tensorsketch", rows_and_tables, sketched(PSW_TENSORSKETCH), 2 * 8 + 3 * 4, 1},
        {"errors", errors, sketched(PSW_POLYSKETCH), 4 * 8, 1},
        /* some hundreds of evaluations, in each four walks of 64 classes or so; callers on the way out ask again */
        {"theory under a causal mask", theory, causal(), 300, 100},
    };
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) check(&loops[i]);
    return test_end();
}
