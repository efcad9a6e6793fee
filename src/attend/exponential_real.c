/* Weights by log2 and exp2, in the precision of the scores. The argument of an exponential is made in parts, so that
 * what it loses does not grow with its size: weights are as good as exponentials of small numbers. */
#include <math.h>

#include "polysweep/powers.h"
#include "polysweep/transcend.h"
#include "attend/weigh.h"

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

static inline psw_lanes signed_weight(psw_lanes z, psw_lanes weight, const degree *d)
{
    psw_lanes_bits bits = (psw_lanes_bits)z;
    psw_lanes_bits large = (psw_lanes_bits)((psw_lanes)(bits & d->look) >= d->least);
    return (psw_lanes)((((psw_lanes_bits)weight) | (bits & d->sign)) & large);
}

/* n = the integer nearest to beta log2 |z|, r what is left of it: the large product is exact, the others are small. */
static inline psw_chunk real_power(psw_chunk z, psw_logs logs, const degree *d)
{
    psw_chunk beta = psw_chunk_all(d->beta), start = psw_chunk_all(d->whole);
    psw_chunk shifted = psw_chunk_fused(beta, logs.upper, start);
    psw_chunk r = psw_chunk_rest(beta, logs.upper, psw_chunk_minus(shifted, start));
    r = psw_chunk_fused(beta, logs.lower, r);
    r = psw_chunk_fused(psw_chunk_all(d->beta_lower), logs.upper, r);
    psw_chunk w = psw_chunk_power_of_two(r, shifted);
    return (psw_chunk){signed_weight(z.a, w.a, d), signed_weight(z.b, w.b, d), signed_weight(z.c, w.c, d),
                       signed_weight(z.d, w.d, d)};
}

static inline psw_chunk power_of_own_logs(const psw_real *z, ptrdiff_t at, const void *how)
{
    psw_chunk scores = psw_chunk_load(z);
    (void)at;
    return real_power(scores, psw_chunk_log2(scores), how);
}

static inline psw_chunk power_of_given_logs(const psw_real *z, ptrdiff_t at, const void *how)
{
    const degree *d = how;
    psw_logs logs = {psw_chunk_load(d->log2_upper + at), psw_chunk_load(d->log2_lower + at)};
    return real_power(psw_chunk_load(z), logs, d);
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

double attend_real_degree_weights(double beta, psw_negative negative, const attend_score_row *row, double exponent,
                                  psw_real *w)
{
    degree own = degree_of(beta, negative, row, exponent); /* a local one, which no store to w can alias */
    if (has_room(beta, exponent) && own.log2_upper)
        return attend_weigh_row(row, power_of_given_logs, power_of_own_logs, &own, 0, w);
    if (has_room(beta, exponent)) return attend_weigh_row(row, power_of_own_logs, power_of_own_logs, &own, 0, w);
    for (ptrdiff_t i = 0; i < row->count; i++) w[i] = (psw_real)wide_power((double)row->z[i], beta, &own, exponent);
    return psw_row_sum(w, row->count);
}

/* ---- e^z = 2^(z log2 e - E) 2^E, E = floor(peak log2 e) ---- */

typedef struct exponential {
    psw_real whole; /* PSW_WHOLE - E */
    psw_real least; /* larger scores have a weight */
} exponential;

static inline psw_lanes where_larger(psw_lanes z, psw_real least, psw_lanes w)
{
    return (psw_lanes)((psw_lanes_bits)w & (psw_lanes_bits)(z > least));
}

static inline psw_chunk exponential_chunk(const psw_real *z, ptrdiff_t at, const void *how)
{
    const exponential *e = how;
    psw_chunk x = psw_chunk_load(z), w = psw_chunk_exp(x, e->whole);
    (void)at;
    return (psw_chunk){where_larger(x.a, e->least, w.a), where_larger(x.b, e->least, w.b),
                       where_larger(x.c, e->least, w.c), where_larger(x.d, e->least, w.d)};
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
