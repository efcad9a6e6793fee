#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "data/load.h"

static const char letters[PSW_SIDES] = {'q', 'k', 'v'};

psw_status psw_arrays_extent(const char *name, const uint64_t *lengths, int dims, psw_extent *extent)
{
    uint64_t product = 1;
    if (dims != 2 && dims != 3)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s has %d dimensions; give it the shape [heads, n, width] or [n, width]",
                        name, dims);
    for (int i = 0; i < dims; i++) {
        if (lengths[i] == 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s is empty (dimension %d has length 0)", name, i);
        if (lengths[i] > PTRDIFF_MAX / sizeof(double) / product)
            return PSW_FAIL(PSW_ENVIRONMENT, "%s claims more numbers than memory can hold", name);
        product *= lengths[i];
    }
    const uint64_t *last = lengths + dims - 2;
    *extent = (psw_extent){dims == 3 ? (ptrdiff_t)lengths[0] : 1, (ptrdiff_t)last[0], (ptrdiff_t)last[1]};
    return PSW_OK;
}

static psw_status check_finite(const psw_tensor *t)
{
    ptrdiff_t count = t->extent.heads * t->extent.rows * t->extent.cols, i = 0;
    const float *single = t->at;
    const double *full = t->at;
    while (i < count && isfinite(t->single ? (double)single[i] : full[i])) i++;
    if (i == count) return PSW_OK;
    ptrdiff_t row = i / t->extent.cols, col = i % t->extent.cols;
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s[%td, %td, %td] (head, token, column) is %g; replace it, or leave this head out", t->name,
                    row / t->extent.rows, row % t->extent.rows, col, t->single ? (double)single[i] : full[i]);
}

psw_status psw_arrays_put(psw_arrays *arrays, psw_side side, const psw_tensor *tensor)
{
    free(arrays->side[side].at);
    arrays->side[side] = *tensor;
    return check_finite(tensor);
}

static psw_status disagree(const psw_tensor *a, const psw_tensor *b, const char *what)
{
    return PSW_FAIL(
        PSW_ENVIRONMENT,
        "%s is [%td, %td, %td] but %s is [%td, %td, %td] (heads, tokens, width): they must have the same %s", a->name,
        a->extent.heads, a->extent.rows, a->extent.cols, b->name, b->extent.heads, b->extent.rows, b->extent.cols,
        what);
}

psw_status psw_arrays_finish(psw_arrays *arrays)
{
    const psw_tensor *q = &arrays->side[PSW_QUERY], *k = &arrays->side[PSW_KEY], *v = &arrays->side[PSW_VALUE];
    for (int side = 0; side < PSW_SIDES; side++)
        if (!arrays->side[side].at) return PSW_FAIL(PSW_ENVIRONMENT, "array %c is missing", letters[side]);
    for (const psw_tensor *other = k; other <= v; other++) {
        if (other->extent.heads != q->extent.heads) return disagree(q, other, "number of heads");
        if (other->extent.rows != q->extent.rows) return disagree(q, other, "number of tokens");
    }
    if (q->extent.cols != k->extent.cols) return disagree(q, k, "width");
    arrays->heads = q->extent.heads, arrays->n = q->extent.rows;
    arrays->d = q->extent.cols, arrays->v = v->extent.cols;
    return PSW_OK;
}

void psw_arrays_free(psw_arrays *arrays)
{
    for (int side = 0; side < PSW_SIDES; side++) free(arrays->side[side].at);
    *arrays = (psw_arrays){0};
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

static psw_status read_all(const char *path, psw_arrays *arrays)
{
    struct stat about;
    if (stat(path, &about) != 0) return data_load_fail(path, "cannot be found");
    if (S_ISDIR(about.st_mode)) {
        for (int side = 0; side < PSW_SIDES; side++)
            PSW_TRY(data_npy_read(path, letters[side], (psw_side)side, arrays));
    } else if (ends_in(path, ".safetensors")) {
        PSW_TRY(data_safetensors_read(path, letters, arrays));
    } else {
        return PSW_FAIL(PSW_ENVIRONMENT,
                        "%s: arrays are read from NAME.safetensors, from a directory with q.npy, k.npy and v.npy, or "
                        "from NAME.h5",
                        path);
    }
    return psw_arrays_finish(arrays);
}

psw_status psw_arrays_read(const char *path, psw_arrays *arrays)
{
    *arrays = (psw_arrays){0};
    psw_status status = read_all(path, arrays);
    if (status != PSW_OK) psw_arrays_free(arrays);
    return status;
}
