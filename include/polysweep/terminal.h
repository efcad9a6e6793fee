/* base: terminals: what is known of the one that a person looks at. */
#ifndef POLYSWEEP_TERMINAL_H
#define POLYSWEEP_TERMINAL_H

#include <stdbool.h>

/* Columns of the terminal behind a descriptor, else of the process's own: what COLUMNS says, else the terminal now; 80
 * where nothing says it. Lines: the same of LINES; 24. */
int psw_terminal_columns(int descriptor);
int psw_terminal_lines(int descriptor);
/* A line can be drawn over there: it is a terminal, and TERM names no dumb one. */
bool psw_terminal_draws(int descriptor);
bool psw_terminal_unicode(void); /* the locale is one of UTF-8 */

#endif
