/* base/lanes: a fused multiply-add and the larger integer of vectors. The only file with intrinsics. Compiled twice. */
#ifndef POLYSWEEP_BASE_LANES_H
#define POLYSWEEP_BASE_LANES_H

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
