/* cmd/view: a result file as a table: its columns, and the rows that --where keeps. */
#ifndef POLYSWEEP_CMD_VIEW_H
#define POLYSWEEP_CMD_VIEW_H

#include "cmd/cmd.h"

typedef struct cmd_view cmd_view;
typedef void cmd_view_row(cmd_view *view, void *state, const psw_record *record);

struct cmd_view {
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
    psw_record *records; /* of the current slots */
    ptrdiff_t slot;      /* of the current row */
    ptrdiff_t reported;  /* failures, below a table */
    ptrdiff_t left_out;  /* slots of the last walk that a search did not need, and that --where does not ask for */
    bool every_status;   /* --where names it */
    bool enough;         /* set by a row: those after its piece of the file need not be read */
    bool by_point;       /* it names parameters alone: slots whose points it leaves out need not be read */
    /* Rows that are no slots (show --edges); NULL: slots are the rows. */
    psw_status (*walk)(cmd_view *view, cmd_view_row *row, void *state);
    psw_replay replay; /* of these */
    bool replayed;
};

psw_status cmd_view_create(cmd_view **view);                /* an empty one, to be freed */
psw_status cmd_view_open(cmd_view *view, const char *path); /* PSW_ENVIRONMENT */
void cmd_view_free(cmd_view *view);

/* Names the columns, those of the study where there are none yet, and compiles the expression that selects rows; NULL:
 * all. PSW_USAGE. */
psw_status cmd_view_where(cmd_view *view, const char *where);
bool cmd_view_keeps(const cmd_view *view, const psw_record *record);

/* Every selected row, in order; view->slot is its number. Points that a search did not need are rows only where the
 * expression names their status. */
psw_status cmd_view_walk(cmd_view *view, cmd_view_row *row, void *state);

#endif
