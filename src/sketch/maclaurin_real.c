#include <math.h>

#include "sketch/map.h"

/* phi_j(x) = r^(-1/2) prod_t <w_tj, x>, w = +-1 (Kar, Karnick 2012, of one degree): p products and p - 1 products by
 * element. The first table carries the scale. */
typedef struct maclaurin {
    psw_real *tables; /* degree x d x r */
    psw_real *product;
    ptrdiff_t degree, d, r;
} maclaurin;

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    maclaurin m = {.degree = sketch_degree(&s->point), .d = psw_point_width(&s->point), .r = s->shape.r};
    maclaurin *kept = psw_arena_take(arena, 1, sizeof m);
    m.tables = psw_arena_take(arena, m.degree * m.d * m.r, sizeof *m.tables);
    m.product = psw_arena_take(arena, s->rows * m.r, sizeof *m.product);
    if (kept) *kept = m;
    return kept;
}

/* Sign j of a row is bit j % 128 of the block at column j / 128. */
static void signs(psw_key key, uint64_t row, ptrdiff_t count, psw_real one, psw_real *out)
{
    for (ptrdiff_t j = 0; j < count; j += 128) {
        uint32_t words[4];
        psw_random_block(key, row, (uint64_t)j / 128, words);
        ptrdiff_t end = count - j < 128 ? count - j : 128;
        for (ptrdiff_t k = 0; k < end; k++) out[j + k] = words[k / 32] >> k % 32 & 1 ? one : -one;
    }
}

static psw_status draw(psw_sketch *s, ptrdiff_t number)
{
    maclaurin *m = s->own;
    for (ptrdiff_t t = 0; t < m->degree; t++) {
        psw_key key = SKETCH_KEY(s, number, (sketch_place){0, (uint64_t)t, 0});
        psw_real one = (psw_real)(t == 0 ? 1 / sqrt((double)m->r) : 1);
        for (ptrdiff_t i = 0; i < m->d; i++) {
            if (i % 64 == 0) PSW_TRY(psw_watch_ask(s->watch));
            signs(key, (uint64_t)i, m->r, one, m->tables + (t * m->d + i) * m->r);
        }
    }
    return PSW_OK;
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const maclaurin *m = s->own;
    psw_rows product = psw_rows_of(m->product, x.rows, m->r);
    (void)log2_scale;
    for (ptrdiff_t t = 0; t < m->degree; t++) {
        psw_const_rows table = {m->tables + t * m->d * m->r, m->d, m->r, m->r};
        psw_product_nn(x, table, t == 0 ? stored : product);
        if (t > 0) sketch_multiply(1, psw_read(product), stored);
    }
}

/* ---- what a point asks of it ---- */

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    double d = (double)psw_point_width(point), p = (double)sketch_degree(point), width = (double)r;
    return (psw_sketch_shape){.r = r,
                              .stored = r,
                              .exact = psw_point_width(point) == 1,
                              .signs = true,
                              .flops = 2 * d * width * p + width * (p - 1)};
}

/* Narrow products take half as long again. Measured. */
static psw_sketch_work row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    (void)point;
    return (psw_sketch_work){.flops = 0.5 * shape->flops};
}

static psw_sketch_work table_work(const psw_point *point, const psw_sketch_shape *shape)
{
    return (psw_sketch_work){.signs = (double)psw_point_width(point) * (double)shape->r * (double)sketch_degree(point)};
}

const sketch_map SKETCH_MAP(maclaurin) = {.check = sketch_check_columns,
                                          .shape = shape,
                                          .moments = sketch_moments_of_signs,
                                          .row_work = row_work,
                                          .table_work = table_work,
                                          .lay = lay,
                                          .draw = draw,
                                          .map = map,
                                          .unit = true};
