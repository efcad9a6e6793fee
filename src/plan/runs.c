#include <stdlib.h>

#include "polysweep/plan.h"

const psw_cut psw_cut_default = {.least_s = 0.01, .most_s = 1, .most_slots = 1024, .ranks = 1, .alone = false};

#define RUNS_PER_RANK 20 /* the end of a sweep then idles a worker for at most about a twentieth of its time */

/* ---- the growing list ---- */

typedef struct list {
    psw_run *at;
    ptrdiff_t count, room;
} list;

static psw_status append(list *runs, psw_run run)
{
    if (runs->count == runs->room) {
        ptrdiff_t room = runs->room ? 2 * runs->room : 256;
        psw_run *larger = realloc(runs->at, (size_t)room * sizeof *larger);
        if (!larger) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a list of %td runs", room);
        runs->at = larger;
        runs->room = room;
    }
    runs->at[runs->count++] = run;
    return PSW_OK;
}

/* ---- first pass: wanted slots become pieces of about least_s, cut between groups ---- */

typedef struct cutter {
    const psw_cut *cut;
    double run_s;
    list *runs;
    psw_run piece;    /* whole groups, not yet in the list; count 0 = none */
    psw_run group;    /* the group being read; count 0 = none */
    psw_point before; /* its newest point */
    ptrdiff_t most;   /* points it may have */
} cutter;

static bool over(const cutter *c, double seconds, ptrdiff_t slots)
{
    return seconds > c->cut->most_s || slots > c->cut->most_slots;
}

static psw_status end_piece(cutter *c)
{
    psw_run piece = c->piece;
    c->piece.count = 0;
    if (piece.count == 0) return PSW_OK;
    piece.predicted_s += c->run_s;
    return append(c->runs, piece);
}

static psw_status end_group(cutter *c)
{
    psw_run group = c->group, *piece = &c->piece;
    c->group.count = 0;
    if (group.count == 0) return PSW_OK;
    if (piece->count > 0 && over(c, piece->predicted_s + group.predicted_s, piece->count + group.count))
        PSW_TRY(end_piece(c));
    if (piece->count == 0) *piece = (psw_run){group.first, 0, 0};
    piece->count += group.count;
    piece->predicted_s += group.predicted_s;
    if (c->cut->alone || piece->predicted_s >= c->cut->least_s) PSW_TRY(end_piece(c));
    return PSW_OK;
}

static psw_status end_stretch(cutter *c)
{
    PSW_TRY(end_group(c));
    return end_piece(c);
}

static bool grows(const cutter *c, const psw_point *point, const psw_cost *cost)
{
    const psw_run *group = &c->group;
    return group->count > 0 && group->count < c->most &&
           !over(c, group->predicted_s + cost->extra_s, group->count + 1) && psw_group_joins(&c->before, point);
}

static psw_status take_slot(cutter *c, ptrdiff_t slot, const psw_point *point, const psw_cost *cost)
{
    if (grows(c, point, cost)) {
        c->group.count++;
        c->group.predicted_s += cost->extra_s;
    } else {
        PSW_TRY(end_group(c));
        c->group = (psw_run){slot, 1, cost->predicted_s};
        c->most = c->cut->alone ? 1 : psw_group_most(point);
    }
    c->before = *point;
    return PSW_OK;
}

static psw_status cut_pieces(const psw_study *study, const psw_rates *rates, const psw_cut *cut,
                             const unsigned char *wanted, list *runs)
{
    cutter c = {.cut = cut, .run_s = rates->run_s, .runs = runs};
    ptrdiff_t slots = psw_study_slots(study);
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        if (wanted && !wanted[slot]) {
            PSW_TRY(end_stretch(&c));
            continue;
        }
        psw_point point = psw_study_point(study, slot);
        psw_cost cost = psw_cost_time(rates, &point);
        PSW_TRY(take_slot(&c, slot, &point, &cost));
    }
    return end_stretch(&c);
}

/* ---- second pass: neighbours are joined up to the length that leaves every worker enough runs ---- */

static bool join(psw_run *run, const psw_run *next, const psw_cut *cut, double run_s, double target_s)
{
    double together = run->predicted_s + next->predicted_s - run_s;
    bool short_one = run->predicted_s < cut->least_s || next->predicted_s < cut->least_s;
    if (run->first + run->count != next->first || run->count + next->count > cut->most_slots) return false;
    if (together > (short_one ? cut->most_s : target_s)) return false;
    run->count += next->count;
    run->predicted_s = together;
    return true;
}

static void join_pieces(list *runs, const psw_cut *cut, double run_s)
{
    double total = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) total += runs->at[i].predicted_s;
    double target_s = total / (double)(RUNS_PER_RANK * (cut->ranks > 0 ? cut->ranks : 1));
    if (target_s < cut->least_s) target_s = cut->least_s;
    if (target_s > cut->most_s) target_s = cut->most_s;
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 1; i < runs->count; i++)
        if (!join(&runs->at[kept], &runs->at[i], cut, run_s, target_s)) runs->at[++kept] = runs->at[i];
    if (runs->count > 0) runs->count = kept + 1;
}

static int longest_first(const void *a, const void *b)
{
    const psw_run *x = a, *y = b;
    if (x->predicted_s != y->predicted_s) return x->predicted_s > y->predicted_s ? -1 : 1;
    return (x->first > y->first) - (x->first < y->first);
}

psw_status psw_runs_create(const psw_study *study, const psw_rates *rates, const psw_cut *cut,
                           const unsigned char *wanted, psw_runs *runs)
{
    list pieces = {0};
    *runs = (psw_runs){0};
    psw_status status = cut_pieces(study, rates, cut, wanted, &pieces);
    if (status != PSW_OK) {
        free(pieces.at);
        return status;
    }
    if (!cut->alone) join_pieces(&pieces, cut, rates->run_s);
    if (pieces.count > 0) qsort(pieces.at, (size_t)pieces.count, sizeof *pieces.at, longest_first);
    *runs = (psw_runs){.list = pieces.at, .count = pieces.count};
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        runs->points += runs->list[i].count;
        runs->predicted_s += runs->list[i].predicted_s;
    }
    return PSW_OK;
}

void psw_runs_free(psw_runs *runs)
{
    free(runs->list);
    *runs = (psw_runs){0};
}
