/* base: fused multiply-adds and larger entries of vectors. The only file with intrinsics. Compiled per precision and
 * target. */
#ifndef POLYSWEEP_LANES_H
#define POLYSWEEP_LANES_H

#include "polysweep/chunk.h"

#if PSW_FUSED && defined(__aarch64__)
#include <arm_neon.h>
#elif PSW_FUSED
#include <immintrin.h>
#endif

/* x y + z in every lane */
static inline psw_lanes psw_lanes_fma(psw_real x, psw_lanes y, psw_lanes z)
{
#if defined(__AVX512F__) && defined(PSW_SINGLE)
    return (psw_lanes)_mm512_fmadd_ps(_mm512_set1_ps(x), (__m512)y, (__m512)z);
#elif defined(__AVX512F__)
    return (psw_lanes)_mm512_fmadd_pd(_mm512_set1_pd(x), (__m512d)y, (__m512d)z);
#elif PSW_FUSED && defined(__AVX2__) && defined(PSW_SINGLE)
    return (psw_lanes)_mm256_fmadd_ps(_mm256_set1_ps(x), (__m256)y, (__m256)z);
#elif PSW_FUSED && defined(__AVX2__)
    return (psw_lanes)_mm256_fmadd_pd(_mm256_set1_pd(x), (__m256d)y, (__m256d)z);
#elif PSW_FUSED && defined(PSW_SINGLE)
    return (psw_lanes)vfmaq_n_f32((float32x4_t)z, (float32x4_t)y, x);
#elif PSW_FUSED
    return (psw_lanes)vfmaq_n_f64((float64x2_t)z, (float64x2_t)y, x);
#else
    return x * y + z;
#endif
}

/* x y + z, entry by entry */
static inline psw_lanes psw_lanes_fused(psw_lanes x, psw_lanes y, psw_lanes z)
{
#if defined(__AVX512F__) && defined(PSW_SINGLE)
    return (psw_lanes)_mm512_fmadd_ps((__m512)x, (__m512)y, (__m512)z);
#elif defined(__AVX512F__)
    return (psw_lanes)_mm512_fmadd_pd((__m512d)x, (__m512d)y, (__m512d)z);
#elif PSW_FUSED && defined(__AVX2__) && defined(PSW_SINGLE)
    return (psw_lanes)_mm256_fmadd_ps((__m256)x, (__m256)y, (__m256)z);
#elif PSW_FUSED && defined(__AVX2__)
    return (psw_lanes)_mm256_fmadd_pd((__m256d)x, (__m256d)y, (__m256d)z);
#elif PSW_FUSED && defined(PSW_SINGLE)
    return (psw_lanes)vfmaq_f32((float32x4_t)z, (float32x4_t)x, (float32x4_t)y);
#elif PSW_FUSED
    return (psw_lanes)vfmaq_f64((float64x2_t)z, (float64x2_t)x, (float64x2_t)y);
#else
    return x * y + z;
#endif
}

/* x where it is larger than y, else y: what is no number is never the larger */
static inline psw_lanes psw_lanes_maximum(psw_lanes x, psw_lanes y)
{
#if defined(__AVX512F__) && defined(PSW_SINGLE)
    return (psw_lanes)_mm512_max_ps((__m512)x, (__m512)y);
#elif defined(__AVX512F__)
    return (psw_lanes)_mm512_max_pd((__m512d)x, (__m512d)y);
#elif PSW_FUSED && defined(__AVX2__) && defined(PSW_SINGLE)
    return (psw_lanes)_mm256_max_ps((__m256)x, (__m256)y);
#elif PSW_FUSED && defined(__AVX2__)
    return (psw_lanes)_mm256_max_pd((__m256d)x, (__m256d)y);
#else /* of Arm's own, the one gives what is no number, and the other another zero */
    __typeof__(x > y) larger = x > y;
    return (psw_lanes)((larger & (__typeof__(larger))x) | (~larger & (__typeof__(larger))y));
#endif
}

#if PSW_FUSED
/* x y - z with one rounding, whatever the size of the product */
static inline psw_lanes psw_lanes_rest(psw_lanes x, psw_lanes y, psw_lanes z)
{
    return psw_lanes_fused(x, y, -z);
}
#else
/* The upper half of the bits of x (Dekker 1971); |x| far from the largest number. */
static inline psw_lanes psw_lanes_upper(psw_lanes x)
{
#ifdef PSW_SINGLE
    psw_lanes wide = x * 4097.0F; /* 2^12 + 1 */
#else
    psw_lanes wide = x * 134217729.0; /* 2^27 + 1 */
#endif
    return wide - (wide - x);
}

/* x y - z by the exact product in two numbers (Dekker 1971): one more rounding than a fused one, none where z is near
 * the product. */
static inline psw_lanes psw_lanes_rest(psw_lanes x, psw_lanes y, psw_lanes z)
{
    psw_lanes x1 = psw_lanes_upper(x), y1 = psw_lanes_upper(y), x2 = x - x1, y2 = y - y1, product = x * y;
    return (product - z) + (((x1 * y1 - product) + x1 * y2 + x2 * y1) + x2 * y2);
}
#endif

/* The larger integer in every lane. */
static inline psw_lanes_bits psw_lanes_larger(psw_lanes_bits x, psw_lanes_bits y)
{
#if defined(__AVX512F__) && defined(PSW_SINGLE)
    return (psw_lanes_bits)_mm512_max_epi32((__m512i)x, (__m512i)y);
#elif defined(__AVX512F__)
    return (psw_lanes_bits)_mm512_max_epi64((__m512i)x, (__m512i)y);
#elif PSW_FUSED && defined(__AVX2__) && defined(PSW_SINGLE)
    return (psw_lanes_bits)_mm256_max_epi32((__m256i)x, (__m256i)y);
#elif PSW_FUSED && defined(__AVX2__)
    return (psw_lanes_bits)_mm256_blendv_epi8((__m256i)y, (__m256i)x, _mm256_cmpgt_epi64((__m256i)x, (__m256i)y));
#elif PSW_FUSED && defined(__aarch64__) && defined(PSW_SINGLE)
    return (psw_lanes_bits)vmaxq_s32((int32x4_t)x, (int32x4_t)y);
#else
    psw_lanes_bits first = x > y;
    return (x & first) | (y & ~first);
#endif
}

#endif
