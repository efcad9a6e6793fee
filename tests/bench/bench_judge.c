/* What the threshold head takes, in two tables.
 *
 * Rates: products of rows that are all different, none left out, against OpenBLAS's own 1024^3 product and against the
 * head's products made by the BLAS, interleaved in one run, medians of the ratios.
 *
 * The study: n = 4096, d = 66, m = 64, 100 trials, eleven degrees in one group, both data sets, by preset, with noise
 * and without: processor seconds of attention, of the head as it is, with nothing left out, and by a product of the
 * BLAS and a pass over its pre-activations (from one leaf of eight), all in one pass over the leaves. */
#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polysweep/judge.h"
#include "polysweep/random.h"
#include "polysweep/stats.h"
#include "unit/theory_case.h"

enum { ROUNDS = 9, CUBE = 1024, COLUMNS = 256, DEGREES = 11 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct buffers {
    void *a, *b, *c; /* CUBE^2 each */
} buffers;

static void product(psw_precision precision, const void *a, const buffers *x, int rows, int cols, int inner)
{
    if (precision == PSW_FP32)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, inner, 1, a, inner, x->b, inner, 0, x->c,
                    cols);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, inner, 1, a, inner, x->b, inner, 0, x->c,
                    cols);
}

/* Of every column the largest and the sum of what is positive: the least that a head does with a product. */
#define PASS(type, name)                                                                                               \
    static double name(const type *tile, int rows, type threshold)                                                     \
    {                                                                                                                  \
        static type high[COLUMNS], sum[COLUMNS];                                                                       \
        for (int c = 0; c < COLUMNS; c++) high[c] = -1e30f, sum[c] = 0;                                                \
        for (int i = 0; i < rows; i++)                                                                                 \
            for (int c = 0; c < COLUMNS; c++) {                                                                        \
                type g = tile[i * COLUMNS + c] - threshold;                                                            \
                high[c] = g > high[c] ? g : high[c], sum[c] += g > 0 ? g : 0;                                          \
            }                                                                                                          \
        return (double)(high[0] + sum[0]);                                                                             \
    }
PASS(double, pass_double)
PASS(float, pass_float)

static volatile double kept;

/* The head of the rows of a leaf by products of the BLAS; signs are not drawn. */
static double blas_seconds(const psw_point *p, const void *rows, int count, const buffers *x)
{
    double start = now_s();
    for (ptrdiff_t done = 0; done < p->m * p->trials; done += COLUMNS) {
        product(p->precision, rows, x, count, COLUMNS, (int)p->v);
        kept = p->precision == PSW_FP32 ? pass_float(x->c, count, 2) : pass_double(x->c, count, 2);
    }
    return now_s() - start;
}

/* ---- rates ---- */

static double cube_rate(psw_precision precision, const buffers *x)
{
    double start = now_s();
    product(precision, x->a, x, CUBE, CUBE, CUBE);
    return 2.0 * CUBE * CUBE * CUBE / (now_s() - start);
}

static double head_seconds(const psw_point *p, const psw_leaf *leaf, psw_arena *arena)
{
    const psw_judge *judge = psw_judge_of(p->precision);
    psw_group group = {p, 1};
    psw_head *head;
    psw_verdict verdict;
    arena->used = 0;
    double start = now_s();
    if (judge->begin(&group, NULL, (psw_watch){0}, arena, &head) != PSW_OK) exit(1);
    judge->prune(head, false);
    judge->take(head, leaf);
    judge->end(head, &verdict);
    return now_s() - start;
}

static psw_point bench_point(const preset_case *preset, psw_precision precision, ptrdiff_t n, ptrdiff_t d)
{
    psw_point p = case_of(preset, n, d, 4);
    p.precision = precision;
    return p;
}

static void bench(psw_precision precision, ptrdiff_t n, ptrdiff_t d, ptrdiff_t m, ptrdiff_t trials, const buffers *x)
{
    psw_point p = bench_point(&W2, precision, n, d);
    p.m = m, p.trials = trials;
    psw_group group = {&p, 1};
    psw_arena arena;
    double head[ROUNDS], bare[ROUNDS], leaf_us[ROUNDS];
    ptrdiff_t count = n < p.block ? n : p.block;
    double *zeros = calloc((size_t)(2 * count), sizeof *zeros);
    psw_leaf leaf = {0, count, 0, 1, 2, d, x->a, zeros, zeros};
    if (psw_arena_create(psw_judge_of(precision)->bytes(&group, NULL), &arena) != PSW_OK) exit(1);
    for (int i = 0; i < ROUNDS; i++) {
        double cube = cube_rate(precision, x), seconds = head_seconds(&p, &leaf, &arena);
        head[i] = 4.0 * (double)(count * p.v * m * trials) / seconds / cube;
        bare[i] = 2 * blas_seconds(&p, x->a, (int)count, x) / seconds;
        leaf_us[i] = 1e6 * seconds;
    }
    printf(
        "%s n=%-5td d=%-4td m=%-3td trials=%-4td head %5.2f of the cube's rate, %5.2f of its products by BLAS; a leaf "
        "%.1f us\n",
        precision == PSW_FP32 ? "fp32" : "fp64", n, d, m, trials, psw_quantile(head, ROUNDS, 0.5),
        psw_quantile(bare, ROUNDS, 0.5), psw_quantile(leaf_us, ROUNDS, 0.5));
    psw_arena_destroy(&arena);
    free(zeros);
}

/* ---- the study ---- */

typedef struct heads {
    const psw_judge *judge;
    const psw_point *point;
    const buffers *x;
    psw_head *head[2]; /* as it is, with nothing left out */
    double seconds[2], blas_s;
} heads;

static psw_status take_all(void *context, const psw_leaf *leaf)
{
    heads *h = context;
    for (int i = 0; i < 2; i++) {
        double start = now_s();
        if (h->judge->take(h->head[i], leaf) != PSW_OK) exit(1);
        h->seconds[i] += now_s() - start;
    }
    if (leaf->index % 8 == 0)
        for (ptrdiff_t pair = 0; pair < 2 * leaf->points; pair++)
            h->blas_s += 8 * blas_seconds(h->point, leaf->rows, (int)leaf->count, h->x);
    return PSW_OK;
}

static void study(const preset_case *preset, psw_precision precision, double noise, const buffers *x)
{
    static const double degrees[DEGREES] = {2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16};
    psw_point points[DEGREES];
    psw_group group = {points, DEGREES};
    psw_arena arena[3];
    psw_data *data;
    psw_verdict verdicts[DEGREES];
    double pruned = 0;
    for (int i = 0; i < DEGREES; i++) {
        points[i] = bench_point(preset, precision, 4096, 66);
        points[i].beta = degrees[i], points[i].noise = noise, points[i].negative = PSW_NEGATIVE_SIGNED,
        points[i].m = 64;
    }
    const psw_engine *engine = psw_engine_of(precision);
    heads h = {.judge = psw_judge_of(precision), .point = points, .x = x};
    for (int i = 0; i < 2; i++) {
        if (psw_arena_create(h.judge->bytes(&group, NULL), &arena[i]) != PSW_OK) exit(1);
        if (h.judge->begin(&group, NULL, (psw_watch){0}, &arena[i], &h.head[i]) != PSW_OK) exit(1);
        h.judge->prune(h.head[i], i == 0);
    }
    if (psw_arena_create(engine->bytes(&group, NULL), &arena[2]) != PSW_OK) exit(1);
    if (psw_data_open(points, NULL, &data) != PSW_OK) exit(1);
    double start = now_s();
    psw_given given = {.data = data, .sets = 2};
    if (engine->attend(&group, &given, &arena[2], (psw_watch){0}, take_all, &h) != PSW_OK) puts(psw_message());
    double blas_s = h.blas_s / 8, attention = now_s() - start - h.seconds[0] - h.seconds[1] - blas_s;
    h.judge->end(h.head[0], verdicts);
    for (int i = 0; i < DEGREES; i++) pruned += verdicts[i].head_pruned / DEGREES;
    printf("%s %s noise %-4g attention %.3f s; head %.4f s (%.1f %% left out), with nothing left out %.3f s, by BLAS "
           "%.3f s: "
           "%.1f and %.1f times as long\n",
           precision == PSW_FP32 ? "fp32" : "fp64", preset->name, noise, attention, h.seconds[0], 100 * pruned,
           h.seconds[1], h.blas_s, h.blas_s / h.seconds[0], h.blas_s / h.seconds[1]);
    psw_data_close(data);
    for (int i = 0; i < 3; i++) psw_arena_destroy(&arena[i]);
}

/* ---- */

static void fill(psw_precision precision, const buffers *x)
{
    psw_key key = psw_random_key(PSW_STREAM_DATA, 3, NULL, 0);
    double row[CUBE];
    for (ptrdiff_t r = 0; r < CUBE; r++) {
        psw_random_uniforms(key, (uint64_t)r, 0, CUBE, row);
        for (ptrdiff_t k = 0; k < CUBE; k++) {
            ptrdiff_t at = r * CUBE + k;
            double sign = row[k] < 0.5 ? -1 : 1, u = row[k] / 16;
            if (precision == PSW_FP32)
                ((float *)x->a)[at] = (float)u, ((float *)x->b)[at] = (float)sign;
            else
                ((double *)x->a)[at] = u, ((double *)x->b)[at] = sign;
        }
    }
}

int main(void)
{
    static const preset_case *const presets[] = {&P1, &P2, &P3, &W1, &W2};
    size_t square = (size_t)CUBE * CUBE;
    buffers x = {malloc(square * sizeof(double)), malloc(square * sizeof(double)), malloc(square * sizeof(double))};
    for (int i = PSW_FP64; i <= PSW_FP32; i++) {
        psw_precision precision = (psw_precision)i;
        fill(precision, &x);
        bench(precision, 64, 10, 16, 50, &x);
        bench(precision, 4096, 10, 67, 60, &x);
        bench(precision, 4096, 34, 67, 60, &x);
        bench(precision, 4096, 66, 64, 100, &x);
        bench(precision, 4096, 130, 67, 60, &x);
        bench(precision, 4096, 1026, 67, 20, &x);
        for (size_t k = 0; k < sizeof presets / sizeof *presets; k++) study(presets[k], precision, 0, &x);
        study(&P1, precision, 0.1, &x);
        study(&W2, precision, 0.1, &x);
    }
    free(x.a), free(x.b), free(x.c);
    return 0;
}
