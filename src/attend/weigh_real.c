/* Weights z^beta. With E = floor(beta log2 peak) and c = 2^(-E/beta), u = z c is below 2^(1/beta) and u^beta is the
 * weight under the exponent E: nothing overflows, and what vanishes is 2^-PSW_LOWEST_EXPONENT below the largest. */
#include <math.h>

#include "attend/method.h"
#include "attend/sums.h"
#include "attend/transcend.h"

/* ---- vectors of 64 bytes: the widest there is; compilers split them where processors have less ---- */

#ifdef PSW_SINGLE
typedef int32_t lane_bits;
#define LANE_MAGNITUDE INT32_C(0x7fffffff)
#else
typedef int64_t lane_bits;
#define LANE_MAGNITUDE INT64_C(0x7fffffffffffffff)
#endif
#define LANES ((ptrdiff_t)(64 / sizeof(psw_real)))
#define CHUNK (4 * LANES) /* of a row, held in registers from score to weight */
typedef psw_real lanes __attribute__((vector_size(64)));
typedef lane_bits lanes_bits __attribute__((vector_size(64)));
typedef struct chunk {
    lanes part[4];
} chunk;

static inline lanes magnitude(lanes x)
{
    return (lanes)((lanes_bits)x & LANE_MAGNITUDE);
}

static inline lanes positive_unless(lanes x, lane_bits keep_sign)
{
    return (lanes)((lanes_bits)x & (LANE_MAGNITUDE | keep_sign));
}

/* ---- peaks ---- */

static inline lane_bits bits_of(psw_real x)
{
    lane_bits bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(lane_bits bits)
{
    psw_real x;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

/* As integers, magnitudes are in order, with infinity and NaN on top. */
double psw_peak_magnitude(const psw_real *z, ptrdiff_t count)
{
    lane_bits top = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        lane_bits bits = bits_of(z[i]) & LANE_MAGNITUDE;
        top = bits > top ? bits : top;
    }
    return of_bits(top);
}

/* The order of signed values is that of integers once the magnitude bits of negative ones are flipped. */
double psw_peak_largest(const psw_real *z, ptrdiff_t count)
{
    lane_bits top = sizeof top == 8 ? (lane_bits)INT64_MIN : (lane_bits)INT32_MIN;
    for (ptrdiff_t i = 0; i < count; i++) {
        lane_bits bits = bits_of(z[i]);
        bits ^= bits < 0 ? LANE_MAGNITUDE : 0;
        top = bits > top ? bits : top;
    }
    return of_bits(top < 0 ? top ^ LANE_MAGNITUDE : top);
}

/* ---- integer degrees ---- */

typedef struct scaling {
    psw_real c, least;    /* u = z c; a smaller |u| has weight 0 */
    lane_bits keep_sign;  /* -1: as it is; 0: |u| */
    unsigned long degree; /* >= 1 */
} scaling;

/* u^degree by squaring; the factor's last square is never made: it could overflow, and is not needed */
static inline chunk power(chunk u, unsigned long degree)
{
    for (; degree % 2 == 0; degree /= 2)
        for (int i = 0; i < 4; i++) u.part[i] *= u.part[i];
    chunk w = u;
    while (degree /= 2) {
        for (int i = 0; i < 4; i++) u.part[i] *= u.part[i];
        if (degree % 2)
            for (int i = 0; i < 4; i++) w.part[i] *= u.part[i];
    }
    return w;
}

static inline chunk weigh_chunk(const psw_real *z, const scaling *s, psw_real *w, chunk sum)
{
    chunk u;
    for (int i = 0; i < 4; i++) {
        memcpy(&u.part[i], z + i * LANES, sizeof(lanes));
        u.part[i] = positive_unless(u.part[i] * s->c, s->keep_sign);
        lanes_bits big = (lanes_bits)(magnitude(u.part[i]) >= s->least);
        u.part[i] = (lanes)((lanes_bits)u.part[i] & big);
    }
    u = power(u, s->degree);
    for (int i = 0; i < 4; i++) {
        memcpy(w + i * LANES, &u.part[i], sizeof(lanes));
        sum.part[i] += u.part[i];
    }
    return sum;
}

/* Each of the chunk's lanes has added a few numbers, in a fixed order; the rest is in double. */
static double sum_lanes(const chunk *sum)
{
    double total = 0;
    for (int i = 0; i < 4; i++)
        for (ptrdiff_t l = 0; l < LANES; l++) total += (double)sum->part[i][l];
    return total;
}

static double weigh_row(psw_score_row row, const scaling *s, psw_real *w)
{
    chunk sum = {{{0}}};
    ptrdiff_t whole = row.count / CHUNK * CHUNK;
    for (ptrdiff_t i = 0; i < whole; i += CHUNK) sum = weigh_chunk(row.z + i, s, w + i, sum);
    if (whole < row.count) {
        size_t bytes = (size_t)(row.count - whole) * sizeof(psw_real);
        psw_real edge[4 * 64 / sizeof(psw_real)] = {0};
        memcpy(edge, row.z + whole, bytes);
        sum = weigh_chunk(edge, s, edge, sum);
        memcpy(w + whole, edge, bytes);
    }
    return sum_lanes(&sum);
}

/* ---- real degrees: |u|^beta = 2^(beta log2 |u|), with the sign of u where it is kept ---- */

static double sum_row(const psw_real *w, ptrdiff_t count)
{
    chunk sum = {{{0}}};
    ptrdiff_t whole = count / CHUNK * CHUNK;
    for (ptrdiff_t i = 0; i < whole; i += CHUNK)
        for (int p = 0; p < 4; p++) {
            lanes part;
            memcpy(&part, w + i + p * LANES, sizeof part);
            sum.part[p] += part;
        }
    double total = sum_lanes(&sum);
    for (ptrdiff_t i = whole; i < count; i++) total += (double)w[i];
    return total;
}

#define BLOCK 64 /* scores that are doubles at a time */

static double weigh_row_real(psw_score_row row, const scaling *s, double beta, psw_real *w)
{
    double c = (double)s->c, least = (double)s->least, negative = s->keep_sign ? -1 : 1;
    for (ptrdiff_t first = 0; first < row.count; first += BLOCK) {
        double x[BLOCK];
        ptrdiff_t count = row.count - first < BLOCK ? row.count - first : BLOCK;
        for (ptrdiff_t i = 0; i < count; i++) x[i] = (double)row.z[first + i] * c;
        for (ptrdiff_t i = 0; i < count; i++) {
            double size = fabs(x[i]), inside = size >= least ? size : 1;
            double weight = psw_exp2(beta * psw_log2(inside)) * (x[i] < 0 ? negative : 1);
            x[i] = size >= least ? weight : 0;
        }
        for (ptrdiff_t i = 0; i < count; i++) w[first + i] = (psw_real)x[i];
    }
    return sum_row(w, row.count);
}

/* ---- the methods ---- */

#define LARGEST_POWER 0x1p20 /* larger integers are treated as real degrees */

static psw_weight_sum constant_row(ptrdiff_t count, psw_real w, psw_real *out, psw_weight_sum sum)
{
    for (ptrdiff_t i = 0; i < count; i++) out[i] = w;
    return sum;
}

static psw_weight_sum weigh_power(double beta, psw_negative negative, psw_score_row row, psw_real *w)
{
    if (beta == 0) return constant_row(row.count, 1, w, (psw_weight_sum){(double)row.count, 0});
    if (!isfinite(row.peak)) return constant_row(row.count, 0, w, (psw_weight_sum){NAN, 0});
    if (row.peak < (double)PSW_REAL_MIN) return constant_row(row.count, 0, w, (psw_weight_sum){0, PSW_EMPTY});
    double exponent = floor(beta * log2(row.peak));
    bool integer = beta == floor(beta) && beta <= LARGEST_POWER;
    double least = fmax(exp2(PSW_LOWEST_EXPONENT / beta), (double)PSW_REAL_MIN);
    scaling s = {(psw_real)exp2(-exponent / beta), (psw_real)least, negative == PSW_NEGATIVE_ABS ? 0 : -1,
                 integer ? (unsigned long)beta : 0};
    double sum = integer ? weigh_row(row, &s, w) : weigh_row_real(row, &s, beta, w);
    return (psw_weight_sum){sum, (int)exponent};
}

psw_weight_sum psw_weigh_exact(const psw_point *point, psw_score_row row, psw_real *w)
{
    return weigh_power(point->beta, point->negative, row, w);
}

psw_weight_sum psw_weigh_linear(const psw_point *point, psw_score_row row, psw_real *w)
{
    (void)point;
    return weigh_power(1, PSW_NEGATIVE_SIGNED, row, w);
}

/* 2^(z log2 e - E), E = floor(peak log2 e) */
psw_weight_sum psw_weigh_softmax(const psw_point *point, psw_score_row row, psw_real *w)
{
    (void)point;
    const double log2_e = 1.4426950408889634, least = PSW_LOWEST_EXPONENT;
    double exponent = floor(row.peak * log2_e);
    if (!(fabs(exponent) < 0x1p30)) return constant_row(row.count, 0, w, (psw_weight_sum){NAN, 0});
    for (ptrdiff_t first = 0; first < row.count; first += BLOCK) {
        double x[BLOCK];
        ptrdiff_t count = row.count - first < BLOCK ? row.count - first : BLOCK;
        for (ptrdiff_t i = 0; i < count; i++) x[i] = (double)row.z[first + i] * log2_e - exponent;
        for (ptrdiff_t i = 0; i < count; i++) {
            double weight = psw_exp2(x[i] < least ? least : x[i]);
            x[i] = x[i] < least ? 0 : weight;
        }
        for (ptrdiff_t i = 0; i < count; i++) w[first + i] = (psw_real)x[i];
    }
    return (psw_weight_sum){sum_row(w, row.count), (int)exponent};
}
