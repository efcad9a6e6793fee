/* What psw_comm_merge does, for ranks that are simulated in one process. */
#ifndef POLYSWEEP_TESTS_MERGE_H
#define POLYSWEEP_TESTS_MERGE_H

#include <math.h>
#include <string.h>

#include "polysweep/errors.h"

enum { TEAM_MOST = 8 };

typedef psw_merging merge_list[PSW_MERGING_MAX];

static inline void merge_one(merge_list *lists, int size, int item)
{
    const psw_merging *into = &lists[0][item];
    for (int rank = 1; rank < size; rank++)
        for (ptrdiff_t i = 0; i < into->count; i++) {
            const void *from = lists[rank][item].at;
            if (into->how == PSW_UNITE)
                ((unsigned char *)into->at)[i] |= ((const unsigned char *)from)[i];
            else if (into->how == PSW_ADD)
                ((double *)into->at)[i] += ((const double *)from)[i];
            else
                ((double *)into->at)[i] = fmax(((double *)into->at)[i], ((const double *)from)[i]);
        }
    for (int rank = 1; rank < size; rank++)
        memcpy(lists[rank][item].at, into->at, (size_t)into->count * (into->how == PSW_UNITE ? 1 : sizeof(double)));
}

/* The lists of all ranks, `count` entries each. */
static inline void merge_all(merge_list *lists, int size, int count)
{
    for (int item = 0; item < count; item++) merge_one(lists, size, item);
}

/* The phases of one who is alone. */
static inline void merge_alone(const psw_assessor *assessor, psw_errors *errors, psw_errors_stage stage)
{
    merge_list list;
    for (int phase = 0; assessor->merging(errors, stage, phase, list) > 0; phase++) continue;
}

/* A team of `size` over `leaves` leaves, seen from `rank`. */
static inline psw_route merge_route(psw_layout layout, ptrdiff_t leaves, ptrdiff_t unit, int size, int rank)
{
    return (psw_route){.layout = layout, .leaves = leaves, .unit = unit, .size = size, .rank = rank};
}

#endif
