/* data: queries, keys and values of attention heads, computed elsewhere.
 *
 * Arrays have the shape [batch, heads, n, width], [heads, n, width], or [n, width] for one head; queries and keys are d
 * wide, values v. Keys and values may have fewer heads, which then serve neighbouring query heads, and another number
 * of tokens. Numbers stay in single precision where the file holds no more, and are finite. Only the heads that are
 * wanted are read. A reader trusts nothing that a file says about itself before comparing it with the size of the file.
 */
#ifndef POLYSWEEP_ARRAYS_H
#define POLYSWEEP_ARRAYS_H

#include "polysweep/spec.h"

typedef enum psw_side { PSW_QUERY, PSW_KEY, PSW_VALUE, PSW_SIDES } psw_side;

typedef struct psw_extent {
    ptrdiff_t batches, heads, rows, cols;
} psw_extent;

typedef struct psw_tensor {
    char name[256]; /* in messages: file and array */
    psw_extent extent;
    bool single;      /* at holds float, else double */
    void *at;         /* heads, one after another */
    ptrdiff_t *place; /* [batches x heads]: number of the head among them, -1: not read; NULL: all, in order */
} psw_tensor;

typedef struct psw_layer {
    psw_tensor side[PSW_SIDES]; /* at of the first is NULL: not read */
    ptrdiff_t kv_heads;         /* of keys and values, each for as many query heads */
    double *length;             /* [batches]: tokens of a sequence, the rest is padding; NULL: all */
} psw_layer;

typedef struct psw_arrays {
    psw_layer *layer;
    ptrdiff_t layers;
} psw_arrays;

typedef struct psw_head_place {
    ptrdiff_t layer, batch, head;
} psw_head_place;
typedef struct psw_wanted {
    const psw_file_keys *keys; /* NULL: the defaults */
    const psw_head_place *at;  /* ascending; NULL: all heads of layer 0 */
    ptrdiff_t count;
} psw_wanted;

/* ---- an opened file of tensors, of any format ---- */

enum { PSW_TENSOR_DIMENSIONS = 8 };
typedef struct psw_tensor_about {
    uint64_t length[PSW_TENSOR_DIMENSIONS], offset; /* offset, type: the format's own */
    int dims, type;
    bool single, whole; /* whole: whole numbers, which are read as double */
    const char *name;
} psw_tensor_about;

typedef struct psw_tensors psw_tensors;
struct psw_tensors {
    const char *path, *noun;    /* noun: what the format calls a tensor */
    const char *joint, *suffix; /* a tensor in messages is PATH joint NAME suffix */
    void *file;
    const char *(*name)(const psw_tensors *tensors, ptrdiff_t index); /* of each tensor; NULL past the last */
    /* The tensor of that name, which exists. Its numbers are in the file. PSW_ENVIRONMENT. */
    psw_status (*find)(const psw_tensors *tensors, const char *name, psw_tensor_about *about);
    /* `count` numbers from number `first` on, in C order, as float where about->single, else as double. */
    psw_status (*read)(const psw_tensors *tensors, const psw_tensor_about *about, uint64_t first, size_t count,
                       void *to);
    bool (*attribute)(const psw_tensors *tensors, const char *name, char *text, size_t size); /* source, scale */
    void (*close)(psw_tensors *tensors);
};

/* NAME.safetensors (F64, F32, F16, BF16) or a directory of .npy files (formats 1 to 3, f8, f4, f2, C order); whole
 * numbers for lengths. `path` must outlive it. PSW_ENVIRONMENT. psw_store_arrays reads HDF5 too. */
psw_status psw_tensors_open(const char *path, psw_tensors *tensors);

/* ---- heads ---- */

/* A tensor in messages; what is too long loses its beginning. */
void psw_tensor_title(const psw_tensors *tensors, const char *name, char *text, size_t size);

/* The heads that are wanted. Without names, queries are tensor q, else layer.L.q, else the one whose name ends in .q,
 * /q or _q; keys and values likewise. The caller frees. PSW_ENVIRONMENT with the array, the index and what to do. */
psw_status psw_arrays_load(const psw_tensors *tensors, const psw_wanted *wanted, psw_arrays *arrays);
void psw_arrays_free(psw_arrays *arrays);
/* What the file says of itself, without its numbers. */
psw_status psw_arrays_facts(const psw_tensors *tensors, const psw_file_keys *keys, psw_file_facts *facts);

/* The head of keys and values that query head `head` reads. */
ptrdiff_t psw_layer_key_head(const psw_layer *layer, ptrdiff_t head);

#endif
