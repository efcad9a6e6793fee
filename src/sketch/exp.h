/* sketch/exp: e^x as straight-line code, so that loops over it become vector loops, with the same bits for every C
 * library and, fused, every processor. The relative error is about |x| epsilon, like that of
 * a matrix product's entries. */
#ifndef POLYSWEEP_SKETCH_EXP_H
#define POLYSWEEP_SKETCH_EXP_H

#include <stdint.h>
#include <string.h>

#include "polysweep/fused.h"
#include "polysweep/spec.h"

#ifdef PSW_SINGLE
typedef uint32_t sketch_bits;
enum { SKETCH_MANTISSA = 23, SKETCH_BIAS = 127 };
static const float sketch_shift = 0x1.8p23F, sketch_exp_most = 87;
#else
typedef uint64_t sketch_bits;
enum { SKETCH_MANTISSA = 52, SKETCH_BIAS = 1023 };
static const double sketch_shift = 0x1.8p52, sketch_exp_most = 700;
#endif

/* 2^n sum of y^k / k!, n the integer nearest to x / ln 2, y = x - n ln 2, |y| < 0.347; |x| is at most sketch_exp_most.
 * Adding 1.5 2^mantissa leaves n in the lowest bits. */
static inline psw_real sketch_exp_within(psw_real x)
{
    psw_real turns = x * (psw_real)1.4426950408889634, shifted = turns + sketch_shift;
    psw_real y = (turns - (shifted - sketch_shift)) * (psw_real)0.6931471805599453;
#ifdef PSW_SINGLE
    psw_real p = 1.0F / 5040;
#else
    psw_real p = 1.0 / 6227020800;
    p = psw_fma_real(p, y, 1.0 / 479001600);
    p = psw_fma_real(p, y, 1.0 / 39916800);
    p = psw_fma_real(p, y, 1.0 / 3628800);
    p = psw_fma_real(p, y, 1.0 / 362880);
    p = psw_fma_real(p, y, 1.0 / 40320);
    p = psw_fma_real(p, y, 1.0 / 5040);
#endif
    p = psw_fma_real(p, y, (psw_real)(1.0 / 720));
    p = psw_fma_real(p, y, (psw_real)(1.0 / 120));
    p = psw_fma_real(p, y, (psw_real)(1.0 / 24));
    p = psw_fma_real(p, y, (psw_real)(1.0 / 6));
    p = psw_fma_real(p, y, (psw_real)0.5);
    p = psw_fma_real(p, y, 1);
    p = psw_fma_real(p, y, 1);
    sketch_bits bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits << SKETCH_MANTISSA) + ((sketch_bits)SKETCH_BIAS << SKETCH_MANTISSA);
    psw_real power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* Flops of products that take as long as one of sketch_exp_all, beyond the 20 that it is. Measured. */
static inline double sketch_exp_flops(const psw_point *point)
{
    return psw_point_single(point) ? 40 : 30;
}

/* x <- e^x, x cut off at +-sketch_exp_most. Each loop by itself, and with one comparison at most, is one of vectors. */
static inline void sketch_exp_all(psw_real *restrict x, ptrdiff_t count)
{
    enum { STEP = 256 };
    for (; count > 0; x += STEP, count -= STEP) {
        ptrdiff_t step = count < STEP ? count : STEP;
        for (ptrdiff_t i = 0; i < step; i++) x[i] = x[i] > sketch_exp_most ? sketch_exp_most : x[i];
        for (ptrdiff_t i = 0; i < step; i++) x[i] = x[i] < -sketch_exp_most ? -sketch_exp_most : x[i];
        for (ptrdiff_t i = 0; i < step; i++) x[i] = sketch_exp_within(x[i]);
    }
}

#endif
