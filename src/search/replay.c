#include "polysweep/replay.h"

#include <math.h>
#include <stdlib.h>

psw_status psw_replay_create(const psw_study *study, psw_replay *r)
{
    *r = (psw_replay){.slots = psw_study_slots(study)};
    PSW_TRY(psw_search_create(study, &r->search));
    const size_t slots = (size_t)r->slots, families = (size_t)psw_search_combinations(r->search)->families;
    r->answer = malloc(slots * sizeof *r->answer + 1);
    r->asked = calloc(slots + 1, sizeof *r->asked);
    r->ended = calloc(families + 1, 1);
    r->elsewhere = calloc(families + 1, 1);
    r->families = (ptrdiff_t)families;
    bool many = psw_search_combinations(r->search)->partner != NULL;
    if (many) r->found = malloc((size_t)psw_search_combinations(r->search)->count * sizeof *r->found + 1);
    r->found_known = calloc(families + 1, 1);
    if (!r->answer || !r->asked || !r->ended || !r->elsewhere || !r->found_known || (many && !r->found))
        return PSW_FAIL(PSW_NO_MEMORY, "no memory for what a search of %td points has come to", r->slots);
    for (ptrdiff_t i = 0; i < r->slots; i++) r->answer[i] = (psw_answer){.status = PSW_SLOT_EMPTY};
    return PSW_OK;
}

void psw_replay_free(psw_replay *r)
{
    psw_search_free(r->search);
    free(r->answer);
    free(r->asked);
    free(r->ended);
    free(r->elsewhere);
    free(r->found);
    free(r->found_known);
    *r = (psw_replay){0};
}

void psw_replay_part(psw_replay *r, const unsigned char *mine)
{
    const ptrdiff_t families = psw_search_combinations(r->search)->families, *slots;
    r->families = 0;
    for (ptrdiff_t f = 0; f < families; f++) {
        psw_search_slots(r->search, f, &slots);
        r->elsewhere[f] = !mine[slots[0]];
        r->families += mine[slots[0]];
    }
}

void psw_replay_take(psw_replay *r, ptrdiff_t slot, const psw_record *record)
{
    r->answer[slot] = psw_search_answer(r->search, record);
    r->found_known[psw_search_family(r->search, slot)] = 0;
}

static psw_answer answer_of(const void *replay, ptrdiff_t slot)
{
    return ((const psw_replay *)replay)->answer[slot];
}

static ptrdiff_t largest_family(const psw_replay *r)
{
    ptrdiff_t largest = 0;
    const ptrdiff_t *slots;
    for (ptrdiff_t f = 0; f < psw_search_combinations(r->search)->families; f++) {
        ptrdiff_t count = psw_search_slots(r->search, f, &slots);
        if (count > largest) largest = count;
    }
    return largest;
}

/* `room` for slots of the largest family. */
static void replay_family(psw_replay *r, ptrdiff_t family, ptrdiff_t *room)
{
    const ptrdiff_t *slots;
    ptrdiff_t number, count = psw_search_slots(r->search, family, &slots);
    r->ended[family] = psw_search_round(r->search, family, answer_of, r, room, &number) == 0;
    r->open += !r->ended[family] && !r->elsewhere[family];
    psw_search_asked(r->search, family, answer_of, r, room);
    for (ptrdiff_t i = 0; i < count; i++) r->asked[slots[i]] = room[i];
}

psw_status psw_replay_run(psw_replay *r)
{
    ptrdiff_t *room = malloc((size_t)largest_family(r) * sizeof *room + 1);
    if (!room) return PSW_FAIL(PSW_NO_MEMORY, "no memory for what a search of %td points has come to", r->slots);
    r->open = 0;
    for (ptrdiff_t f = 0; f < psw_search_combinations(r->search)->families; f++) replay_family(r, f, room);
    free(room);
    return PSW_OK;
}

bool psw_replay_ended(const psw_replay *r, ptrdiff_t slot)
{
    return r->ended[psw_search_family(r->search, slot)];
}

bool psw_replay_elsewhere(const psw_replay *r, ptrdiff_t slot)
{
    return r->elsewhere[psw_search_family(r->search, slot)];
}

void psw_replay_settle(const psw_replay *r, ptrdiff_t slot, psw_record *record)
{
    const psw_slot_status status = record->slot.status;
    if (status == PSW_SLOT_NOT_NEEDED && !psw_replay_ended(r, slot)) {
        *record = psw_record_blank(&record->point);
        return;
    }
    if (status == PSW_SLOT_EMPTY || status == PSW_SLOT_RUNNING || status == PSW_SLOT_NOT_NEEDED) return;
    record->slot.asked = r->asked[slot];
}

void psw_replay_crossings(const psw_replay *r, ptrdiff_t combination, psw_crossings *found)
{
    const ptrdiff_t family = psw_search_combinations(r->search)->family[combination];
    if (!r->found) {
        psw_search_crossings(r->search, combination, answer_of, r, found);
        return;
    }
    if (!r->found_known[family]) psw_search_crossings_family(r->search, family, answer_of, r, r->found);
    r->found_known[family] = 1;
    *found = r->found[combination];
}
