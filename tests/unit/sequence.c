/* Tests and intervals that hold at every look: against exact sums and integrals (sequence_table.py), and in simulations
 * of what they promise. */
#include <stdlib.h>

#include "check.h"
#include "polysweep/base.h"
#include "polysweep/random.h"
#include "polysweep/sequence.h"

/* Sums of up to 4001 terms in whole numbers; lgamma of some 4e3 is good to 3e4 ulp(1) = 1e-11. */
static void evidence(void)
{
    static const double table[][5] = {{0, 0, 0.9, 0, 0},
                                      {0, 20, 0.9, -3.044522437723423, 43.11253993781531},
                                      {80, 0, 0.9, 6.336780544563595, -4.394449154672439},
                                      {10, 15, 0.9, -2.705708642425876, 17.43972426286316},
                                      {365, 15, 0.9, 8.431743498260516, -5.464732971040874},
                                      {360, 40, 0.9, -1.745024177403934, -3.800647121912476},
                                      {7, 7, 0.5, -1.144888133870828, -1.144888133870828},
                                      {3000, 1000, 0.9, -6.504616660773536, 365.3661878133366},
                                      {4000, 0, 0.5, 2764.987569811484, -8.294299608857235},
                                      {0, 4000, 0.9, -8.294299608857235, 9202.151432882983},
                                      {1, 300, 0.001, -4.246648803611241, -0.5905364096852281},
                                      {1990, 10, 0.999, -2.219261415901201, 2.586062112459643}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        psw_evidence found = psw_trials_evidence(table[i][0], table[i][1], table[i][2]);
        CHECK_NEAR(found.above, table[i][3], 1e-11);
        CHECK_NEAR(found.below, table[i][4], 1e-11);
    }
}

/* Roots by scipy, 1e-14 of the odds; a flat logarithm loses digits. */
static void interval(void)
{
    static const double table[][5] = {{0, 20, 0.01, 0, 0.3178356250464257},
                                      {10, 10, 0.05, 0.2042984120982408, 0.7957015879017593},
                                      {365, 15, 0.01, 0.9061104935818445, 0.9887821278018541},
                                      {3999, 1, 2.5e-05, 0.9945190757637146, 0.9999999999984379},
                                      {1, 3999, 0.01, 6.248453503872131e-10, 0.003905361012334723},
                                      {80, 0, 0.01, 0.8936015990708304, 1}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        psw_interval found = psw_trials_interval(table[i][0], table[i][1], table[i][2]);
        CHECK_NEAR(found.lo, table[i][3], 1e-12);
        CHECK_NEAR(found.hi, table[i][4], 1e-12);
    }
    psw_interval none = psw_trials_interval(0, 0, 0.01);
    CHECK(none.lo == 0 && none.hi == 1, "of no trials: [%g, %g]", none.lo, none.hi);
    CHECK(fabs(psw_trials_interval(1, 3999, 0.01).lo / 6.248453503872131e-10 - 1) < 1e-9, "a tail near 0");
}

/* Draws of fewer than 64 factors: polynomials that 32 nodes integrate exactly. */
static void bets(void)
{
    static const struct {
        double step;
        ptrdiff_t draws;
        double half[2], most[2], lo, hi;
    } table[] = {
        {0.37,
         3,
         {0.2002433314278771, -0.6545035569677408},
         {-0.5187271289706243, 0.9997123400132277},
         0.06545730830830768,
         0.9905674263861831},
        {0.37,
         40,
         {-0.8462760302791323, -1.07190003150237},
         {-1.998794129314866, 46.88276674127044},
         0.345599413411135,
         0.6732006675536175},
        {0,
         60,
         {39.31806031496043, -2.621620533258439},
         {4.898752844839936, -2.621620533258439},
         0.8934963286471104,
         1},
        {0.013,
         63,
         {4.602423719959228, -1.841520082657909},
         {-2.097231028732881, 64.09712868411057},
         0.4934089228225323,
         0.7047163983462081},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double x[63];
        for (ptrdiff_t k = 0; k < table[i].draws; k++) x[k] = 1 - fmod((double)k * table[i].step, 1);
        psw_evidence half = psw_draws_evidence(x, table[i].draws, 0.5),
                     most = psw_draws_evidence(x, table[i].draws, 0.9);
        psw_interval found = psw_draws_bounds(x, table[i].draws, 0.01);
        CHECK_NEAR(half.above, table[i].half[0], 1e-11); /* the integrals are good to about that */
        CHECK_NEAR(half.below, table[i].half[1], 1e-11);
        CHECK_NEAR(most.above, table[i].most[0], 1e-11);
        CHECK_NEAR(most.below, table[i].most[1], 1e-11);
        CHECK_NEAR(found.lo, table[i].lo, 1e-11);
        CHECK_NEAR(found.hi, table[i].hi, 1e-11);
    }
}

/* A side is decided if and only if the interval has left the level; nothing overflows after many draws. */
static void agree(void)
{
    enum { MANY = 5000 };
    double *x = malloc(MANY * sizeof *x);
    for (ptrdiff_t k = 0; k < MANY; k++) x[k] = 0.93 + 0.05 * sin((double)k);
    for (ptrdiff_t draws = 1; draws <= MANY; draws = 2 * draws + 3)
        for (double level = 0.85; level < 0.999; level += 0.01) {
            psw_interval in = psw_draws_bounds(x, draws, 0.01);
            int side = psw_evidence_side(psw_draws_evidence(x, draws, level), 0.01);
            CHECK(side == (level <= in.lo) - (level >= in.hi), "%td draws, %g: side %d of [%g, %g]", draws, level, side,
                  in.lo, in.hi);
        }
    psw_evidence far = psw_draws_evidence(x, MANY, 1e-6);
    CHECK(far.above > 1e4 && isfinite(far.above) && far.below < 0 && isfinite(far.below), "%g, %g", far.above,
          far.below);
    free(x);
}

/* The interval, asked for less: widths around its own, and its own. */
static void narrow(void)
{
    enum { MANY = 700 };
    double x[MANY];
    for (ptrdiff_t k = 0; k < MANY; k++) x[k] = 0.55 + 0.45 * sin(1.7 * (double)k);
    for (ptrdiff_t draws = 1; draws <= MANY; draws = 2 * draws + 5) {
        psw_interval in = psw_draws_bounds(x, draws, 0.003);
        double own = in.hi - in.lo;
        CHECK(psw_draws_narrow(x, draws, 0.003, own) && !psw_draws_narrow(x, draws, 0.003, nextafter(own, 0)),
              "%td draws: as wide as %.17g", draws, own);
        for (double width = 0.01; width < 1.1; width += 0.013)
            CHECK(psw_draws_narrow(x, draws, 0.003, width) == (own <= width), "%td draws: %g, %g", draws, own, width);
    }
}

/* ---- simulations ---- */

enum { RUNS = 1000, BLOCK = 20, MOST = 4000 };

typedef struct told {
    double mean, deviation; /* of the trials, and of their mean */
    int above, below, missed;
} told;

/* Blocks until a side of 0.9 is decided; `missed`: the interval did not have the rate, at the end or at some look
 * before. */
static void one_run(psw_key key, ptrdiff_t run, double rate, double error, told *t)
{
    double successes = 0, trials = 0, u[BLOCK];
    bool missed = false;
    int side = 0;
    while (side == 0 && trials < MOST) {
        psw_random_uniforms(key, (uint64_t)run, (ptrdiff_t)trials, BLOCK, u);
        for (int i = 0; i < BLOCK; i++) successes += u[i] < rate;
        trials += BLOCK;
        side = psw_evidence_side(psw_trials_evidence(successes, trials - successes, 0.9), error);
        if (side == 0 && (ptrdiff_t)trials % (5 * BLOCK) != 0) continue;
        psw_interval in = psw_trials_interval(successes, trials - successes, error);
        missed = missed || rate < in.lo || rate > in.hi;
    }
    t->above += side > 0, t->below += side < 0, t->missed += missed;
    t->mean += trials / RUNS, t->deviation += trials * trials / RUNS;
}

static told runs_of(double rate, double error)
{
    told t = {0};
    const uint64_t values[] = {(uint64_t)(1000 * rate), (uint64_t)(1 / error)};
    psw_key key = psw_random_key(PSW_STREAM_SIGNS, 7, values, 2);
    for (ptrdiff_t run = 0; run < RUNS; run++) one_run(key, run, rate, error, &t);
    t.deviation = sqrt(fmax(0, t.deviation - t.mean * t.mean) / RUNS);
    return t;
}

/* The stated chance, and four deviations of a count; seeds are fixed. */
static double at_most(int runs, double chance)
{
    return runs * chance + 4 * sqrt(runs * chance);
}

/* Mean trials as they were simulated elsewhere (numpy, seeds of its own), rounded to whole numbers. */
static void mean_trials(void)
{
    static const struct {
        double rate, large, small;
    } table[] = {{0, 20, 20},      {0.5, 25, 35},    {0.8, 188, 327}, {0.85, 703, 1192},
                 {0.95, 380, 766}, {0.99, 101, 193}, {1, 80, 140}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int k = 0; k < 2; k++) {
            double error = k ? 2.5e-5 : 0.01, wanted = k ? table[i].small : table[i].large;
            told t = runs_of(table[i].rate, error);
            int wrong = table[i].rate > 0.9 ? t.below : t.above;
            CHECK(fabs(t.mean - wanted) <= 0.5 + 5 * 1.5 * t.deviation, "rate %g, error %g: %g trials, not %g (%g)",
                  table[i].rate, error, t.mean, wanted, t.deviation);
            CHECK(wrong <= at_most(RUNS, error), "rate %g, error %g: %d wrong", table[i].rate, error, wrong);
            CHECK(t.missed <= at_most(RUNS, error), "rate %g, error %g: %d missed", table[i].rate, error, t.missed);
        }
}

/* Beside the level, where looking again and again is what goes wrong: either side is. */
static void beside(void)
{
    const double rates[] = {0.89, 0.8999, 0.9, 0.9001, 0.91}, error = 0.05;
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        told t = runs_of(rates[i], error);
        int wrong = rates[i] > 0.9 ? t.below : rates[i] < 0.9 ? t.above : t.above + t.below;
        CHECK(wrong <= at_most(RUNS, error) && t.missed <= at_most(RUNS, error), "rate %g: %d wrong, %d missed",
              rates[i], wrong, t.missed);
    }
}

/* Draws whose rates are 0 or 1, and draws that agree, of mean 0.9 and beside it; an interval is looked at now and then.
 */
static void of_draws(double rate, bool apart)
{
    enum { DRAWS = 66, FEWER = 400 };
    double x[DRAWS], u[DRAWS], error = 0.05;
    int wrong = 0, missed = 0;
    const uint64_t values[] = {(uint64_t)(1000 * rate), apart};
    psw_key key = psw_random_key(PSW_STREAM_SIGNS, 8, values, 2);
    for (ptrdiff_t run = 0; run < FEWER; run++) {
        int side = 0;
        bool left = false;
        psw_random_uniforms(key, (uint64_t)run, 0, DRAWS, u);
        for (ptrdiff_t k = 0; k < DRAWS && side == 0; k++) {
            x[k] = apart ? u[k] < rate : 1 - 2 * (1 - rate) * u[k];
            side = psw_evidence_side(psw_draws_evidence(x, k + 1, 0.9), error);
            if (k % 33 != 32) continue;
            psw_interval in = psw_draws_bounds(x, k + 1, error);
            left = left || rate < in.lo || rate > in.hi;
        }
        wrong += rate > 0.9 ? side < 0 : rate < 0.9 ? side > 0 : side != 0;
        missed += left;
    }
    CHECK(wrong <= at_most(FEWER, error) && missed <= at_most(FEWER, error), "mean %g: %d wrong, %d missed", rate,
          wrong, missed);
}

int main(void)
{
    evidence();
    interval();
    bets();
    agree();
    narrow();
    mean_trials();
    beside();
    for (int apart = 0; apart < 2; apart++) of_draws(0.89, apart), of_draws(0.9, apart), of_draws(0.91, apart);
    return test_end();
}
