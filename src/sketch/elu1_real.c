#include <math.h>

#include "sketch/exp.h"
#include "sketch/map.h"

/* phi(x) = elu(x) + 1 of each coordinate: x + 1 above 0, e^x below (Katharopoulos et al. 2020). Of a row that is below
 * 0 everywhere the largest exponential goes into its scale, so that features do not vanish together; far below all
 * exponents there is nothing left of it. */
static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    (void)s;
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        const psw_real *restrict from = x.at + i * x.stride;
        psw_real *restrict phi = stored.at + i * stored.stride;
        psw_real largest = SKETCH_LARGEST(from, x.cols), shift = largest < 0 ? largest : 0;
        for (ptrdiff_t j = 0; j < x.cols; j++) phi[j] = (from[j] > 0 ? 0 : from[j]) - shift;
        sketch_exp_all(phi, x.cols);
        for (ptrdiff_t j = 0; j < x.cols; j++) phi[j] += from[j] > 0 ? from[j] : 0; /* above 0 it is e^0 = 1 */
        log2_scale[i] = shift > -0x1p26F ? (double)shift * 1.4426950408889634 : -INFINITY;
    }
}

/* ---- what a point asks of it ---- */

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    (void)r;
    return (psw_sketch_shape){.stored = psw_point_width(point), .exact = true};
}

static psw_sketch_work row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    return (psw_sketch_work){.flops = sketch_exp_flops(point) * (double)shape->stored};
}

const sketch_map SKETCH_MAP(elu1) = {
    .shape = shape, .moments = sketch_moments_unknown, .row_work = row_work, .map = map};
