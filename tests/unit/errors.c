/* The assessor against the same sums as plain loops in long double, over matrices that are formed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit/errors_case.h"

#include "polysweep/stats.h"

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
        sketcher()->draw(s.map, t, (psw_watch){0});
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

/* |O~ - O| / |O| of each row of a draw, and the same norm over the rows with a positive denominator: NaN if none has */
static double rows_of(const naive *all, int t, double apart[N])
{
    double off[N] = {0}, norm[N] = {0}, good_off = 0, good_norm = 0;
    for (int i = 0; i < N * V; i++) {
        off[i / V] += pow(all->sketched_out[t][i] - all->out[i], 2);
        norm[i / V] += pow(all->out[i], 2);
    }
    for (int i = 0; i < N; i++) {
        apart[i] = sqrt(off[i] / norm[i]);
        if (all->sketched_den[t][i] > 0) good_off += off[i], good_norm += norm[i];
    }
    return sqrt(good_off / good_norm);
}

static void expected_rows(const naive *all, ptrdiff_t count, psw_sketch_columns *c)
{
    double apart[N], good[DRAWS], q50[DRAWS], q90[DRAWS];
    for (int t = 0; t < (int)count; t++) {
        good[t] = rows_of(all, t, apart);
        q50[t] = psw_quantile(apart, N, 0.5), q90[t] = psw_quantile(apart, N, 0.9);
    }
    c->err_out_good = psw_quantile(good, count, 0.5);
    c->err_out_row_q50 = psw_quantile(q50, count, 0.5), c->err_out_row_q90 = psw_quantile(q90, count, 0.5);
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
    expected_rows(all, (ptrdiff_t)count, &c);
    return c;
}

static void columns_agree(const char *name, const psw_sketch_columns *got, const psw_sketch_columns *wanted)
{
    const double *a = &got->err_amm, *b = &wanted->err_amm;
    char what[64];
    for (int i = 0; i < 17; i++) { /* the doubles at the front of the struct */
        snprintf(what, sizeof what, "%s, column %d", name, i);
        near(what, a[i], b[i]);
    }
    near("err_out_good", got->err_out_good, wanted->err_out_good);
    near("err_out_row_q50", got->err_out_row_q50, wanted->err_out_row_q50);
    near("err_out_row_q90", got->err_out_row_q90, wanted->err_out_row_q90);
}

static void agrees_with_loops(const char *name, psw_point p)
{
    naive *all = naive_of(&p);
    open_errors o = errors_of(&p);
    psw_sketch_columns got, wanted = expected(&p, all);
    for (int t = 0; t < (int)psw_errors_draws(&p); t++) {
        draw(&o, t);
        give_outputs(&o, &p, all->sketched_out[t], all->sketched_den[t]);
        taken(&o);
    }
    end(&o, &got);
    columns_agree(name, &got, &wanted);
    CHECK(got.err_rows == N, "%s: %td rows", name, got.err_rows);
    CHECK(got.state_bytes == psw_sketch_running_bytes(&p), "%s: state", name);
    CHECK(got.map_features == psw_sketch_shape_of(&p).features && got.exact_map == 0, "%s: map", name);
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

/* Rows whose denominator is not positive are in err_out and not in err_out_good; a draw without a good row has no
 * err_out_good. */
static void rows_that_are_left_out(void)
{
    psw_point p = plain(PSW_TREE, 4);
    p.draws = 2;
    naive *all = naive_of(&p);
    open_errors o = errors_of(&p);
    psw_sketch_columns got;
    double out[N * V], den[N];
    for (int i = 0; i < N; i++) den[i] = i % 3 == 1 ? -1 : i % 3 == 2 ? 0 : 1;
    for (int i = 0; i < N * V; i++) out[i] = all->out[i] * (i / V % 3 == 0 ? 1.5 : 3); /* half or twice the row away */
    draw(&o, 0), give_outputs(&o, &p, out, den), taken(&o);
    for (int i = 0; i < N; i++) den[i] = -1;
    draw(&o, 1), give_outputs(&o, &p, out, den), taken(&o);
    end(&o, &got);
    near("good rows", got.err_out_good, 0.5);
    near("median row", got.err_out_row_q50, 2.0);
    CHECK(got.err_out > 1.2 && got.err_out < 2, "all rows: %g", got.err_out);
    close_errors(&o);
    free(all);
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
        sketcher()->draw(s.map, t, (psw_watch){0});
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
    psw_status status = o.assessor->begin(&p, &(psw_given){.data = data, .tables.weights = NULL, .route = NULL},
                                          (psw_watch){always, NULL}, &o.arena, &errors);
    CHECK(status == PSW_STOPPED, "%s", psw_status_word(status));
    p.beta = 3, o.arena.used = 0;
    status = o.assessor->begin(&p, &(psw_given){.data = data, .tables.weights = NULL, .route = NULL}, (psw_watch){0},
                               &o.arena, &errors);
    CHECK(status == PSW_USAGE && !errors, "odd degree: %s", psw_status_word(status));
    o.assessor->close(errors);
    psw_data_close(data);
    psw_arena_destroy(&o.arena);
}

int main(void)
{
    all_methods();
    rows_that_are_left_out();
    predictions();
    refusals();
    return test_end();
}
