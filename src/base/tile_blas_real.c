/* Products of tiles by BLAS, which chooses its kernel for the processor it runs on.
 *
 * Small products (up to 100^3 in OpenBLAS) are made without packing, which is what costs time in narrow tiles, so those
 * are cut into blocks; wide ones only along the inner length, which halves the rounding error of a leaf of 512 keys. */
#include <string.h>

#include "polysweep/tile.h"

ptrdiff_t psw_panels_count(ptrdiff_t inner, ptrdiff_t cols)
{
    return inner * psw_stride(cols);
}

enum { SMALL = 144, CHAIN = 256 };

/* Entry (k, j) of B is from[k * down + j * right]. */
static void pack(const psw_real *from, ptrdiff_t down, ptrdiff_t right, psw_panels to)
{
    ptrdiff_t stride = psw_stride(to.cols);
    for (ptrdiff_t k = 0; k < to.inner; k++)
        for (ptrdiff_t j = 0; j < stride; j++) to.at[k * stride + j] = j < to.cols ? from[k * down + j * right] : 0;
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
    memcpy(to.at + row * psw_stride(to.cols), values, (size_t)to.cols * sizeof *values);
}

void psw_panels_put_rows(psw_panels to, ptrdiff_t row, psw_const_rows values)
{
    for (ptrdiff_t i = 0; i < values.rows; i++) psw_panels_put_row(to, row + i, values.at + i * values.stride);
}

/* The size of equal parts of at most `most`; the last one may be smaller. */
static ptrdiff_t part(ptrdiff_t total, ptrdiff_t most)
{
    ptrdiff_t parts = (total + most - 1) / most;
    return (total + parts - 1) / parts;
}

void psw_panels_product(psw_const_rows a, psw_panels b, psw_rows c)
{
    bool narrow = a.cols <= SMALL || c.cols <= SMALL;
    ptrdiff_t chain = part(a.cols, narrow ? SMALL : CHAIN), width = narrow ? part(c.cols, SMALL) : c.cols;
    ptrdiff_t stride = psw_stride(b.cols);
    for (ptrdiff_t k = 0; k < a.cols; k += chain)
        for (ptrdiff_t j = 0; j < c.cols; j += width) {
            ptrdiff_t terms = a.cols - k < chain ? a.cols - k : chain, cols = c.cols - j < width ? c.cols - j : width;
            psw_const_rows left = {a.at + k, a.rows, terms, a.stride};
            psw_const_rows right = {b.at + k * stride + j, terms, cols, stride};
            psw_gemm(false, false, terms, left, right, k > 0, (psw_rows){c.at + j, c.rows, cols, c.stride});
        }
}

void psw_panels_product_peaks(psw_const_rows a, psw_panels b, psw_rows c, psw_peak_order order, double *peak)
{
    psw_panels_product(a, b, c);
    for (ptrdiff_t i = 0; i < c.rows; i++) peak[i] = psw_row_peak(order, c.at + i * c.stride, c.cols);
}
