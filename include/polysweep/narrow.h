/* base: number formats narrower than single precision, emulated: numbers of a format, held in a wider type.
 *
 * Rounding is to the nearest number of the format, ties to the even one, from the type at hand in one step; what is too
 * large becomes infinite, what is tiny subnormal or a zero of its sign; NaN stays NaN. (IEEE 754-2019, 4.3.1.) The
 * sum of products of such numbers is that of hardware which multiplies them and adds in single precision. */
#ifndef POLYSWEEP_NARROW_H
#define POLYSWEEP_NARROW_H

#include <math.h>
#include <stddef.h>

typedef struct psw_narrow {
    const char *word;
    int bits;           /* of the significand, the leading one included */
    int least, largest; /* exponents of the smallest normal number and of the largest number */
} psw_narrow;

extern const psw_narrow psw_narrow_bf16; /* the upper half of a float: 8 bits, exponents -126 .. 127 */
extern const psw_narrow psw_narrow_fp16; /* binary16 of IEEE 754: 11 bits, exponents -14 .. 15 */

/* What rounding changes a normal number by, relative to it: at most this. */
static inline double psw_narrow_unit(const psw_narrow *format)
{
    return 1.0 / (1 << format->bits);
}

static inline double psw_narrow_largest(const psw_narrow *format)
{
    return ldexp(2 - ldexp(1, 1 - format->bits), format->largest);
}

/* In place. */
void psw_narrow_doubles(const psw_narrow *format, double *x, ptrdiff_t count);

#endif
