/* Points that were running when the program died. After two deaths a point is a suspect: it waits until all others are
 * done and is then the only one that runs, so that a third death is its own. */
#include <string.h>

#include "sweep/job.h"

enum { SUSPECT_DEATHS = 2, MOST_DEATHS = 3 };

psw_part psw_job_part(const psw_slot *slot, ptrdiff_t deaths, bool redo)
{
    bool open = slot->status == PSW_SLOT_EMPTY || slot->status == PSW_SLOT_RUNNING;
    if (slot->status == PSW_SLOT_DONE || (!open && !redo)) return PSW_PART_ENDED;
    if (slot->status == PSW_SLOT_RUNNING && deaths >= MOST_DEATHS) return PSW_PART_KILLED;
    return deaths >= SUSPECT_DEATHS ? PSW_PART_SUSPECT : PSW_PART_WANTED;
}

/* ---- the third death ---- */

static psw_status put_killed(psw_job *j, ptrdiff_t slot)
{
    psw_point point = psw_study_point(j->study, slot);
    psw_record record = psw_record_blank(&point);
    psw_compute_theory(j->study, &record);
    record.slot.status = PSW_SLOT_FAILED;
    record.slot.error_code = PSW_KILLED;
    record.slot.attempt = j->attempts[slot];
    record.slot.deaths = j->deaths[slot];
    char message[160];
    psw_format(message, sizeof message,
               "the program ended %d times while this point ran, the last time alone; --redo failed tries it again",
               (int)j->deaths[slot]);
    PSW_TRY(psw_store_failure(j->store, slot, record.slot.attempt, "run", message));
    return psw_store_put(j->store, slot, 1, &record);
}

psw_status psw_job_put_killed(psw_job *j)
{
    for (ptrdiff_t i = 0; i < j->slots; i++)
        if (j->part[i] == PSW_PART_KILLED) PSW_TRY(put_killed(j, i));
    return PSW_OK;
}
