/* The results of each row, where a study keeps them. */
#include <math.h>

#include "polysweep/record.h"

#define DRAW " (of the first draw, where something is drawn)"

static const psw_column lines[] = {
    {"special_mass", "1", "attention on the special token" DRAW, PSW_F8, true, {1e-12, 5e-6}, -1, 0, false, NAN},
    {"log2_den",
     "1",
     "log2 of the denominator, -inf where it is 0" DRAW,
     PSW_F8,
     true,
     {1e-12, 5e-6},
     -1,
     0,
     false,
     NAN},
    {"output", "1", "attention output, v values a row" DRAW, PSW_F8, true, {1e-12, 5e-6}, -1, 0, false, NAN},
};

const psw_column *psw_row_columns(ptrdiff_t *count)
{
    *count = sizeof lines / sizeof *lines;
    return lines;
}
