/* Threads of a rank against one thread, in turn, in one run:
 *     bench_threads [threads method n d degree mask precision repetitions]
 * Medians with quartiles of a pass, their ratio, the same of a pass with its head, and what one rank with so many
 * threads takes of the memory of as many ranks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/measure.h"
#include "polysweep/plan.h"
#include "polysweep/stats.h"

enum { REPETITIONS_MAX = 200 };

typedef struct side {
    psw_point point;
    psw_group group;
    psw_arena arena;
    psw_attention *attention;
    psw_head *head;
    double pass[REPETITIONS_MAX], whole[REPETITIONS_MAX];
    uint64_t bits; /* of all rows */
} side;

static psw_status add_bits(void *context, const psw_leaf *leaf)
{
    side *s = context;
    const unsigned char *at = leaf->rows;
    size_t bytes =
        (size_t)(leaf->points * leaf->sets * leaf->count * leaf->width) * psw_engine_of(s->point.precision)->real_bytes;
    for (size_t i = 0; i < bytes; i++) s->bits = (s->bits ^ at[i]) * 0x100000001b3u;
    return PSW_OK;
}

static psw_status ignore(void *context, const psw_leaf *leaf)
{
    (void)context, (void)leaf;
    return PSW_OK;
}

static psw_status open_side(side *s, const psw_data *data, int threads)
{
    psw_given given = {.data = data, .sets = psw_data_sets(&s->point)};
    s->point.threads = threads;
    s->group = (psw_group){&s->point, 1};
    PSW_TRY(psw_arena_create(psw_memory_group(&s->group, NULL), &s->arena));
    PSW_TRY(psw_engine_of(s->point.precision)->prepare(&s->group, &given, &s->arena, &s->attention));
    PSW_TRY(psw_judge_of(s->point.precision)->begin(&s->group, NULL, (psw_watch){0}, &s->arena, &s->head));
    return psw_engine_of(s->point.precision)->pass(s->attention, (psw_watch){0}, add_bits, s);
}

static psw_status time_side(side *s, int i)
{
    const psw_engine *engine = psw_engine_of(s->point.precision);
    double start = psw_clock_s();
    PSW_TRY(engine->pass(s->attention, (psw_watch){0}, ignore, NULL));
    double between = psw_clock_s();
    PSW_TRY(engine->pass(s->attention, (psw_watch){0}, psw_judge_of(s->point.precision)->take, s->head));
    s->pass[i] = between - start, s->whole[i] = psw_clock_s() - between;
    return PSW_OK;
}

static double tell(const char *what, double *seconds, int count)
{
    double q1 = psw_quantile(seconds, count, 0.25), q2 = psw_quantile(seconds, count, 0.5),
           q3 = psw_quantile(seconds, count, 0.75);
    printf("  %-24s %10.4g s  (%.4g .. %.4g)\n", what, q2, q1, q3);
    return q2;
}

static psw_status compare(side *one, side *many, const psw_data *data, int threads, int repetitions)
{
    PSW_TRY(open_side(one, data, 1));
    PSW_TRY(open_side(many, data, threads));
    for (int i = 0; i < repetitions; i++) {
        PSW_TRY(time_side(one, i));
        PSW_TRY(time_side(many, i));
    }
    double a = tell("pass, 1 thread", one->pass, repetitions), b = tell("pass, threads", many->pass, repetitions);
    double c = tell("with head, 1 thread", one->whole, repetitions),
           d = tell("with head, threads", many->whole, repetitions);
    double bytes = (double)psw_memory_group(&many->group, NULL),
           ranks = threads * (double)psw_memory_group(&one->group, NULL);
    printf("  %.3f times as fast, with head %.3f; plan says %.3f and %.3f; %s bits\n", a / b, c / d,
           psw_attend_threads(&many->point, (one->point.n + one->point.block - 1) / one->point.block),
           psw_judge_threads(&many->point), one->bits == many->bits ? "the same" : "OTHER");
    printf("  memory %.1f MB, of %d ranks %.1f MB: %.3f\n", bytes / 1e6, threads, ranks / 1e6, bytes / ranks);
    return one->bits == many->bits ? PSW_OK : PSW_FAIL(PSW_MISMATCH, "other bits with %d threads", threads);
}

int main(int argc, char **argv)
{
    const char *const defaults[] = {"2", "exact", "8192", "64", "4", "full", "fp64", "9"}, *given[8];
    for (int i = 0; i < 8; i++) given[i] = i + 1 < argc ? argv[i + 1] : defaults[i];
    static side one, many;
    psw_data *data;
    psw_point p = {.method = (psw_method)psw_word_code(PSW_WORDS_METHOD, given[1]), .n = atol(given[2])};
    p.d = p.v = atol(given[3]) + 2, p.beta = atof(given[4]);
    p.mask = strcmp(given[5], "causal") == 0 ? PSW_CAUSAL : PSW_FULL;
    p.precision = (psw_precision)psw_word_code(PSW_WORDS_PRECISION, given[6]);
    p.data_kind = PSW_SELF_ATTENTION, p.preset = PSW_W2, p.noise = 0.05, p.m = 16, p.trials = 20, p.block = 512,
    p.j3 = p.n - 1;
    p.a_0 = 0.04, p.a_1 = 1.2, p.b = 0.3, p.c = 1, p.kappa = 0.1, p.negative = PSW_NEGATIVE_SIGNED;
    one.point = many.point = p;
    int threads = atoi(given[0]), repetitions = atoi(given[7]);
    if (repetitions > REPETITIONS_MAX) repetitions = REPETITIONS_MAX;
    printf("%s, n = %td, d = %td, %s, %s, %d threads\n", given[1], p.n, p.d, given[5], given[6], threads);
    psw_threads_set(1);
    psw_status status = psw_data_open(&p, NULL, &data);
    if (status == PSW_OK) status = compare(&one, &many, data, threads, repetitions);
    if (status != PSW_OK) fprintf(stderr, "%s\n", psw_message());
    return status;
}
