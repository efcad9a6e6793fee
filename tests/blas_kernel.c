/* Prints the kernel to force where OpenBLAS takes one below the processor's, as it does on processors younger than itself;
 * else nothing. */
#include <stdio.h>
#include <string.h>

char *openblas_get_corename(void);

int main(void)
{
    static const char *const wide[] = {"SkylakeX", "Cooperlake",  "SapphireRapids", "Sapphirerapids",
                                       "Haswell",  "Zen",         "Excavator"};
    const char *kernel = openblas_get_corename();
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++)
        if (strcmp(kernel, wide[i]) == 0) return 0;
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512f"))
        printf("SkylakeX");
    else if (__builtin_cpu_supports("avx2"))
        printf("Haswell");
#endif
    return 0;
}
