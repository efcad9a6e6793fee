/* judge: errors of a sketch against the exact kernel, over draws of its tables.
 *
 * A holds the exact kernel values of a sample of query rows with the keys they may see (all rows where there are at
 * most 1024, else one row drawn from each of 256 equal strata; of `queries: distinct` a row is in every sum, mean and
 * quantile over rows as often as there are queries that equal it, so these are over all queries), A~ their estimates by
 * one draw of the sketch; blocks that `local` leaves exact have no error. Exact is <q,k>^beta, for favor exp <q,k>, for
 * taylor its partial sum, for elu1 and relu the product of their features, of rows as data makes them, in double
 * whatever the point's precision. Numbers are kept with an exponent of their own, so no degree overflows. O and O~ are
 * the outputs of attention of these rows; O~ comes from the fold, leaf by leaf. Of two data sets, D_1.
 *
 *     err_amm         |A~ - A|_F / sqrt(sum |q|^2beta |k|^2beta): of the approximate matrix product; NaN for favor
 *     err_attn        |A~ - A|_F / |A|_F
 *     err_out         |O~ - O|_F / |O|_F
 *     err_out_good    the same over rows whose denominator in O~ is positive; median over the draws that have one
 *     err_out_row_q50, _q90
 *                     median and 90 % quantile over rows of |O~ - O| / |O| of a row (one with O = 0 has none), median
 *                     over draws: unlike a norm, which heavy tails dominate, it does not depend on how many rows are
 *                     sampled, so it can be compared with that of another n
 *     err_out_max     largest |O~ - O| of an entry
 *     err_bias        sum (A~ - A) / sum A
 *     neg_frac        share of entries of A~ below 0, mean over draws
 *     min_den_ratio   smallest over rows and draws of A~'s row sum over A's, den_constant added to both
 *     err_rows        rows in the sample, of `queries: distinct` each once
 *     theory_err_amm  root of the mean square of err_amm over all tables, from the exact moments of the map: the root
 *                     of sum E (A~ - A)^2 / sum |q|^2beta |k|^2beta over some rows of the sample, evenly spread, with
 *                     about 64k pairs, but at least one row; 0 of an exact map, NaN where the moments are not known
 *     state_bytes     psw_sketch_running_bytes
 *     map_features, exact_map
 *                     psw_sketch_shape.features, and 1 where the map is exact
 *     entropy         of the exact weights of a row, in nats, mean over the sample; NaN where a weight is negative
 *
 * err_amm, err_attn, err_out, err_out_max and err_bias are a number for each draw; a column is their median, beside it
 * are mean and 90 % quantile. Rows without a positive denominator are in all but err_out_good; the verdict counts them
 * over the whole pass (polysweep/judge.h).
 *
 * A fold: everything kept for a draw is a sum, a maximum or a minimum over query rows. Compiled per precision and
 * target. Local. */
#ifndef POLYSWEEP_ERRORS_H
#define POLYSWEEP_ERRORS_H

#include "polysweep/attend.h"
#include "polysweep/sketch.h"

typedef struct psw_sketch_columns {
    double err_amm, err_amm_mean, err_amm_q90, err_attn, err_attn_mean, err_attn_q90;
    double err_out, err_out_mean, err_out_q90, err_out_max, err_out_max_mean, err_out_max_q90;
    double err_bias, err_bias_mean, err_bias_q90, neg_frac, min_den_ratio;
    ptrdiff_t err_rows;
    double state_bytes, entropy, theory_err_amm, err_out_good, err_out_row_q50, err_out_row_q90;
    ptrdiff_t map_features, exact_map;
} psw_sketch_columns;

typedef struct psw_errors psw_errors; /* lives in the arena, but for the plans of an FFT */

/* Stages after which the parts of the ranks that share a point are merged. */
typedef enum psw_errors_stage {
    PSW_ERRORS_BEGUN,
    PSW_ERRORS_DRAWN,
    PSW_ERRORS_TAKEN,
    PSW_ERRORS_ENDING
} psw_errors_stage;

/* begin; then for each draw: draw, and take with every leaf of that draw; end; close. Where rows are drawn too, draws
 * of the same rows follow each other, with a reload between different rows, merged as after begin. Each draw is
 * compared with the exact kernel of its own rows (data must live until then for psw_sketch_asks_keys); entropy is a
 * mean over realisations, theory_err_amm the root of a mean square.
 *
 * A team shares the keys: each rank has the blocks that `route` (NULL: alone) gives it. After begin, after each draw,
 * when its leaves are taken, and before end the parts of the ranks are merged: for phase = 0, 1, ... `merging` lists
 * what is to be merged (psw_comm_merge), until it returns 0. A rank that works alone goes through the phases too, with
 * nothing to merge. */
typedef struct psw_assessor {
    size_t (*bytes)(const psw_point *point, const psw_route *route);
    /* Exact attention of the sample with own keys. `weights` as for psw_sketcher. Returns the watch's
     * status if it stops. */
    psw_status (*begin)(const psw_point *point, const psw_given *given, psw_watch watch, psw_arena *arena,
                        psw_errors **errors);
    psw_status (*reload)(psw_errors *errors, const psw_data *data); /* the same of another realisation of the rows */
    int (*merging)(psw_errors *errors, psw_errors_stage stage, int phase, psw_merging list[PSW_MERGING_MAX]);
    psw_status (*draw)(psw_errors *errors, ptrdiff_t draw); /* A~ of draw number `draw`, 0 .. draws - 1, each once */
    psw_status (*take)(void *errors, const psw_leaf *leaf); /* a psw_leaf_sink: O~ of that draw, leaves in any order */
    void (*end)(psw_errors *errors, psw_sketch_columns *columns);
    void (*close)(psw_errors *errors); /* NULL is allowed */
} psw_assessor;
const psw_assessor *psw_assessor_of(psw_precision precision);

/* Query rows whose weights are compared. */
ptrdiff_t psw_errors_rows(const psw_point *point);
/* Draws of a point with a sketch, the larger of those of its rows and of its tables, 1 where nothing is random. Draw i
 * has rows i mod psw_data_draws and tables i mod psw_sketch_draws. */
ptrdiff_t psw_errors_draws(const psw_point *point);

/* The work of begin, and of one draw. */
typedef struct psw_errors_work {
    double exact_flops; /* of products in double */
    double flops;       /* of products and maps in the point's precision */
    double rows;        /* that are mapped */
    double entries;     /* of A that are compared, some ten loops each */
    double logarithms;  /* of entries */
    double moments;     /* pairs whose moments are evaluated */
} psw_errors_work;
psw_errors_work psw_errors_begin_work(const psw_point *point);
psw_errors_work psw_errors_draw_work(const psw_point *point);

/* The columns of a point without a sketch: counts 0, the rest NaN. */
psw_sketch_columns psw_sketch_columns_none(void);

#endif
