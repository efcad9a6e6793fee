#include <string.h>
#include <sys/stat.h>

#include "data/load.h"

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

psw_status psw_tensors_open(const char *path, psw_tensors *tensors)
{
    struct stat about;
    if (stat(path, &about) != 0) return data_load_fail(path, "cannot be found");
    if (S_ISDIR(about.st_mode)) return data_npy_open(path, tensors);
    if (ends_in(path, ".safetensors")) return data_safetensors_open(path, tensors);
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s: arrays are read from NAME.safetensors, from a directory with q.npy, k.npy and v.npy, or "
                    "from NAME.h5",
                    path);
}
