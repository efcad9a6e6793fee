/* Transforms of rows side by side against their definition in long double, forward by frequency and there and back:
 * every length up to 40, lengths of each sort of factor, and which are left to FFTW. Built for both precisions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/random.h"
#include "sketch/fourier.h"

enum { LANES = SKETCH_LANES, NUMBER = 2 * SKETCH_LANES };

/* Relative to the root of the sum of squares: log2 n passes of a few roundings each, measured below 1.5 epsilon; a
 * prime factor p sums p / 2 terms one after another. */
static double tolerance(ptrdiff_t length)
{
    return (4 + 2 * log2((double)length + 1)) * (double)PSW_REAL_EPSILON;
}

static void fill(ptrdiff_t length, psw_real *at)
{
    const uint64_t values[] = {(uint64_t)length};
    double *u = malloc((size_t)(length * NUMBER) * sizeof *u);
    psw_random_uniforms(psw_random_key(PSW_STREAM_DATA, 3, values, 1), 0, 0, length * NUMBER, u);
    for (ptrdiff_t i = 0; i < length * NUMBER; i++) at[i] = (psw_real)(2 * u[i] - 1);
    free(u);
}

/* The largest error of frequency k over all rows. */
static double error_of(const sketch_fourier *f, const psw_real *x, const psw_real *found, ptrdiff_t k)
{
    double off = 0;
    for (int row = 0; row < LANES; row++) {
        long double re = 0, im = 0, turn = -6.283185307179586476925286766559L;
        for (ptrdiff_t j = 0; j < f->length; j++) {
            long double angle = turn * (long double)(j * k % f->length) / (long double)f->length;
            long double c = cosl(angle), s = sinl(angle), a = (long double)x[j * NUMBER + row];
            long double b = (long double)x[j * NUMBER + LANES + row];
            re += a * c - b * s;
            im += a * s + b * c;
        }
        const psw_real *at = found + f->place[k] * NUMBER + row;
        off = fmax(off, hypot((double)((long double)at[0] - re), (double)((long double)at[LANES] - im)));
    }
    return off;
}

static void follows(ptrdiff_t length)
{
    psw_arena counting = psw_arena_counting(), arena;
    sketch_fourier_lay(length, &counting);
    psw_arena_take(&counting, 2 * length * NUMBER, sizeof(psw_real));
    CHECK(psw_arena_create(counting.high, &arena) == PSW_OK, "%s", psw_message());
    sketch_fourier f = sketch_fourier_lay(length, &arena);
    psw_real *x = psw_arena_take(&arena, 2 * length * NUMBER, sizeof *x), *at = x + length * NUMBER;
    sketch_fourier_start(&f);
    fill(length, x);
    memcpy(at, x, (size_t)(length * NUMBER) * sizeof *x);
    sketch_fourier_forward(&f, at);
    double off = 0, back = 0, size = sqrt(2.0 / 3 * (double)length);
    ptrdiff_t step = length > 100 ? 7 : 1;
    for (ptrdiff_t k = 0; k < length; k += step) off = fmax(off, error_of(&f, x, at, k));
    CHECK(off <= tolerance(length) * size, "length %td: %g", length, off / size);
    sketch_fourier_backward(&f, at);
    for (ptrdiff_t i = 0; i < length * NUMBER; i++)
        back = fmax(back, fabs((double)at[i] / (double)length - (double)x[i]));
    CHECK(back <= 2 * tolerance(length), "length %td, there and back: %g", length, back);
    psw_arena_destroy(&arena);
}

int main(void)
{
    static const ptrdiff_t lengths[] = {64, 100, 128, 136, 243, 264, 341, 512, 528, 625, 1024, 2080};
    for (ptrdiff_t length = 1; length <= 40; length++)
        if (sketch_fourier_fits(length)) follows(length);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        CHECK(sketch_fourier_fits(lengths[i]), "length %td is left to FFTW", lengths[i]);
        follows(lengths[i]);
    }
    CHECK(sketch_fourier_fits(31) && !sketch_fourier_fits(37) && !sketch_fourier_fits(4 * 41), "primes");
    return test_end();
}
