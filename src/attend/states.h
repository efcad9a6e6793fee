/* attend/sketched: what one pass over a sketch works on. Compiled twice.
 *
 * With m(x), 2^s(x), weigh and phi of a feature map (polysweep/sketch.h), rows are attended block by block:
 *
 *     near   weights of the keys of the row's own stretch, key by key up to the diagonal:
 *            weigh <m(q), m(k)> 2^(s(q) + s(k)), or the exact kernel where the point says `local`
 *     far    phi(q)^T S 2^s(q),  S = sum of 2^s(k) phi(k) [v | 1]^T over the keys of earlier stretches
 *
 * (block-causal form: Kacham, Mirrokni, Zhong 2023). A stretch is one block, or `local` keys. Under a full mask every
 * row is read from the state of all keys. Nothing is larger than the rows, one block's features, or a state.
 *
 * Products have queries as columns, in panels: the denominator is then one more row of [v | 1]^T, made by the same
 * chains as the numerators, so values that are all 1 give exactly 1.
 *
 * Rows and states carry exponents: 2^s = mantissa 2^exponent, the integer parts go to the sums and to the state. In the
 * near part a query's exponent is made of the keys that it sees, so a later key changes no bit of it.
 *
 * The parts are separate, so that a sequence can be cut: the near part needs rows alone, attend_states_total makes the
 * state of a block, states merge, and attend_states_set_readable gives one to the far part. A rank of a team holds the
 * rows of its own blocks alone. It makes the states of its stretches first and keeps what they were made of (mapped
 * keys, and the products of blocks while they are not too many), so that nothing is computed twice; while the states of
 * earlier ranks are on their way it makes near parts. */
#ifndef POLYSWEEP_ATTEND_STATES_H
#define POLYSWEEP_ATTEND_STATES_H

#include <stdint.h>
#include <string.h>

#include "attend/rows.h"
#include "attend/state.h"
#include "polysweep/real.h"
#include "polysweep/sketch.h"

/* A block of rows as the map leaves them. */
typedef struct attend_mapped {
    psw_rows m; /* count x stored */
    double *log2_scale, *mantissa;
    int *exponent;   /* 2^log2_scale = mantissa 2^exponent, mantissa in [1, 2); a zero row: 0 and PSW_EMPTY */
    ptrdiff_t block; /* whose they are, -1: nobody's */
    int set;
} attend_mapped;

typedef struct attend_state_pass {
    const psw_point *p;
    psw_sketch *sketch;
    psw_sketch_shape shape;
    ptrdiff_t block, blocks; /* rows of a whole block, number of blocks */
    ptrdiff_t stretch;       /* blocks of a stretch */
    psw_route route;
    ptrdiff_t own;       /* blocks of this rank */
    ptrdiff_t lift_rows; /* keys whose features are one product */
    int sets;
    ptrdiff_t special; /* j3, -1 if there is none */
    bool shared;       /* queries, keys and values are the same rows */

    psw_real *rows[2];     /* queries and keys, own blocks x block x d */
    psw_real *values;      /* [v | 1]^T own block by block, each v + 1 x block */
    psw_real *other[2][3]; /* row j3 of each set, by side */
    int placed;            /* the set whose row j3 stands in rows and values */
    double *staged;        /* a block of rows as the data makes them */

    attend_mapped q, k[2], token[2]; /* the block at hand; key j3, for the rows that meet it in a state */
    bool token_in;                   /* the states that are read hold it */
    psw_real *scaled;                /* a block's values times its keys' scales */
    psw_real *queries;               /* m of a panel of queries: stored x PSW_PANEL */
    int *top;                        /* exponent of the near part, by query of the block */
    psw_real *weights, *near_sum;    /* of that panel: block x PSW_PANEL, v + 1 x PSW_PANEL */
    psw_real *far_sum;               /* v + 1 x PSW_PANEL */
    psw_real *lifted, *turned;       /* features of a few rows; of a block or of a panel, as products take them */

    attend_state state[2]; /* of each set */
    psw_real *reading[2];  /* as products take them */
    int reading_exponent[2];
    psw_real *product;   /* v + 1 x features */
    attend_sums sums[2]; /* of the block's rows */

    struct {                 /* of a team; NULL and 0 alone */
        attend_mapped *keys; /* own blocks, of set 0 */
        psw_real
            *running[2];  /* own blocks x state, by set: from the start of its round to the block; NULL: made again */
        int *exponent[2]; /* of them */
        psw_real *buffer[2]; /* f->reading as it was laid */
        psw_real *prefix[2]; /* the state of earlier rounds and ranks, by set, as products take it */
        int prefix_exponent[2];
        ptrdiff_t apart;   /* from this block of the round on D_1 has sums of its own */
        attend_sums *near; /* [ahead_most][sets]: near parts that were made ahead */
        ptrdiff_t ahead, ahead_most;
        psw_states states;
    } team;

    psw_point exact; /* the point whose fold makes exact stretches */
    psw_group exact_group;
    attend_row_pass *near; /* NULL: sketched ones */

    psw_real *out; /* [sets][block][v], as the sink gets them */
    double *mass, *log2_den;
} attend_state_pass;

/* Keys that are lifted before they are packed: their features stay in a first-level cache. */
#define PSW_LIFT_STEP ((ptrdiff_t)8)

/* 2^e as a real for e <= 0; 0 below PSW_LOWEST_EXPONENT */
static inline psw_real attend_power_of_two(long e)
{
    psw_real x;
#ifdef PSW_SINGLE
    uint32_t bits = e < PSW_LOWEST_EXPONENT ? 0 : (uint32_t)(e + 127) << 23;
#else
    uint64_t bits = e < PSW_LOWEST_EXPONENT ? 0 : (uint64_t)(e + 1023) << 52;
#endif
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline attend_span attend_block_span(const attend_state_pass *f, ptrdiff_t index)
{
    ptrdiff_t first = index * f->block, left = f->p->n - first;
    return (attend_span){first, left < f->block ? left : f->block};
}

#define attend_mapped_take PSW_PRECISION_NAME(attend_mapped_take)
attend_mapped attend_mapped_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t stored);

#define attend_states_lay PSW_PRECISION_NAME(attend_states_lay)
#define attend_states_message_bytes PSW_PRECISION_NAME(attend_states_message_bytes)
#define attend_states_load PSW_PRECISION_NAME(attend_states_load)
#define attend_states_redraw PSW_PRECISION_NAME(attend_states_redraw)
#define attend_states_keys PSW_PRECISION_NAME(attend_states_keys)
#define attend_states_queries PSW_PRECISION_NAME(attend_states_queries)
#define attend_states_values PSW_PRECISION_NAME(attend_states_values)
#define attend_states_total PSW_PRECISION_NAME(attend_states_total)
#define attend_states_set_readable PSW_PRECISION_NAME(attend_states_set_readable)
#define attend_states_read PSW_PRECISION_NAME(attend_states_read)
#define attend_states_weigh PSW_PRECISION_NAME(attend_states_weigh)
#define attend_states_tops PSW_PRECISION_NAME(attend_states_tops)
#define attend_states_pass PSW_PRECISION_NAME(attend_states_pass)
#define attend_states_close PSW_PRECISION_NAME(attend_states_close)
#define attend_states_attend PSW_PRECISION_NAME(attend_states_attend)
#define attend_states_emit_leaf PSW_PRECISION_NAME(attend_states_emit_leaf)
#define attend_states_exact PSW_PRECISION_NAME(attend_states_exact)
#define attend_states_round PSW_PRECISION_NAME(attend_states_round)
#define attend_states_map_token PSW_PRECISION_NAME(attend_states_map_token)
#define attend_states_reset PSW_PRECISION_NAME(attend_states_reset)
#define attend_states_lay_team PSW_PRECISION_NAME(attend_states_lay_team)
#define attend_states_begin PSW_PRECISION_NAME(attend_states_begin)
#define attend_states_totals PSW_PRECISION_NAME(attend_states_totals)
#define attend_states_overlap PSW_PRECISION_NAME(attend_states_overlap)
#define attend_states_finish PSW_PRECISION_NAME(attend_states_finish)
#define attend_states_stretch PSW_PRECISION_NAME(attend_states_stretch)
#define attend_states_divergence PSW_PRECISION_NAME(attend_states_divergence)
#define attend_states_flops PSW_PRECISION_NAME(attend_states_flops)
#define attend_states_walk PSW_PRECISION_NAME(attend_states_walk)

/* Takes the memory of a pass over a point that psw_attend_check accepts; with a counting arena, only counts. To be
 * closed whatever it returns. */
psw_status attend_states_lay(attend_state_pass *f, const psw_point *point, const psw_given *given, psw_arena *arena);
void attend_states_close(attend_state_pass *f);
/* Draws the tables, rounds the data once. */
void attend_states_load(attend_state_pass *f, const psw_given *given);
void attend_states_redraw(attend_state_pass *f, ptrdiff_t draw); /* the tables alone */
psw_status attend_states_pass(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context);

/* A block of one set: keys and queries mapped (the last one made is kept), and [v | 1]^T. */
const attend_mapped *attend_states_keys(attend_state_pass *f, int set, ptrdiff_t block);
const attend_mapped *attend_states_queries(attend_state_pass *f, int set, ptrdiff_t block);
psw_const_rows attend_states_values(attend_state_pass *f, int set, ptrdiff_t block);

/* into += the state of a block's keys; rounded: the sum as products take it, unless it is NULL. */
void attend_states_total(attend_state_pass *f, int set, ptrdiff_t block, attend_state *into, psw_real *rounded);
/* Key j3 mapped alone, for a rank that does not own it. */
void attend_states_map_token(attend_state_pass *f, int set);
/* to = the numbers of a state, as products take them. */
void attend_states_round(const attend_state *state, psw_real *to);
/* Rounds a state for the rows of `set` to be read from it. */
void attend_states_set_readable(attend_state_pass *f, int set, const attend_state *state);

/* Sums of a block's rows: over the keys of their own block up to the diagonal, and what the published state holds for
 * them. The near part of exact stretches is attend_row_pass's. */
typedef enum attend_reach { PSW_NEAR = 1, PSW_FAR = 2, PSW_NEAR_AND_FAR = 3 } attend_reach;
void attend_states_read(attend_state_pass *f, int set, ptrdiff_t block, attend_reach reach, attend_sums to);

/* The near part of exact stretches is added to f->sums. */
psw_status attend_states_exact(attend_state_pass *f, ptrdiff_t block, psw_watch watch);
/* Results of one block of queries; D_1 is D_0 where `alike` says so. near: its near parts, by set, if they are there
 * already, else NULL. */
psw_status attend_states_attend(attend_state_pass *f, ptrdiff_t block, bool alike, const attend_sums *near,
                                psw_watch watch);
psw_status attend_states_emit_leaf(const attend_state_pass *f, ptrdiff_t block, psw_leaf_sink sink, void *context);
/* Blocks of one stretch, from the states that are published. */
psw_status attend_states_stretch(attend_state_pass *f, psw_leaves stretch, bool alike, psw_watch watch,
                                 psw_leaf_sink sink, void *context);
/* A causal pass over the blocks `span`, whole stretches, from the states on that are published and stand in f->state,
 * to which the blocks are added. */
psw_status attend_states_walk(attend_state_pass *f, psw_leaves span, psw_watch watch, psw_leaf_sink sink,
                              void *context);
/* Operations of a pass over the first `sets` data sets on one rank: products, padded panels as they are, maps and
 * lifts.
 */
double attend_states_flops(const psw_point *point, int sets);
ptrdiff_t attend_states_divergence(const attend_state_pass *f); /* the first block of the stretch of j3 */
void attend_states_reset(attend_state_pass *f); /* no block is mapped, no state is read: the start of a pass */

/* ---- a team (polysweep/attend.h says what each does) ---- */

psw_message_bytes attend_states_message_bytes(const psw_point *point, int sets);
void attend_states_lay_team(attend_state_pass *f, psw_arena *arena);
void attend_states_begin(attend_state_pass *f);
psw_status attend_states_totals(attend_state_pass *f, psw_watch watch);
psw_status attend_states_overlap(attend_state_pass *f, psw_watch watch, bool *more);
psw_status attend_states_finish(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context);

/* Of its near part: exponents by query, then scores of a panel of queries (first .. first + PSW_PANEL, columns) with
 * keys 0 .. keys - 1 (rows) become weights. */
void attend_states_tops(attend_state_pass *f, const attend_mapped *k);
void attend_states_weigh(attend_state_pass *f, const attend_mapped *k, ptrdiff_t first, ptrdiff_t keys);

#endif
