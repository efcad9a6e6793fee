/* point/group: one group of points, attended and judged on a team for each draw of their random rows and tables. */
#ifndef POLYSWEEP_POINT_GROUP_H
#define POLYSWEEP_POINT_GROUP_H

#include "polysweep/point.h"

typedef struct point_results { /* of a group; the same on every rank of the team */
    psw_verdict verdicts[PSW_GROUP_MAX];
    psw_sketch_columns sketch;
    psw_reference_columns reference;
    psw_recall_columns recall[PSW_GROUP_MAX];
    double pass_s, busiest_s, comm_s, wait_s, head_s, keep_s, memory_bytes, predicted_bytes; /* largest of the team */
    double busy_s, sent_bytes;                                                               /* sums over the team */
    double decode_s;              /* of a token, mode decode */
    uint64_t kept[PSW_GROUP_MAX]; /* content_checksum of each point's rows, of all ranks */
} point_results;

/* Who does what of a group on a team: derived once, and the same value for the memory, the passes and the predictions.
 */
typedef struct point_plan {
    psw_choice choice;
    psw_route route; /* of the calling rank */
    size_t bytes;    /* of the arena, on the calling rank */
    psw_team_cost cost;
    double limit_s; /* what run.point_limit is about: the predicted time, of a rule that ends trials of most trials */
} point_plan;
point_plan point_plan_of(const psw_comm *team, const psw_computer *computer, const psw_group *group);

/* `slots`: of its points. The arena has room. Collective over the team. */
psw_status point_group_compute(const psw_comm *team, psw_computer *computer, const psw_group *group,
                               const ptrdiff_t *slots, const point_plan *plan, point_results *r);

/* The median time of a token, and its columns (NaN in other modes). Collective over the task's team. */
psw_status point_decode_time(const psw_team_task *task, double *seconds);
psw_decode_columns point_decode_columns(const psw_point *point, double seconds);

#endif
