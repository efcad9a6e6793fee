#include "attend/finish.h"

#include <math.h>

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
    return (scaled){den * psw_scale_to(exponent, top) + mantissa * psw_scale_to(own, top), top};
}

static double log2_of(scaled d)
{
    if (d.exponent == PSW_EMPTY || d.den == 0) return -INFINITY;
    return d.den > 0 ? log2(d.den) + d.exponent : NAN;
}

static bool finish_row(const double *sums, ptrdiff_t v, int exponent, double den_constant, psw_results to)
{
    scaled d = denominator(sums[v + 1], exponent, den_constant);
    double up = psw_scale_to(exponent, d.exponent);
    bool empty = d.den == 0 || exponent == PSW_EMPTY, finite = true;
    for (ptrdiff_t c = 0; c < v; c++) {
        psw_real out = empty ? 0 : (psw_real)(sums[c] * up / d.den);
        to.rows[c] = out;
        finite = finite && isfinite(out);
    }
    *to.mass = empty ? 0 : sums[v] * up / d.den;
    *to.log2_den = log2_of(d);
    return finite && !isnan(d.den);
}

ptrdiff_t psw_finish_rows(psw_sums sums, double den_constant, psw_results to)
{
    ptrdiff_t v = sums.width - 2, bad = -1;
    for (ptrdiff_t i = 0; i < sums.rows; i++) {
        psw_results row = {to.rows + i * v, to.mass + i, to.log2_den + i};
        bool finite = finish_row(sums.at + i * sums.width, v, sums.exponent[i], den_constant, row);
        if (!finite && bad < 0) bad = i;
    }
    return bad;
}
