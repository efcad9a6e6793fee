#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/comm.h"

enum { TAG = 1201 };

struct psw_board {
    MPI_Comm handle; /* separate, so that no other message interferes */
    int rank, size, count;
    double mine[PSW_BOARD_MAX], sent[PSW_BOARD_MAX];
    MPI_Request sending;
    double *latest, *heard_s; /* rank 0: [size][count], [size] */
};

psw_status psw_board_open(const psw_comm *comm, int count, psw_board **out)
{
    psw_board *board = calloc(1, sizeof *board);
    psw_status status = PSW_OK;
    size_t size = (size_t)comm->size;
    if (board && comm->rank == 0) board->latest = calloc(size * ((size_t)count + 1), sizeof(double));
    if (!board || (comm->rank == 0 && !board->latest))
        status = PSW_FAIL(PSW_NO_MEMORY, "no memory for the progress board");
    if (status == PSW_OK) status = psw_fault("comm.board");
    status = psw_comm_agree(comm, status);
    if (status == PSW_OK && MPI_Comm_dup(comm->handle, &board->handle) != MPI_SUCCESS)
        status = PSW_FAIL(PSW_ENVIRONMENT, "MPI_Comm_dup failed");
    if (status != PSW_OK) {
        if (board) free(board->latest);
        free(board);
        return status;
    }
    MPI_Comm_set_errhandler(board->handle, MPI_ERRORS_ARE_FATAL); /* what fails again and again is never through */
    if (board->latest) board->heard_s = board->latest + size * (size_t)count;
    for (size_t rank = 0; board->latest && rank < size; rank++) board->heard_s[rank] = NAN;
    board->rank = comm->rank;
    board->size = comm->size;
    board->count = count;
    board->sending = MPI_REQUEST_NULL;
    *out = board;
    return PSW_OK;
}

/* Values are totals, so a post that finds the last one still under way may be dropped. */
void psw_board_post(psw_board *board, const double *values)
{
    int idle;
    memcpy(board->mine, values, (size_t)board->count * sizeof *values);
    if (board->rank == 0) return;
    MPI_Test(&board->sending, &idle, MPI_STATUS_IGNORE);
    if (!idle) return;
    memcpy(board->sent, values, (size_t)board->count * sizeof *values);
    MPI_Isend(board->sent, board->count, MPI_DOUBLE, 0, TAG, board->handle, &board->sending);
}

static void drain(psw_board *board, double now_s)
{
    for (;;) {
        int arrived;
        MPI_Status from;
        MPI_Iprobe(MPI_ANY_SOURCE, TAG, board->handle, &arrived, &from);
        if (!arrived) return;
        MPI_Recv(board->latest + (ptrdiff_t)from.MPI_SOURCE * board->count, board->count, MPI_DOUBLE, from.MPI_SOURCE,
                 TAG, board->handle, MPI_STATUS_IGNORE);
        board->heard_s[from.MPI_SOURCE] = now_s;
    }
}

void psw_board_read(psw_board *board, double now_s, double *sums)
{
    drain(board, now_s);
    board->heard_s[0] = now_s;
    memcpy(board->latest, board->mine, (size_t)board->count * sizeof *sums);
    for (int i = 0; i < board->count; i++) {
        sums[i] = 0;
        for (int rank = 0; rank < board->size; rank++) sums[i] += board->latest[(ptrdiff_t)rank * board->count + i];
    }
}

const double *psw_board_of(const psw_board *board, int rank, double *heard_s)
{
    *heard_s = board->heard_s[rank];
    return board->latest + (ptrdiff_t)rank * board->count;
}

psw_status psw_board_close(const psw_comm *comm, psw_board *board, double *sums)
{
    MPI_Request all_sent = MPI_REQUEST_NULL;
    int own_done = board->rank == 0, done = 0;
    while (!done) { /* rank 0 must receive what is under way before the others may leave */
        if (board->rank == 0) drain(board, NAN);
        if (!own_done) MPI_Test(&board->sending, &own_done, MPI_STATUS_IGNORE);
        if (own_done && all_sent == MPI_REQUEST_NULL) MPI_Ibarrier(board->handle, &all_sent);
        if (all_sent != MPI_REQUEST_NULL) MPI_Test(&all_sent, &done, MPI_STATUS_IGNORE);
    }
    if (board->rank == 0) drain(board, NAN);
    memcpy(sums, board->mine, (size_t)board->count * sizeof *sums);
    MPI_Comm_free(&board->handle);
    int count = board->count;
    free(board->latest);
    free(board);
    return psw_comm_sum(comm, sums, count);
}
