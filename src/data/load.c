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
    static const size_t bytes[DATA_TYPES] = {8, 4, 2, 2, 8, 4, 1};
    return bytes[type];
}

int data_type_of(const char *const *words, const char *word, size_t length)
{
    for (int i = 0; i < DATA_TYPES; i++)
        if (words[i] && strlen(words[i]) == length && memcmp(words[i], word, length) == 0) return i;
    return -1;
}

void data_type_set(psw_tensor_about *about, data_type type)
{
    about->type = (int)type;
    about->whole = type >= DATA_I64;
    about->single = type != DATA_F64 && !about->whole;
}

bool data_tensor_count(const psw_tensor_about *about, uint64_t *count)
{
    *count = 1;
    for (int i = 0; i < about->dims; i++) {
        if (about->length[i] > 0 && *count > PTRDIFF_MAX / sizeof(double) / about->length[i]) return false;
        *count *= about->length[i];
    }
    return true;
}

static void show(const char *text, size_t most, char *out, size_t size)
{
    size_t length = strlen(text), cut = length > most ? length - most : 0;
    psw_format(out, size, "%s%s", cut ? "..." : "", text + cut);
}

void psw_tensor_title(const psw_tensors *tensors, const char *name, char *text, size_t size)
{
    char place[64], word[128];
    show(tensors->path, 56, place, sizeof place);
    show(name, 120, word, sizeof word);
    psw_format(text, size, "%s%s%s%s", place, tensors->joint, word, tensors->suffix);
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

static double double_of(data_type type, uint64_t bits)
{
    double value;
    if (type == DATA_I64) return (double)(int64_t)bits;
    if (type == DATA_I32) return (double)(int32_t)(uint32_t)bits;
    if (type == DATA_U8) return (double)bits;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void decode(const psw_tensor_about *about, size_t count, const unsigned char *bytes, size_t at, void *out)
{
    data_type type = (data_type)about->type;
    size_t each = data_type_bytes(type);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = word(bytes + i * each, each);
        if (about->single)
            ((float *)out)[at + i] =
                type == DATA_F16 ? half((uint32_t)bits) : float_of((uint32_t)bits << (type == DATA_BF16 ? 16 : 0));
        else
            ((double *)out)[at + i] = double_of(type, bits);
    }
}

enum { PIECE = 4096 };

psw_status data_source_numbers(const data_source *source, const psw_tensor_about *about, uint64_t first, size_t count,
                               void *out)
{
    unsigned char bytes[PIECE * sizeof(double)];
    size_t each = data_type_bytes((data_type)about->type);
    for (size_t at = 0; at < count; at += PIECE) {
        size_t part = count - at < PIECE ? count - at : PIECE;
        PSW_TRY(data_source_bytes(source, about->offset + (first + at) * each, part * each, bytes));
        decode(about, part, bytes, at, out);
    }
    return PSW_OK;
}
