/* data: queries, keys and values of one or many attention heads, computed elsewhere.
 *
 * Arrays have the shape [heads, n, width], or [n, width] for one head; queries and keys are d wide, values v. They stay
 * in single precision where the file holds no more. Every number is finite. A reader trusts nothing that a file says
 * about itself before comparing it with the size of the file. */
#ifndef POLYSWEEP_ARRAYS_H
#define POLYSWEEP_ARRAYS_H

#include "polysweep/base.h"

typedef enum psw_side { PSW_QUERY, PSW_KEY, PSW_VALUE, PSW_SIDES } psw_side;

typedef struct psw_extent {
    ptrdiff_t heads, rows, cols;
} psw_extent;

typedef struct psw_tensor {
    char name[256]; /* in messages: file and array */
    psw_extent extent;
    bool single; /* at holds float, else double */
    void *at;
} psw_tensor;

typedef struct psw_arrays {
    ptrdiff_t heads, n, d, v;
    psw_tensor side[PSW_SIDES];
} psw_arrays;

/* Reads NAME.safetensors (tensors q, k, v, or names that end in .q, /q or _q; F64, F32, F16, BF16) or a directory with
 * q.npy, k.npy and v.npy (formats 1 to 3, f8, f4, f2, C order). The caller frees. PSW_ENVIRONMENT with the array, the
 * index and what to do; psw_store_arrays reads HDF5 too. */
psw_status psw_arrays_read(const char *path, psw_arrays *arrays);
void psw_arrays_free(psw_arrays *arrays);

/* For readers of other formats. extent: of `dims` lengths, as an array of rows (PSW_ENVIRONMENT: not 2 or 3, empty, or
 * more than memory can address). put: `values`, from malloc, belong to the arrays from here on, whatever is returned.
 * finish: checks that all three are there and agree. */
psw_status psw_arrays_extent(const char *name, const uint64_t *lengths, int dims, psw_extent *extent);
psw_status psw_arrays_put(psw_arrays *arrays, psw_side side, const psw_tensor *tensor);
psw_status psw_arrays_finish(psw_arrays *arrays);

#endif
