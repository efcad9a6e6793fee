/* A search is forecast by searching: the rounds are those of a run (psw_search_round), the answers are guesses. */
#include "forecast/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forecast/schedule.h"
#include "polysweep/search.h"

enum { HIGH = 1, BY_THEORY = 2 }; /* the guess of a slot: above its level; what theory says of its success */

typedef struct family {
    bool selected;
    ptrdiff_t costliest, points; /* a slot; points that are asked for */
    double rounds_s;             /* on one rank */
} family;

typedef struct forecast_guess {
    psw_forecast *f;
    psw_search *search;
    family *families;
    unsigned char *kind; /* of slots */
    double *success; /* of slots, as theory has it: asked once, since under a causal mask it takes time; NaN: not yet */
    ptrdiff_t *slots; /* of a round */
    bool alone;       /* every point is timed alone, */
    double passes;    /* so many times more */
} guess;

/* ---- what is guessed of the points ---- */

/* A level that is a column of others is 0. */
static psw_answer answer_of(const void *context, ptrdiff_t slot)
{
    const guess *g = context;
    const psw_search_keys *keys = psw_study_search(g->f->study);
    double level = keys->level_column ? 0 : keys->level;
    psw_answer answer = {.status = PSW_SLOT_DONE, .value = level - 1, .level = 0, .lo = NAN, .hi = NAN};
    if (!g->f->wanted[slot]) answer.status = PSW_SLOT_EMPTY;
    if (g->kind[slot] & HIGH) answer.value = level + 1;
    if (answer.status != PSW_SLOT_DONE || !(g->kind[slot] & BY_THEORY)) return answer;
    if (isnan(g->success[slot])) {
        psw_point point = psw_study_point(g->f->study, slot);
        g->success[slot] = psw_theory_point(&point).success;
    }
    answer.value = g->success[slot];
    return answer;
}

/* It is asked of both ends and the middle: what theory says nothing of is all of a combination, or nearly. */
static bool theory_knows(const guess *g, ptrdiff_t combination)
{
    const psw_combinations *all = psw_search_combinations(g->search);
    const psw_search_keys *keys = psw_study_search(g->f->study);
    ptrdiff_t first = all->first[combination], last = all->first[combination + 1] - 1;
    if (keys->level_column || strcmp(keys->column, "success_rate") != 0) return false;
    const ptrdiff_t ask[] = {first, (first + last) / 2, last};
    for (int i = 0; i < 3; i++) {
        psw_point point = psw_study_point(g->f->study, all->slot[ask[i]]);
        if (isnan(psw_theory_point(&point).success)) return false;
    }
    return true;
}

/* Is it one that can have an edge: several candidates that are not all their own levels? */
static bool is_curve(const psw_combinations *all, ptrdiff_t c)
{
    ptrdiff_t i = all->first[c], end = all->first[c + 1];
    if (!all->partner) return end - i > 1;
    while (i < end && all->partner[i] == i) i++;
    return i < end && end - all->first[c] > 1;
}

/* At least: no edge, or, where the first or last is enough, one beside that end. Expected, where theory does not know:
 * one edge in the middle. */
static void guess_combination(guess *g, forecast_supposed kind, ptrdiff_t c)
{
    const psw_combinations *all = psw_search_combinations(g->search);
    const psw_edges_asked edges = psw_study_search(g->f->study)->edges;
    const ptrdiff_t first = all->first[c], count = all->first[c + 1] - first;
    bool curve = kind == FORECAST_EXPECTED && is_curve(all, c), known = curve && theory_knows(g, c);
    ptrdiff_t low = count; /* so many are below */
    if (kind == FORECAST_EXPECTED)
        low = count / 2;
    else if (edges != PSW_EDGES_ALL)
        low = edges == PSW_EDGES_FIRST ? 1 : count - 1;
    g->f->search.unknown += curve && !known;
    for (ptrdiff_t i = 0; i < count; i++) g->kind[all->slot[first + i]] = known ? BY_THEORY : i >= low ? HIGH : 0;
}

/* ---- what rounds take ---- */

/* Candidates of a round that share tiles are computed together. */
static double round_s(const guess *g, const ptrdiff_t *slots, ptrdiff_t count)
{
    double seconds = g->f->rates.run_s;
    psw_point before = {0};
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_point point = psw_study_point(g->f->study, slots[i]);
        psw_cost cost = psw_cost_time(&g->f->rates, &point);
        bool joins = i > 0 && !g->alone && psw_method_computes(point.method) && psw_group_joins(&before, &point);
        seconds += joins ? cost.extra_s : cost.predicted_s + g->passes * cost.repeat_s;
        before = point;
    }
    return seconds;
}

static void ask(guess *g, const ptrdiff_t *slots, ptrdiff_t count, double *seconds)
{
    for (ptrdiff_t i = 0; i < count; i++) g->f->wanted[slots[i]] = 1;
    g->f->points += count;
    *seconds += round_s(g, slots, count);
}

/* At most: every candidate, in a round of its own, so that nothing is shared. */
static void ask_family(guess *g, forecast_supposed kind, ptrdiff_t number)
{
    family *f = &g->families[number];
    const ptrdiff_t *own;
    ptrdiff_t round, size = psw_search_slots(g->search, number, &own), count, before = g->f->points;
    f->rounds_s = 0;
    for (ptrdiff_t i = 0; kind == FORECAST_MOST && i < size; i++) ask(g, own + i, 1, &f->rounds_s);
    while (kind != FORECAST_MOST && (count = psw_search_round(g->search, number, answer_of, g, g->slots, &round)) > 0)
        ask(g, g->slots, count, &f->rounds_s);
    f->points = g->f->points - before;
}

void forecast_search_suppose(psw_forecast *f, forecast_supposed kind)
{
    guess *g = f->search.guess;
    const psw_combinations *all = psw_search_combinations(g->search);
    memset(f->wanted, 0, (size_t)f->slots);
    f->points = f->search.unknown = 0;
    for (ptrdiff_t c = 0; kind != FORECAST_MOST && c < all->count; c++)
        if (g->families[all->family[c]].selected) guess_combination(g, kind, c);
    for (ptrdiff_t i = 0; i < all->families; i++)
        if (g->families[i].selected) ask_family(g, kind, i);
}

/* ---- the families ---- */

/* The costliest of those that ask for the largest team. */
static void weigh_family(guess *g, family *f, const ptrdiff_t *own, ptrdiff_t size)
{
    ptrdiff_t team = 0;
    double most_s = -1;
    f->costliest = own[0];
    for (ptrdiff_t i = 0; i < size; i++) {
        psw_point point = psw_study_point(g->f->study, own[i]);
        double seconds = psw_cost_time(&g->f->rates, &point).predicted_s;
        if (point.team < team || (point.team == team && seconds <= most_s)) continue;
        team = point.team;
        f->costliest = own[i];
        most_s = seconds;
    }
}

/* A search is of all candidates of a family. */
static psw_status select_families(guess *g)
{
    const psw_combinations *all = psw_search_combinations(g->search);
    ptrdiff_t whole = 0;
    for (ptrdiff_t i = 0; i < all->families; i++) {
        const ptrdiff_t *own;
        ptrdiff_t size = psw_search_slots(g->search, i, &own), kept = 0;
        for (ptrdiff_t k = 0; k < size; k++) kept += g->f->wanted[own[k]];
        g->families[i].selected = kept == size;
        weigh_family(g, &g->families[i], own, size);
        whole += kept == size;
        if (kept == size) g->f->search.combinations += all->family_first[i + 1] - all->family_first[i];
    }
    if (whole > 0 || g->f->points == 0) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "--where keeps no combination that is searched as a whole: it must not distinguish values of %s, "
                    "nor of what a level joins",
                    psw_study_search(g->f->study)->over);
}

psw_status forecast_search_begin(psw_forecast *f)
{
    guess *g = f->search.guess = calloc(1, sizeof *g);
    const size_t slots = (size_t)f->slots;
    psw_cut cut = psw_cut_default;
    if (!g) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %zu candidates", slots);
    psw_cut_time(&cut, psw_study_settings(f->study));
    g->f = f, g->alone = cut.alone, g->passes = cut.passes;
    PSW_TRY(psw_search_create(f->study, &g->search));
    g->families = calloc((size_t)psw_search_combinations(g->search)->families + 1, sizeof *g->families);
    g->kind = calloc(slots + 1, 1);
    g->slots = malloc(slots * sizeof *g->slots + 1);
    g->success = malloc(slots * sizeof *g->success + 1);
    if (!g->families || !g->kind || !g->slots || !g->success)
        return PSW_FAIL(PSW_NO_MEMORY, "no memory for %zu candidates", slots);
    for (size_t i = 0; i < slots; i++) g->success[i] = NAN;
    return select_families(g);
}

void forecast_search_free(psw_forecast *f)
{
    guess *g = f->search.guess;
    if (!g) return;
    psw_search_free(g->search);
    free(g->families);
    free(g->kind);
    free(g->success);
    free(g->slots);
    free(g);
}

/* ---- runs ---- */

static ptrdiff_t families_of(const psw_forecast *f)
{
    return psw_search_combinations(f->search.guess->search)->families;
}

static const family *family_of(const psw_forecast *f, ptrdiff_t slot)
{
    return &f->search.guess->families[psw_search_family(f->search.guess->search, slot)];
}

double forecast_search_alone(const psw_forecast *f)
{
    double seconds = 0;
    for (ptrdiff_t i = 0; i < families_of(f); i++) seconds += f->search.guess->families[i].rounds_s;
    return seconds;
}

/* A point of the family whose costliest one has this run. */
static psw_run run_of(const psw_forecast *f, const psw_run *costliest, ptrdiff_t slot)
{
    const family *own = family_of(f, slot);
    double point_s = own->rounds_s / (double)own->points;
    double share = costliest->alone_s > 0 ? point_s / costliest->alone_s : 1;
    psw_run run = *costliest;
    run.first = slot;
    run.predicted_s *= share, run.alone_s *= share, run.busy_s *= share;
    return run;
}

static int by_depth_and_length(const void *a, const void *b)
{
    const psw_run *x = a, *y = b;
    if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
    if (x->predicted_s != y->predicted_s) return x->predicted_s < y->predicted_s ? 1 : -1;
    return (x->first > y->first) - (x->first < y->first);
}

/* `costliest` become runs of all points. */
static void spread(const psw_forecast *f, psw_runs *costliest, const psw_run **of, psw_run *list)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < costliest->count; i++)
        of[psw_search_family(f->search.guess->search, costliest->list[i].first)] = &costliest->list[i];
    for (ptrdiff_t slot = 0; slot < f->slots; slot++)
        if (f->wanted[slot]) list[count++] = run_of(f, of[psw_search_family(f->search.guess->search, slot)], slot);
    qsort(list, (size_t)count, sizeof *list, by_depth_and_length);
    free(costliest->list);
    costliest->list = list;
    costliest->count = costliest->points = count;
    for (int k = 0; k <= costliest->depths; k++) costliest->first[k] = 0;
    for (ptrdiff_t i = 0; i < count; i++) costliest->first[list[i].depth + 1]++;
    for (int k = 0; k < costliest->depths; k++) costliest->first[k + 1] += costliest->first[k];
}

psw_status forecast_search_cut(const psw_forecast *f, const psw_cut *cut, psw_runs *runs)
{
    psw_cut apart = *cut;
    unsigned char *wanted = calloc((size_t)f->slots + 1, 1);
    const psw_run **of = calloc((size_t)families_of(f) + 1, sizeof *of);
    psw_run *list = malloc((size_t)(f->points + 1) * sizeof *list);
    psw_status status = PSW_OK;
    if (!wanted || !of || !list) status = PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", f->points);
    for (ptrdiff_t i = 0; status == PSW_OK && i < families_of(f); i++) {
        const family *own = &f->search.guess->families[i];
        wanted[own->costliest] = own->selected;
    }
    apart.most_slots = 1;
    *runs = (psw_runs){0};
    if (status == PSW_OK) status = psw_runs_create(f->study, &f->rates, &apart, wanted, runs);
    if (status == PSW_OK)
        spread(f, runs, of, list);
    else
        free(list);
    free(wanted);
    free(of);
    return status;
}

double forecast_search_longest(const psw_forecast *f, const psw_runs *runs)
{
    double longest = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        const psw_run *run = &runs->list[i];
        double seconds = run->refused ? 0 : run->predicted_s * (double)family_of(f, run->first)->points;
        longest = fmax(longest, seconds);
    }
    return longest;
}
