/* Every feature map against its definition, evaluated row by row in long double from the same random numbers; the
 * shapes; what a block's bits depend on. */
#include "check.h"

#include <string.h>

#include "unit/sketch_run.h"

/* Sums of up to 200 products of numbers below 10, through at most 9 levels of products: a few hundred roundings. */
static const double tolerance = 2e-13;

static psw_key key_of(const psw_point *p, ptrdiff_t r, uint64_t draw, uint64_t level, uint64_t number, uint64_t side)
{
    const uint64_t values[] = {(uint64_t)p->method, (uint64_t)p->d, (uint64_t)r, draw, level, number, side};
    return psw_random_key(PSW_STREAM_SKETCH, p->seed, values, 7);
}

enum { WIDEST = 256 };

/* ---- definitions ------------------------------------------------------------------------------------------ */

static void times_normals(psw_key key, ptrdiff_t rows, ptrdiff_t r, const long double *x, long double *out)
{
    double g[WIDEST];
    for (ptrdiff_t j = 0; j < r; j++) out[j] = 0;
    for (ptrdiff_t i = 0; i < rows; i++) {
        psw_random_normals(key, (uint64_t)i, 0, r, g);
        for (ptrdiff_t j = 0; j < r; j++) out[j] += x[i] * (long double)g[j];
    }
}

static uint64_t height(ptrdiff_t p)
{
    uint64_t h = 0;
    while ((ptrdiff_t)1 << h < p) h++;
    return h;
}

/* T_p = sqrt(1/r) (T_ceil G) * (T'_floor G'); returns the width */
static ptrdiff_t tree(const psw_point *point, ptrdiff_t r, ptrdiff_t p, uint64_t level, uint64_t number,
                      const long double *x, long double *out)
{
    long double side[2][WIDEST], product[2][WIDEST];
    if (p == 1) {
        for (ptrdiff_t i = 0; i < point->d; i++) out[i] = x[i];
        return point->d;
    }
    for (uint64_t i = 0; i < 2; i++) {
        ptrdiff_t width = tree(point, r, i ? p / 2 : (p + 1) / 2, level - 1, 2 * number + i, x, side[i]);
        times_normals(key_of(point, r, 3, level, number, i), width, r, side[i], product[i]);
    }
    for (ptrdiff_t j = 0; j < r; j++) out[j] = product[0][j] * product[1][j] / sqrtl((long double)r);
    return r;
}

static void random_tree(const psw_point *point, ptrdiff_t r, const long double *x, long double *out)
{
    ptrdiff_t p = (ptrdiff_t)point->beta / (point->method == PSW_POLYSKETCH ? 2 : 1);
    tree(point, r, p, height(p), 0, x, out);
}

static void maclaurin(const psw_point *point, ptrdiff_t r, const long double *x, long double *out)
{
    for (ptrdiff_t j = 0; j < r; j++) {
        out[j] = 1 / sqrtl((long double)r);
        for (uint64_t t = 0; t < (uint64_t)point->beta; t++) {
            long double sum = 0;
            for (ptrdiff_t i = 0; i < point->d; i++) {
                uint32_t words[4];
                psw_random_block(key_of(point, r, 3, 0, t, 0), (uint64_t)i, (uint64_t)j / 128, words);
                sum += words[j % 128 / 32] >> j % 32 & 1 ? x[i] : -x[i];
            }
            out[j] *= sum;
        }
    }
}

/* H(a, b) = (-1)^(bits that a and b share) */
static void srht(const psw_point *point, ptrdiff_t r, const long double *x, long double *out)
{
    ptrdiff_t width = (ptrdiff_t)1 << height(point->d);
    for (ptrdiff_t j = 0; j < r; j++) {
        out[j] = 1 / sqrtl((long double)r);
        for (uint64_t t = 0; t < (uint64_t)point->beta; t++) {
            uint32_t words[4];
            psw_random_block(key_of(point, r, 3, 0, t, 1), 0, (uint64_t)j, words);
            uint32_t row = words[0] % (uint32_t)width;
            long double sum = 0;
            for (ptrdiff_t i = 0; i < point->d; i++) {
                psw_random_block(key_of(point, r, 3, 0, t, 0), 0, (uint64_t)i, words);
                int minus = __builtin_parity(row & (uint32_t)i) ^ !(words[0] & 1);
                sum += minus ? -x[i] : x[i];
            }
            out[j] *= sum;
        }
    }
}

/* The circular convolution of count sketches, term by term. */
static void tensorsketch(const psw_point *point, ptrdiff_t r, const long double *x, long double *out)
{
    long double next[WIDEST];
    for (ptrdiff_t j = 0; j < r; j++) out[j] = j == 0;
    for (uint64_t t = 0; t < (uint64_t)point->beta; t++) {
        memset(next, 0, sizeof next);
        for (ptrdiff_t i = 0; i < point->d; i++) {
            uint32_t words[4];
            psw_random_block(key_of(point, r, 3, 0, t, 0), 0, (uint64_t)i, words);
            ptrdiff_t bucket = (ptrdiff_t)((uint64_t)words[0] * (uint64_t)r >> 32);
            for (ptrdiff_t j = 0; j < r; j++) next[(j + bucket) % r] += out[j] * (words[1] & 1 ? x[i] : -x[i]);
        }
        memcpy(out, next, sizeof next);
    }
}

/* ---- maps against definitions ------------------------------------------------------------------------------ */

typedef void definition(const psw_point *point, ptrdiff_t r, const long double *x, long double *out);

static void follows(definition *define, psw_method method, double beta, ptrdiff_t d, ptrdiff_t r)
{
    enum { ROWS = 19 }; /* no multiple of a group of lanes or of a batch */
    psw_point point = sketch_point(method, beta, d, r);
    sketched s = sketch_open(&point, ROWS, NULL);
    double *x = malloc((size_t)(ROWS * d) * sizeof *x), scale[ROWS], worst = 0, largest = 0;
    random_rows(5, ROWS, d, x);
    sketcher()->draw(s.map, 3, (psw_watch){0});
    psw_real *m = mapped(&s, ROWS, d, x, scale);
    for (ptrdiff_t i = 0; i < ROWS; i++) {
        long double unit[WIDEST], want[WIDEST], norm = sqrtl((long double)dot_of(x + i * d, x + i * d, d));
        for (ptrdiff_t j = 0; j < d; j++) unit[j] = (long double)x[i * d + j] / norm;
        define(&point, r, unit, want);
        CHECK_NEAR(scale[i], beta * log2((double)norm), 1e-14);
        for (ptrdiff_t j = 0; j < s.shape.stored; j++) {
            worst = fmax(worst, fabs((double)m[i * s.shape.stored + j] - (double)want[j]));
            largest = fmax(largest, fabs((double)want[j]));
        }
    }
    CHECK(worst <= tolerance * largest && largest > 0, "method %d, beta %g, d %td, r %td: %g of %g", (int)method, beta,
          d, r, worst, largest);
    free(x);
    free(m);
    sketch_close(&s);
}

static void maps_follow_their_definitions(void)
{
    for (int p = 1; p <= 9; p++) follows(random_tree, PSW_TREE, p, 12, 16);
    for (int p = 2; p <= 12; p += 2) follows(random_tree, PSW_POLYSKETCH, p, 12, 16);
    for (int p = 1; p <= 5; p++) {
        follows(maclaurin, PSW_MACLAURIN, p, 12, 150);
        follows(srht, PSW_SRHT, p, 12, 40);
        follows(tensorsketch, PSW_TENSORSKETCH, p, 12, 33);
        follows(tensorsketch, PSW_TENSORSKETCH, p, 12, 32);
    }
    follows(srht, PSW_SRHT, 2, 1, 5);
    follows(srht, PSW_SRHT, 2, 64, 64);
    follows(tensorsketch, PSW_TENSORSKETCH, 2, 3, 1);
}

/* On the left of a tree of degree p stands the tree of degree ceil(p/2) with its own tables. */
static void low_degrees_are_inside_high_ones(void)
{
    enum { D = 6, R = 8 };
    psw_point low = sketch_point(PSW_TREE, 3, D, R), high = sketch_point(PSW_TREE, 6, D, R);
    double x[D], scale;
    random_rows(1, 1, D, x);
    sketched a = sketch_open(&low, 1, NULL), b = sketch_open(&high, 1, NULL);
    sketcher()->draw(a.map, 0, (psw_watch){0});
    sketcher()->draw(b.map, 0, (psw_watch){0});
    psw_real *inner = mapped(&a, 1, D, x, &scale), *outer = mapped(&b, 1, D, x, &scale);
    long double left[R], right[R], in[R], row[D], other[WIDEST];
    double norm = sqrt(dot_of(x, x, D));
    for (int j = 0; j < R; j++) in[j] = (long double)inner[j];
    for (int j = 0; j < D; j++) row[j] = (long double)(x[j] / norm);
    times_normals(key_of(&high, R, 0, 3, 0, 0), R, R, in, left);
    /* the right side: T'_3 from node (level 2, number 1) */
    long double two[R], product[R];
    for (uint64_t i = 0; i < 2; i++) {
        times_normals(key_of(&high, R, 0, 1, 2, i), D, R, row, i ? product : two);
    }
    for (int j = 0; j < R; j++) two[j] *= product[j] / sqrtl(R);
    times_normals(key_of(&high, R, 0, 2, 1, 0), R, R, two, other);
    times_normals(key_of(&high, R, 0, 2, 1, 1), D, R, row, product);
    for (int j = 0; j < R; j++) other[j] *= product[j] / sqrtl(R);
    times_normals(key_of(&high, R, 0, 3, 0, 1), R, R, other, right);
    for (int j = 0; j < R; j++) CHECK_NEAR((double)outer[j], (double)(left[j] * right[j] / sqrtl(R)), tolerance);
    free(inner);
    free(outer);
    sketch_close(&a);
    sketch_close(&b);
}

/* ---- favor ------------------------------------------------------------------------------------------------- */

/* log phi_j(t e_i) sqrt(r) = t w_ji - t^2 / 2 shows the table: rows of one block are orthogonal, and their squared
 * lengths are chi square with d degrees of freedom. */
static void favor_has_orthogonal_blocks(void)
{
    enum { D = 24, R = 60 };
    const double t = 0.25;
    psw_point point = sketch_point(PSW_FAVOR, NAN, D, R);
    sketched s = sketch_open(&point, D, NULL);
    double x[D * D] = {0}, scale[D], w[R][D], sum = 0;
    for (int i = 0; i < D; i++) x[i * D + i] = t;
    sketcher()->draw(s.map, 7, (psw_watch){0});
    psw_real *m = mapped(&s, D, D, x, scale);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < R; j++)
            w[j][i] = (log((double)m[i * R + j]) + scale[i] * log(2) + 0.5 * log(R) + t * t / 2) / t;
    for (int j = 0; j < R; j++) {
        for (int k = j - j % D; k < j; k++) /* logarithms of numbers near 1, divided by t: 1e-14, times d */
            CHECK(fabs(dot_of(w[j], w[k], D)) < 1e-11, "rows %d and %d: %g", j, k, dot_of(w[j], w[k], D));
        sum += dot_of(w[j], w[j], D);
    }
    CHECK(fabs(sum / R - D) < 4 * sqrt(2.0 * D / R), "mean squared length %g", sum / R); /* four standard errors */
    free(m);
    sketch_close(&s);
}

static void favor_scales_rows(void)
{
    psw_point point = sketch_point(PSW_FAVOR, NAN, 8, 16);
    sketched s = sketch_open(&point, 2, NULL);
    double x[16] = {0}, scale[2];
    for (int i = 0; i < 8; i++) x[i] = 40; /* |x|^2 / 2 = 6400: exp of it is far outside double */
    sketcher()->draw(s.map, 0, (psw_watch){0});
    psw_real *m = mapped(&s, 2, 8, x, scale);
    CHECK(isfinite(scale[0]) && scale[0] < -1000, "scale %g", scale[0]);
    double largest = 0;
    for (int j = 0; j < 16; j++) largest = fmax(largest, (double)m[j]);
    CHECK_NEAR(largest, 0.25, 1e-15); /* exp(0) / sqrt(16) */
    CHECK(scale[1] == 0, "scale of a zero row %g", scale[1]);
    for (int j = 0; j < 16; j++) CHECK_NEAR((double)m[16 + j], 0.25, 1e-15);
    free(m);
    sketch_close(&s);
}

/* ---- monomials, packed squares ------------------------------------------------------------------------------- */

/* Rows that stand as columns have the same features, to the bit. */
static void lifts_turn(sketched *s, const psw_real *m, const psw_real *phi)
{
    enum { ROWS = 4 };
    ptrdiff_t F = s->shape.features, width = s->shape.stored;
    psw_real *turned = malloc((size_t)(ROWS * width) * sizeof *turned);
    psw_real *lifted = malloc((size_t)(ROWS * F) * sizeof *lifted);
    for (ptrdiff_t i = 0; i < ROWS; i++)
        for (ptrdiff_t a = 0; a < width; a++) turned[a * ROWS + i] = m[i * width + a];
    sketcher()->lift_transposed(s->map, psw_read(psw_rows_of(turned, width, ROWS)), psw_rows_of(lifted, F, ROWS));
    for (ptrdiff_t i = 0; i < ROWS; i++)
        for (ptrdiff_t f = 0; f < F; f++)
            CHECK(lifted[f * ROWS + i] == phi[i * F + f], "row %td, feature %td: %g is not %g", i, f,
                  lifted[f * ROWS + i], phi[i * F + f]);
    free(turned), free(lifted);
}

/* <lift, lift> against weigh <m, m>, and against z^p where the map is exact */
static void lifts_keep_products(psw_method method, double beta, ptrdiff_t d, ptrdiff_t r, bool exact)
{
    enum { ROWS = 9 };
    psw_point point = sketch_point(method, beta, d, r);
    sketched s = sketch_open(&point, ROWS, NULL);
    ptrdiff_t F = s.shape.features, width = s.shape.stored;
    double *x = malloc((size_t)(ROWS * d) * sizeof *x), scale[ROWS];
    psw_real *phi = malloc((size_t)(ROWS * F) * sizeof *phi);
    random_rows(2, ROWS, d, x);
    sketcher()->draw(s.map, 1, (psw_watch){0});
    psw_real *m = mapped(&s, ROWS, d, x, scale);
    sketcher()->lift(s.map, psw_read(psw_rows_of(m, ROWS, width)), psw_rows_of(phi, ROWS, F));
    lifts_turn(&s, m, phi);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j <= i; j++) {
            double flat = 0, packed = 0, z = dot_of(m + i * width, m + j * width, width);
            for (ptrdiff_t f = 0; f < F; f++) packed += phi[i * F + f] * phi[j * F + f];
            for (ptrdiff_t a = 0; a < width && s.shape.weigh == PSW_WEIGH_SQUARE; a++)
                for (ptrdiff_t b = 0; b < width; b++)
                    flat += m[i * width + a] * m[i * width + b] * (m[j * width + a] * m[j * width + b]);
            double size = weighed(
                &point, s.shape.weigh,
                sqrt(dot_of(m + i * width, m + i * width, width) * dot_of(m + j * width, m + j * width, width)));
            CHECK(fabs(packed - weighed(&point, s.shape.weigh, z)) <= 1e-13 * fmax(1, size), "%d %d: %g", i, j, packed);
            if (s.shape.weigh == PSW_WEIGH_SQUARE)
                CHECK(fabs(flat - z * z) <= 1e-13 * fmax(1, size), "%d %d: r^2 %g, packed %g", i, j, flat, packed);
            if (exact) { /* relative to the product of norms: of unit rows */
                double c = dot_of(x + i * d, x + j * d, d), norms = exp2((scale[i] + scale[j]) / beta);
                CHECK(fabs(packed - pow(c / norms, beta)) <= 1e-13, "%d %d: %g for cosine %g", i, j, packed, c / norms);
            }
        }
    free(x), free(m), free(phi);
    sketch_close(&s);
}

static ptrdiff_t count_monomials(ptrdiff_t d, ptrdiff_t p) /* by counting */
{
    ptrdiff_t count = 0;
    if (p == 0) return 1;
    for (ptrdiff_t first = 0; first < d; first++) count += count_monomials(d - first, p - 1);
    return count;
}

static void lifts(void)
{
    for (int p = 1; p <= 6; p++)
        for (ptrdiff_t d = 1; d <= 8; d += 3) {
            psw_point point = sketch_point(PSW_MONOMIAL, p, d, 0);
            CHECK(psw_sketch_shape_of(&point).features == count_monomials(d, p), "d = %td, p = %d", d, p);
            lifts_keep_products(PSW_MONOMIAL, p, d, 0, true);
        }
    lifts_keep_products(PSW_MONOMIAL, 2, 64, 0, true);
    lifts_keep_products(PSW_POLYSKETCH, 2, 10, 7, true); /* exact, whatever r is */
    lifts_keep_products(PSW_TREE, 1, 10, 7, true);
    lifts_keep_products(PSW_POLYSKETCH, 4, 10, 32, false);
    lifts_keep_products(PSW_POLYSKETCH, 6, 10, 13, false);
    for (ptrdiff_t r = 1; r <= 35; r++) lifts_keep_products(PSW_POLYSKETCH, 4, 6, r, false);
    lifts_keep_products(PSW_TREE, 3, 10, 13, false);
    lifts_keep_products(PSW_FAVOR, NAN, 10, 13, false);
}

/* ---- what every map promises --------------------------------------------------------------------------------- */

static const psw_method methods[] = {PSW_MONOMIAL, PSW_POLYSKETCH, PSW_TREE, PSW_TENSORSKETCH,
                                     PSW_SRHT,     PSW_MACLAURIN,  PSW_FAVOR};
enum { METHODS = sizeof methods / sizeof methods[0] };

static psw_point point_of(psw_method method)
{
    return sketch_point(method, method == PSW_FAVOR ? NAN : 4, 20, 24);
}

/* Blocks of 16 rows out of 41, in another order, by another sketch that has made another draw before. */
static void bits_depend_on_nothing_else(psw_method method)
{
    enum { N = 41, B = 16, D = 20 };
    psw_point point = point_of(method);
    sketched a = sketch_open(&point, B, NULL), b = sketch_open(&point, B + 5, NULL);
    double x[N * D], forward_scale[N], backward_scale[N];
    ptrdiff_t width = a.shape.stored;
    psw_real *forward = malloc((size_t)(2 * N * width) * sizeof *forward), *backward = forward + N * width;
    random_rows(9, N, D, x);
    sketcher()->draw(b.map, 1, (psw_watch){0});
    sketcher()->draw(b.map, 0, (psw_watch){0});
    sketcher()->draw(a.map, 0, (psw_watch){0});
    for (ptrdiff_t i = 0; i < 3; i++)
        for (int way = 0; way < 2; way++) {
            ptrdiff_t first = (way ? 2 - i : i) * B, count = N - first < B ? N - first : B;
            psw_real *to = (way ? backward : forward) + first * width;
            sketcher()->map(way ? b.map : a.map, (psw_const_rows){x + first * D, count, D, D},
                            psw_rows_of(to, count, width), (way ? backward_scale : forward_scale) + first);
        }
    CHECK(!memcmp(forward, backward, (size_t)(N * width) * sizeof *forward), "method %d", (int)method);
    CHECK(!memcmp(forward_scale, backward_scale, sizeof forward_scale), "method %d", (int)method);
    if (method != PSW_MONOMIAL) {
        sketcher()->draw(b.map, 1, (psw_watch){0});
        sketcher()->map(b.map, (psw_const_rows){x, B, D, D}, psw_rows_of(backward, B, width), backward_scale);
        CHECK(memcmp(forward, backward, (size_t)(B * width) * sizeof *forward), "draws of method %d are alike",
              (int)method);
    }
    free(forward);
    sketch_close(&a);
    sketch_close(&b);
}

/* Rows and features inside wider arrays. */
static void strides(psw_method method)
{
    enum { N = 5, D = 20, MORE = 3 };
    psw_point point = point_of(method);
    sketched s = sketch_open(&point, N, NULL);
    ptrdiff_t width = s.shape.stored, wide = width + MORE;
    double x[N * D], loose[N * (D + MORE)], scale[N];
    psw_real *out = malloc((size_t)(N * wide) * sizeof *out);
    random_rows(9, N, D, x);
    for (int i = 0; i < N; i++) memcpy(loose + i * (D + MORE), x + i * D, D * sizeof *x);
    for (ptrdiff_t i = 0; i < N * wide; i++) out[i] = 77;
    sketcher()->draw(s.map, 0, (psw_watch){0});
    psw_real *m = mapped(&s, N, D, x, scale);
    sketcher()->map(s.map, (psw_const_rows){loose, N, D, D + MORE}, (psw_rows){out, N, width, wide}, scale);
    for (ptrdiff_t i = 0; i < N; i++)
        for (ptrdiff_t j = 0; j < wide; j++)
            if (j < width)
                CHECK_NEAR((double)out[i * wide + j], (double)m[i * width + j], tolerance);
            else
                CHECK(out[i * wide + j] == 77, "method %d wrote beside its row", (int)method);
    free(out), free(m);
    sketch_close(&s);
}

/* Rows of any size: only the scale notices. Zero rows. */
static void sizes_of_rows(psw_method method)
{
    enum { D = 20 };
    psw_point point = point_of(method);
    sketched s = sketch_open(&point, 4, NULL);
    double x[4 * D] = {0}, scale[4];
    ptrdiff_t width = s.shape.stored;
    random_rows(9, 1, D, x);
    for (int j = 0; j < D; j++) x[D + j] = ldexp(x[j], 1000), x[2 * D + j] = ldexp(x[j], -1000);
    sketcher()->draw(s.map, 0, (psw_watch){0});
    psw_real *m = mapped(&s, 4, D, x, scale);
    CHECK_NEAR(scale[1] - scale[0], 4000.0, 1e-14);
    CHECK_NEAR(scale[2] - scale[0], -4000.0, 1e-14);
    CHECK(scale[3] == -INFINITY, "scale of a zero row: %g", scale[3]);
    for (ptrdiff_t j = 0; j < width; j++) {
        CHECK(fabs(m[width + j] - m[j]) < 1e-14 && fabs(m[2 * width + j] - m[j]) < 1e-14, "method %d", (int)method);
        CHECK(m[3 * width + j] == 0, "feature of a zero row: %g", (double)m[3 * width + j]);
    }
    x[3] = NAN;
    free(m);
    m = mapped(&s, 1, D, x, scale);
    CHECK(isnan(scale[0]), "method %d hides a NaN", (int)method);
    free(m);
    sketch_close(&s);
}

static void arena_is_exact(psw_method method)
{
    psw_point point = point_of(method);
    sketched s = sketch_open(&point, 33, NULL);
    CHECK(s.arena.high == s.arena.size && s.arena.size == sketcher()->bytes(&point, 33), "method %d", (int)method);
    sketch_close(&s);
    psw_arena counting = psw_arena_counting();
    psw_sketch *none;
    CHECK(sketcher()->create(&point, 33, NULL, &counting, &none) == PSW_OK && !none, "method %d", (int)method);
    sketcher()->destroy(none);
}

int main(void)
{
    maps_follow_their_definitions();
    low_degrees_are_inside_high_ones();
    favor_has_orthogonal_blocks();
    favor_scales_rows();
    lifts();
    for (int i = 0; i < METHODS; i++) {
        bits_depend_on_nothing_else(methods[i]);
        strides(methods[i]);
        if (methods[i] != PSW_FAVOR) sizes_of_rows(methods[i]);
        arena_is_exact(methods[i]);
    }
    return test_end();
}
