/* Searches of the exact probability of success as theory has it: edges are where theory says, with its hints and
 * without; what a search costs of its grid; and a window of two degrees among 256. */
#include <stdlib.h>
#include <string.h>

#include "polysweep/search.h"
#include "unit/spec_study.h"

typedef struct curves { /* the success of every slot, as without noise */
    const psw_study *study;
    double *success;
    unsigned char *known;
} curves;

static psw_answer answer_of(const void *context, ptrdiff_t slot)
{
    const curves *c = context;
    psw_slot_status status = c->known[slot] ? PSW_SLOT_DONE : PSW_SLOT_EMPTY;
    return (psw_answer){.status = status, .value = c->success[slot], .level = NAN, .lo = NAN, .hi = NAN};
}

static psw_point quiet(const psw_study *study, ptrdiff_t slot)
{
    psw_point point = psw_study_point(study, slot);
    point.noise = 0;
    return point;
}

static curves curves_make(const psw_study *study)
{
    ptrdiff_t slots = psw_study_slots(study);
    curves c = {study, malloc((size_t)slots * sizeof(double)), calloc((size_t)slots, 1)};
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        psw_point point = quiet(study, slot);
        c.success[slot] = psw_theory_point(&point).success;
    }
    return c;
}

static ptrdiff_t searched(const psw_search *search, const curves *c, ptrdiff_t family)
{
    ptrdiff_t slots[256], number, count, asked = 0;
    while ((count = psw_search_round(search, family, answer_of, c, slots, &number)) > 0) {
        for (ptrdiff_t i = 0; i < count; i++) c->known[slots[i]] = 1;
        asked += count;
    }
    return asked;
}

/* ---- edges ---- */

typedef struct combination {
    const curves *c;
    const double *value; /* candidates */
    const ptrdiff_t *slot;
    ptrdiff_t count;
    double level;
} combination;

static bool above(const combination *k, ptrdiff_t i)
{
    return k->c->success[k->slot[i]] >= k->level;
}

/* The number of crossings, and the fewest candidates between two of them. */
static ptrdiff_t crossings_of(const combination *k, ptrdiff_t *narrowest)
{
    ptrdiff_t count = 0, last = 0;
    *narrowest = k->count;
    for (ptrdiff_t i = 1; i < k->count; i++) {
        if (above(k, i) == above(k, i - 1)) continue;
        if (count++ > 0 && i - last < *narrowest) *narrowest = i - last;
        last = i;
    }
    return count;
}

/* Do the candidates beside an edge of theory have different sides? Steps of the probability may lie closer. */
static bool seen(const combination *k, double edge)
{
    ptrdiff_t i = 1;
    if (!(edge > k->value[0] && edge <= k->value[k->count - 1])) return false;
    while (k->value[i] < edge) i++;
    return above(k, i) != above(k, i - 1);
}

static ptrdiff_t found_at(const psw_crossings *found, double edge)
{
    for (ptrdiff_t i = 0; i < found->count && i < PSW_SEARCH_EDGES; i++)
        if (found->edge[i].lo < edge && edge <= found->edge[i].hi) return i;
    return -1;
}

static ptrdiff_t check_edges(const combination *k, const psw_crossings *found, bool hints)
{
    ptrdiff_t narrowest, all = crossings_of(k, &narrowest), checked = 0;
    psw_point point = quiet(k->c->study, k->slot[0]);
    point.level = k->level;
    psw_edges edges = psw_theory_edges(&point);
    const double each[] = {edges.lo, edges.hi};
    bool wide = narrowest > psw_search_gap(k->count);
    CHECK(!wide || found->count == all, "%td crossings of %td", found->count, all);
    for (int i = 0; i < 2; i++) {
        if (!seen(k, each[i]) || !(hints || wide)) continue;
        ptrdiff_t at = found_at(found, each[i]);
        checked++;
        CHECK(at >= 0, "edge %g of theory is not found (n = %td, d = %td)", each[i], point.n, point.d);
        if (at < 0) continue;
        CHECK(found->edge[at].kind == (i ? PSW_EDGE_FALL : PSW_EDGE_RISE), "kind of edge %g", each[i]);
        CHECK(hints ? found->edge[at].theory == each[i] : isnan(found->edge[at].theory), "theory %g, not %g",
              found->edge[at].theory, each[i]);
        /* t / sqrt(1/12 + (t - 1/2)^2), at its largest for t = 2/3 */
        if (hints) CHECK(fabs(found->edge[at].theory_z) <= 2, "%g deviations", found->edge[at].theory_z);
    }
    return checked;
}

/* ---- studies ---- */

typedef struct spent {
    ptrdiff_t asked, candidates, edges;
} spent;

static spent check_study(const char *text, double level, bool hints)
{
    psw_study *study = study_of(text);
    curves c = curves_make(study);
    psw_search *search;
    spent s = {0, 0, 0};
    CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
    const psw_combinations *all = psw_search_combinations(search);
    for (ptrdiff_t f = 0; f < all->count; f++) {
        ptrdiff_t first = all->first[f];
        combination k = {&c, all->value + first, all->slot + first, all->first[f + 1] - first, level};
        psw_crossings found;
        s.asked += searched(search, &c, f);
        s.candidates += k.count;
        psw_search_crossings(search, f, answer_of, &c, &found);
        if (!isnan(c.success[k.slot[0]])) s.edges += check_edges(&k, &found, hints);
    }
    psw_search_free(search);
    psw_study_free(study);
    free(c.success);
    free(c.known);
    return s;
}

/* Studies like jobs/critical-degree.yaml and jobs/windows-W1.yaml. Under the least noise theory says nothing. */
static const char *const presets[] = {"[P1, P2, P3]", "[W1, W2]"};
static const struct {
    ptrdiff_t candidates;
    double most; /* share of the candidates that is asked */
} limits[] = {{256, 0.15}, {50, 0.35}, {16, 0.5}};

static void check_shares(void)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (int k = 0; k < 4; k++) {
            char text[1024];
            bool hints = k < 2;
            psw_format(text, sizeof text,
                       "schema: 1\n%smethods: [exact]\n"
                       "grid: {preset: %s, n: {from: 64, to: 8192, factor: 2}, d: [10, 34], beta: {from: 1, to: %td, "
                       "step: 1}}\nsearch: {over: beta}\n",
                       hints ? "" : "data: {noise: 1e-9, data_draws: 1}\n", presets[k % 2], limits[i].candidates);
            spent s = check_study(text, 0.9, hints);
            CHECK((double)s.asked <= limits[i].most * (double)s.candidates, "%td of %td candidates", s.asked,
                  s.candidates);
            CHECK(s.edges >= (k % 2 ? 8 : 40), "%td edges", s.edges); /* of 48 curves with one, 32 with none or two */
            fprintf(stderr, "%s, %td candidates%s: %.1f %% asked, %td edges of theory found\n", presets[k % 2],
                    limits[i].candidates, hints ? "" : ", no hints", 100 * (double)s.asked / (double)s.candidates,
                    s.edges);
        }
}

/* ---- a window of two degrees ---- */

/* a_0 so close to a_1 that success is above the level at two degrees of 256 only. */
static const char windows[] =
    "schema: 1\ndata: {%sa_1: 1.2, b: 0.05}\nmethods: [exact]\n"
    "grid: {a_0: {from: 1, to: 1.19, step: 0.01}, c: [1, 1.5, 2, 3], n: [1024, 16384], d: 34, "
    "beta: {from: 1, to: 256, step: 1}}\nsearch: {over: beta}\n";

typedef struct narrow {
    ptrdiff_t windows, missed;
} narrow;

static narrow find_windows(bool hints)
{
    char text[512];
    narrow w = {0, 0};
    psw_search *search;
    psw_format(text, sizeof text, windows, hints ? "" : "noise: 1e-9, data_draws: 1, ");
    psw_study *study = study_of(text);
    curves c = curves_make(study);
    CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
    const psw_combinations *all = psw_search_combinations(search);
    for (ptrdiff_t f = 0; f < all->count; f++) {
        ptrdiff_t first = all->first[f], narrowest;
        combination k = {&c, all->value + first, all->slot + first, all->first[f + 1] - first, 0.9};
        psw_crossings found;
        if (crossings_of(&k, &narrowest) != 2 || narrowest != 2) continue;
        w.windows++;
        CHECK((double)searched(search, &c, f) <= 0.15 * 256, "more than 15 %% of the candidates are asked");
        psw_search_crossings(search, f, answer_of, &c, &found);
        CHECK(found.count == 2 || (found.count == 0 && found.missed >= 2), "%td edges, %td missed", found.count,
              found.missed);
        w.missed += found.count == 0;
    }
    psw_search_free(search);
    psw_study_free(study);
    free(c.success);
    free(c.known);
    return w;
}

/* With hints they are found; without, most lie between two of the pass, and the search says what it may have missed. */
static void check_windows(void)
{
    narrow with = find_windows(true), without = find_windows(false);
    fprintf(stderr, "%td windows of two degrees: %td missed with hints, %td without\n", with.windows, with.missed,
            without.missed);
    CHECK(with.windows >= 8 && without.windows == with.windows, "%td windows of two degrees", with.windows);
    CHECK(with.missed == 0 && without.missed > 0, "%td missed with hints, %td without", with.missed, without.missed);
}

int main(void)
{
    check_shares();
    check_windows();
    return test_end();
}
