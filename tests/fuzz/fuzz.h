/* What the harnesses share. Each defines LLVMFuzzerTestOneInput and is built twice: by clang with libFuzzer, which
 * makes inputs (fuzz.sh), and with replay.c, which runs the inputs that are kept in corpus/. */
#ifndef POLYSWEEP_TESTS_FUZZ_H
#define POLYSWEEP_TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/base.h"

/* What must hold for every input; a harness that ends here has found a bug. */
#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #condition);                                            \
            fprintf(stderr, __VA_ARGS__);                                                                              \
            fputc('\n', stderr);                                                                                       \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

/* A refusal is one of these and says why. */
static inline void must_say(psw_status status, psw_status refusal)
{
    MUST(status == PSW_OK || status == refusal, "status %d: %s", (int)status, psw_message());
    MUST(status == PSW_OK || strlen(psw_message()) > 8, "no message");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
