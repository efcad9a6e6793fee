/* Points of one study found in another: by their values, own axes by name, weights by path. */
#include "unit/spec_study.h"

#define HEAD "schema: 1\nstudy: a\nseed: 4\n"
#define SMALL                                                                                                          \
    HEAD "data: {preset: P1, noise: 0}\nmethods: [exact, softmax]\n"                                                   \
         "grid: {beta: [2, 8], n: [64, 128], classes: [8, 16], level: [1, 2]}\n"                                       \
         "derive: {d: classes + 2, kappa: 0.1 * level}\njudge: {trials: 10}\n"

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Every point of the small study has its place in the large one, and it is the point's. */
static void all_found(const char *small_text, const char *large_text, ptrdiff_t more)
{
    psw_study *small = study_of(small_text), *large = study_of(large_text);
    ptrdiff_t slots = psw_study_slots(small);
    CHECK(psw_study_slots(large) == slots + more, "%td points", psw_study_slots(large));
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point point = psw_study_point(small, slot);
        ptrdiff_t at = psw_study_find(large, small, &point);
        CHECK(at >= 0, "slot %td is not found", slot);
        if (at < 0) continue;
        psw_point there = psw_study_point(large, at);
        CHECK(there.method == point.method && there.n == point.n && there.d == point.d && there.r == point.r &&
                  same(there.kappa, point.kappa) && same(there.beta, point.beta),
              "slot %td is not %td", slot, at);
        CHECK(psw_study_find(small, large, &there) == slot, "and back");
    }
    ptrdiff_t known = 0;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(large); slot++) {
        psw_point point = psw_study_point(large, slot);
        known += psw_study_find(small, large, &point) >= 0;
    }
    CHECK(known == slots, "%td of %td", known, slots);
    psw_study_free(small);
    psw_study_free(large);
}

static ptrdiff_t found(const char *of, const char *in)
{
    psw_study *a = study_of(of), *b = study_of(in);
    ptrdiff_t count = 0;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(a); slot++) {
        psw_point point = psw_study_point(a, slot);
        count += psw_study_find(b, a, &point) >= 0;
    }
    psw_study_free(a);
    psw_study_free(b);
    return count;
}

static void grown(void)
{
    /* 2 x 2 x 2 x 2 points of exact, 8 of softmax */
    all_found(SMALL, SMALL, 0);
    /* axes grow, are written in another order, own axes change their numbers, another method comes first */
    all_found(SMALL,
              HEAD "data: {preset: P1, noise: 0}\nmethods: [linear, exact, softmax]\n"
                   "grid: {level: [2, 3, 1], classes: [8, 12, 16], n: [32, 64, 128], beta: [2, 4, 8]}\n"
                   "derive: {d: classes + 2, kappa: 0.1 * level}\njudge: {trials: 10}\nrun: {team: 2}\n",
              5 * 27 - 24);
    all_found(SMALL, SMALL "include: [{method: exact, beta: 12, n: 64, d: 10}]\n", 1);
}

static void other(void)
{
    static const char *const changes[][2] = {{"seed: 4", "seed: 5"},
                                             {"preset: P1", "preset: P2"},
                                             {"trials: 10", "trials: 11"},
                                             {"level: [1, 2]", "depth: [1, 2]"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char text[1024] = "";
        const char *at = strstr(SMALL, changes[i][0]);
        psw_format(text, sizeof text, "%.*s%s%s", (int)(at - SMALL), SMALL, changes[i][1], at + strlen(changes[i][0]));
        char *formula = strstr(text, "* level");
        if (i == 3 && formula) memcpy(formula, "* depth", 7); /* the same numbers under another name: another axis */
        CHECK(found(SMALL, text) == 0, "%s: %td points are found", changes[i][1], found(SMALL, text));
    }
}

static void weights(void)
{
#define LEARNED(list)                                                                                                  \
    HEAD "data: {kind: gaussian}\nmethods: [polysketch: {r: [8], weights: " list "}]\n"                                \
         "grid: {beta: [4], n: [64], d: [16]}\n"
    all_found(LEARNED("[a.h5, b.h5]"), LEARNED("[c.h5, b.h5, a.h5]"), 1);
    all_found(LEARNED("[a.h5, b.h5]"), LEARNED("[none, {file: b.h5, r: 8}, {file: a.h5, r: 8}]"), 1);
    CHECK(found(LEARNED("[a.h5, b.h5]"), LEARNED("[c.h5, b.h5]")) == 1, "b.h5 alone is in both");
#define HEADS(path)                                                                                                    \
    HEAD "data: {kind: file, path: " path "}\nmethods: [softmax]\ngrid: {n: [64], d: [16], head: [0, 1]}\n"
    CHECK(found(HEADS("a.h5"), HEADS("a.h5")) == 2 && found(HEADS("a.h5"), HEADS("b.h5")) == 0, "other data");
}

int main(void)
{
    grown();
    other();
    weights();
    return test_end();
}
