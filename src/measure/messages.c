/* What a message takes, by ping-pong between two ranks of a node and between two nodes, while all others wait. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "polysweep/measure.h"

enum { SMALL = 8, LARGE = 1 << 20, TAG = 7 };
static const double most_s = 0.02; /* of rounds at one size, but for the first two */

typedef struct side { /* of a pair */
    const psw_comm *comm;
    int peer;
    bool leads;
    char *buffer; /* LARGE bytes */
} side;

static int ping(const side *s, int bytes)
{
    return MPI_Send(s->buffer, bytes, MPI_BYTE, s->peer, TAG, s->comm->handle);
}

static int pong(const side *s, int bytes)
{
    return MPI_Recv(s->buffer, bytes, MPI_BYTE, s->peer, TAG, s->comm->handle, MPI_STATUS_IGNORE);
}

/* There and back `times` times. */
static bool exchange(const side *s, int bytes, int times)
{
    for (int i = 0; i < times; i++)
        if ((s->leads ? ping(s, bytes) : pong(s, bytes)) != MPI_SUCCESS ||
            (s->leads ? pong(s, bytes) : ping(s, bytes)) != MPI_SUCCESS)
            return false;
    return true;
}

/* The leader's first byte says whether there is another round. Shortest way in one direction; 0: a message
 * failed. */
static double shortest(const side *s, int bytes, int times)
{
    double best = DBL_MAX, begin = psw_clock_s();
    for (int round = 0; round < 20; round++) {
        s->buffer[0] = (char)(round < 2 || psw_clock_s() - begin < most_s);
        if ((s->leads ? ping(s, 1) : pong(s, 1)) != MPI_SUCCESS) return 0;
        if (!s->buffer[0]) break;
        double start = psw_clock_s();
        if (!exchange(s, bytes, times)) return 0;
        if (round > 0) best = fmin(best, (psw_clock_s() - start) / (2 * times)); /* the first one warms up */
    }
    return best;
}

static psw_status measure(const psw_comm *comm, int first, int second, double times[2])
{
    side s = {comm, comm->rank == first ? second : first, comm->rank == first, NULL};
    bool plays = comm->rank == first || comm->rank == second;
    times[0] = times[1] = -1;
    if (plays) s.buffer = calloc(LARGE, 1);
    PSW_TRY(
        psw_comm_agree(comm, plays && !s.buffer ? PSW_FAIL(PSW_NO_MEMORY, "no memory to measure messages") : PSW_OK));
    if (plays) {
        double small = shortest(&s, SMALL, 20), large = small > 0 ? shortest(&s, LARGE, 1) : 0;
        if (s.leads && small > 0 && large > small) times[0] = small, times[1] = (large - small) / LARGE;
    }
    free(s.buffer);
    return psw_comm_max(comm, times, 2); /* also a barrier: the pair has ended */
}

/* The first rank that has a neighbour on its node; -1: there is none. */
static int with_neighbour(const psw_split *split)
{
    for (ptrdiff_t i = 0; i < split->nodes; i++) {
        ptrdiff_t next = i + 1 < split->nodes ? split->node[i + 1] : split->ranks;
        if (next - split->node[i] > 1) return (int)split->node[i];
    }
    return -1;
}

psw_status psw_measure_messages(const psw_comm *order, const psw_split *split, double latency_s[2], double byte_s[2])
{
    int near = with_neighbour(split), first[2] = {near, split->nodes > 1 ? (int)split->node[0] : -1};
    int second[2] = {near + 1, split->nodes > 1 ? (int)split->node[1] : -1};
    for (int far = 0; far < 2; far++) {
        double times[2] = {-1, -1};
        if (first[far] >= 0) PSW_TRY(measure(order, first[far], second[far], times));
        latency_s[far] = times[0] > 0 ? times[0] : NAN;
        byte_s[far] = times[1] > 0 ? times[1] : NAN;
    }
    return PSW_OK;
}
