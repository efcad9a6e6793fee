/* sketch/plans: transforms by FFTW, of rows one behind the other, for lengths that sketch/fourier does not take.
 * Compiled per precision and target. */
#ifndef POLYSWEEP_SKETCH_PLANS_H
#define POLYSWEEP_SKETCH_PLANS_H

#include "sketch/map.h"

#define sketch_plans_lay PSW_PRECISION_NAME(sketch_plans_lay)
#define sketch_plans_start PSW_PRECISION_NAME(sketch_plans_start)
#define sketch_plans_stop PSW_PRECISION_NAME(sketch_plans_stop)
#define sketch_plans_forward PSW_PRECISION_NAME(sketch_plans_forward)
#define sketch_plans_backward PSW_PRECISION_NAME(sketch_plans_backward)

/* Transforms are in place, of real rows padded to the complex length, in batches that stay in cache. */
typedef struct sketch_plans {
    ptrdiff_t length, stride, batch;
    bool is_complex;
    void *forward, *backward; /* plans */
} sketch_plans;

sketch_plans sketch_plans_lay(ptrdiff_t length, bool is_complex);
/* Plans for batches that are aligned as `at` is, batch x stride. PSW_NO_MEMORY. */
psw_status sketch_plans_start(sketch_plans *plans, psw_real *at);
void sketch_plans_stop(const sketch_plans *plans);
void sketch_plans_forward(const sketch_plans *plans, psw_real *at);
void sketch_plans_backward(const sketch_plans *plans, psw_real *at); /* backward(forward(x)) = length x */

#endif
