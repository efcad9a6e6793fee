/* Generated rows against what their kind promises; tolerances of statistics are five standard errors. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/data.h"

static psw_point plain(psw_data_kind kind, ptrdiff_t n, ptrdiff_t d, ptrdiff_t v)
{
    return (psw_point){.data_kind = kind,
                       .method = PSW_EXACT,
                       .beta = 4,
                       .n = n,
                       .d = d,
                       .v = v,
                       .cosine = 0.9,
                       .block = 512,
                       .seed = 7};
}

static double *rows_of(const psw_point *p, psw_side side, ptrdiff_t first, ptrdiff_t count)
{
    psw_data *data;
    double *rows = calloc((size_t)(count * (side == PSW_VALUE ? p->v : p->d)), sizeof *rows);
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_rows(data, 0, side, first, count, rows);
    psw_data_close(data);
    return rows;
}

static double dot(const double *x, const double *y, ptrdiff_t d)
{
    double sum = 0;
    for (ptrdiff_t k = 0; k < d; k++) sum += x[k] * y[k];
    return sum;
}

static double cosine(const double *x, const double *y, ptrdiff_t d)
{
    return dot(x, y, d) / sqrt(dot(x, x, d) * dot(y, y, d));
}

static void gaussian_entries_are_standard_and_independent(void)
{
    psw_point p = plain(PSW_GAUSSIAN, 400, 33, 33);
    double *x[PSW_SIDES], count = 400 * 33;
    for (int side = 0; side < PSW_SIDES; side++) {
        double mean = 0, square = 0, fourth = 0;
        x[side] = rows_of(&p, (psw_side)side, 0, p.n);
        for (ptrdiff_t i = 0; i < p.n * 33; i++) {
            double s = x[side][i] * x[side][i];
            mean += x[side][i] / count, square += s / count, fourth += s * s / count;
        }
        CHECK(fabs(mean) < 5 / sqrt(count), "mean %g", mean);
        CHECK(fabs(square - 1) < 5 * sqrt(2 / count), "variance %g", square);
        CHECK(fabs(fourth - 3) < 5 * sqrt(96 / count), "fourth moment %g", fourth);
        for (int other = 0; other < side; other++)
            CHECK(fabs(cosine(x[side], x[other], p.n * 33)) < 5 / sqrt(count), "sides %d, %d", side, other);
    }
    for (int side = 0; side < PSW_SIDES; side++) free(x[side]);
}

/* Any range, any length of the sequence: the same bits. */
static void rows_do_not_depend_on_what_else_is_made(psw_data_kind kind)
{
    psw_point p = plain(kind, 300, 17, 5), longer, other;
    p.common = 1; /* of memory */
    longer = other = p;
    longer.n = 1000;
    other.seed = 8;
    for (psw_side side = PSW_QUERY; side <= PSW_VALUE; side++) {
        size_t width = (size_t)(side == PSW_VALUE ? p.v : p.d), bytes = 61 * width * sizeof(double);
        double *whole = rows_of(&longer, side, 0, 1000), *part = rows_of(&p, side, 3, 61);
        double *seed = rows_of(&other, side, 3, 61);
        CHECK(!memcmp(whole + 3 * width, part, bytes), "kind %d, side %d", (int)kind, (int)side);
        CHECK(memcmp(seed, part, bytes) != 0, "kind %d, side %d: the seed does nothing", (int)kind, (int)side);
        free(whole), free(part), free(seed);
    }
}

static void spheres_are_directions_of_gaussians(void)
{
    psw_point p = plain(PSW_SPHERE, 100, 12, 3), g = plain(PSW_GAUSSIAN, 100, 12, 3);
    g.row_norm = PSW_NORM_UNIT;
    for (psw_side side = PSW_QUERY; side <= PSW_VALUE; side++) {
        ptrdiff_t width = side == PSW_VALUE ? 3 : 12;
        double *x = rows_of(&p, side, 0, 100), *y = rows_of(&g, side, 0, 100);
        CHECK(!memcmp(x, y, (size_t)(100 * width) * sizeof *x), "side %d", (int)side);
        for (ptrdiff_t i = 0; i < 100 && side != PSW_VALUE; i++)
            CHECK_NEAR(dot(x + i * 12, x + i * 12, 12), 1.0, 1e-14); /* rounding of twelve squares */
        free(x), free(y);
    }
}

/* Each query has its key among those at its own place or before, at the cosine asked for to rounding, and no query has
 * it at every place: over 0 .. i the mean place is i / 2. */
static void aligned_queries_have_their_key(double asked)
{
    psw_point p = plain(PSW_ALIGNED, 500, 48, 48);
    p.cosine = asked;
    double *q = rows_of(&p, PSW_QUERY, 0, p.n), *k = rows_of(&p, PSW_KEY, 0, p.n), place = 0;
    for (ptrdiff_t i = 0; i < p.n; i++) {
        double best = INFINITY;
        ptrdiff_t at = 0;
        for (ptrdiff_t j = 0; j <= i; j++) {
            double off = fabs(cosine(q + i * p.d, k + j * p.d, p.d) - asked);
            if (off < best) best = off, at = j;
        }
        CHECK(best < 1e-14, "query %td misses its key by %g", i, best);
        place += ((double)at + 0.5) / (double)(i + 1) / (double)p.n;
    }
    CHECK(fabs(place - 0.5) < 5 * sqrt(1.0 / 12 / 500), "mean place %g", place);
    free(q), free(k);
}

/* Sums of products of signs that are `lag` apart, in a value or between values, are those of independent fair ones. */
static void signs_are_independent(const double *x, ptrdiff_t count, ptrdiff_t lag)
{
    double sum = 0;
    for (ptrdiff_t i = lag; i < count; i++) sum += copysign(1, x[i]) * copysign(1, x[i - lag]);
    CHECK(fabs(sum) < 5 * sqrt((double)count), "signs %td apart: %g of %td", lag, sum, count);
}

/* Keys of length 1, values of fair independent signs over sqrt(v), and queries that are the keys. */
static void memories_are_directions_with_signs(void)
{
    ptrdiff_t n = 300, d = 20, v = 141; /* more than a block of 128 signs */
    psw_point p = plain(PSW_MEMORY, n, d, v);
    double *q = rows_of(&p, PSW_QUERY, 0, n), *k = rows_of(&p, PSW_KEY, 0, n), *x = rows_of(&p, PSW_VALUE, 0, n);
    double sum = 0, cosines = 0, pairs = (double)(n * (n - 1) / 2);
    CHECK(!memcmp(q, k, (size_t)(n * d) * sizeof *q), "queries without noise");
    for (ptrdiff_t i = 0; i < n; i++) CHECK_NEAR(dot(k + i * d, k + i * d, d), 1.0, 1e-14); /* 20 squares */
    for (ptrdiff_t i = 0; i < n * v; i++) {
        CHECK(fabs(x[i]) == 1 / sqrt((double)v), "entry %.17g", x[i]);
        sum += copysign(1, x[i]);
    }
    CHECK(fabs(sum) < 5 * sqrt((double)(n * v)), "sum of signs %g", sum);
    for (ptrdiff_t lag = 1; lag <= 2 * v; lag++) signs_are_independent(x, n * v, lag);
    for (ptrdiff_t i = 0; i < n; i++)
        for (ptrdiff_t j = 0; j < i; j++) cosines += pow(dot(k + i * d, k + j * d, d), 2) * (double)d / pairs;
    /* d cos^2 has mean 1 and variance 2 (d - 1) / (d + 2) < 2; pairs of directions are independent in pairs */
    CHECK(fabs(cosines - 1) < 5 * sqrt(2 / pairs), "mean of d cos^2: %g", cosines);
    free(q), free(k), free(x);
}

/* The direction of k + noise g / sqrt(d): of the mean cosine the first orders in 1 / d are known, so d is large. */
static void memories_are_asked_with_noise(double noise)
{
    ptrdiff_t n = 400, d = 300;
    psw_point p = plain(PSW_MEMORY, n, d, 4);
    p.noise = noise;
    double *q = rows_of(&p, PSW_QUERY, 0, n), *k = rows_of(&p, PSW_KEY, 0, n), mean = 0, other = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        CHECK_NEAR(dot(q + i * d, q + i * d, d), 1.0, 1e-14 * 4); /* 300 squares */
        mean += dot(q + i * d, k + i * d, d) / (double)n;
        other += dot(q + i * d, k + (i + 1) % n * d, d) / (double)n;
    }
    /* cos = (1 + e x) / sqrt(1 + 2 e x + e^2 s), e = noise / sqrt(d), x normal and s = d +- sqrt(2 d): 1 / sqrt(1 +
     * noise^2) but for terms of order 1 / d, at most 2 / d here; a single one deviates by less than 1.5 / sqrt(d). */
    CHECK(fabs(mean - 1 / sqrt(1 + noise * noise)) < 5 * 1.5 / sqrt((double)(n * d)) + 2 / (double)d, "cosine %g",
          mean);
    CHECK(fabs(other) < 5 / sqrt((double)(n * d)), "with another key %g", other);
    free(q), free(k);
}

/* Memories of one draw are those of another length, or noise, only where the point says so. */
static void memories_are_common_where_asked(void)
{
    psw_point p = plain(PSW_MEMORY, 50, 6, 7), longer = p, noisy = p, draws = p;
    size_t bytes = 50 * 6 * sizeof(double);
    p.common = longer.common = noisy.common = 1;
    longer.n = 90, noisy.noise = 0.3, draws.common = 0;
    double *a = rows_of(&p, PSW_KEY, 0, 50), *b = rows_of(&longer, PSW_KEY, 0, 50),
           *c = rows_of(&noisy, PSW_KEY, 0, 50);
    CHECK(!memcmp(a, b, bytes) && !memcmp(a, c, bytes), "common keys differ");
    free(b), free(c);
    longer.common = noisy.common = 0;
    b = rows_of(&draws, PSW_KEY, 0, 50), c = rows_of(&longer, PSW_KEY, 0, 50);
    double *d = rows_of(&noisy, PSW_KEY, 0, 50);
    CHECK(memcmp(a, b, bytes) && memcmp(b, c, bytes) && memcmp(b, d, bytes), "keys that are not common are equal");
    psw_data *data;
    CHECK(psw_data_open(&draws, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_data_draw(data, 1);
    psw_data_rows(data, 0, PSW_KEY, 0, 50, c);
    CHECK(memcmp(b, c, bytes) != 0, "another draw has the same keys");
    psw_data_close(data);
    free(a), free(b), free(c), free(d);
}

static void scores_lie_in_their_interval(void)
{
    ptrdiff_t n = 700;
    psw_point p = plain(PSW_SCORES, n, 0, n);
    double z[2][700], identity[2 * 700], mean = 0;
    psw_data *data;
    p.j3 = 401;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    for (int set = 0; set < 2; set++)
        for (ptrdiff_t first = 0; first < n; first += 100)
            psw_data_rows(data, set, PSW_KEY, first, 100, z[set] + first);
    psw_data_rows(data, 1, PSW_VALUE, 5, 2, identity);
    for (ptrdiff_t i = 0; i < n; i++) {
        CHECK(z[0][i] >= log(700) && z[0][i] <= log(1.4 * 700), "score %g", z[0][i]);
        CHECK(z[1][i] == (i == 401 ? 4 * log(700) : z[0][i]), "D_1, score %td", i);
        CHECK(identity[i] == (i == 5) && identity[n + i] == (i == 6), "identity");
        mean += (z[0][i] - log(700)) / log(1.4) / (double)n;
    }
    CHECK(fabs(mean - 0.5) < 5 * sqrt(1.0 / 12 / (double)n), "mean %g", mean);
    CHECK(psw_data_sets(&p) == 2 && psw_data_special(&p) == 401 && !psw_data_signed(&p) && !psw_data_shared(&p),
          "facts");
    CHECK(psw_data_threshold(&p) == 0.25, "threshold %g", psw_data_threshold(&p));
    psw_data_close(data);
}

static void refused(psw_point point, const char *word)
{
    CHECK(psw_data_check(&point, NULL) == PSW_USAGE, "%s accepted", word);
    CHECK(strstr(psw_message(), word), "\"%s\" does not say %s", psw_message(), word);
}

static void bad_points_are_refused(void)
{
    psw_point p = plain(PSW_GAUSSIAN, 8, 4, 4);
    CHECK(psw_data_check(&p, NULL) == PSW_OK && psw_data_signed(&p) && psw_data_sets(&p) == 1, "%s", psw_message());
    CHECK(psw_data_special(&p) == -1 && isnan(psw_data_threshold(&p)), "facts");
    p.v = 0, refused(p, "v = 0");
    p.v = 4, p.d = 1, p.row_norm = PSW_NORM_LAYERNORM, refused(p, "d >= 2");
    p = plain(PSW_ALIGNED, 8, 1, 4), refused(p, "d >= 2");
    p.d = 4, p.cosine = 1.1, refused(p, "cosine");
    p.cosine = NAN, refused(p, "cosine");
    p = plain(PSW_MEMORY, 8, 4, 4), p.noise = INFINITY, refused(p, "noise");
    p.noise = -1, refused(p, "noise");
    p = plain(PSW_SCORES, 8, 0, 4), refused(p, "v = n");
    p.v = 8, p.j3 = 8, refused(p, "j3");
    p.j3 = 0, p.method = PSW_TREE, refused(p, "exact, softmax or linear");
    p.method = PSW_EXACT, p.mask = PSW_CAUSAL, refused(p, "mask full");
    p = plain(PSW_FILE, 8, 4, 4);
    CHECK(psw_data_check(&p, NULL) == PSW_OK, "before the file is read: %s", psw_message());
    psw_data *data;
    CHECK(psw_data_open(&p, NULL, &data) == PSW_BUG, "opened without arrays");
}

int main(void)
{
    gaussian_entries_are_standard_and_independent();
    rows_do_not_depend_on_what_else_is_made(PSW_GAUSSIAN);
    rows_do_not_depend_on_what_else_is_made(PSW_SPHERE);
    rows_do_not_depend_on_what_else_is_made(PSW_ALIGNED);
    rows_do_not_depend_on_what_else_is_made(PSW_MEMORY);
    spheres_are_directions_of_gaussians();
    memories_are_directions_with_signs();
    memories_are_asked_with_noise(0.2);
    memories_are_asked_with_noise(1);
    memories_are_common_where_asked();
    aligned_queries_have_their_key(0.9);
    aligned_queries_have_their_key(-0.3);
    aligned_queries_have_their_key(1);
    scores_lie_in_their_interval();
    bad_points_are_refused();
    return test_end();
}
