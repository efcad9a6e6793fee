/* The other precision of sketch_precision.c. */
#define PSW_SINGLE
#include <math.h>

#include "unit/sketch_run.h"

void estimates_fp32(const psw_point *point, ptrdiff_t n, const double *q, const double *k, double *out);
void estimates_fp32(const psw_point *point, ptrdiff_t n, const double *q, const double *k, double *out)
{
    sketched s = sketch_open(point, n, NULL);
    sketcher()->draw(s.map, 2);
    estimates(&s, point, n, q, n, k, out);
    sketch_close(&s);
}
