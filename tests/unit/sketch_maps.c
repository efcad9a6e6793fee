/* Every feature map against its definition, evaluated row by row in long double from the same random numbers; lifts. */
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

/* H(a, b) = (-1)^(bits that a and b share) */
static long double signed_entry(psw_key signs, uint32_t row, ptrdiff_t i, long double x)
{
    uint32_t words[4];
    psw_random_block(signs, 0, (uint64_t)i, words);
    return __builtin_parity(row & (uint32_t)i) ^ !(words[0] & 1) ? -x : x;
}

/* (H D x)_row, row drawn; order: the least power of two not below d */
static long double hadamard_entry(const psw_point *point, psw_key signs, psw_key samples, ptrdiff_t j,
                                  const long double *x)
{
    uint32_t words[4];
    long double sum = 0;
    psw_random_block(samples, 0, (uint64_t)j, words);
    uint32_t row = words[0] % (uint32_t)((ptrdiff_t)1 << height(point->d));
    for (ptrdiff_t i = 0; i < point->d; i++) sum += signed_entry(signs, row, i, x[i]);
    return sum;
}

static void count_sketch(const psw_point *point, ptrdiff_t r, psw_key key, const long double *x, long double *out)
{
    for (ptrdiff_t j = 0; j < r; j++) out[j] = 0;
    for (ptrdiff_t i = 0; i < point->d; i++) {
        uint32_t words[4];
        psw_random_block(key, 0, (uint64_t)i, words);
        out[(uint64_t)words[0] * (uint64_t)r >> 32] += words[1] & 1 ? x[i] : -x[i];
    }
}

/* The row times what stands on side i of a node. */
static void leaf(const psw_point *point, ptrdiff_t r, const uint64_t at[3], const long double *x, long double *out)
{
    long double counted[WIDEST];
    uint64_t first = 2 + 4 * at[2];
    psw_key signs = key_of(point, r, 3, at[0], at[1], first), samples = key_of(point, r, 3, at[0], at[1], first + 1);
    switch (point->leaves) {
    case PSW_LEAVES_GAUSSIAN: times_normals(key_of(point, r, 3, at[0], at[1], at[2]), point->d, r, x, out); break;
    case PSW_LEAVES_SRHT:
        for (ptrdiff_t j = 0; j < r; j++) out[j] = hadamard_entry(point, signs, samples, j, x);
        break;
    case PSW_LEAVES_COUNT:
        count_sketch(point, r, key_of(point, r, 3, at[0], at[1], first + 2), x, counted);
        times_normals(key_of(point, r, 3, at[0], at[1], at[2]), r, r, counted, out);
        break;
    }
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
        ptrdiff_t part = i ? p / 2 : (p + 1) / 2;
        ptrdiff_t width = tree(point, r, part, level - 1, 2 * number + i, x, side[i]);
        if (part == 1)
            leaf(point, r, (const uint64_t[]){level, number, i}, x, product[i]);
        else
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

static void srht(const psw_point *point, ptrdiff_t r, const long double *x, long double *out)
{
    for (ptrdiff_t j = 0; j < r; j++) {
        out[j] = 1 / sqrtl((long double)r);
        for (uint64_t t = 0; t < (uint64_t)point->beta; t++)
            out[j] *= hadamard_entry(point, key_of(point, r, 3, 0, t, 0), key_of(point, r, 3, 0, t, 1), j, x);
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

/* (a + ib) <- (a + ib) i^u x, summed into `to` */
static void add_root(uint32_t u, long double x, const long double *from, long double *to)
{
    static const int real[4] = {1, 0, -1, 0}, imaginary[4] = {0, 1, 0, -1};
    to[0] += x * (from[0] * real[u] - from[1] * imaginary[u]);
    to[1] += x * (from[0] * imaginary[u] + from[1] * real[u]);
}

static void complex_maclaurin(const psw_point *point, ptrdiff_t r, const long double *x, long double *out)
{
    static const long double one[2] = {1, 0};
    for (ptrdiff_t j = 0; j < r; j++) {
        long double z[2] = {1 / sqrtl((long double)r), 0};
        for (uint64_t t = 0; t < (uint64_t)point->beta; t++) {
            long double sum[2] = {0, 0}, real = z[0];
            for (ptrdiff_t i = 0; i < point->d; i++) {
                uint32_t words[4];
                psw_random_block(key_of(point, r, 3, 0, t, 1), (uint64_t)i, (uint64_t)j / 64, words);
                add_root(words[j % 64 / 16] >> 2 * (j % 16) & 3, x[i], one, sum);
            }
            z[0] = real * sum[0] - z[1] * sum[1];
            z[1] = real * sum[1] + z[1] * sum[0];
        }
        out[j] = z[0], out[r + j] = z[1];
    }
}

/* i^u has its parity in the second bit of a word, its sign in the first. */
static void complex_tensorsketch(const psw_point *point, ptrdiff_t r, const long double *x, long double *out)
{
    long double now[WIDEST][2] = {{1, 0}}, next[WIDEST][2];
    for (uint64_t t = 0; t < (uint64_t)point->beta; t++) {
        memset(next, 0, sizeof next);
        for (ptrdiff_t i = 0; i < point->d; i++) {
            uint32_t words[4];
            psw_random_block(key_of(point, r, 3, 0, t, 1), 0, (uint64_t)i, words);
            ptrdiff_t bucket = (ptrdiff_t)((uint64_t)words[0] * (uint64_t)r >> 32);
            for (ptrdiff_t j = 0; j < r; j++)
                add_root((words[1] >> 1 & 1) + (words[1] & 1 ? 0 : 2), x[i], now[j], next[(j + bucket) % r]);
        }
        memcpy(now, next, sizeof now);
    }
    for (ptrdiff_t j = 0; j < r; j++) out[j] = now[j][0], out[r + j] = now[j][1];
}

/* ---- maps against definitions ------------------------------------------------------------------------------ */

typedef void definition(const psw_point *point, ptrdiff_t r, const long double *x, long double *out);

static void follows_point(definition *define, psw_point point)
{
    enum { ROWS = 19 }; /* no multiple of a group of lanes or of a batch */
    ptrdiff_t d = point.d;
    sketched s = sketch_open(&point, ROWS, NULL);
    double *x = malloc((size_t)(ROWS * d) * sizeof *x), scale[ROWS], worst = 0, largest = 0;
    random_rows(5, ROWS, d, x);
    sketcher()->draw(s.map, 3, (psw_watch){0});
    psw_real *m = mapped(&s, ROWS, d, x, scale);
    for (ptrdiff_t i = 0; i < ROWS; i++) {
        long double unit[WIDEST], want[WIDEST], norm = sqrtl((long double)dot_of(x + i * d, x + i * d, d));
        for (ptrdiff_t j = 0; j < d; j++) unit[j] = (long double)x[i * d + j] / norm;
        define(&point, point.r, unit, want);
        CHECK_NEAR(scale[i], point.beta * log2((double)norm), 1e-14);
        for (ptrdiff_t j = 0; j < s.shape.stored; j++) {
            worst = fmax(worst, fabs((double)m[i * s.shape.stored + j] - (double)want[j]));
            largest = fmax(largest, fabs((double)want[j]));
        }
    }
    CHECK(worst <= tolerance * largest && largest > 0, "method %d, leaves %d, beta %g, d %td, r %td: %g of %g",
          (int)point.method, (int)point.leaves, point.beta, d, point.r, worst, largest);
    free(x);
    free(m);
    sketch_close(&s);
}

static void follows(definition *define, psw_method method, double beta, ptrdiff_t d, ptrdiff_t r)
{
    follows_point(define, sketch_point(method, beta, d, r));
}

/* A width that is a power of two, and one that is not; more buckets than coordinates, and fewer. */
static void variants_follow_their_definitions(void)
{
    for (ptrdiff_t d = 12; d <= 16; d += 4)
        for (int p = 1; p <= 7; p++)
            for (int kind = PSW_LEAVES_SRHT; kind <= PSW_LEAVES_COUNT; kind++) {
                psw_point point = sketch_point(PSW_TREE, p, d, p % 2 ? 7 : 20);
                point.leaves = (psw_leaves_kind)kind;
                follows_point(random_tree, point);
                if (p % 2 == 0) point.method = PSW_POLYSKETCH, follows_point(random_tree, point);
            }
    for (int p = 1; p <= 5; p++)
        for (ptrdiff_t r = 32; r <= 77; r += 45) {
            psw_point point = sketch_point(PSW_MACLAURIN, p, 12, r);
            point.is_complex = 1;
            follows_point(complex_maclaurin, point);
            point.method = PSW_TENSORSKETCH;
            follows_point(complex_tensorsketch, point);
            point.r = 37; /* by FFTW */
            follows_point(complex_tensorsketch, point);
        }
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
        follows(tensorsketch, PSW_TENSORSKETCH, p, 12, 74); /* by FFTW */
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

int main(void)
{
    maps_follow_their_definitions();
    variants_follow_their_definitions();
    low_degrees_are_inside_high_ones();
    favor_has_orthogonal_blocks();
    favor_scales_rows();
    lifts();
    return test_end();
}
