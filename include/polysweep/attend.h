/* attend: attention on one rank, written once. There are two folds: the row fold turns every score into a weight, the
 * state fold sums features of keys into states. To see how, start with src/attend/rows.h, then states.h. Three kinds
 * of attention are beside them: data that are scores (scores.h), a baseline by landmarks (landmarks.h), of which a
 * team adds states as of a state fold, and one new token against a cache or a state (decode.h).
 *
 * A method is a pure function `weigh` from a tile of scores to weights (row fold), or a feature `map` (state fold).
 * Products, masks, row scaling, sums and merging are the folds'.
 *
 * Rows carry an exponent: a weight is 2^(x - E), with an integer E that depends on one (row, key leaf) alone, so no
 * degree overflows or vanishes. Partial sums of key leaves are added in double along one fixed binary tree over the
 * leaf index: no bit of a result depends on the order of arrival, on which rank computed what, or on what was computed
 * beside it. Products are in the engine's precision and on whole leaves. Where tiles are our own kernel and PSW_FUSED
 * (polysweep/fused.h), row folds of the same rows have the same bits on every processor.
 *
 * bf16 and fp16 (polysweep/narrow.h) are emulated by the single-precision engine: every operand of a product is a
 * number of the format, sums are those of single precision, and neither scores nor outputs are rounded. A number that
 * the format cannot hold is PSW_NOT_FINITE and names its row. Memory and messages are those of single precision.
 *
 * Row folds round queries, keys and values, as products take them (after row_norm, scale and offset), from double at
 * once; then weights, which are below 2 under the exponent of their row and leaf. The denominator sums weights before
 * they are rounded, as FlashAttention does (Dao et al. 2022), and the special mass is what the output has of value j3:
 * the rounded weight over that. Where the data are scores, weights over the largest are rounded.
 *
 * State folds round the same rows, and then what the map stores, lifted features, values times the scales of their
 * keys, weights within a block, and a state where it is read. Each row of such an operand, and each query, has a power
 * of two beside it, so fp16 neither overflows nor vanishes with the degree. The map works in single precision inside.
 * The denominator is one more row of the products. Landmarks are rounded as rows are, their state as others; what is
 * made of landmarks alone stays in double.
 *
 * Compiled per precision and target; psw_engine_of picks the engine of a precision. Local: no function here
 * communicates. */
#ifndef POLYSWEEP_ATTEND_H
#define POLYSWEEP_ATTEND_H

#include "polysweep/data.h"
#include "polysweep/largest.h"
#include "polysweep/route.h"

#define PSW_GROUP_MAX 16

/* Points that differ in beta alone: they share the scores of every tile, in both data sets. */
typedef struct psw_group {
    const psw_point *points;
    ptrdiff_t count; /* 1 .. PSW_GROUP_MAX */
} psw_group;
bool psw_group_joins(const psw_point *a, const psw_point *b);

/* The attention of one query leaf, for all points and data sets of the group. Arrays are
 * [points][sets][count]...; they are valid until the sink returns. */
typedef struct psw_leaf {
    ptrdiff_t first, count; /* queries; leaves without one are not given */
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

/* The tables of a sketch: random ones of draw number `draw`, or learned weights (NULL unless the point has them; read
 * before the call returns). {0} for other methods. */
typedef struct psw_tables {
    ptrdiff_t draw;
    const struct psw_weights *weights; /* polysweep/sketch.h */
} psw_tables;

/* What a forward pass computes. */
typedef struct psw_given {
    psw_watch watch;      /* asked while rows are made and tables drawn */
    const psw_data *data; /* for psw_sketch_asks_keys it must live as long as tables are drawn */
    int sets;             /* the first 1 .. psw_data_sets; D_0 alone has the bits that it has beside D_1 */
    psw_tables tables;
    const psw_route *route; /* of the calling rank in a team, copied; NULL: alone */
} psw_given;

/* The route of `rank` in a team of `size` for a point. Open choices: zigzag for causal row folds, else contiguous;
 * ring, of `queries: distinct` pass_q; doubling. A grid has the shape of psw_route_shape, and no stripes of keys. */
psw_route psw_attend_route(const psw_point *point, psw_choice choice, int size, int rank);

/* What a team shares. Data that are scores (one row) stay on the first rank. */
typedef enum psw_fold_kind { PSW_ROW_FOLD, PSW_STATE_FOLD, PSW_ONE_RANK } psw_fold_kind;
psw_fold_kind psw_attend_kind(const psw_point *point);

/* A group that is ready for forward passes: rows generated, rounded and packed, tables drawn. It lives in the arena. */
typedef struct psw_attention psw_attention;

/* Bytes in messages between ranks. Leaves count as whole ones, the last one too. */
typedef struct psw_message_bytes {
    size_t keys;    /* of a leaf, with its values */
    size_t queries; /* of a leaf */
    size_t sums;    /* of one query row in one node of the tree, all points and sets */
    size_t states;  /* of a stretch, all sets */
} psw_message_bytes;

/* What a transfer carries, in the memory of the calling rank. */
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
    bool totals;             /* `total` is used */
} psw_states;
/* into += from, commutative to the bit; an empty state, which clear makes, is the identity. */
void psw_states_merge(void *into, const void *from, size_t bytes);
void psw_states_clear(void *state, size_t bytes);

/* The smallest score that a rank has seen in a pass: of points that refuse some, and that no plan could refuse. */
typedef struct psw_smallest {
    bool looks;
    double z, least; /* a z below `least` is refused */
    ptrdiff_t query, key;
    int set;
} psw_smallest;
psw_status psw_attend_check_smallest(const psw_smallest *smallest); /* PSW_USAGE says which score is refused */

/* A row fold, on one rank of a team: begin; then, for each step of the route, its transfers (`payload` says where each
 * lies), between them compute_step, after them `receive` with every transfer that arrived, and `emit` of the own leaves
 * that the step completes (psw_route_done). psw_dist_pass puts the pieces together; all are local. */
typedef struct psw_row_fold {
    void (*begin)(psw_attention *attention);
    psw_payload (*payload)(psw_attention *attention, const psw_transfer *transfer);
    psw_status (*compute_step)(psw_attention *attention, int step, psw_watch watch);
    psw_status (*receive)(psw_attention *attention, const psw_transfer *transfer);
    psw_status (*emit)(psw_attention *attention, psw_leaves places, psw_watch watch, psw_leaf_sink sink, void *context);
    const psw_smallest *(*smallest)(const psw_attention *attention); /* to be checked after the pass */
} psw_row_fold;

/* A state fold, on one rank of a team: begin; `total` puts the states of own stretches into states->own; a scan over
 * ranks fills `before` (and `total`), while `overlap` computes what needs no state, one block per call (`more` = false:
 * nothing is left); then `finish` emits the own leaves, in any order. */
typedef struct psw_state_fold {
    void (*begin)(psw_attention *attention);
    psw_status (*total)(psw_attention *attention, psw_watch watch, psw_states **states);
    psw_status (*overlap)(psw_attention *attention, psw_watch watch, bool *more);
    psw_status (*finish)(psw_attention *attention, psw_watch watch, psw_leaf_sink sink, void *context);
} psw_state_fold;

typedef struct psw_engine {
    const char *name;
    size_t real_bytes;
    /* Bytes of an attention over all data sets, counted by the code that lays it out. `route` as in psw_given. */
    size_t (*bytes)(const psw_group *group, const psw_route *route);
    psw_message_bytes (*message_bytes)(const psw_group *group); /* over all data sets; pure */
    double (*done_flops)(const psw_group *group, int sets);     /* psw_attend_done_flops */
    /* The group must outlive the attention, `given` need not. After a failure there is nothing to release. */
    psw_status (*prepare)(const psw_group *group, const psw_given *given, psw_arena *arena, psw_attention **attention);
    /* One forward pass, leaf by leaf in ascending order: this is what is timed. It can be repeated, with the same bits.
     * PSW_NOT_FINITE names the row. */
    psw_status (*pass)(psw_attention *attention, psw_watch watch, psw_leaf_sink sink, void *context);
    void (*release)(psw_attention *attention); /* the arena is as it was before */
    /* Other tables for the same rows: as if prepared with draw number `draw`. Only sketches have tables. What the watch
     * says ends it: then it must be repeated before the next pass, as reload. */
    psw_status (*redraw)(psw_attention *attention, ptrdiff_t draw, psw_watch watch);
    /* Other rows, and tables of their draw: as if prepared with `given`, which has the same shape. */
    psw_status (*reload)(psw_attention *attention, const psw_given *given);
    /* prepare, pass and release. */
    psw_status (*attend)(const psw_group *group, const psw_given *given, psw_arena *arena, psw_watch watch,
                         psw_leaf_sink sink, void *context);
    const psw_row_fold *rows;     /* of attentions whose psw_attend_kind is PSW_ROW_FOLD */
    const psw_state_fold *states; /* PSW_STATE_FOLD */
} psw_engine;
const psw_engine *psw_engine_of(psw_precision precision);

/* Operations and memory traffic of one forward pass of one data set (2 flops per multiply-add), from the widths
 * of the method's weigh and map. */
typedef struct psw_work {
    double flops, bytes;
} psw_work;
psw_work psw_attend_work(const psw_point *point);
/* Generating one token (mode decode) after n tokens, for one key-value head of one sequence and one head of queries:
 * bytes of its key-value cache; of what the method holds instead (a state in the precision of the products, and the
 * keys and values of tokens that it keeps: `local`, or a block but one; the cache where it is no sketch); operations,
 * without those of feature maps; bytes read and written. */
typedef struct psw_decode_work {
    double kv_bytes, state_bytes, flops, bytes;
} psw_decode_work;
psw_decode_work psw_attend_decode_work(const psw_point *point);
enum { PSW_DECODE_GROUP = 16 }; /* tokens of a cache that are weighed side by side */
/* What it takes to turn one score into a weight, beyond what every score takes; {0} for sketches. */
typedef struct psw_weigh_work {
    double multiplications, transcends, exponentials; /* a transcend: a logarithm and an exponential in double */
} psw_weigh_work;
psw_weigh_work psw_attend_weigh_work(const psw_point *point);
/* Operations of one pass over the first `sets` data sets for the whole group (of a sketch: for one draw), on one rank.
 * The points share products of queries and keys, and D_1 takes from D_0 what is the same. Counts products as they are
 * called, maps and lifts; not what turns scores into weights. A team does the same, except for rows that are mapped and
 * states that are computed again. Counted along the loops of the fold, in at most as many steps as there are blocks. */
double psw_attend_done_flops(const psw_group *group, int sets);
/* By how much the threads of a rank (psw_point.threads) that has `leaves` query leaves shorten its tiles: row folds
 * where tiles are our own kernel share strips, else 1. */
double psw_attend_threads(const psw_point *point, ptrdiff_t leaves);
/* Pairs of a query and a key that it sees; of methods that see some keys alone, as if their number were straight within
 * a strip of queries. */
double psw_attend_pairs(const psw_point *point);
/* Scores that become weights in such a pass, for one point of the group; for D_1 those in tiles that differ from D_0's.
 * 0 for sketches; those with landmarks. */
double psw_attend_weighed(const psw_point *point, int sets);

/* ---- which keys a query sees ---- */

typedef struct psw_tokens {
    ptrdiff_t first, count;
} psw_tokens;
/* Keys: up to two ranges of them, ascending, apart, none empty. */
typedef struct psw_seen {
    int ranges;
    psw_tokens at[2];
} psw_seen;
/* What a query sees of `keys`, by the mask and the method; both by their tokens. */
psw_seen psw_attend_seen(const psw_point *point, ptrdiff_t query, psw_tokens keys);
/* The method lets a query see all that the mask does. */
bool psw_attend_sees_all(const psw_point *point);
/* All keys that one of some neighbouring queries sees, and perhaps others between them; count >= 1. */
psw_seen psw_attend_seen_by(const psw_point *point, psw_tokens queries);

/* The exact kernel of a point, of a sketch the one that it estimates, in double: the weights w 2^log2 of one query with
 * neighbouring keys, whose scores offset + scale <q,k> are z; 0 of those that it does not see. Returns log2, -inf where
 * all weights are 0. psw_weights_known: the kernel is a function of scores; else nothing can be asked.
 * psw_weights_keep: how many of the largest scores of a row, of equal ones the first, have weights, 0: all; then `kept`
 * is the last of these (else it may be NULL). */
bool psw_weights_known(const psw_point *point);
ptrdiff_t psw_weights_keep(const psw_point *point);
double psw_weights_row(const psw_point *point, ptrdiff_t query, psw_tokens keys, const double *z, const psw_score *kept,
                       double *w);

/* Have queries that are equal (psw_data_repeats) equal outputs? */
bool psw_attend_repeats(const psw_point *point);

/* Can the method compute the point? PSW_USAGE says why not, and what to do. */
psw_status psw_attend_check(const psw_point *point);
/* The same for a point of a new study, which may not leave open what becomes of negative scores in linear attention.
 * PSW_USAGE. */
psw_status psw_attend_allow(const psw_point *point);

#endif
