/* Exponentials and logarithms of vectors against those of the C library in long double: over all exponents, dense in
 * one period, and at the ends of the range. Compiled for each precision. */
#include "polysweep/powers.h"

#include "check.h"
#include "polysweep/random.h"

enum { ROUNDS = 4000 };
static const int most = PSW_EXPONENT_BIAS; /* the largest exponent; the least of a normal number is 1 - most */

static double units_off(psw_real seen, long double exact)
{
    int exponent;
    frexpl(exact, &exponent);
    return (double)(fabsl((long double)seen - exact) / ldexpl(1, exponent - PSW_MANTISSA_BITS - 1));
}

/* A chunk of uniforms in (low, high), all bits of the mantissa in use. */
static void fill(uint64_t row, double low, double high, psw_real x[PSW_CHUNK])
{
    double u[PSW_CHUNK];
    psw_random_uniforms(psw_random_key(PSW_STREAM_DATA, 1, NULL, 0), row, 0, PSW_CHUNK, u);
    for (ptrdiff_t i = 0; i < PSW_CHUNK; i++) x[i] = (psw_real)(low + (high - low) * u[i]);
}

static void exp2_of(const psw_real *x, psw_real *y)
{
    for (ptrdiff_t i = 0; i < PSW_CHUNK; i += PSW_LANES)
        *(psw_loose_lanes *)(y + i) = psw_lanes_exp2(*(const psw_loose_lanes *)(x + i));
}

static void exp_of(const psw_real *x, psw_real whole, psw_real *y)
{
    for (ptrdiff_t i = 0; i < PSW_CHUNK; i += PSW_LANES)
        *(psw_loose_lanes *)(y + i) = psw_lanes_exp(*(const psw_loose_lanes *)(x + i), whole);
}

static void log2_of(const psw_real *x, psw_real *upper, psw_real *lower)
{
    psw_logs logs = psw_chunk_log2(psw_chunk_load(x));
    psw_chunk_store(logs.upper, upper);
    psw_chunk_store(logs.lower, lower);
}

/* A unit below a power of two is half of one above: 1/2 for the last rounding, 1/4 for that of the factor of r, and
 * what the coefficients leave out, below 2^-4. The argument of e^z is rounded twice more, by 2^-26 (2^-55) each, which
 * are 1/4. */
static void exponentials(void)
{
    double exp2_off = 0, exp_off = 0;
    psw_real x[PSW_CHUNK], y[PSW_CHUNK];
    for (uint64_t i = 0; i < ROUNDS; i++) {
        fill(i, i % 2 ? -0.5 : 1 - most, i % 2 ? 0.5 : most, x);
        exp2_of(x, y);
        for (ptrdiff_t j = 0; j < PSW_CHUNK; j++) exp2_off = fmax(exp2_off, units_off(y[j], exp2l(x[j])));
        double ln_2 = 0.6931471805599453, size = i % 2 ? 1 : (most - 1) * ln_2;
        fill(ROUNDS + i, -size, size, x);
        exp_of(x, PSW_WHOLE, y);
        for (ptrdiff_t j = 0; j < PSW_CHUNK; j++) exp_off = fmax(exp_off, units_off(y[j], expl(x[j])));
    }
    CHECK(exp2_off <= 0.82, "exp2 is off by %g units in the last place", exp2_off);
    CHECK(exp_off <= 1.07, "exp is off by %g units in the last place", exp_off);
}

/* The nearest long double, and what is left. */
static const long double log2_e = 0xb.8aa3b295c17f0bcp-3L, log2_e_lower = -0x1.05e004be5b8bp-65L;

/* Large arguments lose nothing: e^z 2^-E of scores near E ln 2 for large E, whose exact product with log2 e has 20 bits
 * before the point. */
static void large_arguments(void)
{
    double off = 0;
    psw_real z[PSW_CHUNK], y[PSW_CHUNK];
    for (uint64_t i = 0; i < ROUNDS; i++) {
        double exponent = floor(ldexp(1, (int)(i % 20)) * 1.37) * (i % 3 ? 1 : -1), ln_2 = 0.6931471805599453;
        fill(i, (exponent - 60) * ln_2, (exponent + 1) * ln_2, z);
        exp_of(z, PSW_WHOLE - (psw_real)exponent, y);
        for (ptrdiff_t j = 0; j < PSW_CHUNK; j++) {
            long double product = z[j] * log2_e;
            long double rest = fmal((long double)z[j], log2_e, -product) + z[j] * log2_e_lower;
            off = fmax(off, units_off(y[j], exp2l((product - exponent) + rest)));
        }
    }
    CHECK(off <= 1.07, "exp of large numbers is off by %g units in the last place", off);
}

/* The rounding of the inverse's square joins q / 3 < 0.01 of the logarithm of m, and that is at most 1/2: some 2^-30
 * and 2^-59 of a logarithm for each of four such roundings. Near 1 the relative error stays. */
static void logarithms(void)
{
    double off = 0, share = 0, bound = sizeof(psw_real) == 4 ? 0x1p-28 : 0x1p-57;
    psw_real x[PSW_CHUNK], upper[PSW_CHUNK], lower[PSW_CHUNK];
    for (uint64_t i = 0; i < ROUNDS; i++) {
        fill(i, i % 3 ? 0.5 : 1, 2, x);
        for (ptrdiff_t j = 0; j < PSW_CHUNK; j++) {
            if (i % 3 == 1) x[j] = (psw_real)(1 + ldexp((double)x[j] - 1.2, -(int)(j % (PSW_MANTISSA_BITS - 2))));
            if (i % 3 == 0) x[j] = (psw_real)ldexp((double)x[j], (int)((i * 37 + (uint64_t)j) % 252) - 126);
        }
        log2_of(x, upper, lower);
        for (ptrdiff_t j = 0; j < PSW_CHUNK; j++) {
            long double exact = log2l(x[j]);
            if (exact == 0) CHECK(upper[j] == 0 && lower[j] == 0, "log2 1 is %g", (double)upper[j]);
            if (exact == 0) continue;
            off = fmax(off, (double)fabsl((((long double)upper[j] - exact) + lower[j]) / exact));
            share = fmax(share, fabs((double)(lower[j] / upper[j])));
        }
    }
    CHECK(off <= bound, "log2 is off by 2^%g of itself", log2(off));
    CHECK(share <= (double)PSW_REAL_EPSILON / 2, "the lower part is 2^%g of the upper one", log2(share));
}

/* Powers of two are exact over the whole range, logarithms of no normal number are finite, NaN stays NaN. */
static void ends(void)
{
    psw_real x[PSW_CHUNK] = {0}, y[PSW_CHUNK], lower[PSW_CHUNK];
    for (int e = 1 - most; e <= most; e++) {
        x[0] = (psw_real)e, x[1] = (psw_real)ldexp(1, e);
        exp2_of(x, y);
        CHECK((double)y[0] == ldexp(1, e), "exp2 of %d is %g", e, (double)y[0]);
        log2_of(x, y, lower);
        CHECK((double)y[1] == e && lower[1] == 0, "log2 of 2^%d is %g + %g", e, (double)y[1], (double)lower[1]);
    }
    const psw_real odd[] = {0, PSW_REAL_MIN / 8, (psw_real)INFINITY, (psw_real)NAN, -2};
    memcpy(x, odd, sizeof odd);
    log2_of(x, y, lower);
    for (int i = 0; i < 5; i++)
        CHECK(isfinite(y[i]) && isfinite(lower[i]), "log2 of %g is %g", (double)x[i], (double)y[i]);
    CHECK(y[4] == 1 && lower[4] == 0, "the sign is not looked at: %g", (double)y[4]);
    exp2_of(x, y);
    CHECK(y[0] == 1 && isnan(y[3]) && y[4] == 0.25F, "exp2 of 0, NaN, -2: %g %g %g", (double)y[0], (double)y[3],
          (double)y[4]);
}

int main(void)
{
    exponentials();
    large_arguments();
    logarithms();
    ends();
    return test_end();
}
