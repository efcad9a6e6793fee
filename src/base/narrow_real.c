/* Rows and columns of a format with scales of their own. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "polysweep/narrow_rows.h"

/* ---- numbers ---- */

#ifdef PSW_SINGLE

typedef struct constants {
    int dropped;          /* bits of the significand */
    uint32_t below, half; /* mask of them, and half a spacing less one */
    float shift, least, limit;
} constants;

static constants constants_of(const psw_narrow *format)
{
    constants c = {.dropped = 24 - format->bits};
    c.below = (UINT32_C(1) << c.dropped) - 1;
    c.half = c.below >> 1;
    c.shift = ldexpf(1.5F, 23 + format->least + 1 - format->bits);
    c.least = ldexpf(1, format->least);
    c.limit = ldexpf(1, format->largest + 1); /* infinite for exponents of float */
    return c;
}

/* x <- round(x up) down. Half a spacing is added to the bits, less one where the number is even, and what is below the
 * spacing cut off. Below the normal numbers, where the spacing stays the same, `shift` is added and taken away. */
static inline void round_scaled(const constants *c, float *restrict x, ptrdiff_t i, float up, float down)
{
    uint32_t bits;
    float from = x[i] * up, normal, tiny = (from + c->shift) - c->shift, to;
    memcpy(&bits, &from, sizeof bits);
    bits = (bits + c->half + (bits >> c->dropped & 1)) & ~c->below;
    memcpy(&normal, &bits, sizeof normal);
    to = fabsf(from) < c->least ? tiny : normal;
    to = fabsf(to) >= c->limit ? INFINITY : to;
    to = from != from ? from : to;
    x[i] = copysignf(to, from) * down;
}

#else

typedef const psw_narrow *constants;

static constants constants_of(const psw_narrow *format)
{
    return format;
}

static inline void round_scaled(const constants *c, double *x, ptrdiff_t i, double up, double down)
{
    x[i] *= up;
    psw_narrow_doubles(*c, x + i, 1);
    x[i] *= down;
}

#endif

void psw_narrow_numbers(const psw_narrow *format, psw_real *x, ptrdiff_t count)
{
    const constants c = constants_of(format);
    for (ptrdiff_t i = 0; i < count; i++) round_scaled(&c, x, i, 1, 1);
}

/* ---- rows and columns ---- */

/* The power of two that brings `largest` to the top of the range; 1 where there is nothing to bring. Such a factor and
 * its inverse are normal numbers of either precision. */
static psw_real scale_of(const psw_narrow *format, psw_real largest)
{
    int exponent;
    if (!(largest > 0 && largest <= (psw_real)FLT_MAX)) return 1;
    frexp((double)largest, &exponent); /* largest < 2^exponent */
    int up = format->largest - exponent;
    return (psw_real)ldexp(1, up > 100 ? 100 : up < -100 ? -100 : up);
}

/* The largest magnitude, unless a number is NaN. */
static psw_real largest_of(const psw_real *x, ptrdiff_t count)
{
    psw_real largest = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_real size = x[i] < 0 ? -x[i] : x[i];
        largest = size > largest ? size : largest;
    }
    return largest;
}

void psw_narrow_rows(const psw_narrow *format, psw_rows x)
{
    const constants c = constants_of(format);
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        psw_real *row = x.at + i * x.stride, up = scale_of(format, largest_of(row, x.cols)), down = 1 / up;
        for (ptrdiff_t j = 0; j < x.cols; j++) round_scaled(&c, row, j, up, down);
    }
}

void psw_narrow_columns(const psw_narrow *format, psw_rows x)
{
    const constants c = constants_of(format);
    psw_real up[PSW_PANEL], down[PSW_PANEL], largest[PSW_PANEL] = {0};
    for (ptrdiff_t i = 0; i < x.rows; i++)
        for (ptrdiff_t j = 0; j < x.cols; j++) {
            psw_real size = x.at[i * x.stride + j] < 0 ? -x.at[i * x.stride + j] : x.at[i * x.stride + j];
            largest[j] = size > largest[j] ? size : largest[j];
        }
    for (ptrdiff_t j = 0; j < x.cols; j++) up[j] = scale_of(format, largest[j]), down[j] = 1 / up[j];
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        psw_real *row = x.at + i * x.stride;
        for (ptrdiff_t j = 0; j < x.cols; j++) round_scaled(&c, row, j, up[j], down[j]);
    }
}
