/* Searches whose trials end when they know, seed after seed, where theory knows the rates: how often an edge is outside
 * of its interval, of any combination of a study, against the error that was stated for all of its points together.
 * search_truth [SEEDS]. */
#include <stdlib.h>

#include "polysweep/search.h"
#include "polysweep/sequence.h"
#include "unit/spec_study.h"

enum { BLOCK = 20, MOST = 4000, DEGREES = 64 };
static const double level = 0.9, error = 0.05;

static const char text[] = "schema: 1\nmethods: [exact]\n"
                           "grid: {preset: [P1, P3, W1, W2], m: {from: 10, to: 60, step: 5}, n: 64, d: 18, "
                           "beta: {from: 1, to: 64, step: 1}}\n"
                           "search: {over: beta, level: 0.9}\n";

typedef struct curves {
    double *rate;        /* of every slot, exact */
    psw_answer *answers; /* of this seed */
    double share;        /* of the error that a point has */
    uint64_t seed;
} curves;

/* A number in [0, 1) that depends on the seed, the slot and the trial alone. */
static double uniform(const curves *c, ptrdiff_t slot, ptrdiff_t trial)
{
    uint64_t word = psw_hash_word(psw_hash_word(c->seed * 0x9e3779b97f4a7c15 + (uint64_t)slot) + (uint64_t)trial);
    return (double)(word >> 11) / 9007199254740992.0;
}

/* Trials of a point by the rule, looked at after blocks. */
static psw_answer judged(const curves *c, ptrdiff_t slot)
{
    psw_answer answer = {.status = PSW_SLOT_DONE, .open = true, .level = NAN};
    double successes = 0;
    ptrdiff_t trials = 0;
    while (trials < MOST && answer.open) {
        for (ptrdiff_t end = trials + BLOCK; trials < end; trials++)
            successes += uniform(c, slot, trials) < c->rate[slot];
        psw_evidence evidence = psw_trials_evidence(successes, (double)trials - successes, level);
        answer.open = psw_evidence_side(evidence, c->share) == 0;
    }
    psw_interval interval = psw_trials_interval(successes, (double)trials - successes, c->share);
    answer.value = successes / (double)trials, answer.trials = (double)trials;
    answer.lo = interval.lo, answer.hi = interval.hi;
    return answer;
}

static psw_answer answer_of(const void *context, ptrdiff_t slot)
{
    return ((const curves *)context)->answers[slot];
}

/* The exact rates are on the side of the level that an edge says on either side of it. */
static bool is_right(const curves *c, const double *value, const ptrdiff_t *slot, ptrdiff_t count,
                     const psw_crossing *edge)
{
    bool rises = edge->kind == PSW_EDGE_RISE, right = true;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (value[i] == edge->lo) right = right && (c->rate[slot[i]] >= level) != rises;
        if (value[i] == edge->hi) right = right && (c->rate[slot[i]] >= level) == rises;
    }
    return right;
}

static bool all_right(const psw_search *search, curves *c, ptrdiff_t family, ptrdiff_t *edges)
{
    const psw_combinations *all = psw_search_combinations(search);
    ptrdiff_t slots[DEGREES], number, count, first = all->first[family];
    psw_crossings found;
    bool right = true;
    while ((count = psw_search_round(search, family, answer_of, c, slots, &number)) > 0)
        for (ptrdiff_t i = 0; i < count; i++) c->answers[slots[i]] = judged(c, slots[i]);
    psw_search_crossings(search, family, answer_of, c, &found);
    for (ptrdiff_t i = 0; i < found.count && i < PSW_SEARCH_EDGES; i++, ++*edges)
        right =
            is_right(c, all->value + first, all->slot + first, all->first[family + 1] - first, &found.edge[i]) && right;
    return right;
}

int main(int argc, char **argv)
{
    int seeds = argc > 1 ? atoi(argv[1]) : 1000, wrong = 0;
    psw_study *study = study_of(text);
    ptrdiff_t slots = psw_study_slots(study), edges = 0;
    psw_search *search;
    curves c = {malloc((size_t)slots * sizeof(double)), malloc((size_t)slots * sizeof(psw_answer)), 0, 0};
    CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
    c.share = error / (double)slots;
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point point = psw_study_point(study, slot);
        c.rate[slot] = psw_theory_point(&point).success;
    }
    for (int seed = 0; seed < seeds; seed++) {
        bool right = true;
        c.seed = (uint64_t)seed;
        for (ptrdiff_t slot = 0; slot < slots; slot++) c.answers[slot] = (psw_answer){.status = PSW_SLOT_EMPTY};
        for (ptrdiff_t f = 0; f < psw_search_combinations(search)->families; f++)
            right = all_right(search, &c, f, &edges) && right;
        wrong += !right;
    }
    fprintf(stderr, "%d seeds, %td edges: an edge is outside in %d, stated: at most %g\n", seeds, edges, wrong,
            error * seeds);
    CHECK(edges >= 40 * seeds, "%td edges", edges); /* of 44 combinations, some of which have none, others two */
    /* three standard deviations of a count whose rate is as stated */
    CHECK(wrong <= error * seeds + 3 * sqrt(error * seeds), "%d of %d seeds", wrong, seeds);
    psw_search_free(search);
    psw_study_free(study);
    free(c.rate), free(c.answers);
    return test_end();
}
