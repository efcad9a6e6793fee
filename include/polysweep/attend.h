/* attend: attention on one rank: the fold, written once.
 *
 * A method is a pure function `weigh` from a tile of scores to weights, and (for state folds) a feature `map`.
 * Everything else (products, masks, row scaling, accumulators, merging) is the fold's.
 *
 * Rows carry an exponent: a weight is 2^(x - E), E an integer that depends on one (row, key leaf) alone, so
 * no degree overflows or vanishes. Partial sums of key leaves are added in double along one fixed binary tree over
 * the leaf index: no bit of a result depends on the order of arrival, on who computed what, or on what was
 * computed beside it. Products are in the engine's precision and on whole leaves. Where tiles are our own kernel and
 * PSW_FUSED (polysweep/fused.h), row folds of the same rows have the same bits on every processor.
 *
 * Compiled twice; psw_engine_of picks the table row of a precision. Local: no function here communicates. */
#ifndef POLYSWEEP_ATTEND_H
#define POLYSWEEP_ATTEND_H

#include "polysweep/data.h"
#include "polysweep/route.h"

#define PSW_GROUP_MAX 16

/* Points that differ in beta alone and so share every tile of scores, over both data sets. */
typedef struct psw_group {
    const psw_point *points;
    ptrdiff_t count; /* 1 .. PSW_GROUP_MAX */
} psw_group;
bool psw_group_joins(const psw_point *a, const psw_point *b);

/* The attention of one query leaf, for all points and data sets of the group. Arrays are
 * [points][sets][count]...; they are valid until the sink returns. */
typedef struct psw_leaf {
    ptrdiff_t first, count; /* absolute query rows */
    ptrdiff_t index;        /* number of the leaf */
    ptrdiff_t points;
    int sets;
    ptrdiff_t width;        /* v */
    const void *rows;       /* [points][sets][count][width], engine's precision: attention output */
    const double *special;  /* [points][sets][count]: mass on key j3; NULL if there is no special token */
    const double *log2_den; /* [points][sets][count]: log2 of the denominator, -inf where it is 0 (the row is 0 then),
                               NaN where it is negative (only with negative weights; the row is the quotient) */
} psw_leaf;
typedef psw_status (*psw_leaf_sink)(void *context, const psw_leaf *leaf);

/* Asked between tiles: what is not PSW_OK gives the point up and is what the fold returns (PSW_STOPPED, PSW_TIMEOUT).
 * `ask` may be NULL. */
typedef struct psw_watch {
    psw_status (*ask)(void *context);
    void *context;
} psw_watch;
static inline psw_status psw_watch_ask(psw_watch watch)
{
    return watch.ask ? watch.ask(watch.context) : PSW_OK;
}

/* The tables of a sketch: random ones of draw number `draw`, or what was learned (NULL unless the point has weights;
 * read before the call returns). {0} for the other methods. */
typedef struct psw_tables {
    ptrdiff_t draw;
    const struct psw_weights *weights; /* polysweep/sketch.h */
} psw_tables;

/* What a forward pass is of. */
typedef struct psw_given {
    const psw_data *data;
    int sets; /* the first 1 .. psw_data_sets; one alone has the bits that it has beside the other */
    psw_tables tables;
    const psw_route *route; /* NULL: alone; else this rank's part of a team's. Read while the attention lives */
} psw_given;

/* How a team of `size` works on a point, seen from `rank`; what is not chosen is: zigzag for causal row folds, else
 * contiguous; ring; doubling. */
psw_route psw_attend_route(const psw_point *point, psw_choice choice, int size, int rank);

/* What a team does together. Scores (one row) are the first rank's alone. */
typedef enum psw_fold_kind { PSW_ROW_FOLD, PSW_STATE_FOLD, PSW_ONE_RANK } psw_fold_kind;
psw_fold_kind psw_attend_kind(const psw_point *point);

/* A group, ready for forward passes: rows made, rounded and packed, tables drawn. It lives in the arena. */
typedef struct psw_attention psw_attention;

/* Bytes of what travels between ranks: of a leaf's keys and values, and of its queries, whole ones also where the last
 * leaf is ragged; of a node's sums of one query row, over all points and sets; of the states of a stretch, all sets. */
typedef struct psw_message_bytes {
    size_t keys, queries, sums, states;
} psw_message_bytes;

/* Bytes that a transfer carries, in this rank's memory. */
typedef struct psw_payload {
    void *at;
    size_t bytes;
} psw_payload;

/* The states of a scan over ranks: `rounds` times `sets` of them, each of `bytes`, round by round. */
typedef struct psw_states {
    psw_route route; /* of the scan: under a full mask all leaves of a rank are one stretch */
    ptrdiff_t rounds, sets;
    size_t bytes;
    unsigned char *own, *before, *total;
    unsigned char *incoming; /* of one rank; of all ranks, in their order, for an all-gather */
    bool totals;             /* a total is wanted */
} psw_states;
/* into += from, commutative to the bit; an empty state, which is what clear makes, is the identity. */
void psw_states_merge(void *into, const void *from, size_t bytes);
void psw_states_clear(void *state, size_t bytes);

typedef struct psw_engine {
    const char *name;
    size_t real_bytes;
    /* Bytes of an attention over all data sets, by the code that lays it out. `route` as in psw_given. */
    size_t (*bytes)(const psw_group *group, const psw_route *route);
    /* Over all data sets; pure. */
    psw_message_bytes (*travel)(const psw_group *group);
    double (*done_flops)(const psw_group *group, int sets); /* of row and state folds: psw_attend_done_flops */
    /* The group must outlive the attention; what is given need not. On failure there is nothing to release. */
    psw_status (*prepare)(const psw_group *group, const psw_given *given, psw_arena *arena, psw_attention **attention);
    /* One forward pass, leaf by leaf in ascending order: what a timing is of. Can be repeated, with the same bits.
     * PSW_NOT_FINITE names the row. */
    psw_status (*pass)(psw_attention *attention, psw_watch watch, psw_leaf_sink sink, void *context);
    void (*release)(psw_attention *attention); /* the arena is as it was before */
    /* Other tables for the same rows: as if prepared with draw number `draw`. Nothing to do but for sketches. */
    void (*redraw)(psw_attention *attention, ptrdiff_t draw);
    /* Other rows, and tables of their draw: as if prepared with what is given, of the same shape. */
    void (*reload)(psw_attention *attention, const psw_given *given);

    /* One pass of a team (given.route), in pieces that polysweep/dist.h puts together. Local, all of them.
     * Row folds: begin; for each step of the route its transfers, `parcel` saying where each lies, and between them
     * `meet`; `arrived` with every parcel that came; then `deliver` the own leaves that the step has done
     * (psw_route_done). */
    psw_payload (*parcel)(psw_attention *attention, const psw_transfer *transfer);
    psw_status (*meet)(psw_attention *attention, int step, psw_watch watch);
    psw_status (*arrived)(psw_attention *attention, const psw_transfer *transfer);
    psw_status (*deliver)(psw_attention *attention, psw_leaves places, psw_watch watch, psw_leaf_sink sink,
                          void *context);
    /* State folds: begin; `total` leaves the states of own stretches in states.own; a scan fills `before` (and
     * `total`); meanwhile `ahead` does what needs no state, a block at a time (`more` = false: nothing is left); then
     * `rest`: own leaves, in any order. */
    psw_status (*total)(psw_attention *attention, psw_watch watch, psw_states **states);
    psw_status (*ahead)(psw_attention *attention, psw_watch watch, bool *more);
    psw_status (*rest)(psw_attention *attention, psw_watch watch, psw_leaf_sink sink, void *context);
    void (*begin)(psw_attention *attention); /* both kinds */

    /* All three, over all data sets. */
    psw_status (*attend)(const psw_group *group, const psw_data *data, psw_tables tables, psw_arena *arena,
                         psw_watch watch, psw_leaf_sink sink, void *context);
} psw_engine;
const psw_engine *psw_engine_of(psw_precision precision);

/* Query rows `rows` of the attention of a point once more, in double whatever its precision, by plain loops over all
 * keys: count x v numbers. For the few rows on which something depends. Of methods that psw_attend_repeats names; sums
 * are of PSW_AGAIN_PIECE keys, then of pieces. */
enum { PSW_AGAIN_PIECE = 64 };
bool psw_attend_repeats(const psw_point *point);
ptrdiff_t psw_attend_again_numbers(const psw_point *point, ptrdiff_t count); /* doubles of scratch */
psw_status psw_attend_again(const psw_point *point, const psw_data *data, int set, const ptrdiff_t *rows,
                            ptrdiff_t count, psw_watch watch, double *scratch, double *out);

/* Operations and memory traffic of one forward pass of one data set (2 flops per multiply-add), from the widths
 * of the method's weigh and map. */
typedef struct psw_work {
    double flops, bytes;
} psw_work;
psw_work psw_attend_work(const psw_point *point);
/* What turning one score into a weight takes beyond what every score takes; {0} of sketches. */
typedef struct psw_weigh_work {
    double multiplications, transcends, exponentials; /* a transcend: a logarithm and an exponential in double */
} psw_weigh_work;
psw_weigh_work psw_attend_weigh_work(const psw_point *point);
/* Operations that one pass over the first `sets` data sets does for the whole group (of a sketch: for one draw): points
 * share products of queries and keys, and D_1 takes from D_0 what is the same. Products as they are asked for, maps and
 * lifts; not what turns scores into weights. On one rank; a team does the same but for mapped rows and states that it
 * makes again. Counted along the loops of the fold; at most as many steps as blocks. */
double psw_attend_done_flops(const psw_group *group, int sets);
/* Scores that become weights in such a pass, for one point of the group: of D_1 in tiles alone that differ from D_0's.
 * 0 of sketches. */
double psw_attend_weighed(const psw_point *point, int sets);

/* NULL where the method can compute the point; else what it cannot and what to do (a static or message-slot text). */
psw_status psw_attend_check(const psw_point *point); /* PSW_USAGE */
/* The same, and of linear attention to scores that can be negative where `negative` does not say what becomes of them:
 * what a new study may not ask for without a word. */
psw_status psw_attend_allow(const psw_point *point); /* PSW_USAGE */

#endif
