/* cmd/compare: do two results of one point agree, as far as their columns promise it? */
#ifndef POLYSWEEP_CMD_COMPARE_H
#define POLYSWEEP_CMD_COMPARE_H

#include "polysweep/store.h"

/* Attention that is folded over rows: the same bits from one build on one kernel, whatever the team. */
bool psw_row_fold(psw_method method);
/* Launches of one version with one BLAS, on one kernel. */
bool psw_same_build(const psw_launch *a, const psw_launch *b);

/* Of a column that promises nothing always true, and where one record is older than the column, than what it counts or
 * what decides it (ties, causal theory); else `exactly` asks for the same bits of columns that are bitwise, and what is
 * left for what the column states for other kernels and state folds. */
bool psw_column_agrees(const psw_column *column, const psw_record *a, const psw_record *b, bool exactly);

/* Rows of one data set of a point, twice. The first value that disagrees; line = -1: none does. */
typedef struct psw_row_difference {
    int line; /* of psw_row_columns */
    ptrdiff_t row;
    double a, b;
} psw_row_difference;
psw_row_difference psw_rows_compare(const psw_point *point, ptrdiff_t rows, psw_kept_rows a, psw_kept_rows b,
                                    bool exactly);

/* Room for kept rows of any points, taken once for the widest; a piece of a point's rows is as many as fit. */
typedef struct psw_rows_room {
    ptrdiff_t values;
    psw_kept_rows rows;
} psw_rows_room;
psw_status psw_rows_room_make(const psw_study *study, psw_rows_room *room);
void psw_rows_room_free(psw_rows_room *room);
ptrdiff_t psw_rows_that_fit(const psw_rows_room *room, const psw_point *point);

#endif
