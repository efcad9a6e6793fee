/* verify, of a study that searches: the search is replayed on what is done. */
#include "cmd/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/plain.h"

enum { PIECE = 1 << 12 };

static void note(cmd_search_check *s, cmd_search_difference one)
{
    if (s->kept < CMD_DIFFERENCES) s->list[s->kept++] = one;
}

/* ---- slots ---- */

/* A slot that was there before the search asked for it, as after --extend, says that nothing asked for it until a run
 * has ended the search. */
static void check_slot(cmd_search_check *s, ptrdiff_t slot, const psw_slot *stored)
{
    ptrdiff_t asked = s->replay.asked[slot];
    switch (stored->status) {
    case PSW_SLOT_EMPTY:
    case PSW_SLOT_RUNNING: return;
    case PSW_SLOT_NOT_NEEDED:
        s->not_needed++;
        if (asked == 0) return;
        s->faults[CMD_NEEDED]++;
        note(s, (cmd_search_difference){.fault = CMD_NEEDED, .slot = slot, .found = (double)asked});
        return;
    case PSW_SLOT_DONE:
    case PSW_SLOT_FAILED:
    case PSW_SLOT_SKIPPED:
    case PSW_SLOT_TIMEOUT: break;
    }
    s->before += asked > 0 && stored->asked == 0;
    if (stored->asked == asked || stored->asked == 0) return;
    s->faults[CMD_ASKED]++;
    note(s, (cmd_search_difference){
                .fault = CMD_ASKED, .slot = slot, .stored = (double)stored->asked, .found = (double)asked});
}

static psw_status check_slots(cmd_check *c)
{
    psw_slot *slots = malloc(PIECE * sizeof *slots);
    psw_status status = slots ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to verify a search");
    for (ptrdiff_t first = 0; status == PSW_OK && first < c->slot_count; first += PIECE) {
        ptrdiff_t count = c->slot_count - first < PIECE ? c->slot_count - first : PIECE;
        status = psw_reader_slots_get(c->reader, first, count, slots);
        for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++) check_slot(&c->search, first + i, &slots[i]);
    }
    free(slots);
    return status;
}

/* ---- /edges ---- */

/* What is computed from stored numbers has their bits; theory's edges are found by bisection and differ in 1e-9 between
 * mathematical libraries, and of these digits position - theory has fewer. */
static bool agrees(const psw_column *column, double stored, double found)
{
    double tolerance = strcmp(column->name, "theory") == 0 ? 1e-9 : strcmp(column->name, "theory_z") == 0 ? 1e-6 : 0;
    if (stored == found || (isnan(stored) && isnan(found))) return true;
    return fabs(stored - found) <= tolerance * fmax(1, fmax(fabs(stored), fabs(found)));
}

static bool row_agrees(cmd_search_check *s, const psw_edge_row *stored, const psw_edge_row *found)
{
    ptrdiff_t count;
    const psw_column *columns = psw_edge_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) {
        double a = psw_column_value(&columns[i], (const psw_record *)stored);
        double b = psw_column_value(&columns[i], (const psw_record *)found);
        if (agrees(&columns[i], a, b)) continue;
        note(s, (cmd_search_difference){.fault = CMD_EDGES,
                                        .slot = found->slot,
                                        .combination = found->combination,
                                        .column = columns[i].name,
                                        .stored = a,
                                        .found = b});
        return false;
    }
    return true;
}

static psw_status check_combination(cmd_check *c, ptrdiff_t combination)
{
    psw_edge_row stored[PSW_SEARCH_EDGES] = {0}, found[PSW_SEARCH_EDGES] = {0};
    cmd_search_check *s = &c->search;
    const psw_combinations *all = psw_search_combinations(s->replay.search);
    psw_crossings crossings;
    bool agree = true, written = true;
    if (psw_replay_elsewhere(&s->replay, all->slot[all->first[combination]])) return PSW_OK;
    PSW_TRY(psw_reader_edges_get(c->reader, combination, 1, stored));
    psw_replay_crossings(&s->replay, combination, &crossings);
    psw_edge_rows(&crossings, combination, found);
    for (int k = 0; k < PSW_SEARCH_EDGES; k++) written &= stored[k].slot >= 0;
    if (!psw_replay_ended(&s->replay, found->slot) || !written) {
        s->outdated += written;
        s->unwritten += !written;
        return PSW_OK;
    }
    for (int k = 0; agree && k < PSW_SEARCH_EDGES; k++) agree = row_agrees(s, &stored[k], &found[k]);
    s->compared++;
    s->faults[CMD_EDGES] += !agree;
    return PSW_OK;
}

psw_status cmd_verify_search(cmd_check *c)
{
    cmd_search_check *s = &c->search;
    if (!psw_study_search(c->study) || c->in_use) return PSW_OK;
    PSW_TRY(psw_reader_replay(c->reader, c->study, &s->replay));
    PSW_TRY(check_slots(c));
    for (ptrdiff_t i = 0; i < psw_search_combinations(s->replay.search)->count; i++) PSW_TRY(check_combination(c, i));
    return PSW_OK;
}

ptrdiff_t cmd_verify_search_faults(const cmd_check *c)
{
    ptrdiff_t faults = 0;
    for (int i = 0; i < CMD_SEARCH_FAULTS; i++) faults += c->search.faults[i];
    return faults;
}

/* ---- printing ---- */

static void print_difference(const cmd_check *c, const cmd_search_difference *d)
{
    char text[160];
    psw_point point = psw_study_point(c->study, d->slot);
    psw_point_text(&point, text, sizeof text);
    switch (d->fault) {
    case CMD_ASKED:
        psw_print(stdout, "differs     slot %td (%s): asked is %.0f, the search asks for it in round %.0f (0: never)\n",
                  d->slot, text, d->stored, d->found);
        return;
    case CMD_NEEDED:
        psw_print(
            stdout,
            "differs     slot %td (%s) is not_needed, but the search asks for it in round %.0f; running the study "
            "again computes it\n",
            d->slot, text, d->found);
        return;
    case CMD_EDGES:
        psw_print(stdout, "differs     combination %td, from slot %td (%s): edges/%s is %.17g, found again %.17g\n",
                  d->combination, d->slot, text, d->column, d->stored, d->found);
        return;
    case CMD_SEARCH_FAULTS: return;
    }
}

void cmd_verify_search_print(const cmd_check *c)
{
    const cmd_search_check *s = &c->search;
    if (!s->replay.search) return;
    psw_print(stdout, "search      %td slots not needed, edges of %td of %td combinations compared\n", s->not_needed,
              s->compared, psw_search_combinations(s->replay.search)->count);
    if (s->replay.open > 0)
        psw_print(stdout, "unfinished  the search of %td of %td; running the study again ends it\n", s->replay.open,
                  s->replay.families);
    if (s->unwritten > 0) psw_print(stdout, "unwritten   edges of %td combinations\n", s->unwritten);
    if (s->outdated > 0)
        psw_print(stdout, "outdated    edges of %td combinations, from before their search went on\n", s->outdated);
    if (s->before > 0)
        psw_print(stdout, "before      %td points were done before the search asked for them\n", s->before);
    for (ptrdiff_t i = 0; i < s->kept; i++) print_difference(c, &s->list[i]);
}

void cmd_verify_search_json(const cmd_check *c, psw_json *out)
{
    const cmd_search_check *s = &c->search;
    if (!s->replay.search) return;
    psw_json_open(out, "search", '{');
    psw_json_count(out, "not_needed", s->not_needed);
    psw_json_count(out, "combinations", psw_search_combinations(s->replay.search)->count);
    psw_json_count(out, "compared", s->compared);
    psw_json_count(out, "unwritten", s->unwritten);
    psw_json_count(out, "outdated", s->outdated);
    psw_json_count(out, "unfinished", s->replay.open);
    psw_json_count(out, "before", s->before);
    psw_json_count(out, "wrong_asked", s->faults[CMD_ASKED]);
    psw_json_count(out, "wrong_not_needed", s->faults[CMD_NEEDED]);
    psw_json_count(out, "wrong_edges", s->faults[CMD_EDGES]);
    psw_json_close(out);
}
