#include <math.h>

#include "sketch/hadamard.h"

/* phi_j(x) = r^(-1/2) prod_t (H D_t x)_(pi_t(j)): D_t random signs, H the +-1 Hadamard matrix of order 2^k >= d,
 * pi_t(j) rows of it, drawn with replacement (TensorSRHT of Ahle et al. 2020). */
typedef struct srht {
    psw_real *sign;   /* degree x d; those of t = 0 carry r^(-1/2) */
    int *sample;      /* degree x r */
    psw_real *turned; /* d x SKETCH_LANES: a group of rows, transposed */
    psw_real *work;   /* of several factors width x SKETCH_LANES each */
    ptrdiff_t degree, d, r, width;
} srht;

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    srht h = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point), .r = s->shape.r};
    srht *kept = psw_arena_take(arena, 1, sizeof h);
    h.sign = psw_arena_take(arena, h.degree * h.d, sizeof *h.sign);
    h.sample = psw_arena_take(arena, h.degree * h.r, sizeof *h.sample);
    h.width = sketch_hadamard_width(h.d);
    h.turned = psw_arena_take(arena, h.d * SKETCH_LANES, sizeof *h.turned);
    h.work = psw_arena_take(arena, SKETCH_SAMPLED_MOST * h.width * SKETCH_LANES, sizeof *h.work);
    if (kept) *kept = h;
    return kept;
}

static psw_status draw(psw_sketch *s, ptrdiff_t number)
{
    srht *h = s->own;
    for (ptrdiff_t t = 0; t < h->degree; t++) {
        psw_real one = (psw_real)(t == 0 ? 1 / sqrt((double)h->r) : 1);
        PSW_TRY(psw_watch_ask(s->watch));
        SKETCH_SAMPLED(s, number, (sketch_place){0, (uint64_t)t, 0}, one,
                       (sketch_sampled){h->sign + t * h->d, h->sample + t * h->r});
    }
    return PSW_OK;
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const srht *h = s->own;
    (void)log2_scale;
    for (ptrdiff_t first = 0; first < x.rows; first += SKETCH_LANES) {
        ptrdiff_t count = x.rows - first < SKETCH_LANES ? x.rows - first : SKETCH_LANES;
        psw_rows out = {stored.at + first * stored.stride, count, h->r, stored.stride};
        SKETCH_TURN_IN(psw_part(x, first, count), h->turned);
        for (ptrdiff_t t = 0; t < h->degree; t += SKETCH_SAMPLED_MOST) {
            int factors = h->degree - t < SKETCH_SAMPLED_MOST ? (int)(h->degree - t) : SKETCH_SAMPLED_MOST;
            for (int i = 0; i < factors; i++)
                SKETCH_HADAMARD(h->turned, h->d, h->sign + (t + i) * h->d, h->work + i * h->width * SKETCH_LANES);
            SKETCH_SAMPLE(h->sample + t * h->r, factors, h->work, h->width, t > 0, out);
        }
    }
}

/* ---- what a point asks of it ----
 *
 * Moments are those of independent signs: distinct columns are uncorrelated, for two rows of H drawn independently
 * average to the identity. */

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    double d = (double)psw_point_width(point), p = (double)sketch_degree(point);
    return (psw_sketch_shape){.r = r,
                              .stored = r,
                              .exact = psw_point_width(point) == 1,
                              .signs = true,
                              .flops = p * sketch_hadamard_flops(d, (double)r)};
}

/* Additions, and rows drawn from memory, against products; single precision gains less by it. Measured. */
static psw_sketch_work row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    static const double additions[2] = {6, 7.5};
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
