#include "sweep/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/plain.h"

/* ---- opening ---- */

static psw_status open_search(const sweep_given *g, sweep_search *s)
{
    PSW_TRY(psw_search_create(g->study, &s->search));
    const ptrdiff_t families = psw_search_combinations(s->search)->families, *slots;
    for (ptrdiff_t f = 0; f < families; f++) {
        ptrdiff_t count = psw_search_slots(s->search, f, &slots);
        if (count > s->most) s->most = count;
    }
    if (g->world->rank > 0) return PSW_OK;
    s->answers = calloc((size_t)g->slots, sizeof *s->answers);
    s->round = malloc((size_t)s->most * sizeof *s->round);
    s->asked = malloc((size_t)g->slots * sizeof *s->asked);
    for (ptrdiff_t i = 0; s->asked && i < g->slots; i++) s->asked[i] = -1;
    s->families = (sweep_families){calloc((size_t)families, sizeof *s->families.list), families};
    if (s->answers && s->round && s->asked && s->families.list) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "no memory for the answers of %td slots", g->slots);
}

psw_status sweep_search_open(const sweep_given *g, sweep_search *s)
{
    bool fills = g->request->redo == PSW_REDO_NOT_NEEDED, searches = psw_study_search(g->study) != NULL;
    if (fills && !searches)
        return PSW_FAIL(PSW_USAGE,
                        "--redo not_needed computes what a search left out, and %s searches for nothing (key search)",
                        psw_study_name(g->study));
    if (!searches || fills) return PSW_OK;
    s->unended = true;
    s->alone = g->settings->timing;
    return psw_comm_agree(g->world, open_search(g, s));
}

void sweep_search_free(sweep_search *s)
{
    psw_search_free(s->search);
    free(s->answers);
    free(s->round);
    free(s->asked);
    free(s->families.list);
    free(s->timed);
    *s = (sweep_search){0};
}

/* ---- families ---- */

psw_answer sweep_search_answer(const void *answers, ptrdiff_t slot)
{
    return ((const psw_answer *)answers)[slot];
}

ptrdiff_t sweep_search_round(const sweep_search *s, ptrdiff_t family, ptrdiff_t *slots, ptrdiff_t *number)
{
    return psw_search_round(s->search, family, sweep_search_answer, s->answers, slots, number);
}

static bool answered(const psw_answer *answer)
{
    psw_slot_status status = answer->status;
    return status != PSW_SLOT_EMPTY && status != PSW_SLOT_RUNNING && status != PSW_SLOT_NOT_NEEDED;
}

void sweep_search_put(sweep_search *s, ptrdiff_t slot, const psw_answer *answer)
{
    s->answers[slot] = *answer;
    s->families.list[psw_search_family(s->search, slot)].answered++;
}

ptrdiff_t sweep_search_usual(const sweep_slots *all, ptrdiff_t *slots, ptrdiff_t count)
{
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        unsigned char part = all->part[slots[i]];
        if (part != SWEEP_PART_QUARANTINED && part != SWEEP_PART_AGAIN) slots[kept++] = slots[i];
    }
    return kept;
}

void sweep_search_settle(sweep_search *s, const sweep_slots *slots, ptrdiff_t family)
{
    sweep_family *f = &s->families.list[family];
    const ptrdiff_t *own;
    ptrdiff_t number, count = sweep_search_round(s, family, s->round, &number);
    psw_search_slots(s->search, family, &own);
    ptrdiff_t usual = s->alone ? 0 : sweep_search_usual(slots, s->round, count);
    if (count == 0)
        f->state = SWEEP_FAMILY_ENDED;
    else if (!slots->selected[own[0]])
        f->state = SWEEP_FAMILY_OTHERS;
    else
        f->state = usual > 0 ? SWEEP_FAMILY_FREE : SWEEP_FAMILY_ASIDE;
}

ptrdiff_t sweep_search_asked(const sweep_search *s, ptrdiff_t slot)
{
    ptrdiff_t family = psw_search_family(s->search, slot);
    const ptrdiff_t *own, count = psw_search_slots(s->search, family, &own);
    psw_search_asked(s->search, family, sweep_search_answer, s->answers, s->round);
    for (ptrdiff_t i = 0; i < count; i++)
        if (own[i] == slot) return s->round[i];
    return 0;
}

void sweep_search_compare_asked(sweep_search *s, const sweep_slots *slots)
{
    for (ptrdiff_t f = 0; f < s->families.count; f++) {
        const ptrdiff_t *own, count = psw_search_slots(s->search, f, &own);
        bool known = s->families.list[f].state == SWEEP_FAMILY_ENDED && slots->mine[own[0]] && !slots->whole;
        if (known) psw_search_asked(s->search, f, sweep_search_answer, s->answers, s->round);
        for (ptrdiff_t i = 0; i < count; i++) {
            ptrdiff_t *asked = &s->asked[own[i]];
            *asked = known && *asked >= 0 && *asked != s->round[i] ? s->round[i] : -1;
        }
    }
}

/* ---- what is answered ---- */

enum { PIECE = 256 };

/* Where something was tried or decided. */
static bool any_tried(const sweep_slots *slots, ptrdiff_t first, ptrdiff_t count)
{
    for (ptrdiff_t i = first; i < first + count; i++)
        if (slots->part[i] == SWEEP_PART_ENDED || slots->part[i] == SWEEP_PART_CRASHED) return true;
    return false;
}

static psw_status read_answers(const sweep_given *g, const sweep_slots *slots, sweep_search *s)
{
    psw_record *records = malloc(PIECE * sizeof *records);
    psw_status status = records ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to read what is answered");
    for (ptrdiff_t first = 0; status == PSW_OK && first < g->slots; first += PIECE) {
        ptrdiff_t count = g->slots - first < PIECE ? g->slots - first : PIECE;
        if (!any_tried(slots, first, count)) continue;
        status = psw_reader_get(slots->reader, first, count, records);
        for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++) {
            bool ended = slots->part[first + i] == SWEEP_PART_ENDED;
            if (ended) s->answers[first + i] = psw_search_answer(s->search, &records[i]);
            if (answered(&s->answers[first + i])) s->asked[first + i] = records[i].slot.asked;
            if (slots->part[first + i] == SWEEP_PART_CRASHED) s->answers[first + i].status = PSW_SLOT_FAILED;
        }
    }
    free(records);
    return status;
}

static void forget(sweep_slots *slots, sweep_search *s, ptrdiff_t slot)
{
    psw_slot_status was = s->answers[slot].status;
    slots->done -= was == PSW_SLOT_DONE;
    slots->failed -= was == PSW_SLOT_FAILED || was == PSW_SLOT_TIMEOUT;
    slots->skipped -= was == PSW_SLOT_SKIPPED;
    s->answers[slot] = (psw_answer){.status = PSW_SLOT_EMPTY};
    s->asked[slot] = -1;
    slots->part[slot] = SWEEP_PART_WANTED;
}

/* What is to be computed again, or was lost, may be answered otherwise, and other points be asked for: those that were
 * asked for behind it are forgotten, until nothing is there that was asked for and would not be. What no round asked
 * for was computed by other ways, and stays. Returns how many. */
static ptrdiff_t forget_behind(sweep_slots *slots, sweep_search *s, ptrdiff_t family)
{
    const ptrdiff_t *own, count = psw_search_slots(s->search, family, &own);
    ptrdiff_t forgotten = 0, before = -1;
    while (slots->selected[own[0]] && forgotten > before) {
        before = forgotten;
        psw_search_asked(s->search, family, sweep_search_answer, s->answers, s->round);
        for (ptrdiff_t i = 0; i < count; i++) {
            if (s->asked[own[i]] <= 0 || s->asked[own[i]] == s->round[i]) continue;
            forget(slots, s, own[i]);
            forgotten++;
        }
    }
    return forgotten;
}

/* Of a family that has ended nothing is wanted; in one that goes on in this launch what was not needed may be. What is
 * left to other launches stays as the file has it. */
static void begin_family(sweep_slots *slots, sweep_search *s, ptrdiff_t family)
{
    sweep_family *f = &s->families.list[family];
    const psw_combinations *all = psw_search_combinations(s->search);
    const ptrdiff_t *own, count = psw_search_slots(s->search, family, &own);
    for (ptrdiff_t i = all->family_first[family]; i < all->family_first[family + 1]; i++)
        f->expected += sweep_families_expected(all->first[all->member[i] + 1] - all->first[all->member[i]]);
    for (ptrdiff_t i = 0; i < count; i++) f->answered += answered(&s->answers[own[i]]);
    sweep_search_settle(s, slots, family);
    for (ptrdiff_t i = 0; f->state != SWEEP_FAMILY_OTHERS && i < count; i++) {
        psw_slot_status *status = &s->answers[own[i]].status;
        bool open = !answered(&s->answers[own[i]]);
        if (f->state == SWEEP_FAMILY_ENDED && open) slots->part[own[i]] = SWEEP_PART_ENDED;
        if (f->state == SWEEP_FAMILY_ENDED || *status != PSW_SLOT_NOT_NEEDED) continue;
        *status = PSW_SLOT_EMPTY;
        slots->not_needed--;
    }
}

/* Are the edges in the file those of the answers? Only then nothing is left to be written. */
static psw_status compare_edges(const sweep_slots *slots, ptrdiff_t combination, const psw_crossings *found,
                                sweep_search *s)
{
    psw_edge_row there[PSW_SEARCH_EDGES], rows[PSW_SEARCH_EDGES];
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    psw_edge_rows(found, combination, rows);
    PSW_TRY(psw_reader_edges_get(slots->reader, combination, 1, there));
    for (ptrdiff_t k = 0; k < PSW_SEARCH_EDGES; k++)
        for (ptrdiff_t i = 0; i < lines; i++) {
            double a = psw_column_value(&columns[i], &there[k].record),
                   b = psw_column_value(&columns[i], &rows[k].record);
            s->edges_stand = s->edges_stand && (a == b || (isnan(a) && isnan(b)));
        }
    return PSW_OK;
}

/* `found` has room for all combinations. */
static psw_status compare_family(const sweep_slots *slots, ptrdiff_t family, psw_crossings *found, sweep_search *s)
{
    const psw_combinations *all = psw_search_combinations(s->search);
    const ptrdiff_t *own, *member = all->member;
    psw_search_slots(s->search, family, &own);
    if (!slots->mine[own[0]]) return PSW_OK;
    psw_search_crossings_family(s->search, family, sweep_search_answer, s->answers, found);
    for (ptrdiff_t k = all->family_first[family]; s->edges_stand && k < all->family_first[family + 1]; k++)
        PSW_TRY(compare_edges(slots, member[k], &found[member[k]], s));
    return PSW_OK;
}

static psw_status read_edges(const sweep_slots *slots, sweep_search *s)
{
    const psw_combinations *all = psw_search_combinations(s->search);
    psw_crossings *found = malloc((size_t)all->count * sizeof *found + 1);
    psw_status status = found ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for edges of %td combinations", all->count);
    s->edges_stand = status == PSW_OK && sweep_search_complete(s, slots);
    for (ptrdiff_t f = 0; status == PSW_OK && s->edges_stand && f < all->families; f++)
        status = compare_family(slots, f, found, s);
    free(found);
    return status;
}

bool sweep_search_complete(const sweep_search *s, const sweep_slots *slots)
{
    for (ptrdiff_t f = 0; f < s->families.count; f++) {
        const ptrdiff_t *own;
        psw_search_slots(s->search, f, &own);
        if (slots->mine[own[0]] && s->families.list[f].state != SWEEP_FAMILY_ENDED) return false;
    }
    return true;
}

static psw_status read_families(const sweep_given *g, sweep_slots *slots, sweep_search *s)
{
    ptrdiff_t again = 0;
    PSW_TRY(read_answers(g, slots, s));
    for (ptrdiff_t f = 0; f < s->families.count; f++) {
        again += forget_behind(slots, s, f);
        begin_family(slots, s, f);
    }
    if (again > 0 && !g->request->quiet)
        psw_print(
            stderr,
            "polysweep: note: %td points were asked for behind points that are not there any more, or are computed "
            "again, and may be asked for again\n",
            again);
    return PSW_OK;
}

static psw_status read_all(const sweep_given *g, sweep_slots *slots, sweep_search *s)
{
    for (ptrdiff_t f = 0; slots->whole && f < s->families.count; f++) s->families.list[f].state = SWEEP_FAMILY_ENDED;
    s->edges_stand = slots->whole;
    if (slots->whole) return PSW_OK;
    PSW_TRY(read_families(g, slots, s));
    return read_edges(slots, s);
}

psw_status sweep_search_read(const sweep_given *g, sweep_slots *slots, sweep_search *s)
{
    const psw_comm *world = g->world;
    if (!s->search) return PSW_OK;
    PSW_TRY(psw_comm_agree(world, world->rank == 0 ? read_all(g, slots, s) : PSW_OK));
    ptrdiff_t ended[] = {slots->done, slots->failed, slots->skipped, slots->not_needed, s->edges_stand};
    PSW_TRY(psw_comm_bytes(world, 0, ended, sizeof ended));
    slots->done = ended[0], slots->failed = ended[1], slots->skipped = ended[2], slots->not_needed = ended[3];
    s->all_there = ended[4] && ended[0] + ended[1] + ended[2] + ended[3] == slots->points;
    return psw_comm_bytes(world, 0, slots->part, (size_t)g->slots);
}

/* ---- on how many ranks ---- */

typedef struct weight {        /* of a family's points */
    ptrdiff_t costliest;       /* slot; of those that ask for the largest team */
    double share, costliest_s; /* mean seconds where tiles are shared, over those of the costliest alone */
} weight;

static weight weigh(const sweep_given *g, const psw_rates *rates, const sweep_search *s, ptrdiff_t family)
{
    const ptrdiff_t *own, count = psw_search_slots(s->search, family, &own);
    weight w = {.costliest = own[0], .costliest_s = -1};
    ptrdiff_t team = 0;
    double sum_s = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_point point = psw_study_point(g->study, own[i]);
        psw_cost cost = psw_cost_time(rates, &point);
        sum_s += cost.extra_s + (cost.predicted_s - cost.extra_s) / PSW_SEARCH_WIDTH;
        if (point.team < team || (point.team == team && cost.predicted_s <= w.costliest_s)) continue;
        team = point.team;
        w.costliest = own[i];
        w.costliest_s = cost.predicted_s;
    }
    w.share = w.costliest_s > 0 ? sum_s / (double)count / w.costliest_s : 1;
    return w;
}

/* Rank 0: the slots to cut runs of, and until they are cut the share of a family in point_s. */
static void choose_wanted(const sweep_given *g, const psw_rates *rates, sweep_search *s, unsigned char *wanted)
{
    memset(wanted, 0, (size_t)g->slots);
    for (ptrdiff_t family = 0; family < s->families.count; family++) {
        sweep_family *f = &s->families.list[family];
        const ptrdiff_t *own, count = psw_search_slots(s->search, family, &own);
        if (f->state == SWEEP_FAMILY_ENDED || f->state == SWEEP_FAMILY_OTHERS) continue;
        weight w = weigh(g, rates, s, family);
        f->point_s = s->alone ? 0 : w.share;
        wanted[w.costliest] = 1;
        for (ptrdiff_t i = 0; i < count && s->alone; i++) wanted[own[i]] = 1;
    }
}

static int by_slot(const void *a, const void *b)
{
    const psw_run *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

static psw_status keep_timed(const psw_runs *runs, sweep_search *s)
{
    size_t bytes = (size_t)runs->count * sizeof *s->timed;
    s->timed = malloc(bytes + 1);
    if (!s->timed) return PSW_FAIL(PSW_NO_MEMORY, "no memory for the teams of %td points", runs->count);
    s->timed_count = runs->count;
    if (bytes > 0) memcpy(s->timed, runs->list, bytes);
    qsort(s->timed, (size_t)s->timed_count, sizeof *s->timed, by_slot);
    return PSW_OK;
}

/* A run is that of a family's costliest point, or where points are timed of any: then all ranks are held. */
static void settle_depth(const psw_split *split, const psw_run *run, sweep_search *s)
{
    ptrdiff_t family = psw_search_family(s->search, run->first);
    sweep_family *f = &s->families.list[family];
    const ptrdiff_t *own, count = psw_search_slots(s->search, family, &own);
    f->depth = run->depth;
    if (s->alone)
        f->point_s += run->predicted_s * (double)split->ranks / (double)count;
    else
        f->point_s *= psw_run_cost(run, split);
}

psw_status sweep_search_cut(const sweep_given *g, const psw_rates *rates, const psw_split *split, sweep_search *s,
                            sweep_runs *runs)
{
    const psw_comm *world = g->world;
    unsigned char *wanted = malloc((size_t)g->slots);
    psw_status status = wanted ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td slots", g->slots);
    status = psw_comm_agree(world, status);
    if (status == PSW_OK && world->rank == 0) choose_wanted(g, rates, s, wanted);
    if (status == PSW_OK) status = psw_comm_bytes(world, 0, wanted, (size_t)g->slots);
    if (status == PSW_OK) status = sweep_runs_cut_points(g, wanted, rates, split, runs);
    free(wanted);
    PSW_TRY(status);
    for (ptrdiff_t i = 0; world->rank == 0 && i < runs->usual.count; i++) settle_depth(split, &runs->usual.list[i], s);
    return psw_comm_agree(world, world->rank == 0 && s->alone ? keep_timed(&runs->usual, s) : PSW_OK);
}

psw_run sweep_search_alone(const sweep_given *g, const sweep_search *s, ptrdiff_t slot)
{
    psw_run run = {.first = slot, .count = 1};
    if (s->timed) {
        const psw_run *timed = bsearch(&run, s->timed, (size_t)s->timed_count, sizeof run, by_slot);
        return timed ? *timed : run;
    }
    const sweep_family *f = &s->families.list[psw_search_family(s->search, slot)];
    run.depth = f->depth;
    run.team = psw_study_point(g->study, slot).team;
    run.predicted_s = f->point_s;
    return run;
}
