/* attend/fold: what one pass over a group works on. Compiled twice.
 *
 * Queries are walked in leaves, leaves in strips of fixed size (a tile of scores then stays in cache), strips over the
 * key leaves. D_1 differs from D_0 in row j3 of queries, keys and values alone: `other` holds D_1's. */
#ifndef POLYSWEEP_ATTEND_FOLD_H
#define POLYSWEEP_ATTEND_FOLD_H

#include "attend/method.h"
#include "attend/sums.h"
#include "polysweep/attend.h"
#include "polysweep/tile.h"

typedef struct psw_fold {
    const psw_group *group;
    const psw_point *p; /* the first: all but beta holds for every point */
    const psw_method_row *method;
    ptrdiff_t leaves, leaf, strip; /* number of leaves, rows of a whole leaf and of a whole strip */
    int sets;
    ptrdiff_t special; /* j3, -1 if there is none */
    ptrdiff_t origin;  /* the key leaf that is leaf 0 of the trees */

    psw_real *q, *k, *v; /* n x d; packed leaf by leaf: keys transposed (d x keys), values (keys x v) */
    struct {
        psw_real *q, *k, *v, *v_0; /* row j3 of D_1; k packed; and of D_0's values */
    } other;
    double *staged;    /* rows of a leaf as the data makes them */
    psw_real *rounded; /* and as the products take them */

    psw_rows scores, weights, partial; /* of one strip with one leaf: strip x leaf, strip x leaf, strip x v */
    double *peak;                      /* strip */
    psw_weight_sum *sum;               /* strip */
    psw_tree tree[PSW_GROUP_MAX][2];   /* of one strip */

    psw_real *rows; /* the leaf's results, as the sink gets them */
    double *mass, *log2_den;
} psw_fold;

/* Rows of a strip: scores and weights with a leaf of 512 keys stay in a second-level cache of 1 or 2 MiB beside the
 * leaf's keys and values. No bit of a result depends on it where products have the same bits for every shape; with BLAS
 * it is part of what fixes them. */
#define PSW_STRIP ((ptrdiff_t)96)

/* Absolute first token and number of tokens of a leaf. */
typedef struct psw_span {
    ptrdiff_t first, count;
} psw_span;

static inline psw_span psw_leaf_span(const psw_fold *f, ptrdiff_t index)
{
    ptrdiff_t first = index * f->leaf, left = f->p->n - first;
    return (psw_span){first, left < f->leaf ? left : f->leaf};
}

static inline bool psw_span_has(psw_span span, ptrdiff_t token)
{
    return token >= span.first && token < span.first + span.count;
}

static inline psw_panels psw_key_leaf(const psw_fold *f, psw_span keys)
{
    ptrdiff_t d = f->p->d, whole = psw_panels_count(d, f->leaf);
    return (psw_panels){f->k + keys.first / f->leaf * whole, d, keys.count};
}

static inline psw_panels psw_value_leaf(const psw_fold *f, psw_span keys)
{
    ptrdiff_t v = f->p->v, whole = psw_panels_count(f->leaf, v);
    return (psw_panels){f->v + keys.first / f->leaf * whole, keys.count, v};
}

#define psw_fold_lay PSW_PRECISION_NAME(psw_fold_lay)
#define psw_fold_load PSW_PRECISION_NAME(psw_fold_load)
#define psw_fold_tile PSW_PRECISION_NAME(psw_fold_tile)
#define psw_fold_pass PSW_PRECISION_NAME(psw_fold_pass)
/* Takes the memory of a pass over the first `sets` data sets; with a counting arena, only counts. */
psw_fold psw_fold_lay(const psw_group *group, int sets, psw_arena *arena);
/* Rounds the data once. */
void psw_fold_load(psw_fold *f, const psw_data *data);
/* Adds one key leaf to the trees of one strip, for all points and sets. */
psw_status psw_fold_tile(psw_fold *f, psw_span strip, psw_span keys);
psw_status psw_fold_pass(psw_fold *f, psw_watch watch, psw_leaf_sink sink, void *context);

#endif
