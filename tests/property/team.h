/* All ranks of a team in one process: what dist does with messages is done here by copying. */
#ifndef POLYSWEEP_TESTS_TEAM_H
#define POLYSWEEP_TESTS_TEAM_H

#include "check.h"
#include "unit/attend_source.h"

enum { TEAM_MAX = 16, MAILS_MAX = 512 };

typedef struct mail {
    int from, to;
    psw_payload_kind what;
    int of;
    const void *sent; /* is not to change until it has arrived */
    psw_payload copy;
} mail;

typedef struct team {
    const psw_engine *engine;
    psw_group group;
    int size;
    psw_route route[TEAM_MAX];
    psw_arena arena[TEAM_MAX];
    psw_attention *attention[TEAM_MAX];
    psw_states *states[TEAM_MAX];
    mail mails[MAILS_MAX];
    int mail_count;
    double high; /* bytes of the rank that needed most */
} team;

static inline psw_status team_open(team *t, const psw_point *points, ptrdiff_t count, int sets, psw_choice choice,
                                   int size)
{
    *t = (team){.engine = psw_engine_of(points[0].precision), .group = {points, count}, .size = size};
    for (int rank = 0; rank < size; rank++) {
        t->route[rank] = psw_attend_route(points, choice, size, rank);
        size_t bytes = t->engine->bytes(&t->group, &t->route[rank]);
        psw_given given = {.data = &source_data, .sets = sets, .tables = source.tables, .route = &t->route[rank]};
        PSW_TRY(psw_arena_create(bytes, &t->arena[rank]));
        PSW_TRY(t->engine->prepare(&t->group, &given, &t->arena[rank], &t->attention[rank]));
        if (sets == source.sets)
            CHECK(t->arena[rank].high == bytes, "rank %d of %d took %zu bytes of %zu", rank, size, t->arena[rank].high,
                  bytes);
        if ((double)bytes > t->high) t->high = (double)bytes;
    }
    return PSW_OK;
}

static inline void team_close(team *t)
{
    for (int rank = 0; rank < t->size; rank++) {
        if (t->attention[rank]) t->engine->release(t->attention[rank]);
        psw_arena_destroy(&t->arena[rank]);
    }
}

/* ---- row folds ---- */

/* A message may arrive at once, or when all wait for it: until then what is sent stays, and what is received is not
 * read. */
static inline void team_post(team *t, int step, bool after)
{
    for (int rank = 0; rank < t->size; rank++)
        for (int i = 0; i < psw_route_transfers(&t->route[rank], step); i++) {
            psw_transfer x = psw_route_transfer(&t->route[rank], step, i);
            if (x.after != after) continue;
            psw_payload p = t->engine->rows->payload(t->attention[rank], &x);
            if (!x.send) memset(p.at, 0xff, p.bytes);
            if (!x.send) continue;
            mail m = {rank, x.peer, x.what, x.of, p.at, {malloc(p.bytes + 1), p.bytes}};
            memcpy(m.copy.at, p.at, p.bytes);
            t->mails[t->mail_count++] = m;
        }
}

static inline psw_status team_collect(team *t, int step)
{
    for (int rank = 0; rank < t->size; rank++)
        for (int i = 0; i < psw_route_transfers(&t->route[rank], step); i++) {
            psw_transfer x = psw_route_transfer(&t->route[rank], step, i);
            if (x.send) continue;
            psw_payload p = t->engine->rows->payload(t->attention[rank], &x);
            mail *found = NULL;
            for (int k = 0; k < t->mail_count; k++) {
                mail *m = &t->mails[k];
                if (m->from == x.peer && m->to == rank && m->what == x.what && m->of == x.of) found = m;
            }
            CHECK(found && found->copy.bytes == p.bytes, "rank %d step %d: no mail of %zu bytes", rank, step, p.bytes);
            if (!found || found->copy.bytes != p.bytes) return PSW_BUG;
            CHECK(memcmp(found->sent, found->copy.at, p.bytes) == 0, "rank %d step %d: sent and changed", rank, step);
            memcpy(p.at, found->copy.at, p.bytes);
            PSW_TRY(t->engine->rows->receive(t->attention[rank], &x));
        }
    for (int k = 0; k < t->mail_count; k++) free(t->mails[k].copy.at);
    t->mail_count = 0;
    return PSW_OK;
}

static inline psw_status team_rows(team *t, result *r)
{
    const psw_watch none = {NULL, NULL};
    for (int rank = 0; rank < t->size; rank++) t->engine->rows->begin(t->attention[rank]);
    for (int step = 0; step < psw_route_steps(&t->route[0]); step++) {
        team_post(t, step, false);
        for (int rank = 0; rank < t->size; rank++)
            PSW_TRY(t->engine->rows->compute_step(t->attention[rank], step, none));
        team_post(t, step, true);
        PSW_TRY(team_collect(t, step));
        for (int rank = 0; rank < t->size; rank++)
            PSW_TRY(
                t->engine->rows->emit(t->attention[rank], psw_route_done(&t->route[rank], step), none, result_put, r));
    }
    return PSW_OK;
}

/* ---- state folds ---- */

/* before = sum of own over the ranks before, total = over all, round by round. */
static inline void team_scan(team *t)
{
    for (int rank = 0; rank < t->size; rank++) {
        psw_states *s = t->states[rank];
        for (ptrdiff_t i = 0; i < s->rounds * s->sets; i++) {
            unsigned char *before = s->before + (size_t)i * s->bytes;
            bool down = psw_route_down(&s->route, i / s->sets);
            psw_states_clear(before, s->bytes);
            if (s->totals) psw_states_clear(s->total + (size_t)i * s->bytes, s->bytes);
            for (int other = 0; other < t->size; other++) {
                const unsigned char *own = t->states[other]->own + (size_t)i * s->bytes;
                if (down ? other > rank : other < rank) psw_states_merge(before, own, s->bytes);
                if (s->totals) psw_states_merge(s->total + (size_t)i * s->bytes, own, s->bytes);
            }
        }
    }
}

/* `overlap` near parts are computed while the states are on their way. */
static inline psw_status team_sketch(team *t, int overlap, result *r)
{
    const psw_watch none = {NULL, NULL};
    for (int rank = 0; rank < t->size; rank++) t->engine->states->begin(t->attention[rank]);
    for (int rank = 0; rank < t->size; rank++)
        PSW_TRY(t->engine->states->total(t->attention[rank], none, &t->states[rank]));
    for (int rank = 0; rank < t->size; rank++) {
        bool more = true;
        for (int i = 0; i < overlap && more; i++) PSW_TRY(t->engine->states->overlap(t->attention[rank], none, &more));
    }
    team_scan(t);
    for (int rank = 0; rank < t->size; rank++)
        PSW_TRY(t->engine->states->finish(t->attention[rank], none, result_put, r));
    return PSW_OK;
}

/* What a team computes for a group; `overlap` as above. */
static inline psw_status team_run(team *t, int overlap, result *r)
{
    psw_fold_kind kind = psw_attend_kind(t->group.points);
    result_make(t->group.points, t->group.count, source.sets, r);
    return kind == PSW_ROW_FOLD ? team_rows(t, r) : team_sketch(t, overlap, r);
}

#endif
