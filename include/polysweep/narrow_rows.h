/* base: rows and columns of a narrow number format (polysweep/narrow.h). Compiled per precision and target, like
 * everything that includes real.h. */
#ifndef POLYSWEEP_NARROW_ROWS_H
#define POLYSWEEP_NARROW_ROWS_H

#include "polysweep/narrow.h"
#include "polysweep/tile.h"

#define psw_narrow_numbers PSW_PRECISION_NAME(psw_narrow_numbers)
#define psw_narrow_rows PSW_PRECISION_NAME(psw_narrow_rows)
#define psw_narrow_columns PSW_PRECISION_NAME(psw_narrow_columns)

void psw_narrow_numbers(const psw_narrow *format, psw_real *x, ptrdiff_t count); /* in place */

/* Each row, or column, under a power of two of its own, which brings its largest number to the top of the format's
 * range: x <- 2^e round(2^-e x). As numbers with a scale beside them are kept: none is infinite, and small ones last
 * as long as they can. */
void psw_narrow_rows(const psw_narrow *format, psw_rows x);
void psw_narrow_columns(const psw_narrow *format, psw_rows x); /* at most PSW_PANEL of them */

#endif
