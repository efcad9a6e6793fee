/* plan/team_cost: the cost of one group on teams of many sizes. */
#ifndef POLYSWEEP_PLAN_TEAM_COST_H
#define POLYSWEEP_PLAN_TEAM_COST_H

#include "plan/parts.h"

typedef struct plan_team_work {
    const psw_rates *rates;
    const psw_group *group;
    psw_choice choice;
    psw_fold_kind kind; /* PSW_ONE_RANK where nothing is shared */
    ptrdiff_t leaves;
    plan_cost_parts parts; /* of the group */
    double draws;
    double repeat_s;           /* one more forward pass, on one rank */
    psw_message_bytes message; /* what a leaf, a row or a diagonal block sends */
} plan_team_work;
plan_team_work plan_team_work_of(const psw_rates *rates, const psw_group *group, psw_choice choice);
/* As psw_cost_team_time. */
psw_team_cost plan_team_cost_of(const plan_team_work *work, ptrdiff_t size, ptrdiff_t nodes);

#endif
