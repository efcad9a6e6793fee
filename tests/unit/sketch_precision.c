/* fp32 against fp64: the same tables, so estimates differ by rounding alone. */
#include "check.h"

#include "unit/sketch_run.h"

void estimates_fp32(const psw_point *point, ptrdiff_t n, const double *q, const double *k, double *out);
double error_of_tiny_rows_fp32(void);

/* An estimate is a sum of products of p factors, each a sum over d = 40 (r = 48 inside a tree) with relative error
 * about sqrt(48) 6e-8, on unit rows; largest |estimate| stands for the size of its terms. Twenty times that, for the
 * worst of 1,600. favor adds |w x| 6e-8 for exponents up to about 12. */
enum { N = 40, D = 40 };
static void agrees(psw_point point, double tolerance)
{
    static double q[N * D], k[N * D], single[N * N], full[N * N];
    random_rows(1, N, D, q);
    random_rows(2, N, D, k);
    for (int i = 0; i < N * D; i++) q[i] = (double)(float)(q[i] / 4), k[i] = (double)(float)(k[i] / 4 + q[i]);
    sketched s = sketch_open(&point, N, NULL);
    sketcher()->draw(s.map, 2, (psw_watch){0});
    estimates(&s, &point, N, q, N, k, full);
    sketch_close(&s);
    estimates_fp32(&point, N, q, k, single);
    double worst = 0, largest = 0;
    for (int i = 0; i < N * N; i++) {
        worst = fmax(worst, fabs(single[i] - full[i]));
        largest = fmax(largest, fabs(full[i]));
    }
    CHECK(worst <= tolerance * largest, "method %d, leaves %d, beta %g: %g of %g", (int)point.method, (int)point.leaves,
          point.beta, worst, largest);
    CHECK(worst > 0, "method %d: fp32 is fp64", (int)point.method);
}

int main(void)
{
    static const psw_method methods[] = {PSW_MONOMIAL,     PSW_POLYSKETCH, PSW_TREE,
                                         PSW_TENSORSKETCH, PSW_SRHT,       PSW_MACLAURIN};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        for (int p = 2; p <= (methods[i] == PSW_MONOMIAL ? 4 : 8); p += 2)
            agrees(sketch_point(methods[i], p, D, 48), 1e-5);
    for (int i = 0; i < SKETCH_VARIANTS; i++)
        for (int p = 2; p <= 8; p += 2) agrees(sketch_variant(i, p, D, 48), 1e-5);
    agrees(sketch_point(PSW_FAVOR, NAN, D, 48), 3e-5);
    CHECK(error_of_tiny_rows_fp32() < 1e-6, "%g", error_of_tiny_rows_fp32()); /* a few roundings of fp32 */
    return test_end();
}
