/* bench_sketch_rates [n repetitions d block method precision mask]: the rate of a pass of every sketch on one core,
 * flops of its column `flops` / time, over the rate of BLAS's own 1024^3 product, measured in turns with it. method:
 * the beginning of a name, all: every one; precision: fp64, fp32, all; mask: full, causal, all. Sizes lead to 528
 * features where a method has a size. `done`: the ratio by what is computed, of which the column counts whole diagonal
 * blocks under a causal mask. Not a test: it prints, for a person to judge. Times are of the processor, not of
 * the wall, so that a busy machine disturbs less. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "polysweep/measure.h"
#include "polysweep/sketch.h"
#include "polysweep/stats.h"
#include "unit/attend_source.h"

enum { MOST = 101, SIDE = 1024 };

static const struct {
    const char *name;
    psw_point point;
} cases[] = {
    {"polysketch r 32", {.method = PSW_POLYSKETCH, .beta = 4, .r = 32}},
    {"polysketch r 32, local", {.method = PSW_POLYSKETCH, .beta = 4, .r = 32, .local = 512}},
    {"polysketch r 32, srht", {.method = PSW_POLYSKETCH, .beta = 4, .r = 32, .leaves = PSW_LEAVES_SRHT}},
    {"polysketch r 64", {.method = PSW_POLYSKETCH, .beta = 4, .r = 64}},
    {"polysketch r 16", {.method = PSW_POLYSKETCH, .beta = 4, .r = 16}},
    {"tree", {.method = PSW_TREE, .beta = 4, .r = 528}},
    {"tree, srht", {.method = PSW_TREE, .beta = 4, .r = 528, .leaves = PSW_LEAVES_SRHT}},
    {"tree, count", {.method = PSW_TREE, .beta = 4, .r = 528, .leaves = PSW_LEAVES_COUNT}},
    {"tensorsketch r 512", {.method = PSW_TENSORSKETCH, .beta = 4, .r = 512}},
    {"tensorsketch r 528", {.method = PSW_TENSORSKETCH, .beta = 4, .r = 528}},
    {"tensorsketch complex", {.method = PSW_TENSORSKETCH, .beta = 4, .r = 264, .is_complex = 1}},
    {"srht", {.method = PSW_SRHT, .beta = 4, .r = 528}},
    {"maclaurin", {.method = PSW_MACLAURIN, .beta = 4, .r = 528}},
    {"maclaurin complex", {.method = PSW_MACLAURIN, .beta = 4, .r = 264, .is_complex = 1}},
    {"favor", {.method = PSW_FAVOR, .beta = NAN, .r = 528}},
    {"monomial degree 2", {.method = PSW_MONOMIAL, .beta = 2}},
    {"taylor order 2", {.method = PSW_TAYLOR, .beta = NAN, .order = 2, .by = PSW_BY_FEATURES}},
    {"elu1", {.method = PSW_ELU1, .beta = NAN}},
    {"relu", {.method = PSW_RELU, .beta = NAN}},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static double processor_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Seconds of C = A B, 1024^3. */
static double product_s(psw_precision precision, void *m)
{
    double start = processor_s();
    if (precision == PSW_FP32)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1, m, SIDE, (float *)m + SIDE * SIDE,
                    SIDE, 0, (float *)m + 2 * SIDE * SIDE, SIDE);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIDE, SIDE, SIDE, 1, m, SIDE, (double *)m + SIDE * SIDE,
                    SIDE, 0, (double *)m + 2 * SIDE * SIDE, SIDE);
    return processor_s() - start;
}

static void fill(psw_precision precision, void *m)
{
    for (ptrdiff_t i = 0; i < 3 * SIDE * SIDE; i++)
        if (precision == PSW_FP32)
            ((float *)m)[i] = (float)(i % 97) / 97;
        else
            ((double *)m)[i] = (double)(i % 97) / 97;
}

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

typedef struct measured {
    double seconds[MOST], ratio[MOST], blas[MOST]; /* of each repetition */
} measured;

static psw_status measure(const psw_point *p, void *m, int repetitions, measured *to)
{
    const psw_engine *engine = psw_engine_of(p->precision);
    psw_group group = {p, 1};
    psw_attention *attention;
    psw_arena arena;
    PSW_TRY(psw_arena_create(engine->bytes(&group, NULL), &arena));
    psw_status status = engine->prepare(&group, &(psw_given){.sets = 1}, &arena, &attention);
    for (int i = -1; i < repetitions && status == PSW_OK; i++) { /* the first warms up */
        double before = product_s(p->precision, m), start = processor_s();
        status = engine->pass(attention, (psw_watch){NULL, NULL}, drop, NULL);
        double seconds = processor_s() - start, product = (before + product_s(p->precision, m)) / 2;
        if (i < 0) continue;
        to->seconds[i] = seconds;
        to->blas[i] = 2.0 * SIDE * SIDE * SIDE / product;
        to->ratio[i] = psw_attend_work(p).flops / seconds / to->blas[i];
    }
    if (status == PSW_OK) engine->release(attention);
    psw_arena_destroy(&arena);
    return status;
}

static int bench(const char *name, psw_point p, void *m, int repetitions)
{
    static measured t;
    fill(p.precision, m);
    if (measure(&p, m, repetitions, &t) != PSW_OK) return printf("%s: %s\n", name, psw_message()), 1;
    double seconds = psw_quantile(t.seconds, repetitions, 0.5);
    double done = psw_attend_done_flops(&(psw_group){&p, 1}, 1) / psw_attend_work(&p).flops;
    printf("%-23s %s %-6s  %8.1f  %7.1f  %7.1f  %.3f  %.3f .. %.3f  %.3f\n", name, psw_engine_of(p.precision)->name,
           p.mask == PSW_CAUSAL ? "causal" : "full", 1e9 * seconds / (double)p.n,
           psw_attend_work(&p).flops / seconds * 1e-9, psw_quantile(t.blas, repetitions, 0.5) * 1e-9,
           psw_quantile(t.ratio, repetitions, 0.5), psw_quantile(t.ratio, repetitions, 0.1),
           psw_quantile(t.ratio, repetitions, 0.9), done * psw_quantile(t.ratio, repetitions, 0.5));
    fflush(stdout);
    return 0;
}

static long argument(int count, char **list, int which, long otherwise)
{
    return which < count ? strtol(list[which], NULL, 10) : otherwise;
}

static bool wanted(int count, char **list, int which, const char *name)
{
    return which >= count || strcmp(list[which], "all") == 0 || strncmp(list[which], name, strlen(list[which])) == 0;
}

int main(int argc, char **argv)
{
    ptrdiff_t n = argument(argc, argv, 1, 65536), d = argument(argc, argv, 3, 64), block = argument(argc, argv, 4, 256);
    int repetitions = (int)argument(argc, argv, 2, 5);
    void *m = malloc(3 * sizeof(double) * SIDE * SIDE);
    if (!m) return 1;
    if (repetitions < 1 || repetitions > MOST) repetitions = 5;
    psw_threads_set(1);
    source_make(1, n, d, d, -1, false, true);
    printf("n %td, d %td, block %td, one core; rates in 1e9 flop/s, medians of %d; ratio with its 10 %% and 90 %%\n", n,
           d, block, repetitions);
    printf("%-23s %4s %-6s  %8s  %7s  %7s  %-21s  %s\n", "", "", "mask", "ns/token", "rate", "1024^3", "ratio", "done");
    for (int c = 0; c < CASES; c++)
        for (int i = 0; i < 4; i++) {
            psw_precision precision = (psw_precision)(i / 2);
            psw_mask mask = (psw_mask)(i % 2);
            psw_point p = cases[c].point, base = point_of(p.method, p.beta, mask, precision, block);
            base.r = p.r, base.local = p.local, base.leaves = p.leaves, base.is_complex = p.is_complex;
            base.order = p.order, base.by = p.by, base.scale = 1 / sqrt((double)d), base.den_constant = 1e3 * (double)n;
            if (!wanted(argc, argv, 5, cases[c].name) || (p.local > 0 && mask == PSW_FULL)) continue;
            if (!wanted(argc, argv, 6, psw_engine_of(precision)->name)) continue;
            if (!wanted(argc, argv, 7, mask == PSW_CAUSAL ? "causal" : "full")) continue;
            if (bench(cases[c].name, base, m, repetitions)) return 1;
        }
    source_free();
    free(m);
    return 0;
}
