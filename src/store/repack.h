/* repack: a result file's objects in another file, stored in another way. */
#ifndef POLYSWEEP_STORE_REPACK_H
#define POLYSWEEP_STORE_REPACK_H

#include "store/store.h"

typedef struct store_repack {
    const char *to;          /* an existing file, which becomes another */
    bool packs;              /* else it unpacks */
    int level;               /* of deflate */
    ptrdiff_t longest, rows; /* values of the longest dataset; of a chunk */
} store_repack;

/* Reads `path` with HDF5, which may crash if it is damaged. PSW_ENVIRONMENT, PSW_NO_MEMORY. */
psw_status store_repack_all(const char *path, const store_repack *what);

#endif
