/* base: explicit fused multiply-adds, and vectors of reals.
 *
 * x y + z with one rounding. The compiler never fuses by itself (-ffp-contract=off), since whether it would
 * depends on its version, the processor it tunes for and the surrounding loop. So the bits of a chain x y + z do not
 * depend on the width of vectors, and are the same under AVX2, AVX-512 and AArch64. Where a processor has no such
 * instruction (PSW_FUSED 0) product and sum are rounded separately: a call into the C library for each would cost many
 * times as much. Such a build has other bits, still the same for every shape.
 *
 * Compiled per precision and target, like everything that includes real.h. */
#ifndef POLYSWEEP_FUSED_H
#define POLYSWEEP_FUSED_H

#include "polysweep/real.h"

#if defined(__AVX512F__) || (defined(__AVX2__) && defined(__FMA__)) || defined(__aarch64__)
#define PSW_FUSED 1
#else
#define PSW_FUSED 0
#endif

/* Loops over these become loops over vectors. */
static inline double psw_fma(double x, double y, double z)
{
#if PSW_FUSED
    return __builtin_fma(x, y, z);
#else
    return x * y + z;
#endif
}

static inline psw_real psw_fma_real(psw_real x, psw_real y, psw_real z)
{
#if !PSW_FUSED
    return x * y + z;
#elif defined(PSW_SINGLE)
    return __builtin_fmaf(x, y, z);
#else
    return __builtin_fma(x, y, z);
#endif
}

/* ---- vectors ---- */

#define PSW_LANES ((ptrdiff_t)(PSW_VECTOR_BYTES / sizeof(psw_real)))
typedef psw_real psw_lanes __attribute__((vector_size(PSW_VECTOR_BYTES)));
typedef psw_real psw_loose_lanes __attribute__((vector_size(PSW_VECTOR_BYTES), aligned(4), may_alias)); /* in memory */

#endif
