/* `queries: distinct` is a parameter of points whose queries repeat: of the data, the mask and the method. Elsewhere it
 * is `all`, and studies that do not give it are the studies they were. */
#include "polysweep/attend.h"
#include "unit/spec_study.h"

#define HEAD "schema: 1\nmethods: [exact, window: {local: 8}, nystrom: {landmarks: 4}, closed_form]\n"
#define DATA(more) "data: {preset: P1" more "}\n"
#define GRID(more) "grid: {beta: 2, n: 64, d: 10, negative: signed" more "}\n"
#define FEW ", queries: distinct"

static const psw_rooms rooms = {.repeats = psw_attend_repeats};

/* `queries` of all points, as digits, method by method. Every point is found at its slot. */
static void has(const char *text, const psw_rooms *of, const char *expected)
{
    psw_study *s = study_with(text, of, NULL);
    char found[64] = "";
    for (ptrdiff_t slot = 0; slot < psw_study_slots(s); slot++) {
        psw_point p = psw_study_point(s, slot);
        CHECK(psw_study_slot(s, &p) == slot, "slot %td is found at %td", slot, psw_study_slot(s, &p));
        found[strlen(found)] = (char)('0' + (int)p.queries);
    }
    CHECK(strcmp(found, expected) == 0, "%s\ngave %s, not %s", text, found, expected);
    psw_study_free(s);
}

static void values(void)
{
    has(HEAD DATA("") GRID(""), &rooms, "0000");
    has(HEAD DATA(FEW) GRID(""), &rooms, "1000");
    has(HEAD DATA(FEW) GRID(", mask: causal"), &rooms, "0000");
    has(HEAD DATA(FEW ", noise: 0.1") GRID(""), &rooms, "0000");
    has(HEAD "data: {kind: gaussian, queries: distinct}\n" GRID(""), &rooms, "0000");
    has(HEAD "data: {kind: scores, queries: distinct}\nexclude: [{when: method == nystrom, why: x}]\n" GRID(""), &rooms,
        "000");
    /* axes: one point where nothing is equal */
    has(HEAD DATA("") GRID(", queries: [all, distinct]"), &rooms, "01000");
    has(HEAD DATA("") GRID(", queries: [distinct, all]"), &rooms, "10000");
    has(HEAD DATA("") GRID(", noise: [0, 0.1], queries: [all, distinct]"), &rooms, "010000000");
    has(HEAD DATA(FEW) GRID(", mask: [full, causal], noise: [0, 0.1]"), &rooms, "1000000000000000");
    has(HEAD DATA("") GRID("") "include: [{method: exact, beta: 4" FEW "}, {method: exact, beta: 4, noise: 1" FEW
                               "}]\n",
        &rooms, "000010");
    has(HEAD DATA(FEW) GRID(""), NULL, "1110"); /* nobody says otherwise */
}

static uint64_t identity(const char *text)
{
    psw_study *s = study_with(text, &rooms, NULL);
    uint64_t value = psw_study_identity(s);
    psw_study_free(s);
    return value;
}

static void identities(void)
{
    uint64_t plain = identity(HEAD DATA("") GRID(""));
    CHECK(identity(HEAD DATA(", queries: all") GRID("")) == plain, "the default, written out");
    CHECK(identity(HEAD DATA("") GRID(", queries: [all]")) == plain, "the default as an axis");
    CHECK(identity(HEAD DATA(FEW) GRID("")) != plain, "other points");
    CHECK(identity(HEAD DATA(FEW) GRID(", mask: causal")) == identity(HEAD DATA("") GRID(", mask: causal")),
          "where nothing is equal they are the same");
}

/* A resolved study says it, and is the study; a difference is told by name. */
static void told(void)
{
    char difference[1024] = "";
    psw_study *few = study_with(HEAD DATA(FEW) GRID(""), &rooms, NULL),
              *all = study_with(HEAD DATA("") GRID(""), &rooms, NULL);
    psw_study *again = study_with(psw_study_resolved(few), &rooms, NULL);
    CHECK(psw_study_identity(again) == psw_study_identity(few), "resolved");
    CHECK(strstr(psw_study_resolved(all), "\"queries\": \"all\""), "%s", psw_study_resolved(all));
    psw_study_difference(few, all, difference, sizeof difference);
    CHECK(strcmp(difference, "data.queries: distinct here, all in the file") == 0, "%s", difference);
    psw_study_free(few), psw_study_free(all), psw_study_free(again);
}

static void refused(const char *text, const char *words)
{
    psw_study *s = NULL;
    psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", NULL, 0}, &rooms, &s);
    CHECK(status == PSW_USAGE && strstr(psw_message(), words), "%s", psw_message());
    psw_study_free(s);
}

int main(void)
{
    values();
    identities();
    told();
    refused(HEAD DATA(", queries: few") GRID(""), "s.yaml:3");
    refused(HEAD DATA(", queries: few") GRID(""), "all, distinct");
    refused(HEAD DATA(FEW) GRID(", queries: [all]"), "given twice");
    refused(HEAD DATA("") GRID("") "derive: {queries: 1}\n", "has words for values");
    return test_end();
}
