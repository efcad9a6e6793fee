/* The head's rate against OpenBLAS's own 1024^3 product, interleaved in one run, medians of the ratios; the head's bare
 * products beside it say what the threshold pass and the signs cost. */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "polysweep/judge.h"
#include "polysweep/random.h"
#include "polysweep/stats.h"

enum { ROUNDS = 9, CUBE = 1024 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct buffers {
    void *a, *b, *c; /* CUBE^2 each */
} buffers;

static void product(psw_precision precision, const buffers *x, int rows, int cols, int inner)
{
    if (precision == PSW_FP32)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, inner, 1, x->a, inner, x->b, inner, 0, x->c,
                    cols);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, cols, inner, 1, x->a, inner, x->b, inner, 0, x->c,
                    cols);
}

static double cube_rate(psw_precision precision, const buffers *x)
{
    double start = now_s();
    product(precision, x, CUBE, CUBE, CUBE);
    return 2.0 * CUBE * CUBE * CUBE / (now_s() - start);
}

/* The same products as the head of one leaf, alone. */
static double bare_rate(const psw_point *p, const buffers *x)
{
    int rows = (int)(p->block < p->n ? p->block : p->n);
    ptrdiff_t columns = p->m * p->trials, done = 0;
    double start = now_s();
    for (int set = 0; set < 2; set++)
        for (ptrdiff_t first = 0; first < columns; first += 256, done += 256)
            product(p->precision, x, rows, 256, (int)p->v);
    return 2.0 * rows * (double)p->v * (double)done / (now_s() - start);
}

static double head_rate(const psw_point *p, const psw_leaf *leaf, psw_arena *arena)
{
    const psw_judge *judge = psw_judge_of(p->precision);
    psw_group group = {p, 1};
    psw_head *head;
    psw_verdict verdict;
    arena->used = 0;
    double start = now_s();
    if (judge->begin(&group, (psw_watch){0}, arena, &head) != PSW_OK) exit(1);
    judge->take(head, leaf);
    judge->end(head, &verdict);
    double flops = 2 * psw_judge_flops(p) * (double)leaf->count / (double)p->n;
    return flops / (now_s() - start);
}

static void bench(psw_precision precision, ptrdiff_t n, ptrdiff_t d, ptrdiff_t m, ptrdiff_t trials, const buffers *x)
{
    psw_point p = {.method = PSW_EXACT,
                   .beta = 4,
                   .n = n,
                   .d = d,
                   .v = d,
                   .block = 512,
                   .m = m,
                   .trials = trials,
                   .a_0 = 0.04,
                   .a_1 = 1.2,
                   .b = 0.3,
                   .c = 1,
                   .kappa = 0.1,
                   .precision = precision};
    psw_group group = {&p, 1};
    psw_arena arena;
    double head[ROUNDS], bare[ROUNDS], point_us[ROUNDS];
    ptrdiff_t count = n < p.block ? n : p.block;
    double *special = calloc((size_t)(2 * count), sizeof *special);
    psw_leaf leaf = {0, count, 0, 1, 2, d, x->a, special, special};
    if (psw_arena_create(psw_judge_of(precision)->bytes(&group), &arena) != PSW_OK) exit(1);
    for (int i = 0; i < ROUNDS; i++) {
        double cube = cube_rate(precision, x), rate = head_rate(&p, &leaf, &arena);
        head[i] = rate / cube, bare[i] = bare_rate(&p, x) / cube;
        point_us[i] = 2e6 * psw_judge_flops(&p) * (double)count / (double)n / rate;
    }
    printf("%s n=%-5td d=%-4td m=%-3td trials=%-4td head %.2f of the cube's rate, its products alone %.2f; a leaf %.1f "
           "us\n",
           precision == PSW_FP32 ? "fp32" : "fp64", n, d, m, trials, psw_quantile(head, ROUNDS, 0.5),
           psw_quantile(bare, ROUNDS, 0.5), psw_quantile(point_us, ROUNDS, 0.5));
    psw_arena_destroy(&arena);
    free(special);
}

int main(void)
{
    size_t square = (size_t)CUBE * CUBE;
    double *a = malloc(square * sizeof *a), *b = malloc(square * sizeof *b), *c = malloc(square * sizeof *c);
    buffers x = {a, b, c};
    for (int precision = PSW_FP64; precision <= PSW_FP32; precision++) {
        for (size_t i = 0; i < square; i++) {
            double u = 0.5 + 0.5 / (double)(1 + i % 7);
            if (precision == PSW_FP32)
                ((float *)(void *)a)[i] = ((float *)(void *)b)[i] = (float)u;
            else
                a[i] = b[i] = u;
        }
        bench((psw_precision)precision, 64, 10, 16, 50, &x);
        bench((psw_precision)precision, 4096, 10, 67, 60, &x);
        bench((psw_precision)precision, 4096, 34, 67, 60, &x);
        bench((psw_precision)precision, 4096, 130, 67, 60, &x);
        bench((psw_precision)precision, 4096, 1026, 67, 20, &x);
    }
    free(a), free(b), free(c);
    return 0;
}
