/* Nodes of two speeds: every run once, ranges one inside the other, and ranks that are busy, each counted by its speed.
 * Beside it today's rule: who is free takes the next run. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "polysweep/plan.h"

enum { PER_NODE = 8, NODES = 20, RANKS = PER_NODE * NODES, RUNS_PER_SPEED = 20 };

static const double busy_least = 0.95;

typedef struct nodes {
    psw_split split;
    psw_classes classes;
    unsigned char of[NODES];
} nodes;

/* The first `fast` nodes, or every so many. */
static void make_nodes(double ratio, int fast, bool mixed, nodes *n)
{
    *n = (nodes){.split = {.ranks = RANKS, .nodes = NODES}, .classes = {.count = 2, .speed = {ratio, 1}}};
    for (int k = 0; k < NODES; k++) n->of[k] = mixed ? (k * fast) % NODES >= fast : k >= fast;
    n->classes.of = n->of;
}

/* ---- runs of single ranks ---- */

static int longest_first(const void *a, const void *b)
{
    double x = ((const psw_run *)a)->predicted_s, y = ((const psw_run *)b)->predicted_s;
    return (x < y) - (x > y);
}

/* From 1 s to `most` s, as many of each octave. */
static psw_runs make_runs(const nodes *n, ptrdiff_t count, double most)
{
    psw_runs runs = {.count = count, .depths = psw_split_depths(&n->split), .classes = &n->classes, .lean = {1, 1}};
    runs.list = calloc((size_t)count, sizeof *runs.list);
    for (ptrdiff_t i = 0; i < count; i++) {
        double seconds = pow(most, rand() / (double)RAND_MAX);
        runs.list[i] = (psw_run){.first = i, .count = 1, .predicted_s = seconds, .busy_s = seconds};
        runs.list[i].depth = runs.depths - 1;
        runs.predicted_s += seconds;
    }
    qsort(runs.list, (size_t)count, sizeof *runs.list, longest_first);
    for (int k = runs.depths; k <= PSW_DEPTHS_MAX; k++) runs.first[k] = count;
    return runs;
}

static psw_schedule simulate(const psw_runs *runs, const nodes *n, psw_turn *turns)
{
    psw_schedule s;
    CHECK(psw_schedule_simulate(runs, &n->split, INFINITY, &s, turns) == PSW_OK, "%s", psw_message());
    return s;
}

/* Each run once, by a team that may; and what it takes is the run's over the speed of the slowest of its nodes. */
static void check_turns(const psw_runs *runs, const nodes *n, const psw_turn *turns, ptrdiff_t count)
{
    psw_share share[PSW_DEPTHS_MAX];
    unsigned char *seen = calloc((size_t)runs->count + 1, 1);
    psw_runs_share(runs, &n->split, share);
    CHECK(count == runs->count, "%td runs of %td", count, runs->count);
    for (ptrdiff_t i = 0; i < count; i++) {
        const psw_turn *t = &turns[i];
        const psw_run *run = &runs->list[t->run];
        const psw_share *of = &share[run->depth];
        int class = psw_class_of(&n->classes, &n->split, &t->team);
        double seconds = run->predicted_s / n->classes.speed[class];
        seen[t->run]++;
        CHECK(t->run >= of->edge[class] && t->run < of->edge[of->segments - class], "run %td, class %d", t->run, class);
        CHECK(fabs(t->end_s - t->start_s - seconds) <= 1e-9 * t->end_s, "run %td takes %g s", t->run, seconds);
    }
    for (ptrdiff_t i = 0; i < runs->count; i++) CHECK(seen[i] == 1, "run %td: %d times", i, seen[i]);
    free(seen);
}

static void test_busy(double ratio, int fast, bool mixed, double most)
{
    nodes n;
    make_nodes(ratio, fast, mixed, &n);
    double power = psw_split_power(&n.split, &n.classes);
    psw_runs runs = make_runs(&n, (ptrdiff_t)(RUNS_PER_SPEED * power) + RANKS / 3, most);
    psw_turn *turns = calloc((size_t)runs.count, sizeof *turns);
    CHECK(power == PER_NODE * (fast * ratio + NODES - fast), "power %g", power);
    CHECK(psw_runs_lean(&runs, &n.split) == PSW_OK, "%s", psw_message());
    psw_schedule s = simulate(&runs, &n, turns);
    check_turns(&runs, &n, turns, s.runs);
    runs.lean = (psw_lean){INFINITY, 0};
    psw_schedule today = simulate(&runs, &n, NULL);
    fprintf(stderr, "%g times as fast, %d of %d nodes%s, runs of 1 to %g s: %.1f %% busy, today %.1f %%\n", ratio, fast,
            NODES, mixed ? " mixed" : "", most, 100 * s.utilisation, 100 * today.utilisation);
    CHECK(fabs(s.utilisation * s.finish_s * power - runs.predicted_s) < 1e-6 * runs.predicted_s, "work is lost");
    CHECK(s.finish_s <= today.finish_s, "%g s, today %g", s.finish_s, today.finish_s);
    CHECK(s.utilisation >= busy_least, "%g", s.utilisation);
    free(turns);
    free(runs.list);
}

/* ---- few runs: it is never worse ---- */

static void test_few(void)
{
    for (int count = 1; count < 60; count++) {
        nodes n;
        make_nodes(1 + 0.5 * (1 + count % 7), 1 + count % (NODES - 1), count % 2, &n);
        psw_runs runs = make_runs(&n, 7 * count, count % 3 ? 1 : 1000);
        psw_turn *turns = calloc((size_t)runs.count, sizeof *turns);
        CHECK(psw_runs_lean(&runs, &n.split) == PSW_OK, "%s", psw_message());
        psw_schedule s = simulate(&runs, &n, turns);
        check_turns(&runs, &n, turns, s.runs);
        runs.lean = (psw_lean){INFINITY, 0};
        psw_schedule today = simulate(&runs, &n, NULL);
        CHECK(s.finish_s <= today.finish_s, "%d runs: %g s, today %g", 7 * count, s.finish_s, today.finish_s);
        free(turns);
        free(runs.list);
    }
}

/* ---- teams, as a run cuts them ---- */

static const char study_text[] =
    "schema: 1\nstudy: heavy\ndata: {kind: self_attention, preset: W2}\nmethods: [exact, softmax]\n"
    "grid: {n: {from: 256, to: 65536, factor: 2}, d: [18, 34, 66], beta: {from: 2, to: 64, step: 2}, seed: [1, 2, 3]}\n"
    "judge: {m: 8, trials: 3}\n";

static psw_runs cut(const psw_study *study, const nodes *n, const psw_classes *classes)
{
    psw_cut how = psw_cut_default;
    psw_runs runs;
    how.split = &n->split;
    how.classes = classes;
    how.choice = PSW_CHOICE_AUTO;
    CHECK(psw_runs_create(study, &psw_rates_default, &how, NULL, &runs) == PSW_OK, "%s", psw_message());
    return runs;
}

static void test_teams(const psw_study *study, double ratio, int fast)
{
    nodes n;
    make_nodes(ratio, fast, false, &n);
    psw_runs runs = cut(study, &n, &n.classes), plain = cut(study, &n, NULL);
    psw_turn *turns = calloc((size_t)runs.count, sizeof *turns);
    psw_schedule s = simulate(&runs, &n, turns);
    check_turns(&runs, &n, turns, s.runs);
    plain.classes = &n.classes;
    plain.lean = (psw_lean){INFINITY, 0};
    psw_schedule today = simulate(&plain, &n, NULL);
    fprintf(stderr, "teams, %g times as fast, %d nodes: %.1f %% busy, today %.1f %%; leaves %g, %g\n", ratio, fast,
            100 * s.utilisation, 100 * today.utilisation, runs.lean.first, runs.lean.last);
    CHECK(s.finish_s <= 1.01 * today.finish_s, "%g s, today %g", s.finish_s, today.finish_s);
    CHECK(s.utilisation >= busy_least, "%g", s.utilisation);
    free(turns);
    psw_runs_free(&runs);
    psw_runs_free(&plain);
}

/* One class is none: the same runs, turns and times, bit for bit. */
static void test_alike(const psw_study *study)
{
    nodes n;
    make_nodes(1, NODES, false, &n);
    n.classes.count = 1;
    psw_runs a = cut(study, &n, NULL), b = cut(study, &n, &n.classes);
    psw_turn *x = calloc((size_t)a.count, sizeof *x), *y = calloc((size_t)b.count, sizeof *y);
    psw_schedule s = simulate(&a, &n, x), t = simulate(&b, &n, y);
    CHECK(s.finish_s == t.finish_s && s.utilisation == t.utilisation && s.runs == t.runs, "other schedules");
    for (ptrdiff_t i = 0; i < s.runs && i < t.runs; i++)
        CHECK(x[i].run == y[i].run && x[i].team.first == y[i].team.first && x[i].end_s == y[i].end_s, "turn %td", i);
    free(x);
    free(y);
    psw_runs_free(&a);
    psw_runs_free(&b);
}

int main(void)
{
    static const int fast[] = {NODES / 2, NODES / 10, NODES - NODES / 10};
    psw_study *study = NULL;
    srand(7);
    for (int k = 0; k < 3; k++)
        for (int ratio = 2; ratio <= 4; ratio += 2)
            for (int i = 0; i < 4; i++) test_busy(ratio, fast[k], i % 2, i < 2 ? 1 : 100);
    test_few();
    CHECK(psw_study_parse(&(psw_study_source){study_text, sizeof study_text - 1, "test", NULL, 0}, NULL, &study) ==
              PSW_OK,
          "%s", psw_message());
    test_alike(study);
    for (int k = 0; k < 3; k++)
        for (int ratio = 2; ratio <= 4; ratio += 2) test_teams(study, ratio, fast[k]);
    psw_study_free(study);
    return test_end();
}
