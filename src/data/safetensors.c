#include <stdlib.h>
#include <string.h>

#include "data/load.h"

/* A .safetensors file: 8 bytes length of the header, the header, the numbers. The header is a JSON object
 *     {"__metadata__": {"key": "text"}, "NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 * and nothing of another form is read, so the depth of nesting is that of this text. Offsets count from behind it. */

static const uint64_t header_most = 100000000;

/* The inside of a string, escapes unchanged: no name or word that is searched for needs one. */
typedef struct text {
    const char *at;
    size_t length;
} text;

typedef struct entry {
    text name, dtype;
    uint64_t length[PSW_TENSOR_DIMENSIONS], offset[2];
    int dims, offsets;
    bool has_dtype, has_shape, has_offsets;
} entry;

typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' || *c->at == '\t' || *c->at == '\r')) c->at++;
}

static bool take(cursor *c, char symbol)
{
    skip(c);
    if (c->at == c->end || *c->at != symbol) return false;
    c->at++;
    return true;
}

static bool hexadecimal(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind a backslash: one letter, or u and four digits. */
static bool skip_escape(cursor *c)
{
    if (c->at == c->end || *c->at == 0 || !strchr("\"\\/bfnrtu", *c->at)) return false;
    if (*c->at++ != 'u') return true;
    for (int i = 0; i < 4; i++)
        if (c->at == c->end || !hexadecimal(*c->at++)) return false;
    return true;
}

static bool take_text(cursor *c, text *out)
{
    if (!take(c, '"')) return false;
    out->at = c->at;
    while (c->at < c->end && *c->at != '"') {
        char symbol = *c->at++;
        if ((unsigned char)symbol < 32 || (symbol == '\\' && !skip_escape(c))) return false;
    }
    out->length = (size_t)(c->at - out->at);
    return take(c, '"');
}

static bool is(text t, const char *word)
{
    return t.length == strlen(word) && memcmp(t.at, word, t.length) == 0;
}

static bool take_number(cursor *c, uint64_t *number)
{
    skip(c);
    const char *first = c->at;
    for (*number = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        uint64_t digit = (uint64_t)(*c->at - '0');
        if (*number > (UINT64_MAX - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    return c->at > first && (*first != '0' || c->at == first + 1);
}

static bool take_list(cursor *c, uint64_t *numbers, int most, int *count)
{
    *count = 0;
    if (!take(c, '[')) return false;
    if (take(c, ']')) return true;
    do
        if (*count == most || !take_number(c, &numbers[(*count)++])) return false;
    while (take(c, ','));
    return take(c, ']');
}

static bool take_field(cursor *c, entry *e)
{
    text key;
    if (!take_text(c, &key) || !take(c, ':')) return false;
    bool *seen = is(key, "dtype")          ? &e->has_dtype
                 : is(key, "shape")        ? &e->has_shape
                 : is(key, "data_offsets") ? &e->has_offsets
                                           : NULL;
    if (!seen || *seen) return false;
    *seen = true;
    if (seen == &e->has_dtype) return take_text(c, &e->dtype);
    if (seen == &e->has_shape) return take_list(c, e->length, PSW_TENSOR_DIMENSIONS, &e->dims);
    return take_list(c, e->offset, 2, &e->offsets) && e->offsets == 2;
}

/* {"dtype": ..., "shape": ..., "data_offsets": ...} */
static bool take_tensor(cursor *c, entry *e)
{
    if (!take(c, '{')) return false;
    do
        if (!take_field(c, e)) return false;
    while (take(c, ','));
    return take(c, '}') && e->has_dtype && e->has_shape && e->has_offsets;
}

/* ---- the file ---- */

typedef struct tensor {
    char *name;
    entry e;
} tensor;

typedef struct file {
    data_source source;
    char *header;
    uint64_t base; /* place of the numbers */
    tensor *tensors;
    ptrdiff_t count, room;
    struct {
        const char *key;
        text value;
    } said[2];
} file;

/* {"key": "text", ...} */
static bool take_metadata(cursor *c, file *f)
{
    text key, value;
    if (!take(c, '{')) return false;
    if (take(c, '}')) return true;
    do {
        if (!take_text(c, &key) || !take(c, ':') || !take_text(c, &value)) return false;
        for (int i = 0; i < 2; i++)
            if (is(key, f->said[i].key)) f->said[i].value = value;
    } while (take(c, ','));
    return take(c, '}');
}

static psw_status damaged(const file *f, const cursor *c)
{
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: the header is damaged %llu bytes before its end", f->source.path,
                    (unsigned long long)(c->end - c->at));
}

static psw_status add_tensor(file *f, const entry *e)
{
    if (f->count == f->room) {
        ptrdiff_t room = f->room ? 2 * f->room : 64;
        tensor *more = realloc(f->tensors, (size_t)room * sizeof *more);
        if (!more) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the header of %s", f->source.path);
        f->tensors = more, f->room = room;
    }
    char *name = malloc(e->name.length + 1);
    if (!name) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the header of %s", f->source.path);
    memcpy(name, e->name.at, e->name.length);
    name[e->name.length] = 0;
    f->tensors[f->count++] = (tensor){name, *e};
    return PSW_OK;
}

static psw_status take_member(file *f, cursor *c)
{
    entry e = {0};
    if (!take_text(c, &e.name) || !take(c, ':')) return damaged(f, c);
    if (is(e.name, "__metadata__")) return take_metadata(c, f) ? PSW_OK : damaged(f, c);
    return take_tensor(c, &e) ? add_tensor(f, &e) : damaged(f, c);
}

static psw_status take_header(file *f, cursor c)
{
    bool whole = take(&c, '{'), empty = whole && take(&c, '}');
    if (whole && !empty) {
        do PSW_TRY(take_member(f, &c));
        while (take(&c, ','));
        whole = take(&c, '}');
    }
    skip(&c); /* the header is padded with spaces */
    if (!whole || c.at != c.end) return PSW_FAIL(PSW_ENVIRONMENT, "%s: the header is damaged", f->source.path);
    return PSW_OK;
}

static psw_status read_header(file *f)
{
    unsigned char start[8];
    uint64_t length = 0;
    const data_source *source = &f->source;
    PSW_TRY(data_source_bytes(source, 0, sizeof start, start));
    for (size_t i = sizeof start; i-- > 0;) length = length << 8 | start[i];
    if (length > header_most || length > source->bytes - sizeof start)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is not a .safetensors file: the header would have %llu bytes",
                        source->path, (unsigned long long)length);
    f->header = malloc((size_t)length + 1);
    if (!f->header) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the header of %s", source->path);
    f->base = sizeof start + length;
    PSW_TRY(data_source_bytes(source, sizeof start, (size_t)length, f->header));
    return take_header(f, (cursor){f->header, f->header + length});
}

static const char *name_of(const psw_tensors *t, ptrdiff_t index)
{
    const file *f = t->file;
    return index < f->count ? f->tensors[index].name : NULL;
}

/* The claimed place of the numbers must be inside the file, and as long as the shape. */
static psw_status check_place(const psw_tensors *t, const entry *e, psw_tensor_about *about)
{
    const file *f = t->file;
    char title[256];
    uint64_t numbers, bytes = e->offset[1] - e->offset[0];
    psw_tensor_title(t, about->name, title, sizeof title);
    if (!data_tensor_count(about, &numbers))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s claims more numbers than memory can hold", title);
    bool inside = e->offset[0] <= e->offset[1] && e->offset[1] <= f->source.bytes - f->base;
    about->offset = f->base + e->offset[0];
    if (inside && bytes == numbers * data_type_bytes((data_type)about->type)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: bytes %llu to %llu of the file do not match its shape", title,
                    (unsigned long long)e->offset[0], (unsigned long long)e->offset[1]);
}

static psw_status find(const psw_tensors *t, const char *name, psw_tensor_about *about)
{
    static const char *const words[DATA_TYPES] = {"F64", "F32", "F16", "BF16", "I64", "I32", "U8"};
    const file *f = t->file;
    const entry *e = NULL;
    char title[256];
    psw_tensor_title(t, name, title, sizeof title);
    for (ptrdiff_t i = 0; i < f->count; i++) {
        if (strcmp(f->tensors[i].name, name) != 0) continue;
        if (e) return PSW_FAIL(PSW_ENVIRONMENT, "%s is in the file twice; keep one", title);
        e = &f->tensors[i].e;
    }
    if (!e) return PSW_FAIL(PSW_BUG, "%s is looked for", title);
    int type = data_type_of(words, e->dtype.at, e->dtype.length);
    if (type < 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s holds numbers of type %.*s; save it as F64, F32, F16 or BF16", title,
                        (int)(e->dtype.length < 16 ? e->dtype.length : 16), e->dtype.at);
    *about = (psw_tensor_about){.dims = e->dims, .name = name};
    memcpy(about->length, e->length, sizeof about->length);
    data_type_set(about, (data_type)type);
    return check_place(t, e, about);
}

static psw_status read_numbers(const psw_tensors *t, const psw_tensor_about *about, uint64_t first, size_t count,
                               void *to)
{
    return data_source_numbers(&((const file *)t->file)->source, about, first, count, to);
}

/* ---- metadata ---- */

static uint32_t code_of(const char *digits)
{
    char four[5] = {0};
    memcpy(four, digits, 4);
    return (uint32_t)strtoul(four, NULL, 16);
}

/* A character of the basic plane as UTF-8; what is not one becomes a question mark. */
static size_t put_code(uint32_t code, char out[3])
{
    if (code == 0 || (code >= 0xd800 && code < 0xe000)) code = '?';
    if (code < 0x80) return out[0] = (char)code, 1;
    if (code < 0x800) return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 63)), 2;
    out[0] = (char)(0xe0 | code >> 12), out[1] = (char)(0x80 | (code >> 6 & 63)), out[2] = (char)(0x80 | (code & 63));
    return 3;
}

/* The inside of a string, its escapes as what they stand for. */
static void unescape(text t, char *out, size_t size)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    size_t used = 0;
    for (size_t i = 0; i < t.length && used + 4 < size; i++) {
        if (t.at[i] != '\\') {
            out[used++] = t.at[i];
            continue;
        }
        const char *plain = strchr(from, t.at[++i]);
        if (t.at[i] == 'u')
            used += put_code(code_of(t.at + i + 1), out + used), i += 4;
        else
            out[used++] = plain ? to[plain - from] : t.at[i];
    }
    out[used] = 0;
}

static bool attribute(const psw_tensors *t, const char *name, char *out, size_t size)
{
    const file *f = t->file;
    for (int i = 0; i < 2; i++)
        if (strcmp(f->said[i].key, name) == 0 && f->said[i].value.at) {
            unescape(f->said[i].value, out, size);
            return *out != 0;
        }
    return false;
}

static void close_file(psw_tensors *t)
{
    file *f = t->file;
    for (ptrdiff_t i = 0; i < f->count; i++) free(f->tensors[i].name);
    free(f->tensors);
    free(f->header);
    data_source_close(&f->source);
    free(f);
}

psw_status data_safetensors_open(const char *path, psw_tensors *t)
{
    file *f = calloc(1, sizeof *f);
    if (!f) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the header of %s", path);
    psw_status status = data_source_open(path, &f->source);
    if (status != PSW_OK) {
        free(f);
        return status;
    }
    f->said[0].key = "source", f->said[1].key = "scale";
    *t = (psw_tensors){.path = path, .noun = "tensor", .joint = ": ", .suffix = "", .file = f};
    t->name = name_of, t->find = find, t->read = read_numbers, t->attribute = attribute, t->close = close_file;
    status = read_header(f);
    if (status != PSW_OK) close_file(t);
    return status;
}
