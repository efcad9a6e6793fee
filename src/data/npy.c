#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "data/load.h"

/* The header of a .npy file (formats 1 to 3) is the text of a Python dictionary with exactly three keys,
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }
 * which is all this reader takes. */

enum { HEADER_MOST = 65536 };

typedef struct header {
    char descr[16];
    bool fortran, has_descr, has_fortran, has_shape;
    uint64_t length[PSW_TENSOR_DIMENSIONS];
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
        if (h->dims == PSW_TENSOR_DIMENSIONS || !take_number(at, &h->length[h->dims++])) return false;
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

static psw_status take_shape_of(const data_source *source, const header *h, psw_tensor_about *about)
{
    static const char *const words[DATA_TYPES] = {"<f8", "<f4", "<f2", NULL, "<i8", "<i4", "|u1"};
    int type = data_type_of(words, h->descr, strlen(h->descr));
    uint64_t numbers;
    if (type < 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s holds numbers of type '%s'; save it as <f8, <f4 or <f2", source->path,
                        h->descr);
    if (h->fortran)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is stored column by column; save numpy.ascontiguousarray of it",
                        source->path);
    data_type_set(about, (data_type)type);
    about->dims = h->dims;
    memcpy(about->length, h->length, sizeof about->length);
    if (!data_tensor_count(about, &numbers))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s claims more numbers than memory can hold", source->path);
    uint64_t bytes = numbers * data_type_bytes((data_type)type);
    if (source->bytes - about->offset == bytes) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s holds %llu bytes of numbers, but its shape needs %llu; write it again",
                    source->path, (unsigned long long)(source->bytes - about->offset), (unsigned long long)bytes);
}

static psw_status read_about(const data_source *source, psw_tensor_about *about)
{
    char text[HEADER_MOST + 1];
    header h = {0};
    PSW_TRY(read_header(source, text, &about->offset));
    if (!parse(text, &h)) return PSW_FAIL(PSW_ENVIRONMENT, "%s: the header is damaged: %.80s", source->path, text);
    return take_shape_of(source, &h, about);
}

/* ---- the directory ---- */

typedef struct directory {
    char **name;
    ptrdiff_t count;
} directory;

static psw_status open_array(const psw_tensors *t, const char *name, char path[4096], data_source *source)
{
    if (!psw_format(path, 4096, "%s/%s.npy", t->path, name))
        return PSW_FAIL(PSW_ENVIRONMENT, "the name of the directory is too long: %.80s...", t->path);
    return data_source_open(path, source);
}

static const char *name_of(const psw_tensors *t, ptrdiff_t index)
{
    const directory *d = t->file;
    return index < d->count ? d->name[index] : NULL;
}

static psw_status find(const psw_tensors *t, const char *name, psw_tensor_about *about)
{
    char path[4096];
    data_source source;
    PSW_TRY(open_array(t, name, path, &source));
    *about = (psw_tensor_about){.name = name};
    psw_status status = read_about(&source, about);
    data_source_close(&source);
    return status;
}

static psw_status read_numbers(const psw_tensors *t, const psw_tensor_about *about, uint64_t first, size_t count,
                               void *to)
{
    char path[4096];
    data_source source;
    PSW_TRY(open_array(t, about->name, path, &source));
    psw_status status = data_source_numbers(&source, about, first, count, to);
    data_source_close(&source);
    return status;
}

/* PATH/NAME.txt, without white space at its ends */
static bool attribute(const psw_tensors *t, const char *name, char *text, size_t size)
{
    char path[4096];
    data_source source;
    if (!psw_format(path, sizeof path, "%s/%s.txt", t->path, name)) return false;
    if (data_source_open(path, &source) != PSW_OK) return false;
    size_t count = source.bytes < size ? (size_t)source.bytes : size - 1;
    bool read = data_source_bytes(&source, 0, count, text) == PSW_OK;
    data_source_close(&source);
    while (count > 0 && strchr(" \t\r\n", text[count - 1])) count--;
    text[count] = 0;
    return read && count > 0;
}

static void close_directory(psw_tensors *t)
{
    directory *d = t->file;
    for (ptrdiff_t i = 0; i < d->count; i++) free(d->name[i]);
    free(d->name);
    free(d);
}

static psw_status add_name(directory *d, const char *entry)
{
    size_t length = strlen(entry);
    if (length <= 4 || strcmp(entry + length - 4, ".npy") != 0) return PSW_OK;
    char **more = realloc(d->name, (size_t)(d->count + 1) * sizeof *more), *kept = malloc(length);
    if (more) d->name = more;
    if (!more || !kept) {
        free(kept);
        return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the names of arrays");
    }
    memcpy(kept, entry, length - 4);
    kept[length - 4] = 0;
    d->name[d->count++] = kept;
    return PSW_OK;
}

static int in_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

psw_status data_npy_open(const char *path, psw_tensors *t)
{
    directory *d = calloc(1, sizeof *d);
    if (!d) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the names of arrays");
    *t = (psw_tensors){.path = path, .noun = "array", .joint = "/", .suffix = ".npy", .file = d};
    t->name = name_of, t->find = find, t->read = read_numbers, t->attribute = attribute, t->close = close_directory;
    DIR *listing = opendir(path);
    psw_status status = listing ? PSW_OK : data_load_fail(path, "cannot be listed");
    for (struct dirent *entry; status == PSW_OK && listing && (entry = readdir(listing));)
        status = add_name(d, entry->d_name);
    if (listing) closedir(listing);
    if (d->count > 0) qsort(d->name, (size_t)d->count, sizeof *d->name, in_order);
    if (status != PSW_OK) close_directory(t);
    return status;
}
