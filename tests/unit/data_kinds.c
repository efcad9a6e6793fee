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
    psw_point p = plain(kind, 300, 17, 5), longer = p, other = p;
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
    spheres_are_directions_of_gaussians();
    aligned_queries_have_their_key(0.9);
    aligned_queries_have_their_key(-0.3);
    aligned_queries_have_their_key(1);
    scores_lie_in_their_interval();
    bad_points_are_refused();
    return test_end();
}
