/* sweep/bar: the line of progress on a terminal, as wide as that is. */
#ifndef POLYSWEEP_SWEEP_BAR_H
#define POLYSWEEP_SWEEP_BAR_H

#include "polysweep/sweep.h"

enum { SWEEP_BAR = 512 }; /* bytes of its text */

/* Of at most `columns` - 1 columns, so that the cursor stays on its line; returns how many. What does not fit is left
 * out: first words, then the bar. `expected`: points of a search that has come so far; 0: nothing is searched. */
int sweep_bar_text(const psw_sweep_state *state, double expected, int columns, bool unicode, char text[SWEEP_BAR]);
/* "45s", "1m05s", "2h30m" */
void sweep_bar_duration(double seconds, char *out, size_t size);

#endif
