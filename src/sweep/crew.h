/* sweep/crew: the teams that this rank belongs to, one at each depth of splitting, and their queues of runs. */
#ifndef POLYSWEEP_SWEEP_CREW_H
#define POLYSWEEP_SWEEP_CREW_H

#include "polysweep/comm.h"
#include "polysweep/plan.h"

typedef struct psw_crew {
    psw_comm order; /* all ranks, those of a node next to each other: what teams count their ranks by */
    psw_split split;
    ptrdiff_t *node_first; /* the split's */
    int depths;
    psw_comm team[PSW_DEPTHS_MAX];    /* of this rank; its first rank takes from the queue */
    psw_queue *queue[PSW_DEPTHS_MAX]; /* NULL: no runs of this depth */
} psw_crew;

/* Collective. form: order and split, which runs are cut by. open: teams and queues of the depths that have runs. To be
 * freed whatever they return. */
psw_status psw_crew_form(const psw_comm *world, const psw_comm *node, psw_crew *crew);
psw_status psw_crew_open(psw_crew *crew, const psw_comm *node, const psw_runs *runs);
/* Collective: the queues. Only when no rank takes any more: callers have met before, serving (psw_comm_wait), for a
 * rank that still waits for an answer of one queue gets none while rank 0 closes another. */
psw_status psw_crew_close(psw_crew *crew);
void psw_crew_free(psw_crew *crew);

ptrdiff_t psw_crew_first(const psw_crew *crew, int depth);                       /* first rank of the team */
ptrdiff_t psw_crew_nodes(const psw_crew *crew, ptrdiff_t first, ptrdiff_t size); /* that these ranks are on */
void psw_crew_serve(psw_crew *crew);                                             /* answers other ranks; often */
void psw_crew_halt(psw_crew *crew); /* nothing more is given out on this node */

#endif
