/* What the kernels of row folds make of numbers with full mantissas, as digests of every bit: for targets.sh, which
 * compiles this and the kernels for several processors and compares. Needs nothing but a C library. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attend/rows.h"
#include "attend/scores.h"
#include "attend/weigh.h"
#include "polysweep/sketch.h"

/* ---- numbers ---- */

/* Uniform in (-1, 1), all bits of the mantissa in use: a 64-bit linear congruence (Knuth's MMIX), its high bits. */
static double number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ldexp((double)(int64_t)(*state >> 10) + 0.5, -53) - 1;
}

static void fill(psw_real *x, ptrdiff_t count, uint64_t seed)
{
    for (ptrdiff_t i = 0; i < count; i++) x[i] = (psw_real)number(&seed);
}

/* ---- digests ---- */

/* FNV-1a over the bytes; every NaN is one. */
static void mix(uint64_t *hash, const void *at, size_t bytes)
{
    const unsigned char *byte = at;
    for (size_t i = 0; i < bytes; i++) *hash = (*hash ^ byte[i]) * 1099511628211u;
}

static void mix_doubles(uint64_t *hash, const double *x, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        double one = isnan(x[i]) ? (double)NAN : x[i];
        mix(hash, &one, sizeof one);
    }
}

static void mix_reals(uint64_t *hash, const psw_real *x, ptrdiff_t count)
{
    mix(hash, x, (size_t)count * sizeof *x);
}

#ifdef PSW_SINGLE
#define PRECISION "fp32"
#else
#define PRECISION "fp64"
#endif

static const uint64_t start = 14695981039346656037u;

static void tell(const char *what, uint64_t hash)
{
    printf("%s %-40s %016llx\n", PRECISION, what, (unsigned long long)hash);
}

/* ---- in place of the room data ---- */

struct psw_data {
    ptrdiff_t n, d, v, special;
    bool is_signed, scores;
};
static psw_data source;

int psw_data_sets(const psw_point *point)
{
    return point ? 2 : 0;
}
bool psw_data_shared(const psw_point *point)
{
    return !point;
}
ptrdiff_t psw_data_special(const psw_point *point)
{
    return point ? source.special : -1;
}

bool psw_data_signed(const psw_point *point)
{
    return point && source.is_signed;
}
bool psw_data_zeros(const psw_point *point)
{
    return !point;
}
psw_least_score psw_data_least(const psw_point *point)
{
    return (psw_least_score){point && source.is_signed ? -INFINITY : 0, false};
}

void psw_data_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    ptrdiff_t width = data->scores ? 1 : side == PSW_VALUE ? data->v : data->d;
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t row = first + i;
        uint64_t seed = (uint64_t)(row * 3 + (int)side) * 2862933555777941757u + 1;
        double scale = set == 1 && row == data->special ? 3 : 1;
        for (ptrdiff_t c = 0; c < width; c++) {
            double x = number(&seed);
            rows[i * width + c] = scale * (data->scores ? 7 + x : data->is_signed || side == PSW_VALUE ? x : fabs(x));
        }
    }
}

/* ---- products ---- */

static void product(ptrdiff_t rows, ptrdiff_t inner, ptrdiff_t cols)
{
    char what[80];
    uint64_t hash = start;
    psw_panels packed = {malloc((size_t)psw_panels_count(inner, cols) * sizeof(psw_real)), inner, cols};
    psw_real *a = malloc((size_t)(rows * inner) * sizeof *a), *b = malloc((size_t)(inner * cols) * sizeof *b);
    psw_real *c = malloc((size_t)(rows * cols) * sizeof *c);
    fill(a, rows * inner, 1), fill(b, inner * cols, 2);
    psw_panels_pack((psw_const_rows){b, inner, cols, cols}, packed);
    psw_panels_product((psw_const_rows){a, rows, inner, inner}, packed, psw_rows_of(c, rows, cols));
    mix_reals(&hash, c, rows * cols);
    snprintf(what, sizeof what, "product %td x %td x %td", rows, inner, cols);
    tell(what, hash);
    free(packed.at), free(a), free(b), free(c);
}

/* ---- weights ---- */

/* Scores over many powers of two; of each length, so that the last ones of a row stand everywhere in a vector. */
static void weights(const char *name, psw_method method, double beta, psw_negative negative)
{
    enum { MOST = 300 };
    static psw_real z[MOST], w[MOST];
    char what[80];
    uint64_t hash = start;
    psw_point point = {.method = method, .beta = beta, .negative = negative};
    const attend_method_row *row_of = attend_method_row_of(method);
    fill(z, MOST, 3);
    for (ptrdiff_t i = 0; i < MOST; i++) z[i] *= (psw_real)ldexp(1, (int)(i % 13) - 6);
    for (ptrdiff_t count = 1; count <= MOST; count++) {
        attend_score_row row = {.z = z, .count = count, .peak = psw_row_peak(row_of->peak(&point), z, count)};
        attend_log2_all(&row.peak, 1, &row.log2_peak);
        attend_weight_sum sum = row_of->weigh(&point, &row, w);
        mix_reals(&hash, w, count);
        mix_doubles(&hash, &sum.sum, 1);
        mix(&hash, &sum.exponent, sizeof sum.exponent);
    }
    snprintf(what, sizeof what, "weights %s %g", name, beta);
    tell(what, hash);
}

/* ---- whole passes ---- */

static psw_status take(void *context, const psw_leaf *leaf)
{
    ptrdiff_t rows = leaf->points * leaf->sets * leaf->count;
    mix_reals(context, leaf->rows, rows * leaf->width);
    mix_doubles(context, leaf->special, rows);
    mix_doubles(context, leaf->log2_den, rows);
    return PSW_OK;
}

static void all_of(const attend_kind *kind, psw_attention *a, const psw_group *group, psw_arena *arena, uint64_t *hash)
{
    psw_given given = {.data = &source, .sets = 2};
    attend_set_head(a, group, &given);
    psw_status status = kind->lay(a, &given, arena);
    if (!arena->base) return;
    kind->load(a, &given);
    if (status == PSW_OK) status = kind->pass(a, (psw_watch){NULL, NULL}, take, hash);
    if (status != PSW_OK) tell(psw_message(), 0);
}

static void row_fold(const psw_group *group, psw_arena *arena, uint64_t *hash)
{
    attend_row_pass fold = {0};
    all_of(&attend_rows_kind, &fold.base, group, arena, hash);
}

static void scores(const psw_group *group, psw_arena *arena, uint64_t *hash)
{
    attend_scores fold = {0};
    all_of(&attend_scores_kind, &fold.base, group, arena, hash);
}

static void pass(const char *name, const psw_point *points, ptrdiff_t count)
{
    char what[80];
    uint64_t hash = start;
    psw_group group = {points, count};
    psw_arena arena = psw_arena_counting();
    void (*run)(const psw_group *, psw_arena *, uint64_t *) = source.scores ? scores : row_fold;
    run(&group, &arena, &hash);
    if (psw_arena_create(arena.high, &arena) != PSW_OK) exit(1);
    run(&group, &arena, &hash);
    psw_arena_destroy(&arena);
    snprintf(what, sizeof what, "pass %s %s n %td d %td", name, points->mask == PSW_FULL ? "full" : "causal", points->n,
             points->d);
    tell(what, hash);
}

static void passes(ptrdiff_t n, ptrdiff_t d, ptrdiff_t v, ptrdiff_t block)
{
    static const double degrees[] = {1, 2, 7, 16, 3.5, 1.25}; /* two share logarithms */
    enum { DEGREES = sizeof degrees / sizeof degrees[0] };
    psw_point points[DEGREES];
    for (int causal = 0; causal < 2; causal++) {
        psw_point p = {.mask = causal ? PSW_CAUSAL : PSW_FULL, .n = n, .d = d, .v = v, .block = block};
        p.j3 = n - 2, p.negative = PSW_NEGATIVE_SIGNED, p.data_kind = source.scores ? PSW_SCORES : PSW_GAUSSIAN;
        source.n = n, source.d = d, source.v = v, source.special = p.j3;
        for (int i = 0; i < DEGREES; i++) points[i] = p, points[i].method = PSW_EXACT, points[i].beta = degrees[i];
        pass("exact", points, DEGREES);
        p.method = PSW_SOFTMAX, p.den_constant = 0.3;
        pass("softmax", &p, 1);
        p.method = PSW_LINEAR, p.den_constant = 0;
        pass("linear", &p, 1);
    }
}

int main(void)
{
    static const double degrees[] = {1, 2, 3, 4, 15, 64, 1000, 0.5, 1.5, 99.9};
    product(1, 150, 1), product(1, 300, 70), product(13, 150, 33), product(30, 60, 16);
    for (size_t i = 0; i < sizeof degrees / sizeof degrees[0]; i++)
        weights("exact", PSW_EXACT, degrees[i], PSW_NEGATIVE_SIGNED);
    weights("exact, magnitudes", PSW_EXACT, 3, PSW_NEGATIVE_ABS);
    weights("softmax", PSW_SOFTMAX, NAN, PSW_NEGATIVE_SIGNED);
    weights("linear", PSW_LINEAR, 1, PSW_NEGATIVE_SIGNED);
    passes(260, 140, 9, 128);
    source.is_signed = true;
    passes(140, 7, 33, 300);
    source.scores = true;
    passes(300, 1, 300, 300);
    return 0;
}
