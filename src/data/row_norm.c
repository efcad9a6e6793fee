#include <math.h>

#include "data/kind.h"

/* x <- (x - shift) * scale */
static void affine(ptrdiff_t width, double shift, double scale, double *x)
{
    for (ptrdiff_t i = 0; i < width; i++) x[i] = (x[i] - shift) * scale;
}

static double sum_of_squares(ptrdiff_t width, const double *x, double centre)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < width; i++) sum += (x[i] - centre) * (x[i] - centre);
    return sum;
}

/* x / |x|; a row of zeros stays one */
static void unit(ptrdiff_t width, double *x)
{
    double norm = sqrt(sum_of_squares(width, x, 0));
    if (norm > 0) affine(width, 0, 1 / norm, x);
}

/* (x - mean) / sqrt(variance + 1e-5), no gain, no bias (Ba, Kiros, Hinton 2016; the usual epsilon) */
static void layernorm(ptrdiff_t width, double *x)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < width; i++) sum += x[i];
    double mean = sum / (double)width;
    affine(width, mean, 1 / sqrt(sum_of_squares(width, x, mean) / (double)width + 1e-5), x);
}

/* q k / sqrt(d): each side takes d^(-1/4) */
static void sqrt_d(ptrdiff_t width, double *x)
{
    affine(width, 0, 1 / sqrt(sqrt((double)width)), x);
}

void data_row_norm(psw_row_norm norm, ptrdiff_t count, ptrdiff_t width, double *rows)
{
    static void (*const apply[])(ptrdiff_t, double *) = {
        [PSW_NORM_NONE] = NULL, [PSW_NORM_UNIT] = unit, [PSW_NORM_LAYERNORM] = layernorm, [PSW_NORM_SQRT_D] = sqrt_d};
    if (!apply[norm]) return;
    for (ptrdiff_t i = 0; i < count; i++) apply[norm](width, rows + i * width);
}

/* From the last row on, as rows grow. */
void data_affine(const psw_point *point, psw_side side, ptrdiff_t count, double *rows)
{
    ptrdiff_t d = point->d, width = psw_point_width(point);
    double root = sqrt(psw_point_scale(point)), last = sqrt(fabs(point->offset));
    if (side == PSW_KEY && point->offset < 0) last = -last;
    if (width == d && root == 1) return;
    for (ptrdiff_t i = count; i-- > 0;) {
        for (ptrdiff_t c = d; c-- > 0;) rows[i * width + c] = root * rows[i * d + c];
        if (width > d) rows[i * width + d] = last;
    }
}
