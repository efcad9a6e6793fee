/* Scores offset + scale <q, k> of a study: what match exp makes of them, which axes say nothing, what is refused. */
#include <math.h>

#include "polysweep/attend.h"
#include "polysweep/data.h"
#include "unit/spec_study.h"

#define DATA "schema: 1\ndata: {kind: gaussian}\n"
#define SHAPE "n: 64, d: 10"

/* Slots of the points, and every one is found at its slot. */
static ptrdiff_t points(const char *text)
{
    psw_study *s = study_with(text, &(psw_rooms){.negative = psw_data_signed}, NULL);
    ptrdiff_t slots = psw_study_slots(s);
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point p = psw_study_point(s, slot);
        CHECK(psw_study_slot(s, &p) == slot, "slot %td is found at %td of\n%s", slot, psw_study_slot(s, &p), text);
    }
    psw_study_free(s);
    return slots;
}

static void collapses(void)
{
#define OFFSETS "grid: {offset: [0, 1, 2], mask: causal, block: 64, " SHAPE ", beta: [2, 4]}\n"
    static const struct {
        const char *text;
        ptrdiff_t points;
    } cases[] = {
        {"methods: [softmax, window: {local: 64}, topk: {keep: 3}, uniform]\n" OFFSETS, 4},
        {"methods: [exact, linear]\n" OFFSETS, 9},
        {"methods: [favor: {r: 8}]\n" OFFSETS, 1},
        {"methods: [softmax]\ngrid: {offset: [0, 1, 2], den_constant: [0, 1], " SHAPE "}\n", 4},
        {"methods: [softmax, uniform, elu1]\ngrid: {scale: [1, 2, 3], " SHAPE "}\n", 7},
        {"methods: [exact: {center: [0, 1, 2]}]\ngrid: {" SHAPE ", beta: [2, 4]}\n", 2},
        {"methods: [exact: {center: [0, 1, 2], match: exp}]\ngrid: {" SHAPE ", beta: [2, 4]}\n", 6},
        {"methods: [exact: {match: [exp, none], center: [0, 1, 2]}]\ngrid: {" SHAPE ", beta: [2, 4]}\n", 8},
        {"methods: [softmax, exact: {match: [none, exp]}]\ngrid: {scale: [0.5, 2], " SHAPE ", beta: [2, 4]}\n", 8},
        {"methods: [softmax, exact: {match: exp}]\ngrid: {scale: [0.5, 2], " SHAPE ", beta: [2, 4]}\n", 4},
        {"methods: [exact]\ngrid: {temperature: [1, 2], " SHAPE ", beta: 2}\nderive: {scale: 1 / sqrt(d) / "
         "temperature}\n",
         2},
        /* an axis of the study's own stays where it is derived from, whatever becomes of the value */
        {"methods: [softmax, exact: {match: exp}]\ngrid: {temperature: [1, 2], " SHAPE ", beta: 2}\nderive: {scale: 1 "
         "/ temperature}\n",
         4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, DATA "%s", cases[i].text);
        ptrdiff_t found = points(text);
        CHECK(found == cases[i].points, "%td points, not %td, of\n%s", found, cases[i].points, text);
    }
}

/* scale = sigma / beta and offset = 1 - sigma mu / beta at every degree, also where points of include have it; points
 * of different degrees share no tiles. */
static void matched(void)
{
    psw_study *s = study_of("schema: 1\ndata: {kind: gaussian, reference_scale: 0.3}\n"
                            "methods: [exact: {match: exp, center: [0, 1.5]}, closed_form]\n"
                            "grid: {beta: [2, 3, 7.5], n: [64, 128], d: 10}\n"
                            "include: [{method: exact, match: exp, beta: 5, n: 64, d: 12, center: 0.7},\n"
                            "  {method: exact, beta: 5, n: 64, d: 12, scale: 0.06, offset: 0.958}]\n");
    ptrdiff_t slots = psw_study_slots(s), count = 0;
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point p = psw_study_point(s, slot), next = slot + 1 < slots ? psw_study_point(s, slot + 1) : p;
        CHECK(psw_study_slot(s, &p) == slot, "slot %td", slot);
        if (p.match != PSW_MATCH_EXP) continue;
        count++;
        CHECK(p.scale == 0.3 / p.beta && p.offset == 1 - 0.3 * p.center / p.beta && p.reference_scale == 0.3,
              "slot %td: scale %g offset %g", slot, p.scale, p.offset);
        CHECK(psw_group_joins(&p, &p) && (next.beta == p.beta || !psw_group_joins(&p, &next)), "slot %td", slot);
    }
    CHECK(count == 13, "%td points", count);
    psw_point twin = psw_study_point(s, slots - 1); /* the same numbers, otherwise arrived at */
    CHECK(twin.match == PSW_MATCH_NONE && twin.scale == 0.3 / 5 && isnan(twin.reference_scale), "twin");
    psw_study_free(s);
}

static int seen, stale;

static psw_status settled(const psw_point *p)
{
    bool exact = p->reference == PSW_REFERENCE_EXACT, follows = p->match == PSW_MATCH_EXP;
    seen++, stale += (exact && p->reference_beta != p->beta) || (follows && p->scale != p->reference_scale / p->beta);
    return PSW_OK;
}

/* What is checked, and what the identity is made of, is the point as it will be, at every degree. */
static void along_a_line(void)
{
    const psw_rooms rooms = {.check = settled};
    static const char *const data[] = {"", ", reference: exact", ""};
    static const char *const grid[] = {"", "", ", reference: [own, exact]"};
    for (int i = 0; i < 3; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "schema: 1\ndata: {kind: gaussian%s}\nmethods: [exact%s]\ngrid: {beta: [2, 3, 4], n: 64, d: 10%s}\n",
                 data[i], i == 0 ? ": {match: exp}" : "", grid[i]);
        psw_study *s = study_with(text, &rooms, NULL);
        for (ptrdiff_t slot = 0; slot < psw_study_slots(s); slot++) {
            psw_point p = psw_study_point(s, slot);
            CHECK(psw_study_slot(s, &p) == slot && settled(&p) == PSW_OK, "slot %td", slot);
        }
        psw_study_free(s);
    }
    CHECK(seen == 2 * (3 + 3 + 6) && stale == 0, "%d seen, %d of another degree", seen, stale);
}

static void resolved(void)
{
    static const char *const texts[] = {
        DATA "methods: [softmax, exact: {match: [none, exp], center: [0, 0.5]}, polysketch: {r: 4, match: exp}]\n"
             "grid: {beta: [2, 4], n: 64, classes: [8, 16], offset: [0, 1]}\nderive: {d: classes + 2, scale: 1 / "
             "sqrt(d)}\n"
             "include: [{method: tree, r: 3, match: exp, center: -1, beta: 3, n: 64, d: 12}]\n",
        "schema: 1\ndata: {preset: P1, reference_scale: 2.5}\nmethods: [closed_form: {match: exp}]\n"
        "grid: {beta: {from: 1, to: 9, step: 0.5}, n: 64, d: 10}\n"};
    for (int i = 0; i < 2; i++) {
        psw_study *a = study_of(texts[i]), *b = study_of(psw_study_resolved(a));
        CHECK(psw_study_identity(a) == psw_study_identity(b) && psw_study_slots(a) == psw_study_slots(b), "%s",
              psw_study_resolved(a));
        CHECK(strcmp(psw_study_resolved(a), psw_study_resolved(b)) == 0, "%s", psw_study_resolved(b));
        for (ptrdiff_t slot = 0; slot < psw_study_slots(a); slot++) {
            psw_point p = psw_study_point(a, slot), q = psw_study_point(b, slot);
            CHECK(p.scale == q.scale && p.offset == q.offset && psw_study_find(b, a, &p) == slot, "slot %td", slot);
        }
        psw_study_free(a);
        psw_study_free(b);
    }
}

static uint64_t identity(const char *text)
{
    psw_study *s = study_of(text);
    uint64_t value = psw_study_identity(s);
    psw_study_free(s);
    return value;
}

/* Defaults that are written out make no other study; every other value does. */
static void identities(void)
{
#define STUDY(own, grid) DATA "methods: [exact" own "]\ngrid: {beta: [2, 4], n: 64, d: 10" grid "}\n"
    const uint64_t plain = identity(STUDY("", "")),
                   same[] = {identity(STUDY(": {match: none}", "")), identity(STUDY(": {center: 3}", "")),
                             identity(STUDY("", ", scale: 1, offset: 0"))};
    const uint64_t others[] = {plain,
                               identity(STUDY(": {match: exp}", "")),
                               identity(STUDY(": {match: exp, center: 3}", "")),
                               identity(STUDY("", ", scale: 0.5")),
                               identity(STUDY("", ", offset: 0.5")),
                               identity(STUDY("", ", offset: 1, scale: 0.5"))};
    for (int i = 0; i < 3; i++) CHECK(same[i] == plain, "study %d is another", i);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++) CHECK(others[i] != others[k], "studies %d and %d are the same", i, k);
}

static void refused(const char *text, const char *words, const psw_rooms *rooms)
{
    psw_study *study = NULL;
    char whole[512];
    snprintf(whole, sizeof whole, "schema: 1\n%s", text);
    psw_status status = psw_study_parse(&(psw_study_source){whole, strlen(whole), "s.yaml", NULL, 0}, rooms, &study);
    CHECK(status == PSW_USAGE, "accepted\n%s", text);
    if (status != PSW_OK) CHECK(strstr(psw_message(), words), "\"%s\" does not say %s", psw_message(), words);
    psw_study_free(study);
}

static psw_status data_check(const psw_point *point)
{
    return psw_data_check(point, NULL);
}

static void errors(void)
{
#define GRID "grid: {beta: [2, 4], " SHAPE
    static const char gaussian[] = "data: {kind: gaussian}\n";
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"methods: [exact: {match: exp}]\n" GRID ", scale: 0.5}\n",
         "s.yaml:4:36: match: exp sets scale and offset of exact; remove scale"},
        {"methods: [exact: {match: exp}, softmax]\n" GRID ", offset: 0.5}\n", "remove offset"},
        {"methods: [exact: {match: exp}, uniform]\n" GRID "}\nderive: {scale: 1 / sqrt(d)}\n", "remove scale"},
        {"methods: [exact]\n" GRID "}\ninclude: [{method: exact, match: exp, beta: 3, n: 8, d: 3, offset: 1}]\n",
         "match: exp sets scale and offset; remove offset"},
        {"methods: [exact]\n" GRID ", scale: 0}\n", "scale = 0: it is a number above 0"},
        {"methods: [exact]\n" GRID ", scale: [1, -2]}\n", "scale = -2: it is a number above 0"},
        {"methods: [exact]\n" GRID "}\nderive: {scale: d - 10}\n", "scale = 0: it is a number above 0"},
        {"methods: [exact]\n" GRID ", scale: 1/sqrt(d)}\n", "belongs in derive, as in derive: {scale: 1/sqrt(d)}"},
        {"methods: [exact]\n" GRID ", scale: [1, 2 * d]}\n", "belongs in derive, as in derive: {scale: 2 * d}"},
        {"methods: [exact]\n" GRID ", scale: sqr(d)}\n", "scale is a number, not 'sqr(d)'"},
        {"methods: [softmax: {match: exp}]\n" GRID "}\n", "match is not a parameter of softmax"},
        {"methods: [exact]\n" GRID ", match: exp}\n", "match belongs to a method"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s%s", gaussian, cases[i].text);
        refused(text, cases[i].words, NULL);
    }
    refused("data: {kind: scores}\nmethods: [exact: {match: exp}]\ngrid: {beta: 2, n: 64}\n", "have no <q, k>", NULL);
    refused("data: {kind: gaussian, reference_scale: 0}\nmethods: [exact: {match: exp}]\ngrid: {beta: 2, " SHAPE "}\n",
            "reference_scale = 0", NULL);
    /* each degree is checked with the offset that it has: 1 - 2 / 1.5 is below 0, from 2 on all are not */
    const psw_rooms rooms = {.check = data_check};
    refused("data: {preset: P1, reference_scale: 1}\nmethods: [exact: {match: exp, center: 4}]\n"
            "grid: {beta: [3, 2.5, 1.5], " SHAPE "}\n",
            "point method=exact beta=1.5", &rooms);
}

int main(void)
{
    collapses();
    matched();
    along_a_line();
    resolved();
    identities();
    errors();
    return test_end();
}
