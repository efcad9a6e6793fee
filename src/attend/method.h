/* attend/method: the methods that fold rows, one file each; polysweep/methods.def lists them. Compiled twice.
 *
 * A method turns the scores of one query row with one key leaf into weights w 2^E: pure, row by row, and never over
 * the scores, which all degrees share. The fold does the rest. */
#ifndef POLYSWEEP_ATTEND_METHOD_H
#define POLYSWEEP_ATTEND_METHOD_H

#include "polysweep/attend.h"
#include "polysweep/real.h"

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
    double (*peak)(const psw_real *z, ptrdiff_t count); /* count >= 1; NaN or infinite if an entry is */
    psw_weight_sum (*weigh)(const psw_point *point, const psw_score_row *row, psw_real *w);
    psw_weigh_work (*work)(const psw_point *point); /* of one weight; NULL: no more than what every score takes */
} psw_method_row;

/* The row of a method, which is all that its file, WORD_real.c, gives away. */
#define ATTEND_WEIGH(word) PSW_PRECISION_NAME(attend_weigh_##word)
/* NULL: the method does not fold rows. */
#define psw_method_row_of PSW_PRECISION_NAME(psw_method_row_of)
const psw_method_row *psw_method_row_of(psw_method method);

/* What methods are made of. */
#define psw_peak_magnitude PSW_PRECISION_NAME(psw_peak_magnitude)
#define psw_peak_largest PSW_PRECISION_NAME(psw_peak_largest)
#define psw_weigh_power PSW_PRECISION_NAME(psw_weigh_power)
#define psw_weigh_exponential PSW_PRECISION_NAME(psw_weigh_exponential)
double psw_peak_magnitude(const psw_real *z, ptrdiff_t count); /* max |z| */
double psw_peak_largest(const psw_real *z, ptrdiff_t count);   /* max z */
/* log2 of normal, positive numbers; of others it is anything. */
#define psw_log2_all PSW_PRECISION_NAME(psw_log2_all)
void psw_log2_all(const double *x, ptrdiff_t count, double *log2);
/* z^beta, beta >= 0; the row's peak is that of magnitudes */
psw_weight_sum psw_weigh_power(double beta, psw_negative negative, const psw_score_row *row, psw_real *w);
/* e^z; the row's peak is the largest score */
psw_weight_sum psw_weigh_exponential(const psw_score_row *row, psw_real *w);

/* Weights this far below the largest of their row and leaf (whose exponent is 0 or 1) are 0: it keeps powers,
 * products and sums out of the subnormal numbers, where processors are slow. */
#ifdef PSW_SINGLE
#define PSW_LOWEST_EXPONENT (-100)
#else
#define PSW_LOWEST_EXPONENT (-960)
#endif

#endif
