/* The rates of this machine. Small points run through attention and head; the cost model is linear in its rates, so
 * unit rates give its matrix, and non-negative least squares on relative errors gives the rates back. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "measure/kept.h"
#include "polysweep/theory.h"

typedef struct probe {
    psw_point point;
    bool prunes; /* else the head makes all its products: their rate is what is measured */
    double prepare_s, pass_s, head_s, data_s, noisy_s, rest_s; /* shortest of all rounds */
} probe;

/* Sketches, whose heads say nothing, of different features to a product; attention and head of row folds; one whose
 * head is mostly signs; one that is all overhead. */
enum { EXACT = 3, SIGNS = 9, TINY, PROBES };

/* Large points spend their time at these widths and degrees. */
static psw_point probe_point(int number, psw_precision precision)
{
    static const struct {
        psw_method method;
        ptrdiff_t n, d, m;
        double beta;
        ptrdiff_t r;
    } shapes[PROBES] = {{PSW_POLYSKETCH, 1024, 66, 1, 4, 16}, {PSW_POLYSKETCH, 1024, 66, 1, 4, 48},
                        {PSW_POLYSKETCH, 1024, 18, 1, 4, 32}, {PSW_EXACT, 512, 66, 32, 4, 0},
                        {PSW_EXACT, 512, 18, 32, 4, 0},       {PSW_EXACT, 512, 66, 16, 64, 0},
                        {PSW_EXACT, 512, 66, 16, 2.5, 0},     {PSW_EXACT, 512, 130, 32, 4, 0},
                        {PSW_SOFTMAX, 512, 66, 16, NAN, 0},   {PSW_EXACT, 16, 18, 128, 4, 0},
                        {PSW_EXACT, 64, 10, 16, 4, 0}};
    psw_point p = {
        .method = shapes[number].method, .precision = precision, .data_kind = PSW_SELF_ATTENTION, .preset = PSW_W2};
    p.beta = shapes[number].beta;
    p.n = shapes[number].n;
    p.d = p.v = shapes[number].d;
    p.m = shapes[number].m;
    p.trials = number == TINY ? 4 : 40; /* as many vectors as make tables of a block of rows cheap */
    p.block = 512;
    p.r = shapes[number].r;
    if (p.r > 0) {
        p.data_kind = PSW_GAUSSIAN, p.mask = PSW_CAUSAL, p.block = 256;
        p.features = p.r * (p.r + 1) / 2, p.draws = 1;
    }
    p.a_0 = 0.04, p.a_1 = 1.2, p.b = 0.3, p.c = 1, p.kappa = 0.1;
    return p;
}

/* ---- one pass, timed part by part ---- */

/* Processor time: what other processes take of a core is not a property of the core. */
static double work_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct sink {
    const psw_judge *judge;
    psw_head *head;
    double head_s;
} sink;

static psw_status timed_take(void *context, const psw_leaf *leaf)
{
    sink *s = context;
    double start = work_s();
    psw_status status = s->judge->take(s->head, leaf);
    s->head_s += work_s() - start;
    return status;
}

static void keep_shortest(double *best, double seconds)
{
    *best = fmin(*best, seconds);
}

static psw_status forward(probe *p, psw_attention *attention, sink *s, double *pass_s)
{
    const psw_engine *engine = psw_engine_of(p->point.precision);
    double start = work_s();
    psw_status status = engine->pass(attention, (psw_watch){0}, timed_take, s);
    *pass_s = work_s() - start - s->head_s;
    engine->release(attention);
    return status;
}

static psw_status pass(probe *p, const psw_data *data, psw_arena *arena, double start)
{
    psw_group group = {&p->point, 1};
    psw_given given = {.data = data, .sets = psw_data_sets(&p->point)};
    sink s = {psw_judge_of(p->point.precision), NULL, 0};
    psw_attention *attention;
    psw_verdict verdict;
    double pass_s;
    PSW_TRY(s.judge->begin(&group, NULL, (psw_watch){0}, arena, &s.head));
    s.judge->prune(s.head, p->prunes);
    double before = work_s();
    PSW_TRY(psw_engine_of(p->point.precision)->prepare(&group, &given, arena, &attention));
    keep_shortest(&p->prepare_s, work_s() - before);
    PSW_TRY(forward(p, attention, &s, &pass_s));
    s.judge->end(s.head, &verdict);
    psw_theory_point(&p->point);
    keep_shortest(&p->pass_s, pass_s);
    keep_shortest(&p->head_s, s.head_s);
    keep_shortest(&p->rest_s, work_s() - start - pass_s - s.head_s);
    return psw_arena_check(arena);
}

static psw_status time_rows(psw_point point, double noise, double *rows, double *best)
{
    psw_data *data;
    point.noise = noise;
    PSW_TRY(psw_data_open(&point, NULL, &data));
    double start = work_s();
    psw_data_rows(data, 0, PSW_KEY, 0, point.n, rows);
    keep_shortest(best, work_s() - start);
    psw_data_close(data);
    return PSW_OK;
}

static psw_status run_probe(probe *p, psw_arena *arena, double *rows)
{
    psw_data *data;
    arena->used = arena->high = 0;
    double start = work_s();
    PSW_TRY(psw_data_open(&p->point, NULL, &data));
    psw_status status = pass(p, data, arena, start);
    psw_data_close(data);
    if (status != PSW_OK) return status;
    PSW_TRY(time_rows(p->point, 0, rows, &p->data_s));
    return time_rows(p->point, 0.1, rows, &p->noisy_s);
}

/* Rounds over all probes until the budget is used; the first one also warms up. */
static psw_status run_probes(probe *probes, psw_arena *arena, double *rows, double budget_s)
{
    double start = psw_clock_s();
    do
        for (int i = 0; i < PROBES; i++) PSW_TRY(run_probe(&probes[i], arena, rows));
    while (psw_clock_s() - start < budget_s);
    return PSW_OK;
}

static psw_status measure_probes(psw_precision precision, double budget_s, probe *probes)
{
    psw_arena arena;
    size_t most = 0;
    ptrdiff_t elements = 0;
    for (int i = 0; i < PROBES; i++) {
        probes[i] = (probe){probe_point(i, precision), i == TINY, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX};
        psw_group group = {&probes[i].point, 1};
        size_t bytes = psw_memory_group(&group, NULL);
        if (bytes > most) most = bytes;
        if (probes[i].point.n * probes[i].point.d > elements) elements = probes[i].point.n * probes[i].point.d;
    }
    double *rows = malloc((size_t)elements * sizeof *rows);
    if (!rows) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %td numbers to measure rates", elements);
    psw_status status = psw_arena_create(most, &arena);
    if (status == PSW_OK) {
        status = run_probes(probes, &arena, rows, budget_s);
        psw_arena_destroy(&arena);
    }
    free(rows);
    return status;
}

/* ---- solving for rates ---- */

enum { UNKNOWNS = 7 };

/* Minimises sum_i (sum_k a[i][k] x[k] / t[i] - 1)^2 over x >= 0, one coordinate after another. */
static void solve(ptrdiff_t rows, double a[][UNKNOWNS], const double *t, int unknowns, double *x)
{
    for (int k = 0; k < unknowns; k++) x[k] = 0;
    for (int sweep = 0; sweep < 2000; sweep++)
        for (int k = 0; k < unknowns; k++) {
            double up = 0, down = 0;
            for (ptrdiff_t i = 0; i < rows; i++) {
                double rest = 1, own = a[i][k] / t[i];
                for (int j = 0; j < unknowns; j++)
                    if (j != k) rest -= a[i][j] * x[j] / t[i];
                up += own * rest;
                down += own * own;
            }
            x[k] = down > 0 ? fmax(up / down, 0) : 0;
        }
}

/* What the model predicts of a pass, or of a point, if `rate` is one second per unit and every other rate is 0. */
static psw_cost units(const psw_point *point, double *rate, psw_rates *zero)
{
    *rate = 1;
    psw_cost cost = psw_cost_time(zero, point);
    *rate = 0;
    return cost;
}

static void solve_attention(const probe *probes, psw_precision precision, psw_rates *rates)
{
    psw_rates z = {0};
    double *const one[UNKNOWNS] = {&z.flop_s[precision],      &z.score_s[precision],       &z.weigh_s[precision],
                                   &z.transcend_s[precision], &z.exponential_s[precision], &z.sketch_flop_s[precision],
                                   &z.feature_s[precision]};
    double a[PROBES][UNKNOWNS], t[PROBES], x[UNKNOWNS];
    for (int i = 0; i < SIGNS; i++) {
        t[i] = fmax(probes[i].pass_s, 1e-9);
        for (int k = 0; k < UNKNOWNS; k++) a[i][k] = units(&probes[i].point, one[k], &z).repeat_s;
    }
    solve(SIGNS, a, t, UNKNOWNS, x);
    rates->flop_s[precision] = x[0];
    rates->score_s[precision] = x[1];
    rates->weigh_s[precision] = x[2];
    rates->transcend_s[precision] = x[3];
    rates->exponential_s[precision] = x[4];
    rates->sketch_flop_s[precision] = x[5];
    rates->feature_s[precision] = x[6];
}

static void solve_head(const probe *probes, psw_precision precision, psw_rates *rates)
{
    enum { HEAD = 3 };
    psw_rates z = {0};
    double *const one[HEAD] = {&z.head_flop_s[precision], &z.head_entry_s[precision], &z.sign_s};
    double a[PROBES][UNKNOWNS], t[PROBES], x[UNKNOWNS];
    for (int i = EXACT; i <= SIGNS; i++) {
        psw_point all = probes[i].point;
        all.noise = 0.1; /* no rows that are known to be equal */
        t[i - EXACT] = fmax(probes[i].head_s, 1e-9);
        for (int k = 0; k < HEAD; k++) a[i - EXACT][k] = units(&all, one[k], &z).predicted_s;
    }
    solve(SIGNS + 1 - EXACT, a, t, HEAD, x);
    rates->head_flop_s[precision] = x[0];
    rates->head_entry_s[precision] = x[1];
    rates->sign_s = fmax(x[2], 1e-12);
}

/* What a tiny point takes beyond its predicted parts. */
static double overhead(const probe *tiny, const psw_rates *rates)
{
    psw_rates parts = *rates;
    parts.point_s = 0;
    double whole = tiny->pass_s + tiny->head_s + tiny->rest_s;
    return fmax(whole - psw_cost_time(&parts, &tiny->point).predicted_s, 1e-6);
}

psw_status psw_measure_rates(psw_rates *rates)
{
    probe probes[PROBES];
    double overheads[2];
    *rates = psw_rates_default;
    PSW_TRY(psw_measure_room());
    for (psw_precision precision = PSW_FP64; precision <= PSW_FP32; precision++) {
        PSW_TRY(measure_probes(precision, 0.15, probes));
        const psw_point *p = &probes[EXACT].point;
        rates->row_s = probes[EXACT].prepare_s / (double)(p->n * p->d);
        rates->noise_s = fmax(probes[EXACT].noisy_s - probes[EXACT].data_s, 0) / (double)(p->n * p->d);
        solve_attention(probes, precision, rates);
        solve_head(probes, precision, rates);
        overheads[precision] = overhead(&probes[TINY], rates);
    }
    rates->point_s = fmax(overheads[PSW_FP64], overheads[PSW_FP32]);
    return PSW_OK;
}

/* Seconds of a common point: one number to compare ranks by. */
double measure_slowness(const psw_rates *rates)
{
    psw_point p = probe_point(EXACT, PSW_FP64);
    return psw_cost_time(rates, &p).predicted_s;
}
