/* A row fold: step by step, transfers before and after tiles. */
#include "dist/pass.h"

static size_t bytes_of(const psw_team_task *task, psw_transfer transfer)
{
    return task->engine->rows->payload(task->attention, &transfer).bytes;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Of what is sent in one transfer: the leaves of a rank, or the sums of a step. */
static size_t largest_transfer(const psw_team_task *task)
{
    const psw_route *route = task->route;
    bool queries = route->pattern == PSW_PASS_Q || route->pattern == PSW_GRID;
    size_t most = 0;
    for (int rank = 0; rank < route->size; rank++) {
        most = larger(most, bytes_of(task, (psw_transfer){.what = PSW_KEYS, .of = rank, .remote = -1, .leaf = -1}));
        if (queries) most = larger(most, bytes_of(task, (psw_transfer){PSW_QUERIES, rank, 0, true, false, -1, -1}));
    }
    for (int step = 0; queries && step < psw_route_steps(route); step++) {
        int other = psw_route_step(route, step).queries;
        if (other == route->rank) continue;
        most = larger(most, bytes_of(task, (psw_transfer){PSW_SUMS, other, other, true, false, -1, -1}));
        most = larger(most, bytes_of(task, (psw_transfer){PSW_SUMS, route->rank, other, false, false, -1, -1}));
    }
    return most;
}

int dist_rows_transfers(const psw_route *route)
{
    if (route->pattern == PSW_RING || route->pattern == PSW_PASS_Q) return 4;
    return route->pattern == PSW_GRID ? 2 + 2 * psw_route_remote_buffers(route) : 2 * route->size;
}

/* Every transfer of a step, in as many pieces as the largest has. */
int dist_rows_requests(const psw_team_task *task)
{
    int pieces = dist_pieces(largest_transfer(task));
    return dist_rows_transfers(task->route) * (pieces > 1 ? pieces : 1);
}

static void post(dist_pass *p, int step, bool after)
{
    for (int i = 0; i < psw_route_transfers(p->task->route, step); i++) {
        psw_transfer t = psw_route_transfer(p->task->route, step, i);
        if (t.after != after) continue;
        psw_payload payload = p->task->engine->rows->payload(p->task->attention, &t);
        (t.send ? dist_send(p, payload.at, payload.bytes, t.peer, (int)t.what)
                : dist_receive(p, payload.at, payload.bytes, t.peer, (int)t.what));
    }
}

static void compute(dist_pass *p, int step)
{
    if (p->status == PSW_OK) p->status = psw_fault("dist.step");
    if (p->status == PSW_OK) p->status = p->task->engine->rows->compute_step(p->task->attention, step, dist_watch(p));
}

static void receive(dist_pass *p, int step)
{
    for (int i = 0; i < psw_route_transfers(p->task->route, step); i++) {
        psw_transfer t = psw_route_transfer(p->task->route, step, i);
        if (!t.send && p->status == PSW_OK) p->status = p->task->engine->rows->receive(p->task->attention, &t);
    }
}

static void emit(dist_pass *p, int step)
{
    psw_leaves done = psw_route_done(p->task->route, step);
    if (done.count > 0 && p->status == PSW_OK)
        p->status = p->task->engine->rows->emit(p->task->attention, done, dist_watch(p), dist_sink, p);
}

void dist_rows(dist_pass *p)
{
    p->task->engine->rows->begin(p->task->attention);
    for (int step = 0, steps = psw_route_steps(p->task->route); step < steps; step++) {
        post(p, step, false);
        compute(p, step);
        post(p, step, true);
        dist_wait(p);
        receive(p, step);
        emit(p, step);
    }
}
