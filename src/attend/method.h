/* attend/method: the methods that fold rows, one file each; polysweep/methods.def lists them. Compiled per precision
 * and target.
 *
 * A method turns the scores of one query row with the keys of one leaf that it sees into weights w 2^E: pure, row by
 * row; it does not overwrite the scores, which all degrees share. Where it sees two ranges of a leaf, both have the
 * same peak and so the same E. The fold does the rest. */
#ifndef POLYSWEEP_ATTEND_METHOD_H
#define POLYSWEEP_ATTEND_METHOD_H

#include "polysweep/attend.h"
#include "polysweep/largest.h"
#include "polysweep/peak.h"

/* The scores of one row with the keys it may see. */
typedef struct attend_score_row {
    const psw_real *z;
    ptrdiff_t first, count; /* keys, neighbours */
    double peak, log2_peak; /* the method's peak of z, and its log2: they give the exponent */
    psw_score kept;         /* of a method that keeps some: the last one in their order */
    /* log2 |z| in two parts, as attend_scores_log2 makes them; NULL: whoever needs them makes its own */
    const psw_real *log2_upper, *log2_lower;
} attend_score_row;

/* sum of the weights and their exponent; weights are below 2 */
typedef struct attend_weight_sum {
    double sum;
    int exponent; /* PSW_EMPTY if every weight is 0 */
} attend_weight_sum;

typedef struct attend_method_row {
    /* Which peak of a row's scores its exponent is made of; of the first point of a group. NULL: weights do not depend
     * on scores, none are computed. */
    psw_peak_order (*peak)(const psw_point *point);
    attend_weight_sum (*weigh)(const psw_point *point, const attend_score_row *row, psw_real *w);
    psw_weigh_work (*work)(const psw_point *point); /* for one weight; NULL: nothing beyond what every score takes */
    /* Keys that the method lets a query see, which may reach beyond the first, the last and each other; from a query to
     * the next one no end goes back. NULL: all that the mask does. */
    psw_seen (*seen)(const psw_point *point, ptrdiff_t query);
    /* The smallest score whose weight is not negative, under `negative: signed`. NULL: no weight is negative. */
    double (*least)(const psw_point *point);
    ptrdiff_t (*keep)(const psw_point *point); /* largest scores of a row that have weights; NULL: all */
    /* Weights of the point are made of logarithms of scores, which several such points of a group share. NULL: none. */
    bool (*logarithms)(const psw_point *point);
} attend_method_row;

/* The row of a method: the only symbol that its file, WORD_real.c, exports. */
#define ATTEND_WEIGH(word) PSW_PRECISION_NAME(attend_weigh_##word)
/* NULL: the method does not fold rows. In files that are compiled once (chosen.c): the chosen target's, in double. */
#define attend_method_row_of PSW_PRECISION_NAME(attend_method_row_of)
const attend_method_row *attend_method_row_of(psw_method method);

/* Building blocks of methods. */
#define attend_peak_largest PSW_PRECISION_NAME(attend_peak_largest)
#define attend_peak_magnitude PSW_PRECISION_NAME(attend_peak_magnitude)
#define attend_power_weights PSW_PRECISION_NAME(attend_power_weights)
#define attend_exponential_weights PSW_PRECISION_NAME(attend_exponential_weights)
psw_peak_order attend_peak_largest(const psw_point *point);   /* max z */
psw_peak_order attend_peak_magnitude(const psw_point *point); /* max |z| */
/* log2 |z| of normal scores, of others some finite number; lower: what upper leaves out, together within 2^-28
 * (single) or 2^-57 (double) of themselves. */
#define attend_scores_log2 PSW_PRECISION_NAME(attend_scores_log2)
void attend_scores_log2(const psw_real *z, ptrdiff_t count, psw_real *upper, psw_real *lower);
/* log2 of normal, positive numbers; undefined for others. As attend_method_row_of. */
#define attend_log2_all PSW_PRECISION_NAME(attend_log2_all)
void attend_log2_all(const double *x, ptrdiff_t count, double *log2);
/* The peak of powers: max |z|; max z where negative scores have no weight. */
#define attend_peak_power PSW_PRECISION_NAME(attend_peak_power)
psw_peak_order attend_peak_power(const psw_point *point);
/* Not an integer, or so large that powers take logarithms all the same. */
#define attend_degree_is_real PSW_PRECISION_NAME(attend_degree_is_real)
bool attend_degree_is_real(double beta);
/* z^beta, beta >= 0; the row's peak is that of powers */
attend_weight_sum attend_power_weights(double beta, psw_negative negative, const attend_score_row *row, psw_real *w);
/* e^z; the row's peak is the largest score */
attend_weight_sum attend_exponential_weights(const attend_score_row *row, psw_real *w);

/* Weights this far below the largest of their row and leaf (whose exponent is 0 or 1) are 0: it keeps powers,
 * products and sums out of the subnormal numbers, where processors are slow. */
#ifdef PSW_SINGLE
#define PSW_LOWEST_EXPONENT (-100)
#else
#define PSW_LOWEST_EXPONENT (-960)
#endif

/* What files that are compiled once need of a target. */
typedef struct attend_methods {
    const attend_method_row *(*row_of)(psw_method method);
    void (*log2_all)(const double *x, ptrdiff_t count, double *log2);
    double (*row_peak)(psw_peak_order order, const psw_real *z, ptrdiff_t count);
    bool threads; /* tiles are our own kernel, which threads of a rank share */
} attend_methods;
bool attend_takes_threads(void); /* of the chosen target */
/* psw_row_peak, for files that are compiled once. */
double attend_row_peak(psw_peak_order order, const double *z, ptrdiff_t count);

#endif
