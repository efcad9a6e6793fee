/* Questions to rank 0, each answered by a function of rank 0's, which thus sees all of them one after another.
 * Two-sided messages only, as in the queue of runs. */
#include <limits.h>
#include <sched.h>
#include <stdlib.h>

#include "polysweep/comm.h"

enum { TAG_ASK = 1, TAG_ANSWER = 2, TAG_HALT = 3 };

struct psw_pool {
    MPI_Comm handle; /* separate, so that no other message interferes */
    int rank;
    psw_pool_desk desk;
    char *question, *answer; /* rank 0: of the rank that is being answered */
    bool halted;
    MPI_Request telling; /* rank 0 that it is */
};

/* ---- rank 0 ---- */

static bool arrived(const psw_pool *pool, int tag, MPI_Status *from)
{
    int one;
    MPI_Iprobe(MPI_ANY_SOURCE, tag, pool->handle, &one, from);
    return one;
}

static void answer_all(psw_pool *pool)
{
    MPI_Status from;
    int bytes;
    while (arrived(pool, TAG_HALT, &from)) {
        MPI_Recv(NULL, 0, MPI_BYTE, from.MPI_SOURCE, TAG_HALT, pool->handle, MPI_STATUS_IGNORE);
        pool->halted = true;
    }
    while (arrived(pool, TAG_ASK, &from)) {
        MPI_Get_count(&from, MPI_BYTE, &bytes);
        MPI_Recv(pool->question, bytes, MPI_BYTE, from.MPI_SOURCE, TAG_ASK, pool->handle, MPI_STATUS_IGNORE);
        size_t length = pool->desk.answer(pool->desk.context, pool->question, pool->answer);
        MPI_Send(pool->answer, (int)length, MPI_BYTE, from.MPI_SOURCE, TAG_ANSWER, pool->handle); /* it is received */
    }
}

void psw_pool_serve(psw_pool *pool)
{
    if (pool->rank == 0) answer_all(pool);
}

bool psw_pool_halted(const psw_pool *pool)
{
    return pool->halted;
}

/* ---- all ranks ---- */

void psw_pool_halt(psw_pool *pool)
{
    if (pool->halted) return;
    pool->halted = true;
    if (pool->rank > 0) MPI_Isend(NULL, 0, MPI_BYTE, 0, TAG_HALT, pool->handle, &pool->telling);
}

/* The receive is posted before rank 0 can know of it. */
void psw_pool_ask(psw_pool *pool, const void *question, size_t bytes, void *answer, void (*meanwhile)(void *context),
                  void *context)
{
    MPI_Request both[2];
    int done = 0;
    psw_pool_serve(pool); /* who has waited comes first */
    if (pool->rank == 0) {
        pool->desk.answer(pool->desk.context, question, answer);
        return;
    }
    MPI_Irecv(answer, (int)pool->desk.answer_bytes, MPI_BYTE, 0, TAG_ANSWER, pool->handle, &both[0]);
    MPI_Isend(question, (int)bytes, MPI_BYTE, 0, TAG_ASK, pool->handle, &both[1]);
    while (!done) {
        MPI_Testall(2, both, &done, MPI_STATUSES_IGNORE);
        if (done) break;
        meanwhile(context);
        sched_yield();
    }
}

/* ---- opening and closing ---- */

static psw_status make(const psw_comm *comm, const psw_pool_desk *desk, psw_pool *pool)
{
    *pool = (psw_pool){.rank = comm->rank, .desk = *desk, .handle = MPI_COMM_NULL, .telling = MPI_REQUEST_NULL};
    if (desk->question_bytes > INT_MAX || desk->answer_bytes > INT_MAX)
        return PSW_FAIL(PSW_USAGE, "a question of %zu bytes is too long for a message", desk->question_bytes);
    if (comm->rank == 0) {
        pool->question = malloc(desk->question_bytes);
        pool->answer = malloc(desk->answer_bytes);
        if (!pool->question || !pool->answer) return PSW_FAIL(PSW_NO_MEMORY, "no memory for what ranks ask");
    }
    return psw_fault("comm.pool");
}

static void discard(psw_pool *pool)
{
    if (!pool) return;
    if (pool->handle != MPI_COMM_NULL) MPI_Comm_free(&pool->handle);
    free(pool->question);
    free(pool->answer);
    free(pool);
}

psw_status psw_pool_open(const psw_comm *comm, const psw_pool_desk *desk, psw_pool **out)
{
    psw_pool *pool = calloc(1, sizeof *pool);
    if (pool) pool->handle = MPI_COMM_NULL;
    psw_status status = pool ? make(comm, desk, pool) : PSW_FAIL(PSW_NO_MEMORY, "no memory for what ranks ask");
    status = psw_comm_agree(comm, status);
    if (status == PSW_OK && MPI_Comm_dup(comm->handle, &pool->handle) != MPI_SUCCESS)
        status = PSW_FAIL(PSW_ENVIRONMENT, "MPI_Comm_dup failed for the pool");
    *out = status == PSW_OK ? pool : NULL;
    if (status == PSW_OK)
        MPI_Comm_set_errhandler(pool->handle, MPI_ERRORS_ARE_FATAL); /* a lost message would be lost results */
    else
        discard(pool);
    return status;
}

/* A null request is not tested: MPI says that it has ended, SimGrid's MPI says nothing. */
static bool has_ended(MPI_Request *request)
{
    int ended = 1;
    if (*request != MPI_REQUEST_NULL) MPI_Test(request, &ended, MPI_STATUS_IGNORE);
    return ended;
}

/* No rank leaves before all are here: rank 0 may be long before the others. */
psw_status psw_pool_close(const psw_comm *comm, psw_pool *pool)
{
    MPI_Request all = MPI_REQUEST_NULL;
    bool here = false, done = false;
    (void)comm;
    while (!done) {
        psw_pool_serve(pool);
        if (!here && has_ended(&pool->telling)) {
            MPI_Ibarrier(pool->handle, &all);
            here = true;
        }
        done = here && has_ended(&all);
        if (!done) sched_yield();
    }
    psw_pool_serve(pool); /* a halt that nobody needs any more */
    discard(pool);
    return PSW_OK;
}
