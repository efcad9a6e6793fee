/* plan/fitting: on which teams a group has enough memory, how they share it, and what is left to the rank with most.
 * Finding out takes time proportional to the team or to the leaves, and neither degree nor rates matter: results are
 * kept for groups of the same shape, whatever splits of the world and lengths of runs are looked at. */
#ifndef POLYSWEEP_PLAN_FITTING_H
#define POLYSWEEP_PLAN_FITTING_H

#include "plan/team_cost.h"

typedef struct plan_fitting_found {
    ptrdiff_t size;
    bool fits;
    bool shared;           /* is there more than one rank with work? else `share` is not set */
    plan_team_share share; /* as the team works on it */
} plan_fitting_found;

typedef struct plan_fitting_shape plan_fitting_shape;
typedef struct plan_fitting {
    psw_choice choice;   /* as requested */
    double memory_bytes; /* that a rank may have */
    plan_fitting_shape *shapes;
} plan_fitting;

psw_status plan_fitting_create(psw_choice choice, double memory_bytes, plan_fitting *f); /* PSW_NO_MEMORY */
void plan_fitting_free(plan_fitting *f);
/* Of a group on a team of `size`. `large`: memory decides, else it fits any team. Valid until the next call. */
const plan_fitting_found *plan_fitting_find(plan_fitting *f, const psw_group *group, bool large, ptrdiff_t size);

#endif
