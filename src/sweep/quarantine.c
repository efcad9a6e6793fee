#include "sweep/quarantine.h"

enum { QUARANTINE_CRASHES = 2, MOST_CRASHES = 3 };

sweep_part sweep_part_of(const psw_slot *slot, ptrdiff_t crashes, psw_redo redo)
{
    bool open = slot->status == PSW_SLOT_EMPTY || slot->status == PSW_SLOT_RUNNING;
    psw_redo again = slot->status == PSW_SLOT_NOT_NEEDED ? PSW_REDO_NOT_NEEDED : PSW_REDO_FAILED;
    if (slot->status == PSW_SLOT_DONE || (!open && redo != again)) return SWEEP_PART_ENDED;
    if (slot->status == PSW_SLOT_RUNNING && crashes >= MOST_CRASHES) return SWEEP_PART_CRASHED;
    return crashes >= QUARANTINE_CRASHES ? SWEEP_PART_QUARANTINED : SWEEP_PART_WANTED;
}

psw_status sweep_part_put_crashed(const sweep_given *given, psw_store *store, ptrdiff_t number, const psw_slot *slot)
{
    psw_point point = psw_study_point(given->study, number);
    psw_record record = psw_record_blank(&point);
    PSW_TRY(psw_compute_theory(given->study, (psw_watch){0}, &record));
    record.slot.status = PSW_SLOT_FAILED;
    record.slot.error_code = PSW_KILLED;
    record.slot.attempt = slot->attempt;
    record.slot.deaths = slot->deaths;
    record.slot.asked = slot->asked;
    char message[160];
    psw_format(message, sizeof message,
               "the program crashed %td times while this point was running, the last time with no other point; "
               "--redo failed tries it again",
               slot->deaths);
    PSW_TRY(psw_store_failure(store, number, slot->attempt, "run", message));
    return psw_store_put(store, number, 1, &record);
}
