/* Weights of one row, and the functions they are made of, in fp64. */
#include "attend/weigh.h"

#include "polysweep/transcend.h"
#include "check.h"
#include "polysweep/random.h"

enum { COUNT = 700 };

static double units_off(double seen, long double exact)
{
    int exponent;
    frexpl(exact, &exponent);
    return (double)(fabsl((long double)seen - exact) / ldexpl(1, exponent - 53));
}

/* Over the whole range, and near 1 where log2 must keep its relative accuracy. */
static void functions(void)
{
    psw_key key = psw_random_key(PSW_STREAM_DATA, 1, NULL, 0);
    double log_off = 0, exp_off = 0;
    for (uint64_t i = 0; i < 200000; i++) {
        double u[4];
        psw_random_uniforms(key, i, 0, 4, u);
        double x = i % 2 ? 1 + (u[0] - 0.5) * ldexp(1, -(int)(40 * u[1])) : ldexp(1 + u[0], (int)(2040 * u[1]) - 1020);
        double y = i % 2 ? 2 * u[2] - 1 : 2040 * u[2] - 1018;
        if (x != 1) log_off = fmax(log_off, units_off(psw_log2(x), log2l((long double)x)));
        exp_off = fmax(exp_off, units_off(psw_exp2(y), exp2l((long double)y)));
    }
    CHECK(log_off <= 2, "log2 is off by %g units in the last place", log_off);
    CHECK(exp_off <= 2, "exp2 is off by %g units in the last place", exp_off);
    CHECK(psw_log2(1) == 0 && psw_log2(0x1p-1022) == -1022 && psw_exp2(0) == 1 && psw_exp2(-1021) == 0x1p-1021,
          "powers of two are exact");
    CHECK(isnan(psw_exp2(NAN)), "NaN stays NaN");
    CHECK(psw_exp2_any(-2000) == 0 && isinf(psw_exp2_any(1024)) && psw_exp2_any(-1060) == 0x1p-1060, "past the range");
    CHECK(isnan(psw_exp2_any(NAN)) && psw_exp2_any(INFINITY) == INFINITY && psw_exp2_any(-INFINITY) == 0, "no number");
    CHECK(psw_exp2_any(0.3) == psw_exp2(0.3) && psw_exp2_any(-700.4) == psw_exp2(-700.4), "any is the same");
    CHECK(psw_log2_any(0x1p-1070) == -1070 && psw_log2_any(0) == -INFINITY && isnan(psw_log2_any(-1)), "log2 of any");
    CHECK(psw_log2_any(INFINITY) == INFINITY && isnan(psw_log2_any(NAN)), "log2 of what is no number");
}

static attend_weight_sum weigh(const psw_point *p, const double *z, ptrdiff_t count, double *w)
{
    double peak = psw_row_peak(PSW_PEAK_MAGNITUDE, z, count);
    return attend_method_row_of(PSW_EXACT)->weigh(
        p, &(attend_score_row){.z = z, .count = count, .peak = peak, .log2_peak = psw_log2(peak)}, w);
}

/* Every weight is z^beta 2^-E, the largest one in [1, 2), and the sum is theirs. */
static void row_of(const psw_point *p, const double *z, ptrdiff_t count)
{
    static double w[COUNT];
    attend_weight_sum seen = weigh(p, z, count, w);
    long double sum = 0;
    double top = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        long double size = powl(fabsl((long double)z[i]), p->beta);
        long double exact = ldexpl(z[i] < 0 && fmod(p->beta, 2) != 0 ? -size : size, -seen.exponent);
        bool dropped = fabsl(exact) < ldexpl(1, PSW_LOWEST_EXPONENT + 2);
        /* beta roundings of u and c; a real degree also rounds beta log2 |z|, up to 2^-52 of itself */
        double units = 2 + 2 * p->beta + (fmod(p->beta, 1) != 0 ? fabs(p->beta * log2(fabs(z[i]))) : 0);
        CHECK(dropped ? fabs(w[i]) <= 0x1p-950 : fabsl(w[i] - exact) <= units * 2.3e-16 * fabsl(exact),
              "beta %g, z %g: %g is not %Lg", p->beta, z[i], w[i], exact);
        sum += w[i];
        top = fmax(top, fabs(w[i]));
    }
    /* at the edge of a power of two rounding may fall on either side */
    CHECK(top >= 1 - 1e-12 && top < 2 + 1e-12, "beta %g: the largest weight is %g", p->beta, top);
    CHECK_NEAR(seen.sum, (double)sum, 1e-13); /* 44 additions a lane at most */
}

static void rows(void)
{
    static const double degrees[] = {1, 2, 3, 4, 5, 7, 8, 15, 16, 31, 63, 64, 100, 255, 256, 1000, 0.5, 1.5, 3.5, 99.9};
    static const ptrdiff_t counts[] = {1, 31, 32, 33, 64, 100, COUNT};
    static double z[COUNT];
    for (size_t d = 0; d < sizeof degrees / sizeof degrees[0]; d++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
            for (int scale = -200; scale <= 200; scale += 100) {
                psw_point p = {.beta = degrees[d], .negative = PSW_NEGATIVE_SIGNED};
                psw_key key = psw_random_key(PSW_STREAM_DATA, 2 + d, NULL, 0);
                if (fabs(scale * p.beta) > 15000) continue; /* out of the oracle's range */
                psw_random_normals(key, (uint64_t)(scale + 200), 0, counts[c], z);
                if (counts[c] > 40) z[40] = 0;
                for (ptrdiff_t i = 0; i < counts[c]; i++) z[i] = ldexp(z[i], scale);
                row_of(&p, z, counts[c]);
            }
}

static void special_rows(void)
{
    double z[3] = {0, 0, 0}, w[3] = {7, 7, 7};
    psw_point p = {.beta = 4};
    attend_weight_sum sum = weigh(&p, z, 3, w);
    CHECK(sum.sum == 0 && sum.exponent == PSW_EMPTY && w[0] == 0 && w[2] == 0, "zero scores have no weight");
    p.beta = 0;
    sum = weigh(&p, z, 3, w);
    CHECK(sum.sum == 3 && sum.exponent == 0 && w[1] == 1, "degree 0 counts");
    double odd[] = {-3, 2, -1};
    CHECK(psw_row_peak(PSW_PEAK_MAGNITUDE, odd, 3) == 3 && psw_row_peak(PSW_PEAK_SIGNED, odd, 3) == 2, "peaks");
    CHECK(psw_row_peak(PSW_PEAK_SIGNED, odd, 1) == -3, "a negative peak");
    odd[1] = NAN;
    CHECK(isnan(psw_row_peak(PSW_PEAK_MAGNITUDE, odd, 3)), "NaN is on top");
    double low[] = {1, 0x1p-241, 0.5}; /* 2^-964: below what is kept */
    p.beta = 4;
    weigh(&p, low, 3, w);
    CHECK(w[0] == 1 && w[1] == 0 && w[2] == 0.0625, "a weight out of reach is 0: %g", w[1]);
}

/* Partial sums of e^z: of scores whose powers are far beyond any number the last term is all there is, z^p / p!; of
 * others, the sum itself. */
static void partial_sums(ptrdiff_t order, psw_negative negative)
{
    const double large[] = {0x1.8p900, -0x1.8p900, 3, 0}, plain[] = {1.7, -0.9, 0, -2.3, 0.4};
    psw_point p = {.method = PSW_TAYLOR, .order = order, .negative = negative};
    const attend_method_row *row = attend_method_row_of(PSW_TAYLOR);
    double w[5], minus = order % 2 == 0 || negative == PSW_NEGATIVE_ABS ? 1 : negative == PSW_NEGATIVE_RELU ? 0 : -1;
    attend_weight_sum sum = row->weigh(&p, &(attend_score_row){.z = large, .count = 4, .peak = 0x1.8p900}, w);
    double last = (double)order * (900 + log2(1.5)) - lgamma((double)order + 1) / log(2);
    CHECK(w[0] >= 1 && w[0] < 2, "order %td: weight %g", order, w[0]);
    CHECK_NEAR(log2(w[0]) + sum.exponent, last, 1e-13 * last); /* of the logarithm of a factorial */
    CHECK_NEAR(w[1], minus * w[0], 0x1p-51);                   /* ties of roundings, which lower terms decide */
    CHECK(w[3] >= 0, "order %td: %g of 0", order, w[3]);
    sum = row->weigh(&p, &(attend_score_row){.z = plain, .count = 5, .peak = 2.3}, w);
    for (int j = 0; j < 5; j++) {
        double term = 1, expected = 1;
        for (ptrdiff_t i = 1; i <= order; i++) expected += term *= plain[j] / (double)i;
        if (expected < 0) expected *= -minus;
        CHECK_NEAR(ldexp(w[j], sum.exponent), expected, 1e-14); /* terms of up to e^2.3, a few roundings */
    }
}

int main(void)
{
    functions();
    rows();
    special_rows();
    for (ptrdiff_t order = 1; order <= 64; order += order < 9 ? 1 : 11)
        for (int negative = PSW_NEGATIVE_SIGNED; negative <= PSW_NEGATIVE_RELU; negative++)
            partial_sums(order, (psw_negative)negative);
    return test_end();
}
