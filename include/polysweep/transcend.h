/* base: log2 and exp2 in double as straight-line code, so that loops over them become vector loops, with
 * the same bits for every C library and, fused (polysweep/fused.h), every processor. Error below 2 units in the last
 * place (measured by the unit test). */
#ifndef POLYSWEEP_TRANSCEND_H
#define POLYSWEEP_TRANSCEND_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "polysweep/fused.h"

static inline uint64_t psw_bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double psw_of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* log2 x for finite, normal x > 0: x = 2^e m with m in [sqrt(1/2), sqrt(2)), s = (m - 1)/(m + 1),
 *   log m = 2 artanh s = 2 s (1 + s^2/3 + s^4/5 + ...),  s^2 < 0.0295. */
static inline double psw_log2(double x)
{
    const uint64_t half = 0x3fe6a09e667f3bcd; /* bits of sqrt(1/2) */
    uint64_t up = psw_bits_of(x) - half;
    uint64_t e = (up >> 52) + 1024; /* exponent + 1024 (mod 4096): positive, so it fits the low bits of 2^52 */
    double exponent = psw_of_bits(0x4330000000000000 | (e & 0xfff)) - (0x1p52 + 1024);
    double m = psw_of_bits((up & 0x000fffffffffffff) + half);
    double f = m - 1, s = f / (m + 1), q = s * s;
    /* p = 2/3 + 2/5 q + ... + 2/23 q^10, halves beside each other (Estrin) */
    double q2 = q * q, q4 = q2 * q2;
    double p0 = psw_fma(psw_fma(2.0 / 9, q, 2.0 / 7), q2, psw_fma(2.0 / 5, q, 2.0 / 3));
    double p4 = psw_fma(psw_fma(2.0 / 17, q, 2.0 / 15), q2, psw_fma(2.0 / 13, q, 2.0 / 11));
    double p8 = psw_fma(2.0 / 23, q2, psw_fma(2.0 / 21, q, 2.0 / 19));
    double p = psw_fma(psw_fma(p8, q4, p4), q4, p0);
    /* 2 s = f - s f, and s f = s (f^2/2 - ...): keeps the rounding of s small */
    double g = 0.5 * f, log_m = f - psw_fma(g, f, -(s * psw_fma(g, f, q * p)));
    return psw_fma(log_m, 1.4426950408889634, exponent);
}

/* 2^x for -1021 <= x <= 1023: n the nearest integer, 2^(x - n) = sum of (ln 2 (x - n))^k / k!, |ln 2 (x - n)| < 0.347.
 */
static inline double psw_exp2(double x)
{
    const double shift = 0x1.8p52;
    double t = x + shift;
    double y = (x - (t - shift)) * 0.6931471805599453;
    /* 1 + y (1 + y (1/2 + y p)), p = 1/3! + 1/4! y + ... + 1/13! y^10 */
    double y2 = y * y, y4 = y2 * y2;
    double p0 = psw_fma(psw_fma(1.0 / 720, y, 1.0 / 120), y2, psw_fma(1.0 / 24, y, 1.0 / 6));
    double p4 = psw_fma(psw_fma(1.0 / 3628800, y, 1.0 / 362880), y2, psw_fma(1.0 / 40320, y, 1.0 / 5040));
    double p8 = psw_fma(1.0 / 6227020800, y2, psw_fma(1.0 / 479001600, y, 1.0 / 39916800));
    double p = psw_fma(psw_fma(p8, y4, p4), y4, p0);
    p = psw_fma(psw_fma(psw_fma(p, y, 0.5), y, 1), y, 1);
    return p * psw_of_bits((psw_bits_of(t) << 52) + 0x3ff0000000000000);
}

/* x 2^e, |e| <= 2044, rounded once */
static inline double psw_scaled(double x, long e)
{
    long half = e / 2;
    return x * psw_of_bits((uint64_t)(half + 1023) << 52) * psw_of_bits((uint64_t)(e - half + 1023) << 52);
}

/* ---- one number, without limits on its size ---- */

static inline double psw_exp2_any(double x)
{
    if (!(fabs(x) < 1100)) return x < 0 ? 0 : x * INFINITY; /* NaN stays NaN */
    double whole = nearbyint(x);
    return psw_scaled(psw_exp2(x - whole), (long)whole);
}

/* -inf of 0, NaN of negative numbers */
static inline double psw_log2_any(double x)
{
    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (isinf(x)) return x;
    return x < 0x1p-1022 ? psw_log2(x * 0x1p54) - 54 : psw_log2(x);
}

#endif
