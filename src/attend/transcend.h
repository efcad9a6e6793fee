/* attend/transcend: log2 and exp2 in double as straight-line code, so that loops over them become vector loops, with
 * the same bits for every C library. Error below 2 units in the last place (measured by the unit test). */
#ifndef POLYSWEEP_ATTEND_TRANSCEND_H
#define POLYSWEEP_ATTEND_TRANSCEND_H

#include <stdint.h>
#include <string.h>

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
    double p = 2.0 / 23;
    p = p * q + 2.0 / 21;
    p = p * q + 2.0 / 19;
    p = p * q + 2.0 / 17;
    p = p * q + 2.0 / 15;
    p = p * q + 2.0 / 13;
    p = p * q + 2.0 / 11;
    p = p * q + 2.0 / 9;
    p = p * q + 2.0 / 7;
    p = p * q + 2.0 / 5;
    p = p * q + 2.0 / 3;
    double half_square = 0.5 * f * f; /* 2 s = f - s f, and s f = s (f^2/2 - ...): keeps the rounding of s small */
    double log_m = f - (half_square - s * (half_square + q * p));
    return log_m * 1.4426950408889634 + exponent;
}

/* 2^x for -1021 <= x <= 1023: n the nearest integer, 2^(x - n) = sum of (ln 2 (x - n))^k / k!, |ln 2 (x - n)| < 0.347.
 */
static inline double psw_exp2(double x)
{
    const double shift = 0x1.8p52;
    double t = x + shift;
    double y = (x - (t - shift)) * 0.6931471805599453;
    double p = 1.0 / 6227020800;
    p = p * y + 1.0 / 479001600;
    p = p * y + 1.0 / 39916800;
    p = p * y + 1.0 / 3628800;
    p = p * y + 1.0 / 362880;
    p = p * y + 1.0 / 40320;
    p = p * y + 1.0 / 5040;
    p = p * y + 1.0 / 720;
    p = p * y + 1.0 / 120;
    p = p * y + 1.0 / 24;
    p = p * y + 1.0 / 6;
    p = p * y + 0.5;
    p = p * y + 1;
    p = p * y + 1;
    return p * psw_of_bits((psw_bits_of(t) << 52) + 0x3ff0000000000000);
}

#endif
