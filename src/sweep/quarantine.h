/* sweep/quarantine: points that were running when the program crashed. After two crashes a point is quarantined: it
 * waits until all others are done and is then the only one that runs, so that a third crash is its own doing. */
#ifndef POLYSWEEP_SWEEP_QUARANTINE_H
#define POLYSWEEP_SWEEP_QUARANTINE_H

#include "sweep/given.h"

/* What this launch does about a slot. */
typedef enum sweep_part {
    SWEEP_PART_ENDED,       /* nothing: it is done, or is not asked for */
    SWEEP_PART_WANTED,      /* computes it */
    SWEEP_PART_QUARANTINED, /* computes it alone, after all others */
    SWEEP_PART_CRASHED      /* puts it down as failed, for its third crash */
} sweep_part;

/* By a slot's state in the file, the crashes it has seen, and whether failed points are asked for again. Pure. */
sweep_part sweep_part_of(const psw_slot *slot, ptrdiff_t crashes, bool redo);

/* The slot becomes failed, with its message. Local. */
psw_status sweep_part_put_crashed(const sweep_given *given, psw_store *store, ptrdiff_t slot, psw_mark mark);

#endif
