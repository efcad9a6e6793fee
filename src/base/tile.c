#include "polysweep/base.h"

#if defined(__AVX512F__)
#define TARGET "AVX-512"
#elif defined(__AVX2__)
#define TARGET "AVX2"
#elif defined(__AVX__)
#define TARGET "AVX"
#elif defined(__SSE2__)
#define TARGET "SSE2"
#elif defined(__aarch64__)
#define TARGET "AArch64"
#else
#define TARGET "no vectors known"
#endif

const char *psw_tile_backend(void)
{
#ifdef POLYSWEEP_TILES_BLAS
    return "BLAS, the rest " TARGET;
#else
    return "own kernel, " TARGET;
#endif
}
