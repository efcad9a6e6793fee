/* base: log2 and exp2 of vectors, in the precision of the translation unit. Compiled per precision and target.
 *
 * Everything is entry by entry and made of explicit fused multiply-adds, so that the bits are the same for
 * every width of vectors; where a processor has none, two numbers stand in for the products that must be exact
 * (psw_lanes_rest), and the same bounds hold. Errors in units of the last place, measured by tests/unit/powers.c:
 *
 *     psw_lanes_exp2    0.82
 *     psw_lanes_exp     1.07, for any z whose result is normal
 *     psw_chunk_log2    upper + lower is log2 x within 2^-28 (single) or 2^-57 (double) of itself
 *
 * Coefficients are least squares of the relative error at Chebyshev nodes, each rounded before the next ones are
 * fitted. */
#ifndef POLYSWEEP_POWERS_H
#define POLYSWEEP_POWERS_H

#include "polysweep/chunk.h"
#include "polysweep/lanes.h"

#ifdef PSW_SINGLE
typedef uint32_t psw_lane_word;
enum { PSW_MANTISSA_BITS = 23, PSW_EXPONENT_BIAS = 127 };
#define PSW_WHOLE 0x1.8p23F /* x + 1.5 2^23 has the integer nearest to x in its lowest bits */
#define PSW_LOG2_E_UPPER 0x1.715476p+0F
#define PSW_LOG2_E_LOWER 0x1.4ae0cp-26F
#else
typedef uint64_t psw_lane_word;
enum { PSW_MANTISSA_BITS = 52, PSW_EXPONENT_BIAS = 1023 };
#define PSW_WHOLE 0x1.8p52
#define PSW_LOG2_E_UPPER 0x1.71547652b82fep+0
#define PSW_LOG2_E_LOWER 0x1.777d0ffda0d24p-56
#endif
typedef psw_lane_word psw_lanes_words __attribute__((vector_size(PSW_VECTOR_BYTES)));

static inline psw_lanes psw_lanes_all(psw_real x)
{
    return x - (psw_lanes){0};
}

/* sum of c[k] x^k, k < count: of many terms in two interleaved sums, so that the chain of operations is half as long */
static inline psw_lanes psw_lanes_polynomial(psw_lanes x, const psw_real *c, int count)
{
    int parts = count > 8 ? 2 : 1;
    psw_lanes step = parts > 1 ? x * x : x, sum[2] = {psw_lanes_all(c[count - 1]), psw_lanes_all(c[count - 2])};
#pragma GCC unroll 16
    for (int k = count - 1 - parts; k >= 0; k--) {
        psw_lanes *own = &sum[(count - 1 - k) % parts];
        *own = psw_lanes_fused(*own, step, psw_lanes_all(c[k]));
    }
    if (parts == 1) return sum[0];
    return count % 2 ? psw_lanes_fused(x, sum[1], sum[0]) : psw_lanes_fused(x, sum[0], sum[1]);
}

/* 1 + x y; without fused multiply-adds in steps that are exact but for the last two, as |x y| < 1 */
static inline psw_lanes psw_lanes_one_plus(psw_lanes x, psw_lanes y)
{
#if PSW_FUSED
    return psw_lanes_fused(x, y, psw_lanes_all(1));
#else
    psw_lanes product = x * y, sum = 1 + product;
    return sum + (((1 - sum) + product) + psw_lanes_rest(x, y, product));
#endif
}

/* ---- 2^x ---- */

/* 2^r 2^n = (1 + r (c_0 + c_1 r + ...)) 2^n, |r| <= 1/2 and a little, n the integer in the lowest bits of `shifted`;
 * the result must be normal. */
static inline psw_lanes psw_lanes_power_of_two(psw_lanes r, psw_lanes shifted)
{
#ifdef PSW_SINGLE
    static const float c[] = {0x1.62e43p-1F,  0x1.ebfbd8p-3F,  0x1.c6af74p-5F,
                              0x1.3b30a6p-7F, 0x1.5f0d4ep-10F, 0x1.3f9ffep-13F}; /* error 2^-28.0 */
#else
    static const double c[] = {0x1.62e42fefa39efp-1,  0x1.ebfbdff82c5a6p-3,  0x1.c6b08d704a11dp-5,
                               0x1.3b2ab6fb9fcf7p-7,  0x1.5d87fe78a225ap-10, 0x1.4309130fa7bdfp-13,
                               0x1.ffcbfc5481ff8p-17, 0x1.62bfc596cfa60p-20, 0x1.b5254808a8c07p-24,
                               0x1.e61ed48bf145cp-28, 0x1.e93cb81583361p-32}; /* error 2^-57.2 */
#endif
    psw_lanes more = psw_lanes_polynomial(r, c + 1, sizeof c / sizeof c[0] - 1);
    psw_lanes p = psw_lanes_one_plus(r, psw_lanes_fused(more, r, psw_lanes_all(c[0])));
    return (psw_lanes)(((psw_lanes_words)shifted << PSW_MANTISSA_BITS) + (psw_lanes_words)p);
}

/* 2^-E e^z for normal results: with `whole` = PSW_WHOLE - E, n the integer nearest to z log2 e,
 * r = z log2 e - n, whose first product is exact. */
static inline psw_lanes psw_lanes_exp(psw_lanes z, psw_real whole)
{
    psw_lanes log2_e = psw_lanes_all(PSW_LOG2_E_UPPER), start = psw_lanes_all(whole);
    psw_lanes shifted = psw_lanes_fused(z, log2_e, start);
    psw_lanes r = psw_lanes_rest(z, log2_e, shifted - start);
    return psw_lanes_power_of_two(psw_lanes_fma(PSW_LOG2_E_LOWER, z, r), shifted);
}

/* 2^x for normal results */
static inline psw_lanes psw_lanes_exp2(psw_lanes x)
{
    psw_lanes start = psw_lanes_all(PSW_WHOLE), shifted = x + start;
    return psw_lanes_power_of_two(x - (shifted - start), shifted);
}

/* ---- log2: on all four vectors of a chunk, step by step, as its chain of operations is long ---- */

static inline psw_chunk psw_chunk_all(psw_real x)
{
    psw_lanes all = psw_lanes_all(x);
    return (psw_chunk){all, all, all, all};
}

static inline psw_chunk psw_chunk_minus(psw_chunk x, psw_chunk y)
{
    return (psw_chunk){x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d};
}

/* x y + z */
static inline psw_chunk psw_chunk_fused(psw_chunk x, psw_chunk y, psw_chunk z)
{
    return (psw_chunk){psw_lanes_fused(x.a, y.a, z.a), psw_lanes_fused(x.b, y.b, z.b), psw_lanes_fused(x.c, y.c, z.c),
                       psw_lanes_fused(x.d, y.d, z.d)};
}

/* x y - z, the product exact */
static inline psw_chunk psw_chunk_rest(psw_chunk x, psw_chunk y, psw_chunk z)
{
    return (psw_chunk){psw_lanes_rest(x.a, y.a, z.a), psw_lanes_rest(x.b, y.b, z.b), psw_lanes_rest(x.c, y.c, z.c),
                       psw_lanes_rest(x.d, y.d, z.d)};
}

static inline psw_chunk psw_chunk_polynomial(psw_chunk x, const psw_real *c, int count)
{
    psw_chunk p = psw_chunk_all(c[count - 1]);
#pragma GCC unroll 16
    for (int k = count - 2; k >= 0; k--) p = psw_chunk_fused(p, x, psw_chunk_all(c[k]));
    return p;
}

typedef struct psw_logs { /* the sum of both, |lower| at most a rounding of upper */
    psw_chunk upper, lower;
} psw_logs;

/* x = 2^e m, m in [sqrt(1/2), sqrt(2)): e as a number, and m. Of what is no positive normal number m is still in there.
 */
static inline psw_lanes psw_lanes_split(psw_lanes x, psw_lanes *exponent)
{
#ifdef PSW_SINGLE
    const psw_lane_word half = 0x3f3504f3, first = 0x4b000000; /* bits of sqrt(1/2), and of 2^23 */
    const psw_real bias = 0x1p23F + 127;
#else
    const psw_lane_word half = 0x3fe6a09e667f3bcd, first = 0x4330000000000000;
    const psw_real bias = 0x1p52 + 1023;
#endif
    const psw_lane_word one = (psw_lane_word)PSW_EXPONENT_BIAS << PSW_MANTISSA_BITS;
    const psw_lane_word mantissa = ((psw_lane_word)1 << PSW_MANTISSA_BITS) - 1;
    psw_lanes_words up = ((psw_lanes_words)x & (psw_lane_word)PSW_LANE_MAGNITUDE) + (one - half);
    *exponent = (psw_lanes)((up >> PSW_MANTISSA_BITS) | first) - bias;
    return (psw_lanes)((up & mantissa) + half);
}

static inline psw_chunk psw_chunk_split(psw_chunk x, psw_chunk *exponent)
{
    return (psw_chunk){psw_lanes_split(x.a, &exponent->a), psw_lanes_split(x.b, &exponent->b),
                       psw_lanes_split(x.c, &exponent->c), psw_lanes_split(x.d, &exponent->d)};
}

/* x + y, |x| >= |y| or x = 0, in two parts (Dekker 1971) */
static inline psw_logs psw_chunk_two_sum(psw_chunk x, psw_chunk y)
{
    psw_chunk upper = psw_chunk_plus(x, y);
    return (psw_logs){upper, psw_chunk_minus(y, psw_chunk_minus(upper, x))};
}

static inline psw_chunk psw_chunk_inverse(psw_chunk x)
{
    return (psw_chunk){1 / x.a, 1 / x.b, 1 / x.c, 1 / x.d};
}

/* log2 |x| of normal x; of others some finite number:
 *   log m = 2 artanh s = 2 s (1 + q P(q)),  s = (m - 1) / (m + 1) in two parts,  q = s^2 < 0.0295 */
static inline psw_logs psw_chunk_log2(psw_chunk x)
{
#ifdef PSW_SINGLE
    static const float p[] = {0x1.555554p-2F, 0x1.999bd4p-3F, 0x1.23f1a2p-3F, 0x1.ec1d96p-4F}; /* error 2^-35 */
    const float two_log2_e[] = {0x1.715476p+1F, 0x1.4ae0cp-25F};
#else
    static const double p[] = {0x1.5555555555595p-2, 0x1.999999997f26cp-3, 0x1.249249427c47dp-3, 0x1.c71c51a26870dp-4,
                               0x1.746652b1500b2p-4, 0x1.399fd376aebe3p-4, 0x1.2f17efa94bb3cp-4}; /* error 2^-59.4 */
    const double two_log2_e[] = {0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55};
#endif
    psw_chunk e, m = psw_chunk_split(x, &e), one = psw_chunk_all(1), f = psw_chunk_minus(m, one);
    psw_logs sum = psw_chunk_two_sum(one, m); /* m + 1 */
    psw_chunk inverse = psw_chunk_inverse(sum.upper), s = psw_chunk_times(f, inverse);
    psw_chunk less = psw_chunk_fused(s, sum.lower, psw_chunk_rest(s, sum.upper, f)); /* s (m + 1) - f */
    psw_chunk q = psw_chunk_times(s, s), small = psw_chunk_times(less, inverse);
    psw_chunk series = psw_chunk_polynomial(q, p, sizeof p / sizeof p[0]);
    /* log m / 2 = s + tail */
    psw_chunk tail = psw_chunk_minus(psw_chunk_times(psw_chunk_times(s, q), series), psw_chunk_fused(small, q, small));
    psw_chunk by = psw_chunk_all(two_log2_e[0]), head = psw_chunk_times(s, by);
    psw_chunk rest = psw_chunk_fused(s, psw_chunk_all(two_log2_e[1]), psw_chunk_rest(s, by, head));
    psw_logs log2 = psw_chunk_two_sum(e, head);
    return psw_chunk_two_sum(log2.upper, psw_chunk_plus(log2.lower, psw_chunk_fused(tail, by, rest)));
}

#endif
