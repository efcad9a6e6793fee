/* The other precision of sketch_precision.c. */
#define PSW_SINGLE
#include <math.h>

#include "unit/sketch_run.h"

void estimates_fp32(const psw_point *point, ptrdiff_t n, const double *q, const double *k, double *out);
double error_of_tiny_rows_fp32(void);

void estimates_fp32(const psw_point *point, ptrdiff_t n, const double *q, const double *k, double *out)
{
    sketched s = sketch_open(point, n, NULL);
    sketcher()->draw(s.map, 2, (psw_watch){0});
    estimates(&s, point, n, q, n, k, out);
    sketch_close(&s);
}

/* Rows of small integers times 2^-140, below the normal numbers, against the same rows without the factor. */
double error_of_tiny_rows_fp32(void)
{
    enum { D = 10 };
    psw_point point = sketch_point(PSW_TREE, 2, D, 16);
    double x[2 * D], scale[2], worst = 0;
    for (int i = 0; i < D; i++) x[i] = i - 4, x[D + i] = ldexp(x[i], -140);
    sketched s = sketch_open(&point, 2, NULL);
    sketcher()->draw(s.map, 0, (psw_watch){0});
    psw_real *m = mapped(&s, 2, D, x, scale);
    for (int j = 0; j < 16; j++) worst = fmax(worst, fabs((double)m[j] - (double)m[16 + j]));
    sketch_close(&s);
    free(m);
    return fmax(worst, fabs(scale[0] - scale[1] - 280));
}
