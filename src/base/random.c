#include "polysweep/random.h"

#include <Random123/philox.h>
#include <math.h>

/* Absorbs the values two 32-bit words at a time: the output of one block keys the next. */
psw_key psw_random_key(psw_stream stream, uint64_t seed, const uint64_t *values, ptrdiff_t count)
{
    philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    philox4x32_ctr_t state = {{(uint32_t)stream, (uint32_t)count, 0x706f6c79, 0x73776570}};
    state = philox4x32(state, key);
    for (ptrdiff_t i = 0; i < count; i++) {
        key.v[0] = state.v[0] ^ (uint32_t)values[i];
        key.v[1] = state.v[1] ^ (uint32_t)(values[i] >> 32);
        state = philox4x32(state, key);
    }
    return (psw_key){{state.v[0], state.v[1]}};
}

void psw_random_block(psw_key key, uint64_t row, uint64_t column, uint32_t out[4])
{
    philox4x32_ctr_t counter = {{(uint32_t)column, (uint32_t)(column >> 32), (uint32_t)row, (uint32_t)(row >> 32)}};
    philox4x32_key_t words = {{key.word[0], key.word[1]}};
    philox4x32_ctr_t block = philox4x32(counter, words);
    for (int i = 0; i < 4; i++) out[i] = block.v[i];
}

/* 53 bits to the open interval (0,1): (k + 1/2) 2^-53 would round to 1 at the top, so 52 bits and a half. */
static double uniform(uint32_t high, uint32_t low)
{
    uint64_t bits = ((uint64_t)high << 32 | low) >> 12;
    return ((double)bits + 0.5) * 0x1p-52;
}

static void pair_of_uniforms(psw_key key, uint64_t row, uint64_t block, double out[2])
{
    uint32_t words[4];
    psw_random_block(key, row, block, words);
    out[0] = uniform(words[0], words[1]);
    out[1] = uniform(words[2], words[3]);
}

/* Box-Muller: sqrt(-2 ln u) (cos, sin)(2 pi v) */
static void pair_of_normals(psw_key key, uint64_t row, uint64_t block, double out[2])
{
    double u[2];
    pair_of_uniforms(key, row, block, u);
    double radius = sqrt(-2 * log(u[0])), angle = 6.283185307179586 * u[1];
    out[0] = radius * cos(angle);
    out[1] = radius * sin(angle);
}

static void fill(void (*pair)(psw_key, uint64_t, uint64_t, double[2]), psw_key key, uint64_t row, ptrdiff_t first,
                 ptrdiff_t count, double *out)
{
    for (ptrdiff_t c = first; c < first + count;) {
        double both[2];
        pair(key, row, (uint64_t)c / 2, both);
        do {
            out[c - first] = both[c % 2];
            c++;
        } while (c % 2 && c < first + count);
    }
}

void psw_random_normals(psw_key key, uint64_t row, ptrdiff_t first, ptrdiff_t count, double *out)
{
    fill(pair_of_normals, key, row, first, count, out);
}

void psw_random_uniforms(psw_key key, uint64_t row, ptrdiff_t first, ptrdiff_t count, double *out)
{
    fill(pair_of_uniforms, key, row, first, count, out);
}
