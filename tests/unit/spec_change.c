/* A study made of another: axes renamed, given other values, added; what is asked for wrongly. */
#include "unit/spec_study.h"

/* What could be taken for the grid stands in a text, and n in several places. */
#define HEAD "schema: 1\nstudy: 'a \"n\": {\n \"grid\": {'\ndata: {kind: gaussian}\nmethods: [exact]\n"
#define BASE HEAD "grid: {d: [8, 16], n: [64, 256], beta: 2}\nexclude: [{when: n > 64 and d > 8, why: '\"n\": 64'}]\n"

static psw_study *changed(const psw_study *base, const psw_axis_change *axes, ptrdiff_t count, const char *set)
{
    psw_study *made = NULL;
    psw_study_changes changes = {.name = "made", .axes = axes, .axis_count = count, .set = &set, .sets = set != NULL};
    psw_status status = psw_study_change(base, &changes, &made);
    CHECK((status == PSW_OK) == (made != NULL), "a study and status %d", status);
    return made;
}

/* The same points in the same slots as the study that is written by hand, and the old one is what it was. */
static void check_same(psw_study *base, psw_study *made, const char *by_hand)
{
    psw_study *expected = study_of(by_hand), *again = study_of(BASE);
    CHECK(made && psw_study_identity(made) == psw_study_identity(expected), "%s\nis not\n%s",
          made ? psw_study_resolved(made) : psw_message(), psw_study_resolved(expected));
    CHECK(psw_study_identity(base) == psw_study_identity(again), "the old study changed");
    CHECK(strcmp(psw_study_resolved(base), psw_study_resolved(again)) == 0, "the old study's text changed");
    psw_study_free(made);
    psw_study_free(expected);
    psw_study_free(again);
}

static void test_values(void)
{
    const double lengths[] = {32, 64, 128}, teams[] = {1, 4};
    const psw_axis_change longer = {.axis = "n", .values = lengths, .count = 3};
    const psw_axis_change both[] = {longer, {.axis = "team", .values = teams, .count = 2}};
    psw_study *base = study_of(BASE);
    check_same(base, changed(base, &longer, 1, NULL),
               HEAD "grid: {d: [8, 16], n: [32, 64, 128], beta: 2}\nexclude: [{when: n > 64 and d > 8}]\n");
    check_same(base, changed(base, both, 2, NULL),
               HEAD "grid: {d: [8, 16], n: [32, 64, 128], beta: 2, team: [1, 4]}\n"
                    "exclude: [{when: n > 64 and d > 8}]\n");
    check_same(base, changed(base, &longer, 1, "grid.n=96"),
               HEAD "grid: {d: [8, 16], n: 96, beta: 2}\nexclude: [{when: n > 64 and d > 8}]\n");
    check_same(base, changed(base, NULL, 0, NULL), BASE);
    psw_study_free(base);
}

/* The axis keeps its place; expressions keep the name n, which derive gives a value. */
static void test_names(void)
{
    const double lengths[] = {64.5, 32};
    const psw_axis_change renamed = {.axis = "n", .name = "half"};
    const psw_axis_change other = {.axis = "n", .name = "half", .values = lengths, .count = 2};
    psw_study *base = study_of(BASE);
    check_same(base, changed(base, &renamed, 1, "derive.n=2 * half"),
               HEAD "grid: {d: [8, 16], half: [64, 256], beta: 2}\nderive: {n: 2 * half}\n"
                    "exclude: [{when: n > 64 and d > 8}]\n");
    check_same(base, changed(base, &other, 1, "derive.n=2 * half"),
               HEAD "grid: {d: [8, 16], half: [64.5, 32], beta: 2}\nderive: {n: 2 * half}\n"
                    "exclude: [{when: n > 64 and d > 8}]\n");
    psw_study_free(base);
}

static void refused(const psw_study *base, psw_axis_change change, const char *set, const char *words)
{
    psw_study *made = changed(base, &change, 1, set);
    CHECK(!made && strncmp(psw_message(), "made:", 5) == 0 && strstr(psw_message(), words), "\"%s\" lacks \"%s\"",
          made ? "" : psw_message(), words);
    psw_study_free(made);
}

static void test_refusals(void)
{
    const double repeated[] = {64, 64}, half[] = {2.5};
    psw_study *base = study_of(BASE);
    refused(base, (psw_axis_change){.axis = "r", .name = "width"}, NULL, "the grid has no 'r' to rename");
    refused(base, (psw_axis_change){.axis = "n", .name = "d"}, NULL, "'d' is given twice");
    refused(base, (psw_axis_change){.axis = "n", .name = "lenght"}, "derive.n=64", "'lenght' is not a parameter");
    refused(base, (psw_axis_change){.axis = "n", .values = repeated, .count = 2}, NULL, "64");
    refused(base, (psw_axis_change){.axis = "n", .values = half, .count = 1}, NULL, "2.5");
    psw_study_free(base);
}

static void test_in_grid(void)
{
    psw_study *base = study_of("schema: 1\ndata: {kind: gaussian}\nmethods: [exact]\n"
                               "zip: {shape: {n: [64, 128], d: [8, 16]}}\ngrid: {beta: 2, mask: causal}\n");
    CHECK(psw_study_in_grid(base, "beta") && psw_study_in_grid(base, "mask"), "single values are in the grid");
    CHECK(!psw_study_in_grid(base, "n") && !psw_study_in_grid(base, "shape") && !psw_study_in_grid(base, "kind"),
          "others are not");
    psw_study_free(base);
    base = study_of("schema: 1\ndata: {kind: gaussian}\nmethods: [exact]\n"
                    "zip: {shape: {n: [64, 128], d: [8, 16], beta: [2, 4]}}\n");
    CHECK(!psw_study_in_grid(base, "n"), "there is no grid");
    psw_study_free(base);
}

int main(void)
{
    test_values();
    test_names();
    test_refusals();
    test_in_grid();
    return test_end();
}
