/* One pass: messages, waiting, and where the time goes. */
#include "dist/pass.h"

#include <sched.h>
#include <stdlib.h>

/* Largest message in bytes: MPI counts are int. */
static const size_t piece = (size_t)1 << 30;

int dist_pieces(size_t bytes)
{
    return (int)((bytes + piece - 1) / piece);
}

/* ---- messages ---- */

static void fail(dist_pass *p, int code)
{
    if (code != MPI_SUCCESS || psw_fault("dist.message") != PSW_OK) p->lost = true;
    if (p->lost && p->status == PSW_OK) p->status = PSW_ENVIRONMENT;
}

static MPI_Request *request(dist_pass *p)
{
    if (p->count < p->most) return &p->requests[p->count++];
    if (p->status == PSW_OK) p->status = PSW_FAIL(PSW_BUG, "more than %d messages at once", p->most);
    return NULL;
}

void dist_send(dist_pass *p, const void *at, size_t bytes, int peer, int tag)
{
    for (int i = 0; i < dist_pieces(bytes); i++) {
        size_t from = (size_t)i * piece, left = bytes - from;
        MPI_Request *r = request(p);
        if (r)
            fail(p, MPI_Isend((const char *)at + from, (int)(left < piece ? left : piece), MPI_BYTE, peer, tag,
                              p->task->team->handle, r));
    }
    p->traffic.messages++;
    p->traffic.sent_bytes += (double)bytes;
}

void dist_receive(dist_pass *p, void *at, size_t bytes, int peer, int tag)
{
    for (int i = 0; i < dist_pieces(bytes); i++) {
        size_t from = (size_t)i * piece, left = bytes - from;
        MPI_Request *r = request(p);
        if (r)
            fail(p, MPI_Irecv((char *)at + from, (int)(left < piece ? left : piece), MPI_BYTE, peer, tag,
                              p->task->team->handle, r));
    }
}

/* A test can fail for one message of many. If it fails again and again, the messages will never be complete. They may
 * still arrive, so their buffers can serve no other point: the job ends, and continues from its file. */
static void give_up_after_failures(dist_pass *p, int code)
{
    const int most = 1000;
    p->broken = code == MPI_SUCCESS ? 0 : p->broken + 1;
    if (p->broken < most) return;
    psw_abort(PSW_FAIL(PSW_ENVIRONMENT, "messages between the ranks of a team fail again and again; the same command "
                                        "goes on from here"),
              p->task->team);
}

bool dist_test(dist_pass *p)
{
    int done = p->count == 0;
    if (p->count > 0) {
        int code = MPI_Testall(p->count, p->requests, &done, MPI_STATUSES_IGNORE);
        fail(p, code);
        give_up_after_failures(p, code);
        done = done && code == MPI_SUCCESS;
    }
    if (done) p->count = 0;
    return done;
}

void dist_wait(dist_pass *p)
{
    double start = psw_clock_s();
    while (!dist_test(p)) {
        if (p->status == PSW_OK)
            p->status = psw_watch_ask(p->task->watch);
        else
            psw_watch_ask(p->task->watch); /* it also serves other ranks */
        sched_yield();
    }
    p->traffic.comm_s += psw_clock_s() - start;
}

/* ---- computing ---- */

static psw_status ask(void *context)
{
    dist_pass *p = context;
    int done; /* not used: buffers are read after the tile */
    if (p->count > 0) fail(p, MPI_Testall(p->count, p->requests, &done, MPI_STATUSES_IGNORE));
    if (p->lost) return PSW_FAIL(PSW_ENVIRONMENT, "a message between the ranks of a team failed");
    return psw_watch_ask(p->task->watch);
}

psw_watch dist_watch(dist_pass *p)
{
    return (psw_watch){ask, p};
}

psw_status dist_sink(void *context, const psw_leaf *leaf)
{
    dist_pass *p = context;
    double start = psw_clock_s();
    psw_status status = p->sink(p->context, leaf);
    p->sink_s += psw_clock_s() - start;
    return status;
}

/* ---- the pass ---- */

static void alone(dist_pass *p)
{
    p->status = p->task->engine->pass(p->task->attention, p->task->watch, dist_sink, p);
}

/* All ranks know of the failure of one before the first message. */
static psw_status prepare(dist_pass *p, psw_fold_kind kind, MPI_Comm *reversed)
{
    p->most = kind == PSW_ROW_FOLD ? dist_rows_requests(p->task) : DIST_SCAN_REQUESTS;
    p->requests = calloc((size_t)p->most, sizeof *p->requests);
    psw_status status = p->requests ? psw_fault("dist.prepare") : PSW_FAIL(PSW_NO_MEMORY, "no memory for messages");
    PSW_TRY(psw_comm_agree(p->task->team, status));
    if (kind == PSW_STATE_FOLD) PSW_TRY(dist_scan_prepare(p->task->team, p->task->route, reversed));
    return psw_comm_barrier(p->task->team);
}

static void run(dist_pass *p, psw_fold_kind kind, MPI_Comm reversed)
{
    double start = psw_clock_s();
    if (p->task->team->size == 1 || kind == PSW_ONE_RANK)
        alone(p);
    else if (kind == PSW_ROW_FOLD)
        dist_rows(p);
    else
        dist_states(p, reversed);
    if (p->lost) p->status = PSW_FAIL(PSW_ENVIRONMENT, "a message between the ranks of a team failed");
    p->traffic.pass_s = psw_clock_s() - start - p->sink_s;
    p->traffic.busy_s = p->traffic.pass_s - p->traffic.comm_s;
}

/* By the smallest score of all ranks: one that has it tells where it is. */
static psw_status check_smallest(dist_pass *p)
{
    const psw_smallest *own = p->task->engine->rows->smallest(p->task->attention);
    double lowest = -own->z;
    if (!own->looks) return PSW_OK;
    PSW_TRY(psw_comm_max(p->task->team, &lowest, 1));
    psw_status status = own->z == -lowest ? psw_attend_check_smallest(own) : PSW_OK;
    return psw_wait_agree(p->task->team, status, &p->traffic.wait_s);
}

psw_status psw_dist_pass(const psw_team_task *task, psw_leaf_sink sink, void *context, psw_traffic *traffic)
{
    psw_fold_kind kind = psw_attend_kind(task->point);
    const psw_comm *team = task->team;
    dist_pass p = {.task = task, .sink = sink, .context = context};
    MPI_Comm reversed = MPI_COMM_NULL;
    double start = psw_clock_s();
    psw_status status = team->size > 1 ? prepare(&p, kind, &reversed) : PSW_OK;
    if (team->size > 1) p.traffic.wait_s = psw_clock_s() - start;
    if (status == PSW_OK) {
        run(&p, kind, reversed);
        status = psw_wait_agree(team, p.status, &p.traffic.wait_s);
        if (status == PSW_OK && kind == PSW_ROW_FOLD && team->size > 1) status = check_smallest(&p);
    }
    if (reversed != MPI_COMM_NULL) MPI_Comm_free(&reversed);
    free(p.requests);
    *traffic = p.traffic;
    return status;
}
