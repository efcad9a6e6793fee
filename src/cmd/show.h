/* cmd/show: the forms of a result table. */
#ifndef POLYSWEEP_CMD_SHOW_H
#define POLYSWEEP_CMD_SHOW_H

#include "cmd/cmd.h"
#include "polysweep/print.h"

typedef struct view {
    psw_reader *reader;
    psw_study *study;
    psw_column all[PSW_COLUMNS_MAX];
    const char *names[PSW_COLUMNS_MAX + 1]; /* of all, for expressions */
    int vocabulary[PSW_COLUMNS_MAX];
    ptrdiff_t count;
    const psw_column *shown[PSW_COLUMNS_MAX];
    ptrdiff_t shown_count;
    psw_oracle oracle;
    psw_expression *where;
    psw_record *records; /* of the slots at hand */
    ptrdiff_t slot;      /* of the row at hand */
    ptrdiff_t told;      /* failures told below a table */
} view;

/* Every row that --where keeps, in order; v->slot says which. */
typedef void show_row(view *v, void *state, const psw_record *record);
psw_status show_walk(view *v, show_row *row, void *state);

/* --extrap: JSON lines for Extra-P, one for each point with a time of its own. */
psw_status show_extrap(view *v);

#endif
