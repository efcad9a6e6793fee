/* Prints the kernel to force where OpenBLAS takes one below the processor's, as it does on processors younger than
 * itself; else nothing. For CMake, which has no program yet that it could ask (`polysweep doctor`): the rule is the
 * same. */
#include <stdio.h>

#include "../src/doctor/blas_kernels.h"

char *openblas_get_corename(void);

int main(void)
{
    doctor_vectors processor = DOCTOR_VECTORS_OLD;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) processor = DOCTOR_VECTORS_AVX2;
    if (__builtin_cpu_supports("avx512vl")) processor = DOCTOR_VECTORS_AVX512;
#endif
    if (doctor_blas_below(openblas_get_corename(), processor)) printf("%s", doctor_blas_kernel_for(processor));
    return 0;
}
