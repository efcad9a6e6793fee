/* Memory bandwidth of a rank, by a[i] = b[i] + s c[i] over arrays that no cache holds (McCalpin's triad). */
#include <float.h>
#include <stdlib.h>

#include "polysweep/measure.h"

enum { ROUNDS = 4 };
static const ptrdiff_t length = (ptrdiff_t)3 << 20; /* three arrays of 24 MiB */

/* Not inlined, so that every round is carried out. */
__attribute__((noinline)) static void triad(double *restrict a, const double *restrict b, const double *restrict c,
                                            double s)
{
    for (ptrdiff_t i = 0; i < length; i++) a[i] = b[i] + s * c[i];
}

/* The first round meets the pages for the first time; the shortest of the others counts. */
static double shortest(double *at)
{
    double best = DBL_MAX, *a = at, *b = at + length, *c = at + 2 * length;
    for (ptrdiff_t i = 0; i < length; i++) a[i] = 0, b[i] = 1, c[i] = 2;
    for (int round = 0; round < ROUNDS; round++) {
        double start = psw_clock_s();
        triad(a, b, c, 1.0 + round);
        double seconds = psw_clock_s() - start;
        if (round > 0 && seconds < best) best = seconds;
    }
    return best;
}

psw_status psw_measure_memory(double *byte_s)
{
    double *at = malloc(3 * (size_t)length * sizeof *at);
    if (!at) return PSW_FAIL(PSW_NO_MEMORY, "no memory to measure memory with");
    *byte_s = shortest(at) / (3 * (double)length * sizeof *at);
    free(at);
    return PSW_OK;
}
