/* favor with a floor against the code published with it, written out from the exponents that the plain map shows; that
 * a draw does not depend on blocks, and that the largest exponent is of all keys. */
#include "check.h"

#include <string.h>

#include "unit/sketch_run.h"

enum { N = 53, D = 6, R = 11 };

static psw_point floored(double epsilon)
{
    psw_point point = sketch_point(PSW_FAVOR, NAN, D, R);
    point.data_kind = PSW_GAUSSIAN, point.n = N, point.epsilon = epsilon, point.row_norm = PSW_NORM_SQRT_D;
    return point;
}

static psw_data *opened(const psw_point *point)
{
    psw_data *data = NULL;
    CHECK(psw_data_open(point, NULL, &data) == PSW_OK, "%s", psw_message());
    return data;
}

/* <w_j, x> of every row: log phi_j(x) sqrt(r) + |x|^2 / 2 without a floor. */
static void exponents(const psw_data *data, psw_side side, double x[N][D], double wx[N][R])
{
    psw_point plain = floored(0);
    sketched s = sketch_open(&plain, N, NULL);
    double scale[N];
    psw_data_rows(data, 0, side, 0, N, x[0]);
    sketcher()->draw(s.map, 4, (psw_watch){0});
    psw_real *m = mapped_side(&s, side, N, D, x[0], scale);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < R; j++)
            wx[i][j] = log(m[i * R + j] * sqrt(R)) + scale[i] * log(2) + dot_of(x[i], x[i], D) / 2;
    free(m);
    sketch_close(&s);
}

static double largest(const double *x, int count)
{
    double most = -INFINITY;
    for (int i = 0; i < count; i++) most = fmax(most, x[i]);
    return most;
}

/* One side, mapped in blocks of `rows`, against r^(-1/2) (exp(wx - |x|^2 / 2 - M) + epsilon) e^M. */
static void is_published(const psw_data *data, psw_side side, double epsilon, ptrdiff_t rows)
{
    static double x[N][D], wx[N][R];
    psw_point point = floored(epsilon);
    sketched s = sketch_open(&point, rows, NULL);
    double scale[N], all;
    exponents(data, side, x, wx);
    all = largest(wx[0], N * R);
    sketcher()->keys(s.map, data);
    CHECK(sketcher()->draw(s.map, 4, (psw_watch){0}) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t first = 0; first < N; first += rows) {
        ptrdiff_t count = N - first < rows ? N - first : rows;
        psw_real *m = mapped_side(&s, side, count, D, x[first], scale);
        for (ptrdiff_t i = 0; i < count; i++) {
            double most = side == PSW_KEY ? all : largest(wx[first + i], R),
                   square = dot_of(x[first + i], x[first + i], D);
            /* a logarithm of a feature that is e^-10 of the largest has lost no digit; ten roundings */
            CHECK_NEAR(scale[i] * log(2), most, 1e-13);
            for (int j = 0; j < R; j++)
                CHECK_NEAR((double)m[i * R + j], (exp(wx[first + i][j] - square / 2 - most) + epsilon) / sqrt(R),
                           1e-12);
        }
        free(m);
    }
    sketch_close(&s);
}

static void keys_are_asked_for(void)
{
    psw_point point = floored(1e-3);
    sketched s = sketch_open(&point, N, NULL);
    CHECK(psw_sketch_asks_keys(&point), "it asks");
    CHECK(sketcher()->draw(s.map, 0, (psw_watch){0}) == PSW_BUG, "a draw without keys");
    sketch_close(&s);
    point.epsilon = 0;
    CHECK(!psw_sketch_asks_keys(&point), "it does not ask");
    s = sketch_open(&point, N, NULL);
    CHECK(sketcher()->draw(s.map, 0, (psw_watch){0}) == PSW_OK, "%s", psw_message());
    sketch_close(&s);
    CHECK(isnan(psw_sketch_moments(&(psw_point){.method = PSW_FAVOR, .d = D, .r = R, .epsilon = 1e-3}, 1, 0.5, 0).mean),
          "its mean is not known");
}

static void two_sets_are_refused(void)
{
    psw_point point = floored(1e-3);
    CHECK(psw_sketch_check(&point) == PSW_OK, "%s", psw_message());
    point.data_kind = PSW_SELF_ATTENTION;
    CHECK(psw_sketch_check(&point) == PSW_USAGE && strstr(psw_message(), "use epsilon 0"), "%s", psw_message());
    point.epsilon = 0;
    CHECK(psw_sketch_check(&point) == PSW_OK, "%s", psw_message());
}

/* Keys of every row make what the plan counts. */
static void work(void)
{
    psw_point point = floored(0), more = floored(1e-3);
    psw_sketch_work without = psw_sketch_table_work(&point), with = psw_sketch_table_work(&more);
    CHECK(with.flops - without.flops == 2.0 * N * D * R, "%g flops", with.flops - without.flops);
    CHECK(with.normals - without.normals == N * D, "%g normals", with.normals - without.normals);
}

int main(void)
{
    psw_point point = floored(1e-3);
    psw_data *data = opened(&point);
    static const ptrdiff_t rows[] = {1, 7, 53};
    static const double floors[] = {1e-6, 1e-3, 0.5};
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            is_published(data, PSW_QUERY, floors[i], rows[j]);
            is_published(data, PSW_KEY, floors[i], rows[j]);
        }
    keys_are_asked_for();
    two_sets_are_refused();
    work();
    psw_data_close(data);
    return test_end();
}
