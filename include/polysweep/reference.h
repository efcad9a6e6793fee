/* judge: outputs against a reference, over draws: how far a method is from the attention of the model.
 *
 * The reference R of a point, with the point's mask and of rows as the kind of data makes them, before row_norm, scale,
 * offset and den_constant, in double whatever the precision:
 *     softmax  weights e^z, z = reference_scale <q, k>
 *     exact    weights z^reference_beta of the same z; odd and fractional degrees keep the sign of z
 *     own      the exact kernel of the point, with all that it has. A sketch is compared with it by the assessor
 *              (polysweep/errors.h), so nothing more is computed; of row folds in fp64 and fp32 neither: there is only
 *              rounding. Of narrower formats it is: that is the error of the format.
 * Rows are those of psw_errors_rows, of two data sets in D_1. O is the output as computed, U the mean of the values
 * that a row sees, a and p are the weights of method and reference after division.
 *
 *     err_out_ref          |O - R|_F / |R|_F; median over draws, in _mean and _q90 mean and 90 % quantile
 *     err_out_ref_good     the same over rows whose denominator in O is positive; median over draws
 *     err_out_ref_max      largest |O - R| of an entry
 *     err_out_ref_row_q50, _q90
 *                          quantiles over rows of |O - R| / |R| of a row (one with R = 0 has none)
 *     cos_ref              mean over rows of the cosine of O and R; rows where either is 0 are left out
 *     cos_ref_zeros        such rows, over all draws
 *     skill_ref            1 - |O - R|_F^2 / |U - R|_F^2: a mean that all values share makes err_out_ref look small,
 *                          not this
 *     tv_ref               mean over rows of sum |a - p| / 2, total variation; where a map is exact a is of the exact
 *                          kernel; NaN where weights are negative, and of random maps
 *     neg_scores           share of the pairs that the mask shows whose offset + scale <q, k>, after row_norm, is
 *                          below 0
 *     entropy_ref, entropy of the weights of the reference and of the exact kernel of the point, in nats, mean over
 *                          rows; NaN with negative weights
 *
 * Columns that do not depend on O are means over realisations of the rows, the others medians over draws.
 *
 * A fold, as the assessor: everything is a sum or a maximum over keys, then over query rows. Local. */
#ifndef POLYSWEEP_REFERENCE_H
#define POLYSWEEP_REFERENCE_H

#include "polysweep/errors.h"

typedef struct psw_reference_columns {
    double err_out_ref, err_out_ref_mean, err_out_ref_q90, err_out_ref_good, err_out_ref_max;
    double err_out_ref_row_q50, err_out_ref_row_q90, cos_ref, skill_ref, tv_ref, neg_scores, entropy_ref;
    double entropy;
    ptrdiff_t cos_ref_zeros, rows;
} psw_reference_columns;

typedef struct psw_comparison psw_comparison; /* lives in the arena */

typedef enum psw_reference_stage {
    PSW_REFERENCE_BEGUN,
    PSW_REFERENCE_MEASURED,
    PSW_REFERENCE_TAKEN
} psw_reference_stage;

/* Is a reference computed for the point? Then it is in a group of its own. */
bool psw_reference_computed(const psw_point *point);

size_t psw_reference_bytes(const psw_point *point);
/* begin, merge; measure, merge; then for each draw of these rows: draw, take with every leaf of that draw, merge; for
 * other rows again from reload on; end. Of a team each rank takes a share of the keys. Merging as psw_assessor has it.
 * The data must outlive the comparison. PSW_OK or what the watch says. */
psw_status psw_reference_begin(const psw_point *point, const psw_given *given, psw_watch watch, psw_arena *arena,
                               psw_comparison **comparison);
psw_status psw_reference_reload(psw_comparison *comparison, const psw_data *data);
psw_status psw_reference_measure(psw_comparison *comparison);
int psw_reference_merging(psw_comparison *comparison, psw_reference_stage stage, int phase,
                          psw_merging list[PSW_MERGING_MAX]);
void psw_reference_draw(psw_comparison *comparison, ptrdiff_t draw);   /* 0 .. psw_judge_draws - 1, each once */
psw_status psw_reference_take(void *comparison, const psw_leaf *leaf); /* a psw_leaf_sink; leaves in any order */
void psw_reference_end(psw_comparison *comparison, psw_reference_columns *columns);
void psw_reference_close(psw_comparison *comparison); /* NULL is allowed */

/* The work of begin and measure, for one realisation of the rows. */
psw_errors_work psw_reference_work(const psw_point *point);

/* Of a point without a reference; and of a sketch whose reference is its own kernel. */
psw_reference_columns psw_reference_none(void);
psw_reference_columns psw_reference_of_sketch(const psw_sketch_columns *sketch);

#endif
