/* `queries: distinct` against all queries: the rows that are made are those of the tokens that they stand for, bit for
 * bit, and everything that is made of rows is what all of them make: verdicts, errors of sketches, references. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/errors.h"
#include "polysweep/judge.h"
#include "polysweep/reference.h"
#include "polysweep/stats.h"
#include "polysweep/targets.h"
#include "unit/theory_case.h"

static psw_point distinct_of(psw_point p)
{
    p.queries = PSW_QUERIES_DISTINCT;
    return p;
}

static const char *describe(const psw_point *p)
{
    static char text[200];
    psw_format(text, sizeof text, "%s beta %g n %td d %td block %td j3 %td precision %d a_1 %g b %g",
               psw_word(PSW_WORDS_METHOD, (int)p->method), p->beta, p->n, p->d, p->block, p->j3, (int)p->precision,
               p->a_1, p->b);
    return text;
}

/* The query that stands for a token. */
static ptrdiff_t stands_for(const psw_point *p, ptrdiff_t token)
{
    ptrdiff_t first = psw_data_first(p, PSW_QUERY), found = -1;
    for (ptrdiff_t i = 0; i < psw_data_queries(p); i++)
        if (token == p->j3 ? first + i == token : first + i != p->j3 && (first + i - token) % (p->d - 2) == 0)
            found = found < 0 ? i : -2; /* one alone */
    return found;
}

/* ---- rows ---- */

static void check_rows_of(psw_point all)
{
    psw_point p = distinct_of(all);
    ptrdiff_t queries = psw_data_queries(&p), d = p.d;
    double one[2][64], sum = 0, *times = calloc((size_t)queries, sizeof *times);
    psw_data *data[2];
    CHECK(psw_data_open(&all, NULL, &data[0]) == PSW_OK && psw_data_open(&p, NULL, &data[1]) == PSW_OK, "%s",
          psw_message());
    for (ptrdiff_t token = 0; token < p.n; token++) {
        ptrdiff_t query = stands_for(&p, token);
        CHECK(query >= 0 && query < queries, "%s: token %td has query %td", describe(&p), token, query);
        if (query < 0) continue;
        times[query]++;
        for (int set = 0; set < 2; set++) {
            psw_data_rows(data[0], set, PSW_QUERY, token, 1, one[0]);
            psw_data_rows(data[1], set, PSW_QUERY, query, 1, one[1]);
            CHECK(memcmp(one[0], one[1], (size_t)d * sizeof(double)) == 0, "%s: token %td", describe(&p), token);
            psw_data_rows(data[1], set, PSW_KEY, token, 1, one[1]);
            CHECK(memcmp(one[0], one[1], (size_t)d * sizeof(double)) == 0, "%s: key %td", describe(&p), token);
        }
    }
    for (ptrdiff_t i = 0; i < queries; i++) {
        CHECK(psw_data_times(&p, i) == times[i], "%s: query %td counts %g times, not %g", describe(&p), i,
              psw_data_times(&p, i), times[i]);
        sum += psw_data_times(&p, i);
    }
    CHECK(sum == (double)p.n && psw_data_times(&all, 0) == 1, "%s: %g queries", describe(&p), sum);
    CHECK(psw_data_end(&p, PSW_QUERY) <= p.n && psw_data_keys(&p) == p.n, "%s", describe(&p));
    free(times);
    psw_data_close(data[0]), psw_data_close(data[1]);
}

static void rows_of_data(void)
{
    const ptrdiff_t shapes[][2] = {{2, 3}, {4, 3}, {6, 8}, {8, 10}, {16, 10}, {24, 10}, {60, 12}, {62, 33}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (ptrdiff_t j3 = 0; j3 < shapes[i][0]; j3++) {
            psw_point p = case_of(&W1, shapes[i][0], shapes[i][1], 2);
            p.j3 = j3;
            check_rows_of(p);
        }
}

/* ---- what is made of them ---- */

enum { POINTS = 3 };

typedef struct outcome {
    ptrdiff_t pairs, queries, v;
    size_t real;
    char *rows; /* [pairs][queries][v], of draw 0 */
    double *special, *log2_den;
    psw_verdict verdict[POINTS];
    psw_sketch_columns sketch;
    psw_reference_columns reference;
} outcome;

typedef struct sink {
    outcome *to;
    ptrdiff_t draw;
    const psw_judge *judge;
    psw_head *head;
    const psw_assessor *assessor;
    psw_errors *errors;
    psw_comparison *comparison;
} sink;

static psw_status take(void *context, const psw_leaf *leaf)
{
    sink *s = context;
    outcome *o = s->to;
    size_t row = (size_t)o->v * o->real;
    for (ptrdiff_t pair = 0; s->draw == 0 && pair < o->pairs; pair++) {
        ptrdiff_t to = pair * o->queries + leaf->first, from = pair * leaf->count;
        memcpy(o->rows + (size_t)to * row, (const char *)leaf->rows + (size_t)from * row, (size_t)leaf->count * row);
        memcpy(o->special + to, leaf->special + from, (size_t)leaf->count * sizeof(double));
        memcpy(o->log2_den + to, leaf->log2_den + from, (size_t)leaf->count * sizeof(double));
    }
    PSW_TRY(s->judge->take(s->head, leaf));
    if (s->errors) PSW_TRY(s->assessor->take(s->errors, leaf));
    return s->comparison ? psw_reference_take(s->comparison, leaf) : PSW_OK;
}

static void merge_errors(sink *s, psw_errors_stage stage)
{
    psw_merging list[PSW_MERGING_MAX];
    for (int phase = 0; s->errors && s->assessor->merging(s->errors, stage, phase, list) > 0;) phase++;
}

static void merge_reference(sink *s, psw_reference_stage stage)
{
    psw_merging list[PSW_MERGING_MAX];
    for (int phase = 0; s->comparison && psw_reference_merging(s->comparison, stage, phase, list) > 0;) phase++;
}

static psw_status pass(const psw_group *group, psw_data *data, sink *s, psw_arena *arena)
{
    const psw_engine *engine = psw_engine_of(group->points->precision);
    psw_given given = {.data = data, .sets = 2, .tables = {s->draw, NULL}};
    if (s->errors) PSW_TRY(s->assessor->draw(s->errors, s->draw));
    merge_errors(s, PSW_ERRORS_DRAWN);
    if (s->comparison) psw_reference_draw(s->comparison, s->draw);
    s->judge->draw(s->head, s->draw);
    PSW_TRY(engine->attend(group, &given, arena, (psw_watch){0}, take, s));
    merge_errors(s, PSW_ERRORS_TAKEN);
    merge_reference(s, PSW_REFERENCE_TAKEN);
    return s->judge->settle(s->head, data, (psw_watch){0});
}

/* Memory of attention, head, errors and reference. */
enum { ARENAS = 4 };

static psw_status begin(const psw_group *group, const psw_data *data, sink *s, psw_arena memory[ARENAS])
{
    const psw_point *p = group->points;
    psw_given given = {.data = data};
    s->judge = psw_judge_of(p->precision), s->assessor = psw_assessor_of(p->precision);
    PSW_TRY(psw_arena_create(psw_engine_of(p->precision)->bytes(group, NULL), &memory[0]));
    PSW_TRY(psw_arena_create(s->judge->bytes(group, NULL), &memory[1]));
    PSW_TRY(s->judge->begin(group, NULL, (psw_watch){0}, &memory[1], &s->head));
    if (psw_sketch_has(p)) {
        PSW_TRY(psw_arena_create(s->assessor->bytes(p, NULL), &memory[2]));
        PSW_TRY(s->assessor->begin(p, &given, (psw_watch){0}, &memory[2], &s->errors));
        merge_errors(s, PSW_ERRORS_BEGUN);
    }
    if (!psw_reference_computed(p)) return PSW_OK;
    PSW_TRY(psw_arena_create(psw_reference_bytes(p), &memory[3]));
    PSW_TRY(psw_reference_begin(p, &given, (psw_watch){0}, &memory[3], &s->comparison));
    merge_reference(s, PSW_REFERENCE_BEGUN);
    PSW_TRY(psw_reference_measure(s->comparison));
    merge_reference(s, PSW_REFERENCE_MEASURED);
    return PSW_OK;
}

static void end(sink *s, outcome *o)
{
    s->judge->end(s->head, o->verdict);
    merge_errors(s, PSW_ERRORS_ENDING);
    if (s->errors) s->assessor->end(s->errors, &o->sketch);
    if (s->errors) s->assessor->close(s->errors);
    if (s->comparison) psw_reference_end(s->comparison, &o->reference);
    psw_reference_close(s->comparison);
}

static void compute(const psw_point *points, ptrdiff_t count, outcome *o)
{
    const psw_point *p = points;
    psw_group group = {points, count};
    psw_arena memory[ARENAS] = {{0}};
    psw_data *data = NULL;
    sink s = {.to = o};
    *o = (outcome){.pairs = 2 * count, .queries = psw_data_queries(p), .v = p->v};
    o->real = psw_engine_of(p->precision)->real_bytes;
    o->rows = calloc((size_t)(o->pairs * o->queries * o->v), o->real);
    o->special = calloc((size_t)(o->pairs * o->queries), sizeof(double));
    o->log2_den = calloc((size_t)(o->pairs * o->queries), sizeof(double));
    o->sketch = psw_sketch_columns_none(), o->reference = psw_reference_none();
    psw_status status = psw_data_open(p, NULL, &data);
    if (status == PSW_OK) status = begin(&group, data, &s, memory);
    for (; status == PSW_OK && s.draw < psw_judge_draws(p); s.draw++) status = pass(&group, data, &s, &memory[0]);
    CHECK(status == PSW_OK, "%s: %s", describe(p), psw_message());
    if (status == PSW_OK) end(&s, o);
    psw_data_close(data);
    for (int i = 0; i < ARENAS; i++) psw_arena_destroy(&memory[i]);
}

static void discard(outcome *o)
{
    free(o->rows), free(o->special), free(o->log2_den);
}

/* ---- against all queries ---- */

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Where products of tiles have the same bits for every shape. */
static bool any_shape(void)
{
    return strncmp(psw_tile_backend(), "own", 3) == 0;
}

static void same_rows(const psw_point *p, const outcome *all, const outcome *o)
{
    size_t row = (size_t)o->v * o->real;
    for (ptrdiff_t pair = 0; pair < o->pairs && any_shape(); pair++)
        for (ptrdiff_t token = 0; token < p->n; token++) {
            ptrdiff_t to = pair * o->queries + stands_for(p, token), from = pair * all->queries + token;
            bool bits = memcmp(o->rows + (size_t)to * row, all->rows + (size_t)from * row, row) == 0;
            CHECK(bits && same(o->special[to], all->special[from]) && same(o->log2_den[to], all->log2_den[from]),
                  "%s: row of token %td, pair %td", describe(p), token, pair);
        }
}

/* Sums over queries are in another order: of n numbers above 0 in double, and within a leaf in the precision of the
 * head, up to 512 of them. */
static double order_of_sums(const psw_point *p)
{
    return psw_point_single(p) ? 512 * 0x1p-24 : 1e-12;
}

static void same_verdict(const psw_point *p, const psw_verdict *a, const psw_verdict *b)
{
    CHECK(a->successes == b->successes && a->fires_d0 == b->fires_d0 && a->fires_d1 == b->fires_d1 &&
              a->tie == b->tie && a->trials_done == b->trials_done,
          "%s: %td %td %td tie %td, of all queries %td %td %td tie %td", describe(p), b->successes, b->fires_d0,
          b->fires_d1, b->tie, a->successes, a->fires_d0, a->fires_d1, a->tie);
    CHECK(same(a->margin_d0, b->margin_d0) && same(a->margin_d1, b->margin_d1),
          "%s: margins %.17g %.17g, not %.17g %.17g", describe(p), b->margin_d0, b->margin_d1, a->margin_d0,
          a->margin_d1);
    CHECK(a->active_d0 == b->active_d0 && a->active_d1 == b->active_d1, "%s: active %g %g, not %g %g", describe(p),
          b->active_d0, b->active_d1, a->active_d0, a->active_d1);
    CHECK(a->bad_rows == b->bad_rows && a->den_rows == b->den_rows, "%s: %td of %td rows, not %td of %td", describe(p),
          b->bad_rows, b->den_rows, a->bad_rows, a->den_rows);
    CHECK(same(a->special_mass_d0, b->special_mass_d0) && same(a->special_mass_d1, b->special_mass_d1) &&
              same(a->leak_mass_d1, b->leak_mass_d1) && same(a->gap, b->gap),
          "%s: masses", describe(p));
    CHECK(fabs(a->value_d0 - b->value_d0) <= order_of_sums(p) * a->value_d0, "%s: F(D_0) %.17g, not %.17g", describe(p),
          b->value_d0, a->value_d0);
    CHECK(fabs(a->value_d1 - b->value_d1) <= order_of_sums(p) * a->value_d1, "%s: F(D_1) %.17g, not %.17g", describe(p),
          b->value_d1, a->value_d1);
}

/* Numbers of n <= 1024, where every query is in the sample of `all`. Sums over rows are in double and in another order;
 * what cancels in them, as a bias does, is held against no less than 0.01, as in errors_team. Maps of single precision
 * are products by BLAS, whose rounding (2^-24, of numbers beside 1) may depend on how many rows are mapped. */
static void same_columns(const psw_point *p, const double *a, const double *b, size_t count, const char *what)
{
    double close = psw_point_single(p) ? 0x1p-24 : 1e-10, unit = psw_point_single(p) ? 1 : 0.01;
    for (size_t i = 0; i < count; i++)
        CHECK(same(a[i], b[i]) || fabs(a[i] - b[i]) <= close * fmax(fabs(a[i]), unit), "%s: %s %zu is %.17g, not %.17g",
              describe(p), what, i, b[i], a[i]);
}

static void same_errors(const psw_point *p, const outcome *all, const outcome *o)
{
    psw_sketch_columns a = all->sketch, b = o->sketch;
    const double *one = &all->reference.err_out_ref, *other = &o->reference.err_out_ref;
    /* the moments are those of a part of the sample */
    CHECK(same(a.theory_err_amm, b.theory_err_amm) || fabs(a.theory_err_amm / b.theory_err_amm - 1) < 0.01,
          "%s: theory_err_amm %g, not %g", describe(p), b.theory_err_amm, a.theory_err_amm);
    b.theory_err_amm = a.theory_err_amm;
    CHECK(!psw_sketch_has(p) || (a.err_rows == p->n && b.err_rows == psw_data_queries(p)), "%s: %td rows", describe(p),
          b.err_rows);
    same_columns(p, &a.err_amm, &b.err_amm, offsetof(psw_sketch_columns, err_rows) / sizeof(double), "column");
    same_columns(p, &a.state_bytes, &b.state_bytes, 6, "column after err_rows, number");
    same_columns(p, one, other, offsetof(psw_reference_columns, cos_ref_zeros) / sizeof(double), "reference column");
    CHECK(all->reference.cos_ref_zeros == o->reference.cos_ref_zeros, "%s: %td zeros", describe(p),
          o->reference.cos_ref_zeros);
}

static void check_points(const psw_point *points, ptrdiff_t count)
{
    psw_point few[POINTS];
    outcome all, o;
    for (ptrdiff_t i = 0; i < count; i++) few[i] = distinct_of(points[i]);
    CHECK(psw_attend_repeats(points), "%s", describe(points));
    compute(points, count, &all);
    compute(few, count, &o);
    same_rows(few, &all, &o);
    for (ptrdiff_t i = 0; i < count; i++) same_verdict(&few[i], &all.verdict[i], &o.verdict[i]);
    same_errors(few, &all, &o);
    discard(&all), discard(&o);
}

/* Even, odd and real degrees as one group; the other row folds; leaves that are ragged, hold all queries, or part them.
 */
static void row_folds(void)
{
    static const preset_case *const presets[] = {&P1, &P2, &P3, &W1, &W2};
    static const psw_method methods[] = {PSW_EXACT, PSW_SOFTMAX, PSW_LINEAR, PSW_UNIFORM, PSW_TOPK, PSW_TAYLOR};
    const ptrdiff_t blocks[] = {7, 20, 64, 512}, places[] = {0, 3, 17, 94, 112, 203, 239};
    for (int i = 0; i < 5 * 6 * 3; i++) {
        psw_point p = case_of(presets[i % 5], 240, 18, 4), group[POINTS];
        p.precision = (psw_precision)(i / 30), p.method = methods[i / 5 % 6]; /* fp64, fp32, bf16 */
        p.block = blocks[i % 4], p.j3 = places[i % 7], p.trials = 12, p.keep = 31, p.order = 3;
        if (i % 3 == 1) p.scale = 0.7, p.offset = 0.4;
        if (i % 3 == 2) p.row_norm = PSW_NORM_UNIT, p.den_constant = p.method == PSW_UNIFORM ? 0 : 0.5;
        ptrdiff_t count = p.method == PSW_EXACT && p.precision <= PSW_FP32 ? POINTS : 1;
        for (int k = 0; k < POINTS; k++) group[k] = p, group[k].beta = k == 0 ? 4 : k == 1 ? 7 : 2.5;
        check_points(group, count);
    }
}

/* One token a class: nothing is equal, and nothing changes. */
static void all_differ(void)
{
    psw_point p = case_of(&W2, 32, 34, 3);
    for (p.j3 = 0; p.j3 < p.n; p.j3 += 5) check_points(&p, 1);
}

static void sketches(void)
{
    static const psw_method methods[] = {PSW_MONOMIAL,  PSW_POLYSKETCH, PSW_TREE, PSW_TENSORSKETCH, PSW_SRHT,
                                         PSW_MACLAURIN, PSW_FAVOR,      PSW_ELU1, PSW_TAYLOR};
    const ptrdiff_t blocks[] = {8, 50, 256}, places[] = {0, 9, 77, 191};
    for (int i = 0; i < 9 * 3; i++) {
        psw_point p = case_of(i % 2 ? &W2 : &P2, 192, 10, 2);
        p.method = methods[i / 3], p.precision = (psw_precision)(i % 3);
        p.r = p.features = 12, p.draws = 3, p.by = PSW_BY_FEATURES, p.order = 2, p.trials = 12, p.kappa = 0.05;
        if (p.method == PSW_POLYSKETCH) p.features = 78;
        if (p.method == PSW_TAYLOR || p.method == PSW_MONOMIAL || p.method == PSW_ELU1) p.r = p.features = p.draws = 0;
        p.block = blocks[i / 2 % 3], p.j3 = places[i % 4];
        check_points(&p, 1);
    }
}

static void references(void)
{
    for (int i = 0; i < 6; i++) {
        psw_point p = case_of(&W2, 160, 10, 4);
        p.method = i % 2 ? PSW_TENSORSKETCH : PSW_EXACT, p.r = p.features = i % 2 ? 12 : 0, p.draws = i % 2 ? 3 : 0;
        p.reference = i < 3 ? PSW_REFERENCE_SOFTMAX : PSW_REFERENCE_EXACT, p.reference_beta = NAN;
        p.reference_scale = 0.3, p.block = 48, p.j3 = 30 * i, p.trials = 4;
        check_points(&p, 1);
    }
}

/* Pre-activations that single precision cannot decide, in one row and in all. */
static void near_the_threshold(void)
{
    const preset_case one = {"a_0 + b = kappa", 0.05, 0.7, 0.05, 0.7}, all = {"b = kappa", 0, 0.7, 0.1, 0.7};
    psw_point points[] = {case_of(&one, 64, 10, 20000), case_of(&all, 256, 34, 600), case_of(&W1, 64, 6, 2)};
    for (int i = 0; i < 6; i++) {
        psw_point p = points[i / 2];
        p.precision = (psw_precision)(i % 2), p.trials = 60, p.block = 96, p.j3 = 40;
        check_points(&p, 1);
    }
}

/* ---- what has no equal queries ---- */

static void refused(void)
{
    psw_point p = distinct_of(case_of(&P1, 64, 10, 2)), q = p;
    CHECK(psw_data_check(&p, NULL) == PSW_OK && psw_attend_check(&p) == PSW_OK, "%s", psw_message());
    q.noise = 0.1;
    CHECK(psw_data_check(&q, NULL) == PSW_USAGE && !psw_attend_repeats(&q), "noise");
    q = p, q.mask = PSW_CAUSAL;
    CHECK(psw_data_check(&q, NULL) == PSW_USAGE && !psw_attend_repeats(&q), "causal");
    q = p, q.data_kind = PSW_GAUSSIAN, q.a_0 = q.a_1 = q.b = q.c = q.kappa = NAN;
    CHECK(psw_data_check(&q, NULL) == PSW_USAGE && !psw_attend_repeats(&q), "gaussian");
    q = p, q.method = PSW_WINDOW, q.local = 8;
    CHECK(psw_attend_check(&q) == PSW_USAGE && !psw_attend_repeats(&q), "window");
    q = p, q.method = PSW_NYSTROM, q.landmarks = 8;
    CHECK(psw_attend_check(&q) == PSW_USAGE && !psw_attend_repeats(&q), "nystrom");
    q = p, q.method = PSW_CLOSED_FORM;
    CHECK(!psw_attend_repeats(&q), "theory");
    psw_point all = case_of(&P1, 64, 10, 2);
    CHECK(!psw_group_joins(&p, &all), "all and distinct queries in one group");
}

/* A number with its times is that many numbers. */
static void quantiles(void)
{
    for (int i = 0; i < 400; i++) {
        psw_repeated of[6];
        double x[64];
        ptrdiff_t count = 0, kinds = 1 + i % 6;
        for (ptrdiff_t k = 0; k < kinds; k++) {
            of[k] = (psw_repeated){sin(1.7 * i + 2.3 * (double)k), (double)(1 + (i * 7 + 3 * k) % 9)};
            for (int t = 0; t < (int)of[k].times; t++) x[count++] = of[k].x;
        }
        const double q[] = {0, 0.1, 0.5, 0.9, 1};
        for (int k = 0; k < 5; k++) {
            double one = psw_quantile(x, count, q[k]), other = psw_quantile_repeated(of, kinds, q[k]);
            CHECK(one == other, "%g quantile of %td numbers: %.17g, not %.17g", q[k], count, other, one);
        }
    }
    CHECK(isnan(psw_quantile_repeated(NULL, 0, 0.5)), "of none");
}

int main(void)
{
    rows_of_data();
    row_folds();
    all_differ();
    sketches();
    references();
    near_the_threshold();
    refused();
    quantiles();
    return test_end();
}
