/* sweep/extend: the file of a study that has grown. */
#ifndef POLYSWEEP_SWEEP_EXTEND_H
#define POLYSWEEP_SWEEP_EXTEND_H

#include "polysweep/store.h"

/* Makes the file at `path` one of `study`, if it is not, without losing done points: PSW_USAGE with the reason if it
 * cannot. Local; at any moment the file is either the old one or the complete new one. */
psw_status sweep_extend(const char *path, const psw_study *study, bool quiet);
/* Done points that it would keep; -1: it would refuse. */
ptrdiff_t sweep_extend_keeps(const char *path, const psw_study *study);

#endif
