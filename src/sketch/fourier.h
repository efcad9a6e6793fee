/* sketch/fourier: discrete Fourier transforms of rows side by side. Compiled per precision and target.
 *
 * A complex number stands as two cache lines, its real parts and its imaginary parts for SKETCH_LANES rows, so every
 * operation is one of whole vectors, whatever their width, and no bit depends on it or on the row's neighbours. The
 * forward transform leaves frequencies in an order of its own, `place`, in which the backward one takes them: nothing
 * is sorted (decimation in frequency, then in time: Gentleman, Sande 1966; Cooley, Tukey 1965). */
#ifndef POLYSWEEP_SKETCH_FOURIER_H
#define POLYSWEEP_SKETCH_FOURIER_H

#include "sketch/hadamard.h"

/* Products of as many roots as the largest prime factor of a length are made one by one. */
enum { SKETCH_FOURIER_PRIME = SKETCH_PRIME, SKETCH_FOURIER_PASSES = 40 };

#define sketch_fourier_fits PSW_PRECISION_NAME(sketch_fourier_fits)
#define sketch_fourier_lay PSW_PRECISION_NAME(sketch_fourier_lay)
#define sketch_fourier_start PSW_PRECISION_NAME(sketch_fourier_start)
#define sketch_fourier_forward PSW_PRECISION_NAME(sketch_fourier_forward)
#define sketch_fourier_backward PSW_PRECISION_NAME(sketch_fourier_backward)

typedef struct sketch_pass {
    int factor;
    ptrdiff_t length, rest; /* of a block that it transforms, length = factor rest */
    psw_real *twiddle;      /* rest x (factor - 1) x 2: cosine and sine of -2 pi j q / length */
    psw_real *root;         /* factor x 2: of -2 pi q / factor */
} sketch_pass;

typedef struct sketch_fourier {
    ptrdiff_t length;
    int passes;
    sketch_pass pass[SKETCH_FOURIER_PASSES];
    ptrdiff_t *place; /* length: where the forward transform leaves a frequency */
} sketch_fourier;

bool sketch_fourier_fits(ptrdiff_t length); /* no prime factor is too large */
sketch_fourier sketch_fourier_lay(ptrdiff_t length, psw_arena *arena);
void sketch_fourier_start(const sketch_fourier *f);

/* In place: length x 2 x SKETCH_LANES. backward(forward(x)) = length x. */
void sketch_fourier_forward(const sketch_fourier *f, psw_real *at);
void sketch_fourier_backward(const sketch_fourier *f, psw_real *at);

#endif
