/* dist/pass: what its files share: one pass on one rank. */
#ifndef POLYSWEEP_DIST_PASS_H
#define POLYSWEEP_DIST_PASS_H

#include "polysweep/dist.h"

typedef struct dist_pass {
    const psw_comm *team;
    const psw_engine *engine;
    psw_attention *attention;
    const psw_route *route;
    psw_watch watch;
    psw_leaf_sink sink;
    void *context;
    psw_status status; /* of this rank; once it is not OK nothing is computed any more */
    bool lost;         /* a message failed: also what an engine gave up for, when it says that it was asked to stop */

    MPI_Request *requests; /* of messages under way; as many as any step can have */
    int count, room;
    int broken; /* tests in a row that failed */
    double sink_s;
    psw_traffic traffic;
} dist_pass;

/* Messages of any size, in pieces; tag = what they are. */
void dist_send(dist_pass *p, const void *at, size_t bytes, int peer, int tag);
void dist_receive(dist_pass *p, void *at, size_t bytes, int peer, int tag);
/* Are all of them through? Never waits. */
bool dist_test(dist_pass *p);
void dist_wait(dist_pass *p);
/* `watch` for engines: keeps messages going, too. */
psw_watch dist_watch(dist_pass *p);
psw_status dist_sink(void *pass, const psw_leaf *leaf);

/* Requests that a step of the route can have at once. */
int dist_rows_room(dist_pass *p);
void dist_rows(dist_pass *p);

enum { DIST_SCAN_ROOM = 64 };
/* What a scan needs beside messages; collective, outside of the pass. */
psw_status dist_scan_prepare(const psw_comm *team, const psw_route *route, MPI_Comm *reversed);
void dist_states(dist_pass *p, MPI_Comm reversed);

#endif
