#include <stdlib.h>
#include <string.h>

#include "data/load.h"

/* The header of a .npy file (formats 1 to 3) is the text of a Python dictionary with exactly three keys,
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }
 * which is all this reader takes. */

enum { HEADER_MOST = 65536, DIMENSIONS_MOST = 8 };

typedef struct header {
    char descr[16];
    bool fortran, has_descr, has_fortran, has_shape;
    uint64_t length[DIMENSIONS_MOST];
    int dims;
} header;

static void skip(const char **at)
{
    while (**at == ' ' || **at == '\n' || **at == '\t') (*at)++;
}

static bool take(const char **at, const char *text)
{
    size_t length = strlen(text);
    skip(at);
    if (strncmp(*at, text, length) != 0) return false;
    *at += length;
    return true;
}

/* 'text' or "text" */
static bool take_quoted(const char **at, char *out, size_t size)
{
    skip(at);
    char quote = **at;
    if (quote != '\'' && quote != '"') return false;
    const char *end = strchr(*at + 1, quote);
    if (!end || (size_t)(end - *at) > size) return false;
    size_t length = (size_t)(end - *at - 1);
    memcpy(out, *at + 1, length);
    out[length] = 0;
    *at = end + 1;
    return true;
}

static bool take_number(const char **at, uint64_t *number)
{
    skip(at);
    if (**at < '0' || **at > '9') return false;
    for (*number = 0; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (*number > (UINT64_MAX - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    return true;
}

/* (), (2,), (2, 3) or (2, 3,) */
static bool take_shape(const char **at, header *h)
{
    if (!take(at, "(")) return false;
    while (!take(at, ")")) {
        if (h->dims == DIMENSIONS_MOST || !take_number(at, &h->length[h->dims++])) return false;
        if (take(at, ",")) continue;
        return take(at, ")");
    }
    return true;
}

static bool take_bool(const char **at, bool *value)
{
    *value = take(at, "True");
    return *value || take(at, "False");
}

static bool take_entry(const char **at, header *h)
{
    char key[16];
    if (!take_quoted(at, key, sizeof key) || !take(at, ":")) return false;
    bool *seen = strcmp(key, "descr") == 0           ? &h->has_descr
                 : strcmp(key, "fortran_order") == 0 ? &h->has_fortran
                 : strcmp(key, "shape") == 0         ? &h->has_shape
                                                     : NULL;
    if (!seen || *seen) return false;
    *seen = true;
    if (seen == &h->has_descr) return take_quoted(at, h->descr, sizeof h->descr);
    return seen == &h->has_fortran ? take_bool(at, &h->fortran) : take_shape(at, h);
}

static bool parse(const char *text, header *h)
{
    if (!take(&text, "{")) return false;
    while (!take(&text, "}")) {
        if (!take_entry(&text, h)) return false;
        if (take(&text, ",")) continue;
        if (!take(&text, "}")) return false;
        break;
    }
    skip(&text);
    return *text == 0 && h->has_descr && h->has_fortran && h->has_shape;
}

static bool type_of(const char *descr, data_type *type)
{
    static const char *const words[] = {[DATA_F64] = "<f8", [DATA_F32] = "<f4", [DATA_F16] = "<f2"};
    for (int i = DATA_F64; i <= DATA_F16; i++)
        if (strcmp(descr, words[i]) == 0) {
            *type = (data_type)i;
            return true;
        }
    return false;
}

/* Magic, version, length of the text; *offset becomes the place of the numbers. */
static psw_status read_header(const data_source *source, char text[HEADER_MOST + 1], uint64_t *offset)
{
    unsigned char start[12];
    PSW_TRY(data_source_bytes(source, 0, 10, start));
    if (memcmp(start, "\x93NUMPY", 6) != 0 || start[6] < 1 || start[6] > 3)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is not a .npy file of format 1, 2 or 3; write it with numpy.save",
                        source->path);
    uint64_t length = (uint64_t)start[8] | (uint64_t)start[9] << 8;
    *offset = 10;
    if (start[6] > 1) {
        PSW_TRY(data_source_bytes(source, 10, 2, start + 10));
        length |= (uint64_t)start[10] << 16 | (uint64_t)start[11] << 24;
        *offset = 12;
    }
    if (length > HEADER_MOST) return PSW_FAIL(PSW_ENVIRONMENT, "%s: the header is too long", source->path);
    PSW_TRY(data_source_bytes(source, *offset, (size_t)length, text));
    text[length] = 0;
    *offset += length;
    if (strlen(text) != length) return PSW_FAIL(PSW_ENVIRONMENT, "%s: a zero byte in the header", source->path);
    return PSW_OK;
}

static psw_status read_layout(const data_source *source, data_layout *layout)
{
    char text[HEADER_MOST + 1];
    header h = {0};
    PSW_TRY(read_header(source, text, &layout->offset));
    if (!parse(text, &h)) return PSW_FAIL(PSW_ENVIRONMENT, "%s: the header is damaged: %.80s", source->path, text);
    if (!type_of(h.descr, &layout->type))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s holds numbers of type '%s'; save it as <f8, <f4 or <f2", source->path,
                        h.descr);
    if (h.fortran)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is stored column by column; save numpy.ascontiguousarray of it",
                        source->path);
    PSW_TRY(psw_arrays_extent(source->path, h.length, h.dims, &layout->extent));
    uint64_t numbers = (uint64_t)(layout->extent.heads * layout->extent.rows * layout->extent.cols);
    uint64_t bytes = numbers * data_type_bytes(layout->type);
    if (source->bytes - layout->offset == bytes) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s holds %llu bytes of numbers, but its shape needs %llu; write it again",
                    source->path, (unsigned long long)(source->bytes - layout->offset), (unsigned long long)bytes);
}

psw_status data_npy_read(const char *directory, char letter, psw_side side, psw_arrays *arrays)
{
    char path[4096];
    data_source source;
    data_layout layout = {0};
    if (!psw_format(path, sizeof path, "%s/%c.npy", directory, letter))
        return PSW_FAIL(PSW_ENVIRONMENT, "the name of the directory is too long: %.80s...", directory);
    PSW_TRY(data_source_open(path, &source));
    psw_status status = read_layout(&source, &layout);
    if (status == PSW_OK) status = data_load(&source, path, layout, side, arrays);
    data_source_close(&source);
    return status;
}
