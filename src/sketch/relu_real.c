#include <math.h>

#include "sketch/map.h"

/* phi(x) = max(x, 0) of each coordinate. A row without a positive one has no features: its scale is 2^-inf, as that of
 * any zero row. What is not a number stays so. */
static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    (void)s;
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        const psw_real *restrict from = x.at + i * x.stride;
        psw_real *restrict phi = stored.at + i * stored.stride;
        bool none = true;
        for (ptrdiff_t j = 0; j < x.cols; j++) {
            phi[j] = from[j] <= 0 ? 0 : from[j];
            none = none && from[j] <= 0;
        }
        log2_scale[i] = none ? -INFINITY : 0;
    }
}

/* ---- what a point asks of it ---- */

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    (void)r;
    return (psw_sketch_shape){.stored = psw_point_width(point), .exact = true};
}

const sketch_map SKETCH_MAP(relu) = {.shape = shape, .moments = sketch_moments_unknown, .map = map};
