#include <math.h>
#include <stdint.h>
#include <string.h>

#include "attend/cache.h"

static size_t bytes_of(psw_precision format)
{
    static const size_t bytes[] = {[PSW_FP64] = 8, [PSW_FP32] = 4, [PSW_BF16] = 2, [PSW_FP16] = 2};
    return bytes[format];
}

static ptrdiff_t groups_of(ptrdiff_t tokens)
{
    return (tokens + PSW_DECODE_GROUP - 1) / PSW_DECODE_GROUP;
}

attend_cache attend_cache_take(psw_arena *arena, psw_precision format, ptrdiff_t tokens, ptrdiff_t width, ptrdiff_t v)
{
    attend_cache cache = {.format = format, .tokens = tokens, .width = width, .v = v};
    cache.keys = psw_arena_take(arena, groups_of(tokens) * PSW_DECODE_GROUP * width, bytes_of(format));
    cache.values = psw_arena_take(arena, tokens * v, bytes_of(format));
    return cache;
}

/* ---- numbers in ---- */

/* x rounded to `digits` binary digits, ties to even; below 2^least_exponent to a multiple of the smallest number. */
static double rounded(double x, int digits, int least_exponent)
{
    int exponent;
    if (x == 0 || !isfinite(x)) return x;
    frexp(x, &exponent);
    int unit = (exponent > least_exponent ? exponent : least_exponent) - digits;
    return ldexp(nearbyint(ldexp(x, -unit)), unit);
}

/* 1 sign, 8 exponent and 7 fraction bits: the upper half of a float */
static uint16_t bf16_of(double x)
{
    float value = (float)rounded(x, 8, -125);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 16);
}

/* 1 sign, 5 exponent and 10 fraction bits: times 2^-112 its exponent is that of a float */
static uint16_t fp16_of(double x)
{
    double size = rounded(fabs(x), 11, -13);
    float value = (float)ldexp(size > 65504 ? 65536 : size, -112);
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (uint16_t)(bits >> 13 | (signbit(x) ? 0x8000u : 0));
}

static bool put(void *at, ptrdiff_t place, psw_precision format, double x)
{
    static const double most[] = {
        [PSW_FP64] = DBL_MAX, [PSW_FP32] = FLT_MAX, [PSW_BF16] = 0x1.fep127, [PSW_FP16] = 65504};
    switch (format) {
    case PSW_FP64: ((double *)at)[place] = x; break;
    case PSW_FP32: ((float *)at)[place] = (float)x; break;
    case PSW_BF16: ((uint16_t *)at)[place] = bf16_of(x); break;
    case PSW_FP16: ((uint16_t *)at)[place] = fp16_of(x); break;
    }
    return fabs(x) <= most[format];
}

bool attend_cache_put(const attend_cache *c, ptrdiff_t at, const double *key, const double *values)
{
    ptrdiff_t group = at / PSW_DECODE_GROUP, lane = at % PSW_DECODE_GROUP;
    bool fits = true;
    for (ptrdiff_t a = 0; a < c->width; a++)
        fits &= put(c->keys, (group * c->width + a) * PSW_DECODE_GROUP + lane, c->format, key[a]);
    for (ptrdiff_t i = 0; i < c->v; i++) fits &= put(c->values, at * c->v + i, c->format, values[i]);
    return fits;
}

/* ---- numbers out ---- */

static inline float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The exponent of a half grows by 112; with the lowest one it is a fraction of 2^-14. Without a branch. */
static inline float float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, size = (uint32_t)(half & 0x7fff) << 13,
             least = UINT32_C(113) << 23;
    float normal = float_of_bits(size + (UINT32_C(112) << 23)),
          small = float_of_bits(size + least) - float_of_bits(least);
    float value = size < (UINT32_C(1) << 23) ? small : normal;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return float_of_bits(bits | sign);
}

static inline psw_real number(const void *at, ptrdiff_t place, psw_precision format)
{
    switch (format) {
    case PSW_FP64: return (psw_real)((const double *)at)[place];
    case PSW_FP32: return (psw_real)((const float *)at)[place];
    case PSW_BF16: return (psw_real)float_of_bits((uint32_t)((const uint16_t *)at)[place] << 16);
    default: return (psw_real)float_of_half(((const uint16_t *)at)[place]);
    }
}

/* One group of keys. A constant format makes each of these loops one vector loop. */
static inline void group_scores(const attend_cache *c, psw_precision format, const psw_real *restrict q,
                                ptrdiff_t group, psw_real *restrict z)
{
    psw_real sum[PSW_DECODE_GROUP] = {0};
    ptrdiff_t at = group * c->width * PSW_DECODE_GROUP;
    for (ptrdiff_t a = 0; a < c->width; a++, at += PSW_DECODE_GROUP)
        for (int i = 0; i < PSW_DECODE_GROUP; i++) sum[i] += q[a] * number(c->keys, at + i, format);
    memcpy(z, sum, sizeof sum);
}

static inline void scores_as(const attend_cache *c, psw_precision format, const psw_real *q, ptrdiff_t first,
                             ptrdiff_t count, psw_real *z)
{
    for (ptrdiff_t j = 0; j < count; j += PSW_DECODE_GROUP)
        group_scores(c, format, q, (first + j) / PSW_DECODE_GROUP, z + j);
}

void attend_cache_scores(const attend_cache *c, const psw_real *q, ptrdiff_t first, ptrdiff_t count, psw_real *z)
{
    switch (c->format) {
    case PSW_FP64: scores_as(c, PSW_FP64, q, first, count, z); break;
    case PSW_FP32: scores_as(c, PSW_FP32, q, first, count, z); break;
    case PSW_BF16: scores_as(c, PSW_BF16, q, first, count, z); break;
    case PSW_FP16: scores_as(c, PSW_FP16, q, first, count, z); break;
    }
}

static inline void add_as(const attend_cache *c, psw_precision format, const psw_real *restrict w, ptrdiff_t first,
                          ptrdiff_t count, psw_real *restrict sum)
{
    for (ptrdiff_t j = 0; j < count; j++)
        for (ptrdiff_t i = 0; i < c->v; i++) sum[i] += w[j] * number(c->values, (first + j) * c->v + i, format);
}

void attend_cache_add(const attend_cache *c, const psw_real *w, ptrdiff_t first, ptrdiff_t count, psw_real *sum)
{
    switch (c->format) {
    case PSW_FP64: add_as(c, PSW_FP64, w, first, count, sum); break;
    case PSW_FP32: add_as(c, PSW_FP32, w, first, count, sum); break;
    case PSW_BF16: add_as(c, PSW_BF16, w, first, count, sum); break;
    case PSW_FP16: add_as(c, PSW_FP16, w, first, count, sum); break;
    }
}
