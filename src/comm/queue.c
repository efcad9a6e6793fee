/* Numbers given out over nodes. Rank 0's node holds the pool; its ranks take from it directly. The ranks of another
 * node take from spans of numbers in their shared memory and ask rank 0 for more, by messages, before those run
 * out. Shared memory and two-sided messages only: one-sided calls between nodes abort over TCP, or wait for a target
 * that computes. */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/comm.h"
#include "polysweep/plan.h"

enum { TAG_ASK = 1, TAG_ANSWER = 2 };

typedef struct span {
    int64_t first, end; /* empty: first == end */
} span;

typedef struct wish {
    double share;  /* of the speeds of all that take */
    int64_t teams; /* that take, among those it is for */
} wish;

typedef struct gift {
    span numbers;
    int64_t left; /* at rank 0 */
} gift;

/* One a node, in shared memory, behind a lock of its own. A rank has one request under way at most and sends it only
 * while no more numbers than ranks are left, so 2 spans a rank are enough. */
typedef struct shared {
    atomic_flag lock;
    bool over, halted; /* rank 0 has no more; nothing more is wanted */
    int64_t asking;    /* requests under way */
    int64_t left;      /* at rank 0, by the last answer */
    int64_t pool;      /* rank 0's node: the next number */
    int64_t count;     /* other nodes: spans, ascending */
    span list[];
} shared;

struct psw_queue {
    MPI_Comm handle;
    MPI_Win window;
    shared *node;
    int rank;
    bool direct; /* this node holds the pool */
    int64_t total;
    wish own, all; /* for this rank alone, for its node */
    bool waiting;  /* for an answer */
    wish asked;
    gift answer;
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

static psw_deal deal_of(const wish *asked, int64_t left)
{
    return psw_deal_of((ptrdiff_t)left, asked->share, (ptrdiff_t)asked->teams);
}

static gift cut(psw_queue *queue, const wish *asked)
{
    shared *node = queue->node;
    lock(node);
    int64_t left = queue->total - node->pool, length = deal_of(asked, left).length;
    gift given = {{node->pool, node->pool + length}, left - length};
    node->pool += length;
    unlock(node);
    return given;
}

static void answer_all(psw_queue *queue)
{
    for (;;) {
        int arrived;
        wish asked;
        MPI_Status from;
        MPI_Iprobe(MPI_ANY_SOURCE, TAG_ASK, queue->handle, &arrived, &from);
        if (!arrived) return;
        MPI_Recv(&asked, sizeof asked, MPI_BYTE, from.MPI_SOURCE, TAG_ASK, queue->handle, MPI_STATUS_IGNORE);
        gift given = cut(queue, &asked);
        /* its receive is posted */
        MPI_Send(&given, sizeof given, MPI_BYTE, from.MPI_SOURCE, TAG_ANSWER, queue->handle);
    }
}

/* ---- another node asks ---- */

static void ask(psw_queue *queue, const wish *asked)
{
    queue->asked = *asked;
    queue->waiting = true;
    MPI_Irecv(&queue->answer, sizeof queue->answer, MPI_BYTE, 0, TAG_ANSWER, queue->handle, &queue->requests[0]);
    MPI_Isend(&queue->asked, sizeof queue->asked, MPI_BYTE, 0, TAG_ASK, queue->handle, &queue->requests[1]);
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
    queue->node->left = queue->answer.left;
    if (queue->answer.numbers.first == queue->answer.numbers.end)
        queue->node->over = true;
    else
        insert(queue->node, queue->answer.numbers);
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
 * nothing, for a node's worth when numbers run low, but not at the end, and no rank has asked. */
static int64_t pop_or_ask(psw_queue *queue, bool *end)
{
    shared *node = queue->node;
    const wish *wanted = NULL;
    lock(node);
    int64_t number = node->halted ? -1 : pop_list(node);
    *end = number < 0 && (node->halted || (node->over && node->asking == 0)); /* an answer under way may hold numbers */
    if (!*end && !node->over && !queue->waiting) {
        if (number < 0)
            wanted = &queue->own;
        else if (node->asking == 0 && numbers_left(node) < deal_of(&queue->all, node->left).ahead)
            wanted = &queue->all;
    }
    node->asking += wanted != NULL;
    unlock(node);
    if (wanted) ask(queue, wanted);
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

/* Shares of what ranks of `comm` and of the node take; of a rank that takes nothing 0. */
static psw_status compare(const psw_comm *comm, const psw_comm *node, double speed, psw_queue *queue)
{
    double all = speed, here[] = {speed, speed > 0};
    PSW_TRY(psw_comm_sum(comm, &all, 1));
    PSW_TRY(psw_comm_sum(node, here, 2));
    if (all > 0) queue->own.share = speed / all, queue->all.share = here[0] / all;
    queue->own.teams = 1;
    queue->all.teams = (int64_t)here[1];
    return PSW_OK;
}

psw_status psw_queue_open(const psw_comm *comm, const psw_comm *node, ptrdiff_t total, double speed, psw_queue **out)
{
    psw_queue *queue = calloc(1, sizeof *queue);
    *out = NULL;
    psw_status status = psw_comm_agree(comm, queue ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the queue"));
    if (status == PSW_OK) {
        *queue = (psw_queue){.rank = comm->rank, .total = total};
        status = compare(comm, node, speed, queue);
    }
    if (status == PSW_OK)
        status = psw_comm_agree(comm, connect(comm, node, queue)); /* and all see their node's memory cleared */
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
