/* attend/fold: what one pass over a group works on. Compiled twice.
 *
 * Queries are walked in leaves, leaves in strips of fixed size (a tile of scores then stays in cache), strips over the
 * key leaves. D_1 differs from D_0 in row j3 of queries, keys and values alone: `other` holds D_1's.
 *
 * A rank of a team holds the rows of its own leaves, and buffers for what other ranks own while it is at hand: keys and
 * values, or queries (pass_q). Where the keys of a query arrive in several steps its trees are parked between them. */
#ifndef POLYSWEEP_ATTEND_FOLD_H
#define POLYSWEEP_ATTEND_FOLD_H

#include "attend/method.h"
#include "attend/sums.h"
#include "attend/work.h"
#include "polysweep/attend.h"
#include "polysweep/tile.h"

typedef struct psw_fold {
    const psw_group *group;
    const psw_point *p; /* the first: all but beta holds for every point */
    const psw_method_row *method;
    psw_route route;
    ptrdiff_t leaves, leaf, strip; /* number of leaves, rows of a whole leaf and of a whole strip */
    ptrdiff_t own;                 /* leaves of this rank */
    int sets;
    ptrdiff_t special; /* j3, -1 if there is none */
    ptrdiff_t origin;  /* the key leaf that is leaf 0 of the trees */

    psw_real *q;          /* own leaves x leaf x d */
    psw_real *keys;       /* own leaves, each as leaf_reals says */
    ptrdiff_t leaf_reals; /* numbers of one leaf's keys (packed, transposed, d x keys) and values (packed, keys x v) */
    psw_travel travel;
    psw_real *guest; /* buffers for other ranks' leaves, guest_reals each */
    ptrdiff_t guest_reals;
    psw_real **key_at;    /* [leaves]: where the keys of a leaf are at hand */
    const psw_real *hand; /* queries at hand, as q */
    struct {
        psw_real *q, *k, *values; /* of D_1: row j3 of queries, of keys (packed), and the values of its leaf (packed) */
    } other;
    double *staged;    /* rows of a leaf as the data makes them */
    psw_real *rounded; /* and as the products take them */

    psw_rows scores, weights, partial; /* of one strip with one leaf: strip x leaf, strip x leaf, strip x v */
    double *peak, *log2_peak;          /* strip */
    psw_weight_sum *sum;               /* strip */
    psw_tree tree[PSW_GROUP_MAX][2];   /* of one strip */

    bool travels;               /* keys or queries come in steps */
    psw_parked *parked;         /* [own leaves][strips of a leaf][points][sets] */
    psw_tree *streamed;         /* stream: [strips of a leaf][points][sets], of the query leaf at hand */
    double *sums_out, *sums_in; /* pass_q: sums of another's queries, of own queries with another's keys */
    psw_node *nodes;            /* scratch: of one query leaf with one rank's keys */

    psw_real *rows; /* a leaf's results, as the sink gets them */
    double *mass, *log2_den;
} psw_fold;

/* Absolute first token and number of tokens of a leaf. */
typedef struct psw_span {
    ptrdiff_t first, count;
} psw_span;

static inline psw_span psw_leaf_span(const psw_fold *f, ptrdiff_t index)
{
    ptrdiff_t first = index * f->leaf, left = f->p->n - first;
    return (psw_span){first, left < f->leaf ? left : f->leaf};
}

/* Strip number `index` of a leaf; count <= 0 past its end. */
static inline psw_span psw_strip_span(const psw_fold *f, psw_span leaf, ptrdiff_t index)
{
    ptrdiff_t first = index * f->strip, left = leaf.count - first;
    return (psw_span){leaf.first + first, left < f->strip ? left : f->strip};
}

static inline ptrdiff_t psw_strips(const psw_fold *f)
{
    return (f->leaf + f->strip - 1) / f->strip;
}

static inline bool psw_span_has(psw_span span, ptrdiff_t token)
{
    return token >= span.first && token < span.first + span.count;
}

static inline psw_panels psw_key_leaf(const psw_fold *f, psw_span keys)
{
    return (psw_panels){f->key_at[keys.first / f->leaf], f->p->d, keys.count};
}

/* The values of a leaf in data set `set`. */
static inline psw_panels psw_value_leaf(const psw_fold *f, psw_span keys, int set)
{
    psw_real *at = f->key_at[keys.first / f->leaf] + psw_panels_count(f->p->d, f->leaf);
    return (psw_panels){set > 0 && psw_span_has(keys, f->special) ? f->other.values : at, keys.count, f->p->v};
}

#define psw_fold_lay PSW_PRECISION_NAME(psw_fold_lay)
#define psw_fold_travel PSW_PRECISION_NAME(psw_fold_travel)
#define psw_fold_load PSW_PRECISION_NAME(psw_fold_load)
#define psw_fold_tile PSW_PRECISION_NAME(psw_fold_tile)
#define psw_fold_finish PSW_PRECISION_NAME(psw_fold_finish)
#define psw_fold_give PSW_PRECISION_NAME(psw_fold_give)
#define psw_fold_pass PSW_PRECISION_NAME(psw_fold_pass)
#define psw_fold_lay_team PSW_PRECISION_NAME(psw_fold_lay_team)
#define psw_fold_begin PSW_PRECISION_NAME(psw_fold_begin)
#define psw_fold_parcel PSW_PRECISION_NAME(psw_fold_parcel)
#define psw_fold_meet PSW_PRECISION_NAME(psw_fold_meet)
#define psw_fold_arrived PSW_PRECISION_NAME(psw_fold_arrived)
#define psw_fold_deliver PSW_PRECISION_NAME(psw_fold_deliver)

/* Takes the memory of a pass over the first `sets` data sets; with a counting arena, only counts. `travels`: own rows
 * meet those of other ranks, else the rank's leaves are all it ever meets. */
psw_fold psw_fold_lay(const psw_group *group, int sets, const psw_route *route, bool travels, psw_arena *arena);
psw_travel psw_fold_travel(const psw_group *group, int sets);
/* Rounds the data once. */
void psw_fold_load(psw_fold *f, const psw_data *data);
/* Adds one key leaf to the trees of one strip, for all points and sets. */
psw_status psw_fold_tile(psw_fold *f, psw_span strip, psw_span keys);
/* The sums of a strip of `query`, one pair of point and set, become results. */
psw_status psw_fold_finish(psw_fold *f, ptrdiff_t point, int set, psw_span query, psw_span strip, const psw_sums *sums);
psw_status psw_fold_give(psw_fold *f, ptrdiff_t leaf, psw_leaf_sink sink, void *context);
/* Own leaves with all keys that they see, which must be at hand. */
psw_status psw_fold_pass(psw_fold *f, psw_watch watch, psw_leaf_sink sink, void *context);

/* ---- a team (polysweep/attend.h says what each does) ---- */

void psw_fold_lay_team(psw_fold *f, psw_arena *arena); /* parked trees, sums that travel */
void psw_fold_begin(psw_fold *f);
psw_parcel psw_fold_parcel(psw_fold *f, const psw_transfer *transfer);
psw_status psw_fold_meet(psw_fold *f, int step, psw_watch watch);
psw_status psw_fold_arrived(psw_fold *f, const psw_transfer *transfer);
psw_status psw_fold_deliver(psw_fold *f, psw_leaves places, psw_watch watch, psw_leaf_sink sink, void *context);

#endif
