/* cmd: kernels of OpenBLAS, the vectors they use, and which to force. An OpenBLAS that is older than a processor takes a
 * kernel of long ago for it, unless OPENBLAS_CORETYPE names another.
 *
 * Needs nothing of the house: tests/blas_kernel.c asks before anything is built. */
#ifndef POLYSWEEP_CMD_BLAS_KERNELS_H
#define POLYSWEEP_CMD_BLAS_KERNELS_H

#include <stddef.h>
#include <string.h>

typedef enum psw_vectors { PSW_VECTORS_UNKNOWN, PSW_VECTORS_OLD, PSW_VECTORS_AVX2, PSW_VECTORS_AVX512 } psw_vectors;

/* UNKNOWN: a kernel that is not of x86, or younger than this table. */
static inline psw_vectors psw_blas_vectors(const char *kernel)
{
    static const struct {
        const char *name;
        psw_vectors vectors;
    } kernels[] = {{"SkylakeX", PSW_VECTORS_AVX512},       {"Cooperlake", PSW_VECTORS_AVX512},
                   {"SapphireRapids", PSW_VECTORS_AVX512}, {"Sapphirerapids", PSW_VECTORS_AVX512},
                   {"Haswell", PSW_VECTORS_AVX2},          {"Zen", PSW_VECTORS_AVX2},
                   {"Excavator", PSW_VECTORS_AVX2},        {"Sandybridge", PSW_VECTORS_OLD},
                   {"Bulldozer", PSW_VECTORS_OLD},         {"Piledriver", PSW_VECTORS_OLD},
                   {"Steamroller", PSW_VECTORS_OLD},       {"Nehalem", PSW_VECTORS_OLD},
                   {"Prescott", PSW_VECTORS_OLD},          {"Core2", PSW_VECTORS_OLD},
                   {"Penryn", PSW_VECTORS_OLD},            {"Dunnington", PSW_VECTORS_OLD},
                   {"Atom", PSW_VECTORS_OLD},              {"Barcelona", PSW_VECTORS_OLD},
                   {"Bobcat", PSW_VECTORS_OLD},            {"Opteron", PSW_VECTORS_OLD},
                   {"Opteron_SSE3", PSW_VECTORS_OLD},      {"Athlon", PSW_VECTORS_OLD},
                   {"Katmai", PSW_VECTORS_OLD},            {"Coppermine", PSW_VECTORS_OLD},
                   {"Northwood", PSW_VECTORS_OLD},         {"Banias", PSW_VECTORS_OLD},
                   {"Nano", PSW_VECTORS_OLD}};
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcmp(kernels[i].name, kernel) == 0) return kernels[i].vectors;
    return PSW_VECTORS_UNKNOWN;
}

/* The kernel that every processor with such vectors can run and every OpenBLAS since 0.3.0 has; NULL: there is none to
 * force. */
static inline const char *psw_blas_kernel_for(psw_vectors vectors)
{
    return vectors == PSW_VECTORS_AVX512 ? "SkylakeX" : vectors == PSW_VECTORS_AVX2 ? "Haswell" : NULL;
}

/* Is the kernel below what a processor with such vectors can do? */
static inline int psw_blas_below(const char *kernel, psw_vectors processor)
{
    psw_vectors has = psw_blas_vectors(kernel);
    return has != PSW_VECTORS_UNKNOWN && has < processor;
}

#endif
