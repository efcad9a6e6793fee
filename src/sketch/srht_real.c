#include <math.h>
#include <string.h>

#include "sketch/map.h"

/* phi_j(x) = r^(-1/2) prod_t (H D_t x)_(pi_t(j)): D_t random signs, H the +-1 Hadamard matrix of order 2^k >= d,
 * pi_t(j) rows of it, drawn with replacement (TensorSRHT of Ahle et al. 2020).
 *
 * Rows go through in groups of LANES, transposed: one cache line holds one coordinate of every row of the group, so
 * butterflies, samples and products are whole vectors. */
enum { LANES = 64 / sizeof(psw_real) };

typedef struct srht {
    psw_real *sign;    /* degree x d; those of t = 0 carry r^(-1/2) */
    int *sample;       /* degree x r */
    psw_real *work;    /* width x LANES */
    psw_real *product; /* r x LANES */
    ptrdiff_t degree, d, r, width;
} srht;

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    srht h = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point), .r = s->shape.r, .width = 1};
    srht *kept = psw_arena_take(arena, 1, sizeof h);
    while (h.width < h.d) h.width *= 2;
    h.sign = psw_arena_take(arena, h.degree * h.d, sizeof *h.sign);
    h.sample = psw_arena_take(arena, h.degree * h.r, sizeof *h.sample);
    h.work = psw_arena_take(arena, h.width * LANES, sizeof *h.work);
    h.product = psw_arena_take(arena, h.r * LANES, sizeof *h.product);
    if (kept) *kept = h;
    return kept;
}

static psw_status draw(psw_sketch *s, ptrdiff_t number)
{
    srht *h = s->own;
    for (ptrdiff_t t = 0; t < h->degree; t++) {
        psw_key signs = SKETCH_KEY(s, number, (sketch_place){0, (uint64_t)t, 0});
        psw_key samples = SKETCH_KEY(s, number, (sketch_place){0, (uint64_t)t, 1});
        psw_real one = (psw_real)(t == 0 ? 1 / sqrt((double)h->r) : 1);
        uint32_t words[4];
        PSW_TRY(psw_watch_ask(s->watch));
        for (ptrdiff_t i = 0; i < h->d; i++) {
            psw_random_block(signs, 0, (uint64_t)i, words);
            h->sign[t * h->d + i] = words[0] & 1 ? one : -one;
        }
        for (ptrdiff_t j = 0; j < h->r; j++) {
            psw_random_block(samples, 0, (uint64_t)j, words);
            h->sample[t * h->r + j] = (int)(words[0] & (uint32_t)(h->width - 1));
        }
    }
    return PSW_OK;
}

/* work <- D_t x, transposed, with zeros where x has no row or no column */
static void load(const srht *h, ptrdiff_t t, psw_const_rows x)
{
    memset(h->work, 0, (size_t)(h->width * LANES) * sizeof *h->work);
    const psw_real *sign = h->sign + t * h->d;
    for (ptrdiff_t i = 0; i < x.rows; i++)
        for (ptrdiff_t j = 0; j < h->d; j++) h->work[j * LANES + i] = sign[j] * x.at[i * x.stride + j];
}

/* work <- H work: (a, b) -> (a + b, a - b) at distances 1, 2, 4, ... */
static void hadamard(psw_real *restrict work, ptrdiff_t width)
{
    for (ptrdiff_t gap = 1; gap < width; gap *= 2)
        for (ptrdiff_t block = 0; block < width; block += 2 * gap)
            for (ptrdiff_t i = block; i < block + gap; i++) {
                psw_real *a = work + i * LANES, *b = a + gap * LANES;
                for (int lane = 0; lane < LANES; lane++) {
                    psw_real sum = a[lane] + b[lane], difference = a[lane] - b[lane];
                    a[lane] = sum;
                    b[lane] = difference;
                }
            }
}

static void sample(const srht *h, ptrdiff_t t)
{
    const int *rows = h->sample + t * h->r;
    for (ptrdiff_t j = 0; j < h->r; j++) {
        const psw_real *restrict from = h->work + (ptrdiff_t)rows[j] * LANES;
        psw_real *restrict to = h->product + j * LANES;
        if (t == 0)
            memcpy(to, from, LANES * sizeof *to);
        else
            for (int lane = 0; lane < LANES; lane++) to[lane] *= from[lane];
    }
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const srht *h = s->own;
    (void)log2_scale;
    for (ptrdiff_t first = 0; first < x.rows; first += LANES) {
        ptrdiff_t count = x.rows - first < LANES ? x.rows - first : LANES;
        for (ptrdiff_t t = 0; t < h->degree; t++) {
            load(h, t, psw_part(x, first, count));
            hadamard(h->work, h->width);
            sample(h, t);
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            psw_real *out = stored.at + (first + i) * stored.stride;
            for (ptrdiff_t j = 0; j < h->r; j++) out[j] = h->product[j * LANES + i];
        }
    }
}

/* ---- what a point asks of it ----
 *
 * Moments are those of independent signs: distinct columns are uncorrelated, for two rows of H drawn independently
 * average to the identity. */

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    double d = (double)psw_point_width(point), p = (double)sketch_degree(point), width = exp2(ceil(log2(d)));
    return (psw_sketch_shape){.r = r,
                              .stored = r,
                              .exact = psw_point_width(point) == 1,
                              .signs = true,
                              .flops = p * (d + width * log2(width) + (double)r)};
}

/* Additions, and rows drawn from memory, against products; single precision gains less by it. Measured. */
static psw_sketch_work row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    static const double additions[2] = {12, 14.5};
    return (psw_sketch_work){.flops = additions[psw_point_single(point)] * shape->flops};
}

static psw_sketch_work table_work(const psw_point *point, const psw_sketch_shape *shape)
{
    return (psw_sketch_work){.signs =
                                 ((double)psw_point_width(point) + (double)shape->r) * (double)sketch_degree(point)};
}

const sketch_map SKETCH_MAP(srht) = {.check = sketch_check_columns,
                                     .shape = shape,
                                     .moments = sketch_moments_of_signs,
                                     .row_work = row_work,
                                     .table_work = table_work,
                                     .lay = lay,
                                     .draw = draw,
                                     .map = map,
                                     .unit = true};
