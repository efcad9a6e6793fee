#include "sweep/slots.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sweep/extend.h"
#include "polysweep/files.h"
#include "polysweep/plain.h"

/* What has changed since the file was made, where it is not the study. */
static void since(const psw_study *stored, char *text, size_t size)
{
    text[0] = 0;
    if (!psw_study_earlier(stored)) return;
    psw_format(text, size,
               " %s, which left them out when the file was made, has a point for each mask, noise, j3, row_norm and "
               "den_constant now.",
               psw_methods_of_theory().text);
}

static psw_status refuse_study(const sweep_given *g, const psw_study *stored, const char *difference)
{
    char way[96] = "", changed[256];
    ptrdiff_t kept = sweep_extend_keeps(g->path, g->study);
    since(stored, changed, sizeof changed);
    if (kept >= 0) psw_format(way, sizeof way, ", or --extend to keep its %td done points in a file of this one", kept);
    PSW_FAIL(PSW_USAGE,
             "%s holds another study and is left unchanged; give another file with -o, or the study it was made "
             "from%s.%s",
             g->path, way, changed);
    return psw_fail_lines(PSW_USAGE, difference);
}

/* The same points, and nothing else that a file cannot change once it is made. */
static psw_status same_study(const sweep_given *g, psw_reader *reader)
{
    char difference[768];
    psw_study *stored;
    bool points = psw_reader_identity(reader) == psw_study_identity(g->study) && psw_reader_slots(reader) == g->slots;
    if (points && strcmp(psw_reader_study(reader), psw_study_resolved(g->study)) == 0)
        return PSW_OK; /* to the letter */
    PSW_TRY(psw_study_stored(reader, g->path, &stored));
    (points ? psw_study_layout_difference : psw_study_difference)(g->study, stored, difference, sizeof difference);
    psw_status status = points && !*difference ? PSW_OK : refuse_study(g, stored, difference);
    psw_study_free(stored);
    return status;
}

/* Points of other parts would be missing, or computed twice. */
static psw_status same_part(const sweep_given *g, const psw_reader *reader)
{
    const psw_part *asked = &g->request->part;
    char here[PSW_PART_TEXT], there[PSW_PART_TEXT];
    psw_part stored;
    PSW_TRY(psw_reader_part(reader, &stored));
    psw_part_print(&stored, there);
    psw_part_print(asked, here);
    if (stored.of == asked->of && stored.number == asked->number) return PSW_OK;
    if (asked->of == 0)
        return PSW_FAIL(PSW_USAGE,
                        "%.300s is part %s of the study: --part %s with the file of the whole study continues it, "
                        "merge joins the parts, -o with another file computes all points",
                        g->path, there, there);
    return PSW_FAIL(PSW_USAGE,
                    "%.300s is %s%s of the study, not part %s; give --part as before, or another file with -o", g->path,
                    stored.of ? "part " : "a file ", stored.of ? there : "of all points", here);
}

/* What parts have is the program's choice, which follows from what it thinks points cost. */
static psw_status same_slots(const sweep_given *g, const sweep_slots *s)
{
    char name[PSW_PART_TEXT];
    psw_part_print(&g->request->part, name);
    if (g->request->part.of == 0 || psw_reader_part_is(s->reader, s->mine)) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "%.300s is part %s as another version of the program dealt it: part %s has other points now; merge "
                    "the parts of that version, and a run on the merged file, without --part, computes what they lack",
                    g->path, name, name);
}

/* A column distinguishes points with noise of two kinds in one file; this file does not have it. */
static psw_status refuse_noise(const sweep_given *g, const psw_point *point, ptrdiff_t slot, const char *text)
{
    return PSW_FAIL(
        PSW_USAGE,
        "%.300s is older than data_draws (random_version 1: noise was drawn once for all trials of a "
        "point, so intervals are conditional on that draw) and cannot continue with points that have noise (slot "
        "%td, %s, would have %td draws); -o with another file computes all points in the same way, --extend "
        "makes a file that keeps what is done, its noise marked by column random_version, and --where \"noise "
        "== 0\" leaves noise out",
        g->path, slot, text, point->data_draws);
}

/* The file may be older than a parameter that the study gives a value. */
static psw_status has_columns(const sweep_given *g, const psw_filter *filter, const psw_reader *reader)
{
    char text[160];
    psw_cursor cursor = psw_cursor_begin(g->study);
    for (ptrdiff_t slot = 0; psw_reader_older(reader) && slot < g->slots; slot++) {
        const psw_point *point = psw_cursor_at(&cursor, slot);
        const psw_column *column = psw_reader_lacks(reader, point);
        if (!column || (filter && !psw_filter_keeps(filter, point))) continue;
        psw_point_text(point, text, sizeof text);
        if (psw_data_random_version(point) > 0) return refuse_noise(g, point, slot, text);
        return PSW_FAIL(
            PSW_USAGE,
            "%.300s is older than the parameter %s, which this study sets (slot %td, %s), and has no "
            "column for it; --extend makes a file that has one and keeps what is done, or give another file "
            "with -o",
            g->path, column->name, slot, text);
    }
    return PSW_OK;
}

/* ---- what is to be done about each slot ---- */

/* What this launch leaves alone but earlier ones ended. */
static void count_ended(sweep_slots *s, psw_slot_status status)
{
    s->done += status == PSW_SLOT_DONE;
    s->failed += status == PSW_SLOT_FAILED || status == PSW_SLOT_TIMEOUT;
    s->skipped += status == PSW_SLOT_SKIPPED;
    s->not_needed += status == PSW_SLOT_NOT_NEEDED;
}

static unsigned char byte_of(ptrdiff_t count)
{
    return (unsigned char)(count < 255 ? count : 255);
}

/* Of ten million slots only what is to be done, attempts and crashes stay, a byte each. */
typedef struct chooser {
    const sweep_given *given;
    const psw_filter *filter; /* NULL = none */
    sweep_slots *slots;
    psw_cursor cursor;
} chooser;

static bool is_selected(chooser *c, ptrdiff_t i)
{
    const sweep_slots *s = c->slots;
    if (s->selected || !c->filter) return !s->selected || s->selected[i];
    return psw_filter_keeps(c->filter, psw_cursor_at(&c->cursor, i));
}

/* Which slots this launch computes: of those that the filter keeps the unfinished, and the failed if asked for. */
static void choose_slot(chooser *c, ptrdiff_t i, const psw_slot *slot)
{
    sweep_slots *s = c->slots;
    ptrdiff_t crashes = slot->deaths + (slot->status == PSW_SLOT_RUNNING);
    sweep_part part = sweep_part_of(slot, crashes, c->given->request->redo);
    if (!s->mine[i]) part = SWEEP_PART_ENDED;
    if (part != SWEEP_PART_ENDED && !is_selected(c, i)) part = SWEEP_PART_ENDED;
    s->part[i] = (unsigned char)part;
    s->attempts[i] = byte_of(slot->attempt);
    s->crashes[i] = byte_of(crashes);
    if (part == SWEEP_PART_ENDED && s->mine[i]) count_ended(s, slot->status);
    if (part == SWEEP_PART_CRASHED) count_ended(s, PSW_SLOT_FAILED);
}

static psw_status choose(void *context, ptrdiff_t first, ptrdiff_t count, const psw_slot *slots)
{
    for (ptrdiff_t i = 0; i < count; i++) choose_slot(context, first + i, &slots[i]);
    return PSW_OK;
}

/* Each rank reads a part. */
static psw_status read_slots(const sweep_given *g, const psw_filter *filter, psw_reader *reader, sweep_slots *s)
{
    chooser c = {g, filter, s, psw_cursor_begin(g->study)};
    PSW_TRY(psw_reader_states_each(g->world, reader, choose, &c));
    PSW_TRY(psw_reader_states_join(g->world, reader, s->part));
    PSW_TRY(psw_reader_states_join(g->world, reader, s->attempts));
    PSW_TRY(psw_reader_states_join(g->world, reader, s->crashes));
    double ended[] = {(double)s->done, (double)s->failed, (double)s->skipped, (double)s->not_needed};
    PSW_TRY(psw_comm_sum(g->world, ended, 4));
    s->done = (ptrdiff_t)ended[0], s->failed = (ptrdiff_t)ended[1], s->skipped = (ptrdiff_t)ended[2];
    s->not_needed = (ptrdiff_t)ended[3];
    return PSW_OK;
}

/* ---- the file ---- */

static psw_status create(const sweep_given *g, const sweep_slots *s)
{
    const psw_part *part = &g->request->part;
    return part->of > 0 ? psw_store_create_part(g->path, g->study, part, s->mine) : psw_store_create(g->path, g->study);
}

/* Of a part no larger study makes a part. */
static psw_status extend(const sweep_given *g)
{
    psw_reader *reader;
    PSW_TRY(psw_reader_open(g->path, &reader));
    psw_status status = same_part(g, reader);
    psw_reader_close(reader);
    PSW_TRY(status);
    return sweep_extend(g->path, g->study, g->request->quiet);
}

static psw_status create_or_extend(const sweep_given *g, sweep_slots *s)
{
    PSW_TRY(psw_lock_take(g->path, &s->lock));
    if (access(g->path, F_OK) != 0)
        PSW_TRY(create(g, s));
    else if (g->request->extend)
        PSW_TRY(extend(g));
    return psw_lock_renew(g->path, &s->lock);
}

static psw_status check_study(const sweep_given *g, const psw_filter *filter, const sweep_slots *s)
{
    PSW_TRY(same_study(g, s->reader));
    PSW_TRY(same_part(g, s->reader));
    PSW_TRY(same_slots(g, s));
    return has_columns(g, filter, s->reader);
}

/* Was every point done or not needed, and read back, at the end of a launch, and has nobody written since? Then there
 * is nothing that reading all of it again would tell. */
static bool is_whole(const sweep_given *g, sweep_slots *s)
{
    psw_sweep_state state;
    if (psw_sweep_state_read(g->path, &state) != PSW_OK || strcmp(state.state, "done") != 0) return false;
    if (state.not_needed > 0 && g->request->redo == PSW_REDO_NOT_NEEDED) return false;
    s->whole = state.points == s->points && state.done + state.not_needed == s->points && s->seal[0] &&
               strcmp(state.whole, s->seal) == 0;
    if (s->whole) s->done = state.done, s->not_needed = state.not_needed; /* and every part is SWEEP_PART_ENDED */
    return s->whole;
}

static psw_status read_file(const sweep_given *g, const psw_filter *filter, sweep_slots *s)
{
    PSW_TRY(psw_reader_open_shared(g->world, g->path, &s->reader));
    PSW_TRY(psw_comm_agree(g->world, g->world->rank == 0 ? check_study(g, filter, s) : PSW_OK));
    if (g->world->rank == 0) psw_seal_take(g->path, s->seal);
    ptrdiff_t whole[] = {g->world->rank == 0 && is_whole(g, s), s->done, s->not_needed};
    PSW_TRY(psw_comm_bytes(g->world, 0, whole, sizeof whole));
    s->whole = whole[0];
    if (!s->whole) return read_slots(g, filter, s->reader, s);
    s->done = whole[1], s->not_needed = whole[2];
    return PSW_OK;
}

/* Rank 0 deals, for all. */
static psw_status find_part(const sweep_given *g, sweep_slots *s)
{
    const psw_comm *world = g->world;
    psw_status status = world->rank == 0 ? psw_part_slots(g->study, &g->request->part, s->mine, &s->points) : PSW_OK;
    PSW_TRY(psw_comm_agree(world, status));
    PSW_TRY(psw_comm_bytes(world, 0, &s->points, sizeof s->points));
    return psw_comm_bytes(world, 0, s->mine, (size_t)g->slots);
}

/* ---- what of a search is selected ---- */

/* What --where keeps of a family, all of whose points are of one part. */
static ptrdiff_t kept_of(const sweep_given *g, const psw_filter *filter, const ptrdiff_t *own, ptrdiff_t count)
{
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; filter && i < count; i++) {
        psw_point point = psw_study_point(g->study, own[i]);
        kept += psw_filter_keeps(filter, &point);
    }
    return filter ? kept : count;
}

static psw_status report_selected(const sweep_given *g, ptrdiff_t whole, ptrdiff_t halves)
{
    psw_shown where = psw_show(g->request->where);
    if (whole == 0)
        return PSW_FAIL(PSW_USAGE,
                        "--where \"%s\" keeps no combination that is searched as a whole: it must not distinguish "
                        "values of %s, nor of what a level joins",
                        where.text, psw_study_search(g->study)->over);
    if (halves > 0 && g->world->rank == 0 && !g->request->quiet)
        psw_print(stderr,
                  "polysweep: note: --where \"%s\" keeps some but not all points of %td searches, which are left out\n",
                  where.text, halves);
    return PSW_OK;
}

/* A search is of all candidates: families are selected as a whole. */
static psw_status select_families(const sweep_given *g, const psw_search *search, const psw_filter *filter,
                                  sweep_slots *s)
{
    ptrdiff_t whole = 0, halves = 0, families = psw_search_combinations(search)->families;
    s->selected = calloc((size_t)g->slots, 1);
    if (!s->selected) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td slots", g->slots);
    for (ptrdiff_t f = 0; f < families; f++) {
        const ptrdiff_t *own, count = psw_search_slots(search, f, &own);
        if (!s->mine[own[0]]) continue;
        ptrdiff_t kept = kept_of(g, filter, own, count);
        whole += kept == count;
        halves += kept > 0 && kept < count;
        for (ptrdiff_t i = 0; kept == count && i < count; i++) s->selected[own[i]] = 1;
    }
    return filter ? report_selected(g, whole, halves) : PSW_OK;
}

/* --where is understood before the file is touched: a refusal leaves nothing behind. */
psw_status sweep_slots_find(const sweep_given *g, const psw_search *search, sweep_slots *s)
{
    const psw_comm *world = g->world;
    size_t bytes = (size_t)g->slots;
    psw_filter *filter = NULL;
    *s = (sweep_slots){calloc(bytes, 1), calloc(bytes, 1), calloc(bytes, 1), .mine = calloc(bytes, 1),
                       .lock = psw_lock_none()};
    bool room = s->part && s->attempts && s->crashes && s->mine;
    PSW_TRY(psw_comm_agree(world, room ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td slots", g->slots)));
    PSW_TRY(find_part(g, s));
    psw_status status = psw_comm_agree(world, psw_filter_create(g->study, g->request->where, &filter));
    if (status == PSW_OK && search) status = psw_comm_agree(world, select_families(g, search, filter, s));
    if (status == PSW_OK) status = psw_comm_agree(world, world->rank == 0 ? create_or_extend(g, s) : PSW_OK);
    if (status == PSW_OK) status = read_file(g, filter, s);
    if (filter) psw_filter_free(filter);
    return status;
}

psw_mark sweep_slots_before(const sweep_slots *s, ptrdiff_t slot)
{
    return (psw_mark){s->attempts[slot] + (s->part[slot] == SWEEP_PART_AGAIN), s->crashes[slot]};
}

void sweep_slots_postpone(sweep_slots *s, ptrdiff_t slot)
{
    s->part[slot] = SWEEP_PART_AGAIN;
    s->postponed++;
}

/* Each rank knows its own: what others have not is 0 there. */
static psw_status unite(const psw_comm *world, sweep_slots *s, ptrdiff_t count)
{
    unsigned char *again = malloc((size_t)count);
    psw_status status = again ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td slots", count);
    status = psw_comm_agree(world, status);
    for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++) again[i] = s->part[i] == SWEEP_PART_AGAIN;
    if (status == PSW_OK) status = psw_comm_merge(world, &(psw_merging){PSW_UNITE, again, count}, 1);
    for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++)
        if (again[i]) s->part[i] = SWEEP_PART_AGAIN;
    free(again);
    return status;
}

psw_status sweep_slots_postponed(const psw_comm *world, sweep_slots *s, ptrdiff_t count, bool *any)
{
    double some = s->postponed > 0;
    PSW_TRY(psw_comm_max(world, &some, 1));
    *any = some > 0;
    return *any ? unite(world, s, count) : PSW_OK;
}

void sweep_slots_free(sweep_slots *s)
{
    free(s->part);
    free(s->attempts);
    free(s->crashes);
    free(s->mine);
    free(s->selected);
    psw_reader_close(s->reader);
    psw_lock_release(&s->lock);
}
