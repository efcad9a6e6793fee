#include "sketch/fourier.h"

#include <math.h>

#include "polysweep/fused.h"

enum { NUMBER = 2 * SKETCH_LANES }; /* reals from a number to the next */
/* Numbers that stay in a first-level cache: smaller blocks go through all passes one after another. */
enum { CACHED = 16384 / (NUMBER * sizeof(psw_real)) };

/* ---- tables ---- */

/* Fours first, then what is left in ascending order. */
static int next_factor(ptrdiff_t length)
{
    int factor = 2;
    if (length % 4 == 0) return 4;
    while (length % factor != 0 && factor <= SKETCH_FOURIER_PRIME) factor++;
    return factor;
}

bool sketch_fourier_fits(ptrdiff_t length)
{
    while (length > 1) {
        int factor = next_factor(length);
        if (factor > SKETCH_FOURIER_PRIME) return false;
        length /= factor;
    }
    return true;
}

sketch_fourier sketch_fourier_lay(ptrdiff_t length, psw_arena *arena)
{
    sketch_fourier f = {.length = length};
    for (ptrdiff_t left = length; left > 1;) {
        sketch_pass *pass = &f.pass[f.passes++];
        *pass = (sketch_pass){.factor = next_factor(left), .length = left};
        left = pass->rest = left / pass->factor;
        pass->twiddle = psw_arena_take(arena, 2 * pass->rest * (pass->factor - 1), sizeof *pass->twiddle);
        pass->root = psw_arena_take(arena, 2 * (ptrdiff_t)pass->factor, sizeof *pass->root);
    }
    f.place = psw_arena_take(arena, length, sizeof *f.place);
    return f;
}

static void root_of(ptrdiff_t power, ptrdiff_t order, psw_real *to)
{
    double angle = -6.283185307179586476925 * (double)(power % order) / (double)order;
    to[0] = (psw_real)cos(angle);
    to[1] = (psw_real)sin(angle);
}

void sketch_fourier_start(const sketch_fourier *f)
{
    for (int i = 0; i < f->passes; i++) {
        const sketch_pass *pass = &f->pass[i];
        int others = pass->factor - 1;
        for (ptrdiff_t j = 0; j < pass->rest; j++)
            for (int q = 1; q <= others; q++) root_of(j * q, pass->length, pass->twiddle + 2 * (j * others + q - 1));
        for (int q = 0; q <= others; q++) root_of(q, pass->factor, pass->root + 2 * q);
    }
    for (ptrdiff_t k = 0; k < f->length; k++) {
        ptrdiff_t digits = k, place = 0;
        for (int i = 0; i < f->passes; digits /= f->pass[i++].factor)
            place += digits % f->pass[i].factor * f->pass[i].rest;
        f->place[k] = place;
    }
}

/* ---- one butterfly, of a part of the rows ---- */

typedef struct number {
    psw_lanes re, im;
} number;

static inline number add(number a, number b)
{
    return (number){a.re + b.re, a.im + b.im};
}

static inline number subtract(number a, number b)
{
    return (number){a.re - b.re, a.im - b.im};
}

static inline number times(number a, const psw_real *root)
{
    return (number){a.re * root[0] - a.im * root[1], a.re * root[1] + a.im * root[0]};
}

static inline void two(number *x)
{
    number a = x[0], b = x[1];
    x[0] = add(a, b);
    x[1] = subtract(a, b);
}

static inline void four(number *x)
{
    number even = add(x[0], x[2]), odd = add(x[1], x[3]), a = subtract(x[0], x[2]), b = subtract(x[1], x[3]);
    number turned = {b.im, -b.re}; /* -i b */
    x[0] = add(even, odd);
    x[1] = add(a, turned);
    x[2] = subtract(even, odd);
    x[3] = subtract(a, turned);
}

/* y_s and y_(p - s) = x_0 + sum over q <= p / 2 of cos (x_q + x_(p - q)) +- i sin (x_q - x_(p - q)) */
static inline void odd_prime(int p, const psw_real *root, number *x)
{
    number sum[SKETCH_FOURIER_PRIME / 2 + 1], difference[SKETCH_FOURIER_PRIME / 2 + 1], first = x[0];
    for (int q = 1; q <= p / 2; q++) {
        sum[q] = add(x[q], x[p - q]);
        difference[q] = subtract(x[q], x[p - q]);
        x[0] = add(x[0], sum[q]);
    }
    for (int s = 1; s <= p / 2; s++) {
        number even = first, odd = {0};
        for (int q = 1; q <= p / 2; q++) {
            psw_real c = root[2 * (q * s % p)], i = root[2 * (q * s % p) + 1];
            even = add(even, (number){c * sum[q].re, c * sum[q].im});
            odd = add(odd, (number){-i * difference[q].im, i * difference[q].re});
        }
        x[s] = add(even, odd);
        x[p - s] = subtract(even, odd);
    }
}

static inline void butterfly(int factor, const psw_real *root, number *x)
{
    if (factor == 4)
        four(x);
    else if (factor == 2)
        two(x);
    else
        odd_prime(factor, root, x);
}

/* ---- passes ----
 *
 * Where real and imaginary parts change places, the same operations are those of conjugate roots. */

typedef enum direction { FORWARD, BACKWARD } direction;

static inline __attribute__((always_inline)) void twist(int factor, const psw_real *twiddle, number *x)
{
#pragma GCC unroll 4
    for (int q = 1; q < factor; q++) x[q] = times(x[q], twiddle + 2 * (q - 1));
}

/* One block, `factor` and `way` constants at a call: forward, twiddles come after the butterfly, else before. */
static inline __attribute__((always_inline)) void block(int factor, direction way, const sketch_pass *pass,
                                                        psw_real *at)
{
    ptrdiff_t re = way == FORWARD ? 0 : SKETCH_LANES, im = SKETCH_LANES - re, step = pass->rest * NUMBER;
    number x[SKETCH_FOURIER_PRIME];
    for (ptrdiff_t j = 0; j < pass->rest; j++) {
        const psw_real *twiddle = pass->twiddle + 2 * j * (factor - 1);
        for (psw_real *to = at + j * NUMBER; to < at + j * NUMBER + SKETCH_LANES; to += PSW_LANES) {
#pragma GCC unroll 4
            for (int q = 0; q < factor; q++)
                x[q] = (number){*(psw_loose_lanes *)(to + q * step + re), *(psw_loose_lanes *)(to + q * step + im)};
            if (way == BACKWARD && j > 0) twist(factor, twiddle, x);
            butterfly(factor, pass->root, x);
            if (way == FORWARD && j > 0) twist(factor, twiddle, x);
#pragma GCC unroll 4
            for (int q = 0; q < factor; q++) {
                *(psw_loose_lanes *)(to + q * step + re) = x[q].re;
                *(psw_loose_lanes *)(to + q * step + im) = x[q].im;
            }
        }
    }
}

static void forward_block(const sketch_pass *pass, psw_real *at)
{
    switch (pass->factor) {
    case 4: block(4, FORWARD, pass, at); return;
    case 2: block(2, FORWARD, pass, at); return;
    case 3: block(3, FORWARD, pass, at); return;
    default: block(pass->factor, FORWARD, pass, at); return;
    }
}

static void backward_block(const sketch_pass *pass, psw_real *at)
{
    switch (pass->factor) {
    case 4: block(4, BACKWARD, pass, at); return;
    case 2: block(2, BACKWARD, pass, at); return;
    case 3: block(3, BACKWARD, pass, at); return;
    default: block(pass->factor, BACKWARD, pass, at); return;
    }
}

/* A block of pass `from` through it and those after it. */
static void forward(const sketch_fourier *f, int from, psw_real *at)
{
    const sketch_pass *pass = &f->pass[from];
    ptrdiff_t length = pass->length;
    if (length <= CACHED) {
        for (int i = from; i < f->passes; i++)
            for (ptrdiff_t j = 0; j < length; j += f->pass[i].length) forward_block(&f->pass[i], at + j * NUMBER);
        return;
    }
    forward_block(pass, at);
    for (ptrdiff_t j = 0; from + 1 < f->passes && j < length; j += pass->rest) forward(f, from + 1, at + j * NUMBER);
}

static void backward(const sketch_fourier *f, int from, psw_real *at)
{
    const sketch_pass *pass = &f->pass[from];
    ptrdiff_t length = pass->length;
    if (length <= CACHED) {
        for (int i = f->passes - 1; i >= from; i--)
            for (ptrdiff_t j = 0; j < length; j += f->pass[i].length) backward_block(&f->pass[i], at + j * NUMBER);
        return;
    }
    for (ptrdiff_t j = 0; from + 1 < f->passes && j < length; j += pass->rest) backward(f, from + 1, at + j * NUMBER);
    backward_block(pass, at);
}

void sketch_fourier_forward(const sketch_fourier *f, psw_real *at)
{
    if (f->passes > 0) forward(f, 0, at);
}

void sketch_fourier_backward(const sketch_fourier *f, psw_real *at)
{
    if (f->passes > 0) backward(f, 0, at);
}
