/* bench_cost [repetitions]: processor time of points with a sketch, and the predicted over it. Not a test:
 * it prints, for a person to judge. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "merge.h"
#include "polysweep/errors.h"
#include "polysweep/measure.h"
#include "polysweep/plan.h"

enum { DRAWS = 20 };

typedef struct parts {
    double begin, draw; /* the latter with attention */
} parts;

static double processor_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

static psw_status measure(const psw_point *p, psw_arena *arena, parts *least)
{
    const psw_assessor *assessor = psw_assessor_of(p->precision);
    psw_group group = {p, 1};
    psw_errors *errors = NULL;
    psw_data *data;
    arena->used = 0;
    PSW_TRY(psw_data_open(p, NULL, &data));
    double start = processor_s();
    psw_status status = assessor->begin(p, &(psw_given){.data = data, .tables.weights = NULL, .route = NULL},
                                        (psw_watch){0}, arena, &errors);
    if (status == PSW_OK) merge_alone(assessor, errors, PSW_ERRORS_BEGUN);
    double begun = processor_s();
    if (status == PSW_OK) status = assessor->draw(errors, 0);
    if (status == PSW_OK) merge_alone(assessor, errors, PSW_ERRORS_DRAWN);
    if (status == PSW_OK)
        status = psw_engine_of(p->precision)
                     ->attend(&group, &(psw_given){.data = data, .sets = psw_data_sets(group.points)}, arena,
                              (psw_watch){0}, drop, NULL);
    double end = processor_s();
    least->begin = fmin(least->begin, begun - start);
    least->draw = fmin(least->draw, end - begun);
    assessor->close(errors);
    psw_data_close(data);
    return status;
}

static void bench(const psw_rates *rates, psw_point *p, int repetitions)
{
    psw_group group = {p, 1};
    psw_arena arena;
    parts found = {INFINITY, INFINITY};
    if (psw_arena_create(psw_memory_group(&group, NULL), &arena) != PSW_OK) return;
    psw_status status = PSW_OK;
    for (int i = 0; i < repetitions && status == PSW_OK; i++) status = measure(p, &arena, &found);
    double whole = psw_cost_time(rates, p).predicted_s, measured = found.begin + DRAWS * found.draw;
    p->draws = DRAWS + 1;
    double draw = psw_cost_time(rates, p).predicted_s - whole, begin = whole - rates->point_s - DRAWS * draw;
    printf("%-12s %s %s %4g %6td %5td  %9.3f %5.2f  %9.3f %5.2f  %9.2f %5.2f %s\n",
           psw_word(PSW_WORDS_METHOD, (int)p->method), p->precision == PSW_FP32 ? "fp32" : "fp64",
           p->mask == PSW_CAUSAL ? "causal" : "full  ", p->beta, p->n, p->r, 1e3 * found.begin, begin / found.begin,
           1e3 * found.draw, draw / found.draw, 1e3 * measured, whole / measured,
           status == PSW_OK ? "" : psw_message());
    fflush(stdout);
    psw_arena_destroy(&arena);
}

int main(int argc, char **argv)
{
    static const psw_method methods[] = {PSW_POLYSKETCH, PSW_TREE,      PSW_TENSORSKETCH,
                                         PSW_SRHT,       PSW_MACLAURIN, PSW_FAVOR};
    int repetitions = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5;
    psw_rates rates;
    double spread;
    psw_threads_set(1);
    if (psw_measure_rates(&rates, &spread) != PSW_OK) return 1;
    printf("milliseconds measured, then predicted over measured: begin, one draw, the point\n");
    for (int m = 0; m < 6; m++)
        for (int i = 0; i < 5; i++) {
            psw_point p = {.method = methods[m], .data_kind = PSW_GAUSSIAN, .row_norm = PSW_NORM_LAYERNORM, .seed = 3};
            p.n = i == 1 ? 4096 : i == 2 ? 256 : 1024;
            p.d = p.v = 64;
            p.r = methods[m] == PSW_POLYSKETCH ? (i == 3 ? 64 : 32) : (i == 3 ? 1024 : 256);
            p.beta = methods[m] == PSW_FAVOR ? NAN : i == 0 ? 8 : 4;
            p.mask = i == 4 ? PSW_CAUSAL : PSW_FULL;
            p.precision = i == 4 ? PSW_FP32 : PSW_FP64;
            p.draws = DRAWS, p.block = 256, p.negative = PSW_NEGATIVE_SIGNED;
            bench(&rates, &p, repetitions);
        }
    return 0;
}
