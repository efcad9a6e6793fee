/* attend/fold: what one pass over a group works on. Compiled twice.
 *
 * Queries are walked in leaves, leaves in strips of fixed size (a tile of scores then stays in cache), strips over the
 * key leaves. D_1 differs from D_0 in row j3 of queries, keys and values alone: `other` holds D_1's.
 *
 * A rank of a team holds the rows of its own leaves, and buffers for what other ranks own while it is at hand: keys and
 * values, or queries (pass_q). Where the keys of a query arrive in several steps its trees are parked between them. */
#ifndef POLYSWEEP_ATTEND_ROWS_H
#define POLYSWEEP_ATTEND_ROWS_H

#include "attend/method.h"
#include "attend/sums.h"
#include "attend/work.h"
#include "polysweep/attend.h"
#include "polysweep/tile.h"

typedef struct attend_row_pass {
    const psw_group *group;
    const psw_point *p; /* the first: all but beta holds for every point */
    const attend_method_row *method;
    psw_route route;
    ptrdiff_t leaves, leaf, strip; /* number of leaves, rows of a whole leaf and of a whole strip */
    ptrdiff_t own;                 /* leaves of this rank */
    int sets;
    ptrdiff_t special; /* j3, -1 if there is none */
    ptrdiff_t origin;  /* the key leaf that is leaf 0 of the trees */

    psw_real *q;          /* own leaves x leaf x d */
    psw_real *keys;       /* own leaves, each as leaf_reals says */
    ptrdiff_t leaf_reals; /* numbers of one leaf's keys (packed, transposed, d x keys) and values (packed, keys x v) */
    psw_message_bytes travel;
    psw_real *guest; /* buffers for other ranks' leaves, guest_reals each */
    ptrdiff_t guest_reals;
    psw_real **key_at;    /* [leaves]: where the keys of a leaf are at hand */
    const psw_real *hand; /* queries at hand, as q */
    struct {
        psw_real *q, *k, *values; /* of D_1: row j3 of queries, of keys (packed), and the values of its leaf (packed) */
    } other;
    double *staged;    /* rows of a leaf as the data makes them */
    psw_real *rounded; /* and as the products take them */

    psw_rows scores, weights, partial;  /* of one strip with one leaf: strip x leaf, strip x leaf, strip x v */
    double *peak, *log2_peak;           /* strip */
    attend_weight_sum *sum;             /* strip */
    attend_tree tree[PSW_GROUP_MAX][2]; /* of one strip */

    bool travels;               /* keys or queries come in steps */
    attend_parked *parked;      /* [own leaves][strips of a leaf][points][sets] */
    attend_tree *streamed;      /* stream: [strips of a leaf][points][sets], of the query leaf at hand */
    double *sums_out, *sums_in; /* pass_q: sums of another's queries, of own queries with another's keys */
    psw_node *nodes;            /* scratch: of one query leaf with one rank's keys */

    psw_real *rows; /* a leaf's results, as the sink gets them */
    double *mass, *log2_den;
} attend_row_pass;

/* Absolute first token and number of tokens of a leaf. */
typedef struct attend_span {
    ptrdiff_t first, count;
} attend_span;

static inline attend_span attend_leaf_span(const attend_row_pass *f, ptrdiff_t index)
{
    ptrdiff_t first = index * f->leaf, left = f->p->n - first;
    return (attend_span){first, left < f->leaf ? left : f->leaf};
}

/* Strip number `index` of a leaf; count <= 0 past its end. */
static inline attend_span attend_strip_span(const attend_row_pass *f, attend_span leaf, ptrdiff_t index)
{
    ptrdiff_t first = index * f->strip, left = leaf.count - first;
    return (attend_span){leaf.first + first, left < f->strip ? left : f->strip};
}

static inline ptrdiff_t attend_strips(const attend_row_pass *f)
{
    return (f->leaf + f->strip - 1) / f->strip;
}

static inline bool attend_span_has(attend_span span, ptrdiff_t token)
{
    return token >= span.first && token < span.first + span.count;
}

static inline psw_panels attend_key_leaf(const attend_row_pass *f, attend_span keys)
{
    return (psw_panels){f->key_at[keys.first / f->leaf], f->p->d, keys.count};
}

/* The values of a leaf in data set `set`. */
static inline psw_panels attend_value_leaf(const attend_row_pass *f, attend_span keys, int set)
{
    psw_real *at = f->key_at[keys.first / f->leaf] + psw_panels_count(f->p->d, f->leaf);
    return (psw_panels){set > 0 && attend_span_has(keys, f->special) ? f->other.values : at, keys.count, f->p->v};
}

#define attend_rows_lay PSW_PRECISION_NAME(attend_rows_lay)
#define attend_rows_message_bytes PSW_PRECISION_NAME(attend_rows_message_bytes)
#define attend_rows_load PSW_PRECISION_NAME(attend_rows_load)
#define attend_rows_tile PSW_PRECISION_NAME(attend_rows_tile)
#define attend_rows_finish PSW_PRECISION_NAME(attend_rows_finish)
#define attend_rows_emit_leaf PSW_PRECISION_NAME(attend_rows_emit_leaf)
#define attend_rows_pass PSW_PRECISION_NAME(attend_rows_pass)
#define attend_rows_lay_team PSW_PRECISION_NAME(attend_rows_lay_team)
#define attend_rows_begin PSW_PRECISION_NAME(attend_rows_begin)
#define attend_rows_payload PSW_PRECISION_NAME(attend_rows_payload)
#define attend_rows_compute PSW_PRECISION_NAME(attend_rows_compute)
#define attend_rows_receive PSW_PRECISION_NAME(attend_rows_receive)
#define attend_rows_emit PSW_PRECISION_NAME(attend_rows_emit)

/* Takes the memory of a pass over the first `sets` data sets; with a counting arena, only counts. `travels`: own rows
 * meet those of other ranks, else the rank's leaves are all it ever meets. */
attend_row_pass attend_rows_lay(const psw_group *group, int sets, const psw_route *route, bool travels,
                                psw_arena *arena);
psw_message_bytes attend_rows_message_bytes(const psw_group *group, int sets);
/* Rounds the data once. */
void attend_rows_load(attend_row_pass *f, const psw_data *data);
/* Adds one key leaf to the trees of one strip, for all points and sets. */
psw_status attend_rows_tile(attend_row_pass *f, attend_span strip, attend_span keys);
/* The sums of a strip of `query`, one pair of point and set, become results. */
psw_status attend_rows_finish(attend_row_pass *f, ptrdiff_t point, int set, attend_span query, attend_span strip,
                              const attend_sums *sums);
psw_status attend_rows_emit_leaf(attend_row_pass *f, ptrdiff_t leaf, psw_leaf_sink sink, void *context);
/* Own leaves with all keys that they see, which must be at hand. */
psw_status attend_rows_pass(attend_row_pass *f, psw_watch watch, psw_leaf_sink sink, void *context);

/* ---- a team (polysweep/attend.h says what each does) ---- */

void attend_rows_lay_team(attend_row_pass *f, psw_arena *arena); /* parked trees, sums that travel */
void attend_rows_begin(attend_row_pass *f);
psw_payload attend_rows_payload(attend_row_pass *f, const psw_transfer *transfer);
psw_status attend_rows_compute(attend_row_pass *f, int step, psw_watch watch);
psw_status attend_rows_receive(attend_row_pass *f, const psw_transfer *transfer);
psw_status attend_rows_emit(attend_row_pass *f, psw_leaves places, psw_watch watch, psw_leaf_sink sink, void *context);

#endif
