/* Theory against numbers that were derived and measured elsewhere, with other programs. The tables print two decimals,
 * or sample rates of a stated number of draws; each check says which. */
#include "check.h"
#include "polysweep/stats.h"
#include "polysweep/theory.h"
#include "theory_case.h"
#include "theory_masses.h"

enum { SIZES = 8 }; /* n = 64 .. 8192 */

static psw_theory at(const preset_case *preset, ptrdiff_t n, ptrdiff_t d, double beta)
{
    psw_point p = case_of(preset, n, d, beta);
    return psw_theory_point(&p);
}

/* First degree of a grid whose success reaches 0.9. */
static double crossing(const preset_case *preset, ptrdiff_t n, ptrdiff_t d, double step)
{
    for (long i = 1; (double)i * step < 64; i++)
        if (at(preset, n, d, (double)i * step).success >= 0.9) return (double)i * step;
    return INFINITY;
}

static double half_mass(const preset_case *preset, ptrdiff_t n, ptrdiff_t d)
{
    double lo = 0, hi = 100;
    for (int i = 0; i < 60; i++) {
        double mid = (lo + hi) / 2;
        if (at(preset, n, d, mid).special_mass_d1 < 0.5)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* n = 64 .. 8192, d = 34: the first integer degree with success >= 0.9, T4's degree, where f = 1/2, and the crossing of
 * the exact probability on a grid of 0.01. */
static const struct {
    const preset_case *preset;
    double integer[SIZES], beta_c[SIZES], half[SIZES], crossing[SIZES];
} critical[] = {{&P1,
                 {4, 5, 6, 7, 8, 9, 10, 11},
                 {3.25, 4.26, 5.26, 6.25, 7.25, 8.25, 9.24, 10.24},
                 {5.96, 6.96, 7.97, 8.97, 9.96, 10.96, 11.96, 12.96},
                 {3.25, 4.24, 5.24, 6.19, 7.19, 8.18, 9.18, 10.18}},
                {&P2,
                 {2, 2, 3, 3, 4, 4, 5, 5},
                 {1.23, 1.74, 2.25, 2.75, 3.26, 3.77, 4.27, 4.78},
                 {3.02, 3.53, 4.04, 4.55, 5.05, 5.56, 6.06, 6.57},
                 {1.23, 1.74, 2.23, 2.72, 3.23, 3.73, 4.23, 4.72}},
                {&P3,
                 {4, 5, 7, 8, 9, 11, 12, 14},
                 {3.42, 4.82, 6.23, 7.63, 9.03, 10.43, 11.83, 13.23},
                 {8.36, 9.78, 11.19, 12.59, 13.99, 15.39, 16.79, 18.19},
                 {3.39, 4.80, 6.17, 7.54, 8.94, 10.34, 11.71, 13.07}}};

static void critical_degrees(void)
{
    for (size_t i = 0; i < sizeof critical / sizeof critical[0]; i++)
        for (int k = 0; k < SIZES; k++) {
            ptrdiff_t n = (ptrdiff_t)64 << k;
            const preset_case *preset = critical[i].preset;
            psw_theory theory = at(preset, n, 34, 2);
            CHECK(crossing(preset, n, 34, 1) == critical[i].integer[k], "%s n = %td", preset->name, n);
            /* two printed decimals: half a unit of the last, and rounding of the other program's bisection */
            CHECK(fabs(theory.beta_c - critical[i].beta_c[k]) < 0.0061, "%s n = %td: %g", preset->name, n,
                  theory.beta_c);
            CHECK(fabs(half_mass(preset, n, 34) - critical[i].half[k]) < 0.0061, "%s n = %td", preset->name, n);
            double first = crossing(preset, n, 34, 0.01);
            CHECK(fabs(first - critical[i].crossing[k]) < 0.0101, "%s n = %td: %g", preset->name, n, first);
            CHECK(theory.beta_fail < theory.beta_c && theory.beta_c < theory.beta_ok, "%s n = %td", preset->name, n);
        }
    CHECK(crossing(&P3, 256, 10, 1) == 6, "d = 10");
    CHECK(crossing(&P3, 1024, 130, 1) == 10, "d = 130");
    CHECK(crossing(&P3, 8192, 10, 1) == 13, "d = 10");
}

/* A power sees c^2 + omega, whichever of them it comes from: half of the constant feature and an offset that makes up
 * for the rest have the same masses, so the same degrees. Only w_d = -1 sees c itself. */
static void offset_for_constant(void)
{
    for (size_t i = 0; i < sizeof critical / sizeof critical[0]; i++)
        for (int k = 0; k < SIZES; k++) {
            psw_point p = case_of(critical[i].preset, (ptrdiff_t)64 << k, 34, 2);
            p.scale = 0.7, p.offset = 0.75 * p.c * p.c * p.scale * log((double)p.n), p.c /= 2;
            psw_theory theory = psw_theory_point(&p), plain = at(critical[i].preset, p.n, 34, 2);
            CHECK(fabs(theory.beta_c - critical[i].beta_c[k]) < 0.0061, "n = %td: %g", p.n, theory.beta_c);
            const double degrees[][2] = {{theory.beta_c, plain.beta_c},
                                         {theory.beta_fail, plain.beta_fail},
                                         {theory.beta_ok, plain.beta_ok},
                                         {theory.beta_large, plain.beta_large},
                                         {theory.special_mass_d1, plain.special_mass_d1},
                                         {theory.special_mass_d0, plain.special_mass_d0}};
            for (int j = 0; j < 6; j++) CHECK_NEAR(degrees[j][0], degrees[j][1], 1e-12);
        }
    psw_point p = case_of(&W2, 4096, 258, 8);
    psw_theory plain = psw_theory_point(&p);
    p.offset = 0.75 * log(4096), p.c = 0.5;
    psw_theory theory = psw_theory_point(&p);
    CHECK_NEAR(theory.beta_up_class, plain.beta_up_class, 1e-12);
    CHECK_NEAR(theory.beta_up_class_3s, plain.beta_up_class_3s, 1e-12);
    CHECK_NEAR(theory.beta_up_special, plain.beta_up_special, 1e-12);
    CHECK_NEAR(theory.success, plain.success, 1e-12); /* at this degree w_d = -1 fires with neither constant */
}

/* beta_c ~ ln n / ln(1 + (a_1^2 + b^2) / (c^2 + omega)), omega the same for every n; up to terms that die out with n.
 */
static void growth_of_the_critical_degree(void)
{
    for (int i = 0; i < 3; i++) {
        const double omega[] = {1.3, 0, -0.3};
        double beta_c[2], seen;
        for (int k = 0; k < 2; k++) {
            psw_point p = case_of(&P1, (ptrdiff_t)1 << (k ? 50 : 40), 34, 2);
            p.scale = 0.7, p.offset = omega[i] * p.scale * log((double)p.n);
            beta_c[k] = psw_theory_point(&p).beta_c;
        }
        seen = (beta_c[1] - beta_c[0]) / (10 * log(2)), beta_c[0] = 1 / log1p((0.49 + 0.0025) / (0.49 + omega[i]));
        CHECK(fabs(seen / beta_c[0] - 1) < 1e-3, "omega = %g: %g, not %g", omega[i], seen, beta_c[0]);
    }
}

/* Softmax separates where a_1^2 + b^2 > 1; linear only at the smallest size of P2. */
static void baselines(void)
{
    static const preset_case *const presets[] = {&P1, &P2, &P3};
    for (int i = 0; i < 3; i++)
        for (ptrdiff_t n = 64; n <= 8192; n *= 2)
            for (ptrdiff_t d = 10; d <= 34; d += 24) {
                psw_point p = case_of(presets[i], n, d, NAN);
                p.method = PSW_SOFTMAX;
                psw_theory soft = psw_theory_point(&p);
                p.method = PSW_LINEAR;
                psw_theory linear = psw_theory_point(&p);
                CHECK(isnan(soft.beta_c) && isnan(soft.beta_up) && isnan(linear.beta_large), "degrees of a baseline");
                if (i > 0) CHECK(soft.success > 0.99, "%s n = %td: %g", presets[i]->name, n, soft.success);
                if (i == 0 && n >= 256) CHECK(soft.success < 0.01, "P1 n = %td: %g", n, soft.success);
                /* 200 draws gave .62, .04, .04 and .33: five standard deviations */
                if (i == 0 && n == 64) CHECK(fabs(soft.success - (d == 10 ? 0.62 : 0.04)) < 0.17, "%g", soft.success);
                if (i == 1 && n == 64 && d == 10) CHECK(fabs(linear.success - 0.33) < 0.17, "%g", linear.success);
                if (!(i == 1 && n == 64))
                    CHECK(linear.success < 0.01, "%s n = %td: %g", presets[i]->name, n, linear.success);
            }
}

/* At a scale s it separates where s (a_1^2 + b^2) > 1:  theta = 1 / (1 + (t-1) n^(-s a^2) + (n-t) n^(-s (a^2 + b^2)))
 */
static void temperatures(void)
{
    for (int i = 0; i < 4; i++) {
        const double scales[] = {0.5, 1, 2, 4};
        psw_point p = case_of(&P1, (ptrdiff_t)1 << 40, 34, NAN);
        double n = (double)p.n, s = scales[i], aa = 0.49, bb = 0.0025, t = n / 32;
        p.method = PSW_SOFTMAX, p.scale = s;
        psw_theory theory = psw_theory_point(&p);
        double theta = 1 / (1 + (t - 1) * pow(n, -s * aa) + (n - t) * pow(n, -s * (aa + bb)));
        CHECK_NEAR(theory.special_mass_d1, theta, 1e-12);
        CHECK(i < 2 ? theory.success < 1e-9 : i > 2 ? theory.success > 0.999 : true, "scale %g: %g", s, theory.success);
        p.offset = 5; /* cancels */
        CHECK(psw_theory_point(&p).special_mass_d1 == theory.special_mass_d1, "an offset of softmax");
    }
}

/* P(X <= k) of Binomial(draws, p) */
static double binomial_below(int k, int draws, double p)
{
    double sum = 0;
    for (int i = 0; i <= k; i++)
        sum += exp(lgamma(draws + 1) - lgamma(i + 1) - lgamma(draws - i + 1) + (i ? i * log(p) : 0) +
                   (draws - i ? (draws - i) * log1p(-p) : 0));
    return sum;
}

/* A rate of `draws` draws, printed with `decimals` decimals, against a probability: both tails above 0.05 %. */
static void sampled(double rate, int draws, double p, const char *what, double where)
{
    int k = (int)lround(rate * draws);
    double lower = p < 1 ? binomial_below(k, draws, p) : k == draws;
    double upper = k == 0 || p >= 1 ? 1 : 1 - binomial_below(k - 1, draws, p);
    CHECK(lower > 5e-4 && upper > 5e-4, "%s at %g: %d of %d, expected %g", what, where, k, draws, draws * p);
}

/* P1, n = 1024, d = 34: mass, chance of one sign vector, success with 4, 8, 16, 32 of them in 300 draws. */
static void success_against_m(void)
{
    static const double rows[][7] = {{4, .016, 0, 0, 0, 0, 0},
                                     {6, .060, 0, 0, 0, 0, 0},
                                     {7, .113, .0044, .023, .033, .060, .113},
                                     {8, .203, .25, .713, .923, 1, 1},
                                     {10, .506, .25, .680, .887, .993, 1},
                                     {16, .985, .25, .667, .910, 1, 1},
                                     {32, 1.000, .25, .720, .887, .993, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        psw_point p = case_of(&P1, 1024, 34, rows[i][0]);
        CHECK(fabs(masses_of(&p, 1).special - rows[i][1]) < 6e-4, "f at beta = %g", rows[i][0]);
        CHECK(fabs(psw_theory_firing(&p).d1 - rows[i][2]) < 6e-5, "p at beta = %g", rows[i][0]);
        for (int k = 0; k < 4; k++) {
            p.m = 4 << k;
            sampled(rows[i][3 + k], 300, psw_theory_point(&p).success, "success against m", rows[i][0]);
        }
    }
    psw_point p = case_of(&P1, 1024, 34, 7);
    CHECK(fabs(psw_theory_firing(&p).d1 - 0.00443) < 5e-6, "p(7) = %g", psw_theory_firing(&p).d1);
}

/* The chance of one sign vector when theta -> 1, by where a_1 stands between kappa -+ b and 2c + kappa -+ b. */
static void large_beta_chance(void)
{
    static const double rows[][3] = {{.7, .7, .25},  {.7, .29, .375}, {.7, .1, .5}, {1.2, .5, .5},
                                     {1.2, .6, .25}, {.1, .7, .125},  {.04, .7, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        psw_point p = case_of(&P1, 1024, 34, 1e6);
        p.a_1 = rows[i][0], p.c = rows[i][1], p.b = 0.05;
        CHECK_NEAR(psw_theory_firing(&p).d1, rows[i][2], 1e-13); /* sums of 256 dyadic weights */
        for (double offset = -0.04; offset < 3; offset += 1) {   /* limits know nothing of scores */
            p.scale = 0.8, p.offset = offset;
            CHECK_NEAR(psw_theory_firing(&p).d1, rows[i][2], 1e-13);
        }
    }
}

/* W2, n = 4096, m = 67, 60 draws. */
static void phase_diagram(void)
{
    static const double beta[] = {2, 4, 5, 6, 8, 12, 16, 24, 32, 40, 48, 56, 64, 96};
    static const struct {
        ptrdiff_t d;
        double rate[14], class_edge, three_sigma;
    } rows[] = {{18, {0, 0, .05, 0, .03, .02, 0, 0, 0, 0, 0, 0, 0, 0}, 23.4, 0},
                {34, {0, .13, .20, .35, .37, .17, .23, .02, 0, 0, 0, 0, 0, 0}, 31.8, 0},
                {66, {0, .02, .40, .88, .90, .87, .78, .60, .03, 0, 0, 0, 0, 0}, 40.0, 0},
                {130, {0, 0, .03, 1, 1, 1, 1, .98, .88, .57, 0, 0, 0, 0}, 48.2, 29.6},
                {258, {0, 0, 0, .92, 1, 1, 1, 1, 1, 1, .93, 0, 0, 0}, 56.3, 46.6},
                {514, {0, 0, 0, .87, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, 64.3, 58.4},
                {1026, {0, 0, 0, .70, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}, 72.4, 68.5}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        psw_theory theory = at(&W2, 4096, rows[i].d, 8);
        CHECK(fabs(theory.beta_up_class - rows[i].class_edge) < 0.06, "d = %td: %g", rows[i].d, theory.beta_up_class);
        bool predicts = rows[i].three_sigma > 0; /* else ordinary rows fire from degree 0 on */
        CHECK(predicts ? fabs(theory.beta_up_class_3s - rows[i].three_sigma) < 0.06 : isnan(theory.beta_up_class_3s),
              "d = %td: %g", rows[i].d, theory.beta_up_class_3s);
        CHECK(theory.beta_up == fmin(theory.beta_up_class, theory.beta_up_special), "d = %td", rows[i].d);
        CHECK(rows[i].d < 66 || (theory.beta_c > 6.03 && theory.beta_c < 6.12), "lower edge %g", theory.beta_c);
        for (int k = 0; k < 14; k++) {
            psw_point p = case_of(&W2, 4096, rows[i].d, beta[k]);
            p.m = 67;
            sampled(rows[i].rate[k], 60, psw_theory_point(&p).success, "phase diagram",
                    (double)rows[i].d + beta[k] / 1e3);
        }
    }
}

/* W1: integer degrees with success >= 0.9, and T4's equation on both sides. */
static void window(void)
{
    static const double rows[][5] = {{256, 4, 27, 3.44, 28.3}, {1024, 5, 36, 5.0, 37.6}, {4096, 7, 45, 6.55, 46.8}};
    for (int i = 0; i < 3; i++) {
        ptrdiff_t n = (ptrdiff_t)rows[i][0];
        double first = INFINITY, last = 0;
        for (double beta = 1; beta <= 64; beta++)
            if (at(&W1, n, 34, beta).success >= 0.9) first = fmin(first, beta), last = beta;
        CHECK(first == rows[i][1] && last == rows[i][2], "W1 n = %td: %g .. %g", n, first, last);
        psw_theory theory = at(&W1, n, 34, 2);
        /* the width of the printed edges is not known, and d = 18 to 66 moves them by this much */
        CHECK(fabs(theory.beta_c - rows[i][3]) < 0.03, "W1 n = %td: %g", n, theory.beta_c);
        CHECK(fabs(theory.beta_up_special - rows[i][4]) < 0.15, "W1 n = %td: %g", n, theory.beta_up_special);
        CHECK(isinf(theory.beta_up_class) && theory.beta_up == theory.beta_up_special, "W1 has no class edge");
    }
}

int main(void)
{
    critical_degrees();
    offset_for_constant();
    growth_of_the_critical_degree();
    baselines();
    temperatures();
    success_against_m();
    large_beta_chance();
    phase_diagram();
    window();
    return test_end();
}
