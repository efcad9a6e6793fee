/* A search is forecast by searching: the rounds are those of a run (psw_search_round), the answers are guesses. */
#include "forecast/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forecast/schedule.h"
#include "polysweep/search.h"

/* What is known of the families of a search. */
struct forecast_families {
    ptrdiff_t count, *of;          /* of: the family of a slot */
    ptrdiff_t *costliest, *points; /* of each: a slot; points that are wanted */
    double *rounds_s, *point_s;    /* their rounds, the costliest point: on one rank */
};

enum { HIGH = 1, BY_THEORY = 2 }; /* the guess of a slot: above its level; what theory says of its success */

typedef enum guess_kind { AT_LEAST, EXPECTED, AT_MOST } guess_kind;

typedef struct guess {
    psw_forecast *f;
    psw_search *search;
    unsigned char *selected, *kind; /* of slots */
    ptrdiff_t *slots;               /* of a round */
    bool alone;                     /* every point is timed alone, */
    double passes;                  /* so many times more */
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
    psw_point point = psw_study_point(g->f->study, slot);
    answer.value = psw_theory_point(&point).success;
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

/* At least: no edge, or, where the first or last is enough, one beside that end. Expected, where theory does not know:
 * one edge in the middle. */
static void guess_combination(guess *g, guess_kind kind, ptrdiff_t c)
{
    const psw_combinations *all = psw_search_combinations(g->search);
    const psw_edges_asked edges = psw_study_search(g->f->study)->edges;
    const ptrdiff_t first = all->first[c], count = all->first[c + 1] - first;
    bool known = kind == EXPECTED && count > 1 && theory_knows(g, c);
    ptrdiff_t low = count; /* so many are below */
    if (kind == EXPECTED)
        low = count / 2;
    else if (edges != PSW_EDGES_ALL)
        low = edges == PSW_EDGES_FIRST ? 1 : count - 1;
    g->f->search.unknown += kind == EXPECTED && count > 1 && !known;
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

static double family_s(guess *g, guess_kind kind, ptrdiff_t family)
{
    const ptrdiff_t *own;
    ptrdiff_t number, size = psw_search_slots(g->search, family, &own), count, before = g->f->points;
    double seconds = 0;
    if (!g->selected[own[0]]) return 0;
    for (ptrdiff_t i = 0; kind == AT_MOST && i < size; i += PSW_SEARCH_WIDTH)
        ask(g, own + i, size - i < PSW_SEARCH_WIDTH ? size - i : PSW_SEARCH_WIDTH, &seconds);
    while (kind != AT_MOST && (count = psw_search_round(g->search, family, answer_of, g, g->slots, &number)) > 0)
        ask(g, g->slots, count, &seconds);
    g->f->search.families->points[family] = g->f->points - before;
    return seconds;
}

static void suppose(guess *g, guess_kind kind)
{
    struct forecast_families *families = g->f->search.families;
    const psw_combinations *all = psw_search_combinations(g->search);
    memset(g->f->wanted, 0, (size_t)g->f->slots);
    g->f->points = 0;
    for (ptrdiff_t c = 0; kind != AT_MOST && c < all->count; c++)
        if (g->selected[all->slot[all->first[c]]]) guess_combination(g, kind, c);
    for (ptrdiff_t f = 0; f < all->families; f++) families->rounds_s[f] = family_s(g, kind, f);
}

static psw_status bound_find(guess *g, guess_kind kind, psw_forecast_bound *bound)
{
    psw_forecast *f = g->f;
    psw_split split = forecast_split(f, f->ranks);
    psw_forecast_outcome outcome = {0};
    psw_runs runs;
    suppose(g, kind);
    PSW_TRY(forecast_alone(f));
    PSW_TRY(forecast_cut(f, &split, f->memory_bytes, &runs));
    psw_status status = forecast_judge(f, &runs, &split, &outcome);
    psw_runs_free(&runs);
    *bound = (psw_forecast_bound){f->points, outcome.schedule.busy_s, outcome.schedule.finish_s};
    return status;
}

/* ---- the families ---- */

static psw_status families_make(psw_forecast *f, ptrdiff_t count)
{
    struct forecast_families *all = f->search.families = calloc(1, sizeof *all);
    const size_t room = (size_t)count + 1;
    if (!all) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td families", count);
    all->count = count;
    all->of = malloc(((size_t)f->slots + 1) * sizeof *all->of);
    all->costliest = malloc(room * sizeof *all->costliest);
    all->points = calloc(room, sizeof *all->points);
    all->rounds_s = calloc(room, sizeof *all->rounds_s);
    all->point_s = malloc(room * sizeof *all->point_s);
    if (all->of && all->costliest && all->points && all->rounds_s && all->point_s) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td families", count);
}

void forecast_search_free(psw_forecast *f)
{
    struct forecast_families *all = f->search.families;
    if (!all) return;
    free(all->of);
    free(all->costliest);
    free(all->points);
    free(all->rounds_s);
    free(all->point_s);
    free(all);
}

/* The costliest of those that ask for the largest team. */
static void families_weigh(guess *g)
{
    struct forecast_families *all = g->f->search.families;
    for (ptrdiff_t f = 0; f < all->count; f++) {
        const ptrdiff_t *own;
        ptrdiff_t size = psw_search_slots(g->search, f, &own), team = 0;
        all->costliest[f] = own[0];
        all->point_s[f] = -1;
        for (ptrdiff_t i = 0; i < size; i++) {
            psw_point point = psw_study_point(g->f->study, own[i]);
            double seconds = psw_cost_time(&g->f->rates, &point).predicted_s;
            all->of[own[i]] = f;
            if (point.team < team || (point.team == team && seconds <= all->point_s[f])) continue;
            team = point.team;
            all->costliest[f] = own[i];
            all->point_s[f] = seconds;
        }
    }
}

/* A search is of all candidates of a family. */
static psw_status select_families(guess *g)
{
    const psw_combinations *all = psw_search_combinations(g->search);
    ptrdiff_t whole = 0;
    for (ptrdiff_t f = 0; f < all->families; f++) {
        const ptrdiff_t *own;
        ptrdiff_t size = psw_search_slots(g->search, f, &own), kept = 0;
        for (ptrdiff_t i = 0; i < size; i++) kept += g->f->wanted[own[i]];
        for (ptrdiff_t i = 0; i < size; i++) g->selected[own[i]] = kept == size;
        whole += kept == size;
        if (kept == size) g->f->search.combinations += all->family_first[f + 1] - all->family_first[f];
    }
    if (whole > 0 || g->f->points == 0) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "--where keeps no combination that is searched as a whole: it must not distinguish values of %s, "
                    "nor of what a level joins",
                    psw_study_search(g->f->study)->over);
}

static psw_status find(guess *g)
{
    psw_forecast_search *s = &g->f->search;
    const size_t slots = (size_t)g->f->slots;
    psw_cut cut = psw_cut_default;
    psw_cut_time(&cut, psw_study_settings(g->f->study));
    g->alone = cut.alone, g->passes = cut.passes;
    g->selected = malloc(slots + 1);
    g->kind = calloc(slots + 1, 1);
    g->slots = malloc(slots * sizeof *g->slots + 1);
    if (!g->selected || !g->kind || !g->slots) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %zu candidates", slots);
    PSW_TRY(psw_search_create(g->f->study, &g->search));
    PSW_TRY(families_make(g->f, psw_search_combinations(g->search)->families));
    PSW_TRY(select_families(g));
    families_weigh(g);
    PSW_TRY(bound_find(g, AT_LEAST, &s->least));
    PSW_TRY(bound_find(g, AT_MOST, &s->most));
    suppose(g, EXPECTED);
    return PSW_OK;
}

psw_status forecast_search_find(psw_forecast *f)
{
    guess g = {.f = f};
    if (!psw_study_search(f->study)) return PSW_OK;
    psw_status status = find(&g);
    psw_search_free(g.search);
    free(g.selected);
    free(g.kind);
    free(g.slots);
    return status;
}

/* ---- runs ---- */

double forecast_search_alone(const psw_forecast *f)
{
    double seconds = 0;
    for (ptrdiff_t i = 0; i < f->search.families->count; i++) seconds += f->search.families->rounds_s[i];
    return seconds;
}

/* A point of the family whose costliest one has this run. */
static psw_run run_of(const psw_forecast *f, const psw_run *costliest, ptrdiff_t slot)
{
    const struct forecast_families *all = f->search.families;
    ptrdiff_t family = all->of[slot];
    double point_s = all->rounds_s[family] / (double)all->points[family];
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

/* `costliest` becomes runs of all points. */
static psw_status spread(const psw_forecast *f, psw_runs *costliest)
{
    const struct forecast_families *all = f->search.families;
    psw_run *list = malloc((size_t)(f->points + 1) * sizeof *list), **of = malloc((size_t)all->count * sizeof *of + 1);
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; of && i < costliest->count; i++) of[all->of[costliest->list[i].first]] = &costliest->list[i];
    for (ptrdiff_t slot = 0; list && of && slot < f->slots; slot++)
        if (f->wanted[slot]) list[count++] = run_of(f, of[all->of[slot]], slot);
    free(of);
    if (!list || !of) {
        free(list);
        return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", f->points);
    }
    qsort(list, (size_t)count, sizeof *list, by_depth_and_length);
    free(costliest->list);
    costliest->list = list;
    costliest->count = costliest->points = count;
    for (int k = 0; k <= costliest->depths; k++) costliest->first[k] = 0;
    for (ptrdiff_t i = 0; i < count; i++) costliest->first[list[i].depth + 1]++;
    for (int k = 0; k < costliest->depths; k++) costliest->first[k + 1] += costliest->first[k];
    return PSW_OK;
}

psw_status forecast_search_cut(const psw_forecast *f, const psw_cut *cut, psw_runs *runs)
{
    const struct forecast_families *all = f->search.families;
    psw_cut apart = *cut;
    unsigned char *wanted = calloc((size_t)f->slots + 1, 1);
    if (!wanted) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", f->slots);
    for (ptrdiff_t i = 0; i < all->count; i++) wanted[all->costliest[i]] = all->points[i] > 0;
    apart.most_slots = 1;
    psw_status status = psw_runs_create(f->study, &f->rates, &apart, wanted, runs);
    free(wanted);
    if (status == PSW_OK) status = spread(f, runs);
    return status;
}

double forecast_search_longest(const psw_forecast *f, const psw_runs *runs)
{
    const struct forecast_families *all = f->search.families;
    double longest = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        const psw_run *run = &runs->list[i];
        double seconds = run->refused ? 0 : run->predicted_s * (double)all->points[all->of[run->first]];
        longest = fmax(longest, seconds);
    }
    return longest;
}
