/* Weights by log2 and exp2, in the precision of the scores. The argument of an exponential is made in parts, so that
 * what it loses does not grow with its size: weights are as good as exponentials of small numbers. */
#include <math.h>

#include "polysweep/powers.h"
#include "polysweep/transcend.h"
#include "attend/weigh.h"

enum { STRETCH = 1024 }; /* scores of a row whose logarithms are kept for a moment */

void attend_log2_all(const double *x, ptrdiff_t count, double *log2)
{
    for (ptrdiff_t i = 0; i < count; i++) log2[i] = psw_log2(x[i]);
}

/* ---- logarithms of scores ---- */

void attend_scores_log2(const psw_real *z, ptrdiff_t count, psw_real *upper, psw_real *lower)
{
    psw_real last[3][PSW_CHUNK] = {{0}};
    ptrdiff_t whole = count / PSW_CHUNK * PSW_CHUNK;
    size_t bytes = (size_t)(count - whole) * sizeof **last;
    for (ptrdiff_t i = 0; i < whole; i += PSW_CHUNK) {
        psw_logs logs = psw_chunk_log2(psw_chunk_load(z + i));
        psw_chunk_store(logs.upper, upper + i);
        psw_chunk_store(logs.lower, lower + i);
    }
    if (!bytes) return;
    memcpy(last[0], z + whole, bytes);
    psw_logs logs = psw_chunk_log2(psw_chunk_load(last[0]));
    psw_chunk_store(logs.upper, last[1]);
    psw_chunk_store(logs.lower, last[2]);
    memcpy(upper + whole, last[1], bytes);
    memcpy(lower + whole, last[2], bytes);
}

/* ---- powers of a real degree ---- */

/* What becomes of a score: how its weight 2^(beta log2 |z| - E) is made, and when and with which sign it is there. */
typedef struct degree {
    psw_real beta, beta_lower; /* their sum is the degree */
    psw_real whole;            /* PSW_WHOLE - E */
    psw_real least;
    psw_lane_bits look; /* bits that are compared with `least`: of |z|, or of z, where negative scores have no weight */
    psw_lane_bits sign; /* bits that a weight takes from its score: the sign or none */
    const psw_real *log2_upper, *log2_lower;
} degree;

/* n = the integer nearest to beta log2 |z|, r what is left of it: the large product is exact, the others are small. */
static inline psw_lanes real_power(psw_lanes z, psw_lanes log2, psw_lanes log2_lower, const degree *d)
{
    psw_lanes beta = psw_lanes_all(d->beta), start = psw_lanes_all(d->whole);
    psw_lanes shifted = psw_lanes_fused(beta, log2, start);
    psw_lanes r = psw_lanes_rest(beta, log2, shifted - start);
    r = psw_lanes_fused(beta, log2_lower, r);
    if (sizeof(psw_real) < sizeof(double)) r = psw_lanes_fma(d->beta_lower, log2, r);
    psw_lanes_bits bits = (psw_lanes_bits)z, w = (psw_lanes_bits)psw_lanes_power_of_two(r, shifted);
    psw_lanes_bits large = (psw_lanes_bits)((psw_lanes)(bits & d->look) >= d->least);
    return (psw_lanes)((w | (bits & d->sign)) & large);
}

static inline psw_chunk power_of_logs(const psw_real *z, ptrdiff_t at, const void *how)
{
    const degree *d = how;
    psw_chunk x = psw_chunk_load(z), upper = psw_chunk_load(d->log2_upper + at),
              lower = psw_chunk_load(d->log2_lower + at);
    return (psw_chunk){real_power(x.a, upper.a, lower.a, d), real_power(x.b, upper.b, lower.b, d),
                       real_power(x.c, upper.c, lower.c, d), real_power(x.d, upper.d, lower.d, d)};
}

/* At the edge of a row, whose logarithms do not fill a chunk, and for rows that are longer than a stretch. */
static inline psw_chunk power_of_edge(const psw_real *z, ptrdiff_t at, const void *how)
{
    psw_chunk x = psw_chunk_load(z);
    psw_logs logs = psw_chunk_log2(x);
    (void)at;
    return (psw_chunk){
        real_power(x.a, logs.upper.a, logs.lower.a, how), real_power(x.b, logs.upper.b, logs.lower.b, how),
        real_power(x.c, logs.upper.c, logs.lower.c, how), real_power(x.d, logs.upper.d, logs.lower.d, how)};
}

static degree degree_of(double beta, psw_negative negative, const attend_score_row *row, double exponent)
{
    double least = psw_exp2_any(PSW_LOWEST_EXPONENT / beta) * row->peak;
    return (degree){.beta = (psw_real)beta,
                    .beta_lower = (psw_real)(beta - (double)(psw_real)beta),
                    .whole = (psw_real)((double)PSW_WHOLE - exponent),
                    .least = least > (double)PSW_REAL_MIN ? (psw_real)least : PSW_REAL_MIN,
                    .look = negative == PSW_NEGATIVE_RELU ? -1 : PSW_LANE_MAGNITUDE,
                    .sign = negative == PSW_NEGATIVE_SIGNED ? ~PSW_LANE_MAGNITUDE : 0,
                    .log2_upper = row->log2_upper,
                    .log2_lower = row->log2_lower};
}

/* ---- exponents that the precision has no room for: number by number, in double ---- */

/* PSW_WHOLE - E must keep its integers, and what the parts of a logarithm leave out grows with the degree. */
static bool has_room(double beta, double exponent)
{
    double most_degree = sizeof(psw_real) == 4 ? 0x1p10 : 0x1p40;
    return fabs(exponent) < (double)PSW_WHOLE / 8 && beta <= most_degree;
}

static double wide_power(double z, double beta, const degree *d, double exponent)
{
    bool seen = (d->look < 0 ? z : fabs(z)) >= (double)d->least;
    double w = seen ? psw_exp2_any(psw_fma(beta, psw_log2(fabs(z)), -exponent)) : 0;
    return z < 0 && d->sign ? -w : w;
}

static double wide_weights(const attend_score_row *row, double beta, const degree *d, double exponent, psw_real *w)
{
    for (ptrdiff_t i = 0; i < row->count; i++) w[i] = (psw_real)wide_power((double)row->z[i], beta, d, exponent);
    return psw_row_sum(w, row->count);
}

/* A row's logarithms are made before its weights: all at once takes more registers than there are. */
double attend_real_degree_weights(double beta, psw_negative negative, const attend_score_row *row, double exponent,
                                  psw_real *w)
{
    psw_real upper[STRETCH], lower[STRETCH];
    degree own = degree_of(beta, negative, row, exponent); /* a local one, which no store to w can alias */
    if (!has_room(beta, exponent)) return wide_weights(row, beta, &own, exponent, w);
    if (!own.log2_upper && row->count > STRETCH) return attend_weigh_row(row, power_of_edge, power_of_edge, &own, 0, w);
    if (!own.log2_upper) {
        attend_scores_log2(row->z, row->count, upper, lower);
        own.log2_upper = upper, own.log2_lower = lower;
    }
    return attend_weigh_row(row, power_of_logs, power_of_edge, &own, 0, w);
}

/* ---- e^z = 2^(z log2 e - E) 2^E, E = floor(peak log2 e) ---- */

typedef struct exponential {
    psw_real whole; /* PSW_WHOLE - E */
    psw_real least; /* larger scores have a weight */
} exponential;

static inline psw_lanes exponential_lanes(psw_lanes z, const exponential *e)
{
    return (psw_lanes)((psw_lanes_bits)psw_lanes_exp(z, e->whole) & (psw_lanes_bits)(z > e->least));
}

static inline psw_chunk exponential_chunk(const psw_real *z, ptrdiff_t at, const void *how)
{
    psw_chunk x = psw_chunk_load(z);
    (void)at;
    return (psw_chunk){exponential_lanes(x.a, how), exponential_lanes(x.b, how), exponential_lanes(x.c, how),
                       exponential_lanes(x.d, how)};
}

attend_weight_sum attend_exponential_weights(const attend_score_row *row, psw_real *w)
{
    const double log2_e = 1.4426950408889634;
    double exponent = floor(row->peak * log2_e);
    if (!(fabs(exponent) < 0x1p30)) return attend_constant_weights(row->count, 0, (attend_weight_sum){NAN, 0}, w);
    double least = (exponent + PSW_LOWEST_EXPONENT) / log2_e;
    exponential own = {(psw_real)((double)PSW_WHOLE - exponent), (psw_real)least};
    if (has_room(1, exponent))
        return (attend_weight_sum){attend_weigh_row(row, exponential_chunk, exponential_chunk, &own, own.least, w),
                                   (int)exponent};
    for (ptrdiff_t i = 0; i < row->count; i++) {
        double z = (double)row->z[i];
        w[i] = z > least ? (psw_real)psw_exp2(psw_fma(z, log2_e, -exponent)) : 0;
    }
    return (attend_weight_sum){psw_row_sum(w, row->count), (int)exponent};
}
