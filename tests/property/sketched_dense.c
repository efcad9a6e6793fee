/* The fold of a sketch against the same features row by row and key by key: every method, mask, block and tail; exact
 * stretches; what V = 1, q -> -q, a later token and an exact map say. Built for both precisions. */
#include "check.h"
#include "unit/sketched_reference.h"

/* Rounding of blocks, states and exponents beside that of the products (sums of up to a few hundred terms): measured
 * about 1e-15 and 1e-6. */
#ifdef PSW_SINGLE
static const double tolerance = 5e-6;
#else
static const double tolerance = 1e-13;
#endif

static void must_run(const psw_point *p, result *r)
{
    psw_status status = run_group(p, 1, r);
    CHECK(status == PSW_OK, "%s", psw_message());
}

static double largest_error(const double *a, const double *b, ptrdiff_t count)
{
    double off = 0;
    for (ptrdiff_t i = 0; i < count; i++) off = fmax(off, a[i] == b[i] ? 0 : fabs(a[i] - b[i]));
    return off;
}

/* Largest error of n rows of `width` numbers, in units of what their conditioning allows: a state rounds by
 * |phi(q)| |phi(k)|, and where a query is almost orthogonal to its keys that is more than their weights. */
static double worst(const double *found, const double *expected, ptrdiff_t width, const dense *d, ptrdiff_t n)
{
    double off = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        off = fmax(off, largest_error(found + i * width, expected + i * width, width) / fmax(1, d->condition[i] / 16));
    return off;
}

/* Against the dense form, both sets; relative to the largest entry. */
static void compare(psw_point p, ptrdiff_t draw, const char *what)
{
    result r;
    source.tables.draw = draw;
    must_run(&p, &r);
    for (int set = 0; set < source.sets; set++) {
        dense d = dense_attention(&p, draw, set);
        double off = worst(r.rows + set * p.n * p.v, d.rows, p.v, &d, p.n) / d.largest;
        double mass = source.special < 0 ? 0 : worst(r.special + set * p.n, d.special, 1, &d, p.n);
        double den = worst(r.log2_den + set * p.n, d.log2_den, 1, &d, p.n);
        CHECK(off <= tolerance, "%s: method %d, beta %g, mask %d, block %td, local %td, n %td, set %d: rows %g", what,
              (int)p.method, p.beta, (int)p.mask, p.block, p.local, p.n, set, off);
        CHECK(mass <= tolerance, "%s: method %d, beta %g, mask %d, block %td, set %d: special mass %g", what,
              (int)p.method, p.beta, (int)p.mask, p.block, set, mass);
        CHECK(den <= 16 * tolerance, "%s: method %d, beta %g, mask %d, block %td, set %d: log2 den %g", what,
              (int)p.method, p.beta, (int)p.mask, p.block, set, den);
        dense_free(&d);
    }
    result_free(&r);
    source.tables.draw = 0;
}

static const struct {
    psw_method method;
    double beta; /* of a partial sum its order */
    ptrdiff_t r;
    bool positive;
    psw_leaves_kind leaves;
    int is_complex;
} maps[] = {
    {PSW_POLYSKETCH, 2, 6, true, 0, 0},
    {PSW_POLYSKETCH, 4, 6, true, 0, 0},
    {PSW_POLYSKETCH, 6, 5, true, 0, 0},
    {PSW_FAVOR, NAN, 12, true, 0, 0},
    {PSW_MONOMIAL, 2, 0, true, 0, 0},
    {PSW_MONOMIAL, 4, 0, true, 0, 0},
    {PSW_MONOMIAL, 3, 0, false, 0, 0},
    {PSW_TREE, 3, 10, false, 0, 0},
    {PSW_TENSORSKETCH, 4, 9, false, 0, 0},
    {PSW_SRHT, 2, 7, false, 0, 0},
    {PSW_MACLAURIN, 4, 11, false, 0, 0},
    {PSW_POLYSKETCH, 4, 6, true, PSW_LEAVES_SRHT, 0},
    {PSW_TREE, 3, 9, false, PSW_LEAVES_COUNT, 0},
    {PSW_MACLAURIN, 4, 6, false, 0, 1},
    {PSW_TENSORSKETCH, 4, 5, false, 0, 1},
    {PSW_ELU1, NAN, 0, true, 0, 0},
    {PSW_RELU, NAN, 0, true, 0, 0},
    {PSW_TAYLOR, 2, 0, true, 0, 0},
    {PSW_TAYLOR, 4, 0, true, 0, 0},
    {PSW_TAYLOR, 3, 0, false, 0, 0},
};
enum { MAPS = sizeof maps / sizeof maps[0] };

static psw_point plain_point(int map, psw_mask mask, ptrdiff_t block)
{
    psw_point p = sketched_point(maps[map].method, maps[map].beta, maps[map].r, mask, block);
    if (p.method == PSW_TAYLOR) p.order = (ptrdiff_t)p.beta, p.beta = NAN, p.by = PSW_BY_FEATURES;
    return p;
}

/* Signed estimates make denominators of either sign: a constant keeps them off zero, where no precision is enough. */
static psw_point point_for(int map, psw_mask mask, ptrdiff_t block)
{
    psw_point p = plain_point(map, mask, block);
    p.leaves = maps[map].leaves, p.is_complex = maps[map].is_complex;
    if (!maps[map].positive) p.den_constant = 1e3 * (double)p.n;
    return p;
}

static void blocks_and_masks(void)
{
    static const ptrdiff_t blocks[] = {1, 7, 32, 64, 100, 150};
    for (int map = 0; map < MAPS; map++)
        for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++)
            for (int mask = 0; mask < 2; mask++) {
                source_make(31 + (uint64_t)map, 150, 6, 5, mask == PSW_CAUSAL ? 149 : 70, false, true);
                compare(point_for(map, (psw_mask)mask, blocks[b]), 0, "blocks");
            }
    source_make(32, 1, 6, 5, -1, false, true); /* one token */
    for (int map = 0; map < MAPS; map++) compare(point_for(map, PSW_CAUSAL, 64), 0, "one token");
}

static void kinds_of_data(void)
{
    for (int map = 0; map < MAPS; map++) {
        source_make(41, 130, 7, 7, 129, true, false); /* the same rows on every side */
        compare(point_for(map, PSW_CAUSAL, 32), 0, "shared rows");
        source_make(42, 130, 7, 7, 0, true, false);
        compare(point_for(map, PSW_FULL, 32), 0, "shared rows");
        source_make(43, 130, 7, 3, 40, false, true); /* D_1 differs from its second block on */
        compare(point_for(map, PSW_CAUSAL, 32), 0, "token in the middle");
        source_make(44, 100, 4, 3, -1, false, true);
        compare(point_for(map, PSW_CAUSAL, 24), 3, "one data set, another draw");
        compare(point_for(map, PSW_FULL, 24), 3, "one data set, another draw");
    }
}

static void exact_stretches(void)
{
    static const double degrees[] = {2, 4, 6};
    for (ptrdiff_t stretch = 1; stretch <= 4; stretch++) {
        source_make(51, 150, 6, 5, 149, false, true);
        for (size_t i = 0; i < 3; i++) {
            psw_point p = sketched_point(PSW_POLYSKETCH, degrees[i], 6, PSW_CAUSAL, 16);
            p.local = stretch * p.block;
            compare(p, 1, "local");
        }
        source_make(52, 150, 6, 5, 66, false, true);
        psw_point p = sketched_point(PSW_TREE, 1, 6, PSW_CAUSAL, 16);
        p.local = stretch * p.block;
        p.den_constant = 1e3;
        compare(p, 0, "local, degree 1");
        p = sketched_point(PSW_FAVOR, NAN, 20, PSW_CAUSAL, 16);
        p.local = stretch * p.block;
        compare(p, 0, "local, softmax");
    }
}

/* Features of keys depend on all of them at once; a floor of size 1 hides nothing. */
static void floors(void)
{
    static const ptrdiff_t blocks[] = {1, 7, 32, 150};
    for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++)
        for (int mask = 0; mask < 2; mask++) {
            source_make(53, 150, 6, 5, -1, false, true);
            psw_point p = sketched_point(PSW_FAVOR, NAN, 20, (psw_mask)mask, blocks[b]);
            p.epsilon = 1;
            compare(p, 2, "floor");
            p.epsilon = 1e-4;
            compare(p, 0, "floor");
            if (blocks[b] < 150 && mask == PSW_CAUSAL) p.local = 2 * blocks[b], compare(p, 0, "floor, local");
        }
    source_make(54, 40, 6, 5, 20, false, true);
    result r;
    psw_point p = sketched_point(PSW_FAVOR, NAN, 20, PSW_FULL, 16);
    p.epsilon = 1e-4;
    CHECK(run_group(&p, 1, &r) == PSW_USAGE && strstr(psw_message(), "data of one set"), "%s", psw_message());
    result_free(&r);
}

/* Rows of very different lengths: exponents of keys, states and queries all move. */
static void lengths(void)
{
    source_make(61, 90, 6, 4, 89, false, true);
    for (int set = 0; set < 2; set++)
        for (int side = 0; side < 2; side++)
            for (ptrdiff_t i = 0; i < 90; i++)
                for (ptrdiff_t c = 0; c < 6; c++) source.rows[set][side][i * 6 + c] *= exp2((double)((i * 7) % 13 - 6));
    for (int map = 0; map < MAPS; map++)
        for (int mask = 0; mask < 2; mask++) {
            psw_point p = point_for(map, (psw_mask)mask, 32);
            if (p.method == PSW_FAVOR) continue;
            if (!maps[map].positive) p.den_constant = exp2((p.order ? (double)p.order : p.beta) * 12) * 1e4;
            compare(p, 0, "lengths");
        }
}

/* Features of high degree are far from 1. */
static void high_features(void)
{
    static const double degrees[] = {32, 64, 128};
    for (int i = 0; i < 3; i++)
        for (int mask = 0; mask < 2; mask++) {
            source_make(65, 100, 8, 4, 99, false, false);
            compare(sketched_point(PSW_POLYSKETCH, degrees[i], 24, (psw_mask)mask, 32), 1, "high degree");
        }
}

/* A learned map: what its weights are does not matter here. */
static void learned(void)
{
    enum { D = 6, R = 5, HIDDEN = 8 * R };
    static double up[4][D * HIDDEN], down[4][HIDDEN * R];
    psw_weights weights = {0};
    for (int i = 0; i < 4; i++) {
        ptrdiff_t in = i % 2 ? R : D;
        random_rows((uint64_t)(90 + i), in, HIDDEN, up[i]);
        random_rows((uint64_t)(95 + i), HIDDEN, R, down[i]);
        weights.level[i / 2][i % 2].up = (psw_array){"up", up[i], in, HIDDEN};
        weights.level[i / 2][i % 2].down = (psw_array){"down", down[i], HIDDEN, R};
    }
    for (int mask = 0; mask < 2; mask++) {
        source_make(66, 100, D, 4, 70, false, true);
        source.tables.weights = &weights;
        psw_point p = sketched_point(PSW_POLYSKETCH, 4, R, (psw_mask)mask, 32);
        p.weights = 1;
        compare(p, 0, "learned");
        source.tables.weights = NULL;
        result r;
        CHECK(run_group(&p, 1, &r) == PSW_BUG && strstr(psw_message(), "not loaded"), "%s", psw_message());
        result_free(&r);
    }
}

/* ---- properties ---- */

static void ones(void)
{
    for (int map = 0; map < MAPS; map++)
        for (int mask = 0; mask < 2; mask++) {
            result r;
            source_make(71, 120, 6, 3, -1, false, true);
            for (ptrdiff_t i = 0; i < 120 * 3; i++) source.rows[0][PSW_VALUE][i] = 1;
            psw_point p = plain_point(map, (psw_mask)mask, 32);
            must_run(&p, &r);
            for (ptrdiff_t i = 0; i < 120 * 3; i++) /* a row without a weight is 0 */
                CHECK(fabs(r.rows[i] - (r.log2_den[i / 3] > -INFINITY || isnan(r.log2_den[i / 3]))) <=
                          (any_shape() ? 0 : tolerance) * 1e3,
                      "method %d: row %td is %.17g", (int)p.method, i / 3, r.rows[i]);
            result_free(&r);
            p.den_constant = 40;
            result with;
            must_run(&p, &with);
            for (ptrdiff_t i = 0; i < 120; i++) {
                double den = exp2(with.log2_den[i]), expected = (den - 40) / den; /* den holds the constant */
                if (isfinite(with.log2_den[i]) && den > 1)
                    CHECK(fabs(with.rows[3 * i] - expected) <= 1e-6 * fmax(1, fabs(expected)), "%g is not %g",
                          with.rows[3 * i], expected); /* log2 loses as many digits as it has before the point */
            }
            result_free(&with);
        }
}

static void later_token(void)
{
    enum { N = 120, D = 6, TOKEN = 75 };
    for (int map = 0; map < MAPS; map++)
        for (int factor = 0; factor < 3; factor++) {
            static const double factors[] = {-0.5, 0x1p40, 0x1p-40};
            result before, after;
            source_make(72, N, D, D, 40, false, true);
            psw_point p = point_for(map, PSW_CAUSAL, 32);
            if (factor == 1 && (p.method == PSW_FAVOR || p.order > 2)) continue; /* e^(2^40), 2^(40 p) are nothing */
            must_run(&p, &before);
            for (int set = 0; set < 2; set++)
                for (int side = 0; side < 3; side++)
                    for (ptrdiff_t c = 0; c < D; c++) source.rows[set][side][TOKEN * D + c] *= factors[factor];
            must_run(&p, &after);
            for (int set = 0; set < 2; set++) {
                size_t from = (size_t)(set * N), bytes = (size_t)TOKEN * before.real_bytes * D;
                CHECK(memcmp((char *)before.bits + from * D * before.real_bytes,
                             (char *)after.bits + from * D * before.real_bytes, bytes) == 0,
                      "method %d: rows before a token know it (times %g), set %d", (int)p.method, factors[factor], set);
                CHECK(memcmp(before.log2_den + from, after.log2_den + from, TOKEN * sizeof(double)) == 0,
                      "method %d: denominators, set %d", (int)p.method, set);
            }
            CHECK(memcmp((char *)before.bits + TOKEN * D * before.real_bytes,
                         (char *)after.bits + TOKEN * D * before.real_bytes, D * before.real_bytes) != 0,
                  "method %d: the token's own row", (int)p.method);
            result_free(&before);
            result_free(&after);
        }
}

static void turned_queries(void)
{
    for (int map = 0; map < MAPS; map++)
        for (int mask = 0; mask < 2; mask++) {
            result plain, turned;
            if (isnan(maps[map].beta) || maps[map].method == PSW_TAYLOR || fmod(maps[map].beta, 2) != 0) continue;
            source_make(73, 100, 6, 4, -1, false, true);
            psw_point p = point_for(map, (psw_mask)mask, 32);
            must_run(&p, &plain);
            for (ptrdiff_t i = 0; i < 600; i++) source.rows[0][PSW_QUERY][i] *= -1;
            must_run(&p, &turned);
            double off = largest_error(plain.rows, turned.rows, 400);
            CHECK(off <= tolerance, "method %d: %g", (int)p.method, off);
            result_free(&plain);
            result_free(&turned);
        }
}

static void later_keys_first(void)
{
    enum { N = 100 };
    for (int map = 0; map < MAPS; map++) {
        result plain, moved;
        source_make(74, N, 6, 6, -1, false, true);
        psw_point p = point_for(map, PSW_FULL, 32);
        must_run(&p, &plain);
        for (int side = PSW_KEY; side <= PSW_VALUE; side++)
            for (ptrdiff_t i = 0; i < N / 2; i++)
                for (ptrdiff_t c = 0; c < 6; c++) {
                    double *a = source.rows[0][side] + i * 6 + c, *b = source.rows[0][side] + (N - 1 - i) * 6 + c,
                           x = *a;
                    *a = *b, *b = x;
                }
        must_run(&p, &moved);
        double off = largest_error(plain.rows, moved.rows, N * 6);
        CHECK(off <= tolerance, "method %d: %g", (int)p.method, off);
        result_free(&plain);
        result_free(&moved);
    }
}

/* An exact map is the exact method. */
static void monomials(void)
{
    static const double degrees[] = {1, 2, 3, 4, 5};
    for (size_t i = 0; i < 5; i++)
        for (int mask = 0; mask < 2; mask++) {
            result exact, sketch;
            source_make(75, 140, 5, 4, 100, false, false); /* positive scores */
            psw_point p = sketched_point(PSW_MONOMIAL, degrees[i], 0, (psw_mask)mask, 48);
            must_run(&p, &sketch);
            p.method = PSW_EXACT;
            must_run(&p, &exact);
            double off = largest_error(sketch.rows, exact.rows, 2 * 140 * 4);
            double mass = largest_error(sketch.special, exact.special, 2 * 140);
            CHECK(off <= 10 * tolerance && mass <= 10 * tolerance, "beta %g: rows %g, masses %g", degrees[i], off,
                  mass);
            result_free(&exact);
            result_free(&sketch);
        }
}

/* Degrees that no power of a norm fits: finite everywhere, weights not below 0. */
static void high_degree(void)
{
    static const double degrees[] = {64, 256};
    for (int i = 0; i < 4; i++) {
        result r;
        source_make(76, 100, 8, 4, 99, false, true);
        for (int set = 0; set < 2; set++)
            for (int side = 0; side < 2; side++)
                for (ptrdiff_t c = 0; c < 800; c++) source.rows[set][side][c] *= 40;
        psw_point p = sketched_point(PSW_POLYSKETCH, degrees[i / 2], 8, (psw_mask)(i % 2), 32);
        must_run(&p, &r);
        for (ptrdiff_t j = 0; j < 200; j++) {
            CHECK(r.special[j] >= 0 && isfinite(r.special[j]), "mass of row %td: %g", j, r.special[j]);
            CHECK(r.log2_den[j] < INFINITY, "row %td: %g", j, r.log2_den[j]);
        }
        result_free(&r);
    }
}

/* One data set alone has the bits it has beside the other. */
static void alone(void)
{
    for (int mask = 0; mask < 2; mask++) {
        result both, one;
        source_make(77, 130, 6, 5, 60, false, true);
        psw_point p = sketched_point(PSW_POLYSKETCH, 4, 8, (psw_mask)mask, 32);
        must_run(&p, &both);
        CHECK(run_sets(&p, 1, 1, &one) == PSW_OK, "%s", psw_message());
        CHECK(memcmp(one.bits, both.bits, 130 * 5 * one.real_bytes) == 0, "rows");
        CHECK(memcmp(one.special, both.special, 130 * sizeof(double)) == 0, "masses");
        result_free(&both);
        result_free(&one);
    }
}

/* A zero query, zero keys, and rows that are not finite. */
static void odd_rows(void)
{
    result r;
    source_make(78, 80, 4, 3, -1, false, true);
    for (ptrdiff_t c = 0; c < 4; c++) source.rows[0][PSW_QUERY][50 * 4 + c] = 0;
    for (ptrdiff_t c = 0; c < 40 * 4; c++) source.rows[0][PSW_KEY][c] = 0;
    psw_point p = sketched_point(PSW_POLYSKETCH, 4, 6, PSW_CAUSAL, 32);
    must_run(&p, &r);
    for (ptrdiff_t i = 0; i < 80; i++) {
        bool empty = i < 40 || i == 50;
        CHECK((r.log2_den[i] == -INFINITY) == empty, "row %td: %g", i, r.log2_den[i]);
        if (empty) CHECK(r.rows[3 * i] == 0, "row %td is %g", i, r.rows[3 * i]);
    }
    result_free(&r);
    static const double bad[] = {INFINITY, NAN};
    for (int side = 0; side < 3; side++)
        for (int i = 0; i < 2; i++) {
            source_make(79, 80, 4, 3, -1, false, true);
            source.rows[0][side][50 * (side == PSW_VALUE ? 3 : 4)] = bad[i];
            CHECK(run_group(&p, 1, &r) == PSW_NOT_FINITE, "%g on side %d", bad[i], side);
            result_free(&r);
        }
}

int main(void)
{
    blocks_and_masks();
    kinds_of_data();
    exact_stretches();
    floors();
    lengths();
    high_features();
    learned();
    ones();
    later_token();
    turned_queries();
    later_keys_first();
    monomials();
    high_degree();
    alone();
    odd_rows();
    source_free();
    return test_end();
}
