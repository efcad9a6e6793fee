/* comm: communicators, agreement, the queue of runs, questions to rank 0. The first room that knows MPI.
 *
 * A function whose first argument is a `const psw_comm *` is collective over it; no other function of the program
 * communicates, except psw_queue_take and psw_pool_ask, as documented there. Errors: PSW_ENVIRONMENT where MPI fails;
 * of an agreement the worst status of all ranks. */
#ifndef POLYSWEEP_COMM_H
#define POLYSWEEP_COMM_H

#include <mpi.h>

#include "polysweep/base.h"

typedef struct psw_comm {
    MPI_Comm handle;
    int rank, size;
} psw_comm;

psw_status psw_comm_world(psw_comm *world); /* a duplicate of MPI_COMM_WORLD with errors returned, not fatal */
psw_status psw_comm_split(const psw_comm *comm, int color, int key, psw_comm *part);
psw_status psw_comm_split_node(const psw_comm *comm, psw_comm *node); /* ranks that share memory */
void psw_comm_free(psw_comm *comm);

/* The worst status of all ranks, with its message, on all ranks. */
psw_status psw_comm_agree(const psw_comm *comm, psw_status status);
psw_status psw_comm_bytes(const psw_comm *comm, int root, void *data, size_t bytes); /* broadcast, any size */
psw_status psw_comm_sum(const psw_comm *comm, double *values, int count);            /* all-reduce */
psw_status psw_comm_max(const psw_comm *comm, double *values, int count);
psw_status psw_comm_merge(const psw_comm *comm, const psw_merging *list, int count); /* all-reduce, in place */
/* Not collective: prints the message of this process and ends the whole job. Only where MPI itself has failed, so that
 * other ranks cannot be informed. */
void psw_abort(psw_status status, const psw_comm *comm);
/* Collective: one message, and the whole job ends; where a library leaves no other way out. */
void psw_comm_abort(const psw_comm *comm, psw_status status);
psw_status psw_comm_barrier(const psw_comm *comm);
/* A barrier that keeps calling `meanwhile` until all ranks have arrived. */
psw_status psw_comm_wait(const psw_comm *comm, void (*meanwhile)(void *context), void *context);
/* A broadcast with a long wait: waiting ranks keep calling `meanwhile`. */
psw_status psw_comm_bytes_wait(const psw_comm *comm, int root, void *data, size_t bytes,
                               void (*meanwhile)(void *context), void *context);
/* The `bytes` of every rank, in order of ranks, into `all` on rank 0 (size * bytes). */
psw_status psw_comm_gather(const psw_comm *comm, const void *mine, size_t bytes, void *all);

/* The numbers 0 .. total-1, each handed out once over all ranks of `comm`, in ascending order on each node (except for
 * replies that arrive late). Ranks of rank 0's node take from a counter in shared memory; another node takes from
 * spans of numbers that its ranks request from rank 0 ahead of need, by its speed (psw_deal_of, polysweep/plan.h). No
 * one-sided call crosses a node. `speed`: how fast the calling rank, or the team that it takes for, ends runs; 0: it
 * takes none. */
typedef struct psw_queue psw_queue;
psw_status psw_queue_open(const psw_comm *comm, const psw_comm *node, ptrdiff_t total, double speed, psw_queue **queue);
/* The next number, or -1 when none is left (or the queue was halted). Not collective; may wait for rank 0. */
ptrdiff_t psw_queue_take(psw_queue *queue);
/* Answers requests that have arrived; to be called often (at least every second) by every rank while it computes. */
void psw_queue_serve(psw_queue *queue);
/* No more numbers are handed out on this node (a stop). */
void psw_queue_halt(psw_queue *queue);
/* Collective. After its last take a rank must come here before any other collective call, because here rank 0 keeps
 * answering until all ranks have arrived. */
psw_status psw_queue_close(const psw_comm *comm, psw_queue *queue);

/* Questions to rank 0: `answer`, a function there, makes each answer, one question after another, so what it keeps
 * needs no lock. It returns the bytes of the answer and must not communicate. */
typedef struct psw_pool_desk {
    size_t question_bytes, answer_bytes; /* at most */
    size_t (*answer)(void *context, const void *question, void *answer);
    void *context;
} psw_pool_desk;
typedef struct psw_pool psw_pool;
psw_status psw_pool_open(const psw_comm *comm, const psw_pool_desk *desk, psw_pool **pool);
/* Not collective; waits for rank 0, and keeps calling `meanwhile` while it does. */
void psw_pool_ask(psw_pool *pool, const void *question, size_t bytes, void *answer, void (*meanwhile)(void *context),
                  void *context);
/* Answers what has arrived; to be called often (at least every second) by rank 0 while it computes. */
void psw_pool_serve(psw_pool *pool);
/* A stop: known to the calling rank at once, to rank 0 when it serves. */
void psw_pool_halt(psw_pool *pool);
bool psw_pool_halted(const psw_pool *pool);
/* Collective, once no rank waits for an answer; rank 0 keeps answering until all ranks have arrived. */
psw_status psw_pool_close(const psw_comm *comm, psw_pool *pool);

/* A board for progress: every rank posts its latest numbers now and then, rank 0 reads the sums. No rank waits. */
typedef struct psw_board psw_board;
enum { PSW_BOARD_MAX = 128 };
psw_status psw_board_open(const psw_comm *comm, int count, psw_board **board);
void psw_board_post(psw_board *board, const double *values);       /* not collective */
void psw_board_read(psw_board *board, double now_s, double *sums); /* rank 0; not collective */
/* Rank 0: what a rank had posted at the last read, and `now_s` of the read that found it; NaN: it has posted nothing.
 */
const double *psw_board_of(const psw_board *board, int rank, double *heard_s);
psw_status psw_board_close(const psw_comm *comm, psw_board *board,
                           double *sums); /* collective: the final sums, everywhere */

#endif
