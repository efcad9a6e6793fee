#include <math.h>
#include <string.h>

#include "polysweep/fused.h"
#include "polysweep/turn.h"
#include "sketch/fourier.h"
#include "sketch/plans.h"

/* phi(x) = irfft(prod_t rfft(C_t x)), (C_t x)_b = sum over h_t(i) = b of s_t(i) x_i: p count sketches with independent
 * hashes h and signs s, convolved (Pham, Pagh 2013).
 *
 * Complex: s is 1, i, -1 or -i, the transform is the complex one, and the features are the r real parts and then the r
 * imaginary parts of phi, whose inner product is Re sum_b phi_b(x) conj(phi_b(y)) (Wacker, Ohana, Filippone 2022). A
 * count sketch is then a real one into the 2r parts of r complex numbers.
 *
 * Rows go through in groups of SKETCH_LANES, side by side (sketch/fourier.h). Real sketches are made two at a time, a
 * and b the real and the imaginary part of one complex z, so that with halves in the sketches
 *     a_k = z_k + conj z_-k,   i b_k = z_k - conj z_-k
 * (two rows would serve as well, but each would know of the other by its rounding).
 * A length with a large prime factor is FFTW's: rows are then one behind the other, and a last batch is filled up with
 * zeros, so every row goes through the same plan. */
typedef struct tensorsketch {
    int *bucket;    /* degree x d; complex: of the 2r parts */
    psw_real *sign; /* degree x d */
    psw_real *spectrum, *product;
    ptrdiff_t degree, d, r;
    bool is_complex;
    void (*convolve)(const struct tensorsketch *, psw_const_rows, psw_rows); /* a group of rows */
    ptrdiff_t group;
    sketch_fourier fourier;
    psw_real *turned; /* d x SKETCH_LANES */
    sketch_plans plans;
} tensorsketch;

static void convolve_real(const tensorsketch *f, psw_const_rows x, psw_rows out);
static void convolve_complex(const tensorsketch *f, psw_const_rows x, psw_rows out);
static void convolve_planned(const tensorsketch *f, psw_const_rows x, psw_rows out);

static void lay_fourier(tensorsketch *f, psw_arena *arena)
{
    ptrdiff_t kept = f->is_complex ? f->r : f->r / 2 + 1;
    f->fourier = sketch_fourier_lay(f->r, arena);
    f->group = SKETCH_LANES;
    f->convolve = f->is_complex ? convolve_complex : convolve_real;
    f->turned = psw_arena_take(arena, f->d * SKETCH_LANES, sizeof *f->turned);
    f->spectrum = psw_arena_take(arena, 2 * f->r * SKETCH_LANES, sizeof *f->spectrum);
    f->product = psw_arena_take(arena, 2 * kept * SKETCH_LANES, sizeof *f->product);
}

static void lay_plans(tensorsketch *f, psw_arena *arena)
{
    f->plans = sketch_plans_lay(f->r, f->is_complex);
    f->group = f->plans.batch;
    f->convolve = convolve_planned;
    f->spectrum = psw_arena_take(arena, f->plans.batch * f->plans.stride, sizeof *f->spectrum);
    f->product = psw_arena_take(arena, f->plans.batch * f->plans.stride, sizeof *f->product);
}

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    tensorsketch f = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point), .r = s->shape.r};
    tensorsketch *kept = psw_arena_take(arena, 1, sizeof f);
    f.is_complex = s->point.is_complex;
    f.bucket = psw_arena_take(arena, f.degree * f.d, sizeof *f.bucket);
    f.sign = psw_arena_take(arena, f.degree * f.d, sizeof *f.sign);
    if (sketch_fourier_fits(f.r))
        lay_fourier(&f, arena);
    else
        lay_plans(&f, arena);
    if (kept) *kept = f;
    return kept;
}

static psw_status start(psw_sketch *s, const psw_weights *weights)
{
    tensorsketch *f = s->own;
    (void)weights;
    if (f->convolve == convolve_planned) return sketch_plans_start(&f->plans, f->spectrum);
    sketch_fourier_start(&f->fourier);
    return PSW_OK;
}

static void stop(psw_sketch *s)
{
    sketch_plans_stop(&((tensorsketch *)s->own)->plans);
}

/* h = floor(r u), u of 32 bits: off uniform by less than r 2^-32. A complex sign i^u is a part, real or imaginary, and
 * a real sign. */
static psw_status draw(psw_sketch *s, ptrdiff_t number)
{
    tensorsketch *f = s->own;
    for (ptrdiff_t t = 0; t < f->degree; t++) {
        psw_key key = SKETCH_KEY(s, number, (sketch_place){0, (uint64_t)t, f->is_complex});
        PSW_TRY(psw_watch_ask(s->watch));
        for (ptrdiff_t i = 0; i < f->d; i++) {
            uint32_t words[4];
            psw_random_block(key, 0, (uint64_t)i, words);
            f->bucket[t * f->d + i] = (int)((uint64_t)words[0] * (uint64_t)f->r >> 32);
            f->sign[t * f->d + i] = words[1] & 1 ? 1 : -1;
            if (f->is_complex) f->bucket[t * f->d + i] = 2 * f->bucket[t * f->d + i] + (int)(words[1] >> 1 & 1);
        }
    }
    return PSW_OK;
}

/* Tables made elsewhere in place of draw, for comparisons: bucket and sign are degree x d, row-major, buckets from 0.
 * Who compares declares it. */
void PSW_PRECISION_NAME(sketch_tensorsketch_import)(psw_sketch *s, const int *bucket, const int *sign)
{
    tensorsketch *f = s->own;
    for (ptrdiff_t i = 0; i < f->degree * f->d; i++) {
        f->bucket[i] = bucket[i];
        f->sign[i] = (psw_real)sign[i];
    }
}

/* ---- rows side by side ---- */

/* Numbers of some of the rows, a vector at a time of a line. */
typedef struct number {
    psw_lanes re, im;
} number;

static inline number number_at(const psw_real *at)
{
    return (number){*(const psw_loose_lanes *)at, *(const psw_loose_lanes *)(at + SKETCH_LANES)};
}

static inline void put_number(number a, psw_real scale, psw_real *at)
{
    *(psw_loose_lanes *)at = scale * a.re;
    *(psw_loose_lanes *)(at + SKETCH_LANES) = scale * a.im;
}

static inline number times(number a, number b)
{
    return (number){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static void clear_spectrum(const tensorsketch *f)
{
    memset(f->spectrum, 0, (size_t)(2 * f->r * SKETCH_LANES) * sizeof *f->spectrum);
}

/* Adds scale C_t x to the spectrum; a bucket is a line, `lines` from the next one, and the first is `first`. */
static void count_lines(const tensorsketch *f, ptrdiff_t t, ptrdiff_t lines, ptrdiff_t first, psw_real scale)
{
    const int *bucket = f->bucket + t * f->d;
    const psw_real *sign = f->sign + t * f->d;
    for (ptrdiff_t j = 0; j < f->d; j++) {
        psw_real *to = f->spectrum + (bucket[j] * lines + first) * SKETCH_LANES, each = scale * sign[j];
        const psw_real *from = f->turned + j * SKETCH_LANES;
        for (ptrdiff_t i = 0; i < SKETCH_LANES; i += PSW_LANES)
            *(psw_loose_lanes *)(to + i) += each * *(const psw_loose_lanes *)(from + i);
    }
}

/* What is known of a step: the first one keeps its product, the last one has it in the spectrum again, over r, which
 * transforms leave out. alone: of one sketch. */
typedef struct step {
    bool first, last, alone;
    psw_real scale;
} step;

/* Frequencies k and -k. */
static inline void multiply_pair(const step *s, psw_real *up, psw_real *down, psw_real *kept)
{
    number z = number_at(up), w = number_at(down);
    number a = {z.re + w.re, z.im - w.im}, b = {z.im + w.im, w.re - z.re};
    if (!s->alone) a = times(a, b);
    if (!s->first) a = times(number_at(kept), a);
    put_number(a, s->scale, s->last ? up : kept);
    if (s->last) put_number((number){a.re, -a.im}, s->scale, down);
}

static void multiply_pairs(const tensorsketch *f, step s)
{
    for (ptrdiff_t k = 0; k <= f->r / 2; k++) {
        psw_real *up = f->spectrum + 2 * SKETCH_LANES * f->fourier.place[k];
        psw_real *down = f->spectrum + 2 * SKETCH_LANES * f->fourier.place[(f->r - k) % f->r];
        for (ptrdiff_t i = 0; i < SKETCH_LANES; i += PSW_LANES)
            multiply_pair(&s, up + i, down + i, f->product + 2 * SKETCH_LANES * k + i);
    }
}

static void convolve_real(const tensorsketch *f, psw_const_rows x, psw_rows out)
{
    SKETCH_TURN_IN(x, f->turned);
    for (ptrdiff_t t = 0; t < f->degree; t += 2) {
        step s = {.first = t == 0, .last = t + 2 >= f->degree, .alone = t + 1 == f->degree};
        s.scale = s.last ? (psw_real)(1 / (double)f->r) : 1;
        clear_spectrum(f);
        count_lines(f, t, 2, 0, (psw_real)0.5);
        if (!s.alone) count_lines(f, t + 1, 2, 1, (psw_real)0.5);
        sketch_fourier_forward(&f->fourier, f->spectrum);
        multiply_pairs(f, s);
    }
    sketch_fourier_backward(&f->fourier, f->spectrum);
    psw_turn_rows((psw_const_rows){f->spectrum, f->r, x.rows, 2 * SKETCH_LANES}, out);
}

static void multiply_numbers(const tensorsketch *f, bool first, bool last)
{
    psw_real scale = last ? (psw_real)(1 / (double)f->r) : 1, *to = last ? f->spectrum : f->product;
    for (ptrdiff_t k = 0; k < f->r; k++)
        for (ptrdiff_t i = 2 * SKETCH_LANES * k; i < 2 * SKETCH_LANES * k + SKETCH_LANES; i += PSW_LANES) {
            number a = number_at(f->spectrum + i);
            put_number(first ? a : times(number_at(f->product + i), a), scale, to + i);
        }
}

/* Real parts, then imaginary ones. */
static void convolve_complex(const tensorsketch *f, psw_const_rows x, psw_rows out)
{
    SKETCH_TURN_IN(x, f->turned);
    for (ptrdiff_t t = 0; t < f->degree; t++) {
        clear_spectrum(f);
        count_lines(f, t, 1, 0, 1);
        sketch_fourier_forward(&f->fourier, f->spectrum);
        multiply_numbers(f, t == 0, t == f->degree - 1);
    }
    sketch_fourier_backward(&f->fourier, f->spectrum);
    for (ptrdiff_t part = 0; part < 2; part++)
        psw_turn_rows((psw_const_rows){f->spectrum + part * SKETCH_LANES, f->r, x.rows, 2 * SKETCH_LANES},
                      (psw_rows){out.at + part * f->r, out.rows, f->r, out.stride});
}

/* ---- rows one behind the other ---- */

static void count_sketches(const tensorsketch *f, ptrdiff_t t, psw_const_rows x, psw_real *out)
{
    const int *bucket = f->bucket + t * f->d;
    const psw_real *sign = f->sign + t * f->d;
    ptrdiff_t stride = f->plans.stride;
    memset(out, 0, (size_t)(f->plans.batch * stride) * sizeof *out);
    for (ptrdiff_t i = 0; i < x.rows; i++)
        for (ptrdiff_t j = 0; j < f->d; j++) out[i * stride + bucket[j]] += sign[j] * x.at[i * x.stride + j];
}

/* a <- a b, complex numbers with their parts side by side */
static void multiply(ptrdiff_t count, psw_real *restrict a, const psw_real *restrict b)
{
    for (ptrdiff_t i = 0; i < count; i += 2) {
        psw_real real = a[i] * b[i] - a[i + 1] * b[i + 1], imaginary = a[i] * b[i + 1] + a[i + 1] * b[i];
        a[i] = real;
        a[i + 1] = imaginary;
    }
}

/* Real parts, then imaginary ones. */
static void give(const tensorsketch *f, const psw_real *restrict from, psw_real *restrict to)
{
    psw_real scale = (psw_real)(1 / (double)f->r); /* FFTW leaves it out */
    if (!f->is_complex)
        for (ptrdiff_t j = 0; j < f->r; j++) to[j] = from[j] * scale;
    else
        for (ptrdiff_t j = 0; j < f->r; j++) to[j] = from[2 * j] * scale, to[f->r + j] = from[2 * j + 1] * scale;
}

static void convolve_planned(const tensorsketch *f, psw_const_rows x, psw_rows out)
{
    for (ptrdiff_t t = 0; t < f->degree; t++) {
        psw_real *to = t == 0 ? f->product : f->spectrum;
        count_sketches(f, t, x, to);
        sketch_plans_forward(&f->plans, to);
        if (t > 0) multiply(f->plans.batch * f->plans.stride, f->product, f->spectrum);
    }
    sketch_plans_backward(&f->plans, f->product);
    for (ptrdiff_t i = 0; i < x.rows; i++) give(f, f->product + i * f->plans.stride, out.at + i * out.stride);
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const tensorsketch *f = s->own;
    (void)log2_scale;
    for (ptrdiff_t first = 0; first < x.rows; first += f->group) {
        ptrdiff_t count = x.rows - first < f->group ? x.rows - first : f->group;
        psw_rows out = {stored.at + first * stored.stride, count, stored.cols, stored.stride};
        f->convolve(f, psw_part(x, first, count), out);
    }
}

/* ---- what a point asks of it ---- */

/* A real FFT of length r counts 2.5 r log2 r, a complex one twice that. */
static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    double d = (double)psw_point_width(point), p = (double)sketch_degree(point), width = (double)r;
    double parts = point->is_complex ? 2 : 1, transform = parts * 2.5 * width * log2(width);
    return (psw_sketch_shape){.r = r,
                              .stored = sketch_stored(point, r),
                              .exact = psw_point_width(point) == 1,
                              .signs = true,
                              .flops = p * (2 * d + transform + parts * 3 * width) + transform + parts * width};
}

/* Four indices drawn from x, y, x, y meet in pairs; per factor c^2, a = norms - squares or g = c^2 - squares are the
 * sums over the three pairings. A factor of pairing a (g) adds the same uniform shift to both hash differences
 * (opposite ones): both vanish with probability 1/r, or where shifts of both kinds occur gcd(2, r) / r^2. */
static double variance(double p, ptrdiff_t r, double norms, double c, double squares)
{
    double e = c * c, a = norms - squares, g = e - squares, one = 1 / (double)r;
    double plain = pow(e, p), with_a = pow(e + a, p), with_g = pow(e + g, p), all = pow(e + a + g, p);
    return one * (with_a - plain + with_g - plain) + (r % 2 ? 1 : 2) * one * one * (all - with_a - with_g + plain);
}

/* Of complex signs, Z = sum over h(I) = h(J) of s(I) conj(s(J)) x_I y_J: Var Re Z = (E |Z|^2 + Re E Z^2) / 2 - c^2p. A
 * sign meets a conjugate: |Z|^2 has pairings of c^2 and a, Z^2 of c^2 and g, so that shifts are never of both kinds. */
static double complex_variance(double p, double r, double norms, double c, double squares)
{
    double e = c * c, a = norms - squares, g = e - squares, plain = pow(e, p);
    return (pow(e + a, p) - plain + pow(e + g, p) - plain) / (2 * r);
}

static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    double p = (double)sketch_degree(point);
    ptrdiff_t r = psw_sketch_shape_of(point).r;
    return (psw_moments){pow(product, p), point->is_complex ? complex_variance(p, (double)r, norms, product, squares)
                                                            : variance(p, r, norms, product, squares)};
}

/* Transforms against products, side by side or by FFTW. Measured. */
static psw_sketch_work row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    static const double planned[2][2] = {{2.8, 4.9}, {1.8, 2}}, beside[2] = {2.2, 2.6}; /* real, complex */
    int single = psw_point_single(point), is_complex = point->is_complex != 0;
    return (psw_sketch_work){.flops = (sketch_fourier_fits(shape->r) ? beside[single] : planned[is_complex][single]) *
                                      shape->flops};
}

static psw_sketch_work table_work(const psw_point *point, const psw_sketch_shape *shape)
{
    (void)shape;
    return (psw_sketch_work){.signs = 2 * (double)psw_point_width(point) * (double)sketch_degree(point)};
}

const sketch_map SKETCH_MAP(tensorsketch) = {.check = sketch_check_columns,
                                             .shape = shape,
                                             .moments = moments,
                                             .row_work = row_work,
                                             .table_work = table_work,
                                             .lay = lay,
                                             .start = start,
                                             .stop = stop,
                                             .draw = draw,
                                             .map = map,
                                             .unit = true};
