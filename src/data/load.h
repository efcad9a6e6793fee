/* data/load: numbers of a file of known size, decoded from little-endian bytes. */
#ifndef POLYSWEEP_DATA_LOAD_H
#define POLYSWEEP_DATA_LOAD_H

#include <stdio.h>

#include "polysweep/arrays.h"

typedef enum data_type { DATA_F64, DATA_F32, DATA_F16, DATA_BF16, DATA_TYPES } data_type;
size_t data_type_bytes(data_type type);

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

/* An array whose size has been checked against the file. `name` has room in a psw_tensor. */
typedef struct data_layout {
    data_type type;
    uint64_t offset;
    psw_extent extent;
} data_layout;
psw_status data_load(const data_source *source, const char *name, data_layout layout, psw_side side,
                     psw_arrays *arrays);

/* DIRECTORY/q.npy for the letter q */
psw_status data_npy_read(const char *directory, char letter, psw_side side, psw_arrays *arrays);
psw_status data_safetensors_read(const char *path, const char letters[PSW_SIDES], psw_arrays *arrays);

#endif
