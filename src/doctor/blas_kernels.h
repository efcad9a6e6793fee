/* doctor: kernels of OpenBLAS, the vectors they use, and which to force. An OpenBLAS that is older than a processor
 * takes a kernel of long ago for it, unless OPENBLAS_CORETYPE names another.
 *
 * Needs nothing of the house: tests/blas_kernel.c asks before anything is built. */
#ifndef POLYSWEEP_DOCTOR_BLAS_KERNELS_H
#define POLYSWEEP_DOCTOR_BLAS_KERNELS_H

#include <stddef.h>
#include <string.h>

typedef enum doctor_vectors {
    DOCTOR_VECTORS_UNKNOWN,
    DOCTOR_VECTORS_OLD,
    DOCTOR_VECTORS_AVX2,
    DOCTOR_VECTORS_AVX512
} doctor_vectors;

/* UNKNOWN: a kernel that is not of x86, or younger than this table. */
static inline doctor_vectors doctor_blas_vectors(const char *kernel)
{
    static const struct {
        const char *name;
        doctor_vectors vectors;
    } kernels[] = {{"SkylakeX", DOCTOR_VECTORS_AVX512},
                   {"Cooperlake", DOCTOR_VECTORS_AVX512},
                   {"SapphireRapids", DOCTOR_VECTORS_AVX512},
                   {"Sapphirerapids", DOCTOR_VECTORS_AVX512},
                   {"Haswell", DOCTOR_VECTORS_AVX2},
                   {"Zen", DOCTOR_VECTORS_AVX2},
                   {"Excavator", DOCTOR_VECTORS_AVX2},
                   {"Sandybridge", DOCTOR_VECTORS_OLD},
                   {"Bulldozer", DOCTOR_VECTORS_OLD},
                   {"Piledriver", DOCTOR_VECTORS_OLD},
                   {"Steamroller", DOCTOR_VECTORS_OLD},
                   {"Nehalem", DOCTOR_VECTORS_OLD},
                   {"Prescott", DOCTOR_VECTORS_OLD},
                   {"Core2", DOCTOR_VECTORS_OLD},
                   {"Penryn", DOCTOR_VECTORS_OLD},
                   {"Dunnington", DOCTOR_VECTORS_OLD},
                   {"Atom", DOCTOR_VECTORS_OLD},
                   {"Barcelona", DOCTOR_VECTORS_OLD},
                   {"Bobcat", DOCTOR_VECTORS_OLD},
                   {"Opteron", DOCTOR_VECTORS_OLD},
                   {"Opteron_SSE3", DOCTOR_VECTORS_OLD},
                   {"Athlon", DOCTOR_VECTORS_OLD},
                   {"Katmai", DOCTOR_VECTORS_OLD},
                   {"Coppermine", DOCTOR_VECTORS_OLD},
                   {"Northwood", DOCTOR_VECTORS_OLD},
                   {"Banias", DOCTOR_VECTORS_OLD},
                   {"Nano", DOCTOR_VECTORS_OLD}};
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcmp(kernels[i].name, kernel) == 0) return kernels[i].vectors;
    return DOCTOR_VECTORS_UNKNOWN;
}

/* The kernel that every processor with such vectors can run and every OpenBLAS since 0.3.0 has; NULL: there is none to
 * force. */
static inline const char *doctor_blas_kernel_for(doctor_vectors vectors)
{
    return vectors == DOCTOR_VECTORS_AVX512 ? "SkylakeX" : vectors == DOCTOR_VECTORS_AVX2 ? "Haswell" : NULL;
}

/* Is the kernel below what a processor with such vectors can do? */
static inline int doctor_blas_below(const char *kernel, doctor_vectors processor)
{
    doctor_vectors has = doctor_blas_vectors(kernel);
    return has != DOCTOR_VECTORS_UNKNOWN && has < processor;
}

#endif
