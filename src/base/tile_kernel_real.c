#include "base/order.h"
#include "polysweep/tile.h"

#include <stdbool.h>
#include <string.h>

/* Registers: ROWS x 2 vectors of results, 2 of B, 1 of A; processors with 32 of them hold twelve rows. */
#if defined(__AVX512F__) || defined(__aarch64__)
enum { ROWS = 12 };
#else
enum { ROWS = 6 };
#endif
enum { LANES = PSW_LANES, WIDTH = 2 * LANES };
/* Terms that are added one after another before their sum joins the entry: no cost that can be measured, and a quarter
 * of the rounding error of a leaf of 512 keys. */
enum { CHAIN = 128 };

/* ---- packing ---- */

typedef struct panel {
    psw_real *at;
    ptrdiff_t first, cols, width; /* columns of B it holds; reals from row to row */
} panel;

static panel panel_at(psw_panels b, ptrdiff_t first)
{
    ptrdiff_t left = b.cols - first, cols = left < WIDTH ? left : WIDTH;
    return (panel){b.at + first * b.inner, first, cols, cols <= LANES ? LANES : WIDTH};
}

ptrdiff_t psw_panels_count(ptrdiff_t inner, ptrdiff_t cols)
{
    return inner * ((cols + LANES - 1) / LANES * LANES);
}

/* Entry (k, j) of B is from[k * down + j * right]. */
static void pack(const psw_real *from, ptrdiff_t down, ptrdiff_t right, psw_panels to)
{
    for (ptrdiff_t first = 0; first < to.cols; first += WIDTH) {
        panel p = panel_at(to, first);
        for (ptrdiff_t k = 0; k < to.inner; k++)
            for (ptrdiff_t j = 0; j < p.width; j++)
                p.at[k * p.width + j] = j < p.cols ? from[k * down + (first + j) * right] : 0;
    }
}

void psw_panels_pack(psw_const_rows b, psw_panels to)
{
    pack(b.at, b.stride, 1, to);
}

void psw_panels_pack_transposed(psw_const_rows b, psw_panels to)
{
    pack(b.at, 1, b.stride, to);
}

void psw_panels_put_row(psw_panels to, ptrdiff_t row, const psw_real *values)
{
    for (ptrdiff_t first = 0; first < to.cols; first += WIDTH) {
        panel p = panel_at(to, first);
        memcpy(p.at + row * p.width, values + first, (size_t)p.cols * sizeof *values);
    }
}

void psw_panels_put_rows(psw_panels to, ptrdiff_t row, psw_const_rows values)
{
    for (ptrdiff_t first = 0; first < to.cols; first += WIDTH) {
        panel p = panel_at(to, first);
        psw_real *at = p.at + row * p.width;
        const psw_real *from = values.at + first;
        if (p.cols == WIDTH)
            for (ptrdiff_t i = 0; i < values.rows; i++, at += WIDTH, from += values.stride)
                memcpy(at, from, WIDTH * sizeof *at);
        else
            for (ptrdiff_t i = 0; i < values.rows; i++, at += p.width, from += values.stride)
                memcpy(at, from, (size_t)p.cols * sizeof *at);
    }
}

/* ---- the kernel ---- */

/* c[rows x vectors * LANES] = or += sum over k of a[.][k] b[k][.]; from row to row a is `down` and c `stride` reals.
 * top: of each row the largest number in the order of `peaks`, which joins what is there; by lanes; not looked at where
 * none are wanted. `rows`, `vectors` and `peaks` are constants at every call, so that the loops over them unroll and
 * acc lives in registers. */
typedef enum kernel_peaks { NO_PEAKS, MAGNITUDES, SIGNED } kernel_peaks;

static inline __attribute__((always_inline)) void kernel(int rows, int vectors, kernel_peaks peaks, ptrdiff_t inner,
                                                         const psw_real *a, ptrdiff_t down, const psw_real *b,
                                                         psw_real *c, ptrdiff_t stride, bool add, psw_lanes_bits *top)
{
    psw_lanes acc[ROWS][2] = {{{0}}};
    for (ptrdiff_t k = 0; k < inner; k++) {
        psw_lanes row[2];
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) row[j] = *(const psw_loose_lanes *)(b + (k * vectors + j) * LANES);
#pragma GCC unroll 16
        for (int i = 0; i < rows; i++) {
            psw_real x = a[i * down + k];
#pragma GCC unroll 2
            for (int j = 0; j < vectors; j++) acc[i][j] = psw_lanes_fma(x, row[j], acc[i][j]);
        }
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < vectors; j++) {
            psw_loose_lanes *to = (psw_loose_lanes *)(c + i * stride + j * LANES);
            acc[i][j] = add ? (psw_lanes)*to + acc[i][j] : acc[i][j];
            *to = acc[i][j];
            if (peaks)
                top[i] = psw_lanes_larger(
                    top[i], base_ordered(acc[i][j], peaks == SIGNED ? PSW_PEAK_SIGNED : PSW_PEAK_MAGNITUDE));
        }
}

/* Numbers one by one: a structure would pass through memory at every call. */
typedef void tile_kernel(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                         ptrdiff_t stride, bool add, psw_lanes_bits *top);

#define KERNEL(name, rows, vectors, peaks)                                                                             \
    static void name(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,               \
                     ptrdiff_t stride, bool add, psw_lanes_bits *top)                                                  \
    {                                                                                                                  \
        kernel(rows, vectors, peaks, inner, a, down, b, c, stride, add, top);                                          \
    }
KERNEL(many_wide, ROWS, 2, NO_PEAKS)
KERNEL(many_magnitudes, ROWS, 2, MAGNITUDES)
KERNEL(many_signed, ROWS, 2, SIGNED)
KERNEL(many_narrow, ROWS, 1, NO_PEAKS)
KERNEL(four_wide, 4, 2, NO_PEAKS)
KERNEL(four_narrow, 4, 1, NO_PEAKS)
KERNEL(three_wide, 3, 2, NO_PEAKS)
KERNEL(three_narrow, 3, 1, NO_PEAKS)
KERNEL(two_wide, 2, 2, NO_PEAKS)
KERNEL(two_narrow, 2, 1, NO_PEAKS)
KERNEL(one_wide, 1, 2, NO_PEAKS)
KERNEL(one_narrow, 1, 1, NO_PEAKS)

typedef struct kernel_size {
    ptrdiff_t rows;
    tile_kernel *wide, *narrow;
    tile_kernel *peaks[2]; /* wide, by their order; NULL: looked for behind the kernel */
} kernel_size;

/* Four rows still keep the multipliers busy, fewer do not: rows that are left are taken by fours and threes. */
static const kernel_size *size_for(ptrdiff_t left)
{
    static const kernel_size many = {ROWS, many_wide, many_narrow, {many_magnitudes, many_signed}},
                             few[] = {{1, one_wide, one_narrow, {NULL}},
                                      {2, two_wide, two_narrow, {NULL}},
                                      {3, three_wide, three_narrow, {NULL}},
                                      {4, four_wide, four_narrow, {NULL}}};
    if (left == ROWS || left >= ROWS + 3) return &many;
    if (left == 5 || left == 6) return &few[2];
    return &few[left < 4 ? left - 1 : 3];
}

/* ---- the largest number of each row, while it is in the first-level cache ---- */

/* At one row of a panel that was written just now. */
static inline psw_lanes_bits larger_of_row(psw_lanes_bits top, psw_peak_order order, const psw_real *z, ptrdiff_t cols)
{
    if (cols == WIDTH) {
        const psw_loose_lanes *at = (const psw_loose_lanes *)z;
        psw_lanes_bits first = base_ordered((psw_lanes)at[0], order), second = base_ordered((psw_lanes)at[1], order);
        return psw_lanes_larger(top, psw_lanes_larger(first, second));
    }
    for (ptrdiff_t j = 0; j < cols; j++) {
        psw_lane_bits own = base_ordered_one(z[j], order);
        top[0] = own > top[0] ? own : top[0];
    }
    return top;
}

/* ---- the product ---- */

typedef struct span { /* of the inner length: one chain */
    ptrdiff_t first, count;
} span;

/* Columns past the last one that is wanted are computed, and thrown away. */
static void product_edge(tile_kernel *run, psw_const_rows a, const panel *p, span k, psw_rows c)
{
    psw_real whole[ROWS * WIDTH];
    run(k.count, a.at + k.first, a.stride, p->at + k.first * p->width, whole, p->width, false, NULL);
    for (ptrdiff_t i = 0; i < c.rows; i++)
        for (ptrdiff_t j = 0; j < c.cols; j++) {
            psw_real sum = whole[i * p->width + j], *to = c.at + i * c.stride + j;
            *to = k.first ? *to + sum : sum;
        }
}

/* c: the columns of the panel that are wanted; top: of its rows, NULL: not wanted */
static void product_panel(psw_const_rows a, const panel *p, span k, psw_rows c, psw_peak_order order,
                          psw_lanes_bits *top)
{
    const kernel_size *size;
    for (ptrdiff_t done = 0; done < a.rows; done += size->rows) {
        size = size_for(a.rows - done);
        bool whole = c.cols == p->width, at_once = top && whole && p->width == WIDTH && size->peaks[order];
        tile_kernel *run = at_once ? size->peaks[order] : p->width == WIDTH ? size->wide : size->narrow;
        psw_rows to = {c.at + done * c.stride, size->rows, c.cols, c.stride};
        if (whole)
            run(k.count, a.at + done * a.stride + k.first, a.stride, p->at + k.first * p->width, to.at, to.stride,
                k.first > 0, at_once ? top + done : NULL);
        else
            product_edge(run, psw_part(a, done, size->rows), p, k, to);
        for (ptrdiff_t i = 0; top && !at_once && i < size->rows; i++)
            top[done + i] = larger_of_row(top[done + i], order, to.at + i * to.stride, c.cols);
    }
}

/* Chain by chain: the part of a panel that a chain meets stays in the first-level cache for all rows. */
static void product(psw_const_rows a, psw_panels b, psw_rows c, psw_peak_order order, psw_lanes_bits *top)
{
    for (ptrdiff_t first = 0; first < a.cols; first += CHAIN) {
        span k = {first, a.cols - first < CHAIN ? a.cols - first : CHAIN};
        for (ptrdiff_t column = 0; column < c.cols; column += WIDTH) {
            panel p = panel_at(b, column);
            ptrdiff_t left = c.cols - column;
            psw_rows part = {c.at + column, c.rows, left < p.cols ? left : p.cols, c.stride};
            product_panel(a, &p, k, part, order, first + k.count == a.cols ? top : NULL);
        }
    }
}

void psw_panels_product(psw_const_rows a, psw_panels b, psw_rows c)
{
    product(a, b, c, PSW_PEAK_MAGNITUDE, NULL);
}

void psw_panels_product_peaks(psw_const_rows a, psw_panels b, psw_rows c, psw_peak_order order, double *peak)
{
    enum { MOST = 16 * ROWS };
    psw_lanes_bits top[MOST];
    for (ptrdiff_t first = 0; first < c.rows; first += MOST) {
        ptrdiff_t rows = c.rows - first < MOST ? c.rows - first : MOST;
        for (ptrdiff_t i = 0; i < rows; i++) top[i] = (psw_lanes_bits){0} + base_lowest(order);
        product(psw_part(a, first, rows), b, (psw_rows){c.at + first * c.stride, rows, c.cols, c.stride}, order, top);
        for (ptrdiff_t i = 0; i < rows; i++) peak[first + i] = base_unordered(base_topmost(top[i]));
    }
}
