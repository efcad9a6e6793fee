#include "sketch/hadamard.h"

#include <math.h>
#include <string.h>

#include "polysweep/turn.h"

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

typedef psw_real lanes __attribute__((vector_size(64)));

/* (a, b) -> (a + b, a - b) at distances gap and 2 gap of four coordinates, or at distance gap of two. */
static inline void four(lanes *at, ptrdiff_t gap)
{
    lanes a = at[0], b = at[gap], c = at[2 * gap], d = at[3 * gap];
    lanes sum = a + b, difference = a - b, other = c + d, rest = c - d;
    at[0] = sum + other;
    at[gap] = difference + rest;
    at[2 * gap] = sum - other;
    at[3 * gap] = difference - rest;
}

static inline void two(lanes *at, ptrdiff_t gap)
{
    lanes a = at[0], b = at[gap];
    at[0] = a + b;
    at[gap] = a - b;
}

/* At distances 1, 2, 4, ... */
static void butterflies(lanes *work, ptrdiff_t width)
{
    ptrdiff_t gap = 1;
    for (; 4 * gap <= width; gap *= 4)
        for (ptrdiff_t block = 0; block < width; block += 4 * gap)
            for (ptrdiff_t i = block; i < block + gap; i++) four(work + i, gap);
    for (ptrdiff_t i = 0; i < gap && 2 * gap <= width; i++) two(work + i, gap);
}

void SKETCH_TURN_IN(psw_const_rows x, psw_real *turned)
{
    if (x.rows < SKETCH_LANES) memset(turned, 0, (size_t)(x.cols * SKETCH_LANES) * sizeof *turned);
    psw_turn_rows(x, (psw_rows){turned, x.cols, x.rows, SKETCH_LANES});
}

void SKETCH_HADAMARD(const psw_real *turned, ptrdiff_t d, const psw_real *sign, psw_real *work)
{
    ptrdiff_t width = sketch_hadamard_width(d);
    const lanes *from = (const lanes *)(const void *)turned;
    lanes *to = (lanes *)(void *)work;
    for (ptrdiff_t j = 0; j < d; j++) to[j] = sign[j] * from[j];
    memset(to + d, 0, (size_t)(width - d) * sizeof *to);
    butterflies(to, width);
}

/* to <- products of `factors` entries, a constant at every call; samples of a factor are `apart`. */
static inline __attribute__((always_inline)) void multiply(int factors, const int *sample, ptrdiff_t apart,
                                                           const lanes *work, ptrdiff_t width, ptrdiff_t count,
                                                           lanes *to)
{
    for (ptrdiff_t j = 0; j < count; j++) {
        lanes product = work[sample[j]];
        for (int t = 1; t < factors; t++) product *= work[t * width + sample[t * apart + j]];
        to[j] = product;
    }
}

void SKETCH_SAMPLE(const int *sample, int factors, const psw_real *work, ptrdiff_t width, bool times, psw_rows to)
{
    enum { STEP = 64 };
    lanes product[STEP];
    psw_real turned[STEP * SKETCH_LANES];
    const lanes *from = (const lanes *)(const void *)work;
    for (ptrdiff_t first = 0; first < to.cols; first += STEP) {
        ptrdiff_t count = to.cols - first < STEP ? to.cols - first : STEP;
        const int *at = sample + first;
        if (factors == 4) multiply(4, at, to.cols, from, width, count, product);
        if (factors == 3) multiply(3, at, to.cols, from, width, count, product);
        if (factors == 2) multiply(2, at, to.cols, from, width, count, product);
        if (factors == 1) multiply(1, at, to.cols, from, width, count, product);
        psw_rows out = {times ? turned : to.at + first, to.rows, count, times ? STEP : to.stride};
        psw_turn_rows((psw_const_rows){(psw_real *)(void *)product, count, to.rows, SKETCH_LANES}, out);
        if (times) sketch_multiply(1, psw_read(out), (psw_rows){to.at + first, to.rows, count, to.stride});
    }
}

double sketch_hadamard_flops(double d, double r)
{
    double width = exp2(ceil(log2(d)));
    return d + width * log2(width) + r;
}
