/* data/load: numbers of a file of known size, decoded from little-endian bytes, and the formats that have them. */
#ifndef POLYSWEEP_DATA_LOAD_H
#define POLYSWEEP_DATA_LOAD_H

#include <stdio.h>

#include "polysweep/arrays.h"

typedef enum data_type { DATA_F64, DATA_F32, DATA_F16, DATA_BF16, DATA_I64, DATA_I32, DATA_U8, DATA_TYPES } data_type;
size_t data_type_bytes(data_type type);
/* Number of the word in a list of DATA_TYPES words, in which a NULL is none; -1 = not there. */
int data_type_of(const char *const *words, const char *word, size_t length);

typedef struct data_source {
    FILE *file;
    const char *path;
    uint64_t bytes; /* of the whole file */
} data_source;

/* "PATH what: errno's text", PSW_ENVIRONMENT */
psw_status data_load_fail(const char *path, const char *what);
psw_status data_source_open(const char *path, data_source *source); /* a regular file */
void data_source_close(data_source *source);
/* Exactly `count` bytes from `offset` on. */
psw_status data_source_bytes(const data_source *source, uint64_t offset, size_t count, void *out);
/* `count` numbers from number `first` of a tensor on, as psw_tensors.read. */
psw_status data_source_numbers(const data_source *source, const psw_tensor_about *about, uint64_t first, size_t count,
                               void *out);

/* Sets type, single and whole of a tensor. */
void data_type_set(psw_tensor_about *about, data_type type);
/* Numbers in a tensor; false: more than memory can address. */
bool data_tensor_count(const psw_tensor_about *about, uint64_t *count);

/* A directory of NAME.npy files; a file NAME.safetensors. */
psw_status data_npy_open(const char *path, psw_tensors *tensors);
psw_status data_safetensors_open(const char *path, psw_tensors *tensors);

/* Columns of queries and keys rotated as keys->rope_* say (rotary position embedding, Su et al. 2021): row i of
 * `rows` stands at position first + i. */
void data_rope(const psw_file_keys *keys, ptrdiff_t first, ptrdiff_t rows, ptrdiff_t cols, double *x);

#endif
