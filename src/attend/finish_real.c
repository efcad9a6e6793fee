#include "attend/finish.h"

#include <math.h>

#include "attend/method.h"
#include "polysweep/transcend.h"

/* A denominator den 2^exponent. */
typedef struct scaled {
    double den;
    int exponent;
} scaled;

/* den 2^E + den_constant, under the larger of their exponents: nothing overflows at any degree. */
static scaled denominator(double den, int exponent, double den_constant)
{
    int own;
    if (den_constant == 0) return (scaled){den, exponent};
    double mantissa = frexp(den_constant, &own);
    int top = own > exponent ? own : exponent;
    return (scaled){den * attend_scale_to(exponent, top) + mantissa * attend_scale_to(own, top), top};
}

static double log2_of(scaled d)
{
    return d.exponent == PSW_EMPTY ? -INFINITY : psw_log2_any(d.den) + d.exponent;
}

/* to = num up / den. In single precision a product with the inverse has the same bits but for ties. */
static void divide(const double *restrict num, ptrdiff_t count, double up, double den, psw_real *restrict to)
{
#ifdef PSW_SINGLE
    double inverse = up / den;
    for (ptrdiff_t c = 0; c < count; c++) to[c] = (psw_real)(num[c] * inverse);
#else
    for (ptrdiff_t c = 0; c < count; c++) to[c] = num[c] * up / den;
#endif
}

static bool finish_row(const double *sums, ptrdiff_t v, int exponent, double den_constant, attend_results to)
{
    scaled d = denominator(sums[v + 1], exponent, den_constant);
    double up = attend_scale_to(exponent, d.exponent);
    *to.log2_den = log2_of(d);
    if (d.den == 0 || exponent == PSW_EMPTY) {
        for (ptrdiff_t c = 0; c < v; c++) to.rows[c] = 0;
        *to.mass = 0;
        return true;
    }
    divide(sums, v, up, d.den, to.rows);
    *to.mass = sums[v] * up / d.den;
    return isfinite(psw_row_peak(PSW_PEAK_MAGNITUDE, to.rows, v)) && !isnan(d.den);
}

ptrdiff_t attend_finish_rows(attend_sums sums, double den_constant, attend_results to)
{
    ptrdiff_t v = sums.width - 2, bad = -1;
    for (ptrdiff_t i = 0; i < sums.rows; i++) {
        attend_results row = {to.rows + i * v, to.mass + i, to.log2_den + i};
        bool finite = finish_row(sums.at + i * sums.width, v, sums.exponent[i], den_constant, row);
        if (!finite && bad < 0) bad = i;
    }
    return bad;
}
