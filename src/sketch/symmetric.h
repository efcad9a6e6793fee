/* sketch/symmetric: the monomials of one degree, each once, with the root of a coefficient. Compiled per precision and
 * target.
 *
 * In lexicographic order the monomials of degree k that begin with i are x_i times those of degree k - 1 that begin
 * with i or later, which are the last C(d - i + k - 2, k - 1) of their list: a lift is nothing but products of a number
 * and contiguous memory. */
#ifndef POLYSWEEP_SKETCH_SYMMETRIC_H
#define POLYSWEEP_SKETCH_SYMMETRIC_H

#include "sketch/map.h"

typedef struct sketch_symmetric {
    psw_real *coefficient; /* features */
    psw_real *lower[2];    /* lists of degrees below p, of PSW_TRANSPOSED_MOST rows */
    ptrdiff_t *tail;       /* degree x d: how many monomials of degree k - 1 begin with i or later */
    ptrdiff_t degree, d;
} sketch_symmetric;

#define sketch_symmetric_lay PSW_PRECISION_NAME(sketch_symmetric_lay)
#define sketch_symmetric_start PSW_PRECISION_NAME(sketch_symmetric_start)
#define sketch_symmetric_lift PSW_PRECISION_NAME(sketch_symmetric_lift)
#define sketch_symmetric_lift_transposed PSW_PRECISION_NAME(sketch_symmetric_lift_transposed)
#define sketch_symmetric_features PSW_PRECISION_NAME(sketch_symmetric_features)

/* Of degree `degree` in `variables`; the sketch's own memory. */
sketch_symmetric *sketch_symmetric_lay(const psw_sketch *sketch, ptrdiff_t variables, ptrdiff_t degree,
                                       psw_arena *arena);
/* Coefficients factor / prod mult!, `factor` as its logarithm; free_first: without the multiplicity of variable 0. */
void sketch_symmetric_start(sketch_symmetric *own, double log_factor, bool free_first);
void sketch_symmetric_lift(psw_sketch *sketch, psw_const_rows stored, psw_rows features);
void sketch_symmetric_lift_transposed(psw_sketch *sketch, psw_const_rows stored, psw_rows features);
/* C(variables + degree - 1, degree) */
double sketch_symmetric_features(ptrdiff_t variables, ptrdiff_t degree);

#endif
