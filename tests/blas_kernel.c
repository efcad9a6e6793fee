/* Prints the kernel to force where OpenBLAS takes one below the processor's, as it does on processors younger than itself;
 * else nothing. For CMake, which has no program yet that it could ask (`polysweep doctor`): the rule is the same. */
#include <stdio.h>

#include "../src/cmd/blas_kernels.h"

char *openblas_get_corename(void);

int main(void)
{
    psw_vectors processor = PSW_VECTORS_OLD;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx2")) processor = PSW_VECTORS_AVX2;
    if (__builtin_cpu_supports("avx512vl")) processor = PSW_VECTORS_AVX512;
#endif
    if (psw_blas_below(openblas_get_corename(), processor)) printf("%s", psw_blas_kernel_for(processor));
    return 0;
}
