/* The head against the same sums written as loops in long double, on rows that come from nowhere in particular. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/judge.h"
#include "polysweep/random.h"
#include "polysweep/theory.h"
#include "theory_case.h"
#include "verdict.h"

typedef struct sample {
    psw_point points[3];
    ptrdiff_t count;
    double *rows;    /* [points][sets][n][v], rounded to the precision */
    double *special; /* [points][sets][n] */
    double *log2_den;
} sample;

/* Rows without a positive denominator: -inf is 0, NaN a negative one. */
static double log2_den_of(ptrdiff_t row)
{
    return row % 7 == 3 ? -INFINITY : row % 5 == 1 ? NAN : (double)row;
}

static psw_point head_point(ptrdiff_t n, ptrdiff_t d, ptrdiff_t m, ptrdiff_t trials, ptrdiff_t block)
{
    psw_point p = case_of(&W1, n, d, 3);
    p.m = m, p.trials = trials, p.block = block, p.j3 = n / 2;
    return p;
}

/* P(N(0,1) > z) = rate */
static double deviations(double rate)
{
    double z = 0;
    while (0.5 * erfc(z / sqrt(2)) > rate) z += 1e-3;
    return z;
}

/* Normals, so wide that a data set fires in about half of the trials. */
static sample sample_of(psw_point p, ptrdiff_t count)
{
    sample s = {.count = count};
    psw_key key = psw_random_key(PSW_STREAM_DATA, 11, NULL, 0);
    s.rows = malloc((size_t)(count * 2 * p.n * p.v) * sizeof *s.rows);
    s.special = malloc((size_t)(count * 2 * p.n) * sizeof *s.special);
    s.log2_den = malloc((size_t)(count * 2 * p.n) * sizeof *s.log2_den);
    for (ptrdiff_t i = 0; i < count; i++) s.points[i] = p, s.points[i].beta = (double)(3 + i);
    double scale = psw_data_threshold(&p) / (deviations(0.7 / (double)(p.n * p.m)) * sqrt((double)p.v));
    for (ptrdiff_t r = 0; r < count * 2 * p.n; r++) {
        double *row = s.rows + r * p.v;
        psw_random_normals(key, (uint64_t)r, 0, p.v, row);
        for (ptrdiff_t k = 0; k < p.v; k++) row[k] = psw_point_single(&p) ? (float)(scale * row[k]) : scale * row[k];
        psw_random_uniforms(key, (uint64_t)r + 1000000, 0, 1, &s.special[r]);
        s.log2_den[r] = log2_den_of(r);
    }
    return s;
}

static void sample_free(sample s)
{
    free(s.rows), free(s.special), free(s.log2_den);
}

/* Hands leaf `index` to the head, as an engine would. */
static void give(const psw_judge *judge, psw_head *head, const sample *s, ptrdiff_t index)
{
    const psw_point *p = s->points;
    ptrdiff_t first = index * p->block, count = p->n - first < p->block ? p->n - first : p->block, pairs = 2 * s->count;
    double *special = malloc((size_t)(pairs * count) * sizeof *special);
    double *log2_den = malloc((size_t)(pairs * count) * sizeof *log2_den);
    char *rows = malloc((size_t)(pairs * count * p->v) * sizeof(double));
    for (ptrdiff_t pair = 0; pair < pairs; pair++)
        for (ptrdiff_t i = 0; i < count; i++) {
            special[pair * count + i] = s->special[pair * p->n + first + i];
            log2_den[pair * count + i] = s->log2_den[pair * p->n + first + i];
            for (ptrdiff_t k = 0; k < p->v; k++) {
                double x = s->rows[(pair * p->n + first + i) * p->v + k];
                ptrdiff_t at = (pair * count + i) * p->v + k;
                if (psw_point_single(p))
                    ((float *)(void *)rows)[at] = (float)x;
                else
                    ((double *)(void *)rows)[at] = x;
            }
        }
    psw_leaf leaf = {first, count, index, s->count, 2, p->v, rows, special, log2_den};
    CHECK(judge->take(head, &leaf) == PSW_OK, "%s", psw_message());
    free(special), free(log2_den), free(rows);
}

static void judged(const sample *s, bool descending, psw_verdict *verdicts)
{
    const psw_judge *judge = psw_judge_of(s->points->precision);
    psw_group group = {s->points, s->count};
    psw_arena arena;
    psw_head *head;
    size_t bytes = judge->bytes(&group, NULL);
    ptrdiff_t leaves = (s->points->n + s->points->block - 1) / s->points->block;
    CHECK(psw_arena_create(bytes, &arena) == PSW_OK, "%s", psw_message());
    CHECK(judge->begin(&group, NULL, (psw_watch){0}, &arena, &head) == PSW_OK, "%s", psw_message());
    CHECK(arena.used == bytes, "%zu of %zu bytes", arena.used, bytes);
    for (ptrdiff_t i = 0; i < leaves; i++) give(judge, head, s, descending ? leaves - 1 - i : i);
    judge->end(head, verdicts);
    psw_arena_destroy(&arena);
}

typedef struct sums {
    long double value, margin;
    long active;
    int near;
} sums;

static sums naive_trial(const sample *s, ptrdiff_t point, int set, ptrdiff_t trial)
{
    const psw_point *p = &s->points[point];
    sums out = {.margin = -INFINITY};
    signed char *w = malloc((size_t)p->v);
    double bound = psw_judge_bound(p) * psw_data_unit(p);
    for (ptrdiff_t j = 0; j < p->m; j++) {
        for (ptrdiff_t k = 0; k < p->v; k++) w[k] = (signed char)sign_at(p, trial, j, k);
        for (ptrdiff_t i = 0; i < p->n; i++) {
            long double g = -(long double)psw_data_threshold(p);
            for (ptrdiff_t k = 0; k < p->v; k++) g += w[k] * s->rows[((point * 2 + set) * p->n + i) * p->v + k];
            if (g > bound) out.value += g, out.active++;
            if (fabsl(g) <= bound) out.near = 1;
            out.margin = g > out.margin ? g : out.margin;
        }
    }
    free(w);
    return out;
}

static void agrees_with_loops(psw_point p)
{
    sample s = sample_of(p, 2);
    psw_verdict got[2];
    judged(&s, false, got);
    /* one sum of v products of ten units each rounds to v eps of them; sums of F likewise */
    double tolerance = p.precision == PSW_FP32 ? 1e-5 : 1e-13, trials = (double)p.trials;
    for (ptrdiff_t point = 0; point < 2; point++) {
        psw_verdict want = {0};
        long double value[2] = {0}, margin[2] = {-INFINITY, -INFINITY}, active[2] = {0};
        for (ptrdiff_t t = 0; t < p.trials; t++) {
            sums set[2];
            for (int k = 0; k < 2; k++) {
                set[k] = naive_trial(&s, point, k, t);
                value[k] += set[k].value, active[k] += set[k].active;
                margin[k] = set[k].margin > margin[k] ? set[k].margin : margin[k];
            }
            want.fires_d0 += set[0].active > 0, want.fires_d1 += set[1].active > 0;
            want.successes += set[1].active > 0 && set[0].active == 0;
            want.tie += (set[0].near && set[0].active == 0) || (set[1].near && set[1].active == 0);
        }
        const psw_verdict *v = &got[point];
        CHECK(want.fires_d0 > 0 && want.fires_d0 < p.trials && want.successes > 0, "a sample that decides nothing");
        CHECK(v->successes == want.successes && v->fires_d0 == want.fires_d0 && v->fires_d1 == want.fires_d1,
              "%td %td %td are not %td %td %td", v->successes, v->fires_d0, v->fires_d1, want.successes, want.fires_d0,
              want.fires_d1);
        CHECK(v->tie == want.tie, "%td ties, not %td", v->tie, want.tie);
        CHECK_NEAR(v->active_d0, (double)active[0] / trials, 1e-15);
        CHECK_NEAR(v->active_d1, (double)active[1] / trials, 1e-15);
        CHECK_NEAR(v->value_d0, (double)value[0] / trials, tolerance);
        CHECK_NEAR(v->value_d1, (double)value[1] / trials, tolerance);
        CHECK_NEAR(v->margin_d0, (double)margin[0] / psw_data_unit(&p), tolerance);
        CHECK_NEAR(v->margin_d1, (double)margin[1] / psw_data_unit(&p), tolerance);
        CHECK(v->success_rate == (double)want.successes / trials && v->success_lo <= v->success_rate &&
                  v->success_hi >= v->success_rate,
              "rate");
        double leak = 0;
        for (ptrdiff_t i = 0; i < p.n; i++)
            if (i != p.j3) leak = fmax(leak, s.special[(point * 2 + 1) * p.n + i]);
        CHECK(v->leak_mass_d1 == leak, "leak");
        CHECK(v->special_mass_d0 == s.special[point * 2 * p.n + p.j3], "mass");
        CHECK(v->special_mass_d1 == s.special[(point * 2 + 1) * p.n + p.j3], "mass");
        ptrdiff_t bad = 0;
        for (ptrdiff_t i = 0; i < 2 * p.n; i++) bad += !(s.log2_den[point * 2 * p.n + i] > -INFINITY);
        CHECK(v->bad_rows == bad && bad > 0 && v->den_rows == 2 * p.n, "%td bad of %td, not %td", v->bad_rows,
              v->den_rows, bad);
        CHECK_NEAR(v->gap, p.a_1 * v->special_mass_d1 - p.a_0 * v->special_mass_d0, 1e-15);
    }
    sample_free(s);
}

/* No bit depends on the order of leaves or on what shares the group. */
static void order_and_company(psw_point p)
{
    sample s = sample_of(p, 3), alone = {.count = 1};
    psw_verdict up[3], down[3], one;
    judged(&s, false, up);
    judged(&s, true, down);
    for (int i = 0; i < 3; i++) CHECK(verdict_same(&up[i], &down[i]), "order of leaves");
    alone.points[0] = s.points[1];
    alone.rows = s.rows + 2 * p.n * p.v, alone.special = s.special + 2 * p.n;
    alone.log2_den = s.log2_den + 2 * p.n;
    judged(&alone, false, &one);
    CHECK(verdict_same(&up[1], &one), "company");
    sample_free(s);
}

/* More vectors or trials keep the ones that were there: with m' > m nothing that fired falls silent. */
static void vectors_are_nested(psw_point p)
{
    sample s = sample_of(p, 1);
    psw_verdict few, many;
    judged(&s, false, &few);
    s.points[0].m += 3;
    judged(&s, false, &many);
    CHECK(many.fires_d0 >= few.fires_d0 && many.fires_d1 >= few.fires_d1, "m");
    CHECK(many.active_d1 >= few.active_d1 && many.margin_d1 >= few.margin_d1, "m");
    s.points[0] = p, s.points[0].trials *= 2;
    judged(&s, false, &many);
    CHECK(many.fires_d0 >= few.fires_d0 && many.fires_d1 >= few.fires_d1, "trials");
    sample_free(s);
}

/* Sums of F of single leaves, added as ((0 + 1) + (2 + 3)) + 4, are the sum of all to the last bit. */
static int leaves_make_a_tree(uint64_t seed)
{
    psw_point p = head_point(160, 12, 5, 64, 32);
    p.seed = seed;
    sample s = sample_of(p, 1);
    const psw_judge *judge = psw_judge_of(p.precision);
    psw_group group = {s.points, 1};
    psw_arena arena;
    psw_verdict all, one;
    double leaf[5];
    judged(&s, false, &all);
    CHECK(psw_arena_create(judge->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t i = 0; i < 5; i++) {
        psw_head *head;
        arena.used = 0;
        CHECK(judge->begin(&group, NULL, (psw_watch){0}, &arena, &head) == PSW_OK, "%s", psw_message());
        give(judge, head, &s, i);
        judge->end(head, &one);
        leaf[i] = one.value_d1;
    }
    double tree = ((leaf[0] + leaf[1]) + (leaf[2] + leaf[3])) + leaf[4]; /* 64 trials: dividing them is exact */
    CHECK(all.value_d1 == tree, "%.17g is not %.17g", all.value_d1, tree);
    psw_arena_destroy(&arena);
    sample_free(s);
    return all.value_d1 != leaf[0] + (leaf[1] + (leaf[2] + (leaf[3] + leaf[4])));
}

/* A pre-activation by plain loops in the order that lookup.h states: signed sums of five coordinates, pairs of them,
 * one pair after the other, less tau. */
#define IN_ORDER(type, name)                                                                                           \
    static type name(const psw_point *p, const double *row, ptrdiff_t trial, ptrdiff_t vector)                         \
    {                                                                                                                  \
        type sum = 0, pair = 0;                                                                                        \
        ptrdiff_t groups = (p->v + 4) / 5;                                                                             \
        for (ptrdiff_t g = 0; g < groups; g++) {                                                                       \
            type group = 0;                                                                                            \
            for (ptrdiff_t k = 5 * g; k < 5 * g + 5 && k < p->v; k++)                                                  \
                group += (type)(sign_at(p, trial, vector, k) * row[k]);                                                \
            pair = g % 2 ? pair + group : group;                                                                       \
            if (g % 2 || g == groups - 1) sum += pair;                                                                 \
        }                                                                                                              \
        return sum - (type)psw_data_threshold(p);                                                                      \
    }
IN_ORDER(double, in_order_double)
IN_ORDER(float, in_order_float)

/* The same bits as those loops: whatever the vectors of the processor are, and the rows that share a block. */
static void stated_order(ptrdiff_t v, ptrdiff_t m, psw_precision precision)
{
    psw_point p = head_point(45, v, m, 9, 16);
    p.precision = precision;
    sample s = sample_of(p, 1);
    psw_verdict got;
    judged(&s, false, &got);
    for (int set = 0; set < 2; set++) {
        double margin = -INFINITY, active = 0, bound = psw_judge_bound(&p) * psw_data_unit(&p);
        for (ptrdiff_t i = 0; i < p.n * p.trials * m; i++) {
            const double *row = s.rows + (set * p.n + i % p.n) * v;
            ptrdiff_t trial = i / p.n / m, vector = i / p.n % m;
            bool single = precision == PSW_FP32;
            double g =
                single ? (double)in_order_float(&p, row, trial, vector) : in_order_double(&p, row, trial, vector);
            margin = g > margin ? g : margin;
            active += g > (single ? (double)(float)bound : bound);
        }
        CHECK((set ? got.margin_d1 : got.margin_d0) == margin / psw_data_unit(&p), "v = %td: margin %.17g, not %.17g",
              v, set ? got.margin_d1 : got.margin_d0, margin / psw_data_unit(&p));
        CHECK((set ? got.active_d1 : got.active_d0) == active / (double)p.trials, "v = %td: active", v);
    }
    sample_free(s);
}

/* At the threshold, and above it by half of the bound, is a tie; above by twice of it is a firing. */
static void threshold(double above, ptrdiff_t fires)
{
    psw_point p = head_point(32, 10, 5, 7, 16);
    sample s = sample_of(p, 1);
    psw_verdict v;
    for (ptrdiff_t i = 0; i < 2 * p.n; i++)
        for (ptrdiff_t k = 0; k < p.v; k++)
            s.rows[i * p.v + k] = k == 0 ? psw_data_threshold(&p) + above * psw_judge_bound(&p) * psw_data_unit(&p) : 0;
    judged(&s, false, &v);
    CHECK(v.tie == 7 - fires && v.fires_d0 == fires && v.fires_d1 == fires && v.successes == 0,
          "%g: tie %td, fires %td", above, v.tie, v.fires_d1);
    /* tau has two ulp to the bound's hundred */
    CHECK(fabs(v.margin_d1 / psw_judge_bound(&p) - above) < 0.05, "margin %g", v.margin_d1);
    sample_free(s);
}

/* Of bf16, verdicts are those of the rows as they are, to the rounding of sums: a firing counts whatever its size, and
 * is a tie up to 2 u beyond the bound. */
static void narrow(double above, ptrdiff_t fires, ptrdiff_t ties)
{
    psw_point p = head_point(32, 10, 5, 7, 16);
    p.precision = PSW_BF16;
    sample s = sample_of(p, 1);
    psw_verdict v;
    double bound = psw_judge_bound(&p);
    for (ptrdiff_t i = 0; i < 2 * p.n; i++)
        for (ptrdiff_t k = 0; k < p.v; k++)
            s.rows[i * p.v + k] = k == 0 ? psw_data_threshold(&p) + above * bound * psw_data_unit(&p) : 0;
    judged(&s, false, &v);
    CHECK(v.tie == ties && v.fires_d0 == fires && v.fires_d1 == fires, "bf16, %g bounds: tie %td, fires %td", above,
          v.tie, v.fires_d1);
    /* of one sign vector in two, all 32 rows; only g > E counts */
    CHECK((v.active_d1 > 0) == (above > 1), "bf16, %g bounds: %g active", above, v.active_d1);
    sample_free(s);
}

/* Fires of bf16 are those of loops over the rows as they are, though many pre-activations are in doubt: what decides
 * about them are the signs of the whole row, also where it is looked up in several slabs. */
static void narrow_by_loops(ptrdiff_t width)
{
    psw_point p = head_point(60, width, 1, 90, 16);
    p.precision = PSW_BF16;
    sample s = sample_of(p, 1);
    psw_verdict v;
    ptrdiff_t fires[2] = {0, 0};
    /* a little above the threshold or a little below, as the last sign is */
    for (ptrdiff_t i = 0; i < 2 * p.n * p.v; i++) {
        double part = i % p.v == 0 ? 0.9995 : i % p.v == p.v - 1 ? 0.001 : 0;
        s.rows[i] = (float)(part * psw_data_threshold(&p));
    }
    judged(&s, false, &v);
    for (int set = 0; set < 2; set++)
        for (ptrdiff_t t = 0; t < p.trials; t++) fires[set] += naive_trial(&s, 0, set, t).margin > 0;
    CHECK(v.tie > 5, "width %td: %td ties: nothing is in doubt", width, v.tie);
    CHECK(v.fires_d0 == fires[0] && v.fires_d1 == fires[1], "bf16, width %td: fires %td, %td, not %td, %td", width,
          v.fires_d0, v.fires_d1, fires[0], fires[1]);
    sample_free(s);
}

/* No trials means no verdict, but masses. */
static void edges(void)
{
    psw_point p = head_point(32, 10, 5, 7, 16);
    sample s = sample_of(p, 1);
    psw_verdict v;
    s.points[0].trials = 0;
    judged(&s, false, &v);
    CHECK(isnan(v.success_rate) && isnan(v.margin_d1) && v.successes == 0 && v.special_mass_d1 > 0, "no trials");
    CHECK(psw_judge_flops(&p) == 2.0 * 32 * 10 * 5 * 7, "flops");
    sample_free(s);
}

/* Memory does not grow with trials x m beyond a batch: a byte a trial. */
static void memory(void)
{
    psw_point p = head_point(4096, 34, 67, 1000, 512), q = p;
    q.trials = 100000;
    psw_group few = {&p, 1}, many = {&q, 1};
    size_t more = psw_judge_of(PSW_FP64)->bytes(&many, NULL) - psw_judge_of(PSW_FP64)->bytes(&few, NULL);
    CHECK(more < 100000 + 4096, "%zu bytes more", more);
}

int main(void)
{
    for (int precision = PSW_FP64; precision <= PSW_FP32; precision++) {
        const psw_point points[] = {head_point(64, 10, 16, 50, 512), head_point(96, 34, 7, 41, 40),
                                    head_point(45, 11, 13, 37, 16), head_point(180, 182, 3, 30, 64)};
        for (int i = 0; i < 4; i++) {
            psw_point p = points[i];
            p.precision = (psw_precision)precision;
            agrees_with_loops(p);
            order_and_company(p);
            vectors_are_nested(p);
        }
    }
    const ptrdiff_t widths[] = {3, 5, 11, 66, 70, 71, 150}; /* parts of a group, pairs, a whole slab, several */
    for (int precision = PSW_FP64; precision <= PSW_FP32; precision++)
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
            stated_order(widths[i], i % 2 ? 70 : 13, (psw_precision)precision);
    int order_shows = 0;
    for (uint64_t seed = 0; seed < 8; seed++) order_shows += leaves_make_a_tree(seed);
    CHECK(order_shows > 0, "samples on which no order shows");
    threshold(0, 0);
    threshold(0.5, 0);
    threshold(2, 7);
    narrow(-0.5, 0, 7);
    narrow(0, 0, 7);
    narrow(0.5, 7, 7);
    narrow(2, 7, 7);
    narrow(100, 7, 7);
    /* 2 u of bf16 are 2^17 u of single; the bound is a hundred of those */
    narrow(2000, 7, 0);
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        if (widths[i] > 10) narrow_by_loops(widths[i]);
    edges();
    memory();
    return test_end();
}
