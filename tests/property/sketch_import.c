/* TensorSketch with given hash tables, for the comparison in sketch_sklearn.py: reads "degree d r rows", buckets and
 * signs (degree x d), rows (rows x d); prints the features of each row. */
#include <math.h>

#include "unit/sketch_run.h"

void PSW_PRECISION_NAME(sketch_tensorsketch_import)(psw_sketch *sketch, const int *bucket, const int *sign);

static bool read_ints(ptrdiff_t count, int *out)
{
    for (ptrdiff_t i = 0; i < count; i++)
        if (scanf("%d", &out[i]) != 1) return false;
    return true;
}

static bool read_doubles(ptrdiff_t count, double *out)
{
    for (ptrdiff_t i = 0; i < count; i++)
        if (scanf("%lf", &out[i]) != 1) return false;
    return true;
}

int main(void)
{
    int size[4];
    if (!read_ints(4, size)) return 2;
    ptrdiff_t degree = size[0], d = size[1], r = size[2], rows = size[3];
    int *bucket = malloc(2 * (size_t)(degree * d) * sizeof *bucket), *sign = bucket + degree * d;
    double *x = malloc((size_t)(rows * (d + 1)) * sizeof *x), *scale = x + rows * d;
    if (!read_ints(2 * degree * d, bucket) || !read_doubles(rows * d, x)) return 2;
    psw_point point = sketch_point(PSW_TENSORSKETCH, (double)degree, d, r);
    sketched s = sketch_open(&point, rows, NULL);
    PSW_PRECISION_NAME(sketch_tensorsketch_import)(s.map, bucket, sign);
    psw_real *m = mapped(&s, rows, d, x, scale);
    for (ptrdiff_t i = 0; i < rows * r; i++) printf("%.17g\n", (double)m[i] * exp2(scale[i / r]));
    free(bucket), free(x), free(m);
    sketch_close(&s);
    return 0;
}
