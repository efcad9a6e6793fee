#include "data/load.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

size_t data_type_bytes(data_type type)
{
    static const size_t bytes[DATA_TYPES] = {8, 4, 2, 2};
    return bytes[type];
}

psw_status data_load_fail(const char *path, const char *what)
{
    return PSW_FAIL(PSW_ENVIRONMENT, "%s %s: %s", path, what, psw_reason(errno));
}

/* Not blocking: a pipe without a writer must not hang the program. */
psw_status data_source_open(const char *path, data_source *source)
{
    struct stat about;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return data_load_fail(path, "cannot be opened");
    bool regular = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    FILE *file = regular ? fdopen(descriptor, "rb") : NULL;
    if (!file) close(descriptor);
    if (!regular) return PSW_FAIL(PSW_ENVIRONMENT, "%s is not a file", path);
    if (!file) return data_load_fail(path, "cannot be opened");
    *source = (data_source){file, path, (uint64_t)about.st_size};
    return PSW_OK;
}

void data_source_close(data_source *source)
{
    fclose(source->file);
}

psw_status data_source_bytes(const data_source *source, uint64_t offset, size_t count, void *out)
{
    if (offset > source->bytes || count > source->bytes - offset)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s ends too early: %llu bytes instead of at least %llu", source->path,
                        (unsigned long long)source->bytes, (unsigned long long)(offset + count));
    if (fseeko(source->file, (off_t)offset, SEEK_SET) != 0) return data_load_fail(source->path, "cannot be read");
    if (fread(out, 1, count, source->file) != count) return data_load_fail(source->path, "cannot be read");
    return PSW_OK;
}

/* ---- numbers ---- */

static uint64_t word(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

/* IEEE 754 binary16: 1 sign, 5 exponent and 10 fraction bits. */
static float half(uint32_t bits)
{
    int exponent = (int)(bits >> 10 & 31);
    double fraction = (double)(bits & 1023) / 1024;
    double size = exponent == 31 ? (fraction > 0 ? (double)NAN : (double)INFINITY)
                  : exponent > 0 ? ldexp(1 + fraction, exponent - 15)
                                 : ldexp(fraction, -14);
    return (float)(bits >> 15 ? -size : size);
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void decode(data_type type, ptrdiff_t count, const unsigned char *bytes, ptrdiff_t at, void *out)
{
    size_t each = data_type_bytes(type);
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t bits = word(bytes + (size_t)i * each, each);
        if (type == DATA_F64)
            memcpy((double *)out + at + i, &bits, sizeof bits);
        else
            ((float *)out)[at + i] =
                type == DATA_F16 ? half((uint32_t)bits) : float_of((uint32_t)bits << (type == DATA_BF16 ? 16 : 0));
    }
}

enum { PIECE = 4096 };

psw_status data_load(const data_source *source, const char *name, data_layout layout, psw_side side, psw_arrays *arrays)
{
    unsigned char bytes[PIECE * sizeof(double)];
    psw_tensor t = {.extent = layout.extent, .single = layout.type != DATA_F64};
    ptrdiff_t count = t.extent.heads * t.extent.rows * t.extent.cols;
    size_t each = data_type_bytes(layout.type);
    psw_format(t.name, sizeof t.name, "%s", name);
    t.at = malloc((size_t)count * (t.single ? sizeof(float) : sizeof(double)));
    if (!t.at) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %td numbers of %s", count, name);
    for (ptrdiff_t at = 0; at < count; at += PIECE) {
        ptrdiff_t part = count - at < PIECE ? count - at : PIECE;
        psw_status status = data_source_bytes(source, layout.offset + (uint64_t)at * each, (size_t)part * each, bytes);
        if (status != PSW_OK) {
            free(t.at);
            return status;
        }
        decode(layout.type, part, bytes, at, t.at);
    }
    return psw_arrays_put(arrays, side, &t);
}
