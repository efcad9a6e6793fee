/* attend/work: sizes that the folds and the counts of their operations share. */
#ifndef POLYSWEEP_ATTEND_WORK_H
#define POLYSWEEP_ATTEND_WORK_H

#include "polysweep/attend.h"

/* Rows of a strip: scores and weights with a leaf of 512 keys stay in a second-level cache of 1 or 2 MiB beside the
 * leaf's keys and values. No bit of a result depends on it where products have the same bits for every shape; with BLAS
 * it is part of what fixes them. */
#define PSW_STRIP ((ptrdiff_t)96)

/* Scores of a row fold over n tokens in leaves of at most `leaf`, for one point. */
typedef struct attend_tiles {
    double scores;  /* of D_0: whole tiles, up to the diagonal one where the mask is causal */
    double patched; /* entries of them that are made again for D_1: row and column j3, and where they cross */
    double again;   /* entries that become weights, and meet values, once more: of all tiles with a patched one */
} attend_tiles;
/* special: j3, -1 where there is one data set */
attend_tiles attend_tiles_of(ptrdiff_t n, ptrdiff_t leaf, psw_mask mask, ptrdiff_t special);
/* Products of such a fold for the points of a group, over D_0 and, where j3 is not -1, D_1. */
double attend_tiles_flops(const attend_tiles *tiles, ptrdiff_t d, ptrdiff_t v, ptrdiff_t points);

/* Of the point, over the first `sets` data sets. */
attend_tiles attend_point_tiles(const psw_point *point, int sets);

#endif
