/* cmd/order: rows of a view in the order that --sort asks for, as many as --limit says. */
#ifndef POLYSWEEP_CMD_ORDER_H
#define POLYSWEEP_CMD_ORDER_H

#include "cmd/view.h"

typedef struct cmd_order cmd_order;

/* Reads the rows where they are sorted: of each the shown columns are kept, of at most `limit` rows; 0: of all. `sort`:
 * NULL: as they come. PSW_USAGE names a column that is none. Freed by the caller, whatever it returns. */
psw_status cmd_order_make(cmd_view *view, const char *sort, ptrdiff_t limit, cmd_order **order);
/* Every row, as cmd_view_walk has them; may be called again. */
psw_status cmd_order_walk(cmd_view *view, cmd_order *order, cmd_view_row *row, void *state);
void cmd_order_free(cmd_order *order);

/* A column by its name; PSW_USAGE says which option asks for it, and the nearest. */
psw_status cmd_order_column(const cmd_view *view, const char *option, const char *name, const psw_column **column);

#endif
