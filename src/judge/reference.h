/* judge/reference: shared by the files that compare outputs with a reference. */
#ifndef POLYSWEEP_JUDGE_REFERENCE_H
#define POLYSWEEP_JUDGE_REFERENCE_H

#include "polysweep/real.h" /* before the sketch room: its maps in double */

#include "polysweep/reference.h"

#include "judge/errors.h"

enum { REFERENCE_STRIP = ERRORS_STRIP };

/* Weights of a row so far, under 2^log2: their sum, and the sum of u log2 u. [rows] each. */
typedef struct judge_reference_sums {
    double *log2, *den, *information;
} judge_reference_sums;

/* Rows of scores: queries [rows], keys [block] of `width`, products [strip][block]. */
typedef struct judge_reference_side {
    ptrdiff_t width;
    double *query, *key, *tile;
} judge_reference_side;

/* What a draw comes to. */
enum { DRAW_ERROR, DRAW_GOOD, DRAW_LARGEST, DRAW_ROW_Q50, DRAW_ROW_Q90, DRAW_COSINE, DRAW_SKILL, DRAW_NUMBERS };

struct psw_comparison {
    psw_point point;
    psw_point kernel, target; /* exact kernels, in double: of the point, and of the reference */
    psw_point shown;          /* one that sees what the mask shows */
    bool own, known;          /* the reference is the point's kernel; its weights are known */
    const psw_data *data;
    psw_watch watch;
    int set, rank, size; /* block b of keys is rank b mod size's */
    ptrdiff_t rows, keys, block;
    ptrdiff_t most;         /* scores of a row that the kernel keeps, 0: all */
    psw_score *heap, *kept; /* rows x most; rows: the last of them */
    ptrdiff_t *held;        /* rows: in the heap */
    ptrdiff_t *row;         /* queries of the sample, ascending */
    double *times, all;     /* rows: queries that each stands for, and their sum */
    psw_repeated *sorted_rows;

    judge_reference_side raw, plain, features; /* rows as made, as the method has them, and as mapped */
    struct psw_sketch *map;                    /* NULL: the kernel is one of scores */
    double *values, *raised;                   /* block x v; block, rows: scales of mapped rows as factors */
    double *weights;                           /* strip x block */
    double *other;                             /* block */

    /* One array of sums over keys, then its parts. */
    double *sums;
    ptrdiff_t sum_count;
    judge_reference_sums of_target, of_kernel;
    double *out, *mean;      /* rows x v: the reference, and the mean of values */
    double *seen, *negative; /* one each: pairs that the mask shows, those with a score below 0 */
    double *apart;           /* rows: sum |a - p| / 2 */
    double mean_square;      /* |U - R|_F^2 */

    double tv, below, target_entropy, kernel_entropy, loads; /* sums over realisations, and their number */

    /* of the draw: rows each, and the largest |O - R|; whether anything was taken */
    double *taken, *square, *dot, *norm, *bad, *exact, *sorted;
    double largest;
    ptrdiff_t count, now, done; /* draws, the one that is taken, how many were: the first, where a rule ends them */
    double *draws;              /* [DRAW_NUMBERS][count] */
    double zeros;
};

/* Rows of the sample; count 0 past the end. */
judge_errors_part judge_reference_strip(const psw_comparison *c, ptrdiff_t index);
/* Keys of a block by their tokens. */
psw_tokens judge_reference_tokens(const psw_comparison *c, judge_errors_part keys);
/* The first keys of a block, which the mask shows to row number `i`. */
ptrdiff_t judge_reference_seen(const psw_comparison *c, ptrdiff_t i, judge_errors_part keys);

/* Walks over tiles of own keys, or of all. */
typedef struct judge_reference_walk {
    bool all, values; /* values are loaded */
} judge_reference_walk;
typedef void (*judge_reference_step)(psw_comparison *c, judge_errors_part strip, judge_errors_part keys);
psw_status judge_reference_over(psw_comparison *c, judge_reference_walk walk, judge_reference_step step);
/* The scores of a tile, as the method has them. */
void judge_reference_scores(psw_comparison *c, judge_errors_part strip, judge_errors_part keys);
/* The last score of each row that the kernel keeps. */
psw_status judge_reference_keep(psw_comparison *c);
/* Queries of a realisation, which come first; sums over own keys; when they are merged, outputs; then distances of
 * weights. */
void judge_reference_queries(psw_comparison *c);
psw_status judge_reference_load(psw_comparison *c);
void judge_reference_finish(psw_comparison *c);
psw_status judge_reference_measure(psw_comparison *c);
/* Under a larger exponent. */
void judge_reference_under(psw_comparison *c, bool target, ptrdiff_t i, double log2);
/* The taken outputs of a draw are merged. */
void judge_reference_draw_end(psw_comparison *c);

#endif
