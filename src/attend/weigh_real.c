/* Weights z^beta. With E = floor(beta log2 peak) and c = 2^(-E/beta), u = z c is below 2^(1/beta) and u^beta is the
 * weight under the exponent E: nothing overflows, and only what is 2^PSW_LOWEST_EXPONENT of the largest or less becomes
 * 0. */
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

static inline psw_chunk weigh_chunk(const psw_real *z, const attend_scaling *s)
{
    return power(psw_chunk_scale(psw_chunk_load(z), s->c, s->least, s->keep), s->degree);
}

/* Every PSW_PARTS-th chunk of the row, whose entries join the same sums. */
static inline psw_chunk weigh_part(const psw_real *z, ptrdiff_t count, const attend_scaling *s, psw_real *w)
{
    psw_chunk sum = {{0}, {0}, {0}, {0}};
    for (ptrdiff_t i = 0; i < count; i += PSW_ABREAST) {
        psw_chunk weights = weigh_chunk(z + i, s);
        psw_chunk_store(weights, w + i);
        sum = psw_chunk_plus(sum, weights);
    }
    return sum;
}

static double weigh_row(const attend_score_row *row, const attend_scaling *s, psw_real *w)
{
    psw_abreast sums;
    attend_scaling own = *s; /* a local copy, which no store to w can alias */
    ptrdiff_t whole = row->count / PSW_ABREAST * PSW_ABREAST;
    psw_real edge[PSW_ABREAST] = {0};
    size_t bytes = (size_t)(row->count - whole) * sizeof(psw_real);
    memcpy(edge, row->z + whole, bytes);
    for (int i = 0; i < PSW_PARTS; i++) {
        psw_chunk sum = weigh_part(row->z + i * PSW_CHUNK, whole, &own, w + i * PSW_CHUNK);
        if (bytes) sum = psw_chunk_plus(sum, weigh_part(edge + i * PSW_CHUNK, PSW_ABREAST, &own, edge + i * PSW_CHUNK));
        sums.part[i] = sum;
    }
    memcpy(w + whole, edge, bytes);
    return psw_abreast_total(&sums);
}

/* ---- all degrees ---- */

#define LARGEST_POWER 0x1p20 /* larger integers are treated as real degrees */

/* 2^(-E/beta) with the rounding of a number near 1: whole powers of two are split off exactly. */
static double factor(double exponent, double beta)
{
    double inverse = 1 / beta, whole = nearbyint(-exponent * inverse);
    return psw_scaled(psw_exp2(fma(-whole, beta, -exponent) * inverse), (long)whole);
}

/* For beta < 1 the factor 2^(-E/beta) has no useful bound; there the exponential includes 2^-E. */
static attend_scaling scale_of(double beta, psw_negative negative, double peak, double exponent)
{
    bool carried = beta >= 1, integer = beta == floor(beta) && beta <= LARGEST_POWER;
    double least = carried ? psw_exp2(PSW_LOWEST_EXPONENT / beta) : psw_exp2_any(PSW_LOWEST_EXPONENT / beta) * peak;
    return (attend_scaling){.c = (psw_real)(carried ? factor(exponent, beta) : 1),
                            .least = least > (double)PSW_REAL_MIN ? (psw_real)least : PSW_REAL_MIN,
                            .keep = negative == PSW_NEGATIVE_ABS ? PSW_LANE_MAGNITUDE : -1,
                            .degree = integer ? (unsigned long)beta : 0,
                            .exponent = carried ? 0 : exponent};
}

/* max(z, 0) */
static const psw_real *positive_part(const attend_score_row *row, psw_real *to)
{
    for (ptrdiff_t i = 0; i < row->count; i++) to[i] = row->z[i] > 0 ? row->z[i] : 0;
    return to;
}

attend_weight_sum attend_power_weights(double beta, psw_negative negative, const attend_score_row *row, psw_real *w)
{
    attend_score_row base = *row;
    if (beta == 0) return attend_constant_weights(row->count, 1, (attend_weight_sum){(double)row->count, 0}, w);
    if (!isfinite(row->peak)) return attend_constant_weights(row->count, 0, (attend_weight_sum){NAN, 0}, w);
    if (row->peak < (double)PSW_REAL_MIN)
        return attend_constant_weights(row->count, 0, (attend_weight_sum){0, PSW_EMPTY}, w);
    if (negative == PSW_NEGATIVE_RELU) base.z = positive_part(row, w);
    double exponent = floor(beta * row->log2_peak);
    attend_scaling s = scale_of(beta, negative, row->peak, exponent);
    double sum = s.degree ? weigh_row(&base, &s, w) : attend_real_degree_weights(&base, &s, beta, w);
    return (attend_weight_sum){sum, (int)exponent};
}
