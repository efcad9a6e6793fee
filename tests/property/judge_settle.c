/* What single precision leaves open, decided by the heads of a team: the same verdict however leaves are dealt out, and
 * whether places are listed or there are too many. */
#include <string.h>

#include "engine_case.h"
#include "merge.h"
#include "verdict.h"

enum { RANKS_MOST = 5 };

typedef struct team {
    const psw_judge *judge;
    psw_arena arena[RANKS_MOST];
    psw_head *head[RANKS_MOST];
    int ranks;
} team;

static psw_status deal(void *context, const psw_leaf *leaf)
{
    team *t = context;
    return t->judge->take(t->head[leaf->index % t->ranks], leaf);
}

static void merge_heads(team *t)
{
    merge_list lists[RANKS_MOST];
    int count = 0;
    for (int r = 0; r < t->ranks; r++) count = t->judge->merging(t->head[r], lists[r]);
    merge_all(lists, t->ranks, count);
}

static psw_verdict verdict_of(const psw_point *p, int ranks, bool settled)
{
    psw_group group = {p, 1};
    const psw_engine *engine = psw_engine_of(p->precision);
    team t = {.judge = psw_judge_of(p->precision), .ranks = ranks};
    psw_arena memory;
    psw_data *data = NULL;
    psw_verdict v;
    for (int r = 0; r < ranks; r++) {
        CHECK(psw_arena_create(t.judge->bytes(&group, NULL), &t.arena[r]) == PSW_OK, "%s", psw_message());
        CHECK(t.judge->begin(&group, NULL, (psw_watch){0}, &t.arena[r], &t.head[r]) == PSW_OK, "%s", psw_message());
    }
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &memory) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_status status = engine->attend(&group, &(psw_given){.data = data, .sets = psw_data_sets(group.points)}, &memory,
                                       (psw_watch){0}, deal, &t);
    CHECK(status == PSW_OK, "%s", psw_message());
    for (int r = 0; r < ranks && settled; r++)
        CHECK(t.judge->settle(t.head[r], data, (psw_watch){0}) == PSW_OK, "%s", psw_message());
    merge_heads(&t);
    t.judge->end(t.head[0], &v);
    psw_data_close(data);
    psw_arena_destroy(&memory);
    for (int r = 0; r < ranks; r++) psw_arena_destroy(&t.arena[r]);
    return v;
}

static void any_team(psw_point p, bool open)
{
    p.precision = PSW_FP32;
    psw_verdict one = verdict_of(&p, 1, true), left = verdict_of(&p, 1, false);
    CHECK((left.tie > one.tie) == open, "beta = %g: %td ties, %td before", p.beta, one.tie, left.tie);
    for (int ranks = 2; ranks <= RANKS_MOST; ranks++) {
        psw_verdict many = verdict_of(&p, ranks, true);
        CHECK(verdict_same(&one, &many), "beta = %g, %d ranks: %td successes, %td ties, not %td, %td", p.beta, ranks,
              many.successes, many.tie, one.successes, one.tie);
    }
}

/* A stop is heard while rows are made again. */
static psw_status stop(void *context)
{
    (void)context;
    return PSW_STOPPED;
}

static void is_watched(psw_point p)
{
    psw_group group = {&p, 1};
    psw_arena memory;
    psw_data *data = NULL;
    p.precision = PSW_FP32;
    const psw_engine *engine = psw_engine_of(p.precision);
    team t = {.judge = psw_judge_of(p.precision), .ranks = 1};
    CHECK(psw_arena_create(t.judge->bytes(&group, NULL), &t.arena[0]) == PSW_OK, "%s", psw_message());
    CHECK(t.judge->begin(&group, NULL, (psw_watch){0}, &t.arena[0], &t.head[0]) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &memory) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    CHECK(engine->attend(&group, &(psw_given){.data = data, .sets = psw_data_sets(group.points)}, &memory,
                         (psw_watch){0}, deal, &t) == PSW_OK,
          "attend");
    CHECK(t.judge->settle(t.head[0], data, (psw_watch){stop, NULL}) == PSW_STOPPED, "not stopped");
    psw_data_close(data);
    psw_arena_destroy(&memory), psw_arena_destroy(&t.arena[0]);
}

int main(void)
{
    const preset_case one = {"a_0 + b = kappa", 0.05, 0.7, 0.05, 0.7}, all = {"b = kappa", 0, 0.7, 0.1, 0.7};
    psw_point listed = case_of(&one, 64, 10, 3000), flagged = case_of(&all, 256, 34, 600);
    listed.block = 8, listed.trials = 20;
    flagged.block = 32, flagged.trials = 40;
    any_team(listed, true);
    any_team(flagged, true);
    psw_point plain = case_of(&P1, 256, 34, 8);
    plain.block = 32, plain.trials = 40;
    any_team(plain, false);
    is_watched(flagged);
    return test_end();
}
