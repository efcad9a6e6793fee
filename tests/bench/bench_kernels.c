/* bench_kernels [most]: processor time of a pass of each kernel and baseline beside the predicted one, at n = 4096; and
 * of window from n = 2^14 to `most` (2^20), for each token: it stays the same. Not a test: it prints, for a person to
 * judge. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "polysweep/data.h"
#include "polysweep/measure.h"
#include "polysweep/plan.h"

static double processor_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

static double pass_s(const psw_point *point)
{
    psw_group group = {point, 1};
    const psw_engine *engine = psw_engine_of(point->precision);
    psw_arena arena;
    psw_attention *attention;
    psw_data *data;
    double best = INFINITY;
    if (psw_data_open(point, NULL, &data) != PSW_OK) return NAN;
    psw_given given = {.data = data, .sets = 1};
    if (psw_arena_create(engine->bytes(&group, NULL), &arena) != PSW_OK) return NAN;
    if (engine->prepare(&group, &given, &arena, &attention) != PSW_OK) return NAN;
    for (int i = 0; i < 3; i++) {
        double start = processor_s();
        if (engine->pass(attention, (psw_watch){NULL, NULL}, drop, NULL) != PSW_OK) return NAN;
        best = fmin(best, processor_s() - start);
    }
    engine->release(attention);
    psw_arena_destroy(&arena);
    psw_data_close(data);
    return best;
}

static psw_point point_of(psw_method method, psw_mask mask, psw_precision precision, ptrdiff_t n)
{
    return (psw_point){.method = method,
                       .mask = mask,
                       .precision = precision,
                       .data_kind = PSW_GAUSSIAN,
                       .beta = method == PSW_EXACT ? 4 : NAN,
                       .scale = 0.125,
                       .n = n,
                       .d = 64,
                       .v = 64,
                       .block = 512,
                       .local = 64,
                       .sinks = 4,
                       .keep = 64,
                       .order = 4};
}

int main(int argc, char **argv)
{
    static const psw_method methods[] = {PSW_EXACT, PSW_SOFTMAX, PSW_TAYLOR, PSW_UNIFORM, PSW_WINDOW, PSW_TOPK};
    ptrdiff_t most = argc > 1 ? strtol(argv[1], NULL, 10) : (ptrdiff_t)1 << 20;
    psw_rates rates = psw_rates_default;
    psw_threads_set(1);
    printf("n 4096, d 64: seconds of a pass, predicted over measured with the rates of the source\n");
    for (int precision = 0; precision < 2; precision++)
        for (int mask = 0; mask < 2; mask++)
            for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
                psw_point p = point_of(methods[i], (psw_mask)mask, (psw_precision)precision, 4096);
                double seconds = pass_s(&p), said = psw_cost_time(&rates, &p).pass_s;
                printf("%-8s %-6s %s  %.4f  %.2f\n", psw_method_facts_of(p.method)->word, mask ? "causal" : "full",
                       psw_engine_of(p.precision)->name, seconds, said / seconds);
                fflush(stdout);
            }
    printf("window, causal, fp32: microseconds of a pass for each token\n");
    for (ptrdiff_t n = 1 << 14; n <= most; n *= 4) {
        psw_point p = point_of(PSW_WINDOW, PSW_CAUSAL, PSW_FP32, n);
        printf("%8td  %.3f\n", n, pass_s(&p) / (double)n * 1e6);
        fflush(stdout);
    }
    return 0;
}
