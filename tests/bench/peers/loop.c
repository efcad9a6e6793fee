/* Fused multiply-adds that never leave the registers: the most that this processor can do. Twelve independent chains
 * cover the latency (4 cycles on two ports need 8) and leave four of sixteen registers for operands. */
#if defined(__AVX512F__)
enum { BYTES = 64 };
#elif defined(__AVX__)
enum { BYTES = 32 };
#else
enum { BYTES = 16 };
#endif
enum { CHAINS = 12 };

#define LOOP(name, real)                                                                                               \
    double name(long turns, double by, double more)                                                                    \
    {                                                                                                                  \
        typedef real lanes __attribute__((vector_size(BYTES)));                                                        \
        lanes sum[CHAINS], a, b;                                                                                       \
        for (unsigned i = 0; i < BYTES / sizeof(real); i++) a[i] = (real)by, b[i] = (real)more;                        \
        for (int c = 0; c < CHAINS; c++) sum[c] = b * (real)c;                                                         \
        for (long t = 0; t < turns; t++)                                                                               \
            for (int c = 0; c < CHAINS; c++) sum[c] = sum[c] * a + b;                                                  \
        double all = 0;                                                                                                \
        for (int c = 0; c < CHAINS; c++) all += (double)sum[c][0];                                                     \
        return all;                                                                                                    \
    }

LOOP(loop_fp32, float)
LOOP(loop_fp64, double)

/* Operations of one turn. */
int loop_work_fp32(void)
{
    return 2 * CHAINS * BYTES / (int)sizeof(float);
}

int loop_work_fp64(void)
{
    return 2 * CHAINS * BYTES / (int)sizeof(double);
}
