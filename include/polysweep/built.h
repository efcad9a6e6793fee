/* sketch: what this program was built with, and what it cannot do without. */
#ifndef POLYSWEEP_BUILT_H
#define POLYSWEEP_BUILT_H

#include "polysweep/sketch.h"

bool psw_built_with_fftw(void);
bool psw_built_with_hwloc(void);

/* PSW_USAGE, with what to install, where a point cannot be computed by this build though others can. */
psw_status psw_built_computes(const psw_point *point);

#endif
