#include "polysweep/comm.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* MPI's own message in ours. */
static psw_status from_mpi(int code, const char *what)
{
    char text[MPI_MAX_ERROR_STRING];
    int length = 0;
    if (code == MPI_SUCCESS) return PSW_OK;
    if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) strcpy(text, "unknown MPI error");
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: %s", what, text);
}

static psw_status describe(MPI_Comm handle, psw_comm *comm)
{
    comm->handle = handle;
    MPI_Comm_set_errhandler(handle, MPI_ERRORS_RETURN);
    PSW_TRY(from_mpi(MPI_Comm_rank(handle, &comm->rank), "MPI_Comm_rank"));
    return from_mpi(MPI_Comm_size(handle, &comm->size), "MPI_Comm_size");
}

psw_status psw_comm_world(psw_comm *world)
{
    MPI_Comm handle;
    PSW_TRY(from_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &handle), "MPI_Comm_dup"));
    return describe(handle, world);
}

/* All ranks agree on a split. After a failure the new communicator is dropped, not freed: freeing is collective, and
 * not all may have it. */
static psw_status agree_on_part(const psw_comm *comm, psw_status status, MPI_Comm handle, psw_comm *part)
{
    *part = (psw_comm){MPI_COMM_NULL, 0, 0};
    if (status == PSW_OK) status = psw_fault("comm.split");
    if (status == PSW_OK) status = describe(handle, part);
    status = psw_comm_agree(comm, status);
    if (status != PSW_OK) part->handle = MPI_COMM_NULL;
    return status;
}

psw_status psw_comm_split(const psw_comm *comm, int color, int key, psw_comm *part)
{
    MPI_Comm handle = MPI_COMM_NULL;
    int code = MPI_Comm_split(comm->handle, color, key, &handle);
    return agree_on_part(comm, from_mpi(code, "MPI_Comm_split"), handle, part);
}

psw_status psw_comm_split_node(const psw_comm *comm, psw_comm *node)
{
    MPI_Comm handle = MPI_COMM_NULL;
    int code = MPI_Comm_split_type(comm->handle, MPI_COMM_TYPE_SHARED, comm->rank, MPI_INFO_NULL, &handle);
    return agree_on_part(comm, from_mpi(code, "MPI_Comm_split_type"), handle, node);
}

void psw_comm_free(psw_comm *comm)
{
    if (comm->handle != MPI_COMM_NULL) MPI_Comm_free(&comm->handle);
    comm->handle = MPI_COMM_NULL;
}

/* The rank with the worst status speaks for all; between equals the lowest rank. */
psw_status psw_comm_agree(const psw_comm *comm, psw_status status)
{
    struct {
        int status, rank;
    } mine = {(int)status, comm->rank}, worst;
    struct {
        char message[1024], site[96];
    } words = {"", ""};
    if (comm->size == 1) return status;
    PSW_TRY(from_mpi(MPI_Allreduce(&mine, &worst, 1, MPI_2INT, MPI_MAXLOC, comm->handle), "MPI_Allreduce"));
    if (worst.status == PSW_OK) return PSW_OK;
    if (comm->rank == worst.rank) {
        psw_format(words.message, sizeof words.message, "%s", psw_message());
        psw_format(words.site, sizeof words.site, "%s", psw_message_site());
    }
    PSW_TRY(psw_comm_bytes(comm, worst.rank, &words, sizeof words));
    psw_message_set(words.message, words.site);
    return (psw_status)worst.status;
}

psw_status psw_comm_bytes(const psw_comm *comm, int root, void *data, size_t bytes)
{
    const size_t piece = (size_t)INT_MAX / 2; /* MPI counts are int */
    for (size_t at = 0; at < bytes; at += piece) {
        int count = (int)(bytes - at < piece ? bytes - at : piece);
        PSW_TRY(from_mpi(MPI_Bcast((char *)data + at, count, MPI_BYTE, root, comm->handle), "MPI_Bcast"));
    }
    return PSW_OK;
}

psw_status psw_comm_sum(const psw_comm *comm, double *values, int count)
{
    return from_mpi(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, comm->handle), "MPI_Allreduce");
}

psw_status psw_comm_max(const psw_comm *comm, double *values, int count)
{
    return from_mpi(MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_MAX, comm->handle), "MPI_Allreduce");
}

psw_status psw_comm_merge(const psw_comm *comm, const psw_merging *list, int count)
{
    for (int i = 0; i < count && comm->size > 1; i++) {
        const psw_merging *m = &list[i];
        MPI_Datatype type = m->how == PSW_UNITE ? MPI_BYTE : MPI_DOUBLE;
        MPI_Op op = m->how == PSW_UNITE ? MPI_BOR : m->how == PSW_LARGEST ? MPI_MAX : MPI_SUM;
        size_t each = m->how == PSW_UNITE ? 1 : sizeof(double);
        const ptrdiff_t piece = 1 << 24; /* MPI counts are int */
        for (ptrdiff_t at = 0; at < m->count; at += piece) {
            int part = (int)(m->count - at < piece ? m->count - at : piece);
            PSW_TRY(
                from_mpi(MPI_Allreduce(MPI_IN_PLACE, (char *)m->at + (size_t)at * each, part, type, op, comm->handle),
                         "MPI_Allreduce"));
        }
    }
    return PSW_OK;
}

psw_status psw_comm_barrier(const psw_comm *comm)
{
    return from_mpi(MPI_Barrier(comm->handle), "MPI_Barrier");
}

/* Until `request` is through. */
static psw_status wait_for(MPI_Request request, void (*meanwhile)(void *context), void *context)
{
    const struct timespec pause = {0, 200000}; /* lets others have the core */
    int done = 0;
    while (!done) {
        PSW_TRY(from_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test"));
        meanwhile(context);
        if (!done) nanosleep(&pause, NULL);
    }
    return PSW_OK;
}

psw_status psw_comm_wait(const psw_comm *comm, void (*meanwhile)(void *context), void *context)
{
    MPI_Request request;
    PSW_TRY(from_mpi(MPI_Ibarrier(comm->handle, &request), "MPI_Ibarrier"));
    return wait_for(request, meanwhile, context);
}

psw_status psw_comm_bytes_wait(const psw_comm *comm, int root, void *data, size_t bytes,
                               void (*meanwhile)(void *context), void *context)
{
    MPI_Request request;
    PSW_TRY(from_mpi(MPI_Ibcast(data, (int)bytes, MPI_BYTE, root, comm->handle, &request), "MPI_Ibcast"));
    return wait_for(request, meanwhile, context);
}

void psw_abort(psw_status status, const psw_comm *comm)
{
    char rank[32];
    psw_format(rank, sizeof rank, "rank %d: ", comm->rank);
    psw_message_print(rank, "");
    MPI_Abort(comm->handle, (int)status);
}

void psw_comm_abort(const psw_comm *comm, psw_status status)
{
    if (comm->rank == 0) psw_message_print("", "");
    fflush(NULL);
    MPI_Barrier(comm->handle);
    MPI_Abort(comm->handle, (int)status);
}

psw_status psw_comm_gather(const psw_comm *comm, const void *mine, size_t bytes, void *all)
{
    return from_mpi(MPI_Gather(mine, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, 0, comm->handle), "MPI_Gather");
}
