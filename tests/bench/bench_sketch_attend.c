/* bench_sketch_attend [r degree d block repetitions longest]: polysketch against our own exact kernel, both causal, in
 * single precision, on one core and in turns; and both against BLAS's own 1024^3 product. Not a test: it prints, for a
 * person to judge. Times are of the processor, not of the wall, so that a busy machine disturbs less. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "polysweep/measure.h"
#include "polysweep/stats.h"
#include "unit/attend_source.h"

enum { MOST = 101, SIDE = 1024 };

static double processor_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Seconds of C = A B, 1024^3. */
static double product_s(const float *a, const float *b, float *c)
{
    double start = processor_s();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1, a, SIDE, b, SIDE, 0, c, SIDE);
    return processor_s() - start;
}

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

/* Seconds of one forward pass. */
static double attend_s(const psw_point *point, psw_arena *arena)
{
    psw_group group = {point, 1};
    psw_given given = {.sets = 1};
    const psw_engine *engine = psw_engine_of(point->precision);
    psw_attention *attention;
    if (engine->prepare(&group, &given, arena, &attention) != PSW_OK) return NAN;
    double start = processor_s();
    psw_status status = engine->pass(attention, (psw_watch){NULL, NULL}, drop, NULL);
    double seconds = processor_s() - start;
    engine->release(attention);
    return status == PSW_OK ? seconds : NAN;
}

typedef struct times { /* of every repetition */
    double sketch[MOST], exact[MOST], ratio[MOST], rate[MOST];
} times;

static void measure(const psw_point *sketch, const psw_point *exact, psw_arena *arena, float *m, int repetitions,
                    times *t)
{
    for (int i = -1; i < repetitions; i++) { /* the first warms up */
        double before = product_s(m, m + SIDE * SIDE, m + 2 * SIDE * SIDE);
        double own = attend_s(sketch, arena);
        double after = product_s(m, m + SIDE * SIDE, m + 2 * SIDE * SIDE);
        double other = attend_s(exact, arena);
        if (i < 0) continue;
        t->sketch[i] = own, t->exact[i] = other, t->ratio[i] = other / own;
        t->rate[i] = psw_attend_work(sketch).flops / own / (4.0 * SIDE * SIDE * SIDE / (before + after));
    }
}

static void bench(const psw_point *sketch, const psw_point *exact, float *m, int repetitions)
{
    psw_group one = {sketch, 1}, two = {exact, 1};
    const psw_engine *engine = psw_engine_of(sketch->precision);
    size_t a = engine->bytes(&one, NULL), b = engine->bytes(&two, NULL);
    psw_arena arena;
    static times t;
    if (psw_arena_create(a > b ? a : b, &arena) != PSW_OK) return;
    measure(sketch, exact, &arena, m, repetitions, &t);
    double flops = psw_attend_work(exact).flops / psw_attend_work(sketch).flops;
    double ratio = psw_quantile(t.ratio, repetitions, 0.5);
    printf("%6td  %9.3f  %9.3f  %6.2f  %6.2f .. %6.2f  %6.2f  %5.2f  %5.2f\n", sketch->n,
           1e3 * psw_quantile(t.sketch, repetitions, 0.5), 1e3 * psw_quantile(t.exact, repetitions, 0.5), ratio,
           psw_quantile(t.ratio, repetitions, 0.1), psw_quantile(t.ratio, repetitions, 0.9), flops, ratio / flops,
           psw_quantile(t.rate, repetitions, 0.5));
    fflush(stdout);
    psw_arena_destroy(&arena);
}

static long argument(int count, char **list, int which, long otherwise)
{
    return which < count ? strtol(list[which], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    ptrdiff_t r = argument(argc, argv, 1, 32), d = argument(argc, argv, 3, 64), block = argument(argc, argv, 4, 256);
    double beta = (double)argument(argc, argv, 2, 4);
    int repetitions = (int)argument(argc, argv, 5, 9);
    ptrdiff_t longest = argument(argc, argv, 6, 16384);
    float *m = malloc(3 * sizeof *m * SIDE * SIDE);
    if (!m) return 1;
    for (ptrdiff_t i = 0; i < 3 * SIDE * SIDE; i++) m[i] = (float)(i % 97) / 97;
    if (repetitions < 1 || repetitions > MOST) repetitions = 9;
    psw_threads_set(1);
    printf("polysketch r %td, degree %g, d %td, block %td, causal, fp32, one core; medians of %d\n", r, beta, d, block,
           repetitions);
    printf("%6s  %9s  %9s  %6s  %16s  %6s  %5s  %s\n", "n", "sketch ms", "exact ms", "ratio", "10 % .. 90 %", "flops",
           "of it", "of 1024^3");
    for (ptrdiff_t n = 1024; n <= longest; n *= 2) {
        source_make(1, n, d, d, -1, false, true);
        psw_point sketch = point_of(PSW_POLYSKETCH, beta, PSW_CAUSAL, PSW_FP32, block), exact = sketch;
        sketch.r = r;
        exact.method = PSW_EXACT, exact.block = 512;
        bench(&sketch, &exact, m, repetitions);
    }
    source_free();
    free(m);
    return 0;
}
