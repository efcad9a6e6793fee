/* Some points of a study once more: of every study that is shipped, and of some that are made of what is hard to say
 * again, the points are the same but for seeds, trials and draws. */
#include <dirent.h>
#include <stdlib.h>

#include "polysweep/store.h"
#include "unit/spec_study.h"

enum { POINTS_MOST = 150, SEEDS_MOST = 64 };

static bool is_changed(const psw_column *column)
{
    static const char *const names[] = {"seed", "trials", "draws", "data_draws", "weights", NULL};
    ptrdiff_t i = 0;
    while (names[i] && strcmp(names[i], column->name) != 0) i++;
    return names[i] != NULL;
}

static bool same(double x, double y)
{
    return x == y || (isnan(x) && isnan(y));
}

/* At least one where there is any. */
static ptrdiff_t times(ptrdiff_t draws, double more)
{
    ptrdiff_t whole = (ptrdiff_t)((double)draws * more + 0.5);
    return draws > 0 && whole < 1 ? 1 : whole;
}

static void check_point(const char *name, const psw_point *old, const psw_point *point, double trials, double more)
{
    ptrdiff_t count;
    const psw_column *columns = psw_columns(&count);
    psw_record a = {.point = *old}, b = {.point = *point};
    for (ptrdiff_t i = 0; i < count && psw_column_parameter(&columns[i]); i++) {
        double x = psw_column_value(&columns[i], &a), y = psw_column_value(&columns[i], &b);
        CHECK(is_changed(&columns[i]) || same(x, y), "%s: %s was %g, is %g", name, columns[i].name, x, y);
    }
    CHECK(old->trials == 0 || (double)point->trials == trials, "%s: %td trials", name, point->trials);
    CHECK(point->draws == times(old->draws, more) && point->data_draws == times(old->data_draws, more),
          "%s: %td draws, %td of data", name, point->draws, point->data_draws);
}

static bool among(const uint64_t *seeds, ptrdiff_t count, uint64_t seed)
{
    for (ptrdiff_t i = 0; i < count; i++)
        if (seeds[i] == seed) return true;
    return false;
}

/* All that rows or signs of its points are drawn by. */
static ptrdiff_t seeds_of(const psw_study *study, uint64_t *seeds)
{
    ptrdiff_t count = 0;
    psw_cursor cursor = psw_cursor_begin(study);
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        const psw_point *point = psw_cursor_at(&cursor, slot);
        if (point->method == PSW_CLOSED_FORM || among(seeds, count, point->seed)) continue;
        CHECK(count < SEEDS_MOST, "more seeds than there is room for");
        if (count < SEEDS_MOST) seeds[count++] = point->seed;
    }
    return count;
}

/* Every `step`-th point, from the last to the first. */
static void check_study(const char *name, const psw_study *study)
{
    ptrdiff_t slots = psw_study_slots(study), step = slots / POINTS_MOST + 1, count = 0, list[POINTS_MOST + 1];
    double trials[POINTS_MOST + 1], more[POINTS_MOST + 1];
    char *text = NULL;
    psw_study *made = NULL;
    uint64_t seeds[SEEDS_MOST];
    ptrdiff_t count_seeds = seeds_of(study, seeds);
    for (ptrdiff_t slot = slots - 1; slot >= 0; slot -= step, count++)
        list[count] = slot, trials[count] = 1000 + (double)slot, more[count] = count % 2 ? 7 : 0.4;
    const psw_again asked = {"again", list, trials, more, count};
    CHECK(psw_study_again(study, &asked, &text) == PSW_OK, "%s: %s", name, psw_message());
    if (!text) return;
    psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), name, NULL, 0}, psw_house(), &made);
    CHECK(status == PSW_OK && psw_study_slots(made) == count, "%s: %s\n%s", name, psw_message(), text);
    for (ptrdiff_t i = 0; made && i < count; i++) {
        psw_point old = psw_study_point(study, list[i]), point = psw_study_point(made, i);
        check_point(name, &old, &point, trials[i], more[i]);
        CHECK(point.method == PSW_CLOSED_FORM || !among(seeds, count_seeds, point.seed), "%s: the seed %llu again",
              name, (unsigned long long)point.seed);
    }
    psw_study_free(made);
    free(text);
}

static void shipped(void)
{
    DIR *jobs = opendir(POLYSWEEP_JOBS);
    psw_rooms rooms = *psw_house();
    rooms.file_facts = NULL; /* the heads that a study names may not be there */
    for (struct dirent *entry; jobs && (entry = readdir(jobs)) != NULL;) {
        char path[512];
        psw_study *study;
        const char *end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".yaml") != 0) continue;
        psw_format(path, sizeof path, "%s/%s", POLYSWEEP_JOBS, entry->d_name);
        psw_status status = psw_study_read(path, NULL, 0, &rooms, &study);
        CHECK(status == PSW_OK, "%s", psw_message());
        if (status == PSW_OK) check_study(entry->d_name, study);
        psw_study_free(study);
    }
    if (jobs) closedir(jobs);
}

static void hard(void)
{
    static const char *const texts[] = {
        /* constants over a preset, own axes that derive, exclude, predict and claims use, seeds and teams as axes */
        "schema: 1\ndata: {preset: W2, a_1: 1.3125}\nmethods: [exact, closed_form]\n"
        "grid: {beta: [2, 4], n: [64, 128], classes: [8, 16], x: [1, 2], y: 3, z: [0.5, 0.625], seed: [3, 4], team: "
        "[1, 2]}\n"
        "derive: {d: classes + 2, kappa: 0.1 * x}\nexclude: [{when: n == 128 and y == 3 and beta == 4, why: a \"b\"}]\n"
        "predict: {e: {edge: x}, c: {when: beta < 3, then: success_rate < z}}\n",
        /* a preset that the grid varies, formulas in judge, a zip, includes with what no one else has */
        "schema: 1\nseed: 7\nmethods: [exact, softmax, linear, window: {local: [3, 5], sinks: 1}]\n"
        "grid: {preset: [P1, W1], mask: [full, causal], noise: [0, 0.25], negative: signed, beta: [1, 3]}\n"
        "zip: {shape: {n: [64, 128], d: [10, 18]}}\njudge: {m: ceil(3 * log(n)), trials: n / 2 + 1, level: 0.75}\n"
        "include: [{method: polysketch, beta: 4, n: 64, d: 10, r: 4, w: 3, a_0: 0.5, a_1: 2, b: 1, c: 1}, "
        "{method: favor, n: 32, d: 10, features: 16, preset: P3, j3: 5}]\npredict: {w: {edge: w}}\n",
        /* kernels: scales, matches to an exponential, partial sums, sketches of both sizes, complex ones */
        "schema: 1\ndata: {kind: gaussian, reference: softmax}\n"
        "methods: [exact: {match: [exp, none], center: 0.25}, taylor: {order: [2, 4], by: [rows, features]}, "
        "polysketch: {features: [10, 21], draws: 3}, tensorsketch: {features: 32, complex: [true, false], draws: 2}, "
        "nystrom: {landmarks: 4}, topk: {keep: 5}]\n"
        "grid: {beta: [2, 4], n: 64, d: 8, negative: signed, precision: [fp64, bf16], mode: [forward, decode], cache: "
        "[fp32, fp64]}\n"
        "exclude: [{when: mode == decode and (method == nystrom or precision == bf16), why: no}]\n",
        "schema: 1\ndata: {preset: P1, queries: distinct}\nmethods: [exact, linear]\ntime: {reps: 2}\n"
        "grid: {beta: [2, 4], n: 64, d: 10, scale: [1, 2], offset: [0, 0.5], noise: [0, 0.1], den_constant: [0, 1], "
        "row_norm: [none, unit], negative: abs, block: [16, 64]}\noutput: {file: mine.h5, keep: [samples]}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char name[32];
        psw_format(name, sizeof name, "text %zu", i);
        psw_study *study = study_with(texts[i], psw_house(), NULL);
        check_study(name, study);
        psw_study *stored = study_with(psw_study_resolved(study), psw_stored_house(), NULL);
        check_study(name, stored);
        psw_study_free(study);
        psw_study_free(stored);
    }
}

/* Seeds up to the largest that there is: new ones lie below; from the least to the largest there are none. */
static void seeds(void)
{
    static const char text[] = "schema: 1\ndata: {preset: P1}\nmethods: [exact]\ngrid: {beta: 2, n: 64, d: 10, "
                               "seed: [%s, 9007199254740992]}\n";
    char with[300], *made = NULL;
    const ptrdiff_t slot = 1;
    const double trials = 5, more = 10;
    const psw_again asked = {"again", &slot, &trials, &more, 1};
    psw_format(with, sizeof with, text, "9007199254740002");
    psw_study *study = study_with(with, psw_house(), NULL);
    CHECK(psw_study_again(study, &asked, &made) == PSW_OK && strstr(made, "\"seed\": 9007199254740001"), "%s", made);
    free(made);
    psw_study_free(study);
    psw_format(with, sizeof with, text, "0");
    study = study_with(with, psw_house(), NULL);
    CHECK(psw_study_again(study, &asked, &made) == PSW_USAGE && !made, "no seed is left");
    psw_study_free(study);
}

int main(void)
{
    seeds();
    hard();
    shipped();
    return test_end();
}
