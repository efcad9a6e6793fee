/* What a result says of a claim: parts, tests and their correction, against tails of the binomial that are summed here,
 * a closed form of the test for ended trials, and sorting by hand. */
#include "polysweep/claim.h"

#include <stdlib.h>
#include <string.h>

#include "polysweep/store.h"
#include "unit/spec_study.h"

#define TOP "schema: 1\ndata: {preset: P1, noise: %s}\nmethods: [exact, softmax]\n"
#define GRID "grid: {beta: [2, 4], n: 64, d: 10, negative: signed, level: 0.25}\njudge: {m: 8, trials: 120}\n"

static psw_study *claiming(const char *noise, const char *then)
{
    char text[1024];
    psw_format(text, sizeof text, TOP GRID "predict: {edge: level, fails: {when: \"method == exact\", then: \"%s\"}}\n",
               noise, then);
    return study_with(text, psw_house(), NULL);
}

/* A done point of a slot, of `successes` in `trials`. */
static psw_record record_of(const psw_study *study, ptrdiff_t slot, ptrdiff_t successes, ptrdiff_t trials)
{
    psw_point point = psw_study_point(study, slot);
    psw_record record = psw_record_blank(&point);
    psw_study_predictions(study, &point, record.predict);
    record.slot.status = PSW_SLOT_DONE;
    record.verdict.successes = record.verdict.fires_d1 = successes;
    record.verdict.trials_done = record.verdict.success_samples = trials;
    record.verdict.success_rate = record.verdict.fire_rate_d1 = (double)successes / (double)trials;
    record.verdict.fire_rate_d0 = 0;
    record.sketch.err_out = 0.375;
    return record;
}

static psw_claim_answer ask(const psw_study *study, const psw_record *record)
{
    psw_claim *claim = NULL;
    CHECK(psw_claim_create(study, 1, &claim) == PSW_OK, "%s", psw_message());
    if (!claim) exit(1);
    psw_claim_answer answer = psw_claim_ask(claim, record);
    psw_claim_free(claim);
    return answer;
}

/* P(from <= X <= to), X binomial. */
static double tail(ptrdiff_t from, ptrdiff_t to, ptrdiff_t n, double p)
{
    long double sum = 0, trials = n;
    for (ptrdiff_t k = from; k <= to; k++) {
        long double x = k, ways = lgammal(trials + 1) - lgammal(x + 1) - lgammal(trials - x + 1);
        sum += expl(ways + x * logl(p) + (trials - x) * log1pl(-(long double)p));
    }
    return (double)sum;
}

/* A few units of 1e-16 times the 700 or so of lgamma that both sides add up. */
#define TAIL 1e-11
static void check_p(double p, double expected)
{
    CHECK(fabs(p - expected) <= TAIL * expected, "%.17g is not %.17g", p, expected);
}

static void rates(void)
{
    static const struct {
        const char *then;
        bool most, least; /* the claim bounds the rate from above; from below */
        double e, times;
    } cases[] = {
        {"success_rate < 0.3125", true, false, 0.3125, 1},
        {"success_rate <= 5 / 16", true, false, 0.3125, 1},
        {"0.3125 > success_rate", true, false, 0.3125, 1},
        {"success_rate >= 0.8125", false, true, 0.8125, 1},
        {"13 / 16 < success_rate", false, true, 0.8125, 1},
        {"fire_rate_d1 > 3 * level", false, true, 0.75, 1},
        {"fire_rate_d1 < level", true, false, 0.25, 1},
        {"success_rate < predict_edge", true, false, 0.25, 1},
        {"success_rate == 0.40625", true, true, 0.40625, 2},
        {"success_rate < 0.40625 and fire_rate_d0 <= 0.1", true, false, 0.40625, 2},
        {"beta < 3 and (success_rate < 0.3125 and err_out < 0.5)", true, false, 0.3125, 1},
        {"success_rate < 1 and success_rate > 0.8125 and success_rate > 0", false, true, 0.8125, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        psw_study *study = claiming("0", cases[i].then);
        for (ptrdiff_t k = 1; k < 120; k += 7) { /* at 0 and 120 a rate is beyond no bound */
            psw_record record = record_of(study, 0, k, 120);
            psw_claim_answer answer = ask(study, &record);
            double above = cases[i].most ? tail(k, 120, 120, cases[i].e) : 1;
            double below = cases[i].least ? tail(0, k, 120, cases[i].e) : 1;
            double rate = (double)k / 120, e = cases[i].e;
            double beyond = fmax(fmax(cases[i].most ? rate - e : 0, cases[i].least ? e - rate : 0), 0);
            CHECK(answer.about && answer.known, "%s", cases[i].then);
            check_p(answer.p, fmin(1, cases[i].times * fmin(above, below)));
            CHECK(answer.tested == (answer.p < 1), "%s", cases[i].then);
            CHECK_NEAR(answer.beyond, beyond, 1e-15); /* one subtraction */
        }
        psw_study_free(study);
    }
}

/* Bounds that no rate, or every one, keeps to; and an error that is none of chance. */
static void extremes(void)
{
    static const struct {
        const char *then;
        ptrdiff_t successes;
        double p;
        bool holds;
    } cases[] = {
        {"success_rate < -0.1", 0, 0, false},
        {"success_rate > 1.5", 120, 0, false},
        {"success_rate < 1.5", 120, 1, true},
        {"success_rate >= -1", 0, 1, true},
        {"success_rate <= 0", 0, 1, true},
        {"success_rate <= 0", 1, 0, false},
        {"success_rate == 1", 120, 1, true},
        {"success_rate == 1", 119, 0, false},
        {"success_rate < 0", 0, 1, false},
        {"err_out < 0.25", 60, 0, false},
        {"err_out < 0.5", 60, 1, true},
        {"err_out < 0.5 and beta > 2", 60, 0, false},
        {"not (err_out > 0.25)", 60, 0, false},
        {"success_rate > 0.9 or err_out < 1", 0, 1, true},
        {"success_rate != 0.5", 60, 0, false},
        {"success_rate < fire_rate_d1", 60, 0, false},
        {"success_rate + err_out < 0.5", 6, 1, true},
        {"method == exact", 6, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        psw_study *study = claiming("0", cases[i].then);
        psw_record record = record_of(study, 0, cases[i].successes, 120);
        psw_claim_answer answer = ask(study, &record);
        CHECK(answer.known && answer.p == cases[i].p && answer.holds == cases[i].holds, "%s: %g", cases[i].then,
              answer.p);
        psw_study_free(study);
    }
}

static void which_points(void)
{
    psw_study *study = claiming("0", "err_out < 0.1 and gap > 0");
    psw_claim *claim;
    const psw_column *const *columns;
    psw_record record = record_of(study, 0, 6, 120);
    CHECK(psw_claim_create(study, 1, &claim) == PSW_OK, "%s", psw_message());
    CHECK(psw_claim_columns(claim, &columns) == 2 && strcmp(columns[1]->name, "gap") == 0, "results that it names");
    CHECK(!psw_claim_tested(claim) && !psw_claim_untested_rate(claim), "no rate");
    psw_claim_answer answer = psw_claim_ask(claim, &record);
    CHECK(answer.about && !answer.known, "gap is NaN");
    record.verdict.gap = 1;
    answer = psw_claim_ask(claim, &record);
    CHECK(answer.known && answer.p == 0 && !answer.tested, "both are there: %g", answer.p);
    CHECK_NEAR(answer.beyond, 0.275, 1e-15); /* one subtraction */
    record.slot.status = PSW_SLOT_FAILED;
    CHECK(psw_claim_ask(claim, &record).about && !psw_claim_ask(claim, &record).known, "a point that failed");
    record.slot.status = PSW_SLOT_EMPTY, record.predict[1] = NAN;
    CHECK(psw_claim_ask(claim, &record).about && !psw_claim_ask(claim, &record).known, "a point that was not computed");
    record = record_of(study, 2, 6, 120);
    CHECK(!psw_claim_ask(claim, &record).about, "softmax");
    record.predict[1] = NAN;
    CHECK(!psw_claim_ask(claim, &record).about, "softmax, not computed");
    psw_claim_free(claim);
    psw_study_free(study);
    study = claiming("0", "success_rate > 0.5 and (fire_rate_d1 > 0.5 or gap > 0)");
    CHECK(psw_claim_create(study, 1, &claim) == PSW_OK && psw_claim_tested(claim) && psw_claim_untested_rate(claim),
          "one is tested, the other is not");
    psw_claim_free(claim);
    psw_study_free(study);
}

/* Trials that share draws: success_samples; of another rate the 16 draws of the noise, where they are fewer. */
static void draws(void)
{
    psw_study *study = claiming("0.1", "success_rate < 0.3125"), *fires = claiming("0.1", "fire_rate_d1 < 0.3125");
    psw_record record = record_of(study, 0, 60, 120);
    record.verdict.success_samples = 40;
    check_p(ask(study, &record).p, tail(20, 40, 40, 0.3125));
    check_p(ask(fires, &record).p, tail(8, 16, 16, 0.3125));
    record.point.data_draws = 500;
    check_p(ask(fires, &record).p, tail(60, 120, 120, 0.3125));
    psw_study_free(study);
    psw_study_free(fires);
}

/* Of N successes in N trials: above = ln (1 - e^(N+1)) / ((N + 1) (1 - e) e^N). */
static void ended_trials(void)
{
    psw_study *most = claiming("0", "success_rate < 0.75"), *least = claiming("0", "fire_rate_d1 > 0.75");
    psw_study *drawn = claiming("0.1", "success_rate < 0.75"), *equal = claiming("0.1", "success_rate == 0.75");
    const double e = 0.75, n = 40;
    psw_record record = record_of(most, 0, 40, 40);
    record.verdict.trials_stop = PSW_TRIALS_DECIDED;
    record.verdict.success_samples = 0;
    check_p(ask(most, &record).p, (n + 1) * (1 - e) * pow(e, n) / (1 - pow(e, n + 1)));
    CHECK(ask(least, &record).p == 1, "a rate of 1");
    record = record_of(most, 0, 0, 40);
    record.verdict.trials_stop = PSW_TRIALS_MOST;
    /* below = ln (1 - (1 - e)^(N+1)) / ((N + 1) e (1 - e)^N) */
    check_p(ask(least, &record).p, (n + 1) * e * pow(1 - e, n) / (1 - pow(1 - e, n + 1)));
    record = record_of(drawn, 0, 40, 40);
    record.verdict.trials_stop = PSW_TRIALS_DECIDED;
    record.verdict.trials_error = 0.001;
    record.verdict.success_lo = 0.76, record.verdict.success_hi = 1;
    CHECK(ask(drawn, &record).p == 0.0005, "a lower bound above it: %g", ask(drawn, &record).p);
    CHECK(ask(equal, &record).p == 0.001, "either bound: %g", ask(equal, &record).p);
    record.verdict.success_lo = 0.74;
    CHECK(ask(drawn, &record).p == 1, "an interval with it: %g", ask(drawn, &record).p);
    record.point.data_draws = record.point.trials; /* draws of a trial each are as trials */
    check_p(ask(drawn, &record).p, (n + 1) * (1 - e) * pow(e, n) / (1 - pow(e, n + 1)));
    psw_study_free(most);
    psw_study_free(least);
    psw_study_free(drawn);
    psw_study_free(equal);
}

static void correction(void)
{
    /* p and how far beyond of slots 0 to 5; Holm among 8: 8 0.001, 7 0.002, 6 0.002 (the same), 5 0.04, 0.3 -> 1, 1 */
    const double p[] = {0.3, 0.002, 0.04, 0.001, 0.002, 1}, far[] = {0.1, 0.1, NAN, 0.3, 0.2, 0};
    const ptrdiff_t order[] = {3, 4, 1, 2, 0, 5};
    const double corrected[] = {0.008, 0.014, 0.014, 0.2, 1, 1};
    psw_claim_finding list[6];
    for (ptrdiff_t i = 0; i < 6; i++) list[i] = (psw_claim_finding){.slot = i, .answer = {.p = p[i], .beyond = far[i]}};
    psw_claim_findings_sort(list, 6, 8);
    for (ptrdiff_t i = 0; i < 6; i++) {
        CHECK(list[i].slot == order[i], "place %td has slot %td", i, list[i].slot);
        CHECK_NEAR(list[i].corrected, corrected[i], 1e-15); /* one product */
    }
}

int main(void)
{
    rates();
    extremes();
    which_points();
    draws();
    ended_trials();
    correction();
    return test_end();
}
