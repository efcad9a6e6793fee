#include "sketch/hadamard.h"

#include <math.h>
#include <string.h>

ptrdiff_t sketch_hadamard_width(ptrdiff_t d)
{
    ptrdiff_t width = 1;
    while (width < d) width *= 2;
    return width;
}

void SKETCH_SAMPLED(const psw_sketch *s, ptrdiff_t draw, sketch_place place, psw_real one, sketch_sampled to)
{
    psw_key signs = SKETCH_KEY(s, draw, place);
    psw_key samples = SKETCH_KEY(s, draw, (sketch_place){place.level, place.number, place.side + 1});
    ptrdiff_t d = psw_point_width(&s->point), width = sketch_hadamard_width(d);
    uint32_t words[4];
    for (ptrdiff_t i = 0; i < d; i++) {
        psw_random_block(signs, 0, (uint64_t)i, words);
        to.sign[i] = words[0] & 1 ? one : -one;
    }
    for (ptrdiff_t j = 0; j < s->shape.r; j++) {
        psw_random_block(samples, 0, (uint64_t)j, words);
        to.sample[j] = (int)(words[0] & (uint32_t)(width - 1));
    }
}

/* (a, b) -> (a + b, a - b) at distances 1, 2, 4, ... */
static void butterflies(psw_real *restrict work, ptrdiff_t width)
{
    for (ptrdiff_t gap = 1; gap < width; gap *= 2)
        for (ptrdiff_t block = 0; block < width; block += 2 * gap)
            for (ptrdiff_t i = block; i < block + gap; i++) {
                psw_real *a = work + i * SKETCH_LANES, *b = a + gap * SKETCH_LANES;
                for (int lane = 0; lane < SKETCH_LANES; lane++) {
                    psw_real sum = a[lane] + b[lane], difference = a[lane] - b[lane];
                    a[lane] = sum;
                    b[lane] = difference;
                }
            }
}

/* Zeros where x has no row or no column. */
void SKETCH_HADAMARD(psw_const_rows x, const psw_real *sign, psw_real *work)
{
    ptrdiff_t width = sketch_hadamard_width(x.cols);
    memset(work, 0, (size_t)(width * SKETCH_LANES) * sizeof *work);
    for (ptrdiff_t i = 0; i < x.rows; i++)
        for (ptrdiff_t j = 0; j < x.cols; j++) work[j * SKETCH_LANES + i] = sign[j] * x.at[i * x.stride + j];
    butterflies(work, width);
}

void SKETCH_SAMPLE(const int *sample, ptrdiff_t r, bool times, const psw_real *work, psw_real *to)
{
    for (ptrdiff_t j = 0; j < r; j++, to += SKETCH_LANES) {
        const psw_real *restrict from = work + (ptrdiff_t)sample[j] * SKETCH_LANES;
        psw_real *restrict at = to;
        if (times)
            for (int lane = 0; lane < SKETCH_LANES; lane++) at[lane] *= from[lane];
        else
            memcpy(at, from, SKETCH_LANES * sizeof *at);
    }
}

double sketch_hadamard_flops(double d, double r)
{
    double width = exp2(ceil(log2(d)));
    return d + width * log2(width) + r;
}
