/* Somebody else's HDF5 file: heads of data kind file, and learned weights of a sketch. The input is the file. */
#include "fuzz/hdf.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    psw_arrays arrays = {0};
    psw_weights weights = {0};
    put_file(data, size, path);
    must_say(psw_store_arrays(path, NULL, &arrays), PSW_ENVIRONMENT);
    must_say(psw_store_weights(path, &weights), PSW_ENVIRONMENT);
    psw_arrays_free(&arrays);
    psw_store_weights_free(&weights);
    unlink(path);
    return 0;
}
