/* Exponentials of rows of features against those of the C library in long double, for rows of every length. Compiled
 * for each precision. */
#include "sketch/exp.h"

#include "check.h"
#include "polysweep/random.h"

enum { MOST = 70 };

/* A unit is at most epsilon of the number; see tests/unit/powers.c for 1.07. */
static void rows(void)
{
    double most = sizeof(psw_real) == 4 ? 86.9 : 699.9, worst = 0;
    for (ptrdiff_t count = 1; count < MOST; count++) {
        double u[MOST];
        psw_real x[MOST], y[MOST];
        psw_random_uniforms(psw_random_key(PSW_STREAM_DATA, 9, NULL, 0), (uint64_t)count, 0, MOST, u);
        for (ptrdiff_t i = 0; i < MOST; i++) y[i] = x[i] = (psw_real)((2 * u[i] - 1) * (i % 2 ? most : 2));
        sketch_exp_all(y, count);
        for (ptrdiff_t i = 0; i < count; i++) worst = fmax(worst, (double)fabsl(y[i] / expl(x[i]) - 1));
        for (ptrdiff_t i = count; i < MOST; i++) CHECK(y[i] == x[i], "entry %td of %td was written", i, count);
    }
    CHECK(worst <= 1.07 * (double)PSW_REAL_EPSILON, "e^x is off by %g of itself", worst);
}

static void ends(void)
{
    psw_real most = sizeof(psw_real) == 4 ? 87 : 700, x[] = {0, INFINITY, 1e30F, -1e30F, -INFINITY, NAN, most, -most};
    sketch_exp_all(x, 8);
    CHECK(x[0] == 1 && isnan(x[5]), "e^0 is %g, e^NaN %g", (double)x[0], (double)x[5]);
    CHECK(x[1] == x[6] && x[2] == x[6] && isfinite(x[6]), "what is too large is cut off: %g", (double)x[1]);
    CHECK(x[3] == x[7] && x[4] == x[7] && x[7] >= PSW_REAL_MIN, "and what is too small: %g", (double)x[4]);
}

int main(void)
{
    rows();
    ends();
    return test_end();
}
