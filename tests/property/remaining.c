/* The time that is left, in simulated sweeps: kinds of runs take longer or shorter than predicted, each by a factor of
 * its own, runs of a kind differ, all of the machine is slower or repetitions stop early. From a tenth of the work on
 * the estimate is within a factor of 2. No clock. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/plan.h"
#include "polysweep/random.h"

typedef struct study_case {
    const char *name, *text;
} study_case;

#define GAUSSIAN "schema: 1\nstudy: s\ndata: {kind: gaussian}\n"
#define W2 "schema: 1\nstudy: s\ndata: {kind: self_attention, preset: W2}\n"
static const study_case studies[] = {
    {"mixed methods",
     GAUSSIAN "methods: [exact, softmax, polysketch: {r: [8, 32], draws: 2}, favor: {r: 64, draws: 2}]\n"
              "grid: {n: [300, 1024, 4096], d: [16, 64], row_norm: unit, beta: [2, 4, 8], seed: [1, 2, 3, 4]}\n"},
    {"head and attention",
     W2 "methods: [exact, softmax]\n"
        "grid: {n: [64, 4096], d: [10, 34], beta: [2, 4, 8, 16], trials: [4, 4000], seed: [1, 2, 3, 4, 5, 6]}\n"
        "judge: {m: 32}\n"},
    {"timed", W2 "methods: [exact, softmax, linear]\n"
                 "grid: {n: [256, 512, 1024], d: [10, 18, 34], beta: [2, 4, 8], seed: [1, 2, 3]}\n"
                 "judge: {m: 8, trials: 3}\ntime: {reps: 3, max_reps: 50}\n"},
    {"one long point",
     W2 "methods: [exact, softmax]\n"
        "grid: {n: {from: 256, to: 8192, factor: 2}, d: [18, 34], beta: [2, 4, 8, 16], seed: [1, 2]}\n"
        "include: [{method: exact, beta: 12, n: 65536, d: 34}]\njudge: {m: 8, trials: 3}\n"},
};

/* What the sweep is really like. */
typedef struct truth {
    double kind[PSW_KINDS]; /* within a quarter, which predictions keep to */
    double all, spread;     /* of everything; of single runs */
    uint64_t seed;
} truth;

static double uniform(uint64_t seed, uint64_t row)
{
    const uint64_t none = 0;
    double u;
    psw_random_uniforms(psw_random_key(PSW_STREAM_ROWS, seed, &none, 1), row, 0, 1, &u);
    return u;
}

static truth truth_of(uint64_t seed)
{
    static const double machine[] = {1, 0.08, 0.4, 3, 10};
    truth t = {.all = machine[seed % 5], .spread = 0.3, .seed = seed};
    for (int k = 0; k < PSW_KINDS; k++) t.kind[k] = exp((2 * uniform(seed, (uint64_t)k) - 1) * log(1.25));
    return t;
}

typedef struct sweep {
    psw_study *study;
    psw_split split;
    psw_runs runs, none, real; /* real: the same runs, as long as they truly are */
    int *kind;                 /* of each run */
    psw_turn *turns;
    psw_schedule schedule;
    psw_remaining remaining;
} sweep;

static void make(sweep *s, const study_case *c, ptrdiff_t ranks, truth t)
{
    memset(s, 0, sizeof *s);
    CHECK(psw_study_parse(&(psw_study_source){c->text, strlen(c->text), "test", NULL, 0}, NULL, &s->study) == PSW_OK,
          "%s", psw_message());
    s->split = (psw_split){.ranks = ranks, .nodes = 1};
    psw_cut cut = psw_cut_default;
    psw_cut_time(&cut, psw_study_settings(s->study));
    cut.split = &s->split;
    CHECK(psw_runs_create(s->study, &psw_rates_default, &cut, NULL, &s->runs) == PSW_OK, "%s", psw_message());
    psw_remaining_work work = {s->study, &psw_rates_default, &s->split, &s->runs, &s->none};
    CHECK(psw_remaining_create(&work, &s->remaining) == PSW_OK, "%s", psw_message());
    s->real = s->runs;
    s->real.list = malloc((size_t)s->runs.count * sizeof *s->real.list);
    s->turns = malloc((size_t)s->runs.count * sizeof *s->turns);
    s->kind = malloc((size_t)s->runs.count * sizeof *s->kind);
    for (ptrdiff_t i = 0; i < s->runs.count; i++) {
        psw_run *run = &s->real.list[i];
        *run = s->runs.list[i];
        double noise = 1 + t.spread * (2 * uniform(t.seed + 1000, (uint64_t)i) - 1);
        s->kind[i] = psw_run_kind(s->study, &psw_rates_default, run);
        run->predicted_s *= t.all * noise * t.kind[s->kind[i]];
    }
    CHECK(psw_schedule_simulate(&s->real, &s->split, INFINITY, &s->schedule, s->turns) == PSW_OK, "%s", psw_message());
}

static void release(sweep *s)
{
    free(s->turns);
    free(s->kind);
    free(s->real.list);
    psw_runs_free(&s->runs);
    psw_study_free(s->study);
}

/* What is known at a time: runs that have ended. */
static psw_pace pace_at(const sweep *s, double at_s)
{
    psw_pace pace = {{0}, {0}};
    for (ptrdiff_t i = 0; i < s->schedule.runs; i++) {
        const psw_turn *turn = &s->turns[i];
        const psw_run *run = &s->runs.list[turn->run];
        int kind = s->kind[turn->run];
        if (turn->end_s > at_s) continue;
        pace.cost_s[kind] += psw_run_cost(run, &s->split);
        pace.busy_s[kind] += (turn->end_s - turn->start_s) * (double)psw_split_least(&s->split, run->depth);
    }
    return pace;
}

/* Since a run ended last. */
static double since_at(const sweep *s, double at_s)
{
    double last_s = 0;
    for (ptrdiff_t i = 0; i < s->schedule.runs; i++)
        if (s->turns[i].end_s <= at_s && s->turns[i].end_s > last_s) last_s = s->turns[i].end_s;
    return at_s - last_s;
}

static double done_at(const sweep *s, double at_s)
{
    psw_pace pace = pace_at(s, at_s);
    double cost_s = 0;
    for (int k = 0; k < PSW_KINDS; k++) cost_s += pace.cost_s[k];
    return cost_s / s->remaining.total_s;
}

/* The longest run that is under way: of runs by themselves nothing is known that their spread does not undo. */
static double under_way(const sweep *s, double at_s)
{
    double longest = 0;
    for (ptrdiff_t i = 0; i < s->schedule.runs; i++)
        if (s->turns[i].start_s <= at_s && s->turns[i].end_s > at_s)
            longest = fmax(longest, s->turns[i].end_s - s->turns[i].start_s);
    return longest;
}

/* The estimate over the truth, worst of all times after a tenth of the work and before the last runs. */
static double worst(const sweep *s)
{
    double most = 1;
    for (int i = 1; i < 100; i++) {
        double at_s = s->schedule.finish_s * i / 100, left_s = s->schedule.finish_s - at_s;
        if (done_at(s, at_s) < 0.1 || left_s < under_way(s, at_s)) continue;
        psw_pace pace = pace_at(s, at_s);
        double said_s = psw_remaining_s(&s->remaining, &pace, at_s, since_at(s, at_s));
        most = fmax(most, fmax(said_s / left_s, left_s / said_s));
    }
    return most;
}

static void check_sweep(const study_case *c, ptrdiff_t ranks, uint64_t seed)
{
    sweep s;
    make(&s, c, ranks, truth_of(seed));
    double found = worst(&s);
    CHECK(found <= 2, "%s on %td ranks, seed %d: off by a factor of %.3g", c->name, ranks, (int)seed, found);
    psw_pace all = pace_at(&s, 2 * s.schedule.finish_s);
    double left_s = psw_remaining_s(&s.remaining, &all, s.schedule.finish_s, 0);
    CHECK(left_s <= 1e-6 * s.schedule.finish_s, "%s: %g of %g s left at the end", c->name, left_s, s.schedule.finish_s);
    release(&s);
}

/* Before anything is known it is the prediction, and time passes. */
static void check_start(const study_case *c)
{
    sweep s;
    psw_pace none = {{0}, {0}};
    make(&s, c, 2, (truth){.all = 1});
    double finish_s = s.remaining.finish_s;
    CHECK_NEAR(psw_remaining_s(&s.remaining, &none, 0, 0) / finish_s, 1.0, 1e-9);
    CHECK(psw_remaining_s(&s.remaining, &none, 10 * finish_s, 10 * finish_s) < finish_s, "it stands still");
    CHECK(psw_remaining_s(&s.remaining, &none, 10 * finish_s, 10 * finish_s) > 0, "0 s left, and nothing is done");
    CHECK(psw_remaining_s(&(psw_remaining){.ranks = 1}, &none, 1, 1) == 0, "nothing to do");
    release(&s);
}

int main(void)
{
    static const ptrdiff_t ranks[] = {1, 2, 5, 16};
    for (size_t i = 0; i < sizeof studies / sizeof *studies; i++) {
        check_start(&studies[i]);
        for (size_t k = 0; k < sizeof ranks / sizeof *ranks; k++)
            for (uint64_t seed = 0; seed < 10; seed++) check_sweep(&studies[i], ranks[k], seed);
    }
    return test_end();
}
