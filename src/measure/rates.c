/* The rates of this machine. Small points run through attention and head; the cost model is linear in its rates, so
 * unit rates give its matrix, and non-negative least squares on relative errors gives the rates back. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "measure/kept.h"
#include "polysweep/theory.h"

typedef struct times {
    double prepare_s, pass_s, head_s, data_s, noisy_s, rest_s;
} times;

typedef struct probe {
    psw_point point;
    bool prunes;       /* else the head makes all its products: their rate is what is measured */
    times shortest[2]; /* of all rounds with an even number, and of the others; [0]: in the end of all */
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

static psw_status pass(probe *p, times *shortest, const psw_data *data, psw_arena *arena, double start)
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
    keep_shortest(&shortest->prepare_s, work_s() - before);
    PSW_TRY(forward(p, attention, &s, &pass_s));
    s.judge->end(s.head, &verdict);
    psw_theory_point(&p->point);
    keep_shortest(&shortest->pass_s, pass_s);
    keep_shortest(&shortest->head_s, s.head_s);
    keep_shortest(&shortest->rest_s, work_s() - start - pass_s - s.head_s);
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

static psw_status run_probe(probe *p, times *shortest, bool makes_rows, psw_arena *arena, double *rows)
{
    psw_data *data;
    arena->used = arena->high = 0;
    double start = work_s();
    PSW_TRY(psw_data_open(&p->point, NULL, &data));
    psw_status status = pass(p, shortest, data, arena, start);
    psw_data_close(data);
    if (status != PSW_OK || !makes_rows) return status;
    PSW_TRY(time_rows(p->point, 0, rows, &shortest->data_s));
    return time_rows(p->point, 0.1, rows, &shortest->noisy_s);
}

/* Of the two halves of the rounds, where they differ most. */
static double spread_of(const probe *probes)
{
    double spread = 1;
    for (int i = 0; i < PROBES; i++) {
        const times *a = &probes[i].shortest[0], *b = &probes[i].shortest[1];
        double x = a->pass_s + a->head_s, y = b->pass_s + b->head_s;
        spread = fmax(spread, fmax(x, y) / fmin(x, y));
    }
    return spread;
}

static void join_halves(probe *p)
{
    times *all = &p->shortest[0], *other = &p->shortest[1];
    keep_shortest(&all->prepare_s, other->prepare_s);
    keep_shortest(&all->pass_s, other->pass_s);
    keep_shortest(&all->head_s, other->head_s);
    keep_shortest(&all->data_s, other->data_s);
    keep_shortest(&all->noisy_s, other->noisy_s);
    keep_shortest(&all->rest_s, other->rest_s);
}

bool measure_is_enough(int rounds, double wall_s, double spread)
{
    static const int least = 3, most = 6;
    static const double longest_s = 1, agree = 1.03;
    return rounds >= (spread > agree ? most : least) || (rounds >= 2 && wall_s >= longest_s);
}

/* Rounds over all probes, every other one in either half, so that what comes and goes is in both; the first one warms
 * up.
 */
static psw_status run_probes(probe *probes, psw_arena *arena, double *rows, double *spread)
{
    double start = psw_clock_s();
    int rounds = 0;
    do {
        for (int i = 0; i < PROBES; i++)
            PSW_TRY(run_probe(&probes[i], &probes[i].shortest[rounds % 2], i == EXACT, arena, rows));
        rounds++;
    } while (!measure_is_enough(rounds, psw_clock_s() - start, spread_of(probes)));
    *spread = fmax(*spread, spread_of(probes));
    for (int i = 0; i < PROBES; i++) join_halves(&probes[i]);
    return PSW_OK;
}

static psw_status measure_probes(psw_precision precision, probe *probes, double *spread)
{
    static const times never = {DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX, DBL_MAX};
    psw_arena arena;
    size_t most = 0;
    ptrdiff_t elements = 0;
    for (int i = 0; i < PROBES; i++) {
        probes[i] = (probe){probe_point(i, precision), i == TINY, {never, never}};
        psw_group group = {&probes[i].point, 1};
        size_t bytes = psw_memory_group(&group, NULL);
        if (bytes > most) most = bytes;
        if (probes[i].point.n * probes[i].point.d > elements) elements = probes[i].point.n * probes[i].point.d;
    }
    double *rows = malloc((size_t)elements * sizeof *rows);
    if (!rows) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %td numbers to measure rates", elements);
    psw_status status = psw_arena_create(most, &arena);
    if (status == PSW_OK) {
        status = run_probes(probes, &arena, rows, spread);
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
        t[i] = fmax(probes[i].shortest->pass_s, 1e-9);
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
        t[i - EXACT] = fmax(probes[i].shortest->head_s, 1e-9);
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
    double whole = tiny->shortest->pass_s + tiny->shortest->head_s + tiny->shortest->rest_s;
    return fmax(whole - psw_cost_time(&parts, &tiny->point).predicted_s, 1e-6);
}

psw_status psw_measure_rates(psw_rates *rates, double *spread)
{
    probe probes[PROBES];
    double overheads[2];
    *rates = psw_rates_default;
    *spread = 1;
    PSW_TRY(psw_measure_room());
    for (psw_precision precision = PSW_FP64; precision <= PSW_FP32; precision++) {
        PSW_TRY(measure_probes(precision, probes, spread));
        const times *exact = probes[EXACT].shortest;
        double values = (double)(probes[EXACT].point.n * probes[EXACT].point.d);
        rates->row_s = exact->prepare_s / values;
        rates->noise_s = fmax(exact->noisy_s - exact->data_s, 0) / values;
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
