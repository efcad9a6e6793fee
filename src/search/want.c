/* What a combination asks for next. */
#include <math.h>
#include <string.h>

#include "search/search.h"

typedef struct wish {
    const psw_search *search;
    const search_curve *curve;
    ptrdiff_t *at, count;
} wish;

static void add(wish *w, ptrdiff_t at)
{
    if (w->count == PSW_SEARCH_WIDTH || at < 0 || at >= w->curve->candidates || search_marked(w->curve, at)) return;
    for (ptrdiff_t i = 0; i < w->count; i++)
        if (w->at[i] == at) return;
    w->at[w->count++] = at;
}

static psw_edges_asked edges_of(const wish *w)
{
    return w->search->keys->edges;
}

/* ---- hints ---- */

static void add_hints(wish *w)
{
    psw_edges theory = search_theory_edges(w->search, w->curve->combination);
    const double edges[] = {theory.lo, theory.hi};
    ptrdiff_t beside[2][2], found = 0;
    for (int i = 0; i < 2; i++) found += search_beside(w->search, w->curve->combination, edges[i], beside[found]) == 2;
    ptrdiff_t first = edges_of(w) == PSW_EDGES_LAST && found == 2 ? 1 : 0;
    ptrdiff_t end = edges_of(w) == PSW_EDGES_FIRST && found == 2 ? 1 : found;
    for (ptrdiff_t i = first; i < end; i++)
        for (int k = 0; k < 2; k++) add(w, beside[i][k]);
}

/* ---- the coarse pass: both ends and, evenly, those between ---- */

static ptrdiff_t steps_of(ptrdiff_t candidates)
{
    ptrdiff_t gap = psw_search_gap(candidates);
    return (candidates - 1 + gap - 1) / gap;
}

static ptrdiff_t coarse_at(ptrdiff_t candidates, ptrdiff_t step)
{
    ptrdiff_t steps = steps_of(candidates);
    return steps == 0 ? 0 : (step * (candidates - 1) + steps / 2) / steps;
}

static bool is_coarse(ptrdiff_t candidates, ptrdiff_t at)
{
    ptrdiff_t steps = steps_of(candidates), step = candidates > 1 ? at * steps / (candidates - 1) : 0;
    return coarse_at(candidates, step) == at || coarse_at(candidates, step + 1) == at;
}

/* Candidates from..to: beyond the first (last) bracket nothing else is asked for where it alone is. */
typedef struct range {
    ptrdiff_t from, to;
} range;

static range range_of(const wish *w)
{
    const search_curve *curve = w->curve;
    range all = {0, curve->candidates - 1};
    if (edges_of(w) == PSW_EDGES_ALL) return all;
    bool first = edges_of(w) == PSW_EDGES_FIRST;
    search_bracket b = first ? search_bracket_next(curve, 0) : search_bracket_last(curve);
    if (b.hi < 0) return all;
    if (first)
        all.to = curve->marks[b.hi].at;
    else
        all.from = curve->marks[b.lo].at;
    return all;
}

static void add_coarse(wish *w, range asked)
{
    const ptrdiff_t candidates = w->curve->candidates, steps = steps_of(candidates);
    const bool last = edges_of(w) == PSW_EDGES_LAST;
    for (ptrdiff_t i = 0; i <= steps && w->count < PSW_SEARCH_WIDTH; i++) {
        ptrdiff_t at = coarse_at(candidates, last ? steps - i : i);
        if (at >= asked.from && at <= asked.to) add(w, at);
    }
}

/* A candidate of the pass that has no answer is replaced by its neighbours. */
static void add_replacements(wish *w, range asked)
{
    const search_curve *curve = w->curve;
    for (ptrdiff_t i = 0; i < curve->count; i++) {
        ptrdiff_t at = curve->marks[i].at;
        bool lost = curve->marks[i].side == PSW_SIDE_FAILED && is_coarse(curve->candidates, at);
        if (!lost || at < asked.from || at > asked.to) continue;
        add(w, at - 1);
        add(w, at + 1);
    }
}

/* ---- brackets ---- */

enum { SPLIT_TWICE = 5 }; /* candidates from which a bracket gets two at once: fewer rounds for the same number */

typedef struct gap { /* between two marks, with `free` candidates that were not asked */
    ptrdiff_t lo, hi, free;
} gap;

static double width_of(const wish *w, gap g)
{
    const double *value = w->search->all.value + w->search->all.first[w->curve->combination];
    return value[w->curve->marks[g.hi].at] - value[w->curve->marks[g.lo].at];
}

/* The candidate with `rank` free ones between it and the lower mark. */
static ptrdiff_t free_at(const search_curve *curve, gap g, ptrdiff_t rank)
{
    ptrdiff_t at = curve->marks[g.lo].at + 1 + rank;
    for (ptrdiff_t i = g.lo + 1; i < g.hi && curve->marks[i].at <= at; i++) at++;
    return at;
}

static void divide(wish *w, gap g, ptrdiff_t parts)
{
    for (ptrdiff_t k = 1; k < parts && k <= g.free; k++) add(w, free_at(w->curve, g, k * (g.free + 1) / parts - 1));
}

static ptrdiff_t gap_add(const wish *w, ptrdiff_t lo, ptrdiff_t hi, gap *list, ptrdiff_t count)
{
    gap g = {lo, hi, w->curve->marks[hi].at - w->curve->marks[lo].at - (hi - lo)};
    if (count == PSW_SEARCH_WIDTH || g.free == 0 || width_of(w, g) <= w->search->keys->within) return count;
    list[count] = g;
    return count + 1;
}

/* Of a bracket with candidates that are not decided, the two ends. */
static ptrdiff_t gaps_of(const wish *w, search_bracket b, gap *list, ptrdiff_t count)
{
    const search_mark *marks = w->curve->marks;
    ptrdiff_t left = b.lo + 1, right = b.hi - 1;
    while (left < b.hi && marks[left].side != PSW_SIDE_OPEN) left++;
    while (right > b.lo && marks[right].side != PSW_SIDE_OPEN) right--;
    count = gap_add(w, b.lo, left, list, count);
    return right > b.lo ? gap_add(w, right, b.hi, list, count) : count;
}

static void add_brackets(wish *w)
{
    gap list[PSW_SEARCH_WIDTH];
    ptrdiff_t count = 0;
    search_bracket b = edges_of(w) == PSW_EDGES_LAST ? search_bracket_last(w->curve) : search_bracket_next(w->curve, 0);
    for (; b.hi >= 0; b = search_bracket_next(w->curve, b.hi)) {
        count = gaps_of(w, b, list, count);
        if (edges_of(w) != PSW_EDGES_ALL) break;
    }
    for (ptrdiff_t i = 0; i < count; i++)
        divide(w, list[i], count <= PSW_SEARCH_WIDTH / 2 && list[i].free >= SPLIT_TWICE ? 3 : 2);
}

/* ---- all of it ---- */

/* Points that are nothing but the level of others are not searched. */
static bool is_curve(const psw_combinations *all, ptrdiff_t combination)
{
    if (!all->partner) return true;
    for (ptrdiff_t i = all->first[combination]; i < all->first[combination + 1]; i++)
        if (all->partner[i] != i) return true;
    return false;
}

ptrdiff_t search_want(const psw_search *search, const search_curve *curve, ptrdiff_t at[PSW_SEARCH_WIDTH])
{
    wish w = {search, curve, at, 0};
    if (!is_curve(&search->all, curve->combination)) return 0;
    range asked = range_of(&w);
    add_hints(&w);
    add_coarse(&w, asked);
    if (w.count > 0) return w.count;
    add_replacements(&w, asked);
    add_brackets(&w);
    return w.count;
}
