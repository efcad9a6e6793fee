/* A product that is large enough for nothing but its operations to count. */
#include "polysweep/targets.h"
#include "polysweep/tile.h"

enum { ROWS = 512, INNER = 128, COLS = 512 }; /* a panel of the packed one stays in the first-level cache */

/* a, b, c and b packed, one behind the other. */
static psw_rows left(void *work)
{
    return psw_rows_of(work, ROWS, INNER);
}
static psw_rows right(void *work)
{
    return psw_rows_of((psw_real *)work + ROWS * INNER, INNER, COLS);
}
static psw_rows result(void *work)
{
    return psw_rows_of((psw_real *)work + (ROWS + COLS) * INNER, ROWS, COLS);
}
static psw_panels packed(void *work)
{
    return (psw_panels){(psw_real *)work + (ROWS + COLS) * INNER + ROWS * COLS, INNER, COLS};
}

static size_t bytes(void)
{
    ptrdiff_t plain = (ROWS + COLS) * INNER + ROWS * COLS;
    return (size_t)(plain + psw_panels_count(INNER, COLS)) * sizeof(psw_real);
}

static void prepare(void *work)
{
    psw_real *at = work;
    for (ptrdiff_t i = 0; i < (ROWS + COLS) * INNER; i++) at[i] = (psw_real)(1.0 / (double)(i % 7 + 1));
    psw_panels_pack(psw_read(right(work)), packed(work));
}

static void by_tiles(void *work)
{
    psw_panels_product(psw_read(left(work)), packed(work), result(work));
}

static void by_blas(void *work)
{
    psw_product_nn(psw_read(left(work)), psw_read(right(work)), result(work));
}

#if defined(__AVX512F__)
#define VECTORS "AVX-512"
#elif defined(__AVX2__)
#define VECTORS "AVX2"
#elif defined(__AVX__)
#define VECTORS "AVX"
#elif defined(__SSE2__)
#define VECTORS "SSE2"
#elif defined(__aarch64__)
#define VECTORS "AArch64"
#else
#define VECTORS "no vectors known"
#endif

#ifdef POLYSWEEP_TILES_BLAS
#define TILES "BLAS, the rest " VECTORS
#else
#define TILES "own kernel, " VECTORS
#endif

extern const psw_large_product PSW_PRECISION_NAME(psw_large_product);
const psw_large_product PSW_PRECISION_NAME(psw_large_product) = {.flops = 2.0 * ROWS * INNER * COLS,
                                                                 .tiles = TILES,
                                                                 .bytes = bytes,
                                                                 .prepare = prepare,
                                                                 .by_tiles = by_tiles,
                                                                 .by_blas = by_blas};
