/* attend/finish: from sums to results. Compiled per precision and target. */
#ifndef POLYSWEEP_ATTEND_FINISH_H
#define POLYSWEEP_ATTEND_FINISH_H

#include "attend/sums.h"
#include "polysweep/real.h"

/* Where the results of some rows go. */
typedef struct attend_results {
    psw_real *rows; /* rows x width - 2 of the sums */
    double *mass, *log2_den;
} attend_results;

/* out = num / (den + den_constant), mass = the special key's weight over the same; 0 where that denominator is 0, the
 * quotient as it is where it is negative: log2_den is then -inf and NaN. Returns the first row that is not finite, -1
 * if there is none. */
#define attend_finish_rows PSW_PRECISION_NAME(attend_finish_rows)
ptrdiff_t attend_finish_rows(attend_sums sums, double den_constant, attend_results to);

#endif
