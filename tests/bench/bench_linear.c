/* bench_linear [d longest method precision]: time a token of what should be linear in n, causal where there is such a
 * form, on one core, from 2^16 tokens to `longest` (2^20; of 2^22 tokens rows alone take 3 GiB in single precision).
 * Each time is that of a pass over the shortest sequence, just before or after it, times `of 2^16`: a slope that is the
 * same everywhere is 1, and the last column is how far the worst is from the mean of all. method: the beginning of a
 * name, all: every one; precision: fp32 or fp64. Not a test: it prints, for a person to judge. Times are of the
 * processor, not of the wall, so that a busy machine disturbs less. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polysweep/measure.h"
#include "polysweep/plan.h"

static const struct {
    const char *name;
    psw_point point;
} cases[] = {{"elu1", {.method = PSW_ELU1, .mask = PSW_CAUSAL, .beta = NAN}},
             {"relu", {.method = PSW_RELU, .mask = PSW_CAUSAL, .beta = NAN}},
             {"polysketch", {.method = PSW_POLYSKETCH, .mask = PSW_CAUSAL, .beta = 4, .r = 32}},
             {"polysketch, local", {.method = PSW_POLYSKETCH, .mask = PSW_CAUSAL, .beta = 4, .r = 32, .local = 256}},
             {"polysketch, full", {.method = PSW_POLYSKETCH, .mask = PSW_FULL, .beta = 4, .r = 32}},
             {"tensorsketch", {.method = PSW_TENSORSKETCH, .mask = PSW_CAUSAL, .beta = 4, .r = 128}},
             {"srht", {.method = PSW_SRHT, .mask = PSW_CAUSAL, .beta = 4, .r = 128}},
             {"maclaurin", {.method = PSW_MACLAURIN, .mask = PSW_CAUSAL, .beta = 4, .r = 128}},
             {"tree", {.method = PSW_TREE, .mask = PSW_CAUSAL, .beta = 4, .r = 128}},
             {"favor", {.method = PSW_FAVOR, .mask = PSW_CAUSAL, .beta = NAN, .r = 128}},
             {"taylor, order 2", {.method = PSW_TAYLOR, .mask = PSW_CAUSAL, .order = 2, .by = PSW_BY_FEATURES}},
             {"64 landmarks", {.method = PSW_NYSTROM, .mask = PSW_FULL, .beta = NAN, .landmarks = 64}}};
enum { CASES = sizeof cases / sizeof cases[0], SHORTEST = 1 << 16, LENGTHS = 16 };

static psw_status drop(void *context, const psw_leaf *leaf)
{
    return context == NULL && leaf ? PSW_OK : PSW_BUG;
}

/* An attention that is ready, with what it needs. */
typedef struct ready {
    psw_point point;
    psw_group group;
    psw_arena arena;
    psw_data *data;
    psw_attention *attention;
} ready;

static psw_status make_ready(const psw_point *point, ready *r)
{
    const psw_engine *engine = psw_engine_of(point->precision);
    *r = (ready){.point = *point};
    r->group = (psw_group){&r->point, 1};
    PSW_TRY(psw_attend_check(point));
    PSW_TRY(psw_arena_create(engine->bytes(&r->group, NULL), &r->arena));
    PSW_TRY(psw_data_open(&r->point, NULL, &r->data));
    return engine->prepare(&r->group, &(psw_given){.data = r->data, .sets = 1}, &r->arena, &r->attention);
}

static void give_up(ready *r)
{
    psw_engine_of(r->point.precision)->release(r->attention);
    psw_data_close(r->data);
    psw_arena_destroy(&r->arena);
}

/* Nanoseconds a token of the shortest of so many passes. */
static double token_ns(const ready *r, int passes)
{
    double least = INFINITY;
    for (int i = 0; i < passes; i++) {
        double start = (double)clock();
        if (psw_engine_of(r->point.precision)->pass(r->attention, (psw_watch){NULL, NULL}, drop, NULL) != PSW_OK)
            return NAN;
        least = fmin(least, ((double)clock() - start) / CLOCKS_PER_SEC);
    }
    return 1e9 * least / (double)r->point.n;
}

/* The long sequence in turns with the shortest one, which fill about the same time. */
static psw_status measure(psw_point point, const ready *first, long n, double *ns, double *ratio)
{
    ready r;
    point.n = n;
    PSW_TRY(make_ready(&point, &r));
    double before = token_ns(first, 4);
    *ns = *ratio = INFINITY;
    for (int i = 0; i < 3; i++) {
        double own = token_ns(&r, 1), after = token_ns(first, 4);
        *ns = fmin(*ns, own);
        *ratio = fmin(*ratio, own / fmin(before, after));
        before = after;
    }
    give_up(&r);
    return PSW_OK;
}

static psw_status bench(const char *name, psw_point p, long longest)
{
    double ratio[LENGTHS] = {1}, mean = 1, off = 0;
    int lengths = 1;
    ready first;
    p.n = SHORTEST;
    PSW_TRY(make_ready(&p, &first));
    token_ns(&first, 1);
    printf("%-18s %8.1f %8.1f", name, token_ns(&first, 5),
           1e9 * psw_cost_time(&psw_rates_default, &p).pass_s / (double)p.n);
    for (long n = 4L * SHORTEST; n <= longest && lengths < LENGTHS; n *= 4, lengths++) {
        double ns;
        PSW_TRY(measure(p, &first, n, &ns, &ratio[lengths]));
        printf("  %8.1f %6.3f", ns, ratio[lengths]);
        fflush(stdout);
        mean += ratio[lengths];
    }
    for (int i = 0; i < lengths; i++) off = fmax(off, fabs(ratio[i] * lengths / mean - 1));
    printf("  %5.1f %%\n", 100 * off);
    give_up(&first);
    return PSW_OK;
}

int main(int argc, char **argv)
{
    long d = argc > 1 ? strtol(argv[1], NULL, 10) : 32, longest = argc > 2 ? strtol(argv[2], NULL, 10) : 1 << 20;
    const char *method = argc > 3 ? argv[3] : "all", *precision = argc > 4 ? argv[4] : "fp32";
    psw_threads_set(1);
    printf("d %ld, %s, block 256, one core; ns a token, and over that of 2^16 tokens\n%-18s %8d %8s", d, precision, "n",
           SHORTEST, "planned");
    for (long n = 4L * SHORTEST; n <= longest; n *= 4) printf("  %8ld %6s", n, "");
    printf("  off the slope\n");
    for (int c = 0; c < CASES; c++) {
        psw_point p = cases[c].point;
        if (strcmp(method, "all") != 0 && strncmp(method, cases[c].name, strlen(method)) != 0) continue;
        p.precision = strcmp(precision, "fp64") == 0 ? PSW_FP64 : PSW_FP32;
        p.data_kind = PSW_GAUSSIAN, p.d = p.v = d, p.block = 256, p.scale = 1 / sqrt((double)d);
        p.negative = PSW_NEGATIVE_SIGNED, p.den_constant = p.method == PSW_NYSTROM ? 0 : 1e6,
        p.beta = p.method == PSW_TAYLOR ? NAN : p.beta;
        if (bench(cases[c].name, p, longest) != PSW_OK) return printf("\n%s\n", psw_message()), 1;
    }
    return 0;
}
