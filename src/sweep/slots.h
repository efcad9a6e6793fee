/* sweep/slots: what is left to do: the file is created, extended or resumed, and each of its slots gets its part. */
#ifndef POLYSWEEP_SWEEP_SLOTS_H
#define POLYSWEEP_SWEEP_SLOTS_H

#include "sweep/quarantine.h"

typedef struct sweep_slots {
    unsigned char *part, *attempts, *crashes; /* one byte a slot: sweep_part; both at most 255 */
    ptrdiff_t done, failed, skipped;          /* rank 0: that earlier launches ended, and this one leaves so */
    int lock;                                 /* rank 0: of the file; -1 = none */
} sweep_slots;

/* Locks the result file, makes it where there is none, refuses another study's, and fills the slots. Collective over
 * the world; rank 0 looks. To be freed whatever it returns: PSW_USAGE, PSW_ENVIRONMENT, PSW_NO_MEMORY. */
psw_status sweep_slots_find(const sweep_given *given, sweep_slots *slots);
void sweep_slots_free(sweep_slots *slots); /* and unlocks */

/* Attempts and crashes before this launch. */
psw_mark sweep_slots_before(const sweep_slots *slots, ptrdiff_t slot);

#endif
