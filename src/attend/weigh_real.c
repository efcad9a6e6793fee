/* Weights z^beta. With E = floor(beta log2 peak) and c = 2^(-E/beta), u = z c is below 2^(1/beta) and u^beta is the
 * weight under the exponent E: nothing overflows, and what vanishes is 2^-PSW_LOWEST_EXPONENT below the largest. */
#include <math.h>

#include "attend/lanes.h"
#include "attend/method.h"
#include "attend/sums.h"
#include "attend/transcend.h"

/* ---- peaks ---- */

static inline psw_lane_bits bits_of(psw_real x)
{
    psw_lane_bits bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(psw_lane_bits bits)
{
    psw_real x;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

/* As integers, magnitudes are in order, with infinity and NaN on top. */
double psw_peak_magnitude(const psw_real *z, ptrdiff_t count)
{
    psw_lane_bits top = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_lane_bits bits = bits_of(z[i]) & PSW_LANE_MAGNITUDE;
        top = bits > top ? bits : top;
    }
    return of_bits(top);
}

/* The order of signed values is that of integers once the magnitude bits of negative ones are flipped. */
double psw_peak_largest(const psw_real *z, ptrdiff_t count)
{
    psw_lane_bits top = sizeof top == 8 ? (psw_lane_bits)INT64_MIN : (psw_lane_bits)INT32_MIN;
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_lane_bits bits = bits_of(z[i]);
        bits ^= bits < 0 ? PSW_LANE_MAGNITUDE : 0;
        top = bits > top ? bits : top;
    }
    return of_bits(top < 0 ? top ^ PSW_LANE_MAGNITUDE : top);
}

/* ---- integer degrees ---- */

typedef struct scaling {
    psw_real c, least;    /* u = z c; a smaller |u| has weight 0 */
    psw_lane_bits keep;   /* bits of u: all, or all but the sign for |u| */
    unsigned long degree; /* >= 1 */
} scaling;

/* u^degree by squaring; the factor's last square is never made: it could overflow, and is not needed */
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

static inline psw_chunk weigh_chunk(const psw_real *z, const scaling *s)
{
    return power(psw_chunk_scale(psw_chunk_load(z), s->c, s->least, s->keep), s->degree);
}

static double weigh_row(const psw_score_row *row, const scaling *s, psw_real *w)
{
    psw_chunk sum = {{0}, {0}, {0}, {0}};
    scaling own = *s; /* cannot be changed by what is stored */
    ptrdiff_t whole = row->count / PSW_CHUNK * PSW_CHUNK;
    for (ptrdiff_t i = 0; i < whole; i += PSW_CHUNK) {
        psw_chunk weights = weigh_chunk(row->z + i, &own);
        psw_chunk_store(weights, w + i);
        sum = psw_chunk_plus(sum, weights);
    }
    if (whole < row->count) {
        psw_real edge[4 * 64 / sizeof(psw_real)] = {0};
        size_t bytes = (size_t)(row->count - whole) * sizeof(psw_real);
        memcpy(edge, row->z + whole, bytes);
        psw_chunk weights = weigh_chunk(edge, &own);
        psw_chunk_store(weights, edge);
        memcpy(w + whole, edge, bytes);
        sum = psw_chunk_plus(sum, weights);
    }
    return psw_chunk_sum(sum);
}

/* ---- real degrees: |u|^beta = 2^(beta log2 |u|), with the sign of u where it is kept ---- */

#define BLOCK 64 /* scores that are doubles at a time */

static double weigh_row_real(const psw_score_row *row, const scaling *s, double beta, psw_real *w)
{
    double c = (double)s->c, least = (double)s->least, negative = s->keep == -1 ? -1 : 1;
    for (ptrdiff_t first = 0; first < row->count; first += BLOCK) {
        double x[BLOCK];
        ptrdiff_t count = row->count - first < BLOCK ? row->count - first : BLOCK;
        for (ptrdiff_t i = 0; i < count; i++) x[i] = (double)row->z[first + i] * c;
        for (ptrdiff_t i = 0; i < count; i++) {
            double size = fabs(x[i]), inside = size >= least ? size : 1;
            double weight = psw_exp2(beta * psw_log2(inside)) * (x[i] < 0 ? negative : 1);
            x[i] = size >= least ? weight : 0;
        }
        for (ptrdiff_t i = 0; i < count; i++) w[first + i] = (psw_real)x[i];
    }
    return psw_row_sum(w, row->count);
}

/* ---- the methods ---- */

#define LARGEST_POWER 0x1p20 /* larger integers are treated as real degrees */

static psw_weight_sum constant_row(ptrdiff_t count, psw_real w, psw_real *out, psw_weight_sum sum)
{
    for (ptrdiff_t i = 0; i < count; i++) out[i] = w;
    return sum;
}

static psw_weight_sum weigh_power(double beta, psw_negative negative, const psw_score_row *row, psw_real *w)
{
    if (beta == 0) return constant_row(row->count, 1, w, (psw_weight_sum){(double)row->count, 0});
    if (!isfinite(row->peak)) return constant_row(row->count, 0, w, (psw_weight_sum){NAN, 0});
    if (row->peak < (double)PSW_REAL_MIN) return constant_row(row->count, 0, w, (psw_weight_sum){0, PSW_EMPTY});
    double exponent = floor(beta * log2(row->peak));
    bool integer = beta == floor(beta) && beta <= LARGEST_POWER;
    double least = fmax(exp2(PSW_LOWEST_EXPONENT / beta), (double)PSW_REAL_MIN);
    scaling s = {(psw_real)exp2(-exponent / beta), (psw_real)least,
                 negative == PSW_NEGATIVE_ABS ? PSW_LANE_MAGNITUDE : -1, integer ? (unsigned long)beta : 0};
    double sum = integer ? weigh_row(row, &s, w) : weigh_row_real(row, &s, beta, w);
    return (psw_weight_sum){sum, (int)exponent};
}

psw_weight_sum psw_weigh_exact(const psw_point *point, const psw_score_row *row, psw_real *w)
{
    return weigh_power(point->beta, point->negative, row, w);
}

psw_weight_sum psw_weigh_linear(const psw_point *point, const psw_score_row *row, psw_real *w)
{
    (void)point;
    return weigh_power(1, PSW_NEGATIVE_SIGNED, row, w);
}

/* 2^(z log2 e - E), E = floor(peak log2 e) */
psw_weight_sum psw_weigh_softmax(const psw_point *point, const psw_score_row *row, psw_real *w)
{
    (void)point;
    const double log2_e = 1.4426950408889634, least = PSW_LOWEST_EXPONENT;
    double exponent = floor(row->peak * log2_e);
    if (!(fabs(exponent) < 0x1p30)) return constant_row(row->count, 0, w, (psw_weight_sum){NAN, 0});
    for (ptrdiff_t first = 0; first < row->count; first += BLOCK) {
        double x[BLOCK];
        ptrdiff_t count = row->count - first < BLOCK ? row->count - first : BLOCK;
        for (ptrdiff_t i = 0; i < count; i++) x[i] = (double)row->z[first + i] * log2_e - exponent;
        for (ptrdiff_t i = 0; i < count; i++) {
            double weight = psw_exp2(x[i] < least ? least : x[i]);
            x[i] = x[i] < least ? 0 : weight;
        }
        for (ptrdiff_t i = 0; i < count; i++) w[first + i] = (psw_real)x[i];
    }
    return (psw_weight_sum){psw_row_sum(w, row->count), (int)exponent};
}
