/* A row fold: step by step, transfers around tiles. */
#include "dist/pass.h"

/* Requests of a step: every transfer, and pieces of large ones. */
int dist_rows_room(dist_pass *p)
{
    int most = p->route->pattern == PSW_RING || p->route->pattern == PSW_PASS_Q ? 4 : 2 * p->route->size;
    return 4 * most;
}

static void post(dist_pass *p, int step, bool after)
{
    for (int i = 0; i < psw_route_transfers(p->route, step); i++) {
        psw_transfer t = psw_route_transfer(p->route, step, i);
        if (t.after != after) continue;
        psw_payload parcel = p->engine->parcel(p->attention, &t);
        (t.send ? dist_send(p, parcel.at, parcel.bytes, t.peer, (int)t.what)
                : dist_receive(p, parcel.at, parcel.bytes, t.peer, (int)t.what));
    }
}

static void meet(dist_pass *p, int step)
{
    if (p->status == PSW_OK) p->status = psw_fault("dist.step");
    if (p->status == PSW_OK) p->status = p->engine->meet(p->attention, step, dist_watch(p));
}

static void arrive(dist_pass *p, int step)
{
    for (int i = 0; i < psw_route_transfers(p->route, step); i++) {
        psw_transfer t = psw_route_transfer(p->route, step, i);
        if (!t.send && p->status == PSW_OK) p->status = p->engine->arrived(p->attention, &t);
    }
}

static void deliver(dist_pass *p, int step)
{
    psw_leaves done = psw_route_done(p->route, step);
    if (done.count > 0 && p->status == PSW_OK)
        p->status = p->engine->deliver(p->attention, done, dist_watch(p), dist_sink, p);
}

void dist_rows(dist_pass *p)
{
    for (int step = 0, steps = psw_route_steps(p->route); step < steps; step++) {
        post(p, step, false);
        meet(p, step);
        post(p, step, true);
        dist_wait(p);
        arrive(p, step);
        deliver(p, step);
    }
}
