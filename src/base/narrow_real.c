/* Rows and columns of a format with scales of their own. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "polysweep/narrow_rows.h"

#ifdef PSW_SINGLE
/* Half a spacing is added to the bits, less one where the number is even, and what is below the spacing cut off; below
 * the normal numbers, where the spacing stays the same, as above. */
void psw_narrow_numbers(const psw_narrow *format, float *x, ptrdiff_t count)
{
    const int dropped = 24 - format->bits;
    const uint32_t below = (UINT32_C(1) << dropped) - 1, half = below >> 1;
    const float shift = ldexpf(1.5F, 23 + format->least + 1 - format->bits), least = ldexpf(1, format->least);
    const float limit = ldexpf(1, format->largest + 1); /* infinite for exponents of float */
    for (ptrdiff_t i = 0; i < count; i++) {
        uint32_t bits;
        float from = x[i], normal, tiny = (from + shift) - shift, to;
        memcpy(&bits, &from, sizeof bits);
        bits = (bits + half + (bits >> dropped & 1)) & ~below;
        memcpy(&normal, &bits, sizeof normal);
        to = fabsf(from) < least ? tiny : normal;
        to = fabsf(to) >= limit ? INFINITY : to;
        to = from != from ? from : to;
        x[i] = copysignf(to, from);
    }
}
#else
void psw_narrow_numbers(const psw_narrow *format, double *x, ptrdiff_t count)
{
    psw_narrow_doubles(format, x, count);
}
#endif

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
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        psw_real *row = x.at + i * x.stride, up = scale_of(format, largest_of(row, x.cols)), down = 1 / up;
        for (ptrdiff_t j = 0; j < x.cols; j++) row[j] *= up;
        psw_narrow_numbers(format, row, x.cols);
        for (ptrdiff_t j = 0; j < x.cols; j++) row[j] *= down;
    }
}

void psw_narrow_columns(const psw_narrow *format, psw_rows x)
{
    psw_real up[PSW_PANEL], down[PSW_PANEL], largest[PSW_PANEL] = {0};
    for (ptrdiff_t i = 0; i < x.rows; i++)
        for (ptrdiff_t j = 0; j < x.cols; j++) {
            psw_real size = x.at[i * x.stride + j] < 0 ? -x.at[i * x.stride + j] : x.at[i * x.stride + j];
            largest[j] = size > largest[j] ? size : largest[j];
        }
    for (ptrdiff_t j = 0; j < x.cols; j++) up[j] = scale_of(format, largest[j]), down[j] = 1 / up[j];
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        psw_real *row = x.at + i * x.stride;
        for (ptrdiff_t j = 0; j < x.cols; j++) row[j] *= up[j];
        psw_narrow_numbers(format, row, x.cols);
        for (ptrdiff_t j = 0; j < x.cols; j++) row[j] *= down[j];
    }
}
