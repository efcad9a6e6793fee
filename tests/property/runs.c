/* However a study is cut: every wanted slot in exactly one run, longest first, within the limits, the same each time.
 */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/plan.h"

static const char small[] = "schema: 1\nstudy: small\ndata: {kind: self_attention, preset: W2}\n"
                            "methods: [exact, softmax, closed_form]\n"
                            "grid: {n: [64, 128, 256], d: [10, 18], c: {from: 1, to: 3, count: 40, spacing: linear}, "
                            "beta: [1, 2, 4, 8, 16]}\n"
                            "judge: {m: 8, trials: 10}\n";
static const char mixed[] =
    "schema: 1\nstudy: mixed\ndata: {kind: self_attention, preset: W2}\nmethods: [exact, linear]\n"
    "grid: {n: {from: 64, to: 32768, factor: 2}, d: [10, 18, 34], precision: [fp64, fp32], "
    "beta: {from: 1, to: 40, step: 1}}\n"
    "judge: {m: \"ceil(8 * log(n))\", trials: 50}\n";

static psw_study *parse(const char *text)
{
    psw_study *study = NULL;
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "test", NULL, 0}, NULL, &study) == PSW_OK, "%s",
          psw_message());
    return study;
}

/* What the groups of a run cost, recounted from the groups that will be computed. */
static double recount(const psw_study *study, const psw_run *run)
{
    psw_point points[PSW_GROUP_MAX];
    double seconds = psw_rates_default.run_s;
    psw_slots slots = psw_slots_of_run(run);
    for (ptrdiff_t at = 0; at < slots.count;) {
        ptrdiff_t count = psw_group_fill(study, &slots, at, points);
        seconds += psw_cost_time(&psw_rates_default, &points[0]).predicted_s;
        for (ptrdiff_t i = 1; i < count; i++) seconds += psw_cost_time(&psw_rates_default, &points[i]).extra_s;
        at += count;
    }
    return seconds;
}

static void check_run(const psw_study *study, const psw_run *run, const psw_cut *cut)
{
    CHECK(run->count >= 1 && run->count <= cut->most_slots, "a run of %td", run->count);
    CHECK(run->count == 1 || run->predicted_s <= cut->most_s + psw_rates_default.run_s, "%td slots are %g s",
          run->count, run->predicted_s);
    CHECK(!cut->alone || run->count == 1, "%td slots are not alone", run->count);
    CHECK_NEAR(run->predicted_s, recount(study, run), 1e-9); /* sums of up to 1024 terms in another order */
}

static void check_cover(const psw_study *study, const psw_runs *runs, const unsigned char *wanted)
{
    ptrdiff_t slots = psw_study_slots(study), points = 0;
    unsigned char *seen = calloc((size_t)slots, 1);
    for (ptrdiff_t k = 0; k < runs->count; k++)
        for (ptrdiff_t i = 0; i < runs->list[k].count; i++) {
            ptrdiff_t slot = runs->list[k].first + i;
            CHECK(slot >= 0 && slot < slots && !seen[slot], "slot %td twice or outside", slot);
            if (slot >= 0 && slot < slots) seen[slot] = 1;
        }
    for (ptrdiff_t i = 0; i < slots; i++) {
        points += seen[i];
        CHECK(seen[i] == (wanted ? wanted[i] != 0 : 1), "slot %td was %staken", i, seen[i] ? "" : "not ");
    }
    CHECK(points == runs->points, "%td points, not %td", points, runs->points);
    free(seen);
}

static void check_cut(const psw_study *study, const psw_cut *cut, const unsigned char *wanted)
{
    psw_runs runs, again;
    CHECK(psw_runs_create(study, &psw_rates_default, cut, wanted, &runs) == PSW_OK, "%s", psw_message());
    CHECK(psw_runs_create(study, &psw_rates_default, cut, wanted, &again) == PSW_OK, "%s", psw_message());
    CHECK(runs.count == again.count, "%td and %td runs", runs.count, again.count);
    check_cover(study, &runs, wanted);
    double sum = 0;
    for (ptrdiff_t k = 0; k < runs.count; k++) {
        const psw_run *run = &runs.list[k], *same = &again.list[k];
        check_run(study, run, cut);
        CHECK(run->first == same->first && run->count == same->count && run->predicted_s == same->predicted_s,
              "run %td is not the same again", k);
        if (k > 0) CHECK(run[-1].predicted_s >= run->predicted_s, "run %td is longer than the one before", k);
        sum += run->predicted_s;
    }
    CHECK_NEAR(runs.predicted_s, sum, 1e-12); /* the same sum */
    psw_runs_free(&runs);
    psw_runs_free(&again);
}

/* Holes from single slots to long stretches. */
static void punch(unsigned char *wanted, ptrdiff_t slots, unsigned seed)
{
    srand(seed);
    for (ptrdiff_t i = 0; i < slots;) {
        unsigned char keep = (unsigned char)(rand() % 2);
        for (ptrdiff_t length = 1 + rand() % (seed % 3 ? 5 : 300); length > 0 && i < slots; length--)
            wanted[i++] = keep;
    }
}

static void check_study(const char *text)
{
    psw_study *study = parse(text);
    if (!study) return;
    ptrdiff_t slots = psw_study_slots(study);
    unsigned char *wanted = calloc((size_t)slots, 1);
    psw_cut cut = psw_cut_default;
    check_cut(study, &cut, wanted); /* nothing wanted */
    check_cut(study, &cut, NULL);
    for (unsigned seed = 1; seed <= 6; seed++) {
        punch(wanted, slots, seed);
        cut = psw_cut_default;
        cut.ranks = (ptrdiff_t)seed * seed * 50;
        cut.most_slots = seed % 2 ? 1024 : 7;
        cut.alone = seed == 6;
        check_cut(study, &cut, wanted);
    }
    free(wanted);
    psw_study_free(study);
}

/* Runs are long enough to pay for their overhead: on average at least half of least_s where all slots are wanted. */
static void test_least(void)
{
    psw_study *study = parse(small);
    psw_runs runs;
    psw_cut cut = psw_cut_default;
    cut.ranks = 65536; /* as short as they may be */
    CHECK(psw_runs_create(study, &psw_rates_default, &cut, NULL, &runs) == PSW_OK, "%s", psw_message());
    CHECK(runs.predicted_s / (double)runs.count >= cut.least_s / 2, "%td runs of %g s", runs.count, runs.predicted_s);
    psw_runs_free(&runs);
    psw_study_free(study);
}

int main(void)
{
    check_study(small);
    check_study(mixed);
    test_least();
    return test_end();
}
