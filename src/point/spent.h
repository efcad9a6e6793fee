/* point/spent: what a run has cost the machine, divided among its points. */
#ifndef POLYSWEEP_POINT_SPENT_H
#define POLYSWEEP_POINT_SPENT_H

#include "polysweep/point.h"

typedef struct point_spent {
    const psw_computer *computer;
    double start_s, energy_j; /* of the run, on the calling rank */
    double at_s, cycles;      /* of the group */
} point_spent;

point_spent point_spent_begin(const psw_computer *computer);
/* Points that were computed together since the last call: each record keeps its share of the calling rank's cycles,
 * and in place of energy the seconds. */
void point_spent_group(point_spent *spent, psw_record *records, ptrdiff_t count);
/* The end of the run: seconds become shares of its energy, and records have sums over the team. Collective. */
psw_status point_spent_end(point_spent *spent, const psw_comm *team, psw_record *records, ptrdiff_t count);

#endif
