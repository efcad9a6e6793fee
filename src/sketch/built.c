#include "polysweep/built.h"

#include "sketch/shape.h"

bool psw_built_with_fftw(void)
{
#ifdef PSW_WITH_FFTW
    return true;
#else
    return false;
#endif
}

bool psw_built_with_hwloc(void)
{
#ifdef PSW_WITH_HWLOC
    return true;
#else
    return false;
#endif
}

/* A length that has it is FFTW's. */
static ptrdiff_t large_prime(ptrdiff_t length)
{
    for (ptrdiff_t factor = 2; factor <= SKETCH_PRIME; factor++)
        while (length > 1 && length % factor == 0) length /= factor;
    return length > 1 ? length : 0;
}

/* The nearest lengths without one. */
static ptrdiff_t nearest(ptrdiff_t length, ptrdiff_t step)
{
    while (length > 1 && large_prime(length)) length += step;
    return length;
}

psw_status psw_built_computes(const psw_point *point)
{
    if (psw_built_with_fftw() || point->method != PSW_TENSORSKETCH || !large_prime(point->r)) return PSW_OK;
    return PSW_FAIL(
        PSW_USAGE,
        "tensorsketch: r = %td has a prime factor above %d, for which this program would need FFTW; it was "
        "built without: take r = %td or %td, or install FFTW in both precisions (libfftw3-dev) and build with "
        "-DPOLYSWEEP_FFTW=ON",
        point->r, SKETCH_PRIME, nearest(point->r, -1), nearest(point->r, 1));
}
