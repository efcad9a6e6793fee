/* attend/states: the state fold, in which keys become features and features are summed. Compiled per precision and
 * target.
 *
 * With m(x), 2^s(x), weigh and phi of a feature map (polysweep/sketch.h), rows are attended leaf by leaf, called blocks
 * here as in the literature:
 *
 *     near   weights of the keys of the row's own stretch, key by key up to the diagonal:
 *            weigh <m(q), m(k)> 2^(s(q) + s(k)), or the exact kernel where the point says `local` (a row pass)
 *     far    phi(q)^T S 2^s(q),  S = sum of 2^s(k) phi(k) [v | 1]^T over the keys of earlier stretches
 *
 * (block-causal form: Kacham, Mirrokni, Zhong 2023). A stretch is one block, or `local` keys. Under a full mask every
 * row is read from the state of all keys. Nothing is larger than the rows, one block's features, or a state.
 *
 * Products have queries as columns, in panels: the denominator is then one more row of [v | 1]^T, made by the same
 * chains as the numerators, so values that are all 1 give exactly 1.
 *
 * Rows and states carry exponents: 2^s = mantissa 2^exponent; the exponents go to the sums and to the state. In the
 * near part a query's exponent depends on the keys that it sees alone, so a later key changes no bit of it.
 *
 * A sequence can be cut: the near part needs rows alone, attend_states_total computes the state of a block, states
 * merge, and attend_states_set_readable gives one to the far part. A rank of a team holds the rows of its own blocks.
 * It computes the states of its stretches first and keeps the mapped keys, and the products of blocks while there is
 * memory, so that nothing is computed twice; while the states of earlier ranks are on their way it computes near
 * parts. */
#ifndef POLYSWEEP_ATTEND_STATES_H
#define POLYSWEEP_ATTEND_STATES_H

#include <stdint.h>
#include <string.h>

#include "attend/rows.h"
#include "attend/state.h"
#include "polysweep/sketch.h"

/* A block of rows after the map. */
typedef struct attend_mapped {
    psw_rows m; /* count x stored */
    double *log2_scale, *mantissa;
    int *exponent;   /* 2^log2_scale = mantissa 2^exponent, mantissa in [1, 2); a zero row: 0 and PSW_EMPTY */
    ptrdiff_t block; /* the block that is mapped here, -1: none */
    int set;
} attend_mapped;

typedef struct attend_state_pass {
    psw_attention base;
    psw_sketch *sketch;
    psw_sketch_shape shape;
    ptrdiff_t stretch;   /* blocks of a stretch */
    ptrdiff_t lift_rows; /* keys whose features are one product */
    bool shared;         /* queries, keys and values are the same rows */

    psw_real *rows[2];     /* queries and keys, own blocks x block x width; tokens without one have zeros */
    psw_real *values;      /* [v | 1]^T own block by block, each v + 1 x block */
    psw_real *other[2][3]; /* row j3 of each set, by side */
    int placed;            /* the set whose row j3 is in rows and values */

    attend_mapped q, k[2], token[2]; /* the current block; key j3, for the rows that read it from a state */
    bool token_in;                   /* the readable states contain it */
    psw_real *scaled;                /* a block's values times its keys' scales */
    psw_real *queries;               /* m of a panel of queries: stored x PSW_PANEL */
    int *top;                        /* exponent of the near part, by query of the block */
    psw_real *weights, *near_sum;    /* of that panel: block x PSW_PANEL, v + 1 x PSW_PANEL */
    psw_real *far_sum;               /* v + 1 x PSW_PANEL */
    psw_real *lifted, *transposed;   /* features of a few rows; of a block or of a panel, as products take them */

    attend_state state[2]; /* of each set */
    psw_real *reading[2];  /* as products take them */
    int reading_exponent[2];
    psw_real *product;   /* v + 1 x features */
    attend_sums sums[2]; /* of the block's rows */

    struct {                 /* of a team; NULL and 0 alone */
        attend_mapped *keys; /* own blocks, of set 0 */
        /* Own blocks x state, by set: the sum from the start of its round to the block; NULL: computed again. */
        psw_real *running[2];
        int *exponent[2];    /* of them */
        psw_real *buffer[2]; /* f->reading as it was laid out */
        psw_real *prefix[2]; /* the state of earlier rounds and ranks, by set, as products take it */
        int prefix_exponent[2];
        ptrdiff_t diverged_from; /* from this block of the round on D_1 has sums of its own */
        attend_sums *near;       /* [overlap_most][sets]: near parts computed while states were on their way */
        ptrdiff_t overlapped, overlap_most; /* own blocks with a near part so far, at most */
        psw_states states;
    } team;

    psw_point exact; /* the point whose row pass computes exact stretches */
    psw_group exact_group;
    attend_row_pass *near; /* NULL: near parts are sketched */
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

/* What is stored are the features: nothing is lifted, nor rounded between. */
static inline bool attend_states_as_stored(const attend_state_pass *f)
{
    return f->shape.weigh == PSW_WEIGH_IDENTITY && !f->base.narrow;
}

static inline attend_span attend_block_span(const attend_state_pass *f, ptrdiff_t index)
{
    return attend_leaf_span(&f->base, index);
}

/* The queries, or the keys of a block, by their tokens. */
static inline attend_span attend_block_part(const attend_state_pass *f, psw_side side, ptrdiff_t index)
{
    return attend_side_span(&f->base, side, index);
}

/* Rows of a block that are read, from its first one on: whole panels. Where few tokens have a query those with one. */
static inline attend_span attend_states_panels(const attend_state_pass *f, ptrdiff_t block)
{
    attend_span span = attend_block_span(f, block), queries = attend_block_part(f, PSW_QUERY, block);
    if (!psw_data_distinct(f->base.p)) return (attend_span){0, span.count};
    ptrdiff_t before = queries.first - span.first, first = before / PSW_PANEL * PSW_PANEL;
    return (attend_span){first, before + queries.count - first};
}

#define attend_mapped_make PSW_PRECISION_NAME(attend_mapped_make)
#define attend_weigh_product PSW_PRECISION_NAME(attend_weigh_product)
#define attend_mapped_take PSW_PRECISION_NAME(attend_mapped_take)
#define attend_states_lay_team PSW_PRECISION_NAME(attend_states_lay_team)
#define attend_states_keys PSW_PRECISION_NAME(attend_states_keys)
#define attend_states_queries PSW_PRECISION_NAME(attend_states_queries)
#define attend_states_values PSW_PRECISION_NAME(attend_states_values)
#define attend_states_total PSW_PRECISION_NAME(attend_states_total)
#define attend_states_map_token PSW_PRECISION_NAME(attend_states_map_token)
#define attend_states_round PSW_PRECISION_NAME(attend_states_round)
#define attend_states_round_reading PSW_PRECISION_NAME(attend_states_round_reading)
#define attend_states_set_readable PSW_PRECISION_NAME(attend_states_set_readable)
#define attend_states_read PSW_PRECISION_NAME(attend_states_read)
#define attend_states_exact PSW_PRECISION_NAME(attend_states_exact)
#define attend_states_block PSW_PRECISION_NAME(attend_states_block)
#define attend_states_full PSW_PRECISION_NAME(attend_states_full)
#define attend_states_stretch PSW_PRECISION_NAME(attend_states_stretch)
#define attend_states_pass PSW_PRECISION_NAME(attend_states_pass)
#define attend_states_walk PSW_PRECISION_NAME(attend_states_walk)
#define attend_states_divergence PSW_PRECISION_NAME(attend_states_divergence)
#define attend_states_reset PSW_PRECISION_NAME(attend_states_reset)
#define attend_states_flops PSW_PRECISION_NAME(attend_states_flops)
#define attend_states_message_bytes PSW_PRECISION_NAME(attend_states_message_bytes)
#define attend_states_tops PSW_PRECISION_NAME(attend_states_tops)
#define attend_states_weigh PSW_PRECISION_NAME(attend_states_weigh)
#define attend_states_kind PSW_PRECISION_NAME(attend_states_kind)
#define attend_states_team PSW_PRECISION_NAME(attend_states_team)

attend_mapped attend_mapped_take(psw_arena *arena, ptrdiff_t rows, ptrdiff_t stored);
/* Maps rows, and splits their scales. */
void attend_mapped_make(psw_sketch *sketch, const psw_sketch_shape *shape, psw_side side, psw_const_rows x,
                        attend_mapped *to);
/* weigh z, z = <m(q), m(k)>, without their scales; t: the product of the first of what is stored of each */
double attend_weigh_product(const psw_point *point, psw_weigh kind, double z, double t);

/* The functions of attend_states_kind (attention.h) outside its file. An attention stays where it was laid out: parts
 * of it know each other's addresses. */
void attend_states_lay_team(attend_state_pass *f, psw_arena *arena);
psw_status attend_states_pass(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context);
psw_message_bytes attend_states_message_bytes(const psw_group *group, int sets);
double attend_states_flops(const psw_group *group, int sets); /* padded panels as they are, maps and lifts included */

/* A block of one set: keys and queries mapped (the newest one is kept), and [v | 1]^T. */
const attend_mapped *attend_states_keys(attend_state_pass *f, int set, ptrdiff_t block);
const attend_mapped *attend_states_queries(attend_state_pass *f, int set, ptrdiff_t block);
psw_const_rows attend_states_values(attend_state_pass *f, int set, ptrdiff_t block);

/* into += the state of a block's keys; rounded: the sum as products take it, unless it is NULL. */
void attend_states_total(attend_state_pass *f, int set, ptrdiff_t block, attend_state *into, psw_real *rounded);
/* Maps key j3 alone, on a rank that does not own it. */
void attend_states_map_token(attend_state_pass *f, int set);
/* to = the numbers of a state, as products take them. */
void attend_states_round(const attend_state *state, psw_real *to);
/* f->reading[set] to the format, a scale for each column of the values. */
void attend_states_round_reading(attend_state_pass *f, int set);
/* Rounds a state; the far parts of `set` are then read from it. */
void attend_states_set_readable(attend_state_pass *f, int set, const attend_state *state);

/* Sums of a block's rows: near over the keys of their own block up to the diagonal, far from the readable state. Near
 * parts of exact stretches are attend_states_exact's. */
typedef enum attend_reach { PSW_NEAR = 1, PSW_FAR = 2, PSW_NEAR_AND_FAR = 3 } attend_reach;
void attend_states_read(attend_state_pass *f, int set, ptrdiff_t block, attend_reach reach, attend_sums to);
/* Adds the exact near part to f->sums. */
psw_status attend_states_exact(attend_state_pass *f, ptrdiff_t block, psw_watch watch);

/* Results of one block of queries, to the sink. same_as_d0: D_1 has the sums of D_0 here. */
psw_status attend_states_block(attend_state_pass *f, ptrdiff_t block, bool same_as_d0, psw_watch watch,
                               psw_leaf_sink sink, void *context);
/* A full mask: own blocks, from the readable states of all keys. */
psw_status attend_states_full(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context);
/* The blocks of one stretch, from the readable states. */
psw_status attend_states_stretch(attend_state_pass *f, psw_leaves stretch, bool same_as_d0, psw_watch watch,
                                 psw_leaf_sink sink, void *context);
/* A causal pass over the blocks `span`, whole stretches. It starts from the states in f->state, which must be readable,
 * and adds the blocks to them. */
psw_status attend_states_walk(attend_state_pass *f, psw_leaves span, psw_watch watch, psw_leaf_sink sink,
                              void *context);
ptrdiff_t attend_states_divergence(const attend_state_pass *f); /* the first block of the stretch of j3 */
void attend_states_reset(attend_state_pass *f); /* nothing is mapped, nothing is readable: the start of a pass */

/* Parts of a sketched near part. tops: the exponent of each query. weigh: scores of a panel of queries (columns first
 * .. first + PSW_PANEL) with keys 0 .. keys - 1 (rows) become weights. */
void attend_states_tops(attend_state_pass *f, const attend_mapped *k);
void attend_states_weigh(attend_state_pass *f, const attend_mapped *k, ptrdiff_t first, ptrdiff_t keys);

extern const attend_kind attend_states_kind;
extern const psw_state_fold attend_states_team;

#endif
