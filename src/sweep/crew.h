/* sweep/crew: the teams of the calling rank, one at each depth of splitting, and their queues of runs. */
#ifndef POLYSWEEP_SWEEP_CREW_H
#define POLYSWEEP_SWEEP_CREW_H

#include "polysweep/comm.h"
#include "polysweep/plan.h"

typedef struct sweep_crew {
    psw_comm order; /* all ranks, those of a node consecutive: the numbering of ranks in teams */
    psw_split split;
    ptrdiff_t *node_first; /* the split's */
    psw_classes classes;
    unsigned char *node_class; /* the classes' */
    int depths;
    psw_comm
        team[PSW_DEPTHS_MAX];  /* of the calling rank; its first rank takes from the queues. Size 0: none, no runs */
    int class[PSW_DEPTHS_MAX]; /* of that team */
    psw_share share[PSW_DEPTHS_MAX];
    psw_queue *queue[PSW_DEPTHS_MAX][2 * PSW_CLASSES_MAX]; /* of each segment; NULL: it has no runs, or a search */
    psw_pool *pool;                                        /* of a search, instead of queues */
} sweep_crew;

/* Collective. form: order and split, which runs are cut by. open: teams and queues of the depths that have runs, or
 * with a `desk` teams that ask it. Must be freed whatever they return. */
/* sort: nodes of one speed follow each other, the class of rank 0's first, so that as few teams as can be have nodes of
 * two; `speed` is of this rank's node, of the slowest 1, at most PSW_CLASSES_MAX different ones. */
psw_status sweep_crew_form(const psw_comm *world, const psw_comm *node, sweep_crew *crew);
psw_status sweep_crew_sort(sweep_crew *crew, const psw_comm *world, const psw_comm *node, double speed);
psw_status sweep_crew_open(sweep_crew *crew, const psw_comm *node, const psw_runs *runs, const psw_pool_desk *desk);
/* Collective: closes queues and pool. Only when no rank takes any more: callers first synchronise while serving
 * (psw_comm_wait), since a rank that waits for a reply from one queue gets none while rank 0 closes another. */
psw_status sweep_crew_close(sweep_crew *crew);
void sweep_crew_free(sweep_crew *crew);

ptrdiff_t sweep_crew_first(const sweep_crew *crew, int depth);                       /* first rank of the team */
ptrdiff_t sweep_crew_nodes(const sweep_crew *crew, ptrdiff_t first, ptrdiff_t size); /* that these ranks are on */
/* The next run that the team of this depth may take, -1: none. As psw_queue_take. */
ptrdiff_t sweep_crew_take(sweep_crew *crew, int depth);
void sweep_crew_serve(sweep_crew *crew); /* answers other ranks; often */
void sweep_crew_halt(sweep_crew *crew);  /* no more runs are handed out on this node, no more rounds on any */

#endif
