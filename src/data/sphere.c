#include "data/kind.h"

/* Queries and keys are the directions of gaussian's. */
static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    data_normal_rows(data, set, side, first, count, rows);
    if (side != PSW_VALUE) data_row_norm(PSW_NORM_UNIT, count, data->point.d, rows);
}

const data_kind data_sphere = {.least = data_unit_least,
                               .check = data_normal_check,
                               .draw = data_normal_draw,
                               .rows = rows_of,
                               .work = data_normal_work};
