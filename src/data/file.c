#include <math.h>

#include "data/kind.h"

/* Rows of one head of arrays that were read from a file. */

static psw_status check_arrays(const psw_point *p, const psw_arrays *a)
{
    if (p->d != a->d || p->v != a->v)
        return PSW_FAIL(PSW_USAGE, "d = %td, v = %td: %s is %td wide and %s %td; set d: %td and v: %td", p->d, p->v,
                        a->side[PSW_QUERY].name, a->d, a->side[PSW_VALUE].name, a->v, a->d, a->v);
    if (p->n > a->n)
        return PSW_FAIL(PSW_USAGE, "n = %td: %s has %td tokens; set n <= %td", p->n, a->side[PSW_QUERY].name, a->n,
                        a->n);
    if (p->head >= a->heads)
        return PSW_FAIL(PSW_USAGE, "head %td: %s has %td heads, counted from 0", p->head, a->side[PSW_QUERY].name,
                        a->heads);
    return PSW_OK;
}

static psw_status check(const psw_point *point, const psw_arrays *arrays)
{
    PSW_TRY(data_check_widths(point));
    if (point->head < 0) return PSW_FAIL(PSW_USAGE, "head = %td: heads count from 0", point->head);
    return arrays ? check_arrays(point, arrays) : PSW_OK;
}

static psw_status open_file(psw_data *data)
{
    return data->arrays ? PSW_OK : PSW_FAIL(PSW_BUG, "data of kind file were opened before their arrays were read");
}

static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    const psw_tensor *t = &data->arrays->side[side];
    ptrdiff_t from = (data->point.head * t->extent.rows + first) * t->extent.cols, numbers = count * t->extent.cols;
    const float *single = t->at;
    const double *full = t->at;
    (void)set;
    for (ptrdiff_t i = 0; i < numbers; i++) rows[i] = t->single ? (double)single[from + i] : full[from + i];
}

const data_kind data_file = {.check = check, .open = open_file, .rows = rows_of};
