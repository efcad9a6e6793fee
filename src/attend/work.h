/* attend/work: sizes shared by the folds and by the counts of their operations. */
#ifndef POLYSWEEP_ATTEND_WORK_H
#define POLYSWEEP_ATTEND_WORK_H

#include "polysweep/attend.h"

/* What becomes of a point under `negative: refuse` whose scores may have negative weights. */
typedef enum attend_refusal {
    ATTEND_ACCEPTED, /* no weight is negative, or the point says what becomes of it */
    ATTEND_REFUSED,
    ATTEND_LOOKED_AT /* nothing known before the scores are there refuses it: the pass looks at the smallest one */
} attend_refusal;
attend_refusal attend_refusal_of(const psw_point *point);
/* The smallest score whose weight is not negative. */
double attend_least_score(const psw_point *point);

/* Rows of a strip: scores and weights with a leaf of 512 keys stay in a second-level cache of 1 or 2 MiB, while keys
 * and values, which each strip reads once, pass by; half as many rows are slower where these come from far away
 * (measured: 15 % at n = 8192, d = 128 in double precision). No bit of a result depends on it where products have the
 * same bits for every shape; with BLAS results may depend on it. */
#define PSW_STRIP ((ptrdiff_t)96)

/* Is j3, the first or the last of distinct queries (psw_data_times), a strip by itself? Every tile of a strip with j3
 * is weighed for D_1 again. */
bool attend_special_alone(const psw_point *point);
/* The keys of a leaf up to the last one that the mask and the method let a strip see, which are looked at. */
static inline psw_tokens attend_looked_at(const psw_seen *strip_sees, psw_tokens leaf)
{
    ptrdiff_t end = leaf.first;
    for (int i = 0; i < strip_sees->ranges; i++) {
        ptrdiff_t own = strip_sees->at[i].first + strip_sees->at[i].count;
        if (strip_sees->at[i].first < leaf.first + leaf.count && own > end) end = own;
    }
    return (psw_tokens){leaf.first, end - leaf.first < leaf.count ? end - leaf.first : leaf.count};
}

/* Scores of a row fold over n tokens in leaves of at most `leaf`, for one point. */
typedef struct attend_tiles {
    double scores;   /* of D_0: tiles up to the last key that a query of the strip sees */
    double patched;  /* entries computed again for D_1: row and column j3, and where they cross */
    double with_key; /* entries of tiles among whose keys j3 is */
    double again;    /* entries that become weights, and are multiplied with values, once more: all of patched tiles */
} attend_tiles;
/* A sequence of tokens in leaves; the first ones may have no query, or no key. Under a full mask those from end_query
 * on may have no query either. alone: j3 is a strip of queries by itself. */
typedef struct attend_shape {
    ptrdiff_t tokens, first_query, end_query, first_key, leaf;
    psw_mask mask;
    bool alone;
} attend_shape;
/* By a mask alone; special: j3, -1 where there is one data set */
attend_tiles attend_tiles_of(attend_shape shape, ptrdiff_t special);
/* Flops of the products of such a fold for all points of a group, over D_0 and, unless j3 is -1, D_1. */
double attend_tiles_flops(const attend_tiles *tiles, ptrdiff_t d, ptrdiff_t v, ptrdiff_t points);

/* Of a point's row fold over its first `sets` data sets: products of queries with keys, and entries that become weights
 * and are multiplied with values. */
typedef struct attend_entries {
    double products, weights;
} attend_entries;
attend_entries attend_point_entries(const psw_point *point, int sets);

/* Of the data kind that has scores in place of rows, for one point and one data set. */
double attend_scores_flops(const psw_point *point);

#endif
