/* sweep/slots: what is left to do: creates, extends or resumes the file, and decides what to do with each slot. */
#ifndef POLYSWEEP_SWEEP_SLOTS_H
#define POLYSWEEP_SWEEP_SLOTS_H

#include "polysweep/files.h"
#include "polysweep/measure.h"
#include "polysweep/store.h"
#include "sweep/quarantine.h"

typedef struct sweep_slots {
    unsigned char *part, *attempts, *crashes; /* one byte a slot: sweep_part; both at most 255 */
    ptrdiff_t postponed;                      /* by this rank */
    unsigned char *mine;                      /* 1 for slots of the part */
    unsigned char *selected; /* of a search: 1 for slots of the families that this launch is for; NULL: of a grid */
    ptrdiff_t points;        /* of the study or of the part of it */
    ptrdiff_t done, failed, skipped, not_needed; /* finished by earlier launches and left unchanged */
    bool whole;                                  /* that is every point of the file, as its sidecar knows */
    psw_lock lock;                               /* rank 0: of the file */
    psw_reader *reader;                          /* of the file; NULL once all ranks have opened it for writing, but
                                                    for rank 0 of a search */
    char seal[PSW_SEAL];                         /* rank 0: of the file before its slots were read */
} sweep_slots;

/* Locks the result file, creates it if missing, refuses another study's, and fills the slots. `search`: NULL for a
 * grid. Collective over the world, whose ranks share the reading. Must be freed whatever it returns: PSW_USAGE,
 * PSW_ENVIRONMENT, PSW_NO_MEMORY.
 */
psw_status sweep_slots_find(const sweep_given *given, const psw_search *search, sweep_slots *slots);
void sweep_slots_free(sweep_slots *slots); /* and unlocks */

/* Attempts and crashes before this launch, and with one that took too long in it. */
psw_mark sweep_slots_before(const sweep_slots *slots, ptrdiff_t slot);

/* A slot that took too long gets its second attempt later, SWEEP_PART_AGAIN. Local; then all ranks learn of all of
 * them. Collective over the world; PSW_NO_MEMORY. */
void sweep_slots_postpone(sweep_slots *slots, ptrdiff_t slot);
psw_status sweep_slots_postponed(const psw_comm *world, sweep_slots *slots, ptrdiff_t slot_count, bool *any);

#endif
