/* attend/method: the table of methods, one row each. Compiled twice.
 *
 * A method turns the scores of one query row with one key leaf into weights w 2^E: pure, row by row, and never over
 * the scores, which all degrees share. The fold does the rest. */
#ifndef POLYSWEEP_ATTEND_METHOD_H
#define POLYSWEEP_ATTEND_METHOD_H

#include "polysweep/real.h"
#include "polysweep/spec.h"

/* The scores of one row with the keys it may see. */
typedef struct psw_score_row {
    const psw_real *z;
    ptrdiff_t count;
    double peak, log2_peak; /* the method's peak of z, and its logarithm: what its exponent is made of */
} psw_score_row;

/* sum of the weights and their exponent; weights are below 2 */
typedef struct psw_weight_sum {
    double sum;
    int exponent; /* PSW_EMPTY if every weight is 0 */
} psw_weight_sum;

typedef struct psw_method_row {
    psw_method method;
    double (*peak)(const psw_real *z, ptrdiff_t count); /* count >= 1; NaN or infinite if an entry is */
    psw_weight_sum (*weigh)(const psw_point *point, const psw_score_row *row, psw_real *w);
} psw_method_row;

/* NULL: no such method yet. */
#define psw_method_row_of PSW_PRECISION_NAME(psw_method_row_of)
const psw_method_row *psw_method_row_of(psw_method method);

#define psw_peak_magnitude PSW_PRECISION_NAME(psw_peak_magnitude)
#define psw_peak_largest PSW_PRECISION_NAME(psw_peak_largest)
#define psw_weigh_exact PSW_PRECISION_NAME(psw_weigh_exact)
#define psw_weigh_linear PSW_PRECISION_NAME(psw_weigh_linear)
#define psw_weigh_softmax PSW_PRECISION_NAME(psw_weigh_softmax)
double psw_peak_magnitude(const psw_real *z, ptrdiff_t count); /* max |z| */
double psw_peak_largest(const psw_real *z, ptrdiff_t count);   /* max z */
/* log2 of normal, positive numbers; of others it is anything. */
#define psw_log2_all PSW_PRECISION_NAME(psw_log2_all)
void psw_log2_all(const double *x, ptrdiff_t count, double *log2);
psw_weight_sum psw_weigh_exact(const psw_point *point, const psw_score_row *row, psw_real *w);
psw_weight_sum psw_weigh_linear(const psw_point *point, const psw_score_row *row, psw_real *w);
psw_weight_sum psw_weigh_softmax(const psw_point *point, const psw_score_row *row, psw_real *w);

/* Weights this far below the largest of their row and leaf (whose exponent is 0 or 1) are 0: it keeps powers,
 * products and sums out of the subnormal numbers, where processors are slow. */
#ifdef PSW_SINGLE
#define PSW_LOWEST_EXPONENT (-100)
#else
#define PSW_LOWEST_EXPONENT (-960)
#endif

#endif
