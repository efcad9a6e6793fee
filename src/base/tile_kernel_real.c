#include "polysweep/lanes.h"
#include "polysweep/tile.h"

#include <stdbool.h>
#include <string.h>

/* Registers: ROWS x 2 vectors of results, 2 of B, 1 of A; processors with 32 of them hold twelve rows. */
#if defined(__AVX512F__) || defined(__aarch64__)
enum { ROWS = 12 };
#else
enum { ROWS = 6 };
#endif
enum { LANES = PSW_LANES, WIDTH = 2 * LANES, FEW_ROWS = 4 };
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
 * `rows` and `vectors` are constants at every call, so that the loops over them unroll and acc lives in registers. */
static inline __attribute__((always_inline)) void kernel(int rows, int vectors, ptrdiff_t inner, const psw_real *a,
                                                         ptrdiff_t down, const psw_real *b, psw_real *c,
                                                         ptrdiff_t stride, bool add)
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
            *to = add ? (psw_lanes)*to + acc[i][j] : acc[i][j];
        }
}

/* Numbers one by one: a structure would pass through memory at every call. */
typedef void tile_kernel(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                         ptrdiff_t stride, bool add);

static void many_wide(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                      ptrdiff_t stride, bool add)
{
    kernel(ROWS, 2, inner, a, down, b, c, stride, add);
}

static void many_narrow(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                        ptrdiff_t stride, bool add)
{
    kernel(ROWS, 1, inner, a, down, b, c, stride, add);
}

static void few_wide(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                     ptrdiff_t stride, bool add)
{
    kernel(FEW_ROWS, 2, inner, a, down, b, c, stride, add);
}

static void few_narrow(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                       ptrdiff_t stride, bool add)
{
    kernel(FEW_ROWS, 1, inner, a, down, b, c, stride, add);
}

static void one_wide(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                     ptrdiff_t stride, bool add)
{
    kernel(1, 2, inner, a, down, b, c, stride, add);
}

static void one_narrow(ptrdiff_t inner, const psw_real *a, ptrdiff_t down, const psw_real *b, psw_real *c,
                       ptrdiff_t stride, bool add)
{
    kernel(1, 1, inner, a, down, b, c, stride, add);
}

static const struct {
    ptrdiff_t rows;
    tile_kernel *wide, *narrow;
} kernels[] = {{ROWS, many_wide, many_narrow}, {FEW_ROWS, few_wide, few_narrow}, {1, one_wide, one_narrow}};

typedef struct span { /* of the inner length: one chain */
    ptrdiff_t first, count;
} span;

/* Columns past the panel's last one are computed, and thrown away. */
static void product_edge(tile_kernel *run, ptrdiff_t rows, psw_const_rows a, const panel *p, span k, psw_real *c,
                         ptrdiff_t stride)
{
    psw_real whole[ROWS * WIDTH];
    run(k.count, a.at + k.first, a.stride, p->at + k.first * p->width, whole, p->width, false);
    for (ptrdiff_t i = 0; i < rows; i++)
        for (ptrdiff_t j = 0; j < p->cols; j++) {
            psw_real sum = whole[i * p->width + j];
            c[i * stride + j] = k.first ? c[i * stride + j] + sum : sum;
        }
}

static void product_panel(psw_const_rows a, const panel *p, span k, psw_rows c)
{
    ptrdiff_t done = 0;
    for (int size = 0; size < 3; size++) {
        ptrdiff_t rows = kernels[size].rows;
        tile_kernel *run = p->width == WIDTH ? kernels[size].wide : kernels[size].narrow;
        for (; done + rows <= a.rows; done += rows) {
            const psw_real *from = a.at + done * a.stride + k.first;
            psw_real *to = c.at + done * c.stride + p->first;
            if (p->cols == p->width)
                run(k.count, from, a.stride, p->at + k.first * p->width, to, c.stride, k.first > 0);
            else
                product_edge(run, rows, psw_part(a, done, rows), p, k, to, c.stride);
        }
    }
}

/* Chain by chain: the part of a panel that a chain meets stays in the first-level cache for all rows. */
void psw_panels_product(psw_const_rows a, psw_panels b, psw_rows c)
{
    for (ptrdiff_t first = 0; first < b.inner; first += CHAIN) {
        span k = {first, b.inner - first < CHAIN ? b.inner - first : CHAIN};
        for (ptrdiff_t column = 0; column < b.cols; column += WIDTH) {
            panel p = panel_at(b, column);
            product_panel(a, &p, k, c);
        }
    }
}
