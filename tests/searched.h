/* Studies that search, for tests that compute none of their points, and what those are taken to be. */
#ifndef POLYSWEEP_TESTS_SEARCHED_H
#define POLYSWEEP_TESTS_SEARCHED_H

#include <stdint.h>
#include <string.h>

#include "check.h"
#include "polysweep/search.h"

enum { SEARCHED_EQUAL, SEARCHED_UNEQUAL, SEARCHED_ONE_LONG, SEARCHED_MANY_LONG, SEARCHED_GRIDS };

/* Of 200 combinations (one that is long: 102), of 256 candidates each. */
static const char *const searched_grids[SEARCHED_GRIDS][2] = {
    [SEARCHED_EQUAL] = {"equal costs", "n: 256, d: 10, a_1: {from: 1.1, to: 2, count: 20, spacing: linear}, c: {from: "
                                       "1, to: 2, count: 10, spacing: linear}"},
    [SEARCHED_UNEQUAL] = {"costs of 1 to 4096", "n: [64, 256, 1024, 4096], d: [10, 34], a_1: [1.1, 1.2, 1.3, 1.4, "
                                                "1.5], c: [1, 1.2, 1.4, 1.6, 1.8]"},
    [SEARCHED_ONE_LONG] = {"one that is longer than all others", "n: [64, 16384], d: 10, a_1: {from: 1.1, to: 2, "
                                                                 "count: 20, spacing: linear}, c: [1, 1.2, 1.4, 1.6, "
                                                                 "1.8]"},
    [SEARCHED_MANY_LONG] = {"many that are long", "n: [64, 4096], d: 10, a_1: {from: 1.1, to: 2, count: 20, spacing: "
                                                  "linear}, c: [1, 1.2, 1.4, 1.6, 1.8]"},
};

static inline psw_study *searched_study(int grid, const psw_rooms *rooms)
{
    char text[1024];
    psw_study *study = NULL;
    psw_format(text, sizeof text,
               "schema: 1\nstudy: ranks\ndata: {kind: self_attention, preset: W2}\nmethods: [exact]\n"
               "grid: {negative: signed, beta: {from: 1, to: 256, step: 1}, %s}\njudge: {m: 32, trials: 2000}\n"
               "exclude: [{when: n == 16384 and (a_1 > 1.15 or c > 1), why: one}]\nsearch: {over: beta, level: 0.9}\n",
               searched_grids[grid][1]);
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "text", NULL, 0}, rooms, &study) == PSW_OK, "%s",
          psw_message());
    return study;
}

/* The success rate of a slot: a window of each combination, anywhere; every eighth has none. */
static inline double searched_rate(const psw_study *study, const psw_search *search, ptrdiff_t slot)
{
    psw_point p = psw_study_point(study, slot);
    ptrdiff_t family = psw_search_family(search, slot);
    uint64_t hash = psw_hash_word((uint64_t)family + 77);
    double lo = 1 + (double)(hash % 200), hi = lo + 5 + (double)(hash / 200 % 90);
    return family % 8 == 0 || p.beta < lo || p.beta > hi ? 0.4 : 0.97;
}

#endif
