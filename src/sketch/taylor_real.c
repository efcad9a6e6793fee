/* taylor */
#include <math.h>

#include "sketch/map.h"

static psw_status check(const psw_point *point)
{
    (void)point;
    return PSW_FAIL(PSW_USAGE, "not available yet");
}

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    (void)r;
    return (psw_sketch_shape){.stored = psw_point_width(point), .exact = true};
}

static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    (void)point, (void)norms, (void)product, (void)squares;
    return (psw_moments){NAN, NAN};
}

const sketch_map SKETCH_MAP(taylor) = {.check = check, .shape = shape, .moments = moments};
