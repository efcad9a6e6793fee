#include <math.h>

#include "data/kind.h"

/* Queries and keys are the directions of gaussian's. */
static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    data_normal_rows(data, set, side, first, count, rows);
    if (side != PSW_VALUE) data_row_norm(PSW_NORM_UNIT, count, data->point.d, rows);
}

/* With room for rounding, also to 8 bits. */
static psw_least_score least(const psw_point *point)
{
    double scale = point->row_norm == PSW_NORM_SQRT_D ? 1 / sqrt((double)point->d) : 1;
    return (psw_least_score){-scale * (1 + 0x1p-7), false};
}

const data_kind data_sphere = {
    .least = least, .check = data_normal_check, .draw = data_normal_draw, .rows = rows_of, .work = data_normal_work};
