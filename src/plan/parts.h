/* plan/parts: the cost of a point, by how a team shares it. */
#ifndef POLYSWEEP_PLAN_PARTS_H
#define POLYSWEEP_PLAN_PARTS_H

#include "polysweep/plan.h"

typedef struct plan_cost_parts {            /* seconds */
    double fixed;                           /* not shared: theory, bookkeeping */
    double tables;                          /* on every rank: random tables of all draws */
    double tiles;                           /* attention of all data sets and draws, except for what is shared */
    double errors;                          /* of a sketch over draws, and against a reference: by own keys */
    double head;                            /* by own queries */
    double shared_tiles, shared_head, data; /* once for a group: products of scores; signs; rows */
} plan_cost_parts;
plan_cost_parts plan_cost_parts_of(const psw_rates *rates, const psw_point *point);
plan_cost_parts plan_cost_parts_of_group(const psw_rates *rates, const psw_group *group);

#endif
