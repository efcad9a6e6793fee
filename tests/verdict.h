/* Verdicts that must be the same bit for bit. */
#ifndef POLYSWEEP_TESTS_VERDICT_H
#define POLYSWEEP_TESTS_VERDICT_H

#include <math.h>
#include <string.h>

#include "polysweep/judge.h"

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

#endif
