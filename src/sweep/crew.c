/* The teams that this rank belongs to, one at each depth, and what they take runs from. */
#include "sweep/crew.h"

#include <stdlib.h>

/* Ranks of a node follow each other, nodes in the order of their lowest ranks. */
static psw_status put_in_order(const psw_comm *world, const psw_comm *node, psw_comm *order, int *lowest)
{
    double least = -world->rank;
    PSW_TRY(psw_comm_max(node, &least, 1));
    *lowest = (int)-least;
    return psw_comm_split(world, 0, *lowest, order);
}

/* First ranks of the nodes, from the lowest rank of each rank's node. */
static psw_status find_nodes(sweep_crew *crew, int lowest)
{
    const psw_comm *order = &crew->order;
    int *all = calloc((size_t)order->size, sizeof *all);
    crew->node_first = calloc((size_t)order->size, sizeof *crew->node_first);
    psw_status status = all && crew->node_first ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the list of nodes");
    status = psw_comm_agree(order, status);
    if (status == PSW_OK) status = psw_comm_gather(order, &lowest, sizeof lowest, all);
    if (status == PSW_OK) status = psw_comm_bytes(order, 0, all, (size_t)order->size * sizeof *all);
    ptrdiff_t nodes = 0;
    for (int i = 0; status == PSW_OK && i < order->size; i++)
        if (i == 0 || all[i] != all[i - 1]) crew->node_first[nodes++] = i;
    crew->split = (psw_split){.ranks = order->size, .nodes = nodes, .node = crew->node_first};
    free(all);
    return status;
}

psw_status sweep_crew_form(const psw_comm *world, const psw_comm *node, sweep_crew *crew)
{
    int lowest;
    *crew = (sweep_crew){.order = {MPI_COMM_NULL, 0, 0}};
    for (int k = 0; k < PSW_DEPTHS_MAX; k++) crew->team[k] = (psw_comm){MPI_COMM_NULL, 0, 0};
    PSW_TRY(put_in_order(world, node, &crew->order, &lowest));
    return find_nodes(crew, lowest);
}

ptrdiff_t sweep_crew_first(const sweep_crew *crew, int depth)
{
    return psw_split_team(&crew->split, depth, crew->order.rank).first;
}

ptrdiff_t sweep_crew_nodes(const sweep_crew *crew, ptrdiff_t first, ptrdiff_t size)
{
    ptrdiff_t nodes = 0;
    for (ptrdiff_t i = 0; i < crew->split.nodes; i++) {
        ptrdiff_t next = i + 1 < crew->split.nodes ? crew->node_first[i + 1] : crew->split.ranks;
        nodes += crew->node_first[i] < first + size && next > first;
    }
    return nodes;
}

/* A rank in no team of a depth was alone in one. */
static void leave(psw_comm *team)
{
    psw_comm_free(team);
    team->size = team->rank = 0;
}

psw_status sweep_crew_open(sweep_crew *crew, const psw_comm *node, const psw_runs *runs, const psw_pool_desk *desk)
{
    crew->depths = runs->depths;
    for (int k = 0; k < crew->depths; k++) {
        ptrdiff_t count = runs->first[k + 1] - runs->first[k];
        if (count == 0) continue;
        psw_team own = psw_split_team(&crew->split, k, crew->order.rank);
        PSW_TRY(psw_comm_split(&crew->order, (int)own.first, crew->order.rank, &crew->team[k]));
        if (own.size == 0) leave(&crew->team[k]);
        if (!desk) PSW_TRY(psw_queue_open(&crew->order, node, count, &crew->queue[k]));
    }
    return desk ? psw_pool_open(&crew->order, desk, &crew->pool) : PSW_OK;
}

void sweep_crew_serve(sweep_crew *crew)
{
    for (int k = 0; k < crew->depths; k++)
        if (crew->queue[k]) psw_queue_serve(crew->queue[k]);
    if (crew->pool) psw_pool_serve(crew->pool);
}

void sweep_crew_halt(sweep_crew *crew)
{
    for (int k = 0; k < crew->depths; k++)
        if (crew->queue[k]) psw_queue_halt(crew->queue[k]);
    if (crew->pool) psw_pool_halt(crew->pool);
}

/* One after another; at each, rank 0 answers that one's requests alone. Hence what crew.h asks of the caller. */
psw_status sweep_crew_close(sweep_crew *crew)
{
    psw_status status = PSW_OK;
    for (int k = 0; k < crew->depths; k++) {
        if (!crew->queue[k]) continue;
        psw_status closed = psw_queue_close(&crew->order, crew->queue[k]);
        if (status == PSW_OK) status = closed;
        crew->queue[k] = NULL;
    }
    psw_status closed = crew->pool ? psw_pool_close(&crew->order, crew->pool) : PSW_OK;
    crew->pool = NULL;
    return status == PSW_OK ? closed : status;
}

void sweep_crew_free(sweep_crew *crew)
{
    for (int k = 0; k < PSW_DEPTHS_MAX; k++) psw_comm_free(&crew->team[k]);
    psw_comm_free(&crew->order);
    free(crew->node_first);
}
