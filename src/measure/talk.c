/* Messages inside a node against copies of the same size. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/measure.h"

enum {
    BYTES = 1 << 22,
    ROUNDS = 10
}; /* the keys that a ring passes on are of this order, and no cache of one core holds two */

/* There and back, the best round: others may have the cores for a while. */
static double seconds_of_message(const psw_comm *node, char *buffer)
{
    double best = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        double start = psw_clock_s();
        int code = MPI_SUCCESS;
        if (node->rank == 0) code |= MPI_Send(buffer, BYTES, MPI_BYTE, 1, 0, node->handle);
        code |= MPI_Recv(buffer, BYTES, MPI_BYTE, 1 - node->rank, 0, node->handle, MPI_STATUS_IGNORE);
        if (node->rank == 1) code |= MPI_Send(buffer, BYTES, MPI_BYTE, 0, 0, node->handle);
        if (code != MPI_SUCCESS) return NAN;
        best = fmin(best, (psw_clock_s() - start) / 2);
    }
    return best;
}

static double seconds_of_copy(char *buffer)
{
    double best = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        double start = psw_clock_s();
        memcpy(buffer + BYTES, buffer, BYTES);
        best = fmin(best, psw_clock_s() - start);
        buffer[0] = (char)(buffer[BYTES] + 1); /* so that no copy is left out */
    }
    return best;
}

psw_status psw_measure_talk(const psw_comm *node, psw_talk *talk)
{
    *talk = (psw_talk){NAN, NAN};
    char *buffer = calloc(2, BYTES);
    PSW_TRY(psw_comm_agree(node, buffer ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for messages to time")));
    if (node->size > 1 && node->rank < 2) {
        talk->message_bytes_s = BYTES / seconds_of_message(node, buffer);
        talk->copy_bytes_s = BYTES / seconds_of_copy(buffer);
    }
    free(buffer);
    return psw_comm_barrier(node);
}
