#include "sweep/found.h"

#include <stdlib.h>

/* ---- slots ---- */

/* Rank 0: the open slots of families that have ended. */
static void choose_unneeded(sweep_job *j)
{
    const sweep_search *s = &j->search;
    for (ptrdiff_t f = 0; f < s->families.count; f++) {
        const ptrdiff_t *own, count = psw_search_slots(s->search, f, &own);
        if (s->families.list[f].state != SWEEP_FAMILY_ENDED || !j->slots.mine[own[0]]) continue;
        for (ptrdiff_t i = 0; i < count; i++) {
            psw_slot_status status = s->answers[own[i]].status;
            bool open = status == PSW_SLOT_EMPTY || status == PSW_SLOT_RUNNING;
            if (open && !j->slots.whole) j->slots.part[own[i]] = SWEEP_PART_NOT_NEEDED;
        }
    }
}

/* Nothing but the slot's own columns is in it, unless it was tried. */
static psw_status put_stretch(sweep_job *j, ptrdiff_t first, ptrdiff_t count)
{
    bool tried = false;
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_point point = psw_study_point(j->given.study, first + i);
        psw_record *record = &j->open.records[i];
        psw_mark before = sweep_slots_before(&j->slots, first + i);
        *record = psw_record_blank(&point);
        record->slot.status = PSW_SLOT_NOT_NEEDED;
        record->slot.attempt = before.attempt;
        record->slot.deaths = before.deaths;
        tried |= before.attempt > 0;
    }
    j->progress.unsynced = true;
    j->open.display.mine.not_needed += (double)count;
    return tried ? psw_store_put(j->open.store, first, count, j->open.records)
                 : psw_store_put_empty(j->open.store, first, count, j->open.records);
}

/* Stretches are shared out. */
static psw_status put_unneeded(sweep_job *j)
{
    const psw_comm *world = j->given.world;
    const unsigned char *part = j->slots.part;
    ptrdiff_t number = 0;
    for (ptrdiff_t first = 0, end; first < j->given.slots; first = end) {
        end = first + 1;
        if (part[first] != SWEEP_PART_NOT_NEEDED) continue;
        while (end < j->given.slots && end - first < j->runs.most_slots && part[end] == SWEEP_PART_NOT_NEEDED) end++;
        if (number++ % world->size == world->rank) PSW_TRY(put_stretch(j, first, end - first));
    }
    return PSW_OK;
}

/* What was done before its search asked for it, as after --extend, has been asked for now. One slot at a time: of a
 * program that is ended no more than one is half written. */
static psw_status put_asked(sweep_job *j)
{
    const ptrdiff_t *asked = j->search.asked;
    psw_record *records = j->open.records;
    sweep_search_compare_asked(&j->search, &j->slots);
    for (ptrdiff_t first = 0, end; first < j->given.slots; first = end) {
        end = first + 1;
        if (asked[first] < 0) continue;
        while (end < j->given.slots && end - first < j->runs.most_slots && asked[end] >= 0) end++;
        j->progress.unsynced = true;
        PSW_TRY(psw_reader_get(j->slots.reader, first, end - first, records));
        for (ptrdiff_t i = 0; i < end - first; i++) {
            psw_slot *slot = &records[i].slot;
            if (slot->status == PSW_SLOT_RUNNING) continue; /* somebody else has changed it */
            slot->asked = asked[first + i];
            PSW_TRY(psw_store_asked(j->open.store, first + i, &records[i]));
        }
    }
    return PSW_OK;
}

/* ---- edges ---- */

/* `found` has room for all combinations. */
static psw_status put_family_edges(sweep_job *j, ptrdiff_t family, psw_crossings *found)
{
    const sweep_search *s = &j->search;
    const psw_combinations *all = psw_search_combinations(s->search);
    const ptrdiff_t *own, *member = all->member;
    psw_search_slots(s->search, family, &own);
    if (!j->slots.mine[own[0]]) return PSW_OK;
    psw_search_crossings_family(s->search, family, sweep_search_answer, s->answers, found);
    for (ptrdiff_t k = all->family_first[family]; k < all->family_first[family + 1]; k++)
        PSW_TRY(psw_store_edges(j->open.store, member[k], 1, &found[member[k]]));
    return PSW_OK;
}

static psw_status put_edges(sweep_job *j)
{
    const sweep_search *s = &j->search;
    const psw_combinations *all = psw_search_combinations(s->search);
    if (s->edges_stand || !sweep_search_complete(s, &j->slots)) return PSW_OK;
    j->progress.unsynced = true;
    psw_crossings *found = malloc((size_t)all->count * sizeof *found + 1);
    psw_status status = found ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for edges of %td combinations", all->count);
    for (ptrdiff_t f = 0; status == PSW_OK && f < all->families; f++) status = put_family_edges(j, f, found);
    free(found);
    return status;
}

psw_status sweep_found_put(sweep_job *j)
{
    const psw_comm *world = j->given.world;
    bool first = world->rank == 0;
    if (first) choose_unneeded(j);
    if (first) j->search.unended = sweep_families_outlook(&j->search.families).unended > 0;
    PSW_TRY(psw_comm_bytes(world, 0, &j->search.unended, sizeof j->search.unended));
    PSW_TRY(psw_comm_bytes(world, 0, j->slots.part, (size_t)j->given.slots));
    PSW_TRY(psw_comm_agree(world, put_unneeded(j)));
    PSW_TRY(psw_comm_agree(world, first ? put_asked(j) : PSW_OK));
    return psw_comm_agree(world, first ? put_edges(j) : PSW_OK);
}
