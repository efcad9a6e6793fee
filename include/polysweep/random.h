/* base: counter-based random numbers (Philox4x32-10, Random123; Salmon et al., SC'11).
 *
 * A number is f(stream, seed, values of the point, row, column): it never depends on a rank, a slot or
 * earlier draws, so any process can produce any part of any sequence. */
#ifndef POLYSWEEP_RANDOM_H
#define POLYSWEEP_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* What a sequence is for. The numbers are part of every stored result: never renumber. */
typedef enum psw_stream {
    PSW_STREAM_NOISE = 1, /* perturbation of the self-attention data */
    PSW_STREAM_SIGNS = 2, /* sign vectors of the threshold head */
    PSW_STREAM_DATA = 3,  /* rows of generated data kinds */
    PSW_STREAM_SKETCH = 4,
    PSW_STREAM_ROWS = 5 /* query rows in the sample of errors */
} psw_stream;

typedef struct psw_key {
    uint32_t word[2];
} psw_key;

/* The key of (stream, seed, values[0..count)): the values are absorbed one after another by Philox. */
psw_key psw_random_key(psw_stream stream, uint64_t seed, const uint64_t *values, ptrdiff_t count);

/* One block of 128 bits at (row, column). */
void psw_random_block(psw_key key, uint64_t row, uint64_t column, uint32_t out[4]);

/* Standard normals of row `row`, columns first .. first+count: Box-Muller on two 53-bit uniforms per block,
 * column c from block c/2. */
void psw_random_normals(psw_key key, uint64_t row, ptrdiff_t first, ptrdiff_t count, double *out);

/* Uniforms in (0,1), column c from block c/2. */
void psw_random_uniforms(psw_key key, uint64_t row, ptrdiff_t first, ptrdiff_t count, double *out);

#endif
