/* The ceiling of products: the faster of tiles and BLAS, by the clock, since that is what times are held against. */
#include <math.h>
#include <stdlib.h>

#include "polysweep/measure.h"
#include "polysweep/targets.h"

enum { ROUNDS = 6 }; /* the first one warms up */

typedef struct times {
    double shortest, median;
} times;

static times time_product(void (*product)(void *), void *work)
{
    double taken[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double start = psw_clock_s();
        product(work);
        taken[round] = psw_clock_s() - start;
    }
    double median = psw_quantile(taken + 1, ROUNDS - 1, 0.5); /* sorts */
    return (times){taken[1], median};
}

static psw_status fastest(const psw_large_product *product, double *flops_s, double *spread)
{
    void *work = aligned_alloc(64, (product->bytes() + 63) / 64 * 64);
    if (!work) return PSW_FAIL(PSW_NO_MEMORY, "no memory to measure products with");
    product->prepare(work);
    times tiles = time_product(product->by_tiles, work), blas = time_product(product->by_blas, work);
    times best = tiles.shortest < blas.shortest ? tiles : blas;
    *flops_s = product->flops / best.shortest;
    *spread = fmax(*spread, best.median / best.shortest);
    free(work);
    return PSW_OK;
}

psw_status psw_measure_products(double flops_s[2], double *spread)
{
    *spread = 1;
    PSW_TRY(fastest(psw_large_product_of(false), &flops_s[PSW_FP64], spread));
    return fastest(psw_large_product_of(true), &flops_s[PSW_FP32], spread);
}
