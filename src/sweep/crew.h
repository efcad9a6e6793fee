/* sweep/crew: the teams of the calling rank, one at each depth of splitting, and their queues of runs. */
#ifndef POLYSWEEP_SWEEP_CREW_H
#define POLYSWEEP_SWEEP_CREW_H

#include "polysweep/comm.h"
#include "polysweep/plan.h"

typedef struct sweep_crew {
    psw_comm order; /* all ranks, those of a node consecutive: the numbering of ranks in teams */
    psw_split split;
    ptrdiff_t *node_first; /* the split's */
    int depths;
    psw_comm team[PSW_DEPTHS_MAX];    /* of the calling rank, size 0: none; its first rank takes from the queue */
    psw_queue *queue[PSW_DEPTHS_MAX]; /* NULL: no runs of this depth, or a search */
    psw_pool *pool;                   /* of a search, instead of queues */
} sweep_crew;

/* Collective. form: order and split, which runs are cut by. open: teams and queues of the depths that have runs, or
 * with a `desk` teams that ask it. Must be freed whatever they return. */
psw_status sweep_crew_form(const psw_comm *world, const psw_comm *node, sweep_crew *crew);
psw_status sweep_crew_open(sweep_crew *crew, const psw_comm *node, const psw_runs *runs, const psw_pool_desk *desk);
/* Collective: closes queues and pool. Only when no rank takes any more: callers first synchronise while serving
 * (psw_comm_wait), since a rank that waits for a reply from one queue gets none while rank 0 closes another. */
psw_status sweep_crew_close(sweep_crew *crew);
void sweep_crew_free(sweep_crew *crew);

ptrdiff_t sweep_crew_first(const sweep_crew *crew, int depth);                       /* first rank of the team */
ptrdiff_t sweep_crew_nodes(const sweep_crew *crew, ptrdiff_t first, ptrdiff_t size); /* that these ranks are on */
void sweep_crew_serve(sweep_crew *crew);                                             /* answers other ranks; often */
void sweep_crew_halt(sweep_crew *crew); /* no more runs are handed out on this node, no more rounds on any */

#endif
