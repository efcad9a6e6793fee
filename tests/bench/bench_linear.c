/* bench_linear [d longest]: time a token of what should be linear in n, causal where there is such a form, in single
 * precision on one core, from 2^14 tokens on. Not a test: it prints, for a person to judge. Times are of the processor,
 * not of the wall, so that a busy machine disturbs less. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "polysweep/measure.h"
#include "polysweep/plan.h"

static const struct {
    const char *name;
    psw_point point;
} cases[] = {{"elu1", {.method = PSW_ELU1, .mask = PSW_CAUSAL}},
             {"relu", {.method = PSW_RELU, .mask = PSW_CAUSAL}},
             {"taylor, order 2", {.method = PSW_TAYLOR, .mask = PSW_CAUSAL, .order = 2, .by = PSW_BY_FEATURES}},
             {"64 landmarks", {.method = PSW_NYSTROM, .landmarks = 64}}};
enum { CASES = sizeof cases / sizeof cases[0] };

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

/* Seconds of the shorter of two forward passes. */
static psw_status pass_s(const psw_point *point, double *seconds)
{
    const psw_engine *engine = psw_engine_of(point->precision);
    psw_group group = {point, 1};
    psw_attention *attention;
    psw_arena arena;
    psw_data *data;
    PSW_TRY(psw_attend_check(point));
    PSW_TRY(psw_arena_create(engine->bytes(&group, NULL), &arena));
    PSW_TRY(psw_data_open(point, NULL, &data));
    psw_status status = engine->prepare(&group, &(psw_given){.data = data, .sets = 1}, &arena, &attention);
    *seconds = INFINITY;
    for (int i = 0; i < 2 && status == PSW_OK; i++) {
        double start = (double)clock();
        status = engine->pass(attention, (psw_watch){NULL, NULL}, drop, NULL);
        *seconds = fmin(*seconds, ((double)clock() - start) / CLOCKS_PER_SEC);
    }
    psw_data_close(data);
    psw_arena_destroy(&arena);
    return status;
}

int main(int argc, char **argv)
{
    long d = argc > 1 ? strtol(argv[1], NULL, 10) : 32, longest = argc > 2 ? strtol(argv[2], NULL, 10) : 1 << 20;
    psw_threads_set(1);
    printf("d %ld, fp32, block 256, one core; ns a token, and what the plan says of it\n%8s", d, "n");
    for (int c = 0; c < CASES; c++) printf("  %24s", cases[c].name);
    printf("\n");
    for (long n = 1 << 14; n <= longest; n *= 4) {
        printf("%8ld", n);
        for (int c = 0; c < CASES; c++) {
            double seconds;
            psw_point p = cases[c].point;
            p.precision = PSW_FP32, p.data_kind = PSW_GAUSSIAN, p.n = n, p.d = p.v = d, p.block = 256, p.beta = NAN;
            p.scale = 1 / sqrt((double)d);
            if (pass_s(&p, &seconds) != PSW_OK) return printf("\n%s\n", psw_message()), 1;
            printf("  %11.1f %12.1f", 1e9 * seconds / (double)n,
                   1e9 * psw_cost_time(&psw_rates_default, &p).pass_s / (double)n);
            fflush(stdout);
        }
        printf("\n");
    }
    return 0;
}
