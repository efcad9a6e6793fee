/* dist/pass: one pass on the calling rank, as all files of the room see it. */
#ifndef POLYSWEEP_DIST_PASS_H
#define POLYSWEEP_DIST_PASS_H

#include "polysweep/dist.h"

typedef struct dist_pass {
    const psw_team_task *task;
    psw_leaf_sink sink;
    void *context;
    psw_status status; /* of this rank; once it is not PSW_OK, nothing more is computed */
    bool lost;         /* a message failed, which also makes the watch of the engine stop it */

    MPI_Request *requests; /* [most] of messages under way: as many as any step can have */
    int count, most;
    int broken;    /* tests in a row that failed */
    double sink_s; /* time in the sink */
    psw_traffic traffic;
} dist_pass;

/* Messages of any size, in pieces; the tag tells their kinds apart. */
void dist_send(dist_pass *p, const void *at, size_t bytes, int peer, int tag);
void dist_receive(dist_pass *p, void *at, size_t bytes, int peer, int tag);
/* Are all messages complete? Never waits. */
bool dist_test(dist_pass *p);
void dist_wait(dist_pass *p);
/* The watch of the task, for engines: it also makes messages progress. */
psw_watch dist_watch(dist_pass *p);
psw_status dist_sink(void *pass, const psw_leaf *leaf);

/* MPI messages of a transfer: their counts are int. */
int dist_pieces(size_t bytes);
/* The most requests that a step of a row fold can have at once. */
int dist_rows_requests(const psw_team_task *task);
int dist_rows_transfers(const psw_route *route); /* the most transfers of a step */
void dist_rows(dist_pass *p);

enum { DIST_SCAN_REQUESTS = 64 };
/* A communicator that a scan needs beside messages, if any. Collective, outside the pass. */
psw_status dist_scan_prepare(const psw_comm *team, const psw_route *route, MPI_Comm *reversed);
void dist_states(dist_pass *p, MPI_Comm reversed);

#endif
