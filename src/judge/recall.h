/* Recall of one group while its leaves arrive. */
#ifndef POLYSWEEP_JUDGE_RECALL_H
#define POLYSWEEP_JUDGE_RECALL_H

#include "polysweep/recall.h"

/* Values of a step, whose products stay in a first-level cache; values whose sums wait for the next slab of
 * coordinates, a multiple of it. */
enum { RECALL_STEP = 64, RECALL_PIECE = 2048 };

struct psw_recall {
    psw_point point; /* the group's first; the others differ in beta alone */
    ptrdiff_t points, draws, leaves, values, groups;
    ptrdiff_t draw, rows; /* whose leaves come; the realisation whose values are held, -1: none */
    psw_watch watch;
    double unasked; /* products since it was asked */

    double *hits;          /* [points][draws]: queries that are recalled */
    double *margin;        /* [points][draws][leaves]: sums over queries */
    double *rate, *trials; /* [draws]: of clusters */
    double *made;          /* RECALL_STEP values as data makes them */

    /* as lookup.h has them, in double: signs of all values; tables of a block of rows and a slab, that block coordinate
     * by coordinate, sums so far, and products of a step */
    uint16_t *signs;
    void *tables, *lines, *sums, *tile;
};

/* Rows of one point and leaf, in the precision of the point. */
typedef struct judge_recall_rows {
    const void *at; /* [count][v] */
    const double *log2_den;
    ptrdiff_t count, asked; /* asked: the value that the first of them asks for */
} judge_recall_rows;

/* Their products with all values, compiled for each target: how many rows are recalled, and the sum of their margins.
 * PSW_OK or what the watch says. */
typedef struct judge_recall_sums {
    double hits, margin;
} judge_recall_sums;
typedef struct judge_recall_reader {
    psw_status (*read)(psw_recall *recall, const judge_recall_rows *rows, judge_recall_sums *sums);
} judge_recall_reader;

#endif
