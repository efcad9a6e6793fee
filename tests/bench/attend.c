/* bench_attend [n d repetitions block settings]: the rate of attention on one core, 4 n^2 d / time of one data set,
 * divided by the rate of BLAS's own 1024^3 product, measured in turns with it. Not a test: it prints, for a person to
 * judge. Times are of the processor, not of the wall, so that a busy machine disturbs less. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "polysweep/measure.h"
#include "polysweep/stats.h"
#include "unit/attend_source.h"

enum { MOST = 101, SIDE = 1024, DEGREES = 5 };

typedef struct setting {
    const char *name;
    psw_method method;
    double beta;
    psw_mask mask;
    int degrees; /* beta, beta + 1, ... in one group */
} setting;

static const setting settings[] = {
    {"exact beta 4", PSW_EXACT, 4, PSW_FULL, 1},
    {"exact beta 2", PSW_EXACT, 2, PSW_FULL, 1},
    {"exact beta 8", PSW_EXACT, 8, PSW_FULL, 1},
    {"exact beta 16", PSW_EXACT, 16, PSW_FULL, 1},
    {"exact beta 7", PSW_EXACT, 7, PSW_FULL, 1},
    {"exact beta 3.5", PSW_EXACT, 3.5, PSW_FULL, 1},
    {"softmax", PSW_SOFTMAX, NAN, PSW_FULL, 1},
    {"linear", PSW_LINEAR, NAN, PSW_FULL, 1},
    {"exact beta 4 causal", PSW_EXACT, 4, PSW_CAUSAL, 1},
    {"exact 3.5 causal", PSW_EXACT, 3.5, PSW_CAUSAL, 1},
    {"softmax causal", PSW_SOFTMAX, NAN, PSW_CAUSAL, 1},
    {"exact 2 3 4 5 6", PSW_EXACT, 2, PSW_FULL, DEGREES},
    {"exact 1.5 .. 5.5", PSW_EXACT, 1.5, PSW_FULL, DEGREES},
    {"exact 1.5 .. causal", PSW_EXACT, 1.5, PSW_CAUSAL, DEGREES},
};

static double processor_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Flops a second of C = A B, 1024^3. */
static double product_rate(psw_precision precision, void *a, void *b, void *c)
{
    double start = processor_s();
    if (precision == PSW_FP32)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1, a, SIDE, b, SIDE, 0, c, SIDE);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1, a, SIDE, b, SIDE, 0, c, SIDE);
    return 2.0 * SIDE * SIDE * SIDE / (processor_s() - start);
}

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

/* Of one forward pass, in which every degree counts as a whole attention. */
static double attend_rate(const psw_group *group, psw_arena *arena)
{
    psw_given given = {.sets = 1};
    const psw_engine *engine = psw_engine_of(group->points->precision);
    psw_attention *attention;
    if (engine->prepare(group, &given, arena, &attention) != PSW_OK) return NAN;
    double start = processor_s();
    psw_status status = engine->pass(attention, (psw_watch){NULL, NULL}, drop, NULL);
    double seconds = processor_s() - start;
    engine->release(attention);
    return status == PSW_OK ? psw_attend_work(group->points).flops * (double)group->count / seconds : NAN;
}

static void fill(psw_precision precision, void *at)
{
    for (ptrdiff_t i = 0; i < SIDE * SIDE; i++) {
        double x = (double)(i % 97) / 97;
        if (precision == PSW_FP32)
            ((float *)at)[i] = (float)x;
        else
            ((double *)at)[i] = x;
    }
}

static void bench(const setting *s, psw_precision precision, ptrdiff_t block, int repetitions)
{
    psw_point points[DEGREES];
    psw_group group = {points, s->degrees};
    psw_arena arena, products;
    double ratio[MOST], rate[MOST], reference[MOST];
    for (int i = 0; i < group.count; i++) points[i] = point_of(s->method, s->beta + i, s->mask, precision, block);
    if (psw_arena_create(psw_engine_of(precision)->bytes(&group, NULL), &arena) != PSW_OK ||
        psw_arena_create(3 * sizeof(double) * SIDE * SIDE, &products) != PSW_OK)
        return;
    void *m[3];
    for (int i = 0; i < 3; i++) fill(precision, m[i] = psw_arena_take(&products, SIDE * SIDE, sizeof(double)));
    for (int i = -1; i < repetitions; i++) { /* the first warms up */
        double before = product_rate(precision, m[0], m[1], m[2]);
        double attention = attend_rate(&group, &arena);
        double after = product_rate(precision, m[0], m[1], m[2]);
        if (i < 0) continue;
        rate[i] = attention, reference[i] = 2 / (1 / before + 1 / after);
        ratio[i] = rate[i] / reference[i];
    }
    printf("%-20s %s  %7.1f  %7.1f  %.3f  %.3f .. %.3f\n", s->name, psw_engine_of(precision)->name,
           psw_quantile(rate, repetitions, 0.5) * 1e-9, psw_quantile(reference, repetitions, 0.5) * 1e-9,
           psw_quantile(ratio, repetitions, 0.5), psw_quantile(ratio, repetitions, 0.1),
           psw_quantile(ratio, repetitions, 0.9));
    fflush(stdout);
    psw_arena_destroy(&arena);
    psw_arena_destroy(&products);
}

static long argument(int count, char **list, int which, long otherwise)
{
    return which < count ? strtol(list[which], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    ptrdiff_t n = argument(argc, argv, 1, 8192), d = argument(argc, argv, 2, 64), block = argument(argc, argv, 4, 512);
    int repetitions = (int)argument(argc, argv, 3, 9), shown = (int)argument(argc, argv, 5, 99);
    if (repetitions < 1 || repetitions > MOST) repetitions = 9;
    psw_threads_set(1);
    source_make(1, n, d, d, -1, false, false);
    printf("n %td, d %td, block %td, one core; rates in 1e9 flop/s, medians of %d; ratio with its 10 %% and 90 %%\n", n,
           d, block, repetitions);
    printf("%-20s %-5s %7s  %7s  %s\n", "", "", "attend", "1024^3", "ratio");
    for (int i = 0; i < (int)(sizeof settings / sizeof settings[0]) && i < shown; i++)
        for (int precision = 0; precision < 2; precision++)
            bench(&settings[i], (psw_precision)precision, block, repetitions);
    source_free();
    return 0;
}
