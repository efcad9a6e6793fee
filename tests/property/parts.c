/* However a study is dealt to parts: every slot in exactly one, groups whole, loads near the optimum, the same on
 * every machine.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/plan.h"

static const char uneven[] = "schema: 1\nstudy: uneven\ndata: {kind: self_attention, preset: W2}\n"
                             "methods: [exact, softmax, closed_form]\n"
                             "grid: {n: {from: 64, to: 8192, factor: 2}, d: [10, 18], beta: [1, 2, 4, 8, 16]}\n"
                             "judge: {m: 8, trials: 10}\n";
static const char many[] = "schema: 1\nstudy: many\ndata: {kind: self_attention, preset: W2}\nmethods: [exact]\n"
                           "grid: {n: [64, 128], d: [10, 18], c: {from: 1, to: 3, count: 150, spacing: linear}, "
                           "beta: {from: 1, to: 20, step: 1}}\njudge: {m: 8, trials: 10}\n";
static const char single[] = "schema: 1\nstudy: single\ndata: {kind: self_attention, preset: W2}\nmethods: [exact]\n"
                             "grid: {n: 256, d: 18, beta: {from: 1, to: 40, step: 1}}\njudge: {m: 8, trials: 10}\n";
static const char timed[] = "schema: 1\nstudy: timed\ndata: {kind: self_attention, preset: W2}\nmethods: [exact]\n"
                            "grid: {n: [256, 1024], d: 18, beta: [2, 4, 8]}\njudge: {m: 8, trials: 10}\n"
                            "time: {reps: 6}\n";
static const char sketched[] =
    "schema: 1\nstudy: sketched\ndata: {kind: gaussian}\nmethods: [polysketch: {r: [8, 16], draws: 3}, "
    "tensorsketch: {features: 64, draws: 2}, exact]\ngrid: {n: [128, 512], d: 16, beta: [2, 4, 8]}\n";

static psw_study *parse(const char *text)
{
    psw_study *study = NULL;
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "test", NULL, 0}, NULL, &study) == PSW_OK, "%s",
          psw_message());
    return study;
}

static bool joins(const psw_study *study, ptrdiff_t slot)
{
    psw_point a = psw_study_point(study, slot - 1), b = psw_study_point(study, slot);
    return !psw_study_settings(study)->timing && psw_method_computes(b.method) && psw_group_joins(&a, &b);
}

/* Where a slot's group begins, by the definition: points that join, 16 at most. */
static ptrdiff_t begin_of(const psw_study *study, ptrdiff_t slot)
{
    ptrdiff_t first = slot;
    while (first > 0 && joins(study, first)) first--;
    return slot - (slot - first) % PSW_GROUP_MAX;
}

static double seconds(const psw_study *study, ptrdiff_t slot)
{
    psw_cut cut = psw_cut_default;
    psw_cut_time(&cut, psw_study_settings(study));
    psw_point point = psw_study_point(study, slot);
    psw_cost cost = psw_cost_time(&psw_rates_default, &point);
    return begin_of(study, slot) == slot ? cost.predicted_s + cut.passes * cost.repeat_s : cost.extra_s;
}

/* The part of each slot, from 1, as the function says of each part by itself. */
static ptrdiff_t *deal(const psw_study *study, ptrdiff_t parts)
{
    ptrdiff_t slots = psw_study_slots(study), all = 0, points;
    ptrdiff_t *of = calloc((size_t)slots, sizeof *of);
    unsigned char *mine = malloc((size_t)slots);
    for (ptrdiff_t k = 1; k <= parts; k++) {
        ptrdiff_t marked = 0;
        CHECK(psw_part_slots(study, &(psw_part){k, parts}, mine, &points) == PSW_OK, "%s", psw_message());
        for (ptrdiff_t i = 0; i < slots; i++) {
            CHECK(!mine[i] || of[i] == 0, "slot %td is in parts %td and %td", i, of[i], k);
            if (mine[i]) of[i] = k;
            marked += mine[i];
        }
        CHECK(points == marked, "part %td has %td points, not %td", k, marked, points);
        all += points;
    }
    CHECK(all == slots, "%td of %td slots are in %td parts", all, slots, parts);
    free(mine);
    return of;
}

/* No part can be lighter than the mean or the heaviest group; longest-first is within 4/3 of the best (Graham 1969),
 * and fillers a sixty-fourth of a part each even that out, where there are enough. */
static void check_loads(const psw_study *study, const ptrdiff_t *of, ptrdiff_t parts)
{
    double *load = calloc((size_t)parts, sizeof *load), all = 0, group = 0, heaviest = 0, most = 0;
    for (ptrdiff_t i = 0; i < psw_study_slots(study); i++) {
        double s = seconds(study, i);
        group = begin_of(study, i) == i ? s : group + s;
        heaviest = fmax(heaviest, group);
        all += s;
        load[of[i] - 1] += s;
    }
    for (ptrdiff_t k = 0; k < parts; k++) most = fmax(most, load[k]);
    double mean = all / (double)parts, best = fmax(mean, heaviest), within = heaviest < mean / 64 ? 1.02 : 4.0 / 3;
    CHECK(most <= best * within, "of %td parts the heaviest takes %g s, the mean %g, a group %g", parts, most, mean,
          heaviest);
    free(load);
}

static void check_study(const char *text, ptrdiff_t parts)
{
    psw_study *study = parse(text);
    if (!study) return;
    ptrdiff_t *of = deal(study, parts);
    for (ptrdiff_t i = 1; i < psw_study_slots(study); i++)
        CHECK(begin_of(study, i) == i || of[i] == of[i - 1], "slot %td is cut off its group", i);
    check_loads(study, of, parts);
    free(of);
    psw_study_free(study);
}

/* ---- families of a search ---- */

static const char *const searched[] = {
    /* candidates of a curve are neighbours */
    "schema: 1\ndata: {preset: W2}\nmethods: [exact, softmax]\n"
    "grid: {n: {from: 64, to: 2048, factor: 2}, d: [10, 18, 34], beta: {from: 1, to: 40, step: 1}}\n"
    "judge: {m: 8, trials: 10}\nsearch: {over: beta}\n",
    /* they are far from each other, and softmax is the level of the curves of every degree */
    "schema: 1\ndata: {preset: W2}\nmethods: [exact, softmax]\n"
    "grid: {n: {from: 64, to: 100, step: 1}, d: [10, 18, 34, 66], beta: [1, 2]}\njudge: {m: 8, trials: 10}\n"
    "search: {over: n, column: entropy, level: {column: entropy, where: method == softmax}}\n",
};

static void check_families(const char *text, ptrdiff_t parts, ptrdiff_t families)
{
    psw_study *study = parse(text);
    psw_combinations all;
    if (!study) return;
    CHECK(psw_combinations_create(study, &all) == PSW_OK, "%s", psw_message());
    CHECK(all.families == families, "%td families", all.families);
    ptrdiff_t *of = deal(study, parts), used = 0;
    unsigned char *seen = calloc((size_t)parts + 1, 1);
    for (ptrdiff_t c = 0; c < all.count; c++)
        for (ptrdiff_t i = all.first[c]; i < all.first[c + 1]; i++) {
            ptrdiff_t first = all.member[all.family_first[all.family[c]]];
            ptrdiff_t part = of[all.slot[i]];
            CHECK(part == of[all.slot[all.first[first]]], "slot %td is cut off its family", all.slot[i]);
            used += !seen[part];
            seen[part] = 1;
        }
    CHECK(used == (parts < families ? parts : families), "%td of %td parts have families", used, parts);
    free(seen);
    free(of);
    psw_combinations_free(&all);
    psw_study_free(study);
}

static void test_families(void)
{
    for (ptrdiff_t parts = 1; parts <= 4; parts++) {
        check_families(searched[0], parts, 36);
        check_families(searched[1], parts, 4);
    }
    check_families(searched[1], 6, 4);
}

/* ---- neighbours ---- */

static void test_stretches(void)
{
    psw_study *study = parse(many);
    if (!study) return;
    ptrdiff_t *of = deal(study, 4), cuts = 0;
    for (ptrdiff_t i = 1; i < psw_study_slots(study); i++) cuts += of[i] != of[i - 1];
    CHECK(cuts == 3, "four parts of light groups have %td borders", cuts);
    free(of);
    psw_study_free(study);
}

/* ---- the same on every machine: another digest is another deal, which changes with what points are said to cost; a
 * file says which slots its part has, and a version that deals otherwise does not continue it ---- */

static uint64_t digest(const char *text, ptrdiff_t parts)
{
    uint64_t hash = 0xcbf29ce484222325;
    psw_study *study = parse(text);
    if (!study) return 0;
    ptrdiff_t *of = deal(study, parts);
    for (ptrdiff_t i = 0; i < psw_study_slots(study); i++) hash = (hash ^ (uint64_t)of[i]) * 0x100000001b3;
    free(of);
    psw_study_free(study);
    return hash;
}

static void test_digests(void)
{
    static const struct {
        const char *text;
        ptrdiff_t parts;
        uint64_t digest;
    } golden[] = {{uneven, 3, 0x942c84eb4d5f89ef}, {uneven, 10, 0x2cde035b0376c455}, {many, 4, 0xbbc91636cbd7bc55},
                  {single, 2, 0xb459b87b2937e075}, {timed, 4, 0xfe66a4b6ff8adba5},   {sketched, 3, 0xf2299f0dc1ea2adc}};
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        uint64_t found = digest(golden[i].text, golden[i].parts);
        CHECK(found == golden[i].digest, "study %zu in %td parts: 0x%016llx", i, golden[i].parts,
              (unsigned long long)found);
    }
}

/* ---- names ---- */

static void test_names(void)
{
    static const char *const wrong[] = {"",     "1",    "0/3", "4/3",       "1/0",           "-1/3", "1/-3",
                                        "1/3x", "1 /3", "a/b", "1/1000001", "1/12345678901", "/3",   "1/"};
    psw_part part;
    char text[PSW_PART_TEXT], path[32];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!psw_part_read(wrong[i], &part), "\"%s\" is a part", wrong[i]);
    CHECK(psw_part_read("2/10", &part) && part.number == 2 && part.of == 10, "%td/%td", part.number, part.of);
    psw_part_print(&part, text);
    CHECK(strcmp(text, "2/10") == 0, "%s", text);
    CHECK(psw_part_path(&part, "a.b/c.h5", path, sizeof path) && strcmp(path, "a.b/c.2.h5") == 0, "%s", path);
    CHECK(psw_part_path(&part, "c", path, sizeof path) && strcmp(path, "c.2") == 0, "%s", path);
    CHECK(!psw_part_path(&part, "a-name-that-is-longer-than-its-place.h5", path, sizeof path), "%s", path);
    CHECK(psw_part_path(&(psw_part){0}, "c.h5", path, sizeof path) && strcmp(path, "c.h5") == 0, "%s", path);
}

int main(void)
{
    static const char *const studies[] = {uneven, many, single, timed, sketched};
    static const ptrdiff_t parts[] = {1, 2, 3, 10, 64};
    for (size_t i = 0; i < sizeof studies / sizeof *studies; i++)
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
            if (studies[i] != many || parts[k] <= 3) check_study(studies[i], parts[k]);
    test_families();
    test_stretches();
    test_digests();
    test_names();
    return test_end();
}
