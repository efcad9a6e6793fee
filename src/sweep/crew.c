/* The teams that this rank belongs to, one at each depth, and what they take runs from. */
#include "sweep/crew.h"

#include <math.h>
#include <stdlib.h>

/* Ranks of a node follow each other, nodes in the order of their `place`, then of their lowest ranks. */
static psw_status put_in_order(const psw_comm *world, const psw_comm *node, int place, psw_comm *order, int *lowest)
{
    double least = -world->rank;
    PSW_TRY(psw_comm_max(node, &least, 1));
    *lowest = (int)-least;
    return psw_comm_split(world, 0, place * world->size + *lowest, order);
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
    PSW_TRY(put_in_order(world, node, 0, &crew->order, &lowest));
    return find_nodes(crew, lowest);
}

/* ---- nodes of different speed ---- */

/* The different speeds of all ranks, the fastest first; of one too many nothing. */
static psw_status find_speeds(const psw_comm *world, double speed, psw_classes *classes)
{
    double next = INFINITY;
    for (classes->count = 0; classes->count < PSW_CLASSES_MAX; classes->count++) {
        double fastest = speed < next ? speed : 0;
        PSW_TRY(psw_comm_max(world, &fastest, 1));
        if (fastest == 0) break;
        classes->speed[classes->count] = next = fastest;
    }
    return PSW_OK;
}

static int class_of_speed(const psw_classes *classes, double speed)
{
    int class = 0;
    while (class + 1 < classes->count && classes->speed[class] > speed) class ++;
    return class;
}

static psw_status share_classes(sweep_crew *crew, int class)
{
    const psw_comm *order = &crew->order;
    int *all = calloc((size_t)order->size, sizeof *all);
    crew->node_class = calloc((size_t)crew->split.nodes, 1);
    psw_status status = all && crew->node_class ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for speeds of nodes");
    status = psw_comm_agree(order, status);
    if (status == PSW_OK) status = psw_comm_gather(order, &class, sizeof class, all);
    if (status == PSW_OK) status = psw_comm_bytes(order, 0, all, (size_t)order->size * sizeof *all);
    for (ptrdiff_t k = 0; status == PSW_OK && k < crew->split.nodes; k++)
        crew->node_class[k] = (unsigned char)all[crew->node_first[k]];
    crew->classes.of = crew->node_class;
    free(all);
    return status;
}

psw_status sweep_crew_sort(sweep_crew *crew, const psw_comm *world, const psw_comm *node, double speed)
{
    psw_classes classes = {0};
    PSW_TRY(find_speeds(world, speed, &classes));
    if (classes.count < 2) return PSW_OK;
    int lowest, class = class_of_speed(&classes, speed), root = class;
    PSW_TRY(psw_comm_bytes(world, 0, &root, sizeof root));
    sweep_crew_free(crew);
    *crew = (sweep_crew){.order = {MPI_COMM_NULL, 0, 0}, .classes = classes};
    for (int k = 0; k < PSW_DEPTHS_MAX; k++) crew->team[k] = (psw_comm){MPI_COMM_NULL, 0, 0};
    PSW_TRY(put_in_order(world, node, class == root ? 0 : class + 1, &crew->order, &lowest));
    PSW_TRY(find_nodes(crew, lowest));
    return share_classes(crew, class);
}

/* ---- teams and queues ---- */

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

/* Of the team that this rank takes for. */
static double speed_of(const sweep_crew *crew, int depth, int segment)
{
    int class = crew->class[depth];
    bool takes = segment >= class && segment < crew->share[depth].segments - class;
    bool first = crew->team[depth].size > 0 && crew->team[depth].rank == 0;
    return takes && first ? psw_class_speed(&crew->classes, class) : 0;
}

static psw_status open_queues(sweep_crew *crew, const psw_comm *node, int depth)
{
    const psw_share *share = &crew->share[depth];
    for (int k = 0; k < share->segments; k++) {
        ptrdiff_t count = share->edge[k + 1] - share->edge[k];
        double speed = speed_of(crew, depth, k);
        if (count > 0) PSW_TRY(psw_queue_open(&crew->order, node, count, speed, &crew->queue[depth][k]));
    }
    return PSW_OK;
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
    psw_runs_share(runs, &crew->split, crew->share);
    for (int k = 0; k < crew->depths; k++) {
        if (runs->first[k + 1] == runs->first[k]) continue;
        psw_team own = psw_split_team(&crew->split, k, crew->order.rank);
        crew->class[k] = psw_class_of(runs->classes, &crew->split, &own);
        PSW_TRY(psw_comm_split(&crew->order, (int)own.first, crew->order.rank, &crew->team[k]));
        if (own.size == 0) leave(&crew->team[k]);
        if (!desk) PSW_TRY(open_queues(crew, node, k));
    }
    return desk ? psw_pool_open(&crew->order, desk, &crew->pool) : PSW_OK;
}

ptrdiff_t sweep_crew_take(sweep_crew *crew, int depth)
{
    const psw_share *share = &crew->share[depth];
    int class = crew->class[depth];
    for (int k = class; k < share->segments - class; k++) {
        ptrdiff_t number = crew->queue[depth][k] ? psw_queue_take(crew->queue[depth][k]) : -1;
        if (number >= 0) return share->edge[k] + number;
    }
    return -1;
}

static void each_queue(sweep_crew *crew, void (*act)(psw_queue *queue))
{
    for (int k = 0; k < crew->depths; k++)
        for (int i = 0; i < crew->share[k].segments; i++)
            if (crew->queue[k][i]) act(crew->queue[k][i]);
}

void sweep_crew_serve(sweep_crew *crew)
{
    each_queue(crew, psw_queue_serve);
    if (crew->pool) psw_pool_serve(crew->pool);
}

void sweep_crew_halt(sweep_crew *crew)
{
    each_queue(crew, psw_queue_halt);
    if (crew->pool) psw_pool_halt(crew->pool);
}

/* One after another; at each, rank 0 answers that one's requests alone. Hence what crew.h asks of the caller. */
psw_status sweep_crew_close(sweep_crew *crew)
{
    psw_status status = PSW_OK;
    for (int k = 0; k < crew->depths; k++)
        for (int i = 0; i < crew->share[k].segments; i++) {
            if (!crew->queue[k][i]) continue;
            psw_status closed = psw_queue_close(&crew->order, crew->queue[k][i]);
            if (status == PSW_OK) status = closed;
            crew->queue[k][i] = NULL;
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
    free(crew->node_class);
}
