/* A search whose level is a column of other points, what an answer is made of, and which columns are refused. */
#include <stdlib.h>
#include <string.h>

#include "polysweep/replay.h"
#include "unit/spec_study.h"

enum { SLOTS_MOST = 512 };

/* ---- the level of a curve is another curve ---- */

typedef struct crossover {
    const psw_study *study;
    bool known[SLOTS_MOST];
    ptrdiff_t failing; /* the slot that fails; -1: none */
} crossover;

/* exact falls below softmax at n = 1,000 / d for degree 2, and never for degree 3. */
static psw_answer crossover_answer(const void *context, ptrdiff_t slot)
{
    const crossover *x = context;
    psw_point point = psw_study_point(x->study, slot);
    double n = (double)point.n, here = n * (double)point.d / 1000;
    double value = point.method == PSW_SOFTMAX ? 1 + n : isnan(point.beta) || point.beta > 2 ? 9e9 : 1 + n + 1 - here;
    psw_slot_status status = x->known[slot] ? PSW_SLOT_DONE : PSW_SLOT_EMPTY;
    if (slot == x->failing && x->known[slot]) status = PSW_SLOT_SKIPPED;
    return (psw_answer){.status = status, .value = value, .level = value, .lo = NAN, .hi = NAN, .trials = NAN};
}

static void check_edges(const psw_search *search, const crossover *x)
{
    const psw_combinations *all = psw_search_combinations(search);
    for (ptrdiff_t c = 0; c < all->count; c++) {
        psw_point point = psw_study_point(x->study, all->slot[all->first[c]]);
        psw_crossings found;
        psw_search_crossings(search, c, crossover_answer, x, &found);
        bool crosses = point.method == PSW_EXACT && point.beta == 2;
        CHECK(found.count == crosses, "%td edges of combination %td", found.count, c);
        CHECK(isnan(found.trials) == 0 && found.evaluations > 0, "costs of combination %td", c);
        if (!crosses) continue;
        double edge = 1000 / (double)point.d;
        CHECK(found.edge[0].kind == PSW_EDGE_FALL && found.edge[0].lo <= edge && edge < found.edge[0].hi,
              "(%g, %g], not %g", found.edge[0].lo, found.edge[0].hi, edge);
        CHECK_NEAR(found.edge[0].position, edge, 1e-9); /* the difference is a line: roundings of values to 9e9 */
        CHECK(isnan(found.edge[0].theory) && isnan(found.edge[0].theory_z), "theory says nothing of it");
    }
}

/* A family asks for at most four candidates of a curve, and for their levels with them. */
static void check_family(const psw_search *search, crossover *x, ptrdiff_t family)
{
    const psw_combinations *all = psw_search_combinations(search);
    const ptrdiff_t *mine;
    ptrdiff_t slots[SLOTS_MOST], asked[SLOTS_MOST], number, count, rounds = 0;
    ptrdiff_t size = psw_search_slots(search, family, &mine), round_of[SLOTS_MOST] = {0};
    for (ptrdiff_t i = 0; i < size; i++)
        CHECK(psw_search_family(search, mine[i]) == family && (i == 0 || mine[i] > mine[i - 1]), "slot %td", mine[i]);
    while ((count = psw_search_round(search, family, crossover_answer, x, slots, &number)) > 0) {
        CHECK(number == ++rounds && count <= 3 * PSW_SEARCH_WIDTH * 2, "%td slots in round %td", count, number);
        for (ptrdiff_t i = 0; i < count; i++) {
            CHECK(psw_search_family(search, slots[i]) == family && !x->known[slots[i]], "slot %td", slots[i]);
            x->known[slots[i]] = true;
            round_of[slots[i]] = number;
        }
    }
    psw_search_asked(search, family, crossover_answer, x, asked);
    for (ptrdiff_t i = 0; i < size; i++)
        CHECK(asked[i] == round_of[mine[i]], "round %td of slot %td", asked[i], mine[i]);
    for (ptrdiff_t k = all->family_first[family]; k < all->family_first[family + 1]; k++)
        for (ptrdiff_t i = all->first[all->member[k]]; i < all->first[all->member[k] + 1]; i++) {
            ptrdiff_t level = round_of[all->slot[all->partner[i]]], own = round_of[all->slot[i]];
            CHECK(own == 0 || (level > 0 && level <= own), "slot %td is asked without its level", all->slot[i]);
        }
}

static void check_crossover(bool failing)
{
    psw_study *study =
        study_of("schema: 1\ndata: {preset: P1}\nmethods: [exact, softmax]\n"
                 "grid: {n: {from: 16, to: 140, step: 1}, d: 10, beta: [2, 3]}\n"
                 "search: {over: n, column: entropy, level: {column: entropy, where: method == softmax}}\n");
    psw_search *search;
    crossover x = {.study = study, .failing = -1};
    CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
    const psw_combinations *all = psw_search_combinations(search);
    CHECK(all->count == 3 && all->families == 1, "%td combinations, %td families", all->count, all->families);
    if (failing) x.failing = all->slot[all->first[2]]; /* the level of the least n */
    check_family(search, &x, 0);
    check_edges(search, &x);
    for (ptrdiff_t c = 0; c < all->count; c++)
        CHECK(x.known[all->slot[all->first[c] + 1]] == failing, "a level that fails takes its candidate with it");
    psw_search_free(search);
    psw_study_free(study);
}

/* ---- answers of records ---- */

static psw_study *judged(const char *more)
{
    char text[512];
    psw_format(text, sizeof text,
               "schema: 1\ndata: {preset: P1}\nmethods: [exact]\ngrid: {n: 64, d: 10, beta: [1, 2]}\n%s\n", more);
    return study_of(text);
}

static psw_level_side side_of(const char *study_text, psw_trials_stop stop, double rate, psw_answer *answer)
{
    psw_study *study = judged(study_text);
    psw_search *search;
    psw_point point = psw_study_point(study, 0);
    psw_record record = psw_record_blank(&point);
    record.slot.status = PSW_SLOT_DONE;
    record.verdict.success_rate = rate;
    record.verdict.success_lo = rate - 0.03;
    record.verdict.success_hi = rate + 0.05;
    record.verdict.trials_done = 40;
    record.verdict.trials_stop = stop;
    record.cost.flops = 1000;
    record.cost.head_flops = 7;
    CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
    *answer = psw_search_answer(search, &record);
    psw_level_side side = psw_search_side(search, answer, NULL);
    psw_search_free(search);
    psw_study_free(study);
    return side;
}

static void check_answers(void)
{
    static const char decided[] = "judge: {trials: {most: 40, until: decided}}\nsearch: {over: beta}";
    static const char width[] = "judge: {trials: {most: 40, until: {width: 0.1}}}\nsearch: {over: beta}";
    static const char fixed[] = "search: {over: beta}";
    psw_answer a;
    CHECK(side_of(fixed, PSW_TRIALS_FIXED, 0.9, &a) == PSW_SIDE_ABOVE, "a rate at the level is above");
    CHECK(a.value == 0.9 && a.lo == 0.9 - 0.03 && a.hi == 0.9 + 0.05 && a.trials == 40 && a.flops == 2007, "%g %g",
          a.value, a.flops);
    CHECK(side_of(fixed, PSW_TRIALS_FIXED, 0.89, &a) == PSW_SIDE_BELOW, "a rate below it is below");
    CHECK(side_of(fixed, PSW_TRIALS_FIXED, NAN, &a) == PSW_SIDE_NONE, "what does not apply has no side");
    CHECK(side_of(decided, PSW_TRIALS_DECIDED, 0.7, &a) == PSW_SIDE_BELOW, "decided");
    CHECK(side_of(decided, PSW_TRIALS_MOST, 0.7, &a) == PSW_SIDE_OPEN, "not decided");
    CHECK(side_of(width, PSW_TRIALS_WIDTH, 0.92, &a) == PSW_SIDE_OPEN, "the level is in the interval");
    CHECK(side_of(width, PSW_TRIALS_WIDTH, 0.94, &a) == PSW_SIDE_ABOVE, "it is below the interval");
    CHECK(side_of(width, PSW_TRIALS_MOST, 0.84, &a) == PSW_SIDE_BELOW, "it is above the interval");
}

/* ---- a family of many curves ---- */

enum { CURVES = 200, CANDIDATES = 12 };

typedef struct many {
    const psw_search *search;
    ptrdiff_t calls, lowest; /* the first edge is there */
} many;

/* Curve c rises at its candidate (7 c + lowest) % 12, and is wavy beyond it. */
static psw_answer many_answer(const void *context, ptrdiff_t slot)
{
    many *m = (many *)context;
    const ptrdiff_t c = slot / CANDIDATES, at = slot % CANDIDATES, rise = (7 * c + m->lowest) % CANDIDATES;
    double value = at >= rise ? 2 + sin((double)slot) : 0;
    m->calls++;
    return (psw_answer){.status = PSW_SLOT_DONE, .value = value, .level = 1.5, .lo = NAN, .hi = NAN, .trials = 1};
}

/* Bytes, but for the edges that there are not. */
static bool same_crossings(const psw_crossings *a, const psw_crossings *b)
{
    ptrdiff_t edges = a->count < PSW_SEARCH_EDGES ? a->count : PSW_SEARCH_EDGES;
    return a->first_slot == b->first_slot && a->count == b->count && a->evaluations == b->evaluations &&
           a->trials == b->trials && a->starts == b->starts && a->missed == b->missed && a->open == b->open &&
           memcmp(a->edge, b->edge, (size_t)edges * sizeof *a->edge) == 0;
}

/* All of a family in one replay: answers are asked for a few times each, however many curves there are. */
static void check_family_at_once(void)
{
    static psw_crossings found[CURVES];
    psw_study *study = study_of("schema: 1\ndata: {b: 0.5, c: 1, a_0: 0}\nmethods: [closed_form]\n"
                                "grid: {n: 64, d: 18, a_1: {from: 1, to: 2, count: 200, spacing: linear}, "
                                "beta: {from: 1, to: 12, step: 1}}\n"
                                "search: {over: beta, column: theory_success, level: {column: theory_success, "
                                "where: \"beta == 8 and a_1 == 1\"}}\n");
    psw_search *search;
    CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
    const psw_combinations *all = psw_search_combinations(search);
    many m = {search, 0, 3};
    ptrdiff_t edges = 0;
    CHECK(all->count == CURVES && all->families == 1, "%td curves in %td families", all->count, all->families);
    psw_search_crossings_family(search, 0, many_answer, &m, found);
    /* each: with its level in its round, for what it took, and at both ends of an edge */
    CHECK(m.calls <= 10 * CURVES * CANDIDATES, "%td answers of %d slots", m.calls, CURVES * CANDIDATES);
    for (ptrdiff_t c = 0; c < CURVES; c++) {
        psw_crossings one;
        psw_search_crossings(search, c, many_answer, &m, &one);
        CHECK(same_crossings(&one, &found[c]), "combination %td", c);
        edges += one.count;
    }
    CHECK(edges > CURVES, "%td edges", edges);
    psw_search_free(search);
    psw_study_free(study);
}

/* A replay reads a family once, and again when it took another answer. */
static void check_replay(void)
{
    psw_study *study =
        study_of("schema: 1\ndata: {preset: P1}\nmethods: [exact, softmax]\n"
                 "grid: {n: {from: 16, to: 27, step: 1}, d: 10, beta: [2, 3]}\n"
                 "search: {over: n, column: entropy, level: {column: entropy, where: method == softmax}}\n");
    psw_replay r;
    psw_crossings found;
    CHECK(psw_replay_create(study, &r) == PSW_OK && r.found, "%s", psw_message());
    for (int above = 0; above < 2; above++) {
        for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
            psw_point point = psw_study_point(study, slot);
            psw_record record = psw_record_blank(&point);
            record.slot.status = PSW_SLOT_DONE;
            record.sketch.entropy = point.method == PSW_SOFTMAX ? 20.25 : (double)point.n + above * (point.beta == 3);
            psw_replay_take(&r, slot, &record);
        }
        CHECK(psw_replay_run(&r) == PSW_OK && r.open == 0, "%s", psw_message());
        for (ptrdiff_t c = 0; c < psw_search_combinations(r.search)->count; c++) {
            psw_replay_crossings(&r, c, &found);
            psw_point point = psw_study_point(study, found.first_slot);
            double edge = point.method == PSW_SOFTMAX ? NAN : 20.25 - above * (point.beta == 3);
            CHECK(found.count == (point.method == PSW_EXACT), "%td edges of combination %td", found.count, c);
            if (found.count == 1) CHECK_NEAR(found.edge[0].position, edge, 1e-12); /* roundings of numbers below 32 */
        }
    }
    psw_replay_free(&r);
    psw_study_free(study);
}

/* ---- what is refused ---- */

static const struct {
    const char *text, *message;
} refused[] = {
    {"search: {over: beta, column: timing}", "timing holds words"},
    {"search: {over: beta, column: time_median_s, level: 1}", "time_median_s differs from run to run"},
    {"search: {over: beta, column: nothing}", "'nothing' is not a column"},
    {"judge: {trials: {most: 40, until: decided}}\nsearch: {over: beta, level: 0.8}", "is not judge.level (0.9)"},
    {"judge: {trials: {most: 40, until: decided}}\n"
     "search: {over: beta, level: {column: success_rate, where: beta == 2}}",
     "is not judge.level (0.9)"},
    {"search: {over: beta, level: {column: gflops, where: beta == 2}}", "gflops differs from run to run"},
};
static const char *const taken[] = {
    "time: {reps: 6}\nsearch: {over: beta, column: time_median_s, level: {column: time_median_s, where: beta == 2}}",
    "judge: {level: 0.8, trials: {most: 40, until: decided}}\nsearch: {over: beta, level: 0.8}",
    "judge: {level: 0.8, trials: {most: 40, until: decided}}\nsearch: {over: beta, column: fire_rate_d0, level: 0.1}",
};

static void check_refused(void)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        psw_study *study = judged(refused[i].text);
        psw_search *search;
        CHECK(psw_search_create(study, &search) == PSW_USAGE && !search, "refused: %s", refused[i].text);
        CHECK(strstr(psw_message(), refused[i].message), "'%s' in '%s'", refused[i].message, psw_message());
        psw_study_free(study);
    }
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        psw_study *study = judged(taken[i]);
        psw_search *search;
        CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
        psw_search_free(search);
        psw_study_free(study);
    }
}

int main(void)
{
    check_crossover(false);
    check_crossover(true);
    check_answers();
    check_family_at_once();
    check_replay();
    check_refused();
    return test_end();
}
