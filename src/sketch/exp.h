/* sketch/exp: e^x of rows of features, vector by vector, with the same bits for every C library and, fused, every
 * processor: within a unit in the last place. Compiled per precision and target. */
#ifndef POLYSWEEP_SKETCH_EXP_H
#define POLYSWEEP_SKETCH_EXP_H

#include "polysweep/powers.h"
#include "polysweep/spec.h"

/* a where the condition (all bits or none) holds, else b */
static inline psw_lanes sketch_where(psw_lanes_bits condition, psw_lanes a, psw_lanes b)
{
    return (psw_lanes)((condition & (psw_lanes_bits)a) | (~condition & (psw_lanes_bits)b));
}

/* e^x, x cut off at +-87 (single) or +-700; NaN stays NaN. */
static inline psw_lanes sketch_exp(psw_lanes x)
{
    psw_lanes most = psw_lanes_all(sizeof(psw_real) == 4 ? 87 : 700);
    psw_lanes in = sketch_where(x > most, most, sketch_where(x < -most, -most, x));
    return (psw_lanes)((psw_lanes_bits)psw_lanes_exp(in, PSW_WHOLE) | (psw_lanes_bits)(x != x));
}

/* Flops of products that take as long as one of sketch_exp_all, beyond the 20 that it is. Measured. */
static inline double sketch_exp_flops(const psw_point *point)
{
    return psw_point_single(point) ? 40 : 30;
}

/* x <- e^x */
static inline void sketch_exp_all(psw_real *x, ptrdiff_t count)
{
    psw_real last[PSW_LANES] = {0};
    ptrdiff_t whole = count / PSW_LANES * PSW_LANES;
    size_t bytes = (size_t)(count - whole) * sizeof *last;
    for (ptrdiff_t i = 0; i < whole; i += PSW_LANES) {
        psw_loose_lanes *at = (psw_loose_lanes *)(x + i);
        *at = sketch_exp(*at);
    }
    if (!bytes) return;
    memcpy(last, x + whole, bytes);
    *(psw_loose_lanes *)last = sketch_exp(*(const psw_loose_lanes *)last);
    memcpy(x + whole, last, bytes);
}

#endif
