/* What a point may ask of a sketch: shapes, sizes, refusals and their words, learned weights. */
#include "check.h"

#include <string.h>

#include "unit/sketch_run.h"

static bool has_map(psw_method method)
{
    return psw_sketch_has(&(psw_point){.method = method});
}

static void refused(psw_point point, psw_status want, const char *says)
{
    psw_status status = psw_sketch_check(&point);
    CHECK(status == want && strstr(psw_message(), says), "method %d, beta %g, r %td, features %td: status %d, \"%s\"",
          (int)point.method, point.beta, point.r, point.features, (int)status, psw_message());
}

static void accepted(psw_point point)
{
    CHECK(psw_sketch_check(&point) == PSW_OK, "method %d, beta %g: %s", (int)point.method, point.beta, psw_message());
}

static psw_point with_features(psw_method method, double beta, ptrdiff_t features)
{
    psw_point point = sketch_point(method, beta, 8, 0);
    point.features = features;
    return point;
}

static void refusals(void)
{
    refused(sketch_point(PSW_POLYSKETCH, 3, 8, 8), PSW_USAGE, "even degree, 2 or 4");
    refused(sketch_point(PSW_POLYSKETCH, 1, 8, 8), PSW_USAGE, "at least 2");
    refused(sketch_point(PSW_TREE, 0, 8, 8), PSW_USAGE, "at least 1");
    refused(sketch_point(PSW_TREE, -2, 8, 8), PSW_USAGE, "at least 1");
    refused(sketch_point(PSW_SRHT, 2.5, 8, 8), PSW_USAGE, "whole degree");
    refused(sketch_point(PSW_TREE, NAN, 8, 8), PSW_USAGE, "at least 1");
    refused(sketch_point(PSW_TREE, 1e9, 8, 8), PSW_USAGE, "above 65536");
    refused(sketch_point(PSW_MACLAURIN, 2, 8, 0), PSW_USAGE, "give r or features");
    refused(sketch_point(PSW_FAVOR, NAN, 8, 0), PSW_USAGE, "give r or features");
    refused(sketch_point(PSW_TENSORSKETCH, 2, 8, -4), PSW_USAGE, "r = -4");
    refused(with_features(PSW_TENSORSKETCH, 2, -4), PSW_USAGE, "features = -4");
    refused(with_features(PSW_POLYSKETCH, 4, 500), PSW_USAGE, "496 (r = 31) or 528 (r = 32)");
    refused(with_features(PSW_POLYSKETCH, 4, 2), PSW_USAGE, "1 (r = 1) or 3 (r = 2)");
    refused(sketch_point(PSW_EXACT, 2, 8, 8), PSW_USAGE, "no feature map");
    psw_point odd = with_features(PSW_MACLAURIN, 2, 7);
    odd.is_complex = 1;
    refused(odd, PSW_USAGE, "nearest: 6 or 8");
    odd.features = 8;
    accepted(odd);
    CHECK(psw_sketch_shape_of(&odd).r == 4 && psw_sketch_shape_of(&odd).features == 8, "complex features");
    odd.r = 4;
    accepted(odd);
    odd.r = 8;
    refused(odd, PSW_USAGE, "makes 16 features");
    refused(sketch_point(PSW_TREE, 2, 0, 8), PSW_USAGE, "at least one column");
    psw_point both = sketch_point(PSW_POLYSKETCH, 4, 8, 32);
    both.features = 500;
    refused(both, PSW_USAGE, "makes 528 features");
    both.features = 528;
    accepted(both);
    for (ptrdiff_t r = 1; r < 3000; r++) {
        psw_point point = with_features(PSW_POLYSKETCH, 4, r * (r + 1) / 2);
        accepted(point);
        CHECK(psw_sketch_shape_of(&point).r == r, "%td features", point.features);
    }
    accepted(sketch_point(PSW_POLYSKETCH, 2, 8, 0)); /* exact: r is ignored */
    accepted(sketch_point(PSW_TREE, 1, 8, 0));
    accepted(sketch_point(PSW_FAVOR, NAN, 8, 8));
}

/* C(d + p - 1, p) from the published table of symmetric powers; bytes = features (v + 1) 8 */
static void monomials(void)
{
    static const struct {
        ptrdiff_t d, p, features;
    } table[] = {{8, 2, 36},      {8, 4, 330},      {8, 6, 1716},    {8, 8, 6435},       {16, 4, 3876},
                 {16, 8, 490314}, {32, 6, 2324784}, {64, 4, 766480}, {64, 6, 119877472}, {128, 2, 8256}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        psw_point point = sketch_point(PSW_MONOMIAL, (double)table[i].p, table[i].d, 0);
        CHECK(psw_sketch_shape_of(&point).features == table[i].features, "d = %td, p = %td: %td", table[i].d,
              table[i].p, psw_sketch_shape_of(&point).features);
        accepted(point);
    }
    refused(sketch_point(PSW_MONOMIAL, 8, 64, 0), PSW_NO_MEMORY, "10639125640 features"); /* C(71, 8) */
    refused(sketch_point(PSW_MONOMIAL, 65536, 4096, 0), PSW_NO_MEMORY, "too wide");
    psw_point point = sketch_point(PSW_MONOMIAL, 6, 64, 0);
    double bytes = 119877472.0 * 65 * 8;
    CHECK(psw_sketch_state_bytes(&point) == bytes, "%g bytes", psw_sketch_state_bytes(&point));
    CHECK(psw_sketch_fits(&point, bytes) == PSW_OK, "%s", psw_message());
    CHECK(psw_sketch_fits(&point, bytes - 1) == PSW_NO_MEMORY && strstr(psw_message(), "62336285440 bytes (58.1 GiB)"),
          "%s", psw_message());
    point.precision = PSW_FP32;
    CHECK(psw_sketch_state_bytes(&point) == bytes / 2, "%g bytes", psw_sketch_state_bytes(&point));
}

static psw_point partial_sum(ptrdiff_t order, ptrdiff_t d)
{
    psw_point point = sketch_point(PSW_TAYLOR, NAN, d, 0);
    point.order = order, point.by = PSW_BY_FEATURES;
    return point;
}

/* C(d + p, p): 1, x, and all products of up to p of them */
static void partial_sums(void)
{
    static const struct {
        ptrdiff_t d, p, features;
    } table[] = {{1, 1, 2},    {8, 1, 9},     {8, 2, 45},    {8, 3, 165},
                 {16, 2, 153}, {16, 4, 4845}, {64, 2, 2145}, {64, 3, 47905}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        psw_point point = partial_sum(table[i].p, table[i].d);
        psw_sketch_shape s = psw_sketch_shape_of(&point);
        CHECK(s.features == table[i].features && s.exact && s.signs == (table[i].p % 2 != 0), "d = %td, p = %td: %td",
              table[i].d, table[i].p, s.features);
        accepted(point);
    }
    psw_point shifted = partial_sum(2, 8);
    shifted.offset = -0.5; /* a coordinate more */
    CHECK(psw_sketch_shape_of(&shifted).features == 55, "%td", psw_sketch_shape_of(&shifted).features);
    refused(partial_sum(0, 8), PSW_USAGE, "order = 0");
    refused(partial_sum(8, 64), PSW_NO_MEMORY, "order = 8 in d = 64 has 11969016345 features"); /* C(72, 8) */
    CHECK(!psw_sketch_has(&(psw_point){.method = PSW_TAYLOR}), "by rows there is no map");
}

static void features_that_are_kernels(void)
{
    static const psw_method methods[] = {PSW_ELU1, PSW_RELU};
    for (int i = 0; i < 2; i++) {
        psw_point point = sketch_point(methods[i], NAN, 24, 0);
        psw_sketch_shape s = psw_sketch_shape_of(&point);
        CHECK(s.features == 24 && s.stored == 24 && s.exact && !s.signs && s.r == 0, "method %d", (int)methods[i]);
        CHECK(psw_sketch_draws(&point) == 0 && isnan(psw_sketch_moments(&point, 1, 1, 1).mean), "nothing is random");
        accepted(point);
    }
}

static void exact_is(bool exact, psw_point point)
{
    psw_sketch_shape s = psw_sketch_shape_of(&point);
    CHECK(s.exact == exact, "method %d, beta %g, d = %td: exact %d", (int)point.method, point.beta, point.d, s.exact);
}

/* What is stored where the map is the row itself, whatever size was asked for. */
static void exact_maps(void)
{
    psw_point point = sketch_point(PSW_POLYSKETCH, 2, 24, 16);
    CHECK(psw_sketch_shape_of(&point).features == 300 &&
              psw_sketch_state_bytes(&point) == 300 * 8.0 * (1 + (double)point.v),
          "degree 2");
    exact_is(true, point);
    point.r = 40;
    CHECK(psw_sketch_shape_of(&point).features == 300, "degree 2, r = 40");
    exact_is(true, point);
    point.weights = 1;
    CHECK(psw_sketch_shape_of(&point).features == 820, "learned");
    exact_is(false, point);
    point = sketch_point(PSW_TREE, 1, 24, 16);
    CHECK(psw_sketch_shape_of(&point).features == 24, "tree of degree 1");
    exact_is(true, point);
    exact_is(true, sketch_point(PSW_MONOMIAL, 5, 6, 0));
    exact_is(false, sketch_point(PSW_TREE, 2, 24, 16));
    exact_is(false, sketch_point(PSW_POLYSKETCH, 4, 24, 16));
    static const psw_method signs[] = {PSW_TENSORSKETCH, PSW_SRHT, PSW_MACLAURIN};
    for (int i = 0; i < 3; i++)
        for (ptrdiff_t d = 1; d <= 2; d++) exact_is(d == 1, sketch_point(signs[i], 3, d, 16));
    exact_is(false, sketch_point(PSW_FAVOR, NAN, 1, 16));
    for (ptrdiff_t d = 1; d <= 2; d++)
        for (int kind = PSW_LEAVES_GAUSSIAN; kind <= PSW_LEAVES_COUNT; kind++) {
            point = sketch_point(PSW_TREE, 2, d, 16);
            point.leaves = (psw_leaves_kind)kind;
            exact_is(d == 1 && kind == PSW_LEAVES_SRHT, point);
            point.method = PSW_POLYSKETCH, point.beta = 4;
            exact_is(d == 1 && kind == PSW_LEAVES_SRHT, point);
        }
}

/* A window is as long as the sequence at most. */
static void running(void)
{
    psw_point point = sketch_point(PSW_POLYSKETCH, 4, 32, 8);
    point.v = 32, point.n = 1024, point.mask = PSW_CAUSAL;
    CHECK(psw_sketch_running_bytes(&point) == 9504, "%g bytes", psw_sketch_running_bytes(&point));
    point.local = 64;
    CHECK(psw_sketch_running_bytes(&point) == 9504 + 32768, "%g bytes", psw_sketch_running_bytes(&point));
    CHECK(psw_sketch_state_bytes(&point) == 9504, "%g bytes", psw_sketch_state_bytes(&point));
    point.precision = PSW_FP32;
    CHECK(psw_sketch_running_bytes(&point) == (9504 + 32768) / 2, "%g bytes", psw_sketch_running_bytes(&point));
    point.n = 32;
    CHECK(psw_sketch_running_bytes(&point) == (9504 + 16384) / 2, "%g bytes", psw_sketch_running_bytes(&point));
}

static void shapes(void)
{
    psw_point point = sketch_point(PSW_POLYSKETCH, 4, 64, 32);
    psw_sketch_shape s = psw_sketch_shape_of(&point);
    CHECK(s.stored == 32 && s.features == 528 && s.weigh == PSW_WEIGH_SQUARE && !s.signs, "polysketch");
    CHECK(s.flops >= 4 * 64 * 32 && s.flops < 4 * 64 * 32 + 300, "%g flops", s.flops); /* published: 4 d r a row */
    point.beta = 2;
    s = psw_sketch_shape_of(&point);
    CHECK(s.stored == 64 && s.features == 2080 && s.weigh == PSW_WEIGH_SQUARE, "polysketch of degree 2");
    point = with_features(PSW_TREE, 3, 100);
    s = psw_sketch_shape_of(&point);
    CHECK(s.stored == 100 && s.features == 100 && s.weigh == PSW_WEIGH_IDENTITY && s.signs, "tree");
    point = sketch_point(PSW_FAVOR, NAN, 64, 32);
    CHECK(!psw_sketch_shape_of(&point).signs, "favor is positive");
    CHECK(has_map(PSW_MONOMIAL) && has_map(PSW_FAVOR), "methods with a map");
    CHECK(!has_map(PSW_EXACT) && !has_map(PSW_CLOSED_FORM) && !has_map((psw_method)PSW_METHODS), "methods without one");
}

/* ---- learned weights ----------------------------------------------------------------------------------------- */

enum { D = 10, R = 6, HIDDEN = 8 * R };

static double up[4][D * HIDDEN], down[4][HIDDEN * R], gain[4][D], shift[4][D];

static psw_weights random_weights(void)
{
    psw_weights w = {0};
    for (int i = 0; i < 4; i++) {
        ptrdiff_t in = i % 2 ? R : D;
        random_rows(100 + (uint64_t)i, in, HIDDEN, up[i]);
        random_rows(200 + (uint64_t)i, HIDDEN, R, down[i]);
        random_rows(300 + (uint64_t)i, 1, in, gain[i]);
        random_rows(400 + (uint64_t)i, 1, in, shift[i]);
        w.level[i / 2][i % 2].up = (psw_array){"up", up[i], in, HIDDEN};
        w.level[i / 2][i % 2].down = (psw_array){"down", down[i], HIDDEN, R};
        w.level[i / 2][i % 2].gain = (psw_array){"gain", gain[i], 1, in};
        w.level[i / 2][i % 2].shift = (psw_array){"shift", shift[i], 1, in};
    }
    return w;
}

static void level(int i, const long double *x, long double *out)
{
    ptrdiff_t in = i % 2 ? R : D;
    long double mean = 0, variance = 0, hidden[HIDDEN];
    for (ptrdiff_t j = 0; j < in; j++) mean += x[j] / (long double)in;
    for (ptrdiff_t j = 0; j < in; j++) variance += (x[j] - mean) * (x[j] - mean) / (long double)in;
    for (ptrdiff_t h = 0; h < HIDDEN; h++) {
        long double sum = 0;
        for (ptrdiff_t j = 0; j < in; j++)
            sum += ((x[j] - mean) / sqrtl(variance + 1e-5L) * gain[i][j] + shift[i][j]) * up[i][j * HIDDEN + h];
        hidden[h] = sum / 2 * (1 + tanhl(sqrtl(2 / acosl(-1)) * (sum + 0.044715L * sum * sum * sum)));
    }
    for (ptrdiff_t k = 0; k < R; k++) {
        out[k] = 0;
        for (ptrdiff_t h = 0; h < HIDDEN; h++) out[k] += hidden[h] * down[i][h * R + k];
    }
}

static void learned_follows_its_definition(void)
{
    enum { ROWS = 7 };
    psw_weights weights = random_weights();
    psw_point point = sketch_point(PSW_POLYSKETCH, 4, D, R);
    point.weights = 1;
    sketched s = sketch_open(&point, ROWS, &weights);
    CHECK(s.shape.stored == R && s.shape.features == R * (R + 1) / 2, "shape");
    double x[ROWS * D], scale[ROWS];
    random_rows(8, ROWS, D, x);
    for (int i = 0; i < ROWS * D; i++) x[i] *= 0.1;
    psw_real *m = mapped(&s, ROWS, D, x, scale);
    for (int i = 0; i < ROWS; i++) {
        long double row[D], inner[R], side[2][R];
        for (int j = 0; j < D; j++) row[j] = x[i * D + j];
        for (int stack = 0; stack < 2; stack++) {
            level(2 * stack, row, inner);
            level(2 * stack + 1, inner, side[stack]);
        }
        CHECK(scale[i] == 0, "scale %g", scale[i]);
        for (int j = 0; j < R; j++) {
            long double root = sqrtl(R), want = root * tanhl(side[0][j] * side[1][j] / root);
            /* arguments of tanh up to 1e3, of gelu's exp up to 1e4: their rounding, where tanh is steep */
            CHECK_NEAR((double)m[i * R + j], (double)want, 1e-10);
        }
    }
    free(m);
    sketch_close(&s);
}

static void weights_refused(psw_weights weights, const char *says)
{
    psw_point point = sketch_point(PSW_POLYSKETCH, 4, D, R);
    point.weights = 1;
    CHECK(psw_weights_check(&point, &weights) == PSW_USAGE && strstr(psw_message(), says), "\"%s\"", psw_message());
}

static void weights_of_another_shape(void)
{
    psw_point point = sketch_point(PSW_POLYSKETCH, 4, D, R);
    point.weights = 1;
    psw_weights good = random_weights(), bad = good;
    CHECK(psw_weights_check(&point, &good) == PSW_OK, "%s", psw_message());
    bad.level[1][0].up.cols = 40;
    weights_refused(bad, "up is 10 x 40, but the point needs 10 x 48");
    bad = good;
    bad.level[1][1].down = (psw_array){0};
    weights_refused(bad, "down of stack 2, level 2 is missing");
    bad = good;
    bad.level[0][1].gain.cols = D;
    weights_refused(bad, "gain is 1 x 10, but the point needs 1 x 6");
    bad = good;
    bad.level[0][1].gain = bad.level[0][1].shift = (psw_array){0}; /* layernorm without them */
    CHECK(psw_weights_check(&point, &bad) == PSW_OK, "%s", psw_message());
    down[0][R + 2] = NAN;
    weights_refused(good, "down holds nan in row 1, column 2");
    down[0][R + 2] = 0;
    psw_arena counting = psw_arena_counting(), arena;
    psw_sketch *sketch;
    CHECK(sketcher()->create(&point, 4, NULL, &counting, &sketch) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(counting.high, &arena) == PSW_OK, "%s", psw_message());
    CHECK(sketcher()->create(&point, 4, NULL, &arena, &sketch) == PSW_BUG && !sketch, "weights were not loaded");
    psw_arena_destroy(&arena);
}

int main(void)
{
    refusals();
    monomials();
    partial_sums();
    features_that_are_kernels();
    shapes();
    exact_maps();
    running();
    learned_follows_its_definition();
    weights_of_another_shape();
    return test_end();
}
