/* sweep/extend: the file of a study that has grown. */
#ifndef POLYSWEEP_SWEEP_EXTEND_H
#define POLYSWEEP_SWEEP_EXTEND_H

#include "polysweep/store.h"

/* Makes the file at `path` one of `study`, if it is not, without a loss of done points: PSW_USAGE says what stands
 * against it. Local; whatever happens, the file is the old one or the new one, whole. */
psw_status sweep_extend(const char *path, const psw_study *study, bool quiet);
/* Done points that it would keep; -1: it would be refused. */
ptrdiff_t sweep_extend_keeps(const char *path, const psw_study *study);

#endif
