/* Words for a route, and the routes that properties are asked of: every layout, mask and unit, for teams up to
 * `largest` and sequences that do and do not divide evenly, also shorter than the team. */
#ifndef POLYSWEEP_TESTS_ROUTE_CASES_H
#define POLYSWEEP_TESTS_ROUTE_CASES_H

#include "polysweep/base.h"
#include "polysweep/route.h"

/* In one buffer: until the next call. */
static inline const char *route_case_name(const psw_route *r)
{
    static char text[160];
    psw_format(text, sizeof text,
               "layout %d pattern %d scan %d causal %d, %td leaves in units of %td on %d ranks, %d columns",
               (int)r->layout, (int)r->pattern, (int)r->scan, r->causal, r->leaves, r->unit, r->size, r->columns);
    return text;
}

/* The same route as another rank has it. */
static inline psw_route route_case_on(const psw_route *route, int rank)
{
    psw_route r = *route;
    r.rank = rank;
    return r;
}

static inline void each_route(int largest, void (*check)(psw_route route))
{
    const int sizes[] = {1, 2, 3, 5, 8, 13, largest};
    static const ptrdiff_t leaves[] = {1, 3, 8, 31, 64, 100};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t l = 0; l < sizeof leaves / sizeof *leaves; l++)
            for (int kind = 0; kind < 12; kind++) {
                psw_route r = {.layout = (psw_layout)(kind % 3), .causal = kind / 3 % 2, .unit = kind / 6 ? 3 : 1};
                r.size = sizes[s], r.leaves = leaves[l];
                check(r);
            }
}

#endif
