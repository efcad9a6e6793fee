/* Weights of rows against long double: powers of integer and real degrees, and e^z, in units of the last place of the
 * weight. Compiled for each precision. */
#include "attend/weigh.h"

#include "check.h"
#include "polysweep/random.h"
#include "polysweep/transcend.h"

enum { COUNT = 300, DIGITS = sizeof(psw_real) == 4 ? 24 : 53 };

static double units_off(psw_real seen, long double exact)
{
    int exponent;
    frexpl(exact, &exponent);
    return (double)(fabsl((long double)seen - exact) / ldexpl(1, exponent - DIGITS));
}

/* Scores of both signs, all bits of the mantissa in use, their sizes over `powers` powers of two around 2^middle. */
static void fill(uint64_t row, int middle, int powers, psw_real *z)
{
    double u[2 * COUNT];
    psw_random_uniforms(psw_random_key(PSW_STREAM_DATA, 7, NULL, 0), row, 0, 2 * COUNT, u);
    for (ptrdiff_t i = 0; i < COUNT; i++) {
        double size = ldexp(1 + u[2 * i], middle - (int)(u[2 * i + 1] * (powers + 1)));
        z[i] = (psw_real)(i % 5 ? size : -size);
    }
    z[11] = middle == 0 ? 1 : z[11]; /* its logarithm is 0 */
}

static attend_weight_sum weigh(psw_method method, const psw_point *p, const psw_real *z, ptrdiff_t count, psw_real *w)
{
    const attend_method_row *row_of = attend_method_row_of(method);
    attend_score_row row = {.z = z, .count = count, .peak = psw_row_peak(row_of->peak(p), z, count)};
    attend_log2_all(&row.peak, 1, &row.log2_peak);
    return row_of->weigh(p, &row, w);
}

/* ---- powers ---- */

static long double power_of(const psw_point *p, long double z)
{
    long double size = powl(fabsl(z), p->beta);
    if (z >= 0 || p->negative == PSW_NEGATIVE_ABS) return size;
    return p->negative == PSW_NEGATIVE_RELU ? 0 : fmod(p->beta, 2) == 0 ? size : -size;
}

/* The largest error over what is allowed, of weights that are kept; those far below the largest are 0. */
static double worst_power(const psw_point *p, const psw_real *z)
{
    static psw_real w[COUNT];
    double worst = 0;
    long double sum = 0, size = 0;
    attend_weight_sum seen = weigh(PSW_EXACT, p, z, COUNT, w);
    for (ptrdiff_t i = 0; i < COUNT; i++) {
        long double exact = ldexpl(power_of(p, z[i]), -seen.exponent);
        double allowed = p->beta == floor(p->beta) ? p->beta + 2 : 2 + fabs(p->beta * log2(fabs((double)z[i])));
        sum += w[i], size += fabsl(w[i]);
        if (w[i] == 0)
            CHECK(fabsl(exact) <= ldexpl(1, PSW_LOWEST_EXPONENT + 2), "beta %g: %g has no weight", p->beta,
                  (double)z[i]);
        else
            worst = fmax(worst, units_off(w[i], exact) / allowed);
    }
    /* partial sums of ten numbers at most, then four of these: some ten roundings */
    CHECK(fabsl(seen.sum - sum) <= 8 * (long double)PSW_REAL_EPSILON * size, "beta %g: the sum is off", p->beta);
    return worst;
}

static void powers(const double *degrees, int count)
{
    static psw_real z[COUNT];
    double worst = 0, at = 0;
    for (int d = 0; d < count; d++)
        for (int k = 0; k < 24; k++) {
            psw_point p = {.beta = degrees[d],
                           .negative =
                               (psw_negative[]){PSW_NEGATIVE_SIGNED, PSW_NEGATIVE_ABS, PSW_NEGATIVE_RELU}[k % 3]};
            fill((uint64_t)(d * 100 + k), (int[]){0, 3, -7, 20}[k % 4], (int[]){0, 2, 11}[k / 8], z);
            double own = worst_power(&p, z);
            at = own > worst ? degrees[d] : at;
            worst = fmax(worst, own);
        }
    CHECK(worst <= 1, "%g of what is allowed, at beta = %g", worst, at);
}

/* ---- e^z ---- */

/* The nearest long double, and what is left. */
static const long double log2_e = 0xb.8aa3b295c17f0bcp-3L, log2_e_lower = -0x1.05e004be5b8bp-65L;

static long double exponential_of(psw_real z, int exponent)
{
    long double product = z * log2_e;
    return exp2l((product - exponent) + fmal((long double)z, log2_e, -product) + z * log2_e_lower);
}

/* A weight has the error of the exponential: tests/unit/powers.c. Below the cut-off, give or take a rounding, is 0. */
static void exponentials(double size, double units)
{
    static psw_real z[COUNT], w[COUNT];
    double worst = 0;
    for (uint64_t row = 0; row < 40; row++) {
        double u[COUNT];
        psw_random_uniforms(psw_random_key(PSW_STREAM_DATA, 8, NULL, 0), row, 0, COUNT, u);
        for (ptrdiff_t i = 0; i < COUNT; i++) z[i] = (psw_real)(i % 2 ? size * (2 * u[i] - 1) : size - 40 * u[i]);
        if (row % 2) z[7] = (psw_real)-INFINITY;
        attend_weight_sum sum = weigh(PSW_SOFTMAX, &(psw_point){0}, z, COUNT, w);
        for (ptrdiff_t i = 0; i < COUNT; i++) {
            long double exact = isinf(z[i]) ? 0 : exponential_of(z[i], sum.exponent);
            if (w[i] == 0)
                CHECK(exact <= ldexpl(1.001L, PSW_LOWEST_EXPONENT), "e^%g has no weight", (double)z[i]);
            else
                worst = fmax(worst, units_off(w[i], exact));
        }
    }
    CHECK(worst <= units, "scores to +-%g: weights are off by %g units in the last place", size, worst);
}

int main(void)
{
    double integers[64];
    for (int i = 0; i < 64; i++) integers[i] = i + 1;
    powers(integers, 64);
    const double reals[] = {0.25, 0.5, 0.7, 1.5, 2.2, 3.5, 7.3, 12.9, 33.3, 64.5, 99.9};
    powers(reals, sizeof reals / sizeof reals[0]);
    exponentials(1, 1.07), exponentials(20, 1.07), exponentials(700, 1.07);
    exponentials(1e7, 1.07);
    return test_end();
}
