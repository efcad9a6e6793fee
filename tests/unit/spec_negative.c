/* `negative` of linear attention: a parameter where scores can be negative, nothing where they cannot, and nothing to
 * the studies of schema 1's first files. */
#include "polysweep/data.h"
#include "unit/spec_study.h"

#define CLEAN "schema: 1\ndata: {preset: P1}\nmethods: [exact, linear]\n"
#define NOISY "schema: 1\ndata: {preset: P1, noise: 0.1}\nmethods: [exact, linear]\n"

static const psw_rooms now = {.negative = psw_data_signed}, then = {.negative = psw_data_signed, .first_files = true};

static psw_study *study(const char *text, const psw_rooms *rooms)
{
    return study_with(text, rooms, NULL);
}

/* The `negative` of linear's points, as digits. Every point is found at its slot. */
static void linear_has(const char *text, const psw_rooms *rooms, const char *expected)
{
    psw_study *s = study(text, rooms);
    char found[32] = "";
    for (ptrdiff_t slot = 0; slot < psw_study_slots(s); slot++) {
        psw_point p = psw_study_point(s, slot);
        CHECK(psw_study_slot(s, &p) == slot, "slot %td is found at %td", slot, psw_study_slot(s, &p));
        if (p.method == PSW_LINEAR) found[strlen(found)] = (char)('0' + (int)p.negative);
    }
    CHECK(strcmp(found, expected) == 0, "%s\ngave %s, not %s", text, found, expected);
    psw_study_free(s);
}

static void values(void)
{
    linear_has(CLEAN "grid: {beta: 2, n: 64, d: 10, negative: signed}\n", &now, "0");
    linear_has(NOISY "grid: {beta: 2, n: 64, d: 10, negative: signed}\n", &now, "1");
    linear_has(NOISY "grid: {beta: 2, n: 64, d: 10, negative: signed}\n", &then, "0");
    /* an axis: one point where it says nothing */
    linear_has(CLEAN "grid: {negative: [signed, abs], beta: 2, n: [64, 128], d: 10}\n", &now, "00");
    linear_has(NOISY "grid: {negative: [signed, abs], beta: 2, n: [64, 128], d: 10}\n", &now, "1122");
    linear_has(NOISY "grid: {negative: [signed, abs], beta: 2, n: [64, 128], d: 10}\n", &then, "00");
    linear_has("schema: 1\ndata: {preset: P1}\nmethods: [exact, linear]\n"
               "grid: {noise: [0, 0.1], beta: 2, n: 64, d: 10, negative: [signed, abs]}\n",
               &now, "012");
    linear_has(CLEAN
               "grid: {beta: 2, n: 64, d: 10}\ninclude: [{method: linear, n: 128, d: 10, negative: abs, noise: 1},"
               " {method: linear, n: 128, d: 10, negative: abs}]\n",
               &now, "020");
}

static void same(const char *text, bool expected)
{
    psw_study *a = study(text, &now), *b = study(text, &then);
    CHECK((psw_study_identity(a) == psw_study_identity(b)) == expected, "%s", text);
    psw_study_free(a);
    psw_study_free(b);
}

/* Studies that mean what they meant are the studies they were. */
static void identities(void)
{
    same(CLEAN "grid: {beta: 2, n: 64, d: 10}\n", true);
    same(CLEAN "grid: {beta: 2, n: 64, d: 10, negative: signed}\n", true);
    same(CLEAN "grid: {negative: [signed, abs], beta: 2, n: 64, d: 10}\n", true);
    same(NOISY "grid: {beta: 2, n: 64, d: 10}\n", true);
    same(NOISY "grid: {beta: 2, n: 64, d: 10, negative: signed}\n", false);
}

/* Slots of `of` in `in`. */
static void finds(const char *of, const psw_rooms *of_rooms, const char *in, const psw_rooms *in_rooms, ptrdiff_t some)
{
    psw_study *a = study(of, of_rooms), *b = study(in, in_rooms);
    ptrdiff_t count = 0;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(a); slot++) {
        psw_point p = psw_study_point(a, slot);
        count += psw_study_find(b, a, &p) >= 0;
    }
    CHECK(count == some, "%td and not %td are found of\n%sin\n%s", count, some, of, in);
    psw_study_free(a);
    psw_study_free(b);
}

/* A point has its results where `negative` makes no difference to its weights: of an even degree, and of linear between
 * keeping the sign and not having said so. */
static void carried(void)
{
#define GRID(rest) NOISY "grid: {beta: [2, 3, 4, 2.5], n: 64, d: 10" rest "}\n"
    finds(GRID(""), &then, GRID(", negative: signed"), &now, 3);
    finds(GRID(", negative: signed"), &now, GRID(""), &then, 3);
    finds(GRID(""), &then, GRID(", negative: abs"), &now, 2);
    finds(GRID(", negative: signed"), &now, GRID(", negative: abs"), &now, 2);
    finds(GRID(", negative: abs"), &now, GRID(", negative: abs"), &now, 5);
}

int main(void)
{
    values();
    identities();
    carried();
    return test_end();
}
