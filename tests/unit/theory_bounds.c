/* The degrees as roots of what they are defined by, and what must hold at both sides of them. */
#include <string.h>

#include "check.h"
#include "polysweep/theory.h"
#include "theory_case.h"
#include "theory_masses.h"

static double theta(psw_point p, double beta)
{
    p = at_degree(p, beta);
    return masses_of(&p, 1).special;
}

static psw_firing firing(psw_point p, double beta)
{
    p = at_degree(p, beta);
    return psw_theory_firing(&p);
}

/* a f + b (f + s_k) */
static double favourable(psw_point p, int set, double beta)
{
    p = at_degree(p, beta);
    masses mass = masses_of(&p, set);
    return (set ? p.a_1 : p.a_0) * mass.special + p.b * (mass.special + mass.special_class);
}

/* Residuals: a root to 2 ulp of beta, times a slope of at most about one per degree, times a few ulp of exp. */
static void roots(psw_point p)
{
    psw_theory t = psw_theory_point(&p);
    if (t.beta_fail > 0 && isfinite(t.beta_fail)) CHECK_NEAR(theta(p, t.beta_fail), (p.kappa - p.b) / p.a_1, 1e-12);
    if (t.beta_ok > 0 && isfinite(t.beta_ok)) CHECK_NEAR(theta(p, t.beta_ok), (p.kappa + p.b) / p.a_1, 1e-12);
    if (t.beta_c > 0 && isfinite(t.beta_c)) CHECK_NEAR(favourable(p, 1, t.beta_c), p.kappa, 1e-12);
    if (t.beta_up_special > 0 && isfinite(t.beta_up_special))
        CHECK_NEAR(favourable(p, 0, t.beta_up_special), p.kappa, 1e-12);
    if (t.beta_up_class > 0 && isfinite(t.beta_up_class)) {
        psw_point up = at_degree(p, t.beta_up_class);
        CHECK_NEAR(p.b * masses_of(&up, 0).own_class, p.kappa, 1e-12);
    }
    if (isfinite(t.beta_large)) CHECK(theta(p, t.beta_large) >= 0.5 - 1e-12, "theta %g", theta(p, t.beta_large));
    CHECK(t.beta_fail <= t.beta_ok, "%g > %g", t.beta_fail, t.beta_ok);
    CHECK(!isnan(t.beta_fail + t.beta_c + t.beta_ok + t.beta_large + t.beta_up_special + t.beta_up), "NaN");
    /* certainty on both sides: no vector fires at beta_fail; from beta_ok a quarter of them does (w_1 = w_d = +1) */
    if (t.beta_fail > 0 && isfinite(t.beta_fail))
        CHECK(firing(p, t.beta_fail * (1 - 1e-9)).d1 == 0, "fires below beta_fail = %g", t.beta_fail);
    if (isfinite(t.beta_ok))
        CHECK(firing(p, t.beta_ok * (1 + 1e-6) + 1e-6).d1 >= 0.25 - 1e-12, "beta_ok = %g", t.beta_ok);
}

static void every_preset(void)
{
    const preset_case *const presets[] = {&P1, &P2, &P3, &W1, &W2};
    const ptrdiff_t n[] = {8, 64, 4096, 1000000000 / 8 * 8}, d[] = {3, 4, 10};
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 4; k++)
            for (int l = 0; l < 3; l++) {
                psw_point p = case_of(presets[i], n[k], d[l], 4);
                roots(p);
                /* D_0 never fires where a_0 + b <= kappa, at any degree */
                for (double beta = 0.25; i < 3 && beta < 1e5; beta *= 4)
                    CHECK(firing(p, beta).d0 == 0, "%s fires on D_0", presets[i]->name);
            }
}

/* Affine scores: the same roots of the same definitions, at offsets of either sign, and at those that follow the
 * degree. Only offset / scale matters to a power. */
static void affine_scores(void)
{
    const preset_case *const presets[] = {&P1, &P2, &P3, &W1, &W2};
    const double offsets[] = {0.7, 3.3, -0.2, -0.85}, centers[] = {0, 0.3, 0.9, -2};
    for (int i = 0; i < 5 * 4 * 2 * 2; i++) {
        psw_point p = case_of(presets[i % 5], i / 20 % 2 ? 4096 : 64, i / 40 ? 10 : 4, 4), q;
        double least = p.c * p.c * log((double)p.n), share = offsets[i / 5 % 4];
        p.scale = 0.37, p.offset = share < 0 ? share * p.scale * least : share;
        roots(p);
        q = p, q.scale *= 4, q.offset *= 4;
        CHECK(memcmp(&(psw_theory[]){psw_theory_point(&p)}, &(psw_theory[]){psw_theory_point(&q)},
                     sizeof(psw_theory)) == 0,
              "an offset of 4 at a scale of 4 is not one of 1 at 1");
        q = case_of(presets[i % 5], p.n, p.d, 4);
        CHECK((psw_theory_point(&p).beta_large > psw_theory_point(&q).beta_large) == (share > 0), "an offset is a c");
        roots(matched(q, 1.9, centers[i / 5 % 4] < 0 ? centers[i / 5 % 4] : centers[i / 5 % 4] * least));
        for (double beta = 0.25; i % 5 < 3 && beta < 1e5; beta *= 8) /* a_0 + b <= kappa, whatever the scores */
            CHECK(firing(p, beta).d0 == 0, "%s fires on D_0", presets[i % 5]->name);
    }
}

/* With match exp the degree tends to softmax: what softmax does not reach no degree does, and where it does the degrees
 * of a plain power are left behind. ln n = 4 ln 8 and a_1^2 + b^2 < 1 at temperature 1. */
static void towards_softmax(void)
{
    psw_point p = matched(case_of(&P1, 4096, 34, 4), 1, 0), soft = case_of(&P1, 4096, 34, NAN);
    soft.method = PSW_SOFTMAX;
    psw_theory t = psw_theory_point(&p);
    CHECK(isinf(t.beta_c) && isinf(t.beta_ok) && isinf(t.beta_large) && isinf(t.edge_lo), "%g", t.beta_c);
    CHECK_NEAR(theta(p, 1e9), psw_theory_point(&soft).special_mass_d1, 1e-7); /* (s z)^2 / 2 beta of a logarithm */
    p = matched(p, 3, 0), soft.scale = 3;
    CHECK(isfinite(psw_theory_point(&p).beta_c) && isfinite(psw_theory_point(&p).edge_lo), "a lower temperature");
    CHECK_NEAR(theta(p, 1e9), psw_theory_point(&soft).special_mass_d1, 1e-6);
    p = matched(case_of(&P2, 4096, 34, 40), 1, 0.49 * log(4096) * (1 + 1e-9));
    CHECK(isnan(psw_theory_point(&p).beta_c) && isnan(psw_theory_point(&p).edge_lo), "a score below the centre");
    CHECK(psw_theory_point(&p).success > 0.99, "%g", psw_theory_point(&p).success);
}

/* What never happens is +inf, what holds from the start is 0, what does not apply is NaN. */
static void limits(void)
{
    psw_point p = case_of(&P1, 1024, 34, 4);
    CHECK(isinf(psw_theory_point(&p).beta_up), "P1 has no upper edge");
    p.a_0 = p.b = 0.05; /* a_0 + b = kappa exactly */
    CHECK(isinf(psw_theory_point(&p).beta_up), "a tie is no upper edge");
    CHECK(firing(p, 1e7).d0 == 0, "a tie is no firing");
    p = case_of(&P1, 1024, 34, 4), p.a_1 = 0.04;
    CHECK(isinf(psw_theory_point(&p).beta_c) && isinf(psw_theory_point(&p).beta_ok), "a_1 + b < kappa");
    p.a_1 = 0;
    CHECK(isinf(psw_theory_point(&p).beta_fail) && isinf(psw_theory_point(&p).beta_large), "a_1 = 0");
    p = case_of(&W2, 1024, 34, 4);
    CHECK(psw_theory_point(&p).beta_fail == 0, "b > kappa");
    p.a_0 = 0;
    CHECK(isfinite(psw_theory_point(&p).beta_up_special), "own class alone reaches kappa");
    CHECK_NEAR(favourable(p, 0, psw_theory_point(&p).beta_up_special), p.kappa, 1e-12);
    p = case_of(&P1, 1000000000, 3, 1e300);
    CHECK(theta(p, 1e300) == 1 && theta(p, 0) == 1e-9, "limits of theta");
    CHECK(theta(case_of(&P3, 4096, 34, 0), 256) > 1 - 1e-12, "beta = 256");
}

/* Row j3 of a causal mask sees what is before it: the last one everything, the first one itself alone. */
static void causal(void)
{
    psw_point p = case_of(&W2, 1024, 34, 4), q = p;
    q.mask = PSW_CAUSAL, q.j3 = 1023;
    psw_theory full = psw_theory_point(&p), last = psw_theory_point(&q);
    CHECK(last.special_mass_d1 == full.special_mass_d1 && last.beta_c == full.beta_c && last.beta_ok == full.beta_ok &&
              last.beta_large == full.beta_large && last.beta_up_special == full.beta_up_special,
          "the last row sees all");
    /* the first row sees itself alone: b > kappa fires there whatever the degree */
    CHECK(last.beta_up_class == 0 && last.beta_up == 0 && isnan(last.beta_up_class_3s), "%g", last.beta_up_class);
    CHECK(last.fire_d0 > 0.999 && last.success < 1e-8 && isinf(last.edge_lo), "success %g", last.success);
    q.j3 = 0;
    psw_theory alone = psw_theory_point(&q);
    CHECK(alone.special_mass_d1 == 1 && alone.beta_c == 0 && alone.beta_ok == 0, "the first row sees itself alone");
    /* the second row, one key of each of two classes: b / (1 + H) = kappa */
    CHECK_NEAR(alone.beta_up_class, 0.0, 1e-15);
    q.b = 0.15, q.kappa = 0.1;
    CHECK_NEAR(psw_theory_point(&q).beta_up_class, log(0.1 / 0.05) / log1p(0.15 * 0.15), 1e-12);
    q.d = 4; /* two classes: the first row of the second round sees two keys of its class to one of the other */
    q.kappa = 0.14;
    CHECK_NEAR(psw_theory_point(&q).beta_up_class, log(0.5 * 0.14 / 0.01) / log1p(0.15 * 0.15), 1e-12);
    p = q = case_of(&P1, 1024, 34, 4);
    q.mask = PSW_CAUSAL, q.j3 = 500;
    roots(q);
    CHECK(psw_theory_point(&q).beta_c < psw_theory_point(&p).beta_c, "fewer keys, lower degree");
}

/* Constants that cancel do so on their decimals: these sums are not 0 in doubles, of either sign. */
static void decimals(void)
{
    const double ties[][3] = {{0.01, 0.09, 0.1},         {0.05, 0.05, 0.1},
                              {0.1, 0.2, 0.3},           {0.7, 0.1, 0.8},
                              {0.04, 0.06, 0.1},         {1.1, 2.2, 3.3},
                              {1e-9, 0.3, 0.300000001},  {0.57, 0.43, 1},
                              {123456.7, 0.1, 123456.8}, {0.05, 0.0500000000000001, 0.1}};
    for (size_t i = 0; i < sizeof ties / sizeof ties[0]; i++) {
        psw_point p = case_of(&P1, 64, 10, 1e9);
        bool tie = i + 1 < sizeof ties / sizeof ties[0];
        p.a_0 = ties[i][0], p.b = ties[i][1], p.kappa = ties[i][2], p.a_1 = p.a_0 + 1, p.c = 10;
        CHECK(isinf(psw_theory_point(&p).beta_up_special) == tie, "%g + %g = %g", p.a_0, p.b, p.kappa);
        CHECK((psw_theory_firing(&p).d0 == 0) == tie, "%g + %g = %g fires", p.a_0, p.b, p.kappa);
        p.a_1 = p.a_0, p.a_0 = 0;
        CHECK(isinf(psw_theory_point(&p).beta_c) == tie, "%g + %g = %g", p.a_1, p.b, p.kappa);
        CHECK(isinf(psw_theory_point(&p).beta_fail) == tie, "%g + %g = %g", p.a_1, p.b, p.kappa);
        p.a_1 = ties[i][2], p.kappa = ties[i][0]; /* a_1 - b = kappa */
        CHECK(isinf(psw_theory_point(&p).beta_ok), "%g - %g = %g", p.a_1, p.b, p.kappa);
    }
}

/* What is left of a limit: with f = 1 - 1e-17 and less, a_0 + b = kappa + 1e-15 fires, and only with w_1 = w_k = w_d
 * = 1. */
static void near_ties(void)
{
    psw_point p = case_of(&P1, 64, 10, 400);
    p.a_0 = 0.06, p.b = 0.04;
    CHECK(firing(p, 400).d0 == 0, "a tie");
    p.a_0 = 0.060000000000001;
    CHECK_NEAR(firing(p, 1e4).d0, 0.125, 1e-13);
    p.a_0 = 0.059999999999999;
    CHECK(firing(p, 1e4).d0 == 0, "below");
}

static void where_it_applies(void)
{
    psw_point good = case_of(&P1, 64, 10, 4), p;
    CHECK(psw_theory_applies(&good), "plain point");
    p = good, p.mask = PSW_CAUSAL;
    CHECK(!isnan(psw_theory_point(&p).success) && !isnan(psw_theory_point(&p).beta_c), "causal");
    p.j3 = 64;
    CHECK(isnan(psw_theory_point(&p).success), "not a token");
    p = good, p.mask = PSW_CAUSAL, p.noise = 0.1;
    CHECK(isnan(psw_theory_point(&p).success) && isnan(psw_theory_point(&p).special_mass_d1), "causal, noise");
    p = good, p.noise = 0.1;
    CHECK(isnan(psw_theory_point(&p).beta_c), "noise");
    p = good, p.den_constant = 1;
    CHECK(isnan(psw_theory_point(&p).special_mass_d1), "den_constant");
    p = good, p.row_norm = PSW_NORM_UNIT;
    CHECK(isnan(psw_theory_point(&p).success), "row_norm");
    p = good, p.method = PSW_TREE, p.noise = 0.5;
    CHECK(isnan(psw_theory_point(&p).special_mass_d1), "a sketch of noisy data");
    p = good, p.data_kind = PSW_SCORES;
    CHECK(isnan(psw_theory_point(&p).success), "scores");
    p = good, p.n = 65;
    CHECK(isnan(psw_theory_point(&p).success), "shape");
    p = good, p.offset = -0.49 * log(64);
    CHECK(isnan(psw_theory_point(&p).success) && isnan(psw_theory_point(&p).beta_c), "scores below 0");
    p.offset *= 1 - 1e-9;
    CHECK(!isnan(psw_theory_point(&p).success) && !isnan(psw_theory_point(&p).beta_c), "scores above 0");
    p.method = PSW_SOFTMAX, p.offset = -5;
    CHECK(!isnan(psw_theory_point(&p).success), "an exponential is positive");
}

/* What a sketch estimates, never how often it succeeds. */
static void sketches(void)
{
    const psw_method methods[] = {PSW_MONOMIAL, PSW_POLYSKETCH, PSW_TREE, PSW_TENSORSKETCH, PSW_SRHT, PSW_MACLAURIN};
    psw_point p = case_of(&P3, 1024, 34, 8);
    psw_theory exact = psw_theory_point(&p);
    for (int i = 0; i < 6; i++) {
        p.method = methods[i];
        psw_theory t = psw_theory_point(&p);
        CHECK(t.special_mass_d1 == exact.special_mass_d1 && t.special_mass_d0 == exact.special_mass_d0, "masses");
        CHECK(t.beta_c == exact.beta_c && t.beta_ok == exact.beta_ok && t.beta_up == exact.beta_up, "degrees");
        CHECK(isnan(t.success) && isnan(t.fire_d1) && isnan(t.fire_d0), "%g of a sketch", t.success);
        CHECK(psw_theory_oracle.value(&p, 0) == exact.special_mass_d1, "mass by name");
        CHECK(psw_theory_oracle.value(&p, 6) == exact.beta_c, "degree by name");
    }
    p.method = PSW_SOFTMAX, p.beta = NAN;
    psw_theory softmax = psw_theory_point(&p);
    p.method = PSW_FAVOR;
    psw_theory favor = psw_theory_point(&p);
    CHECK(favor.special_mass_d1 == softmax.special_mass_d1, "%g", favor.special_mass_d1);
    CHECK(isnan(favor.beta_c) && isnan(favor.success), "favor has no degrees");
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* By name, the columns are the fields. */
static void oracle(void)
{
    psw_point p = case_of(&W2, 4096, 66, 5.5);
    psw_theory t = psw_theory_point(&p);
    const double fields[] = {t.special_mass_d1, t.special_mass_d0,  t.success, t.fire_d1,    t.fire_d0,
                             t.beta_fail,       t.beta_c,           t.beta_ok, t.beta_large, t.beta_up_special,
                             t.beta_up_class,   t.beta_up_class_3s, t.beta_up, t.edge_lo,    t.edge_hi};
    ptrdiff_t count = 0;
    for (; psw_theory_oracle.names[count]; count++)
        CHECK(same(psw_theory_oracle.value(&p, count), fields[count]), "%s", psw_theory_oracle.names[count]);
    CHECK(count == (ptrdiff_t)(sizeof fields / sizeof fields[0]), "%td columns", count);
    p.method = PSW_SOFTMAX;
    CHECK(isnan(psw_theory_oracle.value(&p, 6)) && !isnan(psw_theory_oracle.value(&p, 2)), "softmax has no degrees");
}

int main(void)
{
    every_preset();
    affine_scores();
    towards_softmax();
    limits();
    causal();
    decimals();
    near_ties();
    where_it_applies();
    sketches();
    oracle();
    return test_end();
}
