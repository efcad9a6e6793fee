/* Weights z^beta under the exponent E = floor(beta log2 peak): nothing overflows, and only what is
 * 2^PSW_LOWEST_EXPONENT of the largest or less becomes 0. Of integer degrees they are powers of u = z c, c =
 * 2^(-E/beta), which is below 2^(1/beta); of real ones exponentials of logarithms (exponential_real.c). */
#include <math.h>

#include "polysweep/transcend.h"
#include "attend/weigh.h"

/* ---- peaks ---- */

psw_peak_order attend_peak_magnitude(const psw_point *point)
{
    (void)point;
    return PSW_PEAK_MAGNITUDE;
}

psw_peak_order attend_peak_largest(const psw_point *point)
{
    (void)point;
    return PSW_PEAK_SIGNED;
}

psw_peak_order attend_peak_power(const psw_point *point)
{
    return point->negative == PSW_NEGATIVE_RELU ? PSW_PEAK_SIGNED : PSW_PEAK_MAGNITUDE;
}

/* ---- integer degrees ---- */

/* u^degree by squaring; the last square of the factor is left out: it is not needed and could overflow */
static inline psw_chunk power(psw_chunk u, unsigned long degree)
{
    for (; degree % 2 == 0; degree /= 2) u = psw_chunk_times(u, u);
    psw_chunk w = u;
    while (degree /= 2) {
        u = psw_chunk_times(u, u);
        if (degree % 2) w = psw_chunk_times(w, u);
    }
    return w;
}

typedef struct scaling {      /* u = z c is the base of the power, u^degree scale the weight */
    psw_real c, least, scale; /* a smaller |u| has weight 0 */
    psw_lane_bits keep;       /* bits of u: all, or all but the sign for |u| */
    unsigned long degree;     /* >= 1 */
} scaling;

static inline psw_chunk weigh_chunk(const psw_real *z, const scaling *s, psw_lane_bits keep, unsigned long degree)
{
    psw_chunk w = power(psw_chunk_scale(psw_chunk_load(z), s->c, s->least, keep), degree);
    return (psw_chunk){w.a * s->scale, w.b * s->scale, w.c * s->scale, w.d * s->scale};
}

/* Rows of the degrees that are usual: loops whose steps are known to the compiler. Signs stay where the degree is odd.
 */
#define ROW_OF_DEGREE(degree)                                                                                          \
    static psw_chunk chunk_##degree(const psw_real *z, ptrdiff_t at, const void *how)                                  \
    {                                                                                                                  \
        (void)at;                                                                                                      \
        return weigh_chunk(z, how, -1, degree);                                                                        \
    }                                                                                                                  \
    static double row_##degree(const attend_score_row *row, const scaling *s, psw_real *w)                             \
    {                                                                                                                  \
        scaling own = *s; /* a local one, which no store to w can alias */                                             \
        return attend_weigh_row(row, chunk_##degree, chunk_##degree, &own, 0, w);                                      \
    }
ROW_OF_DEGREE(1)
ROW_OF_DEGREE(2)
ROW_OF_DEGREE(3)
ROW_OF_DEGREE(4)
ROW_OF_DEGREE(5)
ROW_OF_DEGREE(6)
ROW_OF_DEGREE(7)
ROW_OF_DEGREE(8)
ROW_OF_DEGREE(9)
ROW_OF_DEGREE(10)
ROW_OF_DEGREE(11)
ROW_OF_DEGREE(12)

static psw_chunk chunk_of_any(const psw_real *z, ptrdiff_t at, const void *how)
{
    const scaling *s = how;
    (void)at;
    return weigh_chunk(z, s, s->keep, s->degree);
}

static double row_of_any(const attend_score_row *row, const scaling *s, psw_real *w)
{
    scaling own = *s;
    return attend_weigh_row(row, chunk_of_any, chunk_of_any, &own, 0, w);
}

static double weigh_row(const attend_score_row *row, const scaling *s, psw_real *w)
{
    static double (*const rows[])(const attend_score_row *row, const scaling *s, psw_real *w) = {
        NULL, row_1, row_2, row_3, row_4, row_5, row_6, row_7, row_8, row_9, row_10, row_11, row_12};
    bool usual = s->degree < sizeof rows / sizeof *rows && (s->keep == -1 || s->degree % 2 == 0);
    return (usual ? rows[s->degree] : row_of_any)(row, s, w);
}

/* ---- all degrees ---- */

#define LARGEST_POWER 0x1p20 /* larger integers are treated as real degrees */

/* 2^(-E/beta) with the rounding of a number near 1: whole powers of two are split off exactly. */
static double factor(double exponent, double beta)
{
    double inverse = 1 / beta, whole = nearbyint(-exponent * inverse);
    return psw_scaled(psw_exp2(fma(-whole, beta, -exponent) * inverse), (long)whole);
}

/* c = 2^-k, k the exponent of the largest score, is exact, and so is 2^(k beta - E): of the error of a weight only that
 * of the multiplications is left, (beta - 1) / 2 roundings at most. The largest power then is up to 2^beta; where that
 * is out of range c = 2^(-E/beta), whose rounding is raised to the power too. */
static scaling scale_of(double beta, psw_negative negative, double peak, double exponent)
{
    double k = (double)(psw_bits_of(peak) >> 52) - 1023; /* positive and normal */
    double least = psw_exp2((PSW_LOWEST_EXPONENT + exponent) / beta - k);
    scaling s = {.c = (psw_real)psw_scaled(1, (long)-k), .scale = (psw_real)psw_scaled(1, (long)(k * beta - exponent))};
    if (beta > -PSW_LOWEST_EXPONENT) {
        least = psw_exp2(PSW_LOWEST_EXPONENT / beta);
        s = (scaling){.c = (psw_real)factor(exponent, beta), .scale = 1};
    }
    s.least = least > (double)PSW_REAL_MIN ? (psw_real)least : PSW_REAL_MIN;
    s.keep = negative == PSW_NEGATIVE_ABS ? PSW_LANE_MAGNITUDE : -1;
    s.degree = (unsigned long)beta;
    return s;
}

/* max(z, 0) */
static const psw_real *positive_part(const attend_score_row *row, psw_real *to)
{
    for (ptrdiff_t i = 0; i < row->count; i++) to[i] = row->z[i] > 0 ? row->z[i] : 0;
    return to;
}

static double integer_degree_weights(double beta, psw_negative negative, const attend_score_row *row, double exponent,
                                     psw_real *w)
{
    attend_score_row base = *row;
    scaling s = scale_of(beta, negative, row->peak, exponent);
    if (negative == PSW_NEGATIVE_RELU) base.z = positive_part(row, w);
    return weigh_row(&base, &s, w);
}

bool attend_degree_is_real(double beta)
{
    return beta > LARGEST_POWER || beta != floor(beta);
}

attend_weight_sum attend_power_weights(double beta, psw_negative negative, const attend_score_row *row, psw_real *w)
{
    if (beta == 0) return attend_constant_weights(row->count, 1, (attend_weight_sum){(double)row->count, 0}, w);
    if (!isfinite(row->peak)) return attend_constant_weights(row->count, 0, (attend_weight_sum){NAN, 0}, w);
    if (row->peak < (double)PSW_REAL_MIN)
        return attend_constant_weights(row->count, 0, (attend_weight_sum){0, PSW_EMPTY}, w);
    double exponent = floor(beta * row->log2_peak);
    double sum = attend_degree_is_real(beta) ? attend_real_degree_weights(beta, negative, row, exponent, w)
                                             : integer_degree_weights(beta, negative, row, exponent, w);
    return (attend_weight_sum){sum, (int)exponent};
}
