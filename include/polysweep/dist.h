/* dist: attention over a team of ranks. Carries out what route (polysweep/route.h) says with the pieces that attend
 * gives: moves bytes, waits, measures; knows no mathematics.
 *
 * Exact, softmax and linear attention have the same bits for every team, layout and pattern; state folds agree with one
 * rank to 1e-12 (fp64) and 5e-6 (fp32). */
#ifndef POLYSWEEP_DIST_H
#define POLYSWEEP_DIST_H

#include "polysweep/measure.h"

/* One forward pass over all data sets, on this rank. What hears of the leaves is in none of the times. */
typedef struct psw_traffic {
    double pass_s;               /* from the common start to the rank's last leaf */
    double busy_s;               /* in tiles, maps and sums */
    double comm_s;               /* waiting for messages */
    double wait_s;               /* waiting for the others before the pass and after it: in none of the above */
    double sent_bytes, messages; /* of the attention; its barriers and agreements not. What is larger than a message can
                                    be travels in pieces and counts once; calls of the MPI library: psw_volume */
} psw_traffic;

/* Collective over the team: one pass of an attention that was prepared with `route` (any route for a team of one). The
 * sink hears of the rank's own leaves, in any order. `watch` is asked between tiles and while waiting. A rank that
 * fails or is asked to stop goes on sending, worthless numbers of the right size, so that nobody waits for ever; what
 * is returned is agreed. */
psw_status psw_dist_pass(const psw_comm *team, const psw_engine *engine, psw_attention *attention,
                         const psw_point *point, const psw_route *route, psw_watch watch, psw_leaf_sink sink,
                         void *context, psw_traffic *traffic);

#endif
