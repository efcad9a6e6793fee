/* The exact side, in double. */
#include <math.h>

#include "polysweep/real.h"
#include "polysweep/targets.h"

#include "judge/errors.h"

/* Reductions run in lanes that do not wait for each other. */
enum { LANES = 16 };

PSW_CLONED double judge_errors_largest(ptrdiff_t count, const double *x)
{
    double lane[LANES] = {0}, most = 0;
    ptrdiff_t j = 0;
    for (; j + LANES <= count; j += LANES)
        for (int l = 0; l < LANES; l++) lane[l] = fabs(x[j + l]) > lane[l] ? fabs(x[j + l]) : lane[l];
    for (; j < count; j++) most = fabs(x[j]) > most ? fabs(x[j]) : most;
    for (int l = 0; l < LANES; l++) most = lane[l] > most ? lane[l] : most;
    return most;
}

static inline double sum_of(ptrdiff_t count, const double *x)
{
    double lane[LANES] = {0}, sum = 0;
    ptrdiff_t j = 0;
    for (; j + LANES <= count; j += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += x[j + l];
    for (; j < count; j++) sum += x[j];
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

static inline double sum_of_squares(ptrdiff_t count, const double *x)
{
    double lane[LANES] = {0}, sum = 0;
    ptrdiff_t j = 0;
    for (; j + LANES <= count; j += LANES)
        for (int l = 0; l < LANES; l++) lane[l] += x[j + l] * x[j + l];
    for (; j < count; j++) sum += x[j] * x[j];
    for (int l = 0; l < LANES; l++) sum += lane[l];
    return sum;
}

static inline void multiply(ptrdiff_t count, double *restrict x, const double *restrict by)
{
    for (ptrdiff_t j = 0; j < count; j++) x[j] *= by[j];
}

static inline void square(ptrdiff_t count, double *x)
{
    for (ptrdiff_t j = 0; j < count; j++) x[j] *= x[j];
}

/* The bits of p below the highest one, from the left: square, and multiply where the bit is set. */
PSW_CLONED double judge_errors_power(double p, ptrdiff_t count, double *x, double *base)
{
    double peak = judge_errors_largest(count, x);
    uint64_t degree = (uint64_t)p, bit = 1;
    if (peak < DBL_MIN) return -INFINITY;
    for (ptrdiff_t j = 0; j < count; j++) x[j] = base[j] = x[j] / peak;
    while (bit <= degree / 2) bit *= 2;
    while (bit >>= 1) {
        square(count, x);
        if (degree & bit) multiply(count, x, base);
    }
    return p * log2(peak);
}

static const double log2_e = 1.4426950408889634;

/* Under the exponent of the largest score, at least 1: no power leaves the range. */
static double weigh_partial_sum(ptrdiff_t order, ptrdiff_t count, double *z)
{
    double peak = fmax(1, judge_errors_largest(count, z));
    for (ptrdiff_t j = 0; j < count; j++) z[j] = psw_partial_sum(order, 1 / peak, z[j] / peak);
    return (double)order * log2(peak);
}

double judge_errors_weigh(const psw_errors *e, ptrdiff_t count, double *z)
{
    psw_kernel kernel = errors_kernel(&e->point);
    if (kernel == PSW_KERNEL_POWER) return judge_errors_power(e->point.beta, count, z, e->base);
    if (kernel == PSW_KERNEL_TAYLOR) return weigh_partial_sum(e->point.order, count, z);
    if (kernel == PSW_KERNEL_FEATURES) return judge_errors_largest(count, z) > 0 ? 0 : -INFINITY;
    double peak = -INFINITY;
    for (ptrdiff_t j = 0; j < count; j++) peak = z[j] > peak ? z[j] : peak;
    for (ptrdiff_t j = 0; j < count; j++) z[j] = exp(z[j] - peak);
    return peak * log2_e;
}

static psw_const_rows rows_of(const double *at, judge_errors_part part, ptrdiff_t width)
{
    return (psw_const_rows){at + part.held * width, part.count, width, width};
}

void judge_errors_scores(psw_errors *e, judge_errors_part strip, judge_errors_part keys)
{
    ptrdiff_t width = e->phi[0] ? e->shape.stored : psw_point_width(&e->point);
    const double *q = e->phi[0] ? e->phi[0] : e->q, *k = e->phi[0] ? e->phi[1] : e->k;
    psw_product_nt(rows_of(q, strip, width), rows_of(k, keys, width), psw_rows_of(e->tile, strip.count, keys.count));
}

/* ---- outputs ---- */

/* sum w log2 w; 0 log 0 = 0, and of a negative weight there is none */
static inline double information(ptrdiff_t count, const double *w)
{
    double sum = 0;
    for (ptrdiff_t j = 0; j < count; j++) sum += w[j] == 0 ? 0 : w[j] * log2(w[j]);
    return sum;
}

void judge_errors_row_under(psw_errors *e, ptrdiff_t i, double log2)
{
    judge_errors_sum *den = &e->den[i];
    if (!(log2 > den->log2)) return;
    /* u log u turns into down (u log u + u log down) */
    double down = exp2(den->log2 - log2), *out = e->out + i * e->point.v;
    e->information[i] = down > 0 ? down * (e->information[i] + den->value * (den->log2 - log2)) : 0;
    for (ptrdiff_t c = 0; c < e->point.v; c++) out[c] *= down;
    den->value *= down, den->log2 = log2;
}

/* The row of weights joins what its row has summed so far, under the larger of the two exponents. */
PSW_CLONED static void join(psw_errors *e, ptrdiff_t i, ptrdiff_t seen, double *w, double log2)
{
    judge_errors_sum *den = &e->den[i];
    double sum = sum_of(seen, w);
    judge_errors_add(&e->exact.square, e->times[i] * sum_of_squares(seen, w), 2 * log2);
    judge_errors_add(&e->exact.total, e->times[i] * sum, log2);
    judge_errors_row_under(e, i, log2);
    double factor = exp2(log2 - den->log2);
    for (ptrdiff_t j = 0; j < seen; j++) w[j] *= factor;
    den->value += factor * sum;
    e->information[i] += information(seen, w);
}

/* Rows of numerators and denominators of one strip with one block of keys. */
static void add_tile(psw_errors *e, judge_errors_part strip, judge_errors_part keys)
{
    ptrdiff_t v = e->point.v;
    judge_errors_scores(e, strip, keys);
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        double *w = e->tile + i * keys.count;
        ptrdiff_t seen = judge_errors_seen(e, strip.first + i, keys);
        double log2 = seen > 0 ? judge_errors_weigh(e, seen, w) : -INFINITY;
        if (log2 > -INFINITY)
            join(e, strip.first + i, seen, w, log2);
        else
            seen = 0;
        for (ptrdiff_t j = seen; j < keys.count; j++) w[j] = 0;
    }
    psw_gemm(false, false, keys.count, (psw_const_rows){e->tile, strip.count, keys.count, keys.count},
             (psw_const_rows){e->values, keys.count, v, v}, 1, psw_rows_of(e->out + strip.first * v, strip.count, v));
}

/* out = num / (den + den_constant); a row without weights is 0 */
static void finish_row(psw_errors *e, ptrdiff_t i)
{
    judge_errors_sum *den = &e->den[i];
    double *out = e->out + i * e->point.v, unit = den->log2;
    /* - sum p log p = log sum u - sum u log u / sum u */
    if (den->value != 0) e->entropy += e->times[i] * ((log2(den->value) - e->information[i] / den->value) / log2_e);
    judge_errors_add(den, e->point.den_constant, 0);
    double scale = den->value != 0 && unit > -INFINITY ? exp2(unit - den->log2) / den->value : 0;
    for (ptrdiff_t c = 0; c < e->point.v; c++) {
        out[c] *= scale;
        e->exact.out_square += e->times[i] * (out[c] * out[c]);
    }
}

/* ---- norms ---- */

double judge_errors_log2_norm(ptrdiff_t d, const double *x)
{
    double peak = judge_errors_largest(d, x), sum = 0;
    for (ptrdiff_t i = 0; i < d && peak > 0; i++) sum += x[i] / peak * (x[i] / peak);
    return peak > 0 ? log2(peak) + log2(sum) / 2 : -INFINITY;
}

/* Token of own key number `key`. */
static ptrdiff_t token_of(const psw_errors *e, ptrdiff_t key)
{
    return psw_route_leaf(&e->route, e->route.rank, key / e->block) * e->block + key % e->block;
}

/* Row number `i` of the sample sees keys up to, not with, this token. */
static ptrdiff_t seen_until(const psw_errors *e, ptrdiff_t i)
{
    return e->point.mask == PSW_CAUSAL ? judge_errors_token(e, i) + 1 : psw_data_tokens(&e->point);
}

/* sum over rows of |q|^2p times the sum over the keys it sees of |k|^2p: rows are ascending, so the sum over keys grows
 * along with them. */
static psw_status sum_norms(psw_errors *e)
{
    ptrdiff_t d = psw_point_width(&e->point), key = 0, first = psw_data_first(&e->point, PSW_KEY);
    double p = e->point.beta;
    judge_errors_sum keys = {0, -INFINITY};
    for (ptrdiff_t i = 0; i < e->rows; i++) {
        ptrdiff_t seen = seen_until(e, i);
        for (; key < e->keys && token_of(e, key) < seen; key++) {
            if (key % e->block == 0) PSW_TRY(psw_watch_ask(e->watch));
            if (token_of(e, key) >= first)
                judge_errors_add(&keys, 1, 2 * p * judge_errors_log2_norm(d, e->k + key * d));
        }
        judge_errors_add(&e->exact.norm, e->times[i] * keys.value,
                         keys.log2 + 2 * p * judge_errors_log2_norm(d, e->q + i * d));
    }
    return PSW_OK;
}

/* ---- all of it ---- */

static psw_status load_rows(psw_errors *e, const psw_data *data)
{
    ptrdiff_t d = psw_point_width(&e->point), first = psw_data_first(&e->point, PSW_KEY);
    for (ptrdiff_t i = 0; i < e->rows; i++) psw_data_rows(data, e->set, PSW_QUERY, e->row[i], 1, e->q + i * d);
    for (ptrdiff_t b = 0; b < e->blocks; b++) {
        judge_errors_part keys = judge_errors_keys(e, b);
        if (keys.count == 0) continue;
        PSW_TRY(psw_watch_ask(e->watch));
        psw_data_rows(data, e->set, PSW_KEY, keys.first - first, keys.count, e->k + keys.held * d);
    }
    return PSW_OK;
}

static void clear(psw_errors *e)
{
    const judge_errors_sum zero = {0, -INFINITY};
    e->exact = (judge_errors_exact){zero, zero, zero, 0};
    e->theory_square = e->theory_norm = zero;
    e->pairs = 0;
    e->begun = false;
    for (ptrdiff_t i = 0; i < e->rows; i++) {
        e->den[i] = zero, e->information[i] = 0;
        e->pairs += e->times[i] * fmax((double)(seen_until(e, i) - psw_data_first(&e->point, PSW_KEY)), 0);
    }
    for (ptrdiff_t i = 0; i < e->rows * e->point.v; i++) e->out[i] = 0;
}

psw_status judge_errors_load(psw_errors *e, const psw_data *data)
{
    ptrdiff_t first = psw_data_first(&e->point, PSW_VALUE);
    clear(e);
    PSW_TRY(load_rows(e, data));
    if (e->phi[0]) judge_errors_map(e);
    if (errors_of_power(&e->point)) PSW_TRY(sum_norms(e));
    for (ptrdiff_t b = 0; b < e->blocks; b++) {
        judge_errors_part keys = judge_errors_keys(e, b);
        if (keys.count == 0) continue;
        PSW_TRY(psw_watch_ask(e->watch));
        psw_data_rows(data, e->set, PSW_VALUE, keys.first - first, keys.count, e->values);
        for (ptrdiff_t s = 0; judge_errors_strip(e, s).count > 0; s++) {
            judge_errors_part strip = judge_errors_strip(e, s);
            if (judge_errors_seen(e, strip.first + strip.count - 1, keys) > 0) add_tile(e, strip, keys);
        }
    }
    return judge_errors_theory_add(e);
}

void judge_errors_finish(psw_errors *e)
{
    for (ptrdiff_t i = 0; i < e->rows; i++) finish_row(e, i);
    judge_errors_theory_end(e);
    e->loads++;
    e->begun = true;
}

/* ---- against a draw ---- */

static inline void scale(ptrdiff_t count, double by, double *x)
{
    for (ptrdiff_t j = 0; j < count; j++) x[j] *= by;
}

static inline void subtract(ptrdiff_t count, const double *restrict a, double *restrict x)
{
    for (ptrdiff_t j = 0; j < count; j++) x[j] -= a[j];
}

static inline ptrdiff_t negatives(ptrdiff_t count, const double *x)
{
    ptrdiff_t negative = 0;
    for (ptrdiff_t j = 0; j < count; j++) negative += x[j] < 0;
    return negative;
}

PSW_CLONED void judge_errors_compare(psw_errors *e, ptrdiff_t i, judge_errors_part keys, double *z,
                                     double log2_sketched)
{
    ptrdiff_t seen = judge_errors_seen(e, i, keys), sketched = judge_errors_sketched(e, i, keys);
    double log2_exact = judge_errors_weigh(e, seen, z), peak = judge_errors_largest(sketched, e->sketched);
    bool some = peak >= DBL_MIN; /* 1 / peak is a number */
    double top = fmax(log2_exact, some ? log2_sketched + log2(peak) : -INFINITY);
    if (top == -INFINITY) return;
    double exact = exp2(log2_exact - top), estimate = some ? exp2(log2_sketched - top) : 0;
    scale(seen, exact, z);
    double sum = sum_of(seen - sketched, z + sketched);
    ptrdiff_t negative = negatives(seen - sketched, z + sketched);
    scale(sketched, estimate, e->sketched);
    sum += sum_of(sketched, e->sketched);
    negative += negatives(sketched, e->sketched);
    subtract(sketched, z, e->sketched);
    judge_errors_add(&e->now->square, e->times[i] * sum_of_squares(sketched, e->sketched), 2 * top);
    judge_errors_add(&e->now->bias, e->times[i] * sum_of(sketched, e->sketched), top);
    judge_errors_add(&e->estimate[i], sum, top);
    e->now->negative += e->times[i] * (double)negative;
}
