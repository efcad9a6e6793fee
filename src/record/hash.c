/* Hashes: of words and texts, of a launch, of what is kept of a slot beside its columns. */
#include <math.h>
#include <string.h>

#include "polysweep/record.h"

/* SplitMix64's finaliser (Steele, Lea, Flood 2014): every bit of the input moves every bit of the output. */
uint64_t psw_hash_word(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

uint64_t psw_hash_text(uint64_t seed, const char *text)
{
    uint64_t h = psw_hash_word(seed + 0x9e3779b97f4a7c15);
    for (; *text; text++) h = psw_hash_word(h ^ (unsigned char)*text);
    return h;
}

uint64_t psw_launch_checksum(const psw_launch *l)
{
    const char *parts[] = {l->started, l->hosts, l->version, l->mpi, l->hdf5, l->cpu, l->blas, l->blas_kernel};
    uint64_t h = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) h = psw_hash_text(h, parts[i]);
    return h ? h : 1;
}

static uint64_t content_word(uint64_t salt, ptrdiff_t position, double value)
{
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    return isnan(value) ? 0 : psw_hash_word(word ^ (salt + (uint64_t)position * 0x9e3779b97f4a7c15));
}

static uint64_t content_salt(int line)
{
    return psw_hash_word((uint64_t)line + 1);
}

uint64_t psw_content_sum(int line, ptrdiff_t first, ptrdiff_t count, const double *values)
{
    uint64_t sum = 0, salt = content_salt(line);
    for (ptrdiff_t i = 0; i < count; i++) sum += content_word(salt, first + i, values[i]);
    return sum;
}

uint64_t psw_content_sum_single(int line, ptrdiff_t first, ptrdiff_t count, const float *values)
{
    uint64_t sum = 0, salt = content_salt(line);
    for (ptrdiff_t i = 0; i < count; i++) sum += content_word(salt, first + i, (double)values[i]);
    return sum;
}
