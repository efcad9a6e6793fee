/* Numbers given out over nodes. Rank 0's node holds the pool; its ranks take from it directly. The ranks of another
 * node take from spans of numbers in their shared memory and ask rank 0 for more, by messages, before those run
 * out. Shared memory and two-sided messages only: one-sided calls between nodes abort over TCP, or wait for a target
 * that computes. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/comm.h"

enum { TAG_ASK = 1, TAG_ANSWER = 2 };

typedef struct span {
    int64_t first, end; /* empty: first == end */
} span;

/* One a node, in shared memory, behind a lock of its own. A rank has one request under way at most and sends it only
 * while no more numbers than ranks are left, so 2 spans a rank are enough. */
typedef struct shared {
    atomic_flag lock;
    bool over, halted; /* rank 0 has no more; nothing more is wanted */
    int64_t asking;    /* requests under way */
    int64_t pool;      /* rank 0's node: the next number */
    int64_t count;     /* other nodes: spans, ascending */
    span list[];
} shared;

struct psw_queue {
    MPI_Comm handle;
    MPI_Win window;
    shared *node;
    int rank, size, node_size;
    bool direct; /* this node holds the pool */
    int64_t total;
    bool waiting; /* for an answer */
    int64_t weight;
    span answer;
    MPI_Request requests[2];
};

static void lock(shared *node)
{
    while (atomic_flag_test_and_set_explicit(&node->lock, memory_order_acquire)) sched_yield();
}

static void unlock(shared *node)
{
    atomic_flag_clear_explicit(&node->lock, memory_order_release);
}

/* ---- rank 0 answers ---- */

/* A quarter of the asker's share of what is left, so that spans shrink towards the end; few numbers a rank, for
 * the first are the longest. */
static span cut(psw_queue *queue, int64_t weight)
{
    shared *node = queue->node;
    lock(node);
    int64_t left = queue->total - node->pool, length = left * weight / (4 * (int64_t)queue->size);
    if (length > 4 * weight) length = 4 * weight;
    if (length < 1) length = 1;
    if (length > left) length = left;
    span given = {node->pool, node->pool + length};
    node->pool += length;
    unlock(node);
    return given;
}

static void answer_all(psw_queue *queue)
{
    for (;;) {
        int arrived;
        int64_t weight;
        MPI_Status from;
        MPI_Iprobe(MPI_ANY_SOURCE, TAG_ASK, queue->handle, &arrived, &from);
        if (!arrived) return;
        MPI_Recv(&weight, 1, MPI_INT64_T, from.MPI_SOURCE, TAG_ASK, queue->handle, MPI_STATUS_IGNORE);
        span given = cut(queue, weight);
        MPI_Send(&given, 2, MPI_INT64_T, from.MPI_SOURCE, TAG_ANSWER, queue->handle); /* its receive is posted */
    }
}

/* ---- another node asks ---- */

static void ask(psw_queue *queue, int64_t weight)
{
    queue->weight = weight;
    queue->waiting = true;
    MPI_Irecv(&queue->answer, 2, MPI_INT64_T, 0, TAG_ANSWER, queue->handle, &queue->requests[0]);
    MPI_Isend(&queue->weight, 1, MPI_INT64_T, 0, TAG_ASK, queue->handle, &queue->requests[1]);
}

static void insert(shared *node, span new)
{
    int64_t at = node->count++;
    for (; at > 0 && node->list[at - 1].first > new.first; at--) node->list[at] = node->list[at - 1];
    node->list[at] = new;
}

static void collect(psw_queue *queue)
{
    int arrived;
    if (!queue->waiting) return;
    MPI_Testall(2, queue->requests, &arrived, MPI_STATUSES_IGNORE);
    if (!arrived) return;
    queue->waiting = false;
    lock(queue->node);
    queue->node->asking--;
    if (queue->answer.first == queue->answer.end)
        queue->node->over = true;
    else
        insert(queue->node, queue->answer);
    unlock(queue->node);
}

void psw_queue_serve(psw_queue *queue)
{
    if (queue->rank == 0) answer_all(queue);
    collect(queue);
}

/* ---- taking ---- */

static int64_t pop_pool(psw_queue *queue)
{
    shared *node = queue->node;
    lock(node);
    int64_t number = node->halted || node->pool >= queue->total ? -1 : node->pool++;
    unlock(node);
    return number;
}

static int64_t numbers_left(const shared *node)
{
    int64_t left = 0;
    for (int64_t i = 0; i < node->count; i++) left += node->list[i].end - node->list[i].first;
    return left;
}

static int64_t pop_list(shared *node)
{
    if (node->count == 0) return -1;
    int64_t number = node->list[0].first++;
    if (node->list[0].first == node->list[0].end) {
        node->count--;
        memmove(node->list, node->list + 1, (size_t)node->count * sizeof *node->list);
    }
    return number;
}

/* One look at the node's spans; `end` when no more will come. Asks for a rank's worth when there is
 * nothing, for a node's worth when numbers run low and no rank has asked. */
static int64_t pop_or_ask(psw_queue *queue, bool *end)
{
    shared *node = queue->node;
    int64_t weight = 0;
    lock(node);
    int64_t number = node->halted ? -1 : pop_list(node);
    *end = number < 0 && (node->halted || (node->over && node->asking == 0)); /* an answer under way may hold numbers */
    if (!*end && !node->over && !queue->waiting) {
        if (number < 0)
            weight = 1;
        else if (node->asking == 0 && numbers_left(node) <= queue->node_size)
            weight = queue->node_size;
    }
    node->asking += weight > 0;
    unlock(node);
    if (weight > 0) ask(queue, weight);
    return number;
}

ptrdiff_t psw_queue_take(psw_queue *queue)
{
    psw_queue_serve(queue);
    if (queue->direct) return (ptrdiff_t)pop_pool(queue);
    for (;;) {
        bool end;
        int64_t number = pop_or_ask(queue, &end);
        if (number >= 0 || end) return (ptrdiff_t)number;
        sched_yield();
        collect(queue);
    }
}

void psw_queue_halt(psw_queue *queue)
{
    lock(queue->node);
    queue->node->halted = true;
    unlock(queue->node);
}

/* ---- opening and closing ---- */

static psw_status share(psw_queue *queue, const psw_comm *node)
{
    MPI_Aint bytes = (MPI_Aint)(sizeof(shared) + 2 * (size_t)node->size * sizeof(span));
    void *own;
    int unit;
    if (MPI_Win_allocate_shared(node->rank == 0 ? bytes : 0, 1, MPI_INFO_NULL, node->handle, &own, &queue->window))
        return PSW_FAIL(PSW_ENVIRONMENT, "no shared memory for the queue of a node");
    MPI_Win_shared_query(queue->window, 0, &bytes, &unit, &queue->node);
    if (node->rank == 0) {
        memset(queue->node, 0, (size_t)bytes);
        atomic_flag_clear(&queue->node->lock);
    }
    return PSW_OK;
}

static psw_status connect(const psw_comm *comm, const psw_comm *node, psw_queue *queue)
{
    int lowest = comm->rank;
    MPI_Allreduce(MPI_IN_PLACE, &lowest, 1, MPI_INT, MPI_MIN, node->handle);
    queue->direct = lowest == 0;
    psw_status status = share(queue, node);
    if (MPI_Comm_dup(comm->handle, &queue->handle) != MPI_SUCCESS)
        return PSW_FAIL(PSW_ENVIRONMENT, "MPI_Comm_dup failed for the queue");
    MPI_Comm_set_errhandler(queue->handle, MPI_ERRORS_ARE_FATAL); /* a lost message would be a lost number */
    return status == PSW_OK ? psw_fault("comm.queue") : status;
}

psw_status psw_queue_open(const psw_comm *comm, const psw_comm *node, ptrdiff_t total, psw_queue **out)
{
    psw_queue *queue = calloc(1, sizeof *queue);
    *out = NULL;
    psw_status status = psw_comm_agree(comm, queue ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the queue"));
    if (status == PSW_OK) {
        *queue = (psw_queue){.rank = comm->rank, .size = comm->size, .node_size = node->size, .total = total};
        status = psw_comm_agree(comm, connect(comm, node, queue)); /* and all see their node's memory cleared */
    }
    if (status == PSW_OK)
        *out = queue;
    else
        free(queue);
    return status;
}

/* No rank leaves before all have their last answer: rank 0 may be here long before the others are done. */
psw_status psw_queue_close(const psw_comm *comm, psw_queue *queue)
{
    MPI_Request all = MPI_REQUEST_NULL;
    int done = 0;
    (void)comm;
    while (!done) {
        psw_queue_serve(queue);
        if (!queue->waiting && all == MPI_REQUEST_NULL) MPI_Ibarrier(queue->handle, &all);
        if (all != MPI_REQUEST_NULL) MPI_Test(&all, &done, MPI_STATUS_IGNORE);
        if (!done) sched_yield();
    }
    MPI_Win_free(&queue->window);
    MPI_Comm_free(&queue->handle);
    free(queue);
    return PSW_OK;
}
