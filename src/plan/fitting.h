/* plan/fitting: on which teams a group has enough memory, and with which pattern. Laying out a rank's memory takes time
 * proportional to its team, so results are reused for the next group of the same shape. */
#ifndef POLYSWEEP_PLAN_FITTING_H
#define POLYSWEEP_PLAN_FITTING_H

#include "polysweep/plan.h"

typedef struct plan_fitting_found {
    ptrdiff_t size;
    bool fits;
    psw_choice choice; /* how a team of that size works on it */
} plan_fitting_found;

typedef struct plan_fitting {
    psw_choice choice;   /* as requested */
    double memory_bytes; /* that a rank may have */
    psw_point shape;     /* of the group below */
    ptrdiff_t count;     /* its points; 0 = none yet */
    plan_fitting_found found[PSW_DEPTHS_MAX];
    int known;
} plan_fitting;

/* Does the group fit a team of `size`? */
bool plan_fitting_has(plan_fitting *f, const psw_group *group, ptrdiff_t size, psw_choice *choice);

#endif
