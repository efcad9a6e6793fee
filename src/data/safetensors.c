#include <stdlib.h>
#include <string.h>

#include "data/load.h"

/* A .safetensors file: 8 bytes length of the header, the header, the numbers. The header is a JSON object
 *     {"__metadata__": {"key": "text"}, "NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}
 * and nothing of another form is read, so the depth of nesting is that of this text. Offsets count from behind it. */

static const uint64_t header_most = 100000000;
enum { DIMENSIONS_MOST = 8 };

/* The inside of a string, escapes unchanged: no name or word that is searched for needs one. */
typedef struct text {
    const char *at;
    size_t length;
} text;

typedef struct entry {
    text name, dtype;
    uint64_t length[DIMENSIONS_MOST], offset[2];
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
    if (seen == &e->has_shape) return take_list(c, e->length, DIMENSIONS_MOST, &e->dims);
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

/* {"key": "text", ...} */
static bool take_metadata(cursor *c)
{
    text any;
    if (!take(c, '{')) return false;
    if (take(c, '}')) return true;
    do
        if (!take_text(c, &any) || !take(c, ':') || !take_text(c, &any)) return false;
    while (take(c, ','));
    return take(c, '}');
}

/* ---- which tensors are wanted ---- */

/* q, or something that ends in .q, /q or _q */
static bool named(text name, char letter)
{
    if (name.length == 0 || name.at[name.length - 1] != letter) return false;
    return name.length == 1 || memchr("./_", name.at[name.length - 2], 3);
}

static bool type_of(text dtype, data_type *type)
{
    static const char *const words[] = {
        [DATA_F64] = "F64", [DATA_F32] = "F32", [DATA_F16] = "F16", [DATA_BF16] = "BF16"};
    for (int i = 0; i < DATA_TYPES; i++)
        if (is(dtype, words[i])) {
            *type = (data_type)i;
            return true;
        }
    return false;
}

/* As messages show it: what is too long loses its beginning. */
static void show(text t, size_t most, char *out, size_t size)
{
    size_t cut = t.length > most ? t.length - most : 0;
    psw_format(out, size, "%s%.*s", cut ? "..." : "", (int)(t.length - cut), t.at + cut);
}

/* The claimed place of the numbers: must be inside the file, and as long as the shape. */
static psw_status check_place(const data_source *source, uint64_t base, const entry *e, const char *name,
                              const data_layout *layout)
{
    uint64_t numbers = (uint64_t)(layout->extent.heads * layout->extent.rows * layout->extent.cols);
    uint64_t bytes = e->offset[1] - e->offset[0];
    bool inside = e->offset[0] <= e->offset[1] && e->offset[1] <= source->bytes - base;
    if (inside && bytes == numbers * data_type_bytes(layout->type)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: bytes %llu to %llu of the file do not match its shape", name,
                    (unsigned long long)e->offset[0], (unsigned long long)e->offset[1]);
}

static psw_status load(const data_source *source, uint64_t base, const entry *e, psw_side side, psw_arrays *arrays)
{
    char path[64], word[128], name[sizeof arrays->side[0].name];
    data_layout layout = {.offset = base + e->offset[0]};
    show((text){source->path, strlen(source->path)}, 56, path, sizeof path);
    show(e->name, 120, word, sizeof word);
    psw_format(name, sizeof name, "%s: %s", path, word);
    if (arrays->side[side].at)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s and %s both match; keep one in the file", arrays->side[side].name, word);
    if (!type_of(e->dtype, &layout.type)) {
        show(e->dtype, 16, word, sizeof word);
        return PSW_FAIL(PSW_ENVIRONMENT, "%s holds numbers of type %s; save it as F64, F32, F16 or BF16", name, word);
    }
    PSW_TRY(psw_arrays_extent(name, e->length, e->dims, &layout.extent));
    PSW_TRY(check_place(source, base, e, name, &layout));
    return data_load(source, name, layout, side, arrays);
}

static psw_status take_member(const data_source *source, uint64_t base, cursor *c, const char letters[PSW_SIDES],
                              psw_arrays *arrays)
{
    entry e = {0};
    bool whole = take_text(c, &e.name) && take(c, ':'), metadata = whole && is(e.name, "__metadata__");
    whole = whole && (metadata ? take_metadata(c) : take_tensor(c, &e));
    if (!whole)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: the header is damaged %llu bytes before its end", source->path,
                        (unsigned long long)(c->end - c->at));
    for (int side = 0; side < PSW_SIDES && !metadata; side++)
        if (named(e.name, letters[side])) return load(source, base, &e, (psw_side)side, arrays);
    return PSW_OK;
}

static psw_status take_header(const data_source *source, uint64_t base, cursor c, const char letters[PSW_SIDES],
                              psw_arrays *arrays)
{
    bool whole = take(&c, '{'), empty = whole && take(&c, '}');
    if (whole && !empty) {
        do PSW_TRY(take_member(source, base, &c, letters, arrays));
        while (take(&c, ','));
        whole = take(&c, '}');
    }
    skip(&c); /* the header is padded with spaces */
    if (!whole || c.at != c.end) return PSW_FAIL(PSW_ENVIRONMENT, "%s: the header is damaged", source->path);
    for (int side = 0; side < PSW_SIDES; side++)
        if (!arrays->side[side].at)
            return PSW_FAIL(PSW_ENVIRONMENT, "%s has no tensor '%c', nor one whose name ends in .%c, /%c or _%c",
                            source->path, letters[side], letters[side], letters[side], letters[side]);
    return PSW_OK;
}

static psw_status read_source(const data_source *source, const char letters[PSW_SIDES], psw_arrays *arrays)
{
    unsigned char start[8];
    uint64_t length = 0;
    PSW_TRY(data_source_bytes(source, 0, sizeof start, start));
    for (size_t i = sizeof start; i-- > 0;) length = length << 8 | start[i];
    if (length > header_most || length > source->bytes - sizeof start)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is not a .safetensors file: the header would have %llu bytes",
                        source->path, (unsigned long long)length);
    char *header = malloc((size_t)length + 1);
    if (!header) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the header of %s", source->path);
    psw_status status = data_source_bytes(source, sizeof start, (size_t)length, header);
    if (status == PSW_OK)
        status = take_header(source, sizeof start + length, (cursor){header, header + length}, letters, arrays);
    free(header);
    return status;
}

psw_status data_safetensors_read(const char *path, const char letters[PSW_SIDES], psw_arrays *arrays)
{
    data_source source;
    PSW_TRY(data_source_open(path, &source));
    psw_status status = read_source(&source, letters, arrays);
    data_source_close(&source);
    return status;
}
