/* The head itself, seed after seed, where theory knows the rates: how often a side is wrong, at any of many points or
 * at one, and how often a rate is outside of its interval. trials_truth [SEEDS]. */
#include <stdlib.h>

#include "check.h"
#include "polysweep/judge.h"
#include "polysweep/theory.h"
#include "unit/theory_case.h"

enum { POINTS = 8 };

typedef struct told {
    int seeds, any, decided; /* any: seeds in which some point is wrong */
    int wrong[POINTS], missed[POINTS];
    double trials;
} told;

static void stop_group(const psw_group *group, psw_verdict *verdicts)
{
    const psw_judge *judge = psw_judge_of(PSW_FP64);
    const psw_engine *engine = psw_engine_of(PSW_FP64);
    psw_arena memory, judged;
    psw_data *data = NULL;
    psw_head *head;
    psw_merging list[PSW_MERGING_MAX];
    CHECK(psw_arena_create(engine->bytes(group, NULL), &memory) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(judge->bytes(group, NULL), &judged) == PSW_OK, "%s", psw_message());
    CHECK(judge->begin(group, NULL, (psw_watch){0}, &judged, &head) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(group->points, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_given given = {.data = data, .sets = 2};
    CHECK(engine->attend(group, &given, &memory, (psw_watch){0}, judge->take, head) == PSW_OK, "%s", psw_message());
    do {
        CHECK(judge->block(head) == PSW_OK, "%s", psw_message());
        judge->looking(head, list);
    } while (judge->look(head));
    judge->end(head, verdicts);
    psw_data_close(data);
    psw_arena_destroy(&memory), psw_arena_destroy(&judged);
}

/* The truth of a degree is the same for all seeds; the level is that of one of them, where either side is wrong. */
static told runs_of(psw_until until, double error, int seeds)
{
    static const double degrees[POINTS] = {1, 2, 3, 4, 5, 6, 8, 12};
    psw_point points[POINTS];
    double truth[POINTS];
    told t = {.seeds = seeds};
    for (int i = 0; i < POINTS; i++) {
        points[i] = case_of(&W2, 64, 10, degrees[i]);
        points[i].m = 20, points[i].trials = 1000, points[i].block = 64;
        points[i].until = until, points[i].until_width = 0.2, points[i].until_error = error;
        truth[i] = psw_theory_point(&points[i]).success;
    }
    for (int i = 0; i < POINTS; i++) points[i].level = truth[3];
    for (int seed = 0; seed < seeds; seed++) {
        psw_verdict v[POINTS];
        bool any = false;
        for (int i = 0; i < POINTS; i++) points[i].seed = (uint64_t)(1000 + seed);
        stop_group(&(psw_group){points, POINTS}, v);
        for (int i = 0; i < POINTS; i++) {
            bool decided = v[i].trials_stop == PSW_TRIALS_DECIDED, above = v[i].success_rate > points[i].level;
            bool wrong = decided && (truth[i] == points[i].level || above != (truth[i] > points[i].level));
            t.wrong[i] += wrong, t.decided += decided, any = any || wrong;
            t.missed[i] += truth[i] < v[i].success_lo || truth[i] > v[i].success_hi;
            t.trials += (double)v[i].trials_done;
        }
        t.any += any;
    }
    return t;
}

/* The stated chance, and four deviations of a count: one of them would be too few, as it is looked at many times. */
static double at_most(int seeds, double chance)
{
    return seeds * chance + 4 * sqrt(seeds * chance);
}

static int worst(const int counts[POINTS])
{
    int most = 0;
    for (int i = 0; i < POINTS; i++) most = counts[i] > most ? counts[i] : most;
    return most;
}

static void check(const char *what, const told *t, double error, double all)
{
    int wrong = worst(t->wrong), missed = worst(t->missed);
    fprintf(stderr, "%s: %d seeds, %d decided, wrong in %d, at one point in %d, outside in %d, %.4g trials a point\n",
            what, t->seeds, t->decided, t->any, wrong, missed, t->trials / t->seeds / POINTS);
    CHECK(t->any <= at_most(t->seeds, all), "%s: a side is wrong in %d seeds, stated %g", what, t->any, all);
    CHECK(wrong <= at_most(t->seeds, error), "%s: a side of one point is wrong in %d, stated %g", what, wrong, error);
    CHECK(missed <= at_most(t->seeds, error), "%s: %d rates of one point outside, stated %g", what, missed, error);
}

int main(int arguments, char **argument)
{
    int seeds = arguments > 1 ? atoi(argument[1]) : 200;
    told each = runs_of(PSW_UNTIL_DECIDED, 0.05, seeds), all = runs_of(PSW_UNTIL_DECIDED, 0.05 / POINTS, seeds),
         narrow = runs_of(PSW_UNTIL_WIDTH, 0.05, seeds);
    check("a point at 0.05", &each, 0.05, 0.05 * POINTS);
    check("all points at 0.05", &all, 0.05 / POINTS, 0.05);
    check("width 0.2 at 0.05", &narrow, 0.05, 0.05 * POINTS);
    CHECK(each.decided > 2 * seeds && all.decided > 2 * seeds && narrow.decided == 0, "%d, %d decided", each.decided,
          all.decided);
    return test_end();
}
