/* Rows of the self-attention data against its definition, written out entry by entry. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/data.h"
#include "polysweep/random.h"

static psw_point plain(ptrdiff_t n, ptrdiff_t d)
{
    return (psw_point){.data_kind = PSW_SELF_ATTENTION,
                       .method = PSW_EXACT,
                       .beta = 4,
                       .n = n,
                       .d = d,
                       .v = d,
                       .a_0 = 0.04,
                       .a_1 = 1.2,
                       .b = 0.3,
                       .c = 1.1,
                       .kappa = 0.1,
                       .j3 = 5,
                       .m = 4,
                       .trials = 1,
                       .block = 512,
                       .seed = 7};
}

static double *rows_of(const psw_point *point, int set, psw_side side, ptrdiff_t first, ptrdiff_t count)
{
    psw_data *data;
    double *rows = malloc((size_t)(count * psw_point_width(point)) * sizeof *rows);
    if (psw_data_open(point, NULL, &data) != PSW_OK) return rows;
    psw_data_rows(data, set, side, first, count, rows);
    psw_data_close(data);
    return rows;
}

static double definition(const psw_point *p, int set, ptrdiff_t row, ptrdiff_t column)
{
    double s = sqrt(log((double)p->n));
    if (column == 0) return row == p->j3 ? (set ? p->a_1 : p->a_0) * s : 0;
    if (column == p->d - 1) return p->c * s;
    return row % (p->d - 2) == column - 1 ? p->b * s : 0;
}

static void rows_follow_the_definition(void)
{
    psw_point p = plain(48, 10);
    for (int set = 0; set < 2; set++) {
        double *x = rows_of(&p, set, PSW_KEY, 0, p.n);
        for (ptrdiff_t i = 0; i < p.n * p.d; i++) CHECK_NEAR(x[i], definition(&p, set, i / p.d, i % p.d), 1e-15);
        free(x);
    }
}

/* Any range gives the bits of the whole. */
static void ranges_are_bitwise_parts(double noise, psw_row_norm norm)
{
    psw_point p = plain(160, 82); /* wider than one chunk of normals */
    p.noise = noise;
    p.row_norm = norm;
    double *whole = rows_of(&p, 1, PSW_QUERY, 0, p.n), *part = rows_of(&p, 1, PSW_QUERY, 3, 61);
    CHECK(!memcmp(whole + 3 * p.d, part, 61 * (size_t)p.d * sizeof *part), "noise %g, norm %d", noise, (int)norm);
    free(whole);
    free(part);
}

/* One draw for both data sets and every degree: they differ in one entry. */
static void noise_is_shared_by_the_data_sets(void)
{
    psw_point p = plain(320, 34), q;
    p.noise = 0.3;
    q = p;
    q.beta = 9;
    q.j3 = 6;
    double *zero = rows_of(&p, 0, PSW_KEY, 0, p.n), *one = rows_of(&q, 1, PSW_VALUE, 0, p.n);
    double sum = 0, squares = 0, s = psw_data_unit(&p);
    for (ptrdiff_t i = 0; i < p.n * p.d; i++) {
        double noise = (zero[i] - definition(&p, 0, i / p.d, i % p.d)) / (s * 0.3) * sqrt(34);
        CHECK_NEAR(one[i] - definition(&q, 1, i / p.d, i % p.d), zero[i] - definition(&p, 0, i / p.d, i % p.d), 1e-14);
        sum += noise;
        squares += noise * noise;
    }
    uint64_t noise;
    memcpy(&noise, &p.noise, sizeof noise);
    const uint64_t values[] = {PSW_SELF_ATTENTION, 320, 34, noise, 0}; /* random_version 2 */
    double normals[34];
    psw_random_normals(psw_random_key(PSW_STREAM_NOISE, 7, values, 5), 11, 0, 34, normals);
    for (ptrdiff_t k = 0; k < 34; k++) /* one rounding of the product, one of the sum */
        CHECK_NEAR(zero[11 * 34 + k], definition(&p, 0, 11, k) + 0.3 * s / sqrt(34) * normals[k], 1e-15);
    double count = (double)(p.n * p.d); /* 10880 normals: five standard errors of mean and variance */
    CHECK(fabs(sum / count) < 5 / sqrt(count), "mean %g", sum / count);
    CHECK(fabs(squares / count - 1) < 5 * sqrt(2 / count), "variance %g", squares / count);
    free(zero);
    free(one);
}

/* Row 5, entry 3 of draw `draw` without what the point has there anyway, in units of the noise. */
static double noise_of(psw_point p, ptrdiff_t draw)
{
    double row[64];
    psw_data *data = NULL;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_draw(data, draw);
    psw_data_rows(data, 0, PSW_KEY, 5, 1, row);
    psw_data_close(data);
    return (row[3] - definition(&p, 0, 5, 3)) / (p.noise * psw_data_unit(&p)) * sqrt((double)p.d);
}

/* What a draw of the noise depends on, and what not. */
static void draws_of_noise(void)
{
    psw_point p = plain(320, 34), q = p;
    p.noise = 0.3;
    q = p, q.beta = 9, q.mask = PSW_CAUSAL, q.method = PSW_SOFTMAX, q.precision = PSW_FP32, q.block = 7,
    q.data_draws = 5;
    CHECK_NEAR(noise_of(q, 2), noise_of(p, 2), 1e-13); /* rounding of the difference */
    CHECK(noise_of(p, 0) != noise_of(p, 1), "draws differ");
    q = p, q.noise = 0.2;
    CHECK(fabs(noise_of(q, 0) - noise_of(p, 0)) > 1e-6, "other noise, other draws");
    q = p, q.n = 640;
    CHECK(fabs(noise_of(q, 0) - noise_of(p, 0)) > 1e-6, "other n, other draws");
    p.common = 1;
    q = p, q.n = 640, q.noise = 0.2;
    CHECK_NEAR(noise_of(q, 3), noise_of(p, 3), 1e-13);
    CHECK(noise_of(p, 3) != noise_of(p, 4), "draws differ");
    q.d = 18, q.v = 18;
    CHECK(fabs(noise_of(q, 3) - noise_of(p, 3)) > 1e-6, "other width, other draws");
    CHECK(psw_data_random_version(&p) == 2 && psw_data_draws(&p) == 1, "version");
    p.noise = 0;
    CHECK(psw_data_random_version(&p) == 0, "nothing is random");
}

/* Draw 0 of the other kinds is what it was without draws. */
static void draws_of_normals(void)
{
    psw_point p = plain(64, 10);
    p.data_kind = PSW_GAUSSIAN;
    const uint64_t side[] = {PSW_KEY, 10}, second[] = {PSW_KEY, 10, 1};
    double row[10], expected[2][10];
    psw_random_normals(psw_random_key(PSW_STREAM_DATA, p.seed, side, 2), 5, 0, 10, expected[0]);
    psw_random_normals(psw_random_key(PSW_STREAM_DATA, p.seed, second, 3), 5, 0, 10, expected[1]);
    psw_data *data = NULL;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    for (int draw = 1; draw >= 0; draw--) {
        psw_data_draw(data, draw);
        psw_data_rows(data, 0, PSW_KEY, 5, 1, row);
        CHECK(!memcmp(row, expected[draw], sizeof row), "draw %d", draw);
    }
    psw_data_close(data);
}

static void row_norms(void)
{
    psw_point p = plain(64, 10);
    p.noise = 0.2;
    double *raw = rows_of(&p, 1, PSW_QUERY, 0, p.n);
    for (int norm = PSW_NORM_UNIT; norm <= PSW_NORM_SQRT_D; norm++) {
        p.row_norm = (psw_row_norm)norm;
        double *x = rows_of(&p, 1, PSW_QUERY, 0, p.n), *value = rows_of(&p, 1, PSW_VALUE, 0, p.n);
        CHECK(!memcmp(raw, value, (size_t)(p.n * p.d) * sizeof *raw), "values are not normalised");
        for (ptrdiff_t i = 0; i < p.n; i++) {
            double mean = 0, square = 0, raw_mean = 0, raw_square = 0;
            for (ptrdiff_t j = 0; j < p.d; j++) {
                mean += x[i * p.d + j] / 10, square += x[i * p.d + j] * x[i * p.d + j];
                raw_mean += raw[i * p.d + j] / 10, raw_square += raw[i * p.d + j] * raw[i * p.d + j];
            }
            double variance = raw_square / 10 - raw_mean * raw_mean;
            /* rounding of sums of ten terms of order one */
            if (norm == PSW_NORM_UNIT) CHECK_NEAR(square, 1.0, 1e-14);
            if (norm == PSW_NORM_SQRT_D) CHECK_NEAR(square, raw_square / sqrt(10), 1e-14);
            if (norm == PSW_NORM_LAYERNORM) {
                CHECK(fabs(mean) < 1e-13, "mean %g", mean);
                CHECK_NEAR(square / 10, variance / (variance + 1e-5), 1e-12);
            }
        }
        free(x);
        free(value);
    }
    free(raw);
}

/* <q, k> of affine rows is offset + scale <q, k> of the normalised ones; values are as they were. */
static void affine_rows(void)
{
    const double offsets[] = {0.83, -0.61, 0};
    for (int i = 0; i < 3 * 4; i++) {
        psw_point p = plain(64, 10), affine;
        p.noise = 0.2, p.row_norm = (psw_row_norm)(i % 4), affine = p;
        affine.scale = 0.37, affine.offset = offsets[i / 4];
        ptrdiff_t width = psw_point_width(&affine);
        double *q = rows_of(&p, 1, PSW_QUERY, 0, p.n), *k = rows_of(&p, 1, PSW_KEY, 0, p.n);
        double *query = rows_of(&affine, 1, PSW_QUERY, 0, p.n), *key = rows_of(&affine, 1, PSW_KEY, 3, p.n - 3);
        double *value = rows_of(&affine, 1, PSW_VALUE, 0, p.n), *plain_value = rows_of(&p, 1, PSW_VALUE, 0, p.n);
        CHECK(width == p.d + (offsets[i / 4] != 0), "width %td", width);
        CHECK(!memcmp(value, plain_value, (size_t)(p.n * p.d) * sizeof *value), "values are not scaled");
        for (ptrdiff_t row = 0; row < p.n; row++)
            for (ptrdiff_t column = 3; column < p.n; column++) {
                double z = 0, size = 0, of_affine = 0;
                for (ptrdiff_t c = 0; c < p.d; c++) z += q[row * p.d + c] * k[column * p.d + c];
                for (ptrdiff_t c = 0; c < p.d; c++) size += fabs(q[row * p.d + c] * k[column * p.d + c]);
                for (ptrdiff_t c = 0; c < width; c++)
                    of_affine += query[row * width + c] * key[(column - 3) * width + c];
                /* some fifteen roundings of what is summed, and the roots */
                CHECK(fabs(of_affine - (offsets[i / 4] + 0.37 * z)) <= 4e-15 * (0.37 * size + 1), "%g", of_affine);
            }
        free(q), free(k), free(query), free(key), free(value), free(plain_value);
    }
}

static void refused(psw_point point, const char *word)
{
    CHECK(psw_data_check(&point, NULL) == PSW_USAGE, "%s accepted", word);
    CHECK(strstr(psw_message(), word), "\"%s\" does not say %s", psw_message(), word);
}

static void bad_shapes_are_refused(void)
{
    psw_point good = plain(64, 10), p;
    CHECK(psw_data_check(&good, NULL) == PSW_OK, "%s", psw_message());
    p = good, p.n = 1000000000, p.d = p.v = 34, p.method = PSW_CLOSED_FORM;
    CHECK(psw_data_check(&p, NULL) == PSW_OK, "%s", psw_message());
    p = good, p.d = p.v = 2, refused(p, "d >= 3");
    p = good, p.d = p.v = 67, refused(p, "d <= n + 2");
    p = good, p.n = 1, p.d = p.v = 3, p.j3 = 0, refused(p, "at least 2");
    p = good, p.d = p.v = 11, refused(p, "multiple of d - 2");
    p = good, p.v = 12, refused(p, "v = d");
    p = good, p.j3 = 64, refused(p, "j3");
    p = good, p.j3 = -1, refused(p, "j3");
    p = good, p.c = 0, p.beta = 0, refused(p, "beta = 0 with c = 0");
    p = good, p.c = p.b = 0, refused(p, "b = c = 0");
    p = good, p.noise = -1, refused(p, "noise");
    p = good, p.a_1 = NAN, refused(p, "a_1");
    p = good, p.data_kind = (psw_data_kind)77, refused(p, "kind");
}

/* Scores stay positive, or nothing is to be raised to a power; the message says from where on they are. */
static void offsets(void)
{
    psw_point good = plain(64, 10), p;
    double least = 1.1 * 1.1 * log(64);
    good.scale = 0.5;
    p = good, p.offset = -0.5 * least * (1 - 1e-12);
    CHECK(psw_data_check(&p, NULL) == PSW_OK && !psw_data_signed(&p), "%s", psw_message());
    p.offset = -0.5 * least * (1 + 1e-12);
    char smallest[32];
    snprintf(smallest, sizeof smallest, "above %.12g", -0.5 * least);
    refused(p, "positive"), refused(p, smallest);
    CHECK(psw_data_signed(&p), "a score below 0");
    p.method = PSW_LINEAR, refused(p, smallest);
    p.method = PSW_TREE, refused(p, smallest);
    p.match = PSW_MATCH_EXP, refused(p, "larger beta or a smaller center");
    p.method = PSW_SOFTMAX;
    CHECK(psw_data_check(&p, NULL) == PSW_OK, "%s", psw_message());
    p = good, p.offset = -9, p.noise = 0.1; /* scores of either sign anyway: `negative` says what becomes of them */
    CHECK(psw_data_check(&p, NULL) == PSW_OK && psw_data_signed(&p), "%s", psw_message());
    p = good, p.c = 0, p.beta = 0, p.offset = 0.1;
    CHECK(psw_data_check(&p, NULL) == PSW_OK && !psw_data_zeros(&p), "no score of 0");
    p.b = 0;
    CHECK(psw_data_check(&p, NULL) == PSW_OK, "%s", psw_message());
    p = good, p.data_kind = PSW_SCORES, p.v = p.n, p.offset = -0.5 * log(64) * (1 + 1e-12);
    CHECK(psw_data_signed(&p), "a score below 0");
    refused(p, "ln n");
    p.negative = PSW_NEGATIVE_RELU;
    CHECK(psw_data_check(&p, NULL) == PSW_OK, "%s", psw_message());
    p.negative = PSW_NEGATIVE_REFUSE, p.offset *= 1 - 1e-9;
    CHECK(psw_data_check(&p, NULL) == PSW_OK && !psw_data_signed(&p), "%s", psw_message());
    p = good, p.d = p.v = 3, p.offset = -0.5 * least * 1.05; /* one class: b^2 + c^2 is the least, 1.30 for 1.21 */
    CHECK(psw_data_check(&p, NULL) == PSW_OK && !psw_data_signed(&p), "%s", psw_message());
    p = good, p.data_kind = PSW_GAUSSIAN, p.offset = 100;
    CHECK(psw_data_signed(&p), "products without a bound");
    p.row_norm = PSW_NORM_UNIT, p.offset = 0.51;
    CHECK(!psw_data_signed(&p), "rows of norm 1");
    p.offset = 0.5;
    CHECK(psw_data_signed(&p), "rounding");
    p.data_kind = PSW_SPHERE, p.row_norm = PSW_NORM_SQRT_D, p.offset = 0.16; /* 0.5 / sqrt(10) = 0.158 */
    CHECK(!psw_data_signed(&p), "rows of the sphere");
    p = good, p.row_norm = PSW_NORM_UNIT, p.offset = -0.5 * 1.1 * 1.1 / sqrt(1.3 * 2.74) * 1.000001;
    CHECK(psw_data_signed(&p), "the special row, of norm sqrt(2.74)");
    p.offset *= 0.9999;
    CHECK(!psw_data_signed(&p), "all above 0");
}

static void facts(void)
{
    psw_point p = plain(64, 10);
    CHECK(psw_data_sets(&p) == 2 && psw_data_shared(&p) && psw_data_special(&p) == 5 && !psw_data_signed(&p), "facts");
    CHECK_NEAR(psw_data_threshold(&p), 1.2 * sqrt(log(64)), 1e-15);
    p.row_norm = PSW_NORM_UNIT;
    CHECK(!psw_data_shared(&p) && !psw_data_signed(&p), "unit rows");
    p.row_norm = PSW_NORM_LAYERNORM;
    CHECK(psw_data_signed(&p), "layernorm");
    p.row_norm = PSW_NORM_NONE, p.noise = 1e-9;
    CHECK(psw_data_shared(&p) && psw_data_signed(&p), "noise");
    p.scale = 2;
    CHECK(!psw_data_shared(&p), "values are not scaled");
}

int main(void)
{
    rows_follow_the_definition();
    for (int norm = PSW_NORM_NONE; norm <= PSW_NORM_SQRT_D; norm++) {
        ranges_are_bitwise_parts(0, (psw_row_norm)norm);
        ranges_are_bitwise_parts(0.1, (psw_row_norm)norm);
    }
    noise_is_shared_by_the_data_sets();
    draws_of_noise();
    draws_of_normals();
    row_norms();
    bad_shapes_are_refused();
    affine_rows();
    offsets();
    facts();
    return test_end();
}
