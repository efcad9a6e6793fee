#include <math.h>

#include "data/load.h"

/* Pair i of a row at position p turns by the angle p base^(-2 i / width): (x, y) becomes (x cos - y sin, y cos + x
 * sin). */
void data_rope(const psw_file_keys *keys, ptrdiff_t first, ptrdiff_t rows, ptrdiff_t cols, double *x)
{
    ptrdiff_t width = keys->rope_width > 0 ? keys->rope_width : cols, half = width / 2;
    for (ptrdiff_t row = 0; row < rows; row++)
        for (ptrdiff_t i = 0; i < half; i++) {
            double angle = (double)(first + row) * pow(keys->rope_base, -2 * (double)i / (double)width);
            ptrdiff_t a = keys->rope_interleaved ? 2 * i : i, b = keys->rope_interleaved ? 2 * i + 1 : i + half;
            double *at = x + row * cols, u = at[a], w = at[b];
            at[a] = u * cos(angle) - w * sin(angle);
            at[b] = w * cos(angle) + u * sin(angle);
        }
}
