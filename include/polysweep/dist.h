/* dist: attention over a team of ranks. Carries out a route (polysweep/route.h) with the pieces that attend provides:
 * it moves bytes, waits and measures; there is no mathematics here.
 *
 * Methods that are `bitwise` (polysweep/methods.def: exact, softmax, linear, uniform, window, topk) have the same bits
 * for every team, layout and pattern; the others, state folds above all, agree with one rank to 1e-12 (fp64) and 5e-6
 * (fp32). */
#ifndef POLYSWEEP_DIST_H
#define POLYSWEEP_DIST_H

#include "polysweep/measure.h"

/* One forward pass over all data sets, on the calling rank. Time in the sink is in none of these. */
typedef struct psw_traffic {
    double pass_s;               /* from the common start to the rank's last leaf */
    double busy_s;               /* in tiles, maps and sums */
    double comm_s;               /* waiting for messages */
    double wait_s;               /* waiting for other ranks before and after the pass: in none of the above */
    double sent_bytes, messages; /* of the attention, without barriers and agreements. A transfer larger than a message
                                    can be is sent in pieces and counts once; for calls of the MPI library see
                                    psw_volume */
} psw_traffic;

/* What a team computes, as each rank has it. All of it outlives the passes. */
typedef struct psw_team_task {
    const psw_comm *team;
    const psw_engine *engine;
    psw_attention *attention; /* prepared with `route`; any route for a team of one */
    const psw_point *point;   /* the first of its group */
    const psw_route *route;
    psw_watch watch; /* asked between tiles and while waiting */
} psw_team_task;

/* Collective over the team: one pass. The sink gets the leaves of the calling rank, in any order. A rank that fails or
 * is asked to stop goes on sending messages of the right size, with worthless numbers, so that no other rank waits for
 * ever. The returned status is agreed by the team: what the engine returns, or PSW_ENVIRONMENT after a failed message.
 */
psw_status psw_dist_pass(const psw_team_task *task, psw_leaf_sink sink, void *context, psw_traffic *traffic);

#endif
