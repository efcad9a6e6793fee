/* The rounds of a family, replayed from the first on: each is a function of what those before were answered. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/search.h"

/* ---- the family as curves ---- */

static ptrdiff_t members(const search_replay *r)
{
    const psw_combinations *all = &r->search->all;
    return all->family_first[r->family + 1] - all->family_first[r->family];
}

static void curves_begin(const search_replay *r)
{
    const psw_combinations *all = &r->search->all;
    search_mark *marks = r->search->marks;
    for (ptrdiff_t k = 0; k < members(r); k++) {
        ptrdiff_t c = all->member[all->family_first[r->family] + k];
        ptrdiff_t candidates = all->first[c + 1] - all->first[c];
        r->search->curves[k] = (search_curve){c, candidates, marks, 0};
        marks += candidates;
    }
}

/* The curve with a position; members of a family are ascending. */
static search_curve *curve_of(const search_replay *r, ptrdiff_t position)
{
    ptrdiff_t low = 0, high = members(r) - 1;
    while (low < high) {
        ptrdiff_t middle = (low + high + 1) / 2;
        if (r->search->all.first[r->search->curves[middle].combination] <= position)
            low = middle;
        else
            high = middle - 1;
    }
    return &r->search->curves[low];
}

static void mark(search_curve *curve, ptrdiff_t at, ptrdiff_t round)
{
    ptrdiff_t place = search_mark_find(curve, at);
    if (place < curve->count && curve->marks[place].at == at) return;
    memmove(curve->marks + place + 1, curve->marks + place, (size_t)(curve->count - place) * sizeof *curve->marks);
    curve->marks[place] = (search_mark){at, round, PSW_SIDE_NONE};
    curve->count++;
}

/* ---- a round ---- */

static bool ask(search_replay *r)
{
    const psw_combinations *all = &r->search->all;
    ptrdiff_t at[PSW_SEARCH_WIDTH], asked = 0;
    for (ptrdiff_t k = 0; k < members(r); k++) {
        search_curve *curve = &r->search->curves[k];
        ptrdiff_t count = search_want(r->search, curve, at);
        for (ptrdiff_t i = 0; i < count; i++) mark(curve, at[i], r->round + 1);
        asked += count;
    }
    if (asked == 0) return false;
    r->round++;
    for (ptrdiff_t k = 0; all->partner && k < members(r); k++) {
        const search_curve *curve = &r->search->curves[k];
        for (ptrdiff_t i = 0; i < curve->count; i++) {
            ptrdiff_t partner = all->partner[all->first[curve->combination] + curve->marks[i].at];
            if (curve->marks[i].round < r->round || partner < 0) continue;
            search_curve *other = curve_of(r, partner);
            mark(other, partner - all->first[other->combination], r->round);
        }
    }
    return true;
}

static bool answered(const psw_answer *answer)
{
    psw_slot_status status = answer->status;
    return status != PSW_SLOT_EMPTY && status != PSW_SLOT_RUNNING && status != PSW_SLOT_NOT_NEEDED;
}

static void hear(search_replay *r)
{
    const psw_combinations *all = &r->search->all;
    for (ptrdiff_t k = 0; k < members(r); k++) {
        const search_curve *curve = &r->search->curves[k];
        for (ptrdiff_t i = 0; i < curve->count; i++) {
            if (curve->marks[i].round < r->round) continue;
            ptrdiff_t position = all->first[curve->combination] + curve->marks[i].at;
            ptrdiff_t partner = all->partner ? all->partner[position] : -1;
            psw_answer own = r->answers(r->context, all->slot[position]), level;
            r->waits |= !answered(&own);
            if (partner >= 0) level = r->answers(r->context, all->slot[partner]);
            curve->marks[i].side = psw_search_side(r->search, &own, partner >= 0 ? &level : NULL);
        }
    }
}

void search_replay_run(search_replay *r)
{
    r->round = 0;
    r->waits = false;
    curves_begin(r);
    while (!r->waits && ask(r)) hear(r);
}

/* ---- for those who compute ---- */

static int ascending(const void *a, const void *b)
{
    ptrdiff_t x = *(const ptrdiff_t *)a, y = *(const ptrdiff_t *)b;
    return (x > y) - (x < y);
}

ptrdiff_t psw_search_round(const psw_search *search, ptrdiff_t family, psw_answers *answers, const void *context,
                           ptrdiff_t *slots, ptrdiff_t *number)
{
    const psw_combinations *all = &search->all;
    search_replay r = {.search = search, .family = family, .answers = answers, .context = context};
    ptrdiff_t count = 0;
    search_replay_run(&r);
    *number = r.round;
    for (ptrdiff_t k = 0; r.waits && k < members(&r); k++) {
        const search_curve *curve = &search->curves[k];
        for (ptrdiff_t i = 0; i < curve->count; i++) {
            ptrdiff_t slot = all->slot[all->first[curve->combination] + curve->marks[i].at];
            if (curve->marks[i].round < r.round) continue;
            psw_answer answer = answers(context, slot);
            if (!answered(&answer)) slots[count++] = slot;
        }
    }
    qsort(slots, (size_t)count, sizeof *slots, ascending);
    return count;
}

void psw_search_asked(const psw_search *search, ptrdiff_t family, psw_answers *answers, const void *context,
                      ptrdiff_t *asked)
{
    const psw_combinations *all = &search->all;
    search_replay r = {.search = search, .family = family, .answers = answers, .context = context};
    const ptrdiff_t *slots;
    ptrdiff_t count = psw_search_slots(search, family, &slots);
    search_replay_run(&r);
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t position = search->position[slots[i]];
        const search_curve *curve = curve_of(&r, position);
        ptrdiff_t at = position - all->first[curve->combination], place = search_mark_find(curve, at);
        bool marked = place < curve->count && curve->marks[place].at == at;
        asked[i] = marked ? curve->marks[place].round : 0;
    }
}
