/* Intervals of rates against values of scipy 1.x (betainc, t.ppf, beta.ppf), which are good to about 1e-13. */
#include "check.h"
#include "polysweep/stats.h"

static void beta_function(void)
{
    static const double table[][4] = {{0.5, 0.5, 0.3, 0.36901011956554536},
                                      {2, 3, 0.4, 0.52479999999999993},
                                      {100, 0.5, 0.99, 0.1567758654244408},
                                      {1e4, 3e4, 0.251, 0.67845833133316646},
                                      {0.1, 20, 0.01, 0.87812836850594989},
                                      {5, 1000, 0.002, 0.053196346463265411},
                                      {3, 2, 0, 0},
                                      {3, 2, 1, 1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const double *t = table[i]; /* lgamma of some 1e5 loses 5 digits */
        CHECK_NEAR(psw_beta_below(t[0], t[1], t[2]), t[3], 1e-11);
        if (t[3] > 0 && t[3] < 1) CHECK_NEAR(psw_beta_quantile(t[0], t[1], t[3]), t[2], 1e-11);
    }
}

static void student(void)
{
    static const double table[][2] = {{1, 12.706204736174694},  {2, 4.3026527297494619},  {7, 2.364624251592784},
                                      {15, 2.1314495455597759}, {39, 2.0226909200367609}, {1000, 1.9623390808264083}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        CHECK_NEAR(psw_student_quantile(0.975, table[i][0]), table[i][1], 1e-11);
}

static void clopper_pearson(void)
{
    static const double table[][4] = {{0, 10, 0, 0.30849710781876072},
                                      {10, 10, 0.69150289218123917, 1},
                                      {3, 20, 0.032070937185463701, 0.37892682654531396},
                                      {150, 200, 0.68403716667013093, 0.8083928303774125},
                                      {12.5, 33.3, 0.21431462207903434, 0.55950339276847538},
                                      {1, 1e6, 2.5317807663794178e-08, 5.5716306551669393e-06},
                                      {9.9e5, 1e6, 0.98980306018648534, 0.99019409375925416}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        psw_interval found = psw_clopper_pearson(table[i][0], table[i][1]);
        CHECK_NEAR(found.lo, table[i][2], 1e-11);
        CHECK_NEAR(found.hi, table[i][3], 1e-11);
    }
}

static void check_draws(const double *rate, double trials, ptrdiff_t draws, double samples, double lo, double hi)
{
    double each[32], found;
    for (ptrdiff_t k = 0; k < draws; k++) each[k] = trials;
    psw_interval interval = psw_draws_interval(rate, each, draws, &found);
    CHECK_NEAR(found, samples, 1e-11);
    CHECK_NEAR(interval.lo, lo, 1e-11);
    CHECK_NEAR(interval.hi, hi, 1e-11);
}

/* The formula in numpy, and what it must do at its ends. */
static void draws(void)
{
    double four[] = {0.5, 0.25, 0.75, 1}, none[16] = {0}, all[20], mixed[16], split[16];
    for (int k = 0; k < 20; k++) all[k] = 1;
    for (int k = 0; k < 16; k++) mixed[k] = k % 4 / 4.0, split[k] = k % 2;
    check_draws(four, 4, 4, 4, 0.12275388276951774, 0.97152910491285316);
    check_draws(none, 13, 16, 16, 0, 0.20590721420782271); /* as many as draws, for they agree by chance */
    check_draws(all, 10, 20, 20, 0.83156652901691464, 1);
    check_draws(mixed, 8, 16, 37.384670998870838, 0.22248188586114537, 0.54812009187877631);
    check_draws(split, 8, 16, 16, 0.24651011149057531, 0.75348988850942467); /* nothing but draws */
    check_draws(&mixed[3], 200, 1, 1, 0.025 * 0.75, 1 - 0.025 * 0.25);       /* Markov */
}

/* Two groups of one draw have half of the trials: fewer samples than of as many equal ones. */
static void uneven(void)
{
    double rate[16], even[16], trials[16], equal, fewer;
    for (int k = 0; k < 16; k++) rate[k] = k % 4 / 4.0, even[k] = 12, trials[k] = k < 4 ? 24 : 8;
    psw_draws_interval(rate, even, 16, &equal);
    psw_draws_interval(rate, trials, 16, &fewer);
    CHECK_NEAR(fewer / equal, 1 / (16 * (4 * 0.125 * 0.125 + 12 / 24.0 / 24.0)), 1e-12); /* the shares' squares */
}

/* x = (1/4, 3/4), 4 trials each: s^2 / 2 = 1/16, and (3/16) / 3 / 2 = 1/32 of it within. */
static void variance(void)
{
    double rate[] = {0.25, 0.75}, trials[] = {4, 4}, one[] = {1, 1};
    psw_variance parts = psw_draws_variance(rate, trials, 2);
    CHECK_NEAR(parts.within, 1.0 / 32, 1e-15);
    CHECK_NEAR(parts.between, 1.0 / 32, 1e-15);
    parts = psw_draws_variance(rate, trials, 1);
    CHECK(isnan(parts.between), "nothing is known between one draw");
    CHECK_NEAR(parts.within, 1.0 / 16, 1e-15);
    parts = psw_draws_variance(rate, one, 2);
    CHECK(isnan(parts.between) && isnan(parts.within), "one trial a draw has no parts");
}

int main(void)
{
    beta_function();
    student();
    clopper_pearson();
    draws();
    uneven();
    variance();
    return test_end();
}
