/* judge/errors: shared by the assessor's files. */
#ifndef POLYSWEEP_JUDGE_ERRORS_H
#define POLYSWEEP_JUDGE_ERRORS_H

#include "polysweep/errors.h"
#include "polysweep/random.h"
#include "polysweep/stats.h"

/* value * 2^log2; log2 = -inf is 0 */
typedef struct judge_errors_sum {
    double value, log2;
} judge_errors_sum;
void judge_errors_add(judge_errors_sum *sum, double value, double log2);
double judge_errors_ratio(judge_errors_sum a, judge_errors_sum b); /* a / b; NaN for 0 / 0 */

/* Of one realisation of the rows: sum A^2, sum A, sum |q|^2p |k|^2p, and |O|_F^2. */
typedef struct judge_errors_exact {
    judge_errors_sum square, total, norm;
    double out_square;
} judge_errors_exact;

/* Sums of one draw so far. */
typedef struct judge_errors_draw {
    judge_errors_exact exact;       /* reference */
    judge_errors_sum square, bias;  /* of A~ - A */
    double negative;                /* entries of A~ below 0 */
    double den_ratio;               /* the smallest */
    double out_square, out_max;     /* of O~ - O */
    double good_square, good_exact; /* |O~ - O|^2 and |O|^2 over rows whose denominator is positive */
    double row_q50, row_q90;        /* |O~ - O| / |O| of a row, over rows */
} judge_errors_draw;

enum { ERRORS_STRIP = 128 }; /* rows of a tile */
enum { ERRORS_TOTALS = 5 };  /* sums with an exponent beside those of rows */
enum { ERRORS_OUTPUTS = 4 }; /* numbers of a draw about its outputs */

/* Of a team, sums over keys are over own keys until they are merged; sums over query rows (of outputs) over the
 * rows that were taken until the end. */

struct psw_errors {
    psw_point point;
    int set;
    psw_route route;        /* of blocks of keys over the team; of one rank where it is alone */
    ptrdiff_t rows, block;  /* rows of the sample, keys of a block */
    ptrdiff_t blocks, keys; /* own */
    ptrdiff_t *row;         /* queries of the sample, ascending */
    double *times, all;     /* rows: queries that each stands for (psw_data_times), and their sum */
    double *q, *k;          /* rows x width, keys x width, of psw_point_width */
    double *phi[2];         /* of them, where the kernel is the product of features: rows x stored, keys x stored */
    struct psw_sketch *own; /* that map in double */
    double *values;         /* block x max(width, v): rows being loaded */

    double *out;                      /* rows x v: exact output */
    judge_errors_sum *den, *estimate; /* rows: denominators, exact and of the draw */
    judge_errors_exact exact;         /* of the current rows */
    double *information;              /* rows: sum u log2 u, u the weights in units of their denominator's exponent */
    double pairs, entropy, loads;     /* entropy: summed over rows and realisations; their number */
    judge_errors_sum theory_square, theory_norm; /* from the moments of the map: their ratio is err_amm^2, */
    double theory;                               /* whose sum over realisations this is */
    bool begun;                                  /* the sums of begin are merged */
    double *merged;                              /* buffer for merging */

    double *tile, *base, *sketched; /* strip x block scores, one row of them, one row of A~ */
    judge_errors_draw *draws, *now;
    double *quantile;        /* draws */
    ptrdiff_t count, tables; /* of draws, and how many of them have tables of their own */
    ptrdiff_t done;          /* draws that were begun: the first ones, where a rule ends them */
    double *apart;           /* rows: |O~ - O| / |O| of this draw, 0 for a row not taken */
    psw_repeated *sorted;    /* rows: those of them that are known */

    /* in the point's precision */
    const psw_narrow *narrow; /* of a point that rounds to one */
    struct psw_sketch *sketch;
    psw_sketch_shape shape;
    void *rounded, *query, *key, *product; /* block x width, rows x stored, block x stored, strip x block */
    double *query_log2, *key_log2;         /* rows, block: scales of the map */
    double *key_factor, *own_factor;       /* block: scales of keys beside the largest, of the block and of a row */
    psw_watch watch;
};

/* Part of the keys and part of the sample; `held` is the place of its first row in k or q. */
typedef struct judge_errors_part {
    ptrdiff_t first, count, held;
} judge_errors_part;

/* Own block number `index`, by its tokens; count 0 past the end, and of tokens without keys. */
judge_errors_part judge_errors_keys(const psw_errors *e, ptrdiff_t index);
ptrdiff_t judge_errors_token(const psw_errors *e, ptrdiff_t i); /* of row number `i` of the sample */
judge_errors_part judge_errors_strip(const psw_errors *e, ptrdiff_t index);
/* Keys of a block that row number `i` of the sample may see; the first of them are sketched, the rest exact. */
ptrdiff_t judge_errors_seen(const psw_errors *e, ptrdiff_t i, judge_errors_part keys);
ptrdiff_t judge_errors_sketched(const psw_errors *e, ptrdiff_t i, judge_errors_part keys);

/* Queries of the sample, ascending: psw_errors_rows of them. */
void judge_errors_sample(const psw_point *point, ptrdiff_t *row);
/* How many queries each of the sample stands for; returns their sum. */
double judge_errors_times(const psw_point *point, const ptrdiff_t *row, double *times);
/* Lays the fold out but for its sketch; NULL from an arena that only counts. */
psw_errors *judge_errors_layout(const psw_point *point, const psw_route *route, size_t real_bytes, psw_arena *arena);
/* Rows and own keys, exact sums and numerators of outputs; `finish` turns them into outputs after merging. */
psw_status judge_errors_load(psw_errors *e, const psw_data *data); /* of one realisation, also after another */
void judge_errors_finish(psw_errors *e);
/* Features of rows and keys in double, where they are the kernel: their memory, and what is in it. */
void judge_errors_lay_features(psw_errors *e, psw_arena *arena);
void judge_errors_map(psw_errors *e);
/* Exact scores of a strip with a block into the tile. */
void judge_errors_scores(psw_errors *e, judge_errors_part strip, judge_errors_part keys);
/* x <- (x / max |x|)^p in place; returns the log2 of the factor taken out, -inf where all are 0. `base` has room for x.
 */
double judge_errors_power(double p, ptrdiff_t count, double *x, double *base);
/* max |x|, 0 of none */
double judge_errors_largest(ptrdiff_t count, const double *x);
/* log2 |x|, -inf for 0 */
double judge_errors_log2_norm(ptrdiff_t d, const double *x);
/* Rescales the sums of row `i` to the exponent `log2`, if that is larger than their own. */
void judge_errors_row_under(psw_errors *e, ptrdiff_t i, double log2);
/* The root of the mean square of err_amm that the moments of the map predict: sums over own keys; of all keys. */
psw_status judge_errors_theory_add(psw_errors *e);
void judge_errors_theory_end(psw_errors *e); /* of one realisation, when it is merged */
double judge_errors_theory(const psw_errors *e);
double judge_errors_theory_pairs(const psw_point *point); /* used, approximately */
/* The kernel that is estimated: <q,k>^beta, a partial sum of e^<q,k>, the product of the features themselves; else
 * e^<q,k>. */
static inline psw_kernel errors_kernel(const psw_point *point)
{
    return psw_method_facts_of(point->method)->kernel;
}
static inline bool errors_of_power(const psw_point *point)
{
    return errors_kernel(point) == PSW_KERNEL_POWER;
}
/* Scores to exact weights in place, with the log2 of the factor taken out. */
double judge_errors_weigh(const psw_errors *e, ptrdiff_t count, double *scores);
/* One row of A~, e->sketched times 2^log2, against the exact scores of the same row and block. */
void judge_errors_compare(psw_errors *e, ptrdiff_t i, judge_errors_part keys, double *scores, double log2);

double judge_errors_output_square(const psw_errors *e, ptrdiff_t i); /* |O|^2 of a row */
void judge_errors_draw_begin(psw_errors *e, ptrdiff_t draw);
void judge_errors_draw_end(psw_errors *e); /* when the draw is merged */
void judge_errors_rows_end(psw_errors *e); /* when the outputs of its rows are */
int judge_errors_merging(psw_errors *e, psw_errors_stage stage, int phase, psw_merging list[PSW_MERGING_MAX]);
void judge_errors_end(psw_errors *e, psw_sketch_columns *columns);

#endif
