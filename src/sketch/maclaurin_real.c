#include <math.h>
#include <string.h>

#include "sketch/map.h"

/* phi_j(x) = r^(-1/2) prod_t <w_tj, x>, w = +-1 (Kar, Karnick 2012, of one degree): p products and p - 1 products by
 * element. The first table carries the scale.
 *
 * Complex: entries of w are 1, i, -1 or -i, and the features are the r real parts and then the r imaginary parts, whose
 * inner product is Re sum_j phi_j(x) conj(phi_j(y)) (Wacker, Ohana, Filippone 2022). A table is [Re w | Im w], d x 2r.
 */
typedef struct maclaurin {
    psw_panels *table; /* degree, each d x columns */
    psw_real *product;
    ptrdiff_t degree, d, r, columns;
    bool is_complex;
} maclaurin;

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    maclaurin m = {.degree = sketch_degree(&s->point),
                   .d = psw_point_width(&s->point),
                   .r = s->shape.r,
                   .columns = s->shape.stored,
                   .is_complex = s->point.is_complex};
    maclaurin *kept = psw_arena_take(arena, 1, sizeof m);
    m.table = psw_arena_take(arena, m.degree, sizeof *m.table);
    for (ptrdiff_t t = 0; t < m.degree; t++) {
        psw_panels table = SKETCH_TAKE_TABLE(arena, m.d, m.columns);
        if (m.table) m.table[t] = table;
    }
    m.product = psw_arena_take(arena, s->rows * m.columns, sizeof *m.product);
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

/* Root j of a row is i^u, u two bits from 2 j % 128 of the block at column j / 64; imaginary parts follow the real
 * ones. */
static void roots(psw_key key, uint64_t row, ptrdiff_t count, psw_real one, psw_real *out)
{
    const psw_real part[4] = {one, 0, -one, 0}; /* of i^u; the imaginary part is that of i^(u - 1) */
    uint32_t words[4] = {0};
    for (ptrdiff_t j = 0; j < count; j++) {
        if (j % 64 == 0) psw_random_block(key, row, (uint64_t)j / 64, words);
        uint32_t u = words[j % 64 / 16] >> 2 * (j % 16) & 3;
        out[j] = part[u];
        out[count + j] = part[(u + 3) % 4];
    }
}

static psw_status draw(psw_sketch *s, ptrdiff_t number)
{
    maclaurin *m = s->own;
    for (ptrdiff_t t = 0; t < m->degree; t++) {
        psw_panels table = m->table[t];
        psw_key key = SKETCH_KEY(s, number, (sketch_place){0, (uint64_t)t, m->is_complex});
        psw_real one = (psw_real)(t == 0 ? 1 / sqrt((double)m->r) : 1);
        memset(table.at, 0, (size_t)psw_panels_count(table.inner, table.cols) * sizeof *table.at);
        for (ptrdiff_t i = 0; i < m->d; i++) {
            if (i % 64 == 0) PSW_TRY(psw_watch_ask(s->watch));
            (m->is_complex ? roots : signs)(key, (uint64_t)i, m->r, one, s->row);
            psw_panels_put_row(table, i, s->row);
        }
    }
    return PSW_OK;
}

/* c *= a by element, of complex numbers whose imaginary parts stand r columns behind the real ones */
static void multiply_complex(ptrdiff_t r, psw_const_rows a, psw_rows c)
{
    for (ptrdiff_t i = 0; i < c.rows; i++) {
        const psw_real *restrict from = a.at + i * a.stride;
        psw_real *restrict to = c.at + i * c.stride;
        for (ptrdiff_t j = 0; j < r; j++) {
            psw_real real = to[j] * from[j] - to[r + j] * from[r + j];
            to[r + j] = to[j] * from[r + j] + to[r + j] * from[j];
            to[j] = real;
        }
    }
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const maclaurin *m = s->own;
    psw_rows product = psw_rows_of(m->product, x.rows, m->columns);
    (void)log2_scale;
    for (ptrdiff_t t = 0; t < m->degree; t++) {
        SKETCH_TIMES_TABLE(x, m->table[t], t == 0 ? stored : product);
        if (t > 0 && m->is_complex) multiply_complex(m->r, psw_read(product), stored);
        if (t > 0 && !m->is_complex) sketch_multiply(1, psw_read(product), stored);
    }
}

/* ---- what a point asks of it ---- */

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    double d = (double)psw_point_width(point), p = (double)sketch_degree(point);
    double stored = (double)sketch_stored(point, r), products = point->is_complex ? 3 * stored : stored;
    return (psw_sketch_shape){.r = r,
                              .stored = sketch_stored(point, r),
                              .exact = psw_point_width(point) == 1,
                              .signs = true,
                              .flops = 2 * d * stored * p + products * (p - 1)};
}

/* With Z = prod_t A_t, A = <w,x> conj <w,y>: Var Re Z = (E |Z|^2 + Re E Z^2) / 2 - c^2p, and four indices meet in pairs
 * of one w and one conj w, four equal ones counted once:
 *     E |A|^2 = norms + c^2 - squares,   E A^2 = 2 c^2 - squares. */
static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    if (!point->is_complex) return sketch_moments_of_signs(point, norms, product, squares);
    double p = (double)sketch_degree(point), c = product * product, r = (double)psw_sketch_shape_of(point).r;
    double size = pow(norms + c - squares, p), square = pow(2 * c - squares, p);
    return (psw_moments){pow(product, p), ((size + square) / 2 - pow(c, p)) / r};
}

static psw_sketch_work table_work(const psw_point *point, const psw_sketch_shape *shape)
{
    return (psw_sketch_work){.signs =
                                 (double)psw_point_width(point) * (double)shape->stored * (double)sketch_degree(point)};
}

const sketch_map SKETCH_MAP(maclaurin) = {.check = sketch_check_columns,
                                          .shape = shape,
                                          .moments = moments,
                                          .table_work = table_work,
                                          .lay = lay,
                                          .draw = draw,
                                          .map = map,
                                          .unit = true};
