/* attend/rows: the row fold: every score becomes a weight. To understand attention, start here. Compiled per precision
 * and target.
 *
 *     for each query leaf, strip by strip: Q                      c x w, c <= PSW_STRIP      rows_pass_real.c
 *       of a method that keeps some scores: which, of each row                             rows_select_real.c
 *       for each key leaf of which a row sees a key: K, V         w x k, k x v; packed       seen.c
 *         up to the last key that a row sees: k
 *         scores = Q K, peak = the largest that each row sees     c x k, c                   rows_tile_real.c
 *         log2 of the scores, if several points are made of it    c x k, twice
 *         for each point of the group (another beta)
 *           weights = weigh(scores, peak), their sum, E           c x k, c, c                WORD_real.c
 *           partial = weights V                                   c x v
 *           tree += [partial | weight of key j3 | sum] 2^E        c x (v + 2), double        sums.c
 *         row or column j3 in the tile: patch it, again for D_1
 *       out = numerators / (denominator + den_constant)           c x v, of each root        finish_real.c
 *     the sink gets the leaf after its last strip                 [points][sets][count][v]   attention_real.c
 *
 * w is psw_point_width: d, or d + 1 with an offset. E is the exponent of a row in one key leaf; a tree for each point
 * and data set adds the key leaves. A strip is so small that its scores and weights stay in a cache. D_1 differs from
 * D_0 in row j3 of queries, keys and values: those of D_1 are in `other`.
 *
 * Threads of a rank (psw_point.threads) take strips of as many query leaves as there are threads; sinks get these
 * leaves one after another when all are done. Each thread but the caller's has a pass of its own: what is shared is the
 * same, its scratch is its own. Where tiles are products of BLAS there is one, as BLAS has threads itself.
 *
 * A rank of a team holds the rows of its own leaves, and remote buffers for keys and values, for queries (pass_q), or
 * for both (grid), of other ranks. If the keys of a query arrive in several steps, its trees are parked between
 * (rows_team_real.c). */
#ifndef POLYSWEEP_ATTEND_ROWS_H
#define POLYSWEEP_ATTEND_ROWS_H

#include "attend/attention.h"
#include "attend/method.h"
#include "attend/work.h"
#include "polysweep/threads.h"
#include "polysweep/tile.h"

/* The largest scores of the rows of a strip, in each set: a heap whose root is the last one in their order. */
typedef struct attend_selection {
    ptrdiff_t keep;   /* scores of a row, at most as many as there are keys */
    ptrdiff_t *count; /* [sets][strip] */
    psw_score *heap;  /* [sets][strip][keep] */
} attend_selection;

typedef struct attend_row_pass {
    psw_attention base;
    const attend_method_row *method;
    ptrdiff_t strip;  /* rows of a whole strip */
    bool alone;       /* j3 is a strip by itself */
    ptrdiff_t origin; /* the key leaf that is leaf 0 of the trees */
    psw_message_bytes message;

    psw_real *q;              /* own leaves x leaf x width */
    psw_real *keys;           /* own leaves x leaf_reals */
    ptrdiff_t leaf_reals;     /* of one leaf: keys (packed, transposed, width x keys), then values (packed, keys x v) */
    psw_real **remote;        /* [remote buffers of the route] */
    psw_real **resident_keys; /* [leaves]: where the keys and values of a leaf are */
    const psw_real *current_queries; /* own ones or a remote buffer, as q */
    struct {
        psw_real *q, *k, *values; /* D_1: row j3 of queries, of keys (packed), and the values of its leaf (packed) */
    } other;
    psw_real *rounded; /* a leaf of rows in the precision of the products */

    psw_rows scores, weights, partial;  /* strip x leaf, strip x leaf, strip x v */
    psw_real *log2_upper, *log2_lower;  /* of scores, in two parts; NULL where not several points take them */
    double *peak, *log2_peak;           /* [strip] */
    attend_weight_sum *sum;             /* [strip] */
    psw_seen *seen;                     /* [strip]: of the keys of a tile */
    bool peaks_known;                   /* of all rows of a tile, as its scores are */
    attend_selection selected;          /* of methods that keep some scores of a row, for both sets */
    psw_smallest smallest;              /* of points that refuse small scores */
    ptrdiff_t smallest_part;            /* in which this thread saw it */
    attend_tree tree[PSW_GROUP_MAX][2]; /* [points][sets], of one strip */

    bool in_steps;                 /* keys or queries of other ranks arrive step by step */
    attend_parked *parked;         /* [own leaves][strips of a leaf][points][sets] */
    attend_tree *streamed;         /* stream: [strips of a leaf][points][sets], of the current query leaf */
    double *sums_out[2], *sums_in; /* pass_q, grid: sums for another rank's queries, of a grid also those that are on
                                      their way; for own queries, from another rank */
    psw_node *nodes;               /* scratch: of one query leaf with one rank's keys */

    int threads;
    struct attend_row_pass *others; /* [threads - 1] */
} attend_row_pass;

/* The queries, or the keys of a leaf, by their tokens. */
static inline attend_span attend_query_span(const attend_row_pass *f, ptrdiff_t index)
{
    return attend_side_span(&f->base, PSW_QUERY, index);
}

static inline attend_span attend_key_span(const attend_row_pass *f, ptrdiff_t index)
{
    return attend_side_span(&f->base, PSW_KEY, index);
}

/* Strip number `index` of a leaf's queries; count <= 0 past its end. If j3 is alone (attend_special_alone) it comes
 * last.
 */
static inline attend_span attend_strip_span(const attend_row_pass *f, attend_span leaf, ptrdiff_t index)
{
    bool alone = f->alone && attend_span_has(leaf, f->base.special);
    ptrdiff_t others = leaf.count - alone, first = index * f->strip, left = others - first;
    if (alone && left <= 0) return (attend_span){f->base.special, left > -f->strip};
    return (attend_span){leaf.first + (alone && leaf.first == f->base.special) + first,
                         left < f->strip ? left : f->strip};
}

/* The pass of a thread. */
static inline attend_row_pass *attend_rows_own(attend_row_pass *f, int thread)
{
    return thread == 0 ? f : &f->others[thread - 1];
}

static inline ptrdiff_t attend_strips(const attend_row_pass *f)
{
    return (f->base.leaf + f->strip - 1) / f->strip + f->alone;
}

/* The whole leaf of which `keys` are some. */
static inline psw_panels attend_key_leaf(const attend_row_pass *f, attend_span keys)
{
    ptrdiff_t index = keys.first / f->base.leaf;
    return (psw_panels){f->resident_keys[index], psw_point_width(f->base.p), attend_key_span(f, index).count};
}

/* The values of a leaf in data set `set`. */
static inline psw_panels attend_value_leaf(const attend_row_pass *f, attend_span keys, int set)
{
    ptrdiff_t index = keys.first / f->base.leaf;
    attend_span leaf = attend_key_span(f, index);
    psw_real *at = f->resident_keys[index] + psw_panels_count(psw_point_width(f->base.p), f->base.leaf);
    bool other = set > 0 && attend_span_has(keys, f->base.special);
    return (psw_panels){other ? f->other.values : at, leaf.count, f->base.p->v};
}

#define attend_rows_lay PSW_PRECISION_NAME(attend_rows_lay)
#define attend_rows_load PSW_PRECISION_NAME(attend_rows_load)
#define attend_rows_message_bytes PSW_PRECISION_NAME(attend_rows_message_bytes)
#define attend_rows_tile PSW_PRECISION_NAME(attend_rows_tile)
#define attend_rows_scores PSW_PRECISION_NAME(attend_rows_scores)
#define attend_rows_lay_selection PSW_PRECISION_NAME(attend_rows_lay_selection)
#define attend_rows_select PSW_PRECISION_NAME(attend_rows_select)
#define attend_selection_offer PSW_PRECISION_NAME(attend_selection_offer)
#define attend_selection_last PSW_PRECISION_NAME(attend_selection_last)
#define attend_rows_kept PSW_PRECISION_NAME(attend_rows_kept)
#define attend_rows_begin_smallest PSW_PRECISION_NAME(attend_rows_begin_smallest)
#define attend_rows_look_smallest PSW_PRECISION_NAME(attend_rows_look_smallest)
#define attend_rows_threads PSW_PRECISION_NAME(attend_rows_threads)
#define attend_rows_leaves PSW_PRECISION_NAME(attend_rows_leaves)
#define attend_rows_strip PSW_PRECISION_NAME(attend_rows_strip)
#define attend_rows_pass PSW_PRECISION_NAME(attend_rows_pass)
#define attend_rows_lay_team PSW_PRECISION_NAME(attend_rows_lay_team)
#define attend_rows_kind PSW_PRECISION_NAME(attend_rows_kind)
#define attend_rows_team PSW_PRECISION_NAME(attend_rows_team)

/* Takes the memory of a pass whose head is set. in_steps: leaves of other ranks arrive as the route says; else there
 * are own leaves alone.
 */
void attend_rows_lay(attend_row_pass *f, bool in_steps, psw_arena *arena);
void attend_rows_lay_team(attend_row_pass *f, psw_arena *arena); /* parked trees, sums that are sent */
/* Rounds and packs the rows. */
psw_status attend_rows_load(attend_row_pass *f, const psw_data *data, psw_watch watch);
psw_message_bytes attend_rows_message_bytes(const psw_group *group, int sets);

/* Adds one key leaf to the trees of one strip, for all points and sets. */
psw_status attend_rows_tile(attend_row_pass *f, attend_span strip, attend_span leaf);
/* What is made of the scores of a tile, which are those of the sets first .. last; keys: of a leaf, up to the last one
 * that a row sees. */
typedef psw_status (*attend_tile_use)(attend_row_pass *f, attend_span strip, attend_span keys, int first, int last);
psw_status attend_rows_scores(attend_row_pass *f, attend_span strip, attend_span leaf, attend_tile_use use);

void attend_rows_lay_selection(attend_row_pass *f, psw_arena *arena);
/* The largest scores of the rows of a strip over the key leaves f->origin .. end - 1. */
psw_status attend_rows_select(attend_row_pass *f, attend_span strip, ptrdiff_t end, psw_watch watch);
/* Scores of some neighbouring keys of a row join its selection, which keeps the largest; and the last one it keeps: all
 * scores are kept until there are more. */
void attend_selection_offer(attend_selection *s, ptrdiff_t row, const psw_real *z, psw_tokens keys);
psw_score attend_selection_last(const attend_selection *s, ptrdiff_t row);
/* The last score that row i of the strip keeps; where it keeps all, -inf. */
psw_score attend_rows_kept(const attend_row_pass *f, ptrdiff_t i, int set);

void attend_rows_begin_smallest(attend_row_pass *f);
/* At the scores of a tile that its rows see. */
void attend_rows_look_smallest(attend_row_pass *f, attend_span strip, attend_span keys, int set);

/* Parts that are strips, by the threads of the pass: psw_threads_run, whose work takes its thread's own pass. */
psw_status attend_rows_threads(attend_row_pass *f, ptrdiff_t parts, psw_watch watch, psw_thread_work work,
                               void *context);
/* Adds neighbouring key leaves, of which only those that a row of the strip sees are looked at. */
psw_status attend_rows_leaves(attend_row_pass *f, attend_span strip, psw_leaves leaves, psw_watch watch);
/* The trees of one strip, over the key leaves f->origin .. end - 1. */
psw_status attend_rows_strip(attend_row_pass *f, attend_span strip, ptrdiff_t end, psw_watch watch);
/* Own leaves with all keys that they see, which must be resident. */
psw_status attend_rows_pass(attend_row_pass *f, psw_watch watch, psw_leaf_sink sink, void *context);

extern const attend_kind attend_rows_kind;
extern const psw_row_fold attend_rows_team;

#endif
