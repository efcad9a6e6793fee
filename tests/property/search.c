/* Searches of random curves: the same questions whatever the order of answers and the interruptions, no bracket that is
 * not divided to its end, no crossing that is not there, and none lost that is wider than what is said to be missed. */
#include <stdlib.h>
#include <string.h>

#include "polysweep/search.h"
#include "unit/spec_study.h"

enum { MOST = 256, CURVES = 40 };
static const double level = 0.9;

static uint64_t state = 20231030;

static double uniform(void) /* xorshift64* (Marsaglia 2003, Vigna 2016) */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)(state * 2685821657736338717u >> 11) * 0x1p-53;
}

static ptrdiff_t below(ptrdiff_t bound)
{
    return (ptrdiff_t)(uniform() * (double)bound);
}

/* ---- what the points would answer ---- */

typedef struct truth {
    ptrdiff_t count;
    int trouble;
    double value[MOST];
    psw_slot_status status[MOST];
    bool open[MOST], known[MOST]; /* known: it has been answered */
} truth;

static psw_answer answer_of(const void *context, ptrdiff_t slot)
{
    const truth *t = context;
    psw_answer answer = {.status = PSW_SLOT_EMPTY, .value = NAN, .level = NAN, .lo = NAN, .hi = NAN};
    if (!t->known[slot]) return answer;
    answer.status = t->status[slot];
    answer.value = t->value[slot];
    answer.open = t->open[slot];
    answer.trials = 20, answer.flops = 1e3;
    return answer;
}

static psw_level_side side_of(const truth *t, ptrdiff_t i)
{
    if (t->status[i] != PSW_SLOT_DONE) return PSW_SIDE_FAILED;
    if (t->open[i]) return PSW_SIDE_OPEN;
    return t->value[i] >= level ? PSW_SIDE_ABOVE : PSW_SIDE_BELOW;
}

/* Windows in which it is high, at least `least` candidates each and as far apart. */
static void windows_make(truth *t, ptrdiff_t windows, ptrdiff_t least)
{
    bool high = uniform() < 0.3;
    ptrdiff_t next = least + below(t->count / (2 * windows + 1) + 1);
    for (ptrdiff_t i = 0; i < t->count; i++) {
        if (i == next && windows > 0 && t->count - i >= least) {
            windows -= high;
            high = !high;
            next = i + least + below(t->count / 4 + 1);
        }
        t->value[i] = high ? 0.9 + 0.1 * uniform() : 0.9 * uniform() - 1e-3; /* 0.9 itself is high */
        if (high && below(4) == 0) t->value[i] = 0.9;
    }
}

static void walk_make(truth *t)
{
    double at = uniform();
    for (ptrdiff_t i = 0; i < t->count; i++) t->value[i] = at += 0.3 * (uniform() - 0.5) * (at < 1.2 ? 1 : -1);
}

/* Kinds: nothing, an edge or windows wider than the gap, narrow windows, a walk. Trouble: none, failed points, points
 * that are not decided, both. */
static void truth_make(truth *t, ptrdiff_t kind, int trouble)
{
    ptrdiff_t gap = psw_search_gap(t->count);
    t->trouble = trouble;
    if (kind < 4)
        windows_make(t, kind, gap + 1);
    else if (kind < 6)
        windows_make(t, 3, 1);
    else
        walk_make(t);
    for (ptrdiff_t i = 0; i < t->count; i++) {
        t->known[i] = false;
        t->status[i] = PSW_SLOT_DONE;
        t->open[i] = (trouble & 2) && fabs(t->value[i] - level) < 0.03;
        if ((trouble & 1) && below(5) == 0) t->status[i] = below(2) ? PSW_SLOT_FAILED : PSW_SLOT_TIMEOUT;
    }
}

/* ---- a search with answers in one order or another ---- */

typedef struct visit {
    ptrdiff_t round[MOST]; /* in which a candidate was asked; 0: never */
    ptrdiff_t rounds, asked;
} visit;

static visit searched(const psw_search *search, truth *t, bool one_by_one)
{
    visit v = {.rounds = 0};
    ptrdiff_t slots[MOST], number, count, left = 0;
    memset(t->known, 0, sizeof t->known);
    while ((count = psw_search_round(search, 0, answer_of, t, slots, &number)) > 0) {
        CHECK(left > 0 ? number == v.rounds && count == left : number == v.rounds + 1, "%td slots of round %td", count,
              number);
        CHECK(count <= PSW_SEARCH_WIDTH, "%td candidates in a round", count);
        if (left == 0) left = count;
        v.rounds = number;
        ptrdiff_t chosen = one_by_one ? below(count) : -1;
        for (ptrdiff_t i = 0; i < count; i++) {
            CHECK(i == 0 || slots[i] > slots[i - 1], "slots descend");
            if (chosen >= 0 && i != chosen) continue;
            CHECK(!t->known[slots[i]], "slot %td is asked again", slots[i]);
            t->known[slots[i]] = true;
            v.round[slots[i]] = number;
            v.asked++, left--;
        }
        if (v.asked > t->count) break;
    }
    return v;
}

/* One by one, with another search object after each answer; and from answers of all slots, as a grid leaves them. */
static void check_replays(const psw_study *study, const psw_search *search, truth *t, const visit *v)
{
    psw_search *again;
    CHECK(psw_search_create(study, &again) == PSW_OK, "%s", psw_message());
    visit other = searched(again, t, true);
    psw_search_free(again);
    CHECK(memcmp(other.round, v->round, sizeof other.round) == 0, "the order of answers matters");
    ptrdiff_t asked[MOST] = {0};
    psw_search_asked(search, 0, answer_of, t, asked);
    CHECK(memcmp(asked, v->round, (size_t)t->count * sizeof *asked) == 0, "asked is not what was asked");
    memset(t->known, 1, sizeof t->known);
    psw_search_asked(search, 0, answer_of, t, asked);
    CHECK(memcmp(asked, v->round, (size_t)t->count * sizeof *asked) == 0, "other slots that are done matter");
}

/* ---- what must hold of the asked ---- */

typedef struct pair {
    ptrdiff_t lo, hi;
} pair;

/* The next decided neighbours among the asked of opposite sides, at or above `from`. */
static bool next_pair(const truth *t, const visit *v, ptrdiff_t from, pair *p)
{
    ptrdiff_t before = -1;
    for (ptrdiff_t i = from; i < t->count; i++) {
        psw_level_side side = side_of(t, i);
        if (v->round[i] == 0 || (side != PSW_SIDE_BELOW && side != PSW_SIDE_ABOVE)) continue;
        if (before >= 0 && side_of(t, before) != side) {
            *p = (pair){before, i};
            return true;
        }
        before = i;
    }
    return false;
}

static ptrdiff_t unasked(const visit *v, ptrdiff_t lo, ptrdiff_t hi)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t i = lo + 1; i < hi; i++) count += v->round[i] == 0;
    return count;
}

/* Candidates are 1, 2, ...: a width is a difference of numbers. */
static void check_divided(const truth *t, const visit *v, pair p, double within)
{
    ptrdiff_t left = p.lo + 1, right = p.hi - 1;
    while (left < p.hi && !(v->round[left] && side_of(t, left) == PSW_SIDE_OPEN)) left++;
    while (right > p.lo && !(v->round[right] && side_of(t, right) == PSW_SIDE_OPEN)) right--;
    CHECK(unasked(v, p.lo, left) == 0 || (double)(left - p.lo) <= within, "%td..%td is not divided", p.lo, left);
    if (right > p.lo)
        CHECK(unasked(v, right, p.hi) == 0 || (double)(p.hi - right) <= within, "%td..%td is not divided", right, p.hi);
}

static void check_brackets(const truth *t, const visit *v, const psw_search_keys *keys)
{
    pair p = {0, 0}, last = {-1, -1};
    bool any = false;
    for (; next_pair(t, v, p.hi, &p); any = true, last = p) {
        if (keys->edges == PSW_EDGES_ALL || (keys->edges == PSW_EDGES_FIRST && !any))
            check_divided(t, v, p, keys->within);
    }
    if (any && keys->edges == PSW_EDGES_LAST) check_divided(t, v, last, keys->within);
}

/* Neighbours among the asked are no further apart than the gap, ends included; where one edge is asked for, up to it.
 */
static void check_gaps(const truth *t, const visit *v, psw_edges_asked edges)
{
    ptrdiff_t from = 0, to = t->count - 1, before = -1;
    pair p = {0, 0};
    if (edges == PSW_EDGES_FIRST && next_pair(t, v, 0, &p)) to = p.lo;
    if (edges == PSW_EDGES_LAST)
        while (next_pair(t, v, p.hi, &p)) from = p.hi;
    ptrdiff_t beyond = PSW_SEARCH_WIDTH * psw_search_gap(t->count); /* of the round that found the bracket */
    for (ptrdiff_t i = 0; i < t->count && edges != PSW_EDGES_ALL && !t->trouble; i++)
        CHECK(v->round[i] == 0 || (i >= from - beyond && i <= to + beyond), "%td is asked for an edge in %td..%td", i,
              from, to);
    for (ptrdiff_t i = from; i <= to; i++) {
        if (v->round[i] == 0) continue;
        CHECK(before < 0 || i - before <= psw_search_gap(t->count), "no candidate is asked from %td to %td", before, i);
        before = i;
    }
    CHECK(edges == PSW_EDGES_LAST || v->round[0] > 0, "the first candidate is not asked");
    CHECK(edges == PSW_EDGES_FIRST || v->round[t->count - 1] > 0, "the last candidate is not asked");
    if (edges != PSW_EDGES_ALL || t->count < 2) return;
    if (side_of(t, 0) == PSW_SIDE_FAILED) CHECK(v->round[1] > 0, "the first one fails and is not replaced");
    if (side_of(t, to) == PSW_SIDE_FAILED) CHECK(v->round[to - 1] > 0, "the last one fails and is not replaced");
}

/* ---- what is found ---- */

/* Crossings are where neighbouring candidates differ: none that is found is wrong, and where all windows are wider than
 * the gap none is lost. */
static void check_crossings(const truth *t, const psw_crossings *c, const psw_search_keys *keys, bool wide)
{
    ptrdiff_t truly = 0, first = -1, last = -1;
    for (ptrdiff_t i = 1; i < t->count; i++)
        if (side_of(t, i) != side_of(t, i - 1)) {
            truly++;
            if (first < 0) first = i;
            last = i;
        }
    ptrdiff_t most = keys->edges == PSW_EDGES_ALL ? truly : truly > 0;
    CHECK(wide ? c->count == most : c->count <= most, "%td crossings of %td", c->count, most);
    for (ptrdiff_t k = 0; k < c->count && k < PSW_SEARCH_EDGES; k++) {
        const psw_crossing *e = &c->edge[k];
        ptrdiff_t lo = (ptrdiff_t)e->lo - 1, hi = (ptrdiff_t)e->hi - 1; /* candidates are 1, 2, ... */
        bool rises = e->kind == PSW_EDGE_RISE;
        CHECK(side_of(t, lo) == (rises ? PSW_SIDE_BELOW : PSW_SIDE_ABOVE), "edge %td begins on the wrong side", k);
        CHECK(side_of(t, hi) == (rises ? PSW_SIDE_ABOVE : PSW_SIDE_BELOW), "edge %td ends on the wrong side", k);
        CHECK(e->hi - e->lo <= fmax(keys->within, 1), "edge %td in (%g, %g]", k, e->lo, e->hi);
        double height = (level - t->value[lo]) / (t->value[hi] - t->value[lo]); /* 1e-12: other roundings of the line */
        CHECK_NEAR(e->position, e->lo + height * (e->hi - e->lo), 1e-12);
    }
    if (!wide || c->count == 0) return;
    ptrdiff_t wanted = keys->edges == PSW_EDGES_LAST ? last : first;
    CHECK(c->edge[0].lo < (double)(wanted + 1) && (double)(wanted + 1) <= c->edge[0].hi, "the first edge is at %td",
          wanted);
}

/* A window that lies between two asked neighbours of one side has at most `missed` candidates. */
static void check_missed(const truth *t, const visit *v, const psw_crossings *c)
{
    ptrdiff_t before = -1, open = 0;
    psw_level_side side = PSW_SIDE_NONE;
    for (ptrdiff_t i = 0; i < t->count; i++) {
        psw_level_side here = side_of(t, i);
        open += v->round[i] > 0 && here == PSW_SIDE_OPEN;
        if (v->round[i] == 0 || (here != PSW_SIDE_BELOW && here != PSW_SIDE_ABOVE)) continue;
        if (side == PSW_SIDE_NONE || side == here)
            CHECK(i - before - 1 <= c->missed, "%td candidates before %td, %td missed", i - before - 1, i, c->missed);
        side = here, before = i;
    }
    CHECK(t->count - before - 1 <= c->missed, "%td candidates at the end, %td missed", t->count - before - 1,
          c->missed);
    CHECK(open == c->open, "%td open, not %td", c->open, open);
}

static void check_costs(const truth *t, const visit *v, const psw_crossings *c)
{
    ptrdiff_t done = 0;
    for (ptrdiff_t i = 0; i < t->count; i++) done += v->round[i] > 0 && t->status[i] == PSW_SLOT_DONE;
    CHECK(c->evaluations == done && c->trials == 20. * (double)done && c->flops == 1e3 * (double)done,
          "%td evaluations", c->evaluations);
    CHECK(c->first_slot == 0, "first slot %td", c->first_slot);
}

/* What the coarse pass and `edges` brackets of its width take at most: each bracket is divided in three while five or
 * more candidates are in it, then in two. */
static ptrdiff_t most_asked(ptrdiff_t count, ptrdiff_t edges)
{
    ptrdiff_t gap = psw_search_gap(count), pass = (count - 1 + gap - 1) / gap + 1, each = 0;
    for (ptrdiff_t inside = gap - 1; inside > 0; inside = inside >= 5 ? (inside - 1) / 3 : inside / 2)
        each += inside >= 5 ? 2 : 1;
    return pass + edges * each;
}

static void check_curve(const psw_study *study, const psw_search *search, truth *t, ptrdiff_t kind, int trouble)
{
    const psw_search_keys *keys = psw_study_search(study);
    psw_crossings crossings;
    truth_make(t, kind, trouble);
    visit v = searched(search, t, false);
    CHECK(v.asked <= t->count && v.rounds <= v.asked, "%td of %td in %td rounds", v.asked, t->count, v.rounds);
    check_brackets(t, &v, keys);
    check_gaps(t, &v, keys->edges);
    psw_search_crossings(search, 0, answer_of, t, &crossings);
    if (trouble == 0) check_crossings(t, &crossings, keys, kind < 4);
    if (trouble == 0 && kind < 4)
        CHECK(v.asked <= most_asked(t->count, crossings.count), "%td asked of %td for %td edges", v.asked, t->count,
              crossings.count);
    if (keys->edges == PSW_EDGES_ALL) check_missed(t, &v, &crossings);
    check_costs(t, &v, &crossings);
    check_replays(study, search, t, &v);
}

static void check_candidates(ptrdiff_t count, const char *edges, const char *within)
{
    char text[512];
    psw_search *search;
    truth *t = calloc(1, sizeof *t);
    /* under noise theory says nothing: no hint */
    psw_format(text, sizeof text,
               "schema: 1\ndata: {preset: P1, noise: 0.1, data_draws: 1}\nmethods: [exact]\n"
               "grid: {n: 64, d: 10, beta: {from: 1, to: %td, step: 1}}\n"
               "search: {over: beta, edges: %s, within: %s}\n",
               count, edges, within);
    psw_study *study = study_of(text);
    CHECK(psw_search_create(study, &search) == PSW_OK, "%s", psw_message());
    t->count = count;
    for (ptrdiff_t i = 0; i < CURVES; i++)
        for (int trouble = 0; trouble < 4; trouble++) check_curve(study, search, t, i % 8, trouble);
    psw_search_free(search);
    psw_study_free(study);
    free(t);
}

int main(void)
{
    static const ptrdiff_t counts[] = {1, 2, 3, 5, 6, 7, 16, 50, 101, 256};
    static const char *const edges[] = {"all", "first", "last"}, *const within[] = {"1", "3"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (int k = 0; k < 6; k++) check_candidates(counts[i], edges[k % 3], within[k / 3]);
    return test_end();
}
