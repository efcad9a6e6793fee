/* Single rows of attention in double, by plain loops: two passes over the keys, in pieces, for the largest score and
 * for the sums. Slow, with an error that is easy to bound: sums are over at most a piece, then over the pieces. */
#include <math.h>
#include <string.h>

#include "judge/again.h"

typedef struct again {
    const judge_again *of;
    ptrdiff_t d;
    double *q, *k, *v, *peak, *den, *part; /* part: of one row and piece */
} again;

static bool is_scores(const psw_point *p)
{
    return !psw_data_kind_facts_of(p->data_kind)->has_rows; /* keys and queries are one number, values the identity */
}

bool judge_repeats(const psw_point *p)
{
    const psw_method_facts *facts = psw_method_facts_of(p->method);
    return facts->folds == PSW_FOLDS_ROWS && psw_kernel_known(facts->kernel) && !psw_point_narrow(p);
}

static bool is_exponential(const psw_point *p)
{
    return psw_method_facts_of(p->method)->kernel == PSW_KERNEL_EXPONENTIAL;
}

static double degree_of(const psw_point *p)
{
    return psw_method_facts_of(p->method)->has_degree ? p->beta : 1;
}

static ptrdiff_t width_of(const psw_point *p)
{
    return is_scores(p) ? 1 : psw_point_width(p);
}

ptrdiff_t judge_again_numbers(const psw_point *p, ptrdiff_t count)
{
    ptrdiff_t d = width_of(p), values = is_scores(p) ? 0 : PSW_AGAIN_PIECE * p->v;
    return count * (d + 2) + PSW_AGAIN_PIECE * d + values + p->v;
}

static again lay(const judge_again *of, double *scratch)
{
    const psw_point *p = of->point;
    ptrdiff_t count = of->count;
    again a = {.of = of, .d = width_of(p)};
    a.q = scratch;
    a.peak = a.q + count * a.d;
    a.den = a.peak + count;
    a.part = a.den + count;
    a.k = a.part + p->v;
    a.v = a.k + PSW_AGAIN_PIECE * a.d;
    return a;
}

static double dot(const double *x, const double *y, ptrdiff_t d)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < d; i++) sum += x[i] * y[i];
    return sum;
}

/* Rows come scaled and with a coordinate of the offset, scores do not. */
static double score(const again *a, ptrdiff_t row, ptrdiff_t key)
{
    const psw_point *p = a->of->point;
    double z = dot(a->q + row * a->d, a->k + key * a->d, a->d);
    return is_scores(p) ? p->offset + psw_point_scale(p) * z : z;
}

/* Keys of a piece that a row sees. */
static ptrdiff_t sees(const again *a, ptrdiff_t row, ptrdiff_t first, ptrdiff_t count)
{
    if (a->of->point->mask == PSW_FULL) return count;
    ptrdiff_t before = a->of->rows[row] - first + 1;
    return before < 0 ? 0 : before < count ? before : count;
}

static void find_peaks(const again *a, ptrdiff_t first, ptrdiff_t count)
{
    const psw_point *p = a->of->point;
    bool signs = is_exponential(p) || p->negative == PSW_NEGATIVE_RELU;
    for (ptrdiff_t r = 0; r < a->of->count; r++)
        for (ptrdiff_t j = 0, seen = sees(a, r, first, count); j < seen; j++) {
            double z = score(a, r, j);
            a->peak[r] = fmax(a->peak[r], signs ? z : fabs(z));
        }
}

/* Divided by the weight of the largest score. */
static double weight(const psw_point *p, double z, double peak)
{
    double beta = degree_of(p);
    if (is_exponential(p)) return exp(z - peak);
    if (beta == 0) return 1;
    if (z == 0 || (z < 0 && p->negative == PSW_NEGATIVE_RELU)) return 0;
    bool keeps = p->negative != PSW_NEGATIVE_ABS, even = fmod(beta, 2) == 0;
    return pow(fabs(z) / peak, beta) * (z < 0 && keeps && !even ? -1 : 1);
}

static void add_values(const again *a, ptrdiff_t r, ptrdiff_t first, ptrdiff_t count, double *out)
{
    const psw_point *p = a->of->point;
    double den = 0;
    memset(a->part, 0, (size_t)p->v * sizeof *a->part);
    for (ptrdiff_t j = 0, seen = sees(a, r, first, count); j < seen; j++) {
        double w = weight(p, score(a, r, j), a->peak[r]);
        den += w;
        if (is_scores(p))
            out[first + j] = w;
        else
            for (ptrdiff_t c = 0; c < p->v; c++) a->part[c] += w * a->v[j * p->v + c];
    }
    a->den[r] += den;
    for (ptrdiff_t c = 0; c < p->v && !is_scores(p); c++) out[c] += a->part[c];
}

static void divide(const again *a, ptrdiff_t r, double *out)
{
    const psw_point *p = a->of->point;
    double log_peak = is_exponential(p) ? a->peak[r] : degree_of(p) * log(a->peak[r]);
    double den = a->den[r];
    if (p->den_constant > 0) den += p->den_constant * exp(-log_peak);
    for (ptrdiff_t c = 0; c < p->v; c++) out[c] = den == 0 ? 0 : out[c] / den;
}

static psw_status over_keys(const again *a, double *out)
{
    const psw_point *p = a->of->point;
    for (ptrdiff_t first = 0; first < p->n; first += PSW_AGAIN_PIECE) {
        ptrdiff_t count = p->n - first < PSW_AGAIN_PIECE ? p->n - first : PSW_AGAIN_PIECE;
        PSW_TRY(psw_watch_ask(a->of->watch));
        psw_data_rows(a->of->data, a->of->set, PSW_KEY, first, count, a->k);
        if (out && !is_scores(p)) psw_data_rows(a->of->data, a->of->set, PSW_VALUE, first, count, a->v);
        if (!out) find_peaks(a, first, count);
        for (ptrdiff_t r = 0; out && r < a->of->count; r++) add_values(a, r, first, count, out + r * p->v);
    }
    return PSW_OK;
}

psw_status judge_again_rows(const judge_again *of, double *scratch, double *out)
{
    const psw_point *p = of->point;
    ptrdiff_t count = of->count;
    again a = lay(of, scratch);
    for (ptrdiff_t r = 0; r < count; r++) {
        psw_data_rows(of->data, of->set, PSW_QUERY, of->rows[r], 1, a.q + r * a.d);
        a.peak[r] = is_exponential(p) ? -INFINITY : 0, a.den[r] = 0;
    }
    memset(out, 0, (size_t)(count * p->v) * sizeof *out);
    PSW_TRY(over_keys(&a, NULL));
    PSW_TRY(over_keys(&a, out));
    for (ptrdiff_t r = 0; r < count; r++) divide(&a, r, out + r * p->v);
    return PSW_OK;
}
