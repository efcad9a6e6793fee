/* Combinations, levels and families against lists made from the points themselves. */
#include <stdlib.h>
#include <string.h>

#include "polysweep/record.h"
#include "unit/spec_study.h"

typedef struct example {
    const char *text;  /* of the study, without its search */
    const char *over;  /* axis */
    const char *alike; /* what is the same in a combination: every other axis that is one of its own */
    const char *level; /* column and where, NULL: a number */
    const char *same;  /* what a point and its level share, where both have it; first what `where` asks for */
} example;

#define HEAD "schema: 1\ndata: {preset: P1}\n"

static const example examples[] = {
    /* methods without the axis, and beta first in grid but last in slots */
    {HEAD "methods: [exact, softmax, linear, closed_form]\ngrid: {beta: [8, 1, 2.5, 4], n: [64, 128], d: [10, 18]}\n",
     "beta", "method n d", NULL, NULL},
    /* another axis than the last, its values in no order */
    {HEAD "methods: [exact, softmax]\ngrid: {n: [256, 64, 128], beta: [1, 2, 3], d: [10, 18]}\n", "n", "method beta d",
     NULL, NULL},
    /* holes, whole combinations among them, and points of include */
    {HEAD "methods: [exact, linear]\ngrid: {n: [64, 128, 256], d: [10, 18], beta: {from: 1, to: 9, step: 1}}\n"
          "exclude:\n- {when: beta % 3 == 0 and n < 256, why: r}\n- {when: n == 128 and d == 18, why: r}\n"
          "include:\n- {method: exact, beta: 12, n: 64, d: 10}\n- {method: linear, n: 512, d: 10}\n",
     "beta", "method n d", NULL, NULL},
    /* a member of a zip group stands for the group */
    {HEAD "methods: [exact, linear]\nzip: {shape: {n: [256, 64, 128], d: [18, 10, 34]}}\ngrid: {beta: [1, 2]}\n", "n",
     "method beta", NULL, NULL},
    /* one that a method ignores in part: linear has entries 1 and 3 */
    {HEAD "methods: [exact, linear]\nzip: {g: {n: [64, 64, 128], beta: [1, 2, 3]}}\ngrid: {d: [10, 18]}\n", "beta",
     "method d n:linear", NULL, NULL},
    /* an axis of the study's own, from which others follow */
    {HEAD "methods: [exact, closed_form]\ngrid: {classes: [32, 8, 16], n: [64, 128], beta: [1, 2]}\n"
          "derive: {d: classes + 2}\n",
     "classes", "method n beta", NULL, NULL},
    /* other parameters follow the searched one */
    {HEAD "methods: [exact]\ngrid: {beta: [3, 1, 2], n: [64, 128]}\nderive: {d: 10 + 8 * beta}\n", "beta", "method n",
     NULL, NULL},
    /* a method's own key, which others do not have */
    {HEAD "methods:\n- exact\n- tensorsketch: {r: [64, 16, 32], draws: [2, 3]}\n- srht: {r: [8, 16], draws: 2}\n"
          "grid: {n: [64, 128], d: 16, beta: 2}\n",
     "r", "method n draws", NULL, NULL},
    /* the level is the exact point of the same degree and length */
    {HEAD "methods:\n- exact\n- tensorsketch: {r: [64, 16, 32], draws: [2, 3]}\n- srht: {r: [8, 16], draws: 2}\n"
          "grid: {n: [64, 128, 256], d: 16, beta: [2, 3]}\n",
     "r", "method n beta draws", "err_out, where: \"method == exact\"", "exact n beta"},
    /* over n: one curve is the level of several, and one of them ends earlier */
    {HEAD "methods: [exact, softmax, linear]\ngrid: {n: [64, 128, 256], d: [10, 18], beta: [1, 2]}\n"
          "exclude: [{when: method == linear and n > 128, why: r}]\n",
     "n", "method d beta", "entropy, where: \"method == softmax\"", "softmax n d"},
    /* what `where` names need not be the same; a curve at n = 64 is its own level */
    {HEAD "methods: [exact]\ngrid: {n: [128, 64, 256], d: [10, 18], beta: [1, 2, 3]}\n", "beta", "method n d",
     "entropy, where: \"n == 64\"", "n=64 d beta"},
    /* over what it names: every curve has its level in it */
    {HEAD "methods: [exact]\ngrid: {n: [128, 64, 256], d: [10, 18], beta: [1, 2, 3]}\n", "n", "method beta d",
     "entropy, where: \"n == 64\"", "n=64 d beta"},
};

enum { LIST_MAX = 4096, COLUMNS_IN_LIST = 8 };

/* ---- values by the names of a list ---- */

typedef struct listed {
    const psw_column *column[COLUMNS_IN_LIST];
    const char *method[COLUMNS_IN_LIST]; /* for points of this alone; NULL: of all */
    int count;
} listed;

static psw_column columns[PSW_COLUMNS_MAX];

static listed list_of(const psw_study *study, const char *text)
{
    listed l = {.count = 0};
    static char copy[4][128];
    static int turn;
    char *at = copy[turn = (turn + 1) % 4];
    ptrdiff_t all = psw_columns_of(study, columns);
    psw_format(at, sizeof copy[0], "%s", text);
    for (char *name = strtok(at, " "); name; name = strtok(NULL, " ")) {
        char *colon = strchr(name, ':');
        if (colon) *colon = '\0';
        l.method[l.count] = colon ? colon + 1 : NULL;
        for (ptrdiff_t i = 0; i < all; i++)
            if (strcmp(columns[i].name, name) == 0) l.column[l.count] = &columns[i];
        l.count += l.column[l.count] != NULL;
    }
    return l;
}

static bool equal(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static bool alike(const listed *l, const psw_record *a, const psw_record *b)
{
    for (int i = 0; i < l->count; i++) {
        const char *method = l->method[i];
        if (method && strcmp(method, psw_word(PSW_WORDS_METHOD, (int)a->point.method)) != 0) continue;
        if (!equal(psw_column_value(l->column[i], a), psw_column_value(l->column[i], b))) return false;
    }
    return true;
}

/* ---- the lists ---- */

static psw_record records[LIST_MAX];
static ptrdiff_t combination_of[LIST_MAX], position_of[LIST_MAX];

static double axis_value(const psw_study *study, const char *over, ptrdiff_t slot)
{
    listed l = list_of(study, over);
    double value = psw_column_value(l.column[0], &records[slot]);
    bool method_has = true;
    if (strcmp(over, "r") == 0) method_has = records[slot].point.r > 0;
    return method_has ? value : NAN;
}

static bool is_include(const psw_study *study, const example *e, ptrdiff_t slot)
{
    return strstr(e->text, "include:") && slot >= psw_study_slots(study) - 2;
}

static bool together(const psw_study *study, const example *e, const listed *l, ptrdiff_t a, ptrdiff_t b)
{
    if (a == b) return true;
    if (is_include(study, e, a) || is_include(study, e, b)) return false;
    if (isnan(axis_value(study, e->over, a)) || isnan(axis_value(study, e->over, b))) return false;
    return alike(l, &records[a], &records[b]);
}

static void check_combinations(const psw_study *study, const example *e, const psw_combinations *all)
{
    ptrdiff_t slots = psw_study_slots(study), laid = 0, before = -1;
    listed l = list_of(study, e->alike);
    for (ptrdiff_t c = 0; c < all->count; c++) {
        ptrdiff_t first = slots;
        for (ptrdiff_t i = all->first[c]; i < all->first[c + 1]; i++, laid++) {
            combination_of[all->slot[i]] = c;
            position_of[all->slot[i]] = i;
            if (all->slot[i] < first) first = all->slot[i];
            CHECK(equal(all->value[i], axis_value(study, e->over, all->slot[i])), "%g of slot %td", all->value[i],
                  all->slot[i]);
            CHECK(i == all->first[c] || all->value[i] > all->value[i - 1], "combination %td descends", c);
        }
        CHECK(first > before, "combination %td begins at slot %td after one at %td", c, first, before);
        before = first;
    }
    CHECK(laid == slots && all->first[all->count] == slots, "%td of %td slots are laid", laid, slots);
    for (ptrdiff_t a = 0; a < slots; a++)
        for (ptrdiff_t b = 0; b < a; b++)
            CHECK((combination_of[a] == combination_of[b]) == together(study, e, &l, a, b), "slots %td and %td of\n%s",
                  a, b, e->text);
}

static bool is_level(const example *e, ptrdiff_t slot)
{
    if (strncmp(e->same, "n=64", 4) == 0) return records[slot].point.n == 64;
    const char *word = psw_word(PSW_WORDS_METHOD, (int)records[slot].point.method);
    return strncmp(e->same, word, strlen(word)) == 0 && e->same[strlen(word)] == ' ';
}

static void check_levels(const psw_study *study, const example *e, const psw_combinations *all)
{
    ptrdiff_t slots = psw_study_slots(study);
    listed l = list_of(study, strchr(e->same, ' '));
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        ptrdiff_t wanted = -1, count = 0;
        for (ptrdiff_t other = 0; other < slots; other++)
            if (is_level(e, other) && alike(&l, &records[slot], &records[other])) wanted = other, count++;
        if (is_level(e, slot)) wanted = slot, count = 1;
        CHECK(count == 1, "the example has %td levels for slot %td", count, slot);
        CHECK(all->partner[position_of[slot]] == position_of[wanted], "the level of slot %td is %td", slot, wanted);
    }
}

/* Families: the least sets that hold with a point its level. */
static void check_families(const psw_study *study, const psw_combinations *all)
{
    static ptrdiff_t family[LIST_MAX];
    bool moved = true;
    for (ptrdiff_t c = 0; c < all->count; c++) family[c] = c;
    while (moved) {
        moved = false;
        for (ptrdiff_t slot = 0; all->partner && slot < psw_study_slots(study); slot++) {
            ptrdiff_t *a = &family[combination_of[slot]];
            ptrdiff_t *b = &family[combination_of[all->slot[all->partner[position_of[slot]]]]];
            if (*a != *b) *a = *b = *a < *b ? *a : *b, moved = true;
        }
    }
    ptrdiff_t listed_members = 0, families = 0;
    for (ptrdiff_t c = 0; c < all->count; c++) {
        if (family[c] == c) CHECK(all->family[c] == families++, "family of combination %td", c);
        CHECK(all->family[c] == all->family[family[c]], "combinations %td and %td", c, family[c]);
    }
    CHECK(families == all->families, "%td families, not %td", all->families, families);
    for (ptrdiff_t f = 0; f < all->families; f++)
        for (ptrdiff_t k = all->family_first[f]; k < all->family_first[f + 1]; k++, listed_members++) {
            CHECK(all->family[all->member[k]] == f, "member %td of family %td", all->member[k], f);
            CHECK(k == all->family_first[f] || all->member[k] > all->member[k - 1], "members of family %td descend", f);
        }
    CHECK(listed_members == all->count, "%td of %td combinations are members", listed_members, all->count);
}

static psw_study *study_searched(const example *e)
{
    char text[2048];
    psw_format(text, sizeof text, "%ssearch: {over: %s%s%s%s}\n", e->text, e->over,
               e->level ? ", level: {column: " : ", level: 0.5", e->level ? e->level : "", e->level ? "}" : "");
    return study_of(text);
}

static void check_example(const example *e)
{
    psw_study *study = study_searched(e);
    psw_combinations all;
    ptrdiff_t slots = psw_study_slots(study);
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point point = psw_study_point(study, slot);
        records[slot] = psw_record_blank(&point);
    }
    psw_status status = psw_combinations_create(study, &all);
    CHECK(status == PSW_OK, "%s\n%s", psw_message(), e->text);
    if (status == PSW_OK) {
        check_combinations(study, e, &all);
        CHECK((all.partner != NULL) == (e->level != NULL), "levels of\n%s", e->text);
        if (e->level) check_levels(study, e, &all);
        check_families(study, &all);
    }
    psw_combinations_free(&all);
    psw_study_free(study);
}

/* ---- what is refused ---- */

static const struct {
    const char *text, *message;
} refused[] = {
    {HEAD "methods: [exact]\ngrid: {beta: [1, 2], d: 10, n: 64, mask: [full, causal]}\nsearch: {over: mask}\n",
     "values of mask have no order"},
    {HEAD "methods: [exact]\nzip: {g: {n: [64, 64, 128], d: [10, 18, 10]}}\ngrid: {beta: 2}\nsearch: {over: n}\n",
     "entries 1 and 2 of the zip group 'g' have equal values of n"},
    {HEAD "methods: [exact, softmax]\ngrid: {n: [64, 128], d: [10, 18], beta: 2}\n"
          "exclude: [{when: method == softmax and n == 128 and d == 18, why: r}]\n"
          "search: {over: n, column: entropy, level: {column: entropy, where: method == softmax}}\n",
     "exact with n = 128, d = 18) has no point with the same values for which 'method == softmax' holds"},
    {HEAD "methods: [exact, softmax]\ngrid: {n: [64, 128], d: 10, beta: [1, 2]}\n"
          "search: {over: n, column: entropy, level: {column: entropy, where: beta == 1 or method == softmax}}\n",
     "has several points with the same values for which 'beta == 1 or method == softmax' holds"},
    {HEAD "methods: [exact]\ngrid: {n: [64, 128], d: 10, beta: 2}\n"
          "search: {over: n, column: entropy, level: {column: entropy, where: method == softmax}}\n",
     "it holds for none of the 2 points"},
    {HEAD "methods: [exact]\ngrid: {n: [64, 128], d: 10, beta: 2}\n"
          "search: {over: n, column: entropy, level: {column: entropy, where: nothing == 1}}\n",
     "search.level.where nothing == 1: column 1: unknown name 'nothing'"},
};

static void check_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        psw_study *study = study_of(refused[i].text);
        psw_combinations all;
        CHECK(psw_combinations_create(study, &all) == PSW_USAGE, "refused: %s", refused[i].text);
        CHECK(strstr(psw_message(), refused[i].message), "'%s' in '%s'", refused[i].message, psw_message());
        psw_combinations_free(&all);
        psw_study_free(study);
    }
}

/* Candidates are a list: of the grid, or of a method. */
#define SKETCHES "schema: 1\ndata: {kind: gaussian}\ngrid: {n: [64, 128], d: 16, beta: 2}\nmethods: [exact, "
#define OVER(name) "]\nsearch: {over: " #name ", column: err_out, level: 0.5}\n"

static const struct {
    const char *text;
    ptrdiff_t candidates; /* of the longest combination; 0: refused */
} overs[] = {
    {SKETCHES "{polysketch: {r: 16}}" OVER(r), 0},
    {SKETCHES "{polysketch: {r: 16}}" OVER(draws), 0},
    {SKETCHES "{polysketch: {r: 16}}" OVER(features), 0},
    {SKETCHES "{polysketch: {r: [16, 32, 64]}}" OVER(draws), 0},
    {SKETCHES "{polysketch: {r: [16, 32, 64]}}" OVER(r), 3},
    {SKETCHES "{polysketch: {r: {from: 16, to: 32, step: 4}}}" OVER(r), 5},
    {SKETCHES "{polysketch: {r: 16, draws: [1, 2]}}" OVER(draws), 2},
    {SKETCHES "{polysketch: {r: [16, 32, 64]}}" OVER(d), 0},
    {SKETCHES "{polysketch: {r: 16}}" OVER(n), 2},
};

static void check_overs(void)
{
    for (size_t i = 0; i < sizeof overs / sizeof *overs; i++) {
        const char *text = overs[i].text;
        psw_study *study = NULL;
        psw_combinations all = {0};
        ptrdiff_t longest = 0;
        psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", NULL, 0}, NULL, &study);
        CHECK(status == (overs[i].candidates > 0 ? PSW_OK : PSW_USAGE), "%s\n%s", psw_message(), text);
        if (status != PSW_OK) CHECK(strstr(psw_message(), "is no axis of the study"), "%s", psw_message());
        if (status == PSW_OK) CHECK(psw_combinations_create(study, &all) == PSW_OK, "%s", psw_message());
        for (ptrdiff_t c = 0; c < all.count; c++)
            if (all.first[c + 1] - all.first[c] > longest) longest = all.first[c + 1] - all.first[c];
        CHECK(longest == overs[i].candidates, "%td candidates in\n%s", longest, text);
        psw_combinations_free(&all);
        psw_study_free(study);
    }
}

/* A million points: no list but those of the combinations, no quadratic step. */
static void check_large(void)
{
    psw_study *study = study_of(HEAD "methods: [exact, softmax]\n"
                                     "grid: {seed: {from: 1, to: 4000, step: 1}, n: 64, d: 10, "
                                     "beta: {from: 1, to: 250, step: 1}}\n"
                                     "search: {over: beta, column: entropy, level: {column: entropy, where: method == "
                                     "softmax}}\n");
    psw_combinations all;
    CHECK(psw_combinations_create(study, &all) == PSW_OK, "%s", psw_message());
    CHECK(all.count == 8000 && all.families == 4000, "%td combinations, %td families", all.count, all.families);
    for (ptrdiff_t c = 0; c < 4000; c++)
        CHECK(all.first[c + 1] - all.first[c] == 250 && all.partner[all.first[c]] == 1000000 + c, "combination %td", c);
    psw_combinations_free(&all);
    psw_study_free(study);
}

int main(void)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) check_example(&examples[i]);
    check_refused();
    check_overs();
    check_large();
    return test_end();
}
