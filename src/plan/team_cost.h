/* plan/team_cost: the cost of one group on teams of many sizes. */
#ifndef POLYSWEEP_PLAN_TEAM_COST_H
#define POLYSWEEP_PLAN_TEAM_COST_H

#include "plan/parts.h"

typedef struct plan_team_work {
    const psw_rates *rates;
    const psw_group *group;
    psw_fold_kind kind; /* PSW_ONE_RANK where nothing is shared */
    ptrdiff_t leaves;
    plan_cost_parts parts; /* of the group */
    double draws;
    double repeat_s;           /* one more forward pass, on one rank */
    psw_message_bytes message; /* what a leaf, a row or a diagonal block sends */
} plan_team_work;
plan_team_work plan_team_work_of(const psw_rates *rates, const psw_group *group, psw_choice choice);

/* What the rank with most of a team has to do, whatever rates are. To find it takes time proportional to the leaves. */
typedef struct plan_team_share {
    psw_route route;
    double tiles, leaves; /* of the ranks with most of each */
    double queries;       /* a part of all */
    double nodes;         /* of a grid: of the sum of the last leaf, that each of the other columns sends */
} plan_team_share;
plan_team_share plan_team_share_of(const psw_point *point, psw_choice choice, ptrdiff_t size);

/* As psw_cost_team_time; for `size` 1, and for what nobody shares, `share` may be NULL. */
psw_team_cost plan_team_cost_of(const plan_team_work *work, const plan_team_share *share, ptrdiff_t nodes);

/* As psw_choice_within; fits: has every rank that much memory? */
psw_choice plan_choice_within(const psw_group *group, psw_choice choice, ptrdiff_t size, double memory_bytes,
                              bool *fits);

#endif
