#include <fftw3.h>
#include <math.h>
#include <string.h>

#include "sketch/map.h"

#ifdef PSW_SINGLE
#define FFTW(name) fftwf_##name
#else
#define FFTW(name) fftw_##name
#endif

/* phi(x) = irfft(prod_t rfft(C_t x)), (C_t x)_b = sum over h_t(i) = b of s_t(i) x_i: p count sketches with independent
 * hashes h and signs s, convolved (Pham, Pagh 2013).
 *
 * Complex: s is 1, i, -1 or -i, the transform is the complex one, and the features are the r real parts and then the r
 * imaginary parts of phi, whose inner product is Re sum_b phi_b(x) conj(phi_b(y)) (Wacker, Ohana, Filippone 2022). A
 * count sketch is then a real one into the 2r parts of r complex numbers.
 *
 * Transforms are in place, on rows padded to the complex length, in batches that stay in cache; a last batch is filled
 * up with zeros, so every row goes through the same plan. */
typedef struct tensorsketch {
    int *bucket;                  /* degree x d; complex: of the 2r parts */
    psw_real *sign;               /* degree x d */
    psw_real *spectrum, *product; /* batch x stride */
    FFTW(plan) forward, backward;
    ptrdiff_t degree, d, r, stride, batch;
    bool is_complex;
} tensorsketch;

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    tensorsketch f = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point), .r = s->shape.r};
    tensorsketch *kept = psw_arena_take(arena, 1, sizeof f);
    f.is_complex = s->point.is_complex;
    f.stride = f.is_complex ? 2 * f.r : (f.r / 2 + 1) * 2;
    f.batch = 16384 / f.r < 1 ? 1 : 16384 / f.r > 16 ? 16 : 16384 / f.r;
    f.bucket = psw_arena_take(arena, f.degree * f.d, sizeof *f.bucket);
    f.sign = psw_arena_take(arena, f.degree * f.d, sizeof *f.sign);
    f.spectrum = psw_arena_take(arena, f.batch * f.stride, sizeof *f.spectrum);
    f.product = psw_arena_take(arena, f.batch * f.stride, sizeof *f.product);
    if (kept) *kept = f;
    return kept;
}

static void stop(psw_sketch *s)
{
    tensorsketch *f = s->own;
    if (f->forward) FFTW(destroy_plan)(f->forward);
    if (f->backward) FFTW(destroy_plan)(f->backward);
}

static void plan_real(tensorsketch *f, FFTW(complex) * spectrum)
{
    int length = (int)f->r, batch = (int)f->batch, real = (int)f->stride, half = (int)f->stride / 2;
    f->forward =
        FFTW(plan_many_dft_r2c)(1, &length, batch, f->spectrum, NULL, 1, real, spectrum, NULL, 1, half, FFTW_ESTIMATE);
    f->backward =
        FFTW(plan_many_dft_c2r)(1, &length, batch, spectrum, NULL, 1, half, f->spectrum, NULL, 1, real, FFTW_ESTIMATE);
}

static FFTW(plan) plan_complex(const tensorsketch *f, FFTW(complex) * at, int sign)
{
    int length = (int)f->r;
    return FFTW(plan_many_dft)(1, &length, (int)f->batch, at, NULL, 1, length, at, NULL, 1, length, sign,
                               FFTW_ESTIMATE);
}

/* FFTW_ESTIMATE: the plan, and so every bit, follows from the length alone, not from a measurement. */
static psw_status start(psw_sketch *s, const psw_weights *weights)
{
    tensorsketch *f = s->own;
    FFTW(complex) *spectrum = (FFTW(complex) *)(void *)f->spectrum;
    (void)weights;
    if (f->is_complex) {
        f->forward = plan_complex(f, spectrum, FFTW_FORWARD);
        f->backward = plan_complex(f, spectrum, FFTW_BACKWARD);
    } else {
        plan_real(f, spectrum);
    }
    if (f->forward && f->backward) return PSW_OK;
    stop(s);
    return PSW_FAIL(PSW_NO_MEMORY, "FFTW cannot plan a %s transform of length %td", f->is_complex ? "complex" : "real",
                    f->r);
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

static void count_sketches(const tensorsketch *f, ptrdiff_t t, psw_const_rows x, psw_real *out)
{
    const int *bucket = f->bucket + t * f->d;
    const psw_real *sign = f->sign + t * f->d;
    memset(out, 0, (size_t)(f->batch * f->stride) * sizeof *out);
    for (ptrdiff_t i = 0; i < x.rows; i++)
        for (ptrdiff_t j = 0; j < f->d; j++) out[i * f->stride + bucket[j]] += sign[j] * x.at[i * x.stride + j];
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

static void forward(const tensorsketch *f, psw_real *at)
{
    FFTW(complex) *spectrum = (FFTW(complex) *)(void *)at;
    if (f->is_complex)
        FFTW(execute_dft)(f->forward, spectrum, spectrum);
    else
        FFTW(execute_dft_r2c)(f->forward, at, spectrum);
}

static void backward(const tensorsketch *f, psw_real *at)
{
    FFTW(complex) *spectrum = (FFTW(complex) *)(void *)at;
    if (f->is_complex)
        FFTW(execute_dft)(f->backward, spectrum, spectrum);
    else
        FFTW(execute_dft_c2r)(f->backward, spectrum, at);
}

static void transform_batch(const tensorsketch *f, psw_const_rows x)
{
    for (ptrdiff_t t = 0; t < f->degree; t++) {
        psw_real *to = t == 0 ? f->product : f->spectrum;
        count_sketches(f, t, x, to);
        forward(f, to);
        if (t > 0) multiply(f->batch * f->stride, f->product, f->spectrum);
    }
    backward(f, f->product);
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

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const tensorsketch *f = s->own;
    (void)log2_scale;
    for (ptrdiff_t first = 0; first < x.rows; first += f->batch) {
        ptrdiff_t count = x.rows - first < f->batch ? x.rows - first : f->batch;
        transform_batch(f, psw_part(x, first, count));
        for (ptrdiff_t i = 0; i < count; i++)
            give(f, f->product + i * f->stride, stored.at + (first + i) * stored.stride);
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

/* FFTW against products; single precision gains less by it. Measured. */
static psw_sketch_work row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    static const double transform[2][2] = {{2.8, 4.9}, {1.8, 2}}; /* real, complex */
    return (psw_sketch_work){.flops = transform[point->is_complex != 0][psw_point_single(point)] * shape->flops};
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
