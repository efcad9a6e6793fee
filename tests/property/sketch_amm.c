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
static double slope(const double r[SIZES], const double error[SIZES])
{
    double mx = 0, my = 0, xx = 0, xy = 0;
    for (int i = 0; i < SIZES; i++) mx += log(r[i]) / SIZES, my += log(error[i]) / SIZES;
    for (int i = 0; i < SIZES; i++) {
        xx += (log(r[i]) - mx) * (log(r[i]) - mx);
        xy += (log(r[i]) - mx) * (log(error[i]) - my);
    }
    return xy / xx;
}

int main(void)
{
    static const psw_method methods[] = {PSW_TREE, PSW_TENSORSKETCH, PSW_SRHT, PSW_MACLAURIN};
    static const char *const names[] = {"tree", "tensorsketch", "srht", "maclaurin"};
    layernormed_rows(1, q);
    layernormed_rows(2, k);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) exact[i * N + j] = dot_of(q + i * D, k + j * D, D);
    for (int m = 0; m < 4; m++)
        for (int p = 2; p <= 4; p += 2) {
            double r[SIZES], error[SIZES];
            printf("%-12s p=%d  amm sqrt(r):", names[m], p);
            for (int i = 0; i < SIZES; i++) {
                r[i] = 64 << i;
                psw_point point = sketch_point(methods[m], p, D, 64 << i);
                error[i] = amm(&point);
                printf(" %.3f", error[i] * sqrt(r[i]));
                /* asked of every signed sketch: the spread of its mean over 20 draws is below 0.03 */
                CHECK(error[i] * sqrt(r[i]) >= 0.9 && error[i] * sqrt(r[i]) <= 1.15, "%s, degree %d, r %g: %g",
                      names[m], p, r[i], error[i] * sqrt(r[i]));
            }
            printf("  slope %.3f\n", slope(r, error));
            CHECK(fabs(slope(r, error) + 0.5) <= 0.06, "%s, degree %d: slope %g", names[m], p, slope(r, error));
        }
    return test_end();
}
