/* How the error of the whole matrix falls: amm = |A~ - A|_F / sqrt(sum |q|^2p |k|^2p) is about r^(-1/2) for every
 * signed sketch of degree 2 and 4, on Gaussian rows after layernorm. */
#include "check.h"

#include "unit/sketch_run.h"

enum { N = 256, D = 64, DRAWS = 20, SIZES = 5 };
static double q[N * D], k[N * D], exact[N * N], estimate[N * N];

static void layernormed_rows(uint64_t seed, double *x)
{
    random_rows(seed, N, D, x);
    for (int i = 0; i < N; i++) {
        double mean = 0, variance = 0;
        for (int j = 0; j < D; j++) mean += x[i * D + j] / D;
        for (int j = 0; j < D; j++) variance += (x[i * D + j] - mean) * (x[i * D + j] - mean) / D;
        for (int j = 0; j < D; j++) x[i * D + j] = (x[i * D + j] - mean) / sqrt(variance);
    }
}

/* Rows have norm sqrt(D) by construction. */
static double amm(const psw_point *point)
{
    double mean = 0;
    sketched s = sketch_open(point, N, NULL);
    for (int draw = 0; draw < DRAWS; draw++) {
        double sum = 0;
        sketcher()->draw(s.map, draw, (psw_watch){0});
        estimates(&s, point, N, q, N, k, estimate);
        for (int i = 0; i < N * N; i++) {
            double off = (estimate[i] - pow(exact[i], point->beta)) / pow(D, point->beta);
            sum += off * off;
        }
        mean += sqrt(sum) / N / DRAWS;
    }
    sketch_close(&s);
    return mean;
}

/* least squares of log amm over log r */
static double slope(int sizes, const double r[SIZES], const double error[SIZES])
{
    double mx = 0, my = 0, xx = 0, xy = 0;
    for (int i = 0; i < sizes; i++) mx += log(r[i]) / sizes, my += log(error[i]) / sizes;
    for (int i = 0; i < sizes; i++) {
        xx += (log(r[i]) - mx) * (log(r[i]) - mx);
        xy += (log(r[i]) - mx) * (log(error[i]) - my);
    }
    return xy / xx;
}

/* amm sqrt(r) of each size; complex columns are two features, and of these it is asked per feature. */
static void falls(const char *name, psw_point point, int sizes)
{
    double r[SIZES], error[SIZES];
    printf("%-20s p=%g  amm sqrt(F):", name, point.beta);
    for (int i = 0; i < sizes; i++) {
        r[i] = 64 << i;
        point.r = 64 << i;
        error[i] = amm(&point);
        double level = error[i] * sqrt((double)psw_sketch_shape_of(&point).stored);
        printf(" %.3f", level);
        /* asked of every signed sketch: the spread of its mean over 20 draws is below 0.03 */
        CHECK(level >= 0.9 && level <= 1.15, "%s, degree %g, r %g: %g", name, point.beta, r[i], level);
    }
    printf("  slope %.3f\n", slope(sizes, r, error));
    CHECK(fabs(slope(sizes, r, error) + 0.5) <= 0.06, "%s, degree %g: slope %g", name, point.beta,
          slope(sizes, r, error));
}

int main(void)
{
    static const psw_method methods[] = {PSW_TREE, PSW_TENSORSKETCH, PSW_SRHT, PSW_MACLAURIN};
    static const char *const names[] = {"tree", "tensorsketch", "srht", "maclaurin"};
    static const char *const variants[] = {"tree of srht",      "tree of count",       "", "",
                                           "complex maclaurin", "complex tensorsketch"};
    layernormed_rows(1, q);
    layernormed_rows(2, k);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) exact[i * N + j] = dot_of(q + i * D, k + j * D, D);
    for (int p = 2; p <= 4; p += 2) {
        for (int m = 0; m < 4; m++) falls(names[m], sketch_point(methods[m], p, D, 64), SIZES);
        for (int m = 0; m < SKETCH_VARIANTS; m++)
            if (variants[m][0]) falls(variants[m], sketch_variant(m, p, D, 64), 3);
    }
    return test_end();
}
