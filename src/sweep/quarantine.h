/* sweep/quarantine: points that were running when the program crashed. After two crashes a point is quarantined: it
 * waits until all others are done and is then the only one that runs, so that a third crash is certainly caused by it.
 * */
#ifndef POLYSWEEP_SWEEP_QUARANTINE_H
#define POLYSWEEP_SWEEP_QUARANTINE_H

#include "sweep/given.h"

/* What this launch does with a slot. */
typedef enum sweep_part {
    SWEEP_PART_ENDED,       /* nothing: it is done, or not requested */
    SWEEP_PART_WANTED,      /* computes it */
    SWEEP_PART_QUARANTINED, /* computes it alone, after all others */
    SWEEP_PART_CRASHED,     /* marks it as failed, after its third crash */
    SWEEP_PART_AGAIN,       /* it took too long beside others: computes it alone, after all others */
    SWEEP_PART_NOT_NEEDED   /* marks it as not needed: its search has ended */
} sweep_part;

/* From a slot's state in the file, its crashes, and what is to be computed again. Pure. */
sweep_part sweep_part_of(const psw_slot *slot, ptrdiff_t crashes, psw_redo redo);

/* The slot becomes failed, with its message; `slot`: what is known of it beside that. Local. */
psw_status sweep_part_put_crashed(const sweep_given *given, psw_store *store, ptrdiff_t number, const psw_slot *slot);

#endif
