/* The ceiling of products: the faster of tiles and BLAS, by the clock, since that is what times are held against. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "polysweep/measure.h"
#include "polysweep/targets.h"

enum { ROUNDS = 6 }; /* the first one warms up */

static double shortest(void (*product)(void *), void *work)
{
    double best = DBL_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        double start = psw_clock_s();
        product(work);
        if (round > 0) best = fmin(best, psw_clock_s() - start);
    }
    return best;
}

static psw_status fastest(const psw_large_product *product, double *flops_s)
{
    void *work = aligned_alloc(64, (product->bytes() + 63) / 64 * 64);
    if (!work) return PSW_FAIL(PSW_NO_MEMORY, "no memory to measure products with");
    product->prepare(work);
    *flops_s = product->flops / fmin(shortest(product->by_tiles, work), shortest(product->by_blas, work));
    free(work);
    return PSW_OK;
}

psw_status psw_measure_products(double flops_s[2])
{
    PSW_TRY(fastest(psw_large_product_of(false), &flops_s[PSW_FP64]));
    return fastest(psw_large_product_of(true), &flops_s[PSW_FP32]);
}
