/* The assessor against the same sums as plain loops in long double, over matrices that are formed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit/sketch_run.h"

#include "check.h"
#include "merge.h"
#include "polysweep/errors.h"
#include "polysweep/stats.h"

/* Rounding of products depends on the shape of blocks; errors are differences of numbers it reaches. */
#ifdef PSW_SINGLE
static const double close_to = 2e-3;
static const psw_precision precision = PSW_FP32;
#else
static const double close_to = 1e-9;
static const psw_precision precision = PSW_FP64;
#endif

enum { N = 75, D = 12, V = 5, DRAWS = 4 };

static psw_point plain(psw_method method, double beta)
{
    return (psw_point){.method = method,
                       .beta = beta,
                       .precision = precision,
                       .data_kind = PSW_GAUSSIAN,
                       .n = N,
                       .d = D,
                       .v = V,
                       .r = 16,
                       .draws = DRAWS,
                       .block = 16,
                       .seed = 5};
}

/* ---- the plain loops ---- */

typedef struct naive {
    double a[N * N], sketched[DRAWS][N * N]; /* 0 where a query may not look */
    double out[N * V], sketched_out[DRAWS][N * V], den[N], sketched_den[DRAWS][N];
    double norm, pairs, entropy, theory;
} naive;

static double kernel(const psw_point *p, const double *q, const double *k)
{
    long double z = 0;
    for (int c = 0; c < D; c++) z += (long double)q[c] * k[c];
    return (double)(p->method == PSW_FAVOR ? expl(z) : powl(z, p->beta));
}

static void attention(const psw_point *p, const double *a, const double *values, double *out, double *den)
{
    for (int i = 0; i < N; i++) {
        long double num[V] = {0}, sum = p->den_constant;
        for (int j = 0; j < N; j++) {
            sum += a[i * N + j];
            for (int c = 0; c < V; c++) num[c] += (long double)a[i * N + j] * values[j * V + c];
        }
        den[i] = (double)sum;
        for (int c = 0; c < V; c++) out[i * V + c] = sum == 0 ? 0 : (double)(num[c] / sum);
    }
}

static bool hidden(const psw_point *p, int i, int j)
{
    return p->mask == PSW_CAUSAL && j > i;
}

static double power_of_norm(const psw_point *p, const double *x)
{
    return (double)powl((long double)dot_of(x, x, D), p->beta);
}

/* sum of E (A~ - A)^2, of rows as they are; the assessor's are unit rows */
static double expected_squares(const psw_point *p, const double *q, const double *k)
{
    long double sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            const double *x = q + i * D, *y = k + j * D;
            double squares = 0, product = dot_of(x, y, D);
            if (hidden(p, i, j) || (p->local > 0 && i / p->local == j / p->local)) continue;
            for (int c = 0; c < D; c++) squares += x[c] * y[c] * x[c] * y[c];
            psw_moments m = psw_sketch_moments(p, dot_of(x, x, D) * dot_of(y, y, D), product, squares);
            sum += m.variance + powl(m.mean - powl(product, p->beta), 2);
        }
    return (double)sum;
}

static void naive_sketch(const psw_point *p, const double *q, const double *k, const double *values, naive *all)
{
    sketched s = sketch_open(p, N, NULL);
    for (int t = 0; t < (int)psw_errors_draws(p); t++) {
        sketcher()->draw(s.map, t);
        estimates(&s, p, N, q, N, k, all->sketched[t]);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                bool exact = p->local > 0 && i / p->local == j / p->local;
                double *a = &all->sketched[t][i * N + j];
                *a = hidden(p, i, j) ? 0 : exact ? all->a[i * N + j] : *a;
            }
        attention(p, all->sketched[t], values, all->sketched_out[t], all->sketched_den[t]);
    }
    sketch_close(&s);
}

static naive *naive_of(const psw_point *p)
{
    naive *all = calloc(1, sizeof *all);
    double q[N * D], k[N * D], values[N * V];
    psw_data *data;
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_rows(data, 0, PSW_QUERY, 0, N, q);
    psw_data_rows(data, 0, PSW_KEY, 0, N, k);
    psw_data_rows(data, 0, PSW_VALUE, 0, N, values);
    psw_data_close(data);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            if (hidden(p, i, j)) continue;
            all->a[i * N + j] = kernel(p, q + i * D, k + j * D);
            all->norm += power_of_norm(p, q + i * D) * power_of_norm(p, k + j * D);
            all->pairs++;
        }
    attention(p, all->a, values, all->out, all->den);
    for (int i = 0; i < N * N; i++) {
        double share = all->a[i] / (all->den[i / N] - p->den_constant);
        if (share != 0) all->entropy -= share * log(share) / N; /* NaN with negative weights */
    }
    naive_sketch(p, q, k, values, all);
    all->theory = p->method == PSW_FAVOR ? NAN : sqrt(expected_squares(p, q, k) / all->norm);
    return all;
}

typedef struct sums {
    double square, off, total, off_square, out_square, out_off, out_max;
} sums;

static sums sums_of(const naive *all, int t)
{
    sums s = {0};
    for (int i = 0; i < N * N; i++) {
        double off = all->sketched[t][i] - all->a[i];
        s.square += all->a[i] * all->a[i], s.total += all->a[i];
        s.off += off, s.off_square += off * off;
    }
    for (int i = 0; i < N * V; i++) {
        double off = all->sketched_out[t][i] - all->out[i];
        s.out_square += all->out[i] * all->out[i], s.out_off += off * off;
        s.out_max = fmax(s.out_max, fabs(off));
    }
    return s;
}

static psw_sketch_columns expected(const psw_point *p, const naive *all)
{
    double of[5][DRAWS], count = (double)psw_errors_draws(p);
    psw_sketch_columns c = psw_sketch_columns_none();
    c.neg_frac = 0, c.min_den_ratio = INFINITY;
    double *median[5] = {&c.err_amm, &c.err_attn, &c.err_out, &c.err_out_max, &c.err_bias};
    double *mean[5] = {&c.err_amm_mean, &c.err_attn_mean, &c.err_out_mean, &c.err_out_max_mean, &c.err_bias_mean};
    double *q90[5] = {&c.err_amm_q90, &c.err_attn_q90, &c.err_out_q90, &c.err_out_max_q90, &c.err_bias_q90};
    for (int t = 0; t < (int)count; t++) {
        sums s = sums_of(all, t);
        of[0][t] = p->method == PSW_FAVOR ? NAN : sqrt(s.off_square / all->norm);
        of[1][t] = sqrt(s.off_square / s.square), of[2][t] = sqrt(s.out_off / s.out_square);
        of[3][t] = s.out_max, of[4][t] = s.off / s.total;
        for (int i = 0; i < N * N; i++) c.neg_frac += (all->sketched[t][i] < 0) / count / all->pairs;
        for (int i = 0; i < N; i++) c.min_den_ratio = fmin(c.min_den_ratio, all->sketched_den[t][i] / all->den[i]);
    }
    for (int m = 0; m < 5; m++) {
        *mean[m] = 0;
        for (int t = 0; t < (int)count; t++) *mean[m] += of[m][t] / count;
        if (isnan(*mean[m])) continue;
        *median[m] = psw_quantile(of[m], (ptrdiff_t)count, 0.5);
        *q90[m] = psw_quantile(of[m], (ptrdiff_t)count, 0.9);
    }
    return c;
}

/* ---- the assessor ---- */

typedef struct open_errors {
    psw_errors *errors;
    psw_arena arena;
    const psw_assessor *assessor;
} open_errors;

static open_errors errors_of(const psw_point *p)
{
    open_errors o = {.assessor = psw_assessor_of(p->precision)};
    psw_data *data = NULL;
    CHECK(psw_arena_create(o.assessor->bytes(p, NULL), &o.arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_status status = o.assessor->begin(p, data, NULL, NULL, (psw_watch){0}, &o.arena, &o.errors);
    CHECK(status == PSW_OK, "%s", psw_message());
    CHECK(o.arena.high == o.arena.size, "%zu of %zu bytes used", o.arena.high, o.arena.size);
    CHECK(o.assessor->draw(o.errors, 0) == PSW_BUG, "a draw before begin was merged");
    merge_alone(o.assessor, o.errors, PSW_ERRORS_BEGUN);
    psw_data_close(data);
    return o;
}

static void close_errors(open_errors *o)
{
    o->assessor->close(o->errors);
    psw_arena_destroy(&o->arena);
}

static void draw(open_errors *o, ptrdiff_t number)
{
    CHECK(o->assessor->draw(o->errors, number) == PSW_OK, "%s", psw_message());
    merge_alone(o->assessor, o->errors, PSW_ERRORS_DRAWN);
}

static void end(open_errors *o, psw_sketch_columns *columns)
{
    merge_alone(o->assessor, o->errors, PSW_ERRORS_ENDING);
    o->assessor->end(o->errors, columns);
}

/* Leaves of attention as the fold makes them, backwards. */
static void give_outputs(open_errors *o, const psw_point *p, const double *out, const double *den)
{
    psw_real rows[N * V];
    double log2_den[N];
    for (int i = 0; i < N * V; i++) rows[i] = (psw_real)out[i];
    for (int i = 0; i < N; i++) log2_den[i] = log2(den[i]); /* NaN below 0, -inf for 0 */
    for (ptrdiff_t index = (N - 1) / p->block; index >= 0; index--) {
        ptrdiff_t first = index * p->block, count = N - first < p->block ? N - first : p->block;
        psw_leaf leaf = {first, count, index, 1, 1, V, rows + first * V, NULL, log2_den + first};
        CHECK(o->assessor->take(o->errors, &leaf) == PSW_OK, "%s", psw_message());
    }
}

static void near(const char *what, double got, double wanted)
{
    bool same = (isnan(got) && isnan(wanted)) || fabs(got - wanted) <= close_to * fabs(wanted) + 1e-3 * close_to;
    CHECK(same, "%s is %.12g, not %.12g", what, got, wanted);
}

static void columns_agree(const char *name, const psw_sketch_columns *got, const psw_sketch_columns *wanted)
{
    const double *a = &got->err_amm, *b = &wanted->err_amm;
    char what[64];
    for (int i = 0; i < 17; i++) { /* the doubles at the front of the struct */
        snprintf(what, sizeof what, "%s, column %d", name, i);
        near(what, a[i], b[i]);
    }
}

static void agrees_with_loops(const char *name, psw_point p)
{
    naive *all = naive_of(&p);
    open_errors o = errors_of(&p);
    psw_sketch_columns got, wanted = expected(&p, all);
    ptrdiff_t bad = 0;
    for (int t = 0; t < (int)psw_errors_draws(&p); t++) {
        draw(&o, t);
        give_outputs(&o, &p, all->sketched_out[t], all->sketched_den[t]);
        for (int i = 0; i < N; i++) bad += !(all->sketched_den[t][i] > 0);
    }
    end(&o, &got);
    columns_agree(name, &got, &wanted);
    CHECK(got.bad_rows == bad && got.err_rows == N, "%s: %td bad rows, not %td", name, got.bad_rows, bad);
    CHECK(got.state_bytes == psw_sketch_state_bytes(&p), "%s: state", name);
    CHECK((isnan(all->entropy) && isnan(got.entropy)) || fabs(got.entropy - all->entropy) < 1e-12,
          "%s: entropy %g, not %g", name, got.entropy, all->entropy);
    CHECK((isnan(all->theory) && isnan(got.theory_err_amm)) || fabs(got.theory_err_amm / all->theory - 1) < 1e-9,
          "%s: theory %g, not %g", name, got.theory_err_amm, all->theory); /* moments of scaled rows, and differences */
    close_errors(&o);
    free(all);
}

static void all_methods(void)
{
    psw_point p;
    agrees_with_loops("polysketch", plain(PSW_POLYSKETCH, 4));
    agrees_with_loops("tree", plain(PSW_TREE, 3));
    agrees_with_loops("tensorsketch", plain(PSW_TENSORSKETCH, 4));
    agrees_with_loops("srht", plain(PSW_SRHT, 2));
    agrees_with_loops("maclaurin", plain(PSW_MACLAURIN, 2));
    p = plain(PSW_TREE, 4), p.mask = PSW_CAUSAL, p.den_constant = 3;
    agrees_with_loops("causal tree", p);
    p = plain(PSW_POLYSKETCH, 4), p.mask = PSW_CAUSAL, p.local = 32;
    agrees_with_loops("mixed", p);
    p = plain(PSW_POLYSKETCH, 6), p.row_norm = PSW_NORM_UNIT, p.data_kind = PSW_ALIGNED, p.cosine = 0.9;
    agrees_with_loops("aligned", p);
    p = plain(PSW_FAVOR, NAN), p.row_norm = PSW_NORM_SQRT_D;
    agrees_with_loops("favor", p);
    p.mask = PSW_CAUSAL, p.block = 512;
    agrees_with_loops("causal favor", p);
}

/* ---- exact maps ---- */

static psw_sketch_columns kernel_errors(psw_point p)
{
    open_errors o = errors_of(&p);
    psw_sketch_columns got;
    for (ptrdiff_t t = 0; t < psw_errors_draws(&p); t++) draw(&o, t);
    end(&o, &got);
    close_errors(&o);
    return got;
}

/* Rows rounded once, degrees multiply what is left. */
static void exact_maps_have_no_error(void)
{
    const double small = precision == PSW_FP32 ? 1e-4 : 1e-13;
    psw_point points[3] = {plain(PSW_MONOMIAL, 5), plain(PSW_POLYSKETCH, 2), plain(PSW_MONOMIAL, 300)};
    points[2].d = 2, points[2].mask = PSW_CAUSAL;
    for (int i = 0; i < 3; i++) {
        psw_sketch_columns c = kernel_errors(points[i]);
        double most = i == 2 ? 60 * small : small; /* 300 / 5 */
        CHECK(c.err_amm < most && c.err_attn < most && fabs(c.err_bias) < most, "degree %g: %g %g %g", points[i].beta,
              c.err_amm, c.err_attn, c.err_bias);
        CHECK(c.theory_err_amm == 0, "degree %g: theory %g", points[i].beta, c.theory_err_amm);
        CHECK(fabs(c.min_den_ratio - 1) < 1e3 * most, "degree %g: denominators %g", points[i].beta, c.min_den_ratio);
    }
}

/* |z|^beta leaves the range of numbers for rows of any scale, the errors do not change with it. */
static void scale_does_not_matter(void)
{
    psw_point p = plain(PSW_TREE, 64);
    p.r = 8;
    psw_sketch_columns plain_rows = kernel_errors(p);
    p.row_norm = PSW_NORM_SQRT_D;
    psw_sketch_columns small_rows = kernel_errors(p);
    CHECK(isfinite(plain_rows.err_amm) && plain_rows.err_amm > 0 && isfinite(plain_rows.err_attn), "%g %g",
          plain_rows.err_amm, plain_rows.err_attn);
    /* the scaled rows round differently, and the degree multiplies it */
    CHECK_NEAR(small_rows.err_amm / plain_rows.err_amm, 1.0, 1e3 * close_to);
    CHECK_NEAR(small_rows.err_attn / plain_rows.err_attn, 1.0, 1e3 * close_to);
}

/* ---- the prediction ---- */

/* err_amm^2 of draw after draw: its mean is the square of theory_err_amm. */
static void prediction_holds(psw_method method, double beta, bool causal)
{
    enum { MANY = 300 };
    psw_point p = plain(method, beta);
    p.row_norm = PSW_NORM_UNIT, p.draws = MANY, p.mask = causal ? PSW_CAUSAL : PSW_FULL;
    naive *all = calloc(1, sizeof *all);
    double q[N * D], k[N * D], sum = 0, squares = 0;
    psw_data *data;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_rows(data, 0, PSW_QUERY, 0, N, q);
    psw_data_rows(data, 0, PSW_KEY, 0, N, k);
    psw_data_close(data);
    sketched s = sketch_open(&p, N, NULL);
    double norm = causal ? N * (N + 1) / 2.0 : N * (double)N;
    for (int t = 0; t < MANY; t++) {
        double off = 0;
        sketcher()->draw(s.map, t);
        estimates(&s, &p, N, q, N, k, all->a);
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                off += hidden(&p, i, j) ? 0 : pow(all->a[i * N + j] - kernel(&p, q + i * D, k + j * D), 2);
        sum += off / norm, squares += off / norm * (off / norm);
    }
    sketch_close(&s);
    free(all);
    double mean = sum / MANY, error = sqrt((squares / MANY - mean * mean) / MANY);
    p.draws = 1;
    double theory = pow(kernel_errors(p).theory_err_amm, 2);
    CHECK(fabs(mean - theory) < 4 * error, "%s: %g, predicted %g, standard error %g",
          psw_word(PSW_WORDS_METHOD, (int)method), mean, theory, error);
}

static void predictions(void)
{
    for (int causal = 0; causal < 2; causal++) {
        prediction_holds(PSW_TREE, 3, causal);
        prediction_holds(PSW_TENSORSKETCH, 2, causal);
        prediction_holds(PSW_MACLAURIN, 2, causal);
        prediction_holds(PSW_SRHT, 2, causal);
        prediction_holds(PSW_POLYSKETCH, 4, causal);
    }
    psw_point p = plain(PSW_POLYSKETCH, 6);
    CHECK(isnan(kernel_errors(p).theory_err_amm), "no variance is known");
}

/* ---- the sample ---- */

/* A sample of 256 of 3000 rows tells the same error as 256 others, and both nearly that of them all. */
static void a_sample_stands_for_all_rows(void)
{
    psw_point p = plain(PSW_POLYSKETCH, 4);
    p.n = 3000, p.block = 256;
    psw_sketch_columns some = kernel_errors(p);
    CHECK(some.err_rows == 256, "%td rows", some.err_rows);
    p.n = 1024;
    psw_sketch_columns all = kernel_errors(p);
    CHECK(all.err_rows == 1024, "%td rows", all.err_rows);
    /* same tables, other rows: entries are heavy tailed, seeds vary by a few percent */
    CHECK(fabs(some.err_amm / all.err_amm - 1) < 0.25, "%g and %g", some.err_amm, all.err_amm);
    CHECK(fabs(some.theory_err_amm / all.theory_err_amm - 1) < 0.25, "%g and %g", some.theory_err_amm,
          all.theory_err_amm);
}

static psw_status always(void *context)
{
    (void)context;
    return PSW_STOPPED;
}

static void refusals(void)
{
    psw_point p = plain(PSW_POLYSKETCH, 4);
    open_errors o = errors_of(&p);
    psw_leaf leaf = {0, 1, 0, 1, 1, V, NULL, NULL, NULL};
    CHECK(o.assessor->draw(o.errors, DRAWS) == PSW_BUG, "draw %d", DRAWS);
    CHECK(o.assessor->take(o.errors, &leaf) == PSW_BUG, "leaf before its draw");
    close_errors(&o);
    psw_data *data;
    psw_errors *errors = NULL;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(o.assessor->bytes(&p, NULL), &o.arena) == PSW_OK, "%s", psw_message());
    psw_status status = o.assessor->begin(&p, data, NULL, NULL, (psw_watch){always, NULL}, &o.arena, &errors);
    CHECK(status == PSW_STOPPED, "%s", psw_status_word(status));
    p.beta = 3, o.arena.used = 0;
    status = o.assessor->begin(&p, data, NULL, NULL, (psw_watch){0}, &o.arena, &errors);
    CHECK(status == PSW_USAGE && !errors, "odd degree: %s", psw_status_word(status));
    o.assessor->close(errors);
    psw_data_close(data);
    psw_arena_destroy(&o.arena);
}

int main(void)
{
    all_methods();
    exact_maps_have_no_error();
    predictions();
    scale_does_not_matter();
    a_sample_stands_for_all_rows();
    refusals();
    return test_end();
}
