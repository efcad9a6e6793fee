/* Errors of sketches on random and aligned rows: against figures of an independent implementation (numpy, other random
 * numbers, means of 5 seeds), and against what the exact moments of the tree sketch say their mean must be. */
#include <stdlib.h>

#include "check.h"
#include "merge.h"
#include "polysweep/errors.h"

enum { DRAWS = 20, N = 256, D = 64 };

static psw_point plain(psw_method method, psw_data_kind kind, double beta, ptrdiff_t r)
{
    return (psw_point){.method = method,
                       .data_kind = kind,
                       .cosine = 0.9,
                       .row_norm = PSW_NORM_LAYERNORM,
                       .n = N,
                       .d = D,
                       .v = 8,
                       .beta = beta,
                       .r = r,
                       .draws = DRAWS,
                       .block = N,
                       .seed = 1};
}

static psw_sketch_columns errors_of(psw_point p)
{
    const psw_assessor *assessor = psw_assessor_of(p.precision);
    psw_sketch_columns columns = psw_sketch_columns_none();
    psw_errors *errors = NULL;
    psw_data *data = NULL;
    psw_arena arena;
    CHECK(psw_arena_create(assessor->bytes(&p, NULL), &arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_status status = assessor->begin(&p, &(psw_given){.data = data, .tables.weights = NULL, .route = NULL},
                                        (psw_watch){0}, &arena, &errors);
    CHECK(status == PSW_OK, "%s", psw_message());
    if (status == PSW_OK) merge_alone(assessor, errors, PSW_ERRORS_BEGUN);
    for (ptrdiff_t t = 0; t < psw_errors_draws(&p) && status == PSW_OK; t++) {
        status = assessor->draw(errors, t);
        if (status == PSW_OK) merge_alone(assessor, errors, PSW_ERRORS_DRAWN);
    }
    if (status == PSW_OK) assessor->end(errors, &columns);
    assessor->close(errors);
    psw_data_close(data);
    psw_arena_destroy(&arena);
    return columns;
}

static void within(const char *what, psw_point p, double got, double figure, double factor)
{
    CHECK(got < figure * factor && got > figure / factor, "%s, degree %g, r = %td: %g is not %g within a factor %g",
          what, p.beta, p.r, got, figure, factor);
}

/* Self-tensored. The printed figures have two digits and are means of 5 draws: of degree 4, where draws spread by 20 %
 * about their mean, four standard errors of it are a factor 1.4; of degree 8, r = 16, draws of the same size differ
 * tenfold. */
static void self_tensored_errors(void)
{
    static const struct {
        psw_data_kind kind;
        double beta;
        ptrdiff_t r;
        double amm, attn, bias, factor;
    } rows[] = {
        {PSW_GAUSSIAN, 4, 16, 0.20, 78, 89, 1.4},  {PSW_GAUSSIAN, 4, 32, 0.085, 34, 44, 1.4},
        {PSW_GAUSSIAN, 4, 64, 0.036, 14, 22, 1.4}, {PSW_ALIGNED, 4, 16, 0.26, 6.3, 20, 1.4},
        {PSW_ALIGNED, 4, 32, 0.107, 2.6, 10, 1.4}, {PSW_ALIGNED, 4, 64, 0.056, 1.35, 5.5, 1.4},
        {PSW_ALIGNED, 8, 16, 0.64, 23, 47, 2.5},   {PSW_ALIGNED, 8, 32, 0.41, 15, 26, 2.5},
        {PSW_ALIGNED, 8, 64, 0.105, 3.8, 12, 2.5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        psw_point p = plain(PSW_POLYSKETCH, rows[i].kind, rows[i].beta, rows[i].r);
        psw_sketch_columns c = errors_of(p);
        within("amm", p, c.err_amm_mean, rows[i].amm, rows[i].factor);
        within("attn", p, c.err_attn_mean, rows[i].attn, rows[i].factor);
        within("bias", p, c.err_bias_mean, rows[i].bias, rows[i].factor);
        CHECK(c.neg_frac == 0, "a self-tensored sketch has negative weights (%g)", c.neg_frac);
        CHECK(c.err_rows == N, "%td rows", c.err_rows);
    }
}

/* Signed: amm sqrt(r) is about 1 whatever the method; the relative error of A grows with the degree. The figures are
 * for r = 1024 (1.15 to 1.19, and 13); errors fall like r^(-1/2). */
static void signed_errors(void)
{
    static const psw_method methods[] = {PSW_TREE, PSW_MACLAURIN, PSW_TENSORSKETCH};
    for (int m = 0; m < 3; m++)
        for (double beta = 2; beta <= 4; beta += 2) {
            psw_point p = plain(methods[m], PSW_GAUSSIAN, beta, 64);
            psw_sketch_columns c = errors_of(p);
            CHECK(c.err_amm_mean * 8 > 0.9 && c.err_amm_mean * 8 < 1.15, "method %d, degree %g: amm sqrt(r) = %g",
                  (int)methods[m], beta, c.err_amm_mean * 8);
            within("attn", p, c.err_attn_mean, 4 * (beta == 2 ? 1.17 : 13), 1.15);
            CHECK(c.neg_frac > 0.4 && c.neg_frac < 0.55, "degree %g: %g of the weights negative", beta, c.neg_frac);
        }
}

/* ---- against exact moments ---- */

static double product(const double *x, const double *y)
{
    double sum = 0;
    for (int i = 0; i < D; i++) sum += x[i] * y[i];
    return sum;
}

/* sqrt(E sum (A~ - A)^2 / sum |q|^2p |k|^2p) and E sum (A~ - A) / sum A */
static void expected(const psw_point *p, double *amm, double *bias)
{
    double *q = malloc(sizeof(double) * N * D), *k = malloc(sizeof(double) * N * D);
    double norm = 0, square = 0, off = 0, total = 0;
    psw_data *data;
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_rows(data, 0, PSW_QUERY, 0, N, q);
    psw_data_rows(data, 0, PSW_KEY, 0, N, k);
    for (int i = 0; i < N * N; i++) {
        const double *x = q + i / N * D, *y = k + i % N * D;
        double norms = product(x, x) * product(y, y), c = product(x, y), a = pow(c, p->beta);
        psw_moments m = psw_sketch_moments(p, norms, c, NAN);
        norm += pow(norms, p->beta), total += a, off += m.mean - a;
        square += m.variance + (m.mean - a) * (m.mean - a);
    }
    *amm = sqrt(square / norm), *bias = off / total;
    psw_data_close(data);
    free(q), free(k);
}

/* Of 20 draws whose errors spread by 25 % (amm; the mean lies below the root of the mean square by 3 %) and 20 %
 * (bias), four standard errors. */
static void means_are_those_of_the_moments(void)
{
    for (psw_data_kind kind = PSW_GAUSSIAN; kind <= PSW_ALIGNED; kind += PSW_ALIGNED - PSW_GAUSSIAN)
        for (ptrdiff_t r = 16; r <= 64; r *= 2) {
            psw_point p = plain(PSW_POLYSKETCH, kind, 4, r);
            psw_sketch_columns c = errors_of(p);
            double amm, bias;
            expected(&p, &amm, &bias);
            CHECK(c.err_amm_mean > 0.75 * amm && c.err_amm_mean < 1.2 * amm, "kind %d, r = %td: amm %g, expected %g",
                  (int)kind, r, c.err_amm_mean, amm);
            CHECK_NEAR(c.err_bias_mean / bias, 1.0, 0.18);
        }
    psw_point p = plain(PSW_TREE, PSW_ALIGNED, 8, 128);
    double amm, bias;
    expected(&p, &amm, &bias);
    CHECK_NEAR(errors_of(p).err_amm_mean / amm, 1.0, 0.2);
    CHECK(fabs(bias) < 1e-12, "a signed sketch has no bias, %g", bias);
}

/* At a high degree the special token alone makes the norms: the few rows that a prediction looks at must have it. */
static void the_special_row_is_looked_at(void)
{
    enum { ROWS = 1024, WIDTH = 34 };
    psw_point p = {.method = PSW_TREE,
                   .data_kind = PSW_SELF_ATTENTION,
                   .beta = 12,
                   .n = ROWS,
                   .d = WIDTH,
                   .v = WIDTH,
                   .r = 32,
                   .draws = 1,
                   .block = 256,
                   .seed = 1,
                   .a_0 = 0.04,
                   .a_1 = 1.2,
                   .b = 0.05,
                   .c = 1.5,
                   .kappa = 0.1,
                   .m = 1,
                   .trials = 1,
                   .j3 = 7};
    double *x = malloc(ROWS * WIDTH * sizeof *x), square = 0, norm = 0;
    psw_data *data;
    CHECK(x && psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_rows(data, 1, PSW_KEY, 0, ROWS, x);
    psw_data_close(data);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < ROWS; j++) {
            double qq = 0, kk = 0, qk = 0;
            for (int c = 0; c < WIDTH; c++) {
                double a = x[i * WIDTH + c], b = x[j * WIDTH + c];
                qq += a * a, kk += b * b, qk += a * b;
            }
            psw_moments m = psw_sketch_moments(&p, 1, qk / sqrt(qq * kk), 0);
            square += pow(qq * kk, p.beta) * m.variance;
            norm += pow(qq * kk, p.beta);
        }
    free(x);
    double theory = errors_of(p).theory_err_amm, all = sqrt(square / norm);
    /* the other rows are 32 equal classes, of which the 64 that are looked at are a fair sample */
    CHECK(fabs(theory / all - 1) < 0.02, "%g of all pairs, predicted %g", all, theory);
}

/* At a degree of 512 the first rows of a causal block see only keys that vanish beside the largest of the block. What
 * they say may not depend on where blocks end. */
static void keys_that_vanish_are_not_lost(void)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        psw_point p = plain(PSW_TENSORSKETCH, PSW_ALIGNED, 512, 4);
        p.mask = PSW_CAUSAL, p.row_norm = PSW_NORM_NONE;
        p.n = 150, p.d = p.v = 3, p.draws = 2, p.seed = seed;
        psw_sketch_columns whole = errors_of(p);
        p.block = 8;
        psw_sketch_columns cut = errors_of(p);
        /* 2^s of a key, s of some hundreds, rounds as 512 times the last bit of a logarithm does */
        CHECK(fabs(whole.err_amm / cut.err_amm - 1) < 1e-9, "amm %g in one block, %g in blocks of 8", whole.err_amm,
              cut.err_amm);
        CHECK(fabs(whole.min_den_ratio / cut.min_den_ratio - 1) < 1e-9,
              "denominators %g in one block, %g in blocks of 8", whole.min_den_ratio, cut.min_den_ratio);
    }
}

int main(void)
{
    keys_that_vanish_are_not_lost();
    the_special_row_is_looked_at();
    self_tensored_errors();
    signed_errors();
    means_are_those_of_the_moments();
    return test_end();
}
