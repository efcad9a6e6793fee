/* base: the largest number of a row, which exponents of weights are made of. Compiled per precision and target. */
#ifndef POLYSWEEP_PEAK_H
#define POLYSWEEP_PEAK_H

#include "polysweep/real.h"

/* By which order. NaN is on top of magnitudes, and of signed numbers if its sign is plus. */
typedef enum psw_peak_order { PSW_PEAK_MAGNITUDE, PSW_PEAK_SIGNED } psw_peak_order;

/* max |z| or max z; count >= 1; NaN or infinite if the topmost entry is. */
#define psw_row_peak PSW_PRECISION_NAME(psw_row_peak)
double psw_row_peak(psw_peak_order order, const psw_real *z, ptrdiff_t count);

#endif
