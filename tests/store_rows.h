/* A small study that keeps rows, and what its rows hold, the same for every test of them. */
#ifndef POLYSWEEP_TESTS_STORE_ROWS_H
#define POLYSWEEP_TESTS_STORE_ROWS_H

#include "store.h"

/* Points are small, differ in precision, and have one data set or two, or no rows. */
static inline psw_point store_rows_point(const void *context, ptrdiff_t slot)
{
    psw_point point = store_point(context, slot);
    point.n = 3 + slot % 40;
    point.v = 1 + slot % 5;
    point.precision = slot % 2 ? PSW_FP32 : PSW_FP64;
    if (slot % 3 == 1) point.data_kind = PSW_GAUSSIAN;
    if (slot % 11 == 5) point.method = PSW_CLOSED_FORM;
    return point;
}

static inline store_layout store_rows_layout(ptrdiff_t slots)
{
    store_layout what = test_layout(slots);
    what.point = store_rows_point;
    what.keeps_rows = true;
    store_rows_measure(&what);
    return what;
}

/* What row number `row` of a data set holds in column `i` of its output; i = -1: special mass, -2: log2 of the
 * denominator. Floats hold it too. */
static inline double store_row_value(ptrdiff_t slot, int set, ptrdiff_t row, ptrdiff_t i)
{
    return (double)((slot * 2 + set) * 64 + row) + (double)(i + 2) / 8;
}

#endif
