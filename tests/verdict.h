/* Verdicts that must be the same bit for bit, and the signs that they are made of. */
#ifndef POLYSWEEP_TESTS_VERDICT_H
#define POLYSWEEP_TESTS_VERDICT_H

#include <math.h>
#include <string.h>

#include "polysweep/judge.h"
#include "polysweep/random.h"

/* Members are numbers of eight bytes; of one alone, how much was left out, the order of leaves may be seen. */
static inline bool verdict_same(const psw_verdict *a, const psw_verdict *b)
{
    for (size_t i = 0; i < sizeof *a / sizeof(double); i++) {
        double x, y;
        if (i * sizeof x == offsetof(psw_verdict, head_pruned)) continue;
        memcpy(&x, (const char *)a + i * sizeof x, sizeof x);
        memcpy(&y, (const char *)b + i * sizeof y, sizeof y);
        if (!(isnan(x) && isnan(y)) && memcmp(&x, &y, sizeof x) != 0) return false;
    }
    return true;
}

/* Trial t, vector j: bits of block (t 2^32 + j, k / 128), keyed by (seed, n, d). */
static inline int sign_at(const psw_point *p, ptrdiff_t trial, ptrdiff_t vector, ptrdiff_t k)
{
    uint32_t words[4];
    const uint64_t values[] = {(uint64_t)p->n, (uint64_t)p->d};
    psw_key key = psw_random_key(PSW_STREAM_SIGNS, p->seed, values, 2);
    psw_random_block(key, (uint64_t)trial << 32 | (uint64_t)vector, (uint64_t)(k / 128), words);
    return words[k % 128 / 32] >> (k % 32) & 1 ? 1 : -1;
}

#endif
