/* The few words a test needs. A test counts its failures and returns test_end(); each tolerance stands beside its
 * reason where it is used. */
#ifndef POLYSWEEP_TESTS_CHECK_H
#define POLYSWEEP_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>

static int test_failures = 0;
static long test_checks = 0;

#define CHECK(condition, ...)                                                                                          \
    do {                                                                                                               \
        test_checks++;                                                                                                 \
        if (!(condition)) {                                                                                            \
            test_failures++;                                                                                           \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                            \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fputc('\n', stderr);                                                                                       \
        }                                                                                                              \
    } while (0)

/* |a - b| <= tolerance * max(1, |b|) */
#define CHECK_NEAR(a, b, tolerance)                                                                                    \
    CHECK(fabs((a) - (b)) <= (tolerance)*fmax(1, fabs(b)), "%.17g is not %.17g within %g", (double)(a), (double)(b),   \
          (double)(tolerance))

static inline int test_end(void)
{
    if (test_checks == 0) fprintf(stderr, "no check was made\n");
    fprintf(stderr, "%ld checks, %d failed\n", test_checks, test_failures);
    return test_checks == 0 || test_failures > 0;
}

#endif
