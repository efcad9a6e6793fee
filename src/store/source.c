/* The numbers of a file without HDF5: whole datasets, chunks that are shuffled and deflated, and those that are not
 * stored. The file may be damaged or malicious: of a chunk, exactly its values are accepted, and memory is bounded. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum {
    KEPT = 1024,          /* chunks in memory, one of a dataset: more than a file has datasets */
    HELD_MOST = 64 << 20, /* their bytes */
};

typedef struct kept_chunk {
    ptrdiff_t dataset, number; /* its first chunk in the index, and this one; -1: none */
    ptrdiff_t chunk, size;     /* values of it, and bytes of one: two places may share a chunk in a malicious file */
    unsigned char *values, one[8];
    size_t bytes;  /* of values; 0: all are `one` */
    uint64_t used; /* when, in readings */
} kept_chunk;

struct store_source {
    int file;
    char *path;
    uint64_t bytes; /* of the file */
    ptrdiff_t chunks;
    store_chunk *chunk;
    unsigned char *stored, *mixed; /* a chunk as the file has it, and before it is unshuffled; when first needed */
    kept_chunk *kept;              /* KEPT */
    size_t held;
    uint64_t clock;
};

/* ---- opening ---- */

psw_status store_source_open(const char *path, store_source **out)
{
    struct stat about;
    store_source *source = *out = calloc(1, sizeof *source);
    if (source) source->path = strdup(path), source->file = -1;
    if (!source || !source->path) return PSW_FAIL(PSW_NO_MEMORY, "no memory to read %s", path);
    source->file = open(path, O_RDONLY | O_CLOEXEC);
    if (source->file < 0 || fstat(source->file, &about) != 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, psw_reason(errno));
    source->bytes = (uint64_t)about.st_size;
    return PSW_OK;
}

void store_source_close(store_source *source)
{
    if (!source) return;
    if (source->file >= 0) close(source->file);
    for (int i = 0; source->kept && i < KEPT; i++) free(source->kept[i].values);
    free(source->kept);
    free(source->path);
    free(source->chunk);
    free(source->stored);
    free(source->mixed);
    free(source);
}

int store_source_file(const store_source *source)
{
    return source->file;
}

uint64_t store_source_size(const store_source *source)
{
    return source->bytes;
}

psw_status store_source_index(store_source *source, const store_chunk *chunks, ptrdiff_t count)
{
    if (count < 0 || count > STORE_CHUNKS_MOST) return PSW_FAIL(PSW_ENVIRONMENT, "it has %td chunks", count);
    source->chunk = malloc((size_t)count * sizeof *chunks + 1);
    if (!source->chunk) return PSW_FAIL(PSW_NO_MEMORY, "no memory for the places of %td chunks", count);
    if (count > 0 && chunks) memcpy(source->chunk, chunks, (size_t)count * sizeof *chunks);
    source->chunks = count;
    return PSW_OK;
}

store_chunk *store_source_chunks(store_source *source)
{
    return source->chunk;
}

/* ---- what is where ---- */

static ptrdiff_t chunks_of(const store_raw *raw)
{
    return raw->count / raw->chunk + (raw->count % raw->chunk > 0);
}

static bool chunk_fits(const store_source *source, const store_chunk *chunk, size_t bytes)
{
    if (chunk->offset == STORE_NO_CHUNK) return true;
    bool deflated = chunk->how & STORE_DEFLATED;
    if (deflated ? chunk->bytes == 0 || chunk->bytes > compressBound(bytes) : chunk->bytes != bytes) return false;
    return chunk->offset <= source->bytes && chunk->bytes <= source->bytes - chunk->offset;
}

bool store_source_has(const store_source *source, const store_raw *raw)
{
    if (raw->count == 0) return true;
    if (raw->count < 0 || raw->count > STORE_VALUES_MOST || raw->size < 1 || raw->size > STORE_VALUE_BYTES)
        return false;
    if (raw->way == STORE_NOWHERE) return true;
    if (raw->way == STORE_WHOLE)
        return raw->offset <= source->bytes &&
               (uint64_t)raw->count <= (source->bytes - raw->offset) / (uint64_t)raw->size;
    if (raw->way != STORE_CHUNKED || raw->chunk < 1 || raw->chunk > STORE_CHUNK_BYTES / raw->size) return false;
    ptrdiff_t chunks = chunks_of(raw);
    if (raw->first < 0 || raw->first > source->chunks || chunks > source->chunks - raw->first) return false;
    for (ptrdiff_t i = 0; i < chunks; i++)
        if (!chunk_fits(source, &source->chunk[raw->first + i], (size_t)(raw->chunk * raw->size))) return false;
    return true;
}

double store_source_bytes(const store_source *source, const store_raw *raw)
{
    double bytes = 0;
    if (raw->count == 0) return 0;
    if (raw->way == STORE_WHOLE) return (double)raw->count * (double)raw->size;
    if (raw->way == STORE_NOWHERE) return -1;
    for (ptrdiff_t i = 0; i < chunks_of(raw); i++) {
        if (source->chunk[raw->first + i].offset == STORE_NO_CHUNK) return -1;
        bytes += source->chunk[raw->first + i].bytes;
    }
    return bytes;
}

/* ---- a chunk ---- */

static psw_status read_bytes(int file, const char *name, uint64_t at, size_t left, void *values)
{
    char *to = values;
    while (left > 0) {
        ssize_t got = pread(file, to, left, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return PSW_FAIL(PSW_ENVIRONMENT, "cannot read %s: %s", name, got ? psw_reason(errno) : "the file ends");
        to += got, at += (uint64_t)got, left -= (size_t)got;
    }
    return PSW_OK;
}

/* Exactly so many bytes, from all that are stored. */
static bool inflates(const unsigned char *stored, size_t length, unsigned char *values, size_t bytes)
{
    z_stream z = {.next_in = (unsigned char *)(uintptr_t)stored,
                  .avail_in = (uInt)length,
                  .next_out = values,
                  .avail_out = (uInt)bytes};
    if (inflateInit(&z) != Z_OK) return false;
    int ended = inflate(&z, Z_FINISH);
    bool whole = ended == Z_STREAM_END && z.avail_out == 0 && z.avail_in == 0;
    inflateEnd(&z);
    return whole;
}

/* Byte number k of all values stands together. */
static void unshuffle(const unsigned char *mixed, ptrdiff_t count, ptrdiff_t size, unsigned char *values)
{
    for (ptrdiff_t k = 0; k < size; k++)
        for (ptrdiff_t i = 0; i < count; i++) values[i * size + k] = mixed[k * count + i];
}

static psw_status make_room(store_source *source, const char *name)
{
    if (!source->stored) source->stored = malloc(compressBound(STORE_CHUNK_BYTES));
    if (!source->mixed) source->mixed = malloc(STORE_CHUNK_BYTES);
    if (source->stored && source->mixed) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "no memory for a chunk of %s", name);
}

static psw_status unpack(store_source *source, const char *name, const store_raw *from, const store_chunk *chunk,
                         unsigned char *values)
{
    size_t bytes = (size_t)(from->chunk * from->size);
    bool shuffled = chunk->how & STORE_SHUFFLED && from->size > 1, deflated = chunk->how & STORE_DEFLATED;
    unsigned char *plain = shuffled ? source->mixed : values;
    PSW_TRY(read_bytes(source->file, name, chunk->offset, chunk->bytes, deflated ? source->stored : plain));
    if (deflated && !inflates(source->stored, chunk->bytes, plain, bytes))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: a chunk of %s does not inflate to %zu bytes", source->path,
                        name, bytes);
    if (shuffled) unshuffle(source->mixed, from->chunk, from->size, values);
    return PSW_OK;
}

/* ---- chunks in memory ---- */

static void let_go(store_source *source, kept_chunk *kept)
{
    free(kept->values);
    source->held -= kept->bytes;
    *kept = (kept_chunk){.dataset = kept->dataset, .number = -1};
}

/* One place for each dataset. */
static kept_chunk *place_of(store_source *source, const store_raw *from)
{
    size_t at = (size_t)psw_hash_word((uint64_t)from->first) % KEPT;
    while (source->kept[at].dataset >= 0 && source->kept[at].dataset != from->first) at = (at + 1) % KEPT;
    source->kept[at].dataset = from->first;
    return &source->kept[at];
}

static void make_less(store_source *source, const kept_chunk *except, size_t more)
{
    while (source->held > 0 && source->held + more > HELD_MOST) {
        kept_chunk *oldest = NULL;
        for (int i = 0; i < KEPT; i++) {
            kept_chunk *kept = &source->kept[i];
            if (kept != except && kept->bytes > 0 && (!oldest || kept->used < oldest->used)) oldest = kept;
        }
        if (!oldest) return;
        let_go(source, oldest);
    }
}

static bool all_one(const unsigned char *values, size_t size, size_t bytes)
{
    return bytes <= size || memcmp(values, values + size, bytes - size) == 0;
}

/* Most columns are the same value for many points: that is kept as one. */
static void shrink(store_source *source, const store_raw *from, kept_chunk *kept)
{
    if (from->size > (ptrdiff_t)sizeof kept->one || !all_one(kept->values, (size_t)from->size, kept->bytes)) return;
    memcpy(kept->one, kept->values, (size_t)from->size);
    free(kept->values);
    source->held -= kept->bytes;
    kept->values = NULL, kept->bytes = 0;
}

static psw_status fill_kept(store_source *source, const char *name, const store_raw *from, const store_chunk *chunk,
                            kept_chunk *kept)
{
    size_t bytes = (size_t)(from->chunk * from->size);
    PSW_TRY(make_room(source, name));
    if (kept->bytes != bytes) {
        let_go(source, kept);
        make_less(source, kept, bytes);
        kept->values = malloc(bytes);
        if (!kept->values) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a chunk of %s", name);
        kept->bytes = bytes;
        source->held += bytes;
    }
    return unpack(source, name, from, chunk, kept->values);
}

static psw_status find_kept(store_source *source, const char *name, const store_raw *from, ptrdiff_t number,
                            kept_chunk **out)
{
    if (!source->kept) {
        source->kept = calloc(KEPT, sizeof *source->kept);
        if (!source->kept) return PSW_FAIL(PSW_NO_MEMORY, "no memory for chunks of %s", name);
        for (int i = 0; i < KEPT; i++) source->kept[i].dataset = source->kept[i].number = -1;
    }
    kept_chunk *kept = *out = place_of(source, from);
    if (kept->number != number || kept->chunk != from->chunk || kept->size != from->size) {
        kept->number = -1;
        PSW_TRY(fill_kept(source, name, from, &source->chunk[number], kept));
        shrink(source, from, kept);
        kept->number = number, kept->chunk = from->chunk, kept->size = from->size;
    }
    kept->used = ++source->clock;
    return PSW_OK;
}

/* ---- reading ---- */

static void repeat(const unsigned char *one, size_t size, ptrdiff_t count, unsigned char *to)
{
    unsigned char eight[8];
    if (size == 1) memset(to, one[0], (size_t)count);
    if (size == 1) return;
    memcpy(eight, one, size);
    if (size == sizeof eight) /* a length that the compiler knows */
        for (ptrdiff_t i = 0; i < count; i++, to += sizeof eight) memcpy(to, eight, sizeof eight);
    else
        for (ptrdiff_t i = 0; i < count; i++, to += size) memcpy(to, eight, size);
}

static void put_fill(const store_raw *from, ptrdiff_t count, unsigned char *to)
{
    if (from->size > (ptrdiff_t)sizeof from->fill)
        memset(to, 0, (size_t)(count * from->size));
    else
        repeat(from->fill, (size_t)from->size, count, to);
}

static psw_status read_chunks(store_source *source, const char *name, const store_raw *from, store_raw_part part,
                              unsigned char *to)
{
    for (ptrdiff_t done = 0, count; done < part.count; done += count) {
        ptrdiff_t at = part.first + done, number = from->first + at / from->chunk, inside = at % from->chunk;
        kept_chunk *kept = NULL;
        count = part.count - done < from->chunk - inside ? part.count - done : from->chunk - inside;
        unsigned char *here = to + (size_t)done * part.size;
        if (source->chunk[number].offset == STORE_NO_CHUNK) {
            put_fill(from, count, here);
            continue;
        }
        PSW_TRY(find_kept(source, name, from, number, &kept));
        if (kept->bytes == 0)
            repeat(kept->one, part.size, count, here);
        else
            memcpy(here, kept->values + (size_t)inside * part.size, (size_t)count * part.size);
    }
    return PSW_OK;
}

psw_status store_raw_read(store_source *source, const char *name, store_raw from, store_raw_part part, void *values)
{
    if (part.first < 0 || part.count < 0 || part.first > from.count - part.count)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s has %td values, %td to %td were requested", name, from.count, part.first,
                        part.first + part.count);
    if ((ptrdiff_t)part.size != from.size)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s has values of %td bytes, not %zu", name, from.size, part.size);
    if (from.way == STORE_CHUNKED) return read_chunks(source, name, &from, part, values);
    if (from.way == STORE_NOWHERE) put_fill(&from, part.count, values);
    if (from.way == STORE_NOWHERE) return PSW_OK;
    return read_bytes(source->file, name, from.offset + (uint64_t)part.first * part.size,
                      (size_t)part.count * part.size, values);
}
