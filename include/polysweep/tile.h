/* base: products of tiles against a packed right-hand side.
 *
 * Two backends, one for each target, chosen when the program is built (CMake's POLYSWEEP_TILES; psw_tile_backend says
 * which):
 *
 * kernel  BLAS packs both operands at every call and clears the result first; for tiles of attention (inner lengths of
 *         64 to 512) that costs a fifth of the time. Here the right-hand side is packed once, the left-hand side is
 *         read as it stands, and results stay in registers (Goto and van de Geijn 2008 for the shape of such kernels).
 *         Every entry is a sum of chains of fused multiply-adds, of fixed length, in ascending order: its bits depend
 *         neither on the shape of the tile nor on where the entry stands in it, nor on the width of vectors: they are
 *         the same under AVX2, AVX-512 and AArch64 (polysweep/fused.h).
 * blas    for targets without fused multiply-adds: a BLAS chooses its kernel. The bits of
 *         an entry depend on the shape of the product too, so callers make the same products for the same point.
 *
 * Compiled per precision and target, like everything that includes real.h. */
#ifndef POLYSWEEP_TILE_H
#define POLYSWEEP_TILE_H

#include "polysweep/peak.h"

/* True: the same bits for every shape (kernel); false: for the same shape (blas). */
#ifdef POLYSWEEP_TILES_BLAS
enum { PSW_TILE_ANY_SHAPE = false };
#else
enum { PSW_TILE_ANY_SHAPE = true };
#endif

/* A matrix B of `inner` rows and `cols` columns as the backend keeps it, columns past the last one 0. kernel: by panels
 * of two vectors of columns (the last one of one, if that is enough), each panel row by row. blas: row by row. A matrix
 * of two vectors of columns stands row by row without gaps in both. */
typedef struct psw_panels {
    psw_real *at;
    ptrdiff_t inner, cols;
} psw_panels;

/* Columns of a matrix that either backend keeps row by row without gaps: such a matrix can be built where it is used.
 */
#ifdef POLYSWEEP_TILES_BLAS
#define PSW_PANEL ((ptrdiff_t)(192 / sizeof(psw_real)))
#else
#define PSW_PANEL ((ptrdiff_t)(2 * PSW_VECTOR_BYTES / sizeof(psw_real)))
#endif

#define psw_panels_count PSW_PRECISION_NAME(psw_panels_count)
#define psw_panels_pack PSW_PRECISION_NAME(psw_panels_pack)
#define psw_panels_pack_transposed PSW_PRECISION_NAME(psw_panels_pack_transposed)
#define psw_panels_put_row PSW_PRECISION_NAME(psw_panels_put_row)
#define psw_panels_put_rows PSW_PRECISION_NAME(psw_panels_put_rows)
#define psw_panels_product PSW_PRECISION_NAME(psw_panels_product)
#define psw_panels_product_peaks PSW_PRECISION_NAME(psw_panels_product_peaks)

/* Numbers in a packed matrix. */
ptrdiff_t psw_panels_count(ptrdiff_t inner, ptrdiff_t cols);
void psw_panels_pack(psw_const_rows b, psw_panels to);            /* b is inner x cols */
void psw_panels_pack_transposed(psw_const_rows b, psw_panels to); /* b is cols x inner */
void psw_panels_put_row(psw_panels to, ptrdiff_t row, const psw_real *values);
/* Rows row, row + 1, ...; columns past the last one are left unchanged. */
void psw_panels_put_rows(psw_panels to, ptrdiff_t row, psw_const_rows values);

/* c = a B, of as many terms as a has columns and as many columns as c has: the first ones of B, all or fewer. Aligned
 * or not, c and a do not overlap. */
void psw_panels_product(psw_const_rows a, psw_panels b, psw_rows c);
/* The same, and the largest number of each row of c. */
void psw_panels_product_peaks(psw_const_rows a, psw_panels b, psw_rows c, psw_peak_order order, double *peak);

#endif
