/* bench_exp_PRECISION_TARGET [rows repetitions]: nanoseconds an element of exponentials and logarithms of rows of
 * scores that stay in a cache: ours, the same in double as they were once made, and those of SLEEF (Shibata and
 * Petrogalli 2020) where it is installed. In turns, medians; times of the processor. Not a test: it prints, for a
 * person to judge. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "attend/weigh.h"
#include "polysweep/powers.h"
#include "polysweep/random.h"
#include "polysweep/stats.h"
#include "polysweep/transcend.h"

#ifdef HAS_SLEEF
#include <sleef.h>
#endif

enum { COLUMNS = 512, MOST = 101 };

typedef struct rows {
    ptrdiff_t count;
    psw_real *z, *w, *upper, *lower;
} rows;

/* ---- ours ---- */

static void weigh(const rows *r, const psw_point *point, bool given)
{
    const attend_method_row *method = attend_method_row_of(point->method);
    for (ptrdiff_t i = 0; i < r->count; i++) {
        ptrdiff_t at = i * COLUMNS;
        attend_score_row row = {.z = r->z + at, .count = COLUMNS, .peak = 30, .log2_peak = 4.9069};
        if (given) row.log2_upper = r->upper + at, row.log2_lower = r->lower + at;
        method->weigh(point, &row, r->w + at);
    }
}

static void softmax(const rows *r)
{
    weigh(r, &(psw_point){.method = PSW_SOFTMAX}, false);
}

static void integer_degree(const rows *r)
{
    weigh(r, &(psw_point){.method = PSW_EXACT, .beta = 4}, false);
}

static void real_degree(const rows *r)
{
    weigh(r, &(psw_point){.method = PSW_EXACT, .beta = 3.5}, false);
}

static void real_degree_given(const rows *r)
{
    weigh(r, &(psw_point){.method = PSW_EXACT, .beta = 3.5}, true);
}

static void partial_sums(const rows *r)
{
    weigh(r, &(psw_point){.method = PSW_TAYLOR, .order = 4}, false);
}

static void logarithms(const rows *r)
{
    attend_scores_log2(r->z, r->count * COLUMNS, r->upper, r->lower);
}

static void peaks(const rows *r)
{
    for (ptrdiff_t i = 0; i < r->count; i++)
        r->w[i] = (psw_real)psw_row_peak(PSW_PEAK_SIGNED, r->z + i * COLUMNS, COLUMNS);
}

static void exponentials(const rows *r)
{
    for (ptrdiff_t i = 0; i < r->count * COLUMNS; i += PSW_LANES)
        *(psw_loose_lanes *)(r->w + i) = psw_lanes_exp2(*(const psw_loose_lanes *)(r->z + i));
}

/* ---- in double ---- */

static void double_exponentials(const rows *r)
{
    for (ptrdiff_t i = 0; i < r->count * COLUMNS; i++) r->w[i] = (psw_real)psw_exp2((double)r->z[i]);
}

static void double_logarithms(const rows *r)
{
    for (ptrdiff_t i = 0; i < r->count * COLUMNS; i++) r->w[i] = (psw_real)psw_log2((double)r->z[i]);
}

/* ---- SLEEF ---- */

#ifdef HAS_SLEEF
#if defined(__AVX512F__) && defined(PSW_SINGLE)
#define SLEEF(name, error) Sleef_##name##f16_##error
#elif defined(__AVX512F__)
#define SLEEF(name, error) Sleef_##name##d8_##error
#elif defined(__AVX2__) && defined(PSW_SINGLE)
#define SLEEF(name, error) Sleef_##name##f8_##error
#elif defined(__AVX2__)
#define SLEEF(name, error) Sleef_##name##d4_##error
#elif defined(PSW_SINGLE)
#define SLEEF(name, error) Sleef_##name##f4_##error
#else
#define SLEEF(name, error) Sleef_##name##d2_##error
#endif

#if defined(__AVX512F__) && defined(PSW_SINGLE)
typedef __m512 sleef_lanes;
#elif defined(__AVX512F__)
typedef __m512d sleef_lanes;
#elif defined(__AVX2__) && defined(PSW_SINGLE)
typedef __m256 sleef_lanes;
#elif defined(__AVX2__)
typedef __m256d sleef_lanes;
#elif defined(PSW_SINGLE)
typedef __m128 sleef_lanes;
#else
typedef __m128d sleef_lanes;
#endif

static inline void each(const rows *r, sleef_lanes (*function)(sleef_lanes))
{
    for (ptrdiff_t i = 0; i < r->count * COLUMNS; i += PSW_LANES) {
        psw_lanes x = *(const psw_loose_lanes *)(r->z + i);
        *(psw_loose_lanes *)(r->w + i) = (psw_lanes)function((sleef_lanes)x);
    }
}

static void sleef_exponentials(const rows *r)
{
    each(r, SLEEF(exp2, u10));
}

static void sleef_logarithms(const rows *r)
{
    each(r, SLEEF(log2, u10));
}
#endif

/* ---- in turns ---- */

static const struct {
    const char *name;
    void (*run)(const rows *r);
} work[] = {
    {"exp2, ours", exponentials},
    {"exp2, in double", double_exponentials},
    {"log2 in two parts, ours", logarithms},
    {"log2, in double", double_logarithms},
#ifdef HAS_SLEEF
    {"exp2, SLEEF 1.0 ulp", sleef_exponentials},
    {"log2, SLEEF 1.0 ulp", sleef_logarithms},
#endif
    {"largest score", peaks},
    {"weights z^4", integer_degree},
    {"weights e^z", softmax},
    {"weights z^3.5", real_degree},
    {"weights z^3.5, logs given", real_degree_given},
    {"weights 1 + z .. + z^4/4!", partial_sums},
};
enum { WORK = sizeof work / sizeof work[0] };

static double nanoseconds(int which, const rows *r, int times)
{
    clock_t start = clock();
    for (int i = 0; i < times; i++) work[which].run(r);
    return (double)(clock() - start) / CLOCKS_PER_SEC * 1e9 / ((double)(r->count * COLUMNS) * times);
}

int main(int argc, char **argv)
{
    enum { TIMES = 100 };
    static double spent[WORK][MOST];
    rows r = {.count = argc > 1 ? strtol(argv[1], NULL, 10) : 48};
    int repetitions = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 31;
    if (repetitions < 1 || repetitions > MOST || r.count < 1) return 2;
    size_t bytes = (size_t)(r.count * COLUMNS) * sizeof(psw_real);
    r.z = malloc(bytes), r.w = malloc(bytes), r.upper = malloc(bytes), r.lower = malloc(bytes);
    for (ptrdiff_t i = 0; i < r.count * COLUMNS; i++) {
        double u;
        psw_random_uniforms(psw_random_key(PSW_STREAM_DATA, 1, NULL, 0), (uint64_t)i, 0, 1, &u);
        r.z[i] = (psw_real)(30 * u + 1e-3);
    }
    for (int i = 0; i < repetitions; i++)
        for (int k = 0; k < WORK; k++) spent[k][i] = nanoseconds(k, &r, TIMES);
    printf("%zu bytes a number, %zu a vector, %td rows of %d: nanoseconds an element, median and 10 %% quantile\n",
           sizeof(psw_real), sizeof(psw_lanes), r.count, COLUMNS);
    for (int k = 0; k < WORK; k++)
        printf("%-28s %7.3f %7.3f\n", work[k].name, psw_quantile(spent[k], repetitions, 0.5),
               psw_quantile(spent[k], repetitions, 0.1));
    free(r.z), free(r.w), free(r.upper), free(r.lower);
    return 0;
}
