/* taylor: w = 1 + z + ... + z^p / p!, p = order. Even orders are positive everywhere; odd ones ascend, and are negative
 * below their one root.
 *
 * With s the power of two above the peak m = max |z| and u = z / s, the weight under the exponent E is the polynomial
 * of u with the coefficients s^i / i! 2^-E. Their mantissas and exponents are kept apart, and E is that of the sum at
 * u = m / s, which no weight exceeds: nothing overflows. In double for both precisions. The error of a weight is that
 * of its largest term, some 2^-52 e^|z|. */
#include <math.h>
#include <string.h>

#include "polysweep/transcend.h"
#include "attend/weigh.h"

enum { BLOCK = 64, MOST = 64 };

typedef struct series {
    ptrdiff_t order;
    int power; /* s = 2^power */
    double mantissa[MOST + 1];
    int exponent[MOST + 1];
} series;

/* s^i / i! for each i */
static void expand(series *s)
{
    s->mantissa[0] = 1, s->exponent[0] = 0;
    for (ptrdiff_t i = 1; i <= s->order; i++) {
        int own;
        s->mantissa[i] = frexp(s->mantissa[i - 1] / (double)i, &own);
        s->exponent[i] = s->exponent[i - 1] + own + s->power;
    }
}

/* The coefficients under an exponent; those far below it are 0. */
static void under(const series *s, int exponent, double a[MOST + 1])
{
    for (ptrdiff_t i = 0; i <= s->order; i++) {
        int own = s->exponent[i] - exponent;
        a[i] = own < -1000 ? 0 : ldexp(s->mantissa[i], own);
    }
}

static double value(const double *a, ptrdiff_t order, double u)
{
    double sum = a[order];
    for (ptrdiff_t i = order; i-- > 0;) sum = psw_fma(sum, u, a[i]);
    return sum;
}

/* E, of the sum at u */
static int exponent_at(const series *s, double u)
{
    double a[MOST + 1] = {0};
    int top = 0, own;
    for (ptrdiff_t i = 1; i <= s->order; i++) top = s->exponent[i] > top ? s->exponent[i] : top;
    under(s, top, a);
    frexp(value(a, s->order, u), &own);
    return top + own - 1;
}

/* What a negative sum is multiplied with. An even one is not negative but for rounding. */
static double factor_below(ptrdiff_t order, psw_negative negative)
{
    return order % 2 == 0 || negative == PSW_NEGATIVE_RELU ? 0 : negative == PSW_NEGATIVE_ABS ? -1 : 1;
}

/* Vectors of doubles, in both precisions. */
typedef double lanes __attribute__((vector_size(PSW_VECTOR_BYTES), may_alias));
typedef int64_t lanes_bits __attribute__((vector_size(PSW_VECTOR_BYTES)));

static inline lanes settled(lanes sum, double below, double lowest)
{
    lanes_bits negative = (lanes_bits)(sum < 0), bits = (lanes_bits)sum;
    bits = (negative & (lanes_bits)(sum * below)) | (~negative & bits);
    lanes_bits large = (lanes_bits)((lanes)(bits & INT64_MAX) >= lowest);
    return (lanes)(bits & large);
}

/* Sums at BLOCK scores: loops of one length become vector loops. */
static void sum_block(const series *s, const double *a, const psw_real *z, double sum[BLOCK])
{
    double u[BLOCK], to_u = psw_scaled(1, -s->power);
    for (int j = 0; j < BLOCK; j++) u[j] = (double)z[j] * to_u;
    for (int j = 0; j < BLOCK; j++) sum[j] = a[s->order];
    for (ptrdiff_t i = s->order; i-- > 0;)
        for (int j = 0; j < BLOCK; j++) sum[j] = psw_fma(sum[j], u[j], a[i]);
}

static void weigh_block(const series *s, const double *a, double below, const psw_real *z, psw_real *w)
{
    _Alignas(PSW_VECTOR_BYTES) double sum[BLOCK];
    double lowest = psw_scaled(1, PSW_LOWEST_EXPONENT);
    sum_block(s, a, z, sum);
    for (size_t j = 0; j < BLOCK; j += sizeof(lanes) / sizeof(double)) {
        lanes *at = (lanes *)(sum + j);
        *at = settled(*at, below, lowest);
    }
    for (int j = 0; j < BLOCK; j++) w[j] = (psw_real)sum[j];
}

static attend_weight_sum weigh(const psw_point *point, const attend_score_row *row, psw_real *w)
{
    series s = {.order = point->order};
    double a[MOST + 1] = {0}, below = factor_below(point->order, point->negative);
    psw_real last[BLOCK] = {0};
    if (!isfinite(row->peak)) return attend_constant_weights(row->count, 0, (attend_weight_sum){NAN, 0}, w);
    frexp(row->peak, &s.power);
    if (s.power < -1000) s.power = -1000; /* 1 / s is finite */
    expand(&s);
    int exponent = exponent_at(&s, ldexp(row->peak, -s.power));
    under(&s, exponent, a);
    ptrdiff_t whole = row->count / BLOCK * BLOCK;
    for (ptrdiff_t first = 0; first < whole; first += BLOCK) weigh_block(&s, a, below, row->z + first, w + first);
    memcpy(last, row->z + whole, (size_t)(row->count - whole) * sizeof *last);
    if (whole < row->count) weigh_block(&s, a, below, last, last);
    memcpy(w + whole, last, (size_t)(row->count - whole) * sizeof *last);
    return (attend_weight_sum){psw_row_sum(w, row->count), exponent};
}

/* In double, and its sign. */
static psw_weigh_work work(const psw_point *point)
{
    return (psw_weigh_work){.multiplications = 2 * (double)point->order + 4};
}

/* The root of an odd order lies above -(order + 1). */
static double least(const psw_point *point)
{
    series s = {.order = point->order};
    double a[MOST + 1] = {0}, below = -(double)(point->order + 1), above = 0;
    if (point->order % 2 == 0) return -INFINITY;
    expand(&s);
    under(&s, 0, a);
    for (int i = 0; i < 60; i++) {
        double middle = (below + above) / 2;
        if (value(a, s.order, middle) < 0)
            below = middle;
        else
            above = middle;
    }
    return above;
}

const attend_method_row ATTEND_WEIGH(taylor) = {
    .peak = attend_peak_magnitude, .weigh = weigh, .work = work, .least = least};
