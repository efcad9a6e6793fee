/* One pass of a team, against what the plan says that it sends and what one rank alone makes of it. */
#ifndef POLYSWEEP_TESTS_PASS_H
#define POLYSWEEP_TESTS_PASS_H

#include <stdint.h>
#include <string.h>

#include "check.h"
#include "polysweep/dist.h"
#include "polysweep/plan.h"

/* All rows of a pass in a few numbers, each a sum over rows in any order. */
typedef struct digest {
    bool single; /* rows are of single precision */
    double rows;
    double bits;       /* of rows' hashes, 32 bits each: exact up to 2^21 rows */
    double sum, scale; /* of entries, weighted by their place; of their sizes */
} digest;

static inline uint32_t hash_of(const void *at, size_t bytes, uint32_t hash)
{
    const unsigned char *from = at;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ from[i]) * 16777619u; /* FNV-1a */
    return hash;
}

static inline double entry_of(const digest *d, const psw_leaf *leaf, ptrdiff_t at)
{
    return d->single ? (double)((const float *)leaf->rows)[at] : ((const double *)leaf->rows)[at];
}

static inline psw_status digest_leaf(void *context, const psw_leaf *leaf)
{
    digest *d = context;
    size_t bytes = (size_t)leaf->width * (d->single ? sizeof(float) : sizeof(double));
    for (ptrdiff_t line = 0; line < leaf->points * leaf->sets * leaf->count; line++) {
        int64_t place = (int64_t)(leaf->first + line % leaf->count) * 64 + line / leaf->count;
        uint32_t hash = hash_of(&place, sizeof place, 2166136261u);
        d->rows++;
        d->bits += hash_of((const char *)leaf->rows + (size_t)line * bytes, bytes, hash);
        for (ptrdiff_t c = 0; c < leaf->width; c++) {
            double weight = (double)(1 + (place + c) % 13), x = entry_of(d, leaf, line * leaf->width + c);
            d->sum += weight * x;
            d->scale += weight * fabs(x);
        }
    }
    return PSW_OK;
}

static inline psw_status pass_on(const psw_comm *team, const psw_group *group, psw_choice choice, psw_watch watch,
                                 digest *d, psw_traffic *traffic)
{
    const psw_point *p = &group->points[0];
    const psw_engine *engine = psw_engine_of(p->precision);
    psw_route route = psw_attend_route(p, choice, team->size, team->rank);
    psw_data *data;
    psw_arena arena;
    psw_attention *attention;
    PSW_TRY(psw_data_open(p, NULL, &data));
    psw_given given = {.data = data, .sets = psw_data_sets(p), .route = &route};
    PSW_TRY(psw_arena_create(engine->bytes(group, &route), &arena));
    PSW_TRY(engine->prepare(group, &given, &arena, &attention));
    psw_data_close(data);
    d->single = p->precision == PSW_FP32;
    psw_status status =
        psw_dist_pass(&(psw_team_task){team, engine, attention, p, &route, watch}, digest_leaf, d, traffic);
    engine->release(attention);
    psw_arena_destroy(&arena);
    return status;
}

static inline const char *describe_pass(const psw_group *group, psw_choice c, int size)
{
    static const char *const layouts[] = {"any layout", "contiguous", "zigzag", "striped"};
    static const char *const patterns[] = {"any route", "ring", "all_gather", "pass_q", "stream", "grid"};
    static const char *const scans[] = {"any scan", "doubling", "chain", "exscan", "all_gather"};
    static char text[200];
    const psw_point *p = &group->points[0];
    bool rows = psw_attend_kind(p) == PSW_ROW_FOLD;
    psw_format(text, sizeof text, "%s %s fp%d, n %td block %td, %td points, %s, %s, %d ranks",
               psw_word(PSW_WORDS_METHOD, (int)p->method), p->mask == PSW_CAUSAL ? "causal" : "full",
               p->precision == PSW_FP32 ? 32 : 64, p->n, p->block, group->count, layouts[c.layout + 1],
               rows ? patterns[c.pattern + 1] : scans[c.scan + 1], size);
    return text;
}

static inline void check_digest(const psw_group *group, psw_choice choice, int size, const digest *all,
                                const digest *alone)
{
    const char *what = describe_pass(group, choice, size);
    const psw_point *p = &group->points[0];
    double off = fabs(all->sum - alone->sum);
    CHECK(all->rows == (double)(psw_data_queries(p) * psw_data_sets(p) * group->count), "%s: %g rows", what, all->rows);
    if (psw_attend_kind(p) == PSW_ROW_FOLD)
        CHECK(all->bits == alone->bits, "%s: other bits than alone", what);
    else /* what is promised of state folds; the sum of n terms in another order is closer */
        CHECK(off <= (p->precision == PSW_FP32 ? 5e-6 : 1e-12) * alone->scale, "%s: off by %g of %g", what, off,
              alone->scale);
}

/* Collective. `alone`: what one rank makes of the group. Rank 0 of the team checks, and is given what was sent. */
static inline psw_team_cost check_pass(const psw_comm *team, const psw_group *group, psw_choice choice, psw_watch watch,
                                       const digest *alone)
{
    digest d = {0};
    psw_traffic traffic;
    psw_status status = pass_on(team, group, choice, watch, &d, &traffic);
    CHECK(status == PSW_OK, "%s: %s", describe_pass(group, choice, team->size), psw_message());
    double sums[] = {d.rows, d.bits, d.sum, d.scale, traffic.messages, traffic.sent_bytes};
    psw_comm_sum(team, sums, 6);
    psw_team_cost sent = {.messages = sums[4], .sent_bytes = sums[5]};
    if (team->rank > 0 || status != PSW_OK) return sent;
    const char *what = describe_pass(group, choice, team->size);
    psw_team_cost plan = psw_cost_team(&psw_rates_default, group, choice, team->size, 1);
    CHECK(sent.messages == plan.messages, "%s: %.0f messages, planned are %.0f", what, sent.messages, plan.messages);
    CHECK(sent.sent_bytes == plan.sent_bytes, "%s: %.0f bytes, planned are %.0f", what, sent.sent_bytes,
          plan.sent_bytes);
    check_digest(group, choice, team->size, &(digest){d.single, sums[0], sums[1], sums[2], sums[3]}, alone);
    return sent;
}

/* Every rank by itself. */
static inline digest digest_alone(const psw_group *group)
{
    digest d = {0};
    psw_traffic traffic;
    psw_comm self = {MPI_COMM_SELF, 0, 1};
    psw_status status = pass_on(&self, group, PSW_CHOICE_AUTO, (psw_watch){NULL, NULL}, &d, &traffic);
    CHECK(status == PSW_OK, "alone: %s", psw_message());
    return d;
}

#endif
