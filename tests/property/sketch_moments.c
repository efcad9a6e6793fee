/* Means and second moments of estimates over many draws against theory: exact expectations, so four standard errors are
 * the tolerance everywhere (fixed seed; about 200 comparisons, of which one in 16,000 would leave by chance), and 1e-12
 * where nothing is random but the rounding of a sum over thousands of draws. */
#include "check.h"

#include "unit/sketch_run.h"

enum { D = 12, COSINES = 3, ROWS = 1 + COSINES };
static const double cosines[COSINES] = {0, 0.5, 0.9};

/* x and, for each cosine, c x + sqrt(1 - c^2) u with u a unit row across x */
static void pairs(double rows[ROWS][D])
{
    double u[2][D];
    random_rows(21, 2, D, u[0]);
    double norm = sqrt(dot_of(u[0], u[0], D));
    for (int j = 0; j < D; j++) u[0][j] /= norm;
    double along = dot_of(u[0], u[1], D);
    for (int j = 0; j < D; j++) u[1][j] -= along * u[0][j];
    norm = sqrt(dot_of(u[1], u[1], D));
    for (int j = 0; j < D; j++) {
        rows[0][j] = u[0][j];
        for (int i = 0; i < COSINES; i++)
            rows[1 + i][j] = cosines[i] * u[0][j] + sqrt(1 - cosines[i] * cosines[i]) * u[1][j] / norm;
    }
}

typedef struct sums {
    double first, second, fourth;
} sums;

static void sample(const psw_point *point, int draws, double rows[ROWS][D], sums out[COSINES])
{
    sketched s = sketch_open(point, ROWS, NULL);
    for (int i = 0; i < COSINES; i++) out[i] = (sums){0, 0, 0};
    for (int t = 0; t < draws; t++) {
        double scale[ROWS];
        sketcher()->draw(s.map, t, (psw_watch){0});
        psw_real *m = mapped(&s, ROWS, D, rows[0], scale);
        for (int i = 0; i < COSINES; i++) {
            double z = dot_of(m, m + (1 + i) * s.shape.stored, s.shape.stored);
            double e = weighed(point, s.shape.weigh, z) * exp2(scale[0] + scale[1 + i]);
            CHECK(s.shape.signs || e >= 0, "an estimate of method %d is %g", (int)point->method, e);
            out[i].first += e / draws, out[i].second += e * e / draws, out[i].fourth += e * e * e * e / draws;
        }
        free(m);
    }
    sketch_close(&s);
}

static void point_follows_theory(psw_point point, int draws, bool second)
{
    double rows[ROWS][D];
    sums found[COSINES];
    pairs(rows);
    sample(&point, draws, rows, found);
    for (int i = 0; i < COSINES; i++) {
        double squares = 0;
        for (int j = 0; j < D; j++) squares += rows[0][j] * rows[0][j] * rows[1 + i][j] * rows[1 + i][j];
        psw_moments theory = psw_sketch_moments(&point, 1, cosines[i], squares);
        double seen = found[i].second - found[i].first * found[i].first;
        double error = sqrt((isnan(theory.variance) ? seen : theory.variance) / draws);
        CHECK(fabs(found[i].first - theory.mean) <= 4 * error + 1e-12,
              "method %d, leaves %d, degree %g, c = %g: mean %g, not %g, %g s.e.", (int)point.method, (int)point.leaves,
              point.beta, cosines[i], found[i].first, theory.mean, (found[i].first - theory.mean) / error);
        double want = theory.variance + theory.mean * theory.mean;
        error = sqrt((found[i].fourth - found[i].second * found[i].second) / draws);
        if (second)
            CHECK(fabs(found[i].second - want) <= 4 * error + 1e-12,
                  "method %d, leaves %d, degree %g, c = %g: E[est^2] %g, not %g, %g s.e.", (int)point.method,
                  (int)point.leaves, point.beta, cosines[i], found[i].second, want, (found[i].second - want) / error);
    }
}

static void follows_theory(psw_method method, double beta, ptrdiff_t r, int draws, bool second)
{
    point_follows_theory(sketch_point(method, beta, D, r), draws, second);
}

/* Leaves in place of normal ones, with more columns than coordinates and fewer; complex columns. Second moments where
 * tails leave them a standard error: of squares only the mean is known but for normal leaves. */
static void variants(void)
{
    static const double degrees[] = {1, 2, 3, 4, 6, 8};
    for (int i = 0; i < SKETCH_VARIANTS; i++)
        for (int j = 0; j < 6; j++) {
            psw_point point = sketch_variant(i, degrees[j], D, 24);
            bool square = point.method == PSW_POLYSKETCH;
            if (square && degrees[j] != 4 && degrees[j] != 6) continue;
            if (point.method == PSW_TREE && degrees[j] == 1) continue; /* the row itself */
            for (; point.r >= 6; point.r /= 4) {
                bool light = degrees[j] <= 3 && (point.method != PSW_TREE || point.r > D);
                point_follows_theory(point, 1500, light && !square);
            }
        }
    for (ptrdiff_t r = 2; r <= 3; r++) point_follows_theory(sketch_variant(5, 2, D, r), 5000, true);
}

/* The published constant (Wacker, Ohana, Filippone 2022): a dense row with itself takes 2^p - 1 of complex columns, of
 * which each is two features, and 3^p - 1 of real ones. */
static void complex_columns_are_better(void)
{
    for (int p = 1; p <= 8; p++)
        for (int kind = 0; kind < 2; kind++) {
            psw_point point = sketch_point(PSW_MACLAURIN, p, D, 16);
            point.is_complex = kind;
            CHECK_NEAR(16 * psw_sketch_moments(&point, 1, 1, 0).variance, pow(3 - kind, p) - 1, 1e-13);
            CHECK(psw_sketch_shape_of(&point).features == 16 * (1 + kind), "kind %d", kind);
        }
}

/* Kernels that a mean must reach, stated apart from psw_sketch_moments. */
static void means_are_the_kernels(void)
{
    static const psw_method methods[] = {PSW_TREE, PSW_TENSORSKETCH, PSW_SRHT, PSW_MACLAURIN, PSW_MONOMIAL};
    for (int i = 0; i < 5; i++)
        for (int p = 1; p <= 8; p++) {
            psw_point point = sketch_point(methods[i], p, D, 16);
            CHECK_NEAR(psw_sketch_moments(&point, 1, 0.7, 0.1).mean, pow(0.7, p), 1e-15);
        }
    psw_point point = sketch_point(PSW_FAVOR, NAN, D, 16);
    CHECK_NEAR(psw_sketch_moments(&point, 1, 0.7, 0.1).mean, exp(0.7), 1e-15);
    /* published: Var ~ 8 (p - 1) / r at c = 1, 1 / r at c = 0; large r leaves the leading order */
    for (int p = 2; p <= 8; p++) {
        point = sketch_point(PSW_TREE, p, D, 10000000);
        CHECK_NEAR(psw_sketch_moments(&point, 1, 1, 0.1).variance * 1e7 / (8 * (p - 1)), 1.0, 1e-4);
        CHECK_NEAR(psw_sketch_moments(&point, 1, 0, 0.1).variance * 1e7, 1.0, 1e-4);
        point.method = PSW_POLYSKETCH, point.beta = 2 * p; /* E = c^p + Var of the tree inside */
        CHECK_NEAR((psw_sketch_moments(&point, 1, 1, 0.1).mean - 1) * 1e7 / (8 * (p - 1)), 1.0, 1e-4);
    }
    /* E[est^2] of the tree at r = 64, published to four places: c = 0.9 and c = 1 */
    static const double at[][3] = {{0.9, 2, 0.7531}, {0.9, 3, 0.7068}, {0.9, 4, 0.6638}, {0.9, 6, 0.5970},
                                   {0.9, 8, 0.5398}, {1, 4, 1.4238},   {1, 8, 2.2807}};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        point = sketch_point(PSW_TREE, at[i][1], D, 64);
        double mean = pow(at[i][0], at[i][1]);
        CHECK_NEAR(psw_sketch_moments(&point, 1, at[i][0], 0.1).variance + mean * mean, at[i][2], 5.1e-5);
    }
}

/* E[(u v)^k] of standard normals with correlation c, by the trapezoidal rule on +-12 (exact to rounding). */
static double normal_moment(int k, double c)
{
    const double step = 0.1, density = step * step / (2 * acos(-1));
    double sum = 0;
    for (int i = -120; i <= 120; i++)
        for (int j = -120; j <= 120; j++) {
            double u = i * step, w = j * step, v = c * u + sqrt(1 - c * c) * w;
            sum += pow(u * v, k) * exp(-(u * u + w * w) / 2) * density;
        }
    return sum;
}

/* polysketch of degree 4: the square of a mean of r products Z = A A', A = u v and A' its independent copy; for
 * r = 1 and 2 the fourth moment of the mean is written out. */
static void squares_of_two_products(void)
{
    for (double c = -0.5; c < 1; c += 0.5) {
        double m[5];
        for (int k = 1; k <= 4; k++) m[k] = pow(normal_moment(k, c), 2);
        psw_point point = sketch_point(PSW_POLYSKETCH, 4, D, 1);
        CHECK_NEAR(psw_sketch_moments(&point, 1, c, 0).variance, m[4] - m[2] * m[2], 1e-10);
        point.r = 2;
        double mean = (m[2] + m[1] * m[1]) / 2, fourth = (m[4] + 4 * m[3] * m[1] + 3 * m[2] * m[2]) / 8;
        CHECK_NEAR(psw_sketch_moments(&point, 1, c, 0).mean, mean, 1e-10);
        CHECK_NEAR(psw_sketch_moments(&point, 1, c, 0).variance, fourth - mean * mean, 1e-10);
    }
}

int main(void)
{
    static const double degrees[] = {1, 2, 3, 4, 6, 8};
    means_are_the_kernels();
    squares_of_two_products();
    for (int i = 0; i < 6; i++) {
        follows_theory(PSW_TREE, degrees[i], 32, 4000, true);
        follows_theory(PSW_MACLAURIN, degrees[i], 32, 4000, degrees[i] <= 3); /* higher: tails too heavy for a s.e. */
        follows_theory(PSW_SRHT, degrees[i], 32, 4000, degrees[i] <= 3);
        follows_theory(PSW_TENSORSKETCH, degrees[i], 32, 4000, degrees[i] <= 3);
        follows_theory(PSW_TENSORSKETCH, degrees[i], 7, 4000, degrees[i] <= 3); /* odd, and 1 / r^2 is not small */
    }
    complex_columns_are_better();
    variants();
    follows_theory(PSW_TENSORSKETCH, 2, 2, 20000, true); /* the order 1 / r^2, of odd and even r */
    follows_theory(PSW_TENSORSKETCH, 2, 3, 20000, true);
    follows_theory(PSW_POLYSKETCH, 4, 16, 4000, true);
    follows_theory(PSW_POLYSKETCH, 6, 16, 4000, false);
    follows_theory(PSW_POLYSKETCH, 8, 16, 8000, false);
    follows_theory(PSW_POLYSKETCH, 2, 16, 2, true);
    follows_theory(PSW_FAVOR, NAN, 16, 4000, false);
    follows_theory(PSW_FAVOR, NAN, 7, 4000, false); /* part of one orthogonal block */
    return test_end();
}
