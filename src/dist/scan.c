/* A state fold: states of own stretches, a scan of them over the ranks of the team, overlapped with what needs no
 * state, then the results. */
#include <string.h>

#include "dist/pass.h"

enum { TAG_STATE = 16 }; /* + 1 for the rounds that go down, + 2 for totals */

/* The progress of a scan. moves: of doubling and chain (psw_route_moves). */
typedef struct scan {
    dist_pass *pass;
    psw_states *states;
    psw_route route;
    psw_move moves[PSW_MOVES_MAX];
    int count, at, posted; /* moves at .. at + posted are under way */
    int stage;             /* of the MPI library's scans */
    MPI_Comm reversed;
    MPI_Datatype type;
    MPI_Op op;
    bool over;
} scan;

/* ---- parts of the vector of states ---- */

/* The states of the rounds that go up, or of those that go down, which come last. */
typedef struct range {
    size_t at, bytes;
    int count;
} range;

static range range_of(const scan *s, bool down)
{
    ptrdiff_t rounds = s->states->rounds, up = 0;
    while (up < rounds && !psw_route_down(&s->route, up)) up++;
    ptrdiff_t first = down ? up : 0, count = (down ? rounds - up : up) * s->states->sets;
    return (range){(size_t)(first * s->states->sets) * s->states->bytes, (size_t)count * s->states->bytes, (int)count};
}

static bool is_last(const scan *s, bool down)
{
    return s->route.rank == (down ? 0 : s->route.size - 1);
}

static void merge(const scan *s, unsigned char *into, const unsigned char *from, size_t bytes)
{
    size_t each = s->states->bytes;
    for (size_t at = 0; at < bytes; at += each) psw_states_merge(into + at, from + at, each);
}

static void clear(const scan *s, unsigned char *states)
{
    size_t each = s->states->bytes, bytes = (size_t)(s->states->rounds * s->states->sets) * each;
    for (size_t at = 0; at < bytes; at += each) psw_states_clear(states + at, each);
}

/* ---- doubling and chain: a step at a time ---- */

static void post_move(scan *s, const psw_move *m)
{
    psw_states *t = s->states;
    range r = range_of(s, m->down);
    int tag = TAG_STATE + m->down + 2 * m->total;
    if (m->total && m->send && is_last(s, m->down)) memcpy(t->total + r.at, t->own + r.at, r.bytes);
    if (m->send)
        dist_send(s->pass, (m->total ? t->total : t->own) + r.at, r.bytes, m->peer, tag);
    else
        dist_receive(s->pass, (m->total ? t->total : t->incoming) + r.at, r.bytes, m->peer, tag);
}

static void end_move(scan *s, const psw_move *m)
{
    psw_states *t = s->states;
    range r = range_of(s, m->down);
    if (m->send || m->total) return;
    merge(s, t->before + r.at, t->incoming + r.at, r.bytes);
    merge(s, t->own + r.at, t->incoming + r.at, r.bytes);
}

static void post_step(scan *s)
{
    s->posted = 0;
    while (s->at + s->posted < s->count && s->moves[s->at + s->posted].step == s->moves[s->at].step)
        post_move(s, &s->moves[s->at + s->posted++]);
    s->over = s->posted == 0;
}

static void advance_own(scan *s)
{
    for (int i = 0; i < s->posted; i++) end_move(s, &s->moves[s->at + i]);
    s->at += s->posted;
    post_step(s);
}

/* ---- the MPI library's ---- */

static void merge_op(void *from, void *into, int *count, MPI_Datatype *type)
{
    int bytes;
    MPI_Type_size(*type, &bytes);
    for (int i = 0; i < *count; i++)
        psw_states_merge((char *)into + (size_t)i * (size_t)bytes, (char *)from + (size_t)i * (size_t)bytes,
                         (size_t)bytes);
}

static MPI_Request *library_request(scan *s)
{
    return &s->pass->requests[s->pass->count++];
}

static void count_library(scan *s, double messages)
{
    double bytes = (double)(s->states->rounds * s->states->sets) * (double)s->states->bytes;
    s->pass->traffic.sent_bytes += bytes * messages;
    s->pass->traffic.messages += messages;
}

static void post_exscan(scan *s, bool down)
{
    range r = range_of(s, down);
    psw_states *t = s->states;
    MPI_Comm comm = down ? s->reversed : s->pass->task->team->handle;
    if (r.count > 0) MPI_Iexscan(t->own + r.at, t->before + r.at, r.count, s->type, s->op, comm, library_request(s));
}

static void post_total(scan *s, bool down)
{
    range r = range_of(s, down);
    psw_states *t = s->states;
    if (r.count == 0) return;
    if (is_last(s, down)) {
        memcpy(t->total + r.at, t->own + r.at, r.bytes);
        merge(s, t->total + r.at, t->before + r.at, r.bytes);
    }
    MPI_Ibcast(t->total + r.at, r.count, s->type, down ? 0 : s->route.size - 1, s->pass->task->team->handle,
               library_request(s));
}

static void post_gather(scan *s)
{
    psw_states *t = s->states;
    int count = (int)(t->rounds * t->sets);
    MPI_Iallgather(t->own, count, s->type, t->incoming, count, s->type, s->pass->task->team->handle,
                   library_request(s));
    count_library(s, s->route.size - 1);
}

static void add_gathered(scan *s)
{
    psw_states *t = s->states;
    size_t each = (size_t)(t->rounds * t->sets) * t->bytes;
    for (int rank = 0; rank < s->route.size; rank++) {
        const unsigned char *from = t->incoming + (size_t)rank * each;
        for (int down = 0; down < 2; down++) {
            range r = range_of(s, down);
            bool earlier = down ? rank > s->route.rank : rank < s->route.rank;
            if (earlier) merge(s, t->before + r.at, from + r.at, r.bytes);
        }
        if (t->totals) merge(s, t->total, from, each);
    }
}

/* An exclusive scan leaves the result of the first rank of a direction undefined. */
static void advance_library(scan *s)
{
    s->stage++;
    if (s->route.scan == PSW_STATE_GATHER) {
        add_gathered(s);
        s->over = true;
        return;
    }
    for (int down = 0; down < 2 && s->stage == 1; down++) {
        range r = range_of(s, down);
        if (s->route.rank == (down ? s->route.size - 1 : 0))
            for (size_t at = 0; at < r.bytes; at += s->states->bytes)
                psw_states_clear(s->states->before + r.at + at, s->states->bytes);
        if (s->states->totals) post_total(s, down);
    }
    s->over = s->pass->count == 0;
}

/* ---- both ---- */

static bool library(const scan *s)
{
    return s->route.scan == PSW_EXSCAN || s->route.scan == PSW_STATE_GATHER;
}

static void begin(scan *s)
{
    clear(s, s->states->before);
    if (s->states->totals) clear(s, s->states->total);
    if (!library(s)) {
        s->count = psw_route_moves(&s->route, s->states->totals, s->moves);
        post_step(s);
        return;
    }
    MPI_Type_contiguous((int)s->states->bytes, MPI_BYTE, &s->type);
    MPI_Type_commit(&s->type);
    MPI_Op_create(merge_op, 1, &s->op);
    if (s->route.scan == PSW_STATE_GATHER) {
        post_gather(s);
        return;
    }
    post_exscan(s, false);
    post_exscan(s, true);
    count_library(s, s->states->totals ? 2 : 1);
}

static void end(scan *s)
{
    dist_wait(s->pass);
    if (!library(s)) return;
    MPI_Op_free(&s->op);
    MPI_Type_free(&s->type);
}

/* Merging counts as busy, posting and waiting as communication. */
static void advance(scan *s)
{
    if (library(s))
        advance_library(s);
    else
        advance_own(s);
}

/* This rank receives nothing more; it can go on while its own messages are on their way. */
static bool settled(const scan *s)
{
    if (s->over || library(s)) return s->over;
    for (int i = s->at; i < s->count; i++)
        if (!s->moves[i].send || i >= s->at + s->posted) return false;
    return true;
}

static void finish(scan *s)
{
    while (!settled(s)) {
        dist_wait(s->pass);
        advance(s);
    }
}

psw_status dist_scan_prepare(const psw_comm *team, const psw_route *route, MPI_Comm *reversed)
{
    if (route->scan != PSW_EXSCAN || route->layout != PSW_ZIGZAG || !route->causal) return PSW_OK;
    psw_comm part;
    PSW_TRY(psw_comm_split(team, 0, -team->rank, &part));
    *reversed = part.handle;
    return PSW_OK;
}

static void wait_a_moment(scan *s, double moment_s)
{
    double start = psw_clock_s();
    while (!s->over && psw_clock_s() - start < moment_s)
        if (dist_test(s->pass)) advance(s);
    s->pass->traffic.comm_s += psw_clock_s() - start;
}

/* Computes near parts until the states of other ranks have arrived. A rank that only sends stays with its messages for
 * a moment: they need both ends, and the other end waits. */
static void overlap(scan *s)
{
    const double receive_s = 1e-4, send_s = 5e-4; /* for a state of 1 MiB while both ends make progress */
    dist_pass *p = s->pass;
    bool more = true;
    while (!settled(s) && more && p->status == PSW_OK) {
        p->status = p->task->engine->states->overlap(p->task->attention, dist_watch(p), &more);
        wait_a_moment(s, receive_s);
    }
    wait_a_moment(s, send_s);
}

void dist_states(dist_pass *p, MPI_Comm reversed)
{
    const psw_state_fold *fold = p->task->engine->states;
    psw_attention *attention = p->task->attention;
    scan s = {.pass = p, .reversed = reversed};
    fold->begin(attention);
    p->status = fold->total(attention, dist_watch(p), &s.states); /* also after a failure: what is sent lies there */
    if (p->status == PSW_OK) p->status = psw_fault("dist.scan");
    s.route = s.states->route;
    begin(&s);
    overlap(&s);
    finish(&s);
    if (p->status == PSW_OK) p->status = fold->finish(attention, dist_watch(p), dist_sink, p);
    end(&s);
}
