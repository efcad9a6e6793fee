#include <math.h>

#include "data/kind.h"

/* A key holds side, width and draw: draw 0 is the key without a draw. */
void data_normal_draw(psw_data *data, ptrdiff_t draw)
{
    const psw_point *p = &data->point;
    for (uint64_t side = 0; side < PSW_SIDES; side++) {
        const uint64_t values[] = {side, (uint64_t)(side == PSW_VALUE ? p->v : p->d), (uint64_t)draw};
        data->side[side] = psw_random_key(PSW_STREAM_DATA, p->seed, values, draw > 0 ? 3 : 2);
    }
}

psw_status data_normal_check(const psw_point *point, const psw_arrays *arrays)
{
    (void)arrays;
    return data_check_widths(point);
}

void data_normal_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    ptrdiff_t width = side == PSW_VALUE ? data->point.v : data->point.d;
    (void)set;
    for (ptrdiff_t i = 0; i < count; i++)
        psw_random_normals(data->side[side], (uint64_t)(first + i), 0, width, rows + i * width);
}

/* An element is a normal. */
psw_data_work data_normal_work(const psw_point *point)
{
    (void)point;
    return (psw_data_work){.drawn = 1, .query_rows = 1};
}

/* With room for rounding, also to 8 bits. */
psw_least_score data_unit_least(const psw_point *point)
{
    double scale = point->row_norm == PSW_NORM_SQRT_D ? 1 / sqrt((double)point->d) : 1;
    return (psw_least_score){-scale * (1 + 0x1p-7), false};
}
